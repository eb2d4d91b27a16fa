#include <stdio.h>

#include "sim/schedule/world.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

/* What people want, and how they meddle. Their client has the same store, and the same faults. */

enum { CALL_MS = 4000 };

static const struct slice none = {NULL, 0};

static uint32_t draw(uint32_t below)
{
    return (uint32_t)(rt_random() % below);
}

static struct tasks_at at(struct world *w)
{
    return (struct tasks_at){.store = w->people};
}

/* ---- wanting ---- */

static void choose(struct world *w, uint32_t i, struct task *t, struct arena *a)
{
    struct wanted *x = &w->tasks[i];
    t->name = slice_from(arena_printf(a, "t%u", i));
    t->argv = arena_alloc_array(a, 1, sizeof(*t->argv));
    t->argv[0] = SLICE("work");
    t->argc = 1;
    t->state = TASK_PENDING;
    t->priority = (int32_t)draw(3);
    t->namespace_ = draw(3) ? none : SLICE("other");
    t->backoff_ms = 50 + draw(400);
    x->run_ms = 5 + draw(draw(8) ? 300 : 6000);
    switch (draw(10)) {
    case 0:
        x->key = 1 + draw(KEYS_MAX);
        x->run_ms = 5 + draw(100);
        t->concurrency = slice_from(arena_printf(a, "k%u", x->key));
        break;
    case 1:
        x->pinned = true;
        t->node = slice_from(arena_printf(a, "w%u", draw(WORKERS)));
        break;
    case 2:
        x->spread = draw(4) == 0;
        t->selector = x->spread ? SLICE("pool=a") : none;
        break;
    case 3:
        t->retries = 1 + draw(4);
        x->fails = draw(t->retries + 1);
        break;
    case 4:
        t->retries = draw(2);
        x->always_fails = true;
        break;
    case 5:
        t->deadline_ms = 1000 + draw(10000);
        break;
    default:
        break;
    }
}

static void submit(struct world *w, uint32_t i)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct task t = {.exit = -1};
    struct slice name;
    bool new = false;
    struct tasks_at where = at(w);
    choose(w, i, &t, &a);
    bool dedup = draw(8) == 0;
    if (dedup)
        t.dedup_key = slice_from(arena_printf(&a, "d/%u", i));
    /* As long as nobody knows whether it was wanted, it is wanted again; -EEXIST: it was. */
    int r;
    do
        r = tasks_submit(&where, &t, &a, &name, &new, NULL, rt_now() + CALL_MS * RT_MS);
    while (r < 0 && r != -EEXIST && !rt_cancelled());
    w->tasks[i].submitted = true;
    if (dedup) {
        struct task again = t;
        again.name = slice_from(arena_printf(&a, "again%u", i));
        r = tasks_submit(&where, &again, &a, &name, &new, NULL, rt_now() + CALL_MS * RT_MS);
        check(w, CHECK_DEDUP, r < 0 || (slice_eq(name, t.name) && !new),
              "%.*s was to be the same as %.*s", SLICE_ARG(name), SLICE_ARG(t.name));
        happened(w, EVENT_DEDUPLICATED);
    }
    w->submitted++;
    arena_done(&a);
}

/* ---- meddling ---- */

static void cancel_one(struct world *w)
{
    char name[16];
    struct tasks_at where = at(w);
    if (w->submitted == 0)
        return;
    uint32_t i = draw(w->submitted);
    snprintf(name, sizeof(name), "t%u", i);
    w->tasks[i].canceled = true;
    (void)tasks_do(&where, TASKS_CANCEL, slice_from(name), SLICE("people"), NULL,
                   rt_now() + CALL_MS * RT_MS);
    happened(w, EVENT_CANCELED);
}

static void change_max(struct world *w)
{
    char text[16];
    uint32_t max = 1 + draw(8);
    /* One that comes late, be it its last attempt, must not be taken for a newer one. */
    if (w->max_count == MAXES || rt_now() < w->max_put_at + 4 * RT_SEC)
        return;
    snprintf(text, sizeof(text), "%u", max);
    w->maxes[w->max_count].at = rt_now();
    w->maxes[w->max_count++].max = max;
    while (store_put(w->people, SLICE("/config/worker_max"), slice_from(text), 0, NULL, NULL,
                     rt_now() + CALL_MS * RT_MS) < 0 &&
           !rt_cancelled())
        ;
    w->max_put_at = rt_now();
    happened(w, EVENT_MAX_CHANGED);
}

static void set_node(struct world *w, uint32_t i, enum node_state state)
{
    char name[16];
    struct tasks_at where = at(w);
    snprintf(name, sizeof(name), "w%u", i);
    /* Until it is known, either may be so. */
    w->wanted[i] = NODE_READY;
    while (tasks_node(&where, slice_from(name), state, NULL, rt_now() + CALL_MS * RT_MS) < 0 &&
           !rt_cancelled())
        ;
    w->wanted[i] = state;
    w->wanted_at[i] = rt_now();
}

static void meddle(struct world *w)
{
    static const enum node_state states[] = {NODE_READY, NODE_CORDONED, NODE_DRAINING};
    switch (draw(6)) {
    case 0:
        change_max(w);
        break;
    case 1: {
        enum node_state s = states[draw(3)];
        set_node(w, draw(WORKERS), s);
        if (s != NODE_READY)
            happened(w, s == NODE_CORDONED ? EVENT_CORDONED : EVENT_DRAINED);
        break;
    }
    case 2:
        cancel_one(w);
        break;
    default:
        break;
    }
}

void people_main(void *arg)
{
    struct world *w = arg;
    while (!rt_cancelled() && (w->submitted < w->task_count || !w->calm)) {
        if (w->submitted < w->task_count)
            submit(w, w->submitted);
        if (draw(8) == 0)
            meddle(w);
        if (draw(4) == 0 && rt_sleep(rt_now() + draw(200) * RT_MS) < 0)
            return;
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        set_node(w, i, NODE_READY);
}

/* ---- the end ---- */

static void check_task(struct world *w, uint32_t i, const struct task *t)
{
    const struct wanted *x = &w->tasks[i];
    const char *state = task_state_name(t->state);
    uint32_t accepted = 0;
    for (uint32_t k = 0; k < t->attempt_count; k++)
        accepted += t->attempts[k].accepted;
    check(w, CHECK_LEDGER, x->given >= t->attempt_count, "t%u has attempts that were never given",
          i);
    check(w, CHECK_LEDGER, accepted <= x->accepted, "t%u says %u accepted, and was %u times", i,
          accepted, x->accepted);
    if (t->state == TASK_SUCCEEDED)
        check(w, CHECK_LEDGER, x->finished >= 1 && x->accepted == t->target_count,
              "t%u is %s: run %u times to the end, accepted %u, of %u targets", i, state,
              x->finished, x->accepted, t->target_count);
    /* One that was to end, and failed by itself before it did, is not tried again. */
    bool all_tried = x->always_fails && x->finished > t->retries;
    if (t->state == TASK_FAILED)
        check(w, CHECK_LEDGER, x->accepted == 1 && (all_tried || x->canceled || t->deadline_ms),
              "t%u is %s: it need not have failed", i, state);
    if (t->state == TASK_CANCELED)
        check(w, CHECK_LEDGER, x->canceled, "t%u is %s, and nobody wanted that", i, state);
    if (t->state == TASK_EXPIRED)
        check(w, CHECK_LEDGER, t->deadline_ms > 0, "t%u is %s, and has no deadline", i, state);
    check(w, CHECK_LEDGER, t->state != TASK_TIMED_OUT, "t%u is %s", i, state);
}

/* As the observer saw it, which has seen each change of every task. */
static bool all_have_ended(const struct world *w)
{
    for (uint32_t i = 0; i < w->submitted; i++)
        if (!task_state_final(w->tasks[i].state))
            return false;
    return true;
}

/* What the store holds. Returns how many have not ended. */
static uint32_t look_at_all(struct world *w)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct store_range q = {.keys = store_prefix(SLICE("/tasks/"))};
    struct store_range_result got;
    uint32_t open = 0, count = 0;
    if (store_range(w->people, &q, &a, &got, NULL, rt_now() + CALL_MS * RT_MS) < 0)
        return UINT32_MAX;
    for (uint32_t i = 0; i < got.count; i++) {
        struct task t;
        check(w, CHECK_LEDGER, task_read(got.kvs[i].value, &a, &t, NULL) == 0,
              "a task cannot be read");
        uint32_t number = number_of(t.name, 't');
        open += !task_state_final(t.state);
        if (!task_state_final(t.state))
            say(w, "left: %.*s", SLICE_ARG(got.kvs[i].value));
        count += number != UINT32_MAX;
        if (task_state_final(t.state) && number != UINT32_MAX)
            check_task(w, number, &t);
    }
    check(w, CHECK_LEDGER, count >= w->submitted, "%u tasks of %u are left", count, w->submitted);
    arena_done(&a);
    return open;
}

static void check_nothing_left(struct world *w, const char *prefix)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct store_range q = {.keys = store_prefix(slice_from(prefix))};
    struct store_range_result got = {0};
    int r = store_range(w->people, &q, &a, &got, NULL, rt_now() + CALL_MS * RT_MS);
    check(w, CHECK_CLEAN, r == 0 && got.count == 0, "%u keys are left below %s, the first is %.*s",
          got.count, prefix, SLICE_ARG(got.count ? got.kvs[0].key : none));
    arena_done(&a);
}

/* What a node's key says of it, once nothing changes any more. */
static bool tells_truth(struct world *w, uint32_t i, struct arena *a, struct node *ret)
{
    struct slice key =
        task_key(a, none, TASK_KEY_NODE, slice_from(w->processes[CONTROLLERS + i].name), none);
    struct store_kv kv = {0};
    *ret = (struct node){.state = NODE_LOST};
    (void)store_get(w->people, key, a, &kv, NULL, rt_now() + CALL_MS * RT_MS);
    return kv.version && node_read(kv.value, a, ret, NULL) == 0 && ret->state == NODE_READY &&
           ret->capacity == w->maxes[w->max_count - 1].max && ret->running == 0;
}

static void check_told(struct world *w)
{
    enum { WAIT_S = 20 }; /* some still wait for their former life to end */
    struct arena a = ARENA(MEM_TEST, 0);
    rt_time until = rt_now() + WAIT_S * RT_SEC;
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct node n;
        bool truth;
        while (!(truth = tells_truth(w, i, &a, &n)) && rt_now() < until)
            rt_sleep(rt_now() + 500 * RT_MS);
        check(w, CHECK_TOLD, truth, "w%u says that it is %s and runs %u of %u, and of %u", i,
              node_state_name(n.state), n.running, n.capacity, w->maxes[w->max_count - 1].max);
    }
    arena_done(&a);
}

void people_check_end(struct world *w)
{
    enum { WAIT_S = 120 };
    rt_time until = rt_now() + WAIT_S * RT_SEC;
    while (!all_have_ended(w) && rt_now() < until)
        rt_sleep(rt_now() + 500 * RT_MS);
    uint32_t open = look_at_all(w);
    check(w, CHECK_ENDS, open == 0, "%u tasks have not ended", open);
    rt_sleep(rt_now() + 2 * RT_SEC); /* runs that were lost to everybody end, too */
    check_nothing_left(w, "/assign/");
    check_nothing_left(w, "/concurrency/");
    check_told(w);
}
