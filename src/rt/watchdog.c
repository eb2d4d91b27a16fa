#include "rt/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* A thread of its own looks at every loop's switch counter at each tick. A counter that stood
 * still while the loop was awake means one task held it all that time. The loops pay nothing for
 * it but one load after each poll. When every loop sleeps the watchdog sleeps too, and the first
 * loop to come back wakes it.
 *
 * On a busy machine a loop may stand still because the kernel ran somebody else: that is nobody's
 * fault and is not told. A task holds its loop while it computes (the thread's processor time
 * says so) or sleeps in a system call (the thread's state does). */
enum { TICKS_PER_STALL = 4, STALL_DEFAULT_MS = 10, SLACK_MS = 4 };

struct seen {
    uint64_t switches;
    rt_time since;
    rt_time computed; /* the thread's processor time then */
    bool told;
};

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    bool started, stopping;
    atomic_bool parked;
    rt_time stall;
    void (*on_stall)(void *ctx, const struct rt_stall *stall);
    void *on_stall_ctx;
    struct seen seen[RT_LOOPS_MAX]; /* the dog's thread only */
} dog = {.lock = PTHREAD_MUTEX_INITIALIZER};

static rt_time now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (rt_time)ts.tv_sec * RT_SEC + ts.tv_nsec;
}

static rt_time computed(struct rt_loop *l)
{
    struct timespec ts = {0};
    clock_gettime(atomic_load_explicit(&l->cpu_clock, memory_order_relaxed), &ts);
    return (rt_time)ts.tv_sec * RT_SEC + ts.tv_nsec;
}

/* The letter behind the name's bracket in /proc: 'R' is running or waiting for a processor. */
static bool sleeps_in_kernel(struct rt_loop *l)
{
    char path[64], text[512];
    snprintf(path, sizeof(path), "/proc/self/task/%d/stat",
             (int)atomic_load_explicit(&l->tid, memory_order_relaxed));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
    const char *bracket = strrchr(text, ')');
    return bracket && (bracket[2] == 'S' || bracket[2] == 'D');
}

static bool at_fault(struct rt_loop *l, const struct seen *seen)
{
    return computed(l) - seen->computed >= dog.stall || sleeps_in_kernel(l);
}

/* Returns whether the loop is awake, or was since the last look: a loop that sleeps a little after
 * each event must not have to wake us each time. */
static bool look_at(struct rt_loop *l, struct seen *seen, rt_time at)
{
    uint64_t switches = atomic_load_explicit(&l->switches, memory_order_relaxed);
    const char *task = atomic_load_explicit(&l->running, memory_order_relaxed);
    bool asleep = atomic_load_explicit(&l->asleep, memory_order_relaxed);
    if (asleep || !task || switches != seen->switches) {
        bool ran = switches != seen->switches;
        *seen = (struct seen){.switches = switches, .since = at, .computed = computed(l)};
        return !asleep || ran;
    }
    if (!seen->told && at - seen->since >= dog.stall && at_fault(l, seen)) {
        seen->told = true;
        atomic_fetch_add_explicit(&l->stalls, 1, memory_order_relaxed);
        struct rt_stall stall = {.task = task, .loop = l->index, .held = at - seen->since};
        if (dog.on_stall)
            dog.on_stall(dog.on_stall_ctx, &stall);
    }
    return true;
}

static void wait_tick(bool any_awake)
{
    if (!any_awake) {
        atomic_store(&dog.parked, true);
        while (!dog.stopping && atomic_load(&dog.parked))
            pthread_cond_wait(&dog.wanted, &dog.lock);
        return;
    }
    rt_time until = now() + dog.stall / TICKS_PER_STALL;
    struct timespec ts = {.tv_sec = until / RT_SEC, .tv_nsec = until % RT_SEC};
    while (!dog.stopping && pthread_cond_timedwait(&dog.wanted, &dog.lock, &ts) != ETIMEDOUT)
        ;
}

static void *dog_main(void *arg)
{
    (void)arg;
    memset(dog.seen, 0, sizeof(dog.seen));
    /* A busy processor is interrupted every 4 ms as it is. Allowed to be late, our ticks come with
     * those interrupts; a timer of our own costs a virtual machine 3 % of its processor. */
    prctl(PR_SET_TIMERSLACK, (unsigned long)(SLACK_MS * RT_MS), 0, 0, 0);
    pthread_mutex_lock(&dog.lock);
    while (!dog.stopping) {
        bool awake = rt_loop_count() == 0; /* they are about to start */
        rt_time at = now();
        for (int i = 0; i < rt_loop_count(); i++)
            awake |= look_at(rt_loop_get(i), &dog.seen[i], at);
        wait_tick(awake);
    }
    pthread_mutex_unlock(&dog.lock);
    return NULL;
}

void rt_watchdog_poke(void)
{
    if (!atomic_load_explicit(&dog.parked, memory_order_relaxed))
        return;
    pthread_mutex_lock(&dog.lock);
    atomic_store(&dog.parked, false);
    pthread_cond_signal(&dog.wanted);
    pthread_mutex_unlock(&dog.lock);
}

int rt_watchdog_start(const struct rt_config *config)
{
    rt_time stall = config ? config->stall : 0;
    if (stall < 0)
        return 0;
    dog.stall = stall ? stall : STALL_DEFAULT_MS * RT_MS;
    dog.on_stall = config ? config->on_stall : NULL;
    dog.on_stall_ctx = config ? config->on_stall_ctx : NULL;
    dog.stopping = false;
    atomic_store(&dog.parked, false);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&dog.wanted, &attr);
    pthread_condattr_destroy(&attr);
    sigset_t before;
    rt_signals_block(&before);
    int r = fault_fails(FAULT_SYSCALL) ? -EAGAIN
                                       : -pthread_create(&dog.thread, NULL, dog_main, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    dog.started = r == 0;
    return r;
}

void rt_watchdog_stop(void)
{
    if (!dog.started)
        return;
    pthread_mutex_lock(&dog.lock);
    dog.stopping = true;
    pthread_cond_signal(&dog.wanted);
    pthread_mutex_unlock(&dog.lock);
    pthread_join(dog.thread, NULL);
    pthread_cond_destroy(&dog.wanted);
    dog.started = false;
    atomic_store(&dog.parked, false);
}
