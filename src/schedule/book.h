/* book.h - what the leading controller has in memory: jobs, seats, and who waits for what.
 *
 * A job is a task of the store, a seat is a node's name. Values themselves are in the followers'
 * copies (store/follow.h); a job only remembers what there is to do about it:
 *
 *     dirty     something of it changed: a hand plans it anew (hand.c)
 *     timer     it is planned anew then, though nothing happens
 *     queued    it has a target to be given, and waits for room on any node
 *     parked    it waits for something certain: a node, a lock
 *
 * A job that is found wrong by whatever mistake is planned anew with the next change of it, and all
 * are every `relist`. One loop. */
#ifndef FIREBREAK_SCHEDULE_BOOK_H
#define FIREBREAK_SCHEDULE_BOOK_H

#include "rt/event.h"
#include "schedule/orders.h"
#include "schedule/plan.h"
#include "schedule/queue.h"
#include "schedule/schedule.h"
#include "store/election.h"
#include "store/follow.h"

struct seat {
    struct list waiting; /* jobs that want this node and no other */
    int64_t incarnation; /* 0: it is not there */
    int64_t lease;
    struct arena arena; /* of `node` */
    struct node node;
    enum node_state wanted; /* cordoned or draining, as people said */
    uint32_t load;          /* given to it and not ended, as the store tells */
    uint32_t reserved;      /* and not told yet */
    size_t name_size;
    char name[];
};

struct job {
    struct queue_item wish;
    struct heap_link timer;
    rt_time due;
    struct list link;   /* in book.dirty while `dirty` */
    struct list parked; /* on a seat's list, or one of the book's */
    struct list end;    /* in book.ended, once it has ended */
    int64_t mod;        /* the newest revision that was told; 0: it is gone */
    rt_time came_at, seen_at, deadline_at;
    int64_t seen_wall_ms;
    int64_t hold;       /* until this revision of it is told … */
    rt_time hold_until; /* … or until then, our own write is on its way to us */
    enum task_state state;
    bool known, dirty, busy, granted, trim, bad;
    uint8_t conflicts; /* one behind the other, without news of it */
    uint64_t lock; /* hash of the concurrency key that it waits for */
    struct seat **reserved;
    uint32_t reserved_count;
    size_t name_size;
    char name[];
};

enum { BOOK_TASKS, BOOK_ASSIGNS, BOOK_STATUSES, BOOK_NODES, BOOK_SPECS, BOOK_LOCKS, BOOK_FOLLOWS };

struct book {
    struct schedule_options *options;
    struct election election;
    struct follow follows[BOOK_FOLLOWS];
    bool synced[BOOK_FOLLOWS];
    uint32_t synced_count;
    struct map jobs, seats; /* by name */
    struct list dirty, unmatched, locked_out, ended;
    uint32_t ended_count, granted;
    struct heap timers;
    struct queue queue;
    struct map rates;      /* action -> struct rate */
    struct rt_event work;  /* there is a dirty job */
    struct rt_event tick;  /* the first timer is another one */
    struct orders *orders; /* NULL: the term keeps no calendar, or not yet */
    struct rt_group *term; /* cancelled where it turns out that we lead no more */
};

void book_init(struct book *b, struct schedule_options *o, struct rt_group *term);
void book_done(struct book *b);

struct job *book_job(struct book *b, struct slice name); /* made where it is not there */
struct seat *book_seat(struct book *b, struct slice name);
void book_dirty(struct book *b, struct job *j);
void book_timer(struct book *b, struct job *j, rt_time due); /* RT_NEVER: none */
/* It waits no longer, for whatever it was. */
void book_unpark(struct job *j);
void book_wake(struct book *b, struct list *parked, uint32_t count);
/* Frees it; its task is gone from the store. */
void book_forget(struct book *b, struct job *j);
void book_state(struct book *b, struct job *j, enum task_state state);
void book_release(struct job *j);
/* Grants queued jobs a hand, while there is room for them. */
void book_dispatch(struct book *b);
static inline struct slice job_name(const struct job *j)
{
    return (struct slice){j->name, j->name_size};
}
static inline struct slice seat_name(const struct seat *s)
{
    return (struct slice){s->name, s->name_size};
}
/* How many more it takes; `pinned`: for what nobody else can run. */
uint32_t seat_room(const struct seat *s, bool pinned);

/* A change that a follower tells. */
void book_told(struct book *b, int which, const struct follow_change *c);
/* A task: takes dirty jobs and writes what is to be written, until it is cancelled. */
void hand_main(void *book);
void book_note(struct book *b, enum schedule_note note, struct slice what, const char *text);

#endif
