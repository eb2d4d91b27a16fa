/* signal.h - signals as something a task waits for.
 *
 * rt_signal_open blocks the signals for the whole process before other threads start (so call
 * it from the first task, before work is offloaded) and receives them through a descriptor. */
#ifndef FIREBREAK_RT_SIGNAL_H
#define FIREBREAK_RT_SIGNAL_H

#include <signal.h> /* SIGINT and so on: callers name them */

#include "rt/rt.h"

struct rt_signals;

/* `signals` ends in 0, e.g. {SIGINT, SIGTERM, SIGHUP, 0}. */
int rt_signals_open(const int *signals, struct rt_signals **ret_signals);
/* Returns the signal's number. */
int rt_signals_wait(struct rt_signals *s, rt_time deadline);
/* Restores the mask. NULL is accepted. */
void rt_signals_close(struct rt_signals *s);

#endif
