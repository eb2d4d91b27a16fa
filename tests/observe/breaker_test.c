#include "observe/breaker.h"

#include "tests/tap.h"

static const struct breaker_times times = {.first_ns = RT_SEC, .longest_ns = 20 * RT_SEC};

static struct breaker opened(void)
{
    struct breaker b = BREAKER;
    breaker_hear(&b, BREAKER_FAILED, BREAKER_OPEN_AFTER, &times, 0, 0);
    return b;
}

static void it_opens_after_so_many_failed_attempts(void)
{
    struct breaker b = BREAKER;
    breaker_hear(&b, BREAKER_FAILED, BREAKER_OPEN_AFTER - 1, &times, 0, 0);
    CHECK(breaker_may(&b, 0));
    breaker_hear(&b, BREAKER_FAILED, 1, &times, 0, 0);
    CHECK_INT(b.state, PROBE_BREAKER_OPEN);
    CHECK(!breaker_may(&b, 0));
}

static void a_success_forgets_failures(void)
{
    struct breaker b = BREAKER;
    for (int i = 0; i < 10; i++) {
        breaker_hear(&b, BREAKER_FAILED, BREAKER_OPEN_AFTER - 1, &times, 0, 0);
        breaker_hear(&b, BREAKER_WELL, 1, &times, 0, 0);
    }
    CHECK_INT(b.state, PROBE_BREAKER_CLOSED);
}

static void what_says_nothing_opens_nothing(void)
{
    struct breaker b = BREAKER;
    for (int i = 0; i < 100; i++)
        breaker_hear(&b, BREAKER_UNTOLD, 1, &times, 0, 0);
    CHECK_INT(b.state, PROBE_BREAKER_CLOSED);
}

static void it_is_tried_when_its_time_has_come(void)
{
    struct breaker b = opened();
    CHECK(!breaker_may(&b, 2 * RT_SEC - 1));
    CHECK(breaker_may(&b, 2 * RT_SEC));
    CHECK_INT(b.state, PROBE_BREAKER_HALF_OPEN);
}

static void a_good_trial_closes_it_and_a_vain_one_opens_it_for_longer(void)
{
    struct breaker b = opened(), c = b;
    breaker_may(&b, 2 * RT_SEC);
    breaker_hear(&b, BREAKER_WELL, 1, &times, 2 * RT_SEC, 0);
    CHECK_INT(b.state, PROBE_BREAKER_CLOSED);
    breaker_may(&c, 2 * RT_SEC);
    breaker_hear(&c, BREAKER_FAILED, 1, &times, 2 * RT_SEC, 0);
    CHECK_INT(c.state, PROBE_BREAKER_OPEN);
    CHECK_INT(c.try_at, 2 * RT_SEC + 4 * RT_SEC);
}

static void a_trial_that_said_nothing_is_made_again_soon(void)
{
    struct breaker b = opened();
    breaker_may(&b, 2 * RT_SEC);
    breaker_hear(&b, BREAKER_UNTOLD, 1, &times, 2 * RT_SEC, 0);
    CHECK_INT(b.state, PROBE_BREAKER_OPEN);
    CHECK_INT(b.try_at, 3 * RT_SEC);
}

static void it_is_never_left_alone_for_longer_than_the_longest(void)
{
    struct breaker b = opened();
    for (int i = 0; i < 1000; i++) {
        rt_time now = b.try_at;
        CHECK(breaker_may(&b, now));
        breaker_hear(&b, BREAKER_FAILED, 1, &times, now, (uint64_t)i * 7919 * RT_MS);
        CHECK(b.try_at - now <= times.longest_ns);
        CHECK(i < 10 || b.try_at - now >= times.longest_ns / 2);
    }
}

int main(void)
{
    TAP_RUN(it_opens_after_so_many_failed_attempts);
    TAP_RUN(a_success_forgets_failures);
    TAP_RUN(what_says_nothing_opens_nothing);
    TAP_RUN(it_is_tried_when_its_time_has_come);
    TAP_RUN(a_good_trial_closes_it_and_a_vain_one_opens_it_for_longer);
    TAP_RUN(a_trial_that_said_nothing_is_made_again_soon);
    TAP_RUN(it_is_never_left_alone_for_longer_than_the_longest);
    return tap_done();
}
