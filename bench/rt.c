/* rt.c - the runtime's own cost: one case a run, named by the argument. peers/rt/main.go does the
 * same things with goroutines and channels. */
#include "bench/bench.h"

#include <string.h>

#include "base/defs.h"
#include "rt/chan.h"
#include "rt/rt.h"
#include "rt/xchan.h"

enum {
    SWITCHES = 20 * 1000 * 1000,
    MANY_TASKS = 2000,
    ROUND_TRIPS = 4 * 1000 * 1000,
    SPAWNS = 4 * 1000 * 1000,
    SPAWN_BATCH = 100,
    BLOCKED_TASKS = 1000 * 1000,
    SELECT_ARMS = 8,
    SELECTS = 4 * 1000 * 1000,
    LOOP_TRIPS = 50 * 1000,
};

RT_CHAN(int_chan, int);

static void must(int r, const char *what)
{
    if (r < 0) {
        fprintf(stderr, "rt bench: %s: error %d\n", what, -r);
        exit(1);
    }
}

/* ---- switch ---- */

static void task_yields(void *arg)
{
    for (int64_t left = *(int64_t *)arg; left > 0; left--)
        rt_yield();
}

static void yield_among(const char *name, int tasks)
{
    struct rt_group g;
    rt_group_init(&g, name);
    int64_t each = SWITCHES / tasks;
    for (int i = 0; i < tasks; i++)
        must(rt_go(&g, task_yields, &each), "spawn");
    struct bench_clock start = bench_now();
    must(rt_group_wait(&g, RT_NEVER), "wait");
    bench_result(name, each * tasks, start);
    rt_group_done(&g);
}

static void case_switch(void *arg)
{
    yield_among(arg, 2);
}

static void case_switch_many(void *arg)
{
    yield_among(arg, MANY_TASKS);
}

/* ---- channels ---- */

struct pair {
    struct int_chan there, back;
};

static void task_answers(void *arg)
{
    struct pair *p = arg;
    int v;
    while (rt_recv(&p->there, &v, RT_NEVER) == 0)
        must(rt_send(&p->back, v + 1, RT_NEVER), "send");
}

static void case_chan(void *arg)
{
    struct pair p;
    rt_chan_init(&p.there, 0, "there");
    rt_chan_init(&p.back, 0, "back");
    struct rt_group g;
    rt_group_init(&g, "chan");
    must(rt_go(&g, task_answers, &p), "spawn");
    struct bench_clock start = bench_now();
    for (int i = 0; i < ROUND_TRIPS; i++) {
        int v;
        must(rt_send(&p.there, i, RT_NEVER), "send");
        must(rt_recv(&p.back, &v, RT_NEVER), "recv");
        if (v != i + 1)
            must(-1, "a wrong answer");
    }
    bench_result(arg, ROUND_TRIPS, start);
    rt_group_done(&g);
    rt_chan_done(&p.there);
    rt_chan_done(&p.back);
}

static void task_sends_in_turn(void *arg)
{
    struct int_chan *arms = arg;
    for (int i = 0; rt_send(&arms[i % SELECT_ARMS], i, RT_NEVER) == 0; i++)
        ;
}

static void case_select(void *arg)
{
    struct int_chan arms[SELECT_ARMS];
    struct rt_case cases[SELECT_ARMS];
    int v;
    for (int i = 0; i < SELECT_ARMS; i++) {
        rt_chan_init(&arms[i], 0, "arm");
        cases[i] = RT_CASE_RECV(&arms[i], &v);
    }
    struct rt_group g;
    rt_group_init(&g, "select");
    must(rt_go(&g, task_sends_in_turn, arms), "spawn");
    struct bench_clock start = bench_now();
    for (int i = 0; i < SELECTS; i++)
        if (rt_select(cases, SELECT_ARMS, RT_NEVER) != i % SELECT_ARMS || v != i)
            must(-1, "a wrong arm");
    bench_result(arg, SELECTS, start);
    rt_group_done(&g);
    for (int i = 0; i < SELECT_ARMS; i++)
        rt_chan_done(&arms[i]);
}

/* ---- tasks ---- */

static void task_ends(void *arg)
{
    ++*(int64_t *)arg;
}

static void case_spawn(void *arg)
{
    struct rt_group g;
    rt_group_init(&g, "spawn");
    int64_t ran = 0;
    struct bench_clock start = bench_now();
    for (int i = 0; i < SPAWNS / SPAWN_BATCH; i++) {
        for (int k = 0; k < SPAWN_BATCH; k++)
            must(rt_go(&g, task_ends, &ran), "spawn");
        must(rt_group_wait(&g, RT_NEVER), "wait");
    }
    if (ran != SPAWNS)
        must(-1, "not every task ran");
    bench_result(arg, ran, start);
    rt_group_done(&g);
}

static void task_blocks(void *arg)
{
    int v;
    rt_recv((struct int_chan *)arg, &v, RT_NEVER);
}

static void case_blocked(void *arg)
{
    struct int_chan never;
    rt_chan_init(&never, 0, "never");
    struct rt_group g;
    rt_group_init(&g, "blocked");
    int64_t rss = bench_rss_bytes();
    struct bench_clock start = bench_now();
    for (int i = 0; i < BLOCKED_TASKS; i++)
        must(rt_go(&g, task_blocks, &never), "spawn");
    rt_yield(); /* each of them has run, and waits */
    struct rt_stats st;
    rt_stats_read(&st);
    rss = bench_rss_bytes() - rss;
    if (st.switches < BLOCKED_TASKS)
        must(-1, "not every task ran");
    bench_result(arg, BLOCKED_TASKS, start);
    printf("RESULT case=rss ops=%d rss_bytes=%lld\n", BLOCKED_TASKS, (long long)rss);
    rt_chan_close(&never);
    rt_group_done(&g);
    rt_chan_done(&never);
}

/* ---- across loops ---- */

struct far_pair {
    struct rt_xchan *there, *back;
};

static void task_answers_from_afar(void *arg)
{
    struct far_pair *p = arg;
    int v;
    while (rt_xchan_recv(p->there, &v, RT_NEVER) == 0) {
        v++;
        must(rt_xchan_send(p->back, &v, RT_NEVER), "send");
    }
}

static void case_xloop(void *arg)
{
    struct far_pair p = {
        .there = rt_xchan_new(1, sizeof(int), 2, "there"),
        .back = rt_xchan_new(0, sizeof(int), 2, "back"),
    };
    struct rt_group g;
    rt_group_init(&g, "xloop");
    must(rt_go_on(1, &g, task_answers_from_afar, &p), "spawn");
    struct bench_clock start = bench_now();
    for (int i = 0; i < LOOP_TRIPS; i++) {
        int v = i;
        must(rt_xchan_send(p.there, &v, RT_NEVER), "send");
        must(rt_xchan_recv(p.back, &v, RT_NEVER), "recv");
        if (v != i + 1)
            must(-1, "a wrong answer");
    }
    bench_result(arg, LOOP_TRIPS, start);
    rt_xchan_close(p.there);
    must(rt_group_wait(&g, RT_NEVER), "wait");
    rt_group_done(&g);
    rt_xchan_unref(p.there);
    rt_xchan_unref(p.back);
}

static const struct {
    const char *name;
    rt_fn *fn;
    int loops;
} cases[] = {
    {"switch", case_switch, 1}, {"switch_many", case_switch_many, 1}, {"chan", case_chan, 1},
    {"select", case_select, 1}, {"spawn", case_spawn, 1},             {"blocked", case_blocked, 1},
    {"xloop", case_xloop, 2},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < ARRAY_LEN(cases); i++)
        if (strcmp(argv[1], cases[i].name) == 0) {
            struct rt_config config = {.loops = cases[i].loops, .stall = -1};
            must(rt_run(&config, cases[i].fn, argv[1]), "rt_run");
            return 0;
        }
    fprintf(stderr, "usage: rt switch|switch_many|chan|select|spawn|blocked|xloop\n");
    return 2;
}
