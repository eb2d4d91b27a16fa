/* rt.h - tasks, groups and time: straight-line code that waits without holding a thread.
 *
 * A task is a function with a stack of its own. It runs on one loop (a thread) from its spawn to
 * its end and gives way only inside a call of this folder that may wait, so tasks of one loop
 * share data without locks. A task belongs to a group, and a group outlives its tasks:
 * cancelling it makes every wait inside it return -ECANCELED, rt_group_done waits for the last.
 *
 * Rules that every call here keeps:
 *  - A call that may wait takes an absolute deadline as its last parameter (RT_NEVER: none) and
 *    returns -ETIMEDOUT once that has passed, -ECANCELED once the task's group is cancelled. A
 *    cancelled task gets -ECANCELED from the very entry of a waiting call, ready or not. A past
 *    deadline still takes what is ready at once.
 *  - 0 or a count is success, a negative errno is failure, outputs are untouched on failure.
 *  - Memory is the caller's. Nothing here logs.
 *
 * Stacks are RT_STACK_BYTES of address space, touched page by page, behind a guard page: an
 * overflow names the task and aborts. Parsers keep their own depth limits.
 *
 * Loop thread only, except where a comment says "any thread". */
#ifndef FIREBREAK_RT_RT_H
#define FIREBREAK_RT_RT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

/* Nanoseconds on the monotonic clock (under sim: virtual). Only differences mean something. */
typedef int64_t rt_time;
/* Nanoseconds since 1970, UTC: for people and files, never for a deadline. */
typedef int64_t rt_wall;

#define RT_NEVER INT64_MAX
#define RT_US    INT64_C(1000)
#define RT_MS    INT64_C(1000000)
#define RT_SEC   INT64_C(1000000000)

enum {
    RT_STACK_BYTES = 64 * 1024,
    RT_LOOPS_MAX = 64,
    RT_OFFLOAD_THREADS_MAX = 64,
};

typedef void rt_fn(void *arg);

struct rt_task;

/* ---- the process: loops ---- */

struct rt_stall {
    const char *task; /* the function that was spawned; the pointer stays valid */
    int loop;
    rt_time held; /* at least this long when it was seen */
};

struct rt_config {
    int loops;           /* 0: 1 */
    int offload_threads; /* 0: 4; threads start when first needed */
    /* A task that holds its loop longer is named; looked for from outside, four times in that
     * while, so that one that held it less than twice as long may be missed. 0: 10 ms, <0: off. */
    rt_time stall;
    /* Told of a stall, on the watchdog's own thread: must not block. NULL: counted only. */
    void (*on_stall)(void *ctx, const struct rt_stall *stall);
    void *on_stall_ctx;
    /* Told once a process, before fn runs, where the kernel has no MADV_GUARD_INSTALL (Linux
     * 6.13) or an emulator ignores it: each stack then costs two mappings, and vm.max_map_count
     * bounds the tasks to some 32,000. Past that rt_go returns -ENOMEM. NULL: nobody is told. */
    void (*on_costly_guards)(void *ctx);
    void *on_costly_guards_ctx;
};

/* Runs fn(arg) as the first task of loop 0 and returns once it and every loop has ended. The
 * calling thread is loop 0. One call at a time a process. Back end: epoll.
 * Returns 0, or -errno where a loop could not be set up (fn did not run). */
int rt_run(const struct rt_config *config, rt_fn *fn, void *arg);

/* The calling task's loop, 0 … rt_loop_count() - 1. -1 outside a loop. */
int rt_loop_index(void);
int rt_loop_count(void);

/* ---- time ---- */

/* Now. Cheap: the loop's reading of this round; at most one round old. */
rt_time rt_now(void);
/* Now, read from the clock this instant: for measuring. Under sim the same as rt_now. */
rt_time rt_now_exact(void);
rt_wall rt_wall_now(void);
/* Sleeps until `until`. Returns 0 once it has come (at once when it is past), -ECANCELED. */
int rt_sleep(rt_time until);
/* Gives every other ready task of this loop a turn. Returns 0 or -ECANCELED. */
int rt_yield(void);
/* How late the loop was at its last wake-up for a timer: our own lag, for evidence. ns >= 0. */
rt_time rt_lag(void);
/* From the loop's seeded generator (sim) or the kernel's (epoll): for jitter, not for keys. */
uint64_t rt_random(void);

/* ---- groups and tasks ---- */

/* Embedded in its owner; lives on one loop. The owner calls rt_group_done before the memory
 * goes, on every path. */
struct rt_group {
    const char *name; /* label of firebreak_rt_tasks; a literal */
    struct list tasks;
    struct list joiners;
    struct list link; /* all groups of the loop */
    uint32_t live;
    bool cancelled;
};

void rt_group_init(struct rt_group *g, const char *name);
/* From now on each wait in the group's tasks returns -ECANCELED; those waiting now are woken.
 * Tasks spawned later start cancelled. Idempotent; does not wait. */
void rt_group_cancel(struct rt_group *g);
/* Waits until no task is left. Returns 0, -ETIMEDOUT, or -ECANCELED (the caller's own group). */
int rt_group_wait(struct rt_group *g, rt_time deadline);
/* Cancels, waits for the last task (even when the caller is cancelled itself), ends the group. */
void rt_group_done(struct rt_group *g);

/* A spawn site: one for each place in the source that spawns, for names and the stack census. */
struct rt_site {
    const char *name; /* the spawned function */
    const char *file;
    int line;
    uint32_t stack_bytes_max; /* high-water mark over its tasks, in bytes (census builds) */
    struct rt_site *next;
};

/* Starts fn(arg) as a task of the group, on this loop, behind those already ready. The group
 * is this loop's. Returns 0 or -ENOMEM (no stack to be had; nothing started). */
#define rt_go(g, fn, arg)                                                                          \
    (__extension__({                                                                               \
        static struct rt_site rt_site_ = {#fn, __FILE__, __LINE__, 0, NULL};                       \
        rt_go_at((g), (fn), (arg), &rt_site_);                                                     \
    }))
int rt_go_at(struct rt_group *g, rt_fn *fn, void *arg, struct rt_site *site);

/* As rt_go, with the task on another loop (it may be this one). A small task of the group stands
 * for it here, so waiting for the group waits for it, and cancelling the group cancels it. `arg`
 * passes to the other loop; it is the caller's again when the group is done. */
#define rt_go_on(loop, g, fn, arg)                                                                 \
    (__extension__({                                                                               \
        static struct rt_site rt_site_ = {#fn, __FILE__, __LINE__, 0, NULL};                       \
        rt_go_on_at((loop), (g), (fn), (arg), &rt_site_);                                          \
    }))
int rt_go_on_at(int loop, struct rt_group *g, rt_fn *fn, void *arg, struct rt_site *site);

/* The running task's name (its spawned function), or "-" outside a task. */
const char *rt_task_name(void);
/* Whether the running task's group is cancelled (and the task is not shielded). */
bool rt_cancelled(void);
/* Between these, the running task's waits ignore cancellation: for a last message or a flush
 * that has its own, short deadline. They nest. */
void rt_shield_begin(void);
void rt_shield_end(void);

/* ---- work that blocks ---- */

/* Runs fn(arg) on an offload thread while this task waits. Under sim: inline.
 * Work that has started is always waited for, whatever the deadline or a cancellation says, as
 * fn may be using the caller's stack: then the result is 0. Work still queued at the deadline is
 * taken back: -ETIMEDOUT or -ECANCELED, and fn did not run. */
int rt_offload(rt_fn *fn, void *arg, rt_time deadline);

/* ---- numbers about ourselves (any loop; sums over all loops) ---- */

struct rt_stats {
    uint64_t tasks_live, tasks_spawned, switches, polls, stalls;
    uint64_t offload_queued, offload_running;
    uint64_t stacks_mapped; /* stacks that hold memory, in use or kept for reuse */
};
void rt_stats_read(struct rt_stats *ret_stats);
/* Calls fn for each live group of this loop. */
void rt_groups_each(void (*fn)(void *ctx, const struct rt_group *g), void *ctx);

#endif
