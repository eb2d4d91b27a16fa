/* Many tasks that wait with short deadlines, are cancelled and meet ends: what must hold then. */
#include "tests/rt/world.h"

#include <errno.h>

#include "base/alloc.h"
#include "rt/chan.h"
#include "rt/event.h"
#include "rt/sock.h"

enum { GROUPS = 4, PRODUCERS = 2, CONSUMERS = 2, TURNS = 150, VALUES_MAX = 1 << 16 };

RT_CHAN(value_chan, uint32_t);

static struct value_chan chans[2];
static uint8_t sent[VALUES_MAX], got[VALUES_MAX];
static uint32_t value_last;
static uint64_t moved, cancelled, timed_out;

static rt_time soon(void)
{
    switch (rt_random() % 4) {
    case 0:
        return rt_now();
    case 1:
        return rt_now() + (rt_time)(rt_random() % 200) * RT_US;
    default:
        return rt_now() + (rt_time)(rt_random() % 2000) * RT_US;
    }
}

static void count_end(int r)
{
    cancelled += r == -ECANCELED;
    timed_out += r == -ETIMEDOUT;
}

static void send_one(void)
{
    uint32_t v = value_last++ % VALUES_MAX;
    struct rt_case arms[] = {RT_CASE_SEND(&chans[0], &v), RT_CASE_SEND(&chans[1], &v)};
    int r = rt_random() % 2 ? rt_send(&chans[rt_random() % 2], v, soon())
                            : rt_select(arms, 2, soon());
    if (r >= 0) {
        sent[v]++;
        moved++;
    }
    count_end(r);
}

/* A value comes by one of: a receive, a select of both, and a select that would also send. */
static void receive_one(void)
{
    uint32_t v = 0, own = value_last++ % VALUES_MAX;
    struct rt_case arms[] = {RT_CASE_RECV(&chans[0], &v), RT_CASE_RECV(&chans[1], &v),
                             RT_CASE_SEND(&chans[1], &own)};
    int r, kind = (int)(rt_random() % 3);
    if (kind == 0)
        r = rt_recv(&chans[rt_random() % 2], &v, soon());
    else
        r = rt_select(arms, kind + 1, soon());
    count_end(r);
    if (r == 2)
        sent[own]++;
    else if (r >= 0)
        got[v]++;
}

static void task_produces(void *arg)
{
    (void)arg;
    for (int i = 0; i < TURNS && !rt_cancelled(); i++)
        send_one();
}

static void task_consumes(void *arg)
{
    (void)arg;
    for (int i = 0; i < TURNS && !rt_cancelled(); i++)
        receive_one();
}

static void task_lives_and_is_cancelled(void *arg)
{
    (void)arg;
    for (int life = 0; life < 4; life++) {
        struct rt_group g;
        rt_group_init(&g, "life");
        for (int i = 0; i < PRODUCERS; i++)
            rt_go(&g, task_produces, NULL);
        for (int i = 0; i < CONSUMERS; i++)
            rt_go(&g, task_consumes, NULL);
        rt_group_wait(&g, soon());
        rt_group_done(&g);
    }
}

static void chans_drain(void)
{
    uint32_t v;
    for (int i = 0; i < 2; i++) {
        rt_chan_close(&chans[i]);
        while (rt_recv(&chans[i], &v, RT_NEVER) == 0)
            got[v]++;
        rt_chan_done(&chans[i]);
    }
}

static void no_value_is_lost_or_doubled_whatever_ends_a_wait(void *arg)
{
    (void)arg;
    struct rt_group g;
    memset(sent, 0, sizeof(sent));
    memset(got, 0, sizeof(got));
    rt_chan_init(&chans[0], 0, "none");
    rt_chan_init(&chans[1], 3, "three");
    rt_group_init(&g, "lives");
    for (int i = 0; i < GROUPS; i++)
        rt_go(&g, task_lives_and_is_cancelled, NULL);
    CHECK_INT(rt_group_wait(&g, RT_NEVER), 0);
    rt_group_done(&g);
    chans_drain();
    CHECK(memcmp(sent, got, sizeof(sent)) == 0);
}

static void values_were_moved_and_waits_were_ended(void)
{
    CHECK(moved > 1000);
    CHECK(cancelled > 100);
    CHECK(timed_out > 100);
}

/* ---- sockets ---- */

enum { PAIRS = 30 };

struct pair {
    struct rt_sock *a, *b;
    uint32_t read, written;
    int reader, writer; /* how they ended */
    bool a_closed, b_closed;
};

static struct rt_sock *listener;
static uint64_t closed_under, ended;

static void task_reads(void *arg)
{
    struct pair *p = arg;
    char b[64];
    ssize_t n = 0;
    while (!p->a_closed &&
           ((n = rt_read(p->a, b, sizeof(b), soon())) > 0 || n == -ETIMEDOUT)) {
        p->read += n > 0 ? (uint32_t)n : 0;
        n = 0;
    }
    p->reader = (int)n;
}

static void task_writes(void *arg)
{
    static const char text[40];
    struct pair *p = arg;
    ssize_t n = 0;
    while (!p->b_closed &&
           ((n = rt_write_some(p->b, text, 1 + rt_random() % sizeof(text), soon())) > 0 ||
            n == -ETIMEDOUT)) {
        p->written += n > 0 ? (uint32_t)n : 0;
        n = 0;
        if (rt_random() % 4 == 0)
            rt_sleep(rt_now() + 50 * RT_US);
    }
    p->writer = (int)n;
}

static void pair_open(struct pair *p, const struct rt_addr *at)
{
    *p = (struct pair){.reader = 1, .writer = 1};
    CHECK_INT(rt_connect(at, NULL, &p->a, rt_now() + RT_SEC), 0);
    CHECK_INT(rt_accept(listener, &p->b, NULL, rt_now() + RT_SEC), 0);
}

/* Somebody closes one end, the other, both or neither while their tasks wait or are being woken;
 * then the group is cancelled. */
static void pair_live(const struct rt_addr *at)
{
    struct pair p;
    struct rt_group g;
    uint64_t how = rt_random() % 4;
    pair_open(&p, at);
    rt_group_init(&g, "pair");
    rt_go(&g, task_reads, &p);
    rt_go(&g, task_writes, &p);
    rt_sleep(soon());
    if ((p.a_closed = how & 1))
        rt_close(p.a);
    if (rt_random() % 2)
        rt_yield();
    if ((p.b_closed = how & 2))
        rt_close(p.b);
    if (how == 0 || rt_random() % 2)
        rt_sleep(soon());
    rt_group_done(&g);
    closed_under += p.reader == -EBADF;
    closed_under += p.writer == -EBADF;
    ended += p.reader == 0;
    CHECK(p.read <= p.written);
    CHECK(p.reader <= 0 && p.writer <= 0);
    CHECK(!(how & 1) || p.reader == -EBADF || p.reader == -ECANCELED || p.reader == 0 ||
          p.reader == -ECONNRESET);
    if (!(how & 1))
        rt_close(p.a);
    if (!(how & 2))
        rt_close(p.b);
}

static void a_close_under_readers_and_writers_ends_them_and_nobody_else(void *arg)
{
    (void)arg;
    struct rt_addr at;
    rt_addr_ipv4(0x7f000001, 0, &at);
    CHECK_INT(rt_listen(&at, 16, false, &listener), 0);
    CHECK_INT(rt_sock_local(listener, &at), 0);
    for (int i = 0; i < PAIRS; i++)
        pair_live(&at);
    rt_close(listener);
}

static void streams_were_closed_under_their_tasks(void)
{
    CHECK(closed_under > 20);
}

/* ---- groups ---- */

static uint32_t born, died;
static struct rt_group family;

static void task_has_children(void *arg)
{
    uintptr_t depth = (uintptr_t)arg;
    born++;
    for (uintptr_t i = 0; i < depth; i++)
        if (rt_go(&family, task_has_children, (void *)(depth - 1)) == 0)
            rt_sleep(soon());
    died++;
}

static void a_group_that_is_cancelled_while_it_grows_ends(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10; i++) {
        born = died = 0;
        rt_group_init(&family, "family");
        rt_go(&family, task_has_children, (void *)4);
        rt_sleep(soon());
        rt_group_done(&family);
        CHECK(born == died && died > 0);
    }
}

/* ---- deadlines ---- */

static void task_waits_almost_for_ever(void *arg)
{
    struct rt_event *e = arg;
    CHECK_INT(rt_event_wait(e, RT_NEVER - 1), 0);
}

static void a_deadline_may_be_as_far_as_time_goes(void *arg)
{
    (void)arg;
    struct rt_event e = {0};
    struct rt_group g;
    rt_group_init(&g, "far");
    rt_go(&g, task_waits_almost_for_ever, &e);
    CHECK_INT(rt_sleep(rt_now() + 2 * RT_MS), 0);
    CHECK_INT(rt_sleep(INT64_MIN), 0);
    CHECK_INT(rt_event_wait(&e, INT64_MIN), -ETIMEDOUT);
    rt_event_set(&e);
    CHECK_INT(rt_group_wait(&g, rt_now() + RT_SEC), 0);
    rt_group_done(&g);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_RT).live, 0);
}

int main(void)
{
    ON_ALL(no_value_is_lost_or_doubled_whatever_ends_a_wait);
    TAP_RUN(values_were_moved_and_waits_were_ended);
    ON_ALL(a_close_under_readers_and_writers_ends_them_and_nobody_else);
    TAP_RUN(streams_were_closed_under_their_tasks);
    ON_ALL(a_group_that_is_cancelled_while_it_grows_ends);
    ON_ALL(a_deadline_may_be_as_far_as_time_goes);
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
