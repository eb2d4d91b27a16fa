/* signal.h - signals as something a task waits for.
 *
 * While it is open the signals are blocked for the whole process (the runtime's other threads
 * block every signal anyway) and come through a descriptor: so open it from a task of loop 0, the
 * thread that called rt_run, and wait on that loop. Sets of several may not overlap: a signal goes
 * to one of them. Those that came several times before anybody waited are told once. */
#ifndef FIREBREAK_RT_SIGNAL_H
#define FIREBREAK_RT_SIGNAL_H

#include <signal.h> /* SIGINT and so on: callers name them */

#include "rt/rt.h"

struct rt_signals;

/* `signals` ends in 0, e.g. {SIGINT, SIGTERM, SIGHUP, 0}. SIGHUP and SIGTSTP are left alone where
 * we were started with them ignored: nohup, and a shell without job control, mean it. Returns 0,
 * -EINVAL (no such signal) or our own want of descriptors. */
int rt_signals_open(const int *signals, struct rt_signals **ret_signals);
/* Returns the signal's number. */
int rt_signals_wait(struct rt_signals *s, rt_time deadline);
/* Drops what is pending of them and unblocks those that were not blocked before.
 * NULL is accepted. */
void rt_signals_close(struct rt_signals *s);

#endif
