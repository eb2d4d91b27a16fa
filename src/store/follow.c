#include "store/follow.h"

#include <errno.h>

#include "base/fault.h"
#include "store/backend.h"

enum { RELIST_MS = 30 * 1000, TRY_AGAIN_MS = 100 };

/* A version of a key, in one block with its bytes. In the map while it is the newest. */
struct follow_item {
    struct store_kv kv;
    uint64_t list_seen; /* number of the list that had it last */
    char bytes[];
};

struct follow_step {
    struct list link;
    enum follow_type type;
    struct follow_item *item; /* the step's own where it is no longer in the map */
    struct follow_item *old;  /* the step's own */
    bool owns_item;
    int64_t revision;
};

static struct follow_item *item_new(const struct store_kv *kv)
{
    struct follow_item *item = mem_alloc(MEM_STORE, sizeof(*item) + kv->key.size + kv->value.size);
    item->kv = *kv;
    item->kv.key.data = item->bytes;
    item->kv.value.data = item->bytes + kv->key.size;
    memcpy(item->bytes, kv->key.data, kv->key.size);
    if (kv->value.size)
        memcpy(item->bytes + kv->key.size, kv->value.data, kv->value.size);
    return item;
}

static void step_free(struct follow_step *step)
{
    if (!step)
        return;
    if (step->owns_item)
        mem_free(MEM_STORE, step->item);
    mem_free(MEM_STORE, step->old);
    mem_free(MEM_STORE, step);
}

static struct follow_step *step_add(struct follow *f, enum follow_type type, int64_t revision)
{
    struct follow_step *step = mem_alloc(MEM_STORE, sizeof(*step));
    step->type = type;
    step->revision = revision;
    list_push_back(&f->queue, &step->link);
    return step;
}

/* An item that leaves the map may be what an earlier step is about to tell: that step owns it from
 * then on, and this one gets a copy. */
static struct follow_item *taken_over(struct follow *f, struct follow_item *old)
{
    list_each (it, &f->queue) {
        struct follow_step *step = list_entry(it, struct follow_step, link);
        if (step->item == old && !step->owns_item) {
            step->owns_item = true;
            return item_new(&old->kv);
        }
    }
    return old;
}

static int set(struct follow *f, const struct store_kv *kv, uint64_t list)
{
    struct follow_item *item = item_new(kv);
    void *old = NULL;
    item->list_seen = list;
    if (map_put(&f->items, item->kv.key, item, &old) < 0) {
        mem_free(MEM_STORE, item);
        return -ENOSPC;
    }
    if (old)
        old = taken_over(f, old);
    struct follow_step *step = step_add(f, FOLLOW_SET, kv->mod_revision);
    step->item = item;
    step->old = old;
    return 0;
}

static void gone(struct follow *f, struct slice key, int64_t revision)
{
    struct follow_item *old = map_remove(&f->items, key);
    if (!old)
        return;
    old = taken_over(f, old);
    struct follow_step *step = step_add(f, FOLLOW_GONE, revision);
    step->old = old;
}

/* ---- listing ---- */

static int take_page(struct follow *f, const struct store_range_result *page, bool guard)
{
    for (uint32_t i = 0; i < page->count; i++) {
        const struct store_kv *kv = &page->kvs[i];
        struct follow_item *known = map_get(&f->items, kv->key);
        if (known && known->kv.mod_revision == kv->mod_revision) {
            known->list_seen = f->lists_total;
            continue;
        }
        f->mended_total += guard;
        int r = set(f, kv, f->lists_total);
        if (r < 0)
            return r;
    }
    return 0;
}

static void drop_unseen(struct follow *f, bool guard)
{
    struct map_entry e;
    struct slice *lost = mem_alloc(MEM_STORE, (f->items.count + 1) * sizeof(*lost));
    size_t count = 0;
    for (size_t at = 0; map_next(&f->items, &at, &e);)
        if (((struct follow_item *)e.value)->list_seen != f->lists_total)
            lost[count++] = e.key;
    for (size_t i = 0; i < count && !fault_mutant("store_relist_keeps_the_gone"); i++)
        gone(f, lost[i], 0);
    f->mended_total += guard ? count : 0;
    mem_free(MEM_STORE, lost);
}

/* The next page's keys: behind the last one's, up to the prefix's end. */
static struct slice behind(struct arena *arena, struct slice key)
{
    char *next = arena_alloc(arena, key.size + 1); /* the key and a NUL: its successor */
    memcpy(next, key.data, key.size);
    return (struct slice){next, key.size + 1};
}

/* At `revision`, 0: the newest. */
static int list_all(struct follow *f, int64_t revision, bool guard, struct err *err,
                    rt_time deadline)
{
    struct arena arena = ARENA(MEM_STORE, 0), keys = ARENA(MEM_STORE, 0);
    char room[STORE_KEY_BYTES_MAX];
    struct slice prefix = {f->prefix, f->prefix_size}, end = store_prefix_end(prefix, room);
    struct store_range q = {
        .keys = store_prefix(prefix),
        .limit = FOLLOW_PAGE,
        .revision = revision,
    };
    struct slice from = {NULL, 0};
    struct store_range_result page = {0};
    int r;
    f->lists_total++;
    f->listing = true;
    do {
        arena_reset(&arena);
        if (from.size)
            q.keys = (struct store_keys){STORE_SPAN, from, end};
        r = store_range(f->store, &q, &arena, &page, err, deadline);
        if (r < 0)
            break;
        if (!q.revision)
            q.revision = page.revision;
        r = take_page(f, &page, guard);
        if (r == 0 && page.more) {
            arena_reset(&keys);
            from = behind(&keys, page.kvs[page.count - 1].key);
        }
    } while (r == 0 && page.more);
    arena_done(&arena);
    arena_done(&keys);
    f->listing = false;
    if (r < 0)
        return r;
    drop_unseen(f, guard);
    f->revision = q.revision;
    f->listed = rt_now();
    return 0;
}

static int begin(struct follow *f, struct err *err, rt_time deadline)
{
    int r = list_all(f, 0, false, err, deadline);
    if (r < 0)
        return r;
    struct store_watch_request q = {
        .keys = store_prefix((struct slice){f->prefix, f->prefix_size}),
        .revision = f->revision + 1,
        .progress = true,
    };
    r = store_watch(f->store, &q, &f->watch, err, deadline);
    if (r < 0)
        return r;
    f->watching = true;
    step_add(f, FOLLOW_SYNCED, f->revision);
    return 0;
}

/* ---- watching ---- */

static void stop_watching(struct follow *f)
{
    if (f->watching)
        store_unwatch(&f->watch);
    f->watching = false;
}

static int take_batch(struct follow *f, const struct store_batch *b, struct err *err)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const struct store_event *e = &b->events[i];
        if (e->type == STORE_EVENT_DELETE)
            gone(f, e->kv.key, e->kv.mod_revision);
        else if (set(f, &e->kv, f->lists_total) < 0)
            return err_set(err, -ENOSPC, "more than %d keys below %s", FOLLOW_KEYS_MAX, f->prefix);
    }
    if (b->end == STORE_WATCH_LOST) {
        if (err)
            *err = b->err;
        return b->err.code ? b->err.code : -ENOLINK;
    }
    if (b->end != STORE_WATCH_GOES_ON) {
        stop_watching(f);
        return 0;
    }
    if (b->revision > f->revision)
        f->revision = b->revision;
    if (b->count)
        step_add(f, FOLLOW_SYNCED, f->revision);
    return 0;
}

/* The guard. The copy is that of f->revision, so any difference at that revision is real. It has
 * its time also where the watch is never silent; where it fails, it waits for its next time. */
static int compare(struct follow *f, struct err *err, rt_time deadline)
{
    f->listed = rt_now();
    int r = list_all(f, f->revision, true, err, deadline);
    if (r == -ENODATA) {
        stop_watching(f); /* that revision is gone: the next round lists at the newest one */
        return 0;
    }
    return r;
}

static int watch_on(struct follow *f, struct err *err, rt_time deadline)
{
    rt_time compare_at = f->listed + f->relist;
    struct store_batch *b;
    if (rt_now() >= compare_at && !fault_mutant("store_compare_waits_for_silence"))
        return compare(f, err, deadline);
    int r = rt_recv(&f->watch.batches, &b, compare_at < deadline ? compare_at : deadline);
    if (r == -ETIMEDOUT && rt_now() >= compare_at)
        return compare(f, err, deadline);
    if (r == -EPIPE) { /* its last word was told before */
        stop_watching(f);
        return 0;
    }
    if (r < 0)
        return err_sys(err, r, "watch %s", f->prefix);
    r = take_batch(f, b, err);
    store_batch_free(b);
    return r;
}

/* ---- the caller's side ---- */

void follow_init(struct follow *f, struct store *s, struct slice prefix, rt_time relist)
{
    *f = (struct follow){
        .store = s,
        .prefix = mem_strdup(MEM_STORE, prefix),
        .prefix_size = prefix.size,
        .relist = relist ? relist : RELIST_MS * RT_MS,
        .items = MAP(MEM_STORE, FOLLOW_KEYS_MAX, ((struct map_seed){rt_random(), rt_random()})),
    };
    list_init(&f->queue);
}

static void tell(struct follow_step *step, struct follow_change *ret)
{
    *ret = (struct follow_change){
        .type = step->type,
        .old = step->old ? &step->old->kv : NULL,
        .revision = step->revision,
    };
    if (step->type == FOLLOW_SET)
        ret->kv = step->item->kv;
    if (step->type == FOLLOW_GONE) {
        ret->kv.key = step->old->kv.key;
        ret->kv.mod_revision = step->revision;
    }
}

static bool worth_another_try(int r)
{
    return r == -ECONNRESET || r == -ECONNREFUSED || r == -ENETDOWN || r == -EPIPE;
}

int follow_next(struct follow *f, struct follow_change *ret, struct err *err, rt_time deadline)
{
    step_free(f->returned);
    f->returned = NULL;
    while (list_empty(&f->queue)) {
        int r = f->watching ? watch_on(f, err, deadline) : begin(f, err, deadline);
        if (r < 0 && worth_another_try(r))
            r = rt_now() < deadline ? rt_sleep(rt_now() + TRY_AGAIN_MS * RT_MS) : -ETIMEDOUT;
        if (r < 0)
            return r;
    }
    f->returned = list_entry(list_pop_front(&f->queue), struct follow_step, link);
    tell(f->returned, ret);
    return 0;
}

const struct store_kv *follow_get(const struct follow *f, struct slice key)
{
    const struct follow_item *item = map_get(&f->items, key);
    return item ? &item->kv : NULL;
}

bool follow_settled(const struct follow *f)
{
    return !f->listing && list_empty(&f->queue);
}

void follow_done(struct follow *f)
{
    struct map_entry e;
    stop_watching(f);
    step_free(f->returned);
    for (struct list *it; (it = list_pop_front(&f->queue));)
        step_free(list_entry(it, struct follow_step, link));
    for (size_t at = 0; map_next(&f->items, &at, &e);)
        mem_free(MEM_STORE, e.value);
    map_done(&f->items);
    mem_free(MEM_STORE, f->prefix);
}
