#include <stdio.h>
#include <stdlib.h>

#include "sim/schedule/world.h"

/* A process: a controller or a worker with its own client of the store. And what the workers run:
 * an executor that keeps the ledger. */

static const char *env_of(const struct exec_spec *spec, const char *key)
{
    size_t size = strlen(key);
    for (const char *const *e = spec->env; e && *e; e++)
        if (strncmp(*e, key, size) == 0 && (*e)[size] == '=')
            return *e + size + 1;
    return "";
}

/* The ledger's line, and what it must not show. */
static uint32_t begin_run(struct process *p, const struct exec_spec *spec)
{
    struct world *w = p->w;
    const char *token = env_of(spec, "FIREBREAK_TASK_TOKEN");
    uint32_t task = number_of(slice_from(env_of(spec, "FIREBREAK_TASK")), 't');
    struct slice line = slice_from(arena_printf(&w->arena, "t%u/%s/%s", task, p->name, token));
    say(w, "%s runs t%u under %s", p->name, task, token);
    check(w, CHECK_CLAIM, task < w->task_count && token[0], "something else is run: %s",
          spec->argv[0]);
    check(w, CHECK_CLAIM, !map_get(&w->ran, line), "%.*s is run twice", SLICE_ARG(line));
    map_put(&w->ran, line, w, NULL);
    happened(w, EVENT_RUN);
    p->running++;
    uint32_t max = 0;
    for (uint32_t i = 0; i < w->max_count; i++) {
        bool last = i + 1 == w->max_count;
        rt_time until = last ? RT_NEVER : w->maxes[i + 1].at + MAX_SEEN_MS * RT_MS;
        if (rt_now() < until && w->maxes[i].max > max)
            max = w->maxes[i].max;
    }
    check(w, CHECK_MAX, p->running <= max, "%s runs %u tasks, of %u at most", p->name, p->running,
          max);
    w->tasks[task].runs++;
    return task;
}

/* Ended from outside: its process ends, or somebody has taken it back, or wants it to stop. */
static void check_reason(struct process *p, uint32_t task, int64_t token)
{
    struct world *w = p->w;
    const struct given *g = &w->given[p->id - CONTROLLERS][task];
    if (!p->alive || p->group.cancelled) {
        happened(w, EVENT_RUN_LOST);
        return;
    }
    happened(w, EVENT_RUN_ENDED);
    check(w, CHECK_REASON, g->token != token || g->stop != TASK_PENDING || w->tasks[task].canceled,
          "%s ends t%u, which it holds under %lld, for no reason", p->name, task, (long long)token);
}

static int execute(void *ctx, const struct exec_spec *spec, const struct exec_sink *sink,
                   struct exec_result *ret, struct err *err, int64_t deadline)
{
    struct process *p = ctx;
    struct world *w = p->w;
    uint32_t task = begin_run(p, spec);
    struct wanted *t = &w->tasks[task];
    int64_t token = strtoll(env_of(spec, "FIREBREAK_TASK_TOKEN"), NULL, 10);
    (void)err;
    (void)deadline;
    *ret = (struct exec_result){
        .started = true, .exit = 0, .reason = REASON_OK, .started_wall_ns = rt_wall_now()};
    struct exec_line line = {.stream = EXEC_STDOUT, .text = SLICE("working"), .ends = true};
    sink->fn(sink->ctx, &line);
    rt_time begun = rt_now();
    int r = rt_sleep(begun + t->run_ms * RT_MS);
    ret->wall_ns = rt_now() - begun;
    p->running--;
    if (r < 0) {
        check_reason(p, task, token);
        ret->reason = REASON_CANCELED;
        ret->exit = -1;
        return 0;
    }
    t->finished++;
    if (t->always_fails || t->fails) {
        t->fails -= t->fails > 0;
        ret->reason = REASON_EXEC_EXIT;
        ret->exit = 7;
    }
    return 0;
}

static void note(void *ctx, enum schedule_note note, struct slice what, const char *text)
{
    static const char *const words[] = {"leads",
                                        "leads no more",
                                        "joins",
                                        "loses its session",
                                        "is refused",
                                        "mends",
                                        "finds a bad value",
                                        "cannot reach the store"};
    struct process *p = ctx;
    say(p->w, "%s %s: %.*s %s", p->name, words[note], SLICE_ARG(what), text ? text : "");
    check(p->w, CHECK_MENDED, note != SCHEDULE_NOTE_MENDED, "%s mends %.*s: %s", p->name,
          SLICE_ARG(what), text);
    if (note == SCHEDULE_NOTE_REFUSED) {
        happened(p->w, EVENT_REFUSED);
        if (strcmp(text, "stale_token") == 0)
            happened(p->w, EVENT_REFUSED_STALE);
    }
}

static void process_main(void *arg)
{
    struct process *p = arg;
    (p->controller ? schedule_controller : schedule_worker)(&p->options);
}

void process_start(struct process *p)
{
    static const struct task_label pool = {{"pool", 4}, {"a", 1}};
    struct world *w = p->w;
    store_memory_open(w->memory, &p->store);
    p->executor = (struct executor){execute, p};
    p->options = (struct schedule_options){
        .store = p->store,
        .node = slice_from(p->name),
        .lease_ttl_ms = LEASE_MS,
        .executor = &p->executor,
        .worker_max = w->maxes[0].max,
        .relist = RELIST_MS * RT_MS,
        .labels = &pool,
        .label_count = p->id % 2,
        .note = note,
        .ctx = p,
        .stats = &p->stats,
    };
    memset(&p->stats, 0, sizeof(p->stats));
    rt_group_init(&p->group, "process");
    p->alive = true;
    p->cut = STORE_MEMORY_JOINED;
    p->running = 0;
    say(w, "%s starts", p->name);
    rt_go(&p->group, process_main, p);
}

void process_end(struct process *p, bool in_order)
{
    say(p->w, "%s %s", p->name, in_order ? "is stopped" : "is dead");
    if (in_order && !p->controller)
        p->w->stopped[p->id - CONTROLLERS] = true;
    if (!in_order) {
        store_memory_kill(p->store, 0);
        p->alive = false;
    }
    rt_group_done(&p->group);
    p->alive = false;
    store_close(p->store);
    p->store = NULL;
}
