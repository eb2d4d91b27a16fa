#include "rt/rt.h"

#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

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

static void computes(void *arg)
{
    struct timespec begin, now;
    (void)arg;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < HELD_MS);
}

static void sleeps_in_the_kernel(void *arg)
{
    (void)arg;
    usleep(HELD_MS * 1000);
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

int main(void)
{
    TAP_RUN(one_that_computes_is_named);
    TAP_RUN(one_that_sleeps_in_the_kernel_is_named);
    TAP_RUN(one_that_waits_as_it_should_is_not);
    return tap_done();
}
