/* process.h - the processes of this host: which of them is meant, and holding on to one.
 *
 * A process is meant by its name as ps shows it, by its number in a file, or by its systemd unit.
 * Of several the oldest is taken: of a server and its workers that is the server. What has ended
 * and was not waited for yet (a zombie) does not run.
 *
 * A process id is used again, so a process is held by a pidfd, which is readable once it ends, and
 * known again by the moment it began at. Files of /proc are read: looking through all of them takes
 * milliseconds and blocks, so tasks do it on an offload thread. */
#ifndef FIREBREAK_HOST_PROCESS_H
#define FIREBREAK_HOST_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
    HOST_NAME_CUT = 15,                   /* the kernel cuts a process's own name */
    HOST_NAME_BYTES = 256,                /* of a whole one, which is a file's */
    HOST_PROCESSES_SEEN_MAX = 65536,      /* looked through */
    HOST_COMMAND_BYTES_MAX = 4096,        /* of a command line that is only looked at */
    HOST_PID_FILE_BYTES_MAX = 64 * 1024,  /* its first line counts */
    HOST_ANCESTORS_MAX = 64,              /* of a process that are looked at */
    HOST_PID_SLACK_MS = 2000, /* a file may be so much older than its process: clocks are coarse */
};

/* Which process is meant: exactly one is set. */
struct host_process_query {
    const char *name;     /* "nginx"; not one in another namespace of processes */
    bool by_own_name;     /* only where the kernel calls it so, which costs one file of a process
                           * and not three. Not for names that the kernel cuts */
    const char *pid_file; /* "/run/nginx.pid" */
    const char *unit;     /* "nginx.service"; without a suffix it is a service */
    uint64_t since;       /* by name or unit: only what began at these ticks or later */
};

struct host_process {
    pid_t pid, parent;
    pid_t group;
    char state; /* as ps has it: R S D T Z … */
    char comm[HOST_NAME_CUT + 1];
    uint64_t started; /* in the kernel's ticks since its start */
    uint32_t same;    /* how many are meant by the query, this one among them */
};

/* What a process is called, whole, as far as we may know: host_process_whole_name. May block for
 * as long as /proc takes. */
void host_process_name(const struct host_process *p, char ret_name[static HOST_NAME_BYTES]);

/* Looks. Returns 0 with *ret_process; -ESRCH: none runs, and *err says what was seen in its place;
 * -EOPNOTSUPP: nobody can tell here (a unit where no systemd runs); another negative errno with
 * *err: we could not look (-EACCES, -EMFILE …). */
int host_process_find(const struct host_process_query *q, struct host_process *ret_process,
                      struct err *err);
/* As host_process_find, for several at once: /proc is looked through once for all that are meant by
 * a name or a unit. */
struct host_process_seek {
    struct host_process_query query;
    struct host_process process; /* where result is 0 */
    int result;
    struct err err;
    struct buf *meant; /* by name or unit: all that are meant are appended, as they are in memory;
                        * NULL: only the one counts */
};
void host_process_find_all(struct host_process_seek *const *seeks, size_t count);
/* The tops of those that a name means: who was begun by no other of them, be it through processes
 * of other names. A server and its workers have one; two of them are two services of one name.
 * Fills in up to `max`, the oldest first. Returns how many there are, or as host_process_find. */
int host_process_tops(const struct host_process_query *q, struct host_process *ret_tops,
                      size_t max, struct err *err);
/* Which of the queries by name or unit mean the process of that number: cheap, a few small files.
 * Returns how many of ret_meant are true. */
size_t host_process_meant(pid_t pid, const struct host_process_query *const *queries, size_t count,
                          bool *ret_meant);
static inline bool host_process_matches(const struct host_process_query *q, pid_t pid)
{
    bool meant;
    return host_process_meant(pid, &q, 1, &meant) == 1;
}
/* A descriptor that is readable once the process has ended, and is no other's. Returns it, -ESRCH
 * (it has ended), -ENOSYS (a kernel without), or our own want (-EMFILE). */
int host_process_hold(const struct host_process *p);
/* Signals the process that the descriptor holds; without one (pidfd < 0: the kernel gives none) the
 * one of that number, if it is still the same. Returns 0, -ESRCH, -EPERM. */
int host_process_signal(const struct host_process *p, int pidfd, int signal);
/* One by its number. Returns 0, or -ESRCH: no such process runs. */
int host_process_look(pid_t pid, struct host_process *ret_process);
/* How long it has run. */
int64_t host_process_age_ms(const struct host_process *p);
/* Now, in the ticks of `started`. */
uint64_t host_process_ticks(void);
/* All that are of its process group, it itself left out, up to `max`; 0 where it does not lead one.
 * Returns how many. Looks through /proc. */
size_t host_process_group(const struct host_process *p, struct host_process *ret_members,
                          size_t max);
/* Whether it still runs: there, the same, and no remains. */
bool host_process_runs(const struct host_process *p);

/* Whether systemd runs this host. */
bool host_has_systemd(void);

/* ---- new programs, as the kernel tells of them ---- */

enum host_process_change { HOST_PROCESS_OTHER, HOST_PROCESS_EXEC, HOST_PROCESS_NAMED };

struct host_process_event {
    enum host_process_change change;
    pid_t pid;
};

/* A netlink socket that gets a datagram for each program that is started and each change of a name,
 * on the whole host. Returns it, -EPERM (not for us), or why it is not to be had: the kernel lacks
 * it, or has it for its first network only (-EPROTONOSUPPORT, -ECONNREFUSED, -ENOENT …). */
int host_process_events_open(void);
/* Takes the next message of a datagram. Returns 1 with *ret_event; 0: there are no more; -EBADMSG:
 * the rest is broken. */
int host_process_event_next(struct slice *datagram, struct host_process_event *ret_event);

/* ---- the parts, pure ---- */

/* /proc/PID/stat. Returns 0 or -EINVAL. */
int host_parse_process(struct slice text, struct host_process *ret_process);
/* Whether a process is called so: by the kernel's own name of it, its program's file, the first
 * word of its command line (NUL-separated), or the script that an interpreter runs. */
bool host_process_is_called(const char *name, const char *comm, const char *exe,
                            struct slice command);
/* What it is called, whole: the kernel's own name of it, or, where that has HOST_NAME_CUT bytes and
 * may be cut, the name of its program's file, of the first word of its command line or of the
 * script that an interpreter runs: the first of them that begins so. Points into what is given. */
struct slice host_process_whole_name(const char *comm, const char *exe, struct slice command);
/* The first line of a file that holds a process's number. Returns 0 or -EINVAL. */
int host_parse_pid(struct slice text, pid_t *ret_pid);

#endif
