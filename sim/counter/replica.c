#include "sim/counter/counter.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/fault.h"

#define GUEST_IDLE_MAX (1 * RT_SEC)
#define COMMIT_MAX     (2 * TRY_TIMEOUT)
#define RECONNECT_MAX  (40 * RT_MS)
#define STATUS_EVERY   (40 * RT_MS)

enum { APPENDED_MAX = 2 };

static void wake_all(struct replica *r)
{
    rt_event_set(&r->changed);
    rt_event_clear(&r->changed);
}

/* The disk failed: whatever we know may be wrong. */
static void stop(struct replica *r, int error)
{
    counted(r->w, EVENT_DISK_STOP);
    say(r->w, "replica %u: stops: disk error %d", r->id, error);
    rt_event_set(&r->stop);
}

static void promise(struct replica *r, uint32_t index)
{
    if (index > r->promised)
        r->promised = index;
}

/* ---- the primary: its log ---- */

/* Committed: durable here and on a backup. */
static void advance(struct replica *r)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < REPLICAS; i++)
        if (r->backups[i].stored > best)
            best = r->backups[i].stored;
    uint32_t index = best < r->log.durable ? best : r->log.durable;
    if (index > r->committed)
        r->committed = index;
    wake_all(r);
}

static void task_stores(void *arg)
{
    struct replica *r = arg;
    uint32_t index;
    while (rt_recv(&r->appended, &index, RT_NEVER) == 0) {
        if (index <= r->log.durable)
            continue; /* went along with an earlier one */
        int error = log_store(&r->log);
        if (error < 0) {
            stop(r, error);
            return;
        }
        advance(r);
    }
}

/* ---- the primary: its backups ---- */

static void note_stored(struct backup_link *b, uint32_t index)
{
    if (index <= b->stored)
        return;
    b->stored = index;
    advance(b->primary);
}

static void task_hears_backup(void *arg)
{
    struct backup_link *b = arg;
    struct message m;
    while (link_listen(b->primary->w, &b->link, &m) == 0)
        note_stored(b, m.index);
    link_unwatch(&b->link);
    b->broken = true;
    wake_all(b->primary);
}

static int send_entry(struct backup_link *b)
{
    const struct record *e = &b->primary->log.entries[b->sent];
    struct message m = {MESSAGE_ENTRY, e->index, e->client, e->request, e->amount};
    int r = link_write(&b->link, &m, rt_now() + SILENCE_MAX);
    b->sent += r == 0;
    return r;
}

static struct message committed_message(const struct replica *p)
{
    struct message m = {.type = MESSAGE_COMMITTED};
    if (p->committed) {
        const struct record *e = &p->log.entries[p->committed - 1];
        m = (struct message){MESSAGE_COMMITTED, e->index, e->client, e->request, e->amount};
    }
    return m;
}

/* Returns when the stream is of no more use. */
static void send_all(struct backup_link *b)
{
    struct replica *p = b->primary;
    rt_time beat = rt_now();
    int r = 0;
    while (r == 0 && !b->broken) {
        if (rt_now() >= beat) {
            struct message m = committed_message(p);
            r = link_write(&b->link, &m, rt_now() + SILENCE_MAX);
            beat = rt_now() + HEARTBEAT;
        } else if (b->sent < p->log.durable) {
            r = send_entry(b);
        } else {
            r = rt_event_wait(&p->changed, beat);
            r = r == -ETIMEDOUT ? 0 : r;
        }
    }
}

static void stream_to(struct backup_link *b)
{
    struct message hello;
    link_watch(b->primary->w, &b->link);
    int r = link_listen(b->primary->w, &b->link, &hello);
    if (r == 0 && hello.type == MESSAGE_HELLO) {
        b->sent = hello.index;
        note_stored(b, hello.index);
        struct rt_group g;
        rt_group_init(&g, "stream");
        if (rt_go(&g, task_hears_backup, b) == 0)
            send_all(b);
        rt_group_done(&g);
    }
    link_unwatch(&b->link);
}

static void task_replicates(void *arg)
{
    struct backup_link *b = arg;
    struct rt_addr to;
    rt_addr_ipv4(replica_ip(b->id), PORT_REPLICATION, &to);
    int r;
    do {
        b->broken = false;
        b->link = (struct link){0};
        if (rt_connect(&to, NULL, &b->link.sock, rt_now() + SILENCE_MAX) == 0)
            stream_to(b);
        rt_close(b->link.sock);
        r = rt_sleep(rt_now() + (rt_time)(rt_random() % (uint64_t)RECONNECT_MAX));
    } while (r == 0);
}

struct status {
    rt_time sent;
    uint32_t id, index;
};

/* Datagrams overtake each other: only what was sent later than all before is news. */
static void task_hears_status(void *arg)
{
    struct replica *p = arg;
    struct status s;
    ssize_t n;
    while ((n = rt_recv_from(p->status, &s, sizeof(s), NULL, RT_NEVER)) >= 0) {
        if (n != (ssize_t)sizeof(s) || s.id == 0 || s.id >= REPLICAS)
            continue;
        if (s.sent <= p->status_sent[s.id]) {
            counted(p->w, EVENT_OLD_STATUS);
            if (!fault_mutant("counter_old_status_accepted"))
                continue;
        }
        check(p->w, CHECK_FORWARD, s.index >= p->status_index[s.id],
              "replica %u says %u entries after it said %u", s.id, s.index, p->status_index[s.id]);
        p->status_sent[s.id] = s.sent;
        p->status_index[s.id] = s.index;
        note_stored(&p->backups[s.id], s.index);
    }
}

/* ---- the primary: its clients ---- */

struct guest {
    struct replica *primary;
    struct link link;
};

/* The entry of this request: its index; 0: none; -ESTALE: the client has gone on since. */
static int find_request(const struct log *l, const struct message *m)
{
    for (uint32_t i = l->count; i > 0; i--) {
        const struct record *e = &l->entries[i - 1];
        if (e->client == m->client && e->request == m->request)
            return fault_mutant("counter_dedup_missing") ? 0 : (int)i;
        if (e->client == m->client && e->request > m->request)
            return -ESTALE;
    }
    return 0;
}

static int answer(struct replica *p, struct link *k, const struct message *m)
{
    int found = find_request(&p->log, m);
    if (found < 0)
        return found;
    uint32_t index = (uint32_t)found;
    rt_time deadline = rt_now() + COMMIT_MAX;
    int r = 0;
    if (index)
        counted(p->w, EVENT_FOUND_AGAIN);
    else
        index = log_append(p->w, &p->log, m->client, m->request, m->amount);
    if (index > p->log.durable)
        r = rt_send(&p->appended, index, deadline);
    if (r < 0)
        return r; /* it stays in memory: the next try finds it, and sends it again */
    while (p->committed < index) {
        r = rt_event_wait(&p->changed, deadline);
        if (r < 0)
            return r;
    }
    promise(p, index);
    struct message reply = {.type = MESSAGE_REPLY,
                            .index = index,
                            .client = m->client,
                            .request = m->request,
                            .amount = log_value(&p->log, index)};
    return link_write(k, &reply, deadline);
}

static void task_serves(void *arg)
{
    struct guest *g = arg;
    struct message m;
    int r;
    do {
        r = link_read(&g->link, &m, rt_now() + GUEST_IDLE_MAX);
        if (r == 0)
            r = answer(g->primary, &g->link, &m);
    } while (r == 0);
    rt_close(g->link.sock);
    mem_free(MEM_TEST, g);
}

static void task_accepts_clients(void *arg)
{
    struct replica *p = arg;
    struct rt_sock *s;
    while (rt_accept(p->listener, &s, NULL, RT_NEVER) == 0) {
        struct guest *g = mem_alloc(MEM_TEST, sizeof(*g));
        *g = (struct guest){.primary = p, .link = {.sock = s}};
        rt_go(&p->group, task_serves, g);
    }
}

static int primary_start(struct replica *r)
{
    struct rt_addr clients, status;
    rt_addr_ipv4(r->ip, PORT_CLIENTS, &clients);
    rt_addr_ipv4(r->ip, PORT_STATUS, &status);
    int error = rt_listen(&clients, 16, false, &r->listener);
    if (error == 0)
        error = rt_udp_open(&status, NULL, &r->status);
    if (error < 0)
        return error;
    rt_chan_init(&r->appended, APPENDED_MAX, "appended");
    rt_go(&r->group, task_stores, r);
    rt_go(&r->group, task_accepts_clients, r);
    rt_go(&r->group, task_hears_status, r);
    for (uint32_t i = 1; i < REPLICAS; i++) {
        r->backups[i] = (struct backup_link){.primary = r, .id = i};
        rt_go(&r->group, task_replicates, &r->backups[i]);
    }
    return 0;
}

/* ---- a backup ---- */

/* What the primary has committed is what we have, as far as we have come. */
static void note_committed(struct replica *r, const struct message *m)
{
    r->committed = m->index;
    if (m->index == 0 || m->index > r->log.count)
        return;
    const struct record *e = &r->log.entries[m->index - 1];
    check(r->w, CHECK_SAME,
          e->client == m->client && e->request == m->request && e->amount == m->amount,
          "entry %u of replica %u is another one at the primary", m->index, r->id);
}

static int store_entry(struct replica *r, const struct message *m)
{
    if (m->index != r->log.count + 1)
        return -EPROTO;
    log_append(r->w, &r->log, m->client, m->request, m->amount);
    int error = log_store(&r->log);
    if (error < 0)
        stop(r, error);
    return error;
}

static int tell_stored(struct replica *r, uint32_t type)
{
    promise(r, r->log.durable);
    struct message m = {.type = type, .index = r->log.durable};
    return link_write(&r->upstream, &m, r->upstream.heard + SILENCE_MAX);
}

static void task_follows(void *arg)
{
    struct replica *r = arg;
    struct message m;
    link_watch(r->w, &r->upstream);
    int error = tell_stored(r, MESSAGE_HELLO);
    while (error == 0) {
        error = link_listen(r->w, &r->upstream, &m);
        if (error == 0 && m.type == MESSAGE_ENTRY)
            error = store_entry(r, &m);
        else if (error == 0)
            note_committed(r, &m);
        if (error == 0)
            error = tell_stored(r, MESSAGE_STORED);
    }
    link_unwatch(&r->upstream);
    rt_close(r->upstream.sock);
}

/* A new connection ends the old one, which may be half open, before it is answered: two at once
 * would write the log at once. */
static void task_accepts_primary(void *arg)
{
    struct replica *r = arg;
    struct rt_group follower;
    rt_group_init(&follower, "follower");
    struct rt_sock *s;
    while (rt_accept(r->listener, &s, NULL, RT_NEVER) == 0) {
        rt_group_done(&follower);
        rt_group_init(&follower, "follower");
        r->upstream = (struct link){.sock = s};
        rt_go(&follower, task_follows, r);
    }
    rt_group_done(&follower);
}

static void task_tells_status(void *arg)
{
    struct replica *r = arg;
    while (rt_sleep(rt_now() + STATUS_EVERY) == 0) {
        promise(r, r->log.durable);
        struct status s = {.sent = rt_now(), .id = r->id, .index = r->log.durable};
        /* Lost or refused: the next one tells more. */
        (void)rt_send_to(r->status, &s, sizeof(s), NULL, rt_now() + STATUS_EVERY);
    }
}

static int backup_start(struct replica *r)
{
    struct rt_addr at, primary;
    rt_addr_ipv4(r->ip, PORT_REPLICATION, &at);
    rt_addr_ipv4(replica_ip(0), PORT_STATUS, &primary);
    int error = rt_listen(&at, 16, false, &r->listener);
    if (error == 0)
        error = rt_udp_open(NULL, &primary, &r->status);
    if (error < 0)
        return error;
    rt_go(&r->group, task_accepts_primary, r);
    rt_go(&r->group, task_tells_status, r);
    return 0;
}

/* ---- both ---- */

void replica_main(void *arg)
{
    struct replica *r = arg;
    rt_sim_set_host(r->ip);
    int error = log_open(r->w, &r->log);
    if (error == 0) {
        counted(r->w, EVENT_RECOVERED);
        say(r->w, "replica %u: starts with %u entries", r->id, r->log.count);
        check(r->w, CHECK_DURABLE, r->log.count >= r->promised,
              "replica %u has %u entries, and had promised %u", r->id, r->log.count, r->promised);
        error = r->id == 0 ? primary_start(r) : backup_start(r);
    }
    if (error < 0)
        stop(r, error);
}

void replica_reset(struct replica *r)
{
    rt_close(r->listener);
    rt_close(r->status);
    log_close(&r->log);
    if (r->appended.chan.name)
        rt_chan_done(&r->appended);
    *r = (struct replica){.w = r->w, .id = r->id, .ip = r->ip, .promised = r->promised};
}
