#include "lang/map_keys.h"

#include "tests/tap.h"

static void a_key_is_added_once(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct key_set s = {.arena = &a};
    int again = 0;
    for (int64_t i = 0; i < 1000; i++) {
        struct constant k = constant_i64(i * i);
        CHECK(key_set_add(&s, &k, 0));
        again += key_set_add(&s, &k, 0);
    }
    CHECK_INT(again, 0);
    struct constant text = constant_string(SLICE("4")), yes = constant_bool(true);
    CHECK(key_set_add(&s, &text, 0) && !key_set_add(&s, &text, 0));
    CHECK(key_set_add(&s, &yes, 0) && !key_set_add(&s, &yes, 0));
    arena_done(&a);
}

/* Four stand in a row; the fifth makes a table of all. */
static void the_first_ones_are_known_when_more_come(void)
{
    for (int64_t count = 1; count <= 2 * KEY_SET_FEW; count++) {
        struct arena a = ARENA(MEM_TEST, 0);
        struct key_set s = {.arena = &a};
        int again = 0, other = 0;
        for (int64_t i = 0; i < count; i++) {
            struct constant k = constant_i64(i);
            CHECK(key_set_add(&s, &k, 7));
        }
        for (int64_t i = 0; i < count; i++) {
            struct constant k = constant_i64(i);
            again += key_set_add(&s, &k, 7);
            other += key_set_add(&s, &k, 8);
        }
        CHECK_INT(again, 0);
        CHECK_INT(other, count);
        arena_done(&a);
    }
}

static void types_tell_equal_constants_apart(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct key_set s = {.arena = &a, .dense = 3};
    struct constant two = constant_i64(2), five = constant_i64(5);
    CHECK(!key_set_add(&s, &two, 0));
    CHECK(key_set_add(&s, &five, 1) && key_set_add(&s, &five, 2) && !key_set_add(&s, &five, 1));
    arena_done(&a);
}

int main(void)
{
    TAP_RUN(a_key_is_added_once);
    TAP_RUN(the_first_ones_are_known_when_more_come);
    TAP_RUN(types_tell_equal_constants_apart);
    return tap_done();
}
