#include "wire/action_json.h"

#include <errno.h>
#include <stddef.h>

#include "base/duration.h"
#include "wire/workflow_json.h"

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
    return err_set(err, -EBADMSG, "run: %s is not %s", member, what);
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
    /* Of members of one name the last counts. */
    t->argv = arena_alloc_array(a, v->count + 1, sizeof(*t->argv));
    t->argc = 0;
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
    t->env_count = 0;
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
    return err_set(err, -EBADMSG, "run: there is no '%.*s'", SLICE_ARG(m->key));
}

static int read_run(const struct json_value *run, struct arena *a, struct task *t, struct err *err)
{
    int r = 0;
    if (run->type != JSON_OBJECT)
        return err_set(err, -EBADMSG, "run is no object");
    for (const struct json_value *m = run->first; m && r == 0; m = m->next)
        r = read_member(m, a, t, err);
    if (r == 0 && t->argc == 0)
        r = err_set(err, -EBADMSG, "run: argv names no program");
    return r;
}

/* ---- which kind ---- */

/* The one member that an action has. */
static int find_one(const struct json_value *v, const struct json_value **ret, struct err *err)
{
    const struct json_value *one = NULL;
    if (v->type != JSON_OBJECT)
        return err_set(err, -EBADMSG, "it is no action");
    for (const struct json_value *m = v->first; m; m = m->next) {
        if (m->type == JSON_NULL)
            continue;
        if (one)
            return err_set(err, -EBADMSG, "it does one thing, not '%.*s' and '%.*s'",
                           SLICE_ARG(one->key), SLICE_ARG(m->key));
        one = m;
    }
    if (!one)
        return err_set(err, -EBADMSG, "there is nothing to do");
    *ret = one;
    return 0;
}

struct slice json_kept(const struct json_value *v, struct arena *a)
{
    struct buf text = BUF(MEM_WIRE, 0);
    struct json_writer w;
    json_begin(&w, &text, 0);
    json_tree(&w, v);
    json_end(&w);
    struct slice s = {arena_strdup(a, buf_slice(&text)), text.size};
    buf_done(&text);
    return s;
}

int action_take_at(const struct json_value *v, uint32_t depth, struct arena *a, struct task *t,
                   size_t *ret_bytes, struct err *err)
{
    const struct json_value *one = NULL;
    int r = find_one(v, &one, err);
    if (r < 0)
        return r;
    struct slice word = slice_sub(one->key, 0, 64);
    enum action_kind kind = action_kind_parse(one->key);
    if (kind == ACTION_KIND_COUNT)
        return err_set(err, -ENOTSUP, "there is no action '%.*s'", SLICE_ARG(word));
    if (one->type != JSON_OBJECT)
        return err_set(err, -EBADMSG, "%.*s is no object", SLICE_ARG(word));
    t->kind = kind;
    if (action_kind_by(kind) == ACTION_BY_STEPS)
        return workflow_take(one, depth, a, t, ret_bytes, err);
    t->timeout_ms = ACTION_TIMEOUT_MS;
    t->backoff_ms = ACTION_BACKOFF_MS;
    if (kind == ACTION_RUN)
        return read_run(one, a, t, err);
    t->does = json_kept(v, a);
    return 0;
}

int action_take(const struct json_value *v, struct arena *a, struct task *t, struct err *err)
{
    size_t ignored;
    return action_take_at(v, 0, a, t, &ignored, err);
}

int action_read(struct slice json, struct arena *a, struct task *t, struct err *err)
{
    struct json_value *v;
    if (json.size == 0)
        return err_set(err, -EBADMSG, "there is nothing to do");
    if (json_parse(json, a, 0, &v, NULL) < 0)
        return err_set(err, -EBADMSG, "it is no action");
    return action_take(v, a, t, err);
}
