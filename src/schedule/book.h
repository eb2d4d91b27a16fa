/* book.h - what the leading controller has in memory: jobs, seats, and who waits for what.
 *
 * A job is a task of the store, a seat is a node's name. Values themselves are in the followers'
 * copies (store/follow.h); a job only remembers what there is to do about it:
 *
 *     dirty     something of it changed: a hand plans it anew (hand.c)
 *     timer     it is planned anew then, though nothing happens
 *     queued    it has a target to be given, and waits for room on any node
 *     waits     it waits for things of its own: room on certain nodes, a lock, a node that fits
 *
 * Whatever makes a plan of it possible makes it dirty; but news of a task that was just given,
 * which only say that all goes well, let it wait until it is to be told to be Running. Where a job
 * waits for several nodes it is on the list of each. Of those that wait for one node as many are
 * woken as there is room, and whoever was woken and took none wakes the next: so where there is
 * room, either nobody waits for it, or one who did is dirty or at a hand.
 *
 * Should that be wrong somewhere: every `relist` each job that rests is planned, and what there was
 * to do is done, counted and told (audit.c). One loop. */
#ifndef FIREBREAK_SCHEDULE_BOOK_H
#define FIREBREAK_SCHEDULE_BOOK_H

#include "rt/event.h"
#include "schedule/orders.h"
#include "schedule/plan.h"
#include "schedule/queue.h"
#include "schedule/schedule.h"
#include "store/election.h"
#include "store/follow.h"

/* One thing that a job waits for. */
struct wait {
    struct list link; /* in a seat's list, or one of the book's; in none once it was woken */
    struct job *job;
    struct seat *seat; /* NULL: something else */
    struct wait *next; /* of the job */
};

/* Room that was given, until the store has told us of it. */
struct reserve {
    struct list link;
    struct seat *seat;
    int64_t revision;
};

struct seat {
    struct list waiting; /* struct wait: jobs that want this node and no other */
    int64_t incarnation; /* 0: it is not there */
    int64_t lease;
    struct arena arena; /* of `node` */
    struct node node;
    enum node_state wanted; /* cordoned or draining, as people said */
    int64_t known;          /* the revision of what outlives its lease; 0: nothing does */
    int64_t tried;          /* lost.c has done to that what there is to do */
    int64_t lost_ms;        /* since when that says Lost, since 1970; 0: it says that it lives */
    uint32_t load;          /* given to it and not ended, as the store tells */
    uint32_t reserved;      /* and not told yet */
    uint32_t counted;       /* of `load`, by audit.c */
    size_t name_size;
    char name[];
};

struct job {
    struct queue_item wish;
    struct heap_link timer;
    rt_time due;
    struct list link; /* in book.dirty while `dirty` */
    struct wait *waits;
    struct list end; /* in book.ended, once it has ended */
    int64_t mod;     /* the newest revision that was told; 0: it is gone */
    rt_time came_at, seen_at, deadline_at;
    int64_t seen_wall_ms;
    int64_t hold;       /* until this revision of it is told … */
    rt_time hold_until; /* … or until then, our own write is on its way to us */
    enum task_state state;
    bool known, dirty, busy, granted, trim, bad;
    bool again; /* its timer is for a plan that was not written, or is not told yet */
    bool audit; /* dirty, and nothing happened to it: there is nothing to do, or we were wrong */
    bool calm;  /* dirty, and only such news came as need no plan at once where it was just given */
    uint8_t conflicts; /* one behind the other, without news of it */
    int64_t ended;     /* the revision in which we wrote that it ended; 0: we did not */
    enum task_state ended_as;
    /* The revision in which we gave its only target. 0: we did something else, or what came before
     * the news of that is to be planned with them. */
    int64_t given;
    uint64_t lock; /* hash of the concurrency key that it waits for */
    size_t name_size;
    char name[];
};

enum {
    BOOK_TASKS,
    BOOK_ASSIGNS,
    BOOK_STATUSES,
    BOOK_NODES,
    BOOK_KNOWN,
    BOOK_SPECS,
    BOOK_LOCKS,
    BOOK_FOLLOWS
};

struct book {
    struct schedule_options *options;
    struct election election;
    struct follow follows[BOOK_FOLLOWS];
    bool synced[BOOK_FOLLOWS];
    uint32_t synced_count;
    struct map jobs, seats; /* by name */
    struct list dirty, ended;
    struct list unmatched, locked_out; /* struct wait */
    struct list reserves;
    int64_t told; /* what is given is told up to this revision */
    uint32_t ended_count, granted;
    struct heap timers;
    struct queue queue;
    struct map rates;       /* action -> struct rate */
    struct rt_event work;   /* there is a dirty job */
    struct rt_event tick;   /* the first timer is another one */
    struct rt_event seated; /* what a node says of itself is told */
    struct rt_event lost;   /* a node came or went, or what is known of one is another thing */
    struct orders *orders;  /* NULL: the term keeps no calendar, or not yet */
    struct rt_group *term;  /* cancelled where it turns out that we lead no more */
};

void book_init(struct book *b, struct schedule_options *o, struct rt_group *term);
void book_done(struct book *b);

struct job *book_job(struct book *b, struct slice name); /* made where it is not there */
struct seat *book_seat(struct book *b, struct slice name);
void book_dirty(struct book *b, struct job *j);
/* As book_dirty, by news that need no plan where the task was just given: see book_is_calm. */
void book_calm(struct book *b, struct job *j);
/* A task that was given, of which no more is known than that, or that it was claimed: its timer is
 * set to when it is to be told to be Running, and what ends soon is planned once less for each of
 * these. So what passes for such news, and asks for more, waits for up to PLAN_RUNNING_MS. */
bool book_is_calm(struct book *b, struct job *j);
void book_timer(struct book *b, struct job *j, rt_time due); /* RT_NEVER: none */
/* It waits for one thing more: `where` is the list of `seat`, or one of the book's. */
void book_wait(struct job *j, struct list *where, struct seat *seat);
/* It waits for nothing any more; book_unwait gets what it did, once it was planned anew. */
struct wait *book_take_waits(struct job *j);
/* Whoever was woken for a seat, and took none of its room, wakes the next. Frees `was`. */
void book_unwait(struct book *b, struct wait *was);
/* There may be more room than there was. */
void book_wake(struct book *b, struct seat *s);
/* Frees it; its task is gone from the store. */
void book_forget(struct book *b, struct job *j);
void book_state(struct book *b, struct job *j, enum task_state state);
/* Room of a seat is taken, and given back; or kept until what was written at `revision` is told. */
static inline void book_reserve(struct seat *s)
{
    s->reserved++;
}
void book_unreserve(struct book *b, struct seat *s);
void book_reserve_until(struct book *b, struct seat *s, int64_t revision);
/* Nobody waits in the queue, and one that anybody can run need not, either. */
bool book_has_room(const struct book *b);
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

/* A change that a follower tells; FOLLOW_SYNCED, too. */
void book_told(struct book *b, int which, const struct follow_change *c);
/* All that the followers know has been told. */
bool book_settled(const struct book *b);
/* Memory was wrong about `what`, and is mended. */
void book_mended(struct book *b, struct slice what, const char *text);
/* A task: takes dirty jobs and writes what is to be written, until it is cancelled. */
void hand_main(void *book);
/* A task: every `relist` looks whether anything rests that should not (audit.c). */
void audit_main(void *book);
/* A task: writes down since when nodes are lost, and forgets those lost for too long (lost.c). */
void lost_main(void *book);
void book_note(struct book *b, enum schedule_note note, struct slice what, const char *text);

#endif
