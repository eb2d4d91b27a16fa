#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "act/act.h"
#include "app/beats.h"
#include "app/data.h"
#include "app/keep.h"
#include "app/node.h"
#include "app/notify.h"
#include "app/plan.h"
#include "app/registry.h"
#include "app/repair.h"
#include "app/resource_check.h"
#include "app/queries.h"
#include "app/recent.h"
#include "app/scheduler.h"
#include "app/scrapes.h"
#include "app/up.h"
#include "app/why.h"
#include "host/self.h"
#include "rt/folder.h"
#include "store/lock.h"

enum { STOP_MS = 3000 };

/* ---- what only this process knows of itself, for /metrics ---- */

static void put_process(struct metrics_writer *w)
{
    struct host_self s;
    if (host_self_read(&s) < 0)
        return;
    metrics_family(w, "process_cpu_seconds", METRIC_COUNTER, "User and system time.");
    metrics_f64(w, NULL, 0, s.cpu_s);
    metrics_family(w, "process_start_time_seconds", METRIC_GAUGE, "Since 1970.");
    metrics_f64(w, NULL, 0, s.started_s);
    metrics_one(w, "process_resident_memory_bytes", METRIC_GAUGE, "Memory in use.",
                s.resident_bytes);
    metrics_one(w, "process_virtual_memory_bytes", METRIC_GAUGE, "Address space.", s.virtual_bytes);
    metrics_one(w, "process_open_fds", METRIC_GAUGE, "Open descriptors.", s.descriptors);
    metrics_one(w, "process_max_fds", METRIC_GAUGE, "Descriptors that may be open.",
                s.descriptors_max);
}

/* With its namespace, where that is not the default: no two assets have the same. */
static struct slice asset_label(const struct asset *a)
{
    return slice_from(strcmp(a->namespace_, "default") == 0 ? a->name : a->key);
}

/* Of checks that are declared: the others are named by their address. */
static void put_checks(struct up *u, struct metrics_writer *w)
{
    metrics_family(w, "firebreak_check_ok", METRIC_GAUGE, "Whether the check passes.");
    for (const struct asset *a = NULL; (a = reconciler_next(u->assets, a));)
        for (uint32_t i = 0; i < a->check_count; i++) {
            const struct asset_check *c = &a->checks[i];
            struct metric_label labels[] = {{"asset", asset_label(a)},
                                            {"check", slice_from(c->name)}};
            if (c->known && c->fail)
                metrics_u64(w, labels, ARRAY_LEN(labels), c->ok);
        }
}

static void put_assets(struct up *u, struct metrics_writer *w)
{
    metrics_family(w, "firebreak_asset_state", METRIC_GAUGE,
                   "1 for the state that an asset is in, 0 for the others.");
    for (const struct asset *a = NULL; (a = reconciler_next(u->assets, a));)
        for (int i = 0; i < ASSET_STATE_COUNT; i++) {
            struct metric_label labels[] = {
                {"asset", asset_label(a)},
                {"state", slice_from(asset_state_name((enum asset_state)i))},
            };
            metrics_u64(w, labels, ARRAY_LEN(labels), a->state == (enum asset_state)i);
        }
    metrics_one(w, "firebreak_keep_events_waiting", METRIC_GAUGE,
                "Events that the store has not taken yet.", keep_waiting(u->keep));
    metrics_one(w, "firebreak_keep_events_dropped", METRIC_COUNTER,
                "Events that were dropped while the store took no writes.",
                keep_dropped_total(u->keep));
}

static void put_count(void *ctx, const struct repair_count *c)
{
    struct metrics_writer *w = ctx;
    char name[ASSET_KEY_BYTES_MAX + 1];
    bool dflt = strcmp(c->namespace_, "default") == 0;
    snprintf(name, sizeof(name), "%s%s%s", dflt ? "" : c->namespace_, dflt ? "" : "/", c->remedy);
    for (int i = 0; i < REPAIR_OUTCOME_COUNT; i++) {
        struct metric_label labels[] = {
            {"remedy", slice_from(name)},
            {"outcome", slice_from(repair_outcome_name((enum repair_outcome)i))},
        };
        if (i != REPAIR_DRY_RUN)
            metrics_u64(w, labels, ARRAY_LEN(labels), c->outcome_total[i]);
    }
}

static void put_repairs(struct up *u, struct metrics_writer *w)
{
    const struct reconcile_stats *s = reconciler_stats(u->assets);
    metrics_family(w, "firebreak_repair", METRIC_COUNTER, "Repairs that ended, by how.");
    reconciler_each_count(u->assets, put_count, w);
    metrics_family(w, "firebreak_repair_skipped", METRIC_COUNTER,
                   "Remedies that were held back, by what held them.");
    for (int i = 0; i < REPAIR_WHY_COUNT; i++) {
        struct metric_label why = {"why", slice_from(repair_why_name((enum repair_why)i))};
        metrics_u64(w, &why, 1, s->skipped_total[i]);
    }
    metrics_family(w, "firebreak_asset_time_to_repair_seconds", METRIC_HISTOGRAM,
                   "From an asset's failure to its verified repair.");
    metrics_histogram(w, NULL, 0, &s->time_to_repair);
    metrics_one(w, "firebreak_repair_open", METRIC_GAUGE, "Repairs that are under way.", s->open);
    metrics_one(w, "firebreak_repair_orders_waiting", METRIC_GAUGE,
                "Repairs whose task the store has not taken yet.", repairs_waiting(u->repairs));
    metrics_one(w, "firebreak_repair_frozen", METRIC_GAUGE,
                "1 while nothing is repaired: frozen by somebody.", s->frozen);
    metrics_one(w, "firebreak_repair_braked", METRIC_GAUGE,
                "1 while nothing is repaired: so many fail at once.", s->braked);
}

static void put_views(struct up *u, struct metrics_writer *w)
{
    const struct views *v = repairs_views(u->repairs);
    if (!v)
        return;
    const struct views_stats *s = views_stats_of(v);
    metrics_one(w, "firebreak_observer_views", METRIC_GAUGE,
                "Assets of which we tell other control planes what we see.", s->held);
    metrics_one(w, "firebreak_observer_views_written", METRIC_COUNTER,
                "How often that was written: when it changed, and now and then.",
                s->written_total);
    metrics_one(w, "firebreak_observer_views_failed", METRIC_COUNTER,
                "Writes of it that the store did not take; they are tried again.",
                s->failed_total);
    metrics_one(w, "firebreak_observer_views_heard", METRIC_COUNTER,
                "Views of other control planes that were heard.", s->heard_total);
    metrics_one(w, "firebreak_observer_bad_values", METRIC_COUNTER,
                "Views that could not be read, and count as not said.", s->bad_values_total);
}

static void put_registry(struct up *u, struct metrics_writer *w)
{
    const struct registry *r = u->registry;
    if (!r)
        return; /* it begins or ends */
    metrics_one(w, "firebreak_registry_entries", METRIC_GAUGE,
                "Resources that files or the store declare.", r->by_key.count);
    metrics_one(w, "firebreak_registry_unwritten", METRIC_GAUGE,
                "1 while the store lacks what the files declare.", r->has_files && !r->synced);
    metrics_one(w, "firebreak_registry_bad_values", METRIC_COUNTER,
                "Values in the store that are no resources, and were passed over.",
                r->bad_values_total);
}

static void put_reloads(struct up *u, struct metrics_writer *w)
{
    struct metric_label ok = {"outcome", SLICE("ok")}, fault = {"outcome", SLICE("fault")};
    metrics_family(w, "firebreak_config_reload", METRIC_COUNTER,
                   "Configurations that were read anew: taken, or left for their faults.");
    metrics_u64(w, &ok, 1, u->reload_ok_total);
    metrics_u64(w, &fault, 1, u->reload_fault_total);
}

static void collect(void *ctx, struct metrics_writer *w)
{
    struct up *u = ctx;
    struct metric_label labels[] = {
        {"version", slice_from(app_version_word())},
        {"commit", slice_from(app_commit_word())},
        {"target", slice_from(app_target_word())},
    };
    metrics_family(w, "firebreak_build", METRIC_INFO, "What this program is.");
    metrics_u64(w, labels, ARRAY_LEN(labels), 1);
    put_process(w);
    put_assets(u, w);
    put_checks(u, w);
    probe_counts_metrics(&u->probe_counts, w);
    put_reloads(u, w);
    put_repairs(u, w);
    put_views(u, w);
    put_registry(u, w);
    notify_metrics(u->notify, w);
    scheduler_metrics(u->scheduler, w);
    if (!u->recent)
        return;
    recent_metrics(u->recent, w);
    scrapes_metrics(u->scrapes, w);
    queries_metrics(u->queries, w);
}

/* ---- beginning and ending ---- */

/* What another node asks is known here as that one wrote it, and no newer. */
static bool newest_ns(void *ctx, struct slice namespace_, struct slice asset, struct slice check,
                      int64_t *ret)
{
    struct up *u = ctx;
    struct buf key = BUF(MEM_APP, 0);
    buf_printf(&key, "%.*s/%.*s%c", SLICE_ARG(namespace_), SLICE_ARG(asset), '\0');
    const struct asset *a = reconciler_find_key(u->assets, key.data);
    buf_done(&key);
    if (!a || !repairs_own(u->repairs, a))
        return false;
    for (uint32_t i = 0; i < a->check_count; i++)
        if (slice_eq_cstr(check, a->checks[i].name)) {
            *ret = a->checks[i].last_ns;
            return true;
        }
    return false;
}

static int open_gateway(struct up *u, const char *folder)
{
    struct gateway_options options = {
        .store = u->store,
        .own_uid = host_uid(),
        .node = u->node,
        .collect = collect,
        .check = resource_check,
        .why = why_tell,
        .repairs = plan_repairs,
        .declared_at = registry_declared_at,
        .newest_ns = newest_ns,
        .rate = scheduler_rate,
        .ctx = u,
    };
    int r = gateway_open(&options, &u->gateway);
    if (r < 0)
        return err_sys(&u->err, r, "the local API");
    return gateway_listen(u->gateway, data_path(u->app, folder, "firebreak.sock"), &u->err);
}

/* The socket is in the data folder, wherever the store is: one process holds it. A store that is
 * in it, too, brings the lock with it. */
static int hold_folder(struct up *u, const char **ret_folder)
{
    const char *folder = NULL;
    int r = data_folder(u->app, &folder, &u->err);
    if (r < 0)
        return r;
    r = rt_folder_make(folder, 0700, RT_NEVER);
    if (r < 0)
        return err_sys(&u->err, r, "make the data folder %s", folder);
    *ret_folder = folder;
    if (store_is_own(u->app, &u->place))
        return 0;
    const char *who = arena_printf(&u->app->arena, "firebreak up, process %d", host_pid());
    return store_lock_take(data_path(u->app, folder, "store.lock"), who, &u->lock, &u->err,
                           RT_NEVER);
}

int up_serve(struct up *u)
{
    const char *folder = NULL;
    rt_group_init(&u->keeping, "keep");
    rt_group_init(&u->repairing, "repairs");
    int r = hold_folder(u, &folder);
    struct act *act = scheduler_act(u->scheduler);
    if (r == 0 && act)
        act->memory = data_path(u->app, folder, "keys/processes");
    if (r == 0)
        r = store_open(u->app, &u->place, "firebreak up", true, &u->store, &u->err);
    if (r == 0)
        r = node_claim(u, &u->claim, &u->err);
    if (r < 0)
        return r;
    if (act)
        act->store = u->store;
    u->keep = keep_new(u, u->store);
    u->repairs = repairs_new(u);
    u->notify = notify_new(u, u->store);
    r = keep_read(u->keep, &u->err);
    if (r < 0)
        return r;
    u->beats = beats_new(u);
    r = rt_go(&u->keeping, keep_main, u->keep);
    if (r == 0)
        r = rt_go(&u->keeping, keep_follow_main, u->keep);
    if (r == 0)
        r = repairs_start(u->repairs, &u->repairing);
    if (r == 0)
        r = rt_go(&u->repairing, notify_main, u->notify);
    if (r == 0 && u->claim)
        r = rt_go(&u->keeping, node_main, u->claim);
    if (r < 0)
        return err_set(&u->err, r, "no memory for the first tasks");
    r = scheduler_start(u);
    if (r == 0)
        r = open_gateway(u, folder);
    if (r == 0)
        u->err.code = 0; /* what was tried again, and was well then, is not how we end */
    return r;
}

void up_serve_end(struct up *u)
{
    gateway_close(u->gateway, rt_now() + STOP_MS * RT_MS);
    scheduler_stop(u->scheduler);
    if (u->keep) {
        rt_group_done(&u->keeping); /* which writes what is left, while we are known to live */
        rt_group_done(&u->repairing);
    }
    keep_free(u->keep);
    repairs_free(u->repairs);
    u->repairs = NULL;
    notify_free(u->notify);
    u->notify = NULL;
    beats_free(u->beats);
    u->beats = NULL;
    node_release(u->claim, rt_now() + STOP_MS * RT_MS);
    store_close(u->store);
    rt_file_close(u->lock);
    u->lock = NULL;
    u->gateway = NULL;
    u->keep = NULL;
    u->claim = NULL;
    u->store = NULL;
}
