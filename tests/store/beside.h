/* beside.h - cases that wait for the clock, each in a process of its own, beside the others.
 *
 * beside_begin while nothing else runs, no loop and no thread: a fork keeps none but its own. */
#ifndef FIREBREAK_TESTS_STORE_BESIDE_H
#define FIREBREAK_TESTS_STORE_BESIDE_H

#include <sys/wait.h>
#include <unistd.h>

#include "rt/rt.h"
#include "tests/tap.h"

enum { BESIDE_MAX = 8 };

static struct beside {
    pid_t pid;
    char label[160];
} besides[BESIDE_MAX];
static int beside_count;

static inline void beside_begin(const char *name, const char *world, rt_fn *fn, void *arg)
{
    struct beside *b = &besides[beside_count++];
    snprintf(b->label, sizeof(b->label), "%s (%s)", name, world);
    fflush(stdout);
    b->pid = fork();
    if (b->pid)
        return;
    tap_ok_ = true;
    int r = rt_run(NULL, fn, arg);
    fflush(stdout);
    _exit(r == 0 && tap_ok_ ? 0 : 1);
}

static inline void beside_end(void)
{
    for (int i = 0; i < beside_count; i++) {
        int status = -1;
        tap_ok_ = true;
        tap_skip_ = NULL;
        CHECK(besides[i].pid > 0 && waitpid(besides[i].pid, &status, 0) == besides[i].pid);
        CHECK_INT(status, 0);
        tap_report_(besides[i].label);
    }
    beside_count = 0;
}

#endif
