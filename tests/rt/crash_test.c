#include <signal.h>

#include "rt/logsink.h"
#include "rt/rt.h"
#include "tests/rt/crash.h"
#include "tests/tap.h"

/* Each crash happens in a child, whose last words are read. */

static void writes_to_nowhere(void *arg)
{
    (void)arg;
    volatile uintptr_t at = 64;
    *(volatile int *)at = 1;
}

static void fails_an_assertion(void *arg)
{
    (void)arg;
    abort();
}

static void offloads_a_bad_write(void *arg)
{
    rt_offload(writes_to_nowhere, arg, RT_NEVER);
}

static void logs_and_dies(void *arg)
{
    struct logsink *sink;
    struct logger log;
    const struct logsink_config config = {.fd = 2, .mode = LOGSINK_BATCH};
    if (logsink_open(&config, &sink, NULL) < 0)
        return;
    logger_init(&log, sink, "test");
    log_info(&log, "the last line before the end");
    writes_to_nowhere(arg);
}

static rt_fn *victim;

static void first(void *arg)
{
    struct rt_group g;
    rt_group_init(&g, "test");
    if (victim == recurses_for_ever)
        rt_go(&g, recurses_for_ever, arg);
    else if (victim == writes_to_nowhere)
        rt_go(&g, writes_to_nowhere, arg);
    else if (victim == offloads_a_bad_write)
        rt_go(&g, offloads_a_bad_write, arg);
    else if (victim == logs_and_dies)
        rt_go(&g, logs_and_dies, arg);
    else
        rt_go(&g, fails_an_assertion, arg);
    rt_group_wait(&g, RT_NEVER);
    rt_group_done(&g);
}

/* Returns the signal that ended the child; its standard error in `words`. */
static int crash(rt_fn *fn)
{
    int ends[2], scratch = 0;
    if (pipe(ends) < 0)
        return -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 2);
        victim = fn;
        rt_run(NULL, first, &scratch);
        _exit(0);
    }
    close(ends[1]);
    int status = hear_out(pid, ends[0]);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Whether one of the offsets in the backtrace lies in this function, or right behind it, where a
 * call that never returns would return to. */
static bool backtrace_has(rt_fn *fn)
{
    enum { FUNCTION_BYTES_MAX = 160 };
    extern const char __executable_start[];
    unsigned long start = (unsigned long)((const char *)(uintptr_t)fn - __executable_start);
    for (const char *at = words; (at = strstr(at, " +0x")); at++) {
        unsigned long offset = strtoul(at + 2, NULL, 16);
        if (offset > start && offset <= start + FUNCTION_BYTES_MAX)
            return true;
    }
    return false;
}

static void an_overflow_names_its_task(void)
{
    if (SANITIZED) {
        TAP_SKIP("a sanitizer has its own stacks");
        return;
    }
    CHECK_INT(crash(recurses_for_ever), SIGSEGV);
    CHECK(strstr(words, "task 'recurses_for_ever'") != NULL);
    CHECK(strstr(words, "overflowed its stack of 65536 bytes") != NULL);
    CHECK(strstr(words, "tests/rt/crash_test.c") != NULL);
}

static void a_bad_write_prints_the_tasks_backtrace(void)
{
    if (SANITIZED) {
        TAP_SKIP("a sanitizer tells it itself");
        return;
    }
    CHECK_INT(crash(writes_to_nowhere), SIGSEGV);
    CHECK(strstr(words, "signal 11 at 0x40 in task 'writes_to_nowhere'") != NULL);
    CHECK(strstr(words, "backtrace") != NULL);
    CHECK(strstr(words, "#1") != NULL);
    CHECK(backtrace_has(writes_to_nowhere));
}

static void an_abort_names_its_task(void)
{
    if (SANITIZED) {
        TAP_SKIP("a sanitizer tells it itself");
        return;
    }
    CHECK_INT(crash(fails_an_assertion), SIGABRT);
    CHECK(strstr(words, "in task 'fails_an_assertion'") != NULL);
    CHECK(backtrace_has(fails_an_assertion));
}

static void work_that_was_offloaded_names_its_task(void)
{
    if (SANITIZED) {
        TAP_SKIP("a sanitizer tells it itself");
        return;
    }
    CHECK_INT(crash(offloads_a_bad_write), SIGSEGV);
    CHECK(strstr(words, "in work that task 'offloads_a_bad_write'") != NULL);
    CHECK(strstr(words, "#1") != NULL);
}

static void what_was_logged_is_written_at_last(void)
{
    if (SANITIZED) {
        TAP_SKIP("a sanitizer has its own handler");
        return;
    }
    CHECK_INT(crash(logs_and_dies), SIGSEGV);
    CHECK(strstr(words, "the last line before the end") != NULL);
}

int main(void)
{
    TAP_RUN(an_overflow_names_its_task);
    TAP_RUN(a_bad_write_prints_the_tasks_backtrace);
    TAP_RUN(an_abort_names_its_task);
    TAP_RUN(work_that_was_offloaded_names_its_task);
    TAP_RUN(what_was_logged_is_written_at_last);
    return tap_done();
}
