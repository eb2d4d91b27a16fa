/* The stack census is asked for by the environment, so each case is a child. */
#include "tests/tap.h"

#include <sys/wait.h>
#include <unistd.h>

#include "rt/rt.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum { SHALLOW_BYTES = 1024, DEEP_BYTES = 20 * 1024, FRAME_BYTES = 512, FRAMES_BYTES_MAX = 4096 };

static char words[4096];

static __attribute__((noinline)) int use(int bytes)
{
    char here[FRAME_BYTES];
    memset(here, bytes & 0x7f, sizeof(here));
    int deeper = bytes <= FRAME_BYTES ? 0 : use(bytes - FRAME_BYTES);
    __asm__ volatile("" : : "r"(here) : "memory"); /* all of it is needed, and after the call */
    return deeper + here[0];
}

static void shallow_task(void *arg)
{
    *(volatile int *)arg = use(SHALLOW_BYTES);
}

static void deep_task(void *arg)
{
    *(volatile int *)arg = use(DEEP_BYTES);
}

static void first(void *arg)
{
    struct rt_group g;
    rt_group_init(&g, "test");
    rt_go(&g, deep_task, arg);
    rt_group_wait(&g, RT_NEVER);
    rt_go(&g, shallow_task, arg); /* on the stack that the other has used */
    rt_group_wait(&g, RT_NEVER);
    rt_group_done(&g);
}

/* The child's standard error, with the census on or off, in `words`. */
static void run(const char *on)
{
    int ends[2], scratch = 0;
    ssize_t got;
    size_t n = 0;
    CHECK_INT(pipe(ends), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 2);
        setenv("FIREBREAK_CENSUS", on, 1);
        rt_run(NULL, first, &scratch);
        fflush(stderr);
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], words + n, sizeof(words) - 1 - n)) > 0)
        n += (size_t)got;
    words[n] = 0;
    close(ends[0]);
    waitpid(pid, NULL, 0);
}

/* "CENSUS name file:line bytes", or -1. */
static long bytes_of(const char *name)
{
    char start[64];
    snprintf(start, sizeof(start), "CENSUS %s tests/rt/census_test.c:", name);
    const char *at = strstr(words, start);
    if (at)
        at = strchr(at + strlen(start), ' ');
    return at ? strtol(at, NULL, 10) : -1;
}

static void each_spawn_site_has_its_own_high_water_mark(void)
{
    if (SANITIZED) {
        TAP_SKIP("a sanitizer has its own frames");
        return;
    }
    run("1");
    CHECK(bytes_of("deep_task") >= DEEP_BYTES);
    CHECK(bytes_of("deep_task") < 2 * DEEP_BYTES);
    CHECK(bytes_of("shallow_task") >= SHALLOW_BYTES);
    CHECK(bytes_of("shallow_task") < SHALLOW_BYTES + FRAMES_BYTES_MAX);
}

static void nothing_is_told_unasked(void)
{
    run("0");
    CHECK(strstr(words, "CENSUS") == NULL);
}

int main(void)
{
    TAP_RUN(each_spawn_site_has_its_own_high_water_mark);
    TAP_RUN(nothing_is_told_unasked);
    return tap_done();
}
