#include "lang/scan.h"

#include "base/buf.h"
#include "tests/lang/world.h"
#include "tests/tap.h"

/* The tokens of a text, and behind a '!' each fault. */
static const char *tokens(const char *text)
{
    static char out[2000];
    struct arena a = ARENA(MEM_TEST, 0);
    struct config_faults faults = {.arena = &a};
    struct buf to = BUF(MEM_TEST, 0);
    struct names names;
    struct scan s;
    struct token t;

    names_init(&names);
    scan_init(&s, slice_from(text), 1, &names, &faults);
    do {
        scan_next(&s, &t);
        if (t.is_newline)
            buf_append_cstr(&to, "NL ");
        else if (t.kind == TOKEN_END)
            buf_append_cstr(&to, "END");
        else
            buf_printf(&to, "%.*s ", (int)(t.end - t.at), text + t.at - 1);
    } while (t.kind != TOKEN_END);
    for (uint32_t i = 0; i < faults.count; i++)
        buf_printf(&to, " !%u %s", faults.items[i].at, faults.items[i].message);
    snprintf(out, sizeof(out), "%s", to.data);
    buf_done(&to);
    names_done(&names);
    arena_done(&a);
    return out;
}

static void operators_are_the_longest_that_fit(void)
{
    CHECK_STR(tokens("a&^=b<<=c<-d...e&&f"), "a &^= b <<= c <- d ... e && f NL END");
    CHECK_STR(tokens("x:=y==z!=!w>>=1>>2>=3&4&=5|6||7|=8"),
              "x := y == z != ! w >>= 1 >> 2 >= 3 & 4 &= 5 | 6 || 7 |= 8 NL END");
    CHECK_STR(tokens("a++--b+=-=*=/=%=^=~.,;:()[]{}"),
              "a ++ -- b += -= *= /= %= ^= ~ . , ; : ( ) [ ] { } NL END");
}

static void a_line_ends_a_statement_where_it_can(void)
{
    CHECK_STR(tokens("a\nb(\n)\nreturn\nif\n5\n\"x\"\n+\n"),
              "a NL b ( ) NL return NL if 5 NL \"x\" NL + END");
    CHECK_STR(tokens("a // c\nb /* d\n */ e /* f */ g"), "a NL b NL e g NL END");
    CHECK_STR(tokens("a\r\n\tb"), "a NL b NL END");
}

static void names_may_be_of_any_letters(void)
{
    CHECK_STR(tokens("_x1 größe 変数 π٣"), "_x1 größe 変数 π٣ NL END");
}

static void literals_are_taken_whole(void)
{
    CHECK_STR(tokens("0x1p-2 1_000 .5e3 'a' '\\n' `a\n\\` \"\\\"\" 0b1i"),
              "0x1p-2 1_000 .5e3 'a' '\\n' `a\n\\` \"\\\"\" 0b1i NL END");
}

static void foreign_bytes_are_told_once_each(void)
{
    CHECK_STR(
        tokens("a # b \xff ?"),
        "a # b \xff ? NL END !3 invalid character U+0023 !7 invalid UTF-8 encoding !9 invalid "
        "character U+003F");
    CHECK_STR(tokens("/* x"), "END !1 comment not terminated: */ is missing");
}

static void the_end_of_a_token_is_found_again(void)
{
    struct slice text = SLICE("größe+=\"a b\" 12");
    CHECK_INT(scan_token_end(text, 0), 7);
    CHECK_INT(scan_token_end(text, 7), 9);
    CHECK_INT(scan_token_end(text, 9), 14);
    CHECK_INT(scan_token_end(text, 15), 17);
    CHECK_INT(scan_token_end(text, 17), 18);
}

static void comments_hold_utf8_and_no_directives(void)
{
    CHECK(world_refuses("package main\n"
                        "// a \xef\xbb\xbf b\n"
                        "/* \xff */\n"
                        "//go:build ignore\n"
                        "//go:generate x\n"
                        "//go:noinline\n"
                        "// f is called.\n"
                        "func f() {}\n"
                        "//go:noinline\n"
                        "var x int //go:noinline\n"
                        "func main() {}\n",
                        "2:1 syntax invalid byte order mark in the text\n"
                        "3:1 syntax invalid UTF-8 encoding\n"
                        "4:1 not_in_subset directives like //go:build are not in the Firebreak "
                        "subset\n"
                        "9:1 not_in_subset directives like //go:noinline are not in the Firebreak "
                        "subset"));
}

int main(void)
{
    TAP_RUN(operators_are_the_longest_that_fit);
    TAP_RUN(a_line_ends_a_statement_where_it_can);
    TAP_RUN(names_may_be_of_any_letters);
    TAP_RUN(literals_are_taken_whole);
    TAP_RUN(foreign_bytes_are_told_once_each);
    TAP_RUN(the_end_of_a_token_is_found_again);
    TAP_RUN(comments_hold_utf8_and_no_directives);
    return tap_done();
}
