#include "cli/states.h"

#include <math.h>
#include <string.h>

#include "model/asset_moves.h"

/* The causes that lead from one state to another, with commas between them; false: there is none.
 * `from` may be ASSET_NOWHERE. */
static bool causes_of(int from, int to, struct buf *out)
{
    bool any = false;
    buf_clear(out);
    for (size_t i = 0; i < asset_move_count; i++) {
        const struct asset_move *m = &asset_moves[i];
        if (!(m->from >> from & 1) || (int)m->to != to)
            continue;
        buf_printf(out, "%s%s", any ? ", " : "", asset_cause_name(m->cause));
        any = true;
    }
    return any;
}

static const char *name_of(int state, const char *nowhere)
{
    return state == ASSET_NOWHERE ? nowhere : asset_state_name((enum asset_state)state);
}

/* Asks `edge` about each pair that has a move. */
static void each_edge(struct buf *out,
                      void (*edge)(struct buf *out, int from, int to, const char *causes))
{
    struct buf causes = BUF(MEM_CLI, 0);
    for (int from = ASSET_NOWHERE; from >= 0; from--)
        for (int to = 0; to < ASSET_STATE_COUNT; to++)
            if (causes_of(from, to, &causes))
                edge(out, from, to, causes.data);
    buf_done(&causes);
}

/* ---- Graphviz and Mermaid ---- */

static void dot_edge(struct buf *out, int from, int to, const char *causes)
{
    buf_printf(out, "  %s -> %s [label=\"%s\"];\n", name_of(from, "start"), name_of(to, ""),
               causes);
}

void states_dot(struct buf *out)
{
    buf_append_cstr(out, "digraph states {\n  node [shape=box, style=rounded];\n"
                         "  start [shape=point];\n");
    each_edge(out, dot_edge);
    buf_append_cstr(out, "}\n");
}

static void mermaid_edge(struct buf *out, int from, int to, const char *causes)
{
    buf_printf(out, "  %s --> %s: %s\n", name_of(from, "[*]"), name_of(to, ""), causes);
}

void states_mermaid(struct buf *out)
{
    buf_append_cstr(out, "stateDiagram-v2\n");
    each_edge(out, mermaid_edge);
}

/* ---- SVG ---- */

enum { WIDTH = 1000, HEIGHT = 700, BOX_WIDTH = 130, BOX_HEIGHT = 40 };

static const struct {
    double x, y;
    const char *fill;
} places[ASSET_STATE_COUNT + 1] = {
    [ASSET_PENDING] = {200, 150, "#cfe8ef"},     [ASSET_HEALTHY] = {500, 70, "#cdebc8"},
    [ASSET_DEGRADED] = {800, 150, "#f5e6b0"},    [ASSET_FAILED] = {800, 470, "#f3c4bf"},
    [ASSET_UNKNOWN] = {500, 600, "#dddddd"},     [ASSET_MAINTENANCE] = {200, 470, "#d9d3ee"},
    [ASSET_NOWHERE] = {40, 150, "#000000"},
};

/* How far along (dx, dy), of length 1, the border of a state's box is from its middle. */
static double border(int state, double dx, double dy)
{
    double across = fabs(dx) > 1e-9 ? BOX_WIDTH / 2.0 / fabs(dx) : 1e9;
    double down = fabs(dy) > 1e-9 ? BOX_HEIGHT / 2.0 / fabs(dy) : 1e9;
    if (state == ASSET_NOWHERE)
        return 6;
    return across < down ? across : down;
}

/* A curve that bends to its left, so that the way there and the way back are two. */
static void svg_edge(struct buf *out, int from, int to, const char *causes)
{
    enum { BEND = 46 };
    double x = places[from].x, y = places[from].y;
    double dx = places[to].x - x, dy = places[to].y - y, length = hypot(dx, dy);
    double cx = x + dx / 2 + dy / length * BEND, cy = y + dy / 2 - dx / length * BEND;
    double out_length = hypot(cx - x, cy - y);
    double in_length = hypot(places[to].x - cx, places[to].y - cy);
    double ox = (cx - x) / out_length, oy = (cy - y) / out_length;
    double ix = (cx - places[to].x) / in_length, iy = (cy - places[to].y) / in_length;
    double begin = border(from, ox, oy), end = border(to, ix, iy) + 4;
    buf_printf(out,
               "<path d=\"M%.0f %.0f Q%.0f %.0f %.0f %.0f\" fill=\"none\" stroke=\"#555\" "
               "marker-end=\"url(#tip)\"/>\n",
               x + ox * begin, y + oy * begin, cx, cy, places[to].x + ix * end,
               places[to].y + iy * end);
    /* Its words stand before the middle, where most of the curves cross. */
    double t = 0.36, s = 1 - t;
    buf_printf(out,
               "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\" font-size=\"12\" "
               "stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\">%s</text>\n",
               s * s * x + 2 * s * t * cx + t * t * places[to].x,
               s * s * y + 2 * s * t * cy + t * t * places[to].y + 4, causes);
}

static void svg_state(struct buf *out, int state)
{
    double x = places[state].x, y = places[state].y;
    buf_printf(out,
               "<rect x=\"%.0f\" y=\"%.0f\" width=\"%d\" height=\"%d\" rx=\"10\" "
               "fill=\"%s\" stroke=\"#333\"/>\n",
               x - BOX_WIDTH / 2.0, y - BOX_HEIGHT / 2.0, BOX_WIDTH, BOX_HEIGHT,
               places[state].fill);
    buf_printf(out,
               "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\" font-size=\"16\">%s</text>\n",
               x, y + 5, name_of(state, ""));
}

void states_svg(struct buf *out)
{
    buf_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
               "font-family=\"sans-serif\">\n<title>The states of an asset</title>\n"
               "<defs><marker id=\"tip\" viewBox=\"0 0 10 10\" refX=\"8\" refY=\"5\" "
               "markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
               "<path d=\"M0 0 L10 5 L0 10 z\" fill=\"#555\"/></marker></defs>\n"
               "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
               WIDTH, HEIGHT, WIDTH, HEIGHT);
    buf_printf(out, "<circle cx=\"%.0f\" cy=\"%.0f\" r=\"6\"/>\n", places[ASSET_NOWHERE].x,
               places[ASSET_NOWHERE].y);
    each_edge(out, svg_edge);
    for (int s = 0; s < ASSET_STATE_COUNT; s++)
        svg_state(out, s);
    buf_append_cstr(out, "</svg>\n");
}

/* ---- Markdown ---- */

static void from_words(const struct asset_move *m, struct buf *out)
{
    bool any = false;
    if (m->from >> ASSET_NOWHERE & 1)
        buf_append_cstr(out, "(new)");
    for (int s = 0; s < ASSET_STATE_COUNT; s++)
        if (m->from >> s & 1) {
            buf_printf(out, "%s%s", any ? ", " : "", asset_state_name((enum asset_state)s));
            any = true;
        }
}

void states_markdown(struct buf *out)
{
    buf_append_cstr(out, "# The states of an asset\n\n| from | to | cause | when | does |\n"
                         "|---|---|---|---|---|\n");
    for (size_t i = 0; i < asset_move_count; i++) {
        const struct asset_move *m = &asset_moves[i];
        buf_append_cstr(out, "| ");
        from_words(m, out);
        buf_printf(out, " | %s | %s | %s | %s |\n", asset_state_name(m->to),
                   asset_cause_name(m->cause), m->when, m->does);
    }
}
