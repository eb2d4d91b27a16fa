#include "base/log.h"

#include "../tap.h"

#define SEC INT64_C(1000000000)

static struct log_head head_at(int64_t now, const char *msg)
{
    return (struct log_head){.level = LOG_LEVEL_WARN,
                             .wall_ns = now,
                             .logger = SLICE("observe"),
                             .msg = slice_from(msg)};
}

static bool shows(struct log_sampler *s, int64_t now, const char *msg, uint64_t *ret_repeated)
{
    struct log_head h = head_at(now, msg);
    return log_sampler_shows(s, &h, ret_repeated);
}

static void the_first_of_a_second_are_shown_then_every_nth(void)
{
    static struct log_sampler s = {.first = 3, .every = 10};
    uint64_t repeated;

    for (int i = 1; i <= 33; i++) {
        bool want = i <= 3 || (i - 3) % 10 == 0;
        CHECK_INT(shows(&s, SEC, "refused", &repeated), want);
        if (want)
            CHECK_INT(repeated, i <= 3 ? 0 : 9);
    }
    CHECK_INT(s.kept_back, 0);
}

static void a_new_second_tells_of_the_old_one(void)
{
    static struct log_sampler s = {.first = 1, .every = 0};
    uint64_t repeated;

    CHECK(shows(&s, 0, "refused", &repeated));
    for (int i = 0; i < 7; i++)
        CHECK(!shows(&s, SEC - 1, "refused", &repeated));
    CHECK(shows(&s, SEC, "refused", &repeated));
    CHECK_INT(repeated, 7);
    CHECK(!shows(&s, SEC + 1, "refused", &repeated));
}

static void other_messages_levels_and_loggers_count_apart(void)
{
    static struct log_sampler s = {.first = 1, .every = 0};
    struct log_head h = head_at(0, "refused");
    uint64_t repeated;

    CHECK(log_sampler_shows(&s, &h, &repeated));
    CHECK(!log_sampler_shows(&s, &h, &repeated));
    h.level = LOG_LEVEL_ERROR;
    CHECK(log_sampler_shows(&s, &h, &repeated));
    h.logger = SLICE("net");
    CHECK(log_sampler_shows(&s, &h, &repeated));
    h.msg = SLICE("timeout");
    CHECK(log_sampler_shows(&s, &h, &repeated));
}

static void what_no_later_line_tells_of_is_drained(void)
{
    static struct log_sampler s = {.first = 1, .every = 0};
    struct log_head h = {.level = LOG_LEVEL_DEBUG};
    uint64_t repeated;

    for (int i = 0; i < 5; i++)
        shows(&s, 0, "refused", &repeated);
    CHECK(!log_sampler_drain(&s, SEC - 1, &h));
    CHECK_INT(h.level, LOG_LEVEL_DEBUG);
    CHECK(log_sampler_drain(&s, SEC, &h));
    CHECK_INT(h.repeated, 4);
    CHECK_INT(h.level, LOG_LEVEL_WARN);
    CHECK(slice_eq_cstr(h.msg, "refused") && slice_eq_cstr(h.logger, "observe"));
    CHECK(!log_sampler_drain(&s, SEC, &h));
}

static void a_clock_that_goes_back_starts_a_new_second(void)
{
    static struct log_sampler s = {.first = 1, .every = 0};
    uint64_t repeated;

    CHECK(shows(&s, 100 * SEC, "refused", &repeated));
    CHECK(!shows(&s, 100 * SEC, "refused", &repeated));
    CHECK(shows(&s, 5 * SEC, "refused", &repeated));
    CHECK_INT(repeated, 1);
}

static void without_sampling_everything_is_shown(void)
{
    static struct log_sampler s;
    uint64_t repeated = 9;

    for (int i = 0; i < 1000; i++)
        CHECK(shows(&s, 0, "refused", &repeated) && repeated == 0);
}

/* Every line is either shown or counted, however many messages compete for the slots. */
static void nothing_is_lost_when_messages_outnumber_the_slots(void)
{
    static struct log_sampler s = {.first = 1, .every = 7};
    static char msgs[4 * LOG_SAMPLER_SLOTS][4];
    const uint64_t rounds = 20, n = sizeof(msgs) / sizeof(msgs[0]);
    uint64_t shown = 0, told = 0, repeated;
    struct log_head h;

    for (uint64_t round = 0; round < rounds; round++)
        for (uint64_t i = 0; i < n; i++) {
            struct log_head line = head_at((int64_t)round * SEC / 4, "");
            line.msg = (struct slice){msgs[i], 4};
            if (log_sampler_shows(&s, &line, &repeated)) {
                shown++;
                told += repeated;
            }
        }
    while (log_sampler_drain(&s, 1000 * SEC, &h))
        told += h.repeated;
    CHECK_INT(shown + told, rounds * n);
    CHECK(told > 100);
    CHECK_INT(s.kept_back, 0);
}

int main(void)
{
    TAP_RUN(the_first_of_a_second_are_shown_then_every_nth);
    TAP_RUN(a_new_second_tells_of_the_old_one);
    TAP_RUN(other_messages_levels_and_loggers_count_apart);
    TAP_RUN(what_no_later_line_tells_of_is_drained);
    TAP_RUN(a_clock_that_goes_back_starts_a_new_second);
    TAP_RUN(without_sampling_everything_is_shown);
    TAP_RUN(nothing_is_lost_when_messages_outnumber_the_slots);
    return tap_done();
}
