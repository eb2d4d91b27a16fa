#include "tests/rt/world.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "rt/sock.h"

static struct rt_addr loopback(uint16_t port)
{
    struct rt_addr a;
    rt_addr_ipv4(0x7f000001, port, &a);
    return a;
}

struct server {
    struct rt_sock *listener;
    struct rt_addr addr;
    struct rt_group group;
};

static void server_open(struct server *s, int backlog)
{
    struct rt_addr any = loopback(0);
    CHECK_INT(rt_listen(&any, backlog, false, &s->listener), 0);
    CHECK_INT(rt_sock_local(s->listener, &s->addr), 0);
    rt_group_init(&s->group, "server");
}

static void server_done(struct server *s)
{
    rt_group_done(&s->group);
    rt_close(s->listener);
}

static void task_echoes(void *arg)
{
    struct server *s = arg;
    struct rt_sock *c;
    if (rt_accept(s->listener, &c, NULL, RT_NEVER) < 0)
        return;
    char buf[512];
    ssize_t n;
    while ((n = rt_read(c, buf, sizeof(buf), RT_NEVER)) > 0)
        CHECK_INT(rt_write(c, buf, (size_t)n, RT_NEVER), 0);
    rt_close(c);
}

static void an_echo_server_echoes_until_the_end_of_the_stream(void *arg)
{
    (void)arg;
    struct server s;
    server_open(&s, 16);
    rt_go(&s.group, task_echoes, &s);
    struct rt_sock *c = NULL;
    CHECK_INT(rt_connect(&s.addr, NULL, &c, RT_NEVER), 0);
    char back[8];
    for (int i = 0; i < 100; i++) {
        CHECK_INT(rt_write(c, "hello", 5, RT_NEVER), 0);
        size_t got = 0;
        while (got < 5) {
            ssize_t n = rt_read(c, back + got, 5 - got, rt_now() + RT_SEC);
            CHECK(n > 0);
            if (n <= 0)
                break;
            got += (size_t)n;
        }
        CHECK(memcmp(back, "hello", 5) == 0);
    }
    CHECK_INT(rt_shutdown_write(c), 0);
    CHECK_INT(rt_read(c, back, sizeof(back), rt_now() + RT_SEC), 0);
    rt_close(c);
    server_done(&s);
}

static void a_port_without_a_listener_refuses(void *arg)
{
    (void)arg;
    struct server s;
    server_open(&s, 16);
    rt_close(s.listener);
    s.listener = NULL;
    struct rt_sock *c = NULL;
    CHECK_INT(rt_connect(&s.addr, NULL, &c, rt_now() + RT_SEC), -ECONNREFUSED);
    CHECK(c == NULL);
    server_done(&s);
}

/* What was refused may serve the next connect: nothing of its former life is to be seen in it. */
static void a_connect_after_a_refused_one_is_like_any(void *arg)
{
    (void)arg;
    struct server s, closed;
    server_open(&s, 16);
    server_open(&closed, 16);
    rt_close(closed.listener);
    closed.listener = NULL;
    for (int i = 0; i < 20; i++) {
        struct rt_sock *c = NULL, *peer = NULL;
        char b[8];
        for (int refused = 0; refused < i % 3; refused++)
            CHECK_INT(rt_connect(&closed.addr, NULL, &c, rt_now() + 20 * RT_SEC), -ECONNREFUSED);
        CHECK_INT(rt_connect(&s.addr, NULL, &c, rt_now() + 20 * RT_SEC), 0);
        CHECK_INT(rt_accept(s.listener, &peer, NULL, rt_now() + 20 * RT_SEC), 0);
        if (!c || !peer)
            break;
        CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + RT_MS), -ETIMEDOUT);
        CHECK_INT(rt_write(c, "q", 1, RT_NEVER), 0);
        CHECK_INT(rt_read(peer, b, sizeof(b), rt_now() + 20 * RT_SEC), 1);
        CHECK_INT(rt_write(peer, "a", 1, RT_NEVER), 0);
        CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + 20 * RT_SEC), 1);
        rt_close(peer);
        CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + 20 * RT_SEC), 0);
        rt_close(c);
    }
    server_done(&closed);
    server_done(&s);
}

/* Nobody accepts here, and what is beyond the queue is dropped: connects time out, whatever the
 * memory they are given has seen before. */
static void a_refused_socket_is_not_taken_for_a_connected_one(void *arg)
{
    enum { BEYOND_MAX = 16 };
    (void)arg;
    struct server s, closed;
    struct rt_sock *waiting[BEYOND_MAX], *c = NULL;
    int n = 0, r = 0;
    server_open(&s, 1);
    server_open(&closed, 16);
    rt_close(closed.listener);
    closed.listener = NULL;
    while (n < BEYOND_MAX && r == 0)
        if ((r = rt_connect(&s.addr, NULL, &waiting[n], rt_now() + 50 * RT_MS)) == 0)
            n++;
    CHECK_INT(r, -ETIMEDOUT);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(rt_connect(&closed.addr, NULL, &c, rt_now() + 20 * RT_SEC), -ECONNREFUSED);
        CHECK_INT(rt_connect(&s.addr, NULL, &c, rt_now() + 20 * RT_MS), -ETIMEDOUT);
        CHECK_INT(rt_connect(&closed.addr, NULL, &c, rt_now() + 20 * RT_SEC), -ECONNREFUSED);
    }
    while (n > 0)
        rt_close(waiting[--n]);
    server_done(&closed);
    server_done(&s);
}

static void a_socket_is_not_connected_to_itself(void *arg)
{
    (void)arg;
    struct server s;
    server_open(&s, 16);
    struct rt_addr addr = s.addr; /* a port that is free in a moment */
    server_done(&s);
    struct rt_sock *c = NULL;
    CHECK_INT(rt_connect(&addr, &(struct rt_connect_options){.from = &addr}, &c, rt_now() + RT_SEC),
              -ECONNREFUSED);
    CHECK(c == NULL);
}

static void a_read_times_out_and_the_socket_stays_usable(void *arg)
{
    (void)arg;
    struct server s;
    server_open(&s, 16);
    struct rt_sock *c, *peer;
    CHECK_INT(rt_connect(&s.addr, NULL, &c, RT_NEVER), 0);
    CHECK_INT(rt_accept(s.listener, &peer, NULL, RT_NEVER), 0);
    char b[4];
    rt_time t0 = rt_now();
    CHECK_INT(rt_read(c, b, sizeof(b), t0 + 5 * RT_MS), -ETIMEDOUT);
    CHECK(rt_now_exact() >= t0 + 5 * RT_MS);
    CHECK_INT(rt_write(peer, "x", 1, RT_NEVER), 0);
    CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + RT_SEC), 1);
    rt_close(c);
    CHECK_INT(rt_read(peer, b, sizeof(b), rt_now() + RT_SEC), 0);
    rt_close(peer);
    server_done(&s);
}

static void what_was_heard_of_a_socket_is_known_without_asking(void *arg)
{
    (void)arg;
    struct server s;
    server_open(&s, 16);
    struct rt_sock *c, *peer;
    CHECK_INT(rt_connect(&s.addr, NULL, &c, RT_NEVER), 0);
    CHECK_INT(rt_accept(s.listener, &peer, NULL, RT_NEVER), 0);
    char b[64];
    CHECK(!rt_was_quiet(peer)); /* nobody watches it yet */
    CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + RT_MS), -ETIMEDOUT);
    CHECK(rt_was_quiet(c));
    CHECK_INT(rt_wait_heard(c, rt_now() + RT_MS), -ETIMEDOUT);
    CHECK_INT(rt_write(peer, "x", 1, RT_NEVER), 0);
    CHECK_INT(rt_wait_heard(c, rt_now() + 20 * RT_SEC), 0);
    CHECK(!rt_was_quiet(c));
    CHECK_INT(rt_wait_heard(c, 0), 0); /* and it is not taken by waiting */
    CHECK_INT(rt_read(c, b, sizeof(b), RT_NEVER), 1);
    CHECK(rt_was_quiet(c)); /* that read has emptied it */
    rt_close(peer);
    CHECK_INT(rt_wait_heard(c, rt_now() + 20 * RT_SEC), 0); /* an end is news, too */
    CHECK(!rt_was_quiet(c));
    CHECK_INT(rt_read(c, b, sizeof(b), RT_NEVER), 0);
    CHECK(!rt_was_quiet(c)); /* for good */
    rt_close(c);
    server_done(&s);
}

/* The end of the stream arrives together with the last bytes: its edge is told once. */
static void the_end_is_seen_after_a_short_read(void *arg)
{
    (void)arg;
    struct server s;
    server_open(&s, 16);
    struct rt_sock *c, *peer;
    CHECK_INT(rt_connect(&s.addr, NULL, &c, RT_NEVER), 0);
    CHECK_INT(rt_accept(s.listener, &peer, NULL, RT_NEVER), 0);
    char b[64];
    CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + RT_MS), -ETIMEDOUT); /* is watched now */
    CHECK_INT(rt_write(peer, "bye", 3, RT_NEVER), 0);
    rt_close(peer);
    rt_sleep(rt_now() + 5 * RT_MS);
    CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + RT_SEC), 3);
    CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + RT_SEC), 0);
    rt_close(c);
    server_done(&s);
}

enum { BULK_BYTES = 4 * 1024 * 1024 };

static void task_reads_bulk(void *arg)
{
    struct server *s = arg;
    struct rt_sock *c;
    CHECK_INT(rt_accept(s->listener, &c, NULL, RT_NEVER), 0);
    static char buf[1 << 16];
    size_t total = 0;
    ssize_t n;
    while ((n = rt_read(c, buf, sizeof(buf), RT_NEVER)) > 0) {
        ssize_t right = 0;
        while (right < n && buf[right] == (char)((total + (size_t)right) % 251))
            right++;
        CHECK_INT(right, n);
        total += (size_t)n;
    }
    CHECK_INT(n, 0);
    CHECK_INT(total, BULK_BYTES);
    rt_close(c);
}

static void more_than_the_buffers_hold_arrives_whole(void *arg)
{
    (void)arg;
    struct server s;
    server_open(&s, 16);
    rt_go(&s.group, task_reads_bulk, &s);
    struct rt_sock *c;
    CHECK_INT(rt_connect(&s.addr, NULL, &c, RT_NEVER), 0);
    char *data = mem_alloc(MEM_TEST, BULK_BYTES);
    for (size_t i = 0; i < BULK_BYTES; i++)
        data[i] = (char)(i % 251);
    CHECK_INT(rt_write(c, data, BULK_BYTES, rt_now() + 20 * RT_SEC), 0);
    rt_close(c);
    mem_free(MEM_TEST, data);
    rt_group_wait(&s.group, rt_now() + 20 * RT_SEC);
    server_done(&s);
}

static void task_reads_one(void *arg)
{
    struct rt_sock *c = arg;
    char b;
    CHECK_INT(rt_read(c, &b, 1, RT_NEVER), -EBADF);
}

static void closing_wakes_the_reader(void *arg)
{
    (void)arg;
    struct server s;
    server_open(&s, 16);
    struct rt_sock *c;
    CHECK_INT(rt_connect(&s.addr, NULL, &c, RT_NEVER), 0);
    rt_go(&s.group, task_reads_one, c);
    rt_sleep(rt_now() + RT_MS);
    rt_close(c);
    CHECK_INT(rt_group_wait(&s.group, rt_now() + RT_SEC), 0);
    server_done(&s);
}

static void datagrams_go_and_come_back(void *arg)
{
    (void)arg;
    struct rt_addr any = loopback(0), at, from;
    struct rt_sock *a, *b;
    CHECK_INT(rt_udp_open(&any, NULL, &a), 0);
    CHECK_INT(rt_sock_local(a, &at), 0);
    CHECK_INT(rt_udp_open(NULL, &at, &b), 0);
    char buf[16];
    CHECK_INT(rt_recv_from(a, buf, sizeof(buf), &from, rt_now() + RT_MS), -ETIMEDOUT);
    CHECK_INT(rt_send_to(b, "ping", 4, NULL, RT_NEVER), 0);
    CHECK_INT(rt_recv_from(a, buf, sizeof(buf), &from, rt_now() + RT_SEC), 4);
    CHECK_INT(rt_send_to(a, "pong!", 5, &from, RT_NEVER), 0);
    CHECK_INT(rt_recv_from(b, buf, sizeof(buf), NULL, rt_now() + RT_SEC), 5);
    rt_close(a);
    rt_close(b);
}

static void a_datagram_socket_outlives_a_refusal(void *arg)
{
    (void)arg;
    struct rt_addr any = loopback(0), at;
    struct rt_sock *a, *b;
    char buf[16];
    CHECK_INT(rt_udp_open(&any, NULL, &a), 0);
    CHECK_INT(rt_sock_local(a, &at), 0);
    rt_close(a);
    CHECK_INT(rt_udp_open(NULL, &at, &b), 0);
    CHECK_INT(rt_read(b, buf, sizeof(buf), rt_now() + RT_MS), -ETIMEDOUT); /* is watched now */
    CHECK_INT(rt_send_to(b, "ping", 4, NULL, RT_NEVER), 0);
    CHECK_INT(rt_read(b, buf, sizeof(buf), rt_now() + RT_SEC), -ECONNREFUSED);
    CHECK_INT(rt_read(b, buf, sizeof(buf), rt_now() + 5 * RT_MS), -ETIMEDOUT);
    CHECK_INT(rt_udp_open(&at, NULL, &a), 0);
    CHECK_INT(rt_send_to(b, "ping", 4, NULL, RT_NEVER), 0);
    CHECK_INT(rt_recv_from(a, buf, sizeof(buf), NULL, rt_now() + RT_SEC), 4);
    rt_close(a);
    rt_close(b);
}

enum { PIECES = 3000 };

static void task_writes_many_pieces(void *arg)
{
    struct rt_sock *c = arg;
    struct iovec *iov = mem_alloc(MEM_TEST, PIECES * sizeof(*iov));
    for (int i = 0; i < PIECES; i++)
        iov[i] = (struct iovec){.iov_base = i % 2 ? "b" : "a", .iov_len = 1};
    CHECK_INT(rt_writev(c, iov, PIECES, rt_now() + RT_SEC), 0);
    CHECK_INT(rt_shutdown_write(c), 0);
    mem_free(MEM_TEST, iov);
}

static void a_vector_may_have_more_pieces_than_the_kernel_takes(void *arg)
{
    (void)arg;
    struct server s;
    struct rt_sock *c, *peer;
    char buf[256];
    ssize_t n, right = 0, total = 0;
    server_open(&s, 16);
    CHECK_INT(rt_connect(&s.addr, NULL, &c, RT_NEVER), 0);
    CHECK_INT(rt_accept(s.listener, &peer, NULL, RT_NEVER), 0);
    rt_go(&s.group, task_writes_many_pieces, c);
    while ((n = rt_read(peer, buf, sizeof(buf), rt_now() + RT_SEC)) > 0)
        for (ssize_t i = 0; i < n; i++, total++)
            right += buf[i] == (total % 2 ? 'b' : 'a');
    CHECK_INT(n, 0);
    CHECK_INT(right, PIECES);
    rt_close(peer);
    CHECK_INT(rt_group_wait(&s.group, RT_NEVER), 0);
    rt_close(c);
    server_done(&s);
}

static void task_reads_late(void *arg)
{
    struct server *s = arg;
    struct rt_sock *c;
    CHECK_INT(rt_accept(s->listener, &c, NULL, RT_NEVER), 0);
    CHECK_INT(rt_shutdown_write(c), 0);
    rt_sleep(rt_now() + 50 * RT_MS);
    static char buf[1 << 16];
    size_t total = 0;
    ssize_t n;
    while ((n = rt_read(c, buf, sizeof(buf), RT_NEVER)) > 0)
        total += (size_t)n;
    CHECK_INT(total, BULK_BYTES);
    rt_close(c);
}

static uint64_t switches_so_far(void)
{
    struct rt_stats st;
    rt_stats_read(&st);
    return st.switches;
}

/* The peer's end of the stream says nothing about room for what we write. */
static void a_writer_whose_peer_only_reads_waits_without_spinning(void *arg)
{
    (void)arg;
    struct server s;
    server_open(&s, 16);
    rt_go(&s.group, task_reads_late, &s);
    struct rt_sock *c;
    CHECK_INT(rt_connect(&s.addr, NULL, &c, RT_NEVER), 0);
    char b[4];
    CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + RT_SEC), 0); /* its end has come, and is known */
    char *data = mem_alloc(MEM_TEST, BULK_BYTES);
    uint64_t before = switches_so_far();
    CHECK_INT(rt_write(c, data, BULK_BYTES, rt_now() + 20 * RT_SEC), 0);
    CHECK(switches_so_far() - before < 2000);
    rt_close(c);
    mem_free(MEM_TEST, data);
    rt_group_wait(&s.group, rt_now() + 20 * RT_SEC);
    server_done(&s);
}

static void a_wait_for_readable_is_for_what_can_be_read(void *arg)
{
    (void)arg;
    struct server s;
    server_open(&s, 16);
    struct rt_sock *c, *peer;
    CHECK_INT(rt_connect(&s.addr, NULL, &c, RT_NEVER), 0);
    CHECK_INT(rt_accept(s.listener, &peer, NULL, RT_NEVER), 0);
    CHECK_INT(rt_wait_readable(c, rt_now() + RT_MS), -ETIMEDOUT);
    CHECK_INT(rt_wait_writable(c, rt_now() + RT_SEC), 0);
    CHECK_INT(rt_write(peer, "x", 1, RT_NEVER), 0);
    CHECK_INT(rt_wait_readable(c, rt_now() + RT_SEC), 0);
    char b[4];
    CHECK_INT(rt_read(c, b, sizeof(b), rt_now()), 1);
    CHECK_INT(rt_wait_readable(c, rt_now() + RT_MS), -ETIMEDOUT);
    rt_close(c);
    rt_close(peer);
    server_done(&s);
}

static void a_unix_stream_carries_both_ways(void *arg)
{
    (void)arg;
    char name[64];
    snprintf(name, sizeof(name), "@firebreak-sock-test-%d", (int)getpid());
    struct rt_addr at;
    CHECK_INT(rt_addr_unix(slice_from(name), &at), 0);
    struct rt_sock *listener, *c, *peer;
    CHECK(rt_connect(&at, NULL, &c, rt_now() + RT_SEC) < 0);
    CHECK_INT(rt_listen(&at, 4, false, &listener), 0);
    CHECK_INT(rt_connect(&at, NULL, &c, rt_now() + RT_SEC), 0);
    CHECK_INT(rt_accept(listener, &peer, NULL, rt_now() + RT_SEC), 0);
    char b[4];
    CHECK_INT(rt_write(c, "a", 1, RT_NEVER), 0);
    CHECK_INT(rt_read(peer, b, sizeof(b), rt_now() + RT_SEC), 1);
    CHECK_INT(rt_write(peer, "b", 1, RT_NEVER), 0);
    CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + RT_SEC), 1);
    rt_close(peer);
    CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + RT_SEC), 0);
    rt_close(c);
    rt_close(listener);
}

static void the_kernel_says_who_is_at_the_other_end(void *arg)
{
    (void)arg;
    struct rt_cred cred = {.pid = -1};
    char name[64];
    snprintf(name, sizeof(name), "@firebreak-cred-test-%d", (int)getpid());
    struct rt_addr at;
    struct rt_sock *listener, *c, *peer;
    CHECK_INT(rt_addr_unix(slice_from(name), &at), 0);
    CHECK_INT(rt_listen(&at, 4, false, &listener), 0);
    CHECK_INT(rt_sock_peer_cred(listener, &cred), -ENOTCONN);
    CHECK_INT(cred.pid, -1);
    CHECK_INT(rt_connect(&at, NULL, &c, rt_now() + RT_SEC), 0);
    CHECK_INT(rt_accept(listener, &peer, NULL, rt_now() + RT_SEC), 0);
    CHECK_INT(rt_sock_peer_cred(peer, &cred), 0);
    CHECK_INT(cred.uid, world_now_ == WORLD_SIM ? 0 : getuid());
    CHECK_INT(cred.pid, world_now_ == WORLD_SIM ? 1 : getpid());
    CHECK_INT(rt_sock_peer_cred(c, &cred), 0);
    rt_close(c);
    rt_close(peer);
    rt_close(listener);
    struct server s;
    server_open(&s, 4);
    CHECK_INT(rt_connect(&s.addr, NULL, &c, RT_NEVER), 0);
    CHECK_INT(rt_sock_peer_cred(c, &cred), -EOPNOTSUPP);
    CHECK_INT(rt_sock_no_delay(c), 0);
    rt_close(c);
    server_done(&s);
}

/* A client that talks on while the answer comes: a bare close would reset it. */
static void task_answers_and_leaves(void *arg)
{
    struct server *s = arg;
    struct rt_sock *c;
    CHECK_INT(rt_accept(s->listener, &c, NULL, RT_NEVER), 0);
    rt_sleep(rt_now() + 10 * RT_MS); /* its words have come, and nobody reads them */
    CHECK_INT(rt_write(c, "no", 2, RT_NEVER), 0);
    CHECK_INT(rt_close_gently(c, rt_now() + RT_SEC), 0);
}

static void a_gentle_close_lets_the_last_words_through(void *arg)
{
    (void)arg;
    struct server s;
    struct rt_sock *c;
    char b[8];
    server_open(&s, 4);
    rt_go(&s.group, task_answers_and_leaves, &s);
    CHECK_INT(rt_connect(&s.addr, NULL, &c, RT_NEVER), 0);
    CHECK_INT(rt_write(c, "a long request", 14, RT_NEVER), 0);
    rt_sleep(rt_now() + 30 * RT_MS);
    CHECK_INT(rt_write(c, "and more", 8, RT_NEVER), 0);
    rt_sleep(rt_now() + 10 * RT_MS);
    CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + RT_SEC), 2);
    CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + RT_SEC), 0);
    rt_close(c);
    CHECK_INT(rt_group_wait(&s.group, rt_now() + 2 * RT_SEC), 0);
    server_done(&s);
}

static void a_gentle_close_waits_no_longer_than_it_may(void *arg)
{
    (void)arg;
    struct server s;
    struct rt_sock *c, *peer;
    server_open(&s, 4);
    CHECK_INT(rt_connect(&s.addr, NULL, &c, RT_NEVER), 0);
    CHECK_INT(rt_accept(s.listener, &peer, NULL, RT_NEVER), 0);
    CHECK_INT(rt_close_gently(peer, rt_now() + 5 * RT_MS), -ETIMEDOUT);
    rt_close(c);
    server_done(&s);
}

/* ---- epoll only: real descriptors ---- */

static void a_pipe_can_be_adopted(void *arg)
{
    (void)arg;
    int fds[2];
    CHECK_INT(pipe(fds), 0);
    struct rt_sock *in, *out;
    CHECK_INT(rt_adopt(fds[0], &in), 0);
    CHECK_INT(rt_adopt(fds[1], &out), 0);
    char b[4];
    CHECK_INT(rt_read(in, b, sizeof(b), rt_now() + RT_MS), -ETIMEDOUT);
    CHECK_INT(rt_write(out, "hi", 2, RT_NEVER), 0);
    CHECK_INT(rt_read(in, b, sizeof(b), rt_now() + RT_SEC), 2);
    rt_close(out);
    CHECK_INT(rt_read(in, b, sizeof(b), rt_now() + RT_SEC), 0);
    rt_close(in);
}

/* Each is shorter than the room for it, and only the first edge tells of them. */
static void datagrams_that_wait_are_read_one_after_the_other(void *arg)
{
    (void)arg;
    int fds[2];
    struct rt_sock *in;
    char b[8];
    CHECK_INT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(send(fds[1], "hi", 2, 0), 2);
    CHECK_INT(rt_adopt(fds[0], &in), 0);
    CHECK_INT(rt_wait_readable(in, rt_now() + 20 * RT_SEC), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(rt_read(in, b, sizeof(b), 0), 2);
    CHECK_INT(rt_read(in, b, sizeof(b), 0), -ETIMEDOUT);
    rt_close(in);
    close(fds[1]);
}

static void a_regular_file_cannot_be_adopted(void *arg)
{
    (void)arg;
    FILE *f = tmpfile();
    struct rt_sock *s = NULL;
    CHECK_INT(rt_adopt(fileno(f), &s), -EPERM);
    CHECK(s == NULL);
    fclose(f);
}

/* A child that is being started holds a descriptor a little longer than we do. */
struct old_world {
    struct server s;
    struct rt_sock *peer; /* of the connection that we closed */
    int kept;             /* another descriptor of our end of it */
};

static void old_world_open(struct old_world *w)
{
    struct rt_sock *c;
    char b[4];
    server_open(&w->s, 16);
    CHECK_INT(rt_connect(&w->s.addr, NULL, &c, RT_NEVER), 0);
    CHECK_INT(rt_accept(w->s.listener, &w->peer, NULL, RT_NEVER), 0);
    CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + RT_MS), -ETIMEDOUT); /* is watched now */
    w->kept = dup(rt_sock_fd(c));
    rt_close(c); /* the next socket takes over its memory */
}

static void old_world_done(struct old_world *w)
{
    close(w->kept);
    server_done(&w->s);
}

static void task_stirs_the_old_connection(void *arg)
{
    struct old_world *w = arg;
    rt_sleep(rt_now() + 5 * RT_MS);
    CHECK_INT(rt_write(w->peer, "x", 1, RT_NEVER), 0);
    rt_close(w->peer);
}

static void an_edge_of_a_closed_descriptor_connects_nobody(void *arg)
{
    (void)arg;
    struct old_world w;
    struct rt_addr any = loopback(0), at;
    struct rt_sock *full, *queued, *c = NULL;
    CHECK_INT(rt_listen(&any, 0, false, &full), 0);
    CHECK_INT(rt_sock_local(full, &at), 0);
    CHECK_INT(rt_connect(&at, NULL, &queued, RT_NEVER), 0); /* its queue has no more room */
    old_world_open(&w);
    rt_go(&w.s.group, task_stirs_the_old_connection, &w);
    CHECK_INT(rt_connect(&at, NULL, &c, rt_now() + 30 * RT_MS), -ETIMEDOUT);
    CHECK(c == NULL);
    rt_close(queued);
    rt_close(full);
    old_world_done(&w);
}

static void an_edge_of_a_closed_descriptor_ends_nobodys_stream(void *arg)
{
    (void)arg;
    struct old_world w;
    struct rt_sock *c, *peer;
    char b[4];
    old_world_open(&w);
    CHECK_INT(rt_connect(&w.s.addr, NULL, &c, RT_NEVER), 0);
    CHECK_INT(rt_accept(w.s.listener, &peer, NULL, RT_NEVER), 0);
    rt_go(&w.s.group, task_stirs_the_old_connection, &w);
    uint64_t before = switches_so_far();
    CHECK_INT(rt_read(c, b, sizeof(b), rt_now() + 30 * RT_MS), -ETIMEDOUT);
    CHECK(switches_so_far() - before < 20);
    rt_close(c);
    rt_close(peer);
    old_world_done(&w);
}

enum { CROWD = 300, CROWD_READ_US = 100 };
struct crowd {
    struct rt_sock *in[CROWD], *out[CROWD];
    int begun, read;
};

static void task_reads_one_and_computes(void *arg)
{
    struct crowd *c = arg;
    char b;
    CHECK_INT(rt_read(c->in[c->begun++], &b, 1, RT_NEVER), 1);
    for (rt_time end = rt_now_exact() + CROWD_READ_US * 1000; rt_now_exact() < end;)
        ;
    c->read++;
}

/* All sockets can be read at once, and to work through them takes 30 times as long as the sleep. */
static void a_timer_does_not_wait_behind_every_socket_that_can_be_read(void *arg)
{
    (void)arg;
    static struct crowd c;
    struct rt_group g;
    c.begun = c.read = 0;
    rt_group_init(&g, "crowd");
    for (int i = 0; i < CROWD; i++) {
        int fds[2];
        CHECK_INT(pipe(fds), 0);
        CHECK_INT(rt_adopt(fds[0], &c.in[i]), 0);
        CHECK_INT(rt_adopt(fds[1], &c.out[i]), 0);
        CHECK_INT(rt_go(&g, task_reads_one_and_computes, &c), 0);
    }
    CHECK_INT(rt_sleep(rt_now_exact() + RT_MS), 0);
    for (int i = 0; i < CROWD; i++)
        CHECK_INT((int)write(rt_sock_fd(c.out[i]), "x", 1), 1);
    CHECK_INT(rt_sleep(rt_now_exact() + RT_MS), 0);
    CHECK(c.read < CROWD / 3);
    CHECK_INT(rt_group_wait(&g, RT_NEVER), 0);
    CHECK_INT(c.read, CROWD);
    for (int i = 0; i < CROWD; i++) {
        rt_close(c.in[i]);
        rt_close(c.out[i]);
    }
    rt_group_done(&g);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_RT).live, 0);
}

int main(void)
{
    ON_ALL(an_echo_server_echoes_until_the_end_of_the_stream);
    ON_ALL(a_port_without_a_listener_refuses);
    ON_ALL(a_connect_after_a_refused_one_is_like_any);
    ON_EPOLL(a_refused_socket_is_not_taken_for_a_connected_one);
    ON_ALL(a_socket_is_not_connected_to_itself);
    ON_ALL(what_was_heard_of_a_socket_is_known_without_asking);
    ON_ALL(a_read_times_out_and_the_socket_stays_usable);
    ON_ALL(the_end_is_seen_after_a_short_read);
    ON_ALL(more_than_the_buffers_hold_arrives_whole);
    ON_ALL(closing_wakes_the_reader);
    ON_ALL(datagrams_go_and_come_back);
    ON_ALL(a_datagram_socket_outlives_a_refusal);
    ON_ALL(a_vector_may_have_more_pieces_than_the_kernel_takes);
    ON_ALL(a_writer_whose_peer_only_reads_waits_without_spinning);
    ON_ALL(a_wait_for_readable_is_for_what_can_be_read);
    ON_ALL(a_unix_stream_carries_both_ways);
    ON_ALL(the_kernel_says_who_is_at_the_other_end);
    ON_ALL(a_gentle_close_lets_the_last_words_through);
    ON_ALL(a_gentle_close_waits_no_longer_than_it_may);
    ON_EPOLL(a_pipe_can_be_adopted);
    ON_EPOLL(datagrams_that_wait_are_read_one_after_the_other);
    ON_EPOLL(a_regular_file_cannot_be_adopted);
    ON_EPOLL(an_edge_of_a_closed_descriptor_connects_nobody);
    ON_EPOLL(an_edge_of_a_closed_descriptor_ends_nobodys_stream);
    ON_EPOLL(a_timer_does_not_wait_behind_every_socket_that_can_be_read);
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
