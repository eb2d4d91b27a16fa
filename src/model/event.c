#include "model/event.h"

#include <string.h>

static const char *const types[EVENT_TYPE_COUNT] = {
    "observation", "verdict", "decision", "task", "outcome", "state", "human", "config",
};

const char *event_type_name(enum event_type t)
{
    return types[t];
}

enum event_type event_type_parse(struct slice word)
{
    int t = 0;
    while (t < EVENT_TYPE_COUNT && !slice_eq_cstr(word, types[t]))
        t++;
    return (enum event_type)t;
}

struct event_block {
    struct event event; /* first: what is handed out */
    struct arena arena;
};

static void keep(struct arena *a, const char **text)
{
    if (*text)
        *text = arena_strdup(a, slice_from(*text));
}

struct event *event_copy(const struct event *e)
{
    struct event_block *b = mem_alloc(MEM_MODEL, sizeof(*b));
    struct event *c = &b->event;
    b->arena = ARENA(MEM_MODEL, 0);
    *c = *e;
    const char **const texts[] = {&c->asset, &c->key,    &c->reason, &c->check,
                                  &c->task,  &c->remedy, &c->by,     &c->trace_id};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        keep(&b->arena, texts[i]);
    for (uint32_t i = 0; i < c->evidence_count; i++)
        keep(&b->arena, &c->evidence[i]);
    struct event_rejected *rejected =
        arena_alloc_array(&b->arena, c->rejected_count + 1, sizeof(*rejected));
    for (uint32_t i = 0; i < c->rejected_count; i++) {
        rejected[i] = e->rejected[i];
        keep(&b->arena, &rejected[i].remedy);
    }
    c->rejected = rejected;
    return c;
}

void event_free(struct event *e)
{
    if (!e)
        return;
    struct event_block *b = CONTAINER_OF(e, struct event_block, event);
    arena_done(&b->arena);
    mem_free(MEM_MODEL, b);
}
