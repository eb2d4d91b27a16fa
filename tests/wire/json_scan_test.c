#include "wire/json_scan.h"

#include <errno.h>

#include "tests/tap.h"

static struct arena arena = {.sub = MEM_TEST};
static struct json_scan scan;

static void begin(const char *text)
{
    arena_reset(&arena);
    scan = (struct json_scan){.at = text, .end = text + strlen(text), .arena = &arena};
}

static void space_is_four_characters(void)
{
    begin(" \t\r\n\f");
    json_scan_space(&scan);
    CHECK(*scan.at == '\f');
}

static void a_string_ends_behind_its_quote(void)
{
    struct slice s;
    begin("\"a\\u00e9\" x");
    CHECK(json_scan_string(&scan, &s));
    CHECK(slice_eq(s, SLICE("a\xc3\xa9")));
    CHECK_STR(scan.at, " x");
}

static void a_number_ends_where_its_grammar_ends(void)
{
    struct slice s;
    begin("-1.5e+3,");
    CHECK(json_scan_number(&scan, &s));
    CHECK(slice_eq(s, SLICE("-1.5e+3")));
    begin("012");
    CHECK(json_scan_number(&scan, &s));
    CHECK_INT(s.size, 1);
}

static void a_failure_has_its_place(void)
{
    struct slice s;
    const char *text = "\"ab\\q\"";
    begin(text);
    CHECK(!json_scan_string(&scan, &s));
    CHECK_INT(scan.where - text, 4);
    CHECK_INT(scan.result, -EBADMSG);
    begin("-x");
    CHECK(!json_scan_number(&scan, &s));
    CHECK_STR(scan.expected, "a digit");
}

int main(void)
{
    TAP_RUN(space_is_four_characters);
    TAP_RUN(a_string_ends_behind_its_quote);
    TAP_RUN(a_number_ends_where_its_grammar_ends);
    TAP_RUN(a_failure_has_its_place);
    arena_done(&arena);
    return tap_done();
}
