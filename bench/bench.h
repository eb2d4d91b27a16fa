/* bench.h - what a bench program measures with, and how it says what it found.
 *
 * A program runs one case and prints one line of KEY=VALUE pairs that begins with RESULT;
 * tools/bench runs it in turn with its peers and compares. CPU time is the process's own, user
 * and system, so that what else runs on the machine weighs little. One thread calls. */
#ifndef FIREBREAK_BENCH_BENCH_H
#define FIREBREAK_BENCH_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct bench_clock {
    int64_t cpu_ns, wall_ns;
};

static inline struct bench_clock bench_now(void)
{
    struct timespec cpu, wall;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    clock_gettime(CLOCK_MONOTONIC, &wall);
    return (struct bench_clock){
        .cpu_ns = cpu.tv_sec * INT64_C(1000000000) + cpu.tv_nsec,
        .wall_ns = wall.tv_sec * INT64_C(1000000000) + wall.tv_nsec,
    };
}

/* Resident memory of this process now, in bytes; 0 where /proc does not tell. */
static inline int64_t bench_rss_bytes(void)
{
    long long pages_all = 0, pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    if (fscanf(f, "%lld %lld", &pages_all, &pages) != 2)
        pages = 0;
    fclose(f);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

/* The largest resident memory so far, in bytes, of this program: what getrusage calls the peak
 * contains that of whoever started it, from before the exec. */
static inline int64_t bench_peak_bytes(void)
{
    char line[256];
    long long kilobytes = 0;
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "VmHWM: %lld", &kilobytes) == 1)
            break;
    if (f)
        fclose(f);
    return (int64_t)kilobytes * 1024;
}

/* Prints the result of `ops` operations that began at `start`. */
static inline void bench_result(const char *name, int64_t ops, struct bench_clock start)
{
    struct bench_clock end = bench_now();
    printf("RESULT case=%s ops=%lld cpu_ns=%lld wall_ns=%lld\n", name, (long long)ops,
           (long long)(end.cpu_ns - start.cpu_ns), (long long)(end.wall_ns - start.wall_ns));
    fflush(stdout);
}

static inline void bench_die(const char *what)
{
    perror(what);
    exit(1);
}

#endif
