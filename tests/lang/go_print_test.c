#include "lang/go_print.h"

#include "tests/lang/values.h"

static void text_between_verbs_stays(void)
{
    CHECK_STR(printed("", NULL, 0), "");
    CHECK_STR(printed("100%%", NULL, 0), "100%");
    CHECK_STR(PRINTED("web-%d.%s", G_INT(3), G_STRING("x")), "web-3.x");
}

static void what_does_not_fit_is_said_in_the_text(void)
{
    CHECK_STR(PRINTED("%d", G_STRING("hi")), "%!d(string=hi)");
    CHECK_STR(PRINTED("%z", G_INT(1)), "%!z(int=1)");
    CHECK_STR(PRINTED("%d", G_NIL), "%!d(<nil>)");
    CHECK_STR(printed("%d", NULL, 0), "%!d(MISSING)");
    CHECK_STR(printed("a%", NULL, 0), "a%!(NOVERB)");
    CHECK_STR(PRINTED("%d", G_INT(1), G_STRING("x"), G_NIL), "1%!(EXTRA string=x, <nil>)");
    CHECK_STR(PRINTED("%!", G_INT(1)), "%!!(int=1)");
}

static void widths_come_from_arguments(void)
{
    CHECK_STR(
        PRINTED("%*d|%-*d|%.*f", G_INT(4), G_INT(7), G_INT(4), G_INT(7), G_INT(2), G_FLOAT(1)),
        "   7|7   |1.00");
    CHECK_STR(PRINTED("%*d|", G_INT(-4), G_INT(7)), "7   |");
    CHECK_STR(PRINTED("%*d", G_STRING("x"), G_INT(7)), "%!(BADWIDTH)7");
    CHECK_STR(PRINTED("%.*d", G_INT(-1), G_INT(7)), "%!(BADPREC)7");
    CHECK_STR(PRINTED("%*d", G_INT(GO_PRINT_WIDTH_MAX + 1), G_INT(7)), "%!(BADWIDTH)7");
}

static void arguments_by_number(void)
{
    CHECK_STR(PRINTED("%[2]d %[1]d", G_INT(1), G_INT(2)), "2 1");
    CHECK_STR(PRINTED("%[3]*.[2]*[1]f", G_FLOAT(12), G_INT(2), G_INT(6)), " 12.00");
    CHECK_STR(PRINTED("%[1]d %d", G_INT(1), G_INT(2)), "1 2");
    CHECK_STR(PRINTED("%[5]d", G_INT(1)), "%!d(BADINDEX)");
    CHECK_STR(PRINTED("%[x]d", G_INT(1)), "%!d(BADINDEX)");
    CHECK_STR(PRINTED("%[1]2d", G_INT(1)), "%!d(BADINDEX)");
    CHECK_STR(PRINTED("%[", G_INT(1)), "%!(NOVERB)");
}

static void spaces_between_what_is_no_string(void)
{
    const struct go_value args[] = {G_INT(1), G_INT(2), G_STRING("a"), G_STRING("b"), G_INT(3)};
    buf_clear(&test_text);
    CHECK_INT(go_sprint(&test_text, &test_arena, args, 5), 0);
    CHECK_SLICE(buf_slice(&test_text), "1 2ab3");
    buf_clear(&test_text);
    CHECK_INT(go_sprintln(&test_text, &test_arena, args, 5), 0);
    CHECK_SLICE(buf_slice(&test_text), "1 2 a b 3\n");
}

static void errorf_says_which_errors_it_wrapped(void)
{
    static const struct thing text = {.type = "*errors.errorString", .said = "lost"};
    struct go_value e = compound(GO_POINTER, 0, &text), args[GO_PRINT_WRAPS_MAX + 1];
    size_t wrapped[GO_PRINT_WRAPS_MAX], count = 99;
    e.methods = GO_HAS_ERROR;
    args[0] = G_INT(1);
    args[1] = args[2] = e;
    buf_clear(&test_text);
    CHECK_INT(
        go_errorf(&test_text, &test_arena, SLICE("%d %[3]w %[2]w %[3]w"), args, 3, wrapped, &count),
        0);
    CHECK_SLICE(buf_slice(&test_text), "1 lost lost lost");
    CHECK(count == 2 && wrapped[0] == 1 && wrapped[1] == 2);
    for (size_t i = 0; i <= GO_PRINT_WRAPS_MAX; i++)
        args[i] = e;
    CHECK_INT(go_errorf(&test_text, &test_arena, SLICE("%w%w%w%w%w%w%w%w%w"), args,
                        GO_PRINT_WRAPS_MAX + 1, wrapped, &count),
              -E2BIG);
    CHECK_STR(PRINTED("%w", G_INT(1)), "%!w(int=1)");
}

static void a_full_buffer_ends_it(void)
{
    struct buf small = BUF(MEM_TEST, 100);
    const struct go_value one = G_INT(1), number = G_FLOAT(1);
    CHECK_INT(go_sprintf(&small, &test_arena, SLICE("%999999d"), &one, 1), -EMSGSIZE);
    CHECK_INT(go_sprintf(&small, &test_arena, SLICE("%.999999f"), &number, 1), -EMSGSIZE);
    buf_done(&small);
}

int main(void)
{
    TAP_RUN(text_between_verbs_stays);
    TAP_RUN(what_does_not_fit_is_said_in_the_text);
    TAP_RUN(widths_come_from_arguments);
    TAP_RUN(arguments_by_number);
    TAP_RUN(spaces_between_what_is_no_string);
    TAP_RUN(errorf_says_which_errors_it_wrapped);
    TAP_RUN(a_full_buffer_ends_it);
    return LANG_DONE();
}
