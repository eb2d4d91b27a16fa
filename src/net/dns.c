#include "net/dns.h"

#include <ares.h>
#include <errno.h>
#include <string.h>

#include "base/map.h"
#include "net/dns_channel.h"
#include "net/dns_localhost.h"
#include "net/dns_record.h"
#include "rt/event.h"
#include "rt/sock.h"

/* Names have no case: keys are in lower case, and lie in the values. */
struct cached {
    struct list age_link; /* most recently used first */
    rt_time expires;
    int result;                     /* 0, -ENOENT, -ENODATA */
    struct dns_addresses addresses; /* port 0 */
    uint16_t name_size;
    char name[];
};

struct dns_resolver {
    struct rt_group group;
    struct dns_channel system;
    struct dns_channel words; /* the same servers; for what they said where none would answer */
    struct list servers;      /* channels to named servers, most recently used first */
    uint32_t server_count, in_flight;
    struct map cache;   /* of struct cached */
    struct map lookups; /* of struct question: those under way, for others to join */
    struct list by_age;
};

/* c-ares answers for its own want of memory, so it gets memory that may be refused. */
static void *library_alloc(size_t size)
{
    return mem_try_alloc(MEM_NET, size);
}

static void *library_resize(void *ptr, size_t size)
{
    return mem_try_resize(MEM_NET, ptr, size);
}

static void library_free(void *ptr)
{
    mem_free(MEM_NET, ptr);
}

int dns_resolver_open(const struct dns_options *options, struct dns_resolver **ret_resolver,
                      struct err *err)
{
    if (ares_library_init_mem(ARES_LIB_INIT_ALL, library_alloc, library_free, library_resize) !=
        ARES_SUCCESS)
        return err_set(err, -EIO, "c-ares cannot start");
    struct dns_resolver *d = mem_alloc(MEM_NET, sizeof(*d));
    struct map_seed seed = {rt_random(), rt_random()};
    rt_group_init(&d->group, "dns");
    list_init(&d->servers);
    list_init(&d->by_age);
    d->cache = MAP(MEM_NET, DNS_CACHE_MAX, seed);
    d->lookups = MAP(MEM_NET, DNS_IN_FLIGHT_MAX, seed);
    int r = dns_channel_open(&d->system, &d->group,
                             &(struct dns_channel_options){.config = options}, err);
    if (r == 0)
        r = dns_channel_open(&d->words, &d->group,
                             &(struct dns_channel_options){.config = options, .own_words = true},
                             err);
    if (r < 0) {
        dns_resolver_close(d);
        return r;
    }
    *ret_resolver = d;
    return 0;
}

static void cache_drop(struct dns_resolver *d, struct cached *e)
{
    map_remove(&d->cache, (struct slice){e->name, e->name_size});
    list_remove(&e->age_link);
    mem_free(MEM_NET, e);
}

void dns_resolver_close(struct dns_resolver *d)
{
    if (!d)
        return;
    dns_channel_close(&d->system);
    dns_channel_close(&d->words);
    list_each(it, &d->servers)
        dns_channel_close(list_entry(it, struct dns_channel, link));
    rt_group_done(&d->group);
    struct list *it;
    while ((it = list_pop_front(&d->servers)))
        mem_free(MEM_NET, list_entry(it, struct dns_channel, link));
    while (!list_empty(&d->by_age))
        cache_drop(d, list_entry(d->by_age.next, struct cached, age_link));
    map_done(&d->cache);
    map_done(&d->lookups);
    mem_free(MEM_NET, d);
    ares_library_cleanup();
}

/* ---- cache ---- */

static struct cached *cache_find(struct dns_resolver *d, struct slice name)
{
    struct cached *e = map_get(&d->cache, name);
    if (!e)
        return NULL;
    if (e->expires <= rt_now()) {
        cache_drop(d, e);
        return NULL;
    }
    list_remove(&e->age_link);
    list_push_front(&d->by_age, &e->age_link);
    return e;
}

static void cache_put(struct dns_resolver *d, struct slice name, int result,
                      const struct dns_addresses *addresses, int64_t ttl_s)
{
    if (ttl_s <= 0)
        return;
    struct cached *old = cache_find(d, name);
    if (!old && d->cache.count == DNS_CACHE_MAX)
        old = list_entry(d->by_age.prev, struct cached, age_link);
    if (old)
        cache_drop(d, old);
    struct cached *e = mem_alloc(MEM_NET, sizeof(*e) + name.size);
    if (ttl_s > DNS_TTL_MAX_S)
        ttl_s = DNS_TTL_MAX_S;
    e->expires = rt_now() + ttl_s * RT_SEC;
    e->result = result;
    if (result == 0)
        e->addresses = *addresses;
    e->name_size = (uint16_t)name.size;
    memcpy(e->name, name.data, name.size);
    map_put(&d->cache, (struct slice){e->name, e->name_size}, e, NULL);
    list_push_front(&d->by_age, &e->age_link);
}

/* ---- questions ----
 *
 * A question lives until c-ares has called back and nobody waits any more, whichever comes last: a
 * task that gives up leaves its question to end by itself. Lookups of one name are one question,
 * however many tasks wait for it, as long as it is young: an old one may be waiting out the pause
 * before its next try, while the server has long come back. */
enum { JOIN_MS = 1000 };

struct question {
    struct dns_resolver *resolver;
    struct dns_channel *channel;
    struct rt_event answered;
    rt_time began;
    uint32_t waiters;
    int result;
    struct dns_addresses addresses; /* of a lookup */
    unsigned char *reply;           /* of a query */
    int reply_size;
    uint16_t name_size; /* of a lookup; 0: a query */
    char name[DNS_NAME_MAX + 2];
};

static int question_new(struct dns_resolver *d, struct dns_channel *c, struct question **ret)
{
    if (d->in_flight >= DNS_IN_FLIGHT_MAX)
        return -ENOBUFS;
    int r = dns_channel_begin(c);
    if (r < 0) {
        dns_channel_end(c);
        return r;
    }
    struct question *q = mem_alloc(MEM_NET, sizeof(*q));
    q->resolver = d;
    q->channel = c;
    q->began = rt_now();
    d->in_flight++;
    *ret = q;
    return 0;
}

static void question_unref(struct question *q)
{
    if (q->waiters > 0 || !q->answered.set)
        return;
    mem_free(MEM_NET, q->reply);
    mem_free(MEM_NET, q);
}

static void question_end(struct question *q)
{
    struct slice name = {q->name, q->name_size};
    if (name.size && map_get(&q->resolver->lookups, name) == q) /* and not a younger one */
        map_remove(&q->resolver->lookups, name);
    q->resolver->in_flight--;
    dns_channel_end(q->channel);
    rt_event_set(&q->answered);
    question_unref(q);
}

/* Waits for the end and takes part in it: afterwards question_leave. */
static int question_wait(struct question *q, rt_time deadline)
{
    q->waiters++;
    return rt_event_wait(&q->answered, deadline);
}

static void question_leave(struct question *q)
{
    q->waiters--;
    question_unref(q);
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
    {ARES_EREFUSED, -EACCES},
    {ARES_ECONNREFUSED, -ECONNREFUSED},
    {ARES_EBADNAME, -ENOENT}, /* an empty label, or one too long: nothing can be called so */
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

/* c-ares keeps to itself why it has no socket and could not read /etc/hosts: it says that the
 * server refused, or that there is no such name. So we look before it does, and again where it
 * says so: what we lack is never said of a server. Returns 0, -EMFILE, -ENFILE, -ENOBUFS,
 * -ENOMEM. */
static int check_descriptors(void)
{
    struct rt_sock *s;
    struct rt_addr any;
    rt_addr_ipv4(INADDR_ANY, 0, &any);
    int r = rt_udp_open(&any, NULL, &s);
    if (r == 0)
        rt_close(s);
    return r == -EMFILE || r == -ENFILE || r == -ENOBUFS || r == -ENOMEM ? r : 0;
}

static int result_of(int status)
{
    int want = status == ARES_ECONNREFUSED ? check_descriptors() : 0;
    return want ? want : code_of(status);
}

/* ---- lookup ---- */

static int addresses_of(const struct ares_addrinfo *info, struct dns_addresses *a, int64_t *ret_ttl)
{
    *ret_ttl = DNS_TTL_MAX_S;
    for (const struct ares_addrinfo_cname *c = info->cnames; c; c = c->next)
        if (c->ttl < *ret_ttl)
            *ret_ttl = c->ttl;
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


static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *info);

static void ask_on(struct question *q, struct dns_channel *c)
{
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    dns_channel_end(q->channel);
    q->channel = c;
    dns_channel_begin(c);
    ares_getaddrinfo(c->ares, q->name, NULL, &hints, on_addresses, q);
}

static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct question *q = arg;
    int64_t ttl = DNS_NEGATIVE_TTL_S;
    (void)timeouts;
    q->result = result_of(status);
    if (q->result == -ECONNREFUSED && q->channel == &q->resolver->system) {
        /* This is what c-ares says, too, when every server answered SERVFAIL. */
        ask_on(q, &q->resolver->words);
        return;
    }
    if (q->result == 0)
        q->result = addresses_of(info, &q->addresses, &ttl);
    if (q->result == -ENODATA)
        ttl = DNS_NEGATIVE_TTL_S;
    if (q->result == 0 || q->result == -ENOENT || q->result == -ENODATA)
        cache_put(q->resolver, (struct slice){q->name, q->name_size}, q->result, &q->addresses,
                  ttl);
    ares_freeaddrinfo(info);
    question_end(q);
}

/* c-ares may call back before this returns; q stays, as it has a waiter. */
static int ask_addresses(struct dns_resolver *d, struct slice name, struct question **ret)
{
    struct question *q;
    int r = check_descriptors();
    if (r == 0)
        r = question_new(d, &d->system, &q);
    if (r < 0)
        return r;
    memcpy(q->name, name.data, name.size);
    q->name_size = (uint16_t)name.size;
    map_put(&d->lookups, (struct slice){q->name, q->name_size}, q, NULL);
    q->waiters++;
    ask_on(q, &d->system);
    q->waiters--;
    *ret = q;
    return 0;
}

static int lookup(struct dns_resolver *d, struct slice name, struct dns_addresses *ret,
                  rt_time deadline)
{
    const struct cached *e = cache_find(d, name);
    if (e) {
        *ret = e->addresses;
        return e->result;
    }
    struct question *q = map_get(&d->lookups, name);
    int r = 0;
    if (!q || rt_now() - q->began > JOIN_MS * RT_MS)
        r = ask_addresses(d, name, &q);
    if (r < 0)
        return r;
    r = question_wait(q, deadline);
    if (r == 0) {
        *ret = q->addresses;
        r = q->result;
    }
    question_leave(q);
    return r;
}

int dns_explain(int code, const char *name, struct err *err)
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
    case -EACCES:
        return err_set(err, code, "%s: the name server refused", name);
    case -ECONNREFUSED:
        return err_set(err, code, "%s: no name server: %s", name, err_name(code));
    case -EBADMSG:
        return err_set(err, code, "%s: the name server's answer is broken", name);
    case -ENOBUFS:
        return err_set(err, code, "%s: more than %d questions under way", name, DNS_IN_FLIGHT_MAX);
    default:
        return err_sys(err, code, "%s", name);
    }
}

int dns_take_name(struct slice name, char *text, struct err *err)
{
    if (name.size == 0 || name.size > DNS_NAME_MAX + 1 || memchr(name.data, 0, name.size))
        return err_set(err, -EINVAL, "a name has 1 to %d bytes, and no NUL", DNS_NAME_MAX);
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        text[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    text[name.size] = 0;
    return 0;
}

int dns_lookup(struct dns_resolver *d, struct slice name, uint16_t port,
               struct dns_addresses *ret_addresses, struct err *err, rt_time deadline)
{
    struct dns_addresses a = {.count = 1};
    char text[DNS_NAME_MAX + 2];
    int r = rt_addr_parse_ip(name, port, &a.addr[0]);
    if (r < 0) {
        r = dns_take_name(name, text, err);
        if (r < 0)
            return r;
        struct slice full = {text, name.size};
        if (!dns_is_localhost(full))
            r = lookup(d, full, &a, deadline);
        else if ((r = check_descriptors()) == 0)
            r = dns_localhost(d->system.ares, full, &a);
    }
    if (r < 0)
        return dns_explain(r, text, err);
    for (uint32_t i = 0; i < a.count; i++)
        rt_addr_set_port(&a.addr[i], port);
    *ret_addresses = a;
    return 0;
}

/* ---- questions to a server ---- */

static void on_reply(void *arg, int status, int timeouts, unsigned char *reply, int size)
{
    struct question *q = arg;
    (void)timeouts;
    q->result = result_of(status);
    if (reply && size > 0) {
        q->reply = mem_alloc(MEM_NET, (size_t)size);
        memcpy(q->reply, reply, (size_t)size);
        q->reply_size = size;
    }
    question_end(q);
}

static bool is_idle(const struct dns_channel *c)
{
    return c->in_flight == 0 && !c->timer_runs && list_empty(&c->watches);
}

/* Closes the channel unused for longest; false where all are in use. */
static bool evict_server(struct dns_resolver *d)
{
    for (struct list *it = d->servers.prev; it != &d->servers; it = it->prev) {
        struct dns_channel *c = list_entry(it, struct dns_channel, link);
        if (!is_idle(c))
            continue;
        list_remove(&c->link);
        dns_channel_close(c);
        mem_free(MEM_NET, c);
        d->server_count--;
        return true;
    }
    return false;
}

static int server_channel(struct dns_resolver *d, const struct rt_addr *server,
                          struct dns_channel **ret, struct err *err)
{
    *ret = &d->words;
    if (!server)
        return 0;
    list_each(it, &d->servers) {
        *ret = list_entry(it, struct dns_channel, link);
        if (!rt_addr_eq(&(*ret)->server, server))
            continue;
        list_remove(it);
        list_push_front(&d->servers, it);
        return 0;
    }
    if (d->server_count >= DNS_SERVERS_MAX && !evict_server(d))
        return err_set(err, -ENOBUFS, "more than %d name servers are being asked", DNS_SERVERS_MAX);
    struct dns_channel *c = mem_alloc(MEM_NET, sizeof(*c));
    int r = dns_channel_open(
        c, &d->group, &(struct dns_channel_options){.server = server, .own_words = true}, err);
    if (r < 0) {
        mem_free(MEM_NET, c);
        return r;
    }
    list_push_front(&d->servers, &c->link);
    d->server_count++;
    *ret = c;
    return 0;
}

int dns_query(struct dns_resolver *d, const struct rt_addr *server, struct slice name,
              uint16_t type, struct arena *arena, struct dns_answers *ret_answers, struct err *err,
              rt_time deadline)
{
    char text[DNS_NAME_MAX + 2];
    struct dns_channel *c = NULL;
    unsigned char *message;
    size_t size;
    int r = dns_take_name(name, text, err);
    if (r == 0)
        r = server_channel(d, server, &c, err);
    if (r < 0)
        return r;
    struct question *q;
    r = check_descriptors();
    if (r == 0)
        r = dns_question(text, type, &message, &size);
    if (r < 0)
        return dns_explain(r, text, err);
    r = question_new(d, &d->system, &q);
    if (r < 0) {
        ares_free_string(message);
        return dns_explain(r, text, err);
    }
    q->waiters++; /* c-ares may call back at once */
    ares_send(c->ares, message, (int)size, on_reply, q);
    q->waiters--;
    ares_free_string(message);
    r = question_wait(q, deadline);
    if (r == 0)
        r = q->result;
    if (r == 0)
        r = dns_reply_code(q->reply, q->reply_size);
    if (r == 0)
        r = dns_record_parse(q->reply, q->reply_size, type, arena, ret_answers);
    question_leave(q);
    return r < 0 ? dns_explain(r, text, err) : 0;
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

const char *dns_type_name(uint16_t type)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (types[i].type == type)
            return types[i].word;
    return "?";
}

const char *dns_type_words(void)
{
    return "A AAAA CNAME MX NS TXT SOA SRV PTR CAA";
}
