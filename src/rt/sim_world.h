/* sim_world.h - the inside of the simulator: what its files share.
 *
 * Why the same seed gives the same run: chance comes from four generators that the seed starts,
 * one for each of schedule, network, disk and program, so that a new fault in one does not shift
 * the others. Events are ordered by time, then by when they were made. Nothing depends on an
 * address, a hash table's order or the real clock. */
#ifndef FIREBREAK_RT_SIM_WORLD_H
#define FIREBREAK_RT_SIM_WORLD_H

#include "rt/loop.h"
#include "rt/sim.h"

enum { SIM_PPM = 1000 * 1000, SIM_LOCALHOST = 0x7f000001 };

/* What the trace is made of. */
enum sim_trace_what {
    TRACE_SWITCH = 1,
    TRACE_NOTE,
    TRACE_LINK,
    TRACE_CRASH,
    TRACE_START,
    TRACE_CALM,
    TRACE_EDGE,
    TRACE_RESET,
    TRACE_ARRIVAL,
    TRACE_CONNECTED,
    TRACE_SYN,
    TRACE_READ,
    TRACE_WRITE,
    TRACE_DATAGRAM,
    TRACE_CLOSE,
    TRACE_FILE_OPEN,
    TRACE_FILE_WRITE,
    TRACE_FILE_SYNC,
    TRACE_FILE_TRUNCATE,
    TRACE_FILE_RENAME,
    TRACE_FILE_REMOVE,
    TRACE_FOLDER_SYNC,
};

/* splitmix64 (Steele, Lea, Flood 2014). */
struct sim_random {
    uint64_t state;
};

struct sim_host {
    uint32_t ip;
    uint32_t starts; /* grows with each crash: handles of an earlier life are stale */
    uint16_t port_last;
    bool down;
};

/* What happens later. `obj` stays valid until the world ends, or is freed by fn. */
struct sim_event {
    rt_time at;
    uint64_t number;
    void (*fn)(struct rt_sim *sim, void *obj, uint64_t arg);
    void *obj;
    uint64_t arg;
};

enum { SIM_BOUND_LISTS = 4096 };

struct sim_net {
    struct list ends;    /* every end that ever was: events point to them */
    struct list bound[SIM_BOUND_LISTS]; /* those that listen or take datagrams, by port and host;
                                         * each in the order in which they came */
    struct list packets; /* datagrams under way */
    uint64_t end_last;
    bool cut[RT_SIM_HOSTS_MAX][RT_SIM_HOSTS_MAX];
};

struct sim_disk {
    struct list inodes, names, name_ops;
    struct sim_file **files; /* by descriptor; NULL: closed */
    uint32_t file_count, file_cap;
};

struct rt_sim {
    struct rt_sim_config config;
    struct rt_loop *loop;
    rt_time now;
    rt_time wall_shift;
    int result;
    uint64_t hash;
    struct rt_sim_counts counts;
    struct sim_random schedule, net_chance, disk_chance, program;
    struct sim_event *events; /* a binary heap */
    uint32_t event_count, event_cap;
    uint64_t event_last;
    struct sim_host hosts[RT_SIM_HOSTS_MAX];
    uint32_t host_count;
    struct sim_net net;
    struct sim_disk disk;
};

uint64_t sim_random(struct sim_random *r);
/* 0 … below - 1; below > 0. */
uint64_t sim_below(struct sim_random *r, uint64_t below);
bool sim_chance(struct sim_random *r, uint32_t ppm);
/* Folds what happened into the trace's hash. */
void sim_trace(struct rt_sim *sim, enum sim_trace_what what, uint64_t value);
void sim_after(struct rt_sim *sim, rt_time at,
               void (*fn)(struct rt_sim *sim, void *obj, uint64_t arg), void *obj, uint64_t arg);
/* Every call into the back end begins with it: a task that only calls and never waits would hold
 * the world for ever, so past steps_max it is parked for good. */
void sim_step(struct rt_sim *sim);

/* The host's index; makes it when it is new. */
uint32_t sim_host_index(struct rt_sim *sim, uint32_t ip);
/* The running task's host. */
struct sim_host *sim_host_here(struct rt_sim *sim);

/* ---- sim_net.c, sim_stream.c, sim_datagram.c ---- */

void sim_net_open(struct rt_sim *sim);
void sim_net_close(struct rt_sim *sim);
void sim_net_crash(struct rt_sim *sim, const struct sim_host *host);
int sim_sock_open(struct rt_sock *s, int family);
int sim_sock_bind(struct rt_sock *s, const struct rt_addr *at, bool reuse_port);
int sim_sock_listen(struct rt_sock *s, int backlog);
int sim_sock_connect(struct rt_sock *s, const struct rt_addr *to);
int sim_sock_connected(struct rt_sock *s, const struct rt_addr *to);
bool sim_sock_ready(const struct rt_sock *s, unsigned hint);
int sim_sock_accept(struct rt_sock *s, struct rt_sock *ret_new, struct rt_addr *ret_peer);
ssize_t sim_sock_read(struct rt_sock *s, void *buf, size_t size);
ssize_t sim_sock_writev(struct rt_sock *s, const struct iovec *iov, int count);
ssize_t sim_sock_recv_from(struct rt_sock *s, void *buf, size_t size, struct rt_addr *ret_from);
ssize_t sim_sock_send_to(struct rt_sock *s, const void *data, size_t size,
                         const struct rt_addr *to);
int sim_sock_watch(struct rt_sock *s);
int sim_sock_shutdown_write(struct rt_sock *s);
int sim_sock_name(const struct rt_sock *s, bool peer, struct rt_addr *ret_addr);
int sim_sock_peer_cred(const struct rt_sock *s, struct rt_cred *ret_cred);
int sim_sock_no_delay(struct rt_sock *s);
void sim_sock_reset_on_close(struct rt_sock *s);
void sim_sock_close(struct rt_sock *s);

/* ---- sim_disk.c ---- */

void sim_disk_open(struct rt_sim *sim);
void sim_disk_close(struct rt_sim *sim);
void sim_disk_crash(struct rt_sim *sim, const struct sim_host *host);
int sim_file_open(struct rt_loop *l, const char *path, int flags, mode_t mode);
ssize_t sim_file_read(struct rt_loop *l, int fd, void *buf, size_t size, uint64_t offset);
ssize_t sim_file_write(struct rt_loop *l, int fd, const void *data, size_t size, uint64_t offset);
int sim_file_sync(struct rt_loop *l, int fd);
int sim_file_truncate(struct rt_loop *l, int fd, uint64_t size);
int64_t sim_file_size(struct rt_loop *l, int fd);
int sim_file_lock(struct rt_loop *l, int fd, bool exclusive);
void sim_file_close(struct rt_loop *l, int fd);
int sim_file_rename(struct rt_loop *l, const char *from, const char *to);
int sim_file_remove(struct rt_loop *l, const char *path);
int sim_file_sync_folder(struct rt_loop *l, const char *path);
int sim_folder_make(struct rt_loop *l, const char *path, mode_t mode);
int sim_folder_read(struct rt_loop *l, const char *path, struct buf *names);

#endif
