#include "sim/search.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    SEED_SECONDS_MAX = 20, /* of our processor: a world that takes longer hangs in its own code */
    SEED_WAIT_MAX = 300,   /* by the clock, on however busy a machine */
    AGAIN_EVERY = 100,     /* seeds of which one is played twice, for the same hash */
    TELL_SECONDS = 60,     /* how far a long search has come */
};

/* In memory that the searching child shares, so that its death leaves the seed behind. */
struct progress {
    uint64_t seed, done, again;
    uint64_t checks[SIM_CHECKS_MAX], events[SIM_EVENTS_MAX];
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

/* ---- what a world says ---- */

void sim_check(struct sim_world *w, int which, const char *name, bool holds, const char *fmt,
               va_list args)
{
    w->checks[which]++;
    if (holds)
        return;
    int n = snprintf(w->violation, sizeof(w->violation), "%s: ", name);
    vsnprintf(w->violation + n, sizeof(w->violation) - (size_t)n, fmt, args);
    rt_sim_stop(-EPROTO);
}

void sim_say(const struct sim_world *w, const char *fmt, va_list args)
{
    if (!w->talk)
        return;
    printf("%9.3f  ", (double)rt_now() / (double)RT_MS);
    vprintf(fmt, args);
    printf("\n");
}

void sim_ended(struct sim_world *w, int which, const char *name, int r, const char *limits)
{
    w->checks[which]++;
    if (r < 0 && !w->violation[0])
        snprintf(w->violation, sizeof(w->violation), "%s: %s%s", name,
                 r == -EDEADLK ? "everybody waits for ever" : "not within ",
                 r == -EDEADLK ? "" : limits);
}

/* ---- one seed ---- */

static int run_one(const struct sim_program *p, struct sim_world *w, uint64_t seed, bool talk,
                   struct rt_sim_result *ret)
{
    memset((void *)w, 0, p->world_bytes);
    w->seed = seed;
    w->talk = talk;
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = SEED_SECONDS_MAX}, NULL);
    alarm(SEED_WAIT_MAX);
    return p->run(w, ret);
}

static struct sim_world *world_new(const struct sim_program *p)
{
    struct sim_world *w = malloc(p->world_bytes);
    if (!w)
        abort();
    return w;
}

static int play(const struct sim_program *p, uint64_t seed)
{
    struct sim_world *w = world_new(p);
    struct rt_sim_result result;
    int r = run_one(p, w, seed, true, &result);
    printf("seed %" PRIu64 ": hash %016" PRIx64 ", %" PRIu64 " steps, %.3f s\n", seed, result.hash,
           result.counts.steps, (double)result.elapsed / (double)RT_SEC);
    if (r < 0)
        printf("seed %" PRIu64 ": VIOLATION %s\n", seed, w->violation);
    free(w);
    return r < 0;
}

/* ---- many ---- */

static void add(uint64_t *sum, const uint64_t *some, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum[i] += some[i];
}

static bool search_one(const struct sim_program *p, struct progress *g, struct sim_world *w,
                       uint64_t seed)
{
    struct rt_sim_result result, again;
    g->seed = seed;
    int r = run_one(p, w, seed, false, &result);
    if (r == 0) {
        add(g->checks, w->checks, SIM_CHECKS_MAX);
        add(g->events, w->events, SIM_EVENTS_MAX);
        add((uint64_t *)&g->counts, (const uint64_t *)&result.counts,
            sizeof(result.counts) / sizeof(uint64_t));
        g->done++;
        if (seed % AGAIN_EVERY != 0)
            return true;
        g->again++;
        r = run_one(p, w, seed, false, &again);
        if (r == 0 && again.hash == result.hash)
            return true;
        if (r == 0)
            snprintf(w->violation, sizeof(w->violation), "another hash the second time");
    }
    printf("seed %" PRIu64 ": VIOLATION %s\n", seed, w->violation);
    return false;
}

/* In the child. */
static void search(const struct sim_program *p, struct progress *g, uint64_t from, uint64_t count,
                   double until)
{
    struct sim_world *w = world_new(p);
    double begun = now(), tell = begun + TELL_SECONDS;
    for (uint64_t i = 0; i < count && now() < until; i++) {
        if (!search_one(p, g, w, from + i)) {
            g->failed = true;
            break;
        }
        if (now() < tell)
            continue;
        fprintf(stderr, "%s: %" PRIu64 " of %" PRIu64 " seeds, %.1f a second\n", p->name, i + 1,
                count, (double)(i + 1) / (now() - begun));
        tell = now() + TELL_SECONDS;
    }
    free(w);
    fflush(stdout);
}

static int print_count(const char *title, const char *name, uint64_t n)
{
    printf("%-9s %12" PRIu64 "  %s%s\n", title, n, name, n ? "" : "   NEVER");
    return n == 0;
}

static bool is_not_injected(const struct sim_program *p, const char *name)
{
    for (const char *const *n = p->not_injected; n && *n; n++)
        if (strcmp(*n, name) == 0)
            return true;
    return false;
}

/* Returns how many never happened. */
static int report(const struct sim_program *p, const struct progress *g, double seconds)
{
    int never = 0;
    printf("%" PRIu64 " seeds in %.1f s, %.0f a second; %" PRIu64 " played twice\n", g->done,
           seconds, (double)g->done / seconds, g->again);
    for (size_t i = 0; i < ARRAY_LEN(injected); i++) {
        uint64_t n;
        memcpy(&n, (const char *)&g->counts + injected[i].offset, sizeof(n));
        if (!is_not_injected(p, injected[i].name))
            never += print_count("injected", injected[i].name, n);
    }
    for (int i = 0; p->event_names[i]; i++)
        never += print_count("happened", p->event_names[i], g->events[i]);
    for (int i = 0; p->check_names[i]; i++)
        never += print_count("checked", p->check_names[i], g->checks[i]);
    return never;
}

static int search_in_child(const struct sim_program *p, uint64_t from, uint64_t count,
                           double seconds_max)
{
    struct progress *g =
        mmap(NULL, sizeof(*g), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (g == MAP_FAILED)
        return 1;
    double begin = now();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        search(p, g, from, count, begin + seconds_max);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        perror(p->name);
        return 1;
    }
    double seconds = now() - begin;
    if (status != 0)
        printf("seed %" PRIu64 ": VIOLATION %s (%s, after %.1f s)\n", g->seed,
               WIFSIGNALED(status) && (WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGPROF)
                   ? "a task never gives way"
                   : "it crashed",
               WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit", seconds);
    if (status != 0 || g->failed) {
        printf("found at seed %" PRIu64 " after %.1f s; replay: make sim W=%s SEED=%" PRIu64 "\n",
               g->seed, seconds, p->name, g->seed);
        return 1;
    }
    return report(p, g, seconds) > 0;
}

static int usage(const struct sim_program *p)
{
    fprintf(stderr, "usage: %s SEED | %s --search COUNT [--from SEED|fresh] [--seconds S]\n",
            p->name, p->name);
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

/* A seed that nobody has played: 9 digits, so that a person can type it. */
static bool fresh(const char *text, uint64_t *ret_value)
{
    if (strcmp(text, "fresh") != 0)
        return false;
    (void)!getrandom(ret_value, sizeof(*ret_value), 0);
    *ret_value = *ret_value % 1000000000 + 1;
    printf("base seed %" PRIu64 "\n", *ret_value);
    return true;
}

int sim_main(const struct sim_program *p, int argc, char **argv)
{
    uint64_t seed, count = 0, from = 1, seconds = UINT32_MAX;
    if (argc == 2 && number(argv[1], &seed))
        return play(p, seed);
    for (int i = 1; i < argc; i += 2) {
        uint64_t *to = strcmp(argv[i], "--search") == 0    ? &count
                       : strcmp(argv[i], "--from") == 0    ? &from
                       : strcmp(argv[i], "--seconds") == 0 ? &seconds
                                                           : NULL;
        bool any = to == &from && i + 1 < argc && fresh(argv[i + 1], to);
        if (!to || i + 1 >= argc || (!any && !number(argv[i + 1], to)))
            return usage(p);
    }
    return count ? search_in_child(p, from, count, (double)seconds) : usage(p);
}
