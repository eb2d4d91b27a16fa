/* sock.h - stream, datagram and listening sockets, pipes, and any other pollable descriptor.
 *
 * Each call does its system call at once and parks the task only where the kernel says "not
 * now". A socket is owned by whoever opened it, belongs to the loop it was opened on, and may be
 * used by one reading and one writing task at a time (a third gets -EBUSY). Closing wakes both
 * with -EBADF. Never raises SIGPIPE. All close-on-exec. */
#ifndef FIREBREAK_RT_SOCK_H
#define FIREBREAK_RT_SOCK_H

#include <sys/types.h>
#include <sys/uio.h>

#include "rt/addr.h"
#include "rt/rt.h"

struct rt_sock;

/* ---- streams ---- */

/* NULL options: none. */
struct rt_connect_options {
    const struct rt_addr *from; /* source address; port 0: any */
    bool reset_on_close;        /* linger 0: rt_close sends RST, no TIME_WAIT */
};
/* Connects a TCP or unix stream, and never to itself, as the kernel does where it happens to choose
 * the port that is connected to (-ECONNREFUSED). Returns 0 or what the kernel said: -ECONNREFUSED,
 * -EHOSTUNREACH, -ENETUNREACH (also: this host has no address of that family), -ENOENT; -ETIMEDOUT
 * is the deadline's or the kernel's. Our own want, which says nothing about the target: -EMFILE,
 * -ENFILE, -ENOMEM, -ENOBUFS, -EADDRNOTAVAIL (ports), -EACCES. */
int rt_connect(const struct rt_addr *to, const struct rt_connect_options *options,
               struct rt_sock **ret_sock, rt_time deadline);

/* Listens (SO_REUSEADDR; `reuse_port` for one listener a loop). Does not wait.
 * A unix path must not exist; it is made with mode 0600. */
int rt_listen(const struct rt_addr *at, int backlog, bool reuse_port, struct rt_sock **ret_sock);
/* *ret_peer may be NULL. */
int rt_accept(struct rt_sock *listener, struct rt_sock **ret_sock, struct rt_addr *ret_peer,
              rt_time deadline);

/* Returns the bytes read (1 … size), 0 at the end of the stream, or negative errno. */
ssize_t rt_read(struct rt_sock *s, void *buf, size_t size, rt_time deadline);
/* Writes all of it. Returns 0, or negative errno (then an unknown part was sent). */
int rt_write(struct rt_sock *s, const void *data, size_t size, rt_time deadline);
/* As rt_write; the vector is changed as it goes. */
int rt_writev(struct rt_sock *s, struct iovec *iov, int count, rt_time deadline);
/* Writes what fits now, waits only while nothing fits. Returns the bytes written (>= 1). */
ssize_t rt_write_some(struct rt_sock *s, const void *data, size_t size, rt_time deadline);
/* How a reader or writer of an own protocol waits: until reading (writing) may make progress. */
int rt_wait_readable(struct rt_sock *s, rt_time deadline);
int rt_wait_writable(struct rt_sock *s, rt_time deadline);
/* Waits until the loop hears of something to read, and asks the kernel nothing: for who wants to
 * hold no memory while it waits for what is to be read. May return too early, never too late. */
int rt_wait_heard(struct rt_sock *s, rt_time deadline);
/* Whether there was nothing to read, no end either, when the loop last looked at the kernel: no
 * system call, and old by one turn of the loop at most. False where that is not known. */
bool rt_was_quiet(const struct rt_sock *s);

/* No more writing from us: the peer reads the end of the stream. */
int rt_shutdown_write(struct rt_sock *s);
/* NULL is accepted. Does not wait. What the peer sent and we did not read makes the kernel send a
 * reset, which may overtake our last words. */
void rt_close(struct rt_sock *s);
/* Closes once the peer has heard our last words: ends our writing, then drops what it still sends
 * until its end, an error, RT_LINGER_BYTES_MAX or the deadline. Closed in every case; returns 0
 * when the peer's end was seen. */
enum { RT_LINGER_BYTES_MAX = 1024 * 1024 };
int rt_close_gently(struct rt_sock *s, rt_time deadline);
/* TCP: small writes leave at once, also while earlier ones are not acknowledged (no Nagle). For
 * protocols that write more than once before they read. */
int rt_sock_no_delay(struct rt_sock *s);

/* ---- datagrams ---- */

/* `at` may have port 0; NULL with a family of `connect_to`. A connected socket gets the ICMP
 * errors of its peer (-ECONNREFUSED …). */
int rt_udp_open(const struct rt_addr *at, const struct rt_addr *connect_to,
                struct rt_sock **ret_sock);
/* Returns the datagram's size (cut to `size`). *ret_from may be NULL. */
ssize_t rt_recv_from(struct rt_sock *s, void *buf, size_t size, struct rt_addr *ret_from,
                     rt_time deadline);
/* `to` NULL on a connected socket. Returns 0. */
int rt_send_to(struct rt_sock *s, const void *data, size_t size, const struct rt_addr *to,
               rt_time deadline);

/* For ICMP echo, with rt_recv_from and rt_send_to. NULL: a raw socket, which sees all answers that
 * this host gets (IPv4: with their IP head) and needs CAP_NET_RAW. Else a "ping socket" to that
 * address, which sees its own only, and the errors that routers send; the kernel sets the
 * request's id, and says by net.ipv4.ping_group_range who may. Returns 0, -EPERM or -EACCES (not
 * for us), -EMFILE … Not under sim. */
int rt_icmp_open(int family, const struct rt_addr *connect_to, struct rt_sock **ret_sock);

/* ---- other descriptors ---- */

/* Takes over a pollable descriptor (pipe, pidfd, eventfd, netlink, tty); it is set non-blocking
 * and closed by rt_close. Returns 0, or -EPERM where it cannot be polled (still the caller's). */
int rt_adopt(int fd, struct rt_sock **ret_sock);
/* Watches a descriptor that stays somebody else's (a library's socket): rt_close leaves it open.
 * Level of readiness is checked by poll(2), so a library may read it behind our back. */
int rt_borrow(int fd, struct rt_sock **ret_sock);
/* The descriptor, for getsockopt and libraries; still ours. -1 under sim. */
int rt_sock_fd(const struct rt_sock *s);
int rt_sock_local(const struct rt_sock *s, struct rt_addr *ret_addr);
int rt_sock_peer(const struct rt_sock *s, struct rt_addr *ret_addr);

struct rt_cred {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};
/* Who is at the other end of a unix stream, by the kernel's word: who it was when it connected, or
 * listened. Returns 0, -EOPNOTSUPP (no unix socket) or -ENOTCONN. */
int rt_sock_peer_cred(const struct rt_sock *s, struct rt_cred *ret_cred);

#endif
