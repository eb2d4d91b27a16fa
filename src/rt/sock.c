#include "rt/sock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "rt/loop.h"

static struct rt_sock *sock_new(enum rt_sock_kind kind)
{
    struct rt_loop *l = rt_self;
    struct rt_sock *s = l->socks_free;
    if (s)
        l->socks_free = s->next_free;
    else
        s = mem_alloc(MEM_RT, sizeof(*s));
    /* A fresh descriptor is tried before the kernel is asked to watch it: most connects, reads
     * and writes of a short-lived connection never have to wait. */
    *s = (struct rt_sock){.loop = l,
                          .fd = -1,
                          .kind = (uint8_t)kind,
                          .hints = SOCK_CAN_READ | SOCK_CAN_WRITE,
                          .use = s->use};
    return s;
}

static void sock_free(struct rt_sock *s)
{
    s->use++;
    s->next_free = s->loop->socks_free;
    s->loop->socks_free = s;
}

/* ---- refused ones ---- */

/* Half of a scan's ports may be closed. A refused socket is the kernel's fresh one again, and stays
 * watched; no edge of its former life can follow, since what the kernel tells is looked up when
 * it tells it. To take it for the next connect saves opening, watching and closing one. */
enum { SOCKS_REFUSED_MAX = 4 };

static struct rt_sock *take_refused(enum rt_sock_kind kind, int family)
{
    struct rt_loop *l = rt_self;
    struct rt_sock *s = l->socks_refused;
    if (!s || kind != RT_SOCK_STREAM || s->family != family)
        return NULL;
    l->socks_refused = s->next_free;
    l->socks_refused_count--;
    s->hints = SOCK_CAN_READ | SOCK_CAN_WRITE;
    return s;
}

static void keep_refused(struct rt_sock *s)
{
    struct rt_loop *l = s->loop;
    if (!l->backend->refused_is_fresh || l->socks_refused_count == SOCKS_REFUSED_MAX) {
        rt_close(s);
        return;
    }
    s->next_free = l->socks_refused;
    l->socks_refused = s;
    l->socks_refused_count++;
}

void rt_socks_forget(struct rt_loop *l)
{
    while (l->socks_refused) {
        struct rt_sock *s = l->socks_refused;
        l->socks_refused = s->next_free;
        l->backend->sock_close(s);
        sock_free(s);
    }
    while (l->socks_free) {
        struct rt_sock *s = l->socks_free;
        l->socks_free = s->next_free;
        mem_free(MEM_RT, s);
    }
}

static int sock_open(enum rt_sock_kind kind, int family, struct rt_sock **ret_sock)
{
    struct rt_sock *s = take_refused(kind, family);
    if (s) {
        *ret_sock = s;
        return 0;
    }
    s = sock_new(kind);
    s->family = (uint16_t)family;
    int r = s->loop->backend->sock_open(s, family);
    if (r < 0) {
        sock_free(s);
        return r;
    }
    *ret_sock = s;
    return 0;
}

void rt_close(struct rt_sock *s)
{
    if (!s)
        return;
    assert(s->loop == rt_self);
    if (s->reader)
        rt_wake_given(s->reader, -EBADF);
    if (s->writer)
        rt_wake_given(s->writer, -EBADF);
    s->loop->backend->sock_close(s);
    sock_free(s);
}

void rt_sock_event(struct rt_sock *s, unsigned hints)
{
    s->hints |= (uint8_t)hints;
    if (fault_mutant("rt_wakeup_lost") && (hints & SOCK_CAN_READ))
        return;
    if ((hints & SOCK_CAN_READ) && s->reader)
        rt_wake(s->reader, 0);
    if ((hints & SOCK_CAN_WRITE) && s->writer)
        rt_wake(s->writer, 0);
}

/* ---- waiting ---- */

static int watch(struct rt_sock *s)
{
    if (s->watched)
        return 0;
    /* From here on the back end tells of edges, beginning with the state as it is now, so that
     * nothing is lost between our last try and this call. */
    int r = s->loop->backend->sock_watch(s);
    if (r == 0)
        s->watched = true;
    return r;
}

static int wait_hint(struct rt_sock *s, unsigned hint, rt_time deadline)
{
    struct rt_task **who = hint == SOCK_CAN_READ ? &s->reader : &s->writer;
    if (*who)
        return -EBUSY;
    int r = watch(s);
    if (r < 0)
        return r;
    while (!(s->hints & hint)) {
        *who = rt_self->current;
        r = rt_park(deadline);
        if (r == -EBADF)
            return r; /* closed under us: the memory is not ours to touch */
        *who = NULL;
        if (r < 0)
            return r;
    }
    return 0;
}

/* The kernel said both "ended" and "again", and no edge will follow. */
static int look_later(struct rt_sock *s, rt_time deadline)
{
    enum { LOOK_EVERY_MS = 1 };
    rt_time next = rt_self->now + LOOK_EVERY_MS * RT_MS;
    uint16_t use = s->use;
    if (rt_self->now >= deadline)
        return -ETIMEDOUT;
    int r = rt_sleep(next < deadline ? next : deadline);
    return s->use == use ? r : -EBADF; /* closed under us, and nobody knew that we wait */
}

/* After -EAGAIN: the hint was wrong, so forget it and wait for the next edge. */
static int wait_again(struct rt_sock *s, unsigned hint, rt_time deadline)
{
    /* What a datagram socket calls its end is an ICMP error, and over once it was read. */
    if (s->kind == RT_SOCK_DATAGRAM)
        s->hints &= (uint8_t)~SOCK_ENDED;
    /* The end is the reader's business: a peer that has only stopped writing still takes what we
     * write, and makes room for more with an edge. */
    if (hint == SOCK_CAN_READ && (s->hints & SOCK_ENDED))
        return s->watched ? look_later(s, deadline) : -EIO;
    s->hints &= (uint8_t)~hint;
    return wait_hint(s, hint, deadline);
}

/* Others may read and write the descriptor, too, so only the back end knows. */
static int wait_ready(struct rt_sock *s, unsigned hint, rt_time deadline)
{
    int r = rt_check_cancel();
    if (r < 0)
        return r;
    if (s->loop->backend->sock_ready(s, hint)) {
        s->hints |= (uint8_t)hint; /* the edge may still be on its way to us */
        return 0;
    }
    /* What the hints say has just been denied; the next edge will renew them. */
    s->hints &= (uint8_t) ~(hint | SOCK_ENDED);
    return wait_hint(s, hint, deadline);
}

int rt_wait_readable(struct rt_sock *s, rt_time deadline)
{
    return wait_ready(s, SOCK_CAN_READ, deadline);
}

int rt_wait_writable(struct rt_sock *s, rt_time deadline)
{
    return wait_ready(s, SOCK_CAN_WRITE, deadline);
}

int rt_wait_heard(struct rt_sock *s, rt_time deadline)
{
    int r = rt_check_cancel();
    return r == 0 && !(s->hints & SOCK_CAN_READ) ? wait_hint(s, SOCK_CAN_READ, deadline) : r;
}

/* The edges tell of all that comes after a read that emptied the socket. */
bool rt_was_quiet(const struct rt_sock *s)
{
    return s->watched && !(s->hints & (SOCK_CAN_READ | SOCK_ENDED));
}

/* ---- streams ---- */

static int connect_finish(struct rt_sock *s, const struct rt_addr *to, rt_time deadline)
{
    const struct rt_backend *be = s->loop->backend;
    int r = be->sock_connect(s, to);
    if (r == -EAGAIN && to->family == AF_UNIX)
        return r; /* the listener's queue is full: the kernel gives no edge for that */
    if (r != -EINPROGRESS && r != -EINTR)
        return r;
    s->hints = 0;
    r = wait_hint(s, SOCK_CAN_WRITE, deadline);
    if (r < 0)
        return r;
    /* Writable, and no end in sight: connected, and no system call to learn it. */
    if (!(s->hints & SOCK_ENDED))
        return 0;
    return be->sock_connected(s, to);
}

/* Whether our port may be the one we connect to: it is asked for, or in what the kernel gives. */
static bool may_be_to_itself(const struct rt_sock *s, const struct rt_addr *from,
                             const struct rt_addr *to)
{
    const struct rt_backend *be = s->loop->backend;
    uint16_t port = rt_addr_port(to);
    if (to->family == AF_UNIX)
        return false;
    if (from && rt_addr_port(from) != 0)
        return rt_addr_port(from) == port;
    return !be->gives_port || be->gives_port(s->loop, port);
}

/* The kernel chose as our port the one we connect to, on the same address: then TCP's simultaneous
 * open has met itself, and nobody else listens there. Apart, for the addresses on its stack. */
static __attribute__((noinline)) bool is_to_itself(const struct rt_sock *s,
                                                   const struct rt_addr *to)
{
    struct rt_addr local, peer;
    if (rt_sock_local(s, &local) < 0 || rt_addr_port(&local) != rt_addr_port(to))
        return false;
    return rt_sock_peer(s, &peer) == 0 && rt_addr_eq(&local, &peer);
}

/* "Cannot assign requested address" has two meanings: every port is taken, or this host has no
 * address from which that peer can be reached (IPv6 turned off). A datagram socket tells them
 * apart: its ports are others, and their want is -EAGAIN. */
static bool has_no_source(const struct rt_addr *to)
{
    struct rt_sock *s;
    int r = rt_udp_open(NULL, to, &s);
    if (r == 0)
        rt_close(s);
    return r == -EADDRNOTAVAIL;
}

int rt_connect(const struct rt_addr *to, const struct rt_connect_options *options,
               struct rt_sock **ret_sock, rt_time deadline)
{
    enum { UNIX_RETRY_MS = 5 };
    int r = rt_check_cancel();
    if (r < 0)
        return r;
    struct rt_sock *s;
    r = sock_open(RT_SOCK_STREAM, to->family, &s);
    if (r < 0)
        return r;
    if (options && options->reset_on_close)
        s->loop->backend->sock_reset_on_close(s);
    if (options && options->from)
        r = s->loop->backend->sock_bind(s, options->from, false);
    while (r == 0) {
        r = connect_finish(s, to, deadline);
        if (r != -EAGAIN)
            break;
        rt_time again = rt_self->now + UNIX_RETRY_MS * RT_MS;
        r = rt_self->now >= deadline ? -ETIMEDOUT : rt_sleep(again < deadline ? again : deadline);
    }
    bool bound = options && options->from;
    bool refused = r == -ECONNREFUSED || (r == -ETIMEDOUT && fault_mutant("rt_unanswered_kept"));
    if (refused && !bound && to->family != AF_UNIX && !(options && options->reset_on_close)) {
        keep_refused(s);
        return r;
    }
    if (r == 0 && may_be_to_itself(s, options ? options->from : NULL, to) && is_to_itself(s, to))
        r = -ECONNREFUSED;
    if (r < 0) {
        rt_close(s);
        return r == -EADDRNOTAVAIL && !bound && has_no_source(to) ? -ENETUNREACH : r;
    }
    *ret_sock = s;
    return 0;
}

int rt_listen(const struct rt_addr *at, int backlog, bool reuse_port, struct rt_sock **ret_sock)
{
    struct rt_sock *s;
    int r = sock_open(RT_SOCK_LISTENER, at->family, &s);
    if (r < 0)
        return r;
    r = s->loop->backend->sock_bind(s, at, reuse_port);
    if (r == 0)
        r = s->loop->backend->sock_listen(s, backlog);
    if (r < 0) {
        rt_close(s);
        return r;
    }
    *ret_sock = s;
    return 0;
}

int rt_accept(struct rt_sock *listener, struct rt_sock **ret_sock, struct rt_addr *ret_peer,
              rt_time deadline)
{
    int r = rt_check_cancel();
    while (r == 0) {
        struct rt_sock *s = sock_new(RT_SOCK_STREAM);
        struct rt_addr peer;
        r = listener->loop->backend->sock_accept(listener, s, &peer);
        if (r == 0) {
            if (ret_peer)
                *ret_peer = peer;
            *ret_sock = s;
            return 0;
        }
        sock_free(s);
        if (r == -EAGAIN)
            r = wait_again(listener, SOCK_CAN_READ, deadline);
        else if (r == -ECONNABORTED)
            r = rt_check_cancel(); /* that client is gone; the next one may be there */
    }
    return r;
}

ssize_t rt_read(struct rt_sock *s, void *buf, size_t size, rt_time deadline)
{
    assert(s->loop == rt_self && size > 0);
    int r = rt_check_cancel();
    if (r == 0 && !(s->hints & SOCK_CAN_READ))
        r = wait_hint(s, SOCK_CAN_READ, deadline);
    while (r == 0) {
        ssize_t n = s->loop->backend->sock_read(s, buf, size);
        if (n != -EAGAIN) {
            /* A short read emptied the stream: the next read parks at once. Unless the end was
             * announced: that edge has been, and no other will come. Of datagrams, those of a
             * descriptor that was adopted among them, each is short, and others wait behind it. */
            bool ended = (s->hints & SOCK_ENDED) && !fault_mutant("rt_end_forgotten");
            bool stream = s->kind == RT_SOCK_STREAM || fault_mutant("rt_datagram_is_the_last");
            if (n > 0 && (size_t)n < size && s->watched && stream && !ended)
                s->hints &= (uint8_t)~SOCK_CAN_READ;
            return n;
        }
        r = wait_again(s, SOCK_CAN_READ, deadline);
    }
    return r;
}

static ssize_t writev_some(struct rt_sock *s, const struct iovec *iov, int count, rt_time deadline)
{
    int r = rt_check_cancel();
    if (count > IOV_MAX)
        count = IOV_MAX; /* the kernel takes no more at once; rt_writev comes back */
    if (r == 0 && !(s->hints & SOCK_CAN_WRITE))
        r = wait_hint(s, SOCK_CAN_WRITE, deadline);
    while (r == 0) {
        ssize_t n = s->loop->backend->sock_writev(s, iov, count);
        if (n != -EAGAIN)
            return n;
        r = wait_again(s, SOCK_CAN_WRITE, deadline);
    }
    return r;
}

ssize_t rt_write_some(struct rt_sock *s, const void *data, size_t size, rt_time deadline)
{
    struct iovec iov = {.iov_base = (void *)data, .iov_len = size};
    return writev_some(s, &iov, 1, deadline);
}

int rt_writev(struct rt_sock *s, struct iovec *iov, int count, rt_time deadline)
{
    assert(s->loop == rt_self);
    while (count > 0) {
        if (iov->iov_len == 0) {
            iov++;
            count--;
            continue;
        }
        ssize_t n = writev_some(s, iov, count, deadline);
        if (n < 0)
            return (int)n;
        size_t left = (size_t)n;
        while (count > 0 && left >= iov->iov_len) {
            left -= iov->iov_len;
            iov++;
            count--;
        }
        if (left) {
            iov->iov_base = (char *)iov->iov_base + left;
            iov->iov_len -= left;
        }
    }
    return 0;
}

int rt_write(struct rt_sock *s, const void *data, size_t size, rt_time deadline)
{
    struct iovec iov = {.iov_base = (void *)data, .iov_len = size};
    return rt_writev(s, &iov, 1, deadline);
}

int rt_shutdown_write(struct rt_sock *s)
{
    return s->loop->backend->sock_shutdown_write(s);
}

/* Reads on until the peer's end. */
static int drop_rest(struct rt_sock *s, rt_time deadline)
{
    enum { CHUNK_BYTES = 1024 };
    char chunk[CHUNK_BYTES];
    ssize_t n = 1;
    for (size_t total = 0; n > 0; total += (size_t)n) {
        if (total > RT_LINGER_BYTES_MAX)
            return -EMSGSIZE;
        n = rt_read(s, chunk, sizeof(chunk), deadline);
    }
    return (int)n;
}

int rt_close_gently(struct rt_sock *s, rt_time deadline)
{
    int r = rt_shutdown_write(s);
    if (r == 0)
        r = drop_rest(s, deadline);
    if (r != -EBADF) /* that is: somebody else closed it meanwhile */
        rt_close(s);
    return r;
}

int rt_sock_no_delay(struct rt_sock *s)
{
    return s->loop->backend->sock_no_delay(s);
}

/* ---- datagrams ---- */

int rt_udp_open(const struct rt_addr *at, const struct rt_addr *connect_to,
                struct rt_sock **ret_sock)
{
    assert(at || connect_to);
    struct rt_sock *s;
    int r = sock_open(RT_SOCK_DATAGRAM, at ? at->family : connect_to->family, &s);
    if (r < 0)
        return r;
    if (at)
        r = s->loop->backend->sock_bind(s, at, false);
    if (r == 0 && connect_to)
        r = s->loop->backend->sock_connect(s, connect_to);
    if (r < 0) {
        rt_close(s);
        return r;
    }
    *ret_sock = s;
    return 0;
}

ssize_t rt_recv_from(struct rt_sock *s, void *buf, size_t size, struct rt_addr *ret_from,
                     rt_time deadline)
{
    int r = rt_check_cancel();
    while (r == 0) {
        struct rt_addr from;
        ssize_t n = s->loop->backend->sock_recv_from(s, buf, size, &from);
        if (n >= 0 && ret_from)
            *ret_from = from;
        if (n != -EAGAIN)
            return n;
        r = wait_again(s, SOCK_CAN_READ, deadline);
    }
    return r;
}

int rt_send_to(struct rt_sock *s, const void *data, size_t size, const struct rt_addr *to,
               rt_time deadline)
{
    int r = rt_check_cancel();
    while (r == 0) {
        ssize_t n = s->loop->backend->sock_send_to(s, data, size, to);
        if (n != -EAGAIN)
            return n < 0 ? (int)n : 0;
        r = wait_again(s, SOCK_CAN_WRITE, deadline);
    }
    return r;
}

/* ---- other descriptors ---- */

static int take(int fd, bool borrowed, struct rt_sock **ret_sock)
{
    struct rt_sock *s = sock_new(RT_SOCK_OTHER);
    s->fd = fd;
    s->borrowed = borrowed;
    int r = watch(s); /* at once: it says whether this can be polled at all */
    if (r < 0) {
        sock_free(s);
        return r;
    }
    *ret_sock = s;
    return 0;
}

int rt_borrow(int fd, struct rt_sock **ret_sock)
{
    return take(fd, true, ret_sock);
}

int rt_adopt(int fd, struct rt_sock **ret_sock)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    return take(fd, false, ret_sock);
}

int rt_sock_fd(const struct rt_sock *s)
{
    return s->fd;
}

int rt_sock_local(const struct rt_sock *s, struct rt_addr *ret_addr)
{
    return s->loop->backend->sock_name(s, false, ret_addr);
}

int rt_sock_peer(const struct rt_sock *s, struct rt_addr *ret_addr)
{
    return s->loop->backend->sock_name(s, true, ret_addr);
}

int rt_sock_peer_cred(const struct rt_sock *s, struct rt_cred *ret_cred)
{
    if (s->kind == RT_SOCK_LISTENER)
        return -ENOTCONN; /* the kernel would name ourselves */
    return s->loop->backend->sock_peer_cred(s, ret_cred);
}
