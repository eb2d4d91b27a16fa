#include "app/keep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/keep_print.h"
#include "app/repair.h"
#include "base/fault.h"
#include "base/map.h"
#include "store/follow.h"
#include "wire/asset_json.h"
#include "wire/json.h"
#include "wire/key_part.h"
#include "wire/url_escape.h"

/* An asset whose state is to be written, with its events that are. */
struct dirty {
    struct list link;
    struct list events; /* struct waiting, oldest first */
    uint32_t event_count;
    bool not_ours; /* the state that stands there */
    bool alone;    /* in a transaction with others a condition did not hold: whose? */
    char name[];   /* "namespace/name" */
};

/* On two lists until a transaction takes it off both: so nobody drops what is being written. */
struct waiting {
    struct list link;     /* of all that wait, oldest first */
    struct list of_asset; /* of its asset's */
    struct dirty *dirty;
    struct event *event;
};

struct keep {
    struct up *up;
    struct store *store;
    struct rt_event wake;
    struct list events; /* that wait, oldest first */
    uint32_t event_count;
    uint64_t dropped_total, dropped_told;
    struct list dirty;
    struct map by_name; /* name -> struct dirty */
    int64_t revision;   /* of the store, and of the newest event, as far as we know */
    bool failing;       /* and it was said */
    rt_time moved_due;  /* when states are next looked through for one that moved */
    bool restless;      /* one was found that an answer which is well could move */
    bool writing;       /* a transaction is under way: how it left its states is not known yet */
    struct map saved;   /* name -> struct saved */
    struct map written; /* name -> struct written: what its state was when it was last written */
};

/* A state as the store has it: to be given to reconcile when the asset appears, or is ours. */
struct saved {
    char name[ASSET_KEY_BYTES_MAX];
    char *json;
    bool foreign; /* another plane wrote it */
};

struct written {
    uint64_t print;
    int64_t revision;   /* of the state, as we left it */
    int64_t heard;      /* … and as it was heard of last, where it names us */
    uint32_t untrimmed; /* events since its old ones were last looked for */
    char name[];
};

struct keep *keep_new(struct up *u, struct store *store)
{
    struct keep *k = mem_alloc(MEM_APP, sizeof(*k));
    k->up = u;
    k->store = store;
    k->by_name = MAP(MEM_APP, 0, ((struct map_seed){rt_random(), rt_random()}));
    k->written = k->saved = k->by_name;
    list_init(&k->events);
    list_init(&k->dirty);
    return k;
}

uint64_t keep_dropped_total(const struct keep *k)
{
    return k->dropped_total;
}

uint64_t keep_waiting(const struct keep *k)
{
    return k->event_count;
}

static uint32_t events_max(const struct keep *k)
{
    return KEEP_EVENTS_MAX + KEEP_EVENTS_EACH * reconciler_count(k->up->assets);
}

/* Off both lists. */
static void take_off(struct keep *k, struct waiting *w)
{
    list_remove(&w->link);
    list_remove(&w->of_asset);
    w->dirty->event_count--;
    w->dirty = NULL;
    k->event_count--;
}

static void waiting_free(struct waiting *w)
{
    event_free(w->event);
    mem_free(MEM_APP, w);
}

static void drop(struct keep *k, struct waiting *w)
{
    take_off(k, w);
    waiting_free(w);
}

static void drop_oldest(struct keep *k)
{
    drop(k, list_entry(k->events.next, struct waiting, link));
}

static void drop_events_of(struct keep *k, struct dirty *d)
{
    while (d->event_count)
        drop(k, list_entry(d->events.next, struct waiting, of_asset));
}

static struct dirty *mark(struct keep *k, const char *name)
{
    struct dirty *d = map_get(&k->by_name, slice_from(name));
    if (d)
        return d;
    size_t size = strlen(name) + 1;
    d = mem_alloc(MEM_APP, sizeof(*d) + size);
    memcpy(d->name, name, size);
    list_init(&d->events);
    list_push_back(&k->dirty, &d->link);
    map_put(&k->by_name, slice_from(d->name), d, NULL);
    return d;
}

/* What changes from here on marks its asset anew. */
static struct dirty *take_dirty(struct keep *k)
{
    struct dirty *d = list_entry(k->dirty.next, struct dirty, link);
    map_remove(&k->by_name, slice_from(d->name));
    list_remove(&d->link);
    return d;
}

void keep_event(struct keep *k, const struct event *e)
{
    struct waiting *w = mem_alloc(MEM_APP, sizeof(*w));
    for (; k->event_count >= events_max(k); k->dropped_total++)
        drop_oldest(k);
    w->event = event_copy(e);
    w->dirty = mark(k, e->key);
    w->dirty->event_count++;
    list_push_back(&w->dirty->events, &w->of_asset);
    list_push_back(&k->events, &w->link);
    k->event_count++;
    rt_event_set(&k->wake);
}

static void saved_free(struct saved *s)
{
    if (!s)
        return;
    mem_free(MEM_APP, s->json);
    mem_free(MEM_APP, s);
}

void keep_free(struct keep *k)
{
    if (!k)
        return;
    while (k->event_count)
        drop_oldest(k);
    while (!list_empty(&k->dirty))
        mem_free(MEM_APP, take_dirty(k));
    map_done(&k->by_name);
    struct map_entry e;
    for (size_t at = 0; map_next(&k->written, &at, &e);)
        mem_free(MEM_APP, e.value);
    map_done(&k->written);
    for (size_t at = 0; map_next(&k->saved, &at, &e);)
        saved_free(e.value);
    map_done(&k->saved);
    mem_free(MEM_APP, k);
}

/* ---- what of a state is worth a write: its print (keep_print.h) ---- */

static struct written *written_of(struct keep *k, const char *name)
{
    struct written *w = map_get(&k->written, slice_from(name));
    if (w)
        return w;
    size_t size = strlen(name) + 1;
    w = mem_alloc(MEM_APP, sizeof(*w) + size);
    memcpy(w->name, name, size);
    /* Anywhere: else who is started again and again would never come to it. */
    w->untrimmed = (uint32_t)(rt_random() % KEEP_TRIM_EVENTS);
    map_put(&k->written, slice_from(w->name), w, NULL);
    return w;
}

static void forget_written(struct keep *k, const char *name)
{
    mem_free(MEM_APP, map_remove(&k->written, slice_from(name)));
}

static void mark_moved(struct keep *k)
{
    struct buf text = BUF(MEM_APP, 0);
    k->restless = false;
    for (const struct asset *a = NULL; (a = reconciler_next(k->up->assets, a));) {
        const struct written *w = map_get(&k->written, slice_from(a->key));
        if (!repairs_own(k->up->repairs, a))
            continue;
        if (!w || w->print != keep_print(a, k->written.seed, &text))
            mark(k, a->key);
        k->restless |= !keep_is_steady(a);
    }
    buf_done(&text);
    k->moved_due = rt_now() + (k->restless ? KEEP_STATE_MS : KEEP_STEADY_MS) * RT_MS;
}

void keep_sample(struct keep *k, const struct sample *s)
{
    rt_time soon = rt_now() + KEEP_STATE_MS * RT_MS;
    bool steady = s->type == SAMPLE_RESULT && s->reason == REASON_OK;
    if (steady || k->moved_due <= soon || fault_mutant("keep_move_untold"))
        return;
    k->moved_due = soon;
    rt_event_set(&k->wake);
}

/* ---- keys ---- */

static const char state_prefix[] = "/state/assets/";

/* "namespace/name": no namespace has a slash, a name that was found may. */
static void append_name(struct buf *key, const char *name)
{
    const char *slash = strchr(name, '/');
    buf_append_slice(key, (struct slice){name, (size_t)(slash + 1 - name)});
    key_part_append(key, slice_from(slash + 1));
}

static struct slice kept(struct arena *a, struct buf *b)
{
    struct slice s = {arena_strdup(a, buf_slice(b)), b->size};
    buf_done(b);
    return s;
}

static struct slice state_key(struct arena *a, const char *name)
{
    struct buf key = BUF(MEM_APP, 0);
    buf_append_cstr(&key, state_prefix);
    append_name(&key, name);
    return kept(a, &key);
}

static struct slice event_key(struct arena *a, const char *name, int64_t revision)
{
    struct buf key = BUF(MEM_APP, 0);
    buf_append_cstr(&key, "/events/");
    append_name(&key, name);
    buf_append_byte(&key, '/');
    if (revision)
        buf_printf(&key, "%020" PRId64, revision);
    return kept(a, &key);
}

/* Events are numbered on from there, whoever wrote the last of them. */
static void hear(struct keep *k, int64_t revision)
{
    if (revision > k->revision && !fault_mutant("keep_events_begin_anew"))
        k->revision = revision;
}

/* ---- one transaction, of several assets ---- */

struct part {
    struct dirty *dirty;
    bool gone; /* the asset */
    uint32_t first_event, event_count;
};

struct writing {
    struct keep *k;
    struct arena arena;
    struct store_op ops[KEEP_OPS_AT_ONCE];
    struct store_compare compares[1 + KEEP_OPS_AT_ONCE];
    struct waiting *events[KEEP_OPS_AT_ONCE]; /* taken off the lists */
    struct part parts[KEEP_OPS_AT_ONCE];
    uint32_t op_count, compare_count, event_count, part_count;
    struct err err;
};

/* The state of one that is gone goes only as we left it: another node may have written it since. */
static void delete_state(struct writing *w, const struct dirty *d)
{
    struct slice key = state_key(&w->arena, d->name);
    const struct written *last = map_get(&w->k->written, slice_from(d->name));
    if (d->not_ours || !last || !last->revision)
        return;
    w->compares[w->compare_count++] =
        (struct store_compare){.key = key, .target = STORE_MOD_REVISION, .number = last->revision};
    w->ops[w->op_count++] = (struct store_op){.type = STORE_DELETE, .keys = store_key(key)};
}

/* How far our events are, once those of this part are written, too: whoever tells of the asset
 * after us begins behind it, be it our own next life. */
static uint64_t told_until(const struct writing *w, const struct dirty *d)
{
    uint32_t more =
        d->event_count < KEEP_EVENTS_AT_ONCE ? d->event_count : (uint32_t)KEEP_EVENTS_AT_ONCE;
    return (uint64_t)w->k->revision + w->event_count + more;
}

static void put_state(struct writing *w, const struct dirty *d, const struct asset *a)
{
    struct buf json = BUF(MEM_APP, 0), text = BUF(MEM_APP, 0);
    struct asset told = *a;
    written_of(w->k, d->name)->print = keep_print(a, w->k->written.seed, &text);
    told.revision = told_until(w, d);
    asset_write(&told, rt_wall_now() - rt_now(), &json);
    w->ops[w->op_count++] = (struct store_op){
        .type = STORE_PUT, .key = state_key(&w->arena, d->name), .value = kept(&w->arena, &json)};
    buf_done(&text);
}

/* Its own revision, whatever the store's will be: larger than every one before it. */
static void put_event(struct writing *w, const struct dirty *d, struct waiting *e)
{
    struct buf json = BUF(MEM_APP, 0);
    int64_t revision = w->k->revision + 1 + w->event_count;
    struct slice key = event_key(&w->arena, d->name, revision);
    e->event->revision = (uint64_t)revision;
    event_write(e->event, &json);
    w->compares[w->compare_count++] =
        (struct store_compare){.key = key, .target = STORE_VERSION, .number = 0};
    w->ops[w->op_count++] =
        (struct store_op){.type = STORE_PUT, .key = key, .value = kept(&w->arena, &json)};
    take_off(w->k, e);
    w->events[w->event_count++] = e;
}

static void add_part(struct writing *w, struct dirty *d)
{
    struct part *p = &w->parts[w->part_count++];
    const struct asset *a = reconciler_find_key(w->k->up->assets, d->name);
    *p = (struct part){.dirty = d, .gone = !a, .first_event = w->event_count};
    if (a)
        put_state(w, d, a);
    else
        delete_state(w, d);
    while (d->event_count && p->event_count < KEEP_EVENTS_AT_ONCE) {
        put_event(w, d, list_entry(d->events.next, struct waiting, of_asset));
        p->event_count++;
    }
}

/* Another plane has the asset: it tells what happens to it. */
static bool is_of_another(const struct keep *k, const char *name)
{
    const struct asset *a = reconciler_find_key(k->up->assets, name);
    return a && !repairs_own(k->up->repairs, a);
}

static bool fits(const struct writing *w, const struct dirty *d)
{
    uint32_t events = d->event_count < KEEP_EVENTS_AT_ONCE ? d->event_count : KEEP_EVENTS_AT_ONCE;
    if (w->part_count == 0)
        return true;
    return !d->alone && !w->parts[0].dirty->alone && w->op_count + 1 + events <= KEEP_OPS_AT_ONCE;
}

/* What it had more than one transaction takes waits again. Returns whether there was any. */
static bool move_rest(struct keep *k, struct dirty *from)
{
    if (from->event_count == 0)
        return false;
    struct dirty *to = mark(k, from->name);
    for (; from->event_count; from->event_count--, to->event_count++) {
        struct list *it = list_pop_front(&from->events);
        list_push_back(&to->events, it);
        list_entry(it, struct waiting, of_asset)->dirty = to;
    }
    return true;
}

static void gather(struct writing *w)
{
    struct keep *k = w->k;
    bool full = false;
    w->compare_count += repairs_guard(k->up->repairs, w->compares);
    while (!full && !list_empty(&k->dirty) &&
           fits(w, list_entry(k->dirty.next, struct dirty, link))) {
        struct dirty *d = take_dirty(k);
        if (!is_of_another(k, d->name)) {
            add_part(w, d);
            full = move_rest(k, d);
            continue;
        }
        drop_events_of(k, d);
        forget_written(k, d->name);
        mem_free(MEM_APP, d);
    }
}

/* A write that was given up may still come, and lie over a newer one: that is written once more. */
static void write_again(struct keep *k, const struct written *w)
{
    if (w->revision == 0 || w->heard <= w->revision || fault_mutant("keep_late_write_stays"))
        return;
    mark(k, w->name);
    rt_event_set(&k->wake);
}

/* What was written is no longer waited for. More may have come while it was. */
static void settle(struct writing *w, int64_t revision)
{
    struct keep *k = w->k;
    for (uint32_t i = 0; i < w->event_count; i++)
        waiting_free(w->events[i]);
    for (uint32_t i = 0; i < w->part_count; i++) {
        const struct part *p = &w->parts[i];
        if (p->gone) {
            forget_written(k, p->dirty->name);
            continue;
        }
        struct written *left = written_of(k, p->dirty->name);
        left->revision = revision;
        write_again(k, left);
    }
    k->revision += w->event_count;
    hear(k, revision);
}

/* They were not written: back to where they were, before what has come since. Where a condition did
 * not hold each is tried alone, for it may be of one only; then a state that was to go is of
 * another plane. */
static void put_back(struct writing *w, bool refused)
{
    struct keep *k = w->k;
    for (uint32_t i = w->part_count; i-- > 0;) {
        const struct part *p = &w->parts[i];
        struct dirty *d = mark(k, p->dirty->name);
        d->not_ours |= p->dirty->not_ours || (refused && w->part_count == 1 && p->gone);
        d->alone |= refused;
        for (uint32_t n = p->event_count; n-- > 0; k->event_count++, d->event_count++) {
            struct waiting *e = w->events[p->first_event + n];
            e->dirty = d;
            list_push_front(&d->events, &e->of_asset);
            list_push_front(&k->events, &e->link);
        }
    }
}

/* Old events go, a span at a time. */
static void trim(struct writing *w, const struct part *p)
{
    struct written *written = map_get(&w->k->written, slice_from(p->dirty->name));
    if (written && (written->untrimmed += p->event_count) < KEEP_TRIM_EVENTS)
        return;
    if (written)
        written->untrimmed = 0;
    struct slice prefix = event_key(&w->arena, p->dirty->name, 0);
    struct store_range range = {.keys = store_prefix(prefix), .count_only = true};
    struct store_range_result got;
    rt_time soon = rt_now() + KEEP_AGAIN_MS * RT_MS;
    if (store_range(w->k->store, &range, &w->arena, &got, NULL, soon) < 0 ||
        got.total <= KEEP_EVENTS_OF_ASSET)
        return;
    range.count_only = false;
    range.keys_only = true;
    range.limit = got.total - KEEP_EVENTS_OF_ASSET + 1;
    if (store_range(w->k->store, &range, &w->arena, &got, NULL, soon) < 0 || got.count < 2)
        return;
    /* Deleted up to, and without, the oldest that stays. */
    (void)store_delete(w->k->store,
                       (struct store_keys){STORE_SPAN, got.kvs[0].key, got.kvs[got.count - 1].key},
                       NULL, NULL, soon);
}

static void writing_free(struct writing *w)
{
    for (uint32_t i = 0; i < w->part_count; i++)
        mem_free(MEM_APP, w->parts[i].dirty);
    arena_done(&w->arena);
    mem_free(MEM_APP, w);
}

static int write_some(struct keep *k)
{
    struct writing *w = mem_alloc(MEM_APP, sizeof(*w));
    struct store_txn_result got = {.succeeded = true, .revision = k->revision};
    w->k = k;
    w->arena = ARENA(MEM_APP, 0);
    gather(w);
    struct store_txn txn = {
        .compares = w->compares,
        .compare_count = w->compare_count,
        .then = w->ops,
        .then_count = w->op_count,
    };
    int r = 0;
    k->writing = true;
    if (w->op_count)
        r = store_txn(k->store, &txn, &w->arena, &got, &w->err, rt_now() + 10 * RT_SEC);
    k->writing = false;
    if (r == 0 && got.succeeded)
        settle(w, got.revision);
    else if (r == 0) /* an event's key was taken: the store is further than we knew */
        k->revision = got.revision > k->revision ? got.revision : k->revision + 1;
    else if (!k->failing && r != -ECANCELED && k->up->app->logsink)
        log_error(&k->up->app->log, "what was found cannot be kept", log_event("keep_failed"),
                  log_err(&w->err));
    if (r < 0 || !got.succeeded)
        put_back(w, r == 0);
    for (uint32_t i = 0; r == 0 && got.succeeded && i < w->part_count; i++)
        if (w->parts[i].event_count)
            trim(w, &w->parts[i]);
    writing_free(w);
    return r;
}

static void tell_recovery(struct keep *k)
{
    uint64_t dropped = k->dropped_total - k->dropped_told;
    bool says = k->up->app->logsink;
    if (says && k->failing)
        log_warn(&k->up->app->log, "what was found is kept again", log_event("keep_recovered"),
                 log_u64("events_dropped", dropped));
    else if (says && dropped && k->event_count == 0)
        log_warn(&k->up->app->log, "events came faster than they were written: the oldest are lost",
                 log_event("keep_dropped"), log_u64("events_dropped", dropped));
    if (k->failing || k->event_count == 0)
        k->dropped_told = k->dropped_total;
    k->failing = false;
}

/* Returns 0, or why the store takes nothing now. */
static int write_all(struct keep *k)
{
    int r = 0;
    /* While nobody can say whose an asset is, all of it waits: keep_owners wakes us. */
    while (!list_empty(&k->dirty) && r == 0 && repairs_ready(k->up->repairs)) {
        r = write_some(k);
        if (r == 0)
            tell_recovery(k);
        else if (r != -ECANCELED)
            k->failing = true;
    }
    return r;
}

/* ---- what was left by others ---- */

/* "default/web" behind the prefix of states, as assets are named. Returns 0 or -EINVAL. */
static int name_of(struct slice key, struct arena *a, char ret[ASSET_KEY_BYTES_MAX])
{
    struct slice name = slice_sub(key, sizeof(state_prefix) - 1, key.size);
    struct slice space = slice_cut(&name, '/');
    if (name.size == 0 || url_unescape(name, false, a, &name, NULL) < 0)
        return -EINVAL;
    int n = snprintf(ret, ASSET_KEY_BYTES_MAX, "%.*s/%.*s", SLICE_ARG(space), SLICE_ARG(name));
    return n < ASSET_KEY_BYTES_MAX ? 0 : -EINVAL;
}

/* Whose a state is, and how far the events of whoever wrote it were. */
struct told {
    bool ours; /* also what is none, whoever wrote that */
    int64_t until;
};

static struct told told_of(const struct keep *k, struct slice state, struct arena *a)
{
    struct told t = {.ours = true};
    struct json_value *v;
    if (json_parse(state, a, 0, &v, NULL) < 0 || v->type != JSON_OBJECT)
        return t;
    const struct json_value *until = json_get(v, "revision"), *owner = json_get(v, "owner_plane");
    if (until && (json_to_i64(until, &t.until) < 0 || t.until > INT64_MAX / 2))
        t.until = 0; /* not ours: no number of an event */
    t.ours = !owner || owner->type != JSON_STRING || slice_eq_cstr(owner->text, k->up->node);
    return t;
}

static void save(struct keep *k, const struct store_kv *kv)
{
    struct arena a = ARENA(MEM_APP, 0);
    struct saved *s = mem_alloc(MEM_APP, sizeof(*s)), *old;
    void *before = NULL;
    if (name_of(kv->key, &a, s->name) < 0) {
        mem_free(MEM_APP, s);
        arena_done(&a);
        return;
    }
    s->json = mem_strdup(MEM_APP, kv->value);
    struct told t = told_of(k, kv->value, &a);
    hear(k, t.until);
    s->foreign = !t.ours;
    old = map_remove(&k->saved, slice_from(s->name));
    map_put(&k->saved, slice_from(s->name), s, &before);
    saved_free(old);
    arena_done(&a);
}

/* What another plane says of an asset is how we show it, as long as it is that one's. */
static void mirror(struct keep *k, const struct store_kv *kv, struct arena *a)
{
    struct reconcile_time now = {rt_now(), rt_wall_now()};
    struct asset *asset = arena_new(a, struct asset);
    char name[ASSET_KEY_BYTES_MAX];
    if (name_of(kv->key, a, name) < 0 ||
        asset_read(kv->value, now.wall_ns - now.now_ns, a, asset, NULL) < 0)
        return;
    const struct asset *shown = reconciler_find_key(k->up->assets, name);
    enum asset_state before = shown ? shown->state : ASSET_STATE_COUNT;
    reconciler_mirror(k->up->assets, asset, now);
    if (shown && shown->state != before)
        memcpy(k->up->latest, name, strlen(name) + 1);
}

static void hear_own(struct keep *k, const char *name, int64_t revision)
{
    struct written *w = map_get(&k->written, slice_from(name));
    if (w)
        w->heard = revision;
    if (w && !k->writing)
        write_again(k, w);
}

/* What we write ourselves, we know, but for what comes late: and what another wrote before it is of
 * no use any more. */
static void save_foreign(struct keep *k, const struct store_kv *kv)
{
    struct arena a = ARENA(MEM_APP, 0);
    char name[ASSET_KEY_BYTES_MAX];
    if (!told_of(k, kv->value, &a).ours) {
        save(k, kv);
        mirror(k, kv, &a);
    } else if (name_of(kv->key, &a, name) == 0) {
        struct saved *s = map_get(&k->saved, slice_from(name));
        if (s && s->foreign)
            saved_free(map_remove(&k->saved, slice_from(name)));
        hear_own(k, name, kv->mod_revision);
    }
    arena_done(&a);
}

int keep_read(struct keep *k, struct err *err)
{
    struct arena a = ARENA(MEM_APP, 0);
    struct store_range range = {.keys = store_prefix(slice_from(state_prefix))};
    struct store_range_result got;
    rt_time deadline = rt_now() + 10 * RT_SEC;
    int r = store_range(k->store, &range, &a, &got, err, deadline);
    /* An etcd whose leader has just moved is no reason not to begin. */
    while (store_is_away(r) && rt_sleep(rt_now() + KEEP_READ_AGAIN_MS * RT_MS) == 0 &&
           rt_now() < deadline)
        r = store_range(k->store, &range, &a, &got, err, deadline);
    for (uint32_t i = 0; r == 0 && i < got.count; i++)
        save(k, &got.kvs[i]);
    arena_done(&a);
    return r;
}

static void restore(struct keep *k, struct saved *s)
{
    struct arena a = ARENA(MEM_APP, 0);
    struct asset *asset = arena_new(&a, struct asset);
    struct err err = {0};
    struct reconcile_time now = {rt_now(), rt_wall_now()};
    int r = asset_read(slice_from(s->json), now.wall_ns - now.now_ns, &a, asset, &err);
    if (r == 0)
        r = reconciler_restore(k->up->assets, asset, now);
    if (r < 0 && k->up->app->logsink)
        log_warn(&k->up->app->log, "what was found earlier is of no use: the asset begins anew",
                 log_event("state_unread"), log_str("asset", s->name), log_err(&err));
    map_remove(&k->saved, slice_from(s->name));
    saved_free(s);
    arena_done(&a);
}

void keep_restore(struct keep *k, const char *namespace_, const char *name)
{
    char key[ASSET_KEY_BYTES_MAX];
    snprintf(key, sizeof(key), "%s/%s", namespace_[0] ? namespace_ : "default", name);
    struct saved *s = map_get(&k->saved, slice_from(key));
    if (s)
        restore(k, s);
}

void keep_owners(struct keep *k)
{
    for (const struct asset *a = NULL; (a = reconciler_next(k->up->assets, a));) {
        struct saved *s = map_get(&k->saved, slice_from(a->key));
        if (s && s->foreign && repairs_own(k->up->repairs, a))
            restore(k, s);
    }
    mark_moved(k);
    rt_event_set(&k->wake);
}

const char *keep_theirs(const struct keep *k, const char *name)
{
    const struct saved *s = map_get(&k->saved, slice_from(name));
    return s && s->foreign ? s->json : NULL;
}

void keep_follow_main(void *arg)
{
    struct keep *k = arg;
    struct follow f;
    if (repairs_alone(k->up->repairs))
        return;
    follow_init(&f, k->store, slice_from(state_prefix), 0);
    for (int r = 0; r != -ECANCELED && r != -ENOLINK;) {
        struct follow_change c;
        r = follow_next(&f, &c, NULL, rt_now() + 60 * RT_SEC);
        if (r == 0 && c.type == FOLLOW_SET)
            save_foreign(k, &c.kv);
        else if (r < 0 && r != -ETIMEDOUT && rt_sleep(rt_now() + KEEP_AGAIN_MS * RT_MS) < 0)
            break;
    }
    follow_done(&f);
}

/* ---- the task ---- */

static void forget_state(struct keep *k, const struct store_kv *kv, struct arena *a)
{
    struct slice name = slice_sub(kv->key, strlen(state_prefix), kv->key.size);
    char text[ASSET_KEY_BYTES_MAX];
    snprintf(text, sizeof(text), "%.*s", SLICE_ARG(name));
    if (name.size >= sizeof(text) || strchr(text, '%') || !strchr(text, '/') ||
        reconciler_find_key(k->up->assets, text) || !told_of(k, kv->value, a).ours)
        return;
    written_of(k, text)->revision = kv->mod_revision;
    mark(k, text);
}

/* What an earlier life of this node left, and what nobody finds any more. */
static void forget_old(struct keep *k)
{
    struct arena a = ARENA(MEM_APP, 0);
    struct store_range range = {.keys = store_prefix(slice_from(state_prefix))};
    struct store_range_result got;
    if (store_range(k->store, &range, &a, &got, NULL, rt_now() + 10 * RT_SEC) == 0) {
        hear(k, got.revision);
        for (uint32_t i = 0; i < got.count; i++)
            forget_state(k, &got.kvs[i], &a);
    }
    arena_done(&a);
}

/* What the start of many assets took: their samples, and the events that waited. */
static void give_back(void *arg)
{
    (void)arg;
    mem_give_back();
}

void keep_main(void *arg)
{
    struct keep *k = arg;
    rt_time old_due = rt_now() + KEEP_OLD_S * RT_SEC;
    struct arena a = ARENA(MEM_APP, 0);
    struct store_range_result got;
    struct store_range now = {.keys = store_prefix(slice_from(state_prefix)), .count_only = true};
    if (store_range(k->store, &now, &a, &got, NULL, rt_now() + 10 * RT_SEC) == 0)
        hear(k, got.revision);
    arena_done(&a);
    k->moved_due = rt_now() + KEEP_STATE_MS * RT_MS;
    for (int r = 0; r != -ECANCELED;) {
        rt_event_clear(&k->wake);
        r = write_all(k);
        if (r == -ECANCELED)
            break;
        rt_time due = k->moved_due < old_due ? k->moved_due : old_due;
        r = r < 0 ? rt_sleep(rt_now() + KEEP_AGAIN_MS * RT_MS) : rt_event_wait(&k->wake, due);
        if (rt_now() >= old_due) {
            forget_old(k);
            (void)rt_offload(give_back, NULL, RT_NEVER);
            old_due = RT_NEVER;
        }
        if (rt_now() >= k->moved_due)
            mark_moved(k);
    }
    rt_shield_begin();
    (void)write_all(k);
    rt_shield_end();
}
