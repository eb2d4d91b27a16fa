#include "explain/explain.h"

#include "tests/tap.h"

enum { EVENTS_MAX = 32 };

/* Events out of lines "trace type from to", "-" for what is not said; and what is told of them. */
struct world {
    struct arena arena;
    const struct json_value *events[EVENTS_MAX], *told[EVENTS_MAX];
    bool begins[EVENTS_MAX];
    uint32_t count, told_count;
    struct buf said;
};

static void put_text(struct json_writer *w, const char *key, struct slice text)
{
    json_key_slice(w, slice_from(key));
    if (slice_eq(text, SLICE("-")))
        json_null(w);
    else
        json_string(w, text);
}

static void add(struct world *t, struct slice line)
{
    struct buf json = BUF(MEM_TEST, 0);
    struct json_writer w;
    struct json_value *v;
    json_begin(&w, &json, 0);
    json_object_open(&w);
    put_text(&w, "trace_id", slice_cut(&line, ' '));
    put_text(&w, "type", slice_cut(&line, ' '));
    put_text(&w, "from", slice_cut(&line, ' '));
    put_text(&w, "to", line);
    json_object_close(&w);
    json_end(&w);
    struct slice kept = {arena_strdup(&t->arena, buf_slice(&json)), json.size};
    CHECK_INT(json_parse(kept, &t->arena, 0, &v, NULL), 0);
    t->events[t->count++] = v;
    buf_done(&json);
}

static void begin(struct world *t, const char *lines)
{
    struct slice rest = slice_from(lines);
    *t = (struct world){.arena = ARENA(MEM_TEST, 0), .said = BUF(MEM_TEST, 0)};
    while (rest.size)
        add(t, slice_cut(&rest, '\n'));
}

/* The types that are told, a story a group in brackets. */
static const char *said(struct world *t)
{
    buf_clear(&t->said);
    for (uint32_t i = 0; i < t->told_count; i++)
        buf_printf(&t->said, "%s%.*s",
                   i == 0         ? ""
                   : t->begins[i] ? " | "
                                  : " ",
                   SLICE_ARG(json_get(t->told[i], "type")->text));
    return t->said.data ? t->said.data : "";
}

static const char *last(struct world *t)
{
    memset(t->begins, 0, sizeof(t->begins));
    t->told_count = story_tell(t->events, t->count, STORY_LAST, t->told, NULL);
    return said(t);
}

static const char *all(struct world *t)
{
    t->told_count = story_tell(t->events, t->count, STORY_ALL, t->told, t->begins);
    return said(t);
}

static void end(struct world *t)
{
    arena_done(&t->arena);
    buf_done(&t->said);
}

static void a_repair_is_one_story(void)
{
    static struct world t;
    begin(&t,
          "a observation - -\na verdict Healthy Failed\na state Healthy Failed\na decision - -\n"
          "a task - -\na outcome - -\na state Failed Healthy\n");
    CHECK_STR(last(&t), "observation verdict decision task outcome state");
    CHECK_STR(all(&t), "observation verdict decision task outcome state");
    end(&t);
}

static void a_state_that_ends_the_story_is_told_though_the_verdict_said_it(void)
{
    static struct world t;
    begin(&t, "a observation - -\na verdict Healthy Failed\na state Healthy Failed\n");
    CHECK_STR(last(&t), "observation verdict state");
    end(&t);
}

static void another_move_than_the_verdict_s_is_told(void)
{
    static struct world t;
    begin(&t, "a verdict Healthy Failed\na state Healthy Degraded\na decision - -\n");
    CHECK_STR(last(&t), "verdict state decision");
    end(&t);
}

static void the_last_story_is_the_one_that_went_on_last(void)
{
    static struct world t;
    begin(&t, "a observation - -\nb observation - -\nb verdict - -\na state - -\n");
    CHECK_STR(last(&t), "observation state");
    CHECK_STR(all(&t), "observation state | observation verdict");
    end(&t);
}

static void what_has_no_trace_id_ends_with_a_state(void)
{
    static struct world t;
    begin(&t, "- state - Pending\n- config - -\n- state Pending Healthy\n- human - -\n");
    CHECK_STR(last(&t), "human");
    CHECK_STR(all(&t), "state | config state | human");
    end(&t);
}

static void what_has_a_trace_id_comes_before_what_has_none(void)
{
    static struct world t;
    begin(&t, "- state - Pending\na observation - -\n- config - -\na state - -\n- config - -\n");
    CHECK_STR(last(&t), "observation state");
    CHECK_STR(all(&t), "state | observation state | config config");
    end(&t);
}

static void a_trace_is_found_among_others(void)
{
    static struct world t;
    begin(&t, "a observation - -\nb observation - -\na verdict - -\n");
    CHECK_INT(story_of_trace(t.events, t.count, SLICE("a"), t.told), 2);
    CHECK(t.told[1] == t.events[2]);
    CHECK_INT(story_of_trace(t.events, t.count, SLICE("c"), t.told), 0);
    end(&t);
}

static void nothing_happened(void)
{
    static struct world t;
    begin(&t, "");
    CHECK_STR(last(&t), "");
    CHECK_STR(all(&t), "");
    end(&t);
}

int main(void)
{
    TAP_RUN(a_repair_is_one_story);
    TAP_RUN(a_state_that_ends_the_story_is_told_though_the_verdict_said_it);
    TAP_RUN(another_move_than_the_verdict_s_is_told);
    TAP_RUN(the_last_story_is_the_one_that_went_on_last);
    TAP_RUN(what_has_no_trace_id_ends_with_a_state);
    TAP_RUN(what_has_a_trace_id_comes_before_what_has_none);
    TAP_RUN(a_trace_is_found_among_others);
    TAP_RUN(nothing_happened);
    return tap_done();
}
