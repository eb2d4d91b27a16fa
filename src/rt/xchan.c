#include "rt/xchan.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "rt/loop.h"

/* Why it is correct. The ring is Vyukov's bounded queue: a slot's sequence number says whose turn
 * it is, position p for a sender, p + 1 for the receiver. There is one receiving loop, so taking
 * needs no contest.
 *
 * Why no value is lost at the end. "Closed" is a bit of the tail, so a sender claims its position
 * or learns of the end in one step; and the receiver is at the end only where no position before
 * it is claimed. A sender that has claimed one finishes, whatever happens.
 *
 * Why no wake-up is lost. A receiver announces itself (receiver_waits) and then looks into the
 * ring again; a sender puts its value in and then looks for the announcement; full fences lie
 * between, so one of the two sees the other. The same, mirrored, for senders that wait for room. */
#define CLOSED (UINT64_C(1) << 63)

struct sender_wait {
    struct list link; /* under the lock */
    struct rt_task *task;
    struct rt_message m;
    bool woken;
};

struct rt_xchan {
    const char *name;
    uint32_t elem_bytes, slot_bytes, mask;
    struct rt_loop *loop;
    char *slots;
    atomic_int refs;
    char apart1[64]; /* the two ends are written by different threads: not in one cache line */
    _Atomic uint64_t tail; /* senders' end; CLOSED: there will be no more */
    char apart2[64];
    uint64_t head; /* receiver's end */
    atomic_bool receiver_waits, arrived_posted;
    atomic_int senders_wait;
    _Atomic uint64_t full_total;
    struct rt_message arrived;
    struct list receivers; /* tasks of the receiving loop */
    pthread_mutex_t lock;
    struct list senders;
};

struct receiver {
    struct list link;
    struct rt_task *task;
};

static _Atomic uint64_t *sequence(struct rt_xchan *x, uint64_t pos)
{
    return (void *)(x->slots + (size_t)(pos & x->mask) * x->slot_bytes);
}

static void on_arrived(struct rt_message *m)
{
    struct rt_xchan *x = CONTAINER_OF(m, struct rt_xchan, arrived);
    atomic_store(&x->arrived_posted, false);
    list_each_safe(it, &x->receivers)
    {
        struct receiver *w = list_entry(it, struct receiver, link);
        list_remove(it);
        rt_wake(w->task, 0);
    }
    rt_xchan_unref(x); /* the message's own */
}

struct rt_xchan *rt_xchan_new(int loop, uint32_t elem_bytes, uint32_t cap, const char *name)
{
    assert(cap > 0 && cap <= UINT32_C(1) << 30 && elem_bytes > 0);
    uint32_t size = 2; /* one slot cannot tell full from empty */
    while (size < cap)
        size *= 2;
    struct rt_xchan *x = mem_alloc(MEM_RT, sizeof(*x));
    x->name = name;
    x->loop = rt_loop_get(loop);
    x->elem_bytes = elem_bytes;
    x->slot_bytes = (uint32_t)(sizeof(uint64_t) + ((elem_bytes + 7u) & ~7u));
    x->mask = size - 1;
    x->slots = mem_alloc(MEM_RT, (size_t)size * x->slot_bytes);
    for (uint32_t i = 0; i < size; i++)
        atomic_store_explicit(sequence(x, i), i, memory_order_relaxed);
    atomic_store(&x->refs, 1);
    x->arrived.fn = on_arrived;
    list_init(&x->receivers);
    list_init(&x->senders);
    pthread_mutex_init(&x->lock, NULL);
    return x;
}

struct rt_xchan *rt_xchan_ref(struct rt_xchan *x)
{
    atomic_fetch_add_explicit(&x->refs, 1, memory_order_relaxed);
    return x;
}

void rt_xchan_unref(struct rt_xchan *x)
{
    if (!x || atomic_fetch_sub_explicit(&x->refs, 1, memory_order_acq_rel) != 1)
        return;
    pthread_mutex_destroy(&x->lock);
    mem_free(MEM_RT, x->slots);
    mem_free(MEM_RT, x);
}

/* ---- the ring ---- */

/* 0, -EAGAIN (full), or -EPIPE. */
static int ring_push(struct rt_xchan *x, const void *value)
{
    uint64_t pos = atomic_load_explicit(&x->tail, memory_order_relaxed);
    for (;;) {
        if (pos & CLOSED)
            return -EPIPE;
        _Atomic uint64_t *seq = sequence(x, pos);
        int64_t turn = (int64_t)(atomic_load_explicit(seq, memory_order_acquire) - pos);
        if (turn < 0)
            return -EAGAIN;
        if (turn > 0) {
            pos = atomic_load_explicit(&x->tail, memory_order_relaxed);
            continue;
        }
        if (!atomic_compare_exchange_weak_explicit(&x->tail, &pos, pos + 1, memory_order_relaxed,
                                                   memory_order_relaxed))
            continue;
        memcpy(seq + 1, value, x->elem_bytes);
        atomic_store_explicit(seq, pos + 1, memory_order_release);
        return 0;
    }
}

/* What a receiver would find: 0, -EAGAIN, or -EPIPE (closed and drained). */
static int ring_peek(struct rt_xchan *x)
{
    if (atomic_load_explicit(sequence(x, x->head), memory_order_acquire) == x->head + 1)
        return 0;
    uint64_t tail = atomic_load_explicit(&x->tail, memory_order_acquire);
    if (fault_mutant("rt_claimed_value_lost"))
        return tail & CLOSED ? -EPIPE : -EAGAIN;
    return tail == (x->head | CLOSED) ? -EPIPE : -EAGAIN;
}

static int ring_pop(struct rt_xchan *x, void *ret_value)
{
    _Atomic uint64_t *seq = sequence(x, x->head);
    int r = ring_peek(x);
    if (r < 0)
        return r;
    memcpy(ret_value, seq + 1, x->elem_bytes);
    atomic_store_explicit(seq, x->head + x->mask + 1, memory_order_release);
    x->head++;
    return 0;
}

/* ---- waking ---- */

static void wake_receivers(struct rt_xchan *x)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(&x->receiver_waits, memory_order_relaxed))
        return;
    /* A message that is still on its way wakes this receiver, too, and must not be posted twice. */
    if (atomic_exchange(&x->receiver_waits, false) && !atomic_exchange(&x->arrived_posted, true)) {
        rt_xchan_ref(x);
        rt_post(x->loop, &x->arrived);
    }
}

static void on_room(struct rt_message *m)
{
    struct sender_wait *w = CONTAINER_OF(m, struct sender_wait, m);
    w->woken = true;
    rt_wake(w->task, 0);
}

static void wake_senders(struct rt_xchan *x, bool all)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&x->senders_wait, memory_order_relaxed) == 0)
        return;
    pthread_mutex_lock(&x->lock);
    struct list *it;
    while ((it = list_pop_front(&x->senders))) {
        struct sender_wait *w = list_entry(it, struct sender_wait, link);
        atomic_fetch_sub(&x->senders_wait, 1);
        rt_post(w->task->loop, &w->m);
        if (!all)
            break;
    }
    pthread_mutex_unlock(&x->lock);
}

static void found_full(struct rt_xchan *x)
{
    atomic_fetch_add_explicit(&x->full_total, 1, memory_order_relaxed);
    DTRACE_PROBE2(firebreak, chan_full, x->name, x->mask + 1);
}

static int try_send(struct rt_xchan *x, const void *value)
{
    int r = ring_push(x, value);
    if (r == 0)
        wake_receivers(x);
    return r;
}

int rt_xchan_try_send(struct rt_xchan *x, const void *value)
{
    int r = try_send(x, value);
    if (r == -EAGAIN)
        found_full(x);
    return r;
}

/* Announces the wait, tries once more, and sleeps. 0: try again. */
static int wait_for_room(struct rt_xchan *x, const void *value, rt_time deadline, bool *ret_sent)
{
    struct sender_wait w = {.task = rt_self->current, .m.fn = on_room};
    pthread_mutex_lock(&x->lock);
    list_push_back(&x->senders, &w.link);
    atomic_fetch_add(&x->senders_wait, 1);
    pthread_mutex_unlock(&x->lock);
    atomic_thread_fence(memory_order_seq_cst);
    int r = try_send(x, value);
    *ret_sent = r == 0;
    if (r == -EAGAIN)
        r = rt_park(deadline);
    pthread_mutex_lock(&x->lock);
    bool listed = w.link.next && !list_empty(&w.link);
    if (listed) {
        list_remove(&w.link);
        atomic_fetch_sub(&x->senders_wait, 1);
    }
    pthread_mutex_unlock(&x->lock);
    while (!listed && !w.woken) /* a message that points into our frame is on its way */
        rt_park_deaf();
    if (!listed && (*ret_sent || r < 0))
        wake_senders(x, false); /* the room that we were woken for is somebody else's */
    return r;
}

int rt_xchan_send(struct rt_xchan *x, const void *value, rt_time deadline)
{
    int r = rt_check_cancel();
    bool sent = false, told = false;
    while (r == 0 && !sent) {
        r = try_send(x, value);
        if (r != -EAGAIN)
            return r;
        if (!told)
            found_full(x);
        told = true;
        r = wait_for_room(x, value, deadline, &sent);
    }
    return r;
}

static int wait_for_value(struct rt_xchan *x, rt_time deadline)
{
    struct receiver w = {.task = rt_self->current};
    list_push_back(&x->receivers, &w.link);
    int r = rt_park(deadline);
    list_remove(&w.link);
    return r;
}

int rt_xchan_recv(struct rt_xchan *x, void *ret_value, rt_time deadline)
{
    assert(x->loop == rt_self);
    int r = rt_check_cancel();
    while (r == 0) {
        r = ring_pop(x, ret_value);
        if (r == 0)
            wake_senders(x, false);
        if (r != -EAGAIN)
            return r;
        atomic_store(&x->receiver_waits, true);
        atomic_thread_fence(memory_order_seq_cst);
        r = ring_peek(x) == -EAGAIN ? wait_for_value(x, deadline) : 0;
    }
    return r;
}

void rt_xchan_stats_read(struct rt_xchan *x, struct rt_xchan_stats *ret_stats)
{
    uint64_t tail = atomic_load_explicit(&x->tail, memory_order_relaxed) & ~CLOSED;
    assert(x->loop == rt_self);
    *ret_stats = (struct rt_xchan_stats){
        .name = x->name,
        .len = tail - x->head,
        .cap = x->mask + UINT64_C(1),
        .full_total = atomic_load_explicit(&x->full_total, memory_order_relaxed),
    };
}

void rt_xchan_close(struct rt_xchan *x)
{
    atomic_fetch_or(&x->tail, CLOSED);
    wake_receivers(x);
    wake_senders(x, true);
}
