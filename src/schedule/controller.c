#include <errno.h>

#include "base/fault.h"
#include "schedule/book.h"

/* A term: from being elected to being it no more. Everything of it is one group, which is cancelled
 * as soon as it is known to be over; the guards of its writes make it harmless until then. */

enum {
    ASK_MS = 10 * 1000,
    AGAIN_MS = 200,
    PROCESS_LOOK_MS = 200, /* how soon a process of this host is seen to be gone */
    RESIGN_MS = 1000,
};

struct follower {
    struct book *book;
    int which;
};

struct controller {
    struct schedule_options *options;
    struct store_session session;
    struct book book;
    struct rt_group term;
    struct follower followers[BOOK_FOLLOWS];
};

/* ---- the tasks of a term ---- */

static void begin_hands(struct book *b)
{
    for (int i = 0; i < SCHEDULE_HANDS; i++)
        if (rt_go(b->term, hand_main, b) < 0)
            break;
}

static void synced(struct book *b, int which)
{
    if (b->synced[which])
        return;
    b->synced[which] = true;
    /* None before: what is not there yet must not be thought gone. */
    if (++b->synced_count == BOOK_FOLLOWS) {
        begin_hands(b);
        if (rt_go(b->term, lost_main, b) < 0)
            rt_group_cancel(b->term);
        if (b->options->zone && rt_go(b->term, orders_main, b) < 0)
            rt_group_cancel(b->term); /* no memory: another term, here or elsewhere */
    }
}

static void follower_main(void *arg)
{
    struct follower *f = arg;
    struct book *b = f->book;
    uint64_t mended = 0;
    struct err err = {0};
    for (;;) {
        struct follow_change c;
        int r = follow_next(&b->follows[f->which], &c, &err, rt_now() + ASK_MS * RT_MS);
        if (r == -ECANCELED || r == -ENOLINK)
            return;
        if (r < 0 && r != -ETIMEDOUT) {
            book_note(b, SCHEDULE_NOTE_UNREACHABLE, (struct slice){NULL, 0}, err.text);
            if (rt_sleep(rt_now() + AGAIN_MS * RT_MS) < 0)
                return;
        }
        if (r < 0)
            continue;
        if (c.type == FOLLOW_SYNCED)
            synced(b, f->which);
        book_told(b, f->which, &c);
        if (b->follows[f->which].mended_total != mended) {
            mended = b->follows[f->which].mended_total;
            book_mended(b, c.kv.key, "memory was not what the store holds");
        }
    }
}

static void timer_main(void *arg)
{
    struct book *b = arg;
    for (;;) {
        struct heap_link *first = heap_first(&b->timers);
        struct job *j = first ? CONTAINER_OF(first, struct job, timer) : NULL;
        if (j && j->due <= rt_now()) {
            heap_remove(&b->timers, first);
            j->due = RT_NEVER;
            book_dirty(b, j);
            continue;
        }
        rt_event_clear(&b->tick);
        if (rt_event_wait(&b->tick, j ? j->due : RT_NEVER) == -ECANCELED)
            return;
    }
}

/* Whether the seat is of another process of this host. */
static bool is_beside_us(const struct schedule_options *o, const struct seat *s)
{
    return s->incarnation && s->lease && o->boot.size && slice_eq(s->node.boot, o->boot) &&
           (s->node.pid != o->pid || s->node.pid_started != o->pid_started);
}

/* Returns the lease of one that is gone, or 0; *ret_any: whether there is one to look at again. */
static int64_t look(const struct book *b, bool *ret_any)
{
    const struct schedule_options *o = b->options;
    struct map_entry e;
    int64_t gone = 0;
    *ret_any = false;
    for (size_t at = 0; map_next(&b->seats, &at, &e);) {
        const struct seat *s = e.value;
        if (!is_beside_us(o, s))
            continue;
        *ret_any = true;
        if (o->process_gone(o->ctx, &s->node))
            gone = s->lease;
    }
    return gone;
}

/* A process of this host that is gone cannot keep its lease: its node ends at once, not at the end
 * of the lease. */
static void look_main(void *arg)
{
    struct book *b = arg;
    for (int r = 0; r != -ECANCELED;) {
        bool any;
        rt_event_clear(&b->seated);
        int64_t gone = look(b, &any);
        if (gone)
            (void)store_lease_revoke(b->options->store, gone, NULL, rt_now() + RT_SEC);
        if (any)
            r = rt_sleep(rt_now() + PROCESS_LOOK_MS * RT_MS);
        else
            r = rt_event_wait(&b->seated, RT_NEVER);
    }
}

/* The session is lost, or its time is over without a word: then so is the term. */
static void session_main(void *arg)
{
    struct controller *c = arg;
    while (store_session_alive(&c->session))
        if (rt_event_wait(&c->session.lost, c->session.until) == -ECANCELED)
            return;
    rt_group_cancel(&c->term);
}

static int begin_term(struct controller *c)
{
    struct book *b = &c->book;
    int r = rt_go(&c->term, session_main, c);
    if (r == 0)
        r = rt_go(&c->term, timer_main, b);
    if (r == 0)
        r = rt_go(&c->term, audit_main, b);
    for (int i = 0; r == 0 && i < BOOK_FOLLOWS; i++) {
        c->followers[i] = (struct follower){b, i};
        r = rt_go(&c->term, follower_main, &c->followers[i]);
    }
    if (r == 0 && c->options->process_gone)
        r = rt_go(&c->term, look_main, b);
    return r;
}

static void end_stats(struct schedule_stats *stats)
{
    stats->leads = false;
    memset(stats->tasks, 0, sizeof(stats->tasks));
}

static void lead(struct controller *c)
{
    struct schedule_options *o = c->options;
    book_note(&c->book, SCHEDULE_NOTE_LEADS, o->node, NULL);
    o->stats->leads = true;
    o->stats->terms_total++;
    /* Until the session is lost, or a write found that we lead no more, or we are to end. */
    if (begin_term(c) == 0)
        (void)rt_group_wait(&c->term, RT_NEVER);
    rt_group_done(&c->term);
    end_stats(o->stats);
    book_note(&c->book, SCHEDULE_NOTE_LEADS_NOT, o->node, NULL);
}

/* ---- a session after the other ---- */

static int campaign(struct controller *c)
{
    struct schedule_options *o = c->options;
    struct err err = {0};
    int64_t ttl = o->lease_ttl_ms ? o->lease_ttl_ms : SCHEDULE_LEASE_TTL_MS;
    int r = store_session_open(&c->session, o->store, ttl, &err, rt_now() + ASK_MS * RT_MS);
    if (r < 0) {
        book_note(&c->book, SCHEDULE_NOTE_UNREACHABLE, o->node, err.text);
        return r;
    }
    r = election_campaign(&c->book.election, &c->session, o->prefix, SLICE("controller"), o->node,
                          &err, RT_NEVER);
    if (r == 0)
        lead(c);
    if (r == 0 && rt_cancelled()) {
        rt_shield_begin();
        (void)election_resign(&c->book.election, NULL, rt_now() + RESIGN_MS * RT_MS);
        rt_shield_end();
    }
    store_session_close(&c->session, rt_now() + RESIGN_MS * RT_MS);
    return r;
}

void schedule_controller(void *options)
{
    struct controller *c = mem_alloc(MEM_SCHEDULE, sizeof(*c));
    c->options = options;
    while (!rt_cancelled()) {
        *c = (struct controller){.options = options};
        rt_group_init(&c->term, "controller");
        book_init(&c->book, options, &c->term);
        int r = campaign(c);
        rt_group_done(&c->term);
        book_done(&c->book);
        if (r < 0 && rt_sleep(rt_now() + AGAIN_MS * RT_MS) < 0)
            break;
    }
    mem_free(MEM_SCHEDULE, c);
}
