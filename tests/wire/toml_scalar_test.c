#include <math.h>

#include "tests/wire/value_tests.h"
#include "wire/toml.h"

/* The value of `a = TEXT`. */
static const struct value *read_as(enum toml_version version, const char *text)
{
    struct value *v = NULL;
    const struct toml_options o = {.version = version};
    char line[400];
    int size = snprintf(line, sizeof(line), "a = %s\n", text);
    /* The tree points into the text. */
    static char kept[400];
    memcpy(kept, line, (size_t)size + 1);
    toml_read(begin_source((struct slice){kept, (size_t)size}), &o, &arena_, &faults_, &v);
    return v->first ? v->first : v;
}

static const struct value *scalar(const char *text)
{
    const struct value *v = read_as(TOML_1_1, text);
    CHECK_INT(faults_.count, 0);
    return v;
}

static const char *fault_of(const char *text)
{
    read_as(TOML_1_1, text);
    return fault_at(0);
}

static void whole_numbers_of_four_bases(void)
{
    CHECK_INT(scalar("+99")->integer, 99);
    CHECK_INT(scalar("-1_000")->integer, -1000);
    CHECK_INT(scalar("0xDEAD_beef")->integer, 0xDEADBEEF);
    CHECK_INT(scalar("0o755")->integer, 0755);
    CHECK_INT(scalar("0b101")->integer, 5);
    CHECK_INT(scalar("-9223372036854775808")->integer, INT64_MIN);
    CHECK_STR(fault_of("9223372036854775808"),
              "1:5: out_of_range: '9223372036854775808' does not fit a whole number of 64 bits");
    CHECK_STR(fault_of("0xFFFFFFFFFFFFFFFF0"),
              "1:5: out_of_range: '0xFFFFFFFFFFFFFFFF0' does not fit a whole number of 64 bits");
}

static void malformed_numbers(void)
{
    static const char *const bad[] = {"01", "1__0", "_1", "1_",  "0x",  "0xg",  "-0x1", "1.",
                                      ".5", "1.e3", "1e", "+-1", "0o8", "1._5", "03.1", "1e5.0"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct value *v = read_as(TOML_1_1, bad[i]);
        CHECK_INT(faults_.count, 1);
        CHECK_INT(v->type, VALUE_BAD);
    }
    CHECK_STR(fault_of("1__0"), "1:5: syntax: '1__0' is neither a number nor a date");
}

static void numbers_with_a_fraction_or_an_exponent(void)
{
    CHECK(scalar("6.5")->number == 6.5);
    CHECK(scalar("-1e3")->number == -1000);
    CHECK(scalar("1_0.2_5E-0_1")->number == 1.025);
    CHECK(scalar("-inf")->number == -INFINITY);
    CHECK(isnan(scalar("+nan")->number));
    CHECK(signbit(scalar("-0.0")->number));
    CHECK_STR(fault_of("1e400"),
              "1:5: out_of_range: '1e400' does not fit a number of double precision");
}

static bool is_time(const char *text, enum value_time kind, const char *want)
{
    const struct value *v = scalar(text);
    return v->type == VALUE_TIME && v->time == kind && slice_eq_cstr(v->text, want);
}

static void dates_and_times_are_rfc_3339(void)
{
    CHECK(is_time("1979-05-27T07:32:00Z", VALUE_TIME_OFFSET, "1979-05-27T07:32:00Z"));
    CHECK(is_time("1979-05-27 07:32:00.999-07:00", VALUE_TIME_OFFSET,
                  "1979-05-27T07:32:00.999-07:00"));
    CHECK(is_time("1979-05-27t07:32z", VALUE_TIME_OFFSET, "1979-05-27T07:32:00Z"));
    CHECK(is_time("1979-05-27 07:32", VALUE_TIME_LOCAL, "1979-05-27T07:32:00"));
    CHECK(is_time("2024-02-29", VALUE_DATE_LOCAL, "2024-02-29"));
    CHECK(is_time("07:32", VALUE_CLOCK_LOCAL, "07:32:00"));
    CHECK(is_time("07:32:00.5 # tea", VALUE_CLOCK_LOCAL, "07:32:00.5"));
}

static void dates_that_are_in_no_calendar(void)
{
    static const char *const bad[] = {"2023-02-29",  "2100-02-29", "1979-13-01",
                                      "1979-00-01",  "1979-5-27",  "24:00:00",
                                      "07:60:00",    "07:32:61",   "1979-05-27T07:32:00+24:00",
                                      "1979-05-27T", "07:32:00."};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(read_as(TOML_1_1, bad[i])->type, VALUE_BAD);
        CHECK_INT(faults_.count, 1);
    }
    CHECK_INT(read_as(TOML_1_0, "07:32")->type, VALUE_BAD);
}

static bool is_text(const char *text, const char *want, size_t size)
{
    const struct value *v = scalar(text);
    return v->type == VALUE_STRING && slice_eq(v->text, (struct slice){want, size});
}
#define CHECK_TEXT(text, want) CHECK(is_text(text, want, sizeof(want) - 1))

static void strings_of_four_kinds(void)
{
    CHECK_TEXT("\"\"", "");
    CHECK_TEXT("\"a\\tb\\\"\\u00e9\\U0001F600\\x41\\e\"", "a\tb\"\xc3\xa9\xf0\x9f\x98\x80"
                                                          "A\x1b");
    CHECK_TEXT("'C:\\new'", "C:\\new");
    CHECK_TEXT("\"\"\"\none\n two\"\"\"", "one\n two");
    CHECK_TEXT("\"\"\"one \\\n\n   two\"\"\"", "one two");
    CHECK_TEXT("\"\"\"\"quoted\"\"\"\"\"", "\"quoted\"\"");
    CHECK_TEXT("'''\nit's\r\nraw\\n'''", "it's\nraw\\n");
}

static void faults_in_strings(void)
{
    CHECK_STR(fault_of("\"a\\q\""),
              "1:7: syntax: expected one of b t n f r e \" \\ x u U behind a backslash");
    CHECK_STR(fault_of("\"\\u12\""), "1:6: syntax: \\u needs four hexadecimal digits");
    CHECK_STR(fault_of("\"\\ud800\""), "1:6: syntax: this escape is no Unicode character");
    CHECK_STR(fault_of("'a\x01'"), "1:7: syntax: a string holds the bare control character 0x01");
    CHECK_STR(fault_of("\"abc"), "1:5: syntax: this string has no closing quote");
    CHECK_STR(fault_of("'''abc"), "1:5: syntax: this string has no closing three quotes");
    read_as(TOML_1_0, "\"\\e\"");
    CHECK_STR(fault_at(0), "1:6: syntax: expected one of b t n f r \" \\ u U behind a backslash");
    read_as(TOML_1_1, "\"\\q\\q\"");
    CHECK_INT(faults_.count, 2);
}

static void a_word_without_quotes_gets_advice(void)
{
    CHECK_STR(fault_of("hello"), "1:5: syntax: 'hello' is no value: a string needs quotes");
    CHECK(!faults_.items[0].suggestion);
    CHECK_STR(fault_of("True"), "1:5: syntax: 'True' is no value: a string needs quotes");
    CHECK_STR(faults_.items[0].suggestion, "true");
}

static void text_without_escapes_is_the_sources_own(void)
{
    const struct value *v = scalar("'plain'");
    CHECK(v->text.data == source_->text.data + 5);
}

int main(void)
{
    TAP_RUN(whole_numbers_of_four_bases);
    TAP_RUN(malformed_numbers);
    TAP_RUN(numbers_with_a_fraction_or_an_exponent);
    TAP_RUN(dates_and_times_are_rfc_3339);
    TAP_RUN(dates_that_are_in_no_calendar);
    TAP_RUN(strings_of_four_kinds);
    TAP_RUN(faults_in_strings);
    TAP_RUN(a_word_without_quotes_gets_advice);
    TAP_RUN(text_without_escapes_is_the_sources_own);
    value_tests_done();
    return tap_done();
}
