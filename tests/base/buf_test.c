#include "base/buf.h"

#include <errno.h>

#include "../tap.h"

static void appends_stand_one_behind_the_other(void)
{
    struct buf b = {0};

    CHECK_INT(buf_append_cstr(&b, "a"), 0);
    CHECK_INT(buf_append_slice(&b, SLICE("bc")), 0);
    CHECK_INT(buf_append_byte(&b, '-'), 0);
    CHECK_INT(buf_append_u64(&b, UINT64_MAX), 0);
    CHECK_INT(buf_append_byte(&b, ' '), 0);
    CHECK_INT(buf_append_u64(&b, 0), 0);
    CHECK_INT(buf_printf(&b, " %s=%d", "x", -3), 0);
    CHECK_INT(buf_append_slice(&b, (struct slice){0}), 0);
    CHECK_STR(b.data, "abc-18446744073709551615 0 x=-3");
    CHECK_INT(b.size, strlen(b.data));
    buf_done(&b);
    CHECK(b.data == NULL && b.size == 0 && b.cap == 0);
    buf_done(&b);
    buf_done(NULL);
}

static void growth_keeps_what_was_there(void)
{
    struct buf b = BUF(MEM_TEST, 0);

    for (int i = 0; i < 5000; i++)
        CHECK(buf_append_byte(&b, (char)('a' + i % 26)) == 0 && b.data[b.size] == 0);
    for (int i = 0; i < 5000; i++)
        CHECK(b.data[i] == 'a' + i % 26);
    buf_done(&b);
}

static void a_full_buffer_refuses_and_stays_as_it_was(void)
{
    struct buf b = BUF(MEM_TEST, 5);
    char *room = NULL;

    CHECK_INT(buf_append_cstr(&b, "12345"), 0);
    CHECK_INT(buf_append_byte(&b, '6'), -EMSGSIZE);
    CHECK_INT(buf_append_cstr(&b, "67"), -EMSGSIZE);
    CHECK_INT(buf_printf(&b, "%d", 6), -EMSGSIZE);
    CHECK_INT(buf_reserve(&b, 1, &room), -EMSGSIZE);
    CHECK_INT(buf_reserve(&b, SIZE_MAX, &room), -EMSGSIZE);
    CHECK(room == NULL);
    CHECK_STR(b.data, "12345");
    CHECK_INT(b.cap, 6);
    buf_done(&b);
}

static void absurd_sizes_are_refused_even_without_a_bound(void)
{
    struct buf b = {0};
    char *room = NULL;

    CHECK_INT(buf_reserve(&b, SIZE_MAX, &room), -EMSGSIZE);
    CHECK_INT(buf_append_byte(&b, 'x'), 0);
    CHECK_INT(buf_reserve(&b, SIZE_MAX, &room), -EMSGSIZE);
    CHECK(room == NULL);
    buf_done(&b);
}

static void the_largest_bound_is_as_good_as_any(void)
{
    struct buf b = BUF(MEM_TEST, SIZE_MAX);

    CHECK_INT(buf_append_cstr(&b, "a text that is longer than the first room of a buffer, which "
                                  "is sixty-four bytes"), 0);
    CHECK_INT(b.size, strlen(b.data));
    CHECK(b.cap > b.size);
    buf_done(&b);
}

static void reserved_room_counts_once_it_is_committed(void)
{
    struct buf b = BUF(MEM_TEST, 100);
    char *room;

    CHECK_INT(buf_reserve(&b, 100, &room), 0);
    memcpy(room, "hello", 5);
    buf_commit(&b, 5);
    CHECK(slice_eq_cstr(buf_slice(&b), "hello"));
    CHECK_INT(b.data[5], 0);
    buf_done(&b);
}

static void consuming_keeps_the_rest(void)
{
    struct buf b = {0};

    buf_append_cstr(&b, "one two");
    buf_consume(&b, 4);
    CHECK_STR(b.data, "two");
    buf_consume(&b, 3);
    CHECK_STR(b.data, "");
    buf_consume(&b, 0);
    buf_clear(&b);
    CHECK_INT(b.size, 0);
    buf_done(&b);
    buf_consume(&b, 0);
}

int main(void)
{
    TAP_RUN(appends_stand_one_behind_the_other);
    TAP_RUN(growth_keeps_what_was_there);
    TAP_RUN(a_full_buffer_refuses_and_stays_as_it_was);
    TAP_RUN(absurd_sizes_are_refused_even_without_a_bound);
    TAP_RUN(the_largest_bound_is_as_good_as_any);
    TAP_RUN(reserved_room_counts_once_it_is_committed);
    TAP_RUN(consuming_keeps_the_rest);
    return tap_done();
}
