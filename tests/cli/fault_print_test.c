#include "cli/fault_print.h"

#include "base/arena.h"
#include "tests/tap.h"

static struct arena arena = {.sub = MEM_TEST};
static struct source_set sources;
static struct config_faults faults;

/* A fault at [from, to) of a text. */
static const struct config_fault *fault(struct slice text, size_t from, size_t to)
{
    const struct source *s;
    arena_reset(&arena);
    sources = (struct source_set){.arena = &arena};
    faults = (struct config_faults){.arena = &arena};
    CHECK_INT(source_add(&sources, SOURCE_FILE, "ops.go", text, &s), 0);
    struct config_fault *f =
        config_fault_add(&faults, CONFIG_FAULT_BARE_DURATION, s->first + (source_place)from,
                         to ? s->first + (source_place)to : 0, "every is a duration");
    f->path = "checks[db].every";
    f->schema = "check.every";
    return f;
}

static const char *shown(const struct config_fault *f)
{
    struct buf out = BUF(MEM_TEST, 0);
    fault_print_text(&sources, f, false, &out);
    const char *text = arena_strdup(&arena, buf_slice(&out));
    buf_done(&out);
    return text;
}

static void the_line_and_a_caret(void)
{
    CHECK_STR(shown(fault(SLICE("a\n\tEvery: 30,\nb"), 10, 12)),
              "ops.go:2:9: every is a duration\n"
              "    2 |     Every: 30,\n"
              "      |            ^~ checks[db].every (check.every)\n");
}

static void suggestions_are_questions(void)
{
    struct config_fault f = *fault(SLICE("30"), 0, 0);
    f.suggestion = "30s";
    CHECK(strstr(shown(&f), "every is a duration: did you mean \"30s\"?\n") != NULL);
}

static void wide_characters_keep_the_caret_in_place(void)
{
    /* Two columns each. */
    CHECK(strstr(shown(fault(SLICE("\xe6\x97\xa5\xe6\x9c\xac x"), 7, 8)), "      |      ^ ") !=
          NULL);
}

static void a_terminal_is_not_steered(void)
{
    const char *text = shown(fault(SLICE("a\x1b[31m\r\x07z"), 0, 1));
    CHECK(strchr(text, 0x1b) == NULL && strchr(text, 0x07) == NULL && strchr(text, '\r') == NULL);
}

static void a_long_line_is_cut_around_the_fault(void)
{
    struct buf line = BUF(MEM_TEST, 0);
    for (int i = 0; i < 1000000; i++)
        buf_append_byte(&line, i == 500000 ? '!' : 'x');
    const char *text = shown(fault(buf_slice(&line), 500000, 500001));
    CHECK(strlen(text) < 600);
    const char *second = strchr(text, '\n') + 1, *third = strchr(second, '\n') + 1;
    /* The ellipsis is one column and three bytes. */
    CHECK_INT(strchr(second, '!') - second - 2, strchr(third, '^') - third);
    buf_done(&line);
}

static void at_the_end_of_the_text(void)
{
    CHECK_STR(shown(fault(SLICE("ab"), 2, 2)),
              "ops.go:1:3: every is a duration\n"
              "    1 | ab\n"
              "      |   ^ checks[db].every (check.every)\n");
}

static void as_json(void)
{
    struct buf out = BUF(MEM_TEST, 0);
    fault_print_json(&sources, fault(SLICE("\tEvery: 30"), 8, 10), &out);
    CHECK_STR(out.data, "{\"file\":\"ops.go\",\"line\":1,\"column\":9,\"end_column\":11,"
                        "\"code\":\"bare_duration\",\"message\":\"every is a duration\","
                        "\"path\":\"checks[db].every\",\"schema\":\"check.every\","
                        "\"suggestion\":null}");
    struct config_fault nowhere = {.code = CONFIG_FAULT_LIMIT, .message = "too much"};
    buf_clear(&out);
    fault_print_json(&sources, &nowhere, &out);
    CHECK_STR(out.data, "{\"file\":null,\"line\":null,\"column\":null,\"end_column\":null,"
                        "\"code\":\"limit\",\"message\":\"too much\",\"path\":null,"
                        "\"schema\":null,\"suggestion\":null}");
    CHECK_STR(shown(&nowhere), "too much\n");
    buf_done(&out);
}

int main(void)
{
    TAP_RUN(the_line_and_a_caret);
    TAP_RUN(suggestions_are_questions);
    TAP_RUN(wide_characters_keep_the_caret_in_place);
    TAP_RUN(a_terminal_is_not_steered);
    TAP_RUN(a_long_line_is_cut_around_the_fault);
    TAP_RUN(at_the_end_of_the_text);
    TAP_RUN(as_json);
    arena_done(&arena);
    return tap_done();
}
