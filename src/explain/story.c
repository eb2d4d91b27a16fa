#include "explain/explain.h"

#include "base/fault.h"

static bool is(const struct json_value *event, const char *type)
{
    return slice_eq_cstr(json_text(event, "type"), type);
}

static struct slice trace_of(const struct json_value *event)
{
    return json_text(event, "trace_id");
}

/* It says once more what the verdict before it said. */
static bool repeats(const struct json_value *verdict, const struct json_value *state)
{
    return is(verdict, "verdict") && is(state, "state") && json_text(verdict, "to").size &&
           slice_eq(json_text(verdict, "from"), json_text(state, "from")) &&
           slice_eq(json_text(verdict, "to"), json_text(state, "to"));
}

/* A story whose events are put one behind the other. */
struct telling {
    const struct json_value **told;
    uint32_t count;
    const struct json_value *held; /* a repetition: told only where nothing follows */
};

static void put(struct telling *t, const struct json_value *event)
{
    t->held = NULL;
    bool again = t->count && repeats(t->told[t->count - 1], event);
    if (again && !fault_mutant("story_repeats_itself"))
        t->held = event;
    else
        t->told[t->count++] = event;
}

static uint32_t finish(struct telling *t)
{
    if (t->held && !fault_mutant("story_without_its_end"))
        t->told[t->count++] = t->held;
    return t->count;
}

uint32_t story_of_trace(const struct json_value *const *events, uint32_t count, struct slice trace,
                        const struct json_value **ret_told)
{
    struct telling t = {.told = ret_told};
    for (uint32_t i = 0; i < count; i++)
        if (slice_eq(trace_of(events[i]), trace))
            put(&t, events[i]);
    return finish(&t);
}

/* From `at` on: the events without a trace id up to the next state. */
static uint32_t untraced(const struct json_value *const *events, uint32_t count, uint32_t at,
                         const struct json_value **ret_told)
{
    struct telling t = {.told = ret_told};
    for (uint32_t i = at; i < count; i++) {
        if (trace_of(events[i]).size)
            continue;
        put(&t, events[i]);
        if (is(events[i], "state"))
            break;
    }
    return finish(&t);
}

/* Where the story of events[at] begins: it may not be at `at` itself. */
static bool begins(const struct json_value *const *events, uint32_t at)
{
    struct slice trace = trace_of(events[at]);
    for (uint32_t i = at; i-- > 0;) {
        if (!slice_eq(trace_of(events[i]), trace))
            continue;
        return !trace.size && is(events[i], "state");
    }
    return true;
}

static uint32_t tell_from(const struct json_value *const *events, uint32_t count, uint32_t at,
                          const struct json_value **ret_told)
{
    struct slice trace = trace_of(events[at]);
    return trace.size ? story_of_trace(events, count, trace, ret_told)
                      : untraced(events, count, at, ret_told);
}

static uint32_t tell_last(const struct json_value *const *events, uint32_t count,
                          const struct json_value **ret_told)
{
    for (uint32_t i = count; i-- > 0;)
        if (trace_of(events[i]).size)
            return story_of_trace(events, count, trace_of(events[i]), ret_told);
    for (uint32_t i = count; i-- > 0;)
        if (begins(events, i))
            return untraced(events, count, i, ret_told);
    return 0;
}

uint32_t story_tell(const struct json_value *const *events, uint32_t count, enum story_scope scope,
                    const struct json_value **ret_told, bool *ret_begins)
{
    if (scope == STORY_LAST)
        return tell_last(events, count, ret_told);
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!begins(events, i))
            continue;
        uint32_t told = tell_from(events, count, i, ret_told + n);
        for (uint32_t k = 0; ret_begins && k < told; k++)
            ret_begins[n + k] = k == 0;
        n += told;
    }
    return n;
}
