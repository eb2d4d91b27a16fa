#include "app/remember.h"

#include <errno.h>

#include "app/scheduler.h"
#include "app/up.h"

enum {
    EVERY_MS = 10 * 1000, /* it is looked for, beside what its end and beginning tell */
    YOUNG_MS = 1500,      /* until one that has just begun is looked at again */
    WORKFLOW_DEPTH_MAX = 4,
};

struct remembering {
    struct list link;
    struct up *up;
    char *remedy; /* "namespace/name" */
    char *process;
    struct local_spec spec;
    struct rt_event wake;
    bool ends, told;
};

bool remember_process(struct up *u, const char *name, const struct host_process *p,
                      enum act_known by, bool *told)
{
    struct act *act = scheduler_act(u->scheduler);
    struct host_process seen = *p; /* whose it is may change while we wait */
    struct err err = {0};
    int r = act ? act_remember(act, name, &seen, by, &err, RT_NEVER) : 1;
    if (r < 0 && r != -ECANCELED && r != -ESRCH && !*told && u->app->logsink)
        log_warn(&u->app->log, "how a process was started cannot be remembered",
                 log_event("process_not_remembered"), log_str("process", name), log_err(&err));
    *told = r < 0;
    return r == 1;
}

/* ---- of remedies ---- */

static void remembering_free(struct remembering *m)
{
    list_remove(&m->link);
    mem_free(MEM_APP, m->remedy);
    mem_free(MEM_APP, m->process);
    mem_free(MEM_APP, m);
}

static void on_push(void *ctx)
{
    struct remembering *m = ctx;
    rt_event_set(&m->wake);
}

static void look_again_and_again(struct remembering *m, struct local_check *c,
                                 struct probe_result *r)
{
    while (!m->ends) {
        const char *word;
        local_check_look(c, r, &word);
        const struct host_process *p = local_check_process(c);
        bool known = !p || remember_process(m->up, m->process, p, ACT_BY_NAME, &m->told);
        rt_time pause = (known ? EVERY_MS : YOUNG_MS) * RT_MS;
        if (m->ends || rt_event_wait(&m->wake, rt_now() + pause) == -ECANCELED)
            return;
        if (!m->ends)
            rt_event_clear(&m->wake);
    }
}

static void remember_main(void *arg)
{
    struct remembering *m = arg;
    struct probe_result r = {.arena = ARENA(MEM_APP, 0)};
    struct local_check *c = NULL;
    if (!m->ends && local_check_open(m->up->local, &m->spec, on_push, m, &c, NULL) == 0)
        look_again_and_again(m, c, &r);
    local_check_close(c);
    arena_done(&r.arena);
    remembering_free(m);
}

static void begin(struct up *u, const char *remedy, struct slice process)
{
    struct remembering *m = mem_alloc(MEM_APP, sizeof(*m));
    m->up = u;
    m->remedy = mem_strdup(MEM_APP, slice_from(remedy));
    m->process = mem_strdup(MEM_APP, process);
    m->spec = (struct local_spec){
        .kind = LOCAL_PROCESS, .name = m->process, .timeout_ns = EVERY_MS * RT_MS};
    list_push_back(&u->remembering, &m->link);
    if (rt_go(&u->watchers, remember_main, m) < 0)
        remembering_free(m);
}

/* Every process that an action restarts, in the steps of a workflow, too. */
static void begin_all(struct up *u, const char *remedy, const struct config_object *action,
                      int depth)
{
    const struct schema_field *choice = config_choice(action);
    if (!choice || depth == WORKFLOW_DEPTH_MAX)
        return;
    struct config_object what = config_struct(action, choice->key), step = {0};
    if (slice_eq_cstr(slice_from(choice->key), "restart") && config_has(&what, "process"))
        begin(u, remedy, config_string(&what, "process"));
    if (!slice_eq_cstr(slice_from(choice->key), "workflow"))
        return;
    while (config_next_object(&what, "steps", &step)) {
        struct config_object does = config_struct(&step, "do");
        begin_all(u, remedy, &does, depth + 1);
    }
}

static void end(struct up *u, const char *remedy)
{
    list_each(it, &u->remembering)
    {
        struct remembering *m = list_entry(it, struct remembering, link);
        if (!m->ends && slice_eq_cstr(slice_from(remedy), m->remedy)) {
            m->ends = true;
            rt_event_set(&m->wake);
        }
    }
}

void remember_remedy(struct up *u, const struct config_object *remedy)
{
    struct arena a = ARENA(MEM_APP, 0);
    const char *name = arena_printf(&a, "%.*s/%.*s", SLICE_ARG(config_string(remedy, "namespace")),
                                    SLICE_ARG(config_string(remedy, "name")));
    struct config_object does = config_struct(remedy, "do");
    end(u, name);
    if (scheduler_act(u->scheduler))
        begin_all(u, name, &does, 0);
    arena_done(&a);
}

void remember_remedy_end(struct up *u, struct slice namespace_, struct slice name)
{
    struct arena a = ARENA(MEM_APP, 0);
    end(u, arena_printf(&a, "%.*s/%.*s", SLICE_ARG(namespace_), SLICE_ARG(name)));
    arena_done(&a);
}

void remember_done(struct up *u)
{
    while (!list_empty(&u->remembering))
        remembering_free(list_entry(u->remembering.next, struct remembering, link));
}
