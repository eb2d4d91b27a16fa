#include "net/dns_channel.h"

#include <errno.h>
#include <string.h>

#include "rt/sock.h"

/* c-ares tells which sockets it wants watched; each gets a reading task, and a writing one while
 * it waits for a TCP connection. A socket's watch ends when c-ares says so, just before it
 * closes the descriptor. */
struct watch {
    struct list link;
    struct dns_channel *channel;
    struct rt_sock *sock; /* NULL: c-ares has closed it */
    int fd, tasks;
    bool writing;
};

enum {
    ATTEMPT_MS = 1500, /* before c-ares asks again or asks the next server */
    TRIES = 3,
    TICK_MAX_MS = 250,
    TICK_MIN_MS = 1,
    TICK_UNWATCHED_MS = 5,
};

static void watch_unref(struct watch *w)
{
    if (--w->tasks > 0 || w->sock)
        return;
    list_remove(&w->link);
    mem_free(MEM_NET, w);
}

static void watch_readable(void *arg)
{
    struct watch *w = arg;
    while (w->sock && rt_wait_readable(w->sock, RT_NEVER) == 0)
        if (w->sock)
            ares_process_fd(w->channel->ares, w->fd, ARES_SOCKET_BAD);
    watch_unref(w);
}

static void watch_writable(void *arg)
{
    struct watch *w = arg;
    while (w->sock && w->writing && rt_wait_writable(w->sock, RT_NEVER) == 0)
        if (w->sock)
            ares_process_fd(w->channel->ares, ARES_SOCKET_BAD, w->fd);
    w->writing = false;
    watch_unref(w);
}

static struct watch *watch_find(struct dns_channel *c, int fd)
{
    list_each(it, &c->watches) {
        struct watch *w = list_entry(it, struct watch, link);
        if (w->fd == fd && w->sock)
            return w;
    }
    return NULL;
}

static struct watch *watch_new(struct dns_channel *c, int fd)
{
    struct watch *w = mem_alloc(MEM_NET, sizeof(*w));
    *w = (struct watch){.channel = c, .fd = fd, .tasks = 1};
    list_push_back(&c->watches, &w->link);
    if (rt_borrow(fd, &w->sock) < 0 || rt_go(c->group, watch_readable, w) < 0) {
        c->unwatched = true;
        rt_close(w->sock);
        w->sock = NULL;
        watch_unref(w);
        return NULL;
    }
    return w;
}

static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct dns_channel *c = data;
    struct watch *w = watch_find(c, fd);
    if (!readable && !writable) {
        if (!w)
            return;
        struct rt_sock *s = w->sock;
        w->sock = NULL;
        rt_close(s); /* its tasks wake with -EBADF */
        return;
    }
    if (!w && !(w = watch_new(c, fd)))
        return;
    if (writable && !w->writing) {
        w->writing = true;
        w->tasks++;
        if (rt_go(c->group, watch_writable, w) < 0) {
            w->writing = false;
            w->tasks--;
            c->unwatched = true;
        }
    } else if (!writable) {
        w->writing = false;
    }
}

/* In place of the tasks that could not be had. A socket with nothing to say is asked in vain. */
static void look_at_all(struct dns_channel *c)
{
    ares_socket_t socks[ARES_GETSOCK_MAXNUM];
    /* Not by the macros of c-ares, which shift into the sign. */
    unsigned bits = (unsigned)ares_getsock(c->ares, socks, ARES_GETSOCK_MAXNUM);
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
        bool reads = bits >> i & 1, writes = bits >> (i + ARES_GETSOCK_MAXNUM) & 1;
        if (reads || writes)
            ares_process_fd(c->ares, reads ? socks[i] : ARES_SOCKET_BAD,
                            writes ? socks[i] : ARES_SOCKET_BAD);
    }
}

static void tick(void *arg)
{
    struct dns_channel *c = arg;
    while (c->in_flight > 0) {
        int most_ms = c->unwatched ? TICK_UNWATCHED_MS : TICK_MAX_MS;
        struct timeval max = {.tv_usec = most_ms * 1000}, buf;
        const struct timeval *tv = ares_timeout(c->ares, &max, &buf); /* one of the two */
        rt_time wait = (rt_time)tv->tv_sec * RT_SEC + tv->tv_usec * RT_US;
        if (wait < TICK_MIN_MS * RT_MS)
            wait = TICK_MIN_MS * RT_MS;
        if (rt_sleep(rt_now() + wait) < 0)
            break;
        ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        if (c->unwatched)
            look_at_all(c);
    }
    c->timer_runs = false;
    c->unwatched = false; /* c-ares keeps no socket open that it has no question for */
}

int dns_channel_begin(struct dns_channel *c)
{
    c->in_flight++;
    if (!c->timer_runs)
        c->timer_runs = rt_go(c->group, tick, c) == 0;
    return c->timer_runs ? 0 : -ENOMEM;
}

void dns_channel_end(struct dns_channel *c)
{
    c->in_flight--;
}

static int set_server(struct dns_channel *c, const struct rt_addr *server)
{
    char text[RT_ADDR_TEXT_MAX];
    rt_addr_format(server, true, text);
    return ares_set_servers_ports_csv(c->ares, text);
}

/* Returns the mask of what was set. The path is c-ares's to read only. */
static int configure(struct ares_options *o, const struct dns_channel_options *options)
{
    const struct dns_options *config = options->config;
    int mask = 0;
    if (config && config->resolv_conf) {
        o->resolvconf_path = (char *)config->resolv_conf;
        mask |= ARES_OPT_RESOLVCONF;
    }
    if (config && config->port) {
        o->udp_port = o->tcp_port = config->port;
        mask |= ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT;
    }
    if (options->own_words)
        o->flags |= ARES_FLAG_NOCHECKRESP;
    if (options->server)
        o->flags |= ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    return o->flags ? mask | ARES_OPT_FLAGS : mask;
}

int dns_channel_open(struct dns_channel *c, struct rt_group *group,
                     const struct dns_channel_options *options, struct err *err)
{
    *c = (struct dns_channel){.group = group};
    list_init(&c->watches);
    struct ares_options ares = {
        .timeout = ATTEMPT_MS,
        .tries = TRIES,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = c,
    };
    int mask = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    mask |= configure(&ares, options);
    int r = ares_init_options(&c->ares, &ares, mask);
    if (r == ARES_SUCCESS && options->server) {
        c->server = *options->server;
        r = set_server(c, options->server);
    }
    if (r == ARES_SUCCESS)
        return 0;
    if (c->ares)
        ares_destroy(c->ares);
    c->ares = NULL;
    return err_set(err, r == ARES_ENOMEM ? -ENOMEM : -EIO, "the resolver cannot start: %s",
                   ares_strerror(r));
}

void dns_channel_close(struct dns_channel *c)
{
    if (c->ares)
        ares_destroy(c->ares);
    c->ares = NULL;
}
