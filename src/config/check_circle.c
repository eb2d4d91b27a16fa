#include "config/check.h"

#include "config/check_walk.h"

/* Depth first with a stack of our own, so that a long chain of names needs no stack of the
 * machine's: white nodes are new, grey ones lie on the way from the first to the current one, black
 * ones are done. An edge to a grey node closes a circle, and every circle has such an edge. */
enum { WHITE, GREY, BLACK };

struct search {
    const struct check_edge *edges;
    uint32_t edge_count;
    uint32_t *next;  /* of each node: its next edge to follow */
    uint8_t *color;
    uint32_t *way, depth;
};

static void visit(struct search *s, uint32_t root,
                  void (*found)(void *ctx, const struct check_edge *closing, const uint32_t *way,
                                uint32_t count),
                  void *ctx)
{
    s->way[0] = root;
    s->depth = 1;
    s->color[root] = GREY;
    while (s->depth > 0) {
        uint32_t node = s->way[s->depth - 1], e = s->next[node];
        if (e >= s->edge_count || s->edges[e].from != node) {
            s->color[node] = BLACK;
            s->depth--;
            continue;
        }
        s->next[node]++;
        uint32_t to = s->edges[e].to;
        if (s->color[to] == WHITE) {
            s->color[to] = GREY;
            s->way[s->depth++] = to;
        } else if (s->color[to] == GREY) {
            uint32_t at = s->depth - 1;
            while (s->way[at] != to)
                at--;
            found(ctx, &s->edges[e], s->way + at, s->depth - at);
        }
    }
}

void checker_circles(struct arena *arena, const struct check_edge *edges, uint32_t edge_count,
                   uint32_t node_count,
                   void (*found)(void *ctx, const struct check_edge *closing, const uint32_t *way,
                                 uint32_t count),
                   void *ctx)
{
    struct search s = {.edges = edges, .edge_count = edge_count};
    s.next = arena_alloc_array(arena, node_count, sizeof(*s.next));
    s.way = arena_alloc_array(arena, node_count, sizeof(*s.way));
    s.color = arena_alloc_array(arena, node_count, sizeof(*s.color));
    for (uint32_t i = 0; i < node_count; i++)
        s.next[i] = edge_count;
    for (uint32_t i = edge_count; i > 0; i--)
        s.next[edges[i - 1].from] = i - 1;
    for (uint32_t i = 0; i < node_count; i++)
        if (s.color[i] == WHITE)
            visit(&s, i, found, ctx);
}
