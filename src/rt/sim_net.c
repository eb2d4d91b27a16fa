#include "rt/sim_end.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"

enum {
    SYN_TRIES_MAX = 6,
    SYN_RETRY_MS = 1000, /* doubles */
    PORT_FIRST = 32768,
    PORT_LAST = 60999,
};

/* ---- ends ---- */

static struct sim_end *end_new(struct rt_sim *sim, struct rt_sock *s, enum rt_sock_kind kind,
                               const struct sim_host *h)
{
    struct sim_end *e = mem_alloc(MEM_RT, sizeof(*e));
    e->sock = s;
    e->id = ++sim->net.end_last;
    e->kind = (uint8_t)kind;
    e->host = h->ip;
    e->starts = h->starts;
    list_init(&e->flight);
    list_init(&e->ready);
    list_init(&e->queue);
    list_push_back(&sim->net.ends, &e->link);
    return e;
}

void sim_pieces_drop(struct list *pieces)
{
    struct list *it;
    while ((it = list_pop_front(pieces)))
        mem_free(MEM_RT, list_entry(it, struct sim_piece, link));
}

static void drop_all(struct sim_end *e)
{
    sim_pieces_drop(&e->flight);
    sim_pieces_drop(&e->ready);
    e->flight_bytes = e->ready_bytes = e->ready_count = 0;
}

void sim_net_open(struct rt_sim *sim)
{
    list_init(&sim->net.ends);
    for (int i = 0; i < SIM_BOUND_LISTS; i++)
        list_init(&sim->net.bound[i]);
    list_init(&sim->net.packets);
}

void sim_net_close(struct rt_sim *sim)
{
    struct list *it;
    sim_pieces_drop(&sim->net.packets);
    while ((it = list_pop_front(&sim->net.ends))) {
        struct sim_end *e = list_entry(it, struct sim_end, link);
        drop_all(e);
        if (sim->loop->dropped)
            mem_free(MEM_RT, e->sock);
        mem_free(MEM_RT, e);
    }
}

/* ---- edges ---- */

size_t sim_end_room(const struct rt_sim *sim, const struct sim_end *e)
{
    size_t used = e->peer->flight_bytes + e->peer->ready_bytes;
    return used < sim->config.buffer_bytes ? sim->config.buffer_bytes - used : 0;
}

unsigned sim_end_state(const struct rt_sim *sim, const struct sim_end *e)
{
    unsigned all = SOCK_CAN_READ | SOCK_CAN_WRITE | SOCK_ENDED;
    if (e->error || e->state == END_BROKEN)
        return all;
    if (e->state == END_LISTENING)
        return e->queue_len ? SOCK_CAN_READ : 0;
    if (e->state != END_OPEN)
        return 0;
    unsigned can_read = e->ready_count ? SOCK_CAN_READ : 0;
    if (e->kind == RT_SOCK_DATAGRAM)
        return can_read | SOCK_CAN_WRITE;
    if (e->fin_seen)
        return all;
    return can_read | (sim_end_room(sim, e) ? SOCK_CAN_WRITE : 0);
}

void sim_edge(struct rt_sim *sim, struct sim_end *e)
{
    if (!e->sock || !e->watched)
        return;
    unsigned state = sim_end_state(sim, e);
    sim_trace(sim, TRACE_EDGE, e->id << 8 | state);
    if (state)
        rt_sock_event(e->sock, state);
}

static void on_edge(struct rt_sim *sim, void *obj, uint64_t arg)
{
    (void)arg;
    sim_edge(sim, obj);
}

int sim_take_error(struct sim_end *e)
{
    int error = e->error;
    e->error = 0;
    return error;
}

/* ---- addresses ---- */

uint32_t sim_target_host(const struct sim_end *e, const struct rt_addr *to)
{
    if (to->family != AF_INET || rt_addr_is_loopback(to) || to->in.sin_addr.s_addr == 0)
        return e->host;
    return ntohl(to->in.sin_addr.s_addr);
}

static bool is_any(const struct rt_addr *a)
{
    static const struct in6_addr any6 = IN6ADDR_ANY_INIT;
    if (a->family == AF_INET)
        return a->in.sin_addr.s_addr == 0;
    return a->family == AF_INET6 && memcmp(&a->in6.sin6_addr, &any6, sizeof(any6)) == 0;
}

static bool answers_to(const struct sim_end *e, const struct rt_addr *to)
{
    if (rt_addr_eq(&e->local, to))
        return true;
    return e->local.family == to->family && rt_addr_port(&e->local) == rt_addr_port(to) &&
           to->family != AF_UNIX && (is_any(&e->local) || is_any(to));
}

/* A path has port 0: all paths of a host share a list. */
struct list *sim_bound_list(struct rt_sim *sim, uint32_t host, const struct rt_addr *a)
{
    uint32_t port = rt_addr_port(a);
    return &sim->net.bound[(host * 31 + port) % SIM_BOUND_LISTS];
}

struct sim_end *sim_find_bound(struct rt_sim *sim, enum rt_sock_kind kind, uint32_t host,
                               const struct rt_addr *to)
{
    list_each (it, sim_bound_list(sim, host, to)) {
        struct sim_end *e = list_entry(it, struct sim_end, bound_link);
        if (e->kind == kind && e->host == host && answers_to(e, to))
            return e;
    }
    return NULL;
}

void sim_own_address(const struct sim_end *e, const struct rt_addr *to, struct rt_addr *ret_addr)
{
    uint16_t port = rt_addr_port(&e->local);
    if (to->family == AF_INET)
        rt_addr_ipv4(rt_addr_is_loopback(to) ? SIM_LOCALHOST : e->host, port, ret_addr);
    else
        *ret_addr = *to; /* ::1 talks to ::1 */
    rt_addr_set_port(ret_addr, port);
}

int sim_choose_port(struct rt_sim *sim, struct sim_end *e, struct rt_addr *a)
{
    struct sim_host *h = sim_host_at(sim, e->host);
    for (int i = PORT_FIRST; i <= PORT_LAST; i++) {
        h->port_last = h->port_last >= PORT_LAST ? PORT_FIRST : (uint16_t)(h->port_last + 1);
        rt_addr_set_port(a, h->port_last);
        if (!sim_find_bound(sim, e->kind, e->host, a))
            return 0;
    }
    return -EADDRNOTAVAIL;
}

/* ---- opening ---- */

struct sim_end *sim_end_usable(const struct rt_sock *s, struct rt_sim **ret_sim, int *ret_error)
{
    struct rt_sim *sim = s->loop->sim;
    sim_step(sim);
    struct sim_end *e = s->sim;
    *ret_sim = sim;
    if (e->starts == sim_host_at(sim, e->host)->starts)
        return e;
    *ret_error = -ENETDOWN;
    return NULL;
}

int sim_sock_open(struct rt_sock *s, int family)
{
    struct rt_sim *sim = s->loop->sim;
    sim_step(sim);
    const struct sim_host *h = sim_host_here(sim);
    bool known = family == AF_INET || family == AF_INET6 ||
                 (family == AF_UNIX && s->kind != RT_SOCK_DATAGRAM);
    if (!known)
        return -EAFNOSUPPORT;
    if (h->down)
        return -ENETDOWN;
    s->sim = end_new(sim, s, s->kind, h);
    s->sim->state = s->kind == RT_SOCK_DATAGRAM ? END_OPEN : END_FRESH;
    return 0;
}

int sim_sock_bind(struct rt_sock *s, const struct rt_addr *at, bool reuse_port)
{
    struct rt_sim *sim;
    int error;
    struct sim_end *e = sim_end_usable(s, &sim, &error);
    if (!e)
        return error;
    if (at->family == AF_INET && sim_target_host(e, at) != e->host)
        return -EADDRNOTAVAIL;
    struct rt_addr a = *at;
    if (a.family != AF_UNIX && rt_addr_port(&a) == 0) {
        int r = sim_choose_port(sim, e, &a);
        if (r < 0)
            return r;
    } else if (!reuse_port && e->kind != RT_SOCK_STREAM &&
               sim_find_bound(sim, e->kind, e->host, &a)) {
        return -EADDRINUSE;
    }
    e->local = a;
    if (e->kind != RT_SOCK_STREAM)
        list_push_back(sim_bound_list(sim, e->host, &e->local), &e->bound_link);
    return 0;
}

int sim_sock_listen(struct rt_sock *s, int backlog)
{
    struct rt_sim *sim;
    int error;
    struct sim_end *e = sim_end_usable(s, &sim, &error);
    if (!e)
        return error;
    e->queue_max = backlog > 0 ? (uint32_t)backlog : 1;
    e->state = END_LISTENING;
    return 0;
}

static struct sim_end *join_queue(struct rt_sim *sim, struct sim_end *listener,
                                  struct sim_end *client)
{
    struct sim_end *e = end_new(sim, NULL, RT_SOCK_STREAM, sim_host_at(sim, listener->host));
    e->local = client->remote;
    e->remote = client->local;
    e->state = END_OPEN;
    e->peer = client;
    client->peer = e;
    list_push_back(&listener->queue, &e->queue_link);
    listener->queue_len++;
    sim_edge(sim, listener);
    return e;
}

static void on_connected(struct rt_sim *sim, void *obj, uint64_t arg)
{
    (void)arg;
    struct sim_end *e = obj;
    if (e->state != END_CONNECTING)
        return;
    sim_trace(sim, TRACE_CONNECTED, e->id);
    e->state = END_OPEN;
    sim_edge(sim, e);
}

static void on_refused(struct rt_sim *sim, void *obj, uint64_t arg)
{
    (void)arg;
    struct sim_end *e = obj;
    if (e->state == END_CONNECTING)
        sim_end_break(sim, e, -ECONNREFUSED);
}

static void on_syn(struct rt_sim *sim, void *obj, uint64_t arg)
{
    struct sim_end *e = obj;
    uint32_t host = (uint32_t)arg;
    if (e->state != END_CONNECTING)
        return;
    bool local = host == e->host;
    struct sim_end *listener = sim_find_bound(sim, RT_SOCK_LISTENER, host, &e->remote);
    bool lost = !local && (!sim_link_up(sim, e->host, host) || !sim_link_up(sim, host, e->host) ||
                           sim_chance(&sim->net_chance, sim->config.drop_ppm));
    if (!lost && listener && listener->queue_len >= listener->queue_max)
        lost = true; /* a full queue drops it, and the client sends another */
    sim_trace(sim, TRACE_SYN, e->id << 1 | lost);
    if (lost) {
        sim->counts.dropped++;
        if (++e->tries >= SYN_TRIES_MAX)
            sim_end_break(sim, e, -ETIMEDOUT);
        else
            sim_after(sim, sim->now + (SYN_RETRY_MS * RT_MS << (e->tries - 1)), on_syn, e, arg);
        return;
    }
    rt_time back = sim->now + sim_latency(sim, local);
    if (!listener || listener->state != END_LISTENING) {
        sim->counts.refused++;
        sim_after(sim, back, on_refused, e, 0);
        return;
    }
    join_queue(sim, listener, e);
    e->tries = 0;
    e->flight_last = back; /* its first bytes come after "connected" */
    sim_after(sim, back, on_connected, e, 0);
}

static int connect_unix(struct rt_sim *sim, struct sim_end *e)
{
    struct sim_end *listener = sim_find_bound(sim, RT_SOCK_LISTENER, e->host, &e->remote);
    if (!listener)
        return -ENOENT;
    if (listener->queue_len >= listener->queue_max)
        return -EAGAIN;
    join_queue(sim, listener, e);
    e->state = END_OPEN;
    return 0;
}

int sim_sock_connect(struct rt_sock *s, const struct rt_addr *to)
{
    struct rt_sim *sim;
    int error;
    struct sim_end *e = sim_end_usable(s, &sim, &error);
    if (!e)
        return error;
    e->remote = *to;
    e->connected_to = true;
    if (to->family == AF_UNIX && e->kind == RT_SOCK_STREAM)
        return connect_unix(sim, e);
    if (rt_addr_port(&e->local) == 0) {
        int r = sim_choose_port(sim, e, &e->local);
        if (r < 0)
            return r;
        uint16_t port = sim->hosts[sim_host_index(sim, e->host)].port_last;
        sim_own_address(e, to, &e->local);
        rt_addr_set_port(&e->local, port);
        if (e->kind == RT_SOCK_DATAGRAM)
            list_push_back(sim_bound_list(sim, e->host, &e->local), &e->bound_link);
    }
    if (e->kind == RT_SOCK_DATAGRAM)
        return 0;
    e->state = END_CONNECTING;
    uint32_t host = sim_target_host(e, to);
    sim_host_index(sim, host);
    sim_after(sim, sim->now + sim_latency(sim, host == e->host), on_syn, e, host);
    return -EINPROGRESS;
}

int sim_sock_accept(struct rt_sock *s, struct rt_sock *ret_new, struct rt_addr *ret_peer)
{
    struct rt_sim *sim;
    int error;
    struct sim_end *e = sim_end_usable(s, &sim, &error);
    if (!e)
        return error;
    struct list *first = list_pop_front(&e->queue);
    if (!first)
        return -EAGAIN;
    e->queue_len--;
    struct sim_end *child = list_entry(first, struct sim_end, queue_link);
    child->sock = ret_new;
    ret_new->sim = child;
    *ret_peer = child->remote;
    return 0;
}

/* ---- the rest ---- */

int sim_sock_watch(struct rt_sock *s)
{
    struct sim_end *e = s->sim;
    if (!e)
        return -EPERM; /* a descriptor of the kernel: there is none here */
    e->watched = true;
    sim_after(s->loop->sim, s->loop->sim->now, on_edge, e, 0);
    return 0;
}

int sim_sock_name(const struct rt_sock *s, bool peer, struct rt_addr *ret_addr)
{
    const struct sim_end *e = s->sim;
    if (!e || (peer && !e->peer && !e->connected_to))
        return e ? -ENOTCONN : -ENOTSOCK;
    *ret_addr = peer ? e->remote : e->local;
    return 0;
}

/* Each host is one program, and its user is root. */
int sim_sock_peer_cred(const struct rt_sock *s, struct rt_cred *ret_cred)
{
    const struct sim_end *e = s->sim;
    if (!e || (e->local.family != AF_UNIX && e->remote.family != AF_UNIX))
        return -EOPNOTSUPP;
    if (!e->peer)
        return -ENOTCONN;
    *ret_cred = (struct rt_cred){.pid = 1};
    return 0;
}

/* What is written flies at once, always. */
int sim_sock_no_delay(struct rt_sock *s)
{
    const struct sim_end *e = s->sim;
    return e && e->kind == RT_SOCK_STREAM && e->remote.family != AF_UNIX ? 0 : -EOPNOTSUPP;
}

void sim_sock_reset_on_close(struct rt_sock *s)
{
    s->sim->reset_on_close = true;
}

static void close_stream(struct rt_sim *sim, struct sim_end *e)
{
    if (e->state != END_OPEN && e->state != END_CONNECTING)
        return;
    if (e->reset_on_close || e->ready_count || e->state == END_CONNECTING)
        sim_reset_later(sim, e->peer, false);
    else
        sim_send_fin(sim, e);
}

void sim_sock_close(struct rt_sock *s)
{
    struct sim_end *e = s->sim;
    if (!e)
        return;
    struct rt_sim *sim = s->loop->sim;
    e->sock = NULL;
    if (e->state == END_CLOSED)
        return; /* its host lost power: nobody hears of it */
    sim_trace(sim, TRACE_CLOSE, e->id);
    struct list *it;
    while ((it = list_pop_front(&e->queue))) {
        struct sim_end *child = list_entry(it, struct sim_end, queue_link);
        child->state = END_CLOSED;
        sim_reset_later(sim, child->peer, false);
    }
    if (e->peer)
        close_stream(sim, e);
    list_remove(&e->bound_link);
    sim_pieces_drop(&e->ready);
    e->ready_bytes = e->ready_count = 0;
    e->state = END_CLOSED;
}

void sim_net_crash(struct rt_sim *sim, const struct sim_host *host)
{
    list_each (it, &sim->net.ends) {
        struct sim_end *e = list_entry(it, struct sim_end, link);
        if (e->host != host->ip || e->state == END_CLOSED)
            continue;
        list_remove(&e->bound_link);
        sim_pieces_drop(&e->ready);
        e->ready_bytes = e->ready_count = 0;
        e->state = END_CLOSED;
        e->error = 0;
    }
}
