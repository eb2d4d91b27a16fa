#include "net/ping.h"

#include <assert.h>
#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "rt/event.h"
#include "rt/sock.h"
#include "wire/icmp.h"

/* One call of ping(). */
struct run {
    const struct rt_addr *to;
    bool v6, raw;
    uint64_t cookie; /* request i carries cookie + i */
    uint32_t count;
    struct ping_result result;
    rt_time rtt_sum;
    rt_time sent_at[PING_COUNT_MAX];
    uint16_t sequence[PING_COUNT_MAX];
    bool answered[PING_COUNT_MAX];
    struct rt_event over; /* all answers are there, or none will come */
    int failed;           /* what a router said */
    uint8_t code;
};

/* Whom an answer with this sequence number is for. */
struct slot {
    struct run *run; /* NULL: nobody */
    uint32_t index;
};

struct way {
    struct rt_sock *sock; /* raw; NULL: not opened, or not for us */
    bool tried;
    struct pinger *pinger;
};

enum { COOKIES = 64 }; /* drawn at once: the kernel is asked for the process's name each time */

struct pinger {
    struct rt_group group; /* a reader for each way */
    struct way ways[2];    /* IPv4, IPv6 */
    uint16_t id, sequence;
    uint32_t used, cookies_left;
    uint64_t cookies[COOKIES];
    struct slot *slots; /* PING_IN_FLIGHT_MAX; pages that nobody needed are never touched */
};

void pinger_open(struct pinger **ret_pinger)
{
    struct pinger *p = mem_alloc(MEM_NET, sizeof(*p));
    rt_group_init(&p->group, "ping");
    p->id = (uint16_t)rt_random();
    p->sequence = (uint16_t)rt_random();
    p->ways[0].pinger = p->ways[1].pinger = p;
    *ret_pinger = p;
}

void pinger_close(struct pinger *p)
{
    if (!p)
        return;
    assert(p->used == 0);
    rt_group_done(&p->group);
    rt_close(p->ways[0].sock);
    rt_close(p->ways[1].sock);
    mem_free(MEM_NET, p->slots);
    mem_free(MEM_NET, p);
}

/* ---- what comes back ---- */

static bool is_from(const struct rt_addr *a, const struct rt_addr *b)
{
    if (a->family != b->family)
        return false;
    return a->family == AF_INET
               ? a->in.sin_addr.s_addr == b->in.sin_addr.s_addr
               : memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr)) == 0;
}

static bool is_about(const struct run *r, const uint8_t *address)
{
    return r->v6 ? memcmp(&r->to->in6.sin6_addr, address, 16) == 0
                 : memcmp(&r->to->in.sin_addr, address, 4) == 0;
}

static void take_reply(struct run *r, uint32_t i, const struct icmp_message *m,
                       const struct rt_addr *from)
{
    bool ours = m->cookie == r->cookie + i || fault_mutant("ping_any_cookie");
    if (!ours || r->answered[i] || !is_from(from, r->to))
        return;
    r->answered[i] = true;
    r->rtt_sum += rt_now_exact() - r->sent_at[i];
    if (++r->result.received == r->count)
        rt_event_set(&r->over);
}

static void take_failure(struct run *r, const struct icmp_message *m)
{
    if (!is_about(r, m->about))
        return;
    r->failed = m->kind == ICMP_EXPIRED ? -ELOOP : -EHOSTUNREACH;
    r->code = m->code;
    rt_event_set(&r->over);
}

static void read_answers(void *arg)
{
    enum { TURN = 64 }; /* packets, before others have a turn */
    struct way *w = arg;
    struct pinger *p = w->pinger;
    bool v6 = w == &p->ways[1];
    char packet[ICMP_PACKET_BYTES_MAX];
    struct icmp_message m;
    struct rt_addr from;
    for (unsigned n = 1;; n++) {
        ssize_t size = rt_recv_from(w->sock, packet, sizeof(packet), &from, RT_NEVER);
        if (size == -ECANCELED || size == -EBADF || (n % TURN == 0 && rt_yield() < 0))
            return;
        if (size < 0 || icmp_parse((struct slice){packet, (size_t)size}, v6, true, &m) < 0)
            continue;
        const struct slot *s = &p->slots[m.sequence];
        if (m.kind == ICMP_OTHER || m.id != p->id || !s->run || s->run->v6 != v6)
            continue;
        if (m.kind == ICMP_REPLY)
            take_reply(s->run, s->index, &m, &from);
        else
            take_failure(s->run, &m);
    }
}

/* ---- raw sockets ---- */

/* Returns 0, -EPERM (not for us), or our own want. */
static int way_open(struct pinger *p, struct way *w, int family)
{
    if (w->sock)
        return 0;
    if (w->tried)
        return -EPERM;
    int r = rt_icmp_open(family, NULL, &w->sock);
    if (r == 0 && !p->slots)
        p->slots = mem_alloc(MEM_NET, PING_IN_FLIGHT_MAX * sizeof(p->slots[0]));
    if (r == 0)
        r = rt_go(&p->group, read_answers, w);
    if (r == 0)
        return 0;
    rt_close(w->sock);
    w->sock = NULL;
    w->tried = r == -EPERM || r == -EACCES;
    return w->tried ? -EPERM : r;
}

static int take_sequence(struct pinger *p, struct run *r, uint32_t i)
{
    if (p->used == PING_IN_FLIGHT_MAX)
        return -ENOBUFS;
    while (p->slots[p->sequence].run)
        p->sequence++;
    r->sequence[i] = p->sequence++;
    p->slots[r->sequence[i]] = (struct slot){r, i};
    p->used++;
    return 0;
}

static int send_one(struct rt_sock *sock, struct run *r, uint32_t i, uint16_t id, bool connected,
                    rt_time deadline)
{
    uint8_t packet[ICMP_ECHO_BYTES];
    icmp_echo(r->v6, id, r->sequence[i], r->cookie + i, packet);
    r->sent_at[i] = rt_now_exact();
    int code = rt_send_to(sock, packet, sizeof(packet), connected ? NULL : r->to, deadline);
    r->result.sent += code == 0;
    return code;
}

static int ping_raw(struct pinger *p, const struct way *w, struct run *r, rt_time interval,
                    rt_time deadline)
{
    int code = 0;
    uint32_t taken = 0;
    rt_time due = rt_now();
    for (uint32_t i = 0; i < r->count && code == 0; i++) {
        code = take_sequence(p, r, i);
        if (code < 0)
            break;
        taken++;
        code = send_one(w->sock, r, i, p->id, false, deadline);
        due += interval;
        bool last = i + 1 == r->count;
        if (code == 0)
            code = rt_event_wait(&r->over, last || due > deadline ? deadline : due);
        if (code == 0 && !last)
            break; /* a router says no */
        if (code == -ETIMEDOUT)
            code = 0;
    }
    for (uint32_t i = 0; i < taken; i++)
        p->slots[r->sequence[i]].run = NULL;
    p->used -= taken;
    return code;
}

/* ---- ping sockets ---- */

/* Takes what arrives until then. */
static int listen_until(struct rt_sock *sock, struct run *r, uint32_t sent, rt_time until)
{
    char packet[ICMP_PACKET_BYTES_MAX];
    struct icmp_message m;
    struct rt_addr from;
    while (r->result.received < r->count) {
        ssize_t size = rt_recv_from(sock, packet, sizeof(packet), &from, until);
        if (size < 0)
            return (int)size;
        if (icmp_parse((struct slice){packet, (size_t)size}, r->v6, false, &m) < 0 ||
            m.kind != ICMP_REPLY)
            continue;
        for (uint32_t i = 0; i < sent; i++)
            if (r->sequence[i] == m.sequence)
                take_reply(r, i, &m, &from);
    }
    return 0;
}

static int ping_datagram(struct run *r, rt_time interval, rt_time deadline)
{
    struct rt_sock *sock;
    rt_time due = rt_now();
    int code = rt_icmp_open(r->to->family, r->to, &sock);
    if (code < 0)
        return code;
    for (uint32_t i = 0; i < r->count && code == 0; i++) {
        r->sequence[i] = (uint16_t)(i + 1);
        code = send_one(sock, r, i, 0, true, deadline);
        due += interval;
        bool last = i + 1 == r->count;
        if (code == 0)
            code = listen_until(sock, r, i + 1, last || due > deadline ? deadline : due);
        if (code == -ETIMEDOUT)
            code = 0;
    }
    rt_close(sock);
    return code;
}

/* ---- both ---- */

static int explain(const struct run *r, int code, struct err *err)
{
    if (code == 0 && r->result.received == 0 && r->failed == -ELOOP)
        return err_set(err, -EHOSTUNREACH, "the way there goes round: Time to live exceeded");
    if (code == 0 && r->result.received == 0 && r->failed)
        return err_set(err, -EHOSTUNREACH, "%s", icmp_unreachable_words(r->v6, r->code));
    if (code == -EACCES && r->result.sent == 0 && !r->raw)
        return err_set(err, -EPERM, "neither raw sockets (CAP_NET_RAW) nor ping sockets "
                       "(net.ipv4.ping_group_range) are for us");
    return code < 0 ? err_sys(err, code, "ping") : 0;
}

/* What nobody can guess, so that nobody answers what he was not asked. */
static uint64_t take_cookie(struct pinger *p)
{
    if (p->cookies_left == 0) {
        if (RAND_bytes((unsigned char *)p->cookies, sizeof(p->cookies)) != 1)
            abort();
        p->cookies_left = COOKIES;
    }
    return p->cookies[--p->cookies_left];
}

int ping(struct pinger *p, const struct rt_addr *to, uint32_t count, rt_time interval,
         struct ping_result *ret_result, struct err *err, rt_time deadline)
{
    assert(count >= 1 && count <= PING_COUNT_MAX);
    /* Not on the stack: thousands wait here at once. */
    struct run *r = mem_alloc(MEM_NET, sizeof(*r));
    r->to = to;
    r->v6 = to->family == AF_INET6;
    r->count = count;
    r->cookie = take_cookie(p);
    struct way *w = &p->ways[r->v6];
    int code = way_open(p, w, to->family);
    r->raw = code == 0;
    if (r->raw)
        code = ping_raw(p, w, r, interval, deadline);
    else if (code == -EPERM)
        code = ping_datagram(r, interval, deadline);
    code = explain(r, code, err);
    if (r->result.received)
        r->result.rtt_ns = r->rtt_sum / r->result.received;
    *ret_result = r->result;
    mem_free(MEM_NET, r);
    return code;
}
