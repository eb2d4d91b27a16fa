#include "base/utf8.h"

#include <errno.h>

#include "../tap.h"

static void every_character_survives_a_round_trip(void)
{
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char bytes[UTF8_BYTES_MAX];
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        struct slice s = {bytes, utf8_encode(c, bytes)};
        bool valid = false;
        CHECK(utf8_next(&s, &valid) == c && valid && s.size == 0);
    }
}

static void what_is_no_character_is_written_as_the_replacement(void)
{
    char bytes[UTF8_BYTES_MAX];

    CHECK_INT(utf8_encode(0xd800, bytes), 3);
    CHECK(memcmp(bytes, "\xef\xbf\xbd", 3) == 0);
    CHECK_INT(utf8_encode(0x110000, bytes), 3);
    CHECK(memcmp(bytes, "\xef\xbf\xbd", 3) == 0);
}

/* The parts of `text` as they are read: a dot for each character, an x for each replacement. */
static void check_parts(struct slice text, const char *want)
{
    char got[40] = "";
    size_t n = 0;

    while (text.size && n < sizeof(got) - 1) {
        bool valid;
        uint32_t c = utf8_next(&text, &valid);
        CHECK(valid || c == UTF8_REPLACEMENT);
        got[n++] = valid ? '.' : 'x';
    }
    CHECK_STR(got, want);
}

static void each_broken_part_counts_once(void)
{
    check_parts(SLICE("a\x80z"), ".x.");
    check_parts(SLICE("\xc0\xaf"), "xx");             /* overlong */
    check_parts(SLICE("\xe0\x80\xaf"), "xxx");        /* overlong */
    check_parts(SLICE("\xed\xa0\x80"), "xxx");        /* surrogate */
    check_parts(SLICE("\xf4\x90\x80\x80"), "xxxx");   /* above U+10FFFF */
    check_parts(SLICE("\xf5\xff"), "xx");
    check_parts(SLICE("\xe2\x82"), "x");              /* cut off at the end */
    check_parts(SLICE("\xf0\x9f\x94"), "x");
    check_parts(SLICE("\xe2\x82z"), "x.");
    check_parts(SLICE("\xf0\x9f\x94\xa5\xf0\x9f"), ".x");
    check_parts(SLICE("\xef\xbf\xbd"), ".");          /* the replacement itself is valid */
}

static void validity_ends_at_the_first_broken_byte(void)
{
    CHECK_INT(utf8_valid_bytes(SLICE("ab\xc3\xa9")), 4);
    CHECK_INT(utf8_valid_bytes(SLICE("ab\xc3")), 2);
    CHECK_INT(utf8_valid_bytes(SLICE("\xff")), 0);
    CHECK_INT(utf8_valid_bytes((struct slice){0}), 0);
}

static void columns_are_those_of_a_terminal(void)
{
    CHECK_INT(utf8_width('a'), 1);
    CHECK_INT(utf8_width(0xe9), 1);
    CHECK_INT(utf8_width(0xad), 1);
    CHECK_INT(utf8_width(0x301), 0);   /* combining acute */
    CHECK_INT(utf8_width(0x200d), 0);  /* joiner */
    CHECK_INT(utf8_width(0xfe0f), 0);  /* variation selector */
    CHECK_INT(utf8_width(0x4e2d), 2);  /* CJK */
    CHECK_INT(utf8_width(0xac00), 2);  /* Hangul */
    CHECK_INT(utf8_width(0x1161), 0);  /* joins a Hangul syllable */
    CHECK_INT(utf8_width(0xff21), 2);  /* full width A */
    CHECK_INT(utf8_width(0xff71), 1);  /* half width katakana */
    CHECK_INT(utf8_width(0x1f525), 2); /* fire */
    CHECK_INT(utf8_width(0x2500), 1);  /* box drawing */
    CHECK_INT(utf8_width(0x2588), 1);  /* block, for sparklines */
    CHECK_INT(utf8_width(0x302a), 0);  /* combining, inside a wide range */
    CHECK_INT(utf8_width(0x10ffff), 1);
    CHECK_INT(utf8_columns(SLICE("a\xe4\xb8\xad" "e\xcc\x81\xff")), 5);
}

static void cutting_keeps_characters_and_their_accents_whole(void)
{
    struct slice s = SLICE("a\xe4\xb8\xad" "e\xcc\x81z"); /* a, CJK, e with an accent, z */

    CHECK_INT(utf8_cut_columns(s, 0).size, 0);
    CHECK_INT(utf8_cut_columns(s, 1).size, 1);
    CHECK_INT(utf8_cut_columns(s, 2).size, 1);
    CHECK_INT(utf8_cut_columns(s, 3).size, 4);
    CHECK_INT(utf8_cut_columns(s, 4).size, 7);
    CHECK_INT(utf8_cut_columns(s, 99).size, s.size);
    CHECK_INT(utf8_cut_columns((struct slice){0}, 9).size, 0);
}

static void text_from_outside_cannot_steer_a_terminal(void)
{
    struct buf b = {0};

    CHECK_INT(utf8_append_shown(&b, SLICE("\x1b[31m\xe2\x80\xae" "a\xc2\x9bz\xff\x7f\n")), 0);
    CHECK_STR(b.data, "\xef\xbf\xbd[31m\xef\xbf\xbd" "a\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd"
                      "\xef\xbf\xbd");
    buf_done(&b);
}

static void shown_text_that_does_not_fit_changes_nothing(void)
{
    struct buf b = BUF(MEM_TEST, 4);

    buf_append_cstr(&b, "ab");
    CHECK_INT(utf8_append_shown(&b, SLICE("c\x01")), -EMSGSIZE);
    CHECK_STR(b.data, "ab");
    buf_done(&b);
}

int main(void)
{
    TAP_RUN(every_character_survives_a_round_trip);
    TAP_RUN(what_is_no_character_is_written_as_the_replacement);
    TAP_RUN(each_broken_part_counts_once);
    TAP_RUN(validity_ends_at_the_first_broken_byte);
    TAP_RUN(columns_are_those_of_a_terminal);
    TAP_RUN(cutting_keeps_characters_and_their_accents_whole);
    TAP_RUN(text_from_outside_cannot_steer_a_terminal);
    TAP_RUN(shown_text_that_does_not_fit_changes_nothing);
    return tap_done();
}
