/* interrupt.h - SIGINT and SIGTERM end a command in good order.
 *
 * The first one cancels a group, so that what was done can be told; a second one ends the process
 * at once, should the end be stuck. */
#ifndef FIREBREAK_RT_INTERRUPT_H
#define FIREBREAK_RT_INTERRUPT_H

#include "rt/rt.h"

struct rt_interrupt {
    struct rt_group *cancels;
    int signal; /* that came; 0: none */
};

/* A task: runs until a signal came, or its own group is cancelled. */
void rt_interrupt_watch(void *interrupt);

#endif
