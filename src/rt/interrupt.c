#include "rt/interrupt.h"

#include <signal.h>

#include "rt/signal.h"

void rt_interrupt_watch(void *arg)
{
    static const int signals[] = {SIGINT, SIGTERM, 0};
    struct rt_interrupt *in = arg;
    struct rt_signals *s;
    if (rt_signals_open(signals, &s) < 0)
        return; /* without it, a signal ends us at once */
    int signal = rt_signals_wait(s, RT_NEVER);
    if (signal > 0) {
        in->signal = signal;
        rt_group_cancel(in->cancels);
    }
    rt_signals_close(s);
}
