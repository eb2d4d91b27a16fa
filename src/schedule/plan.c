#include "schedule/plan.h"

#include <errno.h>

#include "base/fault.h"
#include "schedule/workflow.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

/* ---- compares and operations ---- */

static void compare(struct plan *p, struct slice key, enum store_target target, int64_t number)
{
    p->compares[p->compare_count++] =
        (struct store_compare){.key = key, .target = target, .number = number};
}

static void put(struct plan *p, struct slice key, struct slice value)
{
    p->ops[p->op_count++] = (struct store_op){.type = STORE_PUT, .key = key, .value = value};
}

static void delete_key(struct plan *p, struct slice key)
{
    p->ops[p->op_count++] = (struct store_op){.type = STORE_DELETE, .keys = store_key(key)};
}

static struct slice key_of(struct plan *p, enum task_key key, struct slice a, struct slice b)
{
    return task_key(p->arena, p->prefix, key, a, b);
}

static struct slice assign_key(struct plan *p, const struct task_target *x)
{
    return key_of(p, TASK_KEY_ASSIGN, x->node, p->task->name);
}

static struct slice status_key(struct plan *p, const struct task_target *x)
{
    return key_of(p, TASK_KEY_STATUS, p->task->name, x->node);
}

static void put_assignment(struct plan *p, struct slice key, const struct assignment *x)
{
    struct buf json = BUF(MEM_SCHEDULE, 0);
    assignment_write(x, &json);
    put(p, key, (struct slice){arena_strdup(p->arena, buf_slice(&json)), json.size});
    buf_done(&json);
}

static void look_again(struct plan *p, rt_time at)
{
    if (at < p->due)
        p->due = at;
}

/* ---- time ---- */

/* At most; half of it is drawn: what failed together is not tried again together. */
static int64_t backoff_max_ms(const struct task *t, uint32_t tries)
{
    int64_t ms = t->backoff_ms > 0 ? t->backoff_ms : PLAN_BACKOFF_MS;
    for (uint32_t i = 1; i < tries && ms < PLAN_BACKOFF_MAX_MS; i++)
        ms *= 2;
    return ms < PLAN_BACKOFF_MAX_MS ? ms : PLAN_BACKOFF_MAX_MS;
}

static int64_t backoff_ms(const struct task *t, uint32_t tries, uint64_t random)
{
    int64_t half = backoff_max_ms(t, tries) / 2;
    return half + (int64_t)(random % (uint64_t)(half + 1));
}

static int64_t lost_backoff_ms(uint32_t lost)
{
    int64_t ms = PLAN_LOST_BACKOFF_MS;
    if (lost <= PLAN_LOST_AT_ONCE)
        return 0;
    for (uint32_t i = PLAN_LOST_AT_ONCE + 1; i < lost && ms < PLAN_LOST_BACKOFF_MAX_MS; i++)
        ms *= 2;
    return ms < PLAN_LOST_BACKOFF_MAX_MS ? ms : PLAN_LOST_BACKOFF_MAX_MS;
}

static rt_time ready_at(const struct plan *p, const struct task_target *x)
{
    if (x->not_before_ms == 0)
        return p->clock.seen_at;
    if (fault_mutant("schedule_backoff_by_wall_clock"))
        return p->clock.now + (x->not_before_ms - p->clock.wall_ms) * RT_MS;
    int64_t ms = x->not_before_ms - p->clock.seen_wall_ms;
    int64_t max = backoff_max_ms(p->task, x->tries), lost = lost_backoff_ms(x->lost);
    max = lost > max ? lost : max;
    return p->clock.seen_at + (ms < 0 ? 0 : ms > max ? max : ms) * RT_MS;
}

/* How the task is to end where nothing else ends it; PENDING: it is not to end. */
enum task_state plan_stop(const struct plan *p)
{
    if (p->task->cancel)
        return TASK_CANCELED;
    return p->clock.now >= p->clock.deadline_at ? TASK_EXPIRED : TASK_PENDING;
}

/* ---- one target ---- */

static struct task_attempt *attempt_of(struct plan *p, const struct task_target *x, int64_t token)
{
    struct task_attempt *a = task_attempt_find(p->task, x->node, token);
    if (!a) {
        a = task_attempt_add(p->task, p->arena);
        a->node = x->node;
        a->token = token;
        a->started_ms = 0;
    }
    return a;
}

static void note_result(struct plan *p, const struct task_target *x, const struct task_result *r)
{
    struct task_attempt *a = attempt_of(p, x, r->token);
    a->state = r->state;
    a->exit = r->exit;
    a->detail = r->detail;
    a->started_ms = r->started_ms;
    a->wall_ns = r->wall_ns;
    a->output_cut_bytes = r->output_cut_bytes;
}

static void changed(struct plan *p)
{
    p->touched = true;
    p->changes++;
}

/* Its completion stands: nothing can change it any more. */
static void accept(struct plan *p, struct task_target *x, const struct task_result *r)
{
    note_result(p, x, r);
    attempt_of(p, x, r->token)->accepted = true;
    x->state = r->state;
    x->exit = r->exit;
    x->status = r->status;
    x->token = r->token;
    if (r->output_count) {
        p->task->outputs = r->outputs;
        p->task->output_count = r->output_count;
    }
    changed(p);
}

/* It is nobody's any more. */
static void free_target(struct plan *p, struct task_target *x, int64_t wait_ms)
{
    enum task_state stop = plan_stop(p);
    x->state = stop;
    x->status = stop == TASK_PENDING ? 0 : PLAN_STOPPED_STATUS;
    x->not_before_ms = stop == TASK_PENDING && wait_ms ? p->clock.wall_ms + wait_ms : 0;
    if (!p->task->pinned && p->task->selector.size == 0 && stop == TASK_PENDING)
        x->node = (struct slice){NULL, 0};
    changed(p);
}

/* A failure with retries left. */
static void retry(struct plan *p, struct task_target *x, const struct plan_seen *s)
{
    struct slice key = assign_key(p, x);
    note_result(p, x, &s->assign.result);
    compare(p, key, STORE_MOD_REVISION, s->assign_mod);
    delete_key(p, key);
    x->tries++;
    x->exit = s->assign.result.exit;
    if (fault_mutant("schedule_retry_forgotten")) {
        x->state = TASK_ASSIGNED;
        changed(p);
        return;
    }
    free_target(p, x, backoff_ms(p->task, x->tries, p->clock.random));
}

/* `why` NULL: nothing was lost, it had not begun. */
static void take_back(struct plan *p, struct task_target *x, const struct plan_seen *s,
                      const char *why)
{
    struct slice key = assign_key(p, x);
    compare(p, key, STORE_MOD_REVISION, s->assign_mod); /* 0: it is not there */
    if (!fault_mutant("schedule_taken_back_unlooked"))
        compare(p, status_key(p, x), STORE_CREATE_REVISION, 0);
    if (s->assign_mod)
        delete_key(p, key);
    struct task_attempt *a = attempt_of(p, x, x->token);
    if (a->started_ms && p->clock.wall_ms > a->started_ms) /* as far as anybody knows */
        a->wall_ns = (p->clock.wall_ms - a->started_ms) * RT_MS;
    a->state = why ? TASK_FAILED : TASK_CANCELED;
    a->detail = slice_from(why ? why : "taken back before it began");
    if (why)
        x->lost++;
    free_target(p, x, why ? lost_backoff_ms(x->lost) : 0);
}

static void stop_running(struct plan *p, struct task_target *x, const struct plan_seen *s)
{
    struct slice key = assign_key(p, x);
    struct assignment told = s->assign;
    told.stop = plan_stop(p);
    compare(p, key, STORE_MOD_REVISION, s->assign_mod);
    put_assignment(p, key, &told);
    p->changes++;
}

/* Not at once: what ends soon needs no transaction only to say that it runs. */
static void note_running(struct plan *p, struct task_target *x)
{
    rt_time told_at = p->clock.seen_at + PLAN_RUNNING_MS * RT_MS;
    if (p->clock.now < told_at) {
        look_again(p, told_at);
        return;
    }
    struct task_attempt *a = attempt_of(p, x, x->token);
    x->state = a->state = TASK_RUNNING;
    a->started_ms = p->clock.seen_wall_ms; /* about; who runs it knows, and says it in the end */
    changed(p);
}

static bool node_is_lost(const struct plan_seen *s)
{
    if (fault_mutant("schedule_lost_node_ignored"))
        return false;
    return s->incarnation == 0 || (s->assign.claimed && s->assign.claimed != s->incarnation);
}

static void settle_given(struct plan *p, struct task_target *x, const struct plan_seen *s)
{
    bool stop = plan_stop(p) != TASK_PENDING;
    if (s->assign.ended)
        retry(p, x, s);
    else if (node_is_lost(s))
        take_back(p, x, s, s->assign.claimed ? "its node was lost" : NULL);
    else if (!s->assign.claimed && (stop || s->draining))
        take_back(p, x, s, NULL);
    else if (s->assign.claimed && stop && s->assign.stop == TASK_PENDING)
        stop_running(p, x, s);
    else if (s->assign.claimed && x->state == TASK_ASSIGNED)
        note_running(p, x);
}

static void settle_pending(struct plan *p, struct task_target *x)
{
    enum task_state stop = plan_stop(p);
    if (stop != TASK_PENDING) {
        x->state = stop;
        x->status = PLAN_STOPPED_STATUS;
        changed(p);
    } else if (ready_at(p, x) <= p->clock.now) {
        p->ready++;
    } else {
        look_again(p, ready_at(p, x));
    }
}

static void settle_target(struct plan *p, uint32_t i)
{
    struct task_target *x = &p->task->targets[i];
    static const struct plan_seen nothing;
    const struct plan_seen *s = i < p->seen_count ? &p->seen[i] : &nothing;
    rt_time missing_at = p->clock.seen_at + PLAN_MISSING_MS * RT_MS;
    if (task_state_final(x->state))
        return;
    if (s->accepted)
        accept(p, x, &s->result);
    else if (!task_state_held(x->state))
        settle_pending(p, x);
    else if (s->given && s->assign.token == x->token)
        settle_given(p, x, s);
    else if (p->clock.now < missing_at)
        look_again(p, missing_at); /* it is on its way to us */
    else if (!s->given)
        take_back(p, x, s, "what was given to its node is gone");
}

/* ---- the task ---- */

void plan_begin(struct plan *p, struct arena *arena, struct slice prefix,
                const struct store_compare *guard, struct task *task, int64_t mod,
                const struct plan_seen *seen, const struct plan_clock *clock)
{
    p->arena = arena;
    p->prefix = prefix;
    p->task = task;
    p->mod = mod;
    p->seen = seen;
    p->seen_count = task->target_count;
    p->clock = *clock;
    p->op_count = p->changes = p->ready = 0;
    p->touched = p->more = false;
    p->due = RT_NEVER;
    p->compares[0] = *guard;
    p->compare_count = 1;
}

static void add_target(struct plan *p, struct slice node)
{
    struct task *t = p->task;
    t->targets[t->target_count++] =
        (struct task_target){.node = node, .state = TASK_PENDING, .exit = -1};
}

/* One that has no targets yet. */
static void settle_new(struct plan *p)
{
    enum task_state stop = plan_stop(p);
    if (stop != TASK_PENDING) {
        p->task->state = stop;
        p->task->status = PLAN_STOPPED_STATUS;
        changed(p);
    } else if (p->task->state == TASK_PENDING && p->task->selector.size == 0) {
        p->task->targets = arena_alloc_array(p->arena, 1, sizeof(*p->task->targets));
        add_target(p, p->task->pinned ? p->task->node : (struct slice){NULL, 0});
        p->ready = 1;
    } else if (p->task->state == TASK_PENDING) {
        p->ready = 1; /* plan_spread says which */
    }
}

void plan_settle(struct plan *p)
{
    if (task_state_final(p->task->state))
        return;
    if (p->clock.now < p->clock.deadline_at)
        look_again(p, p->clock.deadline_at);
    if (p->task->target_count == 0) {
        settle_new(p);
        return;
    }
    for (uint32_t i = 0; i < p->task->target_count; i++) {
        if (p->changes == PLAN_TARGETS_AT_ONCE) {
            p->more = true;
            break;
        }
        settle_target(p, i);
    }
}

void plan_spread(struct plan *p, const struct slice *nodes, uint32_t count)
{
    p->task->targets = arena_alloc_array(p->arena, count, sizeof(*p->task->targets));
    for (uint32_t i = 0; i < count; i++)
        add_target(p, nodes[i]);
    p->ready = count;
    p->touched = true;
}

bool plan_is_ready(const struct plan *p, uint32_t i)
{
    const struct task_target *x = &p->task->targets[i];
    bool gone = i < p->seen_count && (p->seen[i].given || p->seen[i].accepted);
    return x->state == TASK_PENDING && !gone && plan_stop(p) == TASK_PENDING &&
           ready_at(p, x) <= p->clock.now && p->changes < PLAN_TARGETS_AT_ONCE;
}

void plan_take_lock(struct plan *p)
{
    struct task *t = p->task;
    if (t->concurrency.size == 0 || t->locked)
        return;
    struct slice key = key_of(p, TASK_KEY_CONCURRENCY, t->concurrency, (struct slice){NULL, 0});
    if (!fault_mutant("schedule_lock_missing"))
        compare(p, key, STORE_CREATE_REVISION, 0);
    put(p, key, t->name);
    t->locked = true;
}

void plan_give(struct plan *p, uint32_t i, struct slice node, int64_t incarnation)
{
    struct task_target *x = &p->task->targets[i];
    x->node = node;
    if (p->task->selector.size == 0)
        p->task->node = node;
    x->state = TASK_ASSIGNED;
    x->token = fault_mutant("schedule_token_reused") && x->token ? x->token : p->mod;
    x->not_before_ms = 0;
    plan_take_lock(p);
    struct task_attempt *a = task_attempt_add(p->task, p->arena);
    a->node = node;
    a->token = x->token;
    a->state = TASK_ASSIGNED;
    struct assignment given = {
        .token = x->token,
        .priority = p->task->priority,
        .last = x->tries >= p->task->retries,
        .stop = TASK_PENDING,
    };
    struct slice key = assign_key(p, x);
    compare(p, key_of(p, TASK_KEY_NODE, node, (struct slice){NULL, 0}), STORE_CREATE_REVISION,
            incarnation);
    compare(p, key, STORE_CREATE_REVISION, 0);
    compare(p, status_key(p, x), STORE_CREATE_REVISION, 0);
    put_assignment(p, key, &given);
    changed(p);
}

static void give_up_lock(struct plan *p)
{
    struct task *t = p->task;
    for (uint32_t i = 0; i < t->target_count; i++)
        if (task_state_held(t->targets[i].state))
            return;
    if (!t->locked || (t->step_count && !task_state_final(t->state)))
        return;
    delete_key(p, key_of(p, TASK_KEY_CONCURRENCY, t->concurrency, (struct slice){NULL, 0}));
    t->locked = false;
}

int plan_end(struct plan *p)
{
    struct task *t = p->task;
    if (!p->touched)
        return p->op_count > 0;
    struct slice key = key_of(p, TASK_KEY_TASK, t->name, (struct slice){NULL, 0});
    struct buf json = BUF(MEM_SCHEDULE, TASK_JSON_BYTES_MAX);
    give_up_lock(p);
    task_sum_up(t);
    if (task_state_final(t->state)) {
        t->finished_ms = p->clock.wall_ms;
        workflow_undo(p);
    }
    int r = task_write(t, &json);
    if (r == 0) {
        compare(p, key, STORE_MOD_REVISION, p->mod);
        put(p, key, (struct slice){arena_strdup(p->arena, buf_slice(&json)), json.size});
    }
    buf_done(&json);
    return r < 0 ? r : 1;
}
