/* unit.h - the inside of act: a restart of a systemd unit. */
#ifndef FIREBREAK_ACT_UNIT_H
#define FIREBREAK_ACT_UNIT_H

#include "act/doing.h"

enum {
    UNIT_BUS_MS = 5 * 1000,     /* in which the bus has to take us */
    UNIT_ANSWER_MS = 25 * 1000, /* in which systemd has to answer, as its own clients have it */
    UNIT_STAYS_MS = 50,         /* one that fails at once has failed by then */
    UNIT_BACK_MS = 10 * 1000,   /* in which a bus that went has to be back */
};

/* By a job of systemd's, whose end is waited for: what it is called where it is not "done" is the
 * failure. Over the bus; where there is none, by systemctl, which has a way of its own. A job that
 * was begun goes on when the task is canceled or out of time: half a restart would be none.
 * Returns as doing_end. */
int unit_restart(struct doing *d, const char *unit, struct err *err);

#endif
