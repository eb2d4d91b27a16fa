#include "host/spawn.h"

#include "tests/on_valgrind.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "host/pipe.h"
#include "rt/sock.h"

enum { PATIENCE_MS = 20000 };

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

/* What valgrind does not let a child do: see tests/skips.txt. */
static bool skip_on_valgrind(void)
{
    if (RUNNING_ON_VALGRIND)
        TAP_SKIP("valgrind keeps limits to itself and dies where execve fails late");
    return RUNNING_ON_VALGRIND;
}

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    chmod(path, mode);
}

static struct host_exit end_of(struct host_child *c)
{
    struct host_exit e = {.code = -1};
    CHECK_INT(host_child_wait(c, PATIENCE_MS, &e), 0);
    return e;
}

/* Runs it to its end; its standard output is in `out`. */
static struct host_exit run(struct host_spawn s, char *out, size_t size)
{
    int ends[2];
    struct host_child c;
    struct host_exit e = {.code = -1};
    struct err err = {0};
    CHECK_INT(host_pipe(ends), 0);
    s.stdio[0] = s.stdio[0] ? s.stdio[0] : -1;
    s.stdio[1] = ends[1];
    s.stdio[2] = -1;
    CHECK_INT(host_spawn(&s, &c, &err), 0);
    close(ends[1]);
    size_t used = 0;
    for (ssize_t n; (n = read(ends[0], out + used, size - 1 - used)) > 0;)
        used += (size_t)n;
    out[used] = 0;
    close(ends[0]);
    if (err.code == 0)
        e = end_of(&c);
    else
        printf("# %s\n", err.text);
    return e;
}

static struct host_child start(struct host_spawn s)
{
    struct host_child c = {0};
    struct err err = {0};
    s.stdio[0] = s.stdio[1] = s.stdio[2] = -1;
    CHECK_INT(host_spawn(&s, &c, &err), 0);
    if (err.code)
        printf("# %s\n", err.text);
    return c;
}

static int fails(struct host_spawn s, struct err *err)
{
    struct host_child c = {.pid = 12345};
    s.stdio[0] = s.stdio[1] = s.stdio[2] = -1;
    int r = host_spawn(&s, &c, err);
    CHECK(r < 0);
    CHECK_INT(c.pid, 12345); /* a failed call leaves the result untouched */
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1); /* and nobody behind */
    return r;
}

static void arguments_arrive_as_they_are(void)
{
    char out[256];
    struct host_exit e = run((struct host_spawn){.argv = ARGV("printf", "[%s]", "a b", "$HOME",
                                                              "*", "", "; exit 9")},
                             out, sizeof(out));
    CHECK_INT(e.code, 0);
    CHECK_STR(out, "[a b][$HOME][*][][; exit 9]");
}

static void the_exit_status_and_the_signal_are_told_apart(void)
{
    char out[8];
    struct host_exit e = run((struct host_spawn){.argv = ARGV("sh", "-c", "exit 7")}, out, 8);
    CHECK(!e.signaled);
    CHECK_INT(e.code, 7);
    e = run((struct host_spawn){.argv = ARGV("sh", "-c", "kill -USR1 $$")}, out, 8);
    CHECK(e.signaled);
    CHECK_INT(e.code, SIGUSR1);
}

static void what_it_used_is_told(void)
{
    char out[8];
    struct host_exit e = run(
        (struct host_spawn){
            .argv = ARGV("sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")},
        out, 8);
    CHECK(e.user_us + e.system_us > 0);
    CHECK(e.rss_max_bytes > 100 * 1024);
}

static void a_missing_program_is_not_found(void)
{
    struct err err = {0};
    int r = fails((struct host_spawn){.argv = ARGV("firebreak-no-such-program")}, &err);
    CHECK_INT(r, -ENOENT);
    CHECK_INT(host_spawn_blame(r), HOST_BLAME_NOT_FOUND);
    CHECK(strstr(err.text, "firebreak-no-such-program"));
    r = fails((struct host_spawn){.argv = ARGV("/no/such/folder/x")}, &err);
    CHECK_INT(r, -ENOENT);
    r = fails((struct host_spawn){.argv = ARGV("")}, &err);
    CHECK_INT(r, -ENOENT);
}

static void a_file_without_the_right_is_not_executable(void)
{
    struct err err = {0};
    const char *path = in_folder("plain");
    write_file(path, "#!/bin/sh\n", 0644);
    int r = fails((struct host_spawn){.argv = ARGV(path)}, &err);
    CHECK_INT(r, -EACCES);
    CHECK_INT(host_spawn_blame(r), HOST_BLAME_NOT_EXECUTABLE);
    r = fails((struct host_spawn){.argv = ARGV(folder)}, &err);
    CHECK_INT(r, -EACCES);
}

static void text_without_an_interpreter_never_reaches_a_shell(void)
{
    struct err err = {0};
    char env[96];
    snprintf(env, sizeof(env), "PATH=%s", folder);
    write_file(in_folder("text"), "touch /tmp/firebreak-was-here\n", 0755);
    int r = fails((struct host_spawn){.argv = ARGV("text"), .env = ARGV(env)}, &err);
    CHECK_INT(r, -ENOEXEC);
    CHECK_INT(host_spawn_blame(r), HOST_BLAME_NOT_EXECUTABLE);
}

static void a_missing_interpreter_is_said_to_be_missing(void)
{
    struct err err = {0};
    char env[96];
    if (skip_on_valgrind())
        return;
    snprintf(env, sizeof(env), "PATH=%s", folder);
    write_file(in_folder("lost"), "#!/no/such/interpreter\n", 0755);
    int r = fails((struct host_spawn){.argv = ARGV("lost"), .env = ARGV(env)}, &err);
    CHECK_INT(r, -ENOEXEC);
    CHECK(strstr(err.text, "interpreter"));
}

static void the_path_searched_is_the_childs(void)
{
    char out[64], env[160];
    snprintf(env, sizeof(env), "PATH=/no/such:%s", folder);
    write_file(in_folder("own-name"), "#!/bin/sh\necho \"$0 $ONE\"\n", 0755);
    struct host_exit e = run(
        (struct host_spawn){.argv = ARGV("own-name"), .env = ARGV(env, "ONE=1")}, out, sizeof(out));
    CHECK_INT(e.code, 0);
    CHECK(strstr(out, "/own-name 1\n"));
}

static void the_environment_is_only_what_is_given(void)
{
    char out[256];
    setenv("FIREBREAK_TEST_LEAK", "1", 1);
    run((struct host_spawn){.argv = ARGV("/usr/bin/env"), .env = ARGV("A=b c", "D=")}, out, 256);
    CHECK_STR(out, "A=b c\nD=\n");
    run((struct host_spawn){.argv = ARGV("printenv", "FIREBREAK_TEST_LEAK")}, out, 256);
    CHECK_STR(out, "1\n");
    unsetenv("FIREBREAK_TEST_LEAK");
}

static void it_starts_in_its_folder(void)
{
    char out[128], want[80];
    snprintf(want, sizeof(want), "%s\n", folder);
    run((struct host_spawn){.argv = ARGV("pwd"), .dir = folder}, out, sizeof(out));
    CHECK_STR(out, want);
    struct err err = {0};
    int r = fails((struct host_spawn){.argv = ARGV("pwd"), .dir = "/no/such"}, &err);
    CHECK_INT(r, -ENOTDIR);
    CHECK_INT(host_spawn_blame(r), HOST_BLAME_COMMAND);
    CHECK(strstr(err.text, "/no/such"));
}

static const char holds_no_other[] =
    "for i in 0 1 2; do [ -e /proc/$$/fd/$i ] || exit 8; done; "
    "for i in 3 4 5 6 7 8 9 10 11 12 13 40 900; do [ ! -e /proc/$$/fd/$i ] || exit 9; done";

static void it_gets_three_descriptors_and_no_other(void)
{
    char out[8];
    int leak = fcntl(0, F_DUPFD, 40), far = fcntl(0, F_DUPFD, 900); /* without close-on-exec */
    struct host_exit e = run((struct host_spawn){.argv = ARGV("sh", "-c", holds_no_other)}, out, 8);
    CHECK_INT(e.code, 0);
    close(leak);
    close(far);
}

/* Answers ENOSYS to what Linux 4.19 does not have. Returns 0 or -1. */
static int become_an_old_kernel(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {ARRAY_LEN(code), code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        return -1;
    return syscall(SYS_close_range, 500, 500, 0) < 0 && errno == ENOSYS ? 0 : -1;
}

static void an_old_kernel_does_as_well(void)
{
    enum { DID_NOT_START = 3, NO_FILTER = 4 };
    fflush(stdout);
    pid_t old = fork();
    if (old == 0) {
        struct host_child c;
        struct host_exit e = {.code = -1};
        struct host_spawn s = {.argv = ARGV("sh", "-c", holds_no_other),
                               .stdio = {-1, -1, -1},
                               .without_pidfd = true};
        if (become_an_old_kernel() < 0)
            _exit(NO_FILTER);
        for (int fd = 40; fd < 200; fd++)
            fcntl(0, F_DUPFD, fd); /* more than one reading of the folder */
        fcntl(0, F_DUPFD, 900);
        if (host_spawn(&s, &c, NULL) < 0 || host_child_wait(&c, PATIENCE_MS, &e) < 0)
            _exit(DID_NOT_START);
        _exit(e.signaled ? DID_NOT_START : e.code);
    }
    int status = 0;
    waitpid(old, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTER)
        TAP_SKIP("no seccomp filter may be set here");
    else
        CHECK_INT(status, 0);
}

static void descriptors_may_be_given_crosswise(void)
{
    int a[2], b[2], saved[2] = {dup(0), dup(1)};
    char from_one[8] = "", from_two[8] = "";
    struct host_child c;
    CHECK_INT(host_pipe(a), 0);
    CHECK_INT(host_pipe(b), 0);
    fflush(stdout);
    dup2(a[1], 0); /* the child's 2 is our 0, its 1 is our 1 and its 0 none */
    dup2(b[1], 1);
    struct host_spawn s = {.argv = ARGV("sh", "-c", "echo one; echo two >&2"), .stdio = {-1, 1, 0}};
    int r = host_spawn(&s, &c, NULL);
    dup2(saved[0], 0);
    dup2(saved[1], 1);
    CHECK_INT(r, 0);
    CHECK_INT(end_of(&c).code, 0);
    CHECK_INT(read(b[0], from_one, 7), 4);
    CHECK_INT(read(a[0], from_two, 7), 4);
    CHECK_STR(from_one, "one\n");
    CHECK_STR(from_two, "two\n");
    for (int i = 0; i < 2; i++) {
        close(a[i]);
        close(b[i]);
        close(saved[i]);
    }
}

static void its_signals_are_the_defaults(void)
{
    char out[256];
    sigset_t some, before;
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    sigprocmask(SIG_BLOCK, &some, &before);
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    run((struct host_spawn){.argv = ARGV("grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status")}, out,
        sizeof(out));
    CHECK_STR(out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    signal(SIGPIPE, old);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void it_leads_a_group_or_a_session(void)
{
    struct host_child c = start((struct host_spawn){.argv = ARGV("sleep", "60")});
    CHECK_INT(getpgid(c.pid), c.pid);
    CHECK_INT(getsid(c.pid), getsid(0));
    struct host_exit e;
    host_child_stop(&c, 0, &e);
    c = start((struct host_spawn){.argv = ARGV("sleep", "60"), .group = HOST_GROUP_SESSION});
    CHECK_INT(getsid(c.pid), c.pid);
    host_child_stop(&c, 0, &e);
    c = start((struct host_spawn){.argv = ARGV("sleep", "60"), .group = HOST_GROUP_OURS});
    CHECK_INT(getpgid(c.pid), getpgid(0));
    host_child_stop(&c, 0, &e); /* and we live on */
    CHECK(e.signaled);
}

/* Reads the end of a pipe that the whole group held open. */
static bool all_gone(int fd)
{
    char c;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (poll(&p, 1, PATIENCE_MS) > 0)
        if (read(fd, &c, 1) <= 0)
            return true;
    return false;
}

static void stopping_ends_grandchildren_that_ignore_it(void)
{
    int ends[2];
    char ready[8];
    struct host_child c;
    struct host_exit e;
    CHECK_INT(host_pipe(ends), 0);
    struct host_spawn s = {.stdio = {-1, ends[1], -1},
                           .argv = ARGV("sh", "-c",
                                        "(trap '' TERM; echo r; sleep 60; sleep 60) & wait")};
    CHECK_INT(host_spawn(&s, &c, NULL), 0);
    close(ends[1]);
    CHECK_INT(read(ends[0], ready, sizeof(ready)), 2);
    host_child_stop(&c, 50, &e);
    CHECK(e.signaled);
    CHECK_INT(e.code, SIGTERM); /* the child itself went by the first word */
    CHECK(all_gone(ends[0]));
    close(ends[0]);
}

static void one_that_heeds_the_first_word_may_clean_up(void)
{
    int ends[2];
    char text[16] = "";
    struct host_child c;
    struct host_exit e;
    CHECK_INT(host_pipe(ends), 0);
    struct host_spawn s = {.stdio = {-1, ends[1], -1},
                           .argv = ARGV("sh", "-c", "trap 'echo bye; exit 3' TERM; echo r;"
                                                    "while :; do sleep 0.02; done")};
    CHECK_INT(host_spawn(&s, &c, NULL), 0);
    close(ends[1]);
    CHECK_INT(read(ends[0], text, 2), 2);
    host_child_stop(&c, PATIENCE_MS, &e);
    CHECK(!e.signaled);
    CHECK_INT(e.code, 3);
    CHECK_INT(read(ends[0], text, 4), 4);
    CHECK(memcmp(text, "bye\n", 4) == 0);
    close(ends[0]);
}

static void limits_hold_in_the_child_only(void)
{
    char out[64];
    struct rlimit before, after;
    if (skip_on_valgrind())
        return;
    getrlimit(RLIMIT_NOFILE, &before);
    const struct host_limit limits[] = {{HOST_RESOURCE_DESCRIPTORS, 33, 44},
                                        {HOST_RESOURCE_CORE_BYTES, 0, 0}};
    run((struct host_spawn){.argv = ARGV("sh", "-c", "ulimit -Sn; ulimit -Hn; ulimit -c"),
                            .limits = limits,
                            .limits_count = 2},
        out, sizeof(out));
    CHECK_STR(out, "33\n44\n0\n");
    getrlimit(RLIMIT_NOFILE, &after);
    CHECK(before.rlim_cur == after.rlim_cur && before.rlim_max == after.rlim_max);
    const struct host_limit bad = {HOST_RESOURCE_CPU_S, 2, 1};
    struct err err = {0};
    CHECK_INT(fails((struct host_spawn){.argv = ARGV("true"), .limits = &bad, .limits_count = 1},
                    &err),
              -EINVAL);
}

static void a_child_does_not_inherit_our_raised_descriptors(void)
{
    char out[64];
    struct rlimit before;
    if (skip_on_valgrind())
        return;
    getrlimit(RLIMIT_NOFILE, &before);
    if (before.rlim_max <= HOST_CHILD_DESCRIPTORS) {
        TAP_SKIP("the hard limit of descriptors is low");
        return;
    }
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){before.rlim_max, before.rlim_max});
    run((struct host_spawn){.argv = ARGV("sh", "-c", "ulimit -Sn")}, out, sizeof(out));
    CHECK_STR(out, "1024\n");
    setrlimit(RLIMIT_NOFILE, &before);
}

static void waiting_gives_up_at_its_time(void)
{
    for (int old = 0; old < 2; old++) {
        struct host_child c =
            start((struct host_spawn){.argv = ARGV("sleep", "60"), .without_pidfd = old});
        struct host_exit e = {.code = 77};
        CHECK_INT(host_child_reap(&c, &e), 0);
        CHECK_INT(host_child_wait(&c, 20, &e), -ETIMEDOUT);
        CHECK_INT(e.code, 77);
        host_child_kill(&c);
        CHECK_INT(end_of(&c).code, SIGKILL);
        CHECK_INT(c.pidfd, -1);
    }
}

static void without_a_pidfd_the_end_is_seen_too(void)
{
    struct host_child c = start(
        (struct host_spawn){.argv = ARGV("sh", "-c", "sleep 0.05; exit 5"), .without_pidfd = true});
    CHECK_INT(c.pidfd, -1);
    CHECK_INT(end_of(&c).code, 5);
}

static void it_ends_with_the_process_that_started_it(void)
{
    int ends[2];
    CHECK_INT(host_pipe(ends), 0);
    fflush(stdout);
    pid_t middle = fork();
    if (middle == 0) {
        struct host_child c;
        struct host_spawn s = {.argv = ARGV("sh", "-c", "echo r; exec sleep 60"),
                               .stdio = {-1, ends[1], -1},
                               .ends_with_us = true};
        if (host_spawn(&s, &c, NULL) == 0)
            raise(SIGKILL);
        _exit(1);
    }
    close(ends[1]);
    int status = 0;
    waitpid(middle, &status, 0);
    CHECK(WIFSIGNALED(status));
    CHECK(all_gone(ends[0]));
    close(ends[0]);
}

static int descriptors_open(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void every_kernel_call_that_fails_leaves_nothing(void)
{
    int64_t live = mem_usage_of(MEM_HOST).live;
    int open_before = descriptors_open(), failures = 0;
    for (uint64_t n = 1; n < 8; n++) {
        struct host_child c = {0};
        struct host_spawn s = {.argv = ARGV("true"), .stdio = {-1, -1, -1}};
        fault_arm(FAULT_SYSCALL, n);
        int r = host_spawn(&s, &c, NULL);
        fault_arm(FAULT_SYSCALL, 0);
        if (r < 0) {
            failures++;
            CHECK_INT(host_spawn_blame(r), HOST_BLAME_OURS);
        } else {
            CHECK_INT(end_of(&c).code, 0);
        }
    }
    CHECK_INT(failures, 2); /* the pipe of its report, and its start */
    CHECK_INT(mem_usage_of(MEM_HOST).live, live);
    CHECK_INT(descriptors_open(), open_before);
}

static void our_own_want_of_descriptors_is_named_as_ours(void)
{
    struct rlimit before;
    struct host_child c;
    struct err err = {0};
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){8, before.rlim_max}); /* fewer than the child moves */
    struct host_spawn s = {.argv = ARGV("true"), .stdio = {-1, -1, -1}};
    int r = host_spawn(&s, &c, &err);
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK_INT(r, -EMFILE);
    CHECK_INT(host_spawn_blame(r), HOST_BLAME_OURS);
    CHECK(strstr(err.text, "true"));
}

/* ---- as a task ---- */

static void a_task_waits_for_it_with_a_deadline(void *arg)
{
    (void)arg;
    struct rt_sock *end;
    struct host_exit e;
    struct host_child c = start((struct host_spawn){.argv = ARGV("sleep", "60")});
    if (c.pidfd < 0) {
        TAP_SKIP("this kernel has no pidfd");
        host_child_stop(&c, 0, &e);
        return;
    }
    CHECK_INT(rt_borrow(c.pidfd, &end), 0);
    CHECK_INT(rt_wait_readable(end, rt_now() + 20 * RT_MS), -ETIMEDOUT);
    CHECK_INT(host_child_signal(&c, SIGTERM), 0);
    CHECK_INT(rt_wait_readable(end, rt_now() + PATIENCE_MS * RT_MS), 0);
    rt_close(end);
    CHECK_INT(host_child_reap(&c, &e), 1);
    CHECK_INT(e.code, SIGTERM);
}

static void a_task_waits(void)
{
    CHECK_INT(rt_run(NULL, a_task_waits_for_it_with_a_deadline, NULL), 0);
}

int main(void)
{
    snprintf(folder, sizeof(folder), "/tmp/firebreak-spawn-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    TAP_RUN(arguments_arrive_as_they_are);
    TAP_RUN(the_exit_status_and_the_signal_are_told_apart);
    TAP_RUN(what_it_used_is_told);
    TAP_RUN(a_missing_program_is_not_found);
    TAP_RUN(a_file_without_the_right_is_not_executable);
    TAP_RUN(text_without_an_interpreter_never_reaches_a_shell);
    TAP_RUN(a_missing_interpreter_is_said_to_be_missing);
    TAP_RUN(the_path_searched_is_the_childs);
    TAP_RUN(the_environment_is_only_what_is_given);
    TAP_RUN(it_starts_in_its_folder);
    TAP_RUN(it_gets_three_descriptors_and_no_other);
    TAP_RUN(an_old_kernel_does_as_well);
    TAP_RUN(descriptors_may_be_given_crosswise);
    TAP_RUN(its_signals_are_the_defaults);
    TAP_RUN(it_leads_a_group_or_a_session);
    TAP_RUN(stopping_ends_grandchildren_that_ignore_it);
    TAP_RUN(one_that_heeds_the_first_word_may_clean_up);
    TAP_RUN(limits_hold_in_the_child_only);
    TAP_RUN(a_child_does_not_inherit_our_raised_descriptors);
    TAP_RUN(waiting_gives_up_at_its_time);
    TAP_RUN(without_a_pidfd_the_end_is_seen_too);
    TAP_RUN(it_ends_with_the_process_that_started_it);
    TAP_RUN(every_kernel_call_that_fails_leaves_nothing);
    TAP_RUN(our_own_want_of_descriptors_is_named_as_ours);
    TAP_RUN(a_task_waits);
    for (size_t i = 0; i < 4; i++)
        unlink(in_folder(((const char *[]){"plain", "text", "lost", "own-name"})[i]));
    rmdir(folder);
    return tap_done();
}
