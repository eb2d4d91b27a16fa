#include "reconcile/views.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "reconcile/reconcile.h"
#include "store/follow.h"
#include "wire/key_part.h"
#include "wire/url_escape.h"
#include "wire/view_json.h"

static const char prefix[] = "/observers/";

enum { LOOK_MS = 1000, CALL_MS = 5000 };

/* An asset of which we say, or said, what we see. */
struct said {
    struct list link; /* of v->dirty, while it is to be written */
    uint64_t print;   /* of what stands; 0: nothing does */
    rt_time written;
    char key[ASSET_KEY_BYTES_MAX]; /* "namespace/name" */
};

struct views {
    struct views_options options;
    struct rt_event wake;
    struct map said; /* asset's key -> struct said */
    struct list dirty;
    int64_t lease;    /* that what we said is bound to */
    bool blind;       /* and that we are was said */
    struct follow heard;
    bool hears;
    struct views_stats stats;
};

struct views *views_new(const struct views_options *options)
{
    struct views *v = mem_alloc(MEM_RECONCILE, sizeof(*v));
    v->options = *options;
    struct map_seed seed = {rt_random(), rt_random()};
    v->said = MAP(MEM_RECONCILE, RECONCILE_ASSETS_MAX, seed);
    list_init(&v->dirty);
    return v;
}

void views_free(struct views *v)
{
    struct map_entry e;
    if (!v)
        return;
    for (size_t at = 0; map_next(&v->said, &at, &e);)
        mem_free(MEM_RECONCILE, e.value);
    map_done(&v->said);
    if (v->hears)
        follow_done(&v->heard);
    mem_free(MEM_RECONCILE, v);
}

const struct views_stats *views_stats_of(const struct views *v)
{
    return &v->stats;
}

/* ---- what we see ---- */

static bool looks(const struct views *v, const struct asset *a, const struct asset_check *c)
{
    char share[RECONCILE_SHARE_BYTES_MAX];
    return c->observers > 1 && plane_looks(v->options.plane, reconciler_share_of(a, share),
                                           c->observers);
}

/* Nothing was heard of the check for too long, whatever it said before. */
static bool is_old(const struct check_view *own, const struct asset_check *c)
{
    int64_t most = 5 * c->every_ns;
    if (most < RECONCILE_STALE_S * RT_SEC)
        most = RECONCILE_STALE_S * RT_SEC;
    return rt_now() - own->at_ns > most && !fault_mutant("heal_old_view_stands");
}

static void see_check(const struct views *v, const struct asset_check *c, struct seen_check *ret)
{
    const struct check_view *own = &c->own;
    bool lost = reconciler_stats(v->options.assets)->blind && !c->local;
    uint32_t most = c->fail ? c->fail : RECONCILE_FAIL;
    *ret = (struct seen_check){
        .name = c->name,
        .known = own->known,
        .ok = own->ok,
        .blind = lost || own->limits >= CHECK_VIEW_BLIND || is_old(own, c),
        /* Not each of a long row is a change. */
        .misses = own->misses < most ? own->misses : most,
        .reason = own->reason,
        .word = own->word,
        .detail = own->detail ? own->detail : "",
    };
}

static void see(const struct views *v, const struct asset *a, struct seen *ret)
{
    ret->node = plane_node(v->options.plane);
    ret->at_wall_ns = 0;
    ret->count = 0;
    for (uint32_t i = 0; i < a->check_count; i++)
        if (a->checks[i].own.at_ns && !a->checks[i].gone_ns && looks(v, a, &a->checks[i]))
            see_check(v, &a->checks[i], &ret->checks[ret->count++]);
}

/* But for its words: they may hold a duration, and change with every answer. */
static uint64_t print_of(const struct views *v, const struct seen *s)
{
    struct buf text = BUF(MEM_RECONCILE, 0);
    for (uint32_t i = 0; i < s->count; i++) {
        const struct seen_check *c = &s->checks[i];
        buf_printf(&text, "%s %d %d %d %u %d %s ", c->name, c->known, c->ok, c->blind, c->misses,
                   c->reason, c->word ? c->word : "");
    }
    uint64_t print = s->count ? map_hash(v->said.seed, text.data, text.size) | 1 : 0;
    buf_done(&text);
    return print;
}

static void mark(struct views *v, struct said *s)
{
    if (!s->link.next)
        list_push_back(&v->dirty, &s->link);
    rt_event_set(&v->wake);
}

static void unmark(struct said *s)
{
    list_remove(&s->link);
    s->link = (struct list){0};
}

static bool is_shared(const struct asset *a)
{
    for (uint32_t i = 0; i < a->check_count; i++)
        if (a->checks[i].observers > 1)
            return true;
    return false;
}

void views_note(struct views *v, const struct asset *a)
{
    struct said *s = map_get(&v->said, slice_from(a->key));
    if (!s && !is_shared(a))
        return;
    struct arena arena = ARENA(MEM_RECONCILE, 0);
    struct seen *seen = arena_new(&arena, struct seen);
    see(v, a, seen);
    uint64_t print = print_of(v, seen);
    arena_done(&arena);
    if (print == (s ? s->print : 0))
        return;
    if (!s) {
        s = mem_alloc(MEM_RECONCILE, sizeof(*s));
        snprintf(s->key, sizeof(s->key), "%s", a->key);
        map_put(&v->said, slice_from(s->key), s, NULL);
    }
    mark(v, s);
}

void views_note_all(struct views *v)
{
    for (const struct asset *a = NULL; (a = reconciler_next(v->options.assets, a));)
        views_note(v, a);
    rt_event_set(&v->wake);
}

/* ---- saying it ---- */

struct saying {
    struct views *v;
    struct arena arena;
    struct said *of[VIEWS_AT_ONCE_MAX];
    uint64_t prints[VIEWS_AT_ONCE_MAX];
    struct store_op ops[VIEWS_AT_ONCE_MAX];
    struct store_compare guard;
    struct seen seen;
    uint32_t count;
    size_t bytes;
};

static struct slice kept(struct arena *a, struct buf *b)
{
    struct slice s = {arena_strdup(a, buf_slice(b)), b->size};
    buf_done(b);
    return s;
}

/* `key` NULL: of the node itself. "namespace/name": no namespace has a slash, a name may. */
static struct slice key_of(struct arena *a, const char *node, const char *key)
{
    struct buf b = BUF(MEM_RECONCILE, 0);
    buf_printf(&b, "%s%s", prefix, node);
    const char *slash = key ? strchr(key, '/') : NULL;
    if (slash) {
        buf_append_byte(&b, '/');
        buf_append_slice(&b, (struct slice){key, (size_t)(slash + 1 - key)});
        key_part_append(&b, slice_from(slash + 1));
    }
    return kept(a, &b);
}

static void add(struct saying *w, struct said *s)
{
    struct views *v = w->v;
    const struct asset *a = reconciler_find_key(v->options.assets, s->key);
    struct store_op *op = &w->ops[w->count];
    struct slice key = key_of(&w->arena, plane_node(v->options.plane), s->key);
    w->seen.count = 0;
    if (a)
        see(v, a, &w->seen);
    w->seen.at_wall_ns = rt_wall_now();
    w->prints[w->count] = print_of(v, &w->seen);
    w->of[w->count++] = s;
    if (w->seen.count == 0) {
        *op = (struct store_op){.type = STORE_DELETE, .keys = store_key(key)};
        return;
    }
    struct buf json = BUF(MEM_RECONCILE, 0);
    view_write(&w->seen, &json);
    *op = (struct store_op){
        .type = STORE_PUT, .key = key, .value = kept(&w->arena, &json), .lease = v->lease};
    w->bytes += op->value.size;
}

/* What was written stands; of what is gone nothing is known any more. */
static void settle(struct saying *w)
{
    for (uint32_t i = 0; i < w->count; i++) {
        struct said *s = w->of[i];
        s->print = w->prints[i];
        s->written = rt_now();
        if (s->print || s->link.next)
            continue;
        map_remove(&w->v->said, slice_from(s->key));
        mem_free(MEM_RECONCILE, s);
    }
    w->v->stats.written_total += w->count;
}

static int write_some(struct views *v)
{
    struct saying *w = mem_alloc(MEM_RECONCILE, sizeof(*w));
    struct store_txn_result got = {0};
    int r = plane_guard(v->options.plane, &w->guard) ? 0 : -ENOLINK;
    w->v = v;
    w->arena = ARENA(MEM_RECONCILE, 0);
    while (r == 0 && !list_empty(&v->dirty) && w->count < VIEWS_AT_ONCE_MAX &&
           w->bytes < VIEWS_BYTES_AT_ONCE) {
        struct said *s = list_entry(v->dirty.next, struct said, link);
        unmark(s);
        add(w, s);
    }
    struct store_txn txn = {
        .compares = &w->guard, .compare_count = 1, .then = w->ops, .then_count = w->count};
    if (r == 0)
        r = store_txn(v->options.store, &txn, &w->arena, &got, NULL, rt_now() + CALL_MS * RT_MS);
    if (r == 0 && !got.succeeded)
        r = -ENOLINK; /* this life is over */
    if (r == 0)
        settle(w);
    for (uint32_t i = 0; i < w->count && r < 0; i++)
        mark(v, w->of[i]);
    v->stats.failed_total += r < 0 && r != -ECANCELED;
    arena_done(&w->arena);
    mem_free(MEM_RECONCILE, w);
    return r;
}

/* Others ask in our place while we see nothing. */
static int say_blind(struct views *v)
{
    bool blind = reconciler_stats(v->options.assets)->blind;
    struct arena a = ARENA(MEM_RECONCILE, 0);
    struct store_compare guard;
    if (blind == v->blind || !plane_guard(v->options.plane, &guard))
        return 0;
    struct slice key = key_of(&a, plane_node(v->options.plane), NULL);
    struct store_op op = {.type = STORE_DELETE, .keys = store_key(key)};
    if (blind)
        op = (struct store_op){
            .type = STORE_PUT, .key = key, .value = SLICE("{\"blind\":true}"), .lease = v->lease};
    struct store_txn txn = {
        .compares = &guard, .compare_count = 1, .then = &op, .then_count = 1};
    struct store_txn_result got = {0};
    int r = store_txn(v->options.store, &txn, &a, &got, NULL, rt_now() + CALL_MS * RT_MS);
    if (r == 0 && got.succeeded)
        v->blind = blind;
    arena_done(&a);
    return r;
}

/* With a new life what an earlier one said is gone; and all is said anew now and then. */
static void renew(struct views *v)
{
    struct map_entry e;
    int64_t lease = plane_lease(v->options.plane);
    bool reborn = lease && lease != v->lease;
    if (reborn) {
        v->lease = lease;
        v->blind = false;
    }
    for (size_t at = 0; map_next(&v->said, &at, &e);) {
        struct said *s = e.value;
        if (reborn || rt_now() - s->written >= VIEWS_REFRESH_S * RT_SEC)
            mark(v, s);
    }
    v->stats.held = (uint32_t)v->said.count;
}

void views_say_main(void *arg)
{
    struct views *v = arg;
    while (!rt_cancelled()) {
        rt_event_clear(&v->wake);
        renew(v);
        int r = v->lease ? say_blind(v) : -ENOLINK;
        while (r == 0 && !list_empty(&v->dirty))
            r = write_some(v);
        rt_time again = rt_now() + (r < 0 ? VIEWS_AGAIN_MS : LOOK_MS) * RT_MS;
        r = r < 0 ? rt_sleep(again) : rt_event_wait(&v->wake, again);
        if (r == -ECANCELED)
            return;
    }
}

/* ---- hearing others ---- */

struct hearing {
    struct arena arena;
    struct seen seen, old;
    const char *node, *namespace_, *asset;
};

/* "NODE/NAMESPACE/ASSET"; without the two: of the node itself. Returns 0 or -EINVAL. */
static int split(struct hearing *h, struct slice key)
{
    struct slice rest = slice_sub(key, sizeof(prefix) - 1, key.size);
    struct slice node = slice_cut(&rest, '/'), space = slice_cut(&rest, '/'), name = rest;
    if (name.size && url_unescape(rest, false, &h->arena, &name, NULL) < 0)
        return -EINVAL;
    struct sample *s = NULL;
    if (node.size == 0 || node.size >= sizeof(s->observer) ||
        space.size >= sizeof(s->namespace_) || name.size >= sizeof(s->asset))
        return -EINVAL;
    h->node = arena_strdup(&h->arena, node);
    h->namespace_ = arena_strdup(&h->arena, space);
    h->asset = arena_strdup(&h->arena, name);
    return 0;
}

static struct sample *sample_of(const struct hearing *h, enum sample_type type, const char *check)
{
    struct sample *s = sample_new(type);
    snprintf(s->asset, sizeof(s->asset), "%s", h->asset);
    snprintf(s->namespace_, sizeof(s->namespace_), "%s", h->namespace_);
    snprintf(s->check, sizeof(s->check), "%s", check);
    snprintf(s->observer, sizeof(s->observer), "%s", h->node);
    return s;
}

static void tell_check(struct views *v, const struct hearing *h, const struct seen_check *c)
{
    struct sample *s = sample_of(h, SAMPLE_VIEW, c->name);
    s->known = c->known;
    s->ok = c->ok;
    s->blind_view = c->blind;
    s->misses = c->misses;
    s->reason = c->reason;
    s->word = c->word;
    s->every_ns = VIEWS_REFRESH_S * RT_SEC;
    snprintf(s->detail, sizeof(s->detail), "%s", c->detail);
    v->options.on_sample(v->options.ctx, s);
}

static bool has(const struct seen *s, const char *name)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (strcmp(s->checks[i].name, name) == 0)
            return true;
    return false;
}

static void read_view(struct views *v, struct hearing *h, struct slice value, struct seen *ret)
{
    ret->count = 0;
    if (value.size && view_read(value, &h->arena, ret, NULL) < 0) {
        ret->count = 0;
        v->stats.bad_values_total++;
    }
}

/* What it said before, and says no more, is not seen any longer. */
static void tell(struct views *v, struct hearing *h, struct slice old, struct slice value)
{
    read_view(v, h, value, &h->seen);
    read_view(v, h, old, &h->old);
    for (uint32_t i = 0; i < h->old.count; i++)
        if (!has(&h->seen, h->old.checks[i].name) && !fault_mutant("heal_dead_observer_counts"))
            v->options.on_sample(v->options.ctx,
                                 sample_of(h, SAMPLE_UNSEEN, h->old.checks[i].name));
    for (uint32_t i = 0; i < h->seen.count; i++)
        tell_check(v, h, &h->seen.checks[i]);
}

static struct hearing *hearing_new(void)
{
    struct hearing *h = mem_alloc(MEM_RECONCILE, sizeof(*h));
    h->arena = ARENA(MEM_RECONCILE, 0);
    return h;
}

static void hearing_free(struct hearing *h)
{
    arena_done(&h->arena);
    mem_free(MEM_RECONCILE, h);
}

static void hear(struct views *v, const struct follow_change *c)
{
    struct hearing *h = hearing_new();
    struct slice value = c->type == FOLLOW_SET ? c->kv.value : (struct slice){0};
    if (split(h, c->kv.key) < 0) {
        v->stats.bad_values_total++;
    } else if (h->asset[0] == 0) {
        plane_set_blind(v->options.plane, slice_from(h->node), c->type == FOLLOW_SET);
    } else if (strcmp(h->node, plane_node(v->options.plane)) != 0) {
        v->stats.heard_total++;
        tell(v, h, c->old ? c->old->value : (struct slice){0}, value);
    }
    hearing_free(h);
}

void views_tell(struct views *v, const char *namespace_, const char *asset)
{
    char key[ASSET_KEY_BYTES_MAX];
    const char *node;
    snprintf(key, sizeof(key), "%s/%s", namespace_[0] ? namespace_ : "default", asset);
    for (uint32_t i = 0; v->hears && (node = plane_placed(v->options.plane, i)); i++) {
        struct hearing *h = hearing_new();
        const struct store_kv *kv = follow_get(&v->heard, key_of(&h->arena, node, key));
        if (kv && strcmp(node, plane_node(v->options.plane)) != 0 && split(h, kv->key) == 0)
            tell(v, h, (struct slice){0}, kv->value);
        hearing_free(h);
    }
}

void views_hear_main(void *arg)
{
    struct views *v = arg;
    follow_init(&v->heard, v->options.store, slice_from(prefix), 0);
    v->hears = true;
    for (int r = 0; r != -ECANCELED && r != -ENOLINK;) {
        struct follow_change c;
        r = follow_next(&v->heard, &c, NULL, RT_NEVER);
        if (r == 0 && c.type != FOLLOW_SYNCED)
            hear(v, &c);
        else if (r < 0 && r != -ETIMEDOUT && rt_sleep(rt_now() + VIEWS_AGAIN_MS * RT_MS) < 0)
            return;
    }
}
