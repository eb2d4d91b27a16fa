#include "rt/loop.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"

enum { ARITY = 4, SLOTS_FIRST = 64 };

/* Before it sleeps, the loop moves entries that would soon wake it for nothing: a wake-up costs a
 * thousand times as much. Those that are farther off may yet be left alone for long. */
enum { SOON_MS = 1000 };

/* Entries move between heap places, but a task's own memory is never touched for that: the place
 * is kept in a dense table of slots. Tasks lie 64 KB apart, and a sift would miss the TLB at
 * every step. */
static void place(struct rt_timers *tm, uint32_t index, struct rt_timer_entry e)
{
    tm->heap[index] = e;
    tm->slots[e.slot].index = index;
}

static void sift_up(struct rt_timers *tm, uint32_t index, struct rt_timer_entry e)
{
    while (index > 0) {
        uint32_t parent = (index - 1) / ARITY;
        if (tm->heap[parent].at <= e.at)
            break;
        place(tm, index, tm->heap[parent]);
        index = parent;
    }
    place(tm, index, e);
}

static void sift_down(struct rt_timers *tm, uint32_t index, struct rt_timer_entry e)
{
    for (;;) {
        uint32_t first = index * ARITY + 1, best = first;
        if (first >= tm->count)
            break;
        uint32_t end = first + ARITY < tm->count ? first + ARITY : tm->count;
        for (uint32_t i = first + 1; i < end; i++)
            if (tm->heap[i].at < tm->heap[best].at)
                best = i;
        if (e.at <= tm->heap[best].at)
            break;
        place(tm, index, tm->heap[best]);
        index = best;
    }
    place(tm, index, e);
}

static void grow(struct rt_timers *tm)
{
    uint32_t cap = tm->cap ? tm->cap * 2 : SLOTS_FIRST;
    tm->heap = mem_resize(MEM_RT, tm->heap, cap * sizeof(tm->heap[0]));
    tm->slots = mem_resize(MEM_RT, tm->slots, cap * sizeof(tm->slots[0]));
    for (uint32_t i = tm->cap; i < cap; i++)
        tm->slots[i] = (struct rt_timer_slot){.index = i + 1};
    tm->free_slot = tm->cap;
    tm->cap = cap;
}

static void insert(struct rt_timers *tm, struct rt_task *t, rt_time at)
{
    if (tm->count == tm->cap)
        grow(tm);
    uint32_t slot = tm->free_slot;
    tm->free_slot = tm->slots[slot].index;
    tm->slots[slot].task = t;
    t->timer_slot = slot;
    sift_up(tm, tm->count++, (struct rt_timer_entry){at, slot});
}

static void remove_at(struct rt_timers *tm, uint32_t index)
{
    uint32_t slot = tm->heap[index].slot;
    tm->slots[slot].task->timer_slot = TIMER_NONE;
    tm->slots[slot] = (struct rt_timer_slot){.index = tm->free_slot};
    tm->free_slot = slot;
    struct rt_timer_entry last = tm->heap[--tm->count];
    if (index == tm->count)
        return;
    if (index > 0 && last.at < tm->heap[(index - 1) / ARITY].at)
        sift_up(tm, index, last);
    else
        sift_down(tm, index, last);
}

void rt_timer_arm(struct rt_loop *l, struct rt_task *t, rt_time deadline)
{
    struct rt_timers *tm = &l->timers;
    t->deadline = deadline;
    if (t->timer_slot == TIMER_NONE) {
        insert(tm, t, deadline);
        return;
    }
    uint32_t index = tm->slots[t->timer_slot].index;
    if (deadline < tm->heap[index].at && !fault_mutant("rt_timer_not_moved"))
        sift_up(tm, index, (struct rt_timer_entry){deadline, t->timer_slot});
}

void rt_timer_forget(struct rt_loop *l, struct rt_task *t)
{
    if (t->timer_slot != TIMER_NONE)
        remove_at(&l->timers, l->timers.slots[t->timer_slot].index);
}

/* The first entry is sooner than its task's deadline. */
static void move_first(struct rt_timers *tm, rt_time deadline)
{
    if (deadline == RT_NEVER)
        remove_at(tm, 0);
    else
        sift_down(tm, 0, (struct rt_timer_entry){deadline, tm->heap[0].slot});
}

void rt_timers_fire(struct rt_loop *l)
{
    struct rt_timers *tm = &l->timers;
    while (tm->count && tm->heap[0].at <= l->now) {
        struct rt_task *t = tm->slots[tm->heap[0].slot].task;
        if (t->deadline > l->now) {
            move_first(tm, t->deadline);
            continue;
        }
        remove_at(tm, 0);
        if (t->state == TASK_PARKED && !fault_mutant("rt_deadline_ignored")) {
            rt_time late = l->now - t->deadline;
            l->lag = late > 0 ? late : 0;
            rt_wake(t, -ETIMEDOUT);
        }
    }
}

rt_time rt_timers_next(struct rt_loop *l)
{
    struct rt_timers *tm = &l->timers;
    while (tm->count && tm->heap[0].at - l->now < SOON_MS * RT_MS) {
        rt_time deadline = tm->slots[tm->heap[0].slot].task->deadline;
        if (deadline <= tm->heap[0].at)
            break;
        move_first(tm, deadline);
    }
    return tm->count ? tm->heap[0].at : RT_NEVER;
}
