/* unit.h - systemd's word of its units, for the checks of a loop: one connection for all of them.
 *
 * A unit is asked for at each look, and a change of it is told as it happens. Where the bus or
 * systemd goes, it is looked for again with a growing pause; then every unit is looked at anew, as
 * anything may have happened meanwhile. */
#ifndef FIREBREAK_OBSERVE_UNIT_H
#define FIREBREAK_OBSERVE_UNIT_H

#include "base/err.h"
#include "rt/rt.h"

enum {
    UNIT_OPEN_MS = 5 * 1000,      /* in which the bus has to take us */
    UNIT_AGAIN_MS_FIRST = 100,    /* from one try to the next … */
    UNIT_AGAIN_MS_MAX = 10 * 1000, /* … doubling up to this */
};

struct units;
struct unit_watch;

struct units *units_new(void);
void units_free(struct units *u); /* NULL is accepted; no watch may be open. May wait */

/* `push` is called when a look would tell something new; it may not wait. Returns 0, or -EINVAL
 * with *err: no unit can be called so. */
int unit_watch_open(struct units *u, const char *unit, void (*push)(void *ctx), void *ctx,
                    struct unit_watch **ret_watch, struct err *err);
/* One that is on its way (a restart by hand) is waited for, for half of the time. One look at a
 * time. Returns 1: it is up (active); 0: it is not, and *err says how it is; -EOPNOTSUPP: no
 * systemd was ever seen on a bus here; -EAGAIN: it cannot be asked now; -ECANCELED; with *err. */
int unit_watch_look(struct unit_watch *w, struct err *err, rt_time deadline);
void unit_watch_close(struct unit_watch *w); /* NULL is accepted */

#endif
