#include "app/merged.h"

#include "base/buf.h"
#include "tests/tap.h"

enum { OUT, ERR };

/* What is shown of pieces such as "o:text", 'E' and 'O' with a newline behind them. */
static const char *shown(const char *const *pieces, size_t count)
{
    static char text[200];
    struct merged m = {.mid_line = false};
    struct buf b = BUF(MEM_TEST, 0);
    for (size_t i = 0; i < count; i++) {
        bool error = pieces[i][0] == 'e' || pieces[i][0] == 'E';
        bool ends = pieces[i][0] == 'O' || pieces[i][0] == 'E';
        struct slice piece = slice_from(pieces[i] + 2);
        if (merged_breaks(&m, error ? ERR : OUT, piece, ends))
            buf_append_byte(&b, '\n');
        buf_append_slice(&b, piece);
        buf_append_cstr(&b, ends ? "\n" : "");
    }
    snprintf(text, sizeof(text), "%.*s", SLICE_ARG(buf_slice(&b)));
    buf_done(&b);
    return text;
}

#define SHOWN(...)                                                                                 \
    shown((const char *const[]){__VA_ARGS__},                                                      \
          sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void a_stream_that_comes_into_anothers_line_begins_its_own(void)
{
    CHECK_STR(SHOWN("o:half", "E:oops", "o:rest"), "half\noops\nrest");
    CHECK_STR(SHOWN("o:a", "e:b", "o:c"), "a\nb\nc");
}

static void what_one_stream_says_is_left_as_it_is(void)
{
    CHECK_STR(SHOWN("o:ha", "o:lf", "O:", "o:x"), "half\nx");
    CHECK_STR(SHOWN("O:a", "E:b", "O:", "E:"), "a\nb\n\n\n");
}

static void a_text_may_bring_its_newline_itself(void)
{
    CHECK_STR(SHOWN("o:a\n", "e:b\nc", "o:d\n"), "a\nb\nc\nd\n");
}

static void nothing_said_changes_nothing(void)
{
    CHECK_STR(SHOWN("o:half", "e:", "o:rest"), "halfrest");
    CHECK_STR(SHOWN("o:half", "E:", "o:rest"), "half\n\nrest");
}

int main(void)
{
    TAP_RUN(a_stream_that_comes_into_anothers_line_begins_its_own);
    TAP_RUN(what_one_stream_says_is_left_as_it_is);
    TAP_RUN(a_text_may_bring_its_newline_itself);
    TAP_RUN(nothing_said_changes_nothing);
    return tap_done();
}
