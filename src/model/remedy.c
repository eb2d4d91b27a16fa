#include "model/remedy.h"

#include <string.h>

static const char *const whys[REPAIR_WHY_COUNT] = {
    "cooldown",       "blast_radius", "brake",      "frozen",    "precondition",
    "needs_approval", "rate",         "dependency", "not_owner",
};
static const char *const outcomes[REPAIR_OUTCOME_COUNT] = {
    "verified", "failed", "rolled_back", "timed_out", "dry_run",
};
static const char *const phases[REPAIR_PHASE_COUNT] = {
    "ordered", "waiting", "running", "verifying", "rolling_back",
};

static int word_of(const char *const *words, int count, struct slice word)
{
    int i = slice_among(word, words, (size_t)count);
    return i < 0 ? count : i;
}

const char *repair_why_name(enum repair_why w)
{
    return whys[w];
}

enum repair_why repair_why_parse(struct slice word)
{
    return (enum repair_why)word_of(whys, REPAIR_WHY_COUNT, word);
}

const char *repair_outcome_name(enum repair_outcome o)
{
    return outcomes[o];
}

enum repair_outcome repair_outcome_parse(struct slice word)
{
    return (enum repair_outcome)word_of(outcomes, REPAIR_OUTCOME_COUNT, word);
}

const char *repair_phase_name(enum repair_phase p)
{
    return phases[p];
}

enum repair_phase repair_phase_parse(struct slice word)
{
    return (enum repair_phase)word_of(phases, REPAIR_PHASE_COUNT, word);
}

struct order_block {
    struct repair_order order; /* first: what is handed out */
    struct arena arena;
};

static const char *kept(struct arena *a, const char *text)
{
    return arena_strdup(a, slice_from(text ? text : ""));
}

struct repair_order *repair_order_copy(const struct repair_order *o)
{
    struct order_block *b = mem_alloc(MEM_MODEL, sizeof(*b));
    struct repair_order *c = &b->order;
    b->arena = ARENA(MEM_MODEL, 0);
    *c = *o;
    const char **const texts[] = {&c->key,    &c->asset,  &c->namespace_, &c->group,    &c->standby,
                                  &c->remedy, &c->action, &c->dedup_key,  &c->trace_id, &c->task};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = kept(&b->arena, *texts[i]);
    return c;
}

void repair_order_free(struct repair_order *o)
{
    if (!o)
        return;
    struct order_block *b = CONTAINER_OF(o, struct order_block, order);
    arena_done(&b->arena);
    mem_free(MEM_MODEL, b);
}
