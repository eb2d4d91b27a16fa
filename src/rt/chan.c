#include "rt/chan.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "rt/loop.h"

/* One arm of a waiting task; on the task's stack. Whoever serves it copies the value, takes all
 * arms of the wait off their channels and wakes the task: a waiter that stands on a list is
 * always still waiting. */
struct waiter {
    struct list link;
    struct wait *wait;
    void *value;
    uint32_t arm;
};

struct wait {
    struct rt_task *task;
    struct waiter *arms;
    uint32_t arm_count, chosen;
};

static inline void wait_leave(struct wait *w)
{
    for (uint32_t i = 0; i < w->arm_count; i++)
        list_remove(&w->arms[i].link);
}

/* Parks; what ends the wait without a value leaves the arms to us. Returns as rt_park. */
ALWAYS_INLINE int wait_park(struct wait *w, rt_time deadline)
{
    int r = rt_park(deadline);
    if (r == -ECANCELED || r == -ETIMEDOUT)
        wait_leave(w);
    return r;
}

/* The oldest waiter's whole wait is over, with this arm and result. */
ALWAYS_INLINE void serve(struct waiter *w, int result)
{
    w->wait->chosen = w->arm;
    wait_leave(w->wait);
    if (fault_mutant("rt_chan_wakeup_lost"))
        return;
    rt_wake_given(w->wait->task, result);
}

static inline struct waiter *oldest(struct list *waiters)
{
    return list_empty(waiters) ? NULL : list_entry(waiters->next, struct waiter, link);
}

static inline char *slot(struct rt_chan *c, uint32_t index)
{
    uint32_t at = c->head + index;
    if (at >= c->cap)
        at -= c->cap;
    return c->ring + (size_t)at * c->elem_bytes;
}

ALWAYS_INLINE void copy(const struct rt_chan *c, void *to, const void *from)
{
    /* Pointers and numbers are the usual cases: one move instead of a call. */
    if (c->elem_bytes == sizeof(void *))
        memcpy(to, from, sizeof(void *));
    else if (c->elem_bytes == sizeof(int))
        memcpy(to, from, sizeof(int));
    else
        memcpy(to, from, c->elem_bytes);
}

/* Each tries at once: 0, -EPIPE, or -EAGAIN. */
ALWAYS_INLINE int try_send(struct rt_chan *c, const void *value)
{
    if (c->closed)
        return -EPIPE;
    struct waiter *receiver = oldest(&c->receivers);
    if (receiver) { /* then the ring is empty */
        copy(c, receiver->value, value);
        serve(receiver, 0);
        return 0;
    }
    if (c->len == c->cap)
        return -EAGAIN;
    copy(c, slot(c, c->len++), value);
    return 0;
}

ALWAYS_INLINE int try_recv(struct rt_chan *c, void *ret_value)
{
    struct waiter *sender = oldest(&c->senders);
    if (c->len) {
        copy(c, ret_value, slot(c, 0));
        c->head = c->head + 1 == c->cap ? 0 : c->head + 1;
        c->len--;
        if (sender) { /* room: the oldest sender's value goes to the end of the ring */
            copy(c, slot(c, c->len++), sender->value);
            serve(sender, 0);
        }
        return 0;
    }
    if (sender) {
        copy(c, ret_value, sender->value);
        serve(sender, 0);
        return 0;
    }
    return c->closed ? -EPIPE : -EAGAIN;
}

/* ---- one channel ---- */

ALWAYS_INLINE int wait_on(struct list *waiters, void *value, rt_time deadline)
{
    struct wait w = {.task = rt_self->current, .arm_count = 1};
    struct waiter arm = {.wait = &w, .value = value};
    w.arms = &arm;
    list_push_back(waiters, &arm.link);
    return wait_park(&w, deadline);
}

static inline void found_full(struct rt_chan *c)
{
    c->full_total++;
    DTRACE_PROBE2(firebreak, chan_full, c->name, c->cap);
}

int rt_chan_send(struct rt_chan *c, const void *value, rt_time deadline)
{
    int r = rt_check_cancel();
    if (r == 0)
        r = try_send(c, value);
    if (r != -EAGAIN)
        return r;
    found_full(c);
    return wait_on(&c->senders, (void *)value, deadline);
}

int rt_chan_recv(struct rt_chan *c, void *ret_value, rt_time deadline)
{
    int r = rt_check_cancel();
    if (r == 0)
        r = try_recv(c, ret_value);
    return r == -EAGAIN ? wait_on(&c->receivers, ret_value, deadline) : r;
}

void rt_chan_close_at(struct rt_chan *c)
{
    if (c->closed)
        return;
    c->closed = true;
    struct waiter *w;
    while ((w = oldest(&c->senders)))
        serve(w, -EPIPE);
    while ((w = oldest(&c->receivers)))
        serve(w, -EPIPE);
}

void rt_chan_init_at(struct rt_chan *c, uint32_t elem_bytes, uint32_t cap, const char *name)
{
    assert(elem_bytes > 0);
    *c = (struct rt_chan){.name = name, .elem_bytes = elem_bytes, .cap = cap};
    if (cap)
        c->ring = mem_alloc(MEM_RT, (size_t)cap * elem_bytes);
    list_init(&c->senders);
    list_init(&c->receivers);
    list_push_back(&rt_self->chans, &c->link);
}

void rt_chan_done_at(struct rt_chan *c)
{
    assert(list_empty(&c->senders) && list_empty(&c->receivers));
    list_remove(&c->link);
    mem_free(MEM_RT, c->ring);
    *c = (struct rt_chan){.closed = true};
}

void rt_chans_each(void (*fn)(void *ctx, const struct rt_chan *c), void *ctx)
{
    list_each(it, &rt_self->chans)
        fn(ctx, list_entry(it, struct rt_chan, link));
}

/* ---- select ---- */

static int try_arm(struct rt_case *cs)
{
    if (!cs->chan)
        return -EAGAIN;
    return cs->send ? try_send(cs->chan, cs->value) : try_recv(cs->chan, cs->value);
}

static int select_wait(struct rt_case *cases, uint32_t count, rt_time deadline)
{
    struct waiter arms[RT_SELECT_MAX];
    struct wait w = {.task = rt_self->current, .arms = arms, .arm_count = count};
    for (uint32_t i = 0; i < count; i++) {
        arms[i] = (struct waiter){.wait = &w, .value = cases[i].value, .arm = i};
        if (!cases[i].chan)
            continue;
        if (cases[i].send)
            found_full(cases[i].chan);
        list_push_back(cases[i].send ? &cases[i].chan->senders : &cases[i].chan->receivers,
                       &arms[i].link);
    }
    int r = wait_park(&w, deadline);
    if (r == -ECANCELED || r == -ETIMEDOUT)
        return r;
    cases[w.chosen].result = r;
    return (int)w.chosen;
}

int rt_select(struct rt_case *cases, int count, rt_time deadline)
{
    assert(count > 0 && count <= RT_SELECT_MAX);
    int r = rt_check_cancel();
    if (r < 0)
        return r;
    uint32_t n = (uint32_t)count;
    uint32_t first = n > 1 ? (uint32_t)(rt_random() % n) : 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = first + i < n ? first + i : first + i - n;
        r = try_arm(&cases[at]);
        if (r != -EAGAIN) {
            cases[at].result = r;
            return (int)at;
        }
    }
    return select_wait(cases, n, deadline);
}
