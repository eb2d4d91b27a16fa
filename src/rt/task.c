#include "rt/loop.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "rt/fiber.h"

/* switch.S */
extern void rt_switch(void **save_sp, void *to_sp);
extern void rt_switch_new(void **save_sp, void *to_sp); /* to a stack that has never run */

enum { PREFETCH_FROM = 4, PREFETCH_LINES = 28, PREFETCH_BYTES = 64 };
enum { RING_FIRST = 256, SAVED_WORDS_X86 = 7, SAVED_BYTES_ARM = 160 };

_Thread_local struct rt_loop *rt_self;

/* A task that waits in rt_group_wait; on that task's stack. */
struct joiner {
    struct list link;
    struct rt_task *task;
};

/* ---- the ready ring ---- */

static __attribute__((noinline)) void ring_grow(struct rt_loop *l)
{
    uint32_t cap = l->ring ? (l->ring_mask + 1) * 2 : RING_FIRST;
    struct rt_task **ring = mem_alloc(MEM_RT, cap * sizeof(ring[0]));
    for (uint32_t i = 0; i < l->ring_len; i++)
        ring[i] = l->ring[(l->ring_head + i) & l->ring_mask];
    mem_free(MEM_RT, l->ring);
    l->ring = ring;
    l->ring_mask = cap - 1;
    l->ring_head = 0;
}

static inline void ready_push(struct rt_loop *l, struct rt_task *t)
{
    if (UNLIKELY(!l->ring || l->ring_len > l->ring_mask))
        ring_grow(l);
    t->state = TASK_READY;
    l->ring[(l->ring_head + l->ring_len++) & l->ring_mask] = t;
}

void rt_ready_push(struct rt_loop *l, struct rt_task *t)
{
    ready_push(l, t);
}

/* Stacks lie far apart. While a task runs, this asks for what the next one begins with, the frames
 * above where it stopped, and for the one after that, so that its own stack pointer is at hand by
 * then. Where few tasks are ready they are in the caches still. */
static inline void prefetch_next(const struct rt_loop *l)
{
    struct rt_task *next = l->ring[l->ring_head & l->ring_mask];
    struct rt_task *later = l->ring[(l->ring_head + 1) & l->ring_mask];
    __builtin_prefetch(later);
    __builtin_prefetch((char *)later + PREFETCH_BYTES);
    /* Up to the task itself, and no further: a shallow one has little to fetch. */
    char *at = next->sp, *end = at + PREFETCH_LINES * PREFETCH_BYTES;
    for (; at < end && at < (char *)next; at += PREFETCH_BYTES)
        __builtin_prefetch(at);
    /* To gcc a function that does nothing but prefetch has no effect: it would drop the call. */
    __asm__ volatile("");
}

static inline struct rt_task *ready_pop(struct rt_loop *l)
{
    struct rt_task **slot = &l->ring[l->ring_head & l->ring_mask];
    if (UNLIKELY(l->backend->pick != NULL)) {
        uint32_t at = l->backend->pick(l, l->ring_len);
        struct rt_task **picked = &l->ring[(l->ring_head + at) & l->ring_mask];
        struct rt_task *t = *picked;
        *picked = *slot;
        *slot = t;
    }
    struct rt_task *t = *slot;
    l->ring_head = (l->ring_head + 1) & l->ring_mask;
    l->ring_len--;
    if (l->ring_len >= PREFETCH_FROM)
        prefetch_next(l);
    return t;
}

/* ---- switching ---- */

static __attribute__((noinline)) void bury_dead(struct rt_loop *l)
{
    struct rt_task *t = l->dead;
    l->dead = NULL;
    fiber_free(t);
    rt_stack_put(l, t->stack);
}

/* Runs on the stack that was switched to. */
static inline void arrive(struct rt_loop *l, void *own_fake)
{
    fiber_arrive(l, own_fake);
    if (UNLIKELY(l->dead != NULL))
        bury_dead(l);
}

static inline bool round_over(struct rt_loop *l)
{
    if (l->ring_len == 0 || l->round_left == 0)
        return true;
    if (UNLIKELY(--l->round_left % ROUND_CLOCK_EVERY == 0)) {
        l->now = l->backend->clock(l);
        return l->round_left == 0 || l->now - l->round_start > ROUND_TIME_MAX_NS;
    }
    return false;
}

static inline void set_running(struct rt_loop *l, struct rt_task *t)
{
    l->current = t;
    t->state = TASK_RUNNING;
    rt_count(&l->switches, 1);
    atomic_store_explicit(&l->running, t->site->name, memory_order_relaxed);
    DTRACE_PROBE2(firebreak, task_switch, t->id, t->site->name);
}

static inline void switch_to(struct rt_loop *l, void **save_sp, struct rt_task *to)
{
    bool first = to->state == TASK_NEW;
    set_running(l, to);
    first ? rt_switch_new(save_sp, to->sp) : rt_switch(save_sp, to->sp);
}

/* Leaves the running task's stack: to the next ready task, else to the scheduler. Inline, because
 * the returns between a switch and the code that asked for it are what the processor's predictor
 * gets wrong: there should be few. */
ALWAYS_INLINE void switch_away(struct rt_loop *l, struct rt_task *from, bool for_good)
{
    struct rt_task *to = round_over(l) ? NULL : ready_pop(l);
    if (to == from) {
        set_running(l, from);
        return;
    }
    fiber_leave(l, to, for_good ? NULL : &from->asan_fake_stack);
    if (LIKELY(to != NULL)) {
        switch_to(l, &from->sp, to);
    } else {
        l->current = NULL;
        rt_switch(&from->sp, l->scheduler_sp);
    }
    arrive(l, from->asan_fake_stack);
}

void rt_run_round(struct rt_loop *l)
{
    if (!l->ring_len)
        return;
    l->round_left = ROUND_SWITCHES_MAX;
    l->round_start = l->now;
    struct rt_task *to = ready_pop(l);
    fiber_leave(l, to, &l->asan_fake_stack);
    switch_to(l, &l->scheduler_sp, to);
    arrive(l, l->asan_fake_stack);
    atomic_store_explicit(&l->running, NULL, memory_order_relaxed);
}

/* ---- a task's life ---- */

static void group_leave(struct rt_group *g, struct rt_task *t)
{
    list_remove(&t->group_link);
    if (--g->live > 0 || fault_mutant("rt_join_lost"))
        return;
    list_each_safe (it, &g->joiners) {
        struct joiner *j = list_entry(it, struct joiner, link);
        list_remove(it);
        rt_wake(j->task, 0);
    }
}

static _Noreturn void task_main(void)
{
    struct rt_loop *l = rt_self;
    struct rt_task *t = l->current;
    arrive(l, NULL);
    t->fn(t->arg);
    assert(t->shield == 0);
    if (UNLIKELY(rt_census_on()))
        rt_census_note(t->site, rt_stack_high_water(t->stack));
    rt_timer_forget(l, t);
    group_leave(t->group, t);
    t->state = TASK_DEAD;
    l->dead = t; /* its stack is ours until somebody else runs */
    atomic_store_explicit(&l->live, atomic_load_explicit(&l->live, memory_order_relaxed) - 1,
                          memory_order_relaxed);
    switch_away(l, t, true);
    __builtin_unreachable();
}

/* The frame that rt_switch pops when the task runs for the first time. */
static void *first_frame(char *top)
{
#if defined(__x86_64__)
    void **sp = (void **)(void *)top;
    *--sp = NULL; /* where a return address would stand: ends every backtrace */
    *--sp = (void *)task_main;
    for (int i = 0; i < SAVED_WORDS_X86 - 1; i++)
        *--sp = NULL;
    return sp;
#else
    char *sp = top - SAVED_BYTES_ARM;
    memset(sp, 0, SAVED_BYTES_ARM);
    ((void **)(void *)sp)[1] = (void *)task_main; /* x30 */
    return sp;
#endif
}

int rt_spawn(struct rt_loop *l, struct rt_group *g, rt_fn *fn, void *arg, struct rt_site *site)
{
    struct rt_stack *stack = rt_stack_get(l);
    if (UNLIKELY(!stack))
        return -ENOMEM;
    uintptr_t top = ((uintptr_t)stack->top - sizeof(struct rt_task)) & ~(uintptr_t)15;
    struct rt_task *t = (struct rt_task *)top;
    *t = (struct rt_task){
        .loop = l,
        .deadline = RT_NEVER,
        .timer_slot = TIMER_NONE,
        .group = g,
        .fn = fn,
        .arg = arg,
        .site = site,
        .stack = stack,
        .id = ++l->task_id_last,
        .host = l->current ? l->current->host : 0,
    };
    stack->task = t;
    t->sp = first_frame((char *)t);
    fiber_new(t);
    list_push_back(&g->tasks, &t->group_link);
    g->live++;
    rt_count(&l->spawned, 1);
    rt_count(&l->live, 1);
    ready_push(l, t);
    t->state = TASK_NEW;
    return 0;
}

int rt_go_at(struct rt_group *g, rt_fn *fn, void *arg, struct rt_site *site)
{
    assert(rt_self && g->tasks.next);
    return rt_spawn(rt_self, g, fn, arg, site);
}

/* ---- waiting ---- */

int rt_park(rt_time deadline)
{
    struct rt_loop *l = rt_self;
    struct rt_task *t = l->current;
    assert(t && t->state == TASK_RUNNING);
    if (UNLIKELY(t->group->cancelled && t->shield == 0))
        return -ECANCELED;
    if (UNLIKELY(deadline <= l->now))
        return -ETIMEDOUT;
    t->state = TASK_PARKED;
    if (deadline != RT_NEVER)
        rt_timer_arm(l, t, deadline);
    switch_away(l, t, false);
    t->deadline = RT_NEVER;
    return t->wake_result;
}

int rt_park_deaf(void)
{
    struct rt_task *t = rt_self->current;
    t->shield++;
    int r = rt_park(RT_NEVER);
    t->shield--;
    return r;
}

bool rt_wake(struct rt_task *t, int result)
{
    if (t->state != TASK_PARKED)
        return false;
    t->wake_result = result;
    ready_push(t->loop, t);
    if (fault_mutant("rt_double_wake"))
        rt_ready_push(t->loop, t);
    return true;
}

void rt_wake_given(struct rt_task *t, int result)
{
    if (!rt_wake(t, result) && !fault_mutant("rt_late_value_lost"))
        t->wake_result = result;
}

int rt_sleep(rt_time until)
{
    int r = rt_check_cancel();
    if (r < 0 || until <= rt_self->now)
        return r;
    r = rt_park(until);
    return r == -ETIMEDOUT ? 0 : r;
}

int rt_yield(void)
{
    struct rt_loop *l = rt_self;
    int r = rt_check_cancel();
    if (r < 0)
        return r;
    ready_push(l, l->current);
    switch_away(l, l->current, false);
    return rt_check_cancel();
}

const char *rt_task_name(void)
{
    return rt_self && rt_self->current ? rt_self->current->site->name : "-";
}

bool rt_cancelled(void)
{
    return rt_check_cancel() < 0;
}

void rt_shield_begin(void)
{
    rt_self->current->shield++;
}

void rt_shield_end(void)
{
    assert(rt_self->current->shield > 0);
    rt_self->current->shield--;
}

/* ---- groups ---- */

void rt_group_init(struct rt_group *g, const char *name)
{
    *g = (struct rt_group){.name = name};
    list_init(&g->tasks);
    list_init(&g->joiners);
    list_push_back(&rt_self->groups, &g->link);
}

void rt_group_cancel(struct rt_group *g)
{
    if (g->cancelled)
        return;
    g->cancelled = true;
    if (fault_mutant("rt_cancel_lost"))
        return;
    list_each (it, &g->tasks) {
        struct rt_task *t = list_entry(it, struct rt_task, group_link);
        if (t->shield == 0 || fault_mutant("rt_shield_ignored"))
            rt_wake(t, -ECANCELED);
    }
}

int rt_group_wait(struct rt_group *g, rt_time deadline)
{
    int r = rt_check_cancel();
    if (r < 0 || g->live == 0)
        return r;
    struct joiner j = {.task = rt_self->current};
    list_push_back(&g->joiners, &j.link);
    r = rt_park(deadline);
    list_remove(&j.link);
    return r;
}

void rt_group_done(struct rt_group *g)
{
    if (!g->tasks.next)
        return; /* never begun */
    rt_group_cancel(g);
    rt_shield_begin();
    while (g->live > 0)
        rt_group_wait(g, RT_NEVER);
    rt_shield_end();
    list_remove(&g->link);
    *g = (struct rt_group){0};
}

void rt_groups_each(void (*fn)(void *ctx, const struct rt_group *g), void *ctx)
{
    list_each (it, &rt_self->groups)
        fn(ctx, list_entry(it, struct rt_group, link));
}
