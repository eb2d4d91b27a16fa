#include "app/task_said.h"

#include "model/task.h"

static const struct slice nothing = {NULL, 0};

static enum task_state state_at(const struct json_value *of)
{
    return task_state_parse(json_text(of, "state"));
}

/* NULL: no step failed. */
static const struct json_value *failed_first(const struct json_value *task)
{
    const struct json_value *steps = json_get(task, "steps"), *first = NULL;
    int64_t least = INT64_MAX, ended = 0;
    for (const struct json_value *x = steps ? steps->first : NULL; x; x = x->next) {
        const struct json_value *v = json_get(x, "ended");
        enum task_state s = state_at(x);
        if (s >= TASK_STATE_COUNT || !task_state_final(s) || s == TASK_SUCCEEDED || !v ||
            json_to_i64(v, &ended) < 0 || ended <= 0 || ended >= least)
            continue;
        first = x;
        least = ended;
    }
    return first;
}

static struct slice of_step(const struct json_value *step, struct arena *a)
{
    struct slice detail = json_text(step, "detail");
    if (detail.size == 0)
        detail = json_text(step, "state");
    return slice_from(
        arena_printf(a, "step %.*s: %.*s", SLICE_ARG(json_text(step, "name")), SLICE_ARG(detail)));
}

/* A rejected one was not canceled: it never waited for its end. */
static struct slice of_canceled(const struct json_value *task, struct slice detail, struct arena *a)
{
    const struct json_value *cancel = json_get(task, "cancel");
    struct slice by = json_text(task, "decided_by");
    bool canceled = cancel && cancel->type == JSON_TRUE;
    if (by.size == 0)
        return detail;
    return slice_from(
        arena_printf(a, "%s by %.*s", canceled ? "canceled" : "rejected", SLICE_ARG(by)));
}

static struct slice of_expired(const struct json_value *last, struct slice detail, struct arena *a)
{
    enum task_state s = last ? state_at(last) : TASK_STATE_COUNT;
    if (s == TASK_EXPIRED && detail.size)
        return detail;
    if (s != TASK_FAILED && s != TASK_TIMED_OUT)
        return SLICE("its deadline came before it began");
    return slice_from(
        arena_printf(a, "its deadline came; before that: %.*s", SLICE_ARG(detail)));
}

struct slice task_said(const struct json_value *task, struct arena *arena)
{
    const struct json_value *attempts = json_get(task, "attempts"), *last = NULL;
    enum task_state s = state_at(task);
    for (const struct json_value *x = attempts ? attempts->first : NULL; x; x = x->next)
        last = x;
    struct slice detail = json_text(last, "detail");
    const struct json_value *step = failed_first(task);
    if (s == TASK_SUCCEEDED)
        return nothing;
    if (s == TASK_CANCELED)
        return of_canceled(task, detail, arena);
    if (step)
        return of_step(step, arena);
    return s == TASK_EXPIRED ? of_expired(last, detail, arena) : detail;
}
