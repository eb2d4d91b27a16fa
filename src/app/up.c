#include "app/up.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_load.h"
#include "app/keep.h"
#include "app/notify.h"
#include "app/people.h"
#include "app/queries.h"
#include "app/recent.h"
#include "app/beats.h"
#include "app/registry.h"
#include "app/repair.h"
#include "app/scheduler.h"
#include "app/sight.h"
#include "app/scrapes.h"
#include "app/up_declared.h"
#include "cli/asset_print.h"
#include "config/canonical.h"
#include "config/schema.h"
#include "host/self.h"
#include "rt/stdio.h"
#include "wire/asset_json.h"

/* ---- watch: a task for each service ---- */

struct watcher {
    struct up *up;
    struct service service; /* a copy: the discovery's may go first */
    struct rt_event wake;   /* it is gone */
    bool gone;
    bool dropped; /* a configuration says what is watched now */
    struct list link;
};

static int send_sample(struct watcher *w, enum sample_type type, const struct probe_result *r)
{
    struct sample *s = sample_new(type);
    memcpy(s->asset, w->service.asset, sizeof(s->asset));
    memcpy(s->check, w->service.address, sizeof(s->check));
    memcpy(s->process, w->service.process, sizeof(s->process));
    memcpy(s->target, w->service.target, sizeof(s->target));
    s->kind = service_kind_name(w->service.kind);
    s->local = true;
    if (r) {
        s->reason = r->reason;
        memcpy(s->detail, r->detail, sizeof(s->detail));
        s->total_ns = r->total_ns;
    }
    probe_counts_add(&w->up->probe_counts, s);
    int sent = rt_send(&w->up->samples, s, RT_NEVER);
    if (sent < 0)
        sample_free(s);
    return sent;
}

/* With --once: a miss is confirmed before it is said. Else until the service goes. */
static void watch_service(struct watcher *w, struct probe_result *r)
{
    uint32_t misses = 0;
    for (rt_time due = rt_now(); !w->gone;) {
        service_probe(w->up->observer, &w->service, r);
        if (r->reason == REASON_CANCELED || (!w->gone && send_sample(w, SAMPLE_RESULT, r) < 0))
            return;
        misses = r->reason == REASON_OK ? 0 : misses + 1;
        if (w->up->once && (misses == 0 || misses >= RECONCILE_FAIL))
            return;
        /* The phase stays, however long a probe took; one that failed is asked sooner. */
        rt_time every = misses ? SERVICE_EVERY_FAILED_MS * RT_MS : SERVICE_EVERY_MS * RT_MS;
        do
            due += every;
        while (due <= rt_now());
        if (rt_event_wait(&w->wake, due) == -ECANCELED)
            return;
    }
    send_sample(w, w->dropped ? SAMPLE_FORGET : SAMPLE_GONE, NULL);
}

static void watcher_main(void *arg)
{
    struct watcher *w = arg;
    struct probe_result r = {.arena = ARENA(MEM_APP, 0)};
    int code = service_identify(w->up->observer, &w->service);
    /* One that is closed to us is none of our business. */
    if (code == 0 && send_sample(w, SAMPLE_FOUND, NULL) == 0)
        watch_service(w, &r);
    arena_done(&r.arena);
    list_remove(&w->link);
    mem_free(MEM_APP, w);
}

/* ---- discover ---- */

static void on_found(void *ctx, struct service *s)
{
    struct up *u = ctx;
    struct watcher *w = mem_alloc(MEM_APP, sizeof(*w));
    w->up = u;
    w->service = *s;
    list_push_back(&u->watching, &w->link);
    if (rt_go(&u->watchers, watcher_main, w) < 0) {
        list_remove(&w->link);
        mem_free(MEM_APP, w);
    }
}

static void on_gone(void *ctx, struct service *s)
{
    struct up *u = ctx;
    list_each (it, &u->watching) {
        struct watcher *w = list_entry(it, struct watcher, link);
        if (strcmp(w->service.asset, s->asset) != 0 || strcmp(w->service.address, s->address) != 0)
            continue;
        w->gone = true;
        rt_event_set(&w->wake);
    }
}

/* What was discovered is forgotten: a later reading finds all of it anew. */
static void drop_discovered(struct up *u)
{
    list_each (it, &u->watching) {
        struct watcher *w = list_entry(it, struct watcher, link);
        w->gone = w->dropped = true;
        rt_event_set(&w->wake);
    }
    discovery_free(u->discovery);
    u->discovery = discovery_new();
}

static void discover_main(void *arg)
{
    struct up *u = arg;
    rt_event_wait(&u->config_ready, RT_NEVER);
    bool found = false;
    for (int r = 0; r == 0;) {
        rt_event_clear(&u->config_read);
        if (!u->declares)
            r = discovery_read(u->discovery, on_found, on_gone, u, &u->err, RT_NEVER);
        else if (found)
            drop_discovered(u);
        found = !u->declares;
        if (u->once || (r < 0 && r != -ECANCELED))
            break;
        r = rt_event_wait(&u->config_read,
                          found ? up_next_whole(UP_DISCOVER_EVERY_MS * RT_MS) : RT_NEVER);
        r = r == -ETIMEDOUT ? 0 : r;
    }
    /* --once ends when every service has been asked; an unreadable /proc ends it at once. */
    if (rt_group_wait(&u->watchers, RT_NEVER) == 0)
        rt_chan_close(&u->samples);
}

/* ---- reconcile ---- */

static struct reconcile_time time_now(void)
{
    return (struct reconcile_time){rt_now(), rt_wall_now()};
}

static void on_event(void *ctx, const struct event *e)
{
    struct up *u = ctx;
    struct event *copy = event_copy(e);
    if (u->keep)
        keep_event(u->keep, e);
    if (u->notify)
        notify_event(u->notify, e);
    if (rt_send(&u->events, copy, RT_NEVER) < 0)
        event_free(copy);
}

static void on_order(void *ctx, const struct repair_order *o)
{
    struct up *u = ctx;
    struct err err = {0};
    const struct asset *a = reconciler_find_key(u->assets, o->key);
    if (!o->notifies)
        repairs_order(u->repairs, o);
    /* That it is over is known by the asset's state. */
    else if (a && !o->rollback && notify_order(u->notify, o, a, &err) < 0 && u->app->logsink)
        log_warn(&u->app->log, "a receiver cannot be told", log_event("notify_refused"),
                 log_str("asset", o->key), log_str("remedy", o->remedy), log_err(&err));
}

static bool owns(void *ctx, const struct asset *a)
{
    struct up *u = ctx;
    return !u->owners_due && repairs_own(u->repairs, a);
}

static bool judges(void *ctx, const struct asset *a)
{
    struct up *u = ctx;
    return repairs_judge(u->repairs, a);
}

/* Where several planes look: what we see is told to them, and who asks what may have changed. */
static void after_take(struct up *u, const struct sample *s)
{
    struct views *v = repairs_views(u->repairs);
    if (!v)
        return;
    const struct asset *a = reconciler_find_in(u->assets, s->namespace_, s->asset);
    if (s->type == SAMPLE_BLIND || s->type == SAMPLE_SEES)
        views_note_all(v);
    else if (a && s->type != SAMPLE_VIEW)
        views_note(v, a);
    if ((s->type == SAMPLE_ASSET || s->type == SAMPLE_FOUND) && !u->place_due)
        u->place_due = rt_now() + UP_PLACE_AFTER_MS * RT_MS;
}

static void take(struct up *u, struct sample *s)
{
    /* As an earlier life, or another plane, left it: before it is known, it is brought back. */
    if (u->keep && (s->type == SAMPLE_ASSET || s->type == SAMPLE_FOUND))
        keep_restore(u->keep, s->namespace_, s->asset);
    int r = reconciler_take(u->assets, s, time_now());
    if (r == -ENOSPC && u->app->logsink)
        log_warn(&u->app->log, "a check is beyond the limits of assets and checks: not watched",
                 log_event("assets_limit"), log_str("asset", s->asset), log_str("check", s->check));
    if (u->keep)
        keep_sample(u->keep, s);
    after_take(u, s);
    sample_free(s);
}

static void place_checks(struct up *u)
{
    u->place_due = 0;
    up_place_checks(u);
    if (repairs_views(u->repairs))
        views_note_all(repairs_views(u->repairs));
}

/* First what another plane left: what we see ourselves comes on top of it. */
static void take_owners(struct up *u)
{
    u->owners_due = false;
    keep_owners(u->keep);
    place_checks(u);
    reconciler_resync(u->assets, time_now());
}

/* The reconciler says when it has something to do. What another plane says of its assets is put to
 * it by another task than this one, so where there are others it is asked again each second. */
static rt_time next_tick(const struct up *u)
{
    rt_time due = reconciler_due_ns(u->assets), latest = RT_NEVER;
    if (u->store && !repairs_alone(u->repairs))
        latest = up_next_whole(RT_SEC);
    if (u->place_due && u->place_due < due)
        due = u->place_due;
    return due < latest ? due : latest;
}

static void reconcile_main(void *arg)
{
    struct up *u = arg;
    for (;;) {
        struct sample *s;
        int r = rt_recv(&u->samples, &s, next_tick(u));
        if (r == 0 && s)
            take(u, s);
        else if (r == 0)
            take_owners(u);
        else if (r != -ETIMEDOUT)
            break;
        if (u->place_due && u->place_due <= rt_now())
            place_checks(u);
        if (reconciler_due_ns(u->assets) <= rt_now())
            reconciler_tick(u->assets, time_now());
    }
    rt_chan_close(&u->events);
}

/* Who owns what has changed: said to the one task that may ask reconcile for it. */
static void resync_main(void *arg)
{
    struct up *u = arg;
    while (rt_event_wait(&u->resync, RT_NEVER) == 0) {
        rt_event_clear(&u->resync);
        if (rt_send(&u->samples, NULL, RT_NEVER) < 0)
            return;
    }
}

/* ---- show ---- */

static int by_need(const void *a, const void *b)
{
    static const int order[ASSET_STATE_COUNT] = {
        [ASSET_FAILED] = 0,  [ASSET_DEGRADED] = 1, [ASSET_UNKNOWN] = 2,
        [ASSET_PENDING] = 3, [ASSET_HEALTHY] = 3,  [ASSET_MAINTENANCE] = 4,
    };
    const struct asset *x = *(const struct asset *const *)a, *y = *(const struct asset *const *)b;
    int d = order[x->state] - order[y->state];
    return d ? d : strverscmp(x->name, y->name);
}

const struct asset **up_sorted(const struct up *u, size_t *ret_count)
{
    size_t n = 0;
    const struct asset **list =
        mem_alloc(MEM_APP, (reconciler_count(u->assets) + 1) * sizeof(*list));
    for (const struct asset *a = NULL; (a = reconciler_next(u->assets, a));)
        list[n++] = a;
    qsort(list, n, sizeof(*list), by_need);
    *ret_count = n;
    return list;
}

static void show_event(struct up *u, const struct event *e, struct buf *json)
{
    struct buf *out = out_begin(&u->out);
    buf_clear(json);
    event_write(e, json);
    if (u->form == CLI_FORM_NAME)
        buf_printf(out, "asset/%s\n", e->asset);
    else if (u->form == CLI_FORM_JSONPATH)
        cli_jsonpath_print(cli_jsonpath_of(u->app->parsed.globals.output), buf_slice(json), out,
                           NULL); /* a small document: it cannot find too much */
    else
        cli_list_item(u->form == CLI_FORM_YAML ? CLI_FORM_YAML : CLI_FORM_JSONL, buf_slice(json),
                      false, out);
    out_end(&u->out);
}

static void show_events(struct up *u)
{
    struct event *e;
    struct buf json = BUF(MEM_APP, 0);
    while (rt_recv(&u->events, &e, RT_NEVER) == 0) {
        show_event(u, e, &json);
        event_free(e);
    }
    buf_done(&json);
}

static void drop_events(struct up *u)
{
    struct event *e;
    while (rt_recv(&u->events, &e, RT_NEVER) == 0)
        event_free(e);
}

static void print_table(struct up *u, const struct asset **list, size_t count, struct buf *out)
{
    enum { COLUMNS = 160 };
    struct asset_table t = {
        .columns = COLUMNS, .color = u->app->color_out, .wall_ns = rt_wall_now()};
    asset_table_plan(&t, list, count);
    asset_table_head(&t, out);
    for (size_t i = 0; i < count; i++)
        asset_table_row(&t, list[i], out);
}

static bool any_failed(const struct asset *a)
{
    bool any = a->state == ASSET_FAILED;
    for (uint32_t i = 0; i < a->check_count; i++)
        any |= a->checks[i].known && !a->checks[i].ok;
    return any;
}

/* Everything at once, so the list may as well be asked for its values. */
static void print_assets(struct up *u)
{
    size_t count;
    const struct asset **list = up_sorted(u, &count);
    struct buf text = BUF(MEM_APP, 0), json = BUF(MEM_APP, 0), *out = &text;
    cli_list_begin(u->form, out);
    if (u->form == CLI_FORM_TABLE)
        print_table(u, list, count, out);
    for (size_t i = 0; i < count; i++) {
        if (any_failed(list[i]))
            u->status = EXIT_NO;
        buf_clear(&json);
        asset_write(list[i], rt_wall_now() - rt_now(), &json);
        if (u->form == CLI_FORM_NAME)
            buf_printf(out, "asset/%s\n", list[i]->name);
        else if (u->form != CLI_FORM_TABLE)
            cli_list_item(u->form, buf_slice(&json), i == 0, out);
    }
    cli_list_end(u->form, 0, out);
    struct buf *to = out_begin(&u->out);
    if (u->form == CLI_FORM_JSONPATH)
        cli_jsonpath_print(cli_jsonpath_of(u->app->parsed.globals.output), buf_slice(&text), to,
                           &u->err);
    else
        buf_append_slice(to, buf_slice(&text));
    out_end(&u->out);
    buf_done(&text);
    buf_done(&json);
    mem_free(MEM_APP, list);
}

static void show_main(void *arg)
{
    struct up *u = arg;
    if (u->once) {
        drop_events(u);
        if (!rt_cancelled() && u->err.code == 0)
            print_assets(u);
    } else if (u->form == CLI_FORM_TABLE && u->app->out_terminal) {
        up_screen(u);
    } else {
        show_events(u);
    }
    rt_group_cancel(&u->main);
}

/* ---- putting it together ---- */

static void on_output_error(void *ctx, int code)
{
    struct up *u = ctx;
    if (code != -EPIPE)
        err_sys(&u->err, code, "write to standard output");
    rt_group_cancel(&u->main);
}

/* Every stage of `up`: each a task until it is cancelled. */
static void recent_stage(void *arg)
{
    recent_main(((struct up *)arg)->recent);
}

static const struct stage {
    rt_fn *fn;
    bool of_registry; /* it gets u->registry, else u itself */
    bool on_store;    /* not with --once */
} stages[] = {
    {reconcile_main, false, false},     {show_main, false, false},
    {registry_act_main, true, false},   {up_config_main, false, false},
    {discover_main, false, false},      {registry_sync_main, true, true},
    {registry_follow_main, true, true}, {people_main, false, true},
    {resync_main, false, true},         {sight_main, false, true},
    {recent_stage, false, false},
};

static int start_stages(struct up *u)
{
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(stages) && r == 0; i++)
        if (u->store || !stages[i].on_store)
            r = rt_go(&u->stages, stages[i].fn, stages[i].of_registry ? (void *)u->registry : u);
    if (r == 0 && u->beats)
        r = rt_go(&u->stages, beats_main, u->beats);
    struct views *v = repairs_views(u->repairs);
    if (r == 0 && v)
        r = rt_go(&u->stages, views_say_main, v);
    if (r == 0 && v)
        r = rt_go(&u->stages, views_hear_main, v);
    return r;
}

/* Lives in u->main, so that cancelling that ends every wait below. */
static void stages_main(void *arg)
{
    struct up *u = arg;
    rt_group_init(&u->stages, "stages");
    rt_group_init(&u->watchers, "watchers");
    int r = start_stages(u);
    if (r < 0)
        err_set(&u->err, r, "no memory for the first tasks");
    else
        rt_group_wait(&u->stages, RT_NEVER);
    rt_group_cancel(&u->stages);
    rt_group_cancel(&u->watchers);
    /* In this order: a reading of the listeners that is under way is waited for, and starts a
     * watcher, be it a cancelled one, for each that it found. */
    rt_group_done(&u->stages);
    rt_group_done(&u->watchers);
    up_declared_done(u);
}

static void drain(struct up *u)
{
    struct sample *s;
    struct event *e;
    rt_chan_close(&u->samples);
    rt_chan_close(&u->events);
    while (rt_recv(&u->samples, &s, RT_NEVER) == 0)
        sample_free(s);
    while (rt_recv(&u->events, &e, RT_NEVER) == 0)
        event_free(e);
    rt_chan_done(&u->samples);
    rt_chan_done(&u->events);
}

static void end_recent(struct up *u)
{
    scrapes_free(u->scrapes);
    queries_free(u->queries);
    recent_free(u->recent);
    u->scrapes = NULL;
    u->queries = NULL;
    u->recent = NULL;
}

static void run_stages(struct up *u)
{
    struct rt_group helpers;
    rt_group_init(&helpers, "up");
    rt_group_init(&u->main, "up");
    u->interrupt.cancels = &u->main;
    rt_chan_init(&u->samples, UP_SAMPLES_MAX, "samples");
    rt_chan_init(&u->events, UP_EVENTS_MAX, "events");
    list_init(&u->watching);
    list_init(&u->asking);
    list_init(&u->remembering);
    u->registry = registry_new(u);
    u->recent = recent_new();
    u->scrapes = scrapes_new(u, u->recent);
    u->queries = queries_new(u->recent, u->scrapes, &u->config_ready);
    observer_pool_init(&u->observers);
    u->local = local_host_new();
    int r = out_open(&u->out, on_output_error, u);
    if (r == 0)
        r = rt_go(&helpers, rt_interrupt_watch, &u->interrupt);
    if (r == 0)
        r = rt_go(&u->main, stages_main, u);
    if (r < 0)
        err_set(&u->err, r, "no memory for the first tasks");
    rt_group_wait(&u->main, RT_NEVER);
    out_close(&u->out); /* a write that fails now cancels the group, too */
    rt_group_done(&u->main);
    rt_group_done(&helpers);
    registry_free(u->registry);
    u->registry = NULL;
    end_recent(u);
    local_host_free(u->local);
    u->local = NULL;
    drain(u);
}

static bool precondition(void *ctx, const struct asset *a, const struct remedy *m,
                         const char **ret_why)
{
    struct up *u = ctx;
    return u->queries && queries_precondition(u->queries, a, m, ret_why);
}

static void up_main(void *arg)
{
    struct up *u = arg;
    struct reconcile_options options = {
        .seed = {rt_random(), rt_random()},
        .on_event = on_event,
        .precondition = precondition,
        .ctx = u,
    };
    if (!u->once) {
        options.owner = u->node;
        options.on_order = on_order;
        options.owns = owns;
        options.judges = judges;
    }
    if (observer_open(&u->spec, &u->observer, &u->err) < 0)
        return;
    u->discovery = discovery_new();
    u->assets = reconciler_new(&options);
    if (u->once || up_serve(u) == 0)
        run_stages(u);
    up_serve_end(u);
    reconciler_free(u->assets);
    discovery_free(u->discovery);
    observer_close(u->observer);
}

void up_notice(struct up *u, const char *text)
{
    mem_free(MEM_APP, u->notice);
    u->notice = text ? mem_strdup(MEM_APP, slice_from(text)) : NULL;
}

/* Reads the first configuration; one with faults is none. Returns the exit status. */
static int read_config(struct up *u, const struct up_options *o)
{
    app_config_options(u->app, &o->paths, &o->settings, &o->vars, &u->options);
    app_config_flag(&u->options, "--store", "store.url", o->store);
    u->reloader.options = &u->options;
    u->reloader.current = app_config_load(&u->options);
    int status = app_config_report(u->app, u->reloader.current);
    if (status == EXIT_WELL)
        config_canonicalize(&u->reloader.current->arena, config_schema.root,
                            u->reloader.current->root, false);
    return status;
}

/* As the configuration says, in which flags have won already. */
static int up_log_open(struct up *u, bool screen)
{
    struct config_object root = config_object_root(u->reloader.current->root);
    struct config_object section = config_struct(&root, "log");
    struct slice format = config_string(&section, "format");
    if (format.size)
        u->app->parsed.globals.log_format = arena_strdup(&u->app->arena, format);
    int status = app_log_open(u->app, screen);
    if (status == EXIT_WELL)
        app_log_levels(u->app, &section);
    return status;
}

static const char *kept_text(struct up *u, struct slice text)
{
    return text.size ? arena_strdup(&u->app->arena, text) : NULL;
}

/* The store stays the one of the start: a change of these is said, and waits for the next one. */
static int read_store(struct up *u, const struct up_options *o)
{
    struct config_object root = config_object_root(u->reloader.current->root);
    struct config_object section = config_struct(&root, "store");
    u->place = (struct store_place){
        .url = kept_text(u, config_string(&section, "url")),
        .prefix = kept_text(u, config_string(&section, "prefix")),
        .said = o->store ? "--store" : "store.url",
        .argument = o->store != NULL,
    };
    u->lease_ttl_ns = config_duration(&section, "lease_ttl");
    struct buf name = BUF(MEM_APP, 0);
    int r = o->node ? 0 : host_name(&name);
    u->node = o->node ? o->node : arena_strdup(&u->app->arena, buf_slice(&name));
    buf_done(&name);
    if (r < 0)
        err_sys(&u->err, r, "the host's name: say --node NAME");
    else if (!kind_name_ok(slice_from(u->node)))
        r = err_set(&u->err, -EINVAL,
                    "--node: '%.150s' is no name: letters, digits and -_.: make one, up to %d",
                    u->node, KIND_NAME_BYTES_MAX);
    return r < 0 ? app_fail(u->app, EXIT_USAGE, &u->err) : EXIT_WELL;
}

int app_up(struct app *app)
{
    const struct up_options *o = app->parsed.values;
    mem_one_heap();
    struct up *u = mem_alloc(MEM_APP, sizeof(*u));
    u->app = app;
    u->once = o->once;
    u->form = cli_form_of(app->parsed.globals.output,
                          app->out_terminal ? CLI_FORM_TABLE : CLI_FORM_JSONL);
    /* Whatever answers is there: that a front page wants a password, or is not found, is how a
     * stranger sees many a healthy service. */
    u->spec = (struct probe_spec){
        .timeout_ns = SERVICE_TIMEOUT_MS * RT_MS,
        .method = "GET",
        .status = SLICE("100-499"),
        .insecure = true,
        .days_left_min = INT32_MIN,
    };
    bool screen = !u->once && u->form == CLI_FORM_TABLE && app->out_terminal;
    int status = read_config(u, o);
    if (status == EXIT_WELL)
        status = up_log_open(u, screen);
    if (status == EXIT_WELL)
        status = read_store(u, o);
    if (status == EXIT_WELL && !u->once)
        status = scheduler_prepare(u, o->roles, &o->labels);
    if (status == EXIT_WELL)
        status = app_run(app, 1, up_main, u);
    if (status == EXIT_WELL)
        status = u->err.code           ? app_fail(app, EXIT_UNREACHABLE, &u->err)
                 : u->interrupt.signal ? EXIT_SIGNAL + u->interrupt.signal
                                       : u->status;
    config_free(u->reloader.current);
    probe_counts_done(&u->probe_counts);
    scheduler_free(u->scheduler);
    up_notice(u, NULL);
    mem_free(MEM_APP, u);
    return status;
}
