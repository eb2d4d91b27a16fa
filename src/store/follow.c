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

static int set(struct follow *f, const struct store_kv *kv, struct err *err)
{
    struct follow_item *item = item_new(kv);
    void *old = NULL;
    item->list_seen = f->lists_total;
    if (map_put(&f->items, item->kv.key, item, &old) < 0) {
        mem_free(MEM_STORE, item);
        return err_set(err, -ENOSPC, "more than %d keys below %s", FOLLOW_KEYS_MAX, f->prefix);
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

static void list_begin(struct follow *f, int64_t revision)
{
    f->lists_total++;
    f->list = (struct follow_list){
        .revision = revision,
        .gone = MAP(MEM_STORE, FOLLOW_KEYS_MAX, f->items.seed),
    };
}

static void list_end(struct follow *f)
{
    struct map_entry e;
    for (size_t at = 0; map_next(&f->list.gone, &at, &e);)
        mem_free(MEM_STORE, e.value);
    map_done(&f->list.gone);
    mem_free(MEM_STORE, f->list.from);
    f->list = (struct follow_list){0};
    f->listing = f->comparing = false;
}

/* Whether the watch told something newer of this key while the list was under way. Not its revision
 * alone says so: a copy that is wrong may have any. */
static bool overtaken(const struct follow *f, const struct follow_item *known,
                      const struct store_kv *kv)
{
    if (!known)
        known = map_get(&f->list.gone, kv->key);
    return known && known->list_seen == f->lists_total && known->kv.mod_revision > kv->mod_revision;
}

static int take_page(struct follow *f, const struct store_range_result *page, struct err *err)
{
    for (uint32_t i = 0; i < page->count; i++) {
        const struct store_kv *kv = &page->kvs[i];
        struct follow_item *known = map_get(&f->items, kv->key);
        if (known && known->kv.mod_revision == kv->mod_revision)
            known->list_seen = f->lists_total;
        else if (!overtaken(f, known, kv)) {
            int r = set(f, kv, err);
            if (r < 0)
                return r;
            f->mended_total += f->comparing;
        }
    }
    return 0;
}

/* What the watch told meanwhile counts as seen. */
static void drop_unseen(struct follow *f)
{
    struct map_entry e;
    struct slice *lost = mem_alloc(MEM_STORE, (f->items.count + 1) * sizeof(*lost));
    size_t count = 0;
    for (size_t at = 0; map_next(&f->items, &at, &e);)
        if (((struct follow_item *)e.value)->list_seen != f->lists_total)
            lost[count++] = e.key;
    for (size_t i = 0; i < count && !fault_mutant("store_relist_keeps_the_gone"); i++)
        gone(f, lost[i], 0);
    f->mended_total += f->comparing ? count : 0;
    mem_free(MEM_STORE, lost);
}

/* The next page's keys: behind this one, up to the prefix's end. */
static void go_behind(struct follow_list *list, struct slice key)
{
    mem_free(MEM_STORE, list->from);
    list->from_size = key.size + 1; /* the key and a NUL: its successor */
    list->from = mem_alloc(MEM_STORE, list->from_size);
    memcpy(list->from, key.data, key.size);
    list->from[key.size] = 0;
}

/* Returns 1: there are more, 0: it was the last one. On failure it can be asked for again. */
static int list_page(struct follow *f, struct err *err, rt_time deadline)
{
    struct arena arena = ARENA(MEM_STORE, 0);
    char room[STORE_KEY_BYTES_MAX];
    struct slice prefix = {f->prefix, f->prefix_size};
    struct slice from = {f->list.from, f->list.from_size};
    struct store_range q = {
        .keys = store_prefix(prefix),
        .limit = FOLLOW_PAGE,
        .bytes_max = FOLLOW_PAGE_BYTES,
        .revision = f->list.revision,
    };
    struct store_range_result page = {0};
    if (from.size)
        q.keys = (struct store_keys){STORE_SPAN, from, store_prefix_end(prefix, room)};
    int r = store_range(f->store, &q, &arena, &page, err, deadline);
    if (r == 0)
        r = take_page(f, &page, err);
    if (r == 0 && !f->list.revision)
        f->list.revision = page.revision;
    if (r == 0 && page.more)
        go_behind(&f->list, page.kvs[page.count - 1].key);
    else if (r == 0)
        drop_unseen(f);
    arena_done(&arena);
    return r < 0 ? r : page.more;
}

/* At the newest revision. */
static int list_all(struct follow *f, struct err *err, rt_time deadline)
{
    int r;
    list_begin(f, 0);
    f->listing = true;
    do
        r = list_page(f, err, deadline);
    while (r > 0);
    if (r == 0) {
        f->revision = f->list.revision;
        f->listed = rt_now();
    }
    list_end(f);
    return r;
}

static int begin(struct follow *f, struct err *err, rt_time deadline)
{
    int r = list_all(f, err, deadline);
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

/* A comparison ends with it: there is nothing to compare until it was listed again. */
static void stop_watching(struct follow *f)
{
    list_end(f);
    if (f->watching)
        store_unwatch(&f->watch);
    f->watching = false;
}

/* A page that is read later may still have the key, also where the copy never had it. */
static int keep_from_reviving(struct follow *f, const struct store_kv *deletion)
{
    struct follow_item *item = item_new(deletion);
    void *old = NULL;
    item->list_seen = f->lists_total;
    int r = map_put(&f->list.gone, item->kv.key, item, &old);
    mem_free(MEM_STORE, r < 0 ? item : old);
    return r;
}

static int take_event(struct follow *f, const struct store_event *e, struct err *err)
{
    if (e->type != STORE_EVENT_DELETE)
        return set(f, &e->kv, err);
    gone(f, e->kv.key, e->kv.mod_revision);
    if (f->comparing && !fault_mutant("store_compare_revives_the_gone") &&
        keep_from_reviving(f, &e->kv) < 0)
        list_end(f); /* as many as a copy may have keys: it is compared at its next time */
    return 0;
}

static int take_batch(struct follow *f, const struct store_batch *b, struct err *err)
{
    for (uint32_t i = 0; i < b->count; i++) {
        int r = take_event(f, &b->events[i], err);
        if (r < 0)
            return r;
    }
    if (b->end != STORE_WATCH_GOES_ON)
        stop_watching(f);
    if (b->end == STORE_WATCH_LOST) {
        if (err)
            *err = b->err;
        return b->err.code ? b->err.code : -ENOLINK;
    }
    if (b->end != STORE_WATCH_GOES_ON)
        return 0;
    if (b->revision > f->revision)
        f->revision = b->revision;
    if (b->count)
        step_add(f, FOLLOW_SYNCED, f->revision);
    return 0;
}

static int hear(struct follow *f, struct err *err, rt_time deadline)
{
    struct store_batch *b;
    int r = rt_recv(&f->watch.batches, &b, deadline);
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

/* The guard. The copy is that of f->revision, so any difference at that revision is real, but for
 * what the watch tells meanwhile. It has its time also where the watch is never silent. */
static void compare_begin(struct follow *f)
{
    list_begin(f, f->revision);
    f->listed = rt_now();
    f->comparing = true;
}

/* Where a page fails, the comparison waits for its next time. Where the caller's time is over, that
 * page is asked for again by the next call, but not for ever. */
static void compare_end(struct follow *f, int r)
{
    if (r == -ETIMEDOUT && rt_now() < f->listed + f->relist)
        return;
    list_end(f);
    f->listed = rt_now();
}

/* Pages and news take turns, so that neither waits for the end of the other. */
static int compare_on(struct follow *f, struct err *err, rt_time deadline)
{
    uint32_t waiting = rt_chan_len(&f->watch.batches);
    int r = 0;
    if (waiting && !f->list.page_next && !fault_mutant("store_compare_is_deaf")) {
        f->list.page_next = true;
        for (; waiting && f->watching && r == 0; waiting--)
            r = hear(f, err, rt_now());
        return r;
    }
    f->list.page_next = false;
    r = list_page(f, err, deadline);
    if (r == -ENODATA) {
        stop_watching(f); /* that revision is gone: the next round lists at the newest one */
        return 0;
    }
    if (r <= 0)
        compare_end(f, r);
    return r < 0 ? r : 0;
}

static int watch_on(struct follow *f, struct err *err, rt_time deadline)
{
    rt_time compare_at = f->listed + f->relist;
    if (!f->comparing && rt_now() >= compare_at && !fault_mutant("store_compare_waits_for_silence"))
        compare_begin(f);
    if (f->comparing)
        return compare_on(f, err, deadline);
    int r = hear(f, err, compare_at < deadline ? compare_at : deadline);
    if (r == -ETIMEDOUT && rt_now() >= compare_at) {
        compare_begin(f);
        return 0;
    }
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

/* ENODATA: the revision of a list was compacted between two of its pages. */
static bool worth_another_try(int r)
{
    return store_is_away(r) || r == -ENODATA || r == -EPIPE;
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
