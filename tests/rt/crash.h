/* crash.h - what the tests of crashes share: a task that needs more stack than there is, and the
 * last words of a child. */
#ifndef FIREBREAK_TESTS_RT_CRASH_H
#define FIREBREAK_TESTS_RT_CRASH_H

#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static __attribute__((noinline)) int deep(volatile char *before, int n)
{
    volatile char here[512];
    here[0] = before ? before[0] : 1;
    return n > 100000 ? here[0] : deep(here, n + 1) + here[0];
}

/* `arg` is an int that nobody looks at. */
static void recurses_for_ever(void *arg)
{
    *(volatile int *)arg = deep(NULL, 0);
}

static char words[16384]; /* of the last child */

/* Reads `out` to its end into `words`, closes it, and returns how the child ended. */
static int hear_out(pid_t child, int out)
{
    int status = 0;
    size_t n = 0;
    for (ssize_t got;
         n + 1 < sizeof(words) && (got = read(out, words + n, sizeof(words) - 1 - n)) > 0;)
        n += (size_t)got;
    words[n] = 0;
    close(out);
    waitpid(child, &status, 0);
    return status;
}

#endif
