/* http_server.h - an HTTP server of the test's own: it answers with the bytes it was given,
 * whatever was asked, and remembers the questions. */
#ifndef FIREBREAK_TESTS_NET_HTTP_SERVER_H
#define FIREBREAK_TESTS_NET_HTTP_SERVER_H

#include "tests/tap.h"

#include <sys/socket.h>

#include "base/buf.h"
#include "rt/sock.h"
#include "wire/http1.h"

enum http_then { THEN_KEEP, THEN_CLOSE, THEN_RESET, THEN_HOLD };

struct http_answer {
    const char *text; /* NULL: none */
    enum http_then then;
    bool trickle;   /* a byte at a time */
    bool deaf;      /* does not read the request first */
    bool head_only; /* does not read its body */
};

struct http_server {
    struct rt_sock *listener;
    struct rt_addr addr;
    struct rt_group group;
    const struct http_answer *answers; /* in the order of the requests, over all connections */
    uint32_t count, next, connections;
    struct buf asked; /* all requests, as they came */
};

struct http_server_conn {
    struct http_server *server;
    struct rt_sock *sock;
};

/* Reads one request, head and body, into server->asked. */
static inline bool http_server_read(struct http_server_conn *c, bool head_only)
{
    struct http1_parser p;
    static struct http1_head head;
    struct buf in = BUF(MEM_TEST, 0);
    ptrdiff_t n = 0;
    size_t want = SIZE_MAX;
    http1_parser_request(&p, NULL);
    while (in.size < want) {
        char *room;
        buf_reserve(&in, 4096, &room);
        ssize_t got = rt_read(c->sock, room, 4096, RT_NEVER);
        if (got <= 0)
            break;
        buf_commit(&in, (size_t)got);
        if (n == 0 && (n = http1_parse(&p, buf_slice(&in), &head, NULL)) > 0)
            want = head_only ? 0 : (size_t)n + (size_t)head.content_length;
        if (n < 0)
            break;
    }
    buf_append_slice(&c->server->asked, buf_slice(&in));
    buf_done(&in);
    return n > 0;
}

static inline void http_server_say(struct http_server_conn *c, const struct http_answer *a)
{
    size_t size = a->text ? strlen(a->text) : 0;
    for (size_t i = 0; a->trickle && i < size; i++)
        if (rt_write(c->sock, a->text + i, 1, RT_NEVER) < 0 || rt_yield() < 0)
            return;
    if (!a->trickle && size)
        rt_write(c->sock, a->text, size, RT_NEVER);
}

static inline void task_http_serves(void *arg)
{
    struct http_server_conn *c = arg;
    struct http_server *s = c->server;
    enum http_then then = THEN_KEEP;
    while (then == THEN_KEEP && s->next < s->count) {
        const struct http_answer *now = &s->answers[s->next];
        if (!now->deaf && !http_server_read(c, now->head_only))
            break;
        const struct http_answer *a = &s->answers[s->next < s->count ? s->next++ : s->next - 1];
        http_server_say(c, a);
        then = a->then;
    }
    if (then == THEN_RESET)
        setsockopt(rt_sock_fd(c->sock), SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
                   sizeof(struct linger));
    if (then == THEN_HOLD)
        rt_sleep(RT_NEVER);
    rt_close(c->sock);
    mem_free(MEM_TEST, c);
}

static inline void task_http_accepts(void *arg)
{
    struct http_server *s = arg;
    struct rt_sock *sock;
    while (rt_accept(s->listener, &sock, NULL, RT_NEVER) == 0) {
        struct http_server_conn *c = mem_alloc(MEM_TEST, sizeof(*c));
        *c = (struct http_server_conn){s, sock};
        s->connections++;
        rt_go(&s->group, task_http_serves, c);
    }
}

static inline void http_server_start(struct http_server *s, const struct http_answer *answers,
                                     uint32_t count)
{
    struct rt_addr any;
    *s = (struct http_server){.answers = answers, .count = count, .asked = BUF(MEM_TEST, 0)};
    rt_addr_ipv4(0x7f000001, 0, &any);
    CHECK_INT(rt_listen(&any, 16, false, &s->listener), 0);
    CHECK_INT(rt_sock_local(s->listener, &s->addr), 0);
    rt_group_init(&s->group, "http server");
    rt_go(&s->group, task_http_accepts, s);
}

/* Listens elsewhere. */
static inline void http_server_move(struct http_server *s, const struct rt_addr *to)
{
    rt_group_done(&s->group);
    rt_close(s->listener);
    CHECK_INT(rt_listen(to, 16, false, &s->listener), 0);
    rt_group_init(&s->group, "http server");
    rt_go(&s->group, task_http_accepts, s);
}

static inline void http_server_stop(struct http_server *s)
{
    rt_group_done(&s->group);
    rt_close(s->listener);
    buf_done(&s->asked);
}

#endif
