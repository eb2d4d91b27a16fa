/* beats.h - signs of life: when each Heartbeat check heard its last one, on every control plane.
 *
 * A sign of life is the key /heartbeats/NAMESPACE/CHECK of the store, whoever writes it: the API
 * (POST /v1/heartbeats/CHECK), `store put`, etcdctl. Its value says when, {"at":"…"}; where it does
 * not, the moment counts at which it was seen here. It stays, so that a restart forgets nothing. */
#ifndef FIREBREAK_APP_BEATS_H
#define FIREBREAK_APP_BEATS_H

#include "base/slice.h"

struct beats;
struct up;

/* Needs u->store. */
struct beats *beats_new(struct up *u);
void beats_free(struct beats *b); /* NULL is accepted; after its task */
/* A task, until it is cancelled. */
void beats_main(void *beats);
/* When the last one came, in ns since 1970; 0: none did, as far as is known. NULL is accepted. */
int64_t beats_last(const struct beats *b, struct slice namespace_, struct slice check);

#endif
