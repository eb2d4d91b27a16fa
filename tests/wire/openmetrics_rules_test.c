#include "wire/openmetrics.h"

#include <errno.h>

#include "tests/tap.h"

static struct openmetrics *strict, *plain;
static struct err err;

static int parse(struct openmetrics *p, enum openmetrics_format f, const char *page)
{
    const struct openmetrics_sample *s;
    struct slice in = slice_from(page);
    int r;
    err = (struct err){0};
    openmetrics_begin(p, f);
    while ((r = openmetrics_next(p, &in, &s, &err)) > 0)
        ;
    return r < 0 ? r : openmetrics_end(p, &err);
}

/* ---- every rule, by an example ---- */

#define H "# TYPE a histogram\n"
#define G "# TYPE a gaugehistogram\n"
#define C "# TYPE a counter\n"
#define S "# TYPE a summary\n"

/* Without their "# EOF" at the end. */
static const char *const bad_pages[] = {
    "\n",
    " # HELP a b\n",
    "# HELP\n",
    "# HELP a\n",
    "# HELP  a b\n",
    "#HELP a b\n",
    "# TYPE a \n",
    "# TYPE a untyped\n",
    "# TYPE a Gauge\n",
    "# TYPE 0a gauge\n",
    "# UNIT a_s\n",
    "# a b c\n",
    "# UNIT a_s s \n",
    "# TYPE a_s stateset\n# UNIT a_s s\n",
    "# HELP a b\n# HELP a b\n",
    "# TYPE a gauge\n# TYPE a gauge\n",
    "# HELP a x\na 1\n# TYPE a gauge\n",
    "# TYPE a_s gauge\na_s 1\n# UNIT a_s s\n",
    C C,
    "# TYPE a_created gauge\n" C,
    "# TYPE a_total gauge\n" C,
    "# TYPE a gauge\n# TYPE b gauge\n# HELP a x\n",
    "a.b 1\n",
    "a \n",
    "a  1\n",
    "a 1\t\n",
    "a\t1\n",
    "a 1_0\n",
    "a 0x1\n",
    "a 1,0\n",
    "a 1 0x1p-3\n",
    "a 1 1_0\n",
    "a 1 +Inf\n",
    "a 1  1\n",
    "a 1 1 1\n",
    "a {b=\"c\"} 1\n",
    "a{b=c} 1\n",
    "a{b='c'} 1\n",
    "a{b} 1\n",
    "a{\"b\"} 1\n",
    "a{b=\"} 1\n",
    "a{b=\"c\"}1\n",
    "a{b=\"c\",,d=\"e\"} 1\n",
    "a{,} 1\n",
    "a{b =\"c\"} 1\n",
    "a{b:c=\"d\"} 1\n",
    "a{b=\"c\" } 1\n",
    "{b=\"c\"} 1\n",
    "a{b=\"c\"} \n",
    "a} 1\n",
    C "a_total 1# {} 1\n",
    C "a_total 1 #{} 1\n",
    C "a_total 1 # {} \n",
    C "a_total 1 # {}\n",
    C "a_total 1 # {} 1 1 1\n",
    C "a_total 1 # {} 1 NaN\n",
    C "a_total 1 # {a=\"1\",a=\"2\"} 1\n",
    C "a_created 1 # {} 1\n",
    "# TYPE a gauge\na 1 # {} 1\n",
    "# TYPE a stateset\na{a=\"b\"} 1 # {} 1\n",
    H "a_bucket{le=\"+Inf\"} 1\na_count 1 # {} 1\na_sum 1\n",
    S "a{quantile=\"0.5\"} 1 # {} 1\n",
    "# TYPE a info\na_info{b=\"c\"} 0\n",
    "# TYPE a stateset\na{b=\"c\"} 1\n",
    "# TYPE a stateset\na{a=\"b\"} 0.5\n",
    S "a 1\n",
    S "a{quantile=\"x\"} 1\n",
    S "a{quantile=\"NaN\"} 1\n",
    S "a{quantile=\"0.5\"} -1\n",
    S "a_sum -1\n",
    S "a_sum NaN\n",
    G "a_bucket 1\n",
    G "a_bucket{le=\"x\"} 1\n",
    H "a_bucket{le=\"NaN\"} 1\n",
    H "a_bucket{le=\"inf\"} 1\n",
    H "a_bucket{le=\"1\"} 1\n",
    H "a_count 1\na_sum 1\n",
    H "a_bucket{le=\"+Inf\"} 1\na_sum 1\n",
    H "a_bucket{le=\"+Inf\"} 1\na_count 1\n",
    G "a_bucket{le=\"+Inf\"} 1\na_gsum 1\n",
    G "a_gcount 1\na_gsum 1\n",
    H "a_bucket{le=\"1\"} 1\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 1\n",
    H "a_bucket{le=\"-1\"} 1\na_bucket{le=\"+Inf\"} 2\na_count 2\na_sum 1\n",
    H "a_sum{b=\"1\"} 0\na_sum{b=\"2\"} 0\na_count{b=\"1\"} 0\n",
    H "a_bucket{b=\"1\",le=\"1\"} 0\na_bucket{b=\"2\",le=\"+Inf\"} "
      "0\na_bucket{b=\"1\",le=\"+Inf\"} 0\n",
    "# TYPE a gauge\na 0 -1\na 0 -2\n",
    "# TYPE a gauge\na 0 1\na 0\n",
    "a 1\nb 1\na 1\n",
    C "a_total NaN\n",
    C "a_total{b=\"1\"} 1\na_total{b=\"2\"} 1\na_created{b=\"1\"} 1\n",
    C "a_total{b=\"1\",c=\"2\"} 1\na_total{c=\"2\",b=\"1\"} 1\n",
};

static const char *const good_pages[] = {
    "",
    "# HELP a \n",
    "# HELP a b  c \n",
    "# UNIT a \n",
    "# UNIT a_s s\na_s 1\n",
    "a:b 1\n",
    "_ 1 -1.5\n",
    "a 1e-3\n",
    "a .5\n",
    "a 5.\n",
    "a +inf\n",
    "a{b=\"{\",c=\"#\"} 1\n",
    "a 1 5\na 2 5\na 3 6\n",
    C "a_total 1\na_created 5\n",
    C "a_created 5\na_total 1 # {} 1 1\n",
    S "a_count 0\n",
    S "a{quantile=\"1\"} NaN\n",
    S "a{b=\"1\",quantile=\"0\"} 1\na_sum{b=\"1\"} 1\n",
    H,
    H "a_bucket{le=\"+Inf\"} 0\na_count 0\na_sum 0\na_created 1\n",
    H "a_bucket{le=\"+Inf\"} 1 1\na_bucket{le=\"+Inf\"} 2 2\n",
    G "a_bucket{le=\"-1\"} 1\n"
      "a_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum -1\n",
    "# TYPE a unknown\na 1\n# TYPE a_b gauge\na_b 1\n",
    "# TYPE a info\na_info 1\n",
    "# TYPE a stateset\na{a=\"x\",b=\"1\"} 1\na{b=\"1\",a=\"y\"} 0\na{a=\"x\",b=\"2\"} 1\n",
};

static void each_rule_bites(void)
{
    char page[1024];
    for (size_t i = 0; i < sizeof(bad_pages) / sizeof(bad_pages[0]); i++) {
        snprintf(page, sizeof(page), "%s# EOF\n", bad_pages[i]);
        if (parse(strict, OPENMETRICS_1_0, page) != -EBADMSG)
            printf("# taken: %s", page);
        CHECK(err.code == -EBADMSG);
    }
}

static void what_keeps_the_rules_is_taken(void)
{
    char page[1024];
    for (size_t i = 0; i < sizeof(good_pages) / sizeof(good_pages[0]); i++) {
        snprintf(page, sizeof(page), "%s# EOF\n", good_pages[i]);
        if (parse(strict, OPENMETRICS_1_0, page) < 0)
            printf("# refused: %s: %s", err.text, page);
        CHECK(err.code == 0);
        CHECK_INT(parse(plain, OPENMETRICS_1_0, page), 0);
    }
}

static void the_older_format_has_fewer(void)
{
    static const char *const good[] = {
        "# TYPE a counter\na -1\n",
        "# TYPE a summary\na{quantile=\"2\"} 1\n",
        "# TYPE a histogram\na_bucket{le=\"1\"} 1\n",
        "a 1\n# HELP a x\n",
    };
    static const char *const bad[] = {
        "a 1\na 1\n",
        "a 1\nb 1\na{x=\"1\"} 1\n",
        "a 1\n# TYPE a gauge\n",
        "# TYPE a gauge\n# TYPE a gauge\n",
        "# TYPE a what\n",
        "# TYPE a histogram\na_bucket 1\n",
        "# TYPE a summary\na 1\n",
        "# HELP a x\n# HELP a x\n",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        CHECK_INT(parse(strict, OPENMETRICS_PROMETHEUS_0_0_4, good[i]), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(parse(strict, OPENMETRICS_PROMETHEUS_0_0_4, bad[i]), -EBADMSG);
        CHECK(strncmp(err.text, "line ", 5) == 0);
    }
}

static void a_type_has_its_word(void)
{
    CHECK_STR(openmetrics_type_name(OPENMETRICS_GAUGEHISTOGRAM), "gaugehistogram");
    CHECK_STR(openmetrics_type_name(OPENMETRICS_UNKNOWN), "unknown");
}

int main(void)
{
    struct openmetrics_options o = {.strict = true, .seed = {1, 2}};
    strict = openmetrics_new(&o);
    o.strict = false;
    plain = openmetrics_new(&o);
    TAP_RUN(each_rule_bites);
    TAP_RUN(what_keeps_the_rules_is_taken);
    TAP_RUN(the_older_format_has_fewer);
    TAP_RUN(a_type_has_its_word);
    openmetrics_free(strict);
    openmetrics_free(plain);
    return tap_done();
}
