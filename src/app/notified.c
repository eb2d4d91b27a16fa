#include "app/notified.h"

#include <string.h>

#include "base/fault.h"
#include "wire/key_part.h"
#include "wire/task_json.h"
#include "wire/task_key.h"
#include "wire/url_escape.h"

static const char prefix[] = "/notified/", behind_prefix[] = "/notified0";

/* One thing to say of an asset. Its texts lie in its arena. */
struct saying {
    struct list link;
    struct arena arena;
    struct slice asset;
    struct told told;
};

void notified_init(struct notified *n, struct store *store)
{
    *n = (struct notified){.store = store, .swept = BUF(MEM_APP, 0)};
    list_init(&n->waiting);
}

static void forget(struct notified *n, struct saying *s)
{
    list_remove(&s->link);
    n->count--;
    arena_done(&s->arena);
    mem_free(MEM_APP, s);
}

void notified_done(struct notified *n)
{
    while (!list_empty(&n->waiting))
        forget(n, list_entry(n->waiting.next, struct saying, link));
    buf_done(&n->swept);
}

static struct slice kept(struct arena *a, struct slice s)
{
    return (struct slice){arena_strdup(a, s), s.size};
}

void notified_say(struct notified *n, struct slice asset, const struct told *t)
{
    struct saying *s = mem_alloc(MEM_APP, sizeof(*s));
    if (n->count == NOTIFIED_WAITING_MAX)
        forget(n, list_entry(n->waiting.next, struct saying, link));
    s->arena = ARENA_SMALL(MEM_APP); /* thousands may wait */
    s->asset = kept(&s->arena, asset);
    s->told = *t;
    s->told.receiver = kept(&s->arena, t->receiver);
    s->told.kind = kept(&s->arena, t->kind);
    s->told.trace_id = kept(&s->arena, t->trace_id);
    s->told.why = kept(&s->arena, t->why);
    s->told.task = kept(&s->arena, t->task);
    list_push_back(&n->waiting, &s->link);
    n->count++;
}

/* ---- the store ---- */

static struct slice record_key(struct slice asset, struct arena *a)
{
    struct buf key = BUF(MEM_APP, 0);
    struct slice namespace_ = slice_cut(&asset, '/');
    buf_append_cstr(&key, prefix);
    key_part_append(&key, namespace_);
    buf_append_byte(&key, '/');
    key_part_append(&key, asset);
    struct slice made = kept(a, buf_slice(&key));
    buf_done(&key);
    return made;
}

/* Returns 1: written; 0: another one wrote meanwhile; or why not. */
static int write_one(struct notified *n, const struct saying *s, rt_time deadline)
{
    struct arena arena = ARENA(MEM_APP, 0);
    struct buf json = BUF(MEM_APP, 0);
    struct slice key = record_key(s->asset, &arena);
    struct store_kv kv;
    struct store_txn_result result = {.succeeded = false};
    int r = store_get(n->store, key, &arena, &kv, NULL, deadline);
    if (r == 0) {
        told_merge(kv.version ? kv.value : (struct slice){NULL, 0}, &s->told, &json);
        struct store_compare same = {.key = key,
                                     .target = kv.version ? STORE_MOD_REVISION : STORE_VERSION,
                                     .number = kv.version ? kv.mod_revision : 0};
        struct store_op put = {.type = STORE_PUT, .key = key, .value = buf_slice(&json)};
        struct store_txn txn = {
            .compares = &same, .compare_count = 1, .then = &put, .then_count = 1};
        r = store_txn(n->store, &txn, &arena, &result, NULL, deadline);
    }
    buf_done(&json);
    arena_done(&arena);
    return r < 0 ? r : result.succeeded;
}

int notified_write(struct notified *n, rt_time deadline)
{
    rt_time until = rt_now() + NOTIFIED_ROUND_MS * RT_MS;
    while (!list_empty(&n->waiting) && rt_now() < until) {
        struct saying *s = list_entry(n->waiting.next, struct saying, link);
        int r = write_one(n, s, deadline);
        if (r < 0 && r != -EINVAL && r != -EMSGSIZE)
            return r;
        if (r != 0) /* written, or it can never be */
            forget(n, s);
    }
    return 0;
}

/* ---- the task of a delivery ---- */

void notified_of_task(const struct task *task, struct told *t)
{
    const struct task_attempt *last =
        task->attempt_count ? &task->attempts[task->attempt_count - 1] : NULL;
    bool ended = task_state_final(task->state), good = task->state == TASK_SUCCEEDED;
    t->outcome = good ? TOLD_DELIVERED : ended ? TOLD_FAILED : TOLD_SENDING;
    t->attempts = task->attempt_count;
    t->at_ms = ended ? task->finished_ms : t->at_ms;
    t->why = last && !good ? last->detail : (struct slice){NULL, 0};
    if (ended && !good && !t->why.size)
        t->why = slice_from(task_state_name(task->state));
}

/* ---- reading ---- */

/* The record with what this item's task says of it now. */
static int look_at(struct store *store, const struct json_value *item, struct slice *record,
                   struct arena *a, struct err *err, rt_time deadline)
{
    struct slice none = {NULL, 0};
    struct task *task = arena_new(a, struct task);
    struct store_kv kv;
    struct buf json = BUF(MEM_APP, 0);
    struct told t = {
        .receiver = json_text(item, "receiver"),
        .trace_id = json_text(item, "trace_id"),
        .resolved = slice_eq(json_text(item, "status"), SLICE("resolved")),
        .task = json_text(item, "task"),
    };
    int64_t others = 0;
    (void)json_to_i64(json_get(item, "others"), &others);
    (void)moment_parse(json_text(item, "last_at"), &t.at_ms);
    t.others = (uint32_t)others;
    int r = store_get(store, task_key(a, none, TASK_KEY_TASK, t.task, none), a, &kv, err, deadline);
    if (r == 0 && kv.version && task_read(kv.value, a, task, NULL) == 0) {
        notified_of_task(task, &t);
        told_merge(*record, &t, &json);
        *record = kept(a, buf_slice(&json));
    }
    buf_done(&json);
    return r;
}

static const struct json_value *items_of(struct slice record, struct arena *a)
{
    struct json_value *root;
    const struct json_value *items = NULL;
    if (json_parse(record, a, 0, &root, NULL) == 0 && root->type == JSON_OBJECT)
        items = json_get(root, "items");
    return items && items->type == JSON_ARRAY ? items : NULL;
}

int notified_read(struct store *store, struct slice asset, struct arena *a,
                  const struct json_value **ret_items, struct err *err, rt_time deadline)
{
    struct store_kv kv;
    int r = store_get(store, record_key(asset, a), a, &kv, err, deadline);
    struct slice record = r == 0 && kv.version ? kv.value : (struct slice){NULL, 0};
    const struct json_value *items = items_of(record, a);
    for (const struct json_value *i = items ? items->first : NULL; r == 0 && i; i = i->next)
        if (i->type == JSON_OBJECT && slice_eq(json_text(i, "outcome"), SLICE("sending")))
            r = look_at(store, i, &record, a, err, deadline);
    if (r == 0)
        *ret_items = items_of(record, a);
    return r;
}

/* ---- of assets that are gone ---- */

static bool is_older(struct slice record, int64_t than_ms, struct arena *a)
{
    const struct json_value *items = items_of(record, a);
    int64_t at_ms;
    for (const struct json_value *i = items ? items->first : NULL; i; i = i->next)
        if (moment_parse(json_text(i, "last_at"), &at_ms) == 0 && at_ms >= than_ms)
            return false;
    return true;
}

/* "namespace/asset" of a record's key; NULL: it is none. */
static const char *asset_of(struct slice tail, struct arena *a)
{
    struct slice name = tail, namespace_ = slice_cut(&name, '/');
    if (url_unescape(namespace_, false, a, &namespace_, NULL) < 0 ||
        url_unescape(name, false, a, &name, NULL) < 0)
        return NULL;
    return arena_printf(a, "%.*s/%.*s", SLICE_ARG(namespace_), SLICE_ARG(name));
}

/* It goes as it was seen: who says something of the asset meanwhile keeps it. */
static int sweep_one(struct notified *n, struct slice key, int64_t than_ms, struct arena *a,
                     rt_time deadline)
{
    struct slice tail = slice_sub(key, strlen(prefix), key.size);
    struct slice state = slice_from(arena_printf(a, "/state/assets/%.*s", SLICE_ARG(tail)));
    struct store_kv kv;
    int r = store_get(n->store, state, a, &kv, NULL, deadline);
    if (r < 0 || kv.version)
        return r;
    r = store_get(n->store, key, a, &kv, NULL, deadline);
    if (r < 0 || !kv.version || !is_older(kv.value, than_ms, a))
        return r;
    struct store_compare same = {
        .key = key, .target = STORE_MOD_REVISION, .number = kv.mod_revision};
    struct store_op gone = {.type = STORE_DELETE, .keys = store_key(key)};
    struct store_txn txn = {.compares = &same, .compare_count = 1, .then = &gone, .then_count = 1};
    struct store_txn_result result;
    return store_txn(n->store, &txn, a, &result, NULL, deadline);
}

int notified_sweep(struct notified *n, notified_known_fn *known, void *ctx, int64_t wall_ms,
                   rt_time deadline)
{
    struct arena a = ARENA(MEM_APP, 0);
    int64_t than_ms = wall_ms - NOTIFIED_GONE_H * INT64_C(3600) * 1000;
    struct slice from = n->swept.size ? buf_slice(&n->swept) : slice_from(prefix);
    struct store_range range = {.keys = {STORE_SPAN, from, slice_from(behind_prefix)},
                                .limit = NOTIFIED_SWEPT_AT_ONCE,
                                .keys_only = true};
    struct store_range_result got = {.count = 0};
    int r = store_range(n->store, &range, &a, &got, NULL, deadline);
    for (uint32_t i = 0; r >= 0 && i < got.count; i++) {
        struct slice tail = slice_sub(got.kvs[i].key, strlen(prefix), got.kvs[i].key.size);
        const char *asset = asset_of(tail, &a);
        if (asset && !known(ctx, asset) && !fault_mutant("notified_gone_stays"))
            r = sweep_one(n, got.kvs[i].key, than_ms, &a, deadline);
    }
    if (r >= 0)
        buf_clear(&n->swept);
    if (r >= 0 && got.more) { /* right behind the last one */
        buf_append_slice(&n->swept, got.kvs[got.count - 1].key);
        buf_append_byte(&n->swept, 0);
    }
    arena_done(&a);
    return r < 0 ? r : got.more;
}
