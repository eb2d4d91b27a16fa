#include "wire/workflow_json.h"

#include <errno.h>

#include "model/step_graph.h"
#include "model/step_text.h"
#include "wire/action_json.h"
#include "wire/task_field.h"

enum { STEP_NAME_BYTES_MAX = 95, PATH_BYTES_MAX = 96, SHOWN_BYTES_MAX = 95 };

struct reading {
    struct arena *arena;
    struct task *task;
    struct step_graph *graph;
    uint32_t depth, step; /* that is looked at */
    bool undoes;          /* its rollback: what it said itself is known by then, too */
    struct slice stranger, missing; /* named, and no step; or one that may not have ended */
    size_t bytes;
    struct err *err;
};

/* As the configuration has it: it becomes a part of a task's name. */
static bool is_name(struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i], l = (char)(c | 32);
        bool plain = (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9');
        bool inner = i > 0 && i + 1 < s.size && (c == '-' || c == '_' || c == '.');
        if (!plain && !inner)
            return false;
    }
    return s.size > 0 && s.size <= STEP_NAME_BYTES_MAX;
}

static uint32_t find(const struct task *t, uint32_t below, struct slice name)
{
    uint32_t i = 0;
    while (i < below && !slice_eq(t->steps[i].name, name))
        i++;
    return i;
}

/* ---- what a step says ---- */

static int bad(const struct reading *r, const char *what)
{
    const struct slice name = slice_sub(r->task->steps[r->step].name, 0, SHOWN_BYTES_MAX);
    return err_set(r->err, -EBADMSG, "steps[%u] %.*s: %s", r->step, SLICE_ARG(name), what);
}

static int take_text(struct reading *r, const struct json_value *m, struct slice *ret)
{
    if (m->type != JSON_STRING || (m->text.size && memchr(m->text.data, 0, m->text.size)))
        return err_set(r->err, -EBADMSG, "steps[%u]: %.*s is no text without NUL", r->step,
                       SLICE_ARG(slice_sub(m->key, 0, SHOWN_BYTES_MAX)));
    *ret = m->text;
    return 0;
}

static int take_member(struct reading *r, const struct json_value *step,
                       const struct json_value *m)
{
    struct task_step *s = &r->task->steps[r->step];
    if (m->type == JSON_NULL)
        return 0;
    if (slice_eq_cstr(m->key, "name"))
        return take_text(r, m, &s->name);
    if (slice_eq_cstr(m->key, "if"))
        return take_text(r, m, &s->condition);
    if (slice_eq_cstr(m->key, "needs"))
        return task_texts_read(step, "needs", STEPS_MAX, r->arena, &s->needs, &s->need_count,
                               r->err);
    if (slice_eq_cstr(m->key, "do"))
        s->does = json_kept(m, r->arena);
    else if (slice_eq_cstr(m->key, "rollback"))
        s->rollback = json_kept(m, r->arena);
    else
        return err_set(r->err, -EBADMSG, "steps[%u]: there is no '%.*s'", r->step,
                       SLICE_ARG(slice_sub(m->key, 0, SHOWN_BYTES_MAX)));
    return 0;
}

static int take_step(struct reading *r, const struct json_value *step)
{
    struct task_step *s = &r->task->steps[r->step];
    *s = (struct task_step){.state = TASK_PENDING, .undo_state = TASK_PENDING, .exit = -1};
    if (step->type != JSON_OBJECT)
        return err_set(r->err, -EBADMSG, "steps[%u] is no object", r->step);
    for (const struct json_value *m = step->first; m; m = m->next)
        if (take_member(r, step, m) < 0)
            return -EBADMSG;
    if (!is_name(s->name))
        return bad(r, "a name is letters and digits, with - _ . between them, up to 95 bytes");
    if (find(r->task, r->step, s->name) < r->step)
        return bad(r, "there are two steps of that name");
    return 0;
}

/* ---- what steps say of each other ---- */

static int add_needs(struct reading *r)
{
    const struct task_step *s = &r->task->steps[r->step];
    for (uint32_t i = 0; i < s->need_count; i++) {
        uint32_t to = find(r->task, r->task->step_count, s->needs[i]);
        if (to == r->task->step_count)
            return err_set(r->err, -EBADMSG, "steps[%u] %.*s: needs names no step: '%.*s'",
                           r->step, SLICE_ARG(s->name),
                           SLICE_ARG(slice_sub(s->needs[i], 0, SHOWN_BYTES_MAX)));
        step_graph_add(r->graph, r->step, to);
    }
    return 0;
}

static bool saw(void *ctx, struct slice name, struct slice key, struct slice *ret)
{
    struct reading *r = ctx;
    uint32_t at = find(r->task, r->task->step_count, name);
    (void)key;
    (void)ret;
    if (at == r->task->step_count)
        r->stranger = name;
    else if (!step_graph_needs(r->graph, r->step, at) && !(r->undoes && at == r->step))
        r->missing = name;
    return false;
}

static int judge_names(struct reading *r, const char *where)
{
    struct slice name = r->stranger.size ? r->stranger : r->missing;
    if (name.size == 0)
        return 0;
    return err_set(r->err, -EBADMSG, "steps[%u] %.*s: %s names the step '%.*s', %s", r->step,
                   SLICE_ARG(r->task->steps[r->step].name), where,
                   SLICE_ARG(slice_sub(name, 0, SHOWN_BYTES_MAX)),
                   r->stranger.size ? "which there is not"
                                    : "which it does not need: it may not have ended by then");
}

static int check_texts(struct reading *r, const struct slice *texts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (step_text_check(texts[i], saw, r, r->err) < 0)
            return err_wrap(r->err, "steps[%u]", r->step);
    return 0;
}

/* An action of a step, and what it names. */
static int check_action(struct reading *r, struct slice json, const char *where)
{
    struct task t = {.exit = -1};
    struct json_value *v;
    size_t bytes = 0;
    r->undoes = where[0] == 'r';
    int code = json.size && json_parse(json, r->arena, 0, &v, NULL) == 0
                   ? action_take_at(v, r->depth + 1, r->arena, &t, &bytes, r->err)
                   : err_set(r->err, -EBADMSG, "there is nothing to do");
    if (code < 0)
        return err_wrap(r->err, "steps[%u] %.*s: %s", r->step,
                        SLICE_ARG(r->task->steps[r->step].name), where);
    const struct slice texts[] = {t.dir, t.user, t.concurrency};
    code = check_texts(r, t.argv, t.argc);
    if (code == 0)
        code = check_texts(r, t.env, t.env_count);
    if (code == 0)
        code = check_texts(r, texts, ARRAY_LEN(texts));
    bytes += 1 + r->task->steps[r->step].name.size;
    r->bytes = bytes > r->bytes ? bytes : r->bytes;
    return code < 0 ? code : judge_names(r, where);
}

static int check_step(struct reading *r)
{
    const struct task_step *s = &r->task->steps[r->step];
    r->stranger = r->missing = (struct slice){NULL, 0};
    r->undoes = false;
    if (step_graph_needs(r->graph, r->step, r->step))
        return bad(r, "needs leads in a circle, back to itself");
    if (s->condition.size && step_if_check(s->condition, saw, r, r->err) < 0)
        return err_wrap(r->err, "steps[%u] %.*s: if", r->step, SLICE_ARG(s->name));
    int code = judge_names(r, "if");
    if (code == 0)
        code = check_action(r, s->does, "do");
    if (code == 0 && s->rollback.size)
        code = check_action(r, s->rollback, "rollback");
    return code;
}

/* ---- all of it ---- */

static int take_steps(struct reading *r, const struct json_value *list)
{
    struct task *t = r->task;
    int code = 0;
    t->steps = arena_alloc_array(r->arena, list->count, sizeof(*t->steps));
    r->graph = arena_new(r->arena, struct step_graph);
    for (const struct json_value *m = list->first; m && code == 0; m = m->next, r->step++)
        code = take_step(r, m);
    t->step_count = list->count;
    for (r->step = 0; r->step < t->step_count && code == 0; r->step++)
        code = add_needs(r);
    if (code == 0)
        step_graph_close(r->graph, t->step_count);
    for (r->step = 0; r->step < t->step_count && code == 0; r->step++)
        code = check_step(r);
    return code == -EINVAL ? -EBADMSG : code;
}

int workflow_take(const struct json_value *v, uint32_t depth, struct arena *a, struct task *t,
                  size_t *ret_bytes, struct err *err)
{
    struct reading r = {.arena = a, .task = t, .depth = depth, .err = err};
    const struct json_value *list = json_get(v, "steps");
    if (depth >= TASK_WORKFLOW_DEPTH_MAX)
        return err_set(err, -EBADMSG, "workflow: more than %d stand inside each other",
                       TASK_WORKFLOW_DEPTH_MAX);
    for (const struct json_value *m = v->first; m; m = m->next)
        if (!slice_eq_cstr(m->key, "steps"))
            return err_set(err, -EBADMSG, "workflow: there is no '%.*s'",
                           SLICE_ARG(slice_sub(m->key, 0, SHOWN_BYTES_MAX)));
    if (!list || list->type != JSON_ARRAY || list->count == 0 || list->count > STEPS_MAX)
        return err_set(err, -EBADMSG, "workflow: steps is no list of 1 to %d steps", STEPS_MAX);
    int code = take_steps(&r, list);
    if (code == 0 && r.bytes > PATH_BYTES_MAX)
        code = err_set(err, -EBADMSG,
                       "the names of steps inside each other have more than %d bytes",
                       PATH_BYTES_MAX);
    if (code < 0) {
        t->steps = NULL;
        t->step_count = 0;
        return code;
    }
    *ret_bytes = r.bytes;
    return 0;
}
