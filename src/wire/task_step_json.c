#include <errno.h>

#include "model/step_graph.h"
#include "wire/action_json.h"
#include "wire/task_field.h"

static const struct task_field step_fields[] = {
    {SLICE("name"), FIELD_TEXT, AT(task_step, name), false, true},
    {SLICE("state"), FIELD_STATE, AT(task_step, state), false, true},
    {SLICE("skipped"), FIELD_BOOL, AT(task_step, skipped), false, false},
    {SLICE("if"), FIELD_TEXT, AT(task_step, condition), false, false},
    {SLICE("task"), FIELD_TEXT, AT(task_step, task), false, true},
    {SLICE("ended"), FIELD_U32, AT(task_step, ended), false, false},
    {SLICE("exit"), FIELD_EXIT, AT(task_step, exit), false, false},
    {SLICE("status"), FIELD_I32, AT(task_step, status), false, false},
    {SLICE("detail"), FIELD_TEXT, AT(task_step, detail), false, false},
    {SLICE("rollback_task"), FIELD_TEXT, AT(task_step, undo), false, false},
    {SLICE("rollback_state"), FIELD_STOP, AT(task_step, undo_state), false, true},
};

static int read_action(const struct json_value *v, const char *key, struct arena *a,
                       struct slice *ret, struct err *err)
{
    const struct json_value *action = json_get(v, key);
    if (!action || action->type == JSON_NULL)
        return 0;
    if (action->type != JSON_OBJECT)
        return err_set(err, -EBADMSG, "'%s' is no action", key);
    *ret = json_kept(action, a);
    return 0;
}

static int read_step(const struct json_value *v, struct arena *a, struct task_step *s,
                     struct err *err)
{
    int r = task_fields_read(v, step_fields, ARRAY_LEN(step_fields), s, err);
    if (r == 0)
        r = task_texts_read(v, "needs", STEPS_MAX, a, &s->needs, &s->need_count, err);
    if (r == 0)
        r = read_action(v, "do", a, &s->does, err);
    if (r == 0)
        r = read_action(v, "rollback", a, &s->rollback, err);
    if (r == 0)
        r = task_labels_read(v, "outputs", a, &s->outputs, &s->output_count, err);
    return r;
}

int task_steps_read(const struct json_value *v, struct arena *a, struct task *t, struct err *err)
{
    const struct json_value *list = json_get(v, "steps");
    if (!list || list->type == JSON_NULL)
        return 0;
    if (list->type != JSON_ARRAY || list->count > STEPS_MAX)
        return err_set(err, -EBADMSG, "'steps' is no array of up to %d objects", STEPS_MAX);
    t->steps = arena_alloc_array(a, list->count + 1, sizeof(*t->steps));
    for (const struct json_value *m = list->first; m; m = m->next)
        if (read_step(m, a, &t->steps[t->step_count++], err) < 0)
            return err_wrap(err, "steps");
    return 0;
}

static void write_step(struct json_writer *w, const struct task_step *s)
{
    json_object_open(w);
    task_fields_write(w, step_fields, ARRAY_LEN(step_fields), s);
    if (s->need_count)
        task_texts_write(w, "needs", s->needs, s->need_count);
    json_key(w, "do");
    json_raw(w, s->does);
    if (s->rollback.size) {
        json_key(w, "rollback");
        json_raw(w, s->rollback);
    }
    if (s->output_count)
        task_labels_write(w, "outputs", s->outputs, s->output_count);
    json_object_close(w);
}

void task_steps_write(struct json_writer *w, const struct task *t)
{
    json_key(w, "steps");
    json_array_open(w);
    for (uint32_t i = 0; i < t->step_count; i++)
        write_step(w, &t->steps[i]);
    json_array_close(w);
}
