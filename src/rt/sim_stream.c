#include "rt/sim_end.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"

enum {
    RETRANSMIT_MS = 200, /* doubles … */
    RETRANSMIT_MAX_MS = 5000,
    RETRANSMIT_TRIES_MAX = 16, /* … together about RT_SIM_GIVE_UP_MS */
    LOCAL_LATENCY_MAX_US = 20,
    SHORT_WRITE_ONE_IN = 8,
    SPLIT_ONE_IN = 4,
};

/* ---- the wire ---- */

rt_time sim_latency(struct rt_sim *sim, bool local)
{
    if (local)
        return 1 + (rt_time)sim_below(&sim->net_chance, LOCAL_LATENCY_MAX_US * RT_US);
    rt_time spread = sim->config.latency_max - sim->config.latency_min;
    return sim->config.latency_min + (rt_time)sim_below(&sim->net_chance, (uint64_t)spread + 1);
}

bool sim_link_up(struct rt_sim *sim, uint32_t from, uint32_t to)
{
    uint32_t a = sim_host_index(sim, from), b = sim_host_index(sim, to);
    return !sim->net.cut[a][b] && !sim->hosts[a].down && !sim->hosts[b].down;
}

void sim_end_break(struct rt_sim *sim, struct sim_end *e, int error)
{
    if (e->state == END_CLOSED || e->state == END_BROKEN)
        return;
    e->state = END_BROKEN;
    e->error = error;
    sim_pieces_drop(&e->flight);
    e->flight_bytes = 0;
    sim_edge(sim, e);
}

/* A reset arrives. `arg`: it passes a cut link, too (an injected one is no packet). */
static void on_reset(struct rt_sim *sim, void *obj, uint64_t arg)
{
    struct sim_end *e = obj;
    if (e->silent || (!arg && !sim_link_up(sim, e->peer->host, e->host)))
        return;
    sim_trace(sim, TRACE_RESET, e->id);
    sim_end_break(sim, e, e->state == END_CONNECTING ? -ECONNREFUSED : -ECONNRESET);
}

void sim_reset_later(struct rt_sim *sim, struct sim_end *to, bool injected)
{
    sim_after(sim, sim->now + sim_latency(sim, sim_same_host(to, to->peer)), on_reset, to,
              injected);
}

/* Its host still knows of the connection, or would if it had not been closed. */
static bool is_known(struct rt_sim *sim, const struct sim_end *e)
{
    return e->starts == sim_host_at(sim, e->host)->starts;
}

static void arrive(struct rt_sim *sim, struct sim_end *e, struct sim_piece *p)
{
    list_remove(&p->link);
    e->flight_bytes -= p->size;
    sim->counts.segments++;
    if (e->state == END_CLOSED || !is_known(sim, e)) {
        /* Nobody there who knows this connection. A last word to nobody is no news. */
        if (!p->fin)
            sim_reset_later(sim, e->peer, false);
        mem_free(MEM_RT, p);
        return;
    }
    if (p->fin) {
        e->fin_seen = true;
        mem_free(MEM_RT, p);
        return;
    }
    e->ready_bytes += p->size;
    e->ready_count++;
    list_push_back(&e->ready, &p->link);
}

static void on_arrival(struct rt_sim *sim, void *obj, uint64_t arg)
{
    (void)arg;
    struct sim_end *e = obj;
    if (e->silent || list_empty(&e->flight))
        return;
    if (!is_known(sim, e->peer)) {
        /* The sender lost power: what was under way is lost with who would send it again. */
        sim_pieces_drop(&e->flight);
        e->flight_bytes = 0;
        return;
    }
    if (!sim_same_host(e, e->peer) && !sim_link_up(sim, e->peer->host, e->host)) {
        sim->counts.retransmissions++;
        if (++e->tries > RETRANSMIT_TRIES_MAX) {
            sim_end_break(sim, e->peer, -ETIMEDOUT);
            return;
        }
        rt_time wait = RETRANSMIT_MS * RT_MS << (e->tries < 6 ? e->tries - 1 : 5);
        if (wait > RETRANSMIT_MAX_MS * RT_MS)
            wait = RETRANSMIT_MAX_MS * RT_MS;
        sim_after(sim, sim->now + wait, on_arrival, e, 0);
        return;
    }
    e->tries = 0;
    bool any = false;
    while (!list_empty(&e->flight)) {
        struct sim_piece *p = list_entry(e->flight.next, struct sim_piece, link);
        if (p->at > sim->now) {
            sim_after(sim, p->at, on_arrival, e, 0);
            break;
        }
        sim_trace(sim, TRACE_ARRIVAL, e->id << 32 ^ p->size);
        arrive(sim, e, p);
        any = true;
    }
    if (any)
        sim_edge(sim, e);
}

static void fly(struct rt_sim *sim, struct sim_end *to, struct sim_piece *p)
{
    p->at = sim->now + sim_latency(sim, sim_same_host(to, to->peer));
    if (p->at < to->flight_last)
        p->at = to->flight_last;
    to->flight_last = p->at;
    bool first = list_empty(&to->flight);
    list_push_back(&to->flight, &p->link);
    to->flight_bytes += p->size;
    if (first)
        sim_after(sim, p->at, on_arrival, to, 0);
}

void sim_send_fin(struct rt_sim *sim, struct sim_end *e)
{
    if (e->fin_sent || e->peer->state == END_BROKEN)
        return;
    e->fin_sent = true;
    struct sim_piece *p = mem_alloc(MEM_RT, sizeof(*p));
    p->fin = true;
    fly(sim, e->peer, p);
}

/* ---- streams ---- */

static void on_room(struct rt_sim *sim, void *obj, uint64_t arg)
{
    (void)arg;
    struct sim_end *e = obj;
    if (e->state != END_OPEN || !e->wants_room || !sim_end_room(sim, e))
        return;
    e->wants_room = false;
    sim_edge(sim, e);
}

int sim_sock_connected(struct rt_sock *s, const struct rt_addr *to)
{
    struct rt_sim *sim;
    int error;
    struct sim_end *e = sim_end_usable(s, &sim, &error);
    (void)to;
    return e ? sim_take_error(e) : error;
}

bool sim_sock_ready(const struct rt_sock *s, unsigned hint)
{
    struct rt_sim *sim;
    int error;
    struct sim_end *e = sim_end_usable(s, &sim, &error);
    return !e || (sim_end_state(sim, e) & hint);
}

static size_t take_ready(struct sim_end *e, char *buf, size_t size)
{
    size_t got = 0;
    while (got < size && !list_empty(&e->ready)) {
        struct sim_piece *p = list_entry(e->ready.next, struct sim_piece, link);
        size_t n = p->size - p->taken < size - got ? p->size - p->taken : size - got;
        memcpy(buf + got, p->data + p->taken, n);
        got += n;
        p->taken += n;
        if (p->taken < p->size)
            break;
        list_remove(&p->link);
        mem_free(MEM_RT, p);
        e->ready_count--;
    }
    e->ready_bytes -= got;
    return got;
}

ssize_t sim_sock_read(struct rt_sock *s, void *buf, size_t size)
{
    struct rt_sim *sim;
    int error;
    struct sim_end *e = sim_end_usable(s, &sim, &error);
    if (!e)
        return error;
    if (e->kind == RT_SOCK_DATAGRAM)
        return sim_sock_recv_from(s, buf, size, &(struct rt_addr){0});
    if (e->ready_count) {
        size_t n = take_ready(e, buf, size);
        sim_trace(sim, TRACE_READ, e->id << 32 ^ n);
        if (e->peer->wants_room)
            sim_after(sim, sim->now + sim_latency(sim, sim_same_host(e, e->peer)), on_room, e->peer,
                      0);
        return (ssize_t)n;
    }
    if (e->error)
        return sim_take_error(e);
    if (e->fin_seen || e->state == END_BROKEN)
        return 0;
    return e->state == END_OPEN || e->state == END_CONNECTING ? -EAGAIN : -ENOTCONN;
}

static size_t gather(char *to, const struct iovec *iov, int count, size_t size)
{
    size_t done = 0;
    for (int i = 0; i < count && done < size; i++) {
        size_t n = iov[i].iov_len < size - done ? iov[i].iov_len : size - done;
        memcpy(to + done, iov[i].iov_base, n);
        done += n;
    }
    return done;
}

/* In one piece or, now and then, in two that arrive one after the other. */
static void fly_bytes(struct rt_sim *sim, struct sim_end *to, const struct iovec *iov, int count,
                      size_t size)
{
    struct sim_piece *p = mem_alloc(MEM_RT, sizeof(*p) + size);
    p->size = gather(p->data, iov, count, size);
    if (size > 1 && sim_below(&sim->net_chance, SPLIT_ONE_IN) == 0) {
        size_t first = 1 + (size_t)sim_below(&sim->net_chance, size - 1);
        struct sim_piece *rest = mem_alloc(MEM_RT, sizeof(*rest) + size - first);
        rest->size = size - first;
        memcpy(rest->data, p->data + first, rest->size);
        p->size = first;
        fly(sim, to, p);
        p = rest;
    }
    fly(sim, to, p);
}

static void inject_stream_faults(struct rt_sim *sim, struct sim_end *e)
{
    if (e->local.family == AF_UNIX || e->silent || e->doomed)
        return;
    if (sim_chance(&sim->net_chance, sim->config.reset_ppm)) {
        sim->counts.resets++;
        e->doomed = e->peer->doomed = true;
        sim_reset_later(sim, e, true);
        sim_reset_later(sim, e->peer, true);
    } else if (sim_chance(&sim->net_chance, sim->config.half_open_ppm)) {
        sim->counts.half_opens++;
        e->silent = e->peer->silent = true;
    }
}

ssize_t sim_sock_writev(struct rt_sock *s, const struct iovec *iov, int count)
{
    struct rt_sim *sim;
    int error;
    struct sim_end *e = sim_end_usable(s, &sim, &error);
    if (!e)
        return error;
    if (e->error)
        return sim_take_error(e);
    if (e->state == END_BROKEN || e->fin_sent)
        return -EPIPE;
    if (e->state != END_OPEN)
        return e->state == END_CONNECTING ? -EAGAIN : -ENOTCONN;
    size_t size = 0, room = sim_end_room(sim, e);
    for (int i = 0; i < count; i++)
        size += iov[i].iov_len;
    if (room == 0) {
        sim->counts.full_buffers++;
        e->wants_room = true;
        return -EAGAIN;
    }
    if (size > room)
        size = room;
    if (size > 1 && sim_below(&sim->net_chance, SHORT_WRITE_ONE_IN) == 0) {
        sim->counts.short_writes++;
        size = 1 + (size_t)sim_below(&sim->net_chance, size - 1);
    }
    inject_stream_faults(sim, e);
    sim_trace(sim, TRACE_WRITE, e->id << 32 ^ size);
    fly_bytes(sim, e->peer, iov, count, size);
    return (ssize_t)size;
}

int sim_sock_shutdown_write(struct rt_sock *s)
{
    struct rt_sim *sim;
    int error;
    struct sim_end *e = sim_end_usable(s, &sim, &error);
    if (!e)
        return error;
    if (e->state != END_OPEN || !e->peer)
        return -ENOTCONN;
    sim_send_fin(sim, e);
    return 0;
}
