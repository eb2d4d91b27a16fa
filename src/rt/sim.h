/* sim.h - the simulator: one loop whose network, disk, clock and schedule come from one seed.
 *
 * Time is virtual: it jumps to the next timer or event when no task is ready, so an hour of
 * waiting costs nothing. The network delays, cuts into pieces, reorders (datagrams), drops,
 * partitions, resets and half-opens; the disk tears writes that were not synced, fails fsync, is
 * full, and forgets in a crash. Everything that happens is folded into a hash: the same seed
 * gives the same hash, in any process. The code under test is the real code.
 *
 * A host is an IPv4 address with sockets and files of its own. A task lives on the host of the
 * task that spawned it. Hosts differ in nothing but their address and whether they are up.
 *
 * Promises and their limits: streams keep their order and lose nothing until they break; a write
 * on a cut link is sent again and again, and breaks the stream after about RT_SIM_GIVE_UP_MS. A
 * synced write outlives every crash. Not simulated: descriptors of the kernel (rt_adopt and
 * rt_borrow answer -EPERM, so signals, too), several loops, memory that runs out. IPv6 is loopback
 * only, and unix sockets are streams.
 *
 * One world at a time a process. All calls but rt_sim_run are for tasks of a world. */
#ifndef FIREBREAK_RT_SIM_H
#define FIREBREAK_RT_SIM_H

#include "rt/addr.h"
#include "rt/rt.h"

enum {
    RT_SIM_HOSTS_MAX = 64,         /* a world with more is a programming error */
    RT_SIM_GIVE_UP_MS = 60 * 1000, /* about: a stream that cannot send for so long breaks */
};

/* Chances are per million. All zeroes but the seed: a fair network and a sound disk. */
struct rt_sim_config {
    uint64_t seed;
    rt_time latency_min, latency_max; /* one way; 0, 0: 50 µs to 2 ms */
    uint32_t buffer_bytes;            /* of a stream, each way; 0: 64 KB */
    uint32_t drop_ppm;                /* of datagrams, and of connection attempts (SYN) */
    uint32_t duplicate_ppm;           /* of datagrams */
    uint32_t reset_ppm;               /* of stream writes: the connection breaks, both ends told */
    uint32_t half_open_ppm;           /* of stream writes: it breaks, and nobody is told */
    uint32_t sync_fail_ppm;           /* of fsyncs: an unknown part of the data is lost for good */
    uint32_t disk_full_ppm;           /* of file writes: -ENOSPC, after an unknown part */
    rt_time time_max;                 /* virtual; passing it ends the run: -ETIME. 0: 1 hour */
    uint64_t steps_max;               /* switches and calls; past it: -ELOOP. 0: 10 million */
};

/* What was injected: a run in which a fault never happened has not tested it. */
struct rt_sim_counts {
    uint64_t steps;
    uint64_t segments;     /* pieces of streams that arrived */
    uint64_t datagrams;    /* that arrived */
    uint64_t reordered;    /* datagrams that overtook an earlier one */
    uint64_t dropped;      /* datagrams and connection attempts */
    uint64_t duplicated;   /* datagrams */
    uint64_t short_writes; /* to streams */
    uint64_t full_buffers; /* stream writes that found no room */
    uint64_t refused;      /* connection attempts and datagrams that nobody listened to */
    uint64_t resets;       /* injected ones */
    uint64_t half_opens;
    uint64_t partitions;      /* links cut */
    uint64_t retransmissions; /* stream pieces that met a cut link or a host that is down */
    uint64_t syncs, sync_failures, disk_full;
    uint64_t crashes;
    uint64_t lost_writes, torn_writes; /* unsynced ones, in a crash */
    uint64_t lost_names;               /* unsynced creations, renames and removals, in a crash */
};

struct rt_sim_result {
    uint64_t hash; /* of everything that happened, in order */
    rt_time elapsed;
    struct rt_sim_counts counts;
};

/* Runs fn(arg) as the first task of a simulated world, until every task has ended. *ret_result
 * (may be NULL) is set in every case.
 * Returns 0; -EDEADLK: every task waits, and nothing will ever happen; -ETIME, -ELOOP: the limits
 * above; the code given to rt_sim_stop. When it is not 0 the tasks were dropped where they stood,
 * and what they owned is leaked: a world that fails is the end of a test. */
int rt_sim_run(const struct rt_sim_config *config, rt_fn *fn, void *arg,
               struct rt_sim_result *ret_result);

/* Whether the caller is in a simulated world. */
bool rt_sim_active(void);
/* Ends the run with this code (< 0): the world has proved what it was to disprove. Never
 * returns: the calling task is dropped with the others. */
_Noreturn void rt_sim_stop(int code);
/* Folds a value of the program under test into the hash. */
void rt_sim_note(uint64_t value);

/* ---- hosts and links ---- */

/* Moves the running task to this host, which is made when it is new. 127.0.0.1 until set. */
void rt_sim_set_host(uint32_t ipv4);
/* Cuts or heals the link between two hosts, in one direction. 0: every host so far. Datagrams
 * under way are lost; streams send again. */
void rt_sim_partition(uint32_t from, uint32_t to, bool cut);
/* The host loses power: its connections are gone without a word to their peers, and of its files
 * what was not synced: each unsynced write is kept, lost or torn at a random byte; of unsynced
 * names (create, rename, remove) a random number of the last is lost. From here to
 * rt_sim_start_host its tasks get -ENETDOWN and -EIO from sockets and files: cancel them
 * and wait for their group before the host starts again. */
void rt_sim_crash_host(uint32_t ipv4);
void rt_sim_start_host(uint32_t ipv4);
/* The wall clock is set: forward, or back (< 0). The monotonic clock is not. */
void rt_sim_shift_wall(rt_time by);
/* From now on nothing is injected; every link is whole and stays so unless it is cut. Streams
 * that are half open stay so, unsynced data stays at risk. */
void rt_sim_calm(void);

#endif
