#include "sim/store/world.h"

#include <stdio.h>
#include <stdlib.h>

struct slice key_name(uint32_t key)
{
    static const char names[KEYS][4] = {"k/0", "k/1", "k/2"};
    return (struct slice){names[key], 3};
}

uint32_t key_number(struct slice name)
{
    return (uint32_t)(name.data[2] - '0');
}

uint64_t value_number(struct slice text)
{
    uint64_t n = 0;
    slice_to_u64(text, UINT64_MAX, &n);
    return n;
}

/* Whether this answer leaves open what happened. */
static bool in_doubt(int r)
{
    return r == -ETIMEDOUT || r == -ECANCELED || r == -ECONNRESET || r == -EIO || r == -ENETDOWN ||
           r == -ENOSPC;
}

static void note_answer(struct world *w, struct linear_op *op, int r, int64_t revision)
{
    static const char *const names[] = {"get", "put", "delete", "swap"};
    op->end = INT64_MAX;
    say(w, "client %u: %s k/%u value %llu, expects %llu: %d, found %llu, %s, revision %lld",
        op->client, names[op->type], op->key, (unsigned long long)op->value,
        (unsigned long long)op->expect, r, (unsigned long long)op->result,
        op->ok ? "done" : "not done", (long long)revision);
    if (r == -ENOSPC)
        happened(w, EVENT_FULL);
    if (r == -EIO)
        happened(w, EVENT_DISK_FAILED);
    if (r < 0 && in_doubt(r)) {
        happened(w, EVENT_IN_DOUBT);
        return;
    }
    if (r < 0) { /* it surely did not happen: as if it had not been asked */
        happened(w, EVENT_REFUSED);
        *op = (struct linear_op){.type = LINEAR_GET, .end = INT64_MAX};
        return;
    }
    op->end = rt_now();
    bool wrote = op->type == LINEAR_PUT || (op->type != LINEAR_GET && op->ok);
    if (!wrote)
        return;
    happened(w, EVENT_ACKNOWLEDGED);
    w->acknowledged[w->acknowledged_count++] = (struct acknowledged){
        .revision = revision,
        .value = op->type == LINEAR_DELETE ? 0 : op->value,
        .key = op->key,
    };
    if (revision > w->newest)
        w->newest = revision;
}

static int do_get(struct store *s, struct linear_op *op, rt_time deadline)
{
    struct arena arena = ARENA(MEM_TEST, 0);
    struct store_kv kv;
    int r = store_get(s, key_name(op->key), &arena, &kv, NULL, deadline);
    if (r == 0)
        op->result = kv.version ? value_number(kv.value) : 0;
    arena_done(&arena);
    return r;
}

static int do_txn(struct store *s, struct linear_op *op, int64_t *ret_revision, rt_time deadline)
{
    char value[24], expect[24];
    snprintf(value, sizeof(value), "%llu", (unsigned long long)op->value);
    snprintf(expect, sizeof(expect), "%llu", (unsigned long long)op->expect);
    struct store_compare as_expected = {
        .key = key_name(op->key),
        .target = op->expect ? STORE_VALUE : STORE_VERSION,
        .relation = STORE_EQUAL,
        .value = slice_from(op->expect ? expect : ""),
    };
    struct store_op write = {
        .type = op->type == LINEAR_DELETE ? STORE_DELETE : STORE_PUT,
        .key = key_name(op->key),
        .keys = store_key(key_name(op->key)),
        .value = slice_from(value),
    };
    struct store_txn txn = {
        .compares = &as_expected,
        .compare_count = op->type == LINEAR_CAS,
        .then = &write,
        .then_count = 1,
    };
    struct arena arena = ARENA(MEM_TEST, 0);
    struct store_txn_result result;
    int r = store_txn(s, &txn, &arena, &result, NULL, deadline);
    if (r == 0) {
        *ret_revision = result.revision;
        op->ok = op->type == LINEAR_DELETE ? result.ops[0].deleted > 0 : result.succeeded;
    }
    arena_done(&arena);
    return r;
}

static struct linear_op *next_op(struct world *w, uint32_t client)
{
    struct linear_op *op = &w->ops[w->op_count++];
    *op = (struct linear_op){
        .type = (enum linear_type)(rt_random() % 4),
        .client = client,
        .key = (uint32_t)(rt_random() % KEYS),
        .begin = rt_now(),
        .end = INT64_MAX, /* until it is answered */
        .value = ++w->values,
    };
    /* A guess that is right now and then: what was written last, or nothing. */
    for (uint32_t i = 0; i < w->acknowledged_count; i++)
        if (w->acknowledged[i].key == op->key)
            op->expect = w->acknowledged[i].value;
    return op;
}

void task_client(void *arg)
{
    const struct actor *a = arg;
    struct world *w = a->w;
    while (w->done[a->id] < OPS_EACH && w->op_count < OPS_MAX && !rt_cancelled()) {
        if (rt_sleep(rt_now() + (rt_time)(rt_random() % 100) * RT_MS) < 0)
            return;
        struct linear_op *op = next_op(w, a->id);
        int64_t revision = 0;
        rt_time deadline = rt_now() + CALL_MAX;
        w->done[a->id]++;
        int r = op->type == LINEAR_GET ? do_get(w->stores[a->id], op, deadline)
                                       : do_txn(w->stores[a->id], op, &revision, deadline);
        if (r == 0 && op->type == LINEAR_CAS)
            happened(w, op->ok ? EVENT_SWAPPED : EVENT_NOT_SWAPPED);
        note_answer(w, op, r, revision);
    }
}

/* ---- watching ---- */

static void take(struct world *w, const struct store_batch *b)
{
    struct watcher *to = &w->watcher;
    for (uint32_t i = 0; i < b->count && to->count < TOLD_MAX; i++) {
        const struct store_event *e = &b->events[i];
        to->told[to->count++] = (struct told){
            .revision = e->kv.mod_revision,
            .value = e->type == STORE_EVENT_DELETE ? 0 : value_number(e->kv.value),
            .key = key_number(e->kv.key),
        };
        happened(w, EVENT_WATCH_TOLD);
    }
    if (b->end == STORE_WATCH_GOES_ON)
        to->next = b->revision + 1;
}

/* One watch, from where the last one was. Returns whether to begin another. */
static bool watch_once(struct world *w, struct store *s)
{
    struct store_watch watch;
    struct store_watch_request q = {
        .keys = store_prefix(SLICE("k/")),
        .revision = w->watcher.next,
        .progress = true,
    };
    if (store_watch(s, &q, &watch, NULL, SOON) < 0)
        return !rt_cancelled();
    struct store_batch *b;
    rt_time until = rt_now() + (rt_time)(rt_random() % 2000) * RT_MS; /* then another one */
    int r;
    while ((r = rt_recv(&watch.batches, &b, until)) == 0) {
        take(w, b);
        if (b->end == STORE_WATCH_COMPACTED || b->end == STORE_WATCH_SLOW) {
            happened(w, b->end == STORE_WATCH_COMPACTED ? EVENT_COMPACTED : EVENT_WATCH_AGAIN);
            w->watcher = (struct watcher){0}; /* a gap that was told: what is before is dropped */
        }
        store_batch_free(b);
    }
    store_unwatch(&watch);
    happened(w, EVENT_WATCH_AGAIN);
    return r != -ECANCELED;
}

void task_watcher(void *arg)
{
    const struct actor *a = arg;
    while (watch_once(a->w, a->w->stores[a->id]))
        if (rt_sleep(rt_now() + (rt_time)(rt_random() % 300) * RT_MS) < 0)
            return; /* what happens now, the next watch reads from the log */
}

/* ---- a lease ---- */

static void hold_one(struct world *w, struct store *s)
{
    struct store_lease l;
    rt_time sent = rt_now();
    if (store_lease_grant(s, 0, LEASE_TTL_MS, &l, NULL, rt_now() + CALL_MAX) < 0)
        return;
    /* A key of its own: a late put of an earlier lease must not take it over. */
    char name[40];
    snprintf(name, sizeof(name), "lease/%llx", (unsigned long long)l.id);
    struct slice key = slice_from(name);
    w->lease_sure = sent + l.ttl_ms * RT_MS;
    if (store_put(s, key, SLICE("held"), l.id, NULL, NULL, rt_now() + CALL_MAX) < 0)
        return;
    for (int i = (int)(rt_random() % 6); i > 0; i--) {
        rt_time again = rt_now() + LEASE_TTL_MS * RT_MS / 3;
        if (rt_sleep(again) < 0)
            return;
        sent = rt_now();
        if (store_lease_keep(s, l.id, NULL, NULL, rt_now() + CALL_MAX) < 0)
            break;
        happened(w, EVENT_LEASE_KEPT);
        w->lease_sure = sent + l.ttl_ms * RT_MS;
    }
    /* Nobody keeps it any more: it is there until it is sure to be, and then goes. */
    for (rt_time late = w->lease_sure + 3 * LEASE_TTL_MS * RT_MS; rt_now() < late;) {
        struct arena arena = ARENA(MEM_TEST, 0);
        struct store_kv kv;
        int r = store_get(s, key, &arena, &kv, NULL, rt_now() + CALL_MAX);
        bool gone = r == 0 && kv.version == 0;
        arena_done(&arena);
        if (gone) {
            happened(w, EVENT_LEASE_ENDED);
            check(w, CHECK_NOT_EARLY, rt_now() >= w->lease_sure,
                  "lease %llx ended %lld ms before its time", (unsigned long long)l.id,
                  (long long)((w->lease_sure - rt_now()) / RT_MS));
            return;
        }
        if (rt_sleep(rt_now() + 20 * RT_MS) < 0)
            return;
    }
}

void task_lease_holder(void *arg)
{
    const struct actor *a = arg;
    while (rt_sleep(rt_now() + 50 * RT_MS) == 0)
        hold_one(a->w, a->w->stores[a->id]);
}
