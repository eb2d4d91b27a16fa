/* main.c - runs worlds of the counter: one seed with its story, or a search over many.
 *
 *     counter SEED                     plays one world and tells what happens
 *     counter --search COUNT [--from SEED] [--seconds S]
 *
 * A search ends at the first seed that violates an invariant, crashes or hangs, and names it: exit
 * status 1. So does a search in which a fault was never injected, a check never made, or an event
 * never seen: it would have proved nothing. 2: usage. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/counter.h"

enum {
    SEED_SECONDS_MAX = 20, /* a world that takes longer hangs in its own code */
    AGAIN_EVERY = 100,     /* seeds of which one is played twice, for the same hash */
};

/* In memory that the searching child shares, so that its death leaves the seed behind. */
struct progress {
    uint64_t seed, done, again;
    struct tally tally;
    struct rt_sim_counts counts;
    bool failed;
};

static const struct {
    const char *name;
    size_t offset;
} injected[] = {
    {"stream pieces delivered", offsetof(struct rt_sim_counts, segments)},
    {"datagrams delivered", offsetof(struct rt_sim_counts, datagrams)},
    {"datagrams reordered", offsetof(struct rt_sim_counts, reordered)},
    {"datagrams and SYNs dropped", offsetof(struct rt_sim_counts, dropped)},
    {"datagrams duplicated", offsetof(struct rt_sim_counts, duplicated)},
    {"short writes", offsetof(struct rt_sim_counts, short_writes)},
    {"full buffers", offsetof(struct rt_sim_counts, full_buffers)},
    {"refusals", offsetof(struct rt_sim_counts, refused)},
    {"resets", offsetof(struct rt_sim_counts, resets)},
    {"half-open connections", offsetof(struct rt_sim_counts, half_opens)},
    {"links cut", offsetof(struct rt_sim_counts, partitions)},
    {"retransmissions", offsetof(struct rt_sim_counts, retransmissions)},
    {"syncs", offsetof(struct rt_sim_counts, syncs)},
    {"failed syncs", offsetof(struct rt_sim_counts, sync_failures)},
    {"full disks", offsetof(struct rt_sim_counts, disk_full)},
    {"power losses", offsetof(struct rt_sim_counts, crashes)},
    {"lost writes", offsetof(struct rt_sim_counts, lost_writes)},
    {"torn writes", offsetof(struct rt_sim_counts, torn_writes)},
    {"lost names", offsetof(struct rt_sim_counts, lost_names)},
};

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- one seed ---- */

static int play(uint64_t seed)
{
    static struct world
        w; /* rule zero: too large for the stack; this is a program, not a library */
    struct rt_sim_result result;
    alarm(SEED_SECONDS_MAX);
    int r = counter_run(&w, seed, true, &result);
    printf("seed %" PRIu64 ": hash %016" PRIx64 ", %" PRIu64 " steps, %.3f s\n", seed, result.hash,
           result.counts.steps, (double)result.elapsed / (double)RT_SEC);
    if (r < 0)
        printf("seed %" PRIu64 ": VIOLATION %s\n", seed, w.violation);
    return r < 0;
}

/* ---- many ---- */

static void add(uint64_t *sum, const uint64_t *some, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum[i] += some[i];
}

static bool search_one(struct progress *p, struct world *w, uint64_t seed)
{
    struct rt_sim_result result, again;
    p->seed = seed;
    alarm(SEED_SECONDS_MAX);
    int r = counter_run(w, seed, false, &result);
    if (r == 0) {
        add(p->tally.checks, w->tally.checks, CHECK_COUNT);
        add(p->tally.events, w->tally.events, EVENT_COUNT);
        add((uint64_t *)&p->counts, (const uint64_t *)&result.counts,
            sizeof(result.counts) / sizeof(uint64_t));
        p->done++;
        if (seed % AGAIN_EVERY != 0)
            return true;
        p->again++;
        r = counter_run(w, seed, false, &again);
        if (r == 0 && again.hash == result.hash)
            return true;
        snprintf(w->violation, sizeof(w->violation), "another hash the second time");
    }
    printf("seed %" PRIu64 ": VIOLATION %s\n", seed, w->violation);
    return false;
}

/* In the child. */
static void search(struct progress *p, uint64_t from, uint64_t count, double until)
{
    static struct world w;
    for (uint64_t i = 0; i < count && now() < until; i++)
        if (!search_one(p, &w, from + i)) {
            p->failed = true;
            break;
        }
    fflush(stdout);
}

static int print_counts(const char *title, const char *name, uint64_t n)
{
    printf("%-9s %12" PRIu64 "  %s%s\n", title, n, name, n ? "" : "   NEVER");
    return n == 0;
}

/* Returns how many never happened. */
static int report(const struct progress *p, double seconds)
{
    int never = 0;
    printf("%" PRIu64 " seeds in %.1f s, %.0f a second; %" PRIu64 " played twice\n", p->done,
           seconds, (double)p->done / seconds, p->again);
    for (size_t i = 0; i < ARRAY_LEN(injected); i++) {
        uint64_t n;
        memcpy(&n, (const char *)&p->counts + injected[i].offset, sizeof(n));
        never += print_counts("injected", injected[i].name, n);
    }
    for (int i = 0; i < EVENT_COUNT; i++)
        never += print_counts("happened", event_names[i], p->tally.events[i]);
    for (int i = 0; i < CHECK_COUNT; i++)
        never += print_counts("checked", check_names[i], p->tally.checks[i]);
    return never;
}

static int search_in_child(uint64_t from, uint64_t count, double seconds_max)
{
    struct progress *p =
        mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return 1;
    double begin = now();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        search(p, from, count, begin + seconds_max);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        perror("counter");
        return 1;
    }
    double seconds = now() - begin;
    if (status != 0)
        printf("seed %" PRIu64 ": VIOLATION %s (%s, after %.1f s)\n", p->seed,
               WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "a task never gives way"
                                                                  : "it crashed",
               WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit", seconds);
    if (status != 0 || p->failed) {
        printf("found at seed %" PRIu64 " after %.1f s; replay: make sim SEED=%" PRIu64 "\n",
               p->seed, seconds, p->seed);
        return 1;
    }
    return report(p, seconds) > 0;
}

static int usage(void)
{
    fprintf(stderr, "usage: counter SEED | counter --search COUNT [--from SEED] [--seconds S]\n");
    return 2;
}

static bool number(const char *text, uint64_t *ret_value)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-')
        return false;
    *ret_value = v;
    return true;
}

int main(int argc, char **argv)
{
    uint64_t seed, count = 0, from = 1, seconds = UINT32_MAX;
    if (argc == 2 && number(argv[1], &seed))
        return play(seed);
    for (int i = 1; i < argc; i += 2) {
        uint64_t *to = strcmp(argv[i], "--search") == 0    ? &count
                       : strcmp(argv[i], "--from") == 0    ? &from
                       : strcmp(argv[i], "--seconds") == 0 ? &seconds
                                                           : NULL;
        if (!to || i + 1 >= argc || !number(argv[i + 1], to))
            return usage();
    }
    return count ? search_in_child(from, count, (double)seconds) : usage();
}
