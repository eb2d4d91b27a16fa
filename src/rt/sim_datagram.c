#include "rt/sim_end.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"

enum {
    DATAGRAM_BYTES_MAX = 65507,
    DATAGRAMS_QUEUED_MAX = 256,
};

static void on_unreachable(struct rt_sim *sim, void *obj, uint64_t arg)
{
    (void)arg;
    struct sim_end *e = obj;
    if (!e->sock || !e->connected_to)
        return;
    e->error = -ECONNREFUSED;
    sim_edge(sim, e);
}

static void on_datagram(struct rt_sim *sim, void *obj, uint64_t arg)
{
    struct sim_piece *p = obj;
    struct sim_end *sender = p->sender;
    uint32_t host = (uint32_t)arg;
    bool local = host == sender->host;
    bool lost = !local && !sim_link_up(sim, sender->host, host);
    struct sim_end *e = lost ? NULL : sim_find_bound(sim, RT_SOCK_DATAGRAM, host, &p->to);
    list_remove(&p->link);
    sim_trace(sim, TRACE_DATAGRAM, sender->id << 1 | lost);
    if (!lost && !e) {
        sim->counts.refused++;
        sim_after(sim, sim->now + sim_latency(sim, local), on_unreachable, sender, 0);
    }
    bool takes = e && e->ready_count < DATAGRAMS_QUEUED_MAX &&
                 (!e->connected_to || rt_addr_eq(&e->remote, &p->from));
    if (!takes) {
        sim->counts.dropped += lost || e;
        mem_free(MEM_RT, p);
        return;
    }
    sim->counts.datagrams++;
    sim->counts.reordered += p->number < sender->datagram_seen;
    sender->datagram_seen = p->number;
    list_push_back(&e->ready, &p->link);
    e->ready_count++;
    e->ready_bytes += p->size;
    sim_edge(sim, e);
}

static void datagram_send(struct rt_sim *sim, struct sim_end *e, const void *data, size_t size,
                          const struct rt_addr *to)
{
    uint32_t host = sim_target_host(e, to);
    sim_host_index(sim, host);
    if (sim_chance(&sim->net_chance, sim->config.drop_ppm)) {
        sim->counts.dropped++;
        return;
    }
    struct sim_piece *p = mem_alloc(MEM_RT, sizeof(*p) + size);
    p->size = size;
    p->sender = e;
    p->to = *to;
    p->number = ++e->datagrams_sent;
    sim_own_address(e, to, &p->from);
    if (size)
        memcpy(p->data, data, size);
    list_push_back(&sim->net.packets, &p->link);
    sim_after(sim, sim->now + sim_latency(sim, host == e->host), on_datagram, p, host);
}

ssize_t sim_sock_send_to(struct rt_sock *s, const void *data, size_t size, const struct rt_addr *to)
{
    struct rt_sim *sim;
    int error;
    struct sim_end *e = sim_end_usable(s, &sim, &error);
    if (!e)
        return error;
    if (e->error)
        return sim_take_error(e);
    if (!to && !e->connected_to)
        return -EDESTADDRREQ;
    if (size > DATAGRAM_BYTES_MAX)
        return -EMSGSIZE;
    const struct rt_addr *dest = to ? to : &e->remote;
    if (rt_addr_port(&e->local) == 0) {
        e->local = *dest;
        memset(&e->local.in.sin_addr, 0, sizeof(e->local.in.sin_addr));
        int r = sim_choose_port(sim, e, &e->local);
        if (r < 0)
            return r;
        list_push_back(sim_bound_list(sim, e->host, &e->local), &e->bound_link);
    }
    datagram_send(sim, e, data, size, dest);
    if (sim_chance(&sim->net_chance, sim->config.duplicate_ppm)) {
        sim->counts.duplicated++;
        datagram_send(sim, e, data, size, dest);
    }
    return (ssize_t)size;
}

ssize_t sim_sock_recv_from(struct rt_sock *s, void *buf, size_t size, struct rt_addr *ret_from)
{
    struct rt_sim *sim;
    int error;
    struct sim_end *e = sim_end_usable(s, &sim, &error);
    if (!e)
        return error;
    if (e->error)
        return sim_take_error(e);
    struct list *first = list_pop_front(&e->ready);
    if (!first)
        return -EAGAIN;
    struct sim_piece *p = list_entry(first, struct sim_piece, link);
    size_t n = p->size < size ? p->size : size;
    memcpy(buf, p->data, n);
    *ret_from = p->from;
    e->ready_count--;
    e->ready_bytes -= p->size;
    mem_free(MEM_RT, p);
    return (ssize_t)n;
}
