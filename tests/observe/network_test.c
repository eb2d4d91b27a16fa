#include "observe/network.h"

#include "observe/observe.h"
#include "tests/tap.h"

enum { MAX = 320, FLOOR = 10, IDS = 64 };

static uint32_t next[IDS];
static struct network_table t;

static void begin(void)
{
    network_table_init(&t, MAX, FLOOR, next);
}

static struct network *busy(uint64_t key, uint32_t in_flight, rt_time now)
{
    struct network *n = network_get(&t, key);
    for (uint32_t i = 0; i < in_flight; i++)
        network_begin(n, now);
    return n;
}

static void silence(struct network *n, uint32_t count, rt_time begun, rt_time now)
{
    for (uint32_t i = 0; i < count; i++)
        network_hear(&t, n, NETWORK_SILENT, begun, now);
}

static void body_new_networks_are_open(void *arg)
{
    (void)arg;
    begin();
    rt_time at = RT_NEVER;
    struct network *n = busy(1, MAX - 1, 0);
    CHECK(network_may(n, 0, &at));
    network_begin(n, 0);
    CHECK(!network_may(n, 0, &at));
    CHECK(at == RT_NEVER);
    network_table_done(&t);
}

static void body_a_burst_halves_what_was_under_way(void *arg)
{
    (void)arg;
    begin();
    struct network *n = busy(1, 100, 0);
    silence(n, NETWORK_BURST - 1, 0, RT_SEC);
    CHECK_INT(n->window, MAX);
    silence(n, 1, 0, RT_SEC);
    CHECK_INT(n->window, 50);
    /* The rest of the same burst was sent before it was heard. */
    silence(n, 50, 0, RT_SEC);
    CHECK_INT(n->window, 50);
    silence(n, NETWORK_BURST, 2 * RT_SEC, 3 * RT_SEC);
    CHECK_INT(n->window, 25);
    for (int i = 4; i < 10; i++)
        silence(n, NETWORK_BURST, i * RT_SEC, i * RT_SEC);
    CHECK_INT(n->window, FLOOR);
    network_table_done(&t);
}

static void body_an_answer_ends_a_burst(void *arg)
{
    (void)arg;
    begin();
    struct network *n = busy(1, 100, 0);
    for (int i = 0; i < 10; i++) {
        silence(n, NETWORK_BURST - 1, 0, RT_SEC);
        network_hear(&t, n, NETWORK_ANSWERED, 0, RT_SEC);
        network_hear(&t, n, NETWORK_UNTOLD, 0, RT_SEC);
    }
    CHECK_INT(n->window, MAX);
    network_table_done(&t);
}

static void body_answers_add_a_step_each_window(void *arg)
{
    (void)arg;
    begin();
    struct network *n = busy(1, 100, 0);
    silence(n, NETWORK_BURST, 0, RT_SEC);
    for (int i = 0; i < 50; i++)
        network_hear(&t, n, NETWORK_ANSWERED, RT_SEC, RT_SEC);
    CHECK_INT(n->window, 50 + MAX / NETWORK_STEPS);
    for (int i = 0; i < 100000; i++)
        network_hear(&t, n, NETWORK_ANSWERED, RT_SEC, RT_SEC);
    CHECK_INT(n->window, MAX);
    CHECK_INT(n->interval, 0);
    network_table_done(&t);
}

static void body_the_rate_is_halved_and_comes_back(void *arg)
{
    (void)arg;
    begin();
    rt_time at = RT_NEVER;
    struct network *n = busy(1, 200, 0);
    silence(n, NETWORK_BURST, 0, 0);
    CHECK_INT(n->interval, RT_SEC / 100);
    for (int i = 0; i < 190; i++)
        network_end(&t, n, 0);
    network_begin(n, RT_SEC);
    CHECK(network_may(n, RT_SEC, &at)); /* the one instant that nobody came for */
    network_begin(n, RT_SEC);
    CHECK(!network_may(n, RT_SEC, &at));
    CHECK_INT(at, RT_SEC + RT_SEC / 100);
    network_table_done(&t);
}

static void body_who_waits_goes_in_turn_and_news_first(void *arg)
{
    (void)arg;
    begin();
    rt_time at = RT_NEVER;
    struct network *n = busy(1, MAX, 0), *got;
    uint32_t id;
    network_wait(&t, n, 3, false, 0);
    network_wait(&t, n, 4, true, 0);
    network_wait(&t, n, 5, true, 0);
    CHECK(!network_take(&t, 0, &id, &got, &at));
    static const uint32_t wanted[] = {4, 5, 3};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        network_end(&t, n, 0);
        CHECK(network_take(&t, 0, &id, &got, &at));
        CHECK_INT(id, wanted[i]);
        CHECK(got == n);
    }
    network_end(&t, n, 0);
    CHECK(!network_take(&t, 0, &id, &got, &at));
    network_table_done(&t);
}

static void body_what_was_slowed_is_remembered_within_a_bound(void *arg)
{
    (void)arg;
    begin();
    struct network *n = busy(1, NETWORK_BURST, 0);
    silence(n, NETWORK_BURST, 0, RT_SEC);
    for (int i = 0; i < NETWORK_BURST; i++)
        network_end(&t, n, RT_SEC);
    CHECK_INT(network_get(&t, 1)->window, FLOOR);
    n = busy(2, 1, 0);
    network_end(&t, n, 0);
    CHECK(map_get_u64(&t.by_key, 2) == NULL);
    for (uint64_t key = 10; key < 10 + 2 * NETWORK_KEPT_MAX; key++) {
        n = busy(key, NETWORK_BURST, 0);
        silence(n, NETWORK_BURST, 0, RT_SEC);
        for (int i = 0; i < NETWORK_BURST; i++)
            network_end(&t, n, RT_SEC);
    }
    CHECK_INT(t.resting_count, NETWORK_KEPT_MAX);
    CHECK(t.by_key.count <= NETWORK_KEPT_MAX + 1);
    network_table_done(&t);
}

static uint64_t key_of(const char *target)
{
    struct target_set *s = target_set_new();
    struct target_slot slot;
    CHECK_INT(target_set_add(s, slice_from(target), NULL), 0);
    target_set_get(s, 0, &slot);
    uint64_t key = network_key(&slot.target);
    target_set_free(s);
    return key;
}

static void a_network_is_a_24_a_64_or_a_name(void)
{
    CHECK(key_of("10.0.0.1:1") == key_of("10.0.0.200:99"));
    CHECK(key_of("10.0.0.1:1") == key_of("http://10.0.0.7/x"));
    CHECK(key_of("10.0.0.1:1") != key_of("10.0.1.1:1"));
    CHECK(key_of("[2001:db8::1]:1") == key_of("[2001:db8::ffff:1]:1"));
    CHECK(key_of("[2001:db8::1]:1") != key_of("[2001:db8:0:1::1]:1"));
    CHECK(key_of("a.example:1") == key_of("a.example:2"));
    CHECK(key_of("a.example:1") != key_of("b.example:1"));
    CHECK_INT(key_of("unix:///run/x"), 0);
    CHECK_INT(key_of("exec:/bin/true"), 0);
}

/* The tables draw the seed of their maps. */
#define IN_TASK(fn)                                                                                \
    static void fn(void)                                                                           \
    {                                                                                              \
        CHECK_INT(rt_run(&(struct rt_config){0}, body_##fn, NULL), 0);                             \
    }
IN_TASK(new_networks_are_open)
IN_TASK(a_burst_halves_what_was_under_way)
IN_TASK(an_answer_ends_a_burst)
IN_TASK(answers_add_a_step_each_window)
IN_TASK(the_rate_is_halved_and_comes_back)
IN_TASK(who_waits_goes_in_turn_and_news_first)
IN_TASK(what_was_slowed_is_remembered_within_a_bound)

int main(void)
{
    TAP_RUN(a_network_is_a_24_a_64_or_a_name);
    TAP_RUN(new_networks_are_open);
    TAP_RUN(a_burst_halves_what_was_under_way);
    TAP_RUN(an_answer_ends_a_burst);
    TAP_RUN(answers_add_a_step_each_window);
    TAP_RUN(the_rate_is_halved_and_comes_back);
    TAP_RUN(who_waits_goes_in_turn_and_news_first);
    TAP_RUN(what_was_slowed_is_remembered_within_a_bound);
    return tap_done();
}
