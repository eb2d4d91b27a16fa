/* A world for the test of tools/firebreak-gdb.py: tasks at known places, a channel that is full. */
#include <stdio.h>
#include <string.h>

#include "rt/chan.h"
#include "rt/rt.h"

RT_CHAN(int_chan, int);

static __attribute__((noinline)) void wait_here(rt_time deadline)
{
    rt_sleep(deadline);
    __asm__ volatile("" ::: "memory"); /* no tail call: this frame is looked for */
}

static void sleeper(void *arg)
{
    (void)arg;
    wait_here(RT_NEVER);
}

static void sender(void *arg)
{
    struct int_chan *c = arg;
    for (int i = 0; i < 4; i++)
        if (rt_send(c, i, RT_NEVER) < 0)
            return;
}

/* The debugger stops here: both tasks wait by then. */
__attribute__((noinline)) void gdb_stops_here(void);
void gdb_stops_here(void)
{
    __asm__ volatile("" ::: "memory");
}

static void first(void *arg)
{
    (void)arg;
    struct int_chan c;
    struct rt_group g;
    rt_chan_init(&c, 3, "numbers");
    rt_group_init(&g, "workers");
    if (rt_go(&g, sleeper, NULL) == 0 && rt_go(&g, sender, &c) == 0) {
        rt_yield();
        gdb_stops_here();
    }
    rt_group_done(&g);
    rt_chan_done(&c);
}

int main(void)
{
    return rt_run(&(struct rt_config){.loops = 1}, first, NULL) != 0;
}
