#include "tests/rt/world.h"

#include <errno.h>

#include "base/alloc.h"
#include "rt/chan.h"
#include "rt/xchan.h"

RT_CHAN(int_chan, int);

static struct int_chan ch, ch2;

static void task_sends_1_to_100(void *arg)
{
    (void)arg;
    for (int i = 1; i <= 100; i++)
        CHECK_INT(rt_send(&ch, i, RT_NEVER), 0);
}

static void receive_in_order(uint32_t capacity)
{
    rt_chan_init(&ch, capacity, "test");
    struct rt_group g;
    rt_group_init(&g, "test");
    rt_go(&g, task_sends_1_to_100, NULL);
    for (int i = 1; i <= 100; i++) {
        int v = 0;
        CHECK_INT(rt_recv(&ch, &v, RT_NEVER), 0);
        CHECK_INT(v, i);
    }
    rt_group_done(&g);
    rt_chan_done(&ch);
}

static void values_arrive_in_the_order_sent(void *arg)
{
    (void)arg;
    receive_in_order(0);
    receive_in_order(1);
    receive_in_order(7);
    receive_in_order(1000);
}

static void a_full_channel_times_out_and_keeps_the_value_with_the_sender(void *arg)
{
    (void)arg;
    rt_chan_init(&ch, 1, "test");
    CHECK_INT(rt_send(&ch, 1, rt_now()), 0);
    CHECK_INT(rt_send(&ch, 2, rt_now()), -ETIMEDOUT);
    CHECK_INT(rt_send(&ch, 3, rt_now() + RT_MS), -ETIMEDOUT);
    CHECK_INT(ch.chan.full_total, 2);
    int v = 0;
    CHECK_INT(rt_recv(&ch, &v, RT_NEVER), 0);
    CHECK_INT(v, 1);
    CHECK_INT(rt_recv(&ch, &v, rt_now() + RT_MS), -ETIMEDOUT);
    CHECK_INT(v, 1);
    rt_chan_done(&ch);
}

static void a_closed_channel_drains_and_then_says_so(void *arg)
{
    (void)arg;
    rt_chan_init(&ch, 4, "test");
    CHECK_INT(rt_send(&ch, 1, RT_NEVER), 0);
    rt_chan_close(&ch);
    CHECK_INT(rt_send(&ch, 2, RT_NEVER), -EPIPE);
    int v = 0;
    CHECK_INT(rt_recv(&ch, &v, RT_NEVER), 0);
    CHECK_INT(v, 1);
    CHECK_INT(rt_recv(&ch, &v, RT_NEVER), -EPIPE);
    rt_chan_done(&ch);
}

static void task_closes_later(void *arg)
{
    (void)arg;
    rt_sleep(rt_now() + RT_MS);
    rt_chan_close(&ch);
}

static void closing_wakes_those_who_wait(void *arg)
{
    (void)arg;
    rt_chan_init(&ch, 0, "test");
    struct rt_group g;
    rt_group_init(&g, "test");
    rt_go(&g, task_closes_later, NULL);
    int v;
    CHECK_INT(rt_recv(&ch, &v, rt_now() + RT_SEC), -EPIPE);
    rt_group_done(&g);
    rt_chan_done(&ch);
}

static void task_receives_one(void *arg)
{
    *(int *)arg = rt_recv(&ch, &(int){0}, RT_NEVER);
}

static void cancelling_ends_a_wait_on_a_channel(void *arg)
{
    (void)arg;
    int result = 1;
    rt_chan_init(&ch, 0, "test");
    struct rt_group g;
    rt_group_init(&g, "test");
    rt_go(&g, task_receives_one, &result);
    rt_sleep(rt_now() + RT_MS);
    rt_group_done(&g);
    CHECK_INT(result, -ECANCELED);
    rt_chan_done(&ch);
}

/* ---- select ---- */

static void select_takes_the_arm_that_can_go(void *arg)
{
    (void)arg;
    rt_chan_init(&ch, 1, "a");
    rt_chan_init(&ch2, 1, "b");
    int in = 0, out = 7;
    rt_send(&ch2, 1, RT_NEVER); /* full: the sending arm cannot go */
    struct rt_case arms[] = {RT_CASE_RECV(&ch, &in), RT_CASE_SEND(&ch2, &out)};
    CHECK_INT(rt_select(arms, 2, rt_now()), -ETIMEDOUT);
    rt_send(&ch, 5, RT_NEVER);
    CHECK_INT(rt_select(arms, 2, RT_NEVER), 0);
    CHECK_INT(in, 5);
    CHECK_INT(rt_recv(&ch2, &in, RT_NEVER), 0);
    CHECK_INT(rt_select(arms, 2, RT_NEVER), 1);
    CHECK_INT(rt_recv(&ch2, &in, RT_NEVER), 0);
    CHECK_INT(in, 7);
    rt_chan_done(&ch);
    rt_chan_done(&ch2);
}

static void task_sends_on_the_second(void *arg)
{
    (void)arg;
    rt_sleep(rt_now() + RT_MS);
    CHECK_INT(rt_send(&ch2, 9, RT_NEVER), 0);
}

static void a_waiting_select_is_served_once_and_leaves_every_list(void *arg)
{
    (void)arg;
    rt_chan_init(&ch, 0, "a");
    rt_chan_init(&ch2, 0, "b");
    struct rt_group g;
    rt_group_init(&g, "test");
    rt_go(&g, task_sends_on_the_second, NULL);
    int a = 0, b = 0;
    struct rt_case arms[] = {RT_CASE_RECV(&ch, &a), RT_CASE_RECV(&ch2, &b)};
    CHECK_INT(rt_select(arms, 2, RT_NEVER), 1);
    CHECK_INT(arms[1].result, 0);
    CHECK_INT(a, 0);
    CHECK_INT(b, 9);
    CHECK(list_empty(&ch.chan.receivers) && list_empty(&ch2.chan.receivers));
    rt_group_done(&g);
    rt_chan_done(&ch);
    rt_chan_done(&ch2);
}

static void select_starves_no_arm(void *arg)
{
    (void)arg;
    rt_chan_init(&ch, 1000, "a");
    rt_chan_init(&ch2, 1000, "b");
    for (int i = 0; i < 1000; i++) {
        rt_send(&ch, i, RT_NEVER);
        rt_send(&ch2, i, RT_NEVER);
    }
    int v, taken[2] = {0, 0};
    struct rt_case arms[] = {RT_CASE_RECV(&ch, &v), RT_CASE_RECV(&ch2, &v)};
    for (int i = 0; i < 400; i++)
        taken[rt_select(arms, 2, RT_NEVER)]++;
    CHECK(taken[0] > 50 && taken[1] > 50);
    rt_chan_done(&ch);
    rt_chan_done(&ch2);
}

/* ---- between loops ---- */

enum { FAR_VALUES = 20000 };

static void task_sends_across(void *arg)
{
    struct rt_xchan *x = arg;
    uint64_t base = (uint64_t)rt_loop_index() << 32;
    for (uint64_t i = 0; i < FAR_VALUES; i++) {
        uint64_t v = base + i;
        CHECK_INT(rt_xchan_send(x, &v, RT_NEVER), 0);
    }
    rt_xchan_unref(x);
}

static void values_cross_loops_whole_and_in_each_senders_order(void *arg)
{
    (void)arg;
    struct rt_xchan *x = rt_xchan_new(0, sizeof(uint64_t), 64, "test");
    struct rt_group g;
    rt_group_init(&g, "test");
    for (int i = 0; i < rt_loop_count(); i++)
        CHECK_INT(rt_go_on(i, &g, task_sends_across, rt_xchan_ref(x)), 0);
    uint64_t next[4] = {0};
    for (int n = 0; n < FAR_VALUES * rt_loop_count(); n++) {
        uint64_t v = 0;
        bool came = rt_xchan_recv(x, &v, rt_now() + 20 * RT_SEC) == 0;
        CHECK(came);
        if (!came)
            break;
        CHECK_INT(v & UINT32_MAX, next[v >> 32]);
        next[v >> 32]++;
    }
    rt_group_done(&g);
    rt_xchan_unref(x);
}

static void send_from_offload(void *arg)
{
    int v = 77;
    CHECK_INT(rt_xchan_try_send(arg, &v), 0);
}

static void an_offload_thread_may_send(void *arg)
{
    (void)arg;
    struct rt_xchan *x = rt_xchan_new(0, sizeof(int), 4, "test");
    int v = 0;
    CHECK_INT(rt_xchan_recv(x, &v, rt_now() + RT_MS), -ETIMEDOUT);
    rt_offload(send_from_offload, x, RT_NEVER);
    CHECK_INT(rt_xchan_recv(x, &v, RT_NEVER), 0);
    CHECK_INT(v, 77);
    rt_xchan_close(x);
    CHECK_INT(rt_xchan_recv(x, &v, RT_NEVER), -EPIPE);
    CHECK_INT(rt_xchan_try_send(x, &v), -EPIPE);
    rt_xchan_unref(x);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_RT).live, 0);
}

/* One task is cancelled, or times out, and is given a value before it runs again. */
static int late_result, late_value;

static void task_receives_late(void *arg)
{
    late_result = rt_recv(&ch, &late_value, *(rt_time *)arg);
}

static void task_sends_late(void *arg)
{
    late_result = rt_send(&ch, 7, *(rt_time *)arg);
}

static void task_selects_late(void *arg)
{
    struct rt_case cases[] = {RT_CASE_RECV(&ch2, &late_value), RT_CASE_RECV(&ch, &late_value)};
    int r = rt_select(cases, 2, *(rt_time *)arg);
    late_result = r == 1 ? cases[1].result : r;
}

static void late_begin(struct rt_group *g)
{
    rt_chan_init(&ch, 0, "test");
    rt_chan_init(&ch2, 0, "test");
    rt_group_init(g, "late");
    late_result = -1;
    late_value = 0;
}

static void until_it_waits(const struct list *waiters)
{
    while (list_empty(waiters))
        rt_yield();
}

static void late_end(struct rt_group *g)
{
    rt_group_done(g);
    CHECK_INT(late_result, 0);
    rt_chan_done(&ch);
    rt_chan_done(&ch2);
}

static void a_value_given_to_a_receiver_that_was_just_cancelled_is_received(void *arg)
{
    struct rt_group g;
    rt_time never = RT_NEVER;
    (void)arg;
    late_begin(&g);
    rt_go(&g, task_receives_late, &never);
    until_it_waits(&ch.chan.receivers);
    rt_group_cancel(&g);
    CHECK_INT(rt_send(&ch, 5, RT_NEVER), 0);
    late_end(&g);
    CHECK_INT(late_value, 5);
}

static void a_value_taken_from_a_sender_that_was_just_cancelled_is_sent(void *arg)
{
    struct rt_group g;
    rt_time never = RT_NEVER;
    int v = 0;
    (void)arg;
    late_begin(&g);
    rt_go(&g, task_sends_late, &never);
    until_it_waits(&ch.chan.senders);
    rt_group_cancel(&g);
    CHECK_INT(rt_recv(&ch, &v, RT_NEVER), 0);
    CHECK_INT(v, 7);
    late_end(&g);
}

static void and_so_it_is_for_a_select(void *arg)
{
    struct rt_group g;
    rt_time never = RT_NEVER;
    (void)arg;
    late_begin(&g);
    rt_go(&g, task_selects_late, &never);
    until_it_waits(&ch.chan.receivers);
    rt_group_cancel(&g);
    CHECK_INT(rt_send(&ch, 6, RT_NEVER), 0);
    late_end(&g);
    CHECK_INT(late_value, 6);
}

int main(void)
{
    ON_ALL(a_value_given_to_a_receiver_that_was_just_cancelled_is_received);
    ON_ALL(a_value_taken_from_a_sender_that_was_just_cancelled_is_sent);
    ON_ALL(and_so_it_is_for_a_select);
    ON_ALL(values_arrive_in_the_order_sent);
    ON_ALL(a_full_channel_times_out_and_keeps_the_value_with_the_sender);
    ON_ALL(a_closed_channel_drains_and_then_says_so);
    ON_ALL(closing_wakes_those_who_wait);
    ON_ALL(cancelling_ends_a_wait_on_a_channel);
    ON_ALL(select_takes_the_arm_that_can_go);
    ON_ALL(a_waiting_select_is_served_once_and_leaves_every_list);
    ON_ALL(select_starves_no_arm);
    ON_EPOLL(values_cross_loops_whole_and_in_each_senders_order);
    ON_ALL(an_offload_thread_may_send);
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
