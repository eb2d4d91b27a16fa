#include "cli/states.h"

#include <string.h>

#include "model/asset_moves.h"
#include "tests/tap.h"

/* Every move of the table must be found in it, by the words that it would be drawn with. */
static void has_all(const struct buf *out, const char *format, const char *start)
{
    char words[160];
    for (size_t i = 0; i < asset_move_count; i++)
        for (int from = 0; from <= ASSET_NOWHERE; from++) {
            if (!(asset_moves[i].from >> from & 1))
                continue;
            snprintf(words, sizeof(words), format,
                     from == ASSET_NOWHERE ? start : asset_state_name((enum asset_state)from),
                     asset_state_name(asset_moves[i].to));
            const char *at = strstr(out->data, words);
            CHECK(at && strstr(at, asset_cause_name(asset_moves[i].cause)));
        }
}

static void graphviz_has_every_move(void)
{
    struct buf out = BUF(MEM_TEST, 0);
    states_dot(&out);
    has_all(&out, "  %s -> %s [label=", "start");
    CHECK(strstr(out.data, "digraph states {\n") == out.data);
    CHECK(strstr(out.data, "Failed -> Healthy [label=\"repaired, recovered, unrepaired\"];"));
    CHECK(!strstr(out.data, "Failed -> Degraded"));
    buf_done(&out);
}

static void mermaid_has_every_move(void)
{
    struct buf out = BUF(MEM_TEST, 0);
    states_mermaid(&out);
    has_all(&out, "  %s --> %s: ", "[*]");
    CHECK(strstr(out.data, "stateDiagram-v2\n  [*] --> Pending: registered\n") == out.data);
    buf_done(&out);
}

static int count_of(const char *text, const char *words)
{
    int n = 0;
    for (; (text = strstr(text, words)); text++)
        n++;
    return n;
}

static void the_picture_has_every_state_and_every_edge(void)
{
    struct buf svg = BUF(MEM_TEST, 0), dot = BUF(MEM_TEST, 0);
    states_svg(&svg);
    states_dot(&dot);
    for (int s = 0; s < ASSET_STATE_COUNT; s++)
        CHECK(strstr(svg.data, asset_state_name((enum asset_state)s)));
    CHECK_INT(count_of(svg.data, "marker-end"), count_of(dot.data, " -> "));
    CHECK(strstr(svg.data, "</svg>\n"));
    CHECK(!strstr(svg.data, "\"nan") && !strstr(svg.data, " nan"));
    buf_done(&svg);
    buf_done(&dot);
}

static void markdown_has_a_row_for_each_move(void)
{
    struct buf out = BUF(MEM_TEST, 0);
    states_markdown(&out);
    CHECK_INT(count_of(out.data, "\n| "), (int)asset_move_count + 1);
    CHECK(strstr(out.data, "| (new) | Pending | registered |"));
    CHECK(strstr(out.data, "| Pending, Degraded | Healthy | settled |"));
    buf_done(&out);
}

int main(void)
{
    TAP_RUN(graphviz_has_every_move);
    TAP_RUN(mermaid_has_every_move);
    TAP_RUN(the_picture_has_every_state_and_every_edge);
    TAP_RUN(markdown_has_a_row_for_each_move);
    return tap_done();
}
