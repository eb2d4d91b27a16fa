#include "observe/lag.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "observe/observe.h"
#include "rt/event.h"
#include "rt/sock.h"
#include "tests/tap.h"

static const struct probe_spec spec = {.timeout_ns = 400 * RT_MS, .method = "GET"};

/* Takes connections and never says a word. */
static struct rt_sock *mute(struct rt_addr *ret_at)
{
    struct rt_sock *s = NULL;
    rt_addr_ipv4(0x7f000001, 0, ret_at);
    CHECK_INT(rt_listen(ret_at, 8, false, &s), 0);
    CHECK_INT(rt_sock_local(s, ret_at), 0);
    return s;
}

/* On a thread, as the loop is to stand still: takes one connection, and soon breaks it off. */
static void *take_and_reset(void *arg)
{
    const struct linger now = {.l_onoff = 1};
    int fd = accept(*(int *)arg, NULL, NULL);
    usleep(200 * 1000);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
    return NULL;
}

static int listen_plainly(struct rt_addr *ret_at)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(any);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&any, size) == 0 && listen(fd, 8) == 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)&any, &size), 0);
    rt_addr_ipv4(INADDR_LOOPBACK, ntohs(any.sin_port), ret_at);
    return fd;
}

static void hold(rt_time span)
{
    for (rt_time until = rt_now_exact() + span; rt_now_exact() < until;)
        ;
}

static void task_holds_the_loop(void *arg)
{
    if (rt_sleep(rt_now() + 100 * RT_MS) == 0)
        hold(*(rt_time *)arg);
}

/* Asks the server while another task holds the loop for so long. */
static enum probe_reason reason_at(const struct rt_addr *at, rt_time span, int64_t *ret_lag_ns)
{
    struct target_set *set = target_set_new();
    struct target_slot slot;
    char text[64], address[RT_ADDR_TEXT_MAX];
    snprintf(text, sizeof(text), "http://%s/", rt_addr_format(at, true, address));
    CHECK_INT(target_set_add(set, slice_from(text), NULL), 0);
    target_set_get(set, 0, &slot);
    struct observer *o;
    struct probe_result r = {.arena = ARENA(MEM_TEST, 0)};
    CHECK_INT(observer_open(&spec, &o, NULL), 0);
    struct rt_group g;
    rt_group_init(&g, "test");
    CHECK_INT(rt_go(&g, task_holds_the_loop, &span), 0);
    observe_probe(o, &slot.target, &r);
    rt_group_done(&g);
    observer_close(o);
    target_set_free(set);
    enum probe_reason reason = r.reason;
    *ret_lag_ns = r.lag_ns;
    arena_done(&r.arena);
    return reason;
}

static enum probe_reason reason_when_held(rt_time span, int64_t *ret_lag_ns)
{
    struct rt_addr at;
    struct rt_sock *s = mute(&at);
    enum probe_reason reason = reason_at(&at, span, ret_lag_ns);
    rt_close(s);
    return reason;
}

static enum probe_reason reason_when_reset(rt_time span)
{
    struct rt_addr at;
    pthread_t thread;
    int64_t lag_ns;
    int fd = listen_plainly(&at);
    CHECK_INT(pthread_create(&thread, NULL, take_and_reset, &fd), 0);
    enum probe_reason reason = reason_at(&at, span, &lag_ns);
    pthread_join(thread, NULL);
    close(fd);
    return reason;
}

static void main_reset(void *arg)
{
    (void)arg;
    enum probe_reason reason = REASON_LIMIT;
    /* The thread that resets may come too late on a machine that is busy; not each time. */
    for (int i = 0; i < 20 && reason != REASON_RESET; i++)
        reason = reason_when_reset(0);
    CHECK_STR(probe_reason_name(reason), "reset");
    CHECK_STR(probe_reason_name(reason_when_reset(200 * RT_MS)), "limit");
}

static void main_silence(void *arg)
{
    (void)arg;
    int64_t lag_ns = 0;
    /* A machine that is starved at this moment may spoil one; not all of them. */
    enum probe_reason reason = REASON_LIMIT;
    for (int i = 0; i < 20 && reason == REASON_LIMIT; i++)
        reason = reason_when_held(0, &lag_ns);
    CHECK_STR(probe_reason_name(reason), "timeout");
}

static void main_held(void *arg)
{
    (void)arg;
    int64_t lag_ns = 0;
    CHECK_STR(probe_reason_name(reason_when_held(200 * RT_MS, &lag_ns)), "limit");
    CHECK(lag_ns >= 150 * RT_MS);
    /* Held beyond its end: the metronome's turn comes after the probe's. */
    CHECK_STR(probe_reason_name(reason_when_held(600 * RT_MS, &lag_ns)), "limit");
    CHECK(lag_ns >= 500 * RT_MS);
}

static void silence_is_a_timeout(void)
{
    CHECK_INT(rt_run(&(struct rt_config){.stall = -1}, main_silence, NULL), 0);
}

static void silence_while_we_stood_still_proves_nothing(void)
{
    CHECK_INT(rt_run(&(struct rt_config){.stall = -1}, main_held, NULL), 0);
}

/* Who waits for us may lose patience: that is no fault of his. */
static void an_end_while_we_stood_still_proves_nothing(void)
{
    CHECK_INT(rt_run(&(struct rt_config){.stall = -1}, main_reset, NULL), 0);
}

enum { SHORT_ONES = 3 };

static void main_short(void *arg)
{
    (void)arg;
    struct lag_watch *w = lag_open();
    struct rt_stats before, after;
    bool starved;
    rt_stats_read(&before);
    for (int i = 0; i < SHORT_ONES; i++) {
        struct lag_mark m = lag_begin(w);
        rt_yield();
        lag_end(w, m, &starved);
        CHECK_INT(rt_sleep(rt_now() + 120 * RT_MS), 0);
    }
    rt_stats_read(&after);
    CHECK(after.polls - before.polls <= SHORT_ONES * 2);
    lag_close(w);
}

static void behind_a_short_probe_the_loop_sleeps_on(void)
{
    CHECK_INT(rt_run(&(struct rt_config){.stall = -1}, main_short, NULL), 0);
}

static void the_bound_is_a_part_of_the_timeout(void)
{
    CHECK_INT(lag_bound(100 * RT_MS), 25 * RT_MS);
    CHECK_INT(lag_bound(60 * RT_SEC), LAG_MS_MAX * RT_MS);
}

int main(void)
{
    TAP_RUN(the_bound_is_a_part_of_the_timeout);
    TAP_RUN(behind_a_short_probe_the_loop_sleeps_on);
    TAP_RUN(silence_is_a_timeout);
    TAP_RUN(silence_while_we_stood_still_proves_nothing);
    TAP_RUN(an_end_while_we_stood_still_proves_nothing);
    return tap_done();
}
