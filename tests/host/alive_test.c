#include "host/alive.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"

static void we_live_and_know_since_when(void)
{
    uint64_t started = 0;
    CHECK_INT(host_started(getpid(), &started), 0);
    CHECK(!host_gone(getpid(), started));
    CHECK(host_gone(getpid(), started + 1)); /* another process of that id */
}

static void who_has_ended_is_gone_also_as_remains(void)
{
    uint64_t started = 0;
    int pipes[2];
    CHECK_INT(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        char c;
        close(pipes[1]);
        (void)!read(pipes[0], &c, 1);
        _exit(0);
    }
    close(pipes[0]);
    CHECK_INT(host_started(child, &started), 0);
    CHECK(!host_gone(child, started));
    close(pipes[1]);
    siginfo_t info;
    CHECK_INT(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    CHECK(host_gone(child, started)); /* its parent has not asked yet */
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK(host_gone(child, started));
    CHECK_INT(host_started(child, &started), -ESRCH);
    CHECK(!host_gone(0, 0)); /* nobody was told: nobody can say */
}

static void a_boot_is_one_word_for_all_of_it(void)
{
    struct buf a = BUF(MEM_TEST, 0), b = BUF(MEM_TEST, 0);
    CHECK_INT(host_boot(&a), 0);
    CHECK_INT(host_boot(&b), 0);
    CHECK(a.size > 20 && slice_eq(buf_slice(&a), buf_slice(&b)));
    CHECK(slice_find(buf_slice(&a), SLICE("pid:[")) > 0);
    buf_done(&a);
    buf_done(&b);
}

int main(void)
{
    TAP_RUN(we_live_and_know_since_when);
    TAP_RUN(who_has_ended_is_gone_also_as_remains);
    TAP_RUN(a_boot_is_one_word_for_all_of_it);
    return tap_done();
}
