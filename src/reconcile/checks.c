#include "base/fault.h"
#include "base/utf8.h"
#include "reconcile/inside.h"

/* ---- one observer's view ---- */

static struct check_view *view_of(struct asset_check *c, const char *observer)
{
    if (!observer[0])
        return &c->own;
    for (uint32_t i = 0; i < c->other_count; i++)
        if (strcmp(c->others[i].observer, observer) == 0)
            return &c->others[i];
    if (c->other_count == ASSET_OBSERVERS_MAX)
        return NULL;
    c->others = mem_resize(MEM_RECONCILE, c->others, (c->other_count + 1) * sizeof(*c->others));
    c->others[c->other_count] = (struct check_view){
        .observer = mem_strdup(MEM_RECONCILE, slice_from(observer)),
    };
    return &c->others[c->other_count++];
}

/* What it saw last, in its own words. Those of one that looks alone are the check's. */
static void view_says(const struct asset_check *c, struct check_view *v, const struct sample *s)
{
    bool ok = s->reason == REASON_OK;
    v->reason = s->reason;
    v->word = ok ? NULL : s->word;
    if (c->observers <= 1 && v == &c->own)
        return;
    mem_free(MEM_RECONCILE, v->detail);
    v->detail = s->detail[0] ? mem_strdup(MEM_RECONCILE, slice_from(s->detail)) : NULL;
}

static void forget_name(struct check_view *v)
{
    mem_free(MEM_RECONCILE, (void *)(uintptr_t)v->observer);
}

static void view_end(struct asset_check *c, struct check_view *v)
{
    mem_free(MEM_RECONCILE, v->detail);
    if (v == &c->own) {
        *v = (struct check_view){.observer = ""};
        c->answered_ns = 0;
        return;
    }
    forget_name(v);
    *v = c->others[--c->other_count];
}

static void view_count(const struct reconciler *r, const struct asset_check *c,
                       struct check_view *v, const struct sample *s, int64_t now_ns)
{
    bool ok = s->reason == REASON_OK;
    v->limits = 0;
    if (!ok && v->misses == 0)
        v->missing_since_ns = now_ns;
    v->misses = ok ? 0 : v->misses + 1;
    v->passes = ok ? v->passes + 1 : 0;
    uint32_t fail = c->fail ? c->fail : r->options.fail;
    if (fault_mutant("heal_one_miss_fails"))
        fail = 1;
    bool lasts = s->pushed ||
                 (v->misses >= fail && now_ns - v->missing_since_ns >= c->for_ns);
    /* A first answer needs no row: there is no verdict yet that it would change. */
    if (ok ? v->passes >= c->pass || s->pushed || !v->known : lasts) {
        v->known = true;
        v->ok = ok;
    }
}

/* ---- what all of them say together ---- */

struct poll {
    uint32_t views, seeing, failed, lost;
};

static bool stale(const struct asset_check *c, const struct check_view *v, int64_t now_ns)
{
    int64_t every = v->every_ns ? v->every_ns : c->every_ns;
    int64_t most = every * 5 > RECONCILE_STALE_S * SECOND_NS ? every * 5
                                                             : RECONCILE_STALE_S * SECOND_NS;
    return v != &c->own && now_ns - v->at_ns > most;
}

static void poll_view(struct poll *p, const struct asset_check *c, const struct check_view *v,
                      int64_t now_ns)
{
    if (v->at_ns == 0)
        return; /* it never looked */
    p->views++;
    bool lost = stale(c, v, now_ns) || v->limits >= RECONCILE_BLIND;
    if (lost && !fault_mutant("heal_blind_unseen"))
        p->lost++;
    else if (v->known)
        p->seeing++;
    if (!lost && v->known && !v->ok)
        p->failed++;
}

static struct poll poll_all(const struct asset_check *c, int64_t now_ns)
{
    struct poll p = {0};
    poll_view(&p, c, &c->own, now_ns);
    for (uint32_t i = 0; i < c->other_count; i++)
        poll_view(&p, c, &c->others[i], now_ns);
    return p;
}

/* So many in a row that `agree` of them have: what fewer miss is none of the asset's. */
static uint32_t misses_of(const struct asset_check *c, uint32_t agree, int64_t now_ns)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i <= c->other_count; i++) {
        uint32_t n = i ? c->others[i - 1].misses : c->own.misses, with = c->own.misses >= n;
        for (uint32_t k = 0; k < c->other_count; k++)
            with += c->others[k].misses >= n && !stale(c, &c->others[k], now_ns);
        if (n > most && with >= agree)
            most = n;
    }
    return most;
}

static uint32_t agree_of(const struct asset_check *c, const struct poll *p)
{
    uint32_t n = c->observers ? c->observers : p->views;
    if (fault_mutant("heal_one_observer_is_enough"))
        return 1;
    return c->agree ? c->agree : n / 2 + 1;
}

static void set_verdict(struct asset_check *c, bool ok, struct reconcile_time t)
{
    if (c->known && c->ok == ok)
        return;
    c->known = true;
    c->ok = ok;
    c->since_wall_ns = t.wall_ns;
}

/* Too few that see: for a while it is a change of observers. Where one says that it cannot look,
 * it is known at once. */
static void weigh_sight(struct asset_check *c, const struct poll *p, uint32_t agree, int64_t now_ns)
{
    bool few = p->failed < agree && p->seeing < agree;
    if (!few)
        c->few_ns = 0;
    else if (c->few_ns == 0)
        c->few_ns = now_ns;
    bool long_enough = few && now_ns - c->few_ns >= RECONCILE_FEW_S * SECOND_NS &&
                       c->observers > 1 && !fault_mutant("heal_few_are_enough");
    c->blind = few && (p->lost > 0 || long_enough);
}

/* Where several look, what is said of the check is what one said that the verdict agrees with. */
static void speak(struct asset_check *c)
{
    const struct check_view *v = c->own.known && c->own.ok == c->ok ? &c->own : NULL;
    if (c->observers <= 1 || !c->known)
        return;
    for (uint32_t i = 0; i < c->other_count && !v; i++)
        if (c->others[i].known && c->others[i].ok == c->ok)
            v = &c->others[i];
    if (!v)
        return;
    c->reason = v->reason;
    c->word = v->word;
    snprintf(c->detail, sizeof(c->detail), "%s", v->detail ? v->detail : "");
}

static void weigh(struct asset_check *c, struct reconcile_time t)
{
    struct poll p = poll_all(c, t.now_ns);
    uint32_t agree = agree_of(c, &p);
    c->misses = misses_of(c, agree, t.now_ns);
    if (p.failed >= agree)
        set_verdict(c, false, t);
    else if (p.seeing >= agree)
        set_verdict(c, true, t);
    weigh_sight(c, &p, agree, t.now_ns);
    speak(c);
}

void check_age(struct reconciler *r, struct held *h, struct asset_check *c,
               struct reconcile_time t)
{
    if ((c->other_count || c->observers > 1) && !c->gone_ns && judge_ours(r, &h->asset))
        weigh(c, t);
}

int64_t check_due(const struct asset_check *c)
{
    if (c->few_ns == 0 || c->observers <= 1 || c->blind)
        return INT64_MAX;
    return c->few_ns + RECONCILE_FEW_S * SECOND_NS;
}

void check_forget_views(struct asset_check *c)
{
    mem_free(MEM_RECONCILE, c->own.detail);
    c->own = (struct check_view){.observer = "", .limits = c->own.limits, .at_ns = c->own.at_ns};
    for (uint32_t i = 0; i < c->other_count; i++) {
        struct check_view *v = &c->others[i];
        if (v->stands)
            continue;
        mem_free(MEM_RECONCILE, v->detail);
        *v = (struct check_view){
            .observer = v->observer, .limits = v->limits, .at_ns = v->at_ns};
    }
    c->known = false;
    c->few_ns = 0;
    c->misses = 0;
}

void check_done(struct asset_check *c)
{
    mem_free(MEM_RECONCILE, c->own.detail);
    for (uint32_t i = 0; i < c->other_count; i++) {
        mem_free(MEM_RECONCILE, c->others[i].detail);
        forget_name(&c->others[i]);
    }
    mem_free(MEM_RECONCILE, c->others);
}

/* ---- what happens ---- */

static void keep_unseen(struct asset_check *c, const char *why)
{
    size_t n = strnlen(why, sizeof(c->unseen) - 1);
    n = utf8_valid_bytes((struct slice){why, n}); /* no half of a character */
    memcpy(c->unseen, why, n);
    c->unseen[n] = 0;
}

/* Whether another check of the asset will say why its pages do not answer: it misses already, or
 * has not been asked since. That is soon (who asks does so at once), or is not waited for. */
static bool others_will_tell(const struct held *h, const struct asset_check *c, int64_t now_ns)
{
    bool early = now_ns - c->away_since_ns < RECONCILE_AWAY_S * SECOND_NS;
    for (uint32_t i = 0; i < h->asset.check_count; i++) {
        const struct asset_check *k = &h->asset.checks[i];
        if (k == c || k->gone_ns || k->away || k->blind || k->own.limits)
            continue;
        int64_t began_ns = k->answered_ns - (k->last_ns > 0 ? k->last_ns : 0);
        if (k->misses > 0 || (early && began_ns <= c->away_since_ns))
            return true;
    }
    return false;
}

/* Pages go away with what they are of. While that fails anyway or is about to, and until they are
 * asked anew after its return, it says nothing that they do not answer: not even that we are
 * blind. */
static bool tells_nothing(const struct held *h, const struct asset_check *c, const struct sample *s,
                          int64_t now_ns)
{
    if (!s->away_ns || fault_mutant("heal_away_is_blind"))
        return false;
    return h->fails || s->away_ns <= h->returned_ns ||
           (others_will_tell(h, c, now_ns) && !fault_mutant("heal_away_is_hasty"));
}

void check_take(struct reconciler *r, struct held *h, struct asset_check *c,
                const struct sample *s, struct reconcile_time t)
{
    struct check_view *v = view_of(c, s->observer);
    if (c->gone_ns || s->reason == REASON_CANCELED || !v)
        return;
    v->at_ns = t.now_ns ? t.now_ns : 1;
    bool ours = judge_ours(r, &h->asset);
    c->away = s->away_ns != 0 && s->reason == REASON_LIMIT;
    if (!c->away || !c->away_since_ns)
        c->away_since_ns = c->away ? s->away_ns : 0;
    if (s->reason == REASON_LIMIT) {
        v->limits = tells_nothing(h, c, s, t.now_ns) ? 0 : v->limits + 1;
        keep_unseen(c, s->detail);
        if (ours)
            weigh(c, t);
        return;
    }
    bool ok = s->reason == REASON_OK;
    if (!judge_looks(r, c) && !fault_mutant("heal_blind_judges"))
        return; /* what we cannot see fails, whoever is well */
    c->answered_ns = t.now_ns;
    view_count(r, c, v, s, t.now_ns);
    view_says(c, v, s);
    if (!ours)
        return; /* the one who judges says what it is */
    c->reason = s->reason;
    c->word = ok ? NULL : s->word;
    memcpy(c->detail, s->detail, sizeof(c->detail));
    c->last_ns = s->total_ns;
    c->passed |= ok;
    latency_ring_put(&c->latencies, ok ? s->total_ns : PROBE_NONE);
    weigh(c, t);
}

void check_view_take(struct reconciler *r, struct held *h, struct asset_check *c,
                     const struct sample *s, struct reconcile_time t)
{
    struct check_view *v = view_of(c, s->observer);
    if (!v || c->gone_ns)
        return;
    bool ours = judge_ours(r, &h->asset);
    if (s->type == SAMPLE_UNSEEN) {
        view_end(c, v);
    } else {
        bool fresh = s->known && !s->blind_view && (v->at_ns == 0 || v->misses != s->misses ||
                                                    v->ok != s->ok || v->limits);
        v->at_ns = t.now_ns ? t.now_ns : 1;
        v->every_ns = s->every_ns;
        v->stands = true;
        v->known = s->known;
        v->ok = s->ok;
        v->misses = s->misses;
        v->missing_since_ns = s->misses ? t.now_ns : 0;
        v->limits = s->blind_view ? RECONCILE_BLIND : 0;
        view_says(c, v, s);
        if (fresh && ours) {
            c->answered_ns = t.now_ns;
            c->passed |= v->ok;
        }
    }
    if (ours)
        weigh(c, t);
}

void check_gone(struct reconciler *r, struct held *h, struct asset_check *c,
                struct reconcile_time t)
{
    (void)r;
    (void)h;
    c->gone_ns = t.now_ns;
    c->reason = REASON_REFUSED;
    c->word = NULL;
    c->misses++;
    c->own.misses++;
    c->own.at_ns = t.now_ns;
    c->blind = false;
    c->last_ns = PROBE_NONE;
    latency_ring_put(&c->latencies, PROBE_NONE);
    snprintf(c->detail, sizeof(c->detail), "nobody listens there any more");
    set_verdict(c, false, t);
}
