#include <errno.h>

#include "tests/lang/lang_check.h"

static union golib_value ret[GOLIB_RESULTS_MAX];

static void parse(const char *full, const char *s, int64_t base, int64_t bits)
{
    union golib_value args[] = {{.text = slice_from(s)}, {.integer = base}, {.integer = bits}};
    CHECK_INT(call(full, args, ret), 0);
}

static void whole_numbers(void)
{
    parse("strconv.Atoi", "-12", 0, 0);
    CHECK(ret[0].integer == -12 && !ret[1].error);
    parse("strconv.ParseInt", "0x_ff", 0, 64);
    CHECK(ret[0].integer == 255 && !ret[1].error);
    parse("strconv.ParseInt", "zz", 36, 64);
    CHECK_INT(ret[0].integer, 1295);
    parse("strconv.ParseUint", "18446744073709551615", 10, 64);
    CHECK(ret[0].natural == UINT64_MAX && !ret[1].error);
}

static void errors_have_gos_words_and_its_nearest_value(void)
{
    parse("strconv.Atoi", "x\n", 0, 0);
    CHECK_SLICE(ret[1].error->text, "strconv.Atoi: parsing \"x\\n\": invalid syntax");
    CHECK_INT(ret[0].integer, 0);
    parse("strconv.ParseInt", "-129", 10, 8);
    CHECK_SLICE(ret[1].error->text, "strconv.ParseInt: parsing \"-129\": value out of range");
    CHECK_INT(ret[0].integer, -128);
    parse("strconv.ParseUint", "1", 1, 8);
    CHECK_SLICE(ret[1].error->text, "strconv.ParseUint: parsing \"1\": invalid base 1");
    parse("strconv.ParseUint", "1", 10, 65);
    CHECK_SLICE(ret[1].error->text, "strconv.ParseUint: parsing \"1\": invalid bit size 65");
    parse("strconv.ParseFloat", "1e999", 64, 0);
    CHECK_SLICE(ret[1].error->text, "strconv.ParseFloat: parsing \"1e999\": value out of range");
    CHECK_STR(ret[1].error->type, "*strconv.NumError");
    const struct golib_object *range =
        golib_object_find(golib_package_find(SLICE("strconv")), SLICE("ErrRange"));
    CHECK(go_error_is(ret[1].error, range->error));
}

static void bools(void)
{
    parse("strconv.ParseBool", "T", 0, 0);
    CHECK(ret[0].boolean && !ret[1].error);
    parse("strconv.ParseBool", "yes", 0, 0);
    CHECK(!ret[0].boolean && ret[1].error);
}

static void numbers_as_text(void)
{
    union golib_value args[4] = {{.integer = INT64_MIN}, {.integer = 2}};
    CHECK_INT(call("strconv.Itoa", args, ret), 0);
    CHECK_SLICE(ret[0].text, "-9223372036854775808");
    args[0].integer = -255;
    args[1].integer = 16;
    CHECK_INT(call("strconv.FormatInt", args, ret), 0);
    CHECK_SLICE(ret[0].text, "-ff");
    args[1].integer = 37;
    CHECK_INT(call("strconv.FormatInt", args, ret), -ECANCELED);
    CHECK_STR(test_call.panic, "strconv: illegal AppendInt/FormatInt base");
    union golib_value f[] = {{.number = 0.5}, {.natural = 'f'}, {.integer = 2}, {.integer = 64}};
    CHECK_INT(call("strconv.FormatFloat", f, ret), 0);
    CHECK_SLICE(ret[0].text, "0.50");
    f[3].integer = 16;
    CHECK_INT(call("strconv.FormatFloat", f, ret), -ECANCELED);
    f[3].integer = 64;
    f[2].integer = INT64_MAX;
    CHECK_INT(call("strconv.FormatFloat", f, ret), -EMSGSIZE);
}

static void quoting(void)
{
    CHECK_SLICE(text_of("strconv.Quote", "a\n", "", ""), "\"a\\n\"");
    CHECK_SLICE(text_of("strconv.Unquote", "`a`", "", ""), "a");
    union golib_value args[] = {{.text = SLICE("\\n'x")}, {.natural = '\''}};
    CHECK_INT(call("strconv.UnquoteChar", args, ret), 0);
    CHECK(ret[0].integer == '\n' && !ret[1].boolean && !ret[3].error);
    CHECK_SLICE(ret[2].text, "'x");
}

int main(void)
{
    TAP_RUN(whole_numbers);
    TAP_RUN(errors_have_gos_words_and_its_nearest_value);
    TAP_RUN(bools);
    TAP_RUN(numbers_as_text);
    TAP_RUN(quoting);
    return LANG_DONE();
}
