#include "lang/go_printer.h"

#include "tests/lang/values.h"

static void whole_numbers_in_every_base(void)
{
    CHECK_STR(PRINTED("%d|%+d|% d|%5d|%-5d|%05d|%.3d", G_INT(42), G_INT(42), G_INT(42), G_INT(42),
                      G_INT(42), G_INT(-42), G_INT(-4)),
              "42|+42| 42|   42|42   |-0042|-004");
    CHECK_STR(PRINTED("%b|%o|%#o|%O|%x|%#X|%08b", G_INT(5), G_INT(8), G_INT(8), G_INT(8),
                      G_INT(-255), G_INT(255), G_INT(5)),
              "101|10|010|0o10|-ff|0XFF|00000101");
    CHECK_STR(PRINTED("[%.0d][%5.0d]", G_INT(0), G_INT(0)), "[][     ]");
    CHECK_STR(PRINTED("%d", G_INT(INT64_MIN)), "-9223372036854775808");
}

static void characters(void)
{
    CHECK_STR(PRINTED("%c|%q|%+q|%U|%#U|%.6U", G_INT(0x65e5), G_INT('\''), G_INT(0x65e5),
                      G_INT(0x1f600), G_INT('x'), G_INT(1)),
              "日|'\\''|'\\u65e5'|U+1F600|U+0078 'x'|U+000001");
    CHECK_STR(PRINTED("%c|%3c|%03c", G_INT(-1), G_INT('a'), G_INT('b')), "\xEF\xBF\xBD|  a|00b");
}

static void text_is_cut_and_padded_by_characters(void)
{
    CHECK_STR(PRINTED("%s|%5s|%-5s|%.2s|%05s", G_STRING("héé"), G_STRING("héé"), G_STRING("héé"),
                      G_STRING("héé"), G_STRING("hé")),
              "héé|  héé|héé  |hé|000hé");
    CHECK_STR(PRINTED("%q|%#q|%#q|%x|% x|%#x|%# X|%.1x", G_STRING("a\n"), G_STRING("a"),
                      G_STRING("a`"), G_STRING("az"), G_STRING("az"), G_STRING("az"),
                      G_STRING("az"), G_STRING("az")),
              "\"a\\n\"|`a`|\"a`\"|617a|61 7a|0x617a|0X61 0X7A|61");
    CHECK_STR(PRINTED("[%4x][%-4x]", G_STRING(""), G_STRING("a")), "[    ][61  ]");
}

static void floats_with_flags(void)
{
    CHECK_STR(PRINTED("%v|%g|%e|%f|%.2f|%8.2f|%-8.1f|%+.1f|% .1f|%08.2f", G_FLOAT(1e6),
                      G_FLOAT(100000), G_FLOAT(1.5), G_FLOAT(1.5), G_FLOAT(1.005), G_FLOAT(-1.5),
                      G_FLOAT(2), G_FLOAT(2), G_FLOAT(2), G_FLOAT(-2)),
              "1e+06|100000|1.500000e+00|1.500000|1.00|   -1.50|2.0     |+2.0| 2.0|-0002.00");
    CHECK_STR(PRINTED("%#g|%#.3g|%#v|%#.0f|%#e", G_FLOAT(1), G_FLOAT(0), G_FLOAT(1e6), G_FLOAT(3),
                      G_FLOAT(0)),
              "1.00000|0.00|1e+06|3.|0.000000e+00");
    CHECK_STR(PRINTED("%08v|%+g|% v", G_FLOAT(__builtin_inf()), G_FLOAT(__builtin_nan("")),
                      G_FLOAT(__builtin_inf())),
              "    +Inf|+NaN| Inf");
}

int main(void)
{
    TAP_RUN(whole_numbers_in_every_base);
    TAP_RUN(characters);
    TAP_RUN(text_is_cut_and_padded_by_characters);
    TAP_RUN(floats_with_flags);
    return LANG_DONE();
}
