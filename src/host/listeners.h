/* listeners.h - which sockets of this host listen, and whose they are.
 *
 * Read from /proc: net/tcp, net/tcp6 and net/unix of our own network namespace, then the
 * descriptors of every process that we may look at. Processes come and go meanwhile, and those of
 * other users may be closed to us: then a listener has no owner (pid 0), which is no error. Our
 * own want of descriptors is one, as our own sockets would look like somebody else's.
 * Reading takes milliseconds to tenths of a second and blocks: call it on an offload thread. */
#ifndef FIREBREAK_HOST_LISTENERS_H
#define FIREBREAK_HOST_LISTENERS_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

enum {
    HOST_LISTENERS_MAX = 4096,     /* further ones are left out: cut */
    HOST_PROCESSES_MAX = 65536,    /* looked through for owners */
    HOST_PROC_FILE_BYTES_MAX = 64 * 1024 * 1024,
    HOST_COMM_BYTES_MAX = 16,
    HOST_OWNER_LOOKS_MAX = 3, /* readings in which an owner is looked for; then it has none */
};

enum host_listener_kind { HOST_LISTENER_TCP4, HOST_LISTENER_TCP6, HOST_LISTENER_UNIX };

struct host_listener {
    enum host_listener_kind kind;
    uint8_t ip[16];   /* network order; TCP4: the first four */
    uint16_t port;    /* 0: unix */
    const char *path; /* unix: "/run/x.sock", or "@name" for an abstract one; else NULL */
    uint64_t inode;
    pid_t pid;        /* 0: not known. Of several that share it: the lowest */
    char comm[HOST_COMM_BYTES_MAX]; /* of the process, or the last known one; as the kernel cuts
                                     * it; "" */
    const char *exe;    /* "/usr/sbin/nginx"; NULL: not known */
    const char *cgroup; /* "/system.slice/nginx.service"; NULL: not known */
    bool own;         /* this process's */
    int fd;           /* of pid: where it was seen */
    int looks;        /* readings that found no owner */
};

/* One reading. Owns all of its texts. All zeroes is a valid empty one. */
struct host_listeners {
    struct host_listener *item;
    size_t count;
    bool cut; /* there were more than HOST_LISTENERS_MAX, or the text was too long to read */
    struct arena arena;
};

/* Reads anew. What *l held before is gone, and makes this reading quick: owners that still hold
 * their socket are kept, and all processes are looked through only where a listener is new or has
 * changed hands. Returns 0, or a negative errno with *err where not
 * even net/tcp can be read; then *l is empty. */
int host_listeners_read(struct host_listeners *l, struct err *err);
void host_listeners_done(struct host_listeners *l);

/* ---- the parts, pure ---- */

/* Appends the listening sockets of a /proc/net/tcp (tcp6, unix) text. Lines that are none are
 * passed over. Returns 0, or -E2BIG beyond HOST_LISTENERS_MAX (those before are in). */
int host_parse_tcp(struct slice text, bool ipv6, struct host_listeners *l);
int host_parse_unix(struct slice text, struct host_listeners *l);
/* The systemd unit of a cgroup: its innermost folder that is a service, scope or socket, else
 * empty. Points into `cgroup`, which may be NULL. */
struct slice host_cgroup_unit(const char *cgroup);

#endif
