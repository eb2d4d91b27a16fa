/* sqlite_world.h - a store in a folder of its own, and the worlds in which a case runs with it. */
#ifndef FIREBREAK_TESTS_STORE_SQLITE_WORLD_H
#define FIREBREAK_TESTS_STORE_SQLITE_WORLD_H

#include <sys/stat.h>
#include <unistd.h>

#include "base/defs.h"
#include "rt/sim.h"
#include "store/sqlite.h"
#include "tests/store/beside.h"
#include "tests/store/suite.h"

/* A folder of the real disk for each case; in the simulator names are all there is. */
static char folder[64];
static int folders;

static void new_folder(void)
{
    snprintf(folder, sizeof(folder), "/tmp/firebreak-sqlite-%d-%d", (int)getpid(), ++folders);
    if (!rt_sim_active())
        mkdir(folder, 0700);
}

static void remove_folder(void)
{
    static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm", "store.lock",
                                        "copy.db"};
    char path[128];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static int open_again(struct store **ret_store)
{
    struct store_sqlite_options options = {.folder = folder, .who = "the test"};
    return store_sqlite_open(&options, ret_store, &suite_err, SOON);
}

static int suite_open(struct store **ret_store)
{
    new_folder();
    return open_again(ret_store);
}

static void suite_close(struct store *s)
{
    store_close(s);
    if (!rt_sim_active())
        remove_folder();
}

/* ---- running ---- */

static void report(const char *name, const char *world, int r)
{
    char label[160];
    CHECK_INT(r, 0);
    snprintf(label, sizeof(label), "%s (%s)", name, world);
    tap_report_(label);
    tap_skip_ = NULL;
}

static void run_in_sim(const char *name, rt_fn *fn, void *arg, int seeds)
{
    int r = 0;
    tap_ok_ = true;
    for (uint64_t seed = 1; seed <= (uint64_t)seeds && r == 0 && tap_ok_; seed++) {
        r = rt_sim_run(&(struct rt_sim_config){.seed = seed}, fn, arg, NULL);
        if (r < 0 || !tap_ok_)
            printf("# seed %llu\n", (unsigned long long)seed);
    }
    report(name, "sim", r);
}

static void run_on_epoll(const char *name, rt_fn *fn, void *arg)
{
    tap_ok_ = true;
    report(name, "epoll", rt_run(NULL, fn, arg));
}

static void (*case_now)(struct store **s);

static void run_case(void *arg)
{
    struct store *s = NULL;
    (void)arg;
    WELL(suite_open(&s));
    if (s)
        case_now(&s);
    suite_close(s);
    arena_reset(&suite_arena);
}

#define ON_A_STORE(fn) (IN_SIM(fn), run_on_epoll(#fn, run_case, NULL))
#define IN_SIM(fn)     (case_now = (fn), run_in_sim(#fn, run_case, NULL, 3))
#define BESIDE(fn)     (case_now = (fn), beside_begin(#fn, "epoll", run_case, NULL))
#define ON_DISK(fn)    (tap_ok_ = true, report(#fn, "epoll", rt_run(NULL, fn, NULL)))

#endif
