/* sim_worlds.h - a case of a test, played in several worlds of the simulator.
 *
 * The test has run_case(arg), which makes what a case needs, calls world_case, and takes it down;
 * and WORLD_SEEDS, how many worlds there are. */
#ifndef FIREBREAK_TESTS_SIM_WORLDS_H
#define FIREBREAK_TESTS_SIM_WORLDS_H

#include "rt/sim.h"
#include "tests/tap.h"

static void (*world_case)(void);

static inline void in_worlds(void (*fn)(void), rt_fn *around, uint64_t seeds)
{
    world_case = fn;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct rt_sim_config config = {.seed = seed};
        CHECK_INT(rt_sim_run(&config, around, NULL, NULL), 0);
    }
}

/* NAME_ is the case for TAP_RUN. */
#define WORLDS(name)                              \
    static void name##_(void)                     \
    {                                             \
        in_worlds(name, run_case, WORLD_SEEDS);   \
    }

#endif
