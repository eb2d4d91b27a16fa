#include "rt/signal.h"

#include "tests/rt/world.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"

#define SOON (rt_now() + 10 * RT_SEC)
#define NOT_LONG (rt_now() + 30 * RT_MS)

static struct rt_signals *take(int first, int second)
{
    int signals[] = {first, second, 0};
    struct rt_signals *s = NULL;
    CHECK_INT(rt_signals_open(signals, &s), 0);
    return s;
}

static bool is_blocked(int signal)
{
    sigset_t now;
    pthread_sigmask(SIG_BLOCK, NULL, &now);
    return sigismember(&now, signal) == 1;
}

static void a_signal_is_a_value(void *arg)
{
    (void)arg;
    static const int all[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGWINCH, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct rt_signals *s = take(all[i], 0);
        CHECK_INT(rt_signals_wait(s, NOT_LONG), -ETIMEDOUT);
        kill(getpid(), all[i]);
        CHECK_INT(rt_signals_wait(s, SOON), all[i]);
        CHECK_INT(rt_signals_wait(s, rt_now()), -ETIMEDOUT);
        rt_signals_close(s);
    }
}

static void task_sends(void *arg)
{
    (void)arg;
    rt_sleep(rt_now() + 5 * RT_MS);
    kill(getpid(), SIGUSR1);
}

static void it_wakes_who_waits(void *arg)
{
    (void)arg;
    struct rt_group g;
    rt_group_init(&g, "sender");
    struct rt_signals *s = take(SIGTERM, SIGUSR1);
    rt_go(&g, task_sends, NULL);
    CHECK_INT(rt_signals_wait(s, SOON), SIGUSR1);
    rt_group_done(&g);
    rt_signals_close(s);
}

enum { STORM = 3000 };

/* In a child: signals as fast as they can be sent, until it has sent all. */
static pid_t storm_begin(void)
{
    fflush(stdout);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        for (int i = 0; i < STORM; i++)
            kill(parent, i % 2 ? SIGUSR1 : SIGUSR2);
        _exit(0);
    }
    return pid;
}

static void task_sleeps_in_small_steps(void *arg)
{
    for (int i = 0; i < 50; i++)
        *(int *)arg += rt_sleep(rt_now() + RT_MS / 2) == 0;
}

/* Timers, tasks and other loops go on, and the last of each signal is told. */
static void a_storm_of_signals_is_weathered(void *arg)
{
    (void)arg;
    int steps[4] = {0}, status, told = 0;
    struct rt_group g;
    rt_group_init(&g, "sleepers");
    struct rt_signals *s = take(SIGUSR1, SIGUSR2);
    for (int i = 0; i < 4; i++)
        rt_go_on(i % rt_loop_count(), &g, task_sleeps_in_small_steps, &steps[i]);
    pid_t storm = storm_begin();
    while (rt_signals_wait(s, rt_now() + 100 * RT_MS) > 0)
        told++;
    CHECK(told >= 2);
    CHECK_INT(waitpid(storm, &status, 0), storm);
    kill(getpid(), SIGUSR1);
    CHECK_INT(rt_signals_wait(s, SOON), SIGUSR1);
    CHECK_INT(rt_group_wait(&g, SOON), 0);
    for (int i = 0; i < 4; i++)
        CHECK_INT(steps[i], 50);
    rt_signals_close(s);
    rt_group_done(&g);
}

static void what_was_pending_at_the_end_kills_nobody(void *arg)
{
    (void)arg;
    struct rt_signals *s = take(SIGINT, SIGTERM);
    kill(getpid(), SIGINT);
    kill(getpid(), SIGTERM);
    rt_signals_close(s); /* we would be gone */
    CHECK(!is_blocked(SIGINT) && !is_blocked(SIGTERM));
}

static void closing_in_any_order_leaves_the_other_alone(void *arg)
{
    (void)arg;
    struct rt_signals *a = take(SIGINT, 0), *b = take(SIGUSR1, 0);
    rt_signals_close(a);
    CHECK(is_blocked(SIGUSR1) && !is_blocked(SIGINT));
    kill(getpid(), SIGUSR1);
    CHECK_INT(rt_signals_wait(b, SOON), SIGUSR1);
    rt_signals_close(b);
    CHECK(!is_blocked(SIGUSR1));
    rt_signals_close(NULL);
}

static void one_that_was_blocked_before_stays_blocked(void *arg)
{
    (void)arg;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    rt_signals_close(take(SIGUSR2, SIGUSR1));
    CHECK(is_blocked(SIGUSR2) && !is_blocked(SIGUSR1));
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void nohup_is_respected(void *arg)
{
    (void)arg;
    void (*old)(int) = signal(SIGHUP, SIG_IGN);
    struct rt_signals *s = take(SIGHUP, SIGUSR1);
    kill(getpid(), SIGHUP);
    kill(getpid(), SIGUSR1);
    CHECK_INT(rt_signals_wait(s, SOON), SIGUSR1);
    CHECK_INT(rt_signals_wait(s, NOT_LONG), -ETIMEDOUT);
    rt_signals_close(s);
    signal(SIGHUP, old);
}

static void what_cannot_be_opened_blocks_nothing(void *arg)
{
    (void)arg;
    int none[] = {SIGUSR1, 4711, 0}, some[] = {SIGUSR1, 0};
    struct rt_signals *s = NULL;
    CHECK_INT(rt_signals_open(none, &s), -EINVAL);
    int64_t live = mem_usage_of(MEM_RT).live;
    fault_arm(FAULT_SYSCALL, 1);
    CHECK_INT(rt_signals_open(some, &s), -EMFILE);
    fault_arm(FAULT_SYSCALL, 0);
    CHECK(s == NULL && !is_blocked(SIGUSR1));
    CHECK_INT(mem_usage_of(MEM_RT).live, live);
}

int main(void)
{
    ON_EPOLL(a_signal_is_a_value);
    ON_EPOLL(it_wakes_who_waits);
    ON_EPOLL(a_storm_of_signals_is_weathered);
    ON_EPOLL(what_was_pending_at_the_end_kills_nobody);
    ON_EPOLL(closing_in_any_order_leaves_the_other_alone);
    ON_EPOLL(one_that_was_blocked_before_stays_blocked);
    ON_EPOLL(nohup_is_respected);
    ON_EPOLL_1(what_cannot_be_opened_blocks_nothing);
    return tap_done();
}
