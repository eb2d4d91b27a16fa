#include "rt/loop.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "rt/disk.h"

/* ---- clock and chance ---- */

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * RT_SEC + ts.tv_nsec;
}

static rt_time epoll_clock(struct rt_loop *l)
{
    (void)l;
    return read_clock(CLOCK_MONOTONIC);
}

static rt_wall epoll_wall(struct rt_loop *l)
{
    (void)l;
    return read_clock(CLOCK_REALTIME);
}

/* xorshift128+ (Vigna 2014), seeded by the kernel: chance for jitter, never a key. */
static uint64_t epoll_random(struct rt_loop *l)
{
    uint64_t *s = l->epoll.random_state;
    uint64_t x = s[0], y = s[1];
    s[0] = y;
    x ^= x << 23;
    s[1] = x ^ y ^ (x >> 17) ^ (y >> 26);
    return s[1] + y;
}

static void seed_random(struct rt_loop *l)
{
    uint64_t *s = l->epoll.random_state;
    if (getrandom(s, sizeof(l->epoll.random_state), GRND_NONBLOCK) !=
        (ssize_t)sizeof(l->epoll.random_state)) {
        s[0] = (uint64_t)read_clock(CLOCK_REALTIME);
        s[1] = (uint64_t)getpid();
    }
    s[0] |= 1; /* all zeroes would stay so */
}

/* ---- open, close, poll ---- */

static int epoll_open(struct rt_loop *l)
{
    seed_random(l);
    if (fault_fails(FAULT_SYSCALL))
        return -EMFILE;
    l->epoll.fd = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll.fd < 0)
        return -errno;
    if (fault_fails(FAULT_SYSCALL))
        return -ENFILE;
    l->epoll.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (l->epoll.event_fd < 0)
        return -errno;
    struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u64 = 0};
    return epoll_ctl(l->epoll.fd, EPOLL_CTL_ADD, l->epoll.event_fd, &ev) < 0 ? -errno : 0;
}

static void epoll_close(struct rt_loop *l)
{
    if (l->epoll.fd >= 0)
        close(l->epoll.fd);
    if (l->epoll.event_fd >= 0)
        close(l->epoll.event_fd);
    l->epoll.fd = l->epoll.event_fd = -1;
}

/* Where each task that is woken makes the next event (a connect to this machine), the ready ring
 * would take in all there are. Then who is woken by a timer or by another thread waits behind all
 * of them, and what an event has just brought into the caches is gone when its task runs. */
static int events_wanted(const struct rt_loop *l)
{
    int wanted = EVENTS_MAX - (int)l->ring_len;
    return wanted > EVENTS_MIN ? wanted : EVENTS_MIN;
}

static int wait_events(struct rt_loop *l, struct epoll_event *events, rt_time until)
{
    if (until <= l->now)
        return epoll_wait(l->epoll.fd, events, events_wanted(l), 0);
    if (until == RT_NEVER)
        return epoll_wait(l->epoll.fd, events, EVENTS_MAX, -1);
    rt_time left = until - epoll_clock(l);
    if (left < 0)
        left = 0;
#ifdef SYS_epoll_pwait2
    if (!l->epoll.no_pwait2) {
        struct timespec ts = {.tv_sec = left / RT_SEC, .tv_nsec = left % RT_SEC};
        int n = (int)syscall(SYS_epoll_pwait2, l->epoll.fd, events, EVENTS_MAX, &ts, NULL,
                             (size_t)0);
        if (n >= 0 || errno == EINTR)
            return n;
        l->epoll.no_pwait2 = true; /* before Linux 5.11, or a filter that says EPERM to the new */
    }
#endif
    rt_time ms = (left + RT_MS - 1) / RT_MS;
    return epoll_wait(l->epoll.fd, events, EVENTS_MAX, ms > INT32_MAX ? INT32_MAX : (int)ms);
}

static unsigned hints_of(uint32_t events)
{
    unsigned hints = 0;
    if (events & (EPOLLIN | EPOLLPRI))
        hints |= SOCK_CAN_READ;
    if (events & EPOLLOUT)
        hints |= SOCK_CAN_WRITE;
    /* The end of a stream is told once, at an edge; it stays readable for good. */
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        hints |= SOCK_CAN_READ | SOCK_CAN_WRITE | SOCK_ENDED;
    return hints;
}

/* What the kernel tells us of: the socket, and which use of its memory. A descriptor that we closed
 * while a child was being started lives on until the child becomes its program, and so does our
 * watch of it. Its edges must not reach the socket that took over the memory: a connect under way
 * would take one for its own success. User space has 48 bits of addresses; the rest is free. */
enum { USE_SHIFT = 48 };

static uint64_t name_of(const struct rt_sock *s)
{
    uint64_t at = (uintptr_t)s;
    assert(at >> USE_SHIFT == 0);
    return at | (uint64_t)s->use << USE_SHIFT;
}

static struct rt_sock *sock_named(uint64_t name)
{
    return (struct rt_sock *)(uintptr_t)(name & ((UINT64_C(1) << USE_SHIFT) - 1));
}

/* A task stands at the top of its stack, a page that was not touched since it began to wait: to
 * wake one after the other would be to wait for each page. */
enum { PREFETCH_AHEAD = 6 };

static void prefetch_waiting(const struct rt_sock *s)
{
    if (!s)
        return;
    const struct rt_task *t = s->writer ? s->writer : s->reader;
    if (t)
        __builtin_prefetch(&t->state);
    __asm__ volatile("");
}

static void take_event(struct rt_loop *l, const struct epoll_event *e)
{
    uint64_t count;
    struct rt_sock *s = sock_named(e->data.u64); /* its memory stays ours to the end */
    if (!s)
        (void)!read(l->epoll.event_fd, &count, sizeof(count));
    else if (s->use == e->data.u64 >> USE_SHIFT || fault_mutant("rt_old_event_taken"))
        rt_sock_event(s, hints_of(e->events));
}

static void epoll_poll(struct rt_loop *l, rt_time until)
{
    struct epoll_event events[EVENTS_MAX];
    int n = wait_events(l, events, until);
    /* Every event is taken before any task runs: no task can close a socket that a later event
     * of the same batch still points to. */
    for (int i = 0; i < n; i++)
        __builtin_prefetch(sock_named(events[i].data.u64));
    for (int i = 0; i < n; i++) {
        if (i + PREFETCH_AHEAD < n)
            prefetch_waiting(sock_named(events[i + PREFETCH_AHEAD].data.u64));
        take_event(l, &events[i]);
    }
}

/* ---- sockets ---- */

static int epoll_sock_open(struct rt_sock *s, int family)
{
    if (fault_fails(FAULT_SYSCALL) || fault_fails(FAULT_SOCKET))
        return -EMFILE;
    int type = s->kind == RT_SOCK_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM;
    s->fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return s->fd < 0 ? -errno : 0;
}

static int epoll_sock_bind(struct rt_sock *s, const struct rt_addr *at, bool reuse_port)
{
    int on = 1;
    if (fault_fails(FAULT_SYSCALL))
        return -EADDRNOTAVAIL;
    if (s->kind == RT_SOCK_LISTENER && at->family != AF_UNIX)
        setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* A listening unix socket is its owner's: who is to be let in is let in by name. Set before the
     * name exists, so that there is no moment at which others could connect. */
    if (s->kind == RT_SOCK_LISTENER && at->family == AF_UNIX)
        (void)fchmod(s->fd, 0600);
    if (reuse_port && setsockopt(s->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0)
        return -errno;
    /* A client's port is chosen when its peer is known: one port serves many peers then. */
    if (s->kind == RT_SOCK_STREAM && at->family != AF_UNIX && rt_addr_port(at) == 0)
        setsockopt(s->fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    return bind(s->fd, &at->sa, at->size) < 0 ? -errno : 0;
}

static int epoll_sock_listen(struct rt_sock *s, int backlog)
{
    if (fault_fails(FAULT_SYSCALL))
        return -EADDRINUSE;
    return listen(s->fd, backlog) < 0 ? -errno : 0;
}

static int epoll_sock_connect(struct rt_sock *s, const struct rt_addr *to)
{
    if (fault_fails(FAULT_SYSCALL))
        return -ENOBUFS;
    if (connect(s->fd, &to->sa, to->size) == 0)
        return 0;
    return -errno;
}

/* Asked by a second connect: unlike SO_ERROR it takes back a socket that was refused to where it
 * was before the first, whence another peer can be tried (tcp_disconnect). */
static int epoll_sock_connected(struct rt_sock *s, const struct rt_addr *to)
{
    int err = 0;
    socklen_t size = sizeof(err);
    if (connect(s->fd, &to->sa, to->size) == 0 || errno == EISCONN)
        return 0;
    if (errno != EALREADY && errno != EINTR)
        return -errno;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &size) < 0)
        return -errno;
    return -err;
}

enum { PORTS_KNOWN_S = 5 }; /* then they are read again: an administrator may change them */

/* "32768\t60999\n"; all ports where it cannot be read. */
static void read_ports(struct rt_epoll *e)
{
    char text[32];
    int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
    char *end = text;
    unsigned long first = strtoul(text, &end, 10), last = strtoul(end, NULL, 10);
    bool known = first <= last && last > 0 && last <= UINT16_MAX;
    e->port_first = known ? (uint16_t)first : 0;
    e->port_last = known ? (uint16_t)last : UINT16_MAX;
}

static bool epoll_gives_port(struct rt_loop *l, uint16_t port)
{
    struct rt_epoll *e = &l->epoll;
    if (UNLIKELY(l->now >= e->ports_known_until)) {
        read_ports(e);
        e->ports_known_until = l->now + PORTS_KNOWN_S * RT_SEC;
    }
    return port >= e->port_first && port <= e->port_last;
}

static bool epoll_sock_ready(const struct rt_sock *s, unsigned hint)
{
    struct pollfd p = {.fd = s->fd, .events = hint == SOCK_CAN_READ ? POLLIN : POLLOUT};
    return poll(&p, 1, 0) > 0;
}

static int epoll_sock_accept(struct rt_sock *s, struct rt_sock *ret_new, struct rt_addr *ret_peer)
{
    struct rt_addr peer = {0};
    peer.size = sizeof(peer.un);
    int fd;
    if (fault_fails(FAULT_SYSCALL) || fault_fails(FAULT_SOCKET))
        return -EMFILE;
    do
        fd = accept4(s->fd, &peer.sa, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return -errno;
    ret_new->fd = fd;
    *ret_peer = peer;
    return 0;
}

static ssize_t epoll_sock_read(struct rt_sock *s, void *buf, size_t size)
{
    if (fault_fails(FAULT_SYSCALL))
        return -EIO;
    ssize_t n;
    do /* a socket's own call has the shorter way through the kernel */
        n = s->kind == RT_SOCK_OTHER ? read(s->fd, buf, size) : recv(s->fd, buf, size, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static ssize_t epoll_sock_writev(struct rt_sock *s, const struct iovec *iov, int count)
{
    if (fault_fails(FAULT_SYSCALL))
        return -EPIPE;
    ssize_t n;
    if (s->kind == RT_SOCK_OTHER) {
        do
            n = writev(s->fd, iov, count);
        while (n < 0 && errno == EINTR);
    } else if (count == 1) { /* without a vector to copy in and check */
        do
            n = send(s->fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
    } else {
        struct msghdr msg = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
        do
            n = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
    }
    return n < 0 ? -errno : n;
}

static ssize_t epoll_sock_recv_from(struct rt_sock *s, void *buf, size_t size,
                                    struct rt_addr *ret_from)
{
    struct rt_addr from = {0};
    from.size = sizeof(from.un);
    ssize_t n;
    if (fault_fails(FAULT_SYSCALL))
        return -ENOMEM;
    do
        n = recvfrom(s->fd, buf, size, 0, &from.sa, &from.size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    *ret_from = from;
    return n;
}

static ssize_t epoll_sock_send_to(struct rt_sock *s, const void *data, size_t size,
                                  const struct rt_addr *to)
{
    ssize_t n;
    if (fault_fails(FAULT_SYSCALL))
        return -ENOBUFS;
    do
        n = sendto(s->fd, data, size, MSG_NOSIGNAL, to ? &to->sa : NULL, to ? to->size : 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int epoll_sock_watch(struct rt_sock *s)
{
    if (fault_fails(FAULT_SYSCALL))
        return -ENOMEM;
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                             .data.u64 = name_of(s)};
    return epoll_ctl(s->loop->epoll.fd, EPOLL_CTL_ADD, s->fd, &ev) < 0 ? -errno : 0;
}

static int epoll_sock_shutdown_write(struct rt_sock *s)
{
    return shutdown(s->fd, SHUT_WR) < 0 ? -errno : 0;
}

static int epoll_sock_name(const struct rt_sock *s, bool peer, struct rt_addr *ret_addr)
{
    struct rt_addr a = {0};
    a.size = sizeof(a.un);
    int r = peer ? getpeername(s->fd, &a.sa, &a.size) : getsockname(s->fd, &a.sa, &a.size);
    if (r < 0)
        return -errno;
    *ret_addr = a;
    return 0;
}

/* The kernel answers for any socket: with nobody where it does not know. */
static int epoll_sock_peer_cred(const struct rt_sock *s, struct rt_cred *ret_cred)
{
    struct ucred c = {0};
    int family = 0;
    socklen_t size = sizeof(family);
    if (getsockopt(s->fd, SOL_SOCKET, SO_DOMAIN, &family, &size) < 0)
        return -errno;
    if (family != AF_UNIX)
        return -EOPNOTSUPP;
    size = sizeof(c);
    if (getsockopt(s->fd, SOL_SOCKET, SO_PEERCRED, &c, &size) < 0)
        return -errno;
    if (c.uid == (uid_t)-1)
        return -ENOTCONN;
    *ret_cred = (struct rt_cred){.pid = c.pid, .uid = c.uid, .gid = c.gid};
    return 0;
}

static int epoll_sock_no_delay(struct rt_sock *s)
{
    int on = 1;
    return setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ? -errno : 0;
}

static void epoll_sock_reset_on_close(struct rt_sock *s)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void epoll_sock_close(struct rt_sock *s)
{
    /* A descriptor that others hold too would go on telling us of edges. */
    if (s->watched && (s->borrowed || s->kind == RT_SOCK_OTHER))
        epoll_ctl(s->loop->epoll.fd, EPOLL_CTL_DEL, s->fd, NULL);
    if (!s->borrowed)
        close(s->fd);
}

const struct rt_backend rt_backend_epoll = {
    .name = "epoll",
    .open = epoll_open,
    .close = epoll_close,
    .clock = epoll_clock,
    .wall = epoll_wall,
    .random = epoll_random,
    .poll = epoll_poll,
    .sock_open = epoll_sock_open,
    .sock_bind = epoll_sock_bind,
    .sock_listen = epoll_sock_listen,
    .sock_connect = epoll_sock_connect,
    .sock_connected = epoll_sock_connected,
    .refused_is_fresh = true,
    .gives_port = epoll_gives_port,
    .sock_ready = epoll_sock_ready,
    .sock_accept = epoll_sock_accept,
    .sock_read = epoll_sock_read,
    .sock_writev = epoll_sock_writev,
    .sock_recv_from = epoll_sock_recv_from,
    .sock_send_to = epoll_sock_send_to,
    .sock_watch = epoll_sock_watch,
    .sock_shutdown_write = epoll_sock_shutdown_write,
    .sock_name = epoll_sock_name,
    .sock_peer_cred = epoll_sock_peer_cred,
    .sock_no_delay = epoll_sock_no_delay,
    .sock_reset_on_close = epoll_sock_reset_on_close,
    .sock_close = epoll_sock_close,
    .file_open = disk_open,
    .file_read = disk_read,
    .file_write = disk_write,
    .file_sync = disk_sync,
    .file_truncate = disk_truncate,
    .file_size = disk_size,
    .file_lock = disk_lock,
    .file_close = disk_close,
    .file_rename = disk_rename,
    .file_remove = disk_remove,
    .file_sync_folder = disk_sync_folder,
    .folder_make = disk_make_folder,
    .folder_read = disk_read_folder,
};
