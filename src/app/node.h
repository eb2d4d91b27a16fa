/* node.h - our name among those that share a store: one process has it at a time.
 *
 * What a node's files declare is recorded under its name (registry.h), and states name it as
 * their owner: two of one name would undo each other's work. So a node leads the role "node/NAME",
 * by a lease that lasts Store.LeaseTTL. A store that is a file has one process anyway. The key's
 * value names the process; where it ran on this machine and is gone, its lease is ended at once;
 * and with the name ends what else the former life held by it.
 *
 * A name that was lost (the store was out of reach for longer than the lease) is claimed again;
 * what is watched is watched on meanwhile. */
#ifndef FIREBREAK_APP_NODE_H
#define FIREBREAK_APP_NODE_H

#include "app/up.h"

struct node_claim;

/* Waits for the end of the lease of an earlier life on another machine. *ret is NULL where the
 * store needs no names.
 * Returns 0; -EBUSY: another process has the name, and which one; or why not. */
int node_claim(struct up *u, struct node_claim **ret, struct err *err);
/* A task: claims again what was lost, until it is cancelled. */
void node_main(void *claim);
/* Gives the name back, as well as it can until the deadline. NULL is accepted. */
void node_release(struct node_claim *c, rt_time deadline);

#endif
