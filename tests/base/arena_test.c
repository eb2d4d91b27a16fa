#include "base/arena.h"

#include "../tap.h"

static void objects_are_zeroed_aligned_and_apart(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    unsigned char *last = NULL;

    for (size_t size = 0; size < 300; size++) {
        unsigned char *p = arena_alloc(&a, size);
        CHECK(p && (uintptr_t)p % _Alignof(max_align_t) == 0 && p != last);
        for (size_t i = 0; i < size; i++)
            CHECK(p[i] == 0);
        memset(p, 0xff, size);
        last = p;
    }
    arena_done(&a);
}

static void objects_after_a_reset_are_zeroed_again(void)
{
    struct arena a = ARENA(MEM_TEST, 0);

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 400; i++) {
            char *p = arena_alloc(&a, 100);
            CHECK(p[0] == 0 && p[99] == 0);
            memset(p, 0xff, 100);
        }
        arena_reset(&a);
        CHECK_INT(a.used, 0);
    }
    arena_done(&a);
}

static void the_end_of_an_arena_gives_everything_back(void)
{
    struct mem_usage before = mem_usage_of(MEM_TEST);
    struct arena a = ARENA(MEM_TEST, 0);

    arena_alloc(&a, 1);
    arena_alloc(&a, 1 << 20);
    arena_alloc(&a, 10);
    CHECK(mem_usage_of(MEM_TEST).bytes >= before.bytes + (1 << 20));
    arena_done(&a);
    CHECK_INT(mem_usage_of(MEM_TEST).bytes, before.bytes);
    CHECK_INT(mem_usage_of(MEM_TEST).live, before.live);
    arena_done(&a);
    arena_done(NULL);
}

static void a_reset_does_not_hold_on_to_a_huge_object(void)
{
    struct mem_usage before = mem_usage_of(MEM_TEST);
    struct arena a = ARENA(MEM_TEST, 0);

    arena_alloc(&a, 1 << 20);
    arena_reset(&a);
    CHECK(mem_usage_of(MEM_TEST).bytes <= before.bytes + 100 * 1024);
    CHECK(arena_alloc(&a, 8) != NULL);
    arena_done(&a);
}

static void the_bound_is_never_passed(void)
{
    struct arena a = ARENA(MEM_TEST, 64);

    CHECK(arena_alloc(&a, 65) == NULL);
    CHECK(arena_alloc(&a, 48) != NULL);
    CHECK(arena_alloc(&a, 17) == NULL);
    CHECK(arena_alloc(&a, 16) != NULL);
    CHECK(arena_alloc(&a, 0) == NULL);
    CHECK(arena_strdup(&a, SLICE("x")) == NULL);
    CHECK(arena_printf(&a, "%d", 1) == NULL);
    arena_reset(&a);
    CHECK(arena_alloc(&a, 64) != NULL);
    arena_done(&a);
}

static void sizes_that_overflow_give_null(void)
{
    struct arena a = {0};

    CHECK(arena_alloc(&a, SIZE_MAX) == NULL);
    CHECK(arena_alloc_array(&a, SIZE_MAX / 2, 3) == NULL);
    CHECK(arena_alloc_array(&a, 3, sizeof(int)) != NULL);
    arena_done(&a);
}

static void text_is_copied_and_ends_in_nul(void)
{
    struct arena a = ARENA(MEM_TEST, 0);

    CHECK_STR(arena_strdup(&a, slice_sub(SLICE("abcdef"), 1, 3)), "bc");
    CHECK_STR(arena_strdup(&a, (struct slice){0}), "");
    CHECK_STR(arena_printf(&a, "%s-%d", "tcp", 80), "tcp-80");
    arena_done(&a);
}

/* In debug mode a tool sees the end of an object as it sees that of any other block. */
static void in_debug_mode_each_object_is_a_block(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    int64_t before = mem_usage_of(MEM_TEST).live;
    const char *debug = getenv("FIREBREAK_ARENA_DEBUG");

    for (int i = 0; i < 10; i++)
        arena_alloc(&a, 10);
#ifdef FIREBREAK_ARENA_DEBUG
    debug = "1";
#endif
    CHECK_INT(mem_usage_of(MEM_TEST).live - before, debug ? 10 : 1);
    arena_reset(&a);
    CHECK_INT(mem_usage_of(MEM_TEST).live - before, debug ? 0 : 1);
    arena_done(&a);
}

int main(void)
{
    TAP_RUN(objects_are_zeroed_aligned_and_apart);
    TAP_RUN(objects_after_a_reset_are_zeroed_again);
    TAP_RUN(the_end_of_an_arena_gives_everything_back);
    TAP_RUN(a_reset_does_not_hold_on_to_a_huge_object);
    TAP_RUN(the_bound_is_never_passed);
    TAP_RUN(sizes_that_overflow_give_null);
    TAP_RUN(text_is_copied_and_ends_in_nul);
    TAP_RUN(in_debug_mode_each_object_is_a_block);
    return tap_done();
}
