#include "net/tls_session.h"

#include <string.h>

struct entry {
    struct list link, peers; /* in all, and in its bucket */
    SSL_SESSION *session;
    char key[];
};

void tls_sessions_init(struct tls_sessions *s)
{
    list_init(&s->entries);
    for (size_t i = 0; i < TLS_SESSION_BUCKETS; i++)
        list_init(&s->buckets[i]);
    s->count = 0;
}

/* FNV-1a. */
static struct list *bucket_of(struct tls_sessions *s, const char *key)
{
    uint32_t hash = 2166136261u;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    return &s->buckets[hash % TLS_SESSION_BUCKETS];
}

static void drop(struct tls_sessions *s, struct entry *e)
{
    list_remove(&e->link);
    list_remove(&e->peers);
    s->count--;
    SSL_SESSION_free(e->session);
    mem_free(MEM_NET, e);
}

void tls_sessions_done(struct tls_sessions *s)
{
    while (!list_empty(&s->entries))
        drop(s, list_entry(s->entries.next, struct entry, link));
}

static struct entry *find(struct tls_sessions *s, const char *key)
{
    struct list *bucket = bucket_of(s, key);
    list_each(it, bucket) {
        struct entry *e = list_entry(it, struct entry, peers);
        if (strcmp(e->key, key) == 0)
            return e;
    }
    return NULL;
}

static bool is_ticket(const SSL_SESSION *session)
{
    return SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
}

/* What a new session of that peer takes the place of; NULL: there is room for it. */
static struct entry *find_former(struct tls_sessions *s, const char *key,
                                 const SSL_SESSION *session)
{
    struct entry *former = NULL;
    struct list *bucket = bucket_of(s, key);
    uint32_t same = 0;
    list_each(it, bucket) {
        struct entry *e = list_entry(it, struct entry, peers);
        if (strcmp(e->key, key) == 0) {
            same++;
            former = e;
        }
    }
    return is_ticket(session) && same < TLS_TICKETS_MAX ? NULL : former;
}

void tls_sessions_put(struct tls_sessions *s, const char *key, SSL_SESSION *session)
{
    struct entry *old = find_former(s, key, session);
    if (!old && s->count == TLS_SESSIONS_MAX)
        old = list_entry(s->entries.prev, struct entry, link);
    if (old)
        drop(s, old);
    size_t size = strlen(key) + 1;
    struct entry *e = mem_alloc(MEM_NET, sizeof(*e) + size);
    e->session = session;
    memcpy(e->key, key, size);
    list_push_front(&s->entries, &e->link);
    list_push_front(bucket_of(s, key), &e->peers);
    s->count++;
}

SSL_SESSION *tls_sessions_take(struct tls_sessions *s, const char *key)
{
    struct entry *e = find(s, key);
    if (!e)
        return NULL;
    SSL_SESSION *session = e->session;
    bool usable = SSL_SESSION_is_resumable(session) == 1;
    if (usable)
        SSL_SESSION_up_ref(session);
    if (!usable || is_ticket(session)) {
        drop(s, e);
    } else {
        list_remove(&e->link);
        list_push_front(&s->entries, &e->link);
        list_remove(&e->peers);
        list_push_front(bucket_of(s, key), &e->peers);
    }
    return usable ? session : NULL;
}
