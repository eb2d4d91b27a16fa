#include "net/dial.h"

#include <errno.h>
#include <unistd.h>

#include "tests/tap.h"

/* A server that takes us; one whose queue is full, so that a connection to it hangs, as where a
 * firewall swallows packets; and a port where nobody listens. */
static struct rt_addr open_addr, silent_addr, closed_addr, no_route;
static struct rt_sock *open_sock, *silent_sock, *fillers[8];

static struct rt_sock *listen_at(const char *ip, int backlog, struct rt_addr *ret)
{
    struct rt_sock *s = NULL;
    rt_addr_parse_ip(slice_from(ip), 0, ret);
    CHECK_INT(rt_listen(ret, backlog, false, &s), 0);
    rt_sock_local(s, ret);
    return s;
}

static void set_up(void)
{
    open_sock = listen_at("127.0.0.1", 16, &open_addr);
    silent_sock = listen_at("127.0.0.2", 0, &silent_addr);
    for (size_t i = 0; i < 8; i++)
        if (rt_connect(&silent_addr, NULL, &fillers[i], rt_now() + 50 * RT_MS) < 0)
            break;
    struct rt_sock *s = listen_at("127.0.0.3", 1, &closed_addr);
    rt_close(s);
    rt_addr_parse_ip(SLICE("ff02::1"), 9, &no_route); /* TCP has no way to a group */
}

static void tear_down(void)
{
    rt_close(open_sock);
    rt_close(silent_sock);
    for (size_t i = 0; i < 8; i++)
        rt_close(fillers[i]);
}

struct outcome {
    int code;
    struct dial_trace trace;
    rt_time took;
};

static struct outcome dial_to(const struct rt_addr **list, uint32_t count, int deadline_ms)
{
    struct dns_addresses to = {.count = count};
    struct rt_sock *s = NULL;
    struct outcome o;
    for (uint32_t i = 0; i < count; i++)
        to.addr[i] = *list[i];
    rt_time begin = rt_now_exact();
    o.code = dial(NULL, &to, &s, &o.trace, rt_now() + deadline_ms * RT_MS);
    o.took = rt_now_exact() - begin;
    rt_close(s);
    return o;
}

#define DIAL(ms, ...)                                \
    dial_to((const struct rt_addr *[]){__VA_ARGS__}, \
            sizeof((const struct rt_addr *[]){__VA_ARGS__}) / sizeof(void *), ms)

static void one_address_is_just_connected_to(void)
{
    struct outcome o = DIAL(1000, &open_addr);
    CHECK_INT(o.code, 0);
    CHECK_INT(o.trace.attempts, 1);
    CHECK_INT(DIAL(1000, &closed_addr).code, -ECONNREFUSED);
}

static void a_silent_address_costs_a_quarter_of_a_second(void)
{
    struct outcome o = DIAL(5000, &silent_addr, &open_addr);
    CHECK_INT(o.code, 0);
    CHECK(rt_addr_eq(&o.trace.address, &open_addr));
    CHECK_INT(o.trace.attempts, 2);
    CHECK(o.took >= 150 * RT_MS); /* a loop that was late counts from when it last looked */
    CHECK(o.took < 4500 * RT_MS); /* a slow machine; the silent one alone would take all 5 s */
}

static void after_a_failure_the_next_one_begins_at_once(void)
{
    rt_time fastest = RT_NEVER; /* of some tries: a slow machine may stumble in one */
    for (int i = 0; i < 10 && fastest >= 200 * RT_MS; i++) {
        struct outcome o = DIAL(5000, &closed_addr, &open_addr);
        CHECK_INT(o.code, 0);
        fastest = o.took < fastest ? o.took : fastest;
    }
    CHECK(fastest < 200 * RT_MS);
}

static void who_answers_first_is_not_waited_past(void)
{
    struct outcome o = DIAL(5000, &open_addr, &silent_addr);
    CHECK_INT(o.code, 0);
    CHECK_INT(o.trace.attempts, 1);
}

static void a_refusal_says_more_than_silence_and_silence_more_than_no_route(void)
{
    struct outcome o = DIAL(400, &silent_addr, &closed_addr);
    CHECK_INT(o.code, -ECONNREFUSED);
    CHECK(rt_addr_eq(&o.trace.address, &closed_addr));
    CHECK_INT(DIAL(400, &no_route, &closed_addr).code, -ECONNREFUSED);
    CHECK_INT(DIAL(400, &silent_addr, &silent_addr).code, -ETIMEDOUT);
    CHECK_INT(DIAL(400, &no_route, &silent_addr).code, -ETIMEDOUT);
}

static void families_take_turns(void)
{
    /* Four silent ones of IPv4 stand before the one of IPv6 that fails at once, and would be fifth:
     * it is second, so that its failure is among those that begin within 400 ms. */
    struct outcome o = DIAL(400, &silent_addr, &silent_addr, &silent_addr, &silent_addr, &no_route);
    CHECK_INT(o.code, -ETIMEDOUT);
    CHECK_INT(o.trace.attempts, 3);
}

static struct outcome cancelled;

static void dial_in_vain(void *arg)
{
    (void)arg;
    cancelled = DIAL(60000, &silent_addr, &silent_addr);
}

static void cancelling_ends_all_attempts(void)
{
    struct rt_group g;
    struct rt_stats before, after;
    rt_stats_read(&before);
    rt_group_init(&g, "test");
    rt_go(&g, dial_in_vain, NULL);
    rt_sleep(rt_now() + 300 * RT_MS);
    rt_group_done(&g);
    rt_stats_read(&after);
    CHECK_INT(cancelled.code, -ECANCELED);
    CHECK_INT(cancelled.trace.attempts, 2);
    CHECK_INT(after.tasks_live, before.tasks_live);
}

static void run_all(void *arg)
{
    (void)arg;
    set_up();
    TAP_RUN(one_address_is_just_connected_to);
    TAP_RUN(a_silent_address_costs_a_quarter_of_a_second);
    TAP_RUN(after_a_failure_the_next_one_begins_at_once);
    TAP_RUN(who_answers_first_is_not_waited_past);
    TAP_RUN(a_refusal_says_more_than_silence_and_silence_more_than_no_route);
    TAP_RUN(families_take_turns);
    TAP_RUN(cancelling_ends_all_attempts);
    tear_down();
}

int main(void)
{
    alarm(60);
    if (rt_run(NULL, run_all, NULL) < 0)
        return 1;
    return tap_done();
}
