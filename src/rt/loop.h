/* loop.h - the inside of the runtime: what its files share. Nobody else includes it.
 *
 * Why it is correct without locks: a loop, its tasks, timers, sockets and channels are touched by
 * the loop's own thread only. Two doors lead in from other threads, the mailbox and the rings of
 * xchan.h, and both end in a message that the loop's thread runs itself.
 *
 * Why no wake-up is lost: a task is PARKED before anybody can see that it waits, and
 * rt_wake moves it to READY once; who comes later finds it READY and does nothing. Between threads:
 * a loop says "asleep" first and looks into its mailbox again after; a sender puts its message in
 * first and looks at "asleep" after. One of the two sees the other. */
#ifndef FIREBREAK_RT_LOOP_H
#define FIREBREAK_RT_LOOP_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "base/fault.h"
#include "rt/file.h"
#include "rt/rt.h"
#include "rt/sock.h"

#if __has_include(<sys/sdt.h>) && !defined(__clang_analyzer__)
#include <sys/sdt.h>
#else
#define DTRACE_PROBE1(provider, name, a)    ((void)0)
#define DTRACE_PROBE2(provider, name, a, b) ((void)0)
#endif

enum {
    ROUND_SWITCHES_MAX = 256, /* between two looks at the kernel */
    ROUND_CLOCK_EVERY = 32,   /* switches between two looks at the clock */
    ROUND_TIME_MAX_NS = 500 * 1000,
    EVENTS_MAX = 32, /* taken from the kernel at a look; and ready tasks that are enough */
    EVENTS_MIN = 8,  /* taken at a look, however many tasks are ready */
    TIMER_NONE = UINT32_MAX,
};

struct rt_loop;
struct rt_sim;

/* ---- tasks ---- */

enum rt_task_state {
    TASK_NEW, /* ready, and has never run */
    TASK_READY,
    TASK_RUNNING,
    TASK_PARKED,
    TASK_DEAD,
};

/* Lives at the top of its own stack, so that a blocked task is one page. */
struct rt_task {
    void *sp;
    struct rt_loop *loop;
    rt_time deadline; /* of the park it is in; RT_NEVER: none */
    int wake_result;
    uint32_t timer_slot; /* TIMER_NONE: it has no entry in the heap */
    uint8_t state;
    uint32_t shield;
    struct rt_group *group;
    struct list group_link;
    rt_fn *fn;
    void *arg;
    struct rt_site *site;
    struct rt_stack *stack;
    uint64_t id; /* for the debugger and the simulator's trace: 1, 2, … a loop */
    uint32_t host; /* sim: where it lives; inherited by the tasks that it spawns */
    void *asan_fake_stack;
    void *tsan_fiber;
};

/* Parks the running task. Returns what rt_wake gave, -ETIMEDOUT, or -ECANCELED. Whoever parks
 * takes itself off the lists it stands on when it comes back with an error. */
int rt_park(rt_time deadline);
/* As rt_park without deadline, and deaf to cancellation: the waker is certain to come. */
int rt_park_deaf(void);
/* Makes a parked task ready with this result; false (nothing done) when it is not parked. */
bool rt_wake(struct rt_task *t, int result);

/* ---- stacks (stack.c) ---- */

struct rt_stack {
    char *base;             /* lowest byte, behind the guard page */
    char *top;              /* one past the highest byte */
    struct rt_stack *next;  /* free list */
    struct rt_task *task;   /* NULL while free */
    unsigned valgrind_id;
};

/* Before any loop runs: how this kernel guards a stack. Tells `config`, once a process. */
void rt_stacks_choose_guard(const struct rt_config *config);
/* NULL: no memory. The pages may hold an earlier task's bytes. */
struct rt_stack *rt_stack_get(struct rt_loop *l);
void rt_stack_put(struct rt_loop *l, struct rt_stack *s);
/* The task whose guard page holds this address, or NULL. Async-signal-safe. */
struct rt_task *rt_stack_find_guard(struct rt_loop *l, const void *addr);
void rt_stacks_unmap(struct rt_loop *l);
/* Bytes of a stack that were ever written, from the top (census builds fill stacks first). */
uint32_t rt_stack_high_water(const struct rt_stack *s);

/* ---- timers (timer.c) ---- */

struct rt_timer_entry {
    rt_time at;
    uint32_t slot;
};
struct rt_timer_slot {
    struct rt_task *task;
    uint32_t index; /* in the heap, or next free slot */
};
/* A 4-ary heap of one lazy entry a task: an entry is never later than its task's deadline. A
 * later deadline leaves the entry where it is and moves it when it comes up, or is about to. */
struct rt_timers {
    struct rt_timer_entry *heap;
    struct rt_timer_slot *slots;
    uint32_t count, cap, free_slot;
};
/* `deadline` is not RT_NEVER, which is what a task has that never came here. */
void rt_timer_arm(struct rt_loop *l, struct rt_task *t, rt_time deadline);
void rt_timer_forget(struct rt_loop *l, struct rt_task *t); /* at the end of a task */
void rt_timers_fire(struct rt_loop *l);
/* When the next entry comes up, which is no stale one where that is soon; RT_NEVER. */
rt_time rt_timers_next(struct rt_loop *l);

/* ---- mailbox ---- */

struct rt_message {
    struct rt_message *next;
    void (*fn)(struct rt_message *m); /* run on the receiving loop's own stack: must not park */
};
/* Any thread. The message is the receiver's until its fn has run. */
void rt_post(struct rt_loop *to, struct rt_message *m);

/* ---- back ends ---- */

enum { SOCK_CAN_READ = 1, SOCK_CAN_WRITE = 2, SOCK_ENDED = 4 /* readable for good */ };
enum rt_sock_kind { RT_SOCK_STREAM, RT_SOCK_DATAGRAM, RT_SOCK_LISTENER, RT_SOCK_OTHER };

struct rt_sock {
    struct rt_loop *loop;
    struct rt_task *reader, *writer; /* parked in it */
    int fd;
    uint8_t hints; /* SOCK_CAN_…: what we may try without asking first */
    uint8_t kind;
    bool watched;  /* the back end tells of its edges */
    bool borrowed; /* the descriptor stays somebody else's */
    uint16_t use;  /* of this memory, which a later socket takes over: grows with each close */
    uint16_t family;
    struct rt_sock *next_free;
    struct sim_end *sim;
};

/* Every call answers at once; -EAGAIN is "watch it and wait". Descriptors may be virtual. */
struct rt_backend {
    const char *name;
    int (*open)(struct rt_loop *l);
    void (*close)(struct rt_loop *l);
    rt_time (*clock)(struct rt_loop *l);
    rt_wall (*wall)(struct rt_loop *l);
    uint64_t (*random)(struct rt_loop *l);
    /* Takes what happened, waking tasks; waits for it until `until` (past: does not wait). */
    void (*poll)(struct rt_loop *l, rt_time until);
    /* Which of the `ready` tasks is next: 0 is the oldest. */
    uint32_t (*pick)(struct rt_loop *l, uint32_t ready);

    int (*sock_open)(struct rt_sock *s, int family);
    int (*sock_bind)(struct rt_sock *s, const struct rt_addr *at, bool reuse_port);
    int (*sock_listen)(struct rt_sock *s, int backlog);
    int (*sock_connect)(struct rt_sock *s, const struct rt_addr *to);
    /* What became of a connect under way to `to`, once it is known. */
    int (*sock_connected)(struct rt_sock *s, const struct rt_addr *to);
    bool refused_is_fresh; /* a socket that was refused can connect anew, as one just opened */
    /* Whether `port` may be the one that a connect was given. NULL: any may. */
    bool (*gives_port)(struct rt_loop *l, uint16_t port);
    /* Whether SOCK_CAN_READ (or _WRITE) is so this instant, whatever the hints say. */
    bool (*sock_ready)(const struct rt_sock *s, unsigned hint);
    int (*sock_accept)(struct rt_sock *s, struct rt_sock *ret_new, struct rt_addr *ret_peer);
    ssize_t (*sock_read)(struct rt_sock *s, void *buf, size_t size);
    ssize_t (*sock_writev)(struct rt_sock *s, const struct iovec *iov, int count);
    ssize_t (*sock_recv_from)(struct rt_sock *s, void *buf, size_t size, struct rt_addr *ret_from);
    ssize_t (*sock_send_to)(struct rt_sock *s, const void *data, size_t size,
                            const struct rt_addr *to);
    int (*sock_watch)(struct rt_sock *s);
    int (*sock_shutdown_write)(struct rt_sock *s);
    int (*sock_name)(const struct rt_sock *s, bool peer, struct rt_addr *ret_addr);
    int (*sock_peer_cred)(const struct rt_sock *s, struct rt_cred *ret_cred);
    int (*sock_no_delay)(struct rt_sock *s);
    void (*sock_reset_on_close)(struct rt_sock *s);
    void (*sock_close)(struct rt_sock *s);

    /* Blocking; called on an offload thread (sim: inline). Handles are descriptors. */
    int (*file_open)(struct rt_loop *l, const char *path, int flags, mode_t mode);
    ssize_t (*file_read)(struct rt_loop *l, int fd, void *buf, size_t size, uint64_t offset);
    ssize_t (*file_write)(struct rt_loop *l, int fd, const void *data, size_t size,
                          uint64_t offset);
    int (*file_sync)(struct rt_loop *l, int fd);
    int (*file_truncate)(struct rt_loop *l, int fd, uint64_t size);
    int64_t (*file_size)(struct rt_loop *l, int fd);
    int (*file_lock)(struct rt_loop *l, int fd, bool exclusive); /* does not wait: -EAGAIN */
    void (*file_close)(struct rt_loop *l, int fd);
    int (*file_rename)(struct rt_loop *l, const char *from, const char *to);
    int (*file_remove)(struct rt_loop *l, const char *path);
    int (*file_sync_folder)(struct rt_loop *l, const char *path);
    int (*folder_make)(struct rt_loop *l, const char *path, mode_t mode);
    int (*folder_read)(struct rt_loop *l, const char *path, struct buf *names); /* in any order */

    /* NULL: offloaded work goes to threads. Else it runs inline, after this long in the queue
     * and as long again (asked twice) until the caller hears of it. */
    rt_time (*offload_delay)(struct rt_loop *l);
};

extern const struct rt_backend rt_backend_epoll;

struct rt_epoll {
    int fd, event_fd;
    bool no_pwait2;
    uint16_t port_first, port_last; /* that the kernel gives to clients … */
    rt_time ports_known_until;      /* … as it told us; 0: not asked yet */
    uint64_t random_state[2];
};

/* ---- the loop ---- */

struct rt_loop {
    struct rt_task *current;
    struct rt_task **ring; /* ready tasks: ring_len from ring_head, capacity a power of two */
    uint32_t ring_mask, ring_head, ring_len;
    uint32_t round_left;   /* switches until the scheduler looks at the kernel */
    rt_time now, round_start;
    void *scheduler_sp;
    const struct rt_backend *backend;
    struct rt_timers timers;
    struct rt_task *dead;  /* left its stack for good; cleaned up by whoever runs next */

    struct rt_stack *stacks_free;
    struct rt_slab *slabs;
    struct rt_sock *socks_free;
    struct rt_sock *socks_refused; /* SOCKS_REFUSED_MAX that were refused, for the next connect */
    uint32_t socks_refused_count;
    struct list groups, chans;
    struct rt_group root;
    uint64_t task_id_last;
    rt_time lag;
    int index;
    bool talks; /* with another loop: mail comes sooner than sleep */
    uint32_t spin_wait, spin_rest; /* sleeps until it may think so again; and after a vain try */
    bool stopping;
    bool dropped; /* sim: ends now, with tasks left where they stand */
    struct rt_epoll epoll;
    struct rt_sim *sim;
    pthread_t thread;
    void *asan_fake_stack;
    const void *asan_bottom;
    size_t asan_size;
    void *tsan_fiber;
    void *signal_stack;

    /* watchdog.c: for which rest of the watchdog's the alarm is set (0: none), and how many were
     * set within a time that lasts until then */
    uint64_t alarm_rest;
    uint32_t alarms;
    rt_time alarms_until;

    _Atomic(struct rt_message *) mailbox;
    atomic_bool asleep;
    /* Read by the watchdog and by rt_stats_read on other threads: relaxed. */
    _Atomic uint64_t switches, spawned, live, polls, stalls, stacks_mapped;
    _Atomic(const char *) running; /* name of the running task */
    _Atomic int tid, cpu_clock;    /* of its thread; 0: not started */
};

extern _Thread_local struct rt_loop *rt_self;

/* As rt_wake, for a task that is known not to have left its wait yet. One that was cancelled or
 * timed out a moment ago, and has not run since, gets this result instead: what was given to it
 * must not be lost. */
void rt_wake_given(struct rt_task *t, int result);
/* 0, or -ECANCELED: the entry check of every call that may wait. */
static inline int rt_check_cancel(void)
{
    struct rt_task *t = rt_self->current;
    return UNLIKELY(t->group->cancelled && t->shield == 0) ? -ECANCELED : 0;
}

static inline void rt_count(_Atomic uint64_t *c, uint64_t add)
{
    /* One writer, so a plain add on a relaxed atomic: no locked instruction. */
    atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + add,
                          memory_order_relaxed);
}

void rt_ready_push(struct rt_loop *l, struct rt_task *t);
/* Spawns on this loop; the caller is the scheduler or a task. */
int rt_spawn(struct rt_loop *l, struct rt_group *g, rt_fn *fn, void *arg, struct rt_site *site);
/* Runs tasks until the ready ring is empty or the round is over. */
void rt_run_round(struct rt_loop *l);
/* The loop's thread body: until no task of any loop's root group is left. */
void rt_loop_main(struct rt_loop *l);
int rt_loop_init(struct rt_loop *l, int index, const struct rt_backend *backend,
                 struct rt_sim *sim);
void rt_loop_done(struct rt_loop *l);
/* Runs fn(arg) on one loop of the simulator's back end, on this thread, and frees the loop.
 * `on_end` is called in between, while what the loop's tasks left is still there. */
int rt_run_sim(const struct rt_backend *backend, struct rt_sim *sim, rt_fn *fn, void *arg,
               void (*on_end)(struct rt_loop *l));
/* Loop by index; the array does not move while rt_run runs. */
struct rt_loop *rt_loop_get(int index);

/* Ends every wait in the socket. */
void rt_sock_event(struct rt_sock *s, unsigned hints);
void rt_socks_forget(struct rt_loop *l); /* at its end: kept descriptors, and the memory of all */

/* ---- watchdog.c, crash.c, offload.c, census ---- */
int rt_watchdog_start(const struct rt_config *config);
void rt_watchdog_stop(void);
/* A loop's thread at a moment: what it computed and how long it waited for a processor (or that
 * nobody knows that), since it began. All times are ns. */
enum { RT_WAITED_UNKNOWN = -1 };
struct rt_stood {
    rt_time at, computed, waited;
};
/* Whether who holds the loop is to blame for `stall` of it, and not the machine. `since`: when it
 * began (its `waited` is not known); `first`: the first look that saw it; `now`: this one, and
 * whether the thread sleeps in the kernel. Pure. */
bool rt_watchdog_blames(const struct rt_stood *since, const struct rt_stood *first,
                        const struct rt_stood *now, bool sleeps, rt_time stall);
/* After each poll: a loop that came back is watched from now on. Its `asleep` was stored before,
 * sequentially consistent. One load, unless the watchdog rests. */
void rt_watchdog_poke(struct rt_loop *l);
/* Before it falls asleep: nobody has to look at it. */
void rt_watchdog_rest(struct rt_loop *l);
/* What a thread of ours is born with: signals are for loop 0's thread, whose mask the program
 * decides; but those that a fault raises reach the thread that made it only if not blocked. */
void rt_signals_block(sigset_t *ret_before);
int rt_crash_enter(struct rt_loop *l); /* this thread's signal stack, the process's handler */
void rt_crash_leave(struct rt_loop *l);
int rt_offload_start(int threads);
void rt_offload_stop(void);
/* Async-signal-safe. On an offload thread that works: who spawned the task whose work it is, and
 * the upper end of the thread's stack. Else NULL. */
const struct rt_site *rt_offload_site(const char **ret_stack_top);
void rt_offload_stats(uint64_t *ret_queued, uint64_t *ret_running);
bool rt_census_on(void);
void rt_census_note(struct rt_site *site, uint32_t bytes);
void rt_census_print(void);

#endif
