#include "rt/loop.h"

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rt/deep.h"

/* Work waits in the order in which it came; the queue is made of the callers' own stack frames,
 * one a waiting task, so it needs no memory and no bound of its own. Threads start one by one, as
 * long as work waits and none is idle.
 *
 * Where a thread is idle, work is given to it and waits for nobody: to the one that became idle
 * last, whose caches are warm, and which may still be awake. Each has a word of its own to sleep
 * on, so that one wakes, and finds the pool's lock free. */
enum { OFFLOAD_THREADS_DEFAULT = 4 };

struct work {
    struct list link; /* in the queue, under the pool's lock */
    struct rt_message done;
    struct rt_task *task;
    rt_fn *fn;
    void *arg;
    bool finished;
};

enum { THREAD_GIVEN, THREAD_AWAKE, THREAD_ASLEEP };

struct thread {
    pthread_t id;
    struct list link;   /* of the idle, under the pool's lock */
    struct work *given; /* with the word at THREAD_GIVEN; NULL: look at the pool */
    atomic_uint word;
};

static struct {
    pthread_mutex_t lock;
    struct list queue, idle;
    int threads_max, count;
    uint64_t queued;
    _Atomic uint64_t running;
    bool stopping;
    struct thread threads[RT_OFFLOAD_THREADS_MAX];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Of this thread: for who asks after a crash. */
static _Thread_local const struct rt_site *working_for;
static _Thread_local const char *stack_top;

const struct rt_site *rt_offload_site(const char **ret_stack_top)
{
    *ret_stack_top = stack_top;
    return working_for;
}

static void on_done(struct rt_message *m)
{
    struct work *w = CONTAINER_OF(m, struct work, done);
    w->finished = true;
    rt_wake(w->task, 0);
}

static long futex(atomic_uint *word, int op, unsigned value)
{
    return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static struct work *wait_for_work(struct thread *t)
{
    unsigned awake = THREAD_AWAKE;
    atomic_compare_exchange_strong(&t->word, &awake, THREAD_ASLEEP);
    while (atomic_load_explicit(&t->word, memory_order_acquire) != THREAD_GIVEN)
        futex(&t->word, FUTEX_WAIT, THREAD_ASLEEP);
    return t->given;
}

/* Without the lock; the thread is no longer among the idle. */
static void give(struct thread *t, struct work *w)
{
    t->given = w;
    if (atomic_exchange(&t->word, THREAD_GIVEN) == THREAD_ASLEEP)
        futex(&t->word, FUTEX_WAKE, 1);
}

/* The next of the queue; else the thread is idle from here on: what it is given, it waits for. */
static struct work *take(struct thread *t, bool *ret_idle)
{
    struct work *w = NULL;
    pthread_mutex_lock(&pool.lock);
    struct list *item = pool.stopping ? NULL : list_pop_front(&pool.queue);
    *ret_idle = !item && !pool.stopping;
    if (item) {
        w = list_entry(item, struct work, link);
        pool.queued--;
        pool.running++;
    } else if (*ret_idle) {
        atomic_store_explicit(&t->word, THREAD_AWAKE, memory_order_relaxed);
        list_push_front(&pool.idle, &t->link);
    }
    pthread_mutex_unlock(&pool.lock);
    return w;
}

/* The thread is idle before the loop hears that its work is done: what the loop sends next is for
 * this thread, and not for another that has to be woken. */
static void *offload_thread(void *arg)
{
    struct thread *t = arg;
    bool idle;
    stack_top = (const char *)__builtin_frame_address(0) + 2 * sizeof(void *);
    for (struct work *w = take(t, &idle); w || idle;) {
        if (!w) {
            w = wait_for_work(t);
            if (!w)
                break;
        }
        working_for = w->task->site;
        w->fn(w->arg);
        working_for = NULL;
        atomic_fetch_sub_explicit(&pool.running, 1, memory_order_relaxed);
        struct work *next = take(t, &idle);
        rt_post(w->task->loop, &w->done); /* from here on *w may be gone */
        w = next;
    }
    return NULL;
}

static int thread_start(struct thread *t)
{
    sigset_t before;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return -EAGAIN;
    /* Whatever the limits of the process are: what runs there counts on it. */
    pthread_attr_setstacksize(&attributes, RT_DEEP_STACK_BYTES);
    rt_signals_block(&before);
    int r = fault_fails(FAULT_SYSCALL) ? -EAGAIN
                                       : -pthread_create(&t->id, &attributes, offload_thread, t);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

/* With the lock: puts work into the queue, for a thread that is not there yet or not idle yet. */
static int enqueue(struct work *w)
{
    int r = 0;
    if (pool.count < pool.threads_max) {
        r = thread_start(&pool.threads[pool.count]);
        if (r == 0)
            pool.count++;
    }
    if (pool.count == 0)
        return r;
    list_push_back(&pool.queue, &w->link); /* a thread less: it only takes longer */
    pool.queued++;
    return 0;
}

static int hand_over(struct work *w)
{
    int r = 0;
    pthread_mutex_lock(&pool.lock);
    struct list *idle = list_pop_front(&pool.idle);
    if (idle)
        pool.running++;
    else
        r = enqueue(w);
    pthread_mutex_unlock(&pool.lock);
    if (idle)
        give(list_entry(idle, struct thread, link), w);
    return r;
}

/* Takes work back that no thread has begun. */
static bool withdraw(struct work *w)
{
    pthread_mutex_lock(&pool.lock);
    bool queued = w->link.next && !list_empty(&w->link);
    if (queued) {
        list_remove(&w->link);
        pool.queued--;
    }
    pthread_mutex_unlock(&pool.lock);
    return queued;
}

/* In the simulator: work waits in a queue, runs in no time, and its caller hears of it later. What
 * is queued can be taken back and what has begun cannot, as with threads. */
static int offload_inline(struct rt_loop *l, rt_fn *fn, void *arg, rt_time deadline)
{
    rt_time begin = l->now + l->backend->offload_delay(l);
    int r = rt_sleep(begin < deadline ? begin : deadline);
    if (r == 0 && begin >= deadline)
        r = -ETIMEDOUT;
    if (r < 0)
        return r;
    fn(arg);
    rt_shield_begin();
    rt_sleep(l->now + l->backend->offload_delay(l));
    rt_shield_end();
    return 0;
}

int rt_offload(rt_fn *fn, void *arg, rt_time deadline)
{
    struct rt_loop *l = rt_self;
    int r = rt_check_cancel();
    if (r < 0)
        return r;
    if (l->backend->offload_delay)
        return offload_inline(l, fn, arg, deadline);
    struct work w = {.task = l->current, .fn = fn, .arg = arg, .done.fn = on_done};
    r = hand_over(&w);
    if (r < 0)
        return r;
    r = rt_park(deadline);
    if (r < 0 && withdraw(&w))
        return r;
    while (!w.finished)
        rt_park_deaf();
    return 0;
}

int rt_offload_start(int threads)
{
    assert(threads >= 0 && threads <= RT_OFFLOAD_THREADS_MAX);
    list_init(&pool.queue);
    list_init(&pool.idle);
    pool.threads_max = threads ? threads : OFFLOAD_THREADS_DEFAULT;
    pool.count = 0;
    pool.stopping = false;
    return 0;
}

void rt_offload_stop(void)
{
    pthread_mutex_lock(&pool.lock);
    pool.stopping = true;
    for (struct list *it; (it = list_pop_front(&pool.idle));)
        give(list_entry(it, struct thread, link), NULL);
    pthread_mutex_unlock(&pool.lock);
    for (int i = 0; i < pool.count; i++)
        pthread_join(pool.threads[i].id, NULL);
    pool.count = 0;
}

void rt_offload_stats(uint64_t *ret_queued, uint64_t *ret_running)
{
    pthread_mutex_lock(&pool.lock);
    *ret_queued = pool.queued;
    *ret_running = pool.running;
    pthread_mutex_unlock(&pool.lock);
}
