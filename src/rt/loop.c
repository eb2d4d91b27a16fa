#include "rt/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "rt/fiber.h"

/* One process runs one set of loops at a time; everything below belongs to it. */
static struct {
    struct rt_loop *loops;
    int count;
} proc;

struct rt_loop *rt_loop_get(int index)
{
    assert(index >= 0 && index < proc.count);
    return &proc.loops[index];
}

int rt_loop_index(void)
{
    return rt_self ? rt_self->index : -1;
}

int rt_loop_count(void)
{
    return proc.count;
}

/* ---- mailbox ---- */

void rt_post(struct rt_loop *to, struct rt_message *m)
{
    struct rt_message *head = atomic_load_explicit(&to->mailbox, memory_order_relaxed);
    do
        m->next = head;
    while (!atomic_compare_exchange_weak_explicit(&to->mailbox, &head, m, memory_order_release,
                                                  memory_order_relaxed));
    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(&to->asleep, memory_order_relaxed))
        return;
    if (fault_mutant("rt_mailbox_wake_lost"))
        return;
    if (atomic_exchange(&to->asleep, false)) {
        uint64_t one = 1;
        /* EAGAIN means that the counter is full, so the loop is certain to wake. */
        (void)!write(to->epoll.event_fd, &one, sizeof(one));
    }
}

static bool mailbox_drain(struct rt_loop *l)
{
    if (!atomic_load_explicit(&l->mailbox, memory_order_relaxed))
        return false;
    struct rt_message *m = atomic_exchange_explicit(&l->mailbox, NULL, memory_order_acquire);
    struct rt_message *oldest = NULL;
    while (m) { /* last in, first out: turn it round, so that a sender's order is kept */
        struct rt_message *next = m->next;
        m->next = oldest;
        oldest = m;
        m = next;
    }
    while (oldest) {
        struct rt_message *next = oldest->next; /* fn may end the message's life */
        oldest->fn(oldest);
        oldest = next;
    }
    return true;
}

/* ---- the scheduler ---- */

/* Loops that talk answer each other within a microsecond or two, but to fall asleep and be woken
 * takes tens. So a loop that was woken by mail soon after it fell asleep waits awake from then on,
 * until it has once done so in vain. Then it sleeps a while before it tries again, and longer each
 * time: where the other loop needs our processor to answer, waiting awake is always in vain. */
enum { SPIN_NS = 50 * 1000, SPIN_LOOKS = 32, SPIN_REST_FIRST = 16, SPIN_REST_MAX = 16 * 1024 };

static inline void cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("yield");
#endif
}

static bool mail_comes_soon(struct rt_loop *l)
{
    if (!l->talks)
        return false;
    rt_time end = l->backend->clock(l) + SPIN_NS;
    do {
        for (int i = 0; i < SPIN_LOOKS; i++) {
            if (atomic_load_explicit(&l->mailbox, memory_order_relaxed)) {
                l->spin_rest = SPIN_REST_FIRST;
                return true;
            }
            cpu_relax();
        }
    } while (l->backend->clock(l) < end);
    l->talks = false;
    l->spin_wait = l->spin_rest;
    l->spin_rest = l->spin_rest < SPIN_REST_MAX ? l->spin_rest * 2 : SPIN_REST_MAX;
    return false;
}

/* After a sleep that began at `slept_from`. */
static void learn_from_sleep(struct rt_loop *l, rt_time slept_from)
{
    if (l->spin_wait)
        l->spin_wait--;
    else if (l->now - slept_from < SPIN_NS)
        l->talks = atomic_load_explicit(&l->mailbox, memory_order_relaxed) != NULL;
}

/* Says "asleep", and looks into the mailbox once more. Returns until when to sleep. */
static rt_time fall_asleep(struct rt_loop *l, rt_time until)
{
    atomic_store(&l->asleep, true);
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(&l->mailbox, memory_order_relaxed) ? l->now : until;
}

static void loop_poll(struct rt_loop *l)
{
    rt_time until = l->ring_len ? l->now : rt_timers_next(l);
    rt_time slept_from = RT_NEVER;
    if (until > l->now && mail_comes_soon(l))
        until = l->now;
    bool sleeps = until > l->now;
    if (sleeps) {
        rt_watchdog_rest(l);
        if (proc.count > 1)
            slept_from = l->backend->clock(l);
        until = fall_asleep(l, until);
    }
    l->backend->poll(l, until);
    if (sleeps)
        atomic_store(&l->asleep, false); /* before the watchdog's rest is looked at */
    l->now = l->backend->clock(l);
    if (slept_from != RT_NEVER)
        learn_from_sleep(l, slept_from);
    rt_count(&l->polls, 1);
    rt_watchdog_poke(l);
}

static bool loop_ended(struct rt_loop *l)
{
    return l->stopping && atomic_load_explicit(&l->live, memory_order_relaxed) == 0;
}

void rt_loop_main(struct rt_loop *l)
{
    clockid_t cpu_clock;
    rt_self = l;
    if (pthread_getcpuclockid(pthread_self(), &cpu_clock) == 0)
        atomic_store_explicit(&l->cpu_clock, cpu_clock, memory_order_relaxed);
    atomic_store_explicit(&l->tid, gettid(), memory_order_relaxed);
    fiber_scheduler(l);
    l->now = l->backend->clock(l);
    for (;;) {
        mailbox_drain(l);
        rt_timers_fire(l);
        rt_run_round(l);
        if (loop_ended(l))
            break;
        loop_poll(l);
        if (UNLIKELY(l->dropped))
            break;
    }
    rt_self = NULL;
}

int rt_loop_init(struct rt_loop *l, int index, const struct rt_backend *backend, struct rt_sim *sim)
{
    *l = (struct rt_loop){.index = index, .backend = backend, .sim = sim};
    l->epoll.fd = l->epoll.event_fd = -1;
    l->spin_rest = SPIN_REST_FIRST;
    list_init(&l->groups);
    list_init(&l->chans);
    struct rt_loop *outer = rt_self;
    rt_self = l;
    rt_group_init(&l->root, "root");
    rt_self = outer;
    int r = backend->open(l);
    if (r == 0)
        l->now = backend->clock(l);
    return r;
}

void rt_loop_done(struct rt_loop *l)
{
    if (!l->backend)
        return;
    rt_socks_forget(l);
    l->backend->close(l);
    rt_stacks_unmap(l);
    mem_free(MEM_RT, l->ring);
    mem_free(MEM_RT, l->timers.heap);
    mem_free(MEM_RT, l->timers.slots);
    l->backend = NULL;
}

/* ---- several loops ---- */

struct stop_message {
    struct rt_message m;
    struct rt_loop *loop;
};

static void on_stop(struct rt_message *m)
{
    struct stop_message *stop = CONTAINER_OF(m, struct stop_message, m);
    stop->loop->stopping = true;
}

static void *loop_thread(void *arg)
{
    struct rt_loop *l = arg;
    rt_crash_enter(l); /* may fail: then a crash of this thread has no last words */
    rt_loop_main(l);
    rt_crash_leave(l);
    return NULL;
}

static void stop_loops(struct stop_message *stops, int count)
{
    for (int i = 0; i < count; i++) {
        stops[i] = (struct stop_message){.m.fn = on_stop, .loop = &proc.loops[i]};
        rt_post(&proc.loops[i], &stops[i].m);
    }
}

struct main_task {
    rt_fn *fn;
    void *arg;
    struct stop_message *stops;
};

/* The first task: when it ends, no other loop gets new work, and each ends once it is idle. */
static void rt_main(void *arg)
{
    struct main_task *m = arg;
    m->fn(m->arg);
    stop_loops(m->stops, proc.count);
}

static int loops_open(int count, const struct rt_backend *backend, struct rt_sim *sim)
{
    proc.loops = mem_alloc(MEM_RT, (size_t)count * sizeof(struct rt_loop));
    proc.count = count;
    for (int i = 0; i < count; i++) {
        int r = rt_loop_init(&proc.loops[i], i, backend, sim);
        if (r < 0)
            return r;
    }
    return 0;
}

static void loops_close(void)
{
    for (int i = 0; i < proc.count; i++)
        rt_loop_done(&proc.loops[i]);
    mem_free(MEM_RT, proc.loops);
    proc.loops = NULL;
    proc.count = 0;
}

/* Starts the threads of loops 1 …; *ret_started counts those that run, also on failure. */
static int threads_start(int *ret_started)
{
    sigset_t before;
    rt_signals_block(&before);
    int r = 0;
    for (*ret_started = 1; *ret_started < proc.count; ++*ret_started) {
        struct rt_loop *l = &proc.loops[*ret_started];
        r = fault_fails(FAULT_SYSCALL) ? -EAGAIN
                                       : -pthread_create(&l->thread, NULL, loop_thread, l);
        if (r != 0)
            break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

static int run_loops(rt_fn *fn, void *arg)
{
    static struct rt_site site = {.name = "main", .file = __FILE__, .line = __LINE__};
    struct stop_message stops[RT_LOOPS_MAX];
    struct main_task main_task = {fn, arg, stops};
    struct rt_loop *first = &proc.loops[0];
    int started;
    int r = threads_start(&started);
    if (r == 0)
        r = rt_spawn(first, &first->root, rt_main, &main_task, &site);
    if (r < 0)
        stop_loops(stops, started);
    rt_loop_main(first);
    for (int i = 1; i < started; i++)
        pthread_join(proc.loops[i].thread, NULL);
    return r;
}

int rt_run(const struct rt_config *config, rt_fn *fn, void *arg)
{
    assert(!proc.loops && "one rt_run at a time");
    int count = config && config->loops > 0 ? config->loops : 1;
    assert(count <= RT_LOOPS_MAX);
    rt_stacks_choose_guard(config);
    int r = loops_open(count, &rt_backend_epoll, NULL);
    if (r == 0)
        r = rt_crash_enter(&proc.loops[0]);
    if (r == 0)
        r = rt_offload_start(config ? config->offload_threads : 0);
    if (r == 0)
        r = rt_watchdog_start(config);
    if (r == 0)
        r = run_loops(fn, arg);
    rt_watchdog_stop();
    rt_offload_stop();
    rt_crash_leave(&proc.loops[0]);
    loops_close();
    rt_census_print();
    return r;
}

int rt_run_sim(const struct rt_backend *backend, struct rt_sim *sim, rt_fn *fn, void *arg,
               void (*on_end)(struct rt_loop *l))
{
    assert(!proc.loops && "one rt_run or rt_sim_run at a time");
    rt_stacks_choose_guard(NULL);
    int r = loops_open(1, backend, sim);
    if (r == 0)
        r = rt_crash_enter(&proc.loops[0]);
    if (r == 0)
        r = run_loops(fn, arg);
    on_end(&proc.loops[0]);
    rt_crash_leave(&proc.loops[0]);
    loops_close();
    return r;
}

/* ---- a task on another loop ---- */

enum { FAR_RETRY_MS = 1 };

/* Lives on the stand-in's stack. The stand-in stays until the far task has ended and no message
 * of ours is under way, so no message can outlive the memory. */
struct far_task {
    struct rt_message go, cancel;
    struct rt_loop *here, *there;
    struct rt_group group; /* on the far loop */
    rt_fn *fn;
    void *arg;
    struct rt_site *site;
    struct rt_task *stand_in;
    bool ended, refused, cancel_sent, cancel_seen;
};

static void on_far_ended(struct rt_message *m)
{
    struct far_task *f = CONTAINER_OF(m, struct far_task, go);
    f->ended = true;
    rt_wake(f->stand_in, 0);
}

/* On the far loop's own stack: the task is gone, so its group can go. */
static void on_far_left(struct rt_message *m)
{
    struct far_task *f = CONTAINER_OF(m, struct far_task, go);
    list_remove(&f->group.link);
    f->go.fn = on_far_ended;
    rt_post(f->here, &f->go);
}

static void far_main(void *arg)
{
    struct far_task *f = arg;
    f->fn(f->arg);
    f->go.fn = on_far_left;
    rt_post(f->there, &f->go);
}

static void on_far_go(struct rt_message *m)
{
    struct far_task *f = CONTAINER_OF(m, struct far_task, go);
    rt_group_init(&f->group, "far");
    f->group.cancelled = f->cancel_seen;
    f->refused = rt_spawn(f->there, &f->group, far_main, f, f->site) < 0;
    if (f->refused)
        on_far_left(m);
}

static void on_far_cancel_seen(struct rt_message *m)
{
    struct far_task *f = CONTAINER_OF(m, struct far_task, cancel);
    f->cancel_seen = true;
    rt_wake(f->stand_in, 0);
}

static void on_far_cancel(struct rt_message *m)
{
    struct far_task *f = CONTAINER_OF(m, struct far_task, cancel);
    if (f->group.live)
        rt_group_cancel(&f->group);
    f->cancel.fn = on_far_cancel_seen;
    rt_post(f->here, &f->cancel);
}

static void far_run(struct far_task *f)
{
    f->ended = f->refused = false;
    f->go.fn = on_far_go;
    rt_post(f->there, &f->go);
    while (!f->ended || f->cancel_sent != f->cancel_seen) {
        int r = f->cancel_sent ? rt_park_deaf() : rt_park(RT_NEVER);
        if (r == -ECANCELED && !f->cancel_sent) {
            f->cancel_sent = true;
            f->cancel.fn = on_far_cancel;
            rt_post(f->there, &f->cancel);
        }
    }
}

static void far_stand_in(void *arg)
{
    struct far_task f = *(struct far_task *)arg;
    mem_free(MEM_RT, arg);
    f.stand_in = rt_self->current;
    /* fn always runs, be it to find itself cancelled: it may own what `arg` points to. */
    do {
        far_run(&f);
        if (f.refused) {
            rt_shield_begin();
            rt_sleep(rt_self->now + FAR_RETRY_MS * RT_MS);
            rt_shield_end();
        }
    } while (f.refused);
}

int rt_go_on_at(int loop, struct rt_group *g, rt_fn *fn, void *arg, struct rt_site *site)
{
    struct rt_loop *there = rt_loop_get(loop);
    if (there == rt_self)
        return rt_go_at(g, fn, arg, site);
    struct far_task *f = mem_alloc(MEM_RT, sizeof(*f));
    *f = (struct far_task){.here = rt_self, .there = there, .fn = fn, .arg = arg, .site = site};
    int r = rt_go(g, far_stand_in, f);
    if (r < 0)
        mem_free(MEM_RT, f);
    return r;
}

/* ---- time and numbers ---- */

rt_time rt_now(void)
{
    return rt_self->now;
}

rt_time rt_now_exact(void)
{
    return rt_self->backend->clock(rt_self);
}

rt_wall rt_wall_now(void)
{
    return rt_self->backend->wall(rt_self);
}

rt_time rt_lag(void)
{
    return rt_self->lag;
}

uint64_t rt_random(void)
{
    return rt_self->backend->random(rt_self);
}

void rt_stats_read(struct rt_stats *ret_stats)
{
    struct rt_stats st = {0};
    for (int i = 0; i < proc.count; i++) {
        struct rt_loop *l = &proc.loops[i];
        st.tasks_live += atomic_load_explicit(&l->live, memory_order_relaxed);
        st.tasks_spawned += atomic_load_explicit(&l->spawned, memory_order_relaxed);
        st.switches += atomic_load_explicit(&l->switches, memory_order_relaxed);
        st.polls += atomic_load_explicit(&l->polls, memory_order_relaxed);
        st.stalls += atomic_load_explicit(&l->stalls, memory_order_relaxed);
        st.stacks_mapped += atomic_load_explicit(&l->stacks_mapped, memory_order_relaxed);
    }
    rt_offload_stats(&st.offload_queued, &st.offload_running);
    *ret_stats = st;
}
