/* search.h - a program in the simulator: one seed with its story, or a search over many.
 *
 *     NAME SEED                                      plays one world and tells what happens
 *     NAME --search COUNT [--from SEED|fresh] [--seconds S]
 *
 * A search ends at the first seed that violates an invariant, crashes or hangs, and names it: exit
 * status 1. So does a search in which a fault was never injected, a check never made, or an event
 * never seen: it would have proved nothing. `--from fresh` begins at a random seed, which is
 * printed. Once a minute it says on stderr how far it has come. 2: usage. */
#ifndef FIREBREAK_SIM_SEARCH_H
#define FIREBREAK_SIM_SEARCH_H

#include <stdarg.h>

#include "base/defs.h"
#include "rt/sim.h"

enum { SIM_CHECKS_MAX = 24, SIM_EVENTS_MAX = 32, SIM_VIOLATION_MAX = 640 };

/* The head of every program's world. */
struct sim_world {
    uint64_t seed;
    bool talk; /* tell the story on stdout */
    uint64_t checks[SIM_CHECKS_MAX], events[SIM_EVENTS_MAX];
    char violation[SIM_VIOLATION_MAX];
};

struct sim_program {
    const char *name;
    size_t world_bytes;
    /* Runs the world of w->seed; all but w->seed and w->talk is zero. Returns 0, or what rt_sim_run
     * says; then w->violation tells why. */
    int (*run)(struct sim_world *w, struct rt_sim_result *ret_result);
    const char *const *check_names, *const *event_names; /* by their numbers; end in NULL */
    /* Faults of struct rt_sim_counts that this program's worlds do not inject, by name; ends in
     * NULL. */
    const char *const *not_injected;
};

/* What a program without a network, or a disk, of its own does not inject. */
#define SIM_NO_NETWORK                                                                        \
    "stream pieces delivered", "datagrams delivered", "datagrams reordered",                  \
        "datagrams and SYNs dropped", "datagrams duplicated", "short writes", "full buffers", \
        "refusals", "resets", "half-open connections", "links cut", "retransmissions"
#define SIM_NO_DISK                                                                      \
    "syncs", "failed syncs", "full disks", "power losses", "lost writes", "torn writes", \
        "lost names"

int sim_main(const struct sim_program *p, int argc, char **argv);

/* Something happened to the program. */
static inline void sim_happened(struct sim_world *w, int event, uint64_t times)
{
    w->events[event] += times;
}
/* The invariant of this number and name holds, or the world ends here. */
void sim_check(struct sim_world *w, int which, const char *name, bool holds, const char *fmt,
               va_list args);
void sim_say(const struct sim_world *w, const char *fmt, va_list args);
/* What the end of a run says where no invariant spoke: `limits` is "120 s, a million steps". */
void sim_ended(struct sim_world *w, int which, const char *name, int r, const char *limits);

#endif
