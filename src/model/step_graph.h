/* step_graph.h - which step of a workflow needs which, by their numbers.
 *
 * Pure; one owner. 8 KB: in an arena, or on the heap. */
#ifndef FIREBREAK_MODEL_STEP_GRAPH_H
#define FIREBREAK_MODEL_STEP_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

enum { STEPS_MAX = 256, STEP_GRAPH_WORDS = STEPS_MAX / 64 };

struct step_graph {
    uint64_t needs[STEPS_MAX][STEP_GRAPH_WORDS];
};

void step_graph_add(struct step_graph *g, uint32_t from, uint32_t to);
/* What is needed by what one needs, too. Then a step that needs itself stands in a circle. */
void step_graph_close(struct step_graph *g, uint32_t count);
bool step_graph_needs(const struct step_graph *g, uint32_t from, uint32_t to);

#endif
