#include "lang/unicode.h"

#include "tests/lang/lang_check.h"

static void classes(void)
{
    CHECK(unicode_is_letter('a') && unicode_is_letter(0xe9) && unicode_is_letter(0x65e5));
    CHECK(!unicode_is_letter('1') && !unicode_is_letter(0x110000) && !unicode_is_letter(0xd800));
    CHECK(unicode_is_digit('7') && unicode_is_digit(0x0667) && !unicode_is_digit(0xbd));
    CHECK(unicode_is_number(0xbd));
    CHECK(unicode_is_space(0x3000) && unicode_is_space(0x85) && !unicode_is_space(0x200b));
    CHECK(unicode_is_upper(0xc9) && unicode_is_lower(0xe9) && unicode_is_title(0x1c5));
    CHECK(unicode_is_punct('!') && !unicode_is_punct('+'));
    CHECK(unicode_is_control(0x9f) && !unicode_is_control(0xa0));
}

static void what_may_be_shown(void)
{
    CHECK(unicode_is_print(' ') && !unicode_is_print(0xa0) && unicode_is_graphic(0xa0));
    CHECK(!unicode_is_print(0x7f) && !unicode_is_print(0xad) && !unicode_is_graphic(0x2028));
    CHECK(!unicode_is_print(UINT32_MAX));
}

static void cases_of_a_letter(void)
{
    CHECK_INT(unicode_to_upper(0xe9), 0xc9);
    CHECK_INT(unicode_to_lower(0x130), 'i');
    CHECK_INT(unicode_to_title(0x1c6), 0x1c5);
    CHECK_INT(unicode_to_upper(0x101), 0x100);
    CHECK_INT(unicode_to_lower(0x100), 0x101);
    CHECK_INT(unicode_to_upper(0x10428), 0x10400);
    CHECK_INT(unicode_to_upper(0xdf), 0xdf);
    CHECK_INT(unicode_to_lower(0xffffffff), 0xffffffff);
}

static void folding_goes_round_in_a_ring(void)
{
    CHECK_INT(unicode_simple_fold('K'), 'k');
    CHECK_INT(unicode_simple_fold('k'), 0x212a);
    CHECK_INT(unicode_simple_fold(0x212a), 'K');
    for (uint32_t c = 0; c < 0x11000; c++) {
        uint32_t r = unicode_simple_fold(c);
        for (int i = 0; i < 4 && r != c; i++)
            r = unicode_simple_fold(r);
        CHECK_INT(r, c);
    }
}

static void a_wrong_byte_is_one_character(void)
{
    struct slice s = SLICE("\xe6\x97"
                           "a\xed\xa0\x80");
    bool valid;
    CHECK_INT(unicode_count(s), 6);
    CHECK(unicode_next(&s, &valid) == 0xfffd && !valid && s.size == 5);
    s = SLICE("\xe6\x97\xa5");
    CHECK(unicode_next(&s, &valid) == 0x65e5 && valid && s.size == 0);
}

static void the_last_character_is_found_from_behind(void)
{
    struct slice s = SLICE("a\xe6\x97\xa5\x80");
    bool valid;
    CHECK(unicode_last(&s, &valid) == 0xfffd && !valid && s.size == 4);
    CHECK(unicode_last(&s, &valid) == 0x65e5 && valid && s.size == 1);
    CHECK(unicode_last(&s, &valid) == 'a' && valid && s.size == 0);
    s = SLICE("\xe6\x97");
    CHECK(unicode_last(&s, &valid) == 0xfffd && s.size == 1);
    CHECK(unicode_last(&s, NULL) == 0xfffd && s.size == 0);
}

int main(void)
{
    TAP_RUN(classes);
    TAP_RUN(what_may_be_shown);
    TAP_RUN(cases_of_a_letter);
    TAP_RUN(folding_goes_round_in_a_ring);
    TAP_RUN(a_wrong_byte_is_one_character);
    TAP_RUN(the_last_character_is_found_from_behind);
    return LANG_DONE();
}
