#include "net/dns.h"

#include <ares.h>
#include <errno.h>
#include <string.h>

#include "net/dns_channel.h"
#include "net/dns_record.h"
#include "rt/event.h"

struct cached {
    struct list hash_link, age_link; /* age: most recently used first */
    rt_time expires;
    int result; /* 0, -ENOENT, -ENODATA */
    struct dns_addresses addresses; /* port 0 */
    uint16_t name_size;
    char name[];
};

enum { CACHE_BUCKETS = 1024 };

struct dns_resolver {
    struct rt_group group;
    struct dns_channel system;
    struct list servers; /* channels to named servers, most recently used first */
    uint32_t server_count, in_flight, cached_count;
    struct list by_age;
    struct list buckets[CACHE_BUCKETS];
};

int dns_resolver_open(struct dns_resolver **ret_resolver, struct err *err)
{
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
        return err_set(err, -EIO, "c-ares cannot start");
    struct dns_resolver *d = mem_alloc(MEM_NET, sizeof(*d));
    rt_group_init(&d->group, "dns");
    list_init(&d->servers);
    list_init(&d->by_age);
    for (int i = 0; i < CACHE_BUCKETS; i++)
        list_init(&d->buckets[i]);
    int r = dns_channel_open(&d->system, &d->group, NULL, err);
    if (r < 0) {
        dns_resolver_close(d);
        return r;
    }
    *ret_resolver = d;
    return 0;
}

static void cache_drop(struct dns_resolver *d, struct cached *e)
{
    list_remove(&e->hash_link);
    list_remove(&e->age_link);
    d->cached_count--;
    mem_free(MEM_NET, e);
}

void dns_resolver_close(struct dns_resolver *d)
{
    if (!d)
        return;
    dns_channel_close(&d->system);
    list_each(it, &d->servers)
        dns_channel_close(list_entry(it, struct dns_channel, link));
    rt_group_done(&d->group);
    struct list *it;
    while ((it = list_pop_front(&d->servers)))
        mem_free(MEM_NET, list_entry(it, struct dns_channel, link));
    while (!list_empty(&d->by_age))
        cache_drop(d, list_entry(d->by_age.next, struct cached, age_link));
    mem_free(MEM_NET, d);
    ares_library_cleanup();
}

/* ---- cache ---- */

static struct list *bucket_of(struct dns_resolver *d, struct slice name)
{
    uint64_t h = 1469598103934665603u; /* FNV-1a; the cache is small and its chains are bounded by it */
    for (size_t i = 0; i < name.size; i++)
        h = (h ^ (unsigned char)(name.data[i] | 0x20)) * 1099511628211u;
    return &d->buckets[h % CACHE_BUCKETS];
}

static struct cached *cache_find(struct dns_resolver *d, struct slice name)
{
    struct list *bucket = bucket_of(d, name);
    list_each_safe(it, bucket)
    {
        struct cached *e = list_entry(it, struct cached, hash_link);
        if (!slice_eq_nocase((struct slice){e->name, e->name_size}, name))
            continue;
        if (e->expires <= rt_now()) {
            cache_drop(d, e);
            return NULL;
        }
        list_remove(&e->age_link);
        list_push_front(&d->by_age, &e->age_link);
        return e;
    }
    return NULL;
}

static void cache_put(struct dns_resolver *d, struct slice name, int result,
                      const struct dns_addresses *addresses, int64_t ttl_s)
{
    if (ttl_s <= 0)
        return;
    struct cached *old = cache_find(d, name);
    if (old)
        cache_drop(d, old);
    if (d->cached_count == DNS_CACHE_MAX)
        cache_drop(d, list_entry(d->by_age.prev, struct cached, age_link));
    struct cached *e = mem_alloc(MEM_NET, sizeof(*e) + name.size);
    if (ttl_s > DNS_TTL_MAX_S)
        ttl_s = DNS_TTL_MAX_S;
    e->expires = rt_now() + ttl_s * RT_SEC;
    e->result = result;
    if (result == 0)
        e->addresses = *addresses;
    e->name_size = (uint16_t)name.size;
    memcpy(e->name, name.data, name.size);
    list_push_front(bucket_of(d, name), &e->hash_link);
    list_push_front(&d->by_age, &e->age_link);
    d->cached_count++;
}

/* ---- questions ----
 *
 * A question lives until c-ares has called back, also when the asking task has given up: then the
 * callback frees it. */
struct question {
    struct dns_resolver *resolver;
    struct dns_channel *channel;
    struct rt_event answered;
    bool abandoned;
    int status;
    struct ares_addrinfo *info;
    unsigned char *reply;
    int reply_size;
};

static struct question *question_new(struct dns_resolver *d, struct dns_channel *c)
{
    if (d->in_flight >= DNS_IN_FLIGHT_MAX)
        return NULL;
    struct question *q = mem_alloc(MEM_NET, sizeof(*q));
    q->resolver = d;
    q->channel = c;
    d->in_flight++;
    dns_channel_begin(c);
    return q;
}

static void question_free(struct question *q)
{
    ares_freeaddrinfo(q->info);
    mem_free(MEM_NET, q->reply);
    mem_free(MEM_NET, q);
}

static void question_end(struct question *q, int status)
{
    q->status = status;
    q->resolver->in_flight--;
    dns_channel_end(q->channel);
    if (q->abandoned)
        question_free(q);
    else
        rt_event_set(&q->answered);
}

static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct question *q = arg;
    (void)timeouts;
    q->info = info;
    question_end(q, status);
}

static void on_reply(void *arg, int status, int timeouts, unsigned char *reply, int size)
{
    struct question *q = arg;
    (void)timeouts;
    if (reply && size > 0) {
        q->reply = mem_alloc(MEM_NET, (size_t)size);
        memcpy(q->reply, reply, (size_t)size);
        q->reply_size = size;
    }
    question_end(q, status);
}

/* 0: answered, and q is the caller's to free; else q is left to its callback. */
static int question_wait(struct question *q, rt_time deadline)
{
    int r = rt_event_wait(&q->answered, deadline);
    if (r < 0 && q->answered.set)
        question_free(q);
    else if (r < 0)
        q->abandoned = true;
    return r;
}

static const struct {
    int status, code;
} codes[] = {
    {ARES_SUCCESS, 0},
    {ARES_ENOTFOUND, -ENOENT},
    {ARES_ENODATA, -ENODATA},
    {ARES_ETIMEOUT, -ETIMEDOUT},
    {ARES_ESERVFAIL, -EREMOTEIO},
    {ARES_EFORMERR, -EREMOTEIO},
    {ARES_ENOTIMP, -EREMOTEIO},
    {ARES_EREFUSED, -ECONNREFUSED},
    {ARES_ECONNREFUSED, -ECONNREFUSED},
    {ARES_EBADRESP, -EBADMSG},
    {ARES_ENOMEM, -ENOMEM},
    {ARES_EDESTRUCTION, -ECANCELED},
    {ARES_ECANCELLED, -ECANCELED},
};

static int code_of(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (codes[i].status == status)
            return codes[i].code;
    return -EREMOTEIO;
}

/* ---- lookup ---- */

static int addresses_of(const struct ares_addrinfo *info, struct dns_addresses *a, int64_t *ret_ttl)
{
    *a = (struct dns_addresses){0};
    *ret_ttl = DNS_TTL_MAX_S;
    for (const struct ares_addrinfo_node *n = info->nodes; n; n = n->ai_next) {
        if (a->count == DNS_ADDRESSES_MAX)
            break;
        if (n->ai_family != AF_INET && n->ai_family != AF_INET6)
            continue;
        struct rt_addr *to = &a->addr[a->count++];
        to->size = (socklen_t)n->ai_addrlen;
        memcpy(&to->sa, n->ai_addr, (size_t)n->ai_addrlen);
        if (n->ai_ttl < *ret_ttl)
            *ret_ttl = n->ai_ttl;
    }
    return a->count ? 0 : -ENODATA;
}

static int ask_addresses(struct dns_resolver *d, const char *name, struct slice key,
                         struct dns_addresses *ret, rt_time deadline)
{
    struct question *q = question_new(d, &d->system);
    if (!q)
        return -ENOBUFS;
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    ares_getaddrinfo(d->system.ares, name, NULL, &hints, on_addresses, q);
    int r = question_wait(q, deadline);
    if (r < 0)
        return r;
    int64_t ttl = DNS_NEGATIVE_TTL_S;
    r = code_of(q->status);
    if (r == 0)
        r = addresses_of(q->info, ret, &ttl);
    if (r == 0 || r == -ENOENT || r == -ENODATA)
        cache_put(d, key, r, ret, ttl);
    question_free(q);
    return r;
}

static int explain(int code, const char *name, struct err *err)
{
    switch (code) {
    case -ENOENT:
        return err_set(err, code, "%s: no such name", name);
    case -ENODATA:
        return err_set(err, code, "%s: the name has no such record", name);
    case -ETIMEDOUT:
        return err_set(err, code, "%s: no answer from the name server in time", name);
    case -EREMOTEIO:
        return err_set(err, code, "%s: the name server failed", name);
    case -ECONNREFUSED:
        return err_set(err, code, "%s: the name server refused", name);
    case -EBADMSG:
        return err_set(err, code, "%s: the name server's answer is broken", name);
    case -ENOBUFS:
        return err_set(err, code, "%s: more than %d questions under way", name,
                       DNS_IN_FLIGHT_MAX);
    default:
        return err_sys(err, code, "%s", name);
    }
}

int dns_lookup(struct dns_resolver *d, struct slice name, uint16_t port,
               struct dns_addresses *ret_addresses, struct err *err, rt_time deadline)
{
    struct dns_addresses a = {.count = 1};
    char text[DNS_NAME_MAX + 2];
    int r = 0;
    if (rt_addr_parse_ip(name, port, &a.addr[0]) == 0) {
        *ret_addresses = a;
        return 0;
    }
    if (name.size == 0 || name.size >= sizeof(text))
        return err_set(err, -EINVAL, "a name has 1 to %d bytes", DNS_NAME_MAX);
    memcpy(text, name.data, name.size);
    text[name.size] = 0;
    const struct cached *e = cache_find(d, name);
    if (e) {
        a = e->addresses;
        r = e->result;
    } else {
        r = ask_addresses(d, text, name, &a, deadline);
    }
    if (r < 0)
        return explain(r, text, err);
    for (uint32_t i = 0; i < a.count; i++)
        rt_addr_set_port(&a.addr[i], port);
    *ret_addresses = a;
    return 0;
}

/* ---- questions to a server ---- */

static struct dns_channel *server_channel(struct dns_resolver *d, const struct rt_addr *server,
                                          struct err *err)
{
    if (!server)
        return &d->system;
    list_each(it, &d->servers)
    {
        struct dns_channel *c = list_entry(it, struct dns_channel, link);
        if (!rt_addr_eq(&c->server, server))
            continue;
        list_remove(it);
        list_push_front(&d->servers, it);
        return c;
    }
    struct dns_channel *oldest = list_empty(&d->servers)
                                     ? NULL
                                     : list_entry(d->servers.prev, struct dns_channel, link);
    if (d->server_count >= DNS_SERVERS_MAX && oldest->in_flight == 0 && !oldest->timer_runs &&
        list_empty(&oldest->watches)) {
        list_remove(&oldest->link);
        dns_channel_close(oldest);
        mem_free(MEM_NET, oldest);
        d->server_count--;
    }
    struct dns_channel *c = mem_alloc(MEM_NET, sizeof(*c));
    if (dns_channel_open(c, &d->group, server, err) < 0) {
        mem_free(MEM_NET, c);
        return NULL;
    }
    list_push_front(&d->servers, &c->link);
    d->server_count++;
    return c;
}

int dns_query(struct dns_resolver *d, const struct rt_addr *server, struct slice name,
              uint16_t type, struct arena *arena, struct dns_answers *ret_answers,
              struct err *err, rt_time deadline)
{
    enum { CLASS_IN = 1 };
    char text[DNS_NAME_MAX + 2];
    if (name.size == 0 || name.size >= sizeof(text))
        return err_set(err, -EINVAL, "a name has 1 to %d bytes", DNS_NAME_MAX);
    memcpy(text, name.data, name.size);
    text[name.size] = 0;
    struct dns_channel *c = server_channel(d, server, err);
    if (!c)
        return -EIO;
    struct question *q = question_new(d, c);
    if (!q)
        return explain(-ENOBUFS, text, err);
    ares_query(c->ares, text, CLASS_IN, type, on_reply, q);
    int r = question_wait(q, deadline);
    if (r < 0)
        return explain(r, text, err);
    r = code_of(q->status);
    if (r == 0)
        r = dns_record_parse(q->reply, q->reply_size, type, arena, ret_answers);
    question_free(q);
    return r < 0 ? explain(r, text, err) : 0;
}

static const struct {
    const char *word;
    uint16_t type;
} types[] = {
    {"A", DNS_TYPE_A},     {"AAAA", DNS_TYPE_AAAA}, {"CNAME", DNS_TYPE_CNAME},
    {"MX", DNS_TYPE_MX},   {"NS", DNS_TYPE_NS},     {"TXT", DNS_TYPE_TXT},
    {"SOA", DNS_TYPE_SOA}, {"SRV", DNS_TYPE_SRV},   {"PTR", DNS_TYPE_PTR},
    {"CAA", DNS_TYPE_CAA},
};

int dns_type_parse(struct slice word, uint16_t *ret_type)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (slice_eq_nocase(word, slice_from(types[i].word))) {
            *ret_type = types[i].type;
            return 0;
        }
    return -EINVAL;
}

const char *dns_type_words(void)
{
    return "A AAAA CNAME MX NS TXT SOA SRV PTR CAA";
}
