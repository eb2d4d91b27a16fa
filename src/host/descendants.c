#include "host/descendants.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "host/procfile.h"

enum { PATH_BYTES = 64, CHILDREN_BYTES_MAX = 1024 * 1024, PID_LAST = 4 * 1024 * 1024 };

/* Processes whose children are still to be looked for, from `at` on. */
struct found {
    pid_t *pids;
    size_t count, cap, at;
};

static void add(struct found *f, pid_t pid)
{
    if (f->count == HOST_DESCENDANTS_MAX)
        return;
    if (f->count == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 64;
        f->pids = mem_resize(MEM_HOST, f->pids, f->cap * sizeof(*f->pids));
    }
    f->pids[f->count++] = pid;
}

/* "12 34 ": the children that one thread has started. */
static void add_listed(struct found *f, struct slice text)
{
    while (text.data) {
        uint64_t pid;
        if (slice_to_u64(slice_cut(&text, ' '), PID_LAST, &pid) == 0 && pid > 0)
            add(f, (pid_t)pid);
    }
}

/* Returns false where /proc cannot tell. A process that has gone meanwhile has no children. */
static bool add_children(struct found *f, pid_t pid, struct buf *text)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *d = opendir(path);
    if (!d)
        return access("/proc/self", F_OK) == 0;
    bool known = true;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%.20s/children", e->d_name);
        buf_clear(text);
        int r = procfile_read(dirfd(d), path, text);
        if (r == 0 || r == -EMSGSIZE)
            add_listed(f, buf_slice(text));
        else if (r == -ENOENT && pid == getpid())
            known = false; /* a kernel without these lists */
    }
    closedir(d);
    return known;
}

/* The number that the next process gets, or so: the kernel counts upwards, and around. */
static pid_t newest_pid(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 ? pid : PID_LAST;
}

static bool is_our_child(pid_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

/* Asks of each number that was given out since whether it is a living child of ours. */
static int signal_children(pid_t first, int signal)
{
    int reached = 0;
    pid_t newest = newest_pid(), ours = getpgid(0);
    for (pid_t pid = first; pid != newest; pid = pid >= PID_LAST ? 2 : pid + 1) {
        if (!is_our_child(pid))
            continue;
        pid_t group = getpgid(pid);
        if (group > 0 && group != ours)
            kill(-group, signal);
        reached += kill(pid, signal) == 0;
    }
    return reached;
}

int host_signal_descendants(pid_t first, int signal)
{
    struct found f = {0};
    struct buf text = BUF(MEM_HOST, CHILDREN_BYTES_MAX);
    int reached = 0;
    if (!add_children(&f, getpid(), &text)) {
        reached = signal_children(first, signal);
    } else {
        /* Signalled before its children are looked for: a dead process has no more of them. */
        for (; f.at < f.count; f.at++) {
            reached += kill(f.pids[f.at], signal) == 0;
            add_children(&f, f.pids[f.at], &text);
        }
    }
    buf_done(&text);
    mem_free(MEM_HOST, f.pids);
    return reached;
}
