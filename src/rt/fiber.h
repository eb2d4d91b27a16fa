/* fiber.h - tells sanitizers and valgrind that a thread changes stacks. Inside of rt. */
#ifndef FIREBREAK_RT_FIBER_H
#define FIREBREAK_RT_FIBER_H

#include "rt/loop.h"

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define FIBER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#endif

#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* Before rt_switch: to the task, or (NULL) to the scheduler. `from_fake` is where ASan keeps the
 * leaving stack's fake frames; NULL where it is left for good. */
static inline void fiber_leave(struct rt_loop *l, struct rt_task *to, void **from_fake)
{
    (void)l;
    (void)to;
    (void)from_fake;
#ifdef FIBER_ASAN
    if (to)
        __sanitizer_start_switch_fiber(from_fake, to->stack->base,
                                       (size_t)(to->stack->top - to->stack->base));
    else
        __sanitizer_start_switch_fiber(from_fake, l->asan_bottom, l->asan_size);
#endif
#ifdef FIBER_TSAN
    __tsan_switch_to_fiber(to ? to->tsan_fiber : l->tsan_fiber, 0);
#endif
}

/* First thing on the stack that was switched to. */
static inline void fiber_arrive(struct rt_loop *l, void *own_fake)
{
    (void)l;
    (void)own_fake;
#ifdef FIBER_ASAN
    const void *bottom;
    size_t size;
    __sanitizer_finish_switch_fiber(own_fake, &bottom, &size);
    if (!l->asan_bottom) {
        /* The first switch away from the thread's own stack tells us where that is. */
        l->asan_bottom = bottom;
        l->asan_size = size;
    }
#endif
}

static inline void fiber_new(struct rt_task *t)
{
    (void)t;
#ifdef FIBER_ASAN
    __asan_unpoison_memory_region(t->stack->base, (size_t)((char *)t - t->stack->base));
#endif
#ifdef FIBER_TSAN
    t->tsan_fiber = __tsan_create_fiber(0);
    __tsan_set_fiber_name(t->tsan_fiber, t->site->name);
#endif
}

/* Once nobody runs on its stack any more. */
static inline void fiber_free(struct rt_task *t)
{
    (void)t;
#ifdef FIBER_TSAN
    __tsan_destroy_fiber(t->tsan_fiber);
#endif
}

static inline void fiber_scheduler(struct rt_loop *l)
{
    (void)l;
#ifdef FIBER_TSAN
    l->tsan_fiber = __tsan_get_current_fiber();
#endif
}

#endif
