#include <math.h>

#include "base/fault.h"
#include "reconcile/inside.h"

/* ---- moves ---- */

bool judge_ours(const struct reconciler *r, const struct asset *a)
{
    return !r->options.judges || r->options.judges(r->options.ctx, a) ||
           fault_mutant("heal_everybody_judges");
}

static bool is_well(enum asset_state s)
{
    return s == ASSET_HEALTHY;
}

static bool is_down(enum asset_state s)
{
    return s == ASSET_FAILED;
}

void judge_count(struct reconciler *r, struct held *h)
{
    bool falling = h->fell_counted;
    for (uint32_t i = 0; i < h->asset.check_count && !falling; i++)
        falling = h->asset.checks[i].misses > 0 && !h->asset.checks[i].gone_ns;
    if (falling != h->falling)
        r->falling += falling ? 1 : (uint32_t)-1;
    h->falling = falling;
}

static void count_down(struct reconciler *r, struct held *h)
{
    bool down = is_down(h->asset.state) && strcmp(h->asset.reason, "dependency") != 0;
    if (down != h->fell_counted)
        r->down += down ? 1 : (uint32_t)-1;
    h->fell_counted = down;
    judge_count(r, h);
}

void judge_say(struct reconciler *r, struct held *h, const char *reason)
{
    h->asset.reason = reason;
    if (!fault_mutant("heal_reason_uncounted"))
        count_down(r, h);
}

/* Each fall out of Healthy, and of what was Healthy just before, counts. */
static void count_fall(struct held *h, enum asset_state from, int64_t now_ns)
{
    struct asset *a = &h->asset;
    judge_flapping(h, now_ns);
    if (from != ASSET_HEALTHY)
        return;
    a->flap_penalty += 1;
    a->flapping |= a->flap_penalty >= RECONCILE_FLAP_DAMP && !fault_mutant("heal_flaps_undamped");
}

bool judge_flapping(struct held *h, int64_t now_ns)
{
    struct asset *a = &h->asset;
    if (a->flap_penalty > 0) {
        double halves = (double)(now_ns - a->flap_at_ns) / (RECONCILE_FLAP_HALF_S * 1e9);
        a->flap_penalty = halves > 60 ? 0 : a->flap_penalty * exp2(-halves);
    }
    a->flap_at_ns = now_ns;
    if (a->flap_penalty < RECONCILE_FLAP_FREE)
        a->flapping = false;
    return a->flapping;
}

static void tell_move(struct reconciler *r, struct held *h, enum asset_state from,
                      const char *evidence, const char *by, struct reconcile_time t)
{
    struct event e = tell_of(h, EVENT_STATE, t);
    e.from = from;
    e.reason = h->asset.reason;
    e.by = by;
    e.remedy = h->asset.repair ? h->asset.repair->remedy : NULL;
    e.task = h->asset.repair ? h->asset.repair->task : NULL;
    tell_evidence(&e, evidence);
    r->stats.moves_total++;
    tell_event(r, h, &e);
}

bool judge_move(struct reconciler *r, struct held *h, enum asset_cause cause, const char *reason,
                const char *evidence, const char *by, struct reconcile_time t)
{
    struct asset *a = &h->asset;
    enum asset_state from = a->state;
    const struct asset_move *m = asset_move_of(from, cause);
    if (!m && from == ASSET_FAILED && cause == CAUSE_FAILED)
        judge_say(r, h, reason); /* the same state for another reason is no move */
    if (!m)
        return false;
    a->state = m->to;
    a->reason = reason;
    a->since_wall_ns = t.wall_ns;
    h->moved = true;
    bool fell = m->to == ASSET_FAILED || m->to == ASSET_DEGRADED;
    if (fell && h->fell_ns == 0)
        h->fell_ns = t.now_ns;
    if (!fell)
        h->fell_ns = 0;
    count_down(r, h);
    if (!fault_mutant("heal_move_untold"))
        tell_move(r, h, from, evidence, by, t);
    if (is_well(m->to))
        repair_well(h);
    return true;
}

/* ---- what checks say ---- */

bool judge_looks(const struct reconciler *r, const struct asset_check *c)
{
    return !r->blind[BLIND_DESCRIPTORS] && !r->blind[BLIND_LAG] &&
           (!r->blind[BLIND_NETWORK] || c->local);
}

bool judge_sees(const struct reconciler *r, const struct asset_check *c)
{
    return c->gone_ns || (judge_looks(r, c) && !c->blind);
}

/* Only an expiring certificate, a line in a log and an expression degrade where nothing is said. */
static bool degrades(const struct asset *a, const struct asset_check *c)
{
    (void)a;
    return c->degrades || (!c->fails && c->reason == REASON_TLS_EXPIRING && !c->word);
}

const struct asset_check *judge_worst(const struct reconciler *r, const struct asset *a)
{
    const struct asset_check *worst = NULL;
    for (uint32_t i = 0; i < a->check_count; i++) {
        const struct asset_check *c = &a->checks[i];
        if (c->known && !c->ok && judge_sees(r, c) &&
            (!worst || (degrades(a, worst) && !degrades(a, c))))
            worst = c;
    }
    return worst;
}

bool judge_green(const struct reconciler *r, const struct asset *a)
{
    for (uint32_t i = 0; i < a->check_count; i++) {
        const struct asset_check *c = &a->checks[i];
        if (!c->known || !c->ok || c->misses || !judge_sees(r, c))
            return false;
    }
    return a->check_count > 0;
}

int64_t judge_settle_ns(const struct reconciler *r, const struct asset *a)
{
    return a->settle_ns ? a->settle_ns : r->options.settle_ns;
}

/* What is failing is always evidence; where nothing fails, all must be seen. `words` has room for
 * EVENT_TEXT_BYTES_MAX. */
static const char *blindness(const struct reconciler *r, const struct asset *a, char *words)
{
    static const char *const ours[BLIND_COUNT] = {
        [BLIND_NETWORK] = "our own network is gone",
        [BLIND_DESCRIPTORS] = "we have no descriptors left",
        [BLIND_LAG] = "we are too late for our own deadlines",
    };
    const struct asset_check *unseen = NULL;
    if (judge_worst(r, a))
        return NULL;
    for (uint32_t i = 0; i < a->check_count && !unseen; i++)
        unseen = judge_sees(r, &a->checks[i]) ? NULL : &a->checks[i];
    if (!unseen)
        return NULL;
    for (int i = 0; i < BLIND_COUNT; i++)
        if (r->blind[i])
            return ours[i];
    snprintf(words, EVENT_TEXT_BYTES_MAX, "%s: too few observers could look%s%s", unseen->name,
             unseen->unseen[0] ? ": " : "", unseen->unseen);
    return words;
}

/* ---- stories ---- */

static void tell_check(struct reconciler *r, struct held *h, const struct asset_check *c,
                       enum asset_state to, const char *reason, struct reconcile_time t)
{
    char words[EVENT_TEXT_BYTES_MAX], count[64];
    if (!h->asset.declared)
        return; /* of what was found by itself, moves are enough */
    struct event e = tell_of(h, EVENT_OBSERVATION, t);
    snprintf(words, sizeof(words), "%s %s: %s", c->name, asset_check_word(c), c->detail);
    e.reason = asset_check_word(c);
    e.check = c->name;
    tell_evidence(&e, words);
    tell_event(r, h, &e);
    e = tell_of(h, EVENT_VERDICT, t);
    e.to = to;
    e.reason = reason;
    e.check = c->name;
    snprintf(count, sizeof(count), "%u %s in a row", c->misses, c->misses == 1 ? "miss" : "misses");
    tell_evidence(&e, count);
    tell_evidence(&e, words);
    tell_event(r, h, &e);
}

static void fall(struct reconciler *r, struct held *h, const struct asset_check *c,
                 struct reconcile_time t)
{
    struct asset *a = &h->asset;
    enum asset_cause cause = degrades(a, c) ? CAUSE_DEGRADED : CAUSE_FAILED;
    const struct asset_move *m = asset_move_of(a->state, cause);
    const char *reason = asset_check_word(c);
    const struct held *d = gates_dependency(r, h);
    if (!m && !(a->state == ASSET_FAILED && cause == CAUSE_FAILED && h->asset.repair == NULL))
        return;
    if (m) {
        count_fall(h, a->state, t.now_ns);
        if (a->repair == NULL && (a->state == ASSET_HEALTHY || a->state == ASSET_PENDING))
            tell_begin(r, h);
    }
    if (d)
        reason = "dependency";
    else if (judge_flapping(h, t.now_ns))
        reason = "flapping";
    if (!m) {
        bool ours = strcmp(a->reason, "dependency") == 0 || d;
        if (ours)
            judge_say(r, h, reason);
        return;
    }
    char words[EVENT_TEXT_BYTES_MAX];
    snprintf(words, sizeof(words), "%s", c->detail);
    if (d)
        snprintf(words, sizeof(words), "%s is down", d->asset.name);
    tell_check(r, h, c, m->to, reason, t);
    judge_move(r, h, cause, reason, words, NULL, t);
}

/* ---- the verdict ---- */

static void rise(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    struct asset *a = &h->asset;
    bool settled = a->green_since_ns && t.now_ns - a->green_since_ns >= judge_settle_ns(r, a);
    if (fault_mutant("heal_unsettled_healthy"))
        settled = a->green_since_ns != 0;
    if (a->recovering_by && a->green_since_ns) {
        bool passed = true;
        for (uint32_t i = 0; i < a->check_count; i++)
            passed &= a->checks[i].passed;
        if (passed && judge_move(r, h, CAUSE_RECOVERED, "recovered_by_hand", NULL,
                                 a->recovering_by, t))
            return;
    }
    if (!settled || judge_move(r, h, CAUSE_SETTLED, "settled", NULL, NULL, t))
        return;
    if (!remedies_repair(r, h) || fault_mutant("heal_failed_settles"))
        judge_move(r, h, CAUSE_UNREPAIRED, "settled", NULL, NULL, t);
}

/* It can be seen again: what was known is too old to judge by. */
static void see(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    for (uint32_t i = 0; i < h->asset.check_count; i++)
        if (!h->asset.checks[i].gone_ns && h->asset.checks[i].answered_ns <= h->blind_ns)
            check_forget_views(&h->asset.checks[i]);
    if (h->asset.repair)
        h->asset.repair->phase_ns = t.now_ns;
    judge_move(r, h, CAUSE_SEES, "registered", "the observer sees again", NULL, t);
}

/* What fails by an answer, and not only by the last one from before its pages went away. */
static void watch_return(const struct reconciler *r, struct held *h, struct reconcile_time t)
{
    bool fails = false;
    for (uint32_t i = 0; i < h->asset.check_count; i++) {
        const struct asset_check *c = &h->asset.checks[i];
        fails |= c->known && !c->ok && judge_sees(r, c) && !c->away;
    }
    if (h->fails && !fails)
        h->returned_ns = t.now_ns;
    h->fails = fails;
}

void judge_asset(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    struct asset *a = &h->asset;
    judge_count(r, h);
    watch_return(r, h, t);
    if (a->state == ASSET_MAINTENANCE) {
        if (t.now_ns < a->maintain_until_ns)
            return;
        judge_move(r, h, CAUSE_MAINTAINED, "registered", "maintenance has ended", NULL, t);
    }
    char words[EVENT_TEXT_BYTES_MAX];
    const char *blind = blindness(r, a, words);
    if (blind) {
        a->green_since_ns = 0;
        if (judge_move(r, h, CAUSE_BLIND, "observer_blind", blind, NULL, t))
            h->blind_ns = t.now_ns;
        return;
    }
    if (a->state == ASSET_UNKNOWN)
        see(r, h, t);
    if (!judge_green(r, a))
        a->green_since_ns = 0;
    else if (a->green_since_ns == 0)
        a->green_since_ns = t.now_ns;
    const struct asset_check *failed = judge_worst(r, a);
    if (failed)
        fall(r, h, failed, t);
    else if (a->green_since_ns)
        rise(r, h, t);
}

int64_t judge_due(const struct reconciler *r, const struct held *h, int64_t now_ns)
{
    const struct asset *a = &h->asset;
    int64_t due = INT64_MAX;
    /* Its end is told by who has it: until that is heard of it is due here, and nothing moves. */
    if (a->state == ASSET_MAINTENANCE)
        return a->maintain_until_ns > now_ns || fault_mutant("heal_end_stays_due")
                   ? a->maintain_until_ns
                   : INT64_MAX;
    if (a->green_since_ns && a->state != ASSET_HEALTHY)
        due = a->green_since_ns + judge_settle_ns(r, a);
    for (uint32_t i = 0; i < a->check_count; i++)
        if (a->checks[i].gone_ns && a->checks[i].gone_ns + r->options.gone_ns < due)
            due = a->checks[i].gone_ns + r->options.gone_ns;
    for (uint32_t i = 0; i < a->check_count; i++)
        if (check_due(&a->checks[i]) < due)
            due = check_due(&a->checks[i]);
    /* One that has settled and yet may not rise waits for something else. */
    return due <= now_ns ? INT64_MAX : due;
}
