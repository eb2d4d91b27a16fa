/* spawn_child.h - the inside of spawn: what runs in the child before it is the program.
 *
 * It runs on a stack of its own in the parent's memory, while the parent's thread stands still:
 * so it makes raw system calls only, touches nothing but its own frames, and leaves by exec or by
 * an exit that runs nothing. What failed goes through a pipe and not through that memory, because
 * valgrind and emulators make a plain fork of it.
 *
 * ThreadSanitizer keeps a record of calls for each thread, which a child that never returns would
 * leave changed in the parent: there it is a plain fork, too. */
#ifndef FIREBREAK_HOST_SPAWN_CHILD_H
#define FIREBREAK_HOST_SPAWN_CHILD_H

#include <sched.h>
#include <sys/resource.h>

#include "host/spawn.h"

enum { SPAWN_STACK_BYTES = 64 * 1024, SPAWN_CGROUP_BYTES_MAX = 512 };

#if defined(__SANITIZE_THREAD__)
enum { SPAWN_SHARES = 0 };
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
enum { SPAWN_SHARES = 0 };
#else
enum { SPAWN_SHARES = CLONE_VM | CLONE_VFORK };
#endif
#else
enum { SPAWN_SHARES = CLONE_VM | CLONE_VFORK };
#endif

enum spawn_step {
    SPAWN_STEP_EXEC,
    SPAWN_STEP_STDIO,
    SPAWN_STEP_DIR,
    SPAWN_STEP_LIMITS,
    SPAWN_STEP_IDENTITY,
    SPAWN_STEP_CGROUP,
    SPAWN_STEP_DETACH,
};

struct spawn_report {
    int code; /* errno; 0: no failure: `pid` is the detached child */
    enum spawn_step step;
    pid_t pid;
};

struct spawn_limit {
    int resource;
    struct rlimit value;
};

struct spawn_launch {
    const struct host_spawn *spawn;
    const char *program;                      /* what execve gets */
    char cgroup_file[SPAWN_CGROUP_BYTES_MAX]; /* cgroup.procs of the one to join; "": none */
    pid_t parent;
    int report_fd; /* takes a spawn_report of a failure, and one of a detached child before it;
                    * closes at exec */
    struct spawn_limit limits[HOST_RESOURCE_COUNT + 1];
    size_t limits_count;
};

/* Closes every descriptor from `first` on. By raw calls, without memory of its own. */
void spawn_close_from(int first);
/* Takes a spawn_launch. Returns only on failure, with an exit status. */
int spawn_child_main(void *arg);

#endif
