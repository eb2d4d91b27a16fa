#include "rt/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* A thread of its own looks at every loop's switch counter at each tick. A counter that stood
 * still while the loop was awake means one task held it all that time. When every loop sleeps the
 * watchdog rests, too: its ticks would cost more than an idle process does otherwise. What a loop
 * pays is one load after each poll while the watchdog ticks, and a timer, set when it wakes and
 * taken back before it sleeps, while the watchdog rests.
 *
 * No loop holds on unseen behind a rest. The watchdog says `parked`, and then looks whether a loop
 * is awake; a loop says that it is awake, and then looks at `parked`; these four keep their order
 * (sequentially consistent). So one of the two sees the other: either the watchdog does not rest,
 * or the loop sets its alarm. The alarm is the loop's own, so that no other takes it back, and the
 * loop itself does so only when it is about to sleep. A rest has a number, so that an alarm that
 * was set for an earlier one, and may have rung long ago, is not taken for this one's.
 *
 * The alarm rings sooner than a tick comes. So what begins behind a rest is seen for the first time
 * no later than what begins between two ticks, and is told within the same time: the stall and
 * three ticks.
 *
 * On a busy machine a loop may stand still because the kernel ran somebody else: that is nobody's
 * fault and is not told. A task holds its loop while it computes (the thread's processor time
 * says so) or sleeps in a system call. That it sleeps at one look proves nothing: it may have come
 * to a short wait just now, after the kernel left it in the queue for long. So the time that it
 * waited for a processor (/proc/…/schedstat) is taken off. The kernel adds a wait when it is over,
 * so that of a thread that sleeps all of it is known, and of one that does not, nothing is said but
 * what it computed. Where there is no such file, none of it is known, and a sleep is told as it was
 * seen. The file is read only of a loop that a look found where it was before. */
enum { TICKS_PER_STALL = 4, ALARMS_PER_STALL = 5, STALL_DEFAULT_MS = 10, SLACK_MS = 4 };

/* To set an alarm and take it back costs 2 us, to let it ring, with the tick behind it, 50, and to
 * tick on 2,000 to 6,000 a second. So a loop that sets more than this within the time leaves the
 * alarm where it is. */
enum { ALARMS_BACK_MAX = 128, ALARMS_BACK_STALLS = 10 };

struct seen {
    uint64_t switches;
    struct rt_stood since; /* when the loop was seen to go on; `waited` is not asked for */
    struct rt_stood first; /* at 0: no look has found it there again */
    bool told;
};

static struct {
    pthread_t thread;
    bool started;
    atomic_bool stopping;
    _Atomic uint64_t parked;            /* 0: it ticks; else which rest of its this is */
    struct pollfd alarms[RT_LOOPS_MAX]; /* each loop's timer */
    int alarm_count;
    rt_time stall;
    void (*on_stall)(void *ctx, const struct rt_stall *stall);
    void *on_stall_ctx;
    struct seen seen[RT_LOOPS_MAX]; /* the dog's thread only */
} dog;

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

/* Into text[size], as a string; "" where it cannot be read. */
static void read_proc(struct rt_loop *l, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/task/%d/%s",
             (int)atomic_load_explicit(&l->tid, memory_order_relaxed), name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
}

/* The letter behind the name's bracket: 'R' is running or waiting for a processor. */
static bool sleeps_in_kernel(struct rt_loop *l)
{
    char text[512];
    read_proc(l, "stat", text, sizeof(text));
    const char *bracket = strrchr(text, ')');
    return bracket && (bracket[2] == 'S' || bracket[2] == 'D');
}

/* The second number of three; RT_WAITED_UNKNOWN: the file is not there, or no descriptor to read
 * it. */
static rt_time waited(struct rt_loop *l)
{
    char text[128];
    read_proc(l, "schedstat", text, sizeof(text));
    const char *blank = strchr(text, ' ');
    return blank ? (rt_time)strtoll(blank, NULL, 10) : RT_WAITED_UNKNOWN;
}

bool rt_watchdog_blames(const struct rt_stood *since, const struct rt_stood *first,
                        const struct rt_stood *now, bool sleeps, rt_time stall)
{
    if (now->computed - since->computed >= stall)
        return true;
    bool known = first->waited != RT_WAITED_UNKNOWN && now->waited != RT_WAITED_UNKNOWN;
    rt_time queued =
        known && !fault_mutant("rt_watchdog_blames_all") ? now->waited - first->waited : 0;
    rt_time own = first->computed - since->computed + now->at - first->at - queued;
    return sleeps && own >= stall;
}

/* What it waited is asked for last: more of it blames less. */
static bool at_fault(struct rt_loop *l, const struct seen *seen, rt_time at)
{
    bool sleeps = sleeps_in_kernel(l);
    struct rt_stood here = {
        .at = at, .computed = computed(l), .waited = sleeps ? waited(l) : RT_WAITED_UNKNOWN};
    return rt_watchdog_blames(&seen->since, &seen->first, &here, sleeps, dog.stall);
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
        *seen = (struct seen){.switches = switches, .since = {.at = at, .computed = computed(l)}};
        return !asleep || ran;
    }
    if (!seen->first.at)
        seen->first = (struct rt_stood){.at = at, .computed = computed(l), .waited = waited(l)};
    if (!seen->told && at - seen->since.at >= dog.stall && at_fault(l, seen, at)) {
        seen->told = true;
        atomic_fetch_add_explicit(&l->stalls, 1, memory_order_relaxed);
        struct rt_stall stall = {.task = task, .loop = l->index, .held = at - seen->since.at};
        if (dog.on_stall)
            dog.on_stall(dog.on_stall_ctx, &stall);
    }
    return true;
}

/* Until a loop's alarm, or for that long. */
static void wait_alarm(const struct timespec *longest)
{
    uint64_t rang;
    if (ppoll(dog.alarms, (nfds_t)dog.alarm_count, longest, NULL) <= 0)
        return;
    for (int i = 0; i < dog.alarm_count; i++)
        if (dog.alarms[i].revents)
            (void)!read(dog.alarms[i].fd, &rang, sizeof(rang));
}

static bool any_loop_awake(void)
{
    for (int i = 0; i < rt_loop_count(); i++)
        if (!atomic_load(&rt_loop_get(i)->asleep))
            return true;
    return false;
}

static void wait_tick(bool any_awake, uint64_t rest)
{
    if (!any_awake) {
        atomic_store(&dog.parked, rest);
        if (!any_loop_awake() && !atomic_load(&dog.stopping))
            wait_alarm(NULL);
        atomic_store(&dog.parked, 0);
        return;
    }
    rt_time tick = dog.stall / TICKS_PER_STALL;
    wait_alarm(&(struct timespec){.tv_sec = tick / RT_SEC, .tv_nsec = tick % RT_SEC});
}

static void *dog_main(void *arg)
{
    (void)arg;
    memset(dog.seen, 0, sizeof(dog.seen));
    /* A busy processor is interrupted every 4 ms as it is. Allowed to be late, our ticks come with
     * those interrupts; a timer of our own costs a virtual machine 3 % of its processor. */
    prctl(PR_SET_TIMERSLACK, (unsigned long)(SLACK_MS * RT_MS), 0, 0, 0);
    for (uint64_t rest = 1; !atomic_load(&dog.stopping); rest++) {
        bool awake = rt_loop_count() == 0; /* they are about to start */
        rt_time at = now();
        for (int i = 0; i < rt_loop_count(); i++)
            awake |= look_at(rt_loop_get(i), &dog.seen[i], at);
        wait_tick(awake, rest);
    }
    return NULL;
}

/* 0: never. */
static void set_alarm(int loop, rt_time after)
{
    struct itimerspec t = {.it_value = {.tv_sec = after / RT_SEC, .tv_nsec = after % RT_SEC}};
    timerfd_settime(dog.alarms[loop].fd, 0, &t, NULL);
}

void rt_watchdog_poke(struct rt_loop *l)
{
    uint64_t rest = atomic_load(&dog.parked);
    if (!rest || rest == l->alarm_rest)
        return;
    if (l->now >= l->alarms_until) {
        l->alarms_until = l->now + dog.stall * ALARMS_BACK_STALLS;
        l->alarms = 0;
    }
    l->alarms++;
    l->alarm_rest = rest;
    set_alarm(l->index, dog.stall / ALARMS_PER_STALL + 1);
}

void rt_watchdog_rest(struct rt_loop *l)
{
    if (!l->alarm_rest || l->alarms > ALARMS_BACK_MAX)
        return;
    if (!fault_mutant("rt_alarm_back_untold"))
        l->alarm_rest = 0;
    /* An alarm that is left makes a watchdog that ticks look once more: no harm. */
    if (atomic_load_explicit(&dog.parked, memory_order_relaxed))
        set_alarm(l->index, 0);
}

static void alarms_close(void)
{
    while (dog.alarm_count > 0)
        close(dog.alarms[--dog.alarm_count].fd);
}

static int alarms_open(int count)
{
    for (dog.alarm_count = 0; dog.alarm_count < count; dog.alarm_count++) {
        int fd = fault_fails(FAULT_SYSCALL)
                     ? (errno = EMFILE, -1)
                     : timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (fd < 0) {
            int r = -errno;
            alarms_close();
            return r;
        }
        dog.alarms[dog.alarm_count] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    return 0;
}

int rt_watchdog_start(const struct rt_config *config)
{
    rt_time stall = config ? config->stall : 0;
    if (stall < 0)
        return 0;
    dog.stall = stall ? stall : STALL_DEFAULT_MS * RT_MS;
    dog.on_stall = config ? config->on_stall : NULL;
    dog.on_stall_ctx = config ? config->on_stall_ctx : NULL;
    atomic_store(&dog.stopping, false);
    atomic_store(&dog.parked, 0);
    int r = alarms_open(rt_loop_count());
    if (r < 0)
        return r;
    sigset_t before;
    rt_signals_block(&before);
    r = fault_fails(FAULT_SYSCALL) ? -EAGAIN : -pthread_create(&dog.thread, NULL, dog_main, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    dog.started = r == 0;
    if (r < 0)
        alarms_close();
    return r;
}

/* The loops have ended: nobody else sets an alarm. */
void rt_watchdog_stop(void)
{
    if (!dog.started)
        return;
    atomic_store(&dog.stopping, true);
    set_alarm(0, 1);
    pthread_join(dog.thread, NULL);
    alarms_close();
    dog.started = false;
}
