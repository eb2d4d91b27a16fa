#include "config/reload.h"

#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "config/canonical.h"
#include "rt/signal.h"
#include "rt/watch.h"

struct watching {
    struct config_reloader *reloader;
    const char *path; /* a copy: the configuration that named it may go first */
};

/* ---- what asks for a reload ---- */

static void watch_main(void *arg)
{
    struct watching *w = arg;
    struct config_reloader *r = w->reloader;
    struct rt_watch *watch;
    int code = rt_watch_open(w->path, &watch, RT_NEVER);
    if (code == 0) {
        rt_event_set(&r->changed); /* it may have changed since it was read */
        while ((code = rt_watch_wait(watch, RT_NEVER)) == 0)
            rt_event_set(&r->changed);
        rt_watch_close(watch);
    }
    if (code != -ECANCELED && r->on_unwatched)
        r->on_unwatched(r->ctx, w->path, code);
    mem_free(MEM_CONFIG, (char *)(uintptr_t)w->path);
    mem_free(MEM_CONFIG, w);
}

static void signal_main(void *arg)
{
    static const int signals[] = {SIGHUP, 0};
    struct config_reloader *r = arg;
    struct rt_signals *s;
    if (rt_signals_open(signals, &s) < 0)
        return; /* the files are watched all the same */
    while (rt_signals_wait(s, RT_NEVER) > 0) {
        r->hangup = true;
        rt_event_set(&r->changed);
    }
    rt_signals_close(s);
}

static void watch_one(struct config_reloader *r, struct rt_group *g, const char *path)
{
    struct watching *w = mem_alloc(MEM_CONFIG, sizeof(*w));
    *w = (struct watching){r, mem_strdup(MEM_CONFIG, slice_from(path))};
    int code = rt_go(g, watch_main, w);
    if (code == 0)
        return;
    if (r->on_unwatched)
        r->on_unwatched(r->ctx, path, code);
    mem_free(MEM_CONFIG, (char *)(uintptr_t)w->path);
    mem_free(MEM_CONFIG, w);
}

static void watch_all(struct config_reloader *r, struct rt_group *g, const struct config *c)
{
    for (size_t i = 0; i < c->watched_count && i < RELOAD_WATCHED_MAX; i++)
        watch_one(r, g, c->watched[i]);
}

static bool same_paths(const struct config *a, const struct config *b)
{
    if (a->watched_count != b->watched_count)
        return false;
    for (size_t i = 0; i < a->watched_count; i++)
        if (strcmp(a->watched[i], b->watched[i]) != 0)
            return false;
    return true;
}

/* ---- reloading ---- */

static void load(void *arg)
{
    struct config_reloader *r = arg;
    r->fresh = config_load(r->options);
    if (r->fresh->faults.count)
        return;
    config_canonicalize(&r->fresh->arena, config_schema.root, r->fresh->root, false);
    r->changes = config_diff(&r->fresh->arena, r->current->root, r->fresh->root);
}

/* Until nothing changes any more. Returns 0 or -ECANCELED. */
static int settle(struct config_reloader *r)
{
    rt_time end = rt_now() + RELOAD_QUIET_MS_MAX * RT_MS;
    int code = 0;
    while (code == 0 && !r->hangup && rt_now() < end) {
        rt_event_clear(&r->changed);
        code = rt_event_wait(&r->changed, rt_now() + RELOAD_QUIET_MS * RT_MS);
    }
    return code == -ETIMEDOUT ? 0 : code;
}

static bool has_empty_file(const struct config *c)
{
    for (uint32_t i = 0; i < c->sources.count; i++)
        if (c->sources.items[i].kind == SOURCE_FILE && c->sources.items[i].text.size == 0)
            return true;
    return false;
}

/* Somebody may have emptied a file to write it anew: who took that for a configuration would stop
 * all that it declares. Returns 0 or -ECANCELED. */
static int load_settled(struct config_reloader *r)
{
    bool asked = r->hangup;
    int code = settle(r);
    rt_event_clear(&r->changed);
    r->hangup = false;
    if (code == 0)
        code = rt_offload(load, r, RT_NEVER);
    if (code < 0 || asked || r->fresh->faults.count || !has_empty_file(r->fresh) ||
        has_empty_file(r->current))
        return code;
    config_free(r->fresh);
    code = rt_event_wait(&r->changed, rt_now() + RELOAD_EMPTY_MS_MAX * RT_MS);
    if (code == 0)
        code = settle(r);
    rt_event_clear(&r->changed);
    r->hangup = false;
    return code < 0 && code != -ETIMEDOUT ? code : rt_offload(load, r, RT_NEVER);
}

/* Returns 0 or -ECANCELED. */
static int reload(struct config_reloader *r, struct rt_group *watches)
{
    struct config *old = r->current;
    int code = load_settled(r);
    if (code < 0)
        return code;
    struct config *fresh = r->fresh;
    if (fresh->faults.count && !fault_mutant("config_faulty_swapped")) {
        if (r->on_faults)
            r->on_faults(r->ctx, fresh);
        config_free(fresh);
        return 0;
    }
    if (!same_paths(old, fresh)) {
        rt_group_cancel(watches);
        rt_group_done(watches);
        rt_group_init(watches, "config watch");
        watch_all(r, watches, fresh);
    }
    r->current = fresh;
    if (r->on_swap)
        r->on_swap(r->ctx, old, fresh, r->changes);
    config_free(old);
    return 0;
}

void config_reloader_run(void *arg)
{
    struct config_reloader *r = arg;
    struct rt_group watches;
    rt_group_init(&r->group, "config");
    rt_group_init(&watches, "config watch");
    watch_all(r, &watches, r->current);
    int code = rt_go(&r->group, signal_main, r);
    while (code == 0) {
        code = rt_event_wait(&r->changed, RT_NEVER);
        if (code == 0)
            code = reload(r, &watches);
    }
    rt_group_done(&watches);
    rt_group_done(&r->group);
}
