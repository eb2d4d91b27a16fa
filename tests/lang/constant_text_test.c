#include <errno.h>

#include "tests/lang/lang_check.h"

static void messages_show_what_people_can_read(void)
{
    CHECK_STR(shown(number("-256")), "-256");
    CHECK_STR(shown(constant_bool(false)), "false");
    CHECK_STR(shown(number("0.5")), "0.5");
    CHECK_STR(shown(number("3.0")), "3");
    CHECK_STR(shown(number("1e100")), "1e+100");
    CHECK_STR(shown(number("0.1234567891")), "0.123457");
    CHECK_STR(shown(number("1.00000001")), "1.00000001");
    CHECK_STR(shown(number("1e5000")), "1e+5000");
    CHECK_STR(shown(number("-2.5e-5000")), "-2.5e-5000");
    CHECK_STR(shown((struct constant){0}), "unknown");
}

static void long_strings_are_cut(void)
{
    CHECK_STR(shown(constant_string(SLICE("a\n\"é"))), "\"a\\n\\\"é\"");
    struct slice seventy = SLICE("0123456789012345678901234567890123456789012345678901234567890123"
                                 "456789");
    CHECK_INT(strlen(shown(constant_string(seventy))), 72);
    struct slice longer = SLICE("01234567890123456789012345678901234567890123456789012345678901234"
                                "567890");
    CHECK_INT(strlen(shown(constant_string(longer))), 72);
    CHECK(strstr(shown(constant_string(longer)), "567...") != NULL);
}

static void exact_text_hides_nothing(void)
{
    CHECK_STR(exact(number("0.1")), "1/10");
    CHECK_STR(exact(number("0x1p5000")), "0x.8p+5001");
    CHECK_STR(exact(number("-0x1.8p-5000")), "-0x.cp-4999");
}

static void a_full_buffer_is_said(void)
{
    struct buf small = BUF(MEM_TEST, 4);
    CHECK_INT(constant_append(&small, &test_arena, number("12345")), -EMSGSIZE);
    CHECK_INT(constant_append_exact(&small, &test_arena, constant_string(SLICE("12345"))),
              -EMSGSIZE);
    buf_done(&small);
}

int main(void)
{
    TAP_RUN(messages_show_what_people_can_read);
    TAP_RUN(long_strings_are_cut);
    TAP_RUN(exact_text_hides_nothing);
    TAP_RUN(a_full_buffer_is_said);
    return LANG_DONE();
}
