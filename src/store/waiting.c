#include "store/waiting.h"

#include <inttypes.h>
#include <stdarg.h>

#include "base/log.h"
#include "model/selector.h"
#include "rt/rt.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

#define LEADER_KEY "/leader/controller"

static const struct slice none = {NULL, 0};

const char *waiting_name(enum waiting_reason r)
{
    static const char *const names[WAITING_COUNT] = {
        [WAITING_APPROVAL] = "approval",   [WAITING_CONTROLLER] = "controller",
        [WAITING_BACKOFF] = "backoff",     [WAITING_CONCURRENCY] = "concurrency",
        [WAITING_NO_NODE] = "no_node",     [WAITING_NODE_ABSENT] = "node_absent",
        [WAITING_NODE_LOST] = "node_lost", [WAITING_NODE_CORDONED] = "node_cordoned",
        [WAITING_NO_MATCH] = "no_match",   [WAITING_ROOM] = "room",
        [WAITING_RATE] = "rate",           [WAITING_TURN] = "turn",
        [WAITING_BEGIN] = "begin",
    };
    return r < WAITING_COUNT ? names[r] : NULL;
}

/* ---- looking ---- */

static struct waiting_node *node_of(struct waiting_view *v, struct arena *a, struct slice name)
{
    struct waiting_node *n = map_get(&v->nodes, name);
    if (n)
        return n;
    n = arena_new(a, struct waiting_node);
    n->node = (struct node){.name = name, .state = NODE_READY};
    n->next = v->first;
    v->first = n;
    map_put(&v->nodes, name, n, NULL);
    return n;
}

/* A value that cannot be read is nobody's: the controller says so where it leads. */
static void take_nodes(struct waiting_view *v, struct arena *a, struct slice prefix,
                       enum task_key key, const struct store_range_result *got)
{
    for (uint32_t i = 0; i < got->count; i++) {
        struct slice name, rest;
        struct node read = {.state = NODE_READY};
        if (task_key_split(a, prefix, key, got->kvs[i].key, &name, &rest) < 0 ||
            node_read(got->kvs[i].value, a, &read, NULL) < 0)
            continue;
        struct waiting_node *n = node_of(v, a, name);
        enum node_state wanted = key == TASK_KEY_NODE_SPEC ? read.state : n->node.state;
        if (key == TASK_KEY_NODE_KNOWN && n->there)
            continue;
        if (key != TASK_KEY_NODE_SPEC) {
            n->node = read;
            n->there = key == TASK_KEY_NODE;
            n->lost = !n->there;
            n->lost_ms = n->lost && read.state == NODE_LOST ? read.since_ms : 0;
        }
        n->node.state = wanted;
    }
}

static void take_locks(struct waiting_view *v, struct arena *a, struct slice prefix,
                       const struct store_range_result *got)
{
    for (uint32_t i = 0; i < got->count; i++) {
        struct slice key, rest;
        if (task_key_split(a, prefix, TASK_KEY_CONCURRENCY, got->kvs[i].key, &key, &rest) == 0)
            map_put(&v->locks, key, (void *)(uintptr_t)&got->kvs[i], NULL);
    }
}

int waiting_look(struct store *s, struct slice prefix, struct arena *a, struct waiting_view *ret,
                 struct err *err, rt_time deadline)
{
    static const struct {
        enum task_key key;
        int64_t max;
    } ranges[] = {
        {TASK_KEY_NODE_SPEC, WAITING_NODES_MAX},
        {TASK_KEY_NODE, WAITING_NODES_MAX},
        {TASK_KEY_NODE_KNOWN, WAITING_NODES_MAX},
        {TASK_KEY_CONCURRENCY, WAITING_LOCKS_MAX},
    };
    enum { RANGES = ARRAY_LEN(ranges) };
    struct store_op ops[RANGES + 1];
    struct store_txn_result got;
    struct map_seed seed = {rt_random(), rt_random()};
    for (int i = 0; i < RANGES; i++)
        ops[i] = (struct store_op){
            .type = STORE_READ,
            .range = {.keys = store_prefix(task_key_prefix(a, prefix, ranges[i].key, none)),
                      .limit = ranges[i].max},
        };
    const char *leader = arena_printf(a, "%.*s" LEADER_KEY, SLICE_ARG(prefix));
    ops[RANGES] =
        (struct store_op){.type = STORE_READ, .range = {.keys = store_key(slice_from(leader))}};
    struct store_txn txn = {.then = ops, .then_count = RANGES + 1};
    int r = store_txn(s, &txn, a, &got, err, deadline);
    if (r < 0)
        return r;
    struct waiting_view v = {.seen = true, .led = got.ops[RANGES].range.count > 0};
    v.nodes = v.locks = MAP(MEM_STORE, 0, seed);
    take_nodes(&v, a, prefix, TASK_KEY_NODE_SPEC, &got.ops[0].range);
    take_nodes(&v, a, prefix, TASK_KEY_NODE, &got.ops[1].range);
    take_nodes(&v, a, prefix, TASK_KEY_NODE_KNOWN, &got.ops[2].range);
    take_locks(&v, a, prefix, &got.ops[3].range);
    for (const struct waiting_node *n = v.first; n; n = n->next) {
        v.there += n->there;
        v.lost += n->lost;
        v.ready += n->there && n->node.state == NODE_READY;
    }
    *ret = v;
    return 0;
}

void waiting_done(struct waiting_view *v)
{
    map_done(&v->nodes);
    map_done(&v->locks);
}

/* ---- telling ---- */

static void say(struct waiting *w, struct arena *a, enum waiting_reason reason, const char *fmt,
                ...) PRINTF_LIKE(4, 5);

static void say(struct waiting *w, struct arena *a, enum waiting_reason reason, const char *fmt,
                ...)
{
    struct buf text = BUF(MEM_STORE, 0);
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    w->reason = reason;
    w->what = (struct slice){arena_strdup(a, buf_slice(&text)), text.size};
    buf_done(&text);
}

static bool is_full(const struct node *n)
{
    return n->running >= n->capacity;
}

/* " since 2026-11-27T03:26:35.000Z", where it is known; in the arena. */
static struct slice since_text(const struct waiting_node *n, struct arena *a)
{
    enum { NS_OF_MS = 1000 * 1000 };
    char text[LOG_TIME_BYTES];
    if (n->lost_ms <= 0 || n->lost_ms > INT64_MAX / NS_OF_MS)
        return none;
    log_format_time(n->lost_ms * NS_OF_MS, text);
    return slice_from(arena_printf(a, " since %.*s", (int)sizeof(text), text));
}

/* What is given to it waits, and what only it can run. */
static void of_absent(const struct waiting_node *n, struct slice name, struct arena *a,
                      struct waiting *w)
{
    if (n && n->lost)
        say(w, a, WAITING_NODE_LOST, "node %.*s, which is lost%.*s", SLICE_ARG(name),
            SLICE_ARG(since_text(n, a)));
    else
        say(w, a, WAITING_NODE_ABSENT, "node %.*s, which is not there", SLICE_ARG(name));
}

static void of_one_node(const struct waiting_view *v, struct slice name, struct arena *a,
                        struct waiting *w)
{
    const struct waiting_node *n = map_get(&v->nodes, name);
    if (!n || !n->there)
        of_absent(n, name, a, w);
    else if (n->node.state != NODE_READY)
        say(w, a, WAITING_NODE_CORDONED, "node %.*s, which is %s", SLICE_ARG(name),
            n->node.state == NODE_CORDONED ? "cordoned" : "draining");
    else if (is_full(&n->node))
        say(w, a, WAITING_ROOM, "room on node %.*s, which runs %u of %u", SLICE_ARG(name),
            n->node.running, n->node.capacity);
}

static void of_selector(const struct waiting_view *v, const struct task *t, struct arena *a,
                        struct waiting *w)
{
    struct selector *s = arena_new(a, struct selector);
    if (selector_parse(t->selector, s, NULL) < 0)
        return;
    const struct waiting_node *lost = NULL;
    for (const struct waiting_node *n = v->first; n; n = n->next) {
        bool ready = n->there && n->node.state == NODE_READY;
        if (!(ready || (n->lost && !lost)) || !node_matches(s, &n->node))
            continue;
        if (ready)
            return;
        lost = n;
    }
    if (lost)
        say(w, a, WAITING_NODE_LOST, "a node that fits %.*s: %.*s does, which is lost%.*s",
            SLICE_ARG(t->selector), SLICE_ARG(lost->node.name), SLICE_ARG(since_text(lost, a)));
    else
        say(w, a, WAITING_NO_MATCH, "a node that fits %.*s: none of %u does",
            SLICE_ARG(t->selector), v->ready);
}

static void of_any_node(const struct waiting_view *v, struct arena *a, struct waiting *w)
{
    uint32_t runs = 0, room = 0;
    for (const struct waiting_node *n = v->first; n; n = n->next) {
        if (!n->there || n->node.state != NODE_READY)
            continue;
        if (!is_full(&n->node))
            return;
        runs += n->node.running;
        room += n->node.capacity;
    }
    if (v->there == 0 && v->lost)
        say(w, a, WAITING_NODE_LOST, "a node: none is there, %u %s lost", v->lost,
            v->lost == 1 ? "is" : "are");
    else if (v->there == 0)
        say(w, a, WAITING_NO_NODE, "a node: none is there");
    else if (v->ready == 0)
        say(w, a, WAITING_NO_NODE, "a node: of %u all are cordoned or draining", v->there);
    else
        say(w, a, WAITING_ROOM, "room on a node: %u of %u run", runs, room);
}

/* Of several targets, the first that waits. */
static const struct task_target *waiting_target(const struct task *t)
{
    for (uint32_t i = 0; i < t->target_count; i++)
        if (t->targets[i].state == t->state)
            return &t->targets[i];
    return NULL;
}

static bool may_lock(const struct waiting_view *v, const struct task *t, struct arena *a,
                     struct waiting *w)
{
    const struct store_kv *lock =
        t->concurrency.size && !t->locked ? map_get(&v->locks, t->concurrency) : NULL;
    if (lock)
        say(w, a, WAITING_CONCURRENCY, "%.*s, which has the concurrency key '%.*s'",
            SLICE_ARG(lock->value), SLICE_ARG(t->concurrency));
    return !lock;
}

static void of_rate(const struct waiting_view *v, const struct task *t, struct arena *a,
                    struct waiting *w, int64_t wall_ms)
{
    enum { NS_OF_MS = 1000 * 1000 };
    struct waiting_rate r;
    char at[LOG_TIME_BYTES];
    if (!v->rate || !v->rate(v->rate_ctx, t->action, &r) || r.next_ms <= wall_ms) {
        say(w, a, WAITING_RATE, "a turn of its action '%.*s': %" PRId64 " begin in an hour",
            SLICE_ARG(t->action), t->rate_per_hour);
        return;
    }
    log_format_time(r.next_ms * NS_OF_MS, at);
    say(w, a, WAITING_RATE,
        "a turn of its action '%.*s': %u began within the last hour, of %" PRId64
        ", evenly apart; the next may at %.*s",
        SLICE_ARG(t->action), r.begun, t->rate_per_hour, LOG_TIME_BYTES, at);
}

static void of_pending(const struct waiting_view *v, const struct task *t,
                       const struct task_target *x, struct arena *a, struct waiting *w,
                       int64_t wall_ms)
{
    if (x && x->not_before_ms > wall_ms) {
        say(w, a, WAITING_BACKOFF, "its next attempt, in %.1f s",
            (double)(x->not_before_ms - wall_ms) / 1000);
        return;
    }
    if (!may_lock(v, t, a, w) || t->step_count)
        return;
    if (x ? x->node.size : t->pinned)
        of_one_node(v, x ? x->node : t->node, a, w);
    else if (t->selector.size)
        of_selector(v, t, a, w);
    else
        of_any_node(v, a, w);
    if (w->reason == WAITING_TURN && t->rate_per_hour > 0)
        of_rate(v, t, a, w, wall_ms);
}

static void of_assigned(const struct waiting_view *v, const struct task_target *x, struct arena *a,
                        struct waiting *w)
{
    const struct waiting_node *n = map_get(&v->nodes, x->node);
    if (!n || !n->there)
        of_absent(n, x->node, a, w);
    else
        say(w, a, WAITING_BEGIN, "node %.*s to begin it: it runs %u of %u", SLICE_ARG(x->node),
            n->node.running, n->node.capacity);
}

/* Since its last attempt ended, else since it was wanted. */
static int64_t since(const struct task *t, const struct task_target *x)
{
    int64_t at = task_since(t);
    for (uint32_t i = 0; i < t->attempt_count; i++) {
        const struct task_attempt *e = &t->attempts[i];
        int64_t end = e->started_ms + e->wall_ns / 1000000;
        bool mine = !x || t->target_count == 1 || slice_eq(e->node, x->node);
        if (mine && e->started_ms && task_state_final(e->state) && end > at)
            at = end;
    }
    return at;
}

struct waiting waiting_of(const struct waiting_view *v, const struct task *t, struct arena *a,
                          int64_t wall_ms)
{
    struct waiting w = {.reason = WAITING_NOT};
    const struct task_target *x = waiting_target(t);
    if (t->state > TASK_ASSIGNED)
        return w;
    w.since_ms = since(t, x);
    say(&w, a, WAITING_TURN, "its turn");
    if (t->state == TASK_AWAITING_APPROVAL)
        say(&w, a, WAITING_APPROVAL, "somebody to approve or reject it");
    else if (t->state == TASK_ASSIGNED && x)
        of_assigned(v, x, a, &w);
    else
        of_pending(v, t, x, a, &w, wall_ms);
    /* Whatever else there is: nobody would give it. */
    if (!v->led && t->state == TASK_PENDING)
        say(&w, a, WAITING_CONTROLLER, "a controller: none leads");
    return w;
}
