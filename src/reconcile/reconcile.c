#include "reconcile/reconcile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

#define SECOND_NS INT64_C(1000000000)

struct reconciler {
    struct reconcile_options options;
    struct list assets;
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
    mem_free(MEM_RECONCILE, r);
}

/* ---- moves ---- */

static void tell(struct reconciler *r, struct asset *a, struct asset_change *c)
{
    a->revision = ++r->revision;
    snprintf(c->asset, sizeof(c->asset), "%s", a->name);
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

static const struct asset_check *first_failed(const struct asset *a)
{
    for (uint32_t i = 0; i < a->check_count; i++)
        if (a->checks[i].known && !a->checks[i].ok)
            return &a->checks[i];
    return NULL;
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
    const struct asset_check *failed = first_failed(a);
    if (!all_green(a))
        a->green_since_ns = 0;
    else if (a->green_since_ns == 0)
        a->green_since_ns = t.now_ns;
    if (failed)
        move(r, a, ASSET_FAILED, probe_reason_name(failed->reason), failed->detail, t);
    else if (a->green_since_ns && t.now_ns - a->green_since_ns >= r->options.settle_ns)
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
    a->namespace_ = "default";
    a->process = arena_strdup(&a->arena, slice_from(s->process));
    a->kind = s->kind;
    a->state = ASSET_PENDING;
    a->reason = "registered";
    a->since_wall_ns = t.wall_ns;
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
        return 0;
    }
    a->checks[a->check_count++] = (struct asset_check){
        .name = arena_strdup(&a->arena, slice_from(s->check)),
        .target = arena_strdup(&a->arena, slice_from(s->target)),
        .since_wall_ns = t.wall_ns,
        .last_ns = PROBE_NONE,
    };
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
    c->misses = ok ? 0 : c->misses + 1;
    if (ok || c->misses >= r->options.fail)
        set_verdict(c, ok, t);
    judge(r, a, t);
}

int reconciler_take(struct reconciler *r, const struct sample *s, struct reconcile_time t)
{
    struct asset *a = reconciler_find(r, s->asset);
    if (s->type == SAMPLE_FOUND)
        return take_found(r, a, s, t);
    struct asset_check *c = find_check(a, s->check);
    if (!c)
        return 0;
    if (s->type == SAMPLE_GONE)
        take_gone(r, a, c, t);
    else
        take_result(r, a, c, s, t);
    return 0;
}

static void remove_gone(struct reconciler *r, struct asset *a, struct reconcile_time t)
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

void reconciler_tick(struct reconciler *r, struct reconcile_time t)
{
    for (struct asset *a = reconciler_next(r, NULL), *next; a; a = next) {
        next = reconciler_next(r, a);
        remove_gone_checks(r, a, t);
        judge(r, a, t);
        if (a->gone_ns && t.now_ns - a->gone_ns >= r->options.gone_ns)
            remove_gone(r, a, t);
    }
}

/* ---- reading ---- */

struct asset *reconciler_next(const struct reconciler *r, const struct asset *a)
{
    const struct list *next = a ? a->link.next : r->assets.next;
    return next == &r->assets ? NULL : list_entry(next, struct asset, link);
}

struct asset *reconciler_find(const struct reconciler *r, const char *name)
{
    for (struct asset *a = NULL; (a = reconciler_next(r, a));)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

uint32_t reconciler_count(const struct reconciler *r)
{
    return r->count;
}
