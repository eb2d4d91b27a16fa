/* world.h - runs each case of the runtime's suite in every world: epoll with one loop, epoll with
 * several, and the simulator with a number of seeds, each of which is another schedule. */
#ifndef FIREBREAK_TESTS_RT_WORLD_H
#define FIREBREAK_TESTS_RT_WORLD_H

#include "tests/tap.h"

#include "rt/rt.h"
#include "rt/sim.h"

enum world { WORLD_EPOLL_1, WORLD_EPOLL_N, WORLD_SIM };

static enum world world_now_;

static inline void world_report_(int r, const char *name, const char *world)
{
    char label[160];
    snprintf(label, sizeof(label), "%s (%s)", name, world);
    CHECK_INT(r, 0);
    tap_report_(label);
}

static inline void world_epoll_(enum world w, rt_fn *fn, const char *name)
{
    tap_ok_ = true;
    tap_skip_ = NULL;
    world_now_ = w;
    int r = rt_run(&(struct rt_config){.loops = w == WORLD_EPOLL_N ? 4 : 1}, fn, NULL);
    world_report_(r, name, w == WORLD_EPOLL_N ? "epoll, 4 loops" : "epoll");
}

static inline void world_sim_(rt_fn *fn, const char *name)
{
    enum { SEEDS = 20 };
    tap_ok_ = true;
    tap_skip_ = NULL;
    world_now_ = WORLD_SIM;
    int r = 0;
    for (uint64_t seed = 1; seed <= SEEDS && r == 0 && tap_ok_; seed++) {
        r = rt_sim_run(&(struct rt_sim_config){.seed = seed}, fn, NULL, NULL);
        if (r != 0 || !tap_ok_)
            printf("# seed %llu\n", (unsigned long long)seed);
    }
    world_report_(r, name, "sim");
}

/* A case that needs real descriptors or several loops names itself with this. */
#define ON_EPOLL(fn)                                                                               \
    do {                                                                                           \
        world_epoll_(WORLD_EPOLL_1, fn, #fn);                                                      \
        world_epoll_(WORLD_EPOLL_N, fn, #fn);                                                      \
    } while (0)
/* One that plants a fault: it fails the next call of whichever loop makes it. */
#define ON_EPOLL_1(fn) world_epoll_(WORLD_EPOLL_1, fn, #fn)
#define ON_EPOLL_N(fn) world_epoll_(WORLD_EPOLL_N, fn, #fn)
#define ON_SIM(fn) world_sim_(fn, #fn)
#define ON_ALL(fn)                                                                                 \
    do {                                                                                           \
        ON_EPOLL(fn);                                                                              \
        ON_SIM(fn);                                                                                \
    } while (0)

#endif
