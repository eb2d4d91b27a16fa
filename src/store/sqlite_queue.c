#include <errno.h>
#include <stdio.h>

#include "base/fault.h"
#include "store/sqlite_store.h"

enum { TRIM_ROWS = 512, TRIM_PAUSE_MS = 50, HALVES_FROM = 16 };

/* One commit: made by the writer's task, carried out by an offload thread. */
struct batch {
    struct sqlite_store *s;
    struct list requests;
    uint32_t count;
    struct sdb_changes changes;
    struct arena *arena;
    struct err err; /* of the batch as a whole */
    int r;
    bool log_failed; /* what was committed stands, but nothing can be appended to it */
    int64_t revision, compacted;
    rt_time commit_time;        /* as the loop sees it */
    struct batch_lease *leases; /* of a file that was opened anew; in the arena */
};

struct batch_lease {
    int64_t id, ttl_ms;
    struct batch_lease *next;
};

void sqlite_kick(struct sqlite_kick_chan *c)
{
    rt_shield_begin();
    if (rt_chan_len(c) == 0)
        (void)rt_send(c, 0, rt_now());
    rt_shield_end();
}

int sqlite_submit(struct sqlite_store *s, struct sqlite_request *q, rt_time deadline)
{
    if (rt_cancelled())
        return err_sys(q->err, -ECANCELED, "write");
    if (s->queued == STORE_SQLITE_QUEUE_MAX) {
        s->queue_full_total++;
        return err_set(q->err, -ENOBUFS, "%d writes wait already", STORE_SQLITE_QUEUE_MAX);
    }
    list_push_back(&s->queue, &q->link);
    s->queued++;
    sqlite_kick(&s->work_there);
    int r = rt_event_wait(&q->done, deadline);
    if (r < 0 && !q->begun) {
        list_remove(&q->link);
        s->queued--;
        return err_sys(q->err, r, "write");
    }
    if (r < 0) {
        rt_shield_begin();
        rt_event_wait(&q->done, RT_NEVER);
        rt_shield_end();
    }
    return q->r;
}

/* ---- on the offload thread ---- */

static int carry_out(struct batch *b, struct sqlite_request *q)
{
    struct sdb *db = b->s->writer;
    switch (q->work) {
    case SQLITE_WORK_TXN:
        return sdb_txn(db, q->txn, q->arena, q->result, &b->changes, q->err);
    case SQLITE_WORK_GRANT:
        return sdb_lease_put(db, q->lease, q->ttl_ms, q->err);
    case SQLITE_WORK_END:
        return sdb_lease_end(db, q->lease, &b->changes, q->err);
    case SQLITE_WORK_COMPACT:
        b->s->trim_more = true; /* looking in vain costs nothing */
        return sdb_compact(db, q->revision, q->err);
    case SQLITE_WORK_NOTHING:
        return sdb_touch(db, q->err);
    }
    return -EINVAL;
}

/* History is trimmed by the way, a little with each commit. */
static int tidy_up(struct batch *b)
{
    struct sqlite_store *s = b->s;
    struct sdb *db = s->writer;
    int64_t keep_from = sdb_revision(db) - s->history;
    int r = 0;
    if (s->history >= 0 && keep_from > sdb_compacted(db) + s->history / 10) {
        r = sdb_compact(db, keep_from, &b->err);
        s->trim_more = true;
    }
    if (r == 0 && s->trim_more)
        r = sdb_trim(db, TRIM_ROWS, &s->trim_more, &b->err);
    return r;
}

static void note_lease(void *ctx, int64_t id, int64_t ttl_ms)
{
    struct batch *b = ctx;
    struct batch_lease *l = arena_new(b->arena, struct batch_lease);
    *l = (struct batch_lease){id, ttl_ms, b->leases};
    b->leases = l;
}

static int open_anew(struct batch *b)
{
    struct sqlite_store *s = b->s;
    struct sdb *db = NULL;
    int r = sdb_open(&(struct sdb_options){.path = s->path, .vfs = s->vfs}, &db, &b->err);
    if (r == 0 && !fault_mutant("store_reopened_without_checkpoint"))
        r = sdb_checkpoint(db, &b->err);
    if (r == 0)
        r = sdb_leases(db, note_lease, b, &b->err);
    if (r < 0) {
        sdb_close(db);
        return r == -ENOSPC ? r : err_wrap(&b->err, "after a failure of the disk");
    }
    s->writer = db;
    s->broken = false;
    return 0;
}

/* What was in doubt when the disk failed may be in the file, and now it is known: whoever watches
 * is told of it with this batch. */
static int find_untold(struct batch *b)
{
    struct sqlite_store *s = b->s;
    int64_t to;
    if (sdb_revision(s->writer) <= s->revision || fault_mutant("store_recovered_untold"))
        return 0;
    return sdb_events(s->writer, s->revision + 1, SIZE_MAX, &b->changes, &to, &b->err);
}

static int begin_batch(struct batch *b)
{
    struct sqlite_store *s = b->s;
    int r = 0;
    if (s->broken) {
        sdb_close(s->writer);
        s->writer = NULL;
        r = open_anew(b);
    }
    if (r == 0)
        r = find_untold(b);
    return r < 0 ? r : sdb_begin(s->writer, &b->err);
}

/* Whether an error is that of one request, and the others go on. */
static bool is_of_the_request(const struct batch *b, int r)
{
    return r != -EIO && r != -EBADMSG && sdb_in_batch(b->s->writer);
}

static void seal_batch(void *arg)
{
    struct batch *b = arg;
    struct sdb *db = b->s->writer;
    if (b->r < 0)
        sdb_rollback(db);
    else if (sdb_commit(db, &b->err) < 0 && !fault_mutant("store_ack_before_commit"))
        b->r = b->err.code;
    else if (sdb_tend_log(db, NULL) == -EIO)
        b->log_failed = !fault_mutant("store_checkpoint_error_ignored");
}

static void run_requests(struct batch *b)
{
    list_each (it, &b->requests) {
        struct sqlite_request *q = list_entry(it, struct sqlite_request, link);
        q->r = carry_out(b, q);
        if (q->r < 0 && !is_of_the_request(b, q->r)) {
            b->r = q->r;
            if (q->err)
                b->err = *q->err;
            break;
        }
    }
    if (b->r == 0)
        b->r = tidy_up(b);
}

static void run_batch(void *arg)
{
    struct batch *b = arg;
    b->r = begin_batch(b);
    if (b->r < 0)
        return;
    run_requests(b);
    if (!fault_mutant("store_answer_first"))
        seal_batch(b);
    b->revision = sdb_revision(b->s->writer);
    b->compacted = sdb_compacted(b->s->writer);
}

/* ---- on the loop ---- */

static void take_requests(struct batch *b)
{
    struct sqlite_store *s = b->s;
    list_init(&b->requests);
    while (b->count < STORE_SQLITE_BATCH_MAX && !list_empty(&s->queue)) {
        struct list *it = list_pop_front(&s->queue);
        list_entry(it, struct sqlite_request, link)->begun = true;
        list_push_back(&b->requests, it);
        b->count++;
    }
    s->queued -= b->count;
}

static void note_outcome(struct batch *b)
{
    struct sqlite_store *s = b->s;
    for (const struct batch_lease *l = b->leases; l; l = l->next)
        if (!map_get_u64(&s->leases, (uint64_t)l->id))
            sqlite_lease_add(s, l->id, l->ttl_ms); /* its grant was in doubt */
    s->trouble = b->r;
    s->broken = s->broken || b->log_failed;
    if (b->r == 0) {
        s->revision = b->revision;
        s->compacted = b->compacted;
        return;
    }
    snprintf(s->trouble_text, sizeof(s->trouble_text), "%s", b->err.text);
    s->broken = s->broken || b->r == -EIO || b->r == -EBADMSG || !s->writer;
}

static void answer_some(struct batch *b, uint32_t count)
{
    for (; count > 0 && !list_empty(&b->requests); count--) {
        struct sqlite_request *q =
            list_entry(list_pop_front(&b->requests), struct sqlite_request, link);
        if (b->r < 0) {
            q->r = b->r;
            if (q->err)
                *q->err = b->err;
        } else if (q->work == SQLITE_WORK_GRANT && q->r == 0) {
            sqlite_lease_add(b->s, q->lease, q->ttl_ms);
        }
        rt_event_set(&q->done);
    }
}

/* Where a crowd writes again as soon as it is answered, all of it would wait for the thread that
 * commits, and then that thread for all of it. In two halves both are busy: one half is thought
 * about while the other is committed. That takes a commit more, so not where one takes longer than
 * the thinking, as on a slow disk. */
static uint32_t first_part(const struct batch *b)
{
    bool halves = b->commit_time <= 2 * b->s->think_time_each * b->count;
    return halves ? b->count / 2 : b->count;
}

/* Answers everybody; what a batch did is known to all watches before its callers go on. */
static void answer(struct batch *b)
{
    struct sqlite_store *s = b->s;
    if (b->r == 0)
        sqlite_watches_tell(s, b->revision, &b->changes);
    if (b->count >= HALVES_FROM && s->queued < b->count / 2) {
        uint32_t first = first_part(b);
        answer_some(b, first);
        rt_time from = rt_now_exact();
        (void)rt_yield();
        s->think_time_each = (rt_now_exact() - from) / first;
    }
    answer_some(b, b->count);
}

static int commit(struct batch *b)
{
    struct sqlite_store *s = b->s;
    struct sdb *db = NULL;
    /* Where the file is one connection's alone, the writer is also the one that reads. */
    int r = s->readers ? 0 : rt_recv(&s->idle, &db, RT_NEVER);
    if (r < 0)
        return r;
    rt_time from = rt_now_exact();
    rt_shield_begin();
    r = rt_offload(run_batch, b, RT_NEVER);
    rt_shield_end();
    b->commit_time = rt_now_exact() - from;
    if (!s->readers)
        sqlite_reader_put(s, s->writer); /* which is NULL where it could not be opened anew */
    if (r < 0)
        b->r = err_sys(&b->err, r, "no thread for the disk");
    note_outcome(b);
    return 0;
}

/* Waits until there is something to do. A kick may be one whose write was taken with the batch
 * before: a commit of nothing would cost the next write two more wake-ups. Returns 0 or -ECANCELED.
 */
static int wait_for_work(struct sqlite_store *s)
{
    char c;
    while (list_empty(&s->queue)) {
        rt_time until = s->trim_more && !s->trouble ? rt_now() + TRIM_PAUSE_MS * RT_MS : RT_NEVER;
        int r = rt_recv(&s->work_there, &c, until);
        if (r == -ETIMEDOUT)
            return 0;
        if (r < 0)
            return r;
    }
    return rt_cancelled() ? -ECANCELED : 0;
}

void sqlite_writer(void *arg)
{
    struct sqlite_store *s = arg;
    struct arena arena = ARENA(MEM_STORE, 0);
    struct batch *b = mem_alloc(MEM_STORE, sizeof(*b));
    while (wait_for_work(s) == 0) {
        *b = (struct batch){.s = s, .arena = &arena, .changes.arena = &arena};
        take_requests(b);
        int r = commit(b);
        if (r < 0)
            b->r = err_sys(&b->err, r, "write");
        answer(b);
        if (fault_mutant("store_answer_first"))
            rt_offload(seal_batch, b, RT_NEVER);
        arena_reset(&arena);
    }
    arena_done(&arena);
    mem_free(MEM_STORE, b);
}
