/* keeper.h - programs that are kept: watched over, and ended with all that they started.
 *
 *     us --- keeper: a small process, forked before we have threads and much memory
 *              |--- warden: one for each program, a fork of the keeper
 *              |       |--- the program, and below it all that it starts
 *
 * The warden adopts what the program leaves behind (PR_SET_CHILD_SUBREAPER), so ending the tree
 * below it ends everything, also what has made itself a daemon; and what the kernel says of its
 * children's times and memory is that of the whole tree, and not ours (which exec would hand down).
 * It talks to us by a stream of its own. That stream's end is our death: then the warden kills at
 * once. If the warden itself is killed, the program goes with it, by PR_SET_PDEATHSIG.
 *
 * On the stream: we write one order; the warden answers HOST_REPORT_STARTED or _FAILED, and
 * _ENDED once nobody of the tree is left. Meanwhile any byte that we write means: end it (SIGTERM,
 * after kill_after_ms SIGKILL). Both sides are one program, so the structs go as they are. */
#ifndef FIREBREAK_HOST_KEEPER_H
#define FIREBREAK_HOST_KEEPER_H

#include "base/buf.h"
#include "host/spawn.h"

enum {
    HOST_ORDER_BYTES_MAX = 8 * 1024 * 1024,
    HOST_KEEPER_BUSY_MS = 5000, /* longest wait for a keeper that takes no more requests */
    HOST_LINGER_MS = 200,       /* for what a program that has ended left running, before SIGTERM */
    HOST_ORDER_LIMITS_MAX = HOST_RESOURCE_COUNT,
};

struct host_keeper {
    int fd; /* -1: none */
    pid_t pid;
};

/* Forks the keeper: before there are threads, so before rt_run. Returns 0 or a negative errno with
 * *err. */
int host_keeper_start(struct host_keeper *ret_keeper, struct err *err);
/* It ends at once; wardens end with the streams that we hold. Safe on one never started, or {-1}.
 */
void host_keeper_stop(struct host_keeper *k);

/* A new warden, for a program with these standard descriptors (copies are taken). Returns 0 and
 * our end of its stream, or with *err: -EPIPE the keeper is gone, -EAGAIN it takes none. Any
 * thread; may block. */
int host_keeper_ask(const struct host_keeper *k, const int stdio[3], int *ret_stream,
                    struct err *err);
/* /dev/null; where that is missing, a descriptor that reads as empty. Or a negative errno. */
int host_open_null(void);

/* What a warden is to do. */
struct host_order {
    const char *const *argv, *const *env; /* each ends in NULL */
    const char *dir;                      /* NULL: the keeper's, which is ours when it was forked */
    const char *scratch; /* a file that is removed at the end, however that comes; NULL: none */
    const struct host_identity *identity; /* NULL: ours */
    uint64_t memory_bytes, processes;     /* by a cgroup where that can be; 0: none */
    uint64_t cpu_s;                       /* 0: none */
    int64_t timeout_ms;                   /* 0: none */
    int64_t kill_after_ms;                /* <= 0: at once */
    bool leaves_processes;                /* what it left behind when it ended by itself goes on */
};
/* Appends it, as it goes over the stream. Returns 0 or -E2BIG. */
int host_order_write(const struct host_order *o, struct buf *out);

enum host_report_kind {
    HOST_REPORT_STARTED = 1,
    HOST_REPORT_FAILED, /* `code` as host_spawn says, `text`: nothing ran */
    HOST_REPORT_ENDED,
};

struct host_report {
    enum host_report_kind kind;
    int code;
    pid_t pid;             /* started: it leads its group and session */
    struct host_exit exit; /* of the program; its times are those of the tree */
    int64_t wall_us;
    bool timed_out;
    bool memory_killed; /* the kernel killed one that went beyond the memory limit */
    bool memory_by_cgroup, processes_by_cgroup;
    char text[ERR_TEXT_MAX + 4];
};

#endif
