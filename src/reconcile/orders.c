#include "reconcile/orders.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/map.h"
#include "reconcile/record.h"
#include "store/follow.h"
#include "store/tasks.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

/* An order under way: waits to be written, or is followed. */
struct job {
    struct list link;           /* of its hand's queue, while it waits */
    struct repair_order *order; /* START, CANCEL or OVER */
    rt_time again;              /* not before */
    char *task;                 /* the name, once it has one */
    enum task_state told;
    uint32_t uses;              /* somebody is at it */
    bool known;                 /* a state was told */
    bool canceled, over;
};

struct hand {
    struct repair_orders *orders;
    struct list queue;
    struct rt_event wake;
};

struct repair_orders {
    struct repair_orders_options options;
    char *prefix;
    struct hand hands[REPAIR_ORDERS_HANDS];
    struct map started;  /* dedup key -> the START job, until it is over */
    struct map by_task;  /* task's name -> the same */
    struct follow tasks; /* /tasks/ */
    uint32_t count;      /* jobs */
};

static const struct slice none = {NULL, 0};

struct repair_orders *repair_orders_new(const struct repair_orders_options *options)
{
    struct repair_orders *o = mem_alloc(MEM_RECONCILE, sizeof(*o));
    o->options = *options;
    o->prefix = mem_strdup(MEM_RECONCILE, options->prefix);
    o->started = MAP(MEM_RECONCILE, 0, ((struct map_seed){rt_random(), rt_random()}));
    o->by_task = o->started;
    for (int i = 0; i < REPAIR_ORDERS_HANDS; i++) {
        o->hands[i].orders = o;
        list_init(&o->hands[i].queue);
    }
    return o;
}

/* ---- jobs ---- */

static void job_free(struct repair_orders *o, struct job *j)
{
    list_remove(&j->link);
    repair_order_free(j->order);
    mem_free(MEM_RECONCILE, j->task);
    mem_free(MEM_RECONCILE, j);
    o->count--;
}

static void job_done(struct repair_orders *o, struct job *j)
{
    if (j->uses == 0)
        job_free(o, j);
}

static struct hand *hand_of(struct repair_orders *o, const struct repair_order *order)
{
    uint64_t h = map_hash((struct map_seed){1, 2}, order->group, strlen(order->group));
    return &o->hands[h % REPAIR_ORDERS_HANDS];
}

static struct job *job_new(struct repair_orders *o, const struct repair_order *order)
{
    struct job *j = mem_alloc(MEM_RECONCILE, sizeof(*j));
    struct hand *h = hand_of(o, order);
    j->order = repair_order_copy(order);
    list_push_back(&h->queue, &j->link);
    o->count++;
    rt_event_set(&h->wake);
    return j;
}

/* Nothing more is to be told of it. */
static void unfollow(struct repair_orders *o, struct job *j)
{
    if (map_get(&o->started, slice_from(j->order->dedup_key)) == j)
        map_remove(&o->started, slice_from(j->order->dedup_key));
    if (j->task && map_get(&o->by_task, slice_from(j->task)) == j)
        map_remove(&o->by_task, slice_from(j->task));
}

static void over(struct repair_orders *o, struct job *j)
{
    unfollow(o, j);
    j->over = true;
    list_remove(&j->link);
    job_done(o, j);
}

static void over_with(struct repair_orders *o, struct slice dedup_key)
{
    struct job *j = map_get(&o->started, dedup_key);
    if (j)
        over(o, j);
}

/* The order of what this one rolls back. */
static void undone(struct repair_orders *o, const struct repair_order *order)
{
    static const struct slice tail = {"/rollback", 9};
    struct slice key = slice_from(order->dedup_key);
    if (slice_ends_with(key, tail))
        over_with(o, slice_sub(key, 0, key.size - tail.size));
}

int repair_orders_put(struct repair_orders *o, const struct repair_order *order)
{
    struct job *j = map_get(&o->started, slice_from(order->dedup_key));
    if (order->type == REPAIR_ORDER_START && j)
        return 0;
    if (order->type == REPAIR_ORDER_START && o->count >= REPAIR_ORDERS_MAX)
        return -ENOSPC;
    if (order->type == REPAIR_ORDER_START) {
        /* One that still waits for its task, as after a takeover, would take this one's for it. */
        if (!fault_mutant("heal_undone_goes_on"))
            undone(o, order);
        j = job_new(o, order);
        map_put(&o->started, slice_from(j->order->dedup_key), j, NULL);
        return 0;
    }
    bool unwritten = j && !j->task;
    if (j && order->type == REPAIR_ORDER_CANCEL)
        j->canceled = true; /* whoever is making its task ends it then */
    if (order->type != REPAIR_ORDER_CANCEL) {
        over_with(o, slice_from(order->dedup_key));
        undone(o, order);
    }
    if (order->type == REPAIR_ORDER_OVER || (order->type == REPAIR_ORDER_CANCEL && !unwritten))
        job_new(o, order);
    return 0;
}

uint32_t repair_orders_waiting(const struct repair_orders *o)
{
    return o->count;
}

/* ---- telling ---- */

static void tell(struct repair_orders *o, struct job *j, enum task_state state, bool unbegun,
                 const char *why)
{
    if (j->over || (j->known && j->told == state))
        return;
    j->known = true;
    j->told = state;
    j->uses++;
    o->options.on_task(o->options.ctx, j->order, j->task, state, unbegun, why);
    j->uses--;
    if (j->over || (j->order->notifies && task_state_final(state))) {
        unfollow(o, j);
        job_done(o, j);
    }
}

static void refuse(struct repair_orders *o, struct job *j, const char *why)
{
    if (j->over)
        return;
    j->uses++;
    o->options.on_task(o->options.ctx, j->order, NULL, TASK_FAILED, true, why);
    j->uses--;
    unfollow(o, j);
    job_done(o, j);
}

/* Rejected, too late, or taken back from each who was to begin it. */
static bool never_began(const struct task *t)
{
    if (!task_state_final(t->state) || t->round > 1)
        return false;
    for (uint32_t i = 0; i < t->attempt_count; i++) {
        const struct task_attempt *x = &t->attempts[i];
        if (x->accepted || x->started_ms || x->state != TASK_CANCELED)
            return false;
    }
    for (uint32_t i = 0; i < t->step_count; i++)
        if (t->steps[i].task.size)
            return false;
    return true;
}

/* Who ended it; or what its attempts that were accepted say, the last one first; NULL: nothing. */
static const char *why_it_failed(const struct task *t, struct arena *a)
{
    if (t->state == TASK_CANCELED && t->decided_by.size)
        return arena_printf(a, "%s by %.*s", t->cancel ? "canceled" : "rejected",
                            SLICE_ARG(t->decided_by));
    if (t->state == TASK_EXPIRED && never_began(t))
        return "its deadline came before it began";
    if (t->state != TASK_FAILED && t->state != TASK_TIMED_OUT && t->state != TASK_EXPIRED)
        return NULL;
    for (uint32_t i = t->attempt_count; i-- > 0;) {
        const struct task_attempt *x = &t->attempts[i];
        if (x->accepted && x->detail.size)
            return arena_strdup(a, x->detail);
        if (x->accepted && x->exit > 0)
            return arena_printf(a, "exit %d", x->exit);
    }
    return NULL;
}

static void told_task(struct repair_orders *o, struct job *j, const struct store_kv *kv)
{
    struct arena a = ARENA(MEM_RECONCILE, 0);
    struct task t;
    if (task_read(kv->value, &a, &t, NULL) == 0)
        tell(o, j, t.state, never_began(&t), why_it_failed(&t, &a));
    arena_done(&a);
}

static void follow_task(struct repair_orders *o, struct job *j, struct slice name)
{
    struct arena a = ARENA(MEM_RECONCILE, 0);
    j->task = mem_strdup(MEM_RECONCILE, name);
    map_put(&o->by_task, slice_from(j->task), j, NULL);
    struct slice key = task_key(&a, slice_from(o->prefix), TASK_KEY_TASK, name, none);
    const struct store_kv *kv = follow_get(&o->tasks, key);
    struct buf value = BUF(MEM_RECONCILE, 0);
    if (kv) { /* it was there before we knew whose it is */
        struct store_kv copy = *kv;
        buf_append_slice(&value, kv->value);
        copy.value = buf_slice(&value);
        told_task(o, j, &copy);
    }
    buf_done(&value);
    arena_done(&a);
}

static void follow_main(void *arg)
{
    struct repair_orders *o = arg;
    struct arena a = ARENA(MEM_RECONCILE, 0);
    struct follow_change c;
    struct slice task, unused;
    for (;;) {
        int r = follow_next(&o->tasks, &c, NULL, RT_NEVER);
        if (r == -ECANCELED || rt_cancelled())
            break;
        if (r < 0 && rt_sleep(rt_now() + REPAIR_ORDERS_AGAIN_MS * RT_MS) < 0)
            break;
        if (r < 0 || c.type == FOLLOW_SYNCED)
            continue;
        arena_reset(&a);
        if (task_key_split(&a, slice_from(o->prefix), TASK_KEY_TASK, c.kv.key, &task, &unused) < 0)
            continue;
        struct job *j = map_get(&o->by_task, task);
        if (j && c.type == FOLLOW_SET)
            told_task(o, j, &c.kv);
        else if (j)
            tell(o, j, TASK_CANCELED, false, "somebody deleted it"); /* who knows what it did */
    }
    arena_done(&a);
}

/* ---- making a task ---- */

struct making {
    struct repair_orders *o;
    struct job *j;
    struct arena a;
    struct repair_record record;
    struct slice key; /* of the record */
    int64_t mod;      /* the record's revision, as it was read */
    struct buf value;
    struct task task;
    bool adopted;     /* another repair of the asset has a task: it is followed */
    struct store_compare guards[2];
    struct store_op with;
    struct err err;
};

static rt_time soon(void)
{
    return rt_now() + REPAIR_ORDERS_CALL_MS * RT_MS;
}

static int read_record(struct making *m)
{
    struct store_kv kv;
    m->key = slice_from(
        arena_printf(&m->a, "%s/repairs/%s", m->o->prefix, m->j->order->group));
    int r = store_get(m->o->options.store, m->key, &m->a, &kv, &m->err, soon());
    if (r < 0)
        return r;
    m->mod = kv.mod_revision;
    m->record = (struct repair_record){0};
    /* One that cannot be read holds nobody back: it is written anew. */
    if (kv.version && repair_record_read(kv.value, &m->a, &m->record, NULL) < 0)
        m->record = (struct repair_record){0};
    return 0;
}

static const char *our_name(const struct repair_orders *o)
{
    return o->options.plane ? plane_node(o->options.plane) : "";
}

static bool over_is_near(struct repair_orders *o, const struct repair_order *order)
{
    struct hand *h = hand_of(o, order);
    list_each (it, &h->queue) {
        const struct repair_order *x = list_entry(it, struct job, link)->order;
        if (x->type == REPAIR_ORDER_OVER && strcmp(x->key, order->key) == 0)
            return true;
    }
    return false;
}

static int submit(struct making *m, struct slice *ret_name)
{
    struct repair_orders *o = m->o;
    const struct repair_order *order = m->j->order;
    struct tasks_at at = {.store = o->options.store, .prefix = slice_from(o->prefix)};
    if (o->options.plane && !plane_guard(o->options.plane, &m->guards[0]))
        return -EAGAIN;
    at.guards = m->guards;
    at.guard_count = o->options.plane ? 1 : 0;
    if (!order->notifies) {
        repair_record_write(&m->record, &m->value);
        if (!fault_mutant("heal_record_unguarded"))
            m->guards[at.guard_count++] = (struct store_compare){
                .key = m->key, .target = STORE_MOD_REVISION, .number = m->mod};
        m->with = (struct store_op){
            .type = STORE_PUT, .key = m->key, .value = buf_slice(&m->value)};
        at.with = &m->with;
        at.with_count = 1;
    }
    return tasks_submit(&at, &m->task, &m->a, ret_name, NULL, &m->err, soon());
}

/* Returns 1: it has; 0, or why that cannot be said. */
static int has_ended(struct making *m, const char *task)
{
    struct store_kv kv;
    struct task t;
    struct slice key =
        task_key(&m->a, slice_from(m->o->prefix), TASK_KEY_TASK, slice_from(task), none);
    int r = store_get(m->o->options.store, key, &m->a, &kv, &m->err, soon());
    if (r < 0)
        return r;
    return kv.version == 0 || task_read(kv.value, &m->a, &t, NULL) < 0 ||
           task_state_final(t.state);
}

/* That of the repair which this order rolls back. */
static bool is_rolled_back(const struct repair_order *order, const struct repair_line *l)
{
    size_t n = strlen(l->dedup_key);
    return strncmp(order->dedup_key, l->dedup_key, n) == 0 &&
           strcmp(order->dedup_key + n, "/rollback") == 0;
}

/* The line of this order among the others. Returns 1; 0: there is no room; or, of another repair of
 * the same asset, its task in *ret_task. */
static int take_room(struct making *m, struct slice *ret_task)
{
    const struct repair_order *order = m->j->order;
    struct repair_record *r = &m->record;
    uint32_t others = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        struct repair_line *l = &r->lines[i];
        if (strcmp(l->asset, order->key) != 0) {
            others++;
            continue;
        }
        if (strcmp(l->dedup_key, order->dedup_key) == 0)
            return 1; /* written before, or the task is known by its key */
        /* Another owner has begun another one since: what is undone meanwhile would be under it. */
        bool other = order->rollback && !is_rolled_back(order, l);
        if (other && !fault_mutant("heal_undone_under_another") && has_ended(m, l->task) <= 0)
            return 0;
        if (order->rollback || fault_mutant("heal_second_beside_first")) {
            *l = (struct repair_line){order->key, order->dedup_key, m->task.name.data,
                                      our_name(m->o)};
            return 1; /* it takes its own repair's place */
        }
        if (over_is_near(m->o, order))
            return 0;
        *ret_task = slice_from(l->task);
        return 1;
    }
    if (order->open_max && others >= order->open_max && !fault_mutant("heal_room_unlooked"))
        return 0;
    if (r->count == REPAIR_LINES_MAX)
        return 0;
    r->lines[r->count++] = (struct repair_line){order->key, order->dedup_key, m->task.name.data,
                                                our_name(m->o)};
    return 1;
}

static int prepare(struct making *m)
{
    const struct repair_order *order = m->j->order;
    struct task *t = &m->task;
    *t = (struct task){.exit = -1};
    int r = m->o->options.make(m->o->options.ctx, order, &m->a, t, &m->err);
    if (r < 0)
        return r;
    if (t->name.size)
        t->name = slice_from(arena_strdup(&m->a, t->name));
    else
        t->name = tasks_name(&m->a);
    t->dedup_key = slice_from(order->dedup_key);
    bool dflt = strcmp(order->namespace_, "default") == 0; /* named as events name it */
    t->asset = slice_from(dflt ? order->asset : order->key);
    t->remedy = slice_from(order->remedy);
    t->created_by = SLICE("firebreak");
    t->approve = order->approve;
    t->state = order->approve ? TASK_AWAITING_APPROVAL : TASK_PENDING;
    return tasks_check(t, NULL, &m->err);
}

/* Returns 0 with its task's name; -EAGAIN: later; -ECANCELED; -EINVAL …: it can be none. */
static int make(struct making *m, struct slice *ret_name)
{
    int r = prepare(m);
    if (r < 0)
        return r;
    if (!m->j->order->notifies) {
        struct slice other = none;
        if (read_record(m) < 0)
            return -EAGAIN;
        int room = take_room(m, &other);
        if (room == 0)
            return -EAGAIN;
        if (other.size) {
            m->adopted = true;
            *ret_name = other;
            return 0;
        }
    }
    r = submit(m, ret_name);
    bool for_good = r == -EINVAL || r == -EMSGSIZE || r == -EEXIST;
    return r == 0 || r == -ECANCELED || for_good ? r : -EAGAIN;
}

static void cancel_task(struct repair_orders *o, const char *task, rt_time *again)
{
    struct tasks_at at = {.store = o->options.store, .prefix = slice_from(o->prefix)};
    int r = tasks_do(&at, TASKS_CANCEL, slice_from(task), SLICE("firebreak"), NULL, soon());
    if (r < 0 && r != -ENOENT && r != -EALREADY && r != -EINVAL)
        *again = rt_now() + REPAIR_ORDERS_AGAIN_MS * RT_MS;
}

static void start(struct repair_orders *o, struct job *j)
{
    struct making *m = mem_alloc(MEM_RECONCILE, sizeof(*m));
    struct slice name = none;
    m->o = o;
    m->j = j;
    m->a = ARENA(MEM_RECONCILE, 0);
    m->value = BUF(MEM_RECONCILE, 0);
    int r = make(m, &name);
    if (r == 0 && (j->canceled || (j->over && !m->adopted))) {
        rt_time again = 0;
        char *task = mem_strdup(MEM_RECONCILE, name);
        cancel_task(o, task, &again);
        mem_free(MEM_RECONCILE, task);
    }
    if (r == 0 && !j->over)
        follow_task(o, j, name);
    else if (r == -EAGAIN && !j->over && !j->canceled)
        j->again = rt_now() + REPAIR_ORDERS_AGAIN_MS * RT_MS;
    else if (r < 0 && r != -ECANCELED && r != -EAGAIN)
        refuse(o, j, m->err.text);
    buf_done(&m->value);
    arena_done(&m->a);
    mem_free(MEM_RECONCILE, m);
}

/* ---- the end of one ---- */

/* Its own line, also where that was taken over from another plane, under that one's key. */
static bool is_its(const struct making *m, const struct repair_line *l)
{
    const struct repair_order *order = m->j->order;
    return strcmp(l->asset, order->key) == 0 &&
           (strcmp(l->dedup_key, order->dedup_key) == 0 ||
            strcmp(l->plane, our_name(m->o)) == 0 || strcmp(l->task, order->task) == 0);
}

/* Guarded by nothing but itself. An empty one goes. */
static int write_record(struct making *m)
{
    struct store_txn_result got;
    repair_record_write(&m->record, &m->value);
    struct store_compare same = {
        .key = m->key, .target = STORE_MOD_REVISION, .number = m->mod};
    struct store_op put = {.type = STORE_PUT, .key = m->key, .value = buf_slice(&m->value)};
    struct store_op gone = {.type = STORE_DELETE, .keys = store_key(m->key)};
    struct store_txn txn = {.compares = &same, .compare_count = 1, .then_count = 1};
    txn.then = m->record.count ? &put : &gone;
    int r = store_txn(m->o->options.store, &txn, &m->a, &got, &m->err, soon());
    return r < 0 || got.succeeded ? r : -EAGAIN;
}

/* Its line goes, once its task has ended: one that is canceled may be at it for a while. */
static int leave(struct making *m)
{
    int r = read_record(m);
    uint32_t kept = 0;
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < m->record.count; i++) {
        const struct repair_line *l = &m->record.lines[i];
        if (!is_its(m, l)) {
            m->record.lines[kept++] = *l;
            continue;
        }
        r = fault_mutant("heal_place_left_early") ? 1 : has_ended(m, l->task);
        if (r <= 0)
            return r ? r : -EAGAIN;
    }
    if (kept == m->record.count)
        return 0;
    m->record.count = kept;
    return write_record(m);
}

static void end_one(struct repair_orders *o, struct job *j)
{
    struct making *m = mem_alloc(MEM_RECONCILE, sizeof(*m));
    m->o = o;
    m->j = j;
    m->a = ARENA(MEM_RECONCILE, 0);
    m->value = BUF(MEM_RECONCILE, 0);
    if (leave(m) < 0)
        j->again = rt_now() + REPAIR_ORDERS_AGAIN_MS * RT_MS / 4;
    buf_done(&m->value);
    arena_done(&m->a);
    mem_free(MEM_RECONCILE, m);
}

/* ---- what was left behind ---- */

/* A line of a repair that nobody goes on with: whoever made it died before it was kept, or gave the
 * asset away. Whoever restores an asset orders its repair again, soon; so what is unknown to the
 * owner twice in a row, and has no task that runs, is cleared. */
static bool is_known(struct repair_orders *o, const struct repair_line *l)
{
    struct map_entry e;
    for (size_t at = 0; map_next(&o->started, &at, &e);)
        if (strcmp(((struct job *)e.value)->order->key, l->asset) == 0)
            return true;
    return false;
}

static uint64_t print_of(const struct repair_line *l, int64_t mod)
{
    uint64_t h = map_hash((struct map_seed){(uint64_t)mod, 7}, l->dedup_key, strlen(l->dedup_key));
    return h ? h : 1;
}

/* Takes out what was left behind twice; returns how many went. What is left behind is in `now`. */
static uint32_t clear(struct making *m, const struct map *before, struct map *now)
{
    struct repair_record *r = &m->record;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct repair_line *l = &r->lines[i];
        uint64_t print = print_of(l, m->mod);
        if (is_known(m->o, l) || !map_get_u64(before, print) || has_ended(m, l->task) != 1)
            r->lines[kept++] = *l;
        if (!is_known(m->o, l))
            map_put_u64(now, print, m->o, NULL);
    }
    uint32_t gone = r->count - kept;
    r->count = kept;
    return gone;
}

static void sweep_record(struct repair_orders *o, const struct store_kv *kv,
                         const struct map *before, struct map *now)
{
    struct making *m = mem_alloc(MEM_RECONCILE, sizeof(*m));
    m->o = o;
    m->a = ARENA(MEM_RECONCILE, 0);
    m->value = BUF(MEM_RECONCILE, 0);
    m->key = kv->key;
    m->mod = kv->mod_revision;
    if (repair_record_read(kv->value, &m->a, &m->record, NULL) == 0 && clear(m, before, now))
        (void)write_record(m);
    buf_done(&m->value);
    arena_done(&m->a);
    mem_free(MEM_RECONCILE, m);
}

static void sweep(struct repair_orders *o, const struct map *before, struct map *now)
{
    struct arena a = ARENA(MEM_RECONCILE, 0);
    struct slice prefix = slice_from(arena_printf(&a, "%s/repairs/", o->prefix));
    struct store_range range = {.keys = store_prefix(prefix)};
    struct store_range_result got;
    if (store_range(o->options.store, &range, &a, &got, NULL, soon()) == 0)
        for (uint32_t i = 0; i < got.count && !rt_cancelled(); i++) {
            const struct store_kv *kv = &got.kvs[i];
            const char *share = kv->key.data + prefix.size;
            if (!o->options.plane || plane_owns(o->options.plane, share))
                sweep_record(o, kv, before, now);
        }
    arena_done(&a);
}

static void sweep_main(void *arg)
{
    struct repair_orders *o = arg;
    struct map_seed seed = {rt_random(), rt_random()};
    struct map before = MAP(MEM_RECONCILE, 0, seed), now = before;
    while (rt_sleep(rt_now() + REPAIR_ORDERS_SWEEP_S * RT_SEC) == 0) {
        sweep(o, &before, &now);
        map_done(&before);
        before = now;
        now = MAP(MEM_RECONCILE, 0, seed);
    }
    map_done(&before);
}

/* ---- hands ---- */

/* The first that is due; *ret_due: when another one is. */
static struct job *next_of(struct hand *h, rt_time *ret_due)
{
    *ret_due = RT_NEVER;
    list_each (it, &h->queue) {
        struct job *j = list_entry(it, struct job, link);
        if (j->again <= rt_now())
            return j;
        if (j->again < *ret_due)
            *ret_due = j->again;
    }
    return NULL;
}

/* It stays in the queue while it is worked at, so that others see that it is near its end. */
static void work(struct hand *h, struct job *j)
{
    struct repair_orders *o = h->orders;
    j->again = 0;
    j->uses++;
    if (j->order->type == REPAIR_ORDER_START && j->canceled)
        ;
    else if (j->order->type == REPAIR_ORDER_START)
        start(o, j);
    else if (j->order->type == REPAIR_ORDER_OVER)
        end_one(o, j);
    else if (j->order->task && j->order->task[0])
        cancel_task(o, j->order->task, &j->again);
    j->uses--;
    if (j->again)
        return;
    list_remove(&j->link);
    bool followed = map_get(&o->started, slice_from(j->order->dedup_key)) == j;
    if (!followed)
        job_free(o, j);
}

static void hand_main(void *arg)
{
    struct hand *h = arg;
    while (!rt_cancelled()) {
        rt_time due;
        rt_event_clear(&h->wake);
        struct job *j = next_of(h, &due);
        if (j)
            work(h, j);
        else if (rt_event_wait(&h->wake, due) == -ECANCELED)
            return;
    }
}

void repair_orders_main(void *arg)
{
    struct repair_orders *o = arg;
    struct arena a = ARENA(MEM_RECONCILE, 0);
    struct rt_group group;
    rt_group_init(&group, "repairs");
    follow_init(&o->tasks, o->options.store,
                task_key_prefix(&a, slice_from(o->prefix), TASK_KEY_TASK, none), 0);
    int r = rt_go(&group, follow_main, o);
    for (int i = 0; i < REPAIR_ORDERS_HANDS && r == 0; i++)
        r = rt_go(&group, hand_main, &o->hands[i]);
    if (r == 0)
        r = rt_go(&group, sweep_main, o);
    if (r == 0)
        (void)rt_group_wait(&group, RT_NEVER);
    rt_group_done(&group);
    follow_done(&o->tasks);
    arena_done(&a);
}

void repair_orders_free(struct repair_orders *o)
{
    struct map_entry e;
    if (!o)
        return;
    for (int i = 0; i < REPAIR_ORDERS_HANDS; i++)
        while (!list_empty(&o->hands[i].queue)) {
            struct job *j = list_entry(o->hands[i].queue.next, struct job, link);
            if (map_get(&o->started, slice_from(j->order->dedup_key)) == j)
                list_remove(&j->link);
            else
                job_free(o, j);
        }
    for (size_t at = 0; map_next(&o->started, &at, &e);)
        job_free(o, e.value);
    map_done(&o->started);
    map_done(&o->by_task);
    mem_free(MEM_RECONCILE, o->prefix);
    mem_free(MEM_RECONCILE, o);
}
