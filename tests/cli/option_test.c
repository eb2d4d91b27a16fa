#include "cli/option.h"

#include <errno.h>

#include "tests/tap.h"

struct values {
    bool flag, other;
    const char *text, *word;
    int64_t number, span, size;
    double rate;
    struct cli_list list;
};

static const char *const words[] = {"red", "green", "blue", NULL};
static const char *const outputs[] = {"text", "json", "jsonpath=", NULL};
static const struct cli_option options[] = {
    {"flag", 'x', CLI_FLAG, offsetof(struct values, flag), NULL, NULL, "a flag", .words = NULL},
    {"other", 'y', CLI_FLAG, offsetof(struct values, other), NULL, NULL, "a flag", .words = NULL},
    {"text", 't', CLI_TEXT, offsetof(struct values, text), "T", NULL, "text", .words = NULL},
    {"colour", 0, CLI_WORD, offsetof(struct values, word), "W", "red", "a word", .words = words},
    {"number", 'n', CLI_INT, offsetof(struct values, number), "N", "7", "1 to 10", .min = 1,
     .max = 10},
    {"span", 0, CLI_DURATION, offsetof(struct values, span), "D", "2s", "a time", .min = 1000000,
     .max = INT64_C(60000000000)},
    {"rate", 0, CLI_NUMBER, offsetof(struct values, rate), "R", NULL, "any", .min = 0, .max = 100},
    {"size", 0, CLI_BYTES, offsetof(struct values, size), "BYTES", NULL, "a size", .min = 10,
     .max = INT64_C(1) << 40},
    {"list", 'l', CLI_LIST, offsetof(struct values, list), "L", NULL, "many", .words = NULL},
};
static const struct cli_command command = {
    .name = "try",
    .operands = "THING...",
    .operands_min = 0,
    .operands_max = 2,
    .options = options,
    .option_count = ARRAY_LEN(options),
    .outputs = outputs,
    .values_size = sizeof(struct values),
};

static struct arena arena;
static struct cli_parsed parsed;
static struct err err;

static int parse(char *const *argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    arena_reset(&arena);
    parsed = (struct cli_parsed){0};
    err_clear(&err);
    return cli_parse(&command, argc, argv, &arena, &parsed, &err);
}
#define PARSE(...) parse((char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define V          (*(struct values *)parsed.values)

static void defaults_stand_until_they_are_changed(void)
{
    CHECK_INT(PARSE(), 0);
    CHECK_INT(V.number, 7);
    CHECK_INT(V.span, INT64_C(2000000000));
    CHECK_STR(V.word, "red");
    CHECK(!V.flag && !V.text && V.list.count == 0);
}

static void a_size_has_units_of_1024(void)
{
    static const struct {
        const char *text;
        int64_t size;
    } cases[] = {{"10", 10},           {"64K", 65536},          {"64k", 65536},
                 {"3Ki", 3072},        {"100M", 104857600},     {"2GiB", INT64_C(2) << 30},
                 {"1T", INT64_C(1) << 40}};
    static const char *const bad[] = {"",   "K",   "9",  "2T",  "-1", "1.5G", "10i", "10iB",
                                      "1X", "1KK", "0x", " 10", "9999999999999T"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_INT(PARSE("--size", (char *)cases[i].text), 0);
        CHECK_INT(V.size, cases[i].size);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK_INT(PARSE("--size", (char *)bad[i]), -EINVAL);
}

static void a_program_that_follows_ends_the_options(void)
{
    struct cli_command run = command;
    run.program_follows = true;
    run.operands_max = 5;
    char *const argv[] = {"-x", "ls", "-l", "--number", "x", NULL};
    arena_reset(&arena);
    parsed = (struct cli_parsed){0};
    CHECK_INT(cli_parse(&run, 5, argv, &arena, &parsed, &err), 0);
    CHECK_INT(parsed.operand_count, 4);
    CHECK_STR(parsed.operands[1], "-l");
    CHECK_STR(parsed.operands[2], "--number");
    CHECK(V.flag && V.number == 7);
}

static void every_way_to_write_a_value(void)
{
    CHECK_INT(PARSE("--number=3"), 0);
    CHECK_INT(V.number, 3);
    CHECK_INT(PARSE("--number", "4"), 0);
    CHECK_INT(V.number, 4);
    CHECK_INT(PARSE("-n5"), 0);
    CHECK_INT(V.number, 5);
    CHECK_INT(PARSE("-n", "6"), 0);
    CHECK_INT(V.number, 6);
    CHECK_INT(PARSE("-xyn8"), 0);
    CHECK(V.flag && V.other);
    CHECK_INT(V.number, 8);
    CHECK_INT(PARSE("--text="), 0);
    CHECK_STR(V.text, "");
    CHECK_INT(PARSE("--rate", "2.5"), 0);
    CHECK(V.rate == 2.5);
    CHECK_INT(PARSE("-l", "a", "--list=b"), 0);
    CHECK_INT(V.list.count, 2);
    CHECK_STR(V.list.items[1], "b");
}

static void operands_may_stand_anywhere(void)
{
    CHECK_INT(PARSE("one", "-x", "two"), 0);
    CHECK_INT(parsed.operand_count, 2);
    CHECK_STR(parsed.operands[1], "two");
    CHECK_INT(PARSE("--", "-x"), 0);
    CHECK_STR(parsed.operands[0], "-x");
    CHECK(!V.flag);
    CHECK_INT(PARSE("-"), 0);
    CHECK_STR(parsed.operands[0], "-");
}

static void mistakes_are_named(void)
{
    CHECK_INT(PARSE("--numbre", "3"), -EINVAL);
    CHECK_STR(err.text, "unknown option --numbre for try: did you mean --number?");
    CHECK_INT(PARSE("--zzzzzz"), -EINVAL);
    CHECK_STR(err.text, "unknown option --zzzzzz for try");
    CHECK_INT(PARSE("-q"), -EINVAL);
    CHECK_INT(PARSE("--number"), -EINVAL);
    CHECK_STR(err.text, "--number needs a value: --number N");
    CHECK_INT(PARSE("--number", "11"), -EINVAL);
    CHECK_STR(err.text, "--number: 11 is outside of 1 to 10");
    CHECK_INT(PARSE("--number", "3x"), -EINVAL);
    CHECK_INT(PARSE("--number", "99999999999999999999"), -EINVAL);
    CHECK_INT(PARSE("--number="), -EINVAL);
    CHECK_INT(PARSE("--rate", "nan"), -EINVAL);
    CHECK_INT(PARSE("--span", "30"), -EINVAL);
    CHECK(strstr(err.text, "250ms"));
    CHECK_INT(PARSE("--span", "2m"), -EINVAL);
    CHECK_STR(err.text, "--span: 2m is outside of 1ms to 1m0s");
    CHECK_INT(PARSE("--colour", "gren"), -EINVAL);
    CHECK_STR(err.text, "--colour: 'gren' is none of red, green, blue: did you mean green?");
    CHECK_INT(PARSE("--flag=1"), -EINVAL);
    CHECK_INT(PARSE("a", "b", "c"), -EINVAL);
    CHECK_STR(err.text, "'c' is one argument too many");
}

static void the_form_of_output_is_checked(void)
{
    CHECK_INT(PARSE("-o", "json"), 0);
    CHECK_STR(parsed.globals.output, "json");
    CHECK_INT(PARSE("-ojsonpath={.a}"), 0);
    CHECK_INT(PARSE("-o", "jsn"), -EINVAL);
    CHECK(strstr(err.text, "did you mean json?"));
}

static void help_is_given_whatever_else_is_wrong(void)
{
    CHECK_INT(PARSE("-h"), 0);
    CHECK(parsed.globals.help);
    CHECK_INT(PARSE("a", "b", "c", "--help"), 0);
    CHECK(parsed.globals.help);
}

static void too_many_of_a_list_are_refused(void)
{
    static char *argv[CLI_LIST_MAX + 2];
    for (int i = 0; i <= CLI_LIST_MAX; i++)
        argv[i] = "-la";
    CHECK_INT(parse(argv), -EINVAL);
    argv[CLI_LIST_MAX] = NULL;
    CHECK_INT(parse(argv), 0);
    CHECK_INT(V.list.count, CLI_LIST_MAX);
}

#define OUTPUT_OF(...) \
    cli_output_of((int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)), (char *[]){__VA_ARGS__})

static void the_form_that_was_asked_for_is_found_beside_mistakes(void)
{
    CHECK_STR(OUTPUT_OF("--nope", "a", "-o", "json"), "json");
    CHECK_STR(OUTPUT_OF("-ojson", "x", "--output=yaml"), "yaml");
    CHECK_STR(OUTPUT_OF("--output", "text", "-o"), "text");
    CHECK(!OUTPUT_OF("a", "--", "-o", "json"));
    CHECK(!OUTPUT_OF("-o"));
}

static void a_command_is_found_behind_global_options(void)
{
    struct cli_globals g;
    char *argv[] = {"--color", "never", "-ojson", "probe", "-x", NULL};
    CHECK_INT(cli_find_command(5, argv, &g, &err), 3);
    CHECK_STR(g.color, "never");
    CHECK_STR(g.output, "json");
    CHECK_INT(cli_find_command(2, argv, &g, &err), 2);
    char *bad[] = {"--colr", "never", NULL};
    CHECK_INT(cli_find_command(2, bad, &g, &err), -EINVAL);
    CHECK(strstr(err.text, "did you mean --color?"));
}

int main(void)
{
    TAP_RUN(defaults_stand_until_they_are_changed);
    TAP_RUN(a_size_has_units_of_1024);
    TAP_RUN(a_program_that_follows_ends_the_options);
    TAP_RUN(every_way_to_write_a_value);
    TAP_RUN(operands_may_stand_anywhere);
    TAP_RUN(mistakes_are_named);
    TAP_RUN(the_form_of_output_is_checked);
    TAP_RUN(help_is_given_whatever_else_is_wrong);
    TAP_RUN(too_many_of_a_list_are_refused);
    TAP_RUN(the_form_that_was_asked_for_is_found_beside_mistakes);
    TAP_RUN(a_command_is_found_behind_global_options);
    arena_done(&arena);
    return tap_done();
}
