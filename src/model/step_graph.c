#include "model/step_graph.h"

#include <assert.h>

void step_graph_add(struct step_graph *g, uint32_t from, uint32_t to)
{
    assert(from < STEPS_MAX && to < STEPS_MAX);
    g->needs[from][to / 64] |= UINT64_C(1) << to % 64;
}

bool step_graph_needs(const struct step_graph *g, uint32_t from, uint32_t to)
{
    assert(from < STEPS_MAX && to < STEPS_MAX);
    return g->needs[from][to / 64] >> to % 64 & 1;
}

void step_graph_close(struct step_graph *g, uint32_t count)
{
    for (uint32_t via = 0; via < count; via++)
        for (uint32_t from = 0; from < count; from++)
            for (int w = 0; step_graph_needs(g, from, via) && w < STEP_GRAPH_WORDS; w++)
                g->needs[from][w] |= g->needs[via][w];
}
