#include "schedule/workflow.h"

#include <errno.h>

#include "base/fault.h"
#include "model/step_text.h"
#include "wire/action_json.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

struct workflow {
    struct plan *plan;
    struct task *task;
    const struct workflow_seen *seen, *undos;
    size_t bytes; /* of tasks that are written */
    struct err err;
};

static const struct slice none = {NULL, 0};

/* ---- names ---- */

static struct slice name_of(struct arena *a, const struct task *t, uint32_t step, const char *end)
{
    const struct task_step *s = &t->steps[step];
    const char *round = t->round > 1 ? arena_printf(a, ":_%u", t->round) : "";
    return slice_from(
        arena_printf(a, "%.*s%s:%.*s%s", SLICE_ARG(t->name), round, SLICE_ARG(s->name), end));
}

struct slice workflow_step_task(struct arena *a, const struct task *workflow, uint32_t step)
{
    return name_of(a, workflow, step, "");
}

struct slice workflow_undo_task(struct arena *a, const struct task *workflow, uint32_t step)
{
    return name_of(a, workflow, step, ":_rollback");
}

/* ---- what is written ---- */

static void touch(struct workflow *w)
{
    w->plan->touched = true;
    w->plan->changes++;
}

static struct slice key_of(struct workflow *w, struct slice task)
{
    return task_key(w->plan->arena, w->plan->prefix, TASK_KEY_TASK, task, none);
}

/* Writes a task that has this revision; 0: that is not there yet. Returns 0 or -EMSGSIZE. */
static int put_task(struct workflow *w, const struct task *t, int64_t mod)
{
    struct plan *p = w->plan;
    struct buf json = BUF(MEM_SCHEDULE, TASK_JSON_BYTES_MAX);
    int r = task_write(t, &json);
    if (r == 0 && json.size > WORKFLOW_TASKS_BYTES_MAX)
        r = -EMSGSIZE;
    if (r == 0) {
        w->bytes += json.size;
        struct slice key = key_of(w, t->name);
        p->compares[p->compare_count++] = (struct store_compare){
            .key = key,
            .target = mod ? STORE_MOD_REVISION : STORE_CREATE_REVISION,
            .number = mod,
        };
        p->ops[p->op_count++] = (struct store_op){
            .type = STORE_PUT,
            .key = key,
            .value = {arena_strdup(p->arena, buf_slice(&json)), json.size},
        };
    }
    buf_done(&json);
    return r;
}

static struct slice kept(struct workflow *w, const char *text)
{
    struct slice s = slice_sub(slice_from(text), 0, TASK_DETAIL_BYTES_MAX);
    return (struct slice){arena_strdup(w->plan->arena, s), s.size};
}

/* ---- how a step ends ---- */

static uint32_t ended_count(const struct workflow *w)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->task->step_count; i++)
        n += w->task->steps[i].ended > 0;
    return n;
}

static void end_step(struct workflow *w, struct task_step *s, enum task_state state)
{
    s->state = state;
    s->ended = ended_count(w) + 1;
    touch(w);
}

static void fail_step(struct workflow *w, struct task_step *s, const char *why)
{
    s->status = PLAN_STOPPED_STATUS;
    s->detail = kept(w, why);
    end_step(w, s, TASK_FAILED);
}

/* Why it did not succeed: what its last attempt says. */
static struct slice detail_of(const struct task *t)
{
    for (uint32_t i = t->attempt_count; i > 0; i--)
        if (t->attempts[i - 1].detail.size)
            return t->attempts[i - 1].detail;
    return none;
}

static void take_end(struct workflow *w, struct task_step *s, const struct task *t)
{
    s->exit = t->exit;
    s->status = t->status;
    s->detail = t->state == TASK_SUCCEEDED ? none : detail_of(t);
    s->outputs = t->outputs;
    s->output_count = t->output_count;
    end_step(w, s, t->state);
}

/* Whether nothing of a task that was begun is there. It may be on its way to us at first. */
static bool is_gone(struct workflow *w, const struct workflow_seen *x)
{
    struct plan *p = w->plan;
    rt_time missing_at = p->clock.seen_at + PLAN_MISSING_MS * RT_MS;
    if (x->there)
        return false;
    if (p->clock.now < missing_at && missing_at < p->due)
        p->due = missing_at;
    return p->clock.now >= missing_at;
}

static void look_at_running(struct workflow *w, uint32_t i)
{
    struct task_step *s = &w->task->steps[i];
    const struct workflow_seen *x = &w->seen[i];
    if (x->there && task_state_final(x->task->state))
        take_end(w, s, x->task);
    else if (is_gone(w, x))
        fail_step(w, s, "its task is gone");
}

/* ---- what a step speaks of ---- */

static struct task_step *find(const struct workflow *w, struct slice name)
{
    for (uint32_t i = 0; i < w->task->step_count; i++)
        if (slice_eq(w->task->steps[i].name, name))
            return &w->task->steps[i];
    return NULL;
}

static bool look(void *ctx, struct slice name, struct slice key, struct slice *ret)
{
    struct workflow *w = ctx;
    const struct task_step *s = find(w, name);
    if (!s || !s->ended)
        return false;
    if (slice_eq_cstr(key, "ok"))
        *ret = s->state == TASK_SUCCEEDED && !s->skipped ? SLICE("true") : SLICE("false");
    else if (slice_eq_cstr(key, "skipped"))
        *ret = s->skipped ? SLICE("true") : SLICE("false");
    else if (slice_eq_cstr(key, "state"))
        *ret = slice_from(task_state_name(s->state));
    else if (slice_eq_cstr(key, "exit"))
        *ret = s->exit < 0 ? SLICE("")
                           : slice_from(arena_printf(w->plan->arena, "%d", s->exit));
    else
        for (uint32_t i = 0;; i++) {
            if (i == s->output_count)
                return false;
            if (!slice_eq(s->outputs[i].key, key))
                continue;
            *ret = s->outputs[i].value;
            break;
        }
    return true;
}

static int expand(struct workflow *w, struct slice *text)
{
    struct buf out = BUF(MEM_SCHEDULE, TASK_JSON_BYTES_MAX);
    if (!step_text_has(*text))
        return 0;
    int r = step_text_expand(*text, look, w, &out, &w->err);
    if (r == 0)
        *text = (struct slice){arena_strdup(w->plan->arena, buf_slice(&out)), out.size};
    buf_done(&out);
    return r;
}

static int expand_all(struct workflow *w, struct task *t)
{
    struct slice *const others[] = {&t->dir, &t->user, &t->concurrency};
    int r = 0;
    for (uint32_t i = 0; i < t->argc && r == 0; i++)
        r = expand(w, &t->argv[i]);
    for (uint32_t i = 0; i < t->env_count && r == 0; i++)
        r = expand(w, &t->env[i]);
    for (size_t i = 0; i < ARRAY_LEN(others) && r == 0; i++)
        r = expand(w, others[i]);
    return r;
}

/* ---- beginning ---- */

/* Makes the task of an action. Returns 0, or a negative errno with w->err. */
static int begin_task(struct workflow *w, struct slice name, struct slice action)
{
    const struct task *of = w->task;
    struct arena *a = w->plan->arena;
    struct task t = {
        .name = name,
        .namespace_ = of->namespace_,
        .state = TASK_PENDING,
        .exit = -1,
        .workflow = of->name,
        .node = of->pinned ? of->node : none,
        .pinned = of->pinned,
        .selector = of->selector,
        .priority = of->priority,
        .asset = of->asset,
        .remedy = of->remedy,
        .created_ms = w->plan->clock.wall_ms,
        .created_by = slice_from(arena_printf(a, "workflow %.*s", SLICE_ARG(of->name))),
    };
    int r = action_read(action, a, &t, &w->err);
    if (r == 0)
        r = expand_all(w, &t);
    if (r == 0 && t.priority == 0)
        t.priority = of->priority;
    t.round = t.step_count > 0;
    if (r == 0 && (r = put_task(w, &t, 0)) < 0)
        err_set(&w->err, r, "its task is larger than %d bytes", WORKFLOW_TASKS_BYTES_MAX);
    return r;
}

static void begin_step(struct workflow *w, uint32_t i)
{
    struct task_step *s = &w->task->steps[i];
    struct slice name = workflow_step_task(w->plan->arena, w->task, i);
    bool wanted = true;
    int r = 0;
    w->err = (struct err){0};
    if (s->condition.size && !fault_mutant("workflow_if_ignored"))
        r = step_if_eval(s->condition, look, w, &wanted, &w->err);
    if (r < 0)
        err_wrap(&w->err, "if");
    if (r == 0 && !wanted) {
        s->skipped = true;
        end_step(w, s, TASK_SUCCEEDED);
        return;
    }
    if (r == 0 && w->seen[i].there)
        r = err_set(&w->err, -EEXIST, "there is a task of its name already");
    if (r == 0)
        r = begin_task(w, name, s->does);
    if (r < 0) {
        fail_step(w, s, w->err.text);
        return;
    }
    s->state = TASK_RUNNING;
    s->task = name;
    touch(w);
}

static bool needs_are_met(const struct workflow *w, const struct task_step *s)
{
    if (fault_mutant("workflow_needs_ignored"))
        return true;
    for (uint32_t i = 0; i < s->need_count; i++) {
        const struct task_step *x = find(w, s->needs[i]);
        if (!x || x->state != TASK_SUCCEEDED)
            return false;
    }
    return true;
}

static bool is_full(struct workflow *w)
{
    if (w->plan->changes < PLAN_TARGETS_AT_ONCE && w->bytes < WORKFLOW_TASKS_BYTES_MAX / 2)
        return false;
    w->plan->more = true;
    return true;
}

static const struct task_step *failed_step(const struct workflow *w)
{
    const struct task_step *first = NULL;
    for (uint32_t i = 0; i < w->task->step_count; i++) {
        const struct task_step *s = &w->task->steps[i];
        bool failed = s->ended && s->state != TASK_SUCCEEDED;
        if (failed && (!first || s->ended < first->ended))
            first = s;
    }
    return first;
}

/* A step that was passed over may let others begin, so it goes round until nothing changes. */
static void begin_ready(struct workflow *w)
{
    bool again = true;
    while (again && !failed_step(w)) {
        again = false;
        for (uint32_t i = 0; i < w->task->step_count && !is_full(w); i++) {
            struct task_step *s = &w->task->steps[i];
            if (s->state != TASK_PENDING || !needs_are_met(w, s))
                continue;
            begin_step(w, i);
            again = again || s->ended;
        }
        again = again && !is_full(w);
    }
}

/* ---- ending ---- */

static uint32_t running_count(const struct workflow *w)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->task->step_count; i++)
        n += w->task->steps[i].state == TASK_RUNNING;
    return n;
}

static void stop_running(struct workflow *w)
{
    for (uint32_t i = 0; i < w->task->step_count && !is_full(w); i++) {
        const struct workflow_seen *x = &w->seen[i];
        if (w->task->steps[i].state != TASK_RUNNING || !x->there || x->task->cancel)
            continue;
        x->task->cancel = true;
        x->task->decided_by = w->task->decided_by;
        if (put_task(w, x->task, x->mod) == 0)
            w->plan->changes++;
    }
}

/* Of those that are to be undone, the last one to end. */
static struct task_step *next_undone(const struct workflow *w)
{
    struct task_step *last = NULL;
    for (uint32_t i = 0; i < w->task->step_count; i++) {
        struct task_step *s = &w->task->steps[i];
        bool wanted = s->state == TASK_SUCCEEDED && !s->skipped && s->rollback.size &&
                      !task_state_final(s->undo_state);
        bool later = last && (s->ended > last->ended) != fault_mutant("workflow_undone_forwards");
        if (wanted && (!last || later))
            last = s;
    }
    return last;
}

static void fail_undo(struct workflow *w, struct task_step *s, const char *why)
{
    s->undo_state = TASK_FAILED;
    s->detail = kept(w, why);
    touch(w);
}

/* Returns whether there is something to wait for. */
static bool undo(struct workflow *w)
{
    struct task_step *s;
    while (!is_full(w) && (s = next_undone(w))) {
        uint32_t i = (uint32_t)(s - w->task->steps);
        const struct workflow_seen *x = &w->undos[i];
        if (s->undo.size == 0) {
            struct slice name = workflow_undo_task(w->plan->arena, w->task, i);
            w->err = (struct err){0};
            if (x->there)
                err_set(&w->err, -EEXIST, "there is a task of its rollback's name already");
            else if (begin_task(w, name, s->rollback) == 0) {
                s->undo = name;
                touch(w);
                return true;
            }
            err_wrap(&w->err, "rollback");
            fail_undo(w, s, w->err.text);
        } else if (x->there && task_state_final(x->task->state)) {
            s->undo_state = x->task->state;
            touch(w);
        } else if (is_gone(w, x)) {
            fail_undo(w, s, "the task of its rollback is gone");
        } else {
            return true;
        }
    }
    return w->plan->more;
}

static void end_workflow(struct workflow *w, enum task_state stop)
{
    const struct task_step *failed = failed_step(w);
    struct task *t = w->task;
    t->state = stop;
    t->status = PLAN_STOPPED_STATUS;
    if (stop == TASK_PENDING && failed) {
        t->state = failed->state == TASK_TIMED_OUT ? TASK_TIMED_OUT : TASK_FAILED;
        t->exit = failed->exit;
        t->status = failed->status ? failed->status : PLAN_STOPPED_STATUS;
    } else if (stop == TASK_PENDING) {
        t->state = TASK_SUCCEEDED;
        t->exit = t->status = 0;
    }
    touch(w);
}

static bool has_begun(const struct workflow *w)
{
    for (uint32_t i = 0; i < w->task->step_count; i++)
        if (w->task->steps[i].state != TASK_PENDING)
            return true;
    return false;
}

static bool all_ended(const struct workflow *w)
{
    return ended_count(w) == w->task->step_count;
}

static void settle(struct workflow *w)
{
    struct plan *p = w->plan;
    enum task_state stop = plan_stop(p);
    for (uint32_t i = 0; i < w->task->step_count && !is_full(w); i++)
        if (w->task->steps[i].state == TASK_RUNNING)
            look_at_running(w, i);
    if (all_ended(w) && !failed_step(w))
        stop = TASK_PENDING; /* it came too late */
    bool ending = stop != TASK_PENDING || failed_step(w);
    if (stop != TASK_PENDING)
        stop_running(w);
    if (!ending)
        begin_ready(w);
    ending = ending || failed_step(w);
    if (p->more || running_count(w) > 0)
        return;
    bool waits = ending && !fault_mutant("workflow_not_undone") && undo(w);
    if (!waits && (ending || all_ended(w)))
        end_workflow(w, stop);
}

void workflow_settle(struct plan *p, const struct workflow_seen *steps,
                     const struct workflow_seen *undos)
{
    struct task *t = p->task;
    struct workflow w = {.plan = p, .task = t, .seen = steps, .undos = undos};
    if (task_state_final(t->state))
        return;
    if (t->state == TASK_AWAITING_APPROVAL && plan_stop(p) == TASK_PENDING) {
        if (p->clock.deadline_at < p->due)
            p->due = p->clock.deadline_at;
        return;
    }
    settle(&w);
    if (task_state_final(t->state))
        return;
    if (has_begun(&w)) {
        plan_take_lock(p);
        t->state = TASK_RUNNING;
    }
    rt_time look_at = p->clock.now + WORKFLOW_LOOK_MS * RT_MS;
    if (p->clock.now < p->clock.deadline_at && p->clock.deadline_at < p->due)
        p->due = p->clock.deadline_at;
    if (look_at < p->due)
        p->due = look_at;
}
