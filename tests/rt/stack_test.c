#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "rt/rt.h"
#include "tests/rt/crash.h"
#include "tests/tap.h"

/* Each case runs in a child, whose madvise(MADV_GUARD_INSTALL) a filter answers. */
enum { GUARD_INSTALL = 102, YES = 0, UNFILTERED = -1, NOT_FILTERED = 99 };

static bool answer_guard_install(int code)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GUARD_INSTALL, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)code),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof(program) / sizeof(program[0]), .filter = program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void counts(void *ctx)
{
    ++*(int *)ctx;
}

static void does_nothing(void *arg)
{
    (void)arg;
}

/* The child: runs twice, the second time into its guard. Says how often it was told. */
static void child(int code, int out)
{
    int told = 0, scratch = 0;
    struct rt_config config = {.on_costly_guards = counts, .on_costly_guards_ctx = &told};
    if (code != UNFILTERED && !answer_guard_install(code))
        _exit(NOT_FILTERED);
    rt_run(&config, does_nothing, NULL);
    rt_run(&config, does_nothing, NULL);
    (void)!write(out, &(char){(char)('0' + told)}, 1);
    dup2(out, STDERR_FILENO);
    rt_run(&config, recurses_for_ever, &scratch);
    _exit(0);
}

/* `times`: how often somebody is told, as a digit; 0: any. */
static void guarded_and_told(int code, char times)
{
    int ends[2];
    if (SANITIZED) {
        TAP_SKIP("a sanitizer has its own stacks");
        return;
    }
    CHECK_INT(pipe(ends), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        child(code, ends[1]);
    close(ends[1]);
    int status = hear_out(pid, ends[0]);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FILTERED) {
        TAP_SKIP("no system call can be filtered here");
        return;
    }
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CHECK(words[0] == times || !times);
    CHECK(strstr(words, "overflowed its stack of 65536 bytes") != NULL);
}

static void a_stack_is_guarded_on_whatever_runs_this(void)
{
    guarded_and_told(UNFILTERED, 0);
}

static void where_the_advice_is_unknown(void)
{
    guarded_and_told(EINVAL, '1');
}

static void where_the_call_is_refused(void)
{
    guarded_and_told(ENOSYS, '1');
}

/* As an emulator does, which says yes to any advice. */
static void where_the_advice_is_taken_and_ignored(void)
{
    guarded_and_told(YES, '1');
}

int main(void)
{
    TAP_RUN(a_stack_is_guarded_on_whatever_runs_this);
    TAP_RUN(where_the_advice_is_unknown);
    TAP_RUN(where_the_call_is_refused);
    TAP_RUN(where_the_advice_is_taken_and_ignored);
    return tap_done();
}
