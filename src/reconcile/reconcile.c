#include "reconcile/reconcile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/map.h"

#define SECOND_NS INT64_C(1000000000)

struct reconciler {
    struct reconcile_options options;
    struct list assets;
    struct map by_name; /* "namespace/name": in the asset's arena */
    uint32_t count;
    uint64_t revision;
};

struct reconciler *reconciler_new(const struct reconcile_options *options)
{
    struct reconciler *r = mem_alloc(MEM_RECONCILE, sizeof(*r));
    r->options = *options;
    if (r->options.fail == 0)
        r->options.fail = RECONCILE_FAIL;
    if (r->options.settle_ns == 0)
        r->options.settle_ns = RECONCILE_SETTLE_S * SECOND_NS;
    if (r->options.gone_ns == 0)
        r->options.gone_ns = RECONCILE_GONE_S * SECOND_NS;
    list_init(&r->assets);
    return r;
}

static void asset_free(struct reconciler *r, struct asset *a)
{
    list_remove(&a->link);
    map_remove(&r->by_name, slice_from(a->key));
    arena_done(&a->arena);
    mem_free(MEM_RECONCILE, a);
    r->count--;
}

void reconciler_free(struct reconciler *r)
{
    if (!r)
        return;
    for (struct asset *a; (a = reconciler_next(r, NULL));)
        asset_free(r, a);
    map_done(&r->by_name);
    mem_free(MEM_RECONCILE, r);
}

/* ---- moves ---- */

static void tell(struct reconciler *r, struct asset *a, struct asset_change *c)
{
    a->revision = ++r->revision;
    bool other = strcmp(a->namespace_, "default") != 0;
    snprintf(c->asset, sizeof(c->asset), "%s%s%s", other ? a->namespace_ : "", other ? "/" : "",
             a->name);
    snprintf(c->key, sizeof(c->key), "%s", a->key);
    c->revision = a->revision;
    if (r->options.on_change)
        r->options.on_change(r->options.ctx, c);
}

static void move(struct reconciler *r, struct asset *a, enum asset_state to, const char *reason,
                 const char *evidence, struct reconcile_time t)
{
    struct asset_change c = {.at_wall_ns = t.wall_ns, .from = a->state, .to = to, .reason = reason};
    bool same = a->state == to;
    if (same && strcmp(a->reason, reason) == 0)
        return;
    if (evidence)
        snprintf(c.evidence, sizeof(c.evidence), "%s", evidence);
    a->reason = reason;
    if (same)
        return; /* the same state for another reason is no move */
    a->state = to;
    a->since_wall_ns = t.wall_ns;
    tell(r, a, &c);
}

/* Only an expiring certificate degrades where nothing is said. */
static bool degrades(const struct asset_check *c)
{
    return c->degrades || (!c->fails && c->reason == REASON_TLS_EXPIRING);
}

/* The failed check that weighs most; of equals the first. */
static const struct asset_check *worst_failed(const struct asset *a)
{
    const struct asset_check *worst = NULL;
    for (uint32_t i = 0; i < a->check_count; i++) {
        const struct asset_check *c = &a->checks[i];
        if (c->known && !c->ok && (!worst || (degrades(worst) && !degrades(c))))
            worst = c;
    }
    return worst;
}

static bool all_green(const struct asset *a)
{
    for (uint32_t i = 0; i < a->check_count; i++)
        if (!a->checks[i].known || !a->checks[i].ok || a->checks[i].misses)
            return false;
    return a->check_count > 0;
}

static void judge(struct reconciler *r, struct asset *a, struct reconcile_time t)
{
    const struct asset_check *failed = worst_failed(a);
    int64_t settle_ns = a->settle_ns ? a->settle_ns : r->options.settle_ns;
    if (!all_green(a))
        a->green_since_ns = 0;
    else if (a->green_since_ns == 0)
        a->green_since_ns = t.now_ns;
    if (failed && degrades(failed) && a->state == ASSET_FAILED)
        return; /* out of Failed leads only a repair, or everything green */
    if (failed)
        move(r, a, degrades(failed) ? ASSET_DEGRADED : ASSET_FAILED,
             probe_reason_name(failed->reason), failed->detail, t);
    else if (a->green_since_ns && t.now_ns - a->green_since_ns >= settle_ns)
        move(r, a, ASSET_HEALTHY, "settled", NULL, t);
}

/* ---- what happens ---- */

static struct asset *add_asset(struct reconciler *r, const struct sample *s,
                               struct reconcile_time t)
{
    if (r->count == RECONCILE_ASSETS_MAX)
        return NULL;
    struct asset *a = mem_alloc(MEM_RECONCILE, sizeof(*a));
    a->arena = ARENA(MEM_RECONCILE, 0);
    a->name = arena_strdup(&a->arena, slice_from(s->asset));
    a->namespace_ =
        s->namespace_[0] ? arena_strdup(&a->arena, slice_from(s->namespace_)) : "default";
    a->process = arena_strdup(&a->arena, slice_from(s->process));
    a->kind = s->kind ? s->kind : "";
    a->owner = r->options.owner;
    a->state = ASSET_PENDING;
    a->reason = "registered";
    a->since_wall_ns = t.wall_ns;
    a->key = arena_printf(&a->arena, "%s/%s", a->namespace_, a->name);
    map_put(&r->by_name, slice_from(a->key), a, NULL);
    list_push_back(&r->assets, &a->link);
    r->count++;
    struct asset_change c = {
        .at_wall_ns = t.wall_ns, .to = ASSET_PENDING, .created = true, .reason = a->reason};
    tell(r, a, &c);
    return a;
}

static struct asset_check *find_check(struct asset *a, const char *name)
{
    for (uint32_t i = 0; a && i < a->check_count; i++)
        if (strcmp(a->checks[i].name, name) == 0)
            return &a->checks[i];
    return NULL;
}

/* What a declared check says of itself; it may come again with other words. */
static void set_rules(struct asset_check *c, const struct sample *s)
{
    c->fail = s->fail;
    c->pass = s->pass;
    c->for_ns = s->for_ns;
    c->degrades = s->severity == SAMPLE_DEGRADED;
    c->fails = s->severity == SAMPLE_FAILED;
}

static int take_found(struct reconciler *r, struct asset *a, const struct sample *s,
                      struct reconcile_time t)
{
    if (!a)
        a = add_asset(r, s, t);
    if (!a)
        return -ENOSPC;
    struct asset_check *c = find_check(a, s->check);
    if (!c && a->check_count == ASSET_CHECKS_MAX)
        return -ENOSPC;
    a->gone_ns = 0;
    a->kind = s->kind;
    if (c) {
        c->gone_ns = 0;
        set_rules(c, s);
        if (strcmp(c->target, s->target) != 0)
            c->target = arena_strdup(&a->arena, slice_from(s->target));
        return 0;
    }
    a->checks[a->check_count++] = (struct asset_check){
        .name = arena_strdup(&a->arena, slice_from(s->check)),
        .target = arena_strdup(&a->arena, slice_from(s->target)),
        .since_wall_ns = t.wall_ns,
        .last_ns = PROBE_NONE,
    };
    set_rules(&a->checks[a->check_count - 1], s);
    return 0;
}

static void set_verdict(struct asset_check *c, bool ok, struct reconcile_time t)
{
    if (c->known && c->ok == ok)
        return;
    c->known = true;
    c->ok = ok;
    c->since_wall_ns = t.wall_ns;
}

static void take_gone(struct reconciler *r, struct asset *a, struct asset_check *c,
                      struct reconcile_time t)
{
    bool any = false;
    c->gone_ns = t.now_ns;
    c->reason = REASON_REFUSED;
    c->misses++;
    c->last_ns = PROBE_NONE;
    latency_ring_put(&c->latencies, PROBE_NONE);
    snprintf(c->detail, sizeof(c->detail), "nobody listens there any more");
    set_verdict(c, false, t);
    for (uint32_t i = 0; i < a->check_count; i++)
        any |= a->checks[i].gone_ns == 0;
    if (!any)
        a->gone_ns = t.now_ns;
    judge(r, a, t);
}

static void take_result(struct reconciler *r, struct asset *a, struct asset_check *c,
                        const struct sample *s, struct reconcile_time t)
{
    if (c->gone_ns || s->reason == REASON_LIMIT || s->reason == REASON_CANCELED)
        return;
    bool ok = s->reason == REASON_OK;
    c->reason = s->reason;
    snprintf(c->detail, sizeof(c->detail), "%s", s->detail);
    c->last_ns = s->total_ns;
    latency_ring_put(&c->latencies, ok ? s->total_ns : PROBE_NONE);
    if (!ok && c->misses == 0)
        c->missing_since_ns = t.now_ns;
    c->misses = ok ? 0 : c->misses + 1;
    c->passes = ok ? c->passes + 1 : 0;
    uint32_t fail = c->fail ? c->fail : r->options.fail;
    bool lasts = c->misses >= fail && t.now_ns - c->missing_since_ns >= c->for_ns;
    /* A first answer needs no row: there is no verdict yet that it would change. */
    if (ok ? c->passes >= c->pass || !c->known : lasts)
        set_verdict(c, ok, t);
    judge(r, a, t);
}

static void remove_asset(struct reconciler *r, struct asset *a, struct reconcile_time t)
{
    struct asset_change c = {.at_wall_ns = t.wall_ns,
                             .from = a->state,
                             .to = a->state,
                             .removed = true,
                             .reason = a->reason};
    tell(r, a, &c);
    asset_free(r, a);
}

/* An asset that lives on with fewer listeners is not held against those that went for ever. The
 * last ones leave with the asset. */
static void remove_gone_checks(struct reconciler *r, struct asset *a, struct reconcile_time t)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < a->check_count && !a->gone_ns; i++) {
        const struct asset_check *c = &a->checks[i];
        if (c->gone_ns && t.now_ns - c->gone_ns >= r->options.gone_ns)
            continue;
        if (kept != i)
            a->checks[kept] = *c;
        kept++;
    }
    if (!a->gone_ns)
        a->check_count = kept;
}

/* ---- what the configuration declares ---- */

static int take_asset(struct reconciler *r, struct asset *a, const struct sample *s,
                      struct reconcile_time t)
{
    if (!a)
        a = add_asset(r, s, t);
    if (!a)
        return -ENOSPC;
    a->declared = true;
    a->settle_ns = s->settle_ns;
    if (!s->labels)
        a->labels = NULL;
    else if (!a->labels || strcmp(a->labels, s->labels) != 0)
        a->labels = arena_strdup(&a->arena, slice_from(s->labels));
    return 0;
}

static void forget_check(struct reconciler *r, struct asset *a, struct asset_check *c,
                         struct reconcile_time t)
{
    size_t behind = (size_t)(&a->checks[a->check_count] - (c + 1));
    memmove(c, c + 1, behind * sizeof(*c));
    a->check_count--;
    if (a->check_count == 0 && !a->declared)
        remove_asset(r, a, t);
    else
        judge(r, a, t);
}

int reconciler_take(struct reconciler *r, const struct sample *s, struct reconcile_time t)
{
    struct asset *a = reconciler_find_in(r, s->namespace_, s->asset);
    if (s->type == SAMPLE_FOUND)
        return take_found(r, a, s, t);
    if (s->type == SAMPLE_ASSET)
        return take_asset(r, a, s, t);
    if (s->type == SAMPLE_FORGET_ASSET) {
        if (a)
            remove_asset(r, a, t);
        return 0;
    }
    struct asset_check *c = find_check(a, s->check);
    if (!c)
        return 0;
    if (s->type == SAMPLE_GONE)
        take_gone(r, a, c, t);
    else if (s->type == SAMPLE_FORGET)
        forget_check(r, a, c, t);
    else
        take_result(r, a, c, s, t);
    return 0;
}

void reconciler_tick(struct reconciler *r, struct reconcile_time t)
{
    for (struct asset *a = reconciler_next(r, NULL), *next; a; a = next) {
        next = reconciler_next(r, a);
        remove_gone_checks(r, a, t);
        judge(r, a, t);
        if (a->gone_ns && t.now_ns - a->gone_ns >= r->options.gone_ns)
            remove_asset(r, a, t);
    }
}

/* ---- reading ---- */

struct asset *reconciler_next(const struct reconciler *r, const struct asset *a)
{
    const struct list *next = a ? a->link.next : r->assets.next;
    return next == &r->assets ? NULL : list_entry(next, struct asset, link);
}

struct asset *reconciler_find_in(const struct reconciler *r, const char *namespace_,
                                 const char *name)
{
    char key[ASSET_NAME_BYTES_MAX * 2];
    int n = snprintf(key, sizeof(key), "%s/%s",
                     namespace_ && namespace_[0] ? namespace_ : "default", name);
    return n < (int)sizeof(key) ? map_get(&r->by_name, (struct slice){key, (size_t)n}) : NULL;
}

struct asset *reconciler_find(const struct reconciler *r, const char *name)
{
    return reconciler_find_in(r, NULL, name);
}

struct asset *reconciler_find_key(const struct reconciler *r, const char *key)
{
    return map_get(&r->by_name, slice_from(key));
}

uint32_t reconciler_count(const struct reconciler *r)
{
    return r->count;
}
