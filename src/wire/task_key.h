/* task_key.h - where tasks, what is given to nodes, and results stand in the store.
 *
 *     /tasks/<task>            the task                        written by whoever wants it, then by
 *                                                              the controller
 *     /assign/<node>/<task>    it is given to the node         controller; claimed by the node
 *     /status/<task>/<node>    the accepted completion         created once, by the node
 *     /dedup/<key>             the name of the task            created with the task
 *     /concurrency/<key>       the name of the task that has it   controller
 *     /nodes/<node>            a worker that lives             the worker, under its lease
 *     /nodes_known/<node>      a worker that joined, and did not leave: Lost where it lives no more
 *                                                              the worker; then the controller
 *     /config/nodes/<node>     cordoned, draining              whoever says so
 *     /output/<task>/<node>/<token>/<n>   its output, in order    the worker
 *     /config/worker_max       how many a node runs at once    people
 *
 * All are behind Store.Prefix. Bytes of a name that a part of a key may not have are
 * percent-encoded. What these return lies in the arena. Pure. */
#ifndef FIREBREAK_WIRE_TASK_KEY_H
#define FIREBREAK_WIRE_TASK_KEY_H

#include "base/arena.h"

enum task_key {
    TASK_KEY_TASK,   /* a: task */
    TASK_KEY_ASSIGN, /* a: node, b: task */
    TASK_KEY_STATUS, /* a: task, b: node */
    TASK_KEY_DEDUP,
    TASK_KEY_CONCURRENCY,
    TASK_KEY_NODE,
    TASK_KEY_NODE_KNOWN,
    TASK_KEY_NODE_SPEC,
    TASK_KEY_OUTPUT, /* a: task, b: node */
    TASK_KEY_WORKER_MAX,
};

/* The whole key; `b` only where it is named above. */
struct slice task_key(struct arena *arena, struct slice prefix, enum task_key key, struct slice a,
                      struct slice b);
/* What every key of that sort begins with, up to and with a '/': of one `a` where it is not empty,
 * else of all. */
struct slice task_key_prefix(struct arena *arena, struct slice prefix, enum task_key key,
                             struct slice a);
/* A piece of output: they sort by `token` and `n`. */
struct slice task_key_output(struct arena *arena, struct slice prefix, struct slice task,
                             struct slice node, int64_t token, uint32_t n);
/* The decoded parts behind what task_key_prefix gives for no `a`; *ret_b is empty where there is
 * one part. Returns 0 or -EINVAL. */
int task_key_split(struct arena *arena, struct slice prefix, enum task_key key, struct slice whole,
                   struct slice *ret_a, struct slice *ret_b);

#endif
