/* xchan.h - bounded channels from any thread to one loop.
 *
 * Many senders (tasks of any loop, offload threads), one receiving loop. A ring of slots, each
 * with a sequence number (Vyukov's bounded queue), carries the values without a lock; a receiver
 * that sleeps is woken through its loop's mailbox, and a loop that is awake costs no system
 * call. Values of one sender arrive in order. Heap, counted references: each side holds one. */
#ifndef FIREBREAK_RT_XCHAN_H
#define FIREBREAK_RT_XCHAN_H

#include "rt/rt.h"

struct rt_xchan;

/* `loop` receives. Capacity is rounded up to a power of two. Any thread. */
struct rt_xchan *rt_xchan_new(int loop, uint32_t elem_bytes, uint32_t cap, const char *name);
struct rt_xchan *rt_xchan_ref(struct rt_xchan *x);
void rt_xchan_unref(struct rt_xchan *x); /* NULL is accepted */

/* From a task of any loop. Returns 0, -EPIPE (closed), -ETIMEDOUT, -ECANCELED. */
int rt_xchan_send(struct rt_xchan *x, const void *value, rt_time deadline);
/* From any thread, never waits: 0, -EAGAIN (full), -EPIPE. */
int rt_xchan_try_send(struct rt_xchan *x, const void *value);
/* From tasks of the receiving loop. Returns 0, -EPIPE (closed and drained), -ETIMEDOUT,
 * -ECANCELED. */
int rt_xchan_recv(struct rt_xchan *x, void *ret_value, rt_time deadline);
/* For firebreak_queue_length, _limit and _full_total. Tasks of the receiving loop. */
struct rt_xchan_stats {
    const char *name;
    uint64_t len, cap;
    uint64_t full_total; /* sends that found it full */
};
void rt_xchan_stats_read(struct rt_xchan *x, struct rt_xchan_stats *ret_stats);
/* No more values from now on. One whose send returned 0 is still received, however near that was.
 * Any thread. */
void rt_xchan_close(struct rt_xchan *x);

#endif
