#include "rt/loop.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/on_valgrind.h"
#include "tests/tap.h"

enum { STALL_MS = 10, HELD_MS = 80 };

static atomic_int told;
static _Atomic(const char *) who;
static _Atomic int64_t held;

static void on_stall(void *ctx, const struct rt_stall *s)
{
    (void)ctx;
    atomic_store(&who, s->task);
    atomic_store(&held, s->held);
    atomic_fetch_add(&told, 1);
}

/* Memcheck lets the watchdog's thread run only now and then. */
static int held_ms(void)
{
    return RUNNING_ON_VALGRIND ? 20 * HELD_MS : HELD_MS;
}

static void computes(void *arg)
{
    struct timespec begin, now;
    (void)arg;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 <
           held_ms());
}

static void sleeps_in_the_kernel(void *arg)
{
    (void)arg;
    usleep((useconds_t)held_ms() * 1000);
}

static void behaves(void *arg)
{
    (void)arg;
    for (int i = 0; i < 40; i++)
        rt_sleep(rt_now() + 2 * RT_MS);
}

static void run_one(void *arg)
{
    struct rt_group g;
    rt_group_init(&g, "test");
    if (arg == (void *)1)
        rt_go(&g, computes, NULL);
    else if (arg == (void *)2)
        rt_go(&g, sleeps_in_the_kernel, NULL);
    else
        rt_go(&g, behaves, NULL);
    rt_group_wait(&g, RT_NEVER);
    rt_group_done(&g);
}

static void watch(uintptr_t which)
{
    struct rt_config config = {.stall = STALL_MS * RT_MS, .on_stall = on_stall};
    atomic_store(&told, 0);
    atomic_store(&who, NULL);
    CHECK_INT(rt_run(&config, run_one, (void *)which), 0);
}

static void one_that_computes_is_named(void)
{
    watch(1);
    CHECK_INT(told, 1);
    CHECK_STR(who, "computes");
    CHECK(held >= STALL_MS * RT_MS);
}

static void one_that_sleeps_in_the_kernel_is_named(void)
{
    watch(2);
    CHECK_INT(told, 1);
    CHECK_STR(who, "sleeps_in_the_kernel");
}

static void one_that_waits_as_it_should_is_not(void)
{
    watch(3);
    CHECK_INT(told, 0);
}

/* By then the watchdog rests, for nothing is awake. */
static void computes_after_a_rest(void *arg)
{
    rt_sleep(rt_now() + 40 * RT_MS);
    computes(arg);
}

/* Its alarm was set and taken back before. */
static void sleeps_in_the_kernel_after_many_rests(void *arg)
{
    for (int i = 0; i < 10; i++)
        rt_sleep(rt_now() + 8 * RT_MS);
    sleeps_in_the_kernel(arg);
}

/* Its alarm was taken back, and then, when many came in little time, left. */
static void computes_after_every_kind_of_rest(void *arg)
{
    rt_sleep(rt_now() + 30 * RT_MS);
    for (int i = 0; i < 400; i++)
        rt_sleep(rt_now() + RT_MS / 10);
    rt_sleep(rt_now() + 30 * RT_MS);
    rt_sleep(rt_now() + RT_MS / 10);
    computes(arg);
}

static void run_behind_rests(void *arg)
{
    struct rt_group g;
    rt_group_init(&g, "test");
    rt_go(&g, (rt_fn *)arg, NULL);
    rt_group_wait(&g, RT_NEVER);
    rt_group_done(&g);
}

static void rest_and_watch(rt_fn *fn)
{
    struct rt_config config = {.stall = STALL_MS * RT_MS, .on_stall = on_stall};
    atomic_store(&told, 0);
    CHECK_INT(rt_run(&config, run_behind_rests, (void *)fn), 0);
    CHECK_INT(told, 1);
    CHECK(held >= STALL_MS * RT_MS);
}

static void one_that_comes_back_after_a_rest_is_watched(void)
{
    rest_and_watch(computes_after_a_rest);
    rest_and_watch(sleeps_in_the_kernel_after_many_rests);
    rest_and_watch(computes_after_every_kind_of_rest);
}

/* How often the other threads of this process fell asleep. */
static long sleeps_of_others(void)
{
    char path[300], line[200];
    long sum = 0;
    DIR *d = opendir("/proc/self/task");
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] == '.' || atoi(e->d_name) == gettid())
            continue;
        snprintf(path, sizeof(path), "/proc/self/task/%s/status", e->d_name);
        FILE *f = fopen(path, "re");
        while (f && fgets(line, sizeof(line), f))
            if (strncmp(line, "voluntary_ctxt_switches:", 24) == 0)
                sum += strtol(line + 24, NULL, 10);
        if (f)
            fclose(f);
    }
    if (d)
        closedir(d);
    return sum;
}

enum { IDLE_WAKES = 12, IDLE_TRIES = 20, IDLE_STALL_MS = 40, IDLE_APART_MS = 12 };

/* On a machine that is busy an alarm may ring: the quietest try counts. */
static void idles(void *arg)
{
    long *quietest = arg;
    rt_sleep(rt_now() + 100 * RT_MS);
    for (int try = 0; try<IDLE_TRIES && * quietest> IDLE_WAKES / 4; try++) {
        long before = sleeps_of_others();
        for (int i = 0; i < IDLE_WAKES; i++)
            rt_sleep(rt_now() + IDLE_APART_MS * RT_MS);
        long slept = sleeps_of_others() - before;
        *quietest = slept < *quietest ? slept : *quietest;
    }
}

static void a_loop_that_wakes_now_and_then_does_not_wake_the_watchdog(void)
{
    struct rt_config config = {.stall = IDLE_STALL_MS * RT_MS};
    long quietest = 1000;
    CHECK_INT(rt_run(&config, idles, &quietest), 0);
    CHECK(quietest <= IDLE_WAKES / 4);
}

/* Held for 20 ms, seen first after 2; of the 18 since then the thread computed and waited for a
 * processor so much, and slept for the rest. It computed nothing before. */
static bool blamed(double computed_ms, double waited_ms, bool sleeps)
{
    struct rt_stood since = {.at = RT_SEC, .computed = RT_SEC};
    struct rt_stood first = {
        .at = since.at + 2 * RT_MS, .computed = since.computed, .waited = 5 * RT_SEC};
    struct rt_stood now = {.at = since.at + 20 * RT_MS,
                           .computed = since.computed + (rt_time)(computed_ms * RT_MS),
                           .waited = first.waited + (rt_time)(waited_ms * RT_MS)};
    return rt_watchdog_blames(&since, &first, &now, sleeps, STALL_MS * RT_MS);
}

static void who_computes_or_sleeps_for_so_long_is_to_blame(void)
{
    CHECK(blamed(10, 8, false));
    CHECK(!blamed(9.9, 8, false));
    CHECK(blamed(0, 0, true));
    CHECK(blamed(0, 8, true));
    CHECK(blamed(5, 8, true)); /* half of it by each */
}

static void who_waits_for_a_processor_is_not(void)
{
    CHECK(!blamed(1, 17, false));
    CHECK(!blamed(1, 16.9, true)); /* it came to a short sleep just now */
    CHECK(!blamed(0, 8.1, true));
}

/* How long it waits now is not known yet. */
static void of_who_is_about_to_run_only_what_it_computed_counts(void)
{
    CHECK(!blamed(5, 0, false));
}

/* Where only one of two looks could read it (no descriptor was free), the other proves nothing. */
static void a_wait_that_nobody_knows_is_neither_taken_off_nor_added(void)
{
    struct rt_stood since = {.at = RT_SEC};
    struct rt_stood known = {.at = since.at + 2 * RT_MS, .waited = 5 * RT_SEC}, unknown = known;
    struct rt_stood late = {.at = since.at + 20 * RT_MS, .waited = 5 * RT_SEC}, soon = late;
    unknown.waited = RT_WAITED_UNKNOWN;
    CHECK(rt_watchdog_blames(&since, &unknown, &late, true, STALL_MS * RT_MS));
    soon.at = since.at + 6 * RT_MS;
    soon.waited = RT_WAITED_UNKNOWN;
    CHECK(!rt_watchdog_blames(&since, &known, &soon, true, STALL_MS * RT_MS));
}

static void what_it_computed_before_the_first_look_counts(void)
{
    struct rt_stood since = {.at = RT_SEC};
    struct rt_stood first = {.at = RT_SEC + 5 * RT_MS, .computed = 5 * RT_MS};
    struct rt_stood now = {.at = first.at + 5 * RT_MS, .computed = 5 * RT_MS};
    CHECK(rt_watchdog_blames(&since, &first, &now, true, STALL_MS * RT_MS));
    first.computed = now.computed = 4 * RT_MS;
    CHECK(!rt_watchdog_blames(&since, &first, &now, true, STALL_MS * RT_MS));
}

int main(void)
{
    TAP_RUN(who_computes_or_sleeps_for_so_long_is_to_blame);
    TAP_RUN(who_waits_for_a_processor_is_not);
    TAP_RUN(of_who_is_about_to_run_only_what_it_computed_counts);
    TAP_RUN(a_wait_that_nobody_knows_is_neither_taken_off_nor_added);
    TAP_RUN(what_it_computed_before_the_first_look_counts);
    TAP_RUN(one_that_computes_is_named);
    TAP_RUN(one_that_sleeps_in_the_kernel_is_named);
    TAP_RUN(one_that_waits_as_it_should_is_not);
    TAP_RUN(one_that_comes_back_after_a_rest_is_watched);
    TAP_RUN(a_loop_that_wakes_now_and_then_does_not_wake_the_watchdog);
    return tap_done();
}
