#include "base/duration.h"
#include "base/fault.h"
#include "base/log.h"
#include "reconcile/inside.h"

/* ---- for which trouble ---- */

static bool check_fits(const struct reconciler *r, const struct asset *a, const struct remedy *m)
{
    for (uint32_t i = 0; i < a->check_count; i++) {
        const struct asset_check *c = &a->checks[i];
        /* Not what an earlier life saw; of another plane's asset its word is all there is. */
        bool fresh = c->answered_ns || c->gone_ns || !judge_ours(r, a);
        bool failed = c->known && !c->ok && judge_sees(r, c) && fresh;
        bool named = !m->when_check[0] || strcmp(m->when_check, c->name) == 0;
        bool reason = !m->when_reason[0] || strcmp(m->when_reason, asset_check_word(c)) == 0 ||
                      strcmp(m->when_reason, a->reason) == 0;
        if (failed && named && reason)
            return true;
    }
    return false;
}

bool gates_fits(const struct reconciler *r, const struct held *h, const struct remedy *m)
{
    const struct asset *a = &h->asset;
    if (a->state != ASSET_DEGRADED && a->state != ASSET_FAILED)
        return false;
    if (!m->when_any && m->when_state != a->state)
        return false;
    if (m->fails_over && a->failed_over)
        return false;
    return check_fits(r, a, m);
}

/* ---- dependencies ---- */

static struct held *other_of(const struct reconciler *r, const struct held *h, const char *name)
{
    if (strchr(name, '/'))
        return held_find(r, name);
    struct asset *a = reconciler_find_in(r, h->asset.namespace_, name);
    return a ? held_of(a) : NULL;
}

/* Down, or about to be: the first miss of a database is often seen behind the second one of what
 * asks it. One that passes again is no reason to wait, whoever has yet to say that it is well. */
static bool is_down(const struct reconciler *r, const struct held *d)
{
    bool misses = false;
    for (uint32_t i = 0; i < d->asset.check_count; i++)
        misses |= d->asset.checks[i].misses > 0;
    return misses || (d->asset.state == ASSET_FAILED && judge_worst(r, &d->asset));
}

const struct held *gates_dependency(const struct reconciler *r, const struct held *h)
{
    for (uint32_t i = 0; i < h->asset.rules.depends_count; i++) {
        const struct held *d = other_of(r, h, h->asset.rules.depends_on[i]);
        if (d && d != h && is_down(r, d) &&
            !fault_mutant("heal_dependency_ignored"))
            return d;
    }
    return NULL;
}

/* ---- many at once ---- */

static bool too_many(uint32_t failed, uint32_t of, uint32_t min)
{
    return failed >= min && failed * 100ull > of * (uint64_t)RECONCILE_BRAKE_PERCENT;
}

static bool fails_now(const struct held *h, int64_t now_ns)
{
    bool of_another = strcmp(h->asset.reason, "dependency") == 0;
    return h->falling && !of_another &&
           (h->fell_ns == 0 || now_ns - h->fell_ns < RECONCILE_BRAKE_S * SECOND_NS);
}

struct brake {
    uint32_t failing, count;
    enum { BRAKE_GROUP, BRAKE_ALL, BRAKE_OURS } of;
};

static bool is_braked(const struct reconciler *r, const struct held *h, int64_t now_ns,
                      struct brake *ret)
{
    if (fault_mutant("heal_no_brake"))
        return false;
    if (h->group && too_many(h->group->count, h->group->count, RECONCILE_BRAKE_MIN)) {
        *ret = (struct brake){.count = h->group->count, .of = BRAKE_GROUP};
        list_each (it, &h->group->members)
            ret->failing += fails_now(list_entry(it, struct held, group_link), now_ns);
        if (too_many(ret->failing, ret->count, RECONCILE_BRAKE_MIN))
            return true;
    }
    if (r->falling < RECONCILE_BRAKE_ALL_MIN)
        return false;
    /* Of all, and of those that we look at ourselves: what others see is heard of later. */
    struct brake all = {.count = r->count, .of = BRAKE_ALL}, ours = {.of = BRAKE_OURS};
    for (const struct asset *a = NULL; (a = reconciler_next(r, a));) {
        bool fails = fails_now(held_of(a), now_ns), our = judge_ours(r, a);
        all.failing += fails;
        ours.count += our;
        ours.failing += fails && our;
    }
    *ret = too_many(all.failing, all.count, RECONCILE_BRAKE_ALL_MIN) ? all : ours;
    return too_many(ret->failing, ret->count, RECONCILE_BRAKE_ALL_MIN);
}

bool gates_braked(const struct reconciler *r, const struct held *h, int64_t now_ns)
{
    struct brake b;
    return is_braked(r, h, now_ns, &b);
}

/* Of what it depends on, another plane says how it is: that is heard of a little later. */
static bool depends_elsewhere(const struct reconciler *r, const struct held *h)
{
    for (uint32_t i = 0; i < h->asset.rules.depends_count; i++) {
        const struct held *d = other_of(r, h, h->asset.rules.depends_on[i]);
        if (d && d != h && !judge_ours(r, &d->asset))
            return true;
    }
    return false;
}

/* Events of one cause are told one behind the other: the first of them must not be repaired before
 * it is seen that they are many, or that it is only the first to miss what it depends on. */
int64_t gates_hold_until(const struct reconciler *r, const struct held *h)
{
    const struct asset_check *c = judge_worst(r, &h->asset);
    bool alone = !h->group || h->group->count < RECONCILE_BRAKE_MIN;
    if (!c || (alone && !h->asset.rules.depends_count) || fault_mutant("heal_no_hold"))
        return 0;
    int64_t ms = depends_elsewhere(r, h) ? RECONCILE_HOLD_OTHER_MS : RECONCILE_HOLD_MS;
    return c->own.missing_since_ns + ms * (SECOND_NS / 1000);
}

uint32_t gates_open_max(const struct held *h)
{
    const struct asset_rules *rules = &h->asset.rules;
    uint32_t most = rules->blast_max;
    if (!h->group)
        return 0;
    if (rules->blast_percent) {
        uint32_t part = (uint32_t)((uint64_t)h->group->count * rules->blast_percent / 100);
        part = part ? part : 1;
        most = most && most < part ? most : part;
    }
    return most;
}

/* The next one of its group, behind `from`, that is under repair; NULL: there is none. */
static const struct held *next_open(const struct reconciler *r, const struct held *h,
                                    const struct held *from)
{
    const struct list *it = from ? from->open_link.next : r->open.next;
    for (; it != &r->open; it = it->next) {
        const struct held *o = list_entry(it, struct held, open_link);
        if (o != h && o->group == h->group)
            return o;
    }
    return NULL;
}

static uint32_t count_open(const struct reconciler *r, const struct held *h)
{
    uint32_t n = 0;
    for (const struct held *o = NULL; (o = next_open(r, h, o));)
        n++;
    return n;
}

static bool blasts(const struct reconciler *r, const struct held *h)
{
    uint32_t most = gates_open_max(h);
    return most && !fault_mutant("heal_blast_ignored") && count_open(r, h) >= most;
}

static bool is_busy(const struct reconciler *r, int64_t now_ns, int64_t *ret_again)
{
    int64_t oldest = r->begun_ns[r->begun_at];
    if (oldest && now_ns - oldest < SECOND_NS) {
        *ret_again = oldest + SECOND_NS;
        return true;
    }
    return r->stats.open >= RECONCILE_AT_ONCE_MAX;
}

/* ---- what a remedy did lately ---- */

#define HOUR_NS (3600 * SECOND_NS)

static enum repair_why lately(const struct held *h, const struct remedy *m, int64_t now_ns,
                              int64_t *ret_again)
{
    const struct remedy_use *u = repair_use_of((struct held *)(uintptr_t)h, m->name, false);
    if (!u || u->count == 0)
        return REPAIR_WHY_COUNT;
    int64_t last = u->at_ns[u->count - 1];
    if (now_ns - last < m->cooldown_ns && !fault_mutant("heal_cooldown_ignored")) {
        *ret_again = last + m->cooldown_ns;
        return REPAIR_COOLDOWN;
    }
    if (u->count >= m->max_per_hour && now_ns - u->at_ns[u->count - m->max_per_hour] < HOUR_NS) {
        *ret_again = u->at_ns[u->count - m->max_per_hour] + HOUR_NS;
        return REPAIR_RATE;
    }
    return REPAIR_WHY_COUNT;
}

static bool nobody_takes_over(const struct reconciler *r, const struct held *h,
                              const struct remedy *m)
{
    if (!m->fails_over || !h->asset.rules.standby[0])
        return false;
    const struct held *s = other_of(r, h, h->asset.rules.standby);
    return s && s->asset.state == ASSET_FAILED;
}

static bool asked(const struct reconciler *r, const struct held *h, const struct remedy *m)
{
    const char *why = "";
    if (nobody_takes_over(r, h, m))
        return false;
    if (!m->precondition[0])
        return true;
    return r->options.precondition &&
           r->options.precondition(r->options.ctx, &h->asset, m, &why);
}

static uint32_t used_within_hour(const struct remedy_use *u, int64_t now_ns)
{
    uint32_t n = 0;
    while (n < u->count && now_ns - u->at_ns[u->count - 1 - n] < HOUR_NS)
        n++;
    return n;
}

/* "restart ran 10 times within the last hour, of 10: it may again at 2026-01-02T03:04:05.678Z" */
static const char *say_rate(const struct held *h, const struct remedy *m, struct reconcile_time t,
                            struct gates_text *ret)
{
    char at[LOG_TIME_BYTES];
    int64_t again;
    const struct remedy_use *u = repair_use_of((struct held *)(uintptr_t)h, m->name, false);
    if (!u || lately(h, m, t.now_ns, &again) != REPAIR_RATE)
        return NULL;
    log_format_time(t.wall_ns + (again - t.now_ns), at);
    uint32_t n = used_within_hour(u, t.now_ns);
    snprintf(ret->text, sizeof(ret->text),
             "%s ran %u time%s within the last hour, of %u: it may again at %.*s", m->name, n,
             n == 1 ? "" : "s", m->max_per_hour, LOG_TIME_BYTES, at);
    return ret->text;
}

/* "fix-web may run again in 55s": when this alone no longer holds it back. */
static const char *put_again(const struct reconciler *r, const struct held *h,
                             const struct remedy *m, int64_t now_ns, struct gates_text *ret)
{
    char span[DURATION_TEXT_MAX];
    int64_t again;
    gates_why(r, h, m, now_ns, &again);
    int64_t whole = (again - now_ns + SECOND_NS - 1) / SECOND_NS * SECOND_NS;
    snprintf(ret->text, sizeof(ret->text), "%s may run again in %s", m->name,
             duration_format(whole, span));
    return ret->text;
}

/* "6 of the 10 assets of its group 'web' began to fail within 300 s" */
static const char *say_brake(const struct reconciler *r, const struct held *h, int64_t now_ns,
                             struct gates_text *ret)
{
    char whose[64 + ASSET_NAME_BYTES_MAX] = "";
    struct brake b;
    if (!is_braked(r, h, now_ns, &b))
        return NULL;
    if (b.of == BRAKE_GROUP)
        snprintf(whose, sizeof(whose), " of its group '%s'", h->asset.rules.group);
    else if (b.of == BRAKE_OURS)
        snprintf(whose, sizeof(whose), " that this control plane judges");
    snprintf(ret->text, sizeof(ret->text), "%u of %s %u assets%s began to fail within %d s",
             b.failing, b.of == BRAKE_ALL ? "all" : "the", b.count, whose, RECONCILE_BRAKE_S);
    return ret->text;
}

/* "1 of its group 'web' may be under repair, and 1 is: web-2" */
static const char *say_blast(const struct reconciler *r, const struct held *h,
                             struct gates_text *ret)
{
    enum { NAMES_MAX = 3, NUMBER_BYTES = 32 /* of " and 7 more" */ };
    uint32_t open = count_open(r, h), named = 0;
    struct buf text = BUF(MEM_RECONCILE, sizeof(ret->text) - NUMBER_BYTES);
    buf_printf(&text, "%u of its group '%s' may be under repair, and %u %s", gates_open_max(h),
               h->asset.rules.group, open, open == 1 ? "is" : "are");
    for (const struct held *o = NULL; named < NAMES_MAX && (o = next_open(r, h, o)); named++)
        if (buf_printf(&text, "%s%s", named ? ", " : ": ", o->asset.name) < 0)
            break;
    snprintf(ret->text, sizeof(ret->text), "%.*s", SLICE_ARG(buf_slice(&text)));
    if (named && named < open)
        snprintf(ret->text + text.size, NUMBER_BYTES, " and %u more", open - named);
    buf_done(&text);
    return ret->text;
}

const char *gates_words(const struct reconciler *r, const struct held *h, const struct remedy *m,
                        enum repair_why why, struct reconcile_time t, struct gates_text *ret)
{
    const struct held *d = why == REPAIR_DEPENDENCY ? gates_dependency(r, h) : NULL;
    int64_t again;
    if (d) {
        bool near = strcmp(d->asset.namespace_, h->asset.namespace_) == 0;
        snprintf(ret->text, sizeof(ret->text), "%s %s", near ? d->asset.name : d->asset.key,
                 d->asset.state == ASSET_FAILED ? "is down" : "misses a check");
        return ret->text;
    }
    if (why == REPAIR_FROZEN)
        return r->frozen_by;
    if (why == REPAIR_PRECONDITION)
        return nobody_takes_over(r, h, m) ? "the standby has failed, too" : NULL;
    if (why == REPAIR_COOLDOWN)
        return put_again(r, h, m, t.now_ns, ret);
    if (why == REPAIR_BRAKE)
        return say_brake(r, h, t.now_ns, ret);
    if (why == REPAIR_BLAST_RADIUS)
        return say_blast(r, h, ret);
    if (why != REPAIR_RATE)
        return NULL;
    if (h->asset.flapping)
        return "it flaps";
    const char *own = say_rate(h, m, t, ret);
    if (own)
        return own;
    if (is_busy(r, t.now_ns, &again))
        return "very many repairs began, or are under way";
    return put_again(r, h, m, t.now_ns, ret);
}

enum repair_why gates_why(const struct reconciler *r, const struct held *h, const struct remedy *m,
                          int64_t now_ns, int64_t *ret_again)
{
    *ret_again = now_ns + SECOND_NS;
    if (r->options.owns && !r->options.owns(r->options.ctx, &h->asset)) {
        *ret_again = now_ns + RECONCILE_RESYNC_S * SECOND_NS;
        return REPAIR_NOT_OWNER;
    }
    if ((r->frozen && !fault_mutant("heal_frozen_repairs")) || !r->options.on_order) {
        *ret_again = now_ns + RECONCILE_RESYNC_S * SECOND_NS;
        return REPAIR_FROZEN;
    }
    if (gates_dependency(r, h))
        return REPAIR_DEPENDENCY;
    if (h->asset.flapping)
        return REPAIR_RATE;
    if (gates_braked(r, h, now_ns))
        return REPAIR_BRAKE;
    if (now_ns < h->asset.again_ns) {
        *ret_again = h->asset.again_ns;
        return REPAIR_COOLDOWN;
    }
    enum repair_why why = lately(h, m, now_ns, ret_again);
    if (why != REPAIR_WHY_COUNT)
        return why;
    if (is_busy(r, now_ns, ret_again))
        return REPAIR_RATE;
    if (blasts(r, h))
        return REPAIR_BLAST_RADIUS;
    return asked(r, h, m) ? REPAIR_WHY_COUNT : REPAIR_PRECONDITION;
}
