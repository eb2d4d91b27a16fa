#include "host/warden.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "host/cgroup.h"
#include "host/descendants.h"
#include "host/pipe.h"

enum { KILL_AGAIN_MS = 10 };

#define NEVER INT64_MAX

struct warden {
    int stream, children_fd; /* the latter is readable when a child has ended */
    struct host_order order;
    struct host_cgroup cgroup;
    struct host_child child;
    struct host_exit exit;
    int64_t started_us, ended_us;
    int64_t stop_at_ms, kill_at_ms; /* when SIGTERM, SIGKILL are due; NEVER */
    bool ended;                     /* the program: others may be left */
    bool alone;                     /* nobody is left */
    bool timed_out;
};

static int64_t now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t now_ms(void)
{
    return now_us() / 1000;
}

/* Returns false at the stream's end. */
static bool read_whole(int fd, void *to, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = read(fd, (char *)to + at, size - at);
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        at += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* On the heap, and zeroed to the last byte: it goes over the stream as it is. */
static struct host_report *report_new(const struct warden *w, enum host_report_kind kind)
{
    struct host_report *report = mem_alloc(MEM_HOST, sizeof(*report));
    report->kind = kind;
    report->memory_by_cgroup = w->cgroup.limits_memory;
    report->processes_by_cgroup = w->cgroup.limits_processes;
    return report;
}

/* Frees it. */
static void tell(const struct warden *w, struct host_report *report)
{
    for (size_t at = 0; at < sizeof(*report);) {
        ssize_t n = send(w->stream, (const char *)report + at, sizeof(*report) - at, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            break; /* they are gone, and poll will say so */
        at += n > 0 ? (size_t)n : 0;
    }
    mem_free(MEM_HOST, report);
}

/* ---- beginning ---- */

static bool become_warden(struct warden *w)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    sigprocmask(SIG_BLOCK, &set, NULL);
    prctl(PR_SET_NAME, "firebreak-task", 0, 0, 0);
    if (!fault_mutant("host_orphans_lost"))
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    w->children_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return w->children_fd >= 0;
}

static size_t put_limits(const struct warden *w, struct host_limit limits[])
{
    const struct host_order *o = &w->order;
    size_t n = 0;
    limits[n++] = (struct host_limit){HOST_RESOURCE_CORE_BYTES, 0, 0};
    if (o->memory_bytes && !w->cgroup.limits_memory)
        limits[n++] =
            (struct host_limit){HOST_RESOURCE_MEMORY_BYTES, o->memory_bytes, o->memory_bytes};
    if (o->processes && !w->cgroup.limits_processes)
        limits[n++] = (struct host_limit){HOST_RESOURCE_PROCESSES, o->processes, o->processes};
    if (o->cpu_s) /* a second more for those that clean up at SIGXCPU */
        limits[n++] = (struct host_limit){HOST_RESOURCE_CPU_S, o->cpu_s, o->cpu_s + 1};
    return n;
}

static bool start(struct warden *w, const int stdio[3])
{
    struct host_limit limits[HOST_ORDER_LIMITS_MAX];
    struct err err = {0};
    const struct host_order *o = &w->order;
    host_cgroup_make(NULL, o->memory_bytes, o->processes, &w->cgroup);
    struct host_spawn s = {
        .argv = o->argv,
        .env = fault_mutant("host_environment_inherited") ? NULL : o->env,
        .dir = o->dir,
        .stdio = {stdio[0], stdio[1], stdio[2]},
        .group = HOST_GROUP_SESSION,
        .ends_with_us = true,
        .limits = limits,
        .limits_count = put_limits(w, limits),
        .identity = o->identity,
        .no_new_privileges = true,
        .cgroup = w->cgroup.path[0] ? w->cgroup.path : NULL,
    };
    w->started_us = now_us();
    int r = host_spawn(&s, &w->child, &err);
    struct host_report *report = report_new(w, r < 0 ? HOST_REPORT_FAILED : HOST_REPORT_STARTED);
    report->code = r;
    report->pid = w->child.pid;
    memcpy(report->text, err.text, strlen(err.text) + 1);
    tell(w, report);
    return r == 0;
}

/* ---- ending ---- */

static void signal_all(const struct warden *w, int signal)
{
    /* The group first, as that happens to all of it at the same instant. */
    if (!w->ended)
        host_child_signal(&w->child, signal);
    host_signal_descendants(w->child.pid, signal);
}

static void stop(struct warden *w, int64_t now)
{
    w->stop_at_ms = NEVER;
    if (w->kill_at_ms != NEVER)
        return; /* asked before */
    int64_t grace = w->order.kill_after_ms > 0 ? w->order.kill_after_ms : 0;
    w->kill_at_ms = now + grace;
    if (grace == 0)
        return;
    signal_all(w, SIGTERM);
    signal_all(w, SIGCONT); /* one that is stopped would never hear of it */
}

/* Dead ones may have left children behind, which are ours now: so again, until nobody is left. */
static void kill_all(struct warden *w, int64_t now)
{
    host_cgroup_kill(&w->cgroup);
    signal_all(w, SIGKILL);
    w->kill_at_ms = now + KILL_AGAIN_MS;
}

/* Takes the ends of our children. */
static void reap(struct warden *w)
{
    struct signalfd_siginfo told;
    while (read(w->children_fd, &told, sizeof(told)) > 0)
        ;
    if (!w->ended && host_child_reap(&w->child, &w->exit)) {
        w->ended = true;
        w->ended_us = now_us();
    }
    while (w->ended) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0 && errno == EINTR)
            continue;
        w->alone = pid < 0;
        if (pid <= 0)
            return;
    }
    /* While the program runs: all but it, whose end host_child_reap must see. */
    siginfo_t info;
    for (;;) {
        memset(&info, 0, sizeof(info));
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0 ||
            info.si_pid == w->child.pid)
            return;
        waitpid(info.si_pid, NULL, WNOHANG);
    }
}

/* Returns false once they are gone who asked. */
static bool listen_to(struct warden *w, int64_t now)
{
    char byte;
    ssize_t n = recv(w->stream, &byte, 1, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n > 0)
        stop(w, now);
    return n > 0;
}

static int wait_ms(const struct warden *w, int64_t now)
{
    int64_t due = w->stop_at_ms < w->kill_at_ms ? w->stop_at_ms : w->kill_at_ms;
    if (due == NEVER)
        return -1;
    int64_t left = due > now ? due - now : 0;
    return left > INT32_MAX ? INT32_MAX : (int)left;
}

/* What goes on after the program's own end. */
static void outlived(struct warden *w, int64_t now)
{
    bool leaves = w->order.leaves_processes || fault_mutant("host_leftovers_kept");
    if (leaves && w->kill_at_ms == NEVER)
        w->alone = true;
    else if (w->kill_at_ms == NEVER)
        w->stop_at_ms = now + HOST_LINGER_MS;
}

static void watch(struct warden *w)
{
    bool asked = true;
    int64_t timeout = w->order.timeout_ms;
    w->kill_at_ms = NEVER;
    w->stop_at_ms = timeout ? w->started_us / 1000 + timeout : NEVER;
    while (!w->alone) {
        struct pollfd p[] = {{.fd = w->children_fd, .events = POLLIN},
                             {.fd = asked ? w->stream : -1, .events = POLLIN}};
        poll(p, 2, wait_ms(w, now_ms()));
        int64_t now = now_ms();
        bool before = w->ended;
        reap(w);
        if (w->ended && !before && !w->alone)
            outlived(w, now);
        if (asked && p[1].revents && !listen_to(w, now)) {
            asked = false;
            w->kill_at_ms = now;
        }
        if (now >= w->stop_at_ms) {
            w->timed_out |= !w->ended && !fault_mutant("host_timeout_untold");
            stop(w, now);
        }
        if (now >= w->kill_at_ms && !w->alone)
            kill_all(w, now);
    }
}

static void tell_end(struct warden *w)
{
    struct host_report *report = report_new(w, HOST_REPORT_ENDED);
    report->exit = w->exit;
    report->wall_us = w->ended_us - w->started_us;
    report->timed_out = w->timed_out;
    struct rusage u;
    if (getrusage(RUSAGE_CHILDREN, &u) == 0) {
        report->exit.user_us = u.ru_utime.tv_sec * INT64_C(1000000) + u.ru_utime.tv_usec;
        report->exit.system_us = u.ru_stime.tv_sec * INT64_C(1000000) + u.ru_stime.tv_usec;
        report->exit.rss_max_bytes = u.ru_maxrss * INT64_C(1024);
    }
    uint64_t peak = w->cgroup.limits_memory ? host_cgroup_memory_peak(&w->cgroup) : 0;
    report->memory_killed = w->cgroup.limits_memory && host_cgroup_memory_killed(&w->cgroup);
    if (peak)
        report->exit.rss_max_bytes = (int64_t)peak;
    host_cgroup_remove(&w->cgroup);
    tell(w, report);
}

static void work(struct warden *w, const int stdio[3])
{
    bool runs = become_warden(w) && start(w, stdio);
    for (int i = 0; i < 3; i++)
        close(stdio[i]); /* the program's own copies say when it has closed them */
    if (runs) {
        watch(w);
        if (w->order.scratch)
            unlink(w->order.scratch);
        tell_end(w);
    } else {
        if (w->order.scratch)
            unlink(w->order.scratch);
        host_cgroup_remove(&w->cgroup);
    }
    if (w->children_fd >= 0)
        close(w->children_fd);
}

static void obey(struct warden *w, const int stdio[3])
{
    struct order_lists *lists = NULL;
    uint32_t size;
    if (!read_whole(w->stream, &size, sizeof(size)) || size <= sizeof(size) ||
        size > HOST_ORDER_BYTES_MAX)
        return;
    char *data = mem_alloc(MEM_HOST, size);
    memcpy(data, &size, sizeof(size));
    if (read_whole(w->stream, data + sizeof(size), size - sizeof(size)) &&
        order_parse(data, size, &w->order, &lists) == 0)
        work(w, stdio);
    mem_free(MEM_HOST, lists);
    mem_free(MEM_HOST, data);
}

void warden_main(int stream, const int stdio[3])
{
    struct warden *w = mem_alloc(MEM_HOST, sizeof(*w));
    w->stream = stream;
    w->children_fd = -1;
    obey(w, stdio);
    mem_free(MEM_HOST, w);
    close(stream);
}
