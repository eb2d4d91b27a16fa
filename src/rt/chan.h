/* chan.h - bounded, typed channels between tasks of one loop, and select.
 *
 * A channel carries values of one type by copy: what a value points to passes to the receiver
 * when, and only when, a send returns 0. Capacity 0 is a rendezvous. Values arrive in the order
 * in which they were sent, waiters are served in the order in which they came.
 *
 *     RT_CHAN(batch_chan, struct batch *);      at file scope: struct batch_chan
 *     struct batch_chan out;
 *     rt_chan_init(&out, 64, "batches");
 *     r = rt_send(&out, b, deadline);           moves b on 0
 *     r = rt_recv(&out, &b, deadline);
 *
 * The name is the label of firebreak_queue_length, _limit and _full_total. Both ends live on
 * the same loop; between loops there is xchan.h. */
#ifndef FIREBREAK_RT_CHAN_H
#define FIREBREAK_RT_CHAN_H

#include "rt/rt.h"

struct rt_chan {
    const char *name;
    char *ring;
    uint32_t elem_bytes, cap, len, head;
    struct list senders, receivers; /* parked waiters, oldest first */
    struct list link;               /* all channels of the loop */
    uint64_t full_total;            /* sends that found it full */
    bool closed;
};

#define RT_CHAN(struct_name, type)                                                                 \
    struct struct_name {                                                                           \
        struct rt_chan chan;                                                                       \
        __extension__ type elem_[0];                                                               \
    }

#define rt_chan_init(c, capacity, label)                                                           \
    rt_chan_init_at(&(c)->chan, (uint32_t)sizeof((c)->elem_[0]), (capacity), (label))
#define rt_chan_done(c)  rt_chan_done_at(&(c)->chan)
#define rt_chan_close(c) rt_chan_close_at(&(c)->chan)
#define rt_chan_len(c)   ((c)->chan.len)

/* Returns 0; -ECANCELED, -ETIMEDOUT (a past deadline: at once when full); -EPIPE: closed. */
#define rt_send(c, value, deadline)                                                                \
    (__extension__({                                                                               \
        __typeof__((c)->elem_[0]) rt_value_ = (value);                                             \
        rt_chan_send(&(c)->chan, &rt_value_, (deadline));                                          \
    }))
/* Returns 0; -ECANCELED, -ETIMEDOUT; -EPIPE: closed and drained. */
#define rt_recv(c, ret_value, deadline)                                                            \
    (__extension__({                                                                               \
        __typeof__((c)->elem_[0]) *rt_ret_ = (ret_value);                                          \
        rt_chan_recv(&(c)->chan, rt_ret_, (deadline));                                             \
    }))

/* One arm of a select; made by the two macros below, `value` points to the caller's variable. */
struct rt_case {
    struct rt_chan *chan;
    void *value;
    bool send;
    int result; /* of the chosen arm: 0, or -EPIPE on a closed channel */
};
#define RT_CASE_SEND(c, ptr)                                                                       \
    ((struct rt_case){&(c)->chan, (1 ? (ptr) : (c)->elem_), true, 0})
#define RT_CASE_RECV(c, ptr)                                                                       \
    ((struct rt_case){&(c)->chan, (1 ? (ptr) : (c)->elem_), false, 0})

enum { RT_SELECT_MAX = 32 };

/* Waits until one arm can go, does it, and returns its index; its `result` says how it went.
 * Among several ready arms one is picked at random, so that none starves. An arm whose channel
 * is NULL is never ready. Returns -ECANCELED or -ETIMEDOUT with nothing done. */
int rt_select(struct rt_case *cases, int count, rt_time deadline);

void rt_chan_init_at(struct rt_chan *c, uint32_t elem_bytes, uint32_t cap, const char *name);
/* No waiter may be left; values still inside are dropped: drain first if they own anything. */
void rt_chan_done_at(struct rt_chan *c);
/* Senders get -EPIPE from now on; receivers too, once it is drained. Idempotent. */
void rt_chan_close_at(struct rt_chan *c);
int rt_chan_send(struct rt_chan *c, const void *value, rt_time deadline);
int rt_chan_recv(struct rt_chan *c, void *ret_value, rt_time deadline);
/* Calls fn for each channel of this loop: for metrics and the debugger. */
void rt_chans_each(void (*fn)(void *ctx, const struct rt_chan *c), void *ctx);

#endif
