/* spawn.h - child processes: by argv, never through a shell.
 *
 * A child gets the three standard descriptors that it is given and no other, default signal
 * handlers, an empty signal mask and, unless its limits say otherwise, a soft limit of
 * HOST_CHILD_DESCRIPTORS open files: programs that use select(2) do not bear our own. By default
 * it leads a process group of its own, so that it can be ended with all that it started. It
 * shares our memory until it has become the new program (as vfork does), so starting one costs the
 * same however large we are.
 *
 * host_spawn blocks until the program is loaded or could not be: call it on an offload thread.
 * Linux; without pidfd_open, clone3 and close_range (older kernels, seccomp filters) it works all
 * the same.
 *
 * Waiting for the end: a task adopts or borrows the pidfd, waits until that is readable, and
 * reaps. Where the kernel gives no pidfd (before 5.2) it asks host_child_reap every few ms
 * instead. Callers without a loop have host_child_wait and host_child_stop. Nobody else in the
 * process may wait for children in general (wait(2), SIGCHLD ignored): how ours ended is lost
 * then. One thread at a time uses a child. */
#ifndef FIREBREAK_HOST_SPAWN_H
#define FIREBREAK_HOST_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum {
    HOST_CHILD_DESCRIPTORS = 1024,
    HOST_PROGRAM_PATH_BYTES_MAX = 4096, /* a folder of PATH and the program's name */
};

enum host_group {
    HOST_GROUP_OWN,     /* a process group of its own */
    HOST_GROUP_SESSION, /* a session of its own: no controlling terminal either */
    HOST_GROUP_OURS,    /* ours: Ctrl-C reaches it, and only the child itself can be signalled */
};

enum host_resource {
    HOST_RESOURCE_MEMORY_BYTES, /* address space */
    HOST_RESOURCE_CPU_S,        /* SIGXCPU at the soft, SIGKILL at the hard limit */
    HOST_RESOURCE_PROCESSES,    /* of the user, not of the child; root is not bound */
    HOST_RESOURCE_FILE_BYTES,   /* the largest file that it may write */
    HOST_RESOURCE_DESCRIPTORS,
    HOST_RESOURCE_CORE_BYTES,
    HOST_RESOURCE_COUNT,
};

struct host_limit {
    enum host_resource resource;
    uint64_t soft, hard; /* UINT64_MAX: none */
};

/* As whom it runs. Only root may change it. */
struct host_identity {
    uid_t uid;
    gid_t gid;
    const gid_t *groups; /* beside gid */
    size_t group_count;
};

struct host_spawn {
    const char *const *argv; /* ends in NULL; argv[0] without a '/' is looked up in env's PATH */
    const char *const *env;  /* ends in NULL; NULL: ours */
    const char *dir;         /* NULL: ours. An argv[0] with a '/' is taken from there */
    int stdio[3]; /* descriptors that become 0, 1, 2; -1: /dev/null. Two may be the same */
    enum host_group group;
    /* SIGKILL for the child (not for what it started) when the thread that called host_spawn
     * ends, however it does: the kernel knows no better word for our own death. The offload
     * threads of rt live as long as rt_run. */
    bool ends_with_us;
    const struct host_limit *limits;
    size_t limits_count;
    const struct host_identity *identity; /* NULL: ours. Its rights hold for dir, too */
    bool no_new_privileges;               /* set-user-ID programs give it none */
    const char *program; /* the file that is loaded; NULL: argv[0] says it */
    bool sets_umask;
    uint32_t umask; /* of sets_umask */
    /* It is nobody's child: whoever adopts orphans on this host does. Then it goes on without us,
     * leaves us nothing to reap, and *ret_child has no pidfd: host_child_reap and those that wait
     * by it are not for it. */
    bool detached;
    const char *cgroup; /* a folder of a version 2 hierarchy that it joins; NULL: ours */
    bool without_pidfd; /* as before Linux 5.2: for tests of that way */
};

struct host_child {
    pid_t pid;
    int pidfd; /* becomes readable when the child ends; -1: the kernel gave none, so poll */
    bool leads_group;
};

/* How a child ended. */
struct host_exit {
    bool signaled;
    int code; /* the exit status, or the signal's number */
    int64_t user_us, system_us, rss_max_bytes;
};

/* Returns 0: the program runs. Else a negative errno that host_spawn_blame explains, with *err:
 * -ENOENT no such program; -EACCES it is not executable; -ENOEXEC it is no program, or its
 * interpreter is missing; -ENOTDIR dir; what else the kernel said. Nothing runs on failure. */
int host_spawn(const struct host_spawn *s, struct host_child *ret_child, struct err *err);

/* What a failed host_spawn says, and about whom. */
enum host_blame {
    HOST_BLAME_NOT_FOUND,      /* there is no such program */
    HOST_BLAME_NOT_EXECUTABLE, /* there is, and it cannot be run */
    HOST_BLAME_OURS,           /* we lack descriptors, memory or processes: nothing about it */
    HOST_BLAME_COMMAND, /* its folder, user or limits, or more argv and env than can be given */
};
enum host_blame host_spawn_blame(int error);

/* Takes the child's end, without waiting. Returns 1 with *ret_exit: it has ended, its pidfd is
 * closed, and its number may be another process's from now on; 0: it still runs. */
int host_child_reap(struct host_child *c, struct host_exit *ret_exit);
/* Signals the child's whole group (HOST_GROUP_OURS: the child). Not after it was reaped. A child
 * that has ended and was not reaped keeps its group's number, so what it left running can still
 * be ended. Returns 0, or -ESRCH: nobody is left; -EPERM: they are another user's. */
int host_child_signal(const struct host_child *c, int signal);
/* SIGKILL to the child's whole group. Not after it was reaped. */
void host_child_kill(const struct host_child *c);

/* Blocks until it has ended (timeout_ms < 0: as long as that takes) and reaps it. Returns 0, or
 * -ETIMEDOUT: it still runs. */
int host_child_wait(struct host_child *c, int timeout_ms, struct host_exit *ret_exit);
/* Ends it, blocking: SIGTERM to the group, SIGKILL after grace_ms or when the child has ended,
 * so that nobody of the group stays. Then it is reaped. */
void host_child_stop(struct host_child *c, int grace_ms, struct host_exit *ret_exit);

#endif
