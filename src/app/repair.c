#include "app/repair.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/up_declared.h"
#include "wire/action_json.h"

struct repairs {
    struct up *up;
    struct plane *plane; /* NULL: nobody else can be on the store */
    struct views *views; /* NULL as well */
    struct repair_orders *orders;
};

/* ---- an order as a task ---- */

/* What a restart, a patch and the like touch is on the host that sees it: ours. */
static bool stays_here(const struct task *t)
{
    return t->kind == ACTION_RESTART || t->kind == ACTION_PATCH;
}

static struct slice text_of(struct arena *a, const char *name, const char *value)
{
    return slice_from(arena_printf(a, "%s=%s", name, value));
}

/* A program that is run learns which story it stands in; TRACEPARENT is what tracing libraries
 * read. */
static void add_environment(const struct repair_order *o, const struct asset *x, struct arena *a,
                            struct task *t)
{
    enum { MORE = 8 };
    struct slice *env = arena_alloc_array(a, t->env_count + MORE, sizeof(*env));
    if (t->env_count)
        memcpy(env, t->env, t->env_count * sizeof(*env));
    env[t->env_count++] = text_of(a, "FIREBREAK_ASSET", o->asset);
    env[t->env_count++] = text_of(a, "FIREBREAK_NAMESPACE", o->namespace_);
    if (o->standby[0])
        env[t->env_count++] = text_of(a, "FIREBREAK_STANDBY", o->standby);
    if (x) {
        env[t->env_count++] = text_of(a, "FIREBREAK_STATE", asset_state_name(x->state));
        env[t->env_count++] = text_of(a, "FIREBREAK_REASON", x->reason);
    }
    env[t->env_count++] = text_of(a, "FIREBREAK_REMEDY", o->remedy);
    env[t->env_count++] = text_of(a, "FIREBREAK_TRACE_ID", o->trace_id);
    env[t->env_count++] =
        slice_from(arena_printf(a, "TRACEPARENT=00-%s-%.16s-01", o->trace_id, o->trace_id));
    t->env = env;
}

static int make(void *ctx, const struct repair_order *o, struct arena *a, struct task *ret,
                struct err *err)
{
    struct repairs *r = ctx;
    struct slice json = {arena_strdup(a, slice_from(o->action)), strlen(o->action)};
    ret->namespace_ = slice_from(arena_strdup(a, slice_from(o->namespace_)));
    ret->created_by = slice_from(arena_printf(a, "remedy %s", o->remedy));
    int code = action_read(json, a, ret, err);
    if (code < 0)
        return code;
    if (stays_here(ret))
        ret->node = slice_from(r->up->node);
    add_environment(o, reconciler_find_key(r->up->assets, o->key), a, ret);
    return 0;
}

/* ---- what becomes of it ---- */

static void on_task(void *ctx, const struct repair_order *o, const char *task,
                    enum task_state state, bool unbegun, const char *error)
{
    struct repairs *r = ctx;
    struct sample *s = sample_new(SAMPLE_TASK);
    snprintf(s->asset, sizeof(s->asset), "%s", o->asset);
    snprintf(s->namespace_, sizeof(s->namespace_), "%s", o->namespace_);
    s->dedup_key = arena_strdup(&s->arena, slice_from(o->dedup_key));
    s->task = task ? arena_strdup(&s->arena, slice_from(task)) : NULL;
    s->task_state = state;
    s->task_unbegun = unbegun;
    s->task_error = error ? arena_strdup(&s->arena, slice_from(error)) : NULL;
    if (rt_send(&r->up->samples, s, RT_NEVER) < 0) {
        sample_free(s);
        return;
    }
    if (task && task_state_final(state)) /* behind its sample: these answers may verify it */
        up_ask_repaired(r->up, o->namespace_, o->asset);
}

/* ---- the whole of it ---- */

static void on_planes(void *ctx)
{
    struct repairs *r = ctx;
    r->up->owners_due = true;
    rt_event_set(&r->up->resync);
}

static void on_seen(void *ctx, struct sample *s)
{
    struct up *u = ctx;
    if (rt_send(&u->samples, s, RT_NEVER) < 0)
        sample_free(s);
}

struct repairs *repairs_new(struct up *u)
{
    struct repairs *r = mem_alloc(MEM_APP, sizeof(*r));
    r->up = u;
    if (strcmp(store_backend_name(u->store), "sqlite") != 0)
        r->plane = plane_new(&(struct plane_options){
            .store = u->store,
            .node = slice_from(u->node),
            .lease_ttl_ms = u->lease_ttl_ns / RT_MS,
            .on_change = on_planes,
            .ctx = r,
        });
    if (r->plane)
        r->views = views_new(&(struct views_options){.store = u->store,
                                                     .plane = r->plane,
                                                     .assets = u->assets,
                                                     .on_sample = on_seen,
                                                     .ctx = u});
    r->orders = repair_orders_new(&(struct repair_orders_options){
        .store = u->store, .plane = r->plane, .make = make, .on_task = on_task, .ctx = r});
    return r;
}

int repairs_start(struct repairs *r, struct rt_group *group)
{
    int code = r->plane ? rt_go(group, plane_main, r->plane) : 0;
    return code < 0 ? code : rt_go(group, repair_orders_main, r->orders);
}

void repairs_order(struct repairs *r, const struct repair_order *o)
{
    if (repair_orders_put(r->orders, o) < 0 && r->up->app->logsink)
        log_error(&r->up->app->log, "too many repairs wait for the store: this one waits longer",
                  log_event("repair_limit"), log_str("asset", o->key),
                  log_str("remedy", o->remedy));
}

const char *repairs_owner(const struct repairs *r, const struct asset *a)
{
    char share[RECONCILE_SHARE_BYTES_MAX];
    return r->plane ? plane_owner(r->plane, reconciler_share_of(a, share)) : r->up->node;
}

bool repairs_own(const struct repairs *r, const struct asset *a)
{
    char share[RECONCILE_SHARE_BYTES_MAX];
    return !r->plane || plane_owns(r->plane, reconciler_share_of(a, share));
}

bool repairs_judge(const struct repairs *r, const struct asset *a)
{
    char share[RECONCILE_SHARE_BYTES_MAX];
    return !r->plane || !a->declared || plane_judges(r->plane, reconciler_share_of(a, share));
}

bool repairs_look(const struct repairs *r, const struct asset *a, uint32_t observers)
{
    char share[RECONCILE_SHARE_BYTES_MAX];
    return !r->plane || plane_looks(r->plane, reconciler_share_of(a, share), observers);
}

struct views *repairs_views(const struct repairs *r)
{
    return r ? r->views : NULL;
}

bool repairs_guard(const struct repairs *r, struct store_compare *ret)
{
    return r->plane && plane_guard(r->plane, ret);
}

bool repairs_ready(const struct repairs *r)
{
    struct store_compare guard;
    return !r->plane || plane_guard(r->plane, &guard);
}

bool repairs_alone(const struct repairs *r)
{
    return !r->plane;
}

uint32_t repairs_waiting(const struct repairs *r)
{
    return repair_orders_waiting(r->orders);
}

void repairs_free(struct repairs *r)
{
    if (!r)
        return;
    repair_orders_free(r->orders);
    views_free(r->views);
    plane_free(r->plane);
    mem_free(MEM_APP, r);
}
