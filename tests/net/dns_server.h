/* dns_server.h - a name server of the test's own, whose names say how it behaves:
 *
 *     ok.*        an address with a TTL of 100 s      ttlN.*     one with a TTL of N s
 *     nx.*        NXDOMAIN                            nodata.*   the name, but no such record
 *     servfail.* refused.* formerr.*                  silent.*   never answers
 *     broken.*    an answer cut off in the middle     cut.*      TC over UDP, the address over TCP
 *     many.*      20 addresses                        once.*     silent the first time
 *     pair.*      127.0.0.9 and 127.0.0.1
 *
 * It counts the questions for addresses (A). */
#ifndef FIREBREAK_TESTS_NET_DNS_SERVER_H
#define FIREBREAK_TESTS_NET_DNS_SERVER_H

#include "tests/tap.h"

#include "rt/sock.h"

struct dns_server {
    struct rt_sock *udp, *tcp;
    struct rt_addr addr;
    struct rt_group group;
    uint32_t asked_udp, asked_tcp; /* questions of type A */
    char last[256];                /* the name asked for last */
};

enum { DNS_HEADER = 12, DNS_REPLY_MAX = 1024 };

static inline size_t dns_put16(unsigned char *to, unsigned v)
{
    to[0] = (unsigned char)(v >> 8);
    to[1] = (unsigned char)v;
    return 2;
}

/* An answer to the name of the question. */
static inline size_t dns_put_address(unsigned char *to, unsigned ttl, const unsigned char ip[4])
{
    size_t at = dns_put16(to, 0xC000 | DNS_HEADER);
    at += dns_put16(to + at, 1);
    at += dns_put16(to + at, 1);
    at += dns_put16(to + at, ttl >> 16);
    at += dns_put16(to + at, ttl);
    at += dns_put16(to + at, 4);
    memcpy(to + at, ip, 4);
    return at + 4;
}

/* Whether this is the name's first label. */
static inline bool dns_is(const char *name, const char *label)
{
    size_t n = strlen(label);
    return strncmp(name, label, n) == 0 && (name[n] == '.' || name[n] == 0);
}

/* The question's name as text; returns where its type stands. */
static inline size_t dns_read_name(const unsigned char *q, size_t size, char *name)
{
    size_t at = DNS_HEADER, used = 0;
    while (at < size && q[at]) {
        memcpy(name + used, q + at + 1, q[at]);
        used += q[at];
        name[used++] = '.';
        at += 1u + q[at];
    }
    name[used ? used - 1 : 0] = 0;
    return at + 1;
}

static inline unsigned dns_code(const char *name)
{
    return dns_is(name, "nx")         ? 3
           : dns_is(name, "servfail") ? 2
           : dns_is(name, "refused")  ? 5
           : dns_is(name, "formerr")  ? 1
                                      : 0;
}

/* Returns the reply's size, 0: none. */
static inline size_t dns_answer(struct dns_server *s, const unsigned char *q, size_t size, bool tcp,
                                unsigned char *reply)
{
    char name[256];
    size_t at = dns_read_name(q, size, name) + 4; /* behind type and class */
    bool is_a = q[at - 3] == 1;
    uint32_t *count = tcp ? &s->asked_tcp : &s->asked_udp;
    *count += is_a;
    snprintf(s->last, sizeof(s->last), "%s", name);
    if (dns_is(name, "silent") || (dns_is(name, "once") && s->asked_udp < 2))
        return 0;
    memcpy(reply, q, at);
    bool cut = dns_is(name, "cut") && !tcp;
    dns_put16(reply + 2, 0x8180 | dns_code(name) | (cut ? 0x200 : 0));
    memset(reply + 6, 0, 6);
    unsigned ttl = strncmp(name, "ttl", 3) ? 100 : (unsigned)atoi(name + 3);
    unsigned n = dns_is(name, "many") ? 20 : dns_is(name, "pair") ? 2 : 1;
    if (!is_a || cut || dns_code(name) || dns_is(name, "nodata"))
        n = 0;
    dns_put16(reply + 6, n);
    for (unsigned i = 0; i < n; i++) {
        unsigned char ip[4] = {10, 0, 0, (unsigned char)(i + 1)};
        if (dns_is(name, "pair"))
            memcpy(ip, (unsigned char[]){127, 0, 0, i ? 1 : 9}, 4);
        at += dns_put_address(reply + at, ttl, ip);
    }
    return dns_is(name, "broken") && is_a ? at - 7 : at;
}

static inline void task_dns_udp(void *arg)
{
    struct dns_server *s = arg;
    unsigned char q[512], reply[DNS_REPLY_MAX];
    struct rt_addr from;
    ssize_t n;
    while ((n = rt_recv_from(s->udp, q, sizeof(q), &from, RT_NEVER)) > DNS_HEADER) {
        size_t size = dns_answer(s, q, (size_t)n, false, reply);
        if (size)
            rt_send_to(s->udp, reply, size, &from, RT_NEVER);
    }
}

static inline bool dns_read_all(struct rt_sock *c, unsigned char *to, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = rt_read(c, to + at, size - at, RT_NEVER);
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static inline void task_dns_tcp(void *arg)
{
    struct dns_server *s = arg;
    struct rt_sock *c;
    unsigned char q[512], reply[DNS_REPLY_MAX + 2];
    while (rt_accept(s->tcp, &c, NULL, RT_NEVER) == 0) {
        while (dns_read_all(c, q, 2) && q[0] < 2) {
            size_t size = (size_t)q[0] << 8 | q[1];
            if (!dns_read_all(c, q, size))
                break;
            size = dns_answer(s, q, size, true, reply + 2);
            dns_put16(reply, (unsigned)size);
            rt_write(c, reply, size + 2, RT_NEVER);
        }
        rt_close(c);
    }
}

static inline void dns_server_start(struct dns_server *s)
{
    struct rt_addr any;
    *s = (struct dns_server){0};
    rt_addr_ipv4(0x7f000001, 0, &any);
    CHECK_INT(rt_listen(&any, 16, false, &s->tcp), 0);
    CHECK_INT(rt_sock_local(s->tcp, &s->addr), 0);
    CHECK_INT(rt_udp_open(&s->addr, NULL, &s->udp), 0);
    rt_group_init(&s->group, "dns server");
    rt_go(&s->group, task_dns_udp, s);
    rt_go(&s->group, task_dns_tcp, s);
}

static inline void dns_server_stop(struct dns_server *s)
{
    rt_group_done(&s->group);
    rt_close(s->udp);
    rt_close(s->tcp);
}

#endif
