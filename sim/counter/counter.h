/* counter.h - a small replicated counter, written as a real service would be, and its invariants.
 *
 * One primary and two backups, each with a write-ahead log on its own disk. A client's increment
 * is appended to the primary's log, made durable there, sent to the backups in order, and
 * acknowledged once one of them has made it durable, too. Clients retry; the log itself is the
 * memory of what was applied, so a retried increment is found and not applied again.
 *
 * Why it is correct: the primary sends only what is durable on its own disk, so a backup's log is
 * always a beginning of the primary's, and no acknowledged entry can be lost by a crash of any one
 * disk's cache. A replica whose disk fails a call stops and starts again from what it can read,
 * which it first writes anew: after a failed fsync the page cache lies.
 *
 * What a world checks is enum check; it stops at the first violation. */
#ifndef FIREBREAK_SIM_COUNTER_COUNTER_H
#define FIREBREAK_SIM_COUNTER_COUNTER_H

#include "base/defs.h"
#include "rt/chan.h"
#include "rt/event.h"
#include "rt/file.h"
#include "rt/sock.h"
#include "sim/search.h"

enum {
    REPLICAS = 3, /* the first is the primary */
    CLIENTS = 3,
    REQUESTS = 8, /* of each client, numbered from 1 */
    ENTRIES_MAX = 64,
    PORT_REPLICATION = 7000,
    PORT_CLIENTS = 8000,
    PORT_STATUS = 9000, /* datagrams */
};

#define HEARTBEAT   (50 * RT_MS)
#define SILENCE_MAX (250 * RT_MS) /* without a word, a stream is given up */
#define TRY_TIMEOUT (150 * RT_MS)
#define REQUEST_MAX (600 * RT_MS) /* then the client does not know */
#define SLACK       (5 * RT_MS)
#define DISK_MAX    (5 * RT_SEC)

enum check {
    CHECK_KEPT,      /* an acknowledged increment is in every log, as it was asked and answered */
    CHECK_ONCE,      /* no increment is applied twice */
    CHECK_CONVERGED, /* logs are equal once the faults have healed */
    CHECK_IN_TIME,   /* every request ends before its deadline and a slack */
    CHECK_LIVE,      /* once the faults have healed, an increment is acknowledged */
    CHECK_NOTICED,   /* no stream is silent for longer than SILENCE_MAX and a slack */
    CHECK_DURABLE,   /* what a replica promised is in its log after a crash */
    CHECK_SAME,      /* a committed entry is the same at the primary and a backup */
    CHECK_FORWARD,   /* a status never tells of less than an earlier one */
    CHECK_ENDED,     /* all tasks end */
    CHECK_COUNT,
};

/* What happened to the program: a search in which one stays zero has not tested it. */
enum event {
    EVENT_ACKNOWLEDGED,
    EVENT_IN_DOUBT, /* requests that met their deadline */
    EVENT_RETRIED,
    EVENT_FOUND_AGAIN, /* requests that were already in the log */
    EVENT_OLD_REPLY,   /* replies to an earlier request */
    EVENT_SILENCE,     /* streams given up */
    EVENT_OLD_STATUS,  /* datagrams that came late */
    EVENT_DISK_STOP,   /* replicas that stopped because of their disk */
    EVENT_RECOVERED,   /* logs read at a start */
    EVENT_BAD_RECORD,  /* logs that ended in a torn one */
    EVENT_COUNT,
};

struct world;

/* ---- messages and connections (link.c) ---- */

enum message_type {
    MESSAGE_HELLO = 1, /* index: entries that the backup has */
    MESSAGE_ENTRY,
    MESSAGE_COMMITTED, /* index, and that entry; also the primary's heartbeat */
    MESSAGE_STORED,    /* index; also the backup's heartbeat */
    MESSAGE_REQUEST,   /* client, request, amount */
    MESSAGE_REPLY,     /* request, index, amount: the counter's value after it */
};

struct message {
    uint32_t type, index, client, request, amount;
};

/* A stream that carries messages. Half a message stays until the rest comes. */
struct link {
    struct rt_sock *sock;
    struct message in;
    size_t in_bytes;
    rt_time heard; /* when the last message came */
    struct list watched;
};

int link_read(struct link *k, struct message *ret_message, rt_time deadline);
int link_write(struct link *k, const struct message *m, rt_time deadline);
/* Reads with SILENCE_MAX as the limit: -ETIMEDOUT is a silence. */
int link_listen(struct world *w, struct link *k, struct message *ret_message);
/* Between these the world checks that the link is not silent for too long. */
void link_watch(struct world *w, struct link *k);
void link_unwatch(struct link *k);

/* ---- the log (log.c) ---- */

struct record {
    uint32_t client, request, amount, index;
    uint64_t sum;
};

struct log {
    struct rt_file *file;
    struct record entries[ENTRIES_MAX]; /* entry of index i at i - 1 */
    uint32_t count, durable;
};

/* Reads what is there and writes it anew. The log is empty before. Returns 0 or negative errno. */
int log_open(struct world *w, struct log *l);
void log_close(struct log *l); /* and empties it */
/* Appends in memory. */
uint32_t log_append(struct world *w, struct log *l, uint32_t client, uint32_t request,
                    uint32_t amount);
/* Makes every entry of this moment durable. One task at a time. */
int log_store(struct log *l);
/* The counter after the entry of this index. */
uint32_t log_value(const struct log *l, uint32_t index);

/* ---- replicas (replica.c) ---- */

RT_CHAN(index_chan, uint32_t);

struct backup_link { /* the primary's side */
    struct replica *primary;
    uint32_t id;
    uint32_t sent, stored; /* indices */
    bool broken;
    struct link link;
};

struct replica {
    struct world *w;
    uint32_t id, ip;
    struct rt_group group;
    struct log log;
    struct index_chan appended; /* of the primary: to its task that stores */
    uint32_t committed;
    struct rt_event changed; /* appended, durable, stored or committed: wakes all who look */
    struct rt_event stop;    /* the supervisor is to end this life of it */
    bool power_lost;
    struct rt_sock *listener, *status;
    struct link upstream;                 /* of a backup */
    struct backup_link backups[REPLICAS]; /* of the primary; by id */
    rt_time status_sent[REPLICAS];   /* of the primary: the newest status, when it was sent … */
    uint32_t status_index[REPLICAS]; /* … and what it said */
    uint32_t promised;               /* the world's: entries that it told others are durable */
};

/* First task of a life: arg is the replica. Its other tasks are in r->group. */
void replica_main(void *arg);
/* After the last task of a life: what the life held is let go. */
void replica_reset(struct replica *r);

/* ---- clients (client.c) ---- */

struct request {
    uint32_t amount, value, index;
    bool acknowledged;
};

struct client {
    struct world *w;
    uint32_t id, ip;
    struct link link;
    struct request requests[REQUESTS + 2]; /* by number; 0 is unused, the last is client_last's */
};

void client_main(void *arg);
/* One more request, of a client whose client_main has ended. */
void client_last(void *arg);

/* ---- the world (counter.c) ---- */

struct world {
    struct sim_world sim;
    struct replica replicas[REPLICAS];
    struct client clients[CLIENTS];
    struct list watched; /* links */
    bool ending;
};

uint32_t replica_ip(uint32_t id);
void counted(struct world *w, enum event event);
/* The invariant holds, or the world ends here. */
void check(struct world *w, enum check which, bool holds, const char *fmt, ...) PRINTF_LIKE(4, 5);
void say(const struct world *w, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
