/* sim_end.h - the ends of the simulator's connections: what its network files share.
 *
 * A stream is two ends. What one writes goes into the other's `flight`, in order of arrival, and
 * from there into its `ready`; both together are bounded by buffer_bytes, which is how a writer
 * meets a full buffer. An end stays in memory until the world ends, because events point to it;
 * `sock` says whether a program still holds it.
 *
 * Edges are told as epoll tells them: only for watched sockets, from the scheduler, and with all
 * that is so at that time, not just what changed. */
#ifndef FIREBREAK_RT_SIM_END_H
#define FIREBREAK_RT_SIM_END_H

#include "rt/sim_world.h"

enum sim_end_phase {
    END_FRESH,
    END_LISTENING,
    END_CONNECTING,
    END_OPEN, /* connected; every datagram socket */
    END_BROKEN,
    END_CLOSED, /* the program let go of it, or its host lost power */
};

/* A piece of a stream, or a datagram. */
struct sim_piece {
    struct list link;
    rt_time at;
    size_t size, taken;
    bool fin;
    struct rt_addr from, to; /* of a datagram */
    struct sim_end *sender;
    uint64_t number; /* of a datagram, by its sender */
    char data[];
};

struct sim_end {
    struct list link, bound_link, queue_link;
    struct rt_sock *sock; /* NULL: nobody holds it (any more, or yet) */
    uint64_t id;
    uint32_t host, starts;
    uint8_t kind, state;
    bool watched, wants_room, reset_on_close, fin_sent, fin_seen, doomed, silent, connected_to;
    int error; /* to be told once; negative errno or 0 */
    struct rt_addr local, remote;
    struct sim_end *peer;
    struct list flight, ready; /* struct sim_piece */
    size_t flight_bytes, ready_bytes, ready_count;
    rt_time flight_last;
    uint32_t tries;    /* of the piece at the head of flight, or of the SYN */
    struct list queue; /* of a listener: ends to be accepted, by queue_link */
    uint32_t queue_len, queue_max;
    uint64_t datagrams_sent, datagram_seen; /* numbers: to count who overtook whom */
};

static inline bool sim_same_host(const struct sim_end *a, const struct sim_end *b)
{
    return a->host == b->host;
}

static inline struct sim_host *sim_host_at(struct rt_sim *sim, uint32_t ip)
{
    return &sim->hosts[sim_host_index(sim, ip)];
}

/* ---- sim_net.c ---- */

/* The socket's end, or NULL with *ret_error: what every call begins with. */
struct sim_end *sim_end_usable(const struct rt_sock *s, struct rt_sim **ret_sim, int *ret_error);
void sim_pieces_drop(struct list *pieces);
/* Bytes that the peer still has room for. */
size_t sim_end_room(const struct rt_sim *sim, const struct sim_end *e);
/* SOCK_CAN_… as epoll would report it. */
unsigned sim_end_state(const struct rt_sim *sim, const struct sim_end *e);
/* Tells the program, if it watches. From events only. */
void sim_edge(struct rt_sim *sim, struct sim_end *e);
/* The error that is to be told once; 0. */
int sim_take_error(struct sim_end *e);
/* The host that an address means to this end. */
uint32_t sim_target_host(const struct sim_end *e, const struct rt_addr *to);
/* Who listens (or takes datagrams) there; of several (reuse_port) the first. */
struct list *sim_bound_list(struct rt_sim *sim, uint32_t host, const struct rt_addr *a);
struct sim_end *sim_find_bound(struct rt_sim *sim, enum rt_sock_kind kind, uint32_t host,
                               const struct rt_addr *to);
/* The address that a peer at `to` sees. */
void sim_own_address(const struct sim_end *e, const struct rt_addr *to, struct rt_addr *ret_addr);
/* Gives the address a free port. Returns 0 or -EADDRNOTAVAIL. */
int sim_choose_port(struct rt_sim *sim, struct sim_end *e, struct rt_addr *a);

/* ---- sim_stream.c ---- */

rt_time sim_latency(struct rt_sim *sim, bool local);
bool sim_link_up(struct rt_sim *sim, uint32_t from, uint32_t to);
void sim_end_break(struct rt_sim *sim, struct sim_end *e, int error);
/* A reset goes to this end. `injected`: it is no packet, so it passes cut links, too. */
void sim_reset_later(struct rt_sim *sim, struct sim_end *to, bool injected);
void sim_send_fin(struct rt_sim *sim, struct sim_end *e);

#endif
