#include "rt/deep.h"

#include <sys/resource.h>

#include "base/fault.h"
#include "tests/tap.h"

enum { USED_BYTES = 7 * 1024 * 1024, FRAME_BYTES = 1024 };

static __attribute__((noinline)) int go_down(int levels)
{
    volatile char frame[FRAME_BYTES];
    frame[0] = (char)levels;
    frame[FRAME_BYTES - 1] = 1;
    return levels == 0 ? frame[0] : go_down(levels - 1) + frame[FRAME_BYTES - 1];
}

static void deep(void *arg)
{
    *(int *)arg = go_down(USED_BYTES / (FRAME_BYTES * 2));
}

static void a_small_limit_does_not_matter(void)
{
    struct rlimit small = {512 * 1024, RLIM_INFINITY};
    int got = 0;
    setrlimit(RLIMIT_STACK, &small);
    rt_deep_call_now(deep, &got);
    CHECK_INT(got, USED_BYTES / (FRAME_BYTES * 2));
}

static void shallow(void *arg)
{
    *(int *)arg = 1;
}

static void without_a_thread_it_runs_here(void)
{
    int got = 0;
    fault_arm(FAULT_SYSCALL, 1);
    rt_deep_call_now(shallow, &got);
    fault_arm(FAULT_SYSCALL, 0);
    CHECK_INT(got, 1);
}

static void offload_main(void *arg)
{
    CHECK_INT(rt_offload(deep, arg, RT_NEVER), 0);
}

static void offload_threads_have_as_much(void)
{
    int got = 0;
    CHECK_INT(rt_run(&(struct rt_config){0}, offload_main, &got), 0);
    CHECK_INT(got, USED_BYTES / (FRAME_BYTES * 2));
}

int main(void)
{
    TAP_RUN(a_small_limit_does_not_matter);
    TAP_RUN(without_a_thread_it_runs_here);
    TAP_RUN(offload_threads_have_as_much);
    return tap_done();
}
