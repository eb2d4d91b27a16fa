#include "tests/rt/world.h"

#include <errno.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "rt/xchan.h"

static struct rt_xchan *x;

static int send_int(int v, rt_time deadline)
{
    return rt_xchan_send(x, &v, deadline);
}

static int receive_int(rt_time deadline)
{
    int v = -1, r = rt_xchan_recv(x, &v, deadline);
    return r < 0 ? r : v;
}

/* ---- one loop ---- */

static void a_full_one_times_out_and_keeps_the_value_with_the_sender(void *arg)
{
    (void)arg;
    x = rt_xchan_new(0, sizeof(int), 2, "test");
    CHECK_INT(send_int(1, rt_now()), 0);
    CHECK_INT(send_int(2, rt_now()), 0);
    CHECK_INT(rt_xchan_try_send(x, &(int){3}), -EAGAIN);
    CHECK_INT(send_int(3, rt_now()), -ETIMEDOUT);
    CHECK_INT(send_int(3, rt_now() + RT_MS), -ETIMEDOUT);
    struct rt_xchan_stats st;
    rt_xchan_stats_read(x, &st);
    CHECK_INT(st.len, 2);
    CHECK_INT(st.cap, 2);
    CHECK_INT(st.full_total, 3);
    CHECK_STR(st.name, "test");
    CHECK_INT(receive_int(RT_NEVER), 1);
    CHECK_INT(receive_int(RT_NEVER), 2);
    CHECK_INT(receive_int(rt_now() + RT_MS), -ETIMEDOUT);
    rt_xchan_unref(x);
}

static void task_sends(void *arg)
{
    int *result = arg;
    *result = send_int(7, RT_NEVER);
}

static void task_receives(void *arg)
{
    int *result = arg;
    *result = receive_int(RT_NEVER);
}

static void cancelling_ends_a_wait_at_either_end(void *arg)
{
    (void)arg;
    int receiver = 1, sender = 1;
    struct rt_group g;
    x = rt_xchan_new(0, sizeof(int), 2, "test");
    rt_group_init(&g, "test");
    rt_go(&g, task_receives, &receiver);
    rt_sleep(rt_now() + RT_MS);
    rt_group_done(&g);
    CHECK_INT(receiver, -ECANCELED);
    send_int(1, rt_now());
    send_int(2, rt_now());
    rt_group_init(&g, "test");
    rt_go(&g, task_sends, &sender);
    rt_sleep(rt_now() + RT_MS);
    rt_group_done(&g);
    CHECK_INT(sender, -ECANCELED);
    CHECK_INT(receive_int(RT_NEVER), 1);
    CHECK_INT(receive_int(RT_NEVER), 2);
    rt_xchan_unref(x);
}

/* The sender that was woken for the room is cancelled before it takes it. */
static void room_that_one_sender_leaves_goes_to_the_next(void *arg)
{
    (void)arg;
    int first = 1, second = 1;
    struct rt_group a, b;
    x = rt_xchan_new(0, sizeof(int), 2, "test");
    send_int(1, rt_now());
    send_int(2, rt_now());
    rt_group_init(&a, "first");
    rt_group_init(&b, "second");
    rt_go(&a, task_sends, &first);
    rt_sleep(rt_now() + RT_MS);
    rt_go(&b, task_sends, &second);
    rt_sleep(rt_now() + RT_MS);
    CHECK_INT(receive_int(RT_NEVER), 1);
    rt_group_done(&a);
    CHECK_INT(rt_group_wait(&b, rt_now() + RT_SEC), 0);
    CHECK_INT(second, 0);
    rt_group_done(&b);
    rt_xchan_unref(x);
}

static void closing_wakes_all_who_wait(void *arg)
{
    (void)arg;
    int results[4] = {1, 1, 1, 1};
    struct rt_group g;
    x = rt_xchan_new(0, sizeof(int), 2, "test");
    rt_group_init(&g, "test");
    rt_go(&g, task_receives, &results[0]);
    rt_go(&g, task_receives, &results[1]);
    rt_sleep(rt_now() + RT_MS);
    rt_xchan_close(x);
    CHECK_INT(rt_group_wait(&g, rt_now() + RT_SEC), 0);
    rt_xchan_unref(x);
    x = rt_xchan_new(0, sizeof(int), 2, "test");
    send_int(1, rt_now());
    send_int(2, rt_now());
    rt_go(&g, task_sends, &results[2]);
    rt_go(&g, task_sends, &results[3]);
    rt_sleep(rt_now() + RT_MS);
    rt_xchan_close(x);
    CHECK_INT(rt_group_wait(&g, rt_now() + RT_SEC), 0);
    for (int i = 0; i < 4; i++)
        CHECK_INT(results[i], -EPIPE);
    CHECK_INT(receive_int(RT_NEVER), 1);
    CHECK_INT(receive_int(RT_NEVER), 2);
    CHECK_INT(receive_int(RT_NEVER), -EPIPE);
    rt_group_done(&g);
    rt_xchan_unref(x);
}

/* ---- between threads ---- */

enum { SENDERS = 3, ROUNDS = 200, VALUE_BYTES = 4096, BEFORE_CLOSE = 50 };

struct value {
    char bytes[VALUE_BYTES];
};

static atomic_int accepted;

static void send_until_closed(void *arg)
{
    const struct value *v = arg;
    int r;
    while ((r = rt_xchan_try_send(x, v)) != -EPIPE)
        atomic_fetch_add(&accepted, r == 0);
}

static void task_offloads_sending(void *arg)
{
    CHECK_INT(rt_offload(send_until_closed, arg, RT_NEVER), 0);
}

static int drain_round(struct rt_group *g, struct value *v, struct value *ret)
{
    int got = 0;
    x = rt_xchan_new(0, sizeof(struct value), 8, "test");
    atomic_store(&accepted, 0);
    for (int i = 0; i < SENDERS; i++)
        rt_go(g, task_offloads_sending, v);
    while (rt_xchan_recv(x, ret, rt_now() + 5 * RT_SEC) == 0)
        if (++got == BEFORE_CLOSE)
            rt_xchan_close(x);
    CHECK_INT(rt_group_wait(g, RT_NEVER), 0);
    rt_xchan_unref(x);
    return got;
}

/* A send that returned 0 has passed the value on, however near the end was. */
static void what_was_sent_before_the_end_is_received(void *arg)
{
    (void)arg;
    struct rt_group g;
    struct value *v = mem_alloc(MEM_TEST, 2 * sizeof(*v));
    rt_group_init(&g, "test");
    for (int i = 0; i < ROUNDS; i++)
        CHECK_INT(drain_round(&g, v, v + 1), atomic_load(&accepted));
    rt_group_done(&g);
    mem_free(MEM_TEST, v);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_RT).live, 0);
}

int main(void)
{
    ON_ALL(a_full_one_times_out_and_keeps_the_value_with_the_sender);
    ON_ALL(cancelling_ends_a_wait_at_either_end);
    ON_ALL(room_that_one_sender_leaves_goes_to_the_next);
    ON_ALL(closing_wakes_all_who_wait);
    ON_EPOLL(what_was_sent_before_the_end_is_received);
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
