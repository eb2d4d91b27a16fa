/* people.h - what people tell self-healing (store/healing.h), brought to reconcile.
 *
 * Maintenance that is over is ended, and words about an asset that is not there yet wait for it. A
 * "recover" is taken by whoever has the asset, and then deleted. Silences go to notify.h. */
#ifndef FIREBREAK_APP_PEOPLE_H
#define FIREBREAK_APP_PEOPLE_H

/* A task, until it is cancelled; `up` has its store. */
void people_main(void *up);

#endif
