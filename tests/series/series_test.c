#include "series/series.h"

#include <errno.h>
#include <math.h>

#include "base/alloc.h"
#include "tests/tap.h"

static struct series_set *set;

static struct series *pin(const char *name, const char *label, const char *value)
{
    struct series_label l = {slice_from(label), slice_from(value)};
    struct series *s = NULL;
    CHECK_INT(series_pin(set, slice_from(name), &l, label ? 1 : 0, &s), 0);
    return s;
}

static void begin(size_t bytes_max)
{
    struct series_options o = {.bytes_max = bytes_max, .seed = {3, 4}};
    set = series_set_new(&o);
}

static void end(void)
{
    series_set_free(set);
    CHECK_INT(mem_usage_of(MEM_SERIES).bytes, 0);
}

static void a_series_is_its_name_and_labels_in_any_order(void)
{
    struct series_label one[] = {{SLICE("a"), SLICE("1")}, {SLICE("b"), SLICE("2")}};
    struct series_label two[] = {
        {SLICE("b"), SLICE("2")}, {SLICE("a"), SLICE("1")}, {SLICE("c"), SLICE("")}};
    struct series_label other[] = {{SLICE("a"), SLICE("2")}, {SLICE("b"), SLICE("1")}};
    struct series *x, *y, *z, *w;
    begin(0);
    CHECK_INT(series_pin(set, SLICE("m"), one, 2, &x), 0);
    CHECK_INT(series_pin(set, SLICE("m"), two, 3, &y), 0);
    CHECK_INT(series_pin(set, SLICE("m"), other, 2, &z), 0);
    CHECK_INT(series_pin(set, SLICE("m2"), one, 2, &w), 0);
    CHECK(x == y && x != z && x != w);
    CHECK_INT(series_usage(set).series, 3);
    series_unpin(set, x);
    series_unpin(set, y);
    CHECK_INT(series_usage(set).series, 2); /* nothing in it, and nobody pins it */
    end();
}

static void only_what_is_newer_is_added(void)
{
    begin(0);
    struct series *s = pin("m", NULL, "");
    CHECK_INT(series_add(set, s, 1000, 1), 0);
    CHECK_INT(series_add(set, s, 1000, 2), -EALREADY);
    CHECK_INT(series_add(set, s, 999, 2), -EALREADY);
    CHECK_INT(series_add(set, s, 1001, 2), 0);
    CHECK_INT(series_usage(set).old_total, 2);
    CHECK_INT(series_usage(set).samples, 2);
    end();
}

static void what_is_too_old_goes(void)
{
    begin(0);
    struct series *s = pin("m", NULL, "");
    int64_t now = 0;
    for (int i = 0; i < 5000; i++)
        series_add(set, s, now = i * 5000, i * 1.5);
    CHECK_INT(series_usage(set).samples, 5000);
    series_expire(set, now);
    uint64_t kept = series_usage(set).samples;
    CHECK(kept >= SERIES_KEEP_MS / 5000 && kept < SERIES_KEEP_MS / 5000 + 300);
    series_unpin(set, s);
    CHECK_INT(series_usage(set).series, 1);
    series_expire(set, now + 2 * SERIES_KEEP_MS);
    CHECK_INT(series_usage(set).series, 0);
    CHECK_INT(series_usage(set).samples, 0);
    CHECK_INT(series_usage(set).bytes, 0);
    end();
}

static void a_pinned_series_outlives_its_samples(void)
{
    begin(0);
    struct series *s = pin("m", "l", "v");
    series_add(set, s, 1, 1);
    series_expire(set, 3 * (int64_t)SERIES_KEEP_MS);
    CHECK_INT(series_usage(set).series, 1);
    CHECK_INT(series_add(set, s, 3 * (int64_t)SERIES_KEEP_MS, 1), 0);
    series_unpin(set, s);
    end();
}

static void a_full_set_keeps_the_newest_and_counts_the_rest(void)
{
    enum { BYTES = 64 * 1024, COUNT = 40 };
    struct series *s[COUNT];
    char name[16];
    uint64_t state = 7;
    begin(BYTES);
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        s[i] = pin(name, "l", "v");
    }
    for (int t = 0; t < 3000; t++)
        for (int i = 0; i < COUNT; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            int r = series_add(set, s[i], t * 1000, (double)(state >> 11));
            CHECK(r == 0);
        }
    struct series_usage u = series_usage(set);
    CHECK(u.bytes <= BYTES + 4096); /* a chunk is closed before its larger self goes */
    CHECK(u.dropped_total > 0);
    CHECK_INT(u.added_total, 3000 * COUNT);
    CHECK_INT(u.samples + u.dropped_total, u.added_total);
    /* A series that is new has no right to the room of others: soon there is none. */
    struct series *late;
    struct series_label l = {SLICE("l"), SLICE("v")};
    int r = 0;
    for (int i = 0; i < 1000 && r == 0; i++) {
        snprintf(name, sizeof(name), "late%d", i);
        r = series_pin(set, slice_from(name), &l, 1, &late);
    }
    CHECK_INT(r, -ENOSPC);
    CHECK_INT(series_usage(set).refused_total, 1);
    end();
}

static void too_many_labels_are_refused(void)
{
    static struct series_label l[SERIES_LABELS_MAX + 1];
    struct series *s;
    begin(0);
    CHECK_INT(series_pin(set, SLICE("m"), l, SERIES_LABELS_MAX + 1, &s), -E2BIG);
    end();
}

int main(void)
{
    TAP_RUN(a_series_is_its_name_and_labels_in_any_order);
    TAP_RUN(only_what_is_newer_is_added);
    TAP_RUN(what_is_too_old_goes);
    TAP_RUN(a_pinned_series_outlives_its_samples);
    TAP_RUN(a_full_set_keeps_the_newest_and_counts_the_rest);
    TAP_RUN(too_many_labels_are_refused);
    return tap_done();
}
