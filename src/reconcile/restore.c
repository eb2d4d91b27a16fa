#include <errno.h>

#include "base/fault.h"
#include "reconcile/inside.h"

static const char *text_of(struct held *h, const char *text)
{
    return text ? arena_strdup(&h->asset.arena, slice_from(text)) : NULL;
}

static struct asset_check *check_of(struct asset *a, const char *name)
{
    for (uint32_t i = 0; i < a->check_count; i++)
        if (strcmp(a->checks[i].name, name) == 0)
            return &a->checks[i];
    return NULL;
}

/* What it had said stands until it has answered anew. */
static void restore_check(struct held *h, const struct asset_check *saved)
{
    struct asset *a = &h->asset;
    struct asset_check *c = check_of(a, saved->name);
    if (!c && a->check_count == ASSET_CHECKS_MAX)
        return;
    if (!c)
        c = add_check(h, saved->name);
    if (c->answered_ns || c->gone_ns)
        return; /* we know better */
    c->target = text_of(h, saved->target);
    c->known = c->own.known = saved->known;
    c->ok = c->own.ok = saved->ok;
    c->reason = saved->reason;
    c->word = saved->word;
    c->since_wall_ns = saved->since_wall_ns;
    c->own.at_ns = saved->known;
}

/* Ours that are newer than what was written down stay: it may have been written by another. */
static void restore_uses(struct held *h, const struct remedy_use *saved)
{
    for (; saved; saved = saved->next) {
        struct remedy_use *u = repair_use_of(h, saved->remedy, true);
        int64_t last = saved->count ? saved->at_ns[saved->count - 1] : INT64_MIN;
        uint32_t old = 0;
        while (old < u->count && u->at_ns[old] <= last)
            old++;
        uint32_t newer = u->count - old, count = saved->count + newer;
        int64_t *times = mem_alloc(MEM_RECONCILE, (count + 1) * sizeof(*times));
        if (saved->count)
            memcpy(times, saved->at_ns, saved->count * sizeof(*times));
        if (newer)
            memcpy(times + saved->count, u->at_ns + old, newer * sizeof(*times));
        mem_free(MEM_RECONCILE, u->at_ns);
        u->at_ns = times;
        u->count = count;
        u->room = count + 1;
    }
}

static void restore_open(struct reconciler *r, struct held *h, const struct repair *saved,
                         int64_t now_ns)
{
    struct repair *p = mem_alloc(MEM_RECONCILE, sizeof(*p));
    *p = *saved;
    p->remedy = arena_strdup(&h->texts, slice_from(saved->remedy));
    p->task = saved->task ? arena_strdup(&h->texts, slice_from(saved->task)) : NULL;
    p->dedup_key = arena_strdup(&h->texts, slice_from(saved->dedup_key));
    h->asset.repair = p;
    h->restored_ns = now_ns ? now_ns : 1;
    list_push_back(&r->open, &h->open_link);
    r->stats.open++;
}

/* Another plane's verdict is shown; what we saw ourselves stands beside it. */
static void mirror_check(struct held *h, const struct asset_check *saved)
{
    struct asset_check *c = check_of(&h->asset, saved->name);
    if (!c)
        return;
    c->known = saved->known;
    c->ok = saved->ok;
    c->blind = false;
    c->few_ns = 0;
    c->misses = 0;
    c->reason = saved->reason;
    c->word = saved->word;
    c->since_wall_ns = saved->since_wall_ns;
    c->last_ns = saved->last_ns;
}

static void take_over_state(struct reconciler *r, struct held *h, const struct asset *saved,
                            struct reconcile_time t)
{
    struct asset *a = &h->asset;
    a->state = saved->state;
    a->reason = saved->reason;
    a->since_wall_ns = saved->since_wall_ns;
    a->maintain_until_ns =
        fault_mutant("heal_end_not_taken_over") ? INT64_MAX : saved->maintain_until_ns;
    a->green_since_ns = 0;
    int64_t ago = t.wall_ns - saved->since_wall_ns;
    bool down = a->state == ASSET_FAILED || a->state == ASSET_DEGRADED;
    h->fell_ns = down ? (ago > 0 && ago < t.now_ns ? t.now_ns - ago : 1) : 0;
    h->blind_ns = a->state == ASSET_UNKNOWN ? t.now_ns : 0;
    bool counted = a->state == ASSET_FAILED && strcmp(a->reason, "dependency") != 0;
    r->down += counted - h->fell_counted;
    h->fell_counted = counted;
    judge_count(r, h);
}

void reconciler_mirror(struct reconciler *r, const struct asset *saved, struct reconcile_time t)
{
    struct asset *known = reconciler_find_in(r, saved->namespace_, saved->name);
    if (!known || judge_ours(r, known))
        return;
    struct held *h = held_of(known);
    for (uint32_t i = 0; i < saved->check_count; i++)
        mirror_check(h, &saved->checks[i]);
    take_over_state(r, h, saved, t);
}

int reconciler_restore(struct reconciler *r, const struct asset *saved, struct reconcile_time t)
{
    struct asset *known = reconciler_find_in(r, saved->namespace_, saved->name);
    struct held *h =
        known ? held_of(known) : held_add(r, saved->namespace_, saved->name, t, false);
    if (!h)
        return -ENOSPC;
    struct asset *a = &h->asset;
    memcpy(a->trace, saved->trace, sizeof(a->trace));
    a->recovering_by = text_of(h, saved->recovering_by);
    if (saved->repair_seq > a->repair_seq)
        a->repair_seq = saved->repair_seq;
    a->rounds = saved->rounds;
    a->exhausted = saved->exhausted;
    a->again_ns = saved->again_ns;
    repair_set_next(h, saved->next_remedy);
    a->failed_over = saved->failed_over;
    a->flap_penalty = saved->flap_penalty;
    a->flap_at_ns = saved->flap_at_ns;
    a->flapping = saved->flapping;
    for (uint32_t i = 0; i < saved->check_count; i++)
        restore_check(h, &saved->checks[i]);
    restore_uses(h, saved->uses);
    take_over_state(r, h, saved, t);
    if (saved->repair && !a->repair)
        restore_open(r, h, saved->repair, t.now_ns);
    work_soon(r, h);
    return 0;
}
