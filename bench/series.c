/* series.c - pages of metrics parsed, samples kept, questions asked: one case a run.
 *
 *     series page FILE            writes the page that both parsers read: 10,000 samples
 *     series parse FILE|known FILE|strict FILE    a sample; known: of a series that was seen before
 *     series add                  a sample added to one of 1,000 series, two hours of them
 *     series ask                  a question to these, each over all of the two hours
 * peers/openmetrics/main.go parses the same page with Prometheus' own two parsers. */
#include "bench/bench.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "series/series.h"
#include "wire/openmetrics.h"

enum {
    FAMILIES = 500,
    SAMPLES_OF_FAMILY = 20,
    PARSE_ROUNDS = 60,
    PIECE_BYTES = 32 * 1024,
    SERIES = 1000,
    EVERY_MS = 10 * 1000,
    SAMPLES = SERIES_KEEP_MS / EVERY_MS,
    ASK_ROUNDS = 9,
};

/* ---- pages ---- */

static void write_page(const char *path)
{
    FILE *f = fopen(path, "we");
    if (!f)
        bench_die("open the page");
    for (int i = 0; i < FAMILIES; i++) {
        fprintf(f, "# HELP app_requests_%d How many requests of this kind were answered.\n", i);
        fprintf(f, "# TYPE app_requests_%d counter\n", i);
        for (int j = 0; j < SAMPLES_OF_FAMILY; j++)
            fprintf(
                f,
                "app_requests_%d_total{method=\"GET\",code=\"%d\",handler=\"/api/v1/things/%d\","
                "instance=\"web-%d\"} %.17g\n",
                i, 200 + j % 5, j, i % 7, i * 1234.5 + j);
    }
    fputs("# EOF\n", f);
    fclose(f);
}

static void read_file(const char *path, struct buf *out)
{
    char *room;
    size_t n;
    FILE *f = fopen(path, "re");
    if (!f)
        bench_die("open the page");
    do {
        buf_reserve(out, 1 << 20, &room);
        n = fread(room, 1, 1 << 20, f);
        buf_commit(out, n);
    } while (n);
    fclose(f);
}

static struct map seen;

static void *find(void *ctx, struct slice series)
{
    (void)ctx;
    return map_get(&seen, series);
}

static int64_t parse_once(struct openmetrics *p, struct slice page, bool learn)
{
    const struct openmetrics_sample *s;
    struct err err = {0};
    int64_t count = 0;
    int r = 0;
    openmetrics_begin(p, OPENMETRICS_1_0);
    for (size_t at = 0; at < page.size && r >= 0; at += PIECE_BYTES) {
        struct slice in = slice_sub(page, at, at + PIECE_BYTES);
        for (; (r = openmetrics_next(p, &in, &s, &err)) > 0; count++)
            if (learn && !s->known) {
                char *text = mem_strdup(MEM_TEST, s->series);
                map_put(&seen, (struct slice){text, s->series.size}, text, NULL);
            }
    }
    if (r < 0 || openmetrics_end(p, &err) < 0)
        bench_die(err.text);
    return count;
}

static void parse(const char *name, const char *path, bool strict, bool known)
{
    struct buf page = BUF(MEM_TEST, 0);
    struct openmetrics_options o = {.strict = strict, .known = known ? find : NULL};
    struct openmetrics *p = openmetrics_new(&o);
    int64_t count = 0;
    seen = MAP(MEM_TEST, 0, ((struct map_seed){1, 2}));
    read_file(path, &page);
    parse_once(p, buf_slice(&page), known);
    struct bench_clock start = bench_now();
    for (int i = 0; i < PARSE_ROUNDS; i++)
        count += parse_once(p, buf_slice(&page), false);
    bench_result(name, count, start);
    openmetrics_free(p);
    buf_done(&page);
}

/* ---- series ---- */

static uint64_t state = 88172645463325252u;

static double noise(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 40) / (1 << 24);
}

/* A third each: gauges that move, counters, gauges that mostly stand still. */
static double value_of(int series, int sample)
{
    static double counters[SERIES];
    switch (series % 3) {
    case 0:
        return 40 + 10 * sin(sample / 50.0) + noise();
    case 1:
        return counters[series] += floor(noise() * 20);
    default:
        return series * 1024 * 1024.0;
    }
}

static struct series_set *fill(const char *name)
{
    struct series_options o = {.seed = {1, 2}};
    struct series_set *set = series_set_new(&o);
    static struct series *series[SERIES];
    char text[32];
    for (int i = 0; i < SERIES; i++) {
        snprintf(text, sizeof(text), "web-%d", i);
        struct series_label l[] = {{SLICE("asset"), slice_from(text)},
                                   {SLICE("job"), SLICE("web")}};
        series_pin(set, SLICE("m"), l, 2, &series[i]);
    }
    struct bench_clock start = bench_now();
    for (int t = 0; t < SAMPLES; t++)
        for (int i = 0; i < SERIES; i++)
            series_add(set, series[i], (int64_t)t * EVERY_MS + (int64_t)(noise() * 5),
                       value_of(i, t));
    if (name) {
        bench_result(name, (int64_t)SAMPLES * SERIES, start);
        struct series_usage u = series_usage(set);
        printf("RESULT case=%s_bytes ops=%llu bytes=%llu\n", name, (unsigned long long)u.samples,
               (unsigned long long)u.bytes);
    }
    return set;
}

static void ask(struct series_set *set, const char *name, const char *query)
{
    struct series_question *q;
    struct err err = {0};
    struct series_answer *answer = mem_alloc(MEM_TEST, sizeof(*answer));
    double best = 1e9;
    if (series_question_new(slice_from(query), &q, &err) < 0)
        bench_die(err.text);
    for (int i = 0; i < ASK_ROUNDS; i++) {
        struct arena a = ARENA(MEM_TEST, 0);
        struct bench_clock start = bench_now();
        if (series_ask(set, q, (int64_t)SAMPLES * EVERY_MS, NULL, NULL, &a, answer, &err) < 0)
            bench_die(err.text);
        double ms = (double)(bench_now().cpu_ns - start.cpu_ns) / 1e6;
        best = ms < best ? ms : best;
        arena_done(&a);
    }
    printf("RESULT case=ask_%s ops=1 ms=%.3f samples=%llu\n", name, best,
           (unsigned long long)answer->samples);
    series_question_free(q);
    mem_free(MEM_TEST, answer);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "", *path = argc > 2 ? argv[2] : "";
    if (strcmp(what, "page") == 0) {
        write_page(path);
    } else if (strcmp(what, "add") == 0) {
        fill("add");
    } else if (strcmp(what, "ask") == 0) {
        struct series_set *set = fill(NULL);
        ask(set, "avg", "avg(m, 2h) > 50");
        ask(set, "rate", "rate(m, 2h) > 1");
        ask(set, "trend", "trend(m, 2h) > 0 and m > 50");
        ask(set, "step", "step(m, 1h) > 1.5");
        ask(set, "quantile", "quantile(0.99, m, 2h) > 50");
        ask(set, "corr", "corr(m, m, 2h) < 0.3");
    } else if (strcmp(what, "parse") == 0 || strcmp(what, "known") == 0 ||
               strcmp(what, "strict") == 0) {
        parse(what, path, what[0] == 's', what[0] == 'k');
    } else {
        bench_die("usage: series page|parse|known|strict FILE | add | ask");
    }
    return 0;
}
