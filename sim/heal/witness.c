#include <errno.h>
#include <stdio.h>

#include "sim/heal/world.h"
#include "wire/task_json.h"

/* Each part is a few lines that say what may not happen. */

/* ---- events of a plane ---- */

/* The table once more, in another hand: to which states may one move from each. */
static bool may_move(enum asset_state from, enum asset_state to)
{
    static const char *const moves[ASSET_STATE_COUNT] = {
        [ASSET_PENDING] = "HDFUM", [ASSET_HEALTHY] = "DFUM", [ASSET_DEGRADED] = "HFUM",
        [ASSET_FAILED] = "HUM",    [ASSET_UNKNOWN] = "PM",   [ASSET_MAINTENANCE] = "P",
    };
    return strchr(moves[from], asset_state_name(to)[0]);
}

const struct asset *asset_of(struct process *p, uint32_t i)
{
    char name[16];
    snprintf(name, sizeof(name), "a%u", i);
    if (!p->of[i].asset)
        p->of[i].asset = reconciler_find(p->r, name);
    return p->of[i].asset;
}

static void hear_move(struct process *p, uint32_t i, const struct event *e)
{
    struct world *w = p->w;
    struct kept_asset *k = &p->of[i];
    const struct asset *a = asset_of(p, i);
    bool fell = e->to == ASSET_FAILED || e->to == ASSET_DEGRADED;
    check(w, CHECK_TABLE, e->created == !k->created && (e->created || e->from == k->told),
          "%s: a%u moves from %s, and was %s", p->name, i, asset_state_name(e->from),
          asset_state_name(k->told));
    check(w, CHECK_TABLE, e->created ? e->to == ASSET_PENDING : may_move(e->from, e->to),
          "%s: a%u moves from %s to %s", p->name, i, asset_state_name(e->from),
          asset_state_name(e->to));
    k->created = true;
    k->told = e->to;
    if (fell && k->fell == 0)
        k->fell = rt_now();
    if (!fell)
        k->fell = 0;
    if (e->to == ASSET_HEALTHY)
        check(w, CHECK_WELL,
              a->checks[0].ok && a->checks[0].misses == 0 &&
                  (a->recovering_by || a->green_since_ns + 3 * RT_SEC <= rt_now() ||
                   e->from == ASSET_FAILED),
              "%s: a%u is Healthy, and not all passes for its time", p->name, i);
    check(w, CHECK_BLIND, !fell || !p->blind, "%s is blind, and says that a%u is %s", p->name, i,
          asset_state_name(e->to));
    if (e->from == ASSET_MAINTENANCE && w->things[i].timed)
        happened(w, HAPPENED_TIME_UP);
    if (e->to == ASSET_UNKNOWN)
        happened(w, HAPPENED_UNKNOWN);
    if (strcmp(e->reason, "dependency") == 0)
        happened(w, HAPPENED_DEPENDENT);
    if (strcmp(e->reason, "flapping") == 0)
        happened(w, HAPPENED_DAMPED);
}

static void hear_outcome(struct process *p, uint32_t i, const struct event *e)
{
    struct world *w = p->w;
    enum repair_outcome o = repair_outcome_parse(slice_from(e->reason));
    const struct thing *x = &w->things[i];
    if (o == REPAIR_VERIFIED) {
        /* Answers are as old as the pause between two of them; an observer may be lying. */
        bool was_well = is_well(w, i) || rt_now() - x->bad_at < EVERY_MS * RT_MS;
        check(w, CHECK_VERIFIED, was_well, "%s: a%u is verified, and does not pass", p->name, i);
        check(w, CHECK_VERIFIED, asset_of(p, i)->checks[0].ok, "%s: a%u is verified, and failed",
              p->name, i);
        happened(w, HAPPENED_VERIFIED);
    } else {
        happened(w, o == REPAIR_ROLLED_BACK ? HAPPENED_ROLLED_BACK : HAPPENED_FAILED);
    }
}

void hear_event(struct process *p, const struct event *e)
{
    uint32_t i = number_of(e->key);
    struct world *w = p->w;
    if (w->sim.talk)
        say(w, "%s: %s %s %s->%s %s %s %s", p->name, e->asset, event_type_name(e->type),
            asset_state_name(e->from), asset_state_name(e->to), e->reason ? e->reason : "",
            e->remedy ? e->remedy : "", e->evidence_count ? e->evidence[0] : "");
    if (e->type == EVENT_STATE)
        hear_move(p, i, e);
    if (e->type == EVENT_OUTCOME)
        hear_outcome(p, i, e);
    if (e->type == EVENT_DECISION && e->reason && strcmp(e->reason, "repair_exhausted") == 0)
        happened(w, HAPPENED_EXHAUSTED);
    for (uint32_t k = 0; k < e->rejected_count; k++)
        happened(w, e->rejected[k].why == REPAIR_BRAKE ? HAPPENED_BRAKED : HAPPENED_HELD_BACK);
}

/* Where it ended before this plane had the asset, that was so when it was taken over. */
static void check_leaves(struct process *p, uint32_t i, const struct asset *a)
{
    char share[RECONCILE_SHARE_BYTES_MAX];
    const struct thing *x = &p->w->things[i];
    if (!p->of[i].restored || !plane_owns(p->plane, reconciler_share_of(a, share)))
        return;
    check(p->w, CHECK_LEAVES,
          a->state != ASSET_MAINTENANCE || rt_now() - x->maintained_until < LEAVE_MS * RT_MS,
          "%s: the maintenance of a%u ended %lld ms ago", p->name, i,
          (long long)((rt_now() - x->maintained_until) / RT_MS));
}

void check_told(struct process *p)
{
    for (uint32_t i = 0; i < p->w->count; i++) {
        const struct asset *a = asset_of(p, i);
        check(p->w, CHECK_TOLD, a->state == p->of[i].told, "%s: a%u is %s, and %s was told",
              p->name, i, asset_state_name(a->state), asset_state_name(p->of[i].told));
        check_leaves(p, i, a);
        check(p->w, CHECK_BLIND, !p->blind || a->state == ASSET_UNKNOWN ||
                                     a->state == ASSET_MAINTENANCE || !process_judges(p, a),
              "%s is blind, and a%u is %s", p->name, i, asset_state_name(a->state));
    }
}

/* ---- orders of a plane ---- */

/* Of its group, those that this plane says to have failed lately. */
static void check_brake(struct process *p, uint32_t i)
{
    uint32_t failed = 0, members = 0;
    if (i % 5 == 4)
        return;
    uint32_t first = i / GROUP_SIZE * GROUP_SIZE;
    for (uint32_t k = first; k < p->w->count && k < first + GROUP_SIZE; k++) {
        const struct asset *a = asset_of(p, k);
        if (k % 5 == 4)
            continue;
        members++;
        failed += a->state == ASSET_FAILED && strcmp(a->reason, "dependency") != 0 &&
                  p->of[k].fell && rt_now() - p->of[k].fell < (RECONCILE_BRAKE_S - 1) * RT_SEC;
    }
    check(p->w, CHECK_BRAKE, failed < 3 || failed * 2 <= members,
          "%s repairs a%u, and %u of its group of %u fail at once", p->name, i, failed, members);
}

static void hear_start(struct process *p, const struct repair_order *o, uint32_t i)
{
    struct world *w = p->w;
    const struct asset *a = asset_of(p, i);
    const struct thing *x = &w->things[i];
    bool second = strncmp(o->remedy, "reboot", 6) == 0;
    check(w, CHECK_JUSTIFIED,
          (a->state == ASSET_FAILED || a->state == ASSET_DEGRADED) && a->checks[0].known &&
              !a->checks[0].ok,
          "%s repairs a%u, which is %s", p->name, i, asset_state_name(a->state));
    check(w, CHECK_TRUE, rt_now() - x->bad_at < TRUE_S * RT_SEC,
          "%s repairs a%u, which has been well for %lld s", p->name, i,
          (long long)((rt_now() - x->bad_at) / RT_SEC));
    check(w, CHECK_FROZEN, !w->frozen, "%s repairs a%u, and all is frozen", p->name, i);
    check(w, CHECK_FLAPPING, !a->flapping && a->flap_penalty < RECONCILE_FLAP_DAMP,
          "%s repairs a%u, which is flapping", p->name, i);
    if (x->depends >= 0)
        check(w, CHECK_DEPENDS, asset_of(p, (uint32_t)x->depends)->checks[0].misses == 0,
              "%s repairs a%u before a%d", p->name, i, x->depends);
    check_brake(p, i);
    rt_time *last = &p->of[i].ordered[second];
    check(w, CHECK_COOLDOWN, *last == 0 || rt_now() - *last >= COOLDOWN_S * RT_SEC,
          "%s repairs a%u by %s again after %lld ms", p->name, i, o->remedy,
          (long long)((rt_now() - *last) / RT_MS));
    *last = rt_now();
    happened(w, HAPPENED_ORDERED);
}

void hear_order(struct process *p, const struct repair_order *o)
{
    uint32_t i = number_of(o->key);
    struct world *w = p->w;
    const struct asset *a = asset_of(p, i);
    if (o->type != REPAIR_ORDER_START)
        return;
    if (a->repair && (o->rollback ? a->repair->phase_ns : a->repair->started_ns) != rt_now())
        return; /* ordered before, and told once more */
    check(w, CHECK_QUIET, a->state != ASSET_MAINTENANCE && a->state != ASSET_UNKNOWN,
          "%s repairs a%u, which is %s", p->name, i, asset_state_name(a->state));
    check(w, CHECK_QUIET, rt_now() + END_MS * RT_MS >= w->things[i].maintained_until,
          "%s repairs a%u, on which people work", p->name, i);
    if (!o->rollback)
        hear_start(p, o, i);
}

/* ---- the store ---- */

/* Both sides of a transaction have been told when the record is: the task is there, or gone. */
static void told_record(struct world *w, const struct store_event *e)
{
    struct slice value = e->kv.value;
    uint32_t lines = 0, asset = UINT32_MAX;
    if (e->type == STORE_EVENT_DELETE)
        return;
    for (size_t at = 0; at + 9 < value.size; at++)
        if (memcmp(value.data + at, "\"asset\":\"", 9) == 0) {
            char name[32];
            snprintf(name, sizeof(name), "%.*s",
                     (int)(value.size - at - 9 < 24 ? value.size - at - 9 : 24),
                     value.data + at + 9);
            *strchrnul(name, '"') = 0;
            asset = number_of(name);
            lines++;
        }
    if (asset == UINT32_MAX || asset % 5 == 4)
        return;
    uint32_t most = radius_of(w, asset);
    check(w, CHECK_RADIUS, most == 0 || lines <= most, "of the group of a%u %u are under repair",
          asset, lines);
}

struct work {
    struct world *w;
    char key[128];
    char task[64];
    uint32_t asset;
    bool rollback, second;
};

static void end_task(struct work *k, enum task_state state)
{
    struct world *w = k->w;
    while (!rt_cancelled()) {
        struct arena a = ARENA(MEM_TEST, 0);
        struct buf json = BUF(MEM_TEST, 0);
        struct store_kv kv;
        struct task t;
        struct store_txn_result got = {0};
        int r = store_get(w->people, slice_from(k->key), &a, &kv, NULL, rt_now() + RT_SEC);
        if (r == 0 && (kv.version == 0 || task_read(kv.value, &a, &t, NULL) < 0 ||
                       task_state_final(t.state))) {
            arena_done(&a);
            return;
        }
        if (r == 0) {
            t.state = t.cancel ? TASK_CANCELED : state;
            task_write(&t, &json);
            struct store_compare same = {.key = kv.key, .target = STORE_MOD_REVISION,
                                         .number = kv.mod_revision};
            struct store_op put = {.type = STORE_PUT, .key = kv.key, .value = buf_slice(&json)};
            struct store_txn txn = {
                .compares = &same, .compare_count = 1, .then = &put, .then_count = 1};
            (void)store_txn(w->people, &txn, &a, &got, NULL, rt_now() + RT_SEC);
        }
        buf_done(&json);
        arena_done(&a);
        rt_sleep(rt_now() + 20 * RT_MS);
    }
}

/* What a task does, whatever a remedy is: it helps, or it does not, or it fails. */
static void work_main(void *arg)
{
    struct work *k = arg;
    struct world *w = k->w;
    struct thing *x = &w->things[k->asset];
    uint32_t luck = w->calm || x->breaks ? 0 : draw(10);
    rt_sleep(rt_now() + (50 + draw(luck == 9 ? 6000 : 1500)) * RT_MS);
    if (!k->rollback && luck < 6) {
        if (!x->ok)
            happened(w, HAPPENED_HELPED);
        x->ok = true;
        x->bad_at = rt_now();
    }
    end_task(k, luck == 7 ? TASK_FAILED : TASK_SUCCEEDED);
    mem_free(MEM_TEST, k);
}

static void told_task(struct world *w, const struct store_event *e)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct task t;
    if (e->type == STORE_EVENT_PUT && task_read(e->kv.value, &a, &t, NULL) == 0) {
        uint32_t i = number_of(arena_strdup(&a, t.asset));
        struct thing *x = &w->things[i];
        if (e->kv.version == 1) {
            bool rollback = slice_ends_with(t.dedup_key, SLICE("/rollback"));
            say(w, "task of a%u: %.*s", i, SLICE_ARG(t.dedup_key));
            check(w, rollback ? CHECK_ROLLBACK : CHECK_ALONE, x->running == 0,
                  "a%u is repaired by %.*s, beside another repair", i, SLICE_ARG(t.dedup_key));
            x->running++;
            happened(w, HAPPENED_TASK);
            struct work *k = mem_alloc(MEM_TEST, sizeof(*k));
            *k = (struct work){.w = w, .asset = i, .rollback = rollback};
            snprintf(k->key, sizeof(k->key), "%.*s", SLICE_ARG(e->kv.key));
            rt_go(&w->works, work_main, k);
        } else if (task_state_final(t.state)) {
            x->running--;
        }
    }
    arena_done(&a);
}

void observe(void *world, uint64_t client, const struct store_event *events, uint32_t count)
{
    struct world *w = world;
    (void)client;
    for (uint32_t i = 0; i < count; i++) {
        if (slice_starts_with(events[i].kv.key, SLICE("/tasks/")))
            told_task(w, &events[i]);
        else if (slice_starts_with(events[i].kv.key, SLICE("/repairs/")))
            told_record(w, &events[i]);
    }
}
