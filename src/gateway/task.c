#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "gateway/inside.h"
#include "store/tasks.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

static struct tasks_at where(struct request *q)
{
    return (struct tasks_at){.store = q->g->options.store};
}

static struct slice who(struct request *q)
{
    struct rt_cred peer;
    if (exchange_peer(q->x, &peer) < 0)
        return SLICE("unknown");
    return slice_from(arena_printf(&q->arena, "uid %u", peer.uid));
}

static void write_waiting(const struct waiting *x, struct json_writer *w)
{
    enum { NS_OF_MS = 1000 * 1000 };
    char text[LOG_TIME_BYTES];
    json_key(w, "waiting");
    json_object_open(w);
    json_key(w, "reason");
    json_cstr(w, waiting_name(x->reason));
    json_key(w, "for");
    json_string(w, x->what);
    json_key(w, "since");
    log_format_time(x->since_ms * NS_OF_MS, text);
    json_string(w, (struct slice){text, sizeof(text)});
    json_object_close(w);
}

/* Where the store does not say it, it is not told. */
static const struct waiting_view *view_of(struct request *q)
{
    if (!q->waits) {
        struct err err = {0};
        q->waits = arena_new(&q->arena, struct waiting_view);
        (void)waiting_look(q->g->options.store, (struct slice){NULL, 0}, &q->arena, q->waits, &err,
                           gateway_soon());
        q->waits->rate = q->g->options.rate;
        q->waits->rate_ctx = q->g->options.ctx;
    }
    return q->waits;
}

void task_tell(struct request *q, const struct resource *r, struct json_writer *w)
{
    struct arena arena = ARENA(MEM_GATEWAY, 0);
    struct task t = {.state = TASK_SUCCEEDED};
    json_object_open(w);
    for (const struct json_value *m = r->spec->first; m; m = m->next) {
        json_key_slice(w, m->key);
        json_tree(w, m);
    }
    if (task_read(r->declared.value, &arena, &t, NULL) == 0 && t.state <= TASK_ASSIGNED &&
        view_of(q)->seen) {
        struct waiting x = waiting_of(q->waits, &t, &arena, rt_wall_now() / RT_MS);
        write_waiting(&x, w);
    }
    json_object_close(w);
    arena_done(&arena);
}

static void answer_task(struct request *q, uint16_t status, struct slice name)
{
    struct slice none = {NULL, 0};
    struct slice key = task_key(&q->arena, none, TASK_KEY_TASK, name, none);
    struct resource x = {.name = name};
    int r = store_get(q->g->options.store, key, &q->arena, &x.declared, &q->err, gateway_soon());
    if (r < 0) {
        answer_store_error(q, r);
    } else if (x.declared.version == 0) {
        answer_problem(q, 404, "not_found", "name", "there is no task '%.*s'", SLICE_ARG(name));
    } else if (resource_parse(&x, &q->arena, &key, &q->err) < 0) {
        answer_problem(q, 500, "bad_value", NULL, "%s", q->err.text);
    } else {
        struct buf json = BUF(MEM_GATEWAY, 0);
        struct json_writer w;
        json_begin(&w, &json, 0);
        task_tell(q, &x, &w);
        json_end(&w);
        answer_json(q, status, &json);
        buf_done(&json);
    }
}

/* What is said of a task together has to fit, as in a configuration. */
static int check(const struct json_value *said, const struct task *t, const char **ret_field,
                 struct err *err)
{
    int r = tasks_check(t, ret_field, err);
    if (r < 0)
        return r;
    if (!json_get(said, "timeout_ms") || !json_get(said, "deadline_ms") || !t->deadline_ms ||
        t->timeout_ms <= t->deadline_ms)
        return 0;
    *ret_field = "timeout_ms";
    return err_set(err, -EINVAL, "timeout_ms is longer than deadline_ms (%lld): its deadline would "
                   "end it before", (long long)t->deadline_ms);
}

static void submit(struct request *q)
{
    const struct json_value *v = NULL;
    struct buf field = BUF(MEM_GATEWAY, 0);
    struct slice text, name;
    struct task t;
    bool new;
    if (body_read(q, &text, &v) < 0)
        return;
    struct tasks_at at = where(q);
    const char *wrong = NULL;
    int r = task_read_wanted(v, &q->arena, &t, &field, &q->err);
    if (r == 0 && (r = check(v, &t, &wrong, &q->err)) < 0 && wrong)
        buf_append_cstr(&field, wrong);
    if (r == 0) {
        t.created_by = who(q);
        r = tasks_submit(&at, &t, &q->arena, &name, &new, &q->err, gateway_soon());
    }
    if (r == 0)
        answer_task(q, new ? 201 : 200, name);
    else if (r == -EBADMSG || r == -EINVAL || r == -ENOTSUP || r == -EMSGSIZE)
        answer_problem(q, 400, "bad_value", field.size ? field.data : NULL, "%s", q->err.text);
    else
        answer_store_error(q, r);
    buf_done(&field);
}

static void do_verb(struct request *q, enum tasks_verb verb, struct slice name)
{
    struct tasks_at at = where(q);
    int r = tasks_do(&at, verb, name, who(q), &q->err, gateway_soon());
    if (r == 0)
        answer_task(q, 200, name);
    else if (r == -ENOENT)
        answer_problem(q, 404, "not_found", "name", "%s", q->err.text);
    else if (r == -EALREADY)
        answer_problem(q, 409, "conflict", "state", "%s", q->err.text);
    else
        answer_store_error(q, r);
}

static void set_node(struct request *q, struct slice name, enum node_state state)
{
    struct tasks_at at = where(q);
    if (!kind_name_ok(name)) {
        answer_problem(q, 400, "bad_request", "name", "'%.*s' is no name", SLICE_ARG(name));
        return;
    }
    int r = tasks_node(&at, name, state, &q->err, gateway_soon());
    if (r < 0) {
        answer_store_error(q, r);
        return;
    }
    struct buf json = BUF(MEM_GATEWAY, 0);
    struct json_writer w;
    json_begin(&w, &json, 0);
    json_object_open(&w);
    json_key(&w, "name");
    json_string(&w, name);
    json_key(&w, "state");
    json_cstr(&w, node_state_name(state));
    json_object_close(&w);
    json_end(&w);
    answer_json(q, 200, &json);
    buf_done(&json);
}

bool task_serve(struct request *q, bool node, struct slice name, struct slice verb)
{
    static const char *const verbs[] = {
        [TASKS_CANCEL] = "cancel",
        [TASKS_APPROVE] = "approve",
        [TASKS_REJECT] = "reject",
        [TASKS_RETRY] = "retry",
    };
    static const char *const states[] = {
        [NODE_READY] = "uncordon", [NODE_CORDONED] = "cordon", [NODE_DRAINING] = "drain"};
    if (!node && name.size == 0) {
        submit(q);
        return true;
    }
    int i = node ? slice_among(verb, states, ARRAY_LEN(states))
                 : slice_among(verb, verbs, ARRAY_LEN(verbs));
    if (i < 0)
        return false;
    if (node)
        set_node(q, name, (enum node_state)i);
    else
        do_verb(q, (enum tasks_verb)i, name);
    return true;
}
