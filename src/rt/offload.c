#include "rt/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/alloc.h"
#include "rt/deep.h"

/* Work waits in the order in which it came; the queue is made of the callers' own stack frames,
 * one a waiting task, so it needs no memory and no bound of its own. Threads start one by one, as
 * long as work waits and none is idle. */
enum { OFFLOAD_THREADS_DEFAULT = 4 };

struct work {
    struct list link; /* in the queue, under the pool's lock */
    struct rt_message done;
    struct rt_task *task;
    rt_fn *fn;
    void *arg;
    bool finished;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    struct list queue;
    int threads_max, threads, idle;
    uint64_t queued, running;
    bool stopping;
    pthread_t ids[RT_OFFLOAD_THREADS_MAX];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .wanted = PTHREAD_COND_INITIALIZER};

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

static void *offload_thread(void *arg)
{
    (void)arg;
    stack_top = (const char *)__builtin_frame_address(0) + 2 * sizeof(void *);
    pthread_mutex_lock(&pool.lock);
    while (!pool.stopping) {
        struct list *item = list_pop_front(&pool.queue);
        if (!item) {
            pool.idle++;
            pthread_cond_wait(&pool.wanted, &pool.lock);
            pool.idle--;
            continue;
        }
        struct work *w = list_entry(item, struct work, link);
        pool.queued--;
        pool.running++;
        pthread_mutex_unlock(&pool.lock);
        working_for = w->task->site;
        w->fn(w->arg);
        working_for = NULL;
        rt_post(w->task->loop, &w->done); /* from here on *w may be gone */
        pthread_mutex_lock(&pool.lock);
        pool.running--;
    }
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

static int thread_start(pthread_t *ret_id)
{
    sigset_t before;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return -EAGAIN;
    /* Whatever the limits of the process are: what runs there counts on it. */
    pthread_attr_setstacksize(&attributes, RT_DEEP_STACK_BYTES);
    rt_signals_block(&before);
    int r = fault_fails(FAULT_SYSCALL)
                ? -EAGAIN
                : -pthread_create(ret_id, &attributes, offload_thread, NULL);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

static int enqueue(struct work *w)
{
    pthread_mutex_lock(&pool.lock);
    list_push_back(&pool.queue, &w->link);
    pool.queued++;
    int r = 0;
    if ((uint64_t)pool.idle < pool.queued && pool.threads < pool.threads_max) {
        r = thread_start(&pool.ids[pool.threads]);
        if (r == 0)
            pool.threads++;
    }
    if (pool.threads > 0) {
        r = 0; /* a helper less: it only takes longer */
        pthread_cond_signal(&pool.wanted);
    } else {
        list_remove(&w->link);
        pool.queued--;
    }
    pthread_mutex_unlock(&pool.lock);
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
    r = enqueue(&w);
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
    pool.threads_max = threads ? threads : OFFLOAD_THREADS_DEFAULT;
    pool.threads = pool.idle = 0;
    pool.stopping = false;
    return 0;
}

void rt_offload_stop(void)
{
    pthread_mutex_lock(&pool.lock);
    pool.stopping = true;
    pthread_cond_broadcast(&pool.wanted);
    pthread_mutex_unlock(&pool.lock);
    for (int i = 0; i < pool.threads; i++)
        pthread_join(pool.ids[i], NULL);
    pool.threads = 0;
}

void rt_offload_stats(uint64_t *ret_queued, uint64_t *ret_running)
{
    pthread_mutex_lock(&pool.lock);
    *ret_queued = pool.queued;
    *ret_running = pool.running;
    pthread_mutex_unlock(&pool.lock);
}
