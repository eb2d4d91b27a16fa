#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/listeners.h"
#include "observe/observe.h"

struct discovery {
    struct list services;
    uint32_t count;
    uint64_t round;
    struct host_listeners listeners;
    int result;
    struct err err;
};

struct discovery *discovery_new(void)
{
    struct discovery *d = mem_alloc(MEM_OBSERVE, sizeof(*d));
    list_init(&d->services);
    return d;
}

void discovery_free(struct discovery *d)
{
    if (!d)
        return;
    for (struct list *it; (it = list_pop_front(&d->services));)
        mem_free(MEM_OBSERVE, list_entry(it, struct service, link));
    host_listeners_done(&d->listeners);
    mem_free(MEM_OBSERVE, d);
}

/* ---- one listener as a service ---- */

/* Letters, digits, '-', '_' and '.' of a process name or path; what else it holds becomes '-'. */
static void append_word(char *to, size_t room, const char *word)
{
    size_t n = strlen(to);
    for (; *word && n + 1 < room; word++) {
        char c = *word, l = (char)(c | 32);
        bool keep = (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                    c == '.';
        to[n++] = keep ? c : '-';
    }
    to[n] = 0;
}

/* Where to knock for a listener: one that listens everywhere is asked on the loopback. */
static void knock_at(const struct host_listener *l, struct rt_addr *ret)
{
    static const uint8_t any[16];
    if (l->kind == HOST_LISTENER_TCP4) {
        uint32_t ip;
        memcpy(&ip, l->ip, 4);
        rt_addr_ipv4(ip ? ntohl(ip) : INADDR_LOOPBACK, l->port, ret);
    } else {
        *ret = (struct rt_addr){.in6 = {.sin6_family = AF_INET6, .sin6_port = htons(l->port)},
                                .size = sizeof(ret->in6)};
        if (memcmp(l->ip, any, 16) == 0)
            ret->in6.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
        else
            memcpy(&ret->in6.sin6_addr, l->ip, 16);
    }
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static int service_from(const struct host_listener *l, struct service *s)
{
    char port[8];
    const char *what = port;
    bool is_unix = l->kind == HOST_LISTENER_UNIX;
    *s = (struct service){.kind = is_unix ? SERVICE_UNIX : SERVICE_TCP};
    if (is_unix) {
        if (rt_addr_unix(slice_from(l->path), &s->connect_to) < 0)
            return -EINVAL;
        what = last_part(l->path);
        snprintf(s->address, sizeof(s->address), "%s", l->path);
    } else {
        knock_at(l, &s->connect_to);
        rt_addr_format(&s->connect_to, true, s->address);
        snprintf(port, sizeof(port), "%u", l->port);
    }
    memcpy(s->process, l->comm, sizeof(s->process));
    append_word(s->asset, sizeof(s->asset), l->comm[0] ? l->comm : is_unix ? "unix" : "tcp");
    append_word(s->asset, sizeof(s->asset), "-");
    append_word(s->asset, sizeof(s->asset), what);
    return 0;
}

/* ---- comparing ---- */

static struct service *find(struct discovery *d, const struct service *like)
{
    list_each(it, &d->services)
    {
        struct service *s = list_entry(it, struct service, link);
        if (rt_addr_eq(&s->connect_to, &like->connect_to) && strcmp(s->asset, like->asset) == 0)
            return s;
    }
    return NULL;
}

static void take_listener(struct discovery *d, const struct host_listener *l,
                          void (*on_found)(void *ctx, struct service *s), void *ctx)
{
    struct service s;
    if (l->own || service_from(l, &s) < 0)
        return;
    struct service *known = find(d, &s);
    if (known) {
        known->seen = d->round;
        return;
    }
    if (d->count == SERVICES_MAX)
        return;
    known = mem_alloc(MEM_OBSERVE, sizeof(*known));
    *known = s;
    known->seen = d->round;
    list_push_back(&d->services, &known->link);
    d->count++;
    on_found(ctx, known);
}

static void read_listeners(void *arg)
{
    struct discovery *d = arg;
    d->result = host_listeners_read(&d->listeners, &d->err);
}

int discovery_read(struct discovery *d, void (*on_found)(void *ctx, struct service *s),
                   void (*on_gone)(void *ctx, struct service *s), void *ctx, struct err *err,
                   rt_time deadline)
{
    int r = rt_offload(read_listeners, d, deadline);
    if (r == 0)
        r = d->result;
    if (r < 0) {
        if (err)
            *err = d->err;
        return r;
    }
    d->round++;
    for (size_t i = 0; i < d->listeners.count; i++)
        take_listener(d, &d->listeners.item[i], on_found, ctx);
    list_each_safe(it, &d->services)
    {
        struct service *s = list_entry(it, struct service, link);
        if (s->seen == d->round)
            continue;
        list_remove(&s->link);
        d->count--;
        on_gone(ctx, s);
        mem_free(MEM_OBSERVE, s);
    }
    return 0;
}
