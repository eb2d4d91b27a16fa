#include "app/scheduler.h"

#include <errno.h>
#include <string.h>

#include "act/act.h"
#include "app/node_labels.h"
#include "config/zones.h"
#include "host/alive.h"
#include "host/self.h"
#include "schedule/schedule.h"
#include "store/waiting.h"

enum { REVOKE_MS = 5000 };

struct scheduler {
    struct up *up;
    bool controller, worker;
    struct act act;
    struct executor executor;
    struct schedule_options options;
    struct schedule_stats stats;
    struct rt_group group;
    bool started;
    uint64_t unreachable_told; /* the second in which it was said last */
    struct node_labels labels;
    struct buf boot;
    struct zones zones; /* of schedules; read on offload threads, one at a time */
};

extern char **environ;

/* ---- before the runtime ---- */

static int read_roles(struct scheduler *s, const char *roles, struct err *err)
{
    struct slice rest = slice_from(roles ? roles : "controller,worker");
    while (rest.data) {
        struct slice word = slice_trim(slice_cut(&rest, ','));
        if (slice_eq(word, SLICE("controller")))
            s->controller = true;
        else if (slice_eq(word, SLICE("worker")))
            s->worker = true;
        else
            return err_set(err, -EINVAL, "--roles: '%.*s' is none: controller, worker, or both",
                           SLICE_ARG(word));
    }
    return 0;
}

int scheduler_prepare(struct up *u, const char *roles, const struct cli_list *labels)
{
    struct scheduler *s = mem_alloc(MEM_APP, sizeof(*s));
    struct err err = {0};
    u->scheduler = s;
    s->up = u;
    s->boot = BUF(MEM_APP, 0);
    zones_init(&s->zones, environ);
    if (read_roles(s, roles, &err) < 0 ||
        node_labels_make(slice_from(u->node), labels, &u->app->arena, &s->labels, &err) < 0)
        return app_fail(u->app, EXIT_USAGE, &err);
    if (s->worker && act_open(&s->act, &err) < 0)
        return app_fail(u->app, EXIT_UNREACHABLE, &err);
    s->executor = act_executor(&s->act);
    return EXIT_WELL;
}

void scheduler_free(struct scheduler *s)
{
    if (!s)
        return;
    if (s->worker)
        act_close(&s->act);
    buf_done(&s->boot);
    zones_done(&s->zones);
    mem_free(MEM_APP, s);
}

struct act *scheduler_act(struct scheduler *s)
{
    return s && s->worker ? &s->act : NULL;
}

/* ---- what it says ---- */

static void note(void *ctx, enum schedule_note note, struct slice what, const char *text)
{
    struct scheduler *s = ctx;
    struct app *app = s->up->app;
    uint64_t second = (uint64_t)(rt_now() / RT_SEC);
    switch (note) {
    case SCHEDULE_NOTE_LEADS:
        log_info(&app->log, "this process leads the scheduler", log_event("schedule_leads"));
        break;
    case SCHEDULE_NOTE_LEADS_NOT:
        log_info(&app->log, "this process leads the scheduler no longer",
                 log_event("schedule_leads_not"));
        break;
    case SCHEDULE_NOTE_JOINED:
        log_info(&app->log, "this node takes tasks", log_event("schedule_joined"),
                 log_slice("node", what));
        break;
    case SCHEDULE_NOTE_LOST:
        log_warn(&app->log, "the node's lease is lost: what runs goes on, and is given anew",
                 log_event("schedule_lost"), log_slice("node", what));
        break;
    case SCHEDULE_NOTE_REFUSED:
        log_warn(&app->log, "a result came too late, and was refused",
                 log_event("schedule_refused"), log_slice("task", what), log_str("reason", text));
        break;
    case SCHEDULE_NOTE_MENDED:
        log_error(&app->log, "the scheduler's memory was not what the store holds, and was mended",
                  log_event("schedule_mended"), log_slice("key", what));
        break;
    case SCHEDULE_NOTE_BAD_VALUE:
        log_error(&app->log, "a value in the store is none that it can be, and is passed over",
                  log_event("schedule_bad_value"), log_slice("key", what), log_str("error", text));
        break;
    case SCHEDULE_NOTE_UNREACHABLE:
        if (second == s->unreachable_told)
            break; /* many tasks may say so at once */
        s->unreachable_told = second;
        log_warn(&app->log, "the scheduler does not get an answer of the store",
                 log_event("schedule_unreachable"), log_slice("of", what), log_str("error", text));
        break;
    case SCHEDULE_NOTE_UNDOABLE:
        log_error(&app->log, "a schedule wants what cannot be done, and does not run",
                  log_event("schedule_undoable"), log_slice("schedule", what),
                  log_str("error", text));
        break;
    case SCHEDULE_NOTE_MISSED:
        log_warn(&app->log, "times of schedules were missed: `describe schedule` tells which",
                 log_event("schedule_missed"));
        break;
    case SCHEDULE_NOTE_CLOCK_BACK:
        log_warn(&app->log, "the clock was set back by hours: schedules go on from now",
                 log_event("schedule_clock_back"));
        break;
    }
}

/* ---- zones of schedules ---- */

struct looking {
    struct zones *zones;
    struct slice name;
    const struct zone **ret;
    struct err *err;
    int result;
};

static void look_up(void *arg)
{
    struct looking *l = arg;
    l->result = zones_find(l->zones, l->name, l->ret, l->err);
}

static int find_zone(void *ctx, struct slice name, const struct zone **ret, struct err *err)
{
    struct scheduler *s = ctx;
    struct looking l = {&s->zones, name, ret, err, 0};
    int r = rt_offload(look_up, &l, RT_NEVER);
    return r < 0 ? r : l.result;
}

static bool process_gone(void *ctx, const struct node *n)
{
    (void)ctx;
    return host_gone(n->pid, n->pid_started);
}

/* ---- beginning and ending ---- */

/* An embedded store is ours alone, so whoever holds a lease in it is a process that is gone: its
 * tasks are given anew at once, and not when the lease would have ended. */
static void end_leases(struct up *u, struct slice prefix)
{
    struct arena a = ARENA(MEM_APP, 0);
    struct store_range range = {.keys = store_prefix(prefix)};
    struct store_range_result got = {0};
    rt_time soon = rt_now() + REVOKE_MS * RT_MS;
    if (store_range(u->store, &range, &a, &got, NULL, soon) == 0)
        for (uint32_t i = 0; i < got.count; i++)
            if (got.kvs[i].lease)
                (void)store_lease_revoke(u->store, got.kvs[i].lease, NULL, soon);
    arena_done(&a);
}

static void name_process(struct scheduler *s)
{
    uint64_t started;
    if (host_boot(&s->boot) < 0 || host_started(host_pid(), &started) < 0)
        return; /* then nobody can look, and leases tell */
    s->options.boot = buf_slice(&s->boot);
    s->options.pid = host_pid();
    s->options.pid_started = started;
    s->options.process_gone = process_gone;
}

int scheduler_start(struct up *u)
{
    struct scheduler *s = u->scheduler;
    if (strcmp(store_backend_name(u->store), "sqlite") == 0) {
        end_leases(u, SLICE("/leader/controller"));
        end_leases(u, SLICE("/nodes/"));
    }
    s->options = (struct schedule_options){
        .store = u->store,
        .node = slice_from(u->node),
        .lease_ttl_ms = u->lease_ttl_ns / RT_MS,
        .executor = &s->executor,
        .version = slice_from(app_version_word()),
        .labels = s->labels.labels,
        .label_count = s->labels.count,
        .zone = find_zone,
        .note = note,
        .ctx = s,
        .stats = &s->stats,
    };
    name_process(s);
    rt_group_init(&s->group, "scheduler");
    s->started = true;
    int r = s->controller ? rt_go(&s->group, schedule_controller, &s->options) : 0;
    if (r == 0 && s->worker)
        r = rt_go(&s->group, schedule_worker, &s->options);
    return r < 0 ? err_set(&u->err, r, "no memory for the scheduler's tasks") : 0;
}

void scheduler_stop(struct scheduler *s)
{
    if (!s || !s->started)
        return;
    rt_group_done(&s->group);
    s->started = false;
}

/* ---- numbers ---- */

bool scheduler_rate(void *up, struct slice action, struct waiting_rate *ret)
{
    const struct scheduler *s = ((const struct up *)up)->scheduler;
    struct schedule_rate r;
    if (!s || !schedule_rate(&s->stats, action, &r))
        return false;
    *ret = (struct waiting_rate){r.begun, (rt_wall_now() + (r.next - rt_now())) / RT_MS};
    return true;
}

static void put_queue(const struct schedule_stats *t, struct metrics_writer *w)
{
    metrics_one(w, "firebreak_worker_max", METRIC_GAUGE, "Tasks that this node runs at once.",
                t->worker_max);
    metrics_one(w, "firebreak_worker_running", METRIC_GAUGE, "Tasks that it runs now.", t->running);
    metrics_one(w, "firebreak_worker_queued", METRIC_GAUGE,
                "Tasks that were given to this node and have not begun.", t->queued);
    metrics_one(w, "firebreak_worker_queue_limit", METRIC_GAUGE,
                "How many may be given to it and not have ended.", SCHEDULE_QUEUE_TASKS_MAX);
    metrics_one(w, "firebreak_schedule_no_room", METRIC_COUNTER,
                "Times that a task found no node with room.", t->queue_full_total);
    metrics_one(w, "firebreak_schedule_rate_waits", METRIC_COUNTER,
                "Times that a task waited for the rate of its action.", t->rate_waits_total);
    metrics_one(w, "firebreak_schedule_mended", METRIC_COUNTER,
                "Differences between memory and store that were found and mended.",
                t->mended_total);
    metrics_one(w, "firebreak_schedule_conflicts", METRIC_COUNTER,
                "Plans that did not come true, since what was seen was old.", t->conflicts_total);
    metrics_one(w, "firebreak_schedule_bad_values", METRIC_COUNTER,
                "Values in the store that were passed over.", t->bad_values_total);
}

static void put_calendar(const struct calendar_stats *c, struct metrics_writer *w)
{
    metrics_family(w, "firebreak_schedule_lateness_seconds", METRIC_HISTOGRAM,
                   "From when a schedule was to begin to its order; made-up times do not count.");
    metrics_histogram(w, NULL, 0, &c->lateness);
    metrics_family(w, "firebreak_schedule_orders", METRIC_COUNTER,
                   "Times of schedules that were ordered, by whether a task was made.");
    struct metric_label made = {"outcome", SLICE("made")}, failed = {"outcome", SLICE("failed")};
    metrics_u64(w, &made, 1, c->made_total);
    metrics_u64(w, &failed, 1, c->failed_total);
    metrics_one(w, "firebreak_schedule_missed", METRIC_COUNTER,
                "Stretches of times that nobody ran when they were due.", c->missed_total);
    metrics_one(w, "firebreak_schedule_overlapped", METRIC_COUNTER,
                "Times that were passed over, since the schedule still ran.", c->overlap_total);
}

void scheduler_metrics(const struct scheduler *s, struct metrics_writer *w)
{
    if (!s || !s->started)
        return;
    const struct schedule_stats *t = &s->stats;
    metrics_family(w, "firebreak_task", METRIC_COUNTER, "Tasks that ended, by how.");
    for (int i = TASK_SUCCEEDED; i < TASK_STATE_COUNT; i++) {
        struct metric_label label = {"state", slice_from(task_state_name((enum task_state)i))};
        metrics_u64(w, &label, 1, t->ended_total[i]);
    }
    metrics_family(w, "firebreak_task_refused", METRIC_COUNTER, "Results that were refused.");
    for (int i = TASK_REFUSED_STALE_TOKEN; i < TASK_REFUSED_COUNT; i++) {
        struct metric_label label = {"reason", slice_from(task_refused_name((enum task_refused)i))};
        metrics_u64(w, &label, 1, t->refused_total[i]);
    }
    metrics_family(w, "firebreak_task_dispatch_seconds", METRIC_HISTOGRAM,
                   "From a task's appearance to its being given to a node.");
    metrics_histogram(w, NULL, 0, &t->dispatch);
    put_queue(t, w);
    if (s->controller)
        put_calendar(&t->calendar, w);
}
