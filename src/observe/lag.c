#include "observe/lag.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "host/pressure.h"
#include "rt/event.h"
#include "rt/file.h"

enum { FIRST_READING_MS = 100 }; /* a short run reads none */

struct lag_watch {
    struct rt_group group;
    struct rt_event busy, idle; /* probes are running; none is */
    uint32_t running;
    rt_time due;      /* the metronome's next tick; 0: it rests */
    rt_time held;     /* all lateness so far */
    uint64_t starved; /* seconds in which the machine stood still */
    bool is_starved;  /* the last one */
};

/* ---- the loop ---- */

/* The end of the last probe ends its wait, too: else the loop would wake once more for nothing. */
static void metronome(void *arg)
{
    struct lag_watch *w = arg;
    while (rt_event_wait(&w->busy, RT_NEVER) == 0) {
        w->due = rt_now_exact() + LAG_TICK_MS * RT_MS;
        int r = rt_event_wait(&w->idle, w->due);
        rt_time late = rt_now_exact() - w->due;
        w->due = 0;
        if (r == -ECANCELED)
            return;
        if (late > LAG_NOISE_MS * RT_MS)
            w->held += late;
    }
}

/* ---- the machine ---- */

struct reading {
    rt_time at;
    struct host_pressure pressure;
};

static void read_one(const char *path, struct buf *text,
                     int (*parse)(struct slice text, struct host_pressure *p),
                     struct host_pressure *p)
{
    buf_clear(text);
    if (rt_file_read_all(path, text, RT_NEVER) == 0)
        parse(buf_slice(text), p);
}

static void read_pressure(struct reading *r)
{
    struct buf text = BUF(MEM_OBSERVE, HOST_PRESSURE_BYTES_MAX);
    *r = (struct reading){.at = rt_now_exact()};
    read_one("/proc/pressure/memory", &text, host_parse_memory_pressure, &r->pressure);
    read_one("/proc/pressure/cpu", &text, host_parse_cpu_pressure, &r->pressure);
    read_one("/proc/stat", &text, host_parse_steal, &r->pressure);
    buf_done(&text);
}

static bool is_starved(const struct reading *a, const struct reading *b)
{
    uint64_t us = (uint64_t)(b->at - a->at) / 1000;
    uint64_t ticks = b->pressure.all_ticks - a->pressure.all_ticks;
    uint64_t steal = b->pressure.steal_ticks - a->pressure.steal_ticks;
    uint64_t memory = b->pressure.memory_full_us - a->pressure.memory_full_us;
    uint64_t cpu = b->pressure.cpu_full_us - a->pressure.cpu_full_us;
    return memory * 100 > us * LAG_STARVED_PERCENT || cpu * 100 > us * LAG_STARVED_PERCENT ||
           steal * 100 > ticks * LAG_STARVED_PERCENT;
}

static void machine(void *arg)
{
    struct lag_watch *w = arg;
    while (rt_event_wait(&w->busy, RT_NEVER) == 0) {
        struct reading before, after;
        int r = rt_event_wait(&w->idle, rt_now() + FIRST_READING_MS * RT_MS);
        if (r == 0)
            continue; /* they were short: none can time out */
        if (r == -ECANCELED)
            return;
        read_pressure(&before);
        while (rt_sleep(rt_now() + RT_SEC) == 0 && w->running) {
            read_pressure(&after);
            w->is_starved = is_starved(&before, &after);
            w->starved += w->is_starved;
            before = after;
        }
        w->is_starved = false;
        if (rt_cancelled())
            return;
    }
}

/* ---- what probes ask ---- */

struct lag_watch *lag_open(void)
{
    struct lag_watch *w = mem_alloc(MEM_OBSERVE, sizeof(*w));
    rt_group_init(&w->group, "lag");
    /* Without memory for a task of 64 KB there is no probe to watch over, either. */
    if (rt_go(&w->group, metronome, w) == 0)
        rt_go(&w->group, machine, w);
    return w;
}

void lag_close(struct lag_watch *w)
{
    if (!w)
        return;
    rt_group_done(&w->group);
    mem_free(MEM_OBSERVE, w);
}

struct lag_mark lag_begin(struct lag_watch *w)
{
    if (w->running++ == 0) {
        rt_event_clear(&w->idle);
        rt_event_set(&w->busy);
    }
    return (struct lag_mark){.held = w->held, .starved = w->starved};
}

rt_time lag_end(struct lag_watch *w, struct lag_mark m, bool *ret_starved)
{
    rt_time held = w->held - m.held;
    /* A tick that is overdue and whose turn has not come yet: we may run before it. */
    rt_time late = w->due ? rt_now_exact() - w->due : 0;
    if (late > LAG_NOISE_MS * RT_MS)
        held += late;
    if (--w->running == 0) {
        rt_event_clear(&w->busy);
        rt_event_set(&w->idle);
    }
    *ret_starved = w->is_starved || w->starved != m.starved;
    return held;
}

rt_time lag_bound(int64_t timeout_ns)
{
    rt_time share = timeout_ns / LAG_SHARE;
    return share < LAG_MS_MAX * RT_MS ? share : LAG_MS_MAX * RT_MS;
}
