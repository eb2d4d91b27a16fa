#include "schedule/calendar.h"

#include <errno.h>

#include "model/civil.h"
#include "tests/tap.h"
#include "wire/posix_tz.h"

/* The pure half: the test is the clock, the store, and whoever makes tasks. */

#define S    INT64_C(1000000000)
#define MIN  (60 * S)
#define HOUR (60 * MIN)

static struct calendar *c;
static int64_t now;
static struct zone berlin = {.has_rule = true};
static struct buf told = {.sub = MEM_TEST}; /* what was ordered since the last look */
static uint64_t task_last;
static bool refuse; /* orders cannot be met */

static int find_zone(void *ctx, struct slice name, const struct zone **ret, struct err *err)
{
    (void)ctx;
    if (!slice_eq(name, SLICE("Europe/Berlin")))
        return err_set(err, -ENOENT, "no such zone");
    *ret = &berlin;
    return 0;
}

static int64_t at(int month, int day, int hour, int minute)
{
    return (civil_days(2026, (uint32_t)month, day) * CIVIL_DAY_SECONDS + hour * 3600 +
            minute * 60) *
           S;
}

static int declare(const char *json)
{
    struct err err = {0};
    return calendar_declare(c, SLICE("default"), SLICE("job"), slice_from(json), now, &err);
}

/* A new calendar at noon of the 1st of June, with one schedule. */
static void begin(const char *json)
{
    calendar_free(c);
    c = calendar_new(find_zone, NULL);
    now = at(6, 1, 12, 0);
    task_last = 0;
    refuse = false;
    buf_clear(&told);
    CHECK_INT(declare(json), 0);
}

/* Takes and answers everything that is due: "12:05 due", "cancel t1". */
static void serve(void)
{
    for (struct schedule_order *o; (o = calendar_take(c, now)); schedule_order_free(o)) {
        char task[24];
        int32_t second;
        civil_split(o->due_s, &second);
        if (told.size)
            buf_append_cstr(&told, ", ");
        if (o->type == ORDER_CANCEL) {
            buf_printf(&told, "cancel %.*s", SLICE_ARG(o->task));
            continue;
        }
        buf_printf(&told, "%02d:%02d %s", second / 3600, second / 60 % 60,
                   schedule_causes[o->cause]);
        if (refuse) {
            calendar_failed(c, o, now);
            continue;
        }
        snprintf(task, sizeof(task), "t%llu", (unsigned long long)++task_last);
        calendar_started(c, o, slice_from(task), now);
    }
}

/* Lets time pass, from one due time to the next, and whatever runs end at once. */
static void pass_until(int64_t until, bool ends)
{
    while (calendar_next(c) <= until) {
        if (calendar_next(c) > now)
            now = calendar_next(c);
        uint64_t first = task_last + 1;
        serve();
        for (uint64_t n = first; ends && n <= task_last; n++) {
            char task[24];
            snprintf(task, sizeof(task), "t%llu", (unsigned long long)n);
            calendar_ended(c, SLICE("default"), SLICE("job"), slice_from(task), SLICE("Succeeded"),
                           now);
        }
    }
    now = until;
}

static const char *orders(void)
{
    static char text[1000];
    snprintf(text, sizeof(text), "%s", told.data ? told.data : "");
    buf_clear(&told);
    return text;
}

static void end(const char *task, const char *state)
{
    calendar_ended(c, SLICE("default"), SLICE("job"), slice_from(task), slice_from(state), now);
}

static void wish(const char *what, const char *value)
{
    calendar_wish(c, SLICE("default"), SLICE("job"), slice_from(what), slice_from(value), now);
}

static const char *wish_now(void)
{
    static char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)now);
    return text;
}

/* The newest state, or "" where nothing changed; it counts as written. */
static const char *state(void)
{
    static char text[4000];
    struct buf json = BUF(MEM_TEST, 0);
    struct calendar_change change;
    text[0] = 0;
    while (calendar_take_change(c, &change, &json)) {
        CHECK(slice_eq(change.key, SLICE("default/job")));
        snprintf(text, sizeof(text), "%s", change.gone ? "gone" : json.data);
        calendar_written(c, &change, true);
        buf_clear(&json);
    }
    buf_done(&json);
    return text;
}

/* The process dies; another one begins with what was written, at `at_ns`. */
static void restart(const char *remembered, int64_t at_ns, const char *json)
{
    struct err err;
    static char copy[4000];
    snprintf(copy, sizeof(copy), "%s", remembered);
    calendar_free(c);
    c = calendar_new(find_zone, NULL);
    now = at_ns;
    if (copy[0])
        CHECK_INT(calendar_restore(c, SLICE("default"), SLICE("job"), slice_from(copy), &err), 0);
    CHECK_INT(declare(json), 0);
}

#define EVERY_5    "{\"cron\":\"*/5 * * * *\"}"
#define NIGHTLY    "{\"cron\":\"30 2 * * *\",\"zone\":\"Europe/Berlin\"}"
#define WITH(more) "{\"cron\":\"*/5 * * * *\"," more "}"

/* ---- in time ---- */

static void each_time_is_ordered_once(void)
{
    begin(EVERY_5);
    pass_until(at(6, 1, 12, 16), true);
    CHECK_STR(orders(), "12:05 due, 12:10 due, 12:15 due");
    CHECK_INT(calendar_stats_of(c)->ordered_total, 3);
}

static void a_new_schedule_begins_now_and_so_does_one_with_another_cron(void)
{
    begin(NIGHTLY);
    serve();
    CHECK_STR(orders(), "");
    now = at(6, 1, 13, 2);
    CHECK_INT(declare(EVERY_5), 0);
    serve();
    CHECK_STR(orders(), "");
    pass_until(at(6, 1, 13, 5), true);
    CHECK_STR(orders(), "13:05 due");
    /* Declared again as it was: nothing begins anew. */
    now = at(6, 1, 13, 9);
    CHECK_INT(declare(EVERY_5), 0);
    pass_until(at(6, 1, 13, 10), true);
    CHECK_STR(orders(), "13:10 due");
}

static void late_by_the_grace_is_in_time(void)
{
    begin(WITH("\"misfire\":\"skip\""));
    now = at(6, 1, 12, 5) + CALENDAR_GRACE_MS * (S / 1000);
    serve();
    CHECK_STR(orders(), "12:05 due");
    end("t1", "Succeeded");
    now = at(6, 1, 12, 10) + CALENDAR_GRACE_MS * (S / 1000) + 1;
    serve();
    CHECK_STR(orders(), "");
}

/* ---- misfire ---- */

static void missed_times_are_run_once(void)
{
    begin(EVERY_5);
    now = at(6, 1, 13, 2);
    serve();
    CHECK_STR(orders(), "13:00 missed");
    end("t1", "Succeeded");
    pass_until(at(6, 1, 13, 5), true);
    CHECK_STR(orders(), "13:05 due");
    CHECK(strstr(state(), "\"missed_from\":\"2026-06-01T12:05:00.000Z\","
                          "\"missed_to\":\"2026-06-01T13:00:00.000Z\""));
}

static void missed_times_are_skipped(void)
{
    begin(WITH("\"misfire\":\"skip\""));
    now = at(6, 1, 13, 2);
    serve();
    CHECK_STR(orders(), "");
    pass_until(at(6, 1, 13, 5), true);
    CHECK_STR(orders(), "13:05 due");
    /* The last of them is in time: it is not skipped with the others. */
    now = at(6, 1, 14, 0) + 2 * S;
    serve();
    CHECK_STR(orders(), "14:00 due");
    CHECK(strstr(state(), "\"missed_from\":\"2026-06-01T13:10:00.000Z\","
                          "\"missed_to\":\"2026-06-01T13:55:00.000Z\""));
}

static void the_latest_missed_times_are_caught_up_in_their_order(void)
{
    begin(WITH("\"misfire\":\"catch_up\",\"catch_up\":3"));
    now = at(6, 1, 13, 2);
    pass_until(now, true);
    CHECK_STR(orders(), "12:50 missed, 12:55 missed, 13:00 missed");
    pass_until(at(6, 1, 13, 5), true);
    CHECK_STR(orders(), "13:05 due");
    /* Fewer were missed than may be caught up. */
    now = at(6, 1, 13, 16);
    pass_until(now, true);
    CHECK_STR(orders(), "13:10 missed, 13:15 missed");
}

/* The last of them may be in time still: they, too, wait for each other. */
static void what_is_caught_up_is_never_passed_over(void)
{
    begin("{\"cron\":\"@every 1s\",\"misfire\":\"catch_up\",\"catch_up\":3}");
    now += 20 * S;
    serve();
    CHECK_STR(orders(), "12:00 due"); /* at 18 s */
    serve();
    CHECK_STR(orders(), "");
    end("t1", "Succeeded");
    serve();
    CHECK_STR(orders(), "12:00 due");
    end("t2", "Succeeded");
    serve();
    CHECK_STR(orders(), "12:00 due");
    const char *remembered = state();
    CHECK(strstr(remembered, "\"settled_at\":\"2026-06-01T12:00:20.000Z\""));
    CHECK(strstr(remembered, "\"missed_to\":\"2026-06-01T12:00:19.000Z\",\"overlap_total\":0"));
    /* What comes while the last one runs is passed over, as ever. */
    now += S;
    serve();
    CHECK_STR(orders(), "");
    CHECK(strstr(state(), "\"overlap_total\":1"));
}

static void a_restart_knows_what_was_missed(void)
{
    begin(WITH("\"misfire\":\"catch_up\",\"catch_up\":2"));
    pass_until(at(6, 1, 12, 6), true);
    CHECK_STR(orders(), "12:05 due");
    restart(state(), at(6, 1, 12, 31), WITH("\"misfire\":\"catch_up\",\"catch_up\":2"));
    pass_until(now, true);
    CHECK_STR(orders(), "12:25 missed, 12:30 missed");
    /* With another expression what passed meanwhile was nobody's. */
    restart(state(), at(6, 1, 14, 1), "{\"cron\":\"*/7 * * * *\"}");
    pass_until(now, true);
    CHECK_STR(orders(), "");
}

static void an_order_that_was_not_answered_is_given_again_under_the_same_key(void)
{
    begin(EVERY_5);
    static char remembered[4000];
    char key[200];
    snprintf(remembered, sizeof(remembered), "%s", state());
    now = at(6, 1, 12, 5);
    struct schedule_order *o = calendar_take(c, now);
    CHECK(o && o->type == ORDER_START);
    snprintf(key, sizeof(key), "%s", o->dedup_key.data);
    CHECK_STR(key, "schedule/default/job/1780315500");
    CHECK(!calendar_take(c, now + HOUR)); /* one at a time */
    schedule_order_free(o);
    restart(remembered, now + S, EVERY_5);
    o = calendar_take(c, now);
    CHECK_STR(o->dedup_key.data, key);
    /* An answer to an order of an earlier life is none. */
    struct schedule_order *other = calendar_take(c, now);
    CHECK(!other);
    calendar_started(c, o, SLICE("t1"), now);
    calendar_started(c, o, SLICE("t1"), now);
    schedule_order_free(o);
    CHECK(strstr(state(), "\"settled_at\":\"2026-06-01T12:05:00.000Z\""));
}

static void an_order_that_cannot_be_met_is_given_again(void)
{
    begin(EVERY_5);
    refuse = true;
    now = at(6, 1, 12, 5);
    serve();
    CHECK_INT(calendar_next(c), now + CALENDAR_AGAIN_MS * (S / 1000));
    now += S;
    serve();
    refuse = false;
    now += S;
    serve();
    CHECK_STR(orders(), "12:05 due, 12:05 due, 12:05 due");
    end("t1", "Succeeded");
    pass_until(at(6, 1, 12, 10), true);
    CHECK_STR(orders(), "12:10 due");
}

/* ---- overlap ---- */

static void what_still_runs_is_not_overlapped(void)
{
    begin(EVERY_5);
    pass_until(at(6, 1, 12, 16), false);
    CHECK_STR(orders(), "12:05 due");
    CHECK(strstr(state(), "\"overlap_total\":2"));
    end("t1", "Failed");
    pass_until(at(6, 1, 12, 20), false);
    CHECK_STR(orders(), "12:20 due");
}

static void runs_may_overlap(void)
{
    begin(WITH("\"overlap\":\"allow\""));
    pass_until(at(6, 1, 12, 16), false);
    CHECK_STR(orders(), "12:05 due, 12:10 due, 12:15 due");
}

static void what_still_runs_is_replaced(void)
{
    begin(WITH("\"overlap\":\"replace\""));
    pass_until(at(6, 1, 12, 11), false);
    CHECK_STR(orders(), "12:05 due, cancel t1, 12:10 due");
    /* The first one is still ending: it is not told again. */
    pass_until(at(6, 1, 12, 16), false);
    CHECK_STR(orders(), "cancel t2, 12:15 due");
    end("t1", "Canceled");
    end("t2", "Canceled");
    end("t3", "Succeeded");
    pass_until(at(6, 1, 12, 20), false);
    CHECK_STR(orders(), "12:20 due");
}

static void a_restart_knows_what_still_runs(void)
{
    begin(EVERY_5);
    pass_until(at(6, 1, 12, 6), false);
    CHECK_STR(orders(), "12:05 due");
    restart(state(), at(6, 1, 12, 9), EVERY_5);
    pass_until(at(6, 1, 12, 11), false);
    CHECK_STR(orders(), "");
    end("t1", "Succeeded");
    task_last = 1;
    pass_until(at(6, 1, 12, 15), false);
    CHECK_STR(orders(), "12:15 due");
}

/* ---- people ---- */

static void times_of_a_paused_schedule_are_passed_over(void)
{
    begin(EVERY_5);
    wish("paused", "true");
    CHECK_INT(calendar_next(c), INT64_MAX);
    CHECK(strstr(state(), "\"next_at\":null,\"paused\":true"));
    pass_until(at(6, 1, 13, 1), true);
    CHECK_STR(orders(), "");
    wish("paused", "false");
    serve();
    CHECK_STR(orders(), ""); /* nothing is made up for */
    pass_until(at(6, 1, 13, 5), true);
    CHECK_STR(orders(), "13:05 due");
}

static void a_wish_counts_more_than_the_declaration(void)
{
    begin(WITH("\"paused\":true"));
    CHECK_INT(calendar_next(c), INT64_MAX);
    wish("paused", "false");
    CHECK_INT(calendar_next(c), at(6, 1, 12, 5));
    wish("paused", "");
    CHECK_INT(calendar_next(c), INT64_MAX);
}

static void one_that_was_resumed_while_nobody_ran_makes_up_for_nothing(void)
{
    begin(WITH("\"paused\":true"));
    restart(state(), at(6, 1, 18, 0) + S, EVERY_5);
    serve();
    CHECK_STR(orders(), "");
    pass_until(at(6, 1, 18, 5), true);
    CHECK_STR(orders(), "18:05 due");
}

static void a_trigger_runs_it_once_beside_its_times(void)
{
    begin(WITH("\"paused\":true"));
    now = at(6, 1, 12, 2);
    wish("trigger", wish_now());
    serve();
    CHECK_STR(orders(), "12:02 triggered");
    wish("trigger", "1");
    serve();
    CHECK_STR(orders(), "");
    end("t1", "Succeeded");
    static char copy[4000];
    char number[24];
    snprintf(number, sizeof(number), "%s", wish_now());
    snprintf(copy, sizeof(copy), "%s", state());
    restart(copy, now + S, EVERY_5);
    wish("trigger", number); /* the one that was met */
    serve();
    CHECK_STR(orders(), "");
    pass_until(at(6, 1, 12, 5), false);
    CHECK_STR(orders(), "12:05 due");
    now = at(6, 1, 12, 7);
    wish("trigger", wish_now()); /* it still runs */
    serve();
    CHECK_STR(orders(), "");
}

static void an_old_wish_is_passed_over(void)
{
    begin(EVERY_5);
    char number[24];
    snprintf(number, sizeof(number), "%lld", (long long)(now - CALENDAR_TRIGGER_S * S - 1));
    wish("trigger", number);
    serve();
    CHECK_STR(orders(), "");
}

/* ---- clocks ---- */

static void a_clock_set_back_an_hour_doubles_nothing(void)
{
    begin(EVERY_5);
    pass_until(at(6, 1, 13, 1), true);
    orders();
    now = at(6, 1, 12, 1); /* set back */
    serve();
    pass_until(at(6, 1, 13, 4), true);
    CHECK_STR(orders(), "");
    pass_until(at(6, 1, 13, 11), true);
    CHECK_STR(orders(), "13:05 due, 13:10 due");
    CHECK_INT(calendar_stats_of(c)->clock_back_total, 0);
}

static void a_clock_that_was_a_day_ahead_does_not_stop_everything(void)
{
    begin(EVERY_5);
    now = at(6, 2, 12, 1);
    pass_until(now, true);
    orders();
    now = at(6, 1, 12, 1); /* set right */
    serve();
    CHECK_INT(calendar_stats_of(c)->clock_back_total, 1);
    pass_until(at(6, 1, 12, 6), true);
    CHECK_STR(orders(), "12:05 due");
}

static void a_clock_set_forward_is_a_misfire(void)
{
    begin(WITH("\"misfire\":\"skip\""));
    pass_until(at(6, 1, 12, 6), true);
    now = at(6, 1, 13, 7);
    serve();
    CHECK_STR(orders(), "12:05 due");
    begin(EVERY_5);
    pass_until(at(6, 1, 12, 6), true);
    now = at(6, 1, 13, 7);
    serve();
    CHECK_STR(orders(), "12:05 due, 13:05 missed");
}

static void local_times_are_kept_over_changes_of_clocks(void)
{
    begin(NIGHTLY);
    now = at(3, 27, 12, 0);
    restart("", now, NIGHTLY);
    pass_until(at(3, 30, 12, 0), true);
    CHECK_STR(orders(), "01:30 due, 01:00 due, 00:30 due"); /* in UTC */
    restart("", at(10, 24, 12, 0), NIGHTLY);
    pass_until(at(10, 26, 12, 0), true);
    CHECK_STR(orders(), "00:30 due, 01:30 due");
}

/* ---- jitter, history, values ---- */

static void jitter_stays_within_its_bound_and_is_the_same_for_each_who_asks(void)
{
    struct schedule s = {.name = SLICE("job"), .namespace_ = SLICE("default"), .jitter_ns = 30 * S};
    struct schedule other = s;
    other.name = SLICE("job2");
    int64_t least = INT64_MAX, most = 0, same = 0;
    for (int64_t due = 0; due < 1000; due++) {
        int64_t delay = schedule_delay_ns(&s, due);
        CHECK(delay >= 0 && delay <= 30 * S);
        CHECK_INT(schedule_delay_ns(&s, due), delay);
        same += schedule_delay_ns(&other, due) == delay;
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    CHECK(least < S && most > 29 * S && same == 0);
    begin(WITH("\"jitter\":\"30s\""));
    int64_t begins = calendar_next(c);
    CHECK(begins >= at(6, 1, 12, 5) && begins <= at(6, 1, 12, 5) + 30 * S);
    now = begins - 1;
    serve();
    CHECK_STR(orders(), "");
    now = begins;
    serve();
    CHECK_STR(orders(), "12:05 due");
}

static void only_so_many_ended_runs_are_kept(void)
{
    begin(WITH("\"history_max\":2,\"overlap\":\"allow\""));
    pass_until(at(6, 1, 12, 6), false); /* t1 goes on */
    pass_until(at(6, 1, 12, 31), true);
    const char *s = state();
    CHECK(strstr(s, "\"runs\":[{\"task\":\"t1\",\"state\":\"Pending\""));
    CHECK(!strstr(s, "\"t4\"") && strstr(s, "\"t5\"") && strstr(s, "\"t6\""));
}

static void what_cannot_be_used_does_not_run_and_what_is_remembered_stays(void)
{
    begin(EVERY_5);
    state();
    CHECK_INT(declare("{\"cron\":\"61 * * * *\"}"), -EBADMSG);
    CHECK_INT(calendar_next(c), INT64_MAX);
    CHECK_STR(state(), "");
    CHECK_INT(declare("{\"cron\":\"@daily\",\"zone\":\"Atlantis\"}"), -ENOENT);
    CHECK_INT(declare(EVERY_5), 0);
    CHECK_INT(calendar_next(c), at(6, 1, 12, 5));
}

static void what_is_forgotten_is_deleted(void)
{
    begin(EVERY_5);
    pass_until(at(6, 1, 12, 6), true);
    calendar_forget(c, SLICE("default"), SLICE("job"));
    CHECK_INT(calendar_next(c), INT64_MAX);
    CHECK_STR(state(), "gone");
    CHECK_STR(state(), "");
    /* Remembered, and not declared any more. */
    begin(EVERY_5);
    static char copy[4000];
    snprintf(copy, sizeof(copy), "%s", state());
    calendar_free(c);
    c = calendar_new(find_zone, NULL);
    struct err err;
    CHECK_INT(calendar_restore(c, SLICE("default"), SLICE("job"), slice_from(copy), &err), 0);
    CHECK_STR(state(), "");
    calendar_forget_undeclared(c);
    CHECK_STR(state(), "gone");
}

static void a_state_that_could_not_be_written_is_told_again(void)
{
    struct calendar_change change;
    struct buf json = BUF(MEM_TEST, 0);
    begin(EVERY_5);
    CHECK(calendar_take_change(c, &change, &json));
    CHECK(!calendar_take_change(c, &change, &json));
    calendar_written(c, &change, false);
    CHECK(calendar_take_change(c, &change, &json));
    calendar_written(c, &change, true);
    CHECK(!calendar_take_change(c, &change, &json));
    buf_done(&json);
}

static int only_run(const struct schedule *s, struct err *err)
{
    return strstr(s->action.data, "run") ? 0 : err_set(err, -ENOTSUP, "it cannot be done");
}

static void what_cannot_be_done_never_runs_and_says_why(void)
{
    static struct calendar_stats stats;
    static const char run[] = "{\"cron\":\"*/5 * * * *\",\"do\":{\"run\":{}}}",
                      other[] = "{\"cron\":\"*/5 * * * *\",\"do\":{\"dance\":{}}}";
    begin(run);
    calendar_use(c, only_run, &stats);
    CHECK_INT(declare(other), -ENOTSUP);
    CHECK_INT(calendar_next(c), INT64_MAX);
    const char *text = state();
    CHECK(strstr(text, "\"refused\":\"it cannot be done\""));
    CHECK(strstr(text, "\"next_at\":null"));
    now += HOUR;
    serve();
    CHECK_INT(told.size, 0);
    CHECK_INT(declare(run), 0); /* it begins now: the hour is not made up for */
    CHECK(strstr(state(), "\"refused\":null"));
    now += 5 * MIN;
    serve();
    CHECK_STR(told.data, "13:05 due");
    CHECK_INT(stats.made_total, 1);
    CHECK_INT(stats.missed_total, 0);
}

static void what_turns_out_not_to_be_possible_is_not_ordered_again(void)
{
    begin("{\"cron\":\"*/5 * * * *\"}");
    now += 5 * MIN;
    struct schedule_order *o = calendar_take(c, now);
    CHECK(o && calendar_refuse(c, o, "too large", now));
    CHECK(!calendar_refuse(c, o, "too large", now)); /* it was answered */
    schedule_order_free(o);
    CHECK_INT(calendar_next(c), INT64_MAX);
    CHECK(strstr(state(), "\"refused\":\"too large\""));
    now += HOUR;
    serve();
    CHECK_INT(told.size, 0);
}

static void count_one(void *ctx, struct slice namespace_, struct slice schedule, struct slice task)
{
    CHECK(slice_eq_cstr(namespace_, "default") && slice_eq_cstr(schedule, "job"));
    buf_printf(ctx, "%.*s ", SLICE_ARG(task));
}

static void a_run_that_ended_before_the_declaration_is_read_is_kept(void)
{
    static const char every[] = "{\"cron\":\"*/5 * * * *\"}";
    struct err err;
    static char remembered[4000];
    begin(every);
    now += 5 * MIN;
    serve();
    snprintf(remembered, sizeof(remembered), "%s", state());
    calendar_free(c);
    c = calendar_new(find_zone, NULL);
    CHECK_INT(calendar_restore(c, SLICE("default"), SLICE("job"), slice_from(remembered), &err), 0);
    end("t1", "Failed");
    CHECK_STR(state(), ""); /* nothing is deleted */
    CHECK_INT(declare(every), 0);
    CHECK(strstr(state(), "\"state\":\"Failed\""));
}

static void what_counts_as_running_is_told(void)
{
    struct buf seen = BUF(MEM_TEST, 0);
    begin("{\"cron\":\"*/5 * * * *\",\"overlap\":\"allow\"}");
    for (int i = 0; i < 3; i++) {
        now += 5 * MIN;
        serve();
    }
    calendar_ended(c, SLICE("default"), SLICE("job"), SLICE("t2"), SLICE("Failed"), now);
    calendar_each_running(c, count_one, &seen);
    CHECK_STR(seen.data, "t1 t3 ");
    buf_done(&seen);
}

int main(void)
{
    struct err err;
    CHECK_INT(posix_tz_parse(SLICE("CET-1CEST,M3.5.0,M10.5.0/3"), &berlin.rule, &err), 0);
    TAP_RUN(each_time_is_ordered_once);
    TAP_RUN(a_new_schedule_begins_now_and_so_does_one_with_another_cron);
    TAP_RUN(late_by_the_grace_is_in_time);
    TAP_RUN(missed_times_are_run_once);
    TAP_RUN(missed_times_are_skipped);
    TAP_RUN(the_latest_missed_times_are_caught_up_in_their_order);
    TAP_RUN(what_is_caught_up_is_never_passed_over);
    TAP_RUN(a_restart_knows_what_was_missed);
    TAP_RUN(an_order_that_was_not_answered_is_given_again_under_the_same_key);
    TAP_RUN(an_order_that_cannot_be_met_is_given_again);
    TAP_RUN(what_still_runs_is_not_overlapped);
    TAP_RUN(runs_may_overlap);
    TAP_RUN(what_still_runs_is_replaced);
    TAP_RUN(a_restart_knows_what_still_runs);
    TAP_RUN(times_of_a_paused_schedule_are_passed_over);
    TAP_RUN(a_wish_counts_more_than_the_declaration);
    TAP_RUN(one_that_was_resumed_while_nobody_ran_makes_up_for_nothing);
    TAP_RUN(a_trigger_runs_it_once_beside_its_times);
    TAP_RUN(an_old_wish_is_passed_over);
    TAP_RUN(a_clock_set_back_an_hour_doubles_nothing);
    TAP_RUN(a_clock_that_was_a_day_ahead_does_not_stop_everything);
    TAP_RUN(a_clock_set_forward_is_a_misfire);
    TAP_RUN(local_times_are_kept_over_changes_of_clocks);
    TAP_RUN(jitter_stays_within_its_bound_and_is_the_same_for_each_who_asks);
    TAP_RUN(only_so_many_ended_runs_are_kept);
    TAP_RUN(what_cannot_be_used_does_not_run_and_what_is_remembered_stays);
    TAP_RUN(what_is_forgotten_is_deleted);
    TAP_RUN(a_state_that_could_not_be_written_is_told_again);
    TAP_RUN(what_cannot_be_done_never_runs_and_says_why);
    TAP_RUN(what_turns_out_not_to_be_possible_is_not_ordered_again);
    TAP_RUN(a_run_that_ended_before_the_declaration_is_read_is_kept);
    TAP_RUN(what_counts_as_running_is_told);
    calendar_free(c);
    buf_done(&told);
    return tap_done();
}
