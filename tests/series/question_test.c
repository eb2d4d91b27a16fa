#include "series/series.h"

#include <errno.h>
#include <math.h>

#include "base/alloc.h"
#include "tests/tap.h"

enum { S = 1000, MIN = 60 * S };

static struct series_set *set;
static struct arena arena;
static struct series_answer answer;
static struct err err;

/* `labels` is "a=1,b=2". */
static struct series *series_of(const char *name, const char *labels)
{
    struct series_label l[8];
    uint32_t n = 0;
    struct series *s = NULL;
    struct slice rest = slice_from(labels);
    while (rest.size) {
        struct slice pair = slice_cut(&rest, ','), key = slice_cut(&pair, '=');
        l[n++] = (struct series_label){key, pair};
    }
    CHECK_INT(series_pin(set, slice_from(name), l, n, &s), 0);
    return s;
}

static void put(const char *name, const char *labels, int64_t ms, double value)
{
    struct series *s = series_of(name, labels);
    CHECK_INT(series_add(set, s, ms, value), 0);
    series_unpin(set, s);
}

/* The evidence as text; "-": false. What goes wrong is told in its words. */
static const char *ask_at(const char *query, int64_t now)
{
    struct series_question *q = NULL;
    struct buf out = BUF(MEM_TEST, 0);
    if (series_question_new(slice_from(query), &q, &err) < 0 ||
        series_ask(set, q, now, NULL, NULL, &arena, &answer, &err) < 0) {
        series_question_free(q);
        return err.text;
    }
    for (uint64_t i = 0; i < answer.count && i < SERIES_EVIDENCE_MAX; i++)
        buf_printf(&out, "%s%s=%.6g", i ? " " : "", answer.evidence[i].labels,
                   answer.evidence[i].value);
    const char *text = answer.is_true ? arena_strdup(&arena, buf_slice(&out)) : "-";
    buf_done(&out);
    series_question_free(q);
    return text;
}

static void in_a_set(void (*fn)(void))
{
    struct series_options o = {.seed = {1, 2}};
    set = series_set_new(&o);
    arena = ARENA(MEM_TEST, 0);
    fn();
    arena_done(&arena);
    series_set_free(set);
    CHECK_INT(mem_usage_of(MEM_SERIES).bytes, 0);
}

/* ---- selectors ---- */

static void a_selector_finds_by_labels(void)
{
    put("m", "a=1,b=x", 0, 1);
    put("m", "a=2,b=xy", 0, 2);
    put("m", "a=3", 0, 3);
    CHECK_STR(ask_at("m > 0", 0), "m{a=\"1\",b=\"x\"}=1 m{a=\"2\",b=\"xy\"}=2 m{a=\"3\"}=3");
    CHECK_STR(ask_at("m{a='2'} > 0", 0), "m{a=\"2\",b=\"xy\"}=2");
    CHECK_STR(ask_at("m{a!='2'} > 0", 0), "m{a=\"1\",b=\"x\"}=1 m{a=\"3\"}=3");
    CHECK_STR(ask_at("m{b=~'x'} > 0", 0), "m{a=\"1\",b=\"x\"}=1"); /* the whole value */
    CHECK_STR(ask_at("m{b=~'x.*'} > 1", 0), "m{a=\"2\",b=\"xy\"}=2");
    CHECK_STR(ask_at("m{b!~'x.*'} > 0", 0), "m{a=\"3\"}=3");
    CHECK_STR(ask_at("m{b=''} > 0", 0), "m{a=\"3\"}=3");
    CHECK_STR(ask_at("other > 0", 0), "-");
    CHECK(!answer.has_data);
}

static void what_asks_for_no_series_is_known_without_any(void)
{
    CHECK_STR(ask_at("1 > 2", 0), "-");
    CHECK(answer.has_data);
    CHECK_STR(ask_at("2 > 1 for 1m", 0), "{}=2");
    CHECK(answer.has_data);
    CHECK_STR(ask_at("1 > 2 or other > 0", 0), "-"); /* the other side may yet be so */
    CHECK(!answer.has_data);
}

static void a_value_holds_for_a_while_but_not_beyond_its_end(void)
{
    struct series *s = series_of("m", "");
    series_add(set, s, 1000, 7);
    CHECK_STR(ask_at("m > 0", 999), "-");
    CHECK_STR(ask_at("m > 0", 1000), "m=7");
    CHECK_STR(ask_at("m > 0", 1000 + SERIES_BACK_MS - 1), "m=7");
    CHECK_STR(ask_at("m > 0", 1000 + SERIES_BACK_MS), "-");
    series_end(set, s, 2000);
    CHECK_STR(ask_at("m > 0", 2000), "-");
    CHECK_STR(ask_at("m > 0", 1999), "m=7"); /* what was, was */
    CHECK_STR(ask_at("avg(m, 1m) > 0", 3000), "{}=7");
    series_add(set, s, 5000, 8);
    CHECK_STR(ask_at("m > 0", 5000), "m=8");
    series_unpin(set, s);
}

/* ---- operators ---- */

static void arithmetic_and_comparisons(void)
{
    put("a", "", 0, 6);
    put("b", "", 0, 4);
    CHECK_STR(ask_at("a + b * 2", 0), "{}=14");
    CHECK_STR(ask_at("(a + b) * 2 / 5 - -1", 0), "{}=5");
    CHECK_STR(ask_at("a % b == 2", 0), "{}=2");
    CHECK_STR(ask_at("a > b", 0), "a=6");
    CHECK_STR(ask_at("a >= 6 and b <= 4", 0), "a=6");
    CHECK_STR(ask_at("a < 6 or b != 5", 0), "b=4");
    CHECK_STR(ask_at("a == 6 and b == 5", 0), "-");
    CHECK_STR(ask_at("1 + 1 == 2", 0), "{}=2");
    CHECK_STR(ask_at("a - 6", 0), "-");         /* 0 is not true */
    CHECK_STR(ask_at("a - 6 > -1", 0), "{}=0"); /* but may be what a comparison holds for */
}

static void what_is_missing_is_no_evidence(void)
{
    put("zero", "", 0, 0);
    put("nan", "", 0, NAN);
    put("one", "", 0, 1);
    CHECK_STR(ask_at("one / zero > 0", 0), "-");
    CHECK_STR(ask_at("one / zero <= 0", 0), "-");
    CHECK_STR(ask_at("one % zero == one % zero", 0), "-");
    CHECK_STR(ask_at("nan > 0 or nan <= 0 or nan != 0", 0), "-");
    CHECK_STR(ask_at("nothing == 0", 0), "-");
    CHECK_STR(ask_at("one == 1 and nothing == 0", 0), "-");
    CHECK(answer.has_data);
    CHECK_STR(ask_at("one == 1 or nothing == 0", 0), "one=1");
}

static void sides_go_together_where_labels_agree(void)
{
    put("used", "disk=a,asset=x", 0, 90);
    put("used", "disk=b,asset=x", 0, 10);
    put("size", "disk=a,asset=x", 0, 100);
    put("size", "disk=b,asset=x", 0, 100);
    put("load", "asset=x", 0, 3);
    put("load", "asset=y", 0, 9);
    put("gc", "generation=2,asset=x", 0, 1);
    CHECK_STR(ask_at("used / size > 0.5", 0), "{asset=\"x\",disk=\"a\"}=0.9");
    CHECK_STR(ask_at("used > 50 and load > 2", 0), "used{asset=\"x\",disk=\"a\"}=90");
    CHECK_STR(ask_at("used > 50 and load > 5", 0), "-"); /* that is another asset's */
    CHECK_STR(ask_at("load * used > 200", 0), "{asset=\"x\",disk=\"a\"}=270");
    CHECK_STR(ask_at("gc > 0 and used > 50", 0), "gc{asset=\"x\",generation=\"2\"}=1");
    CHECK_STR(ask_at("gc + used > 90", 0), "{asset=\"x\",disk=\"a\",generation=\"2\"}=91");
}

static void many_series_are_joined_by_what_they_share(void)
{
    enum { COUNT = 2000 };
    char labels[64];
    for (int i = 0; i < COUNT; i++) {
        snprintf(labels, sizeof(labels), "asset=a%d,x=1", i);
        put("l", labels, 0, i);
        snprintf(labels, sizeof(labels), "asset=a%d,y=2", COUNT - 1 - i);
        put("r", labels, 0, COUNT - 1 - i);
    }
    CHECK_STR(ask_at("l - r != 0", 0), "-");
    ask_at("l == r", 0);
    CHECK_INT(answer.count, COUNT);
    CHECK(answer.samples < 20 * COUNT); /* not each with each */
}

/* ---- functions ---- */

static void fill(const char *name, const char *labels, double (*of)(int64_t s))
{
    struct series *s = series_of(name, labels);
    for (int64_t t = 0; t <= 3600; t += 5)
        series_add(set, s, t * S, of(t));
    series_unpin(set, s);
}

static double line(int64_t s)
{
    return 100 + 2.5 * (double)s;
}

static double resets(int64_t s)
{
    return (double)(s % 600) * 3;
}

static double jumps(int64_t s)
{
    return s > 3000 ? 40 : 10;
}

static double wave(int64_t s)
{
    return sin((double)s / 50);
}

static double wave_with(int64_t s)
{
    return 1e9 + 5 * sin((double)s / 50);
}

static double wave_against(int64_t s)
{
    return -sin((double)s / 50);
}

static double still(int64_t s)
{
    (void)s;
    return 5;
}

static void functions_over_a_window(void)
{
    fill("line", "", line);
    fill("resets", "", resets);
    fill("jumps", "", jumps);
    int64_t now = 3600 * S;
    CHECK_STR(ask_at("trend(line, 10m)", now), "{}=2.5");
    CHECK_STR(ask_at("rate(line, 10m)", now), "{}=2.5");
    CHECK_STR(ask_at("avg(line, 10s)", now), "{}=9093.75");
    CHECK_STR(ask_at("min(line, 1m)", now), "{}=8962.5");
    CHECK_STR(ask_at("max(line, 1m)", now), "{}=9100");
    CHECK_STR(ask_at("quantile(0.5, line, 1m)", now), "{}=9031.25");
    CHECK_STR(ask_at("quantile(1, line, 1m)", now), "{}=9100");
    CHECK_STR(ask_at("quantile(0.25, line, 10s)", now), "{}=9090.62");
    CHECK_STR(ask_at("step(jumps, 10m)", now), "{}=4");
    CHECK_STR(ask_at("step(jumps, 5m)", now), "{}=1");
    /* A counter that began anew: what it counted up to its last reading before is lost. */
    CHECK_STR(ask_at("rate(resets, 5m) - 3 < 0.001", now), "{}=-0.0508475");
    CHECK_STR(ask_at("rate(resets, 100s)", now - 10 * S), "{}=3");
}

static void a_function_needs_enough_samples(void)
{
    put("one", "", 60 * S, 5);
    CHECK_STR(ask_at("avg(one, 1m)", 60 * S), "{}=5");
    CHECK_STR(ask_at("rate(one, 1m) >= 0", 60 * S), "-");
    CHECK_STR(ask_at("trend(one, 1m) >= 0", 60 * S), "-");
    CHECK_STR(ask_at("step(one, 1m) >= 0", 60 * S), "-");
    CHECK_STR(ask_at("avg(one, 1m) > 0", 120 * S), "-"); /* it is at the open end */
}

static void correlation_pairs_each_sample_with_what_held_then(void)
{
    int64_t now = 3600 * S;
    fill("a", "asset=x", wave);
    fill("b", "asset=x,q=1", wave_with);
    fill("c", "asset=x", wave_against);
    fill("s", "asset=x", still);
    fill("z", "asset=other", wave);
    CHECK_STR(ask_at("corr(a, b, 30m) > 0.999", now), "{asset=\"x\"}=1");
    CHECK_STR(ask_at("corr(a, c, 30m) < 0", now), "{asset=\"x\"}=-1");
    CHECK_STR(ask_at("corr(a, s, 30m) == 0", now), "{asset=\"x\"}=0");
    CHECK_STR(ask_at("corr(s, s, 30m) > -2", now), "-");
    CHECK_STR(ask_at("corr(a, z, 30m) > -2", now), "-");
}

/* ---- for ---- */

static void for_asks_the_whole_span(void)
{
    struct series *s = series_of("m", "");
    for (int64_t t = 0; t <= 600; t += 5)
        series_add(set, s, t * S, t == 300 ? 0 : 10);
    CHECK_STR(ask_at("m > 5 for 4m", 600 * S), "m=10");
    CHECK_STR(ask_at("m > 5 for 10m", 600 * S), "-"); /* at 5m it was not */
    CHECK_STR(ask_at("m > 5 for 2m", 100 * S), "-");  /* nobody knows about before */
    CHECK_STR(ask_at("m > 5 for 2m", 130 * S), "m=10");
    series_unpin(set, s);
}

static void for_holds_for_each_series_by_itself(void)
{
    for (int64_t t = 0; t <= 600; t += 5) {
        put("m", "a=1", t * S, t % 100 < 50 ? 10 : 0);
        put("m", "a=2", t * S, t % 100 < 50 ? 0 : 10);
        put("m", "a=3", t * S, 10);
    }
    CHECK_STR(ask_at("m > 5 for 5m", 600 * S), "m{a=\"3\"}=10");
    CHECK_STR(ask_at("m{a!='3'} > 5 for 5m", 600 * S), "-");
}

/* ---- limits ---- */

static void evidence_is_cut_and_counted(void)
{
    char labels[32];
    for (int i = 0; i < 100; i++) {
        snprintf(labels, sizeof(labels), "a=%d", i);
        put("m", labels, 0, 1);
    }
    ask_at("m > 0", 0);
    CHECK_INT(answer.count, 100);
}

static void a_join_of_too_many_is_refused(void)
{
    char labels[32];
    for (int i = 0; i < 500; i++) {
        snprintf(labels, sizeof(labels), "a=%d", i);
        put("l", labels, 0, 1);
        snprintf(labels, sizeof(labels), "b=%d", i);
        put("r", labels, 0, 1);
    }
    CHECK_STR(ask_at("l + r > 0", 0), "more than 200000 values");
    CHECK_STR(ask_at("rat(m, 5m)", 0), "column 1: there is no function rat: did you mean rate");
}

static int paused;

static void on_pause(void *ctx)
{
    paused++;
    series_expire(ctx, INT64_C(1) << 50); /* the worst that may happen meanwhile */
}

static void others_may_change_the_set_during_a_pause(void)
{
    struct series_question *q;
    char name[32];
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "a=%d", i);
        struct series *s = series_of("m", name);
        for (int t = 0; t < 300; t++)
            series_add(set, s, t, t);
        series_unpin(set, s);
    }
    CHECK_INT(series_question_new(SLICE("avg(m, 1m) > 0"), &q, &err), 0);
    CHECK_INT(series_ask(set, q, 300, on_pause, set, &arena, &answer, &err), 0);
    CHECK(paused > 0 && answer.count > 0 && answer.count < 200);
    series_question_free(q);
    CHECK_INT(series_usage(set).series, 0);
}

int main(void)
{
    TAP_RUN_IN(in_a_set, a_selector_finds_by_labels);
    TAP_RUN_IN(in_a_set, what_asks_for_no_series_is_known_without_any);
    TAP_RUN_IN(in_a_set, a_value_holds_for_a_while_but_not_beyond_its_end);
    TAP_RUN_IN(in_a_set, arithmetic_and_comparisons);
    TAP_RUN_IN(in_a_set, what_is_missing_is_no_evidence);
    TAP_RUN_IN(in_a_set, sides_go_together_where_labels_agree);
    TAP_RUN_IN(in_a_set, many_series_are_joined_by_what_they_share);
    TAP_RUN_IN(in_a_set, functions_over_a_window);
    TAP_RUN_IN(in_a_set, a_function_needs_enough_samples);
    TAP_RUN_IN(in_a_set, correlation_pairs_each_sample_with_what_held_then);
    TAP_RUN_IN(in_a_set, for_asks_the_whole_span);
    TAP_RUN_IN(in_a_set, for_holds_for_each_series_by_itself);
    TAP_RUN_IN(in_a_set, evidence_is_cut_and_counted);
    TAP_RUN_IN(in_a_set, a_join_of_too_many_is_refused);
    TAP_RUN_IN(in_a_set, others_may_change_the_set_during_a_pause);
    return tap_done();
}
