/* world.h - runs each case of the runtime's suite in every world: epoll with one loop, epoll with
 * several, and the simulator. */
#ifndef FIREBREAK_TESTS_RT_WORLD_H
#define FIREBREAK_TESTS_RT_WORLD_H

#include "tests/tap.h"

#include "rt/rt.h"


enum world { WORLD_EPOLL_1, WORLD_EPOLL_N, WORLD_SIM, WORLD_COUNT };

static enum world world_now_;

static inline void world_run_(enum world w, rt_fn *fn, const char *name)
{
    static const char *const names[] = {"epoll", "epoll, 4 loops", "sim"};
    char label[160];
    snprintf(label, sizeof(label), "%s (%s)", name, names[w]);
    tap_ok_ = true;
    tap_skip_ = NULL;
    world_now_ = w;
    int r;
    if (w == WORLD_SIM)
        r = rt_sim_run(&(struct rt_sim_config){.seed = 1}, fn, NULL, NULL);
    else
        r = rt_run(&(struct rt_config){.loops = w == WORLD_EPOLL_N ? 4 : 1}, fn, NULL);
    CHECK_INT(r, 0);
    tap_report_(label);
}

/* A case that needs real descriptors or several loops names itself with these. */
#define ON_EPOLL(fn)                                                                               \
    do {                                                                                           \
        world_run_(WORLD_EPOLL_1, fn, #fn);                                                        \
        world_run_(WORLD_EPOLL_N, fn, #fn);                                                        \
    } while (0)
#define ON_ALL(fn)                                                                                 \
    do {                                                                                           \
        ON_EPOLL(fn);                                                                              \
        world_run_(WORLD_SIM, fn, #fn);                                                            \
    } while (0)

#endif
