/* sight.h - whether our own network is there. Where it is gone, nothing that does not answer is to
 * blame: reconcile is told that we are blind, and that we see again.
 *
 * It is gone where there was a link to somewhere else since we began, and there is none now. */
#ifndef FIREBREAK_APP_SIGHT_H
#define FIREBREAK_APP_SIGHT_H

#include "app/up.h"

/* Before a miss is told: it is no evidence where we are blind. Waits only to tell. */
void sight_look(struct up *u);
/* An attempt of a probe is over. Where our own limits (descriptors) have spoilt every one for a
 * while, we are blind, too, until one was sent. Waits only to tell. */
void sight_tried(struct up *u, const struct probe_result *r);
/* A task: looks now and then, also while nobody misses anything. */
void sight_main(void *up);

#endif
