#include "wire/query.h"

#include <errno.h>

#include "base/duration.h"
#include "tests/tap.h"

static struct arena arena = {.sub = MEM_TEST};
static struct err err;

static const struct query *parse(const char *text)
{
    const struct query *q = NULL;
    err = (struct err){0};
    return query_parse(slice_from(text), &arena, &q, NULL, &err) == 0 ? q : NULL;
}

/* Its one form, in which brackets show what binds. */
static const char *shown(const char *text)
{
    static struct buf out = {.sub = MEM_TEST};
    const struct query *q = parse(text);
    buf_clear(&out);
    if (!q)
        return err.text;
    query_print(q, &out);
    const char *kept = arena_strdup(&arena, buf_slice(&out));
    buf_done(&out);
    return kept;
}

static void operators_bind_as_in_arithmetic(void)
{
    CHECK_STR(shown("a+b*c"), "a + b * c");
    CHECK_STR(shown("(a+b)*c"), "(a + b) * c");
    CHECK_STR(shown("a-b-c"), "a - b - c");
    CHECK_STR(shown("a-(b-c)"), "a - (b - c)");
    CHECK_STR(shown("-a*b"), "-a * b");
    CHECK_STR(shown("-(a*b)"), "-(a * b)");
    CHECK_STR(shown("a > 1 and b<2 or c!=3"), "a > 1 and b < 2 or c != 3");
    CHECK_STR(shown("a > 1 and (b<=2 or c==3)"), "a > 1 and (b <= 2 or c == 3)");
    CHECK_STR(shown("(a > 1) * 2 >= 4"), "(a > 1) * 2 >= 4");
    CHECK_STR(shown("10 % 3 > 0"), "10 % 3 > 0");
}

static void a_selector_has_matchers(void)
{
    const struct query *q =
        parse("http_total{job=\"web\", code!='200',path=~\"/a\\\\d+\",x!~\"\\d\",}");
    CHECK(q && q->root->type == QUERY_SELECTOR);
    const struct query_selector *s = q->root->selector;
    CHECK(slice_eq_cstr(s->name, "http_total"));
    CHECK_INT(s->matcher_count, 4);
    CHECK_INT(s->matchers[1].match, QUERY_IS_NOT);
    CHECK(slice_eq_cstr(s->matchers[1].value, "200"));
    CHECK_INT(s->matchers[2].match, QUERY_MATCHES);
    CHECK(slice_eq_cstr(s->matchers[2].value, "/a\\d+"));
    CHECK(slice_eq_cstr(s->matchers[3].value, "\\d"));
    CHECK_STR(shown("a{}"), "a");
    CHECK_STR(shown("job:errors:rate5m"), "job:errors:rate5m");
}

static void functions_look_at_selectors_over_a_span(void)
{
    CHECK_STR(shown("rate(a{b='c'},5m)"), "rate(a{b=\"c\"}, 5m0s)");
    CHECK_STR(shown("quantile ( 0.99 , a , 1h30m )"), "quantile(0.98999999999999999, a, 1h30m0s)");
    CHECK_STR(shown("corr(a,b,10s) < 0.3"), "corr(a, b, 10s) < 0.29999999999999999");
    CHECK_INT(parse("step(a,5m)+rate(b,7m)")->back_ns, INT64_C(600000000000));
    CHECK_INT(parse("step(a,5m)+rate(b,7m)")->selector_count, 2);
    /* A metric may have the name of a function. */
    CHECK_STR(shown("rate > min"), "rate > min");
}

static void for_says_how_long(void)
{
    CHECK_INT(parse("cpu_ratio > 0.9 for 2m")->for_ns, INT64_C(120000000000));
    CHECK_STR(shown("a > 1 for 90s"), "a > 1 for 1m30s");
    CHECK_INT(parse("a > 1")->for_ns, 0);
}

static void a_condition_is_true_or_false(void)
{
    CHECK(query_is_condition(parse("a > 1")->root));
    CHECK(query_is_condition(parse("a and b")->root));
    CHECK(!query_is_condition(parse("a + 1")->root));
    CHECK(!query_is_condition(parse("rate(a,1m)")->root));
}

static void a_fault_has_its_column(void)
{
    static const char *const faults[][2] = {
        {"", "column 1: a metric, a number or a function is missing"},
        {"a >", "column 4: a metric, a number or a function is missing"},
        {"a > 1 2", "column 7: an operator is missing, or this is too much"},
        {"a > 1 > 0", "column 7: a comparison of a comparison: use and, or brackets"},
        {"(a", "column 3: ')' is missing behind an expression in brackets"},
        {"a{b}", "column 4: =, !=, =~ or !~ is missing behind a label's name"},
        {"a{b=c}", "column 5: a label's value stands in quotes"},
        {"a{b=\"c}", "column 5: the quotes that begin here do not end"},
        {"a{b=~\"(\"}", "column 6: no pattern: missing closing parenthesis"},
        {"a{b=\"c\" d=\"e\"}", "column 9: ',' or '}' is missing behind a label's value"},
        {"rat(a,5m)", "column 1: there is no function rat: did you mean rate"},
        {"rate(a)", "column 7: ',' is missing behind the metric: a function looks at a selector, "
                    "over a span"},
        {"rate(a,5)", "column 8: the last argument needs a unit: 5s, 5m"},
        {"rate(a,x)", "column 8: the last argument is a span of time, like 5m"},
        {"rate(a,0s)", "column 8: the last argument is longer than nothing"},
        {"rate(a,2h1s)", "column 8: the last argument is at most 2h: metrics are kept for 2h"},
        {"step(a,61m)", "column 8: the last argument is at most 1h: metrics are kept for 2h, "
                        "and step looks at two such spans"},
        {"a > 1 for 3h", "column 11: for is at most 2h: metrics are kept for 2h"},
        {"rate(a+b,5m)", "column 7: ',' is missing behind the metric: a function looks at a "
                         "selector, over a span"},
        {"quantile(2,a,5m)", "column 10: a quantile is a number from 0 to 1"},
        {"a > 5m", "column 5: a span of time stands behind a comma or `for`; seconds are a number"},
        {"a > 1 for", "column 10: for is a span of time, like 5m"},
        {"a > 1 for 5m x", "column 14: an operator is missing, or this is too much"},
        {"a > 1 and", "column 10: a metric, a number or a function is missing"},
        {"a > 1_0", "column 5: 1_0 is no number"},
        {"a > 1e999", "column 5: 1e999 is beyond every number"},
        {"\xff", "column 1: a metric, a number or a function is missing"},
    };
    for (size_t i = 0; i < ARRAY_LEN(faults); i++)
        CHECK_STR(shown(faults[i][0]), faults[i][1]);
}

static void a_fault_has_its_place(void)
{
    const struct query *q = NULL;
    size_t at = 99;
    CHECK_INT(query_parse(SLICE("a > foo(1)"), &arena, &q, &at, &err), -EINVAL);
    CHECK_INT(at, 4);
    CHECK(!q);
}

static void limits_have_names(void)
{
    static char text[QUERY_BYTES_MAX + 2];
    memset(text, '(', 100);
    text[100] = 0;
    CHECK_STR(shown(text), "column 17: more than 16 brackets inside each other");
    memset(text, '-', 100);
    CHECK_STR(shown(text), "column 17: more than 16 brackets inside each other");
    for (int i = 0; i < QUERY_DEPTH_MAX; i++)
        memcpy(text + 2 * i, "1+", 2);
    memcpy(text + 2 * QUERY_DEPTH_MAX, "1", 2);
    CHECK_STR(shown(text), "column 128: more than 64 operators deep");
    memset(text, ' ', sizeof(text) - 1);
    CHECK_STR(shown(text), "column 4097: a query has at most 4096 bytes");
    struct arena small = ARENA(MEM_TEST, 100);
    const struct query *q;
    CHECK_INT(query_parse(SLICE("a > 1"), &small, &q, NULL, &err), -ENOSPC);
    arena_done(&small);
}

int main(void)
{
    TAP_RUN(operators_bind_as_in_arithmetic);
    TAP_RUN(a_selector_has_matchers);
    TAP_RUN(functions_look_at_selectors_over_a_span);
    TAP_RUN(for_says_how_long);
    TAP_RUN(a_condition_is_true_or_false);
    TAP_RUN(a_fault_has_its_column);
    TAP_RUN(a_fault_has_its_place);
    TAP_RUN(limits_have_names);
    arena_done(&arena);
    return tap_done();
}
