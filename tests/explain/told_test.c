#include "explain/explain.h"

#include "tests/tap.h"

#define T0 INT64_C(1767225600000) /* 2026-01-01T00:00:00.000Z */

/* A record as it grows. */
static struct buf record, said;
static struct arena arena;

static void begin(void)
{
    record = said = BUF(MEM_TEST, 0);
    arena = ARENA(MEM_TEST, 0);
}

static void end(void)
{
    buf_done(&record);
    buf_done(&said);
    arena_done(&arena);
}

static struct told of(const char *receiver, enum told_outcome outcome, int64_t at_ms)
{
    return (struct told){.receiver = slice_from(receiver),
                         .kind = SLICE("webhook"),
                         .trace_id = SLICE("t1"),
                         .outcome = outcome,
                         .at_ms = T0 + at_ms,
                         .asked_ms = T0};
}

static void say(struct told t)
{
    struct buf out = BUF(MEM_TEST, 0);
    told_merge(buf_slice(&record), &t, &out);
    buf_done(&record);
    record = out;
}

static const struct json_value *items(void)
{
    struct json_value *root;
    struct slice text = {arena_strdup(&arena, buf_slice(&record)), record.size};
    CHECK_INT(json_parse(text, &arena, 0, &root, NULL), 0);
    return json_get(root, "items");
}

/* All of them as sentences, a line each. */
static const char *told(void)
{
    buf_clear(&said);
    for (const struct json_value *i = items()->first; i; i = i->next) {
        if (said.size)
            buf_append_byte(&said, '\n');
        CHECK(told_is(i));
        told_sentence(i, &said);
    }
    return said.data;
}

static void a_delivery_goes_from_waiting_to_told(void)
{
    begin();
    struct told t = of("ops", TOLD_WAITING, 0);
    t.why = SLICE("others may join for 10 s (Wait)");
    say(t);
    CHECK_STR(told(), "ops (webhook) is to be told: others may join for 10 s (Wait)");
    t = of("ops", TOLD_SENDING, 10 * 1000);
    t.task = SLICE("task-1");
    say(t);
    CHECK_STR(told(), "ops (webhook) is being told; task-1");
    t.attempts = 1;
    t.why = SLICE("it answers 503");
    say(t);
    CHECK_STR(told(), "ops (webhook) is being told: attempt 1 failed: it answers 503; task-1");
    t = of("ops", TOLD_DELIVERED, 12340);
    t.task = SLICE("task-1");
    t.attempts = 2;
    t.others = 1;
    say(t);
    CHECK_STR(told(),
              "ops (webhook) was told, 12.3 s later, at attempt 2, together with 1 other; task-1");
    end();
}

static void told_again_the_first_time_stays(void)
{
    begin();
    say(of("ops", TOLD_DELIVERED, 1000));
    struct told t = of("ops", TOLD_SENDING, 90 * 1000);
    t.asked_ms = 0;
    say(t);
    t.outcome = TOLD_DELIVERED;
    say(t);
    CHECK_STR(
        told(),
        "ops (webhook) was told, 1.0 s later; 2 times so far, last at 2026-01-01T00:01:30.000Z");
    end();
}

static void that_it_is_over_is_another_one_and_so_is_another_story(void)
{
    begin();
    say(of("ops", TOLD_DELIVERED, 1000));
    struct told t = of("ops", TOLD_DELIVERED, 2000);
    t.resolved = true;
    t.asked_ms = T0 + 1500;
    say(t);
    t = of("ops", TOLD_BEFORE, 3000);
    t.trace_id = SLICE("t2");
    say(t);
    CHECK_STR(told(), "ops (webhook) was told, 1.0 s later\n"
                      "ops (webhook) was told that it is over, 0.5 s later\n"
                      "ops (webhook) was told in an earlier story, and not yet that it was over");
    end();
}

static void why_nobody_was_told_is_said(void)
{
    static const struct {
        enum told_outcome outcome;
        const char *why, *sentence;
    } table[] = {
        {TOLD_SILENCED, "silenced by s", "ops (webhook) is not told: silenced by s"},
        {TOLD_INHIBITED, "it is in maintenance", "ops (webhook) is not told: it is in maintenance"},
        {TOLD_OVER, "", "ops (webhook) was not told: it was over first"},
        {TOLD_OVER, "too short", "ops (webhook) was not told: too short"},
        {TOLD_DROPPED, "", "ops (webhook) was NOT told: the store took no deliveries"},
        {TOLD_FAILED, "", "ops (webhook) was NOT told: the delivery failed"},
        {TOLD_FAILED, "it answers 400", "ops (webhook) was NOT told: it answers 400 (6 attempts)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        begin();
        struct told t = of("ops", table[i].outcome, 0);
        t.why = slice_from(table[i].why);
        t.attempts = table[i].outcome == TOLD_FAILED && t.why.size ? 6 : 0;
        say(t);
        CHECK_STR(told(), table[i].sentence);
        end();
    }
}

static void of_very_many_the_oldest_go(void)
{
    char trace[16];
    begin();
    for (int i = 0; i < TOLD_ITEMS_MAX + 3; i++) {
        struct told t = of("ops", TOLD_DELIVERED, i);
        snprintf(trace, sizeof(trace), "t%d", i);
        t.trace_id = slice_from(trace);
        say(t);
    }
    CHECK_INT(items()->count, TOLD_ITEMS_MAX);
    CHECK(slice_eq(json_get(items()->first, "trace_id")->text, SLICE("t3")));
    end();
}

static void what_cannot_be_read_begins_anew(void)
{
    static const char *const bad[] = {
        "", "{", "[]", "{\"items\":7}", "{\"items\":{}}", "{\"items\":null}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        begin();
        buf_append_cstr(&record, bad[i]);
        say(of("ops", TOLD_DELIVERED, 1000));
        CHECK_STR(told(), "ops (webhook) was told, 1.0 s later");
        end();
    }
    begin(); /* what another one put there stays as it is, and is no item */
    buf_append_cstr(&record, "{\"items\":[7,{\"type\":\"state\"}]}");
    say(of("ops", TOLD_DELIVERED, 1000));
    CHECK_INT(items()->count, 3);
    CHECK(!told_is(items()->first->next));
    end();
}

/* ---- among events ---- */

/* Events "trace second" and what was told between them: the whole as "trace@second", "*" for told.
 */
static const char *among(const char *lines)
{
    const struct json_value *events[16], *all[16 + TOLD_ITEMS_MAX];
    struct slice rest = slice_from(lines);
    uint32_t n = 0;
    while (rest.size) {
        struct slice line = slice_cut(&rest, ','), trace = slice_cut(&line, ' ');
        struct json_value *v;
        const char *text = arena_printf(
            &arena, "{\"type\":\"x\",\"trace_id\":\"%.*s\",\"at\":\"2026-01-01T00:00:%.*s.000Z\"}",
            SLICE_ARG(trace), SLICE_ARG(line));
        CHECK_INT(json_parse(slice_from(text), &arena, 0, &v, NULL), 0);
        events[n++] = v;
    }
    n = told_among(events, n, record.size ? items() : NULL, all);
    buf_clear(&said);
    for (uint32_t i = 0; i < n; i++)
        buf_printf(&said, "%s%s%.*s@%.*s", i ? " " : "", told_is(all[i]) ? "*" : "",
                   SLICE_ARG(json_get(all[i], "trace_id")->text),
                   SLICE_ARG(slice_sub(json_get(all[i], "at")->text, 17, 19)));
    return said.size ? said.data : "";
}

static void it_stands_in_its_own_story_by_its_time(void)
{
    begin();
    CHECK_STR(among(""), "");
    CHECK_STR(among("t1 01,t1 02"), "t1@01 t1@02");
    say(of("late", TOLD_DELIVERED, 9000));
    say(of("between", TOLD_DELIVERED, 3000));
    say(of("first", TOLD_DELIVERED, 0));
    struct told t = of("nowhere", TOLD_DELIVERED, 2000);
    t.trace_id = SLICE("t9");
    say(t);
    t.trace_id = SLICE("");
    say(t);
    CHECK_STR(among("t1 02,t1 04,t2 05,t2 06"), "*t1@00 t1@02 *t1@03 t1@04 *t1@09 t2@05 t2@06");
    CHECK_STR(among("t2 01,t2 02,t1 02,t1 03"), "t2@01 t2@02 *t1@00 t1@02 t1@03 *t1@03 *t1@09");
    CHECK_STR(among("t2 01"), "t2@01");
    end();
}

int main(void)
{
    TAP_RUN(a_delivery_goes_from_waiting_to_told);
    TAP_RUN(told_again_the_first_time_stays);
    TAP_RUN(that_it_is_over_is_another_one_and_so_is_another_story);
    TAP_RUN(why_nobody_was_told_is_said);
    TAP_RUN(of_very_many_the_oldest_go);
    TAP_RUN(what_cannot_be_read_begins_anew);
    TAP_RUN(it_stands_in_its_own_story_by_its_time);
    return tap_done();
}
