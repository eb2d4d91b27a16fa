#include "schedule/worker.h"

#include <errno.h>

#include "base/fault.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

/* A life: a session, the node's key under it, and three followers: what is given, how much may run
 * at once, whether the node is cordoned. When the session is lost the life ends, and another one
 * begins; what runs goes on. */

enum { ASK_MS = 10 * 1000, AGAIN_MS = 200, STOP_MS = 1000, TELL_MS = 500, AUDIT_MS = 30 * 1000 };

static const struct slice none = {NULL, 0};

void worker_note(struct worker *w, enum schedule_note note, struct slice what, const char *text)
{
    if (w->options->note)
        w->options->note(w->options->ctx, note, what, text);
}

void worker_mended(struct worker *w, struct slice what, const char *text)
{
    w->options->stats->mended_total++;
    worker_note(w, SCHEDULE_NOTE_MENDED, what, text);
}

/* ---- the queue ---- */

static struct work *best_queued(struct worker *w)
{
    struct work *best = NULL;
    list_each (it, &w->queue) {
        struct work *x = list_entry(it, struct work, link);
        if (!best || x->given.priority > best->given.priority)
            best = x;
    }
    return best;
}

static void drop(struct worker *w, struct work *x)
{
    if (map_get(&w->works, work_name(x)) == x)
        map_remove(&w->works, work_name(x));
    list_remove(&x->link);
    mem_free(MEM_SCHEDULE, x);
}

void worker_start(struct worker *w)
{
    struct schedule_stats *stats = w->options->stats;
    while (w->incarnation && w->max_known && w->queued &&
           (w->running_count < w->max || fault_mutant("schedule_worker_max_ignored"))) {
        struct work *x = best_queued(w);
        list_remove(&x->link);
        w->queued--;
        x->state = WORK_RUNNING;
        x->incarnation = w->incarnation;
        list_push_back(&w->running, &x->link);
        w->running_count++;
        if (rt_go(&w->runs, run_main, x) < 0) {
            /* No memory: it waits until something else has ended, or for the next audit. */
            w->running_count--;
            list_remove(&x->link);
            x->state = WORK_QUEUED;
            list_push_back(&w->queue, &x->link);
            w->queued++;
            break;
        }
    }
    if (stats->running != w->running_count)
        rt_event_set(&w->changed);
    stats->running = w->running_count;
    stats->queued = w->queued;
    stats->worker_max = w->max;
}

static void enqueue(struct worker *w, struct slice task, const struct store_kv *kv,
                    const struct assignment *given)
{
    if (w->queued >= SCHEDULE_QUEUE_TASKS_MAX) {
        w->options->stats->queue_full_total++;
        w->overlooked = true;
        return; /* it stands in the store, and is looked for again when there is room */
    }
    struct work *x = mem_alloc(MEM_SCHEDULE, sizeof(*x) + task.size);
    x->worker = w;
    x->create = kv->create_revision;
    x->mod = kv->mod_revision;
    x->given = *given;
    x->number = ++w->number;
    x->name_size = task.size;
    memcpy(x->name, task.data, task.size);
    list_push_back(&w->queue, &x->link);
    w->queued++;
    map_put(&w->works, work_name(x), x, NULL);
}

/* ---- what is given ---- */

static void unqueue(struct worker *w, struct work *x)
{
    w->queued--;
    drop(w, x);
}

static void told_given(struct worker *w, struct slice task, const struct store_kv *kv)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct assignment given;
    struct err err = {0};
    struct work *x = map_get(&w->works, task);
    if (assignment_read(kv->value, &a, &given, &err) < 0) {
        w->options->stats->bad_values_total++;
        worker_note(w, SCHEDULE_NOTE_BAD_VALUE, kv->key, err.text);
    } else if (x && x->create == kv->create_revision) {
        x->given = given;
        x->mod = kv->mod_revision;
        if (x->state == WORK_QUEUED && (given.claimed || given.ended) &&
            !fault_mutant("schedule_claimed_again"))
            unqueue(w,
                    x); /* an attempt of it that was in doubt, or has ended before we were told */
        else if (x->state == WORK_RUNNING && given.stop != TASK_PENDING)
            work_stop(x);
    } else {
        if (x && x->state == WORK_QUEUED)
            unqueue(w, x);
        else if (x)
            work_stop(x); /* an older attempt, that was taken back */
        /* What an earlier life claimed is taken back by the controller. */
        if (!given.claimed && !given.ended)
            enqueue(w, task, kv, &given);
    }
    arena_done(&a);
}

void worker_look(struct worker *w, struct slice task)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct slice key = task_key(&a, w->options->prefix, TASK_KEY_ASSIGN, w->options->node, task);
    const struct store_kv *kv = w->incarnation ? follow_get(&w->given, key) : NULL;
    if (kv && !map_get(&w->works, task))
        told_given(w, task, kv);
    arena_done(&a);
}

static void told_taken(struct worker *w, struct slice task)
{
    struct work *x = map_get(&w->works, task);
    if (!x)
        return;
    if (x->state == WORK_QUEUED)
        unqueue(w, x);
    else if (x->state == WORK_RUNNING)
        work_stop(x);
}

/* What did not fit into the queue when it was told. */
static void look_for_more(struct worker *w)
{
    struct map_entry e;
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    if (!w->overlooked || w->queued > SCHEDULE_QUEUE_TASKS_MAX / 2)
        return;
    w->overlooked = false; /* said again where it is full again */
    for (size_t at = 0; map_next(&w->given.items, &at, &e);) {
        struct slice node, task;
        if (task_key_split(&a, w->options->prefix, TASK_KEY_ASSIGN, e.key, &node, &task) == 0 &&
            !map_get(&w->works, task))
            told_given(w, task, follow_get(&w->given, e.key));
    }
    arena_done(&a);
}

static void take_given(struct worker *w, const struct follow_change *c)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct slice node, task;
    if (task_key_split(&a, w->options->prefix, TASK_KEY_ASSIGN, c->kv.key, &node, &task) == 0) {
        if (c->type == FOLLOW_GONE)
            told_taken(w, task);
        else if (!fault_mutant("schedule_given_overlooked"))
            told_given(w, task, &c->kv);
        look_for_more(w);
        worker_start(w);
    }
    arena_done(&a);
}

/* ---- how much, and whether at all ---- */

static void take_config(struct worker *w, const struct follow_change *c)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct slice key = task_key(&a, w->options->prefix, TASK_KEY_WORKER_MAX, none, none);
    const struct store_kv *kv = follow_get(&w->config, key);
    uint64_t max = w->options->worker_max ? w->options->worker_max : SCHEDULE_WORKER_MAX;
    if (kv && slice_to_u64(slice_trim(kv->value), SCHEDULE_WORKER_MAX_MAX, &max) < 0) {
        w->options->stats->bad_values_total++;
        worker_note(w, SCHEDULE_NOTE_BAD_VALUE, key, "it is no whole number up to 4096");
        max = w->max; /* as it was */
    }
    (void)c;
    w->max = (uint32_t)max;
    arena_done(&a);
    rt_event_set(&w->changed);
    worker_start(w);
}

static void take_spec(struct worker *w, const struct follow_change *c)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct slice key = task_key(&a, w->options->prefix, TASK_KEY_NODE_SPEC, w->options->node, none);
    struct node n = {.state = NODE_READY};
    const struct store_kv *kv = follow_get(&w->spec, key);
    if (kv && node_read(kv->value, &a, &n, NULL) < 0)
        n.state = NODE_READY; /* the controller tells of it */
    (void)c;
    if (w->state != n.state)
        w->since_ms = rt_wall_now() / RT_MS;
    w->state = n.state;
    arena_done(&a);
    rt_event_set(&w->changed);
    if (n.state == NODE_DRAINING && fault_mutant("schedule_drain_kills"))
        list_each (it, &w->running)
            work_stop(list_entry(it, struct work, link));
}

static void follow_on(struct worker *w, struct follow *f,
                      void (*take)(struct worker *, const struct follow_change *))
{
    uint64_t mended = 0;
    struct err err = {0};
    for (;;) {
        struct follow_change c;
        int r = follow_next(f, &c, &err, rt_now() + ASK_MS * RT_MS);
        if (r == -ECANCELED || r == -ENOLINK)
            return;
        if (r < 0 && r != -ETIMEDOUT) {
            worker_note(w, SCHEDULE_NOTE_UNREACHABLE, w->options->node, err.text);
            if (rt_sleep(rt_now() + AGAIN_MS * RT_MS) < 0)
                return;
        }
        bool first = f == &w->config && !w->max_known && r == 0 && c.type == FOLLOW_SYNCED;
        w->max_known |= first;
        if (r == 0 && (c.type != FOLLOW_SYNCED || first))
            take(w, &c);
        if (f->mended_total != mended) {
            mended = f->mended_total;
            worker_mended(w, w->options->node, "memory was not what the store holds");
        }
    }
}

/* ---- the net below ---- */

struct disowned {
    struct slice key;
    int64_t mod;
};

/* It says that we run it, and we do not: somebody has to. Where we have just ended it, and were not
 * told yet, it stands there no more, or is another version. */
static void disown(struct worker *w, const struct disowned *x)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct store_compare same[] = {
        {.key = x->key, .target = STORE_MOD_REVISION, .number = x->mod},
        {.key = task_key(&a, w->options->prefix, TASK_KEY_NODE, w->options->node, none),
         .target = STORE_CREATE_REVISION,
         .number = w->incarnation},
    };
    struct store_op op = {.type = STORE_DELETE, .keys = store_key(x->key)};
    struct store_txn txn = {
        .compares = same, .compare_count = ARRAY_LEN(same), .then = &op, .then_count = 1};
    struct store_txn_result got = {.succeeded = false};
    int r = store_txn(w->options->store, &txn, &a, &got, NULL, rt_now() + ASK_MS * RT_MS);
    if (r == 0 && got.succeeded)
        worker_mended(w, x->key, "it was claimed, and not run");
    arena_done(&a);
}

/* What is given and nobody is at work on. Returns how many of these were claimed by this life. */
static uint32_t find_idle(struct worker *w, struct arena *a, struct disowned *ret)
{
    struct map_entry e;
    uint32_t count = 0;
    for (size_t at = 0; map_next(&w->given.items, &at, &e);) {
        const struct store_kv *kv = follow_get(&w->given, e.key);
        struct slice node, task;
        struct assignment x;
        if (task_key_split(a, w->options->prefix, TASK_KEY_ASSIGN, e.key, &node, &task) < 0 ||
            map_get(&w->works, task) || assignment_read(kv->value, a, &x, NULL) < 0 || x.ended)
            continue;
        if (x.claimed == w->incarnation)
            ret[count++] =
                (struct disowned){{arena_strdup(a, e.key), e.key.size}, kv->mod_revision};
        else if (!x.claimed)
            told_given(w, task, kv);
        struct work *found = map_get(&w->works, task);
        if (found)
            found->found = true;
    }
    return count;
}

static void audit_main(void *arg)
{
    struct worker *w = arg;
    rt_time every = w->options->relist ? w->options->relist : AUDIT_MS * RT_MS;
    while (rt_sleep(rt_now() + every) == 0) {
        struct arena a = ARENA(MEM_SCHEDULE, 0);
        if (follow_settled(&w->given)) {
            struct disowned *idle = arena_alloc_array(&a, w->given.items.count + 1, sizeof(*idle));
            uint32_t count = find_idle(w, &a, idle);
            for (uint32_t i = 0; i < count && !rt_cancelled(); i++)
                disown(w, &idle[i]);
        }
        worker_start(w);
        arena_done(&a);
    }
}

static void given_main(void *arg)
{
    struct worker *w = arg;
    follow_on(w, &w->given, take_given);
}

static void config_main(void *arg)
{
    struct worker *w = arg;
    follow_on(w, &w->config, take_config);
}

static void spec_main(void *arg)
{
    struct worker *w = arg;
    follow_on(w, &w->spec, take_spec);
}

/* ---- the node's key ---- */

/* What it says that changes. */
struct telling {
    enum node_state state;
    uint32_t running, max;
    int64_t since_ms; /* changes with `state` */
};

static struct telling telling_now(const struct worker *w)
{
    return (struct telling){w->state, w->running_count, w->max, w->since_ms};
}

static struct slice node_value(struct worker *w, const struct telling *t, struct arena *a)
{
    const struct schedule_options *o = w->options;
    struct buf json = BUF(MEM_SCHEDULE, 0);
    struct node n = {
        .name = o->node,
        .version = o->version,
        .state = t->state,
        .since_ms = t->since_ms,
        .labels = (struct task_label *)o->labels,
        .label_count = o->label_count,
        .running = t->running,
        .capacity = t->max,
        .lease_ms = w->session.ttl_ms,
        .boot = o->boot,
        .pid = o->pid,
        .pid_started = o->pid_started,
    };
    node_write(&n, &json);
    struct slice s = {arena_strdup(a, buf_slice(&json)), json.size};
    buf_done(&json);
    return s;
}

static struct slice node_key(struct worker *w, struct arena *a)
{
    return task_key(a, w->options->prefix, TASK_KEY_NODE, w->options->node, none);
}

static struct slice known_key(struct worker *w, struct arena *a)
{
    return task_key(a, w->options->prefix, TASK_KEY_NODE_KNOWN, w->options->node, none);
}

/* Creates it, and beside it what outlives the lease; or finds whose it is. 1: it is ours now; 0: it
 * is somebody else's. */
static int claim_name(struct worker *w, struct arena *a, struct store_kv *ret_holder,
                      struct err *err)
{
    struct slice key = node_key(w, a);
    w->since_ms = rt_wall_now() / RT_MS;
    struct telling told = telling_now(w);
    struct slice value = node_value(w, &told, a);
    struct store_compare absent = {.key = key, .target = STORE_CREATE_REVISION};
    struct store_op ops[] = {
        {.type = STORE_PUT, .key = known_key(w, a), .value = value},
        {.type = STORE_PUT, .key = key, .value = value, .lease = w->session.lease},
        {.type = STORE_READ, .range = {.keys = store_key(key)}},
    };
    struct store_txn txn = {
        .compares = &absent,
        .compare_count = 1,
        .then = ops,
        .then_count = 3,
        .otherwise = &ops[2],
        .otherwise_count = 1,
    };
    struct store_txn_result got;
    int r = store_txn(w->options->store, &txn, a, &got, err, rt_now() + ASK_MS * RT_MS);
    if (r < 0)
        return r;
    *ret_holder = got.ops[got.op_count - 1].range.kvs[0];
    return ret_holder->lease == w->session.lease;
}

/* Who had the name, and whose process is gone, has no use for its lease. A key without one was
 * written by another program. */
static void end_the_gone(struct worker *w, struct arena *a, const struct store_kv *holder)
{
    struct schedule_options *o = w->options;
    struct node n;
    if (holder->lease == 0) {
        (void)store_session_clear(o->store, holder, NULL, rt_now() + RT_SEC);
        return;
    }
    if (!o->process_gone || node_read(holder->value, a, &n, NULL) < 0)
        return;
    if (slice_eq(n.boot, o->boot) && o->process_gone(o->ctx, &n))
        (void)store_lease_revoke(o->store, holder->lease, NULL, rt_now() + RT_SEC);
}

static int join(struct worker *w, struct err *err)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct store_kv holder = {0};
    int r = 0;
    while (r == 0 && store_session_alive(&w->session)) {
        arena_reset(&a);
        r = claim_name(w, &a, &holder, err);
        if (r == 0) {
            worker_note(w, SCHEDULE_NOTE_UNREACHABLE, w->options->node,
                        "another worker of this name lives, or its lease has not ended yet");
            end_the_gone(w, &a, &holder);
        }
        if (r < 0)
            worker_note(w, SCHEDULE_NOTE_UNREACHABLE, w->options->node, err->text);
        if (r < 0)
            r = 0; /* asking again after a doubt is harmless: the answer shows our own lease */
        if (r == 0 && rt_sleep(rt_now() + AGAIN_MS * RT_MS) < 0)
            r = -ECANCELED;
    }
    arena_done(&a);
    if (r == 1)
        w->incarnation = holder.create_revision;
    return r > 0 ? 0 : r < 0 ? r : -ENOLINK;
}

/* By its revision, too: what was in doubt, and comes late, must not undo what was told since. It
 * tells `t`, not what is so by the time it is written: else what the caller remembers as told is
 * something else than what stands there, and where it is so again nobody would tell it. */
static bool tell_node(struct worker *w, const struct telling *t)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct slice key = node_key(w, &a);
    struct store *s = w->options->store;
    struct store_kv kv;
    struct store_txn_result got = {.succeeded = false};
    int r = store_get(s, key, &a, &kv, NULL, rt_now() + ASK_MS * RT_MS);
    struct store_compare same[] = {
        {.key = key, .target = STORE_CREATE_REVISION, .number = w->incarnation},
        {.key = key, .target = STORE_MOD_REVISION, .number = r == 0 ? kv.mod_revision : 0},
    };
    struct telling late = telling_now(w);
    struct slice value = node_value(w, fault_mutant("schedule_told_late") ? &late : t, &a);
    struct store_op op = {.type = STORE_PUT, .key = key, .value = value, .lease = w->session.lease};
    struct store_txn txn = {.compares = same, .compare_count = 2, .then = &op, .then_count = 1};
    if (r == 0)
        r = store_txn(s, &txn, &a, &got, NULL, rt_now() + ASK_MS * RT_MS);
    arena_done(&a);
    return r == 0 && got.succeeded;
}

/* Whether the key is as it was told, or nobody knows. Another program may have written it: then it
 * is to be told again; or deleted it: then all others think us gone, and this life is over. */
static bool node_stands(struct worker *w, const struct telling *told)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct slice key = node_key(w, &a);
    struct store_kv kv;
    bool stands = true;
    int r = store_get(w->options->store, key, &a, &kv, NULL, rt_now() + ASK_MS * RT_MS);
    if (r < 0 || !store_session_alive(&w->session)) {
        arena_done(&a);
        return true;
    }
    if (kv.create_revision != w->incarnation) {
        struct store_lease lease = {0};
        r = store_lease_get(w->options->store, w->session.lease, NULL, &lease, NULL,
                            rt_now() + ASK_MS * RT_MS);
        if (r == 0 && lease.left_ms >= 0) /* else it went with the lease, as it should */
            worker_mended(w, key, "another program deleted it: the node joins anew");
        rt_event_set(&w->session.lost);
    } else if (kv.lease != w->session.lease || !slice_eq(kv.value, node_value(w, told, &a))) {
        worker_mended(w, key, "another program wrote it");
        stands = false;
    }
    arena_done(&a);
    return stands;
}

/* Tells what the node's key says, when that is something else; not more often than TELL_MS. */
static void tell_main(void *arg)
{
    struct worker *w = arg;
    struct telling told = {.state = NODE_STATE_COUNT};
    rt_time every = w->options->relist ? w->options->relist : AUDIT_MS * RT_MS;
    rt_time look = rt_now() + every;
    for (;;) {
        struct telling now = telling_now(w);
        rt_event_clear(&w->changed);
        if (now.max == told.max && now.state == told.state && now.running == told.running) {
            if (rt_event_wait(&w->changed, look) == -ECANCELED)
                return;
            if (rt_now() < look)
                continue;
            look = rt_now() + every;
            if (node_stands(w, &told))
                continue;
        }
        if (tell_node(w, &now))
            told = now;
        else if (!fault_mutant("schedule_told_doubt_is_no"))
            told.state = NODE_STATE_COUNT; /* either stands there now */
        if (rt_sleep(rt_now() + TELL_MS * RT_MS) < 0)
            return;
    }
}

/* ---- a life ---- */

static void begin_following(struct worker *w)
{
    struct schedule_options *o = w->options;
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    follow_init(&w->given, o->store, task_key_prefix(&a, o->prefix, TASK_KEY_ASSIGN, o->node),
                o->relist);
    follow_init(&w->config, o->store, task_key(&a, o->prefix, TASK_KEY_WORKER_MAX, none, none),
                o->relist);
    follow_init(&w->spec, o->store, task_key(&a, o->prefix, TASK_KEY_NODE_SPEC, o->node, none),
                o->relist);
    arena_done(&a);
    rt_group_init(&w->life, "worker");
}

static void end_following(struct worker *w)
{
    rt_group_done(&w->life);
    follow_done(&w->given);
    follow_done(&w->config);
    follow_done(&w->spec);
    while (!list_empty(&w->queue))
        unqueue(w, list_entry(w->queue.next, struct work, link));
    w->incarnation = 0;
    w->max_known = false;
}

static void live(struct worker *w)
{
    begin_following(w);
    worker_note(w, SCHEDULE_NOTE_JOINED, w->options->node, NULL);
    if (rt_go(&w->life, given_main, w) == 0 && rt_go(&w->life, config_main, w) == 0 &&
        rt_go(&w->life, spec_main, w) == 0 && rt_go(&w->life, tell_main, w) == 0 &&
        rt_go(&w->life, audit_main, w) == 0)
        while (store_session_alive(&w->session))
            if (rt_event_wait(&w->session.lost, w->session.until) == -ECANCELED)
                break;
    end_following(w);
    if (!rt_cancelled())
        worker_note(w, SCHEDULE_NOTE_LOST, w->options->node, NULL);
}

/* Says goodbye: what outlives the lease goes first, so that nobody is thought lost who was shut
 * down. Where the store does not answer it stays: then it is as if it had been killed. */
static void leave(struct worker *w, int64_t incarnation)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct store_compare ours = {
        .key = node_key(w, &a), .target = STORE_CREATE_REVISION, .number = incarnation};
    struct store_op op = {.type = STORE_DELETE, .keys = store_key(known_key(w, &a))};
    struct store_txn txn = {.compares = &ours, .compare_count = 1, .then = &op, .then_count = 1};
    struct store_txn_result got;
    (void)store_txn(w->options->store, &txn, &a, &got, NULL, rt_now() + STOP_MS * RT_MS);
    arena_done(&a);
}

static void one_session(struct worker *w)
{
    struct schedule_options *o = w->options;
    struct err err = {0};
    int64_t ttl = o->lease_ttl_ms ? o->lease_ttl_ms : SCHEDULE_LEASE_TTL_MS;
    int r = store_session_open(&w->session, o->store, ttl, &err, rt_now() + ASK_MS * RT_MS);
    if (r == 0) {
        r = join(w, &err);
        int64_t incarnation = w->incarnation;
        if (r == 0)
            live(w);
        if (rt_cancelled()) {
            /* What runs ends before the node's key goes: until then nobody else begins it. */
            rt_group_cancel(&w->runs);
            rt_shield_begin();
            rt_group_wait(&w->runs, RT_NEVER);
            if (incarnation && !fault_mutant("schedule_goes_without_a_word"))
                leave(w, incarnation);
            rt_shield_end();
        }
        store_session_close(&w->session, rt_now() + STOP_MS * RT_MS);
    }
    if (r < 0 && r != -ECANCELED) {
        worker_note(w, SCHEDULE_NOTE_UNREACHABLE, o->node, err.text);
        (void)rt_sleep(rt_now() + AGAIN_MS * RT_MS);
    }
}

void schedule_worker(void *options)
{
    struct worker *w = mem_alloc(MEM_SCHEDULE, sizeof(*w));
    w->options = options;
    w->works = MAP(MEM_SCHEDULE, 0, ((struct map_seed){rt_random(), rt_random()}));
    w->max = w->options->worker_max ? w->options->worker_max : SCHEDULE_WORKER_MAX;
    list_init(&w->queue);
    list_init(&w->running);
    rt_group_init(&w->runs, "runs");
    while (!rt_cancelled())
        one_session(w);
    rt_group_done(&w->runs);
    map_done(&w->works);
    mem_free(MEM_SCHEDULE, w);
}
