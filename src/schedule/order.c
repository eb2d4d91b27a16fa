#include "schedule/order.h"

#include <errno.h>
#include <stddef.h>

#include "base/duration.h"
#include "store/tasks.h"
#include "wire/json.h"

enum field_type { FIELD_TEXT, FIELD_DURATION, FIELD_I64, FIELD_I32, FIELD_U32, FIELD_LIST };

#define MILLISECOND INT64_C(1000000)

static const struct field {
    const char *name;
    enum field_type type;
    size_t at;
    int64_t min, max; /* of a number */
} fields[] = {
    {"argv", FIELD_LIST, 0, 0, 0},
    {"env", FIELD_LIST, 0, 0, 0},
    {"timeout", FIELD_DURATION, offsetof(struct task, timeout_ms), 0, 0},
    {"user", FIELD_TEXT, offsetof(struct task, user), 0, 0},
    {"dir", FIELD_TEXT, offsetof(struct task, dir), 0, 0},
    {"retries", FIELD_U32, offsetof(struct task, retries), 0, UINT32_MAX},
    {"backoff", FIELD_DURATION, offsetof(struct task, backoff_ms), 0, 0},
    {"deadline", FIELD_DURATION, offsetof(struct task, deadline_ms), 0, 0},
    {"priority", FIELD_I32, offsetof(struct task, priority), INT32_MIN, INT32_MAX},
    {"concurrency", FIELD_TEXT, offsetof(struct task, concurrency), 0, 0},
    {"output_bytes_max", FIELD_I64, offsetof(struct task, output_bytes_max), 0, INT64_MAX},
};

static int bad(struct err *err, const char *member, const char *what)
{
    return err_set(err, -EBADMSG, "do: run: %s is not %s", member, what);
}

static bool has_nul(struct slice s)
{
    return s.size && memchr(s.data, 0, s.size);
}

/* Less than a millisecond is one: none would mean that there is no bound. */
static bool read_ms(const struct json_value *v, int64_t *ret)
{
    int64_t ns;
    if (v->type != JSON_STRING || duration_parse(v->text, &ns) < 0 || ns < 0)
        return false;
    *ret = ns > 0 && ns < MILLISECOND ? 1 : ns / MILLISECOND;
    return true;
}

static int read_field(const struct field *f, const struct json_value *v, struct task *t,
                      struct err *err)
{
    void *at = (char *)t + f->at;
    int64_t n = 0;
    if (f->type == FIELD_TEXT) {
        if (v->type != JSON_STRING || has_nul(v->text))
            return bad(err, f->name, "a text without NUL");
        *(struct slice *)at = v->text;
    } else if (f->type == FIELD_DURATION) {
        if (!read_ms(v, at))
            return bad(err, f->name, "a duration like 30s");
    } else if (json_to_i64(v, &n) < 0 || n < f->min || n > f->max) {
        return bad(err, f->name, "a number that it may be");
    } else if (f->type == FIELD_I64) {
        *(int64_t *)at = n;
    } else if (f->type == FIELD_I32) {
        *(int32_t *)at = (int32_t)n;
    } else {
        *(uint32_t *)at = (uint32_t)n;
    }
    return 0;
}

static int read_argv(const struct json_value *v, struct arena *a, struct task *t, struct err *err)
{
    if (v->type != JSON_ARRAY || v->count > TASK_ARGV_MAX)
        return bad(err, "argv", "a list of texts");
    t->argv = arena_alloc_array(a, v->count + 1, sizeof(*t->argv));
    for (const struct json_value *m = v->first; m; m = m->next) {
        if (m->type != JSON_STRING || has_nul(m->text))
            return bad(err, "argv", "a list of texts without NUL");
        t->argv[t->argc++] = m->text;
    }
    return 0;
}

static int read_env(const struct json_value *v, struct arena *a, struct task *t, struct err *err)
{
    if (v->type != JSON_OBJECT || v->count > TASK_ENV_MAX)
        return bad(err, "env", "a table of texts");
    t->env = arena_alloc_array(a, v->count + 1, sizeof(*t->env));
    for (const struct json_value *m = v->first; m; m = m->next) {
        if (m->type != JSON_STRING || has_nul(m->text) || has_nul(m->key))
            return bad(err, "env", "a table of texts without NUL");
        t->env[t->env_count++] =
            slice_from(arena_printf(a, "%.*s=%.*s", SLICE_ARG(m->key), SLICE_ARG(m->text)));
    }
    return 0;
}

static int read_member(const struct json_value *m, struct arena *a, struct task *t, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (!slice_eq_cstr(m->key, fields[i].name))
            continue;
        if (m->type == JSON_NULL)
            return 0;
        if (fields[i].type != FIELD_LIST)
            return read_field(&fields[i], m, t, err);
        return slice_eq_cstr(m->key, "argv") ? read_argv(m, a, t, err) : read_env(m, a, t, err);
    }
    /* Whoever wrote it wants something that would not happen. */
    return err_set(err, -EBADMSG, "do: run: there is no '%.*s'", SLICE_ARG(m->key));
}

static int read_run(const struct json_value *run, struct arena *a, struct task *t, struct err *err)
{
    int r = 0;
    if (run->type != JSON_OBJECT)
        return err_set(err, -EBADMSG, "do: run is no object");
    for (const struct json_value *m = run->first; m && r == 0; m = m->next)
        r = read_member(m, a, t, err);
    if (r == 0 && t->argc == 0)
        r = err_set(err, -EBADMSG, "do: run: argv names no program");
    return r;
}

/* The one member that an action has. */
static int read_action(struct slice action, struct arena *a, struct task *t, struct err *err)
{
    struct json_value *v;
    const struct json_value *one = NULL;
    if (action.size == 0)
        return err_set(err, -EBADMSG, "do: there is nothing to do");
    if (json_parse(action, a, 0, &v, NULL) < 0 || v->type != JSON_OBJECT)
        return err_set(err, -EBADMSG, "do: it is no action");
    for (const struct json_value *m = v->first; m; m = m->next) {
        if (m->type == JSON_NULL)
            continue;
        if (one)
            return err_set(err, -EBADMSG, "do: it does one thing, not '%.*s' and '%.*s'",
                           SLICE_ARG(one->key), SLICE_ARG(m->key));
        one = m;
    }
    if (!one)
        return err_set(err, -EBADMSG, "do: there is nothing to do");
    if (!slice_eq(one->key, SLICE("run")))
        return err_set(err, -ENOTSUP, "do: a schedule cannot do '%.*s' yet, only 'run'",
                       SLICE_ARG(slice_sub(one->key, 0, 64)));
    return read_run(one, a, t, err);
}

int order_task(const struct schedule_order *o, struct arena *a, struct task *ret, struct err *err)
{
    struct task t = {
        .namespace_ = o->namespace_,
        .state = TASK_PENDING,
        .timeout_ms = ORDER_TIMEOUT_MS,
        .backoff_ms = ORDER_BACKOFF_MS,
        .node = o->node,
        .selector = o->selector,
        .dedup_key = o->dedup_key,
    };
    int r = read_action(o->action, a, &t, err);
    if (r < 0)
        return r;
    t.created_by = slice_from(
        arena_printf(a, "schedule %.*s/%.*s", SLICE_ARG(o->namespace_), SLICE_ARG(o->schedule)));
    *ret = t;
    return 0;
}

int order_check(const struct schedule *s, struct err *err)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct schedule_order o = {
        .namespace_ = s->namespace_,
        .schedule = s->name,
        .action = s->action,
        .node = s->node,
        .selector = s->selector,
    };
    struct task t;
    int r = order_task(&o, &a, &t, err);
    if (r == 0)
        r = tasks_check(&t, err);
    arena_done(&a);
    return r;
}
