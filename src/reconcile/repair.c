#include "base/fault.h"
#include "reconcile/inside.h"

/* ---- what its remedies did lately ---- */

struct remedy_use *repair_use_of(struct held *h, const char *remedy, bool make)
{
    struct asset *a = &h->asset;
    for (struct remedy_use *u = a->uses; u; u = u->next)
        if (strcmp(u->remedy, remedy) == 0)
            return u;
    if (!make)
        return NULL;
    struct remedy_use *u = mem_alloc(MEM_RECONCILE, sizeof(*u));
    u->remedy = arena_strdup(&a->arena, slice_from(remedy));
    u->next = a->uses;
    a->uses = u;
    return u;
}

/* Those of the last hour are remembered, and the newest in any case: its Cooldown may be longer. */
static void note_use(struct held *h, const char *remedy, int64_t now_ns)
{
    enum { ROOM = 8 };
    struct remedy_use *u = repair_use_of(h, remedy, true);
    uint32_t old = 0;
    while (old < u->count && now_ns - u->at_ns[old] >= 3600 * SECOND_NS)
        old++;
    u->count -= old;
    if (old)
        memmove(u->at_ns, u->at_ns + old, u->count * sizeof(*u->at_ns));
    if (u->count == u->room) {
        u->room = u->room ? 2 * u->room : ROOM;
        u->at_ns = mem_resize(MEM_RECONCILE, u->at_ns, u->room * sizeof(*u->at_ns));
    }
    u->at_ns[u->count++] = now_ns;
}

void repair_well(struct held *h)
{
    struct asset *a = &h->asset;
    a->recovering_by = NULL;
    a->rounds = 0;
    a->exhausted = false;
    a->again_ns = 0;
    a->next_remedy = NULL;
    a->failed_over = false;
    h->why_told = 0;
    h->gate_ns = 0;
}

/* ---- orders ---- */

static const char *text_of(struct held *h, const char *text)
{
    return text ? arena_strdup(&h->texts, slice_from(text)) : NULL;
}

void repair_set_next(struct held *h, const char *remedy)
{
    snprintf(h->next, sizeof(h->next), "%s", remedy ? remedy : "");
    h->asset.next_remedy = remedy ? h->next : NULL;
}

static void order(struct reconciler *r, struct held *h, const struct remedy *m,
                  enum repair_order_type type, const char *dedup_key, bool rollback)
{
    struct asset *a = &h->asset;
    char share[RECONCILE_SHARE_BYTES_MAX];
    struct repair_order o = {
        .type = type,
        .key = a->key,
        .asset = a->name,
        .namespace_ = a->namespace_,
        .group = reconciler_share_of(a, share),
        .standby = a->rules.standby,
        .remedy = m ? m->name : a->repair ? a->repair->remedy : "",
        .action = m ? (rollback && !m->notifies ? m->rollback : m->action) : "",
        .rollback = rollback,
        .approve = m && m->approve && !rollback,
        .notifies = m && m->notifies,
        .dedup_key = dedup_key,
        .trace_id = a->trace,
        .task = a->repair && type != REPAIR_ORDER_START ? a->repair->task : NULL,
        .open_max = gates_open_max(h),
    };
    r->stats.orders_total += type == REPAIR_ORDER_START;
    if (r->options.on_order)
        r->options.on_order(r->options.ctx, &o);
}

static void enter(struct repair *p, enum repair_phase phase, struct reconcile_time t)
{
    p->phase = (int)phase;
    p->phase_ns = t.now_ns;
}

static const struct remedy *remedy_of(const struct reconciler *r, const struct held *h)
{
    return remedies_find(r, h->asset.namespace_, h->asset.repair->remedy);
}

/* Of an earlier life, or of another plane: as soon as its remedy is declared. */
static bool reorder(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    enum { UNDECLARED_S = 60 };
    struct repair *p = h->asset.repair;
    const struct remedy *m = remedy_of(r, h);
    if (m) {
        h->restored_ns = 0;
        order(r, h, m, REPAIR_ORDER_START, p->dedup_key, p->phase == REPAIR_ROLLING_BACK);
        return true;
    }
    if (t.now_ns - h->restored_ns >= UNDECLARED_S * SECOND_NS)
        repair_drop(r, h, "its remedy is no longer declared", t);
    return false;
}

/* ---- beginning ---- */

static void opened(struct reconciler *r, struct held *h)
{
    list_push_back(&r->open, &h->open_link);
    r->stats.open++;
}

static void begin(struct reconciler *r, struct held *h, const struct remedy *m, struct event *e,
                  struct reconcile_time t)
{
    struct asset *a = &h->asset;
    struct repair *p = a->repair = mem_alloc(MEM_RECONCILE, sizeof(*p));
    uint64_t by_clock = t.wall_ns > 0 ? (uint64_t)t.wall_ns / 1000000 : 0;
    /* By the clock, too: an asset that is declared anew must not meet tasks of its former life. */
    a->repair_seq = a->repair_seq + 1 > by_clock ? a->repair_seq + 1 : by_clock;
    p->seq = a->repair_seq;
    p->remedy = text_of(h, m->name);
    p->dedup_key = arena_printf(&h->texts, "repair/%s/%s/%llu", a->key, m->name,
                                (unsigned long long)p->seq);
    p->started_ns = t.now_ns;
    p->failed_ns = h->fell_ns ? h->fell_ns : t.now_ns;
    p->before_failed = a->state == ASSET_FAILED;
    enter(p, REPAIR_ORDERED, t);
    opened(r, h);
    r->begun_ns[r->begun_at] = t.now_ns;
    r->begun_at = (r->begun_at + 1) % RECONCILE_BEGIN_PER_S;
    a->exhausted = false;
    note_use(h, m->name, t.now_ns);
    h->why_told = 0;
    h->gate_ns = 0;
    e->remedy = p->remedy;
    e->reason = a->reason;
    tell_event(r, h, e);
    order(r, h, m, REPAIR_ORDER_START, p->dedup_key, false);
}

/* ---- the end of one ---- */

static void tell_outcome(struct reconciler *r, struct held *h, enum repair_outcome outcome,
                         const char *words, struct reconcile_time t)
{
    struct repair *p = h->asset.repair;
    struct event e = tell_of(h, EVENT_OUTCOME, t);
    e.reason = repair_outcome_name(outcome);
    e.remedy = p->remedy;
    e.task = p->task;
    e.by = r->options.owner;
    tell_evidence(&e, words);
    tell_event(r, h, &e);
}

static void forget_repair(struct reconciler *r, struct held *h)
{
    h->restored_ns = 0;
    list_remove(&h->open_link);
    r->stats.open--;
    mem_free(MEM_RECONCILE, h->asset.repair);
    h->asset.repair = NULL;
    arena_done(&h->texts);
}

static void close_repair(struct reconciler *r, struct held *h, enum repair_outcome outcome)
{
    remedies_count(r, h, h->asset.repair->remedy, outcome);
    order(r, h, NULL, REPAIR_ORDER_OVER, h->asset.repair->dedup_key, false);
    forget_repair(r, h);
}

void repair_drop(struct reconciler *r, struct held *h, const char *why, struct reconcile_time t)
{
    struct repair *p = h->asset.repair;
    tell_outcome(r, h, REPAIR_FAILED, why, t);
    if (p->phase != REPAIR_VERIFYING)
        order(r, h, NULL, REPAIR_ORDER_CANCEL, p->dedup_key, false);
    close_repair(r, h, REPAIR_FAILED);
}

/* The next of the chain; behind the last one it is told, and all of it is tried again later. */
static void notify_one(struct reconciler *r, struct held *h, const struct remedy *m, bool resolved)
{
    struct asset *a = &h->asset;
    struct arena texts = ARENA(MEM_RECONCILE, 0);
    const char *key = arena_printf(&texts, "notify/%s/%s/%s%s", a->key, m->name, a->trace,
                                   resolved ? "/resolved" : "");
    order(r, h, m, REPAIR_ORDER_START, key, resolved);
    arena_done(&texts);
}

/* The bit of a remedy among those of its asset. */
static uint32_t bit_of(const struct cabinet *c, const struct remedy *m)
{
    uint32_t bit = 1;
    list_each (it, &c->remedies) {
        if (&list_entry(it, struct declared, link)->remedy == m)
            return bit;
        bit <<= 1;
    }
    return 0;
}

/* What was tried did not help: those who are to be told of that are, and the chain goes on behind
 * them. Returns the next remedy that does something, or NULL. */
static const struct remedy *tell_on_the_way(struct reconciler *r, struct held *h,
                                            const struct remedy *m, struct reconcile_time t)
{
    const struct cabinet *c = remedies_of(r, h->asset.key);
    for (int steps = 0; m && steps < REMEDY_CHAIN_MAX; steps++) {
        m = m->then[0] ? remedies_find(r, h->asset.namespace_, m->then) : NULL;
        if (!m || !m->notifies)
            return m;
        uint32_t bit = c ? bit_of(c, m) : 0;
        if (h->notified & bit)
            continue;
        h->notified |= bit;
        note_use(h, m->name, t.now_ns);
        notify_one(r, h, m, false);
    }
    return NULL;
}

static void escalate(struct reconciler *r, struct held *h, const struct remedy *m,
                     struct reconcile_time t)
{
    struct asset *a = &h->asset;
    const struct remedy *next = tell_on_the_way(r, h, m, t);
    if (next) {
        repair_set_next(h, next->name);
        if (a->state == ASSET_FAILED || a->state == ASSET_DEGRADED)
            judge_say(r, h, "repair_failed");
        return;
    }
    int64_t pause = m ? m->cooldown_ns : REMEDY_COOLDOWN_S * SECOND_NS;
    int64_t most = RECONCILE_AGAIN_MAX_S * SECOND_NS;
    for (uint32_t i = 0; i < a->rounds && pause < most; i++)
        pause *= 2;
    a->rounds++;
    a->again_ns = t.now_ns + (pause > most && m && most > m->cooldown_ns ? most : pause);
    a->next_remedy = NULL;
    a->exhausted = true;
    struct event e = tell_of(h, EVENT_DECISION, t);
    e.reason = "repair_exhausted";
    tell_evidence(&e, "no remedy is left: all are tried again after a pause");
    tell_event(r, h, &e);
    if (a->state == ASSET_FAILED)
        judge_say(r, h, "repair_exhausted");
    else
        judge_move(r, h, CAUSE_EXHAUSTED, "repair_exhausted", "the last remedy did not help", NULL,
                   t);
}

static void verified(struct reconciler *r, struct held *h, const struct remedy *m,
                     const char *words, struct reconcile_time t)
{
    struct asset *a = &h->asset;
    tell_outcome(r, h, REPAIR_VERIFIED, words, t);
    histogram_add(&r->stats.time_to_repair, t.now_ns - a->repair->failed_ns);
    a->next_remedy = NULL;
    a->failed_over |= m && m->fails_over;
    /* Another check may fail still: then it is not well, and that one's remedy has its turn. */
    if (judge_green(r, a))
        judge_move(r, h, CAUSE_REPAIRED, "settled", words, r->options.owner, t);
    close_repair(r, h, REPAIR_VERIFIED);
}

/* It is undone where its task did something and has ended (`done`): one that was rejected never
 * began, and one that comes to no end may be at it still. */
static void failed(struct reconciler *r, struct held *h, enum repair_outcome outcome, bool done,
                   const char *words, struct reconcile_time t)
{
    struct repair *p = h->asset.repair;
    const struct remedy *m = remedy_of(r, h);
    tell_outcome(r, h, outcome, words, t);
    if (m && m->rollback[0] && p->task && done) {
        p->dedup_key = arena_printf(&h->texts, "%s/rollback", p->dedup_key);
        p->task = NULL;
        enter(p, REPAIR_ROLLING_BACK, t);
        order(r, h, m, REPAIR_ORDER_START, p->dedup_key, true);
        return;
    }
    close_repair(r, h, outcome);
    escalate(r, h, m, t);
}

static void rolled_back(struct reconciler *r, struct held *h, bool done, const char *words,
                        struct reconcile_time t)
{
    const struct remedy *m = remedy_of(r, h);
    enum repair_outcome outcome = done ? REPAIR_ROLLED_BACK : REPAIR_FAILED;
    tell_outcome(r, h, outcome, words, t);
    close_repair(r, h, outcome);
    escalate(r, h, m, t);
}

/* ---- verification ---- */

static bool passes(const struct reconciler *r, const struct asset_check *c)
{
    return c->known && c->ok && c->misses == 0 && judge_sees(r, c) &&
           (c->passed || fault_mutant("heal_old_answer_verifies"));
}

static bool standby_serves(const struct reconciler *r, const struct held *h)
{
    const struct asset *s =
        reconciler_find_in(r, h->asset.namespace_, h->asset.rules.standby);
    return s && judge_green(r, s);
}

/* Whether what was to get well has; *ret_words says by what. */
static bool is_verified(const struct reconciler *r, const struct held *h, const struct remedy *m,
                        char *words, size_t size)
{
    const struct asset *a = &h->asset;
    uint32_t passed = 0;
    if (m && m->fails_over && !m->verify[0] && a->rules.standby[0]) {
        snprintf(words, size, "the standby %s serves", a->rules.standby);
        return standby_serves(r, h);
    }
    for (uint32_t i = 0; i < a->check_count; i++) {
        const struct asset_check *c = &a->checks[i];
        bool pass = passes(r, c);
        passed += pass;
        if (m && m->verify[0] && strcmp(c->name, m->verify) == 0) {
            snprintf(words, size, "%s passes", c->name);
            return pass;
        }
    }
    if (m && m->verify[0]) { /* a check of another asset of the namespace cannot be seen here */
        snprintf(words, size, "there is no check %s", m->verify);
        return false;
    }
    snprintf(words, size, "every check passes");
    return passed == a->check_count && passed > 0;
}

static void begin_verification(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    (void)r;
    for (uint32_t i = 0; i < h->asset.check_count; i++)
        h->asset.checks[i].passed = false;
    enter(h->asset.repair, REPAIR_VERIFYING, t);
}

static void verify(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    char words[ASSET_NAME_BYTES_MAX + 32];
    const struct remedy *m = remedy_of(r, h);
    struct repair *p = h->asset.repair;
    int64_t within = m ? m->within_ns : REMEDY_WITHIN_S * SECOND_NS;
    if (h->asset.state == ASSET_UNKNOWN)
        return; /* judge_asset begins its time anew when it is seen again */
    if (p->task_failed)
        failed(r, h, REPAIR_FAILED, true, "its task failed", t);
    else if (is_verified(r, h, m, words, sizeof(words)) || fault_mutant("heal_unverified"))
        verified(r, h, m, words, t);
    else if (t.now_ns - p->phase_ns >= within)
        failed(r, h, REPAIR_FAILED, true, "nothing that was to pass did within its time", t);
}

static void too_long(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    struct repair *p = h->asset.repair;
    order(r, h, NULL, REPAIR_ORDER_CANCEL, p->dedup_key, p->phase == REPAIR_ROLLING_BACK);
    if (p->phase == REPAIR_ROLLING_BACK)
        rolled_back(r, h, false, "the rollback's task came to no end", t);
    else
        failed(r, h, REPAIR_TIMED_OUT, false, "its task came to no end", t);
}

static void go_on(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    struct repair *p = h->asset.repair;
    if (r->options.owns && !r->options.owns(r->options.ctx, &h->asset)) {
        order(r, h, NULL, REPAIR_ORDER_LEAVE, p->dedup_key, false);
        forget_repair(r, h);
        return;
    }
    if (h->restored_ns && !reorder(r, h, t))
        return;
    if (p->phase == REPAIR_VERIFYING)
        verify(r, h, t);
    else if (p->phase != REPAIR_WAITING &&
             t.now_ns - p->phase_ns >= RECONCILE_TASK_MAX_S * SECOND_NS)
        too_long(r, h, t);
    else if (h->asset.state == ASSET_HEALTHY && p->phase <= REPAIR_WAITING)
        repair_drop(r, h, "it is well without it", t);
}

/* ---- what its task says ---- */

static void tell_task(struct reconciler *r, struct held *h, const struct sample *s,
                      struct reconcile_time t)
{
    struct repair *p = h->asset.repair;
    struct event e = tell_of(h, EVENT_TASK, t);
    p->task = text_of(h, s->task);
    e.task = p->task;
    e.remedy = p->remedy;
    tell_evidence(&e, p->phase == REPAIR_ROLLING_BACK ? "rollback" : NULL);
    tell_evidence(&e, s->task_state == TASK_AWAITING_APPROVAL ? "it waits for approval" : NULL);
    tell_event(r, h, &e);
}

static void task_ended(struct reconciler *r, struct held *h, const struct sample *s,
                       struct reconcile_time t)
{
    char words[EVENT_TEXT_BYTES_MAX];
    struct repair *p = h->asset.repair;
    bool well = s->task && s->task_state == TASK_SUCCEEDED;
    if (s->task)
        snprintf(words, sizeof(words), "task %s: %s%s%s", s->task, task_state_name(s->task_state),
                 s->task_error ? ": " : "", s->task_error ? s->task_error : "");
    else
        snprintf(words, sizeof(words), "%s", s->task_error ? s->task_error : "there is no task");
    if (p->phase == REPAIR_ROLLING_BACK) {
        rolled_back(r, h, well, words, t);
        return;
    }
    bool late =
        s->task && (s->task_state == TASK_EXPIRED || s->task_state == TASK_TIMED_OUT);
    if (well) {
        begin_verification(r, h, t);
    } else if (h->asset.state == ASSET_UNKNOWN || h->asset.state == ASSET_MAINTENANCE) {
        p->task_failed = true; /* what follows is for when it is seen again */
        enter(p, REPAIR_VERIFYING, t);
    } else {
        failed(r, h, late ? REPAIR_TIMED_OUT : REPAIR_FAILED, !s->task_unbegun, words, t);
    }
}

static void task_begins(struct reconciler *r, struct repair *p, enum task_state state,
                        struct reconcile_time t)
{
    bool waits = state == TASK_AWAITING_APPROVAL;
    if (waits && p->phase != REPAIR_WAITING)
        r->stats.skipped_total[REPAIR_NEEDS_APPROVAL]++;
    enter(p, waits ? REPAIR_WAITING : REPAIR_RUNNING, t);
}

void repair_task(struct reconciler *r, struct held *h, const struct sample *s,
                 struct reconcile_time t)
{
    struct repair *p = h->asset.repair;
    if (!p || p->phase == REPAIR_VERIFYING || !s->dedup_key ||
        strcmp(p->dedup_key, s->dedup_key) != 0)
        return;
    if (s->task && !p->task)
        tell_task(r, h, s, t);
    if (!s->task || task_state_final(s->task_state))
        task_ended(r, h, s, t);
    else if (p->phase == REPAIR_ORDERED || p->phase == REPAIR_WAITING)
        task_begins(r, p, s->task_state, t);
    work_soon(r, h);
}

int64_t repair_due(const struct reconciler *r, const struct held *h, int64_t now_ns)
{
    const struct repair *p = h->asset.repair;
    int64_t due = INT64_MAX;
    if (!p)
        return h->gate_ns > now_ns ? h->gate_ns : h->gate_ns ? now_ns + SECOND_NS : due;
    if (p->phase == REPAIR_VERIFYING) {
        const struct remedy *m = remedies_find(r, h->asset.namespace_, p->remedy);
        due = p->phase_ns + (m ? m->within_ns : REMEDY_WITHIN_S * SECOND_NS);
    } else if (p->phase != REPAIR_WAITING) {
        due = p->phase_ns + RECONCILE_TASK_MAX_S * SECOND_NS;
    }
    return due > now_ns ? due : now_ns + SECOND_NS;
}

/* ---- deciding ---- */

/* Whether another one that fits has it as its Then: it is not where a chain begins. */
static bool comes_later(const struct reconciler *r, const struct held *h, const struct cabinet *c,
                        const struct remedy *m)
{
    list_each (it, &c->remedies) {
        const struct remedy *o = &list_entry(it, struct declared, link)->remedy;
        if (o != m && strcmp(o->then, m->name) == 0 && gates_fits(r, h, o))
            return true;
    }
    return false;
}

static bool may_begin(const struct reconciler *r, const struct held *h, const struct cabinet *c,
                      const struct remedy *m)
{
    if (m->notifies)
        return false;
    if (h->asset.next_remedy)
        return strcmp(h->asset.next_remedy, m->name) == 0;
    return gates_fits(r, h, m) && !comes_later(r, h, c, m);
}

/* The remedy to begin with, or NULL; what is held back, and when to look again. */
static const struct remedy *choose(const struct reconciler *r, const struct held *h,
                                   int64_t now_ns, struct event_rejected *rejected,
                                   uint32_t *ret_rejected, int64_t *ret_again)
{
    const struct cabinet *c = remedies_of(r, h->asset.key);
    int64_t again;
    *ret_again = INT64_MAX;
    if (!c)
        return NULL;
    list_each (it, &c->remedies) {
        const struct remedy *m = &list_entry(it, struct declared, link)->remedy;
        if (!may_begin(r, h, c, m))
            continue;
        enum repair_why why = gates_why(r, h, m, now_ns, &again);
        if (why == REPAIR_WHY_COUNT)
            return m;
        if (again < *ret_again)
            *ret_again = again;
        if (*ret_rejected < EVENT_REJECTED_MAX)
            rejected[(*ret_rejected)++] = (struct event_rejected){m->name, why};
    }
    return NULL;
}

/* All of it passes again, and nobody did anything: what would have repaired it has nothing left to
 * do, and so is verified. */
static void decide_green(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    struct asset *a = &h->asset;
    const struct cabinet *c = remedies_of(r, a->key);
    bool settled = a->green_since_ns && t.now_ns - a->green_since_ns >= judge_settle_ns(r, a);
    bool ours = !r->options.owns || r->options.owns(r->options.ctx, a);
    if (a->state != ASSET_FAILED || !settled || !c || r->frozen || !ours)
        return;
    list_each (it, &c->remedies) {
        const struct remedy *m = &list_entry(it, struct declared, link)->remedy;
        if (m->notifies)
            continue;
        struct repair p = {.remedy = m->name, .failed_ns = h->fell_ns};
        a->repair = &p;
        tell_outcome(r, h, REPAIR_VERIFIED, "every check passes: it was not done", t);
        judge_move(r, h, CAUSE_REPAIRED, "settled", "every check passes for Settle",
                   r->options.owner, t);
        a->repair = NULL;
        remedies_count(r, h, m->name, REPAIR_VERIFIED);
        return;
    }
}

static void tell_held_back(struct reconciler *r, struct held *h, struct event *e, int64_t now_ns)
{
    char text[EVENT_TEXT_BYTES_MAX];
    uint32_t bits = 0;
    for (uint32_t i = 0; i < e->rejected_count; i++)
        bits |= 1u << e->rejected[i].why;
    if (bits == h->why_told)
        return;
    h->why_told = bits;
    for (uint32_t i = 0; i < e->rejected_count; i++)
        r->stats.skipped_total[e->rejected[i].why]++;
    e->reason = h->asset.reason;
    for (uint32_t i = 0; i < e->rejected_count && e->evidence_count == 0; i++) {
        const struct event_rejected *x = &e->rejected[i];
        const struct remedy *m = remedies_find(r, h->asset.namespace_, x->remedy);
        tell_evidence(e, m ? gates_words(r, h, m, x->why, now_ns, text) : NULL);
    }
    tell_event(r, h, e);
}

static void decide(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    struct event_rejected rejected[EVENT_REJECTED_MAX];
    struct event e = tell_of(h, EVENT_DECISION, t);
    int64_t again, hold = gates_hold_until(r, h);
    if (t.now_ns < hold) {
        h->gate_ns = hold;
        return;
    }
    e.rejected = rejected;
    const struct remedy *m = choose(r, h, t.now_ns, rejected, &e.rejected_count, &again);
    /* What was to come next is no longer declared: from the beginning. */
    if (!m && e.rejected_count == 0 && h->asset.next_remedy) {
        h->asset.next_remedy = NULL;
        m = choose(r, h, t.now_ns, rejected, &e.rejected_count, &again);
    }
    h->gate_ns = again == INT64_MAX ? 0 : again;
    if (m)
        begin(r, h, m, &e, t);
    else if (e.rejected_count)
        tell_held_back(r, h, &e, t.now_ns);
}

/* ---- telling others ---- */

/* Once a story, and once more when it is over. Who is told by Then waits until it is his turn. */
static void notify(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    struct asset *a = &h->asset;
    const struct cabinet *c = remedies_of(r, a->key);
    uint32_t bit = 1;
    bool well = a->state == ASSET_HEALTHY, ours = !r->options.owns;
    if (!c || (!ours && !r->options.owns(r->options.ctx, a)))
        return;
    if (strcmp(h->notified_trace, a->trace) != 0) {
        memcpy(h->notified_trace, a->trace, sizeof(a->trace));
        h->notified = 0;
    }
    list_each (it, &c->remedies) {
        const struct remedy *m = &list_entry(it, struct declared, link)->remedy;
        bool told = h->notified & bit;
        if (m->notifies && well && told) {
            h->notified &= ~bit;
            notify_one(r, h, m, true);
        } else if (m->notifies && !told && gates_fits(r, h, m) && !gates_dependency(r, h) &&
                   !a->flapping && !comes_later(r, h, c, m)) {
            h->notified |= bit;
            note_use(h, m->name, t.now_ns);
            notify_one(r, h, m, false);
        }
        bit <<= 1;
    }
}

static void repair(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    if (h->asset.repair)
        go_on(r, h, t);
    if (h->asset.repair)
        return;
    enum asset_state s = h->asset.state;
    if (s != ASSET_DEGRADED && s != ASSET_FAILED)
        h->gate_ns = 0;
    else if (judge_worst(r, &h->asset))
        decide(r, h, t);
    else
        decide_green(r, h, t);
}

void repair_step(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    repair(r, h, t);
    notify(r, h, t);
}

void reconciler_plan(const struct reconciler *r, struct reconcile_time t,
                     void (*fn)(void *ctx, const struct repair_plan *p), void *ctx)
{
    for (const struct asset *a = NULL; (a = reconciler_next(r, a));) {
        const struct held *h = held_of(a);
        struct repair_plan p = {.asset = a};
        int64_t again;
        if (a->state != ASSET_DEGRADED && a->state != ASSET_FAILED)
            continue;
        if (a->repair)
            p.remedy = remedies_find(r, a->namespace_, a->repair->remedy);
        else if (judge_worst(r, a))
            p.remedy = choose(r, h, t.now_ns, p.rejected, &p.rejected_count, &again);
        if (p.remedy && p.remedy->approve &&
            (!a->repair || a->repair->phase == REPAIR_WAITING))
            p.rejected[p.rejected_count++] =
                (struct event_rejected){p.remedy->name, REPAIR_NEEDS_APPROVAL};
        fn(ctx, &p);
    }
}
