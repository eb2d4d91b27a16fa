#include <errno.h>
#include <stdlib.h>

#include "base/fault.h"
#include "model/selector.h"
#include "schedule/book.h"
#include "schedule/place.h"
#include "schedule/rate.h"
#include "schedule/workflow.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

/* A hand takes a dirty job, plans, writes, and looks at the answer. Several work side by side, each
 * at another job: on a store that commits in groups their writes go together. */

enum {
    CONFLICT_AGAIN_MS = 20, /* what was seen was old: the news is on its way */
    CONFLICT_DOUBLINGS = 5, /* where it is long on its way, asking is what keeps it there */
    DOUBT_AGAIN_MS = 200,
    OWN_WRITE_MS = 2000, /* as long as that our own write may be on its way to us */
    WRITE_MS = 5000,
    JOBS_AT_ONCE = 64,
};

struct hand {
    struct book *book;
    struct arena arena;
    struct plan plan;
    struct task task;
    struct selector selector;
    struct seat *reserved[PLAN_TARGETS_AT_ONCE];
    uint32_t reserved_count;
    struct err err;
};

static const struct slice none = {NULL, 0};

/* ---- seeing ---- */

static const struct store_kv *seen_value(struct hand *h, int which, enum task_key key,
                                         struct slice a, struct slice b)
{
    struct book *book = h->book;
    return follow_get(&book->follows[which], task_key(&h->arena, book->options->prefix, key, a, b));
}

static void bad_value(struct hand *h, struct slice key)
{
    h->book->options->stats->bad_values_total++;
    book_note(h->book, SCHEDULE_NOTE_BAD_VALUE, key, h->err.text);
}

static struct slice kept(struct hand *h, struct slice s)
{
    return (struct slice){arena_strdup(&h->arena, s), s.size};
}

static void see_target(struct hand *h, const struct task_target *x, struct plan_seen *s)
{
    const struct store_kv *given, *done;
    if (x->node.size == 0)
        return;
    given = seen_value(h, BOOK_ASSIGNS, TASK_KEY_ASSIGN, x->node, h->task.name);
    done = seen_value(h, BOOK_STATUSES, TASK_KEY_STATUS, h->task.name, x->node);
    if (given && assignment_read(kept(h, given->value), &h->arena, &s->assign, &h->err) < 0)
        bad_value(h, given->key);
    else if (given)
        s->given = true;
    s->assign_mod = given ? given->mod_revision : 0;
    if (done && task_result_read(kept(h, done->value), &h->arena, &s->result, &h->err) < 0)
        bad_value(h, done->key);
    else if (done)
        s->accepted = true;
    const struct seat *seat = map_get(&h->book->seats, x->node);
    s->incarnation = seat ? seat->incarnation : 0;
    s->draining = seat && seat->wanted == NODE_DRAINING;
}

static const struct plan_seen *see(struct hand *h)
{
    struct task *t = &h->task;
    struct plan_seen *seen = arena_alloc_array(&h->arena, t->target_count + 1, sizeof(*seen));
    for (uint32_t i = 0; i < t->target_count; i++)
        if (!task_state_final(t->targets[i].state))
            see_target(h, &t->targets[i], &seen[i]);
    return seen;
}

/* ---- choosing ---- */

static void reserve(struct hand *h, struct seat *s)
{
    book_reserve(s);
    h->reserved[h->reserved_count++] = s;
}

static struct seat *best_seat(struct hand *h)
{
    struct map_entry e;
    struct seat *best = NULL;
    uint64_t weight = 0;
    for (size_t at = 0; map_next(&h->book->seats, &at, &e);) {
        struct seat *s = e.value;
        if (seat_room(s, false) == 0)
            continue;
        uint64_t w = place_weight(h->task.name, seat_name(s));
        if (!best || w > weight)
            best = s, weight = w;
    }
    return best;
}

static int by_name(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/* Of a selector: every node that fits now. */
static void spread(struct hand *h, struct job *j)
{
    struct book *b = h->book;
    struct slice *nodes = arena_alloc_array(&h->arena, TASK_TARGETS_MAX, sizeof(*nodes));
    uint32_t count = 0;
    struct map_entry e;
    if (selector_parse(h->task.selector, &h->selector, &h->err) < 0) {
        bad_value(h, h->task.name);
        return;
    }
    for (size_t at = 0; map_next(&b->seats, &at, &e) && count < TASK_TARGETS_MAX;) {
        struct seat *s = e.value;
        bool ready = s->incarnation && s->wanted == NODE_READY;
        if (ready && node_matches(&h->selector, &s->node))
            nodes[count++] = seat_name(s);
    }
    if (count == 0) {
        book_wait(j, &b->unmatched, NULL);
        return;
    }
    qsort(nodes, count, sizeof(*nodes), by_name);
    plan_spread(&h->plan, nodes, count);
}

static bool is_locked_out(struct hand *h, struct job *j)
{
    struct task *t = &h->task;
    if (t->concurrency.size == 0 || t->locked || fault_mutant("schedule_lock_missing"))
        return false;
    if (!seen_value(h, BOOK_LOCKS, TASK_KEY_CONCURRENCY, t->concurrency, none))
        return false;
    j->lock = map_hash((struct map_seed){0, 0}, t->concurrency.data, t->concurrency.size);
    book_wait(j, &h->book->locked_out, NULL);
    return true;
}

/* What may begin again need not be remembered. */
static bool is_spent(void *ctx, const struct map_entry *e)
{
    struct rate *r = e->value;
    bool spent = r->next <= *(const rt_time *)ctx;
    if (spent)
        mem_free(MEM_SCHEDULE, r);
    return spent;
}

static bool rates_are_full(struct book *b)
{
    rt_time now = rt_now();
    if (b->rates.count >= SCHEDULE_RATES_MAX)
        map_remove_if(&b->rates, is_spent, &now);
    return b->rates.count >= SCHEDULE_RATES_MAX;
}

static bool wait_for_rate(struct hand *h, struct job *j, rt_time until)
{
    h->book->options->stats->rate_waits_total++;
    book_timer(h->book, j, until);
    return false;
}

/* Actions with a rate begin no sooner than that after each other. Returns false: not yet. */
static bool rate_allows(struct hand *h, struct job *j)
{
    struct task *t = &h->task;
    if (t->rate_per_hour <= 0 || t->action.size == 0)
        return true;
    struct rate *r = map_get(&h->book->rates, t->action);
    if (!r && rates_are_full(h->book))
        return wait_for_rate(h, j, rt_now() + RT_SEC);
    if (!r) {
        r = mem_alloc(MEM_SCHEDULE, sizeof(*r) + t->action.size);
        r->size = t->action.size;
        memcpy(r->name, t->action.data, r->size);
        map_put(&h->book->rates, (struct slice){r->name, r->size}, r, NULL);
    }
    if (rt_now() < r->next)
        return wait_for_rate(h, j, r->next);
    rate_begin(r, t->rate_per_hour, rt_now());
    return true;
}

static void give_one(struct hand *h, struct job *j, uint32_t i)
{
    struct task_target *x = &h->task.targets[i];
    struct seat *s;
    if (x->node.size) {
        s = book_seat(h->book, x->node);
        if (seat_room(s, true) == 0) {
            h->book->options->stats->queue_full_total += s->incarnation != 0;
            book_wait(j, &s->waiting, s);
            return;
        }
    } else {
        s = best_seat(h);
        if (!s) {
            h->book->options->stats->queue_full_total++;
            queue_push(&h->book->queue, &j->wish, h->task.namespace_);
            return;
        }
    }
    reserve(h, s);
    plan_give(&h->plan, i, kept(h, seat_name(s)), s->incarnation);
}

static void give(struct hand *h, struct job *j)
{
    if (is_locked_out(h, j))
        return;
    if (h->task.target_count == 0)
        spread(h, j);
    if (h->task.target_count == 0 || !rate_allows(h, j))
        return;
    for (uint32_t i = 0; i < h->task.target_count; i++)
        if (plan_is_ready(&h->plan, i))
            give_one(h, j, i);
}

/* ---- writing ---- */

static void unreserve(struct hand *h)
{
    while (h->reserved_count > 0)
        book_unreserve(h->book, h->reserved[--h->reserved_count]);
}

/* Until the store tells of what was given, its room is taken. */
static void keep_reserved(struct hand *h, int64_t revision)
{
    while (h->reserved_count > 0)
        book_reserve_until(h->book, h->reserved[--h->reserved_count], revision);
}

/* Whatever happens, it is planned anew then. */
static void look_again(struct book *b, struct job *j, rt_time at)
{
    book_timer(b, j, at);
    j->again = true;
}

/* A plan that did not come true: because we lead no more, or because what was seen was old. */
static void conflict(struct hand *h, struct job *j, const struct store_txn_result *got)
{
    struct book *b = h->book;
    const struct store_range_result *leader = &got->ops[0].range;
    b->options->stats->conflicts_total++;
    bool lead = leader->count && leader->kvs[0].create_revision == b->election.create_revision;
    if (!lead)
        rt_group_cancel(b->term);
    look_again(b, j, rt_now() + ((int64_t)CONFLICT_AGAIN_MS << j->conflicts) * RT_MS);
    if (j->conflicts < CONFLICT_DOUBLINGS)
        j->conflicts++;
}

/* What was written is a task of one target, which was given: there is nothing else to it. */
static bool gave_all(const struct hand *h)
{
    const struct task *t = &h->task;
    return h->plan.touched && t->state == TASK_ASSIGNED && t->step_count == 0 &&
           t->target_count == 1;
}

static void write_plan(struct hand *h, struct job *j)
{
    struct book *b = h->book;
    struct plan *p = &h->plan;
    struct store_op look = {
        .type = STORE_READ,
        .range = {.keys = store_key(election_guard(&b->election).key)},
    };
    bool unguarded = fault_mutant("schedule_election_unguarded");
    struct store_txn txn = {
        .compares = p->compares + unguarded,
        .compare_count = p->compare_count - unguarded,
        .then = p->ops,
        .then_count = p->op_count,
        .otherwise = &look,
        .otherwise_count = 1,
    };
    struct store_txn_result got = {0};
    bool first = h->reserved_count && h->task.attempt_count == h->reserved_count;
    int r =
        store_txn(b->options->store, &txn, &h->arena, &got, &h->err, rt_now() + WRITE_MS * RT_MS);
    if (r < 0) {
        unreserve(h);
        book_note(b, SCHEDULE_NOTE_UNREACHABLE, job_name(j), h->err.text);
        look_again(b, j, rt_now() + DOUBT_AGAIN_MS * RT_MS);
    } else if (!got.succeeded) {
        unreserve(h);
        conflict(h, j, &got);
    } else {
        if (first)
            histogram_add(&b->options->stats->dispatch, rt_now() - j->came_at);
        keep_reserved(h, got.revision);
        j->conflicts = 0;
        /* A step that ended is looked at: its workflow goes on. */
        bool ended = p->touched && task_state_final(h->task.state) && !h->task.workflow.size;
        j->ended = ended ? got.revision : 0;
        j->ended_as = h->task.state;
        j->given = gave_all(h) ? got.revision : 0;
        j->hold = p->touched ? got.revision : INT64_MAX;
        j->hold_until = rt_now() + (p->touched ? OWN_WRITE_MS : DOUBT_AGAIN_MS) * RT_MS;
        look_again(b, j, j->hold_until);
        if (p->more)
            book_dirty(b, j);
    }
}

/* ---- what is old goes ---- */

static void trim(struct hand *h, struct job *j, const struct store_kv *kv)
{
    struct book *b = h->book;
    struct slice prefix = b->options->prefix, name = h->task.name;
    struct slice key = task_key(&h->arena, prefix, TASK_KEY_TASK, name, none);
    struct store_compare compares[] = {
        election_guard(&b->election),
        {.key = key, .target = STORE_MOD_REVISION, .number = kv->mod_revision},
    };
    struct store_op ops[] = {
        {.type = STORE_DELETE, .keys = store_key(key)},
        {.type = STORE_DELETE,
         .keys = store_prefix(task_key_prefix(&h->arena, prefix, TASK_KEY_STATUS, name))},
        {.type = STORE_DELETE,
         .keys = store_prefix(task_key_prefix(&h->arena, prefix, TASK_KEY_OUTPUT, name))},
        {.type = STORE_DELETE,
         .keys = store_key(task_key(&h->arena, prefix, TASK_KEY_DEDUP, h->task.dedup_key, none))},
    };
    struct store_txn txn = {
        .compares = compares,
        .compare_count = ARRAY_LEN(compares),
        .then = ops,
        .then_count = ARRAY_LEN(ops) - (h->task.dedup_key.size == 0),
    };
    int r =
        store_txn(b->options->store, &txn, &h->arena, NULL, &h->err, rt_now() + WRITE_MS * RT_MS);
    if (r < 0)
        look_again(b, j, rt_now() + DOUBT_AGAIN_MS * RT_MS);
}

/* ---- one job ---- */

static bool is_held(struct book *b, struct job *j)
{
    if (rt_now() >= j->hold_until || j->mod >= j->hold)
        return false;
    look_again(b, j, j->hold_until);
    return true;
}

static struct plan_clock clock_of(struct job *j)
{
    return (struct plan_clock){
        .now = rt_now(),
        .wall_ms = rt_wall_now() / RT_MS,
        .seen_at = j->seen_at,
        .seen_wall_ms = j->seen_wall_ms,
        .deadline_at = j->deadline_at,
        .random = rt_random(),
    };
}

/* Counted from when it was wanted, by our own clock from when we first saw it. */
static void set_deadline(struct hand *h, struct job *j)
{
    const struct task *t = &h->task;
    if (t->deadline_ms <= 0 || j->deadline_at != RT_NEVER)
        return;
    int64_t left = task_since(t) + t->deadline_ms - j->seen_wall_ms;
    left = left < 0 ? 0 : left > t->deadline_ms ? t->deadline_ms : left;
    j->deadline_at = j->seen_at + left * RT_MS;
}

/* Nothing happened to it since it was planned last, and yet there is something to do now, or it
 * is to be looked at sooner: whoever should have made it dirty did not. */
static void told_too_late(struct hand *h, struct job *j, rt_time due, int r)
{
    if ((r > 0 || j->due < due) && book_settled(h->book))
        book_mended(h->book, job_name(j), "a task waited for what had come");
}

static void plan_job(struct hand *h, struct job *j, const struct store_kv *kv, bool granted,
                     bool audit)
{
    struct book *b = h->book;
    rt_time due = j->due;
    struct store_compare guard = election_guard(&b->election);
    struct plan_clock clock = clock_of(j);
    plan_begin(&h->plan, &h->arena, b->options->prefix, &guard, &h->task, kv->mod_revision, see(h),
               &clock);
    plan_settle(&h->plan);
    book_timer(b, j, h->plan.due);
    j->again = false;
    /* What only its own nodes can run waits for these, not in the queue for any. */
    bool pinned = h->task.pinned || h->task.selector.size;
    if (h->plan.ready && (granted || pinned || (!audit && book_has_room(b))))
        give(h, j);
    else if (h->plan.ready)
        queue_push(&b->queue, &j->wish, h->task.namespace_);
    int r = plan_end(&h->plan);
    if (audit)
        told_too_late(h, j, due, r);
    if (r > 0) {
        queue_remove(&b->queue, &j->wish);
        if (granted)
            book_dispatch(b); /* one grant more is free, and a write may take long */
        write_plan(h, j);
    } else if (r < 0) {
        unreserve(h);
        err_sys(&h->err, r, "what became of it is too much to be written");
        bad_value(h, h->task.name);
    }
}

/* ---- a workflow ---- */

static void see_step(struct hand *h, struct slice name, struct workflow_seen *ret)
{
    const struct store_kv *kv = seen_value(h, BOOK_TASKS, TASK_KEY_TASK, name, none);
    struct task *t = arena_new(&h->arena, struct task);
    if (kv && task_read(kept(h, kv->value), &h->arena, t, &h->err) < 0)
        bad_value(h, kv->key);
    else if (kv)
        *ret = (struct workflow_seen){.there = true, .mod = kv->mod_revision, .task = t};
}

/* The tasks of its steps that are not known to have ended. */
static void see_steps(struct hand *h, struct workflow_seen *steps, struct workflow_seen *undos)
{
    const struct task *t = &h->task;
    for (uint32_t i = 0; i < t->step_count; i++) {
        const struct task_step *s = &t->steps[i];
        if (!s->ended)
            see_step(h, workflow_step_task(&h->arena, t, i), &steps[i]);
        else if (s->rollback.size && !task_state_final(s->undo_state))
            see_step(h, workflow_undo_task(&h->arena, t, i), &undos[i]);
    }
}

static void plan_workflow(struct hand *h, struct job *j, const struct store_kv *kv)
{
    struct book *b = h->book;
    struct store_compare guard = election_guard(&b->election);
    struct plan_clock clock = clock_of(j);
    uint32_t count = h->task.step_count;
    struct workflow_seen *steps = arena_alloc_array(&h->arena, 2 * count, sizeof(*steps));
    if (is_locked_out(h, j) && !h->task.cancel && clock.now < clock.deadline_at) {
        book_timer(b, j, clock.deadline_at);
        return;
    }
    see_steps(h, steps, steps + count);
    plan_begin(&h->plan, &h->arena, b->options->prefix, &guard, &h->task, kv->mod_revision, NULL,
               &clock);
    workflow_settle(&h->plan, steps, steps + count);
    book_timer(b, j, h->plan.due);
    int r = plan_end(&h->plan);
    if (r > 0) {
        write_plan(h, j);
    } else if (r < 0) {
        err_sys(&h->err, r, "what became of it is too much to be written");
        bad_value(h, h->task.name);
    }
}

/* A step that has changed may let its workflow go on. */
static void tell_workflow(struct hand *h)
{
    struct job *j = h->task.workflow.size ? map_get(&h->book->jobs, h->task.workflow) : NULL;
    if (j && task_state_final(h->task.state))
        book_dirty(h->book, j);
}

/* It has ended: there is nothing to plan. */
static void rest(struct book *b, struct job *j, enum task_state state)
{
    book_state(b, j, state);
    book_timer(b, j, RT_NEVER);
    j->again = false;
}

static void work_on(struct hand *h, struct job *j)
{
    struct book *b = h->book;
    bool granted = j->granted, audit = j->audit, calm = j->calm;
    j->audit = j->calm = false;
    b->granted -= granted;
    j->granted = false;
    queue_remove(&b->queue, &j->wish);
    const struct store_kv *kv = seen_value(h, BOOK_TASKS, TASK_KEY_TASK, job_name(j), none);
    if (!kv || j->bad)
        return;
    bool held = is_held(b, j);
    if (held && !calm && !fault_mutant("schedule_calm_forgets"))
        j->given = 0; /* what came is planned with the news of our own write, not after a while */
    if (held || (calm && book_is_calm(b, j)))
        return;
    if (kv->mod_revision == j->ended && !j->trim) {
        rest(b, j, j->ended_as);
        return;
    }
    if (task_read(kept(h, kv->value), &h->arena, &h->task, &h->err) < 0 ||
        !slice_eq(h->task.name, job_name(j))) {
        if (h->err.code == 0)
            err_set(&h->err, -EBADMSG, "its name is not that of its key");
        bad_value(h, kv->key);
        j->bad = true; /* until it is another one */
        return;
    }
    j->wish.priority = fault_mutant("schedule_priority_unread") ? 0 : h->task.priority;
    set_deadline(h, j);
    book_state(b, j, h->task.state);
    tell_workflow(h);
    if (j->trim)
        trim(h, j, kv);
    else if (h->task.step_count && !task_state_final(h->task.state))
        plan_workflow(h, j, kv);
    else if (!task_state_final(h->task.state))
        plan_job(h, j, kv, granted, audit);
    else
        rest(b, j, h->task.state);
}

static void trim_oldest(struct book *b)
{
    uint32_t kept_max = b->options->tasks_kept ? b->options->tasks_kept : SCHEDULE_TASKS_KEPT;
    while (b->ended_count > kept_max) {
        struct job *j = list_entry(list_pop_front(&b->ended), struct job, end);
        b->ended_count--;
        j->trim = true;
        book_dirty(b, j);
    }
}

static struct job *next_job(struct book *b)
{
    list_each (it, &b->dirty) {
        struct job *j = list_entry(it, struct job, link);
        if (j->busy)
            continue; /* another hand is at it, and looks again behind this */
        list_remove(it);
        j->dirty = false;
        return j;
    }
    return NULL;
}

void hand_main(void *arg)
{
    struct hand *h = mem_alloc(MEM_SCHEDULE, sizeof(*h));
    struct book *b = h->book = arg;
    h->arena = ARENA(MEM_SCHEDULE, 0);
    for (uint32_t planned = 0; !rt_cancelled(); planned++) {
        struct job *j = next_job(b);
        if (!j) {
            rt_event_clear(&b->work);
            if (rt_event_wait(&b->work, RT_NEVER) < 0)
                break;
            continue;
        }
        j->busy = true;
        h->err = (struct err){0};
        arena_reset(&h->arena);
        struct wait *was = book_take_waits(j);
        work_on(h, j);
        book_unwait(b, was);
        j->busy = false;
        if (j->dirty)
            rt_event_set(&b->work); /* meanwhile */
        if (j->mod == 0 && !j->dirty)
            book_forget(b, j);
        book_dispatch(b);
        trim_oldest(b);
        /* A hundred thousand that have nothing to be written must not keep the loop. */
        if (planned % JOBS_AT_ONCE == 0)
            (void)rt_yield();
    }
    unreserve(h);
    arena_done(&h->arena);
    mem_free(MEM_SCHEDULE, h);
}
