/* relay.h - a bad network between a client and a server: tasks that pass bytes on, or do not. */
#ifndef FIREBREAK_TESTS_NET_RELAY_H
#define FIREBREAK_TESTS_NET_RELAY_H

#include "rt/event.h"
#include "rt/sock.h"
#include "tests/tap.h"

enum relay_mode {
    RELAY_PASS,
    RELAY_HOLE,  /* accepts, and passes nothing on: half-open */
    RELAY_DEAF,  /* passes requests on, and swallows what comes back */
    RELAY_CLOSED /* nobody listens, and what stood is cut */
};

struct relay {
    struct rt_addr addr, to;
    struct rt_sock *listener;
    struct rt_group accepting, passing;
    enum relay_mode mode;
    struct rt_event changed;
    uint32_t connections;
    uint64_t swallowed;
};

struct relay_pair {
    struct relay *r;
    struct rt_sock *a, *b;
    struct rt_group group;
};

struct relay_way {
    struct relay *r;
    struct rt_sock *from, *to;
    bool back;
};

static inline void relay_pass(void *arg)
{
    struct relay_way *w = arg;
    char *bytes = malloc(16384);
    ssize_t n;
    while ((n = rt_read(w->from, bytes, 16384, RT_NEVER)) > 0) {
        while (w->r->mode == RELAY_HOLE)
            if (rt_event_wait(&w->r->changed, RT_NEVER) < 0)
                break;
        if (w->back && w->r->mode == RELAY_DEAF)
            w->r->swallowed += (uint64_t)n;
        else if (rt_write(w->to, bytes, (size_t)n, RT_NEVER) < 0)
            break;
    }
    free(bytes);
}

static inline void relay_pair_main(void *arg)
{
    struct relay_pair *p = arg;
    struct relay_way there = {p->r, p->a, NULL, false}, back = {p->r, NULL, p->a, true};
    if (rt_connect(&p->r->to, NULL, &p->b, rt_now() + RT_SEC) == 0) {
        there.to = back.from = p->b;
        (void)rt_sock_no_delay(p->a);
        (void)rt_sock_no_delay(p->b);
        rt_group_init(&p->group, "relay");
        rt_go(&p->group, relay_pass, &back);
        relay_pass(&there);
        rt_group_done(&p->group);
        rt_close(p->b);
    }
    rt_close(p->a);
    free(p);
}

static inline void relay_accept(void *arg)
{
    struct relay *r = arg;
    struct rt_sock *s;
    while (rt_accept(r->listener, &s, NULL, RT_NEVER) == 0) {
        struct relay_pair *p = calloc(1, sizeof(*p));
        *p = (struct relay_pair){.r = r, .a = s};
        r->connections++;
        if (rt_go(&r->passing, relay_pair_main, p) < 0)
            abort();
    }
}

static inline void relay_listen(struct relay *r)
{
    CHECK_INT(rt_listen(&r->addr, 64, false, &r->listener), 0);
    CHECK_INT(rt_sock_local(r->listener, &r->addr), 0);
    rt_group_init(&r->accepting, "relay");
    rt_group_init(&r->passing, "relay");
    rt_go(&r->accepting, relay_accept, r);
}

static inline void relay_close(struct relay *r)
{
    rt_group_done(&r->accepting);
    rt_group_done(&r->passing);
    rt_close(r->listener);
    r->listener = NULL;
}

static inline void relay_start(struct relay *r, uint16_t to)
{
    *r = (struct relay){0};
    rt_addr_ipv4(0x7f000001, 0, &r->addr);
    rt_addr_ipv4(0x7f000001, to, &r->to);
    relay_listen(r);
}

static inline void relay_set(struct relay *r, enum relay_mode mode)
{
    enum relay_mode was = r->mode;
    r->mode = mode;
    if (was == RELAY_HOLE) {
        rt_event_set(&r->changed);
        rt_event_clear(&r->changed);
    }
    if (was == RELAY_CLOSED && mode != RELAY_CLOSED)
        relay_listen(r);
    else if (was != RELAY_CLOSED && mode == RELAY_CLOSED)
        relay_close(r);
}

static inline void relay_stop(struct relay *r)
{
    if (r->listener)
        relay_close(r);
}

#endif
