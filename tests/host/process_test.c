#include "host/process.h"

#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

enum { LONG_MS = 20000 };

static char folder[64], path[160];

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

/* A name that no other process on this host has, also not one of this test run elsewhere. */
static const char *own(const char *name)
{
    static char text[8][64];
    static int at;
    at = (at + 1) % 8;
    snprintf(text[at], sizeof(text[at]), "%s%d", name, getpid() % 100000);
    return text[at];
}

static void write_file(const char *at, const char *text)
{
    int fd = open(at, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* A process of that name: a link to sleep. */
static pid_t begin(const char *name)
{
    in_folder(name);
    (void)!symlink("/bin/sleep", path);
    pid_t pid = fork();
    if (pid == 0) {
        execl(path, path, "600", (char *)NULL);
        _exit(127);
    }
    /* Until it is the program: before, it is called as we are. */
    for (int i = 0; i < LONG_MS && !host_process_matches(&(struct host_process_query){.name = name},
                                                         pid); i++)
        usleep(1000);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static int find(const char *name, struct host_process *p)
{
    struct err err = {0};
    return host_process_find(&(struct host_process_query){.name = name}, p, &err);
}

static void a_process_is_read_whatever_its_name(void)
{
    struct host_process p = {0};
    CHECK_INT(host_parse_process(SLICE("71 (a) S (b) R 9 1 1 0 -1 4 5 6 7 8 11 22 13 14 15 16 17 "
                                       "18 4711 1000 99\n"), &p), 0);
    CHECK_INT(p.pid, 71);
    CHECK_STR(p.comm, "a) S (b");
    CHECK_INT(p.state, 'R');
    CHECK_INT(p.parent, 9);
    CHECK_INT(p.started, 4711);
    CHECK_INT(host_parse_process(SLICE("71 (kworker/u8:2-events_unbound) I 2 0 0 0 -1 0 0 0 0 0 0 "
                                       "0 0 0 20 0 1 0 77 0 0\n"), &p), 0);
    CHECK_STR(p.comm, "kworker/u8:2-ev");
    static const char *const broken[] = {"", "71", "71 (a", "71 (a)", "71 (a) S", "(a) S 1 2",
                                         "0 (a) S 1 1 1 0 -1 4 5 6 7 8 1 2 3 4 5 6 7 8 9 1 1",
                                         "x (a) S 1 1 1 0 -1 4 5 6 7 8 1 2 3 4 5 6 7 8 9 1 1"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        CHECK_INT(host_parse_process(slice_from(broken[i]), &p), -EINVAL);
    CHECK_INT(p.pid, 71); /* untouched by what failed */
}

#define COMMAND(lit) ((struct slice){"" lit, sizeof(lit)})

static void a_name_is_what_ps_shows(void)
{
    struct slice none = {NULL, 0};
    CHECK(host_process_is_called("nginx", "nginx", "", none));
    CHECK(!host_process_is_called("ngin", "nginx", "", none));
    CHECK(!host_process_is_called("nginx", "nginx-debug", "/usr/sbin/nginx-debug", none));
    CHECK(host_process_is_called("node", "MainThread", "/usr/bin/node", none)); /* renamed itself */
    CHECK(host_process_is_called("nginx", "x", "/usr/sbin/nginx (deleted)", none)); /* upgraded */
    /* The kernel's name is cut at 15: it alone proves nothing of a longer one. */
    CHECK(!host_process_is_called("prometheus-node-exporter", "prometheus-node", "", none));
    CHECK(host_process_is_called("prometheus-node-exporter", "prometheus-node",
                                 "/usr/bin/prometheus-node-exporter", none));
    CHECK(host_process_is_called("backup.py", "python3", "/usr/bin/python3.11",
                                 COMMAND("python3\0-u\0/opt/backup.py\0--all")));
    CHECK(host_process_is_called("serve", "sh", "/bin/dash", COMMAND("/bin/sh\0./serve")));
    /* Who only handles a file is not it. */
    CHECK(!host_process_is_called("backup.py", "vim", "/usr/bin/vim", COMMAND("vim\0backup.py")));
    CHECK(!host_process_is_called("x", "sh", "/bin/dash", COMMAND("sh\0-c\0x")));
}

static bool whole(const char *comm, const char *exe, struct slice command, const char *want)
{
    struct slice name = host_process_whole_name(comm, exe, command);
    if (slice_eq_cstr(name, want))
        return true;
    printf("# it is called '%.*s', wanted '%s'\n", SLICE_ARG(name), want);
    return false;
}

static void a_name_that_was_cut_is_made_whole(void)
{
    struct slice none = {NULL, 0};
    CHECK(whole("nginx", "/usr/sbin/nginx-debug", COMMAND("nginx-debug"), "nginx"));
    CHECK(whole("prometheus-node", "/usr/bin/prometheus-node-exporter (deleted)", none,
                "prometheus-node-exporter"));
    /* A link to a program that has many names. */
    CHECK(whole("billing-service", "/usr/bin/multi", COMMAND("/opt/billing-service-eu\0-v"),
                "billing-service-eu"));
    CHECK(whole("billing-service", "/usr/bin/python3.11",
                COMMAND("python3\0-u\0/opt/billing-service-us.py"), "billing-service-us.py"));
    /* Fifteen bytes may be all there are; and who named itself so is called so. */
    CHECK(whole("fifteen-bytes-x", "/usr/bin/fifteen-bytes-x", none, "fifteen-bytes-x"));
    CHECK(whole("named-by-itself", "/usr/bin/java", COMMAND("java\0-jar\0x.jar"),
                "named-by-itself"));
    CHECK(whole("of-the-kernel/1", NULL, none, "of-the-kernel/1"));
}

static void a_number_in_a_file(void)
{
    pid_t pid = 5;
    CHECK_INT(host_parse_pid(SLICE("1234\n"), &pid), 0);
    CHECK_INT(pid, 1234);
    CHECK_INT(host_parse_pid(SLICE(" 77 \n/var/lib/postgresql\n5432\n"), &pid), 0);
    CHECK_INT(pid, 77);
    CHECK_INT(host_parse_pid(SLICE(""), &pid), -EINVAL);
    CHECK_INT(host_parse_pid(SLICE("0\n"), &pid), -EINVAL);
    CHECK_INT(host_parse_pid(SLICE("-1\n"), &pid), -EINVAL);
    CHECK_INT(host_parse_pid(SLICE("99999999999\n"), &pid), -EINVAL);
    CHECK_INT(pid, 77);
}

static void of_several_the_oldest_while_one_runs_it_is_there(void)
{
    struct host_process p = {0};
    CHECK_INT(find(own("fb-seve"), &p), -ESRCH);
    pid_t first = begin(own("fb-seve"));
    usleep(30 * 1000); /* another tick of the kernel's */
    pid_t second = begin(own("fb-seve"));
    CHECK_INT(find(own("fb-seve"), &p), 0);
    CHECK_INT(p.pid, first);
    CHECK_INT(p.same, 2);
    CHECK_INT(p.parent, getpid());
    end(first);
    CHECK_INT(find(own("fb-seve"), &p), 0);
    CHECK_INT(p.pid, second);
    CHECK_INT(p.same, 1);
    end(second);
    CHECK_INT(find(own("fb-seve"), &p), -ESRCH);
}

/* Three of that name below each other, of which the second begins the third through a shell of
 * another name. Returns the first, once all are there. */
static pid_t begin_tree(const char *name)
{
    static const char body[] = "#!/bin/sh\n"
                               "case $1 in\n"
                               "0) \"$0\" 1 ;;\n"
                               "1) sh -c '\"$0\" 2; :' \"$0\" ;;\n"
                               "2) sleep 600 & : > \"$0.there\"; wait ;;\n"
                               "esac\n:\n";
    struct host_process p = {0};
    write_file(in_folder(name), body);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        execl(path, path, "0", (char *)NULL);
        _exit(127);
    }
    char there[sizeof(path) + 8];
    snprintf(there, sizeof(there), "%s.there", path);
    for (int i = 0; i < LONG_MS && access(there, F_OK) < 0; i++)
        usleep(1000);
    /* (Who is about to be another program has the name as well.) */
    for (int i = 0; i < LONG_MS && !(find(name, &p) == 0 && p.same == 3); i++)
        usleep(1000);
    CHECK_INT(p.same, 3);
    unlink(there);
    unlink(in_folder(name)); /* begin() makes a link there */
    return pid;
}

static void who_was_begun_by_one_of_the_name_is_no_top(void)
{
    enum { MAX = 2 };
    struct host_process tops[MAX + 1] = {0};
    struct err err = {0};
    const struct host_process_query q = {.name = own("fb-tops")}, none = {.name = own("fb-none")};
    CHECK_INT(host_process_tops(&none, tops, MAX, &err), -ESRCH);
    CHECK_INT(err.code, -ESRCH);

    pid_t first = begin_tree(own("fb-tops"));
    CHECK_INT(host_process_tops(&q, tops, MAX, &err), 1);
    CHECK_INT(tops[0].pid, first);
    usleep(30 * 1000); /* another tick of the kernel's */
    pid_t second = begin(own("fb-tops"));
    usleep(30 * 1000);
    pid_t third = begin(own("fb-tops"));
    CHECK_INT(host_process_tops(&q, tops, MAX, &err), 3);
    CHECK_INT(tops[0].pid, first);
    CHECK_INT(tops[1].pid, second);
    CHECK_INT(tops[2].pid, 0); /* no more than was asked for */

    kill(first, SIGKILL); /* alone: who is left is its own top now */
    waitpid(first, NULL, 0);
    CHECK_INT(host_process_tops(&q, tops, MAX + 1, &err), 3);
    CHECK(tops[0].pid != second && tops[0].group == first);
    CHECK_INT(tops[2].pid, third);
    kill(-first, SIGKILL);
    end(second);
    end(third);
}

static void a_name_longer_than_the_kernels(void)
{
    struct host_process p = {0};
    pid_t pid = begin(own("fb-quite-a-long-name-it-is"));
    CHECK_INT(find(own("fb-quite-a-long-name-it-is"), &p), 0);
    CHECK_INT(p.pid, pid);
    CHECK_INT(find(own("fb-quite-a-long-name-it-was"), &p), -ESRCH);
    char name[HOST_NAME_BYTES];
    host_process_name(&p, name);
    CHECK_STR(name, own("fb-quite-a-long-name-it-is"));
    end(pid);
}

static void remains_do_not_run(void)
{
    struct host_process p = {0};
    pid_t pid = begin(own("fb-rema"));
    CHECK_INT(find(own("fb-rema"), &p), 0);
    CHECK(host_process_runs(&p));
    kill(pid, SIGKILL);
    siginfo_t info;
    CHECK_INT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    CHECK_INT(find(own("fb-rema"), &p), -ESRCH);
    CHECK(!host_process_runs(&p));
    waitpid(pid, NULL, 0);
}

static int find_file(const char *at, struct host_process *p, struct err *err)
{
    *err = (struct err){0};
    return host_process_find(&(struct host_process_query){.pid_file = at}, p, err);
}

static void by_a_file_with_its_number(void)
{
    struct host_process p = {0};
    struct err err;
    char at[160], text[32];
    snprintf(at, sizeof(at), "%s", in_folder("x.pid"));
    CHECK_INT(find_file(at, &p, &err), -ESRCH);
    CHECK(strstr(err.text, "there is no ") != NULL);
    write_file(at, "soon\n");
    CHECK_INT(find_file(at, &p, &err), -ESRCH);
    CHECK(strstr(err.text, "holds no process number") != NULL);
    pid_t pid = begin(own("fb-by-f"));
    snprintf(text, sizeof(text), "%d\n", pid);
    write_file(at, text);
    CHECK_INT(find_file(at, &p, &err), 0);
    CHECK_INT(p.pid, pid);
    /* The file is of last year: its process has gone, and its number is another's. */
    struct timespec old[2] = {{1000000000, 0}, {1000000000, 0}};
    CHECK_INT(utimensat(AT_FDCWD, at, old, 0), 0);
    CHECK_INT(find_file(at, &p, &err), -ESRCH);
    CHECK(strstr(err.text, "is older than process") != NULL);
    CHECK_INT(utimensat(AT_FDCWD, at, NULL, 0), 0);
    CHECK_INT(find_file(at, &p, &err), 0);
    end(pid);
    CHECK_INT(find_file(at, &p, &err), -ESRCH);
    CHECK(strstr(err.text, "no such process runs") != NULL);
}

static void a_unit_where_there_is_no_systemd(void)
{
    struct host_process p;
    struct err err = {0};
    int r = host_process_find(&(struct host_process_query){.unit = "fb-no-such.service"}, &p, &err);
    bool systemd = access("/run/systemd/system", F_OK) == 0;
    CHECK_INT(r, systemd ? -ESRCH : -EOPNOTSUPP);
    CHECK(strstr(err.text, "fb-no-such.service") != NULL);
}

static void what_is_held_tells_its_end(void)
{
    struct host_process p = {0};
    pid_t pid = begin(own("fb-held"));
    CHECK_INT(find(own("fb-held"), &p), 0);
    int fd = host_process_hold(&p);
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    bool old = fd == -ENOSYS; /* a kernel without */
    CHECK(fd >= 0 || old);
    CHECK_INT(poll(&poll_fd, 1, 0), 0);
    CHECK_INT(host_process_signal(&p, fd, SIGTERM), 0);
    CHECK_INT(poll(&poll_fd, !old, LONG_MS * !old), !old);
    waitpid(pid, NULL, 0);
    CHECK_INT(host_process_signal(&p, fd, SIGTERM), -ESRCH);
    close(fd);
    CHECK_INT(host_process_hold(&p), old ? -ENOSYS : -ESRCH);
    p.pid = getpid(); /* lives, and is another one */
    CHECK_INT(host_process_hold(&p), old ? -ENOSYS : -ESRCH);
    CHECK_INT(host_process_signal(&p, -1, SIGTERM), -ESRCH);
}

/* ---- events ---- */

struct message {
    struct nlmsghdr head;
    struct {
        uint32_t idx, val, seq, ack;
        uint16_t len, flags;
    } connector;
    uint32_t what, cpu;
    uint64_t at;
    int32_t pid, tgid;
    char more[16];
} __attribute__((packed));

static struct message message(uint32_t what, int32_t tgid)
{
    return (struct message){
        .head = {.nlmsg_len = sizeof(struct message), .nlmsg_type = NLMSG_DONE},
        .connector = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC,
                      .len = sizeof(struct message) - sizeof(struct nlmsghdr) -
                             20 /* a connector head */},
        .what = what, .pid = tgid + 1, .tgid = tgid};
}

static void what_the_kernel_tells_is_read(void)
{
    struct message m[3] = {message(2, 100), message(1, 101), message(0x200, 102)};
    struct slice all = {(const char *)m, sizeof(m)};
    struct host_process_event e = {0};
    CHECK_INT(host_process_event_next(&all, &e), 1);
    CHECK(e.change == HOST_PROCESS_EXEC && e.pid == 100);
    CHECK_INT(host_process_event_next(&all, &e), 1);
    CHECK(e.change == HOST_PROCESS_OTHER);
    CHECK_INT(host_process_event_next(&all, &e), 1);
    CHECK(e.change == HOST_PROCESS_NAMED && e.pid == 102);
    CHECK_INT(host_process_event_next(&all, &e), 0);
    m[0].head.nlmsg_len = sizeof(m) + 1; /* longer than what came */
    all = (struct slice){(const char *)m, sizeof(m)};
    CHECK_INT(host_process_event_next(&all, &e), -EBADMSG);
    m[0] = message(2, 100);
    m[0].connector.len = 4;
    CHECK_INT(host_process_event_next(&all, &e), -EBADMSG);
    m[0] = message(2, 100);
    m[0].connector.idx = 7; /* somebody else's */
    CHECK_INT(host_process_event_next(&all, &e), 1);
    CHECK(e.change == HOST_PROCESS_OTHER);
    all = (struct slice){(const char *)m, 5};
    CHECK_INT(host_process_event_next(&all, &e), -EBADMSG);
}

static void a_program_that_begins_is_told(void)
{
    int fd = host_process_events_open();
    if (fd < 0) {
        CHECK(fd != -EMFILE);
        TAP_SKIP("the kernel tells us nothing of processes here");
        return;
    }
    pid_t pid = begin(own("fb-told"));
    bool told = false;
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    while (!told && poll(&poll_fd, 1, LONG_MS) == 1) {
        static _Alignas(8) char bytes[4096];
        struct host_process_event e;
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        struct slice rest = {bytes, n > 0 ? (size_t)n : 0};
        while (host_process_event_next(&rest, &e) == 1)
            told |= e.change == HOST_PROCESS_EXEC && e.pid == pid;
    }
    CHECK(told);
    close(fd);
    end(pid);
}

int main(void)
{
    snprintf(folder, sizeof(folder), "/tmp/fb-process-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    TAP_RUN(a_process_is_read_whatever_its_name);
    TAP_RUN(a_name_is_what_ps_shows);
    TAP_RUN(a_name_that_was_cut_is_made_whole);
    TAP_RUN(a_number_in_a_file);
    TAP_RUN(of_several_the_oldest_while_one_runs_it_is_there);
    TAP_RUN(who_was_begun_by_one_of_the_name_is_no_top);
    TAP_RUN(a_name_longer_than_the_kernels);
    TAP_RUN(remains_do_not_run);
    TAP_RUN(by_a_file_with_its_number);
    TAP_RUN(a_unit_where_there_is_no_systemd);
    TAP_RUN(what_is_held_tells_its_end);
    TAP_RUN(what_the_kernel_tells_is_read);
    TAP_RUN(a_program_that_begins_is_told);
    char command[100];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    CHECK_INT(system(command), 0);
    return tap_done();
}
