/* spawn.h - child processes: by argv, never through a shell.
 *
 * A child leads a process group of its own, so that it can be ended with all that it started; it
 * gets the three standard descriptors that it is given and no other, default signal handlers and
 * an empty signal mask. It shares our memory until it has become the new program (as vfork does),
 * so starting one costs the same however large we are.
 *
 * Blocks until the program is loaded or could not be: call it on an offload thread. Linux; without
 * pidfd_open, clone3 and close_range (older kernels, seccomp filters) it works all the same. */
#ifndef FIREBREAK_HOST_SPAWN_H
#define FIREBREAK_HOST_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct host_spawn {
    const char *const *argv; /* ends in NULL; argv[0] without a '/' is looked up in PATH */
    const char *const *env;  /* ends in NULL; NULL: ours */
    const char *dir;         /* NULL: ours */
    int stdio[3];            /* descriptors that become 0, 1, 2; -1: /dev/null */
};

struct host_child {
    pid_t pid;
    int pidfd; /* becomes readable when the child ends; -1: the kernel gave none, so poll */
};

/* How a child ended. */
struct host_exit {
    bool signaled;
    int code; /* the exit status, or the signal's number */
    int64_t user_us, system_us, rss_max_bytes;
};

/* Returns 0; -ENOENT no such program (or interpreter, or dir); -EACCES it is not executable; what
 * else the kernel said; each with *err. Nothing is left running on failure. */
int host_spawn(const struct host_spawn *s, struct host_child *ret_child, struct err *err);
/* Takes the child's end, without waiting. Returns 1 with *ret_exit: it has ended, its pidfd is
 * closed, and its number may be another process's from now on; 0: it still runs. */
int host_child_reap(struct host_child *c, struct host_exit *ret_exit);
/* Kills the child's whole group (SIGKILL). Not after it was reaped. */
void host_child_kill(const struct host_child *c);

#endif
