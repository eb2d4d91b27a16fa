/* remembered.h - how a process was started, so that it can be started again.
 *
 * Read from /proc while it runs: its program, command line, environment, folder, user, limits,
 * file mask and standard descriptors. A program may write over its command line and environment
 * (nginx, redis, postgres do, to be told apart in ps). What nginx makes of them can be undone; what
 * others do is seen, and such a command line is never taken for one that can be started. Of an
 * environment that was written over nothing is left.
 *
 * It holds secrets, as an environment does: whoever keeps it in a file lets nobody else read that.
 * The text form is "key=value" entries, each of which ends in a NUL, as all of this may hold any
 * other byte. */
#ifndef FIREBREAK_HOST_REMEMBERED_H
#define FIREBREAK_HOST_REMEMBERED_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "host/process.h"
#include "host/spawn.h"

enum {
    HOST_REMEMBERED_BYTES_MAX = 4 * 1024 * 1024, /* of command line and environment together */
    HOST_REMEMBERED_WORDS_MAX = 32768,           /* of each */
    HOST_REMEMBERED_GROUPS_MAX = 1024,
};

/* Texts lie in the caller's arena. */
struct host_remembered {
    const char *name;    /* what it was asked for by */
    const char *comm;    /* what the kernel called it */
    const char *program; /* its file; "": not known */
    const char *dir;
    const char *const *argv, *const *env; /* end in NULL */
    const char *stdio[3]; /* files that are opened again; NULL: /dev/null */
    uid_t uid;
    gid_t gid;
    gid_t *groups;
    size_t group_count;
    struct host_limit limits[HOST_RESOURCE_COUNT];
    size_t limit_count;
    uint32_t umask;
    pid_t pid; /* whose it was */
    uint64_t started;
    bool rewritten; /* argv is what the program shows, not what it was started with */
};

/* Reads all of it. Returns 0; -ESRCH: it went meanwhile; -EACCES: its environment is closed to us;
 * another negative errno. May block. */
int host_remember(const char *name, const struct host_process *p, struct arena *a,
                  struct host_remembered *ret, struct err *err);
/* Whether whose it was can be called so, by what is remembered of it. */
bool host_remembered_is_called(const struct host_remembered *m, const char *name);
/* Its text form, appended. */
void host_remembered_write(const struct host_remembered *m, struct buf *out);
/* The other way. Returns 0 or -EBADMSG with *err; texts are copied. */
int host_remembered_parse(struct slice text, struct arena *a, struct host_remembered *ret,
                          struct err *err);
/* Starts it again, in a session of its own, so that it is nobody's part: its folder, user, limits,
 * mask and files as they were. Its program may have been replaced by a newer one. Returns 0 with
 * *ret_child, or as host_spawn. May block. */
int host_remembered_start(const struct host_remembered *m, struct host_child *ret_child,
                          struct err *err);

/* ---- the parts, pure ---- */

/* /proc/PID/cmdline into words, and what can be said about them. Returns how many, 0: none. */
size_t host_parse_command(struct slice text, struct arena *a, const char *const **ret_argv,
                          bool *ret_rewritten);
/* /proc/PID/environ: entries that are KEY=VALUE; others are left out. */
size_t host_parse_environment(struct slice text, struct arena *a, const char *const **ret_env);
/* /proc/PID/status: Uid, Gid, Groups, Umask. Returns 0 or -EINVAL. */
int host_parse_identity(struct slice text, struct arena *a, struct host_remembered *ret);

#endif
