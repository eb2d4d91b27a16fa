#include "app/up_declared.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/beats.h"
#include "app/declared_remedy.h"
#include "app/queries.h"
#include "app/registry.h"
#include "app/remember.h"
#include "app/repair.h"
#include "app/sight.h"
#include "cli/config_print.h"
#include "cli/fault_print.h"

enum {
    PUSHES_APART_MS = 5,
    ASKED_TOGETHER = 16,    /* checks, at the same moment */
    REPAIRED_AGAIN_MS = 20, /* a miss behind a repair is asked again so soon, then half as often */
};

/* A check of the configuration, asked by a task of its own. */
struct asker {
    struct up *up;
    struct declared_check *check;
    struct pooled_observer *observer; /* one of these two is set, or check->query */
    struct local_check *local;
    struct rt_event wake; /* it is to end, or to ask or not, or `pushed` */
    bool ends;
    bool asks;        /* it is ours to ask: else another plane does */
    bool open;        /* what it is asked with is there */
    bool pushed;      /* by the check itself: a look would tell something new */
    rt_time away;     /* as the sample's away_ns, of the newest look */
    uint32_t away_looks; /* such looks in a row */
    int64_t hurry_ns; /* a repair has ended: a miss is asked again that soon; 0: as declared */
    bool forgetful;   /* how its process was started could not be remembered, and it was said */
    struct list link;
};

/* ---- samples ---- */

static int put(struct up *u, struct sample *s)
{
    probe_counts_add(&u->probe_counts, s);
    int r = rt_send(&u->samples, s, RT_NEVER);
    if (r < 0)
        sample_free(s);
    return r;
}

/* Nobody else can be on the store: several observers are one. */
static bool is_alone(const struct up *u)
{
    return !u->repairs || repairs_alone(u->repairs);
}

static struct sample *sample_of(const struct up *u, const struct declared_check *c,
                                enum sample_type type)
{
    bool alone = is_alone(u);
    struct sample *s = sample_new(type);
    snprintf(s->asset, sizeof(s->asset), "%s", c->asset);
    snprintf(s->namespace_, sizeof(s->namespace_), "%s", c->asset_namespace);
    snprintf(s->check, sizeof(s->check), "%s", c->name);
    snprintf(s->target, sizeof(s->target), "%s", c->target);
    s->kind = c->kind;
    s->fail = c->fail;
    s->pass = c->pass;
    s->observers = alone ? 1 : c->observers;
    s->agree = alone ? 1 : c->agree;
    s->for_ns = c->for_ns;
    s->every_ns = c->every_ns;
    s->local = c->stays_here;
    s->severity = c->severity;
    return s;
}

static int put_result(struct asker *a, const struct probe_result *r, const char *word, bool pushed)
{
    if (r->reason != REASON_OK && !a->up->once && !a->check->stays_here)
        sight_look(a->up);
    struct sample *s = sample_of(a->up, a->check, SAMPLE_RESULT);
    s->reason = r->reason;
    s->word = word;
    s->pushed = pushed;
    s->away_ns = a->away;
    memcpy(s->detail, r->detail, sizeof(s->detail));
    s->total_ns = r->total_ns;
    return put(a->up, s);
}

/* ---- asking ---- */

/* Without descriptors nobody can ask: that is known long before a probe gives up. */
static void tried(void *ctx, const struct probe_result *r)
{
    sight_tried(ctx, r);
}

static void look(struct asker *a, struct probe_result *r, const char **ret_word)
{
    const struct declared_check *c = a->check;
    *ret_word = NULL;
    if (c->query)
        query_check_look(a->up->queries, c->query, r, ret_word, &a->away);
    else if (a->local)
        local_check_look(a->local, r, ret_word);
    else
        observe_probe_attempts(pooled_observer_of(a->observer), &c->probe, r, c->retries,
                               &(struct probe_pace){.after = tried, .ctx = a->up});
}

/* A process that is well is remembered, for the day on which it has to be started again. */
static void remember(struct asker *a)
{
    const struct host_process *p = a->local ? local_check_process(a->local) : NULL;
    const struct local_spec *spec = &a->check->local;
    char name[HOST_NAME_BYTES]; /* it may be another one while we wait */
    if (!p || spec->unit)
        return;
    snprintf(name, sizeof(name), "%s",
             spec->name ? spec->name : local_check_process_name(a->local));
    remember_process(a->up, name, p,
                     spec->pid_file ? ACT_BY_NUMBER : ACT_BY_NAME, &a->forgetful);
}

static void on_push(void *asker)
{
    struct asker *a = asker;
    a->pushed = true;
    rt_event_set(&a->wake);
}

static bool is_of(const struct asker *a, const char *namespace_, const char *asset)
{
    return !a->ends && strcmp(a->check->asset, asset) == 0 &&
           strcmp(a->check->asset_namespace, namespace_) == 0;
}

/* What one check was told of changes what the others of its asset see: they are asked at once, so
 * that a repair is seen to have worked within moments. And where its pages do not answer, it is for
 * the others to say whether it is down, before too many such looks say that nobody can see it. */
static void ask_others(const struct asker *a)
{
    list_each (it, &a->up->asking) {
        struct asker *other = list_entry(it, struct asker, link);
        if (other != a && is_of(other, a->check->asset_namespace, a->check->asset))
            rt_event_set(&other->wake);
    }
}

/* Its pages went away a moment ago, nothing of it fails yet, and there are others to be asked. */
static bool is_vanishing(const struct asker *a)
{
    const struct declared_check *c = a->check;
    if (!a->away || a->away_looks > RECONCILE_BLIND)
        return false;
    const struct asset *x = reconciler_find_in(a->up->assets, c->asset_namespace, c->asset);
    return x && x->check_count > 1 && x->state != ASSET_FAILED && x->state != ASSET_DEGRADED;
}

void up_ask_repaired(struct up *u, const char *namespace_, const char *asset)
{
    list_each (it, &u->asking) {
        struct asker *a = list_entry(it, struct asker, link);
        if (!is_of(a, namespace_, asset))
            continue;
        a->hurry_ns = REPAIRED_AGAIN_MS * RT_MS;
        rt_event_set(&a->wake);
    }
}

/* How long after this look the next one is. What was started a moment ago may not answer yet. */
static int64_t pause_after(struct asker *a, bool well)
{
    const struct declared_check *c = a->check;
    int64_t pause = a->hurry_ns;
    if (well || pause >= c->every_failed_ns)
        a->hurry_ns = 0;
    if (well)
        return c->every_ns;
    if (a->hurry_ns == 0)
        return c->every_failed_ns;
    a->hurry_ns = 2 * pause;
    return pause;
}

/* Until it is due, or has something new to tell, which then is the next look: those of one check
 * come PUSHES_APART_MS apart. Returns 0, or -ECANCELED. */
static int wait_turn(struct asker *a, rt_time looked, rt_time due)
{
    int r = rt_event_wait(&a->wake, due);
    if (r == 0 && !a->ends)
        r = rt_sleep(looked + PUSHES_APART_MS * RT_MS);
    if (!a->ends)
        rt_event_clear(&a->wake);
    return r == -ECANCELED ? r : 0;
}

/* All that is declared is asked at the start. From then on a few share a moment of their round:
 * were it one moment, 10,000 answers would come at once, and the last of them late; had each its
 * own, a hundred checks would wake this process a hundred times. Multiples of the golden ratio fill
 * the round evenly, however many moments there are. */
static rt_time moment_of(struct up *u, int64_t every_ns)
{
    const uint64_t golden = UINT64_C(0x9E3779B97F4A7C15); /* 2^64 / 1.618… */
    uint64_t share = (u->spread++ / ASKED_TOGETHER) * golden;
    rt_time phase = (rt_time)((unsigned __int128)share * (uint64_t)every_ns >> 64);
    rt_time now = rt_now(), moment = now - now % every_ns + phase;
    return moment > now ? moment : moment + every_ns;
}

/* With --once: until it is well, or its misses count. Else until it is to end, or another plane
 * asks. */
static void ask(struct asker *a, struct probe_result *r)
{
    const struct declared_check *c = a->check;
    uint32_t misses = 0, passes = 0;
    bool spread = false;
    for (rt_time due = rt_now(); !a->ends && a->asks;) {
        const char *word;
        bool pushed = a->pushed;
        a->pushed = false;
        look(a, r, &word);
        bool none = word == local_no_answer;
        if ((r->reason == REASON_CANCELED && !none) || a->ends || !a->asks)
            return;
        if (!none && put_result(a, r, word, pushed) < 0)
            return;
        if (r->reason == REASON_OK)
            remember(a);
        a->away_looks = a->away ? a->away_looks + 1 : 0;
        if (is_vanishing(a) || (pushed && (r->reason == REASON_OK) != (misses == 0)))
            ask_others(a);
        misses = r->reason == REASON_OK || none ? 0 : misses + 1;
        passes = r->reason == REASON_OK ? passes + 1 : 0;
        if (a->up->once && (none || passes || misses >= c->fail))
            return;
        rt_time every = pause_after(a, misses == 0);
        if (passes == 1 && !spread) {
            due = moment_of(a->up, every);
            spread = true;
        }
        while (due <= rt_now() || due > rt_now() + every)
            due = due <= rt_now() ? due + every : rt_now() + every;
        if (wait_turn(a, rt_now(), due) < 0)
            return;
    }
}

static void close_check(struct asker *a)
{
    local_check_close(a->local);
    observer_pool_put(a->observer);
    a->local = NULL;
    a->observer = NULL;
    a->open = false;
}

static void asker_free(struct asker *a)
{
    list_remove(&a->link);
    close_check(a);
    declared_check_free(a->check);
    mem_free(MEM_APP, a);
}

static void tell_unasked(struct up *u, const struct declared_check *c, const struct err *err)
{
    if (u->app->logsink)
        log_warn(&u->app->log, "a check is not asked", log_event("check_not_asked"),
                 log_str("check", c->name), log_str("kind", c->kind),
                 log_str("error", err->code ? err->text : "this kind is not asked yet"));
}

static int open_check(struct asker *a, struct err *err)
{
    struct declared_check *c = a->check;
    struct up *u = a->up;
    int64_t last = 0;
    int r = 0;
    if (!c->is_local && !c->query)
        r = observer_pool_get(&u->observers, c->spec, &a->observer, err);
    else if (!c->query)
        r = local_check_open(u->local, &c->local, on_push, a, &a->local, err);
    a->open = r == 0;
    /* Among several planes it may be closed and opened again. */
    if (a->observer && is_alone(u) && !c->chain && observer_pool_copies(c->spec))
        declared_check_forget_spec(c);
    if (a->local)
        last = beats_last(u->beats, slice_from(c->namespace_), slice_from(c->name));
    if (last)
        local_check_beat(a->local, last);
    return r;
}

/* While it is ours to ask. Returns whether it may become so again. */
static bool ask_turn(struct asker *a, struct probe_result *r)
{
    struct err err = {0};
    if (!a->open && open_check(a, &err) < 0) {
        tell_unasked(a->up, a->check, &err);
        put(a->up, sample_of(a->up, a->check, SAMPLE_FORGET));
        return false;
    }
    ask(a, r);
    if (a->ends || a->asks)
        return false;
    close_check(a);
    return put(a->up, sample_of(a->up, a->check, SAMPLE_UNSEEN)) == 0;
}

static void asker_main(void *arg)
{
    struct asker *a = arg;
    struct probe_result r = {.arena = ARENA(MEM_APP, 0)};
    for (bool goes_on = true; goes_on && !a->ends;) {
        if (a->asks) {
            goes_on = ask_turn(a, &r);
            continue;
        }
        goes_on = rt_event_wait(&a->wake, RT_NEVER) != -ECANCELED;
        if (!a->ends)
            rt_event_clear(&a->wake);
    }
    arena_done(&r.arena);
    asker_free(a);
}

static bool is_ours(const struct up *u, const struct declared_check *c)
{
    const struct asset *x = reconciler_find_in(u->assets, c->asset_namespace, c->asset);
    return x && repairs_look(u->repairs, x, c->observers);
}

void up_place_checks(struct up *u)
{
    list_each (it, &u->asking) {
        struct asker *a = list_entry(it, struct asker, link);
        bool asks = is_alone(u) || is_ours(u, a->check);
        if (asks == a->asks)
            continue;
        a->asks = asks;
        rt_event_set(&a->wake);
    }
}

static void tell_alone(struct up *u, const struct declared_check *c)
{
    if (c->observers > 1 && is_alone(u) && !u->once && u->app->logsink)
        log_warn(&u->app->log,
                 "a check wants several observers, and on this store there is only one: what we "
                 "see counts",
                 log_event("check_asked_alone"), log_str("check", c->name),
                 log_u64("observers", c->observers));
}

/* Takes `check` over. The verdict of one that it replaces stays. */
static void start(struct up *u, struct declared_check *check)
{
    struct asker *a = mem_alloc(MEM_APP, sizeof(*a));
    struct err err = {0};
    *a = (struct asker){.up = u, .check = check};
    a->asks = is_alone(u) || is_ours(u, check);
    list_push_back(&u->asking, &a->link);
    tell_alone(u, check);
    if (a->asks && open_check(a, &err) < 0) {
        tell_unasked(u, check, &err);
        asker_free(a);
    } else if (put(u, sample_of(u, check, SAMPLE_FOUND)) < 0 ||
               rt_go(&u->watchers, asker_main, a) < 0) {
        asker_free(a);
    } else if (repairs_views(u->repairs) && check->observers > 1) {
        views_tell(repairs_views(u->repairs), check->asset_namespace, check->asset);
    }
}

static void stop(struct asker *a)
{
    a->ends = true;
    rt_event_set(&a->wake);
}

static struct asker *find(struct up *u, struct slice namespace_, struct slice name)
{
    list_each (it, &u->asking) {
        struct asker *a = list_entry(it, struct asker, link);
        if (!a->ends && slice_eq_cstr(name, a->check->name) &&
            slice_eq_cstr(namespace_, a->check->namespace_))
            return a;
    }
    return NULL;
}

/* ---- what is declared, and no longer ---- */

void up_declare_check(struct up *u, struct declared_check *check, int r, const struct err *err)
{
    struct asker *old = find(u, slice_from(check->namespace_), slice_from(check->name));
    bool moved = old && (strcmp(old->check->asset, check->asset) != 0 ||
                         strcmp(old->check->asset_namespace, check->asset_namespace) != 0);
    struct sample *forget = NULL;
    if (moved || (old && r < 0))
        forget = sample_of(u, old->check, SAMPLE_FORGET);
    if (old)
        stop(old); /* from here on it may be gone */
    if (forget)
        put(u, forget);
    if (r < 0) {
        tell_unasked(u, check, err);
        declared_check_free(check);
        return;
    }
    start(u, check);
}

void up_beat(struct up *u, struct slice namespace_, struct slice name, int64_t at_wall_ns)
{
    struct asker *a = find(u, namespace_, name);
    if (a && a->local)
        local_check_beat(a->local, at_wall_ns);
}

void up_undeclare_check(struct up *u, struct slice namespace_, struct slice name)
{
    struct asker *a = find(u, namespace_, name);
    if (!a)
        return;
    struct sample *s = sample_of(u, a->check, SAMPLE_FORGET);
    stop(a); /* from here on it may be gone */
    put(u, s);
}

void up_declare_asset(struct up *u, const struct config_object *o)
{
    put(u, declared_asset_sample(o));
}

void up_undeclare_asset(struct up *u, struct slice namespace_, struct slice name)
{
    put(u, forget_asset_sample(namespace_, name));
}

void up_declare_remedy(struct up *u, const struct config_object *o)
{
    put(u, declared_remedy_sample(o));
    remember_remedy(u, o);
}

void up_undeclare_remedy(struct up *u, struct slice namespace_, struct slice name)
{
    put(u, forget_remedy_sample(namespace_, name));
    remember_remedy_end(u, namespace_, name);
}

/* ---- reloading ---- */

static void log_change(struct up *u, const struct config_change *c)
{
    struct buf fields = BUF(MEM_APP, 0);
    for (const struct config_change_field *f = c->fields; f; f = f->next)
        buf_printf(&fields, "%s%s", fields.size ? " " : "", f->path);
    /* A warning, for what runs is another thing now, and warnings are seen by default. */
    log_warn(&u->app->log, "the configuration changes", log_event("config_change"),
             log_str("action", config_action_name(c->action)), log_str("kind", c->kind),
             log_slice("name", c->name), log_slice("namespace", c->namespace_),
             log_slice("fields", buf_slice(&fields)));
    buf_done(&fields);
}

/* Levels of names that are not in the table any more. */
static void forget_levels(struct up *u, const struct config *old, const struct config_object *fresh)
{
    struct config_object root = config_object_root(old->root), section;
    section = config_struct(&root, "log");
    for (const struct value *v = NULL; (v = config_next(&section, "levels", v));) {
        bool stays = false;
        for (const struct value *n = NULL; (n = config_next(fresh, "levels", n));)
            stays |= slice_eq(value_key(n), value_key(v));
        if (!stays && u->app->logsink)
            logsink_unset_level(u->app->logsink, value_key(v));
    }
}

/* Where files declare what is watched, nothing is discovered. */
static void take_files(struct up *u, struct config *config)
{
    struct config_object root = config_object_root(config->root);
    u->declares = config_has(&root, "assets") || config_has(&root, "checks");
    rt_event_set(&u->config_read);
    registry_take_files(u->registry, config);
}

static void on_swap(void *ctx, struct config *old, struct config *fresh,
                    const struct config_change *changes)
{
    struct up *u = ctx;
    u->reload_ok_total++;
    for (const struct config_change *c = changes; c && u->app->logsink; c = c->next) {
        log_change(u, c);
        if (strcmp(c->kind, "store") == 0)
            log_warn(&u->app->log, "the store stays the one of the start: restart to change it",
                     log_event("store_unchanged"));
    }
    struct config_object root = config_object_root(fresh->root), section;
    section = config_struct(&root, "log");
    forget_levels(u, old, &section);
    app_log_levels(u->app, &section);
    up_notice(u, NULL);
    take_files(u, fresh);
}

static void on_faults(void *ctx, const struct config *bad)
{
    struct up *u = ctx;
    struct buf text = BUF(MEM_APP, 0);
    u->reload_fault_total++;
    for (uint32_t i = 0; i < bad->faults.count; i++) {
        const struct config_fault *f = &bad->faults.items[i];
        struct source_point p = {0};
        source_point(&bad->sources, f->at, &p);
        if (u->app->logsink)
            log_error(&u->app->log, "the configuration has a fault: the old one stays",
                      log_event("config_fault"), log_str("file", p.source ? p.source->name : ""),
                      log_i64("line", p.line), log_i64("column", p.column),
                      log_str("code", config_fault_code_name(f->code)),
                      log_str("error", f->message), log_str("path", f->path ? f->path : ""));
        if (i == 0)
            buf_printf(&text, "%s:%u:%u: %s: the old configuration stays",
                       p.source ? p.source->name : "", p.line, p.column, f->message);
    }
    up_notice(u, text.data);
    buf_done(&text);
}

static void on_unwatched(void *ctx, const char *path, int code)
{
    struct up *u = ctx;
    struct err err;
    err_sys(&err, code, "%s", path);
    if (u->app->logsink)
        log_warn(&u->app->log,
                 "a path of the configuration cannot be watched: SIGHUP reads it anew",
                 log_event("config_unwatched"), log_err(&err));
}

/* Reading a configuration takes several times what is left of it. On an offload thread. */
static void give_back(void *arg)
{
    (void)arg;
    mem_give_back();
}

void up_config_main(void *arg)
{
    struct up *u = arg;
    u->reloader.on_swap = on_swap;
    u->reloader.on_faults = on_faults;
    u->reloader.on_unwatched = on_unwatched;
    u->reloader.ctx = u;
    take_files(u, u->reloader.current);
    if (registry_wait(u->registry) < 0)
        return;
    rt_event_set(&u->config_ready);
    if (!u->once && rt_offload(give_back, NULL, RT_NEVER) < 0)
        return;
    if (!u->once)
        config_reloader_run(&u->reloader);
}

void up_declared_done(struct up *u)
{
    remember_done(u);
    for (struct list *it; (it = list_pop_front(&u->asking));)
        asker_free(list_entry(it, struct asker, link));
}
