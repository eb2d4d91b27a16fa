#include "wire/task_json.h"

#include <assert.h>
#include <errno.h>

#include "base/log.h"
#include "model/civil.h"
#include "wire/action_json.h"
#include "wire/task_field.h"

static const struct task_field task_fields[] = {
    {SLICE("name"), FIELD_TEXT, AT(task, name), false, true},
    {SLICE("namespace"), FIELD_TEXT, AT(task, namespace_), true, false},
    {SLICE("state"), FIELD_STATE, AT(task, state), false, true},
    {SLICE("dir"), FIELD_TEXT, AT(task, dir), true, false},
    {SLICE("user"), FIELD_TEXT, AT(task, user), true, false},
    {SLICE("action"), FIELD_TEXT, AT(task, action), true, false},
    {SLICE("node"), FIELD_TEXT, AT(task, node), true, true},
    {SLICE("selector"), FIELD_TEXT, AT(task, selector), true, false},
    {SLICE("dedup_key"), FIELD_TEXT, AT(task, dedup_key), true, true},
    {SLICE("concurrency"), FIELD_TEXT, AT(task, concurrency), true, false},
    {SLICE("asset"), FIELD_TEXT, AT(task, asset), true, true},
    {SLICE("remedy"), FIELD_TEXT, AT(task, remedy), true, true},
    {SLICE("timeout_ms"), FIELD_I64, AT(task, timeout_ms), true, false},
    {SLICE("backoff_ms"), FIELD_I64, AT(task, backoff_ms), true, false},
    {SLICE("deadline_ms"), FIELD_I64, AT(task, deadline_ms), true, false},
    {SLICE("output_bytes_max"), FIELD_I64, AT(task, output_bytes_max), true, false},
    {SLICE("rate_per_hour"), FIELD_I64, AT(task, rate_per_hour), true, false},
    {SLICE("priority"), FIELD_I32, AT(task, priority), true, false},
    {SLICE("retries"), FIELD_U32, AT(task, retries), true, false},
    {SLICE("created_at"), FIELD_MOMENT, AT(task, created_ms), false, false},
    {SLICE("retried_at"), FIELD_MOMENT, AT(task, retried_ms), false, false},
    {SLICE("finished_at"), FIELD_MOMENT, AT(task, finished_ms), false, false},
    {SLICE("created_by"), FIELD_TEXT, AT(task, created_by), false, false},
    {SLICE("decided_by"), FIELD_TEXT, AT(task, decided_by), false, false},
    {SLICE("approve"), FIELD_BOOL, AT(task, approve), true, false},
    {SLICE("cancel"), FIELD_BOOL, AT(task, cancel), false, false},
    {SLICE("locked"), FIELD_BOOL, AT(task, locked), false, false},
    {SLICE("exit"), FIELD_EXIT, AT(task, exit), false, false},
    {SLICE("status"), FIELD_I32, AT(task, status), false, false},
    {SLICE("pinned"), FIELD_BOOL, AT(task, pinned), false, false},
    {SLICE("workflow"), FIELD_TEXT, AT(task, workflow), false, false},
    {SLICE("rollback_task"), FIELD_TEXT, AT(task, undo), false, false},
    {SLICE("round"), FIELD_U32, AT(task, round), false, false},
};

static const struct task_field target_fields[] = {
    {SLICE("node"), FIELD_TEXT, AT(task_target, node), false, true},
    {SLICE("state"), FIELD_STATE, AT(task_target, state), false, true},
    {SLICE("token"), FIELD_I64, AT(task_target, token), false, true},
    {SLICE("tries"), FIELD_U32, AT(task_target, tries), false, true},
    {SLICE("lost"), FIELD_U32, AT(task_target, lost), false, true},
    {SLICE("not_before"), FIELD_MOMENT, AT(task_target, not_before_ms), false, true},
    {SLICE("exit"), FIELD_EXIT, AT(task_target, exit), false, true},
    {SLICE("status"), FIELD_I32, AT(task_target, status), false, false},
};

static const struct task_field attempt_fields[] = {
    {SLICE("node"), FIELD_TEXT, AT(task_attempt, node), false, true},
    {SLICE("token"), FIELD_I64, AT(task_attempt, token), false, true},
    {SLICE("state"), FIELD_STATE, AT(task_attempt, state), false, true},
    {SLICE("accepted"), FIELD_BOOL, AT(task_attempt, accepted), false, true},
    {SLICE("refused_reason"), FIELD_REFUSED, AT(task_attempt, refused), false, true},
    {SLICE("started_at"), FIELD_MOMENT, AT(task_attempt, started_ms), false, true},
    {SLICE("wall_ms"), FIELD_NS, AT(task_attempt, wall_ns), false, true},
    {SLICE("exit"), FIELD_EXIT, AT(task_attempt, exit), false, true},
    {SLICE("detail"), FIELD_TEXT, AT(task_attempt, detail), false, true},
    {SLICE("output_cut_bytes"), FIELD_U64, AT(task_attempt, output_cut_bytes), false, false},
};

static const struct task_field result_fields[] = {
    {SLICE("node"), FIELD_TEXT, AT(task_result, node), false, true},
    {SLICE("token"), FIELD_I64, AT(task_result, token), false, true},
    {SLICE("state"), FIELD_STATE, AT(task_result, state), false, true},
    {SLICE("exit"), FIELD_EXIT, AT(task_result, exit), false, true},
    {SLICE("status"), FIELD_I32, AT(task_result, status), false, false},
    {SLICE("signal"), FIELD_TEXT, AT(task_result, signal), false, true},
    {SLICE("detail"), FIELD_TEXT, AT(task_result, detail), false, true},
    {SLICE("started_at"), FIELD_MOMENT, AT(task_result, started_ms), false, true},
    {SLICE("wall_ms"), FIELD_NS, AT(task_result, wall_ns), false, true},
    {SLICE("output_cut_bytes"), FIELD_U64, AT(task_result, output_cut_bytes), false, true},
};

static const struct task_field assignment_fields[] = {
    {SLICE("token"), FIELD_I64, AT(assignment, token), false, true},
    {SLICE("priority"), FIELD_I32, AT(assignment, priority), false, true},
    {SLICE("last"), FIELD_BOOL, AT(assignment, last), false, true},
    {SLICE("claimed"), FIELD_I64, AT(assignment, claimed), false, true},
    {SLICE("stop"), FIELD_STOP, AT(assignment, stop), false, true},
    {SLICE("ended"), FIELD_BOOL, AT(assignment, ended), false, true},
};

static const struct task_field node_fields[] = {
    {SLICE("name"), FIELD_TEXT, AT(node, name), false, true},
    {SLICE("state"), FIELD_NODE, AT(node, state), false, true},
    {SLICE("since"), FIELD_MOMENT, AT(node, since_ms), false, true},
    {SLICE("version"), FIELD_TEXT, AT(node, version), false, true},
    {SLICE("running"), FIELD_U32, AT(node, running), false, true},
    {SLICE("capacity"), FIELD_U32, AT(node, capacity), false, true},
    {SLICE("lease_ms"), FIELD_I64, AT(node, lease_ms), false, true},
    {SLICE("boot"), FIELD_TEXT, AT(node, boot), false, true},
    {SLICE("pid"), FIELD_I64, AT(node, pid), false, true},
    {SLICE("pid_started"), FIELD_U64, AT(node, pid_started), false, true},
};

/* ---- moments ---- */

int moment_parse(struct slice text, int64_t *ret_ms)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
    int64_t seconds;
    uint64_t ms;
    if (text.size != sizeof(form) - 1)
        return -EINVAL;
    for (size_t i = 0; i < text.size; i++)
        if (form[i] != 'd' && form[i] != text.data[i])
            return -EINVAL;
    if (civil_parse(text, &seconds) < 0 || slice_to_u64(slice_sub(text, 20, 23), 999, &ms) < 0 ||
        seconds < 0 || seconds >= INT64_MAX / (1000 * 1000 * 1000))
        return -EINVAL;
    *ret_ms = seconds * 1000 + (int64_t)ms;
    return 0;
}

static void write_moment(struct json_writer *w, int64_t ms)
{
    enum { NS_OF_MS = 1000 * 1000 };
    char text[LOG_TIME_BYTES];
    if (ms <= 0 || ms > INT64_MAX / NS_OF_MS) {
        json_null(w);
        return;
    }
    log_format_time(ms * NS_OF_MS, text);
    json_string(w, (struct slice){text, sizeof(text)});
}

/* ---- reading ---- */

static int read_number(const struct task_field *f, const struct json_value *v, void *at)
{
    int64_t n;
    if (json_to_i64(v, &n) < 0)
        return -EBADMSG;
    switch (f->type) {
    case FIELD_I64:
        *(int64_t *)at = n;
        return 0;
    case FIELD_U64:
        *(uint64_t *)at = (uint64_t)n;
        return n < 0 ? -EBADMSG : 0;
    case FIELD_U32:
        *(uint32_t *)at = (uint32_t)n;
        return n < 0 || n > UINT32_MAX ? -EBADMSG : 0;
    default: /* I32, EXIT */
        *(int32_t *)at = (int32_t)n;
        return n < INT32_MIN || n > INT32_MAX ? -EBADMSG : 0;
    }
}

static int read_ns(const struct json_value *v, int64_t *at)
{
    double ms;
    if (json_to_f64(v, &ms) < 0 || !(ms >= 0 && ms < 1e12))
        return -EBADMSG;
    *at = (int64_t)(ms * 1e6 + 0.5);
    return 0;
}

static int read_word(const struct task_field *f, const struct json_value *v, void *at)
{
    if (v->type != JSON_STRING)
        return -EBADMSG;
    if (f->type == FIELD_NODE) {
        enum node_state s = node_state_parse(v->text);
        *(enum node_state *)at = s;
        return s == NODE_STATE_COUNT ? -EBADMSG : 0;
    }
    if (f->type == FIELD_REFUSED) {
        enum task_refused r = task_refused_parse(v->text);
        *(enum task_refused *)at = r;
        return r == TASK_REFUSED_COUNT ? -EBADMSG : 0;
    }
    enum task_state s = task_state_parse(v->text);
    *(enum task_state *)at = s;
    return s == TASK_STATE_COUNT ? -EBADMSG : 0;
}

static int read_field(const struct task_field *f, const struct json_value *v, void *at)
{
    switch (f->type) {
    case FIELD_TEXT:
        *(struct slice *)at = v->text;
        return v->type == JSON_STRING ? 0 : -EBADMSG;
    case FIELD_BOOL:
        *(bool *)at = v->type == JSON_TRUE;
        return v->type == JSON_TRUE || v->type == JSON_FALSE ? 0 : -EBADMSG;
    case FIELD_MOMENT:
        return v->type == JSON_STRING && moment_parse(v->text, at) == 0 ? 0 : -EBADMSG;
    case FIELD_NS:
        return read_ns(v, at);
    case FIELD_STATE:
    case FIELD_STOP:
    case FIELD_REFUSED:
    case FIELD_NODE:
        return read_word(f, v, at);
    default:
        return read_number(f, v, at);
    }
}

static void set_default(const struct task_field *f, void *at)
{
    if (f->type == FIELD_EXIT)
        *(int32_t *)at = -1;
    if (f->type == FIELD_STOP || f->type == FIELD_STATE)
        *(enum task_state *)at = TASK_PENDING;
}

/* The member of each field; of equal names the last. Members stand mostly in the table's order, so
 * each is looked for behind the one before it. */
static void find_members(const struct json_value *v, const struct task_field *fields, size_t count,
                         const struct json_value **ret)
{
    size_t next = 0;
    for (const struct json_value *m = v->first; m; m = m->next) {
        size_t i = next;
        for (size_t left = count; left > 0; left--, i = i + 1 < count ? i + 1 : 0)
            if (fields[i].name.size == m->key.size &&
                memcmp(fields[i].name.data, m->key.data, m->key.size) == 0) {
                ret[i] = m;
                next = i + 1 < count ? i + 1 : 0;
                break;
            }
    }
}

int task_fields_read(const struct json_value *v, const struct task_field *fields, size_t count,
                     void *ret, struct err *err)
{
    const struct json_value *members[TASK_FIELDS_MAX] = {NULL};
    assert(count <= TASK_FIELDS_MAX);
    if (v->type != JSON_OBJECT)
        return err_set(err, -EBADMSG, "it is no JSON object");
    find_members(v, fields, count, members);
    for (size_t i = 0; i < count; i++) {
        void *at = (char *)ret + fields[i].offset;
        const struct json_value *m = members[i];
        set_default(&fields[i], at);
        if (m && m->type != JSON_NULL && read_field(&fields[i], m, at) < 0)
            return err_set(err, -EBADMSG, "'%.*s' has a value that it cannot have",
                           SLICE_ARG(fields[i].name));
    }
    return 0;
}

static int parse(struct slice json, struct arena *a, struct json_value **ret, struct err *err)
{
    struct json_error e;
    int r = json_parse(json, a, 0, ret, &e);
    if (r == -EBADMSG)
        return err_set(err, r, "line %u, column %u: expected %s", e.line, e.column, e.expected);
    if (r == -ELOOP)
        return err_set(err, -EBADMSG, "it is nested too deep");
    return r < 0 ? err_set(err, r, "it is too large") : 0;
}

/* An array of texts; a member that is missing is empty. */
int task_texts_read(const struct json_value *v, const char *key, uint32_t max, struct arena *a,
                    struct slice **ret, uint32_t *ret_count, struct err *err)
{
    const struct json_value *list = json_get(v, key);
    if (!list || list->type == JSON_NULL)
        return 0;
    if (list->type != JSON_ARRAY || list->count > max)
        return err_set(err, -EBADMSG, "'%s' is no array of up to %u texts", key, max);
    *ret = arena_alloc_array(a, list->count + 1, sizeof(**ret));
    *ret_count = 0; /* of members of one name the last counts, however often it is asked for */
    for (const struct json_value *m = list->first; m; m = m->next) {
        if (m->type != JSON_STRING || memchr(m->text.data ? m->text.data : "", 0, m->text.size))
            return err_set(err, -EBADMSG, "'%s' has an element that is no text without NUL", key);
        (*ret)[(*ret_count)++] = m->text;
    }
    return 0;
}

static int read_structs(const struct json_value *v, const char *key, uint32_t max, size_t size,
                        const struct task_field *fields, size_t field_count, struct arena *a,
                        void **ret, uint32_t *ret_count, struct err *err)
{
    const struct json_value *list = json_get(v, key);
    if (!list || list->type == JSON_NULL)
        return 0;
    if (list->type != JSON_ARRAY || list->count > max)
        return err_set(err, -EBADMSG, "'%s' is no array of up to %u objects", key, max);
    char *made = arena_alloc_array(a, list->count + 1, size);
    if (!made)
        return err_set(err, -ENOSPC, "it is too large");
    *ret = made;
    *ret_count = 0;
    for (const struct json_value *m = list->first; m; m = m->next) {
        int r = task_fields_read(m, fields, field_count, made + size * (*ret_count)++, err);
        if (r < 0)
            return err_wrap(err, "%s", key);
    }
    return 0;
}

static int read_argv(const struct json_value *v, struct arena *a, struct task *t, struct err *err)
{
    int r = task_texts_read(v, "argv", TASK_ARGV_MAX, a, &t->argv, &t->argc, err);
    return r < 0 ? r : task_texts_read(v, "env", TASK_ENV_MAX, a, &t->env, &t->env_count, err);
}

/* What a task does that is no program. A kind that this version does not know is nobody's. */
static void read_does(const struct json_value *v, struct arena *a, struct task *t)
{
    const struct json_value *does = json_get(v, "do"), *rollback = json_get(v, "rollback");
    if (rollback && rollback->type == JSON_OBJECT)
        t->rollback = json_kept(rollback, a);
    if (!does || does->type != JSON_OBJECT || does->count != 1)
        return;
    t->kind = action_kind_parse(does->first->key);
    t->does = json_kept(does, a);
}

int task_read(struct slice json, struct arena *a, struct task *ret, struct err *err)
{
    struct task t = {.state = TASK_PENDING};
    struct json_value *v;
    void *targets = NULL, *attempts = NULL;
    int r = parse(json, a, &v, err);
    if (r == 0)
        r = task_fields_read(v, task_fields, ARRAY_LEN(task_fields), &t, err);
    if (r == 0)
        r = read_argv(v, a, &t, err);
    if (r == 0)
        r = task_steps_read(v, a, &t, err);
    if (r == 0)
        r = task_labels_read(v, "outputs", a, &t.outputs, &t.output_count, err);
    if (r == 0)
        r = read_structs(v, "targets", TASK_TARGETS_MAX, sizeof(*t.targets), target_fields,
                         ARRAY_LEN(target_fields), a, &targets, &t.target_count, err);
    if (r == 0)
        r = read_structs(v, "attempts", TASK_ATTEMPTS_KEPT, sizeof(*t.attempts), attempt_fields,
                         ARRAY_LEN(attempt_fields), a, &attempts, &t.attempt_count, err);
    if (r < 0)
        return r;
    t.targets = targets;
    t.attempts = attempts;
    if (t.step_count)
        t.kind = ACTION_WORKFLOW;
    read_does(v, a, &t);
    *ret = t;
    return 0;
}

static const struct task_field *wanted_field(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(task_fields); i++)
        if (task_fields[i].wanted && slice_eq(name, task_fields[i].name))
            return &task_fields[i];
    return NULL;
}

/* One member of a wanted task; those of read_lists are taken before. */
static int read_wanted(const struct json_value *m, struct task *t, struct err *err)
{
    static const char *const others[] = {"argv", "env", "do", "rollback"};
    const struct task_field *f = wanted_field(m->key);
    if (!f && slice_among(m->key, others, ARRAY_LEN(others)) < 0)
        return err_set(err, -EBADMSG, "a task has no '%.*s' to be wanted", SLICE_ARG(m->key));
    if (f && m->type != JSON_NULL && read_field(f, m, (char *)t + f->offset) < 0)
        return err_set(err, -EBADMSG, "'%.*s' has a value that it cannot have", SLICE_ARG(f->name));
    if (t->approve)
        t->state = TASK_AWAITING_APPROVAL;
    return 0;
}

/* An action says what is done; what stands beside it counts more. */
static int read_action(const struct json_value *v, struct arena *a, struct task *t, struct err *err)
{
    const struct json_value *does = json_get(v, "do"), *argv = json_get(v, "argv");
    const struct json_value *rollback = json_get(v, "rollback");
    struct task undoes = {.exit = -1};
    int r = 0;
    if (rollback && (r = action_take(rollback, a, &undoes, err)) < 0)
        return err_wrap(err, "rollback");
    if (rollback)
        t->rollback = json_kept(rollback, a);
    if (does && argv)
        return err_set(err, -EBADMSG, "'argv' and 'do': one of them, not both");
    if (does && (r = action_take(does, a, t, err)) < 0)
        return err_wrap(err, "do");
    if (argv)
        r = task_texts_read(v, "argv", TASK_ARGV_MAX, a, &t->argv, &t->argc, err);
    if (r == 0 && json_get(v, "env")) {
        struct slice *before = t->env;
        uint32_t count = t->env_count, more = 0;
        struct slice *added = NULL;
        r = task_texts_read(v, "env", TASK_ENV_MAX - count, a, &added, &more, err);
        t->env = arena_alloc_array(a, count + more + 1, sizeof(*t->env));
        for (uint32_t i = 0; i < count; i++)
            t->env[i] = before[i];
        for (uint32_t i = 0; i < more; i++)
            t->env[count + i] = added[i]; /* of two with one name the later one counts */
        t->env_count = count + more;
    }
    return r;
}

int task_read_wanted(const struct json_value *v, struct arena *a, struct task *ret,
                     struct buf *field, struct err *err)
{
    struct task t = {.state = TASK_PENDING, .exit = -1};
    if (v->type != JSON_OBJECT)
        return err_set(err, -EBADMSG, "a task is a JSON object");
    buf_clear(field);
    int r = read_action(v, a, &t, err);
    if (r < 0 && json_get(v, "do"))
        buf_append_cstr(field, "do");
    for (const struct json_value *m = v->first; m && r == 0; m = m->next) {
        buf_clear(field);
        buf_append_slice(field, m->key);
        r = read_wanted(m, &t, err);
    }
    if (r < 0)
        return r;
    buf_clear(field);
    *ret = t;
    return 0;
}

static int read_result(const struct json_value *v, struct arena *a, struct task_result *ret,
                       struct err *err)
{
    int r = task_fields_read(v, result_fields, ARRAY_LEN(result_fields), ret, err);
    return r < 0 ? r : task_labels_read(v, "outputs", a, &ret->outputs, &ret->output_count, err);
}

static void write_result(struct json_writer *w, const struct task_result *x)
{
    task_fields_write(w, result_fields, ARRAY_LEN(result_fields), x);
    if (x->output_count)
        task_labels_write(w, "outputs", x->outputs, x->output_count);
}

int task_result_read(struct slice json, struct arena *a, struct task_result *ret, struct err *err)
{
    struct task_result x = {.state = TASK_PENDING};
    struct json_value *v;
    int r = parse(json, a, &v, err);
    if (r == 0)
        r = read_result(v, a, &x, err);
    if (r == 0 && !task_state_final(x.state))
        return err_set(err, -EBADMSG, "'state' is none that a task ends in");
    if (r == 0)
        *ret = x;
    return r;
}

int assignment_read(struct slice json, struct arena *a, struct assignment *ret, struct err *err)
{
    struct assignment x = {.token = 0};
    struct json_value *v;
    int r = parse(json, a, &v, err);
    if (r == 0)
        r = task_fields_read(v, assignment_fields, ARRAY_LEN(assignment_fields), &x, err);
    const struct json_value *result = r == 0 ? json_get(v, "result") : NULL;
    if (result)
        r = read_result(result, a, &x.result, err);
    if (r == 0 && x.ended && (!result || !task_state_final(x.result.state)))
        return err_set(err, -EBADMSG, "it has ended, and 'result' does not say how");
    if (r == 0)
        *ret = x;
    return r;
}

int task_labels_read(const struct json_value *v, const char *key, struct arena *a,
                     struct task_label **ret, uint32_t *ret_count, struct err *err)
{
    const struct json_value *labels = json_get(v, key);
    if (!labels || labels->type == JSON_NULL)
        return 0;
    if (labels->type != JSON_OBJECT || labels->count > TASK_LABELS_MAX)
        return err_set(err, -EBADMSG, "'%s' is no object of up to %d texts", key, TASK_LABELS_MAX);
    *ret = arena_alloc_array(a, labels->count + 1, sizeof(**ret));
    *ret_count = 0;
    for (const struct json_value *m = labels->first; m; m = m->next) {
        if (m->type != JSON_STRING)
            return err_set(err, -EBADMSG, "'%s' has a value that is no text", key);
        (*ret)[(*ret_count)++] = (struct task_label){m->key, m->text};
    }
    return 0;
}

int node_read(struct slice json, struct arena *a, struct node *ret, struct err *err)
{
    struct node n = {.state = NODE_READY};
    struct json_value *v;
    int r = parse(json, a, &v, err);
    if (r == 0)
        r = task_fields_read(v, node_fields, ARRAY_LEN(node_fields), &n, err);
    if (r == 0)
        r = task_labels_read(v, "labels", a, &n.labels, &n.label_count, err);
    if (r == 0)
        *ret = n;
    return r;
}

/* ---- writing ---- */

static void write_text(struct json_writer *w, struct slice s)
{
    if (s.size)
        json_string(w, s);
    else
        json_null(w);
}

static void write_field(struct json_writer *w, const struct task_field *f, const void *at)
{
    json_key_slice(w, f->name);
    switch (f->type) {
    case FIELD_TEXT:
        write_text(w, *(const struct slice *)at);
        break;
    case FIELD_I64:
        json_i64(w, *(const int64_t *)at);
        break;
    case FIELD_I32:
        json_i64(w, *(const int32_t *)at);
        break;
    case FIELD_U32:
        json_u64(w, *(const uint32_t *)at);
        break;
    case FIELD_U64:
        json_u64(w, *(const uint64_t *)at);
        break;
    case FIELD_BOOL:
        json_bool(w, *(const bool *)at);
        break;
    case FIELD_STATE:
        json_cstr(w, task_state_name(*(const enum task_state *)at));
        break;
    case FIELD_STOP: {
        enum task_state s = *(const enum task_state *)at;
        json_cstr(w, s == TASK_PENDING ? NULL : task_state_name(s));
        break;
    }
    case FIELD_REFUSED:
        json_cstr(w, task_refused_name(*(const enum task_refused *)at));
        break;
    case FIELD_NODE:
        json_cstr(w, node_state_name(*(const enum node_state *)at));
        break;
    case FIELD_MOMENT:
        write_moment(w, *(const int64_t *)at);
        break;
    case FIELD_NS:
        json_ms(w, *(const int64_t *)at);
        break;
    case FIELD_EXIT:
        if (*(const int32_t *)at < 0)
            json_null(w);
        else
            json_i64(w, *(const int32_t *)at);
        break;
    }
}

/* Whether it has nothing to say: a million tasks are mostly such members. */
static bool is_default(const struct task_field *f, const void *at)
{
    switch (f->type) {
    case FIELD_TEXT:
        return ((const struct slice *)at)->size == 0;
    case FIELD_BOOL:
        return !*(const bool *)at;
    case FIELD_EXIT:
        return *(const int32_t *)at < 0;
    case FIELD_I32:
    case FIELD_U32:
        return *(const int32_t *)at == 0;
    case FIELD_I64:
    case FIELD_U64:
    case FIELD_NS:
    case FIELD_MOMENT:
        return *(const int64_t *)at == 0;
    default:
        return false;
    }
}

void task_fields_write(struct json_writer *w, const struct task_field *fields, size_t count,
                       const void *from)
{
    for (size_t i = 0; i < count; i++) {
        const void *at = (const char *)from + fields[i].offset;
        if (fields[i].always || !is_default(&fields[i], at))
            write_field(w, &fields[i], at);
    }
}

static void write_structs(struct json_writer *w, const char *key, const struct task_field *fields,
                          size_t field_count, const void *from, size_t size, uint32_t count)
{
    json_key_slice(w, slice_from(key));
    json_array_open(w);
    for (uint32_t i = 0; i < count; i++) {
        json_object_open(w);
        task_fields_write(w, fields, field_count, (const char *)from + i * size);
        json_object_close(w);
    }
    json_array_close(w);
}

void task_texts_write(struct json_writer *w, const char *key, const struct slice *texts,
                      uint32_t count)
{
    json_key_slice(w, slice_from(key));
    json_array_open(w);
    for (uint32_t i = 0; i < count; i++)
        json_string(w, texts[i]);
    json_array_close(w);
}

void task_labels_write(struct json_writer *w, const char *key, const struct task_label *labels,
                       uint32_t count)
{
    json_key_slice(w, slice_from(key));
    json_object_open(w);
    for (uint32_t i = 0; i < count; i++) {
        json_key_slice(w, labels[i].key);
        json_string(w, labels[i].value);
    }
    json_object_close(w);
}

size_t task_label_json_bytes(const struct task_label *l)
{
    enum { MARKS = 6 }; /* quotes, colon, comma */
    struct buf text = BUF(MEM_WIRE, 0);
    json_escape(&text, l->key);
    json_escape(&text, l->value);
    size_t size = text.size + MARKS;
    buf_done(&text);
    return size;
}

int task_write(const struct task *t, struct buf *out)
{
    enum { USUAL_BYTES = 500 }; /* of one that has ended: a buffer that doubles gets there late */
    struct json_writer w;
    if (out->size_max > USUAL_BYTES || out->size_max == 0)
        (void)buf_reserve(out, USUAL_BYTES, NULL);
    json_begin(&w, out, 0);
    json_object_open(&w);
    task_fields_write(&w, task_fields, ARRAY_LEN(task_fields), t);
    task_texts_write(&w, "argv", t->argv, t->argc);
    if (t->env_count)
        task_texts_write(&w, "env", t->env, t->env_count);
    if (t->does.size) {
        json_key(&w, "do");
        json_raw(&w, t->does);
    }
    if (t->rollback.size) {
        json_key(&w, "rollback");
        json_raw(&w, t->rollback);
    }
    if (t->step_count)
        task_steps_write(&w, t);
    if (t->output_count)
        task_labels_write(&w, "outputs", t->outputs, t->output_count);
    write_structs(&w, "targets", target_fields, ARRAY_LEN(target_fields), t->targets,
                  sizeof(*t->targets), t->target_count);
    write_structs(&w, "attempts", attempt_fields, ARRAY_LEN(attempt_fields), t->attempts,
                  sizeof(*t->attempts), t->attempt_count);
    json_object_close(&w);
    return json_end(&w);
}

int task_result_write(const struct task_result *x, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    write_result(&w, x);
    json_object_close(&w);
    return json_end(&w);
}

int assignment_write(const struct assignment *x, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    task_fields_write(&w, assignment_fields, ARRAY_LEN(assignment_fields), x);
    if (x->ended) {
        json_key(&w, "result");
        json_object_open(&w);
        write_result(&w, &x->result);
        json_object_close(&w);
    }
    json_object_close(&w);
    return json_end(&w);
}

int node_write(const struct node *n, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    task_fields_write(&w, node_fields, ARRAY_LEN(node_fields), n);
    task_labels_write(&w, "labels", n->labels, n->label_count);
    json_object_close(&w);
    return json_end(&w);
}
