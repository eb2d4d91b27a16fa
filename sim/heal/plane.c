#include <errno.h>
#include <stdio.h>

#include "sim/heal/world.h"
#include "store/follow.h"
#include "wire/asset_json.h"

/* A control plane: watches all, repairs what it owns, keeps what it found, and restores that. */

enum { BEAT_MS = 100, CALL_MS = 3000 };

static struct reconcile_time now(void)
{
    return (struct reconcile_time){rt_now(), rt_wall_now()};
}

static struct sample sample_of(enum sample_type type, uint32_t i)
{
    struct sample s = {.type = type, .kind = "tcp"};
    snprintf(s.asset, sizeof(s.asset), "a%u", i);
    snprintf(s.check, sizeof(s.check), "port");
    return s;
}

/* ---- what the reconciler asks and says ---- */

static void on_event(void *ctx, const struct event *e)
{
    struct process *p = ctx;
    hear_event(p, e);
    p->of[number_of(e->key)].dirty = true;
    rt_event_set(&p->kept);
}

static void on_order(void *ctx, const struct repair_order *o)
{
    struct process *p = ctx;
    hear_order(p, o);
    repair_orders_put(p->orders, o);
}

/* Only once what the owner before us kept has been read. */
static bool owns(void *ctx, const struct asset *a)
{
    const struct process *p = ctx;
    char share[RECONCILE_SHARE_BYTES_MAX];
    return p->of[number_of(a->key)].restored && plane_owns(p->plane, reconciler_share_of(a, share));
}

bool process_judges(const struct process *p, const struct asset *a)
{
    char share[RECONCILE_SHARE_BYTES_MAX];
    return !p->w->judged_once || plane_judges(p->plane, reconciler_share_of(a, share));
}

static bool judges(void *ctx, const struct asset *a)
{
    return process_judges(ctx, a);
}

static int make(void *ctx, const struct repair_order *o, struct arena *a, struct task *ret,
                struct err *err)
{
    (void)ctx;
    (void)err;
    ret->argv = arena_alloc_array(a, 2, sizeof(*ret->argv));
    ret->argv[0] = slice_from(arena_strdup(a, slice_from(o->rollback ? "rollback" : o->remedy)));
    ret->argv[1] = slice_from(arena_strdup(a, slice_from(o->asset)));
    ret->argc = 2;
    return 0;
}

static void on_task(void *ctx, const struct repair_order *o, const char *task,
                    enum task_state state, bool unbegun, const char *error)
{
    struct process *p = ctx;
    struct sample s = sample_of(SAMPLE_TASK, number_of(o->key));
    s.dedup_key = o->dedup_key;
    s.task = task;
    s.task_state = state;
    s.task_unbegun = unbegun;
    s.task_error = error;
    reconciler_take(p->r, &s, now());
}

static void on_seen(void *ctx, struct sample *s)
{
    struct process *p = ctx;
    happened(p->w, HAPPENED_HEARD);
    reconciler_take(p->r, s, now());
    sample_free(s);
}

static void on_change(void *ctx)
{
    struct process *p = ctx;
    p->shares_moved = true;
    reconciler_resync(p->r, now());
    happened(p->w, HAPPENED_OWNER_CHANGED);
}

/* ---- watching ---- */

/* A sample is large: two of them in one frame are too much. */
#define APART __attribute__((noinline))

static APART void declare_remedy(struct process *p, uint32_t i, const char *kind, bool last)
{
    char name[24], then[24], asset[16];
    struct sample s = {.type = SAMPLE_REMEDY};
    snprintf(name, sizeof(name), "%s-%u", kind, i);
    snprintf(then, sizeof(then), "reboot-%u", i);
    snprintf(asset, sizeof(asset), "a%u", i);
    struct remedy m = {.name = name, .asset = asset, .when_any = true, .action = "{}",
                       .then = last ? "" : then, .rollback = i % 3 ? "" : "{}",
                       .within_ns = 4 * RT_SEC, .cooldown_ns = COOLDOWN_S * RT_SEC,
                       .max_per_hour = 3600};
    m.when_check = m.when_reason = m.precondition = m.verify = "";
    s.remedy = &m;
    reconciler_take(p->r, &s, now());
}

static APART void declare(struct process *p, uint32_t i)
{
    struct world *w = p->w;
    char group[16], depends[16];
    struct asset_rules rules = {.standby = ""};
    struct sample s = sample_of(SAMPLE_ASSET, i);
    snprintf(group, sizeof(group), "g%u", i / GROUP_SIZE);
    rules.group = i % 5 == 4 ? "" : group;
    rules.blast_max = radius_of(w, i);
    if (w->things[i].depends >= 0) {
        snprintf(depends, sizeof(depends), "a%d", w->things[i].depends);
        rules.depends_on[rules.depends_count++] = depends;
    }
    s.rules = &rules;
    s.settle_ns = 3 * RT_SEC;
    reconciler_take(p->r, &s, now());
    s.type = SAMPLE_FOUND;
    s.every_ns = EVERY_MS * RT_MS;
    s.observers = w->things[i].many ? OBSERVERS : 0;
    s.agree = w->things[i].many ? 2 : 0;
    reconciler_take(p->r, &s, now());
    declare_remedy(p, i, "restart", false);
    declare_remedy(p, i, "reboot", true);
}

static void answer(struct process *p, struct sample *s, bool well, bool limited)
{
    s->reason = limited ? REASON_LIMIT : well ? REASON_OK : REASON_REFUSED;
    s->total_ns = RT_MS;
    snprintf(s->detail, sizeof(s->detail), "%s", well ? "" : "connection refused");
    reconciler_take(p->r, s, now());
}

static APART void probe_by_many(struct process *p, uint32_t i, bool well, bool limited)
{
    struct thing *x = &p->w->things[i];
    struct sample s = sample_of(SAMPLE_RESULT, i);
    char share[RECONCILE_SHARE_BYTES_MAX];
    bool odd = (int)p->id == x->bad_observer;
    if ((odd && x->how == 1) || /* it does not answer */
        !plane_looks(p->plane, reconciler_share_of(asset_of(p, i), share), OBSERVERS))
        return;
    answer(p, &s, odd && x->how == 0 ? !well : well, limited || (odd && x->how == 2));
    views_note(p->views, asset_of(p, i));
}

static APART void probe_by_one(struct process *p, uint32_t i, bool well, bool limited)
{
    struct sample s = sample_of(SAMPLE_RESULT, i);
    answer(p, &s, well, limited);
}

static void probe(struct process *p, uint32_t i)
{
    struct world *w = p->w;
    bool well = is_well(w, i) && !p->blind, limited = w->things[i].limited;
    p->of[i].limited = limited;
    if (w->things[i].many)
        probe_by_many(p, i, well, limited);
    else
        probe_by_one(p, i, well, limited);
    p->of[i].probe_at = rt_now() + (well ? EVERY_MS : EVERY_FAILED_MS) * RT_MS;
}

/* As its loop does: until nothing is due. */
static void tick(struct process *p)
{
    uint32_t turns = 0;
    do
        reconciler_tick(p->r, now());
    while (reconciler_due_ns(p->r) <= rt_now() && ++turns < TURNS_MAX);
    check(p->w, CHECK_RESTS, turns < TURNS_MAX, "%s: something stays due, whatever is done",
          p->name);
}

static void beat_main(void *arg)
{
    struct process *p = arg;
    for (uint32_t beats = 0; rt_sleep(rt_now() + BEAT_MS * RT_MS) == 0; beats++) {
        for (uint32_t i = 0; i < p->w->count; i++)
            if (rt_now() >= p->of[i].probe_at)
                probe(p, i);
        tick(p);
        if (beats % 10 == 0)
            check_told(p);
    }
}

/* ---- keeping and restoring ---- */

static struct slice key_of(uint32_t i, char *key, size_t size)
{
    int n = snprintf(key, size, "/state/assets/default/a%u", i);
    return (struct slice){key, (size_t)n};
}

static APART void say_again(struct process *p, enum sample_type type, uint32_t i, int64_t for_ns)
{
    struct sample s = sample_of(type, i);
    s.for_ns = for_ns;
    reconciler_take(p->r, &s, now());
}

/* What stands in the store is what was told, by whoever wrote it. */
static void note_told(struct process *p, uint32_t i, const struct asset *saved)
{
    bool down = saved->state == ASSET_FAILED || saved->state == ASSET_DEGRADED;
    p->of[i].told = saved->state;
    p->of[i].fell = down ? rt_now() - (rt_wall_now() - saved->since_wall_ns) : 0;
}

static rt_time left(const struct world *w, uint32_t i)
{
    rt_time until = w->things[i].maintained_until;
    return until == RT_NEVER ? RT_NEVER : until - rt_now();
}

/* People's word stands elsewhere, and may be newer. */
static void repeat_word(struct process *p, uint32_t i, const struct asset *saved)
{
    bool written = saved->state == ASSET_MAINTENANCE, stands = is_maintained(p->w, i);
    rt_time until = p->w->things[i].maintained_until, off = saved->maintain_until_ns - until;
    bool same = written && off >= -END_MS * RT_MS && off <= END_MS * RT_MS;
    if (stands && !same)
        say_again(p, SAMPLE_MAINTAIN, i, left(p->w, i));
    else if (written && !stands && saved->maintain_until_ns > rt_now())
        say_again(p, SAMPLE_MAINTAIN, i, 0);
    else if (written && !stands)
        happened(p->w, HAPPENED_TIME_UP_UNOWNED);
}

static int restore(struct process *p, uint32_t i)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct store_kv kv;
    struct asset saved;
    char key[64];
    int r = store_get(p->store, key_of(i, key, sizeof(key)), &a, &kv, NULL,
                      rt_now() + CALL_MS * RT_MS);
    if (r == 0 && kv.version) {
        r = asset_read(kv.value, rt_wall_now() - rt_now(), &a, &saved, NULL);
        check(p->w, CHECK_TOLD, r == 0, "what was kept of a%u cannot be read", i);
        reconciler_restore(p->r, &saved, now());
        note_told(p, i, &saved);
        repeat_word(p, i, &saved);
        if (saved.repair) {
            happened(p->w, HAPPENED_RESTORED);
            say(p->w, "%s takes a%u over, with %s", p->name, i, saved.repair->dedup_key);
        }
    }
    if (r == 0)
        p->of[i].revision = kv.mod_revision;
    arena_done(&a);
    return r;
}

static void look_at_shares(struct process *p)
{
    char share[RECONCILE_SHARE_BYTES_MAX];
    p->shares_moved = false;
    for (uint32_t i = 0; i < p->w->count && !rt_cancelled(); i++) {
        struct kept_asset *k = &p->of[i];
        bool owned = plane_owns(p->plane, reconciler_share_of(asset_of(p, i), share));
        if (owned && !k->owned && restore(p, i) < 0) {
            p->shares_moved = true; /* once more */
            continue;
        }
        k->owned = k->restored = owned;
    }
    reconciler_resync(p->r, now());
}

/* Returns whether it was written. One that arrives late does not go over what came behind it. */
static bool put_state(struct process *p, uint32_t i, struct slice key, struct slice json)
{
    struct store_op put = {.type = STORE_PUT, .key = key, .value = json};
    struct store_op get = {.type = STORE_READ, .range.keys = store_key(key)};
    struct store_compare same[2] = {
        {.key = key, .target = STORE_MOD_REVISION, .number = p->of[i].revision}};
    struct store_txn txn = {.compares = same, .compare_count = 2, .then = &put, .then_count = 1,
                            .otherwise = &get, .otherwise_count = 1};
    struct store_txn_result got;
    struct arena a = ARENA(MEM_TEST, 0);
    bool written = false;
    if (plane_guard(p->plane, &same[1]) &&
        store_txn(p->store, &txn, &a, &got, NULL, rt_now() + CALL_MS * RT_MS) == 0) {
        const struct store_range_result *there = &got.ops[0].range;
        written = got.succeeded;
        p->of[i].revision = written        ? got.revision
                            : there->count ? there->kvs[0].mod_revision
                                           : 0;
    }
    arena_done(&a);
    return written;
}

static void keep_one(struct process *p, uint32_t i)
{
    struct buf json = BUF(MEM_TEST, 0);
    char key[64];
    p->of[i].dirty = false;
    asset_write(asset_of(p, i), rt_wall_now() - rt_now(), &json);
    if (!put_state(p, i, key_of(i, key, sizeof(key)), buf_slice(&json)))
        p->of[i].dirty = true;
    buf_done(&json);
}

static void keep_main(void *arg)
{
    struct process *p = arg;
    while (!rt_cancelled()) {
        rt_event_clear(&p->kept);
        if (p->shares_moved)
            look_at_shares(p);
        for (uint32_t i = 0; i < p->w->count && !rt_cancelled(); i++)
            if (p->of[i].dirty && p->of[i].restored)
                keep_one(p, i);
        if (rt_event_wait(&p->kept, rt_now() + BEAT_MS * RT_MS) == -ECANCELED)
            return;
        if (rt_sleep(rt_now() + 20 * RT_MS) < 0)
            return;
    }
}

/* ---- what the others say ---- */

static APART void show(struct process *p, const struct store_kv *kv)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct asset *saved = arena_new(&a, struct asset);
    uint32_t i = number_of(strrchr(arena_strdup(&a, kv->key), '/') + 1);
    int r = asset_read(kv->value, rt_wall_now() - rt_now(), &a, saved, NULL);
    check(p->w, CHECK_TOLD, r == 0, "what was kept of a%u cannot be read", i);
    bool foreign = r == 0 && saved->owner && strcmp(saved->owner, p->name) != 0;
    if (foreign && !process_judges(p, asset_of(p, i))) {
        reconciler_mirror(p->r, saved, now());
        note_told(p, i, saved);
        happened(p->w, HAPPENED_SHOWN);
    }
    arena_done(&a);
}

static void show_main(void *arg)
{
    struct process *p = arg;
    struct follow f;
    follow_init(&f, p->store, SLICE("/state/assets/"), 0);
    while (!rt_cancelled()) {
        struct follow_change c;
        int r = follow_next(&f, &c, NULL, rt_now() + CALL_MS * RT_MS);
        if (r == 0 && c.type == FOLLOW_SET)
            show(p, &c.kv);
        else if (r < 0 && r != -ETIMEDOUT)
            rt_sleep(rt_now() + BEAT_MS * RT_MS);
    }
    follow_done(&f);
}

/* ---- a life ---- */

void tell_all(struct world *w, const struct sample *s)
{
    for (uint32_t k = 0; k < PLANES; k++)
        if (w->planes[k].alive)
            reconciler_take(w->planes[k].r, s, now());
}

static void begin_watching(struct process *p)
{
    struct world *w = p->w;
    for (uint32_t i = 0; i < w->count; i++) {
        declare(p, i);
        p->of[i].probe_at = rt_now() + draw(EVERY_MS) * RT_MS;
        if (is_maintained(w, i))
            say_again(p, SAMPLE_MAINTAIN, i, left(w, i));
    }
    if (w->frozen)
        say_again(p, SAMPLE_FREEZE, 0, 0);
}

void process_start(struct process *p)
{
    struct world *w = p->w;
    struct plane_options plane = {.node = slice_from(p->name), .lease_ttl_ms = LEASE_MS,
                                  .on_change = on_change, .ctx = p};
    struct reconcile_options options = {
        .seed = {rt_random(), rt_random()},
        .owner = p->name,
        .on_event = on_event,
        .on_order = on_order,
        .owns = owns,
        .judges = judges,
        .ctx = p,
    };
    say(w, "%s starts", p->name);
    store_memory_open(w->memory, &p->store);
    memset(p->of, 0, sizeof(p->of));
    plane.store = p->store;
    p->plane = plane_new(&plane);
    struct repair_orders_options orders = {
        .store = p->store, .plane = p->plane, .make = make, .on_task = on_task, .ctx = p};
    p->orders = repair_orders_new(&orders);
    p->r = reconciler_new(&options);
    p->views = views_new(&(struct views_options){.store = p->store,
                                                 .plane = p->plane,
                                                 .assets = p->r,
                                                 .on_sample = on_seen,
                                                 .ctx = p});
    p->blind = p->cut = false;
    p->alive = true;
    begin_watching(p);
    rt_group_init(&p->group, "process");
    rt_go(&p->group, plane_main, p->plane);
    rt_go(&p->group, repair_orders_main, p->orders);
    rt_go(&p->group, views_say_main, p->views);
    rt_go(&p->group, views_hear_main, p->views);
    rt_go(&p->group, beat_main, p);
    rt_go(&p->group, keep_main, p);
    if (w->judged_once)
        rt_go(&p->group, show_main, p);
}

void process_end(struct process *p, bool in_order)
{
    say(p->w, "%s %s", p->name, in_order ? "is stopped" : "is dead");
    if (!in_order)
        store_memory_kill(p->store, 0);
    p->alive = false;
    rt_group_done(&p->group);
    repair_orders_free(p->orders);
    views_free(p->views);
    plane_free(p->plane);
    reconciler_free(p->r);
    store_close(p->store);
    p->store = NULL;
    p->r = NULL;
}
