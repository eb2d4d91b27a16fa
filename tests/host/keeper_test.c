#include "host/keeper.h"

#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/descendants.h"
#include "host/pipe.h"
#include "host/warden.h"

enum { PATIENCE_MS = 20000 };

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct host_keeper keeper;

/* ---- an order as bytes ---- */

static void an_order_comes_back_as_it_was_written(void)
{
    const gid_t groups[] = {7, 8, 9};
    const struct host_identity identity = {5, 7, groups, 3};
    const struct host_order o = {.argv = TEXTS("a", "", "b c"),
                                 .env = TEXTS("X=1"),
                                 .dir = "/d",
                                 .scratch = "/s",
                                 .identity = &identity,
                                 .memory_bytes = 1,
                                 .processes = 2,
                                 .cpu_s = 3,
                                 .timeout_ms = 4,
                                 .kill_after_ms = 5,
                                 .leaves_processes = true};
    struct buf b = BUF(MEM_TEST, 0);
    struct host_order back = {0};
    struct order_lists *lists = NULL;
    CHECK_INT(host_order_write(&o, &b), 0);
    CHECK_INT(order_parse(b.data, b.size, &back, &lists), 0);
    CHECK_STR(back.argv[0], "a");
    CHECK_STR(back.argv[1], "");
    CHECK_STR(back.argv[2], "b c");
    CHECK(!back.argv[3]);
    CHECK_STR(back.env[0], "X=1");
    CHECK(!back.env[1]);
    CHECK_STR(back.dir, "/d");
    CHECK_STR(back.scratch, "/s");
    CHECK(back.identity && back.identity->uid == 5 && back.identity->gid == 7);
    CHECK(back.identity && back.identity->group_count == 3 && back.identity->groups[2] == 9);
    CHECK(back.memory_bytes == 1 && back.processes == 2 && back.cpu_s == 3);
    CHECK(back.timeout_ms == 4 && back.kill_after_ms == 5 && back.leaves_processes);
    mem_free(MEM_HOST, lists);
    for (size_t size = 0; size < b.size; size++) { /* cut off anywhere, it is none */
        char *cut = malloc(size + 1);
        memcpy(cut, b.data, size);
        if (size >= 4)
            memcpy(cut, &(uint32_t){(uint32_t)size}, 4);
        CHECK_INT(order_parse(cut, size, &back, &lists), -EBADMSG);
        free(cut);
    }
    buf_done(&b);
}

/* ---- a warden, without a runtime ---- */

static int ask(struct host_order o, int out, struct host_report *ret)
{
    struct err err = {0};
    struct buf order = BUF(MEM_TEST, 0);
    int null = host_open_null(), stream = -1;
    CHECK_INT(
        host_keeper_ask(&keeper, (const int[]){null, out >= 0 ? out : null, null}, &stream, &err),
        0);
    close(null);
    CHECK_INT(host_order_write(&o, &order), 0);
    CHECK_INT(write(stream, order.data, order.size), order.size);
    CHECK_INT(recv(stream, ret, sizeof(*ret), MSG_WAITALL), sizeof(*ret));
    buf_done(&order);
    return stream;
}

static void it_reports_the_beginning_and_the_end(void)
{
    struct host_report r = {0};
    int stream = ask(
        (struct host_order){.argv = TEXTS("/bin/sh", "-c", "exit 9"), .env = TEXTS("A=1")}, -1, &r);
    CHECK_INT(r.kind, HOST_REPORT_STARTED);
    CHECK(r.pid > 0);
    CHECK_INT(recv(stream, &r, sizeof(r), MSG_WAITALL), sizeof(r));
    CHECK_INT(r.kind, HOST_REPORT_ENDED);
    CHECK_INT(r.exit.code, 9);
    CHECK_INT(read(stream, &r, 1), 0); /* and no more */
    close(stream);
    stream =
        ask((struct host_order){.argv = TEXTS("/no/such/program"), .env = TEXTS("A=1")}, -1, &r);
    CHECK_INT(r.kind, HOST_REPORT_FAILED);
    CHECK_INT(r.code, -ENOENT);
    CHECK(strstr(r.text, "/no/such/program"));
    close(stream);
}

/* The pipe's end comes when the last that holds it is gone. */
static bool all_gone(int fd)
{
    char c[64];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (poll(&p, 1, PATIENCE_MS) > 0)
        if (read(fd, c, sizeof(c)) <= 0)
            return true;
    return false;
}

static void our_end_is_the_end_of_all(void)
{
    struct host_report r = {0};
    int ends[2];
    char said[4];
    CHECK_INT(host_pipe(ends), 0);
    int stream = ask((struct host_order){.argv = TEXTS("/bin/sh", "-c",
                                                       "trap '' TERM HUP; (setsid sh -c 'echo r; "
                                                       "sleep 120' &) & sleep 120"),
                                         .env = TEXTS("PATH=/usr/bin:/bin"),
                                         .kill_after_ms = 120 * 1000},
                     ends[1], &r);
    close(ends[1]);
    CHECK_INT(read(ends[0], said, sizeof(said)), 2);
    close(stream); /* as when we are killed */
    CHECK(all_gone(ends[0]));
    close(ends[0]);
}

static void a_request_that_nobody_follows_up_is_forgotten(void)
{
    struct err err = {0};
    int ends[2], stream, null = host_open_null();
    CHECK_INT(host_pipe(ends), 0);
    CHECK_INT(host_keeper_ask(&keeper, (const int[]){null, ends[1], null}, &stream, &err), 0);
    close(ends[1]);
    CHECK_INT(write(stream, "\100\0\0\0half", 8), 8);
    close(stream);
    CHECK(all_gone(ends[0]));
    close(ends[0]);
    close(null);
}

static void a_keeper_that_is_gone_is_told(void)
{
    struct host_keeper k;
    struct err err = {0};
    int stream = 77, null = host_open_null();
    CHECK_INT(host_keeper_start(&k, &err), 0);
    kill(k.pid, SIGTERM); /* is not for it */
    CHECK_INT(host_keeper_ask(&k, (const int[]){null, null, null}, &stream, &err), 0);
    close(stream);
    stream = 77;
    kill(k.pid, SIGKILL);
    waitid(P_PID, (id_t)k.pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
    CHECK_INT(host_keeper_ask(&k, (const int[]){null, null, null}, &stream, &err), -EPIPE);
    CHECK(strstr(err.text, "keeper"));
    CHECK_INT(stream, 77);
    host_keeper_stop(&k);
    host_keeper_stop(&k); /* twice is once */
    close(null);
}

/* ---- the tree ---- */

static void the_whole_tree_is_reached(void)
{
    int ends[2];
    char said[8];
    CHECK_INT(host_pipe(ends), 0);
    fflush(stdout);
    pid_t root = fork(); /* a subreaper of its own, as a warden is */
    if (root == 0) {
        struct host_child c;
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        struct host_spawn s = {
            .argv = TEXTS("sh", "-c",
                          "(setsid sh -c 'trap \"\" TERM; echo a; sleep 120; :' &) & "
                          "setsid sh -c 'sh -c \"echo b; sleep 120; :\"; :'"),
            .stdio = {-1, ends[1], -1}};
        if (host_spawn(&s, &c, NULL) < 0)
            _exit(1);
        close(ends[1]);
        for (int got = 0; got < 4;) { /* both have spoken */
            ssize_t n = read(ends[0], said, sizeof(said));
            if (n <= 0)
                _exit(2);
            got += (int)n;
        }
        if (host_signal_descendants(c.pid, 0) < 4)
            _exit(3);
        for (pid_t pid = 0; pid >= 0;) {
            host_signal_descendants(c.pid, SIGKILL);
            while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
                ;
        }
        _exit(0);
    }
    close(ends[1]);
    int status = -1;
    waitpid(root, &status, 0);
    CHECK_INT(status, 0);
    CHECK(all_gone(ends[0]));
    close(ends[0]);
}

int main(void)
{
    struct err err = {0};
    if (host_keeper_start(&keeper, &err) < 0)
        return 1;
    TAP_RUN(an_order_comes_back_as_it_was_written);
    TAP_RUN(it_reports_the_beginning_and_the_end);
    TAP_RUN(our_end_is_the_end_of_all);
    TAP_RUN(a_request_that_nobody_follows_up_is_forgotten);
    TAP_RUN(a_keeper_that_is_gone_is_told);
    TAP_RUN(the_whole_tree_is_reached);
    host_keeper_stop(&keeper);
    return tap_done();
}
