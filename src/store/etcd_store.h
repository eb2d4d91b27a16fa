/* etcd_store.h - the parts of the etcd back end, as they see each other. Inside of etcd. */
#ifndef FIREBREAK_STORE_ETCD_STORE_H
#define FIREBREAK_STORE_ETCD_STORE_H

#include "base/map.h"
#include "net/grpc.h"
#include "rt/event.h"
#include "store/backend.h"
#include "store/etcd.h"
#include "store/etcd_message.h"
#include "store/etcd_url.h"

/* ---- connections (etcd_link.c) ---- */

enum { ETCD_LOOK_EVERY_MS = 10 * 1000, ETCD_LOOK_MS = 1000 }; /* the second: for each of them */

/* A connection and those who use it: it is closed behind the last one. */
struct etcd_conn {
    struct grpc_conn *grpc;
    uint32_t users, endpoint;
};

struct etcd_endpoint {
    struct slice host;
    uint16_t port;
    rt_time ejected_until;
    uint32_t failures; /* in a row */
};

enum etcd_link_name { LINK_CALLS, LINK_WATCHES, LINK_LEASES, LINK_COUNT };

struct etcd_link {
    struct etcd_conn *conn; /* NULL: none now */
    bool dialing;           /* some task is at it; the others wait */
    struct rt_event dialed;
};

struct etcd {
    struct store store;
    struct arena arena; /* of the URL and what it names */
    struct etcd_url url;
    struct tls_context *tls;
    struct dns_resolver *dns;
    struct etcd_endpoint endpoints[ETCD_ENDPOINTS_MAX];
    uint32_t endpoint_count, preferred;
    struct etcd_link links[LINK_COUNT];

    char *token; /* NULL: log in first */
    uint64_t token_number;
    bool no_auth, logging_in; /* no_auth: the server wants none */
    struct rt_event logged_in;

    uint32_t page_keys;      /* of a range whose bytes are bounded; 0: as many as it wants */
    rt_time looked;          /* at the endpoints; 0: never */
    char dead[ERR_TEXT_MAX]; /* those that did not answer then */
    int64_t oldest;          /* revision that could be read when it was last looked for; 0: never */
    struct rt_group group;

    struct map watches;   /* by id, of struct etcd_watch */
    struct list unasked;  /* watches that the server does not know yet */
    struct list creating; /* asked for and not yet answered, in the order of asking */
    int64_t watch_last;
    struct rt_event watch_wanted;  /* there is a watch */
    struct rt_event watch_changed; /* something to send on the stream of watches */
    struct buf unwatched;          /* int64_t ids that the server is to forget */
    struct grpc_stream *watch_stream;
    uint64_t watch_token;            /* the number of the token that it was opened with */
    bool watch_tasks, watch_crowded; /* crowded: some watcher should have a turn */

    struct list keeps; /* keep-alives: those that are sent first, in their order */
    struct rt_event keep_wanted;
    struct grpc_stream *keep_stream;
    bool keep_tasks;
};

static inline struct etcd *etcd_of(struct store *s)
{
    return CONTAINER_OF(s, struct etcd, store);
}

/* The link's connection, made where there is none that is usable: given back by etcd_conn_put.
 * -ENETDOWN: no endpoint answers, each with its reason; -ETIMEDOUT; -ECANCELED. */
int etcd_link_get(struct etcd *s, enum etcd_link_name name, struct etcd_conn **ret, struct err *err,
                  rt_time deadline);
void etcd_conn_put(struct etcd_conn *c);
/* The connection is of no more use, and its endpoint is to be left alone for a while. */
void etcd_link_blame(struct etcd *s, enum etcd_link_name name, struct etcd_conn *c,
                     const char *why);
void etcd_links_close(struct etcd *s);
/* Which of the endpoints do not answer, in words, "" where all do: each is connected to, once in
 * ETCD_LOOK_EVERY_MS. Points into *s. */
const char *etcd_links_look(struct etcd *s, rt_time deadline);

/* ---- what a status means (etcd_status.c) ---- */

enum etcd_class {
    ETCD_FINAL,    /* an answer: trying again gives the same */
    ETCD_NOT_DONE, /* it did not happen, and may elsewhere or later */
    ETCD_DOUBT,
    ETCD_TOKEN,   /* log in again */
    ETCD_NO_AUTH, /* the server knows no users */
};
/* Returns the errno that store.h gives it. */
int etcd_status_errno(const struct grpc_status *status, enum etcd_class *ret_class);

/* ---- calls (etcd_call.c) ---- */

struct etcd_method {
    struct slice path;
    bool repeats;        /* it changes nothing, or the same again: it may be sent twice */
    bool without_leader; /* also a member that has lost its leader is to answer */
};
/* One unary call. The answer's message replaces what is in *reply. */
int etcd_call(struct etcd *s, const struct etcd_method *m, struct slice message, struct buf *reply,
              struct err *err, rt_time deadline);
/* Metadata of a stream: its leader, and its token, which is fetched where there is none. */
struct etcd_metadata {
    struct grpc_field fields[2];
    uint32_t count;
    uint64_t token_number;
};
int etcd_metadata(struct etcd *s, struct etcd_conn *c, struct etcd_metadata *ret, struct err *err,
                  rt_time deadline);
/* The server does not take the token with this number any more. */
void etcd_token_drop(struct etcd *s, uint64_t number);
/* A stream has failed: drops the token or blames the endpoint, as the case may be. Returns the
 * errno in store.h's words and says in *ret_final whether trying again is in vain. */
int etcd_stream_failed(struct etcd *s, enum etcd_link_name name, struct etcd_conn *c, int code,
                       const struct grpc_status *status, uint64_t token_number, bool *ret_final);

/* ---- watches (etcd_watch.c) and keep-alives (etcd_lease.c) ---- */

int etcd_watch(struct store *st, const struct store_watch_request *q, struct store_watch *sw,
               struct err *err, rt_time deadline);
void etcd_unwatch(struct store_watch *sw);
void etcd_watches_close(struct etcd *s);

int etcd_lease_grant(struct store *st, int64_t id, int64_t ttl_ms, struct store_lease *ret,
                     struct err *err, rt_time deadline);
int etcd_lease_keep(struct store *st, int64_t id, struct store_lease *ret, struct err *err,
                    rt_time deadline);
int etcd_lease_revoke(struct store *st, int64_t id, struct err *err, rt_time deadline);
int etcd_lease_get(struct store *st, int64_t id, struct arena *arena, struct store_lease *ret,
                   struct err *err, rt_time deadline);

/* The revision now, by a linearizable read of a key, which we must be allowed to read. */
int etcd_revision(struct etcd *s, struct slice key, int64_t *ret_revision, struct err *err,
                  rt_time deadline);

#endif
