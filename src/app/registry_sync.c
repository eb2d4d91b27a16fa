#include "app/registry.h"

#include <errno.h>

#include "base/fault.h"
#include "store/store.h"

/* What files declare, written into the store. A round looks at everything at one revision, and then
 * writes what differs, where it is still what was looked at; where somebody else wrote meanwhile,
 * another round follows. */

enum { PAGE = 500, CALL_S = 20, RESOURCE_BYTES_MAX = 700 * 1000 };

struct round {
    struct registry *r;
    struct arena arena; /* of what was read */
    int64_t revision;
    struct registry_entry **work; /* that are to be written */
    uint32_t count;
    bool again; /* somebody else wrote */
    struct err err;
};

static rt_time soon(void)
{
    return rt_now() + CALL_S * RT_SEC;
}

static struct slice kept(struct round *t, const char *text)
{
    return slice_from(arena_strdup(&t->arena, slice_from(text)));
}

static struct slice registry_key(struct round *t, const struct registry_entry *e)
{
    return slice_from(arena_printf(&t->arena, "/registry/%s", e->key));
}

static struct slice record_key(struct round *t, const struct registry_entry *e)
{
    return slice_from(arena_printf(&t->arena, "/declared/%s/%s", e->key, t->r->up->node));
}

/* ---- looking ---- */

/* Calls `take` for each key below the prefix, all of one revision. */
static int each_key(struct round *t, const char *prefix,
                    int (*take)(struct round *t, struct slice rest, const struct store_kv *kv))
{
    struct slice from = {0};
    struct store_range_result page = {.more = true};
    char *end = arena_strdup(&t->arena, slice_from(prefix));
    end[strlen(end) - 1]++; /* '/': the first key behind all that begin with it */
    int r = 0;
    while (r == 0 && page.more) {
        struct store_range q = {.keys = store_prefix(slice_from(prefix)), .limit = PAGE};
        q.revision = t->revision;
        if (from.size)
            q.keys = (struct store_keys){STORE_SPAN, from, slice_from(end)};
        r = store_range(t->r->up->store, &q, &t->arena, &page, &t->err, soon());
        if (r < 0)
            return r == -ENODATA ? -EAGAIN : r; /* compacted while it was read: once more */
        t->revision = t->revision ? t->revision : page.revision;
        for (uint32_t i = 0; i < page.count && r == 0; i++)
            r = take(t, slice_sub(page.kvs[i].key, strlen(prefix), SIZE_MAX), &page.kvs[i]);
        if (page.count) { /* the last one's successor */
            struct slice last = page.kvs[page.count - 1].key;
            char *next = arena_alloc(&t->arena, last.size + 1);
            memcpy(next, last.data, last.size);
            from = (struct slice){next, last.size + 1};
        }
    }
    return r;
}

static int take_resource(struct round *t, struct slice rest, const struct store_kv *kv)
{
    struct registry_entry *e = registry_find(t->r, rest);
    if (e) {
        e->stored = kv->value;
        e->stored_revision = kv->mod_revision;
    }
    return 0;
}

/* "checks/default/db/NODE" */
static int take_record(struct round *t, struct slice rest, const struct store_kv *kv)
{
    struct slice node = slice_from(t->r->up->node);
    if (!slice_ends_with(rest, node) || rest.size < node.size + 2 ||
        rest.data[rest.size - node.size - 1] != '/')
        return 0;
    struct registry_entry *e = registry_entry(t->r, slice_sub(rest, 0, rest.size - node.size - 1));
    if (e) {
        mem_free(MEM_APP, e->record);
        e->record = mem_strdup(MEM_APP, kv->value);
        e->quiet_until = e->files ? e->quiet_until : INT64_MAX;
    }
    return 0;
}

/* Entries that one of the files has, or had, stay while the round lasts: their quiet_until says
 * that they are still to be written. */
static int look(struct round *t)
{
    list_each (it, &t->r->entries) {
        struct registry_entry *e = list_entry(it, struct registry_entry, link);
        e->stored = (struct slice){0};
        e->stored_revision = 0;
        e->so = e->others = false;
    }
    int r = each_key(t, "/declared/", take_record);
    if (r == 0)
        r = each_key(t, "/registry/", take_resource);
    return r;
}

/* ---- comparing ---- */

static bool is_text(struct slice s, const char *text)
{
    return text && slice_eq_cstr(s, text);
}

/* Whether it stands there as the files have it, in whatever words. Returns 0, 1 or -ECANCELED. */
static int is_so(struct registry_entry *e)
{
    struct buf text = BUF(MEM_APP, 0);
    struct err err;
    if (e->stored_revision == 0)
        return 0;
    if (is_text(e->stored, e->files))
        return 1;
    int r = registry_read(e, e->stored, &text, &err);
    if (r == 0)
        r = is_text(buf_slice(&text), e->files);
    else if (r == -EBADMSG)
        r = 0; /* written wrongly: it is mended */
    buf_done(&text);
    return r;
}

/* Nothing is left to be written of it: what comes behind this revision is news. */
static void settle(struct round *t, struct registry_entry *e, const char *files, int64_t revision)
{
    bool same = e->files == files || (e->files && files && strcmp(e->files, files) == 0);
    if (same)
        registry_settled(t->r, e, revision);
}

/* Whether another node's files have it, too. Returns 0, 1 or why not. */
static int others_have_it(struct round *t, const struct registry_entry *e)
{
    struct store_range q = {.count_only = true};
    struct store_range_result got;
    q.keys = store_prefix(slice_from(arena_printf(&t->arena, "/declared/%s/", e->key)));
    int r = store_range(t->r->up->store, &q, &t->arena, &got, &t->err, soon());
    return r < 0 ? r : got.total > (e->record ? 1 : 0);
}

/* Two nodes that let go of it at the same time each saw the other's record: the one that comes
 * last deletes it. Returns whether it did. */
static bool delete_behind(struct round *t, struct registry_entry *e)
{
    struct slice key = registry_key(t, e);
    struct store_compare same = {
        .key = key, .target = STORE_MOD_REVISION, .number = e->stored_revision};
    struct store_op op = {.type = STORE_DELETE, .keys = store_key(key)};
    struct store_txn txn = {.compares = &same, .compare_count = 1, .then = &op, .then_count = 1};
    struct store_txn_result got = {0};
    return others_have_it(t, e) == 0 &&
           store_txn(t->r->up->store, &txn, &t->arena, &got, &t->err, soon()) == 0 && got.succeeded;
}

/* Files let go of it, and it stays, by hand or for another node: the store's word holds. */
static void stays(struct round *t, struct registry_entry *e, int64_t revision)
{
    struct buf text = BUF(MEM_APP, 0);
    struct err err;
    if (e->stored_revision && !(e->others && delete_behind(t, e)) &&
        registry_read(e, e->stored, &text, &err) == 0 && !e->files && e->heard <= revision)
        registry_want(t->r, e, text.data);
    buf_done(&text);
}

/* One that is too large for a transaction is watched, and told; the others are written. */
static bool fits(const struct round *t, const struct registry_entry *e)
{
    if (!e->files || strlen(e->files) <= RESOURCE_BYTES_MAX)
        return true;
    if (t->r->up->app->logsink)
        log_error(&t->r->up->app->log, "a resource is too large for the store",
                  log_event("resource_too_large"), log_str("key", e->key),
                  log_u64("bytes", strlen(e->files)), log_u64("bytes_max", RESOURCE_BYTES_MAX));
    return false;
}

/* The files named it, and no longer do, and it was never written. */
static void let_be(struct round *t, struct registry_entry *e)
{
    e->pins++;
    stays(t, e, t->revision);
    settle(t, e, NULL, t->revision);
    e->pins--;
}

/* Fills t->work. Returns 0 or -ECANCELED. */
static int compare(struct round *t)
{
    uint32_t count = (uint32_t)t->r->by_key.count;
    struct registry_entry **all =
        arena_alloc_array(&t->arena, count + 1, sizeof(struct registry_entry *));
    uint32_t n = 0;
    list_each (it, &t->r->entries) {
        struct registry_entry *e = list_entry(it, struct registry_entry, link);
        if (e->files || e->record || e->quiet_until == INT64_MAX)
            all[n++] = e;
    }
    t->work = all;
    for (uint32_t i = 0; i < n; i++) {
        struct registry_entry *e = all[i];
        int so = e->files ? is_so(e) : 0;
        if (so < 0)
            return so;
        e->so = so;
        if (!e->files && !e->record)
            let_be(t, e);
        else if (so && e->record && e->files && strcmp(e->record, e->files) == 0)
            settle(t, e, e->files, t->revision);
        else if (fits(t, e))
            t->work[t->count++] = e;
    }
    return 0;
}

/* ---- writing ---- */

struct batch {
    struct store_compare compares[REGISTRY_TXN_RESOURCES];
    struct store_op ops[2 * REGISTRY_TXN_RESOURCES];
    struct registry_entry *entries[REGISTRY_TXN_RESOURCES];
    const char *files[REGISTRY_TXN_RESOURCES]; /* as they are written */
    uint32_t count, op_count;
    size_t bytes;
};

static void put(struct batch *b, struct slice key, struct slice value)
{
    b->ops[b->op_count++] = (struct store_op){.type = STORE_PUT, .key = key, .value = value};
    b->bytes += value.size;
}

static void delete (struct batch *b, struct slice key)
{
    b->ops[b->op_count++] = (struct store_op){.type = STORE_DELETE, .keys = store_key(key)};
}

static void tell_reset(const struct round *t, const struct registry_entry *e)
{
    if (!e->record || !e->stored_revision || is_text(e->stored, e->record) ||
        !t->r->up->app->logsink)
        return;
    log_warn(&t->r->up->app->log, "what was changed by hand is again as the files have it",
             log_event("declared_again"), log_str("key", e->key));
}

/* The files no longer name it: it goes, unless it was changed by hand or another node has it. */
static int add_deletion(struct round *t, struct batch *b, struct registry_entry *e)
{
    bool owned = e->stored_revision && is_text(e->stored, e->record) &&
                 !fault_mutant("registry_deletes_what_is_not_its_own");
    if (fault_mutant("registry_deletes_what_is_not_its_own"))
        owned = e->stored_revision != 0;
    int others = owned ? others_have_it(t, e) : 0;
    if (others < 0)
        return others;
    e->so = !owned || others;
    e->others = others;
    delete (b, record_key(t, e));
    if (!e->so)
        delete (b, registry_key(t, e));
    return 0;
}

static int add(struct round *t, struct batch *b, struct registry_entry *e)
{
    struct slice key = registry_key(t, e);
    b->files[b->count] = e->files ? kept(t, e->files).data : NULL;
    b->entries[b->count] = e;
    b->compares[b->count++] = (struct store_compare){
        .key = key, .target = STORE_MOD_REVISION, .number = e->stored_revision};
    if (!e->files)
        return add_deletion(t, b, e);
    struct slice text = slice_from(b->files[b->count - 1]);
    tell_reset(t, e);
    if (!e->so)
        put(b, key, text);
    put(b, record_key(t, e), text);
    return 0;
}

static void written(struct round *t, const struct batch *b, int64_t revision)
{
    for (uint32_t i = 0; i < b->count; i++) {
        struct registry_entry *e = b->entries[i];
        e->pins++; /* what follows waits */
        mem_free(MEM_APP, e->record);
        e->record = NULL; /* the next round reads it */
        t->r->written_total++;
    }
    for (uint32_t i = 0; i < b->count; i++)
        if (!b->files[i] && b->entries[i]->so)
            stays(t, b->entries[i], revision);
    for (uint32_t i = 0; i < b->count; i++) {
        settle(t, b->entries[i], b->files[i], revision);
        b->entries[i]->pins--;
    }
}

static int send_batch(struct round *t, struct batch *b)
{
    struct store_txn_result got;
    struct store_txn txn = {
        .compares = b->compares,
        .compare_count = fault_mutant("registry_writes_unguarded") ? 0 : b->count,
        .then = b->ops,
        .then_count = b->op_count,
    };
    int r = store_txn(t->r->up->store, &txn, &t->arena, &got, &t->err, soon());
    if (r == 0 && got.succeeded)
        written(t, b, got.revision);
    t->again |= r == 0 && !got.succeeded;
    b->count = b->op_count = 0;
    b->bytes = 0;
    return r;
}

static int write_all(struct round *t)
{
    struct batch *b = arena_new(&t->arena, struct batch);
    int r = 0;
    for (uint32_t i = 0; i < t->count && r == 0 && !t->again; i++) {
        const char *files = t->work[i]->files;
        size_t bytes = files ? 2 * strlen(files) : 0;
        if (b->count == REGISTRY_TXN_RESOURCES ||
            (b->count && b->bytes + bytes > REGISTRY_TXN_BYTES))
            r = send_batch(t, b);
        if (r == 0 && !t->again)
            r = add(t, b, t->work[i]);
    }
    return r == 0 && b->count && !t->again ? send_batch(t, b) : r;
}

/* ---- rounds ---- */

/* Returns 0: all of it is written; -EAGAIN: somebody else wrote; or why not. */
static int run_round(struct registry *r)
{
    struct round *t = mem_alloc(MEM_APP, sizeof(*t));
    *t = (struct round){.r = r, .arena = ARENA(MEM_APP, 0)};
    int code = look(t);
    if (code == 0)
        code = compare(t);
    if (code == 0)
        code = write_all(t);
    if (code == 0 && t->again)
        code = -EAGAIN;
    if (code < 0 && code != -EAGAIN && code != -ECANCELED && !r->failing && r->up->app->logsink)
        log_error(&r->up->app->log,
                  "what the files declare cannot be written: it is watched all the same",
                  log_event("registry_unwritten"), log_err(&t->err));
    arena_done(&t->arena);
    mem_free(MEM_APP, t);
    return code;
}

/* Returns 0, or why it is to be tried again later. */
static int sync_now(struct registry *r)
{
    int code = -EAGAIN;
    for (int i = 0; i < REGISTRY_ROUNDS_MAX && code == -EAGAIN; i++) {
        r->synced = true; /* unless files change meanwhile */
        code = run_round(r);
    }
    if (code == 0 && r->failing && r->up->app->logsink)
        log_warn(&r->up->app->log, "what the files declare is written",
                 log_event("registry_written"));
    if (code != -ECANCELED)
        r->failing = code < 0 && code != -EAGAIN;
    return code;
}

void registry_sync_main(void *arg)
{
    struct registry *r = arg;
    int code = rt_event_wait(&r->sync_wake, RT_NEVER);
    while (code == 0) {
        rt_event_clear(&r->sync_wake);
        code = r->has_files ? sync_now(r) : 0;
        rt_event_set(&r->first_sync);
        if (code == -ECANCELED)
            break;
        if (code < 0) {
            r->synced = false;
            code = rt_sleep(rt_now() + REGISTRY_AGAIN_MS * RT_MS);
        } else if (r->synced || !r->has_files) {
            code = rt_event_wait(&r->sync_wake, RT_NEVER);
        }
    }
}
