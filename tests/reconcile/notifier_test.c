#include "reconcile/notifier.h"

#include "tests/tap.h"

#include <errno.h>
#include <stdio.h>

#include "base/alloc.h"

#define SEC INT64_C(1000000000)
#define T0  INT64_C(1767225600000)

/* What was told, as one line each: "ops [env=prod] +web-1 -db"; and how it stood with each. */
struct world {
    struct notifier *n;
    struct notifier_time t;
    struct buf told, stands;
};

static struct world w;

static void on_notice(void *ctx, struct slice key, struct slice receiver, const struct notice *n)
{
    (void)ctx;
    (void)receiver;
    buf_printf(&w.told, "%.*s [%.*s]", SLICE_ARG(key), SLICE_ARG(n->group));
    for (uint32_t i = 0; i < n->alert_count; i++)
        buf_printf(&w.told, " %c%.*s", n->alerts[i].ended_ms ? '-' : '+',
                   SLICE_ARG(n->alerts[i].asset));
    if (n->more)
        buf_printf(&w.told, " and %u", n->more);
    buf_append_byte(&w.told, '\n');
}

/* "web-1 waits 10 s, told with 1": a line a second would say more than anybody wants to read. */
static void on_stands(void *ctx, const struct notifier_stands *s)
{
    static const char *const words[] = {
        [NOTIFIER_UNSAID] = "?",    [NOTIFIER_WAITS] = "waits",   [NOTIFIER_SILENCED] = "silenced",
        [NOTIFIER_QUIET] = "quiet", [NOTIFIER_TOLD] = "told",     [NOTIFIER_TOLD_OVER] = "over",
        [NOTIFIER_KNOWN] = "known", [NOTIFIER_MISSED] = "missed",
    };
    (void)ctx;
    CHECK_INT(s->wait_ms, 10 * 1000);
    CHECK(slice_eq(s->receiver, SLICE("default/ops")));
    buf_printf(&w.stands, "%s%.*s %s", w.stands.size ? ", " : "", SLICE_ARG(s->alert->asset),
               words[s->standing]);
    if (s->standing == NOTIFIER_MISSED)
        buf_printf(&w.stands, " as it %s", words[s->before]);
    if (s->silence.size)
        buf_printf(&w.stands, " by %.*s", SLICE_ARG(s->silence));
    if (s->others)
        buf_printf(&w.stands, " with %u", s->others);
}

/* What was said since it was asked last. */
static const char *stands(void)
{
    static char text[512];
    snprintf(text, sizeof(text), "%.*s", SLICE_ARG(buf_slice(&w.stands)));
    buf_clear(&w.stands);
    return text;
}

/* Time passes in whole seconds. */
static const char *after(int64_t seconds)
{
    buf_clear(&w.told);
    for (int64_t i = 0; i < seconds; i++) {
        w.t.now_ns += SEC;
        w.t.wall_ms += 1000;
        notifier_tick(w.n, w.t, on_notice, NULL);
    }
    return w.told.size ? w.told.data : "";
}

static const struct slice by_env[] = {SLICE("env")};

static void declare(const struct slice *group_by, uint32_t count)
{
    struct notifier_receiver r = {.name = SLICE("ops"),
                                  .spec = SLICE("{}"),
                                  .group_by = group_by,
                                  .group_by_count = count,
                                  .wait_ns = 10 * SEC,
                                  .repeat_ns = 100 * SEC};
    notifier_declare(w.n, &r, w.t);
}

static void begin_world(const struct slice *group_by, uint32_t count)
{
    w = (struct world){.n = notifier_new(), .t = {1000 * SEC, T0}, .told = BUF(MEM_TEST, 0)};
    w.stands = BUF(MEM_TEST, 0);
    notifier_listen(w.n, on_stands, NULL);
    declare(group_by, count);
}

static void end_world(void)
{
    notifier_free(w.n);
    buf_done(&w.told);
    buf_done(&w.stands);
}

static int fails_again(const char *asset, const char *env, const char *trace)
{
    struct notice_label label = {SLICE("env"), slice_from(env)};
    struct notice_alert a = {.asset = slice_from(asset),
                             .state = SLICE("Failed"),
                             .labels = &label,
                             .label_count = 1,
                             .trace_id = slice_from(trace),
                             .began_ms = w.t.wall_ms};
    return notifier_begin(w.n, SLICE("default"), SLICE("ops"), &a, w.t);
}

static int fails(const char *asset, const char *env)
{
    return fails_again(asset, env, "");
}

static void heals(const char *asset)
{
    notifier_end(w.n, (struct slice){0}, slice_from(asset), w.t);
}

static void what_fails_together_is_told_together(void)
{
    begin_world(NULL, 0);
    CHECK_INT(fails("web-1", "prod"), 0);
    CHECK_STR(after(5), "");
    CHECK_INT(fails("web-2", "prod"), 0);
    CHECK_STR(after(20), "default/ops [] +web-1 +web-2\n");
    end_world();
}

static void the_same_trouble_is_told_once_and_again_after_repeat(void)
{
    begin_world(NULL, 0);
    fails("web-1", "prod");
    CHECK_STR(after(12), "default/ops [] +web-1\n");
    fails("web-1", "prod");
    CHECK_STR(after(90), "");
    CHECK_STR(after(20), "default/ops [] +web-1\n");
    end_world();
}

static void it_is_taken_back_when_it_is_over(void)
{
    begin_world(NULL, 0);
    fails("web-1", "prod");
    after(12);
    heals("web-1");
    CHECK_STR(after(30), "default/ops [] -web-1\n");
    CHECK_INT(notifier_alerts(w.n), 0);
    CHECK_STR(after(300), "");
    end_world();
}

static void what_lasted_shorter_than_the_wait_is_never_heard_of(void)
{
    begin_world(NULL, 0);
    fails("web-1", "prod");
    after(5);
    heals("web-1");
    CHECK_STR(after(300), "");
    CHECK_INT(notifier_alerts(w.n), 0);
    end_world();
}

static void groups_are_made_by_labels(void)
{
    begin_world(by_env, 1);
    fails("web-1", "prod");
    fails("web-2", "test");
    fails("web-3", "prod");
    CHECK_STR(after(12), "default/ops [env=prod] +web-1 +web-3\ndefault/ops [env=test] +web-2\n");
    end_world();
}

static void one_more_is_told_with_those_that_last(void)
{
    begin_world(NULL, 0);
    fails("web-1", "prod");
    after(12);
    fails("web-2", "prod");
    heals("web-1");
    CHECK_STR(after(30), "default/ops [] +web-2 -web-1\n");
    end_world();
}

static void the_silent_are_told_when_the_silence_ends(void)
{
    begin_world(NULL, 0);
    CHECK_INT(notifier_silence(w.n, SLICE("s"), SLICE("env=prod"), T0 + 60 * 1000, NULL), 0);
    fails("web-1", "prod");
    fails("web-2", "test");
    CHECK_STR(after(50), "default/ops [] +web-2\n");
    CHECK_STR(after(40), "default/ops [] +web-1 +web-2\n");
    end_world();
}

static void a_silence_names_an_asset_and_can_be_lifted(void)
{
    struct err err = {0};
    begin_world(NULL, 0);
    CHECK_INT(notifier_silence(w.n, SLICE("s"), SLICE("asset=web-1"), INT64_MAX, NULL), 0);
    fails("web-1", "prod");
    CHECK_STR(after(50), "");
    notifier_unsilence(w.n, SLICE("s"));
    CHECK_STR(after(20), "default/ops [] +web-1\n");
    CHECK_INT(notifier_silence(w.n, SLICE("s"), SLICE("env in ("), 1, &err), -EINVAL);
    CHECK(err.text[0]);
    end_world();
}

static void who_was_called_hears_the_end_in_spite_of_a_silence(void)
{
    begin_world(NULL, 0);
    fails("web-1", "prod");
    after(12);
    CHECK_INT(notifier_silence(w.n, SLICE("s"), SLICE("env=prod"), INT64_MAX, NULL), 0);
    CHECK_STR(after(200), ""); /* it is not said again */
    heals("web-1");
    CHECK_STR(after(20), "default/ops [] -web-1\n");
    end_world();
}

static void who_waits_for_another_is_not_told(void)
{
    begin_world(NULL, 0);
    fails("web-1", "prod");
    notifier_inhibit(w.n, SLICE("default"), SLICE("web-1"), true);
    CHECK_STR(after(60), "");
    notifier_inhibit(w.n, SLICE("default"), SLICE("web-1"), false);
    CHECK_STR(after(12), "default/ops [] +web-1\n");
    end_world();
}

static enum notifier_fate all_but_one(void *ctx, struct slice namespace_, struct slice asset)
{
    (void)namespace_;
    return slice_eq_cstr(asset, ctx) ? NOTIFIER_OVER : NOTIFIER_LASTS;
}

static void a_review_ends_what_somebody_missed(void)
{
    char web_1[] = "web-1";
    begin_world(NULL, 0);
    fails("web-1", "prod");
    fails("web-2", "prod");
    after(12);
    notifier_review(w.n, all_but_one, web_1, w.t);
    CHECK_STR(after(20), "default/ops [] +web-2 -web-1\n");
    end_world();
}

static void nobody_is_told_of_what_no_receiver_is_for(void)
{
    struct notice_alert a = {.asset = SLICE("x")};
    begin_world(NULL, 0);
    CHECK_INT(notifier_begin(w.n, SLICE("shop"), SLICE("ops"), &a, w.t), -ENOENT);
    fails("web-1", "prod");
    notifier_forget(w.n, SLICE("default"), SLICE("ops"));
    CHECK_STR(after(60), "");
    CHECK_INT(notifier_alerts(w.n), 0);
    end_world();
}

static void of_many_the_rest_is_counted(void)
{
    begin_world(NULL, 0);
    for (int i = 0; i < NOTICE_ALERTS_MAX + 6; i++) {
        char name[32];
        snprintf(name, sizeof(name), "a%d", i);
        fails(name, "prod");
    }
    after(12);
    CHECK(strstr(w.told.data, " +a63 and 6\n"));
    end_world();
}

static void other_groups_keep_what_was_told(void)
{
    begin_world(NULL, 0);
    fails("web-1", "prod");
    fails("web-2", "test");
    after(12);
    declare(by_env, 1);
    CHECK_STR(after(50), "");
    heals("web-1");
    CHECK_STR(after(30), "default/ops [env=prod] -web-1\n");
    end_world();
}

/* A restart: what was told is not told again, and is taken back. */
static void a_restart_forgets_nothing(void)
{
    struct buf json = BUF(MEM_TEST, 0), again = BUF(MEM_TEST, 0);
    begin_world(by_env, 1);
    CHECK(!notifier_write(w.n, (struct slice){0}, SLICE("ops"), &json));
    fails("web-1", "prod");
    fails("web-2", "prod");
    after(12);
    fails("web-3", "test");
    CHECK(notifier_write(w.n, (struct slice){0}, SLICE("ops"), &json));
    notifier_free(w.n);
    w.n = notifier_new();
    w.t.now_ns = 5 * SEC; /* another life's clock */
    declare(by_env, 1);
    CHECK_INT(notifier_read(w.n, (struct slice){0}, SLICE("ops"), buf_slice(&json), w.t, NULL), 0);
    CHECK(notifier_write(w.n, (struct slice){0}, SLICE("ops"), &again));
    CHECK_STR(again.data, json.data);
    CHECK_STR(after(60), "default/ops [env=test] +web-3\n");
    heals("web-2");
    CHECK_STR(after(30), "default/ops [env=prod] +web-1 -web-2\n");
    buf_done(&json);
    buf_done(&again);
    end_world();
}

static void what_another_wrote_is_refused_as_a_whole(void)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"groups\":[{}]}",
        "{\"groups\":[{\"told_ms\":-1,\"alerts\":[]}]}",
        "{\"groups\":[{\"told_ms\":1,\"alerts\":[{\"asset\":\"x\"},{}]}]}",
        "{\"groups\":[{\"told_ms\":1,\"alerts\":[{\"asset\":\"x\"},5]}]}",
    };
    begin_world(NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};
        CHECK_INT(
            notifier_read(w.n, (struct slice){0}, SLICE("ops"), slice_from(bad[i]), w.t, &err),
            -EBADMSG);
        CHECK(err.text[0]);
        CHECK_INT(notifier_alerts(w.n), 0);
    }
    CHECK_INT(notifier_read(w.n, (struct slice){0}, SLICE("nobody"), SLICE("{}"), w.t, NULL),
              -ENOENT);
    end_world();
}

static void how_it_stands_is_said_when_it_changes(void)
{
    begin_world(NULL, 0);
    fails("web-1", "prod");
    after(1);
    fails("web-2", "prod");
    after(8);
    CHECK_STR(stands(), "web-1 waits, web-2 waits");
    after(10);
    CHECK_STR(stands(), "web-1 told with 1, web-2 told with 1");
    after(50);
    CHECK_STR(stands(), "");
    heals("web-1");
    after(12);
    CHECK_STR(stands(), "web-1 over with 1, web-2 told with 1");
    after(100); /* and again, as it lasts */
    CHECK_STR(stands(), "web-2 told");
    end_world();
}

static void what_kept_it_from_being_told_is_said(void)
{
    begin_world(NULL, 0);
    fails("short", "prod");
    after(3);
    heals("short");
    after(1);
    CHECK_STR(stands(), "short waits, short missed as it waits");
    CHECK_INT(notifier_silence(w.n, SLICE("s"), SLICE("env=test"), T0 + 60 * 1000, NULL), 0);
    fails("hushed", "test");
    after(30);
    CHECK_STR(stands(), "hushed silenced by s");
    after(60);
    CHECK_STR(stands(), "hushed waits, hushed told");
    fails("waiting", "prod");
    notifier_inhibit(w.n, (struct slice){0}, SLICE("waiting"), true);
    after(30);
    CHECK_STR(stands(), "waiting quiet");
    heals("waiting");
    after(1);
    CHECK_STR(stands(), "waiting missed as it quiet");
    end_world();
}

static void another_story_of_what_was_told_says_so(void)
{
    struct buf json = BUF(MEM_TEST, 0);
    begin_world(NULL, 0);
    fails_again("web", "prod", "one");
    after(15);
    CHECK_STR(stands(), "web waits, web told");
    heals("web");
    fails_again("web", "prod", "two"); /* before it was taken back */
    after(15);
    CHECK_STR(stands(), "web known");
    heals("web");
    after(5);
    fails_again("web", "prod", "two"); /* the same one */
    after(15);
    CHECK_STR(stands(), "");
    CHECK(notifier_write(w.n, (struct slice){0}, SLICE("ops"), &json));
    notifier_free(w.n);
    w.n = notifier_new();
    notifier_listen(w.n, on_stands, NULL);
    declare(NULL, 0);
    fails_again("web", "prod", "two"); /* known already when it is read */
    CHECK_INT(notifier_read(w.n, (struct slice){0}, SLICE("ops"), buf_slice(&json), w.t, NULL), 0);
    after(15);
    CHECK_STR(stands(), "");
    heals("web");
    after(15);
    CHECK_STR(stands(), "web over");
    buf_done(&json);
    end_world();
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_RECONCILE).live, 0);
}

int main(void)
{
    TAP_RUN(what_fails_together_is_told_together);
    TAP_RUN(the_same_trouble_is_told_once_and_again_after_repeat);
    TAP_RUN(it_is_taken_back_when_it_is_over);
    TAP_RUN(what_lasted_shorter_than_the_wait_is_never_heard_of);
    TAP_RUN(groups_are_made_by_labels);
    TAP_RUN(one_more_is_told_with_those_that_last);
    TAP_RUN(the_silent_are_told_when_the_silence_ends);
    TAP_RUN(a_silence_names_an_asset_and_can_be_lifted);
    TAP_RUN(who_was_called_hears_the_end_in_spite_of_a_silence);
    TAP_RUN(who_waits_for_another_is_not_told);
    TAP_RUN(a_review_ends_what_somebody_missed);
    TAP_RUN(nobody_is_told_of_what_no_receiver_is_for);
    TAP_RUN(of_many_the_rest_is_counted);
    TAP_RUN(other_groups_keep_what_was_told);
    TAP_RUN(a_restart_forgets_nothing);
    TAP_RUN(what_another_wrote_is_refused_as_a_whole);
    TAP_RUN(how_it_stands_is_said_when_it_changes);
    TAP_RUN(what_kept_it_from_being_told_is_said);
    TAP_RUN(another_story_of_what_was_told_says_so);
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
