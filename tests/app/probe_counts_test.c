#include "app/probe_counts.h"

#include <string.h>

#include "tests/tap.h"

static struct probe_counts counts;
static struct buf page;

static void add(const char *kind, enum probe_reason reason, const char *word, int64_t ns)
{
    struct sample s = {.type = SAMPLE_RESULT, .kind = kind, .reason = reason, .word = word,
                       .total_ns = ns};
    probe_counts_add(&counts, &s);
}

static const char *told(void)
{
    struct metrics_writer w;
    buf_clear(&page);
    metrics_begin(&w, &page, false);
    probe_counts_metrics(&counts, &w);
    CHECK_INT(metrics_end(&w), 0);
    buf_append(&page, "", 1);
    return page.data;
}

static bool tells(const char *line)
{
    return strstr(told(), line);
}

static void what_was_asked_is_counted_by_kind_and_reason(void)
{
    add("tcp", REASON_OK, NULL, 1000000);
    add("tcp", REASON_OK, NULL, 3000000);
    add("tcp", REASON_REFUSED, NULL, 1000000);
    add("http", REASON_OK, NULL, 1000000);
    CHECK(tells("firebreak_probe_total{kind=\"tcp\",reason=\"ok\"} 2\n"));
    CHECK(tells("firebreak_probe_total{kind=\"tcp\",reason=\"refused\"} 1\n"));
    CHECK(tells("firebreak_probe_total{kind=\"http\",reason=\"ok\"} 1\n"));
    CHECK(tells("firebreak_probe_duration_seconds_count{kind=\"tcp\"} 3\n"));
    CHECK(tells("firebreak_probe_duration_seconds_sum{kind=\"tcp\"} 0.005\n"));
}

static void a_reason_that_says_it_better_is_the_one_that_is_told(void)
{
    add("file", REASON_BODY_MISMATCH, "drift_file", 1);
    CHECK(tells("firebreak_probe_total{kind=\"file\",reason=\"drift_file\"} 1\n"));
}

static void what_is_no_result_counts_nothing(void)
{
    struct sample s = {.type = SAMPLE_FOUND, .kind = "icmp"};
    probe_counts_add(&counts, &s);
    CHECK(!tells("icmp"));
}

static void kinds_and_reasons_beyond_the_limit_are_counted_together(void)
{
    static char names[PROBE_COUNTS_KINDS_MAX + PROBE_COUNTS_REASONS_MAX + 8][16];
    for (int i = 0; i < PROBE_COUNTS_KINDS_MAX + 4; i++) {
        snprintf(names[i], sizeof(names[i]), "k%d", i);
        add(names[i], REASON_OK, NULL, 1);
    }
    CHECK(tells("firebreak_probe_total{kind=\"other\",reason=\"ok\"}"));
    for (int i = 0; i < PROBE_COUNTS_REASONS_MAX + 4; i++) {
        snprintf(names[i], sizeof(names[i]), "k%d", i);
        add("tcp", REASON_OK, names[i], 1);
    }
    CHECK(strlen(told()) < 100 * 1024);
}

int main(void)
{
    page = BUF(MEM_TEST, 0);
    TAP_RUN(what_was_asked_is_counted_by_kind_and_reason);
    TAP_RUN(a_reason_that_says_it_better_is_the_one_that_is_told);
    TAP_RUN(what_is_no_result_counts_nothing);
    TAP_RUN(kinds_and_reasons_beyond_the_limit_are_counted_together);
    probe_counts_done(&counts);
    buf_done(&page);
    return tap_done();
}
