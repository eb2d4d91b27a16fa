#include "wire/openmetrics_write.h"

#include "tests/tap.h"

#include <errno.h>
#include <math.h>

static struct buf out;
static struct metrics_writer w;

static void begin(bool openmetrics)
{
    buf_done(&out);
    out = BUF(MEM_TEST, 0);
    metrics_begin(&w, &out, openmetrics);
}

static void a_counter_is_named_as_each_form_wants_it(void)
{
    begin(true);
    metrics_family(&w, "x_things", METRIC_COUNTER, "Things.");
    metrics_u64(&w, &(struct metric_label){"kind", SLICE("a")}, 1, 3);
    CHECK_INT(metrics_end(&w), 0);
    CHECK_STR(out.data, "# HELP x_things Things.\n# TYPE x_things counter\n"
                        "x_things_total{kind=\"a\"} 3\n# EOF\n");
    begin(false);
    metrics_one(&w, "x_things", METRIC_COUNTER, "Things.", UINT64_MAX);
    CHECK_INT(metrics_end(&w), 0);
    CHECK_STR(out.data, "# HELP x_things_total Things.\n# TYPE x_things_total counter\n"
                        "x_things_total 18446744073709551615\n");
}

static void an_info_is_a_gauge_to_the_older_form(void)
{
    const struct metric_label labels[] = {{"version", SLICE("1.0")}, {"commit", SLICE("abc")}};
    begin(true);
    metrics_family(&w, "x_build", METRIC_INFO, "h");
    metrics_u64(&w, labels, 2, 1);
    CHECK_STR(out.data, "# HELP x_build h\n# TYPE x_build info\n"
                        "x_build_info{version=\"1.0\",commit=\"abc\"} 1\n");
    begin(false);
    metrics_family(&w, "x_build", METRIC_INFO, "h");
    metrics_u64(&w, labels, 2, 1);
    CHECK_STR(out.data, "# HELP x_build_info h\n# TYPE x_build_info gauge\n"
                        "x_build_info{version=\"1.0\",commit=\"abc\"} 1\n");
}

static void label_values_hold_anything(void)
{
    begin(true);
    metrics_family(&w, "x", METRIC_GAUGE, "a \\ and a\nline");
    metrics_i64(&w, &(struct metric_label){"l", SLICE("\"\\\n\xff \xc3\xa4")}, 1, -1);
    CHECK_STR(out.data, "# HELP x a \\\\ and a\\nline\n# TYPE x gauge\n"
                        "x{l=\"\\\"\\\\\\n\xef\xbf\xbd \xc3\xa4\"} -1\n");
}

static void numbers_read_back(void)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "x 0\n"},          {0.1, "x 0.1\n"},        {1.0 / 3, "x 0.3333333333333333\n"},
        {1e300, "x 1e+300\n"}, {-2.5, "x -2.5\n"},      {INFINITY, "x +Inf\n"},
        {NAN, "x NaN\n"},      {-INFINITY, "x -Inf\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        begin(true);
        metrics_family(&w, "x", METRIC_GAUGE, "h");
        buf_clear(&out);
        metrics_f64(&w, NULL, 0, cases[i].value);
        CHECK_STR(out.data, cases[i].text);
    }
}

static void buckets_are_cumulative(void)
{
    struct histogram h = {.count = 0};
    histogram_add(&h, 60 * 1000);
    histogram_add(&h, 40 * 1000);
    histogram_add(&h, INT64_C(60000000000));
    begin(true);
    metrics_family(&w, "x_seconds", METRIC_HISTOGRAM, "h");
    metrics_histogram(&w, &(struct metric_label){"op", SLICE("put")}, 1, &h);
    CHECK_INT(metrics_end(&w), 0);
    CHECK(strstr(out.data, "x_seconds_bucket{op=\"put\",le=\"5e-05\"} 1\n"));
    CHECK(strstr(out.data, "x_seconds_bucket{op=\"put\",le=\"0.0001\"} 2\n"));
    CHECK(strstr(out.data, "x_seconds_bucket{op=\"put\",le=\"30\"} 2\n"));
    CHECK(strstr(out.data, "x_seconds_bucket{op=\"put\",le=\"+Inf\"} 3\n"));
    CHECK(strstr(out.data, "x_seconds_sum{op=\"put\"} 60.0001\nx_seconds_count{op=\"put\"} 3\n"));
    begin(false);
    metrics_family(&w, "x_seconds", METRIC_HISTOGRAM, "h");
    metrics_histogram(&w, NULL, 0, &h);
    CHECK(strstr(out.data, "x_seconds_bucket{le=\"+Inf\"} 3\nx_seconds_sum 60.0001\n"));
}

static void a_full_buffer_is_told(void)
{
    begin(true);
    out.size_max = 20;
    metrics_family(&w, "x_things", METRIC_COUNTER, "Things.");
    CHECK_INT(metrics_end(&w), -EMSGSIZE);
}

int main(void)
{
    TAP_RUN(a_counter_is_named_as_each_form_wants_it);
    TAP_RUN(an_info_is_a_gauge_to_the_older_form);
    TAP_RUN(label_values_hold_anything);
    TAP_RUN(numbers_read_back);
    TAP_RUN(buckets_are_cumulative);
    TAP_RUN(a_full_buffer_is_told);
    buf_done(&out);
    return tap_done();
}
