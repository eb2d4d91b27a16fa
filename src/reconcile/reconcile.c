#include "reconcile/reconcile.h"

#include <errno.h>

#include "base/duration.h"
#include "reconcile/inside.h"

static bool before(const struct heap_link *a, const struct heap_link *b)
{
    return CONTAINER_OF(a, struct held, due)->due_ns < CONTAINER_OF(b, struct held, due)->due_ns;
}

struct reconciler *reconciler_new(const struct reconcile_options *options)
{
    struct reconciler *r = mem_alloc(MEM_RECONCILE, sizeof(*r));
    struct map empty = MAP(MEM_RECONCILE, 0, options->seed);
    r->options = *options;
    if (r->options.fail == 0)
        r->options.fail = RECONCILE_FAIL;
    if (r->options.settle_ns == 0)
        r->options.settle_ns = RECONCILE_SETTLE_S * SECOND_NS;
    if (r->options.gone_ns == 0)
        r->options.gone_ns = RECONCILE_GONE_S * SECOND_NS;
    r->by_name = r->groups = r->cabinets = r->remedies = r->counts = empty;
    r->work.before = before;
    list_init(&r->assets);
    list_init(&r->open);
    return r;
}

/* ---- groups, and what is declared of an asset ---- */

static void leave_group(struct reconciler *r, struct held *h)
{
    struct group *g = h->group;
    if (!g)
        return;
    list_remove(&h->group_link);
    h->group = NULL;
    if (--g->count > 0)
        return;
    map_remove(&r->groups, (struct slice){g->key, g->key_size});
    mem_free(MEM_RECONCILE, g);
}

static void join_group(struct reconciler *r, struct held *h, const char *name)
{
    char key[2 * ASSET_KEY_BYTES_MAX];
    int n = snprintf(key, sizeof(key), "%s/%s", h->asset.namespace_, name);
    size_t size = n < (int)sizeof(key) ? (size_t)n : sizeof(key) - 1;
    struct group *g = map_get(&r->groups, (struct slice){key, size});
    if (!g) {
        g = mem_alloc(MEM_RECONCILE, sizeof(*g) + size + 1);
        list_init(&g->members);
        g->key_size = size;
        memcpy(g->key, key, size);
        map_put(&r->groups, (struct slice){g->key, size}, g, NULL);
    }
    list_push_back(&g->members, &h->group_link);
    g->count++;
    h->group = g;
}

static const char *kept(struct held *h, const char *old, const char *text)
{
    if (!text)
        text = "";
    return old && strcmp(old, text) == 0 ? old : arena_strdup(&h->asset.arena, slice_from(text));
}

static void set_rules_of(struct reconciler *r, struct held *h, const struct asset_rules *rules)
{
    static const struct asset_rules none = {0};
    struct asset_rules *to = &h->asset.rules;
    if (!rules)
        rules = &none;
    to->standby = kept(h, to->standby, rules->standby);
    to->blast_max = rules->blast_max;
    to->blast_percent = rules->blast_percent;
    to->depends_count = 0;
    for (uint32_t i = 0; i < rules->depends_count && i < ASSET_DEPENDS_MAX; i++)
        to->depends_on[to->depends_count++] = kept(h, to->depends_on[i], rules->depends_on[i]);
    const char *group = kept(h, to->group, rules->group);
    if (to->group && strcmp(group, to->group) == 0)
        return;
    leave_group(r, h);
    to->group = group;
    if (group[0])
        join_group(r, h, group);
}

const char *reconciler_share_of(const struct asset *a, char *buf)
{
    bool grouped = a->rules.group && a->rules.group[0];
    snprintf(buf, RECONCILE_SHARE_BYTES_MAX, "%s/%s/%s", a->namespace_,
             grouped ? "group" : "asset", grouped ? a->rules.group : a->name);
    return buf;
}

/* ---- assets ---- */

static void uses_free(struct asset *a)
{
    while (a->uses) {
        struct remedy_use *u = a->uses;
        a->uses = u->next;
        mem_free(MEM_RECONCILE, u->at_ns);
        mem_free(MEM_RECONCILE, u);
    }
}

static void held_free(struct reconciler *r, struct held *h)
{
    struct asset *a = &h->asset;
    list_remove(&a->link);
    list_remove(&h->open_link);
    leave_group(r, h);
    heap_remove(&r->work, &h->due);
    map_remove(&r->by_name, slice_from(a->key));
    r->down -= h->fell_counted;
    r->falling -= h->falling;
    for (uint32_t i = 0; i < a->check_count; i++)
        check_done(&a->checks[i]);
    mem_free(MEM_RECONCILE, a->checks);
    mem_free(MEM_RECONCILE, a->repair);
    arena_done(&h->texts);
    uses_free(a);
    arena_done(&a->arena);
    mem_free(MEM_RECONCILE, h);
    r->count--;
}

void reconciler_free(struct reconciler *r)
{
    if (!r)
        return;
    for (struct asset *a; (a = reconciler_next(r, NULL));)
        held_free(r, held_of(a));
    remedies_done(r);
    map_done(&r->by_name);
    map_done(&r->groups);
    heap_done(&r->work);
    mem_free(MEM_RECONCILE, r);
}

static void plan_due(struct reconciler *r, struct held *h, int64_t due_ns)
{
    if (h->due.place && h->due_ns == due_ns)
        return;
    heap_remove(&r->work, &h->due);
    h->due_ns = due_ns;
    heap_push(&r->work, &h->due);
}

void work_soon(struct reconciler *r, struct held *h)
{
    plan_due(r, h, 0);
}

struct held *held_add(struct reconciler *r, const char *namespace_, const char *name,
                      struct reconcile_time t, bool tells)
{
    if (r->count == RECONCILE_ASSETS_MAX)
        return NULL;
    struct held *h = mem_alloc(MEM_RECONCILE, sizeof(*h));
    struct asset *a = &h->asset;
    a->arena = h->texts = ARENA_SMALL(MEM_RECONCILE);
    a->name = arena_strdup(&a->arena, slice_from(name));
    a->namespace_ =
        namespace_ && namespace_[0] ? arena_strdup(&a->arena, slice_from(namespace_)) : "default";
    a->process = a->kind = "";
    a->owner = r->options.owner;
    a->reason = "registered";
    a->rules.group = a->rules.standby = "";
    a->since_wall_ns = t.wall_ns;
    a->key = arena_printf(&a->arena, "%s/%s", a->namespace_, a->name);
    map_put(&r->by_name, slice_from(a->key), h, NULL);
    list_push_back(&r->assets, &a->link);
    r->count++;
    plan_due(r, h, t.now_ns + RECONCILE_RESYNC_S * SECOND_NS);
    a->state = asset_move_of(ASSET_STATE_COUNT, CAUSE_REGISTERED)->to;
    if (!tells)
        return h;
    struct event e = tell_of(h, EVENT_STATE, t);
    e.created = true;
    e.reason = a->reason;
    tell_event(r, h, &e);
    return h;
}

static void remove_asset(struct reconciler *r, struct held *h, const char *why,
                         struct reconcile_time t)
{
    if (h->asset.repair)
        repair_drop(r, h, "the asset is no longer there", t);
    struct event e = tell_of(h, EVENT_STATE, t);
    e.removed = true;
    tell_evidence(&e, why);
    e.reason = h->asset.reason;
    tell_event(r, h, &e);
    held_free(r, h);
}

/* ---- looking at one ---- */

/* An asset that lives on with fewer listeners is not held against those that went for ever. The
 * last ones leave with the asset. */
static void remove_gone_checks(struct reconciler *r, struct asset *a, struct reconcile_time t)
{
    uint32_t kept_count = 0;
    for (uint32_t i = 0; i < a->check_count && !a->gone_ns; i++) {
        struct asset_check *c = &a->checks[i];
        if (c->gone_ns && t.now_ns - c->gone_ns >= r->options.gone_ns) {
            check_done(c);
            continue;
        }
        if (kept_count != i)
            a->checks[kept_count] = *c;
        kept_count++;
    }
    if (!a->gone_ns)
        a->check_count = kept_count;
}

static void look(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    struct asset *a = &h->asset;
    remove_gone_checks(r, a, t);
    for (uint32_t i = 0; i < a->check_count; i++)
        check_age(r, h, &a->checks[i], t);
    if (judge_ours(r, a))
        judge_asset(r, h, t);
    repair_step(r, h, t);
    if (a->gone_ns && t.now_ns - a->gone_ns >= r->options.gone_ns) {
        remove_asset(r, h, "nothing of it has been found for long", t);
        return;
    }
    int64_t due = t.now_ns + RECONCILE_RESYNC_S * SECOND_NS, other = judge_due(r, h, t.now_ns);
    due = other < due ? other : due;
    other = repair_due(r, h, t.now_ns);
    plan_due(r, h, other < due ? other : due);
}

void reconciler_tick(struct reconciler *r, struct reconcile_time t)
{
    struct heap_link *first;
    /* Each once: what it says of itself is due later, and of others at the next tick. */
    uint32_t most = r->count;
    while (most-- > 0 && (first = heap_first(&r->work))) {
        struct held *h = CONTAINER_OF(first, struct held, due);
        if (h->due_ns > t.now_ns)
            break;
        look(r, h, t);
    }
}

int64_t reconciler_due_ns(const struct reconciler *r)
{
    const struct heap_link *first = heap_first(&r->work);
    return first ? CONTAINER_OF(first, const struct held, due)->due_ns : INT64_MAX;
}

void reconciler_resync(struct reconciler *r, struct reconcile_time t)
{
    (void)t;
    for (struct asset *a = NULL; (a = reconciler_next(r, a));)
        work_soon(r, held_of(a));
}

/* ---- samples of checks ---- */

static struct asset_check *find_check(struct held *h, const char *name)
{
    for (uint32_t i = 0; h && i < h->asset.check_count; i++)
        if (strcmp(h->asset.checks[i].name, name) == 0)
            return &h->asset.checks[i];
    return NULL;
}

/* What a declared check says of itself; it may come again with other words. */
static void set_rules(struct asset_check *c, const struct sample *s)
{
    c->fail = s->fail;
    c->pass = s->pass;
    c->for_ns = s->for_ns;
    c->every_ns = s->every_ns;
    c->observers = s->observers;
    c->agree = s->agree;
    c->local = s->local;
    bool mild = s->kind && (strcmp(s->kind, "expr") == 0 || strcmp(s->kind, "log_line") == 0);
    c->degrades = s->severity == SAMPLE_DEGRADED || (mild && s->severity != SAMPLE_FAILED);
    c->fails = s->severity == SAMPLE_FAILED;
}

struct asset_check *add_check(struct held *h, const char *name)
{
    struct asset *a = &h->asset;
    uint32_t n = a->check_count;
    /* Room for 1, 2, 4, …: most have one. */
    if ((n & (n - 1)) == 0)
        a->checks = mem_resize(MEM_RECONCILE, a->checks, (n ? 2 * n : 1) * sizeof(*a->checks));
    a->checks[n] = (struct asset_check){
        .name = arena_strdup(&a->arena, slice_from(name)),
        .target = "",
        .last_ns = PROBE_NONE,
        .own = {.observer = ""},
    };
    a->check_count++;
    return &a->checks[n];
}

static int take_found(struct reconciler *r, struct held *h, const struct sample *s,
                      struct reconcile_time t)
{
    if (!h)
        h = held_add(r, s->namespace_, s->asset, t, true);
    if (!h)
        return -ENOSPC;
    struct asset *a = &h->asset;
    struct asset_check *c = find_check(h, s->check);
    if (!c && a->check_count == ASSET_CHECKS_MAX)
        return -ENOSPC;
    a->gone_ns = 0;
    a->kind = s->kind ? s->kind : "";
    a->process = kept(h, a->process, s->process);
    if (!c) {
        c = add_check(h, s->check);
        c->since_wall_ns = t.wall_ns;
    }
    c->gone_ns = 0;
    set_rules(c, s);
    c->target = kept(h, c->target, s->target);
    return 0;
}

static void take_gone(struct reconciler *r, struct held *h, struct asset_check *c,
                      struct reconcile_time t)
{
    bool any = false;
    check_gone(r, h, c, t);
    for (uint32_t i = 0; i < h->asset.check_count; i++)
        any |= h->asset.checks[i].gone_ns == 0;
    if (!any)
        h->asset.gone_ns = t.now_ns;
    look(r, h, t);
}

/* Most answers change nothing: of an asset that is well, one more that is. */
static bool changes_nothing(const struct held *h, const struct asset_check *c,
                            const struct sample *s)
{
    const struct asset *a = &h->asset;
    return s->reason == REASON_OK && a->state == ASSET_HEALTHY && !a->repair && !h->falling &&
           c->known && c->ok && c->misses == 0 && !c->blind && c->own.limits == 0 &&
           a->green_since_ns;
}

static void take_view(struct reconciler *r, struct held *h, struct asset_check *c,
                      const struct sample *s, struct reconcile_time t)
{
    check_view_take(r, h, c, s, t);
    look(r, h, t);
}

static void take_result(struct reconciler *r, struct held *h, struct asset_check *c,
                        const struct sample *s, struct reconcile_time t)
{
    bool quiet = changes_nothing(h, c, s);
    check_take(r, h, c, s, t);
    if (!quiet)
        look(r, h, t);
}

static void forget_check(struct reconciler *r, struct held *h, struct asset_check *c,
                         struct reconcile_time t)
{
    struct asset *a = &h->asset;
    size_t behind = (size_t)(&a->checks[a->check_count] - (c + 1));
    check_done(c);
    memmove(c, c + 1, behind * sizeof(*c));
    a->check_count--;
    if (a->check_count == 0 && !a->declared)
        remove_asset(r, h, "it is no longer declared", t);
    else
        look(r, h, t);
}

/* ---- samples of assets ---- */

static int take_asset(struct reconciler *r, struct held *h, const struct sample *s,
                      struct reconcile_time t)
{
    if (!h)
        h = held_add(r, s->namespace_, s->asset, t, true);
    if (!h)
        return -ENOSPC;
    struct asset *a = &h->asset;
    a->declared = true;
    a->settle_ns = s->settle_ns;
    a->labels = s->labels ? kept(h, a->labels, s->labels) : NULL;
    set_rules_of(r, h, s->rules);
    work_soon(r, h);
    return 0;
}

static void forget_asset(struct reconciler *r, struct held *h, struct reconcile_time t)
{
    struct asset *a = &h->asset;
    a->declared = false;
    a->labels = NULL;
    a->settle_ns = 0;
    set_rules_of(r, h, NULL);
    if (a->check_count == 0)
        remove_asset(r, h, "it is no longer declared", t);
}

static void tell_human(struct reconciler *r, struct held *h, const struct sample *s,
                       const char *reason, const char *words, struct reconcile_time t)
{
    struct event e = tell_of(h, EVENT_HUMAN, t);
    e.reason = reason;
    e.by = s->by;
    tell_evidence(&e, words);
    tell_event(r, h, &e);
}

static int take_maintain(struct reconciler *r, struct held *h, const struct sample *s,
                         struct reconcile_time t)
{
    char words[EVENT_TEXT_BYTES_MAX], text[DURATION_TEXT_MAX];
    if (!h)
        return -ENOENT;
    bool ends = s->for_ns <= 0, endless = s->for_ns > INT64_MAX - t.now_ns - SECOND_NS;
    /* What is left of "1h" when it arrives here is told as 1h. */
    int64_t whole = endless ? 0 : (s->for_ns / (SECOND_NS / 2) + 1) / 2 * SECOND_NS;
    if (ends && h->asset.state != ASSET_MAINTENANCE)
        return 0;
    if (ends)
        snprintf(words, sizeof(words), "maintenance is ended");
    else if (endless)
        snprintf(words, sizeof(words), "maintenance until it is ended");
    else
        snprintf(words, sizeof(words), "maintenance for %s", duration_format(whole, text));
    tell_human(r, h, s, "maintenance", words, t);
    h->asset.maintain_until_ns = ends      ? t.now_ns
                                 : endless ? INT64_MAX
                                           : t.now_ns + s->for_ns;
    if (!ends && h->asset.repair)
        repair_drop(r, h, "maintenance begins", t);
    if (!ends)
        judge_move(r, h, CAUSE_MAINTAIN, "maintenance", words, s->by, t);
    look(r, h, t);
    return 0;
}

static int take_recover(struct reconciler *r, struct held *h, const struct sample *s,
                        struct reconcile_time t)
{
    if (!h)
        return -ENOENT;
    struct asset *a = &h->asset;
    tell_human(r, h, s, "recovered_by_hand", "it is said to be well", t);
    if (a->repair)
        repair_drop(r, h, "recovered by hand", t);
    repair_well(h);
    uses_free(a);
    if (a->state != ASSET_HEALTHY) /* nor is it a word about what fails later */
        a->recovering_by = arena_strdup(&a->arena, slice_from(s->by ? s->by : ""));
    /* What failed before that word is no evidence against it. */
    for (uint32_t i = 0; i < a->check_count; i++) {
        a->checks[i].passed = false;
        if (!a->checks[i].gone_ns)
            check_forget_views(&a->checks[i]);
    }
    look(r, h, t);
    return 0;
}

/* ---- samples of us ---- */

static void take_freeze(struct reconciler *r, const struct sample *s, struct reconcile_time t)
{
    bool was = r->frozen, frozen = s->type == SAMPLE_FREEZE;
    r->frozen_by[0] = 0;
    if (frozen && s->by && s->by[0])
        snprintf(r->frozen_by, sizeof(r->frozen_by), "frozen by %s%s%s", s->by,
                 s->detail[0] ? ": " : "", s->detail);
    r->frozen = r->stats.frozen = frozen;
    if (was && !frozen)
        reconciler_resync(r, t);
}

static void take_blind(struct reconciler *r, enum sample_blind what, bool blind,
                       struct reconcile_time t)
{
    if (r->blind[what] == blind)
        return;
    r->blind[what] = blind;
    r->stats.blind = r->blind[BLIND_NETWORK] || r->blind[BLIND_DESCRIPTORS] || r->blind[BLIND_LAG];
    /* At once: before anything that was seen meanwhile is judged. */
    for (struct asset *a = reconciler_next(r, NULL), *next; a; a = next) {
        next = reconciler_next(r, a);
        look(r, held_of(a), t);
    }
}

/* ---- all of them ---- */

static int take_of_check(struct reconciler *r, struct held *h, const struct sample *s,
                         struct reconcile_time t)
{
    struct asset_check *c = find_check(h, s->check);
    if (!c)
        return 0;
    if (s->type == SAMPLE_GONE)
        take_gone(r, h, c, t);
    else if (s->type == SAMPLE_FORGET)
        forget_check(r, h, c, t);
    else if (s->type == SAMPLE_VIEW || s->type == SAMPLE_UNSEEN)
        take_view(r, h, c, s, t);
    else
        take_result(r, h, c, s, t);
    return 0;
}

static int take_of_us(struct reconciler *r, const struct sample *s, struct reconcile_time t)
{
    switch (s->type) {
    case SAMPLE_REMEDY:
        return remedies_declare(r, s->remedy, t);
    case SAMPLE_FORGET_REMEDY:
        remedies_forget(r, s->remedy->namespace_, s->remedy->name, t);
        return 0;
    case SAMPLE_FREEZE:
    case SAMPLE_UNFREEZE:
        take_freeze(r, s, t);
        return 0;
    default:
        take_blind(r, s->blind, s->type == SAMPLE_BLIND, t);
        return 0;
    }
}

int reconciler_take(struct reconciler *r, const struct sample *s, struct reconcile_time t)
{
    r->stats.samples_total++;
    if (s->type >= SAMPLE_FREEZE || s->type == SAMPLE_REMEDY || s->type == SAMPLE_FORGET_REMEDY)
        return take_of_us(r, s, t);
    struct asset *a = reconciler_find_in(r, s->namespace_, s->asset);
    struct held *h = a ? held_of(a) : NULL;
    switch (s->type) {
    case SAMPLE_FOUND:
        return take_found(r, h, s, t);
    case SAMPLE_ASSET:
        return take_asset(r, h, s, t);
    case SAMPLE_FORGET_ASSET:
        if (h)
            forget_asset(r, h, t);
        return 0;
    case SAMPLE_MAINTAIN:
        return take_maintain(r, h, s, t);
    case SAMPLE_RECOVER:
        return take_recover(r, h, s, t);
    case SAMPLE_TASK:
        if (h)
            repair_task(r, h, s, t);
        return 0;
    default:
        return take_of_check(r, h, s, t);
    }
}

/* ---- reading ---- */

struct asset *reconciler_next(const struct reconciler *r, const struct asset *a)
{
    const struct list *next = a ? a->link.next : r->assets.next;
    return next == &r->assets ? NULL : list_entry(next, struct asset, link);
}

struct held *held_find(const struct reconciler *r, const char *key)
{
    return map_get(&r->by_name, slice_from(key));
}

struct asset *reconciler_find_in(const struct reconciler *r, const char *namespace_,
                                 const char *name)
{
    char key[ASSET_NAME_BYTES_MAX * 2];
    struct slice ns = slice_from(namespace_ && namespace_[0] ? namespace_ : "default");
    struct slice n = slice_from(name);
    if (ns.size + 1 + n.size > sizeof(key))
        return NULL;
    memcpy(key, ns.data, ns.size);
    key[ns.size] = '/';
    memcpy(key + ns.size + 1, n.data, n.size);
    return map_get(&r->by_name, (struct slice){key, ns.size + 1 + n.size});
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

const struct reconcile_stats *reconciler_stats(const struct reconciler *r)
{
    return &r->stats;
}
