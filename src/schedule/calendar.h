/* calendar.h - schedules in, orders out: what is to run now, and what became of it.
 *
 * A schedule's times are settled one after the other, in their order, by one mark that only moves
 * forward: `settled`. A time behind the mark is never ordered again, whatever the clock does, and a
 * time before it never gets lost: it is ordered, or passed over for a reason that is remembered
 * (misfire, overlap, pause). One order of a schedule is under way at a time; the mark moves when it
 * is answered. So a process that dies between an order and its answer orders the same time again,
 * with the same dedup key, and whoever makes tasks makes one of the two.
 *
 * - Late by up to CALENDAR_GRACE_MS counts as in time. What is later was missed, be it that nobody
 *   ran or that the clock was set forward: then the schedule's `misfire` decides.
 *   Times that are caught up run one after the other where they may not overlap.
 * - A clock that is set back runs nothing twice: it is waited until it has caught up. Beyond
 *   CALENDAR_BACK_MAX_S it had been wrong before, and the marks follow it.
 * - Times that pass while a schedule is paused are passed over. So are those of a schedule that is
 *   declared for the first time or with another cron or zone: it begins now.
 * - A trigger runs it beside its times, paused or not; overlap counts for it, too.
 *
 * The first half is pure: the caller passes the time, and writes down what changed. calendar_main
 * is that caller. One loop owns a calendar.
 *
 * In the store: declarations are `/registry/schedules/<namespace>/<name>`, what people wish is
 * `/control/schedules/<namespace>/<name>/paused` (true, false) and `…/trigger` (when that was
 * wished, ns since 1970), what is remembered is `/state/schedules/<namespace>/<name>`, written here
 * only. */
#ifndef FIREBREAK_SCHEDULE_CALENDAR_H
#define FIREBREAK_SCHEDULE_CALENDAR_H

#include "base/buf.h"
#include "base/histogram.h"
#include "model/schedule.h"
#include "rt/event.h"
#include "store/election.h"
#include "store/store.h"

enum {
    CALENDAR_GRACE_MS = 10 * 1000,
    CALENDAR_BACK_MAX_S = 3 * 3600,
    CALENDAR_SCHEDULES_MAX = 1000 * 1000,
    CALENDAR_AGAIN_MS = 1000,     /* after an order that could not be met, or a write that failed */
    CALENDAR_LOOK_MS = 1000,      /* how soon a clock that jumped is noticed */
    CALENDAR_TRIGGER_S = 3600,    /* an older wish to run is passed over: its time has gone */
    CALENDAR_WRITES_AT_ONCE = 32, /* states of one transaction */
};

struct calendar;

/* Looks a zone up. What it returns lives as long as the calendar. Returns 0 or why not. */
typedef int calendar_zone_fn(void *ctx, struct slice name, const struct zone **ret,
                             struct err *err);

/* Whether what is declared can be done. Does not wait. Returns 0 or why not. */
typedef int calendar_check_fn(const struct schedule *s, struct err *err);

struct calendar_stats {
    uint64_t ordered_total, made_total, failed_total, missed_total, overlap_total, clock_back_total;
    struct histogram lateness; /* from when it was to begin to its order */
};

/* ---- pure ---- */

/* `zone` NULL: UTC and offsets only. */
struct calendar *calendar_new(calendar_zone_fn *zone, void *ctx);
void calendar_free(struct calendar *c); /* NULL is accepted */

/* Before the first declaration: what `check` refuses never runs, and its state says why (NULL: all
 * can be done); and it is counted in `stats`, which outlives it. */
void calendar_use(struct calendar *c, calendar_check_fn *check, struct calendar_stats *stats);

/* Set where there is something new to take or to write; whoever waits clears them. */
struct calendar_events {
    struct rt_event due, changed;
};
struct calendar_events *calendar_events_of(struct calendar *c);

/* What an earlier life remembered; before the declaration. -EBADMSG: it begins anew. */
int calendar_restore(struct calendar *c, struct slice namespace_, struct slice name,
                     struct slice state, struct err *err);
/* Declares or changes one. May wait where `zone` does. Returns 0; -EBADMSG, or as `zone` does: then
 * it does not run, and one of that name that was declared before does not any more; -ENOSPC; or as
 * `check` does: then it is kept, and does not run. */
int calendar_declare(struct calendar *c, struct slice namespace_, struct slice name,
                     struct slice spec, int64_t wall_ns, struct err *err);
void calendar_forget(struct calendar *c, struct slice namespace_, struct slice name);
/* Every declaration there is has been told: what is remembered of others is forgotten, too. */
void calendar_forget_undeclared(struct calendar *c);
/* A person's wish: "paused" or "trigger". `value` empty: it was taken back. */
void calendar_wish(struct calendar *c, struct slice namespace_, struct slice name,
                   struct slice what, struct slice value, int64_t wall_ns);

/* When the next order is to be taken, ns since 1970; INT64_MAX: nothing is due ever. */
int64_t calendar_next(const struct calendar *c);
/* The next order that is due, or NULL; the caller's. To be called until it gives none. */
struct schedule_order *calendar_take(struct calendar *c, int64_t wall_ns);

/* The answers to an order of type START: it is met (`task`: by which, which may have been there
 * already), or it could not be and is given again later. */
void calendar_started(struct calendar *c, const struct schedule_order *o, struct slice task,
                      int64_t wall_ns);
void calendar_failed(struct calendar *c, const struct schedule_order *o, int64_t wall_ns);
/* It can never be met, for a reason that its state tells: the schedule does not run until it is
 * declared anew. False: nobody waits for this answer any more. */
bool calendar_refuse(struct calendar *c, const struct schedule_order *o, const char *why,
                     int64_t wall_ns);
/* The tasks that count as running. `fn` must not change the calendar. */
typedef void calendar_running_fn(void *ctx, struct slice namespace_, struct slice schedule,
                                 struct slice task);
void calendar_each_running(const struct calendar *c, calendar_running_fn *fn, void *ctx);
/* A task that it started has ended; `state`: the public word. Others are passed over. To be told,
 * too, of those that ended while no calendar ran, and that are not to be found any more: until then
 * they count as running. */
void calendar_ended(struct calendar *c, struct slice namespace_, struct slice schedule,
                    struct slice task, struct slice state, int64_t wall_ns);

/* What has to be written down. The calendar changes on while that is done. */
struct calendar_change {
    struct slice key; /* "namespace/name", valid until calendar_written */
    bool gone;        /* its state is to be deleted, and the wishes */
};
/* The next one, its JSON appended to *state. False: there is none. */
bool calendar_take_change(struct calendar *c, struct calendar_change *ret, struct buf *state);
/* It was written, or else is to be taken again. */
void calendar_written(struct calendar *c, const struct calendar_change *change, bool done);

const struct calendar_stats *calendar_stats_of(const struct calendar *c);

/* ---- as a task ---- */

RT_CHAN(schedule_order_chan, struct schedule_order *);

enum calendar_note {
    CALENDAR_NOTE_BAD_VALUE,   /* a declaration or state is none: `what` is its key */
    CALENDAR_NOTE_REFUSED,     /* a schedule is declared that cannot be done: `what` is its key */
    CALENDAR_NOTE_MISSED,      /* times were missed */
    CALENDAR_NOTE_CLOCK_BACK,  /* the clock was set back by a lot */
    CALENDAR_NOTE_UNREACHABLE, /* the store does not take what is remembered */
    CALENDAR_NOTE_LOST,        /* another one leads: this one has ended */
};

struct calendar_options {
    struct calendar *calendar;
    struct store *store;                /* outlives it */
    struct slice prefix;                /* Store.Prefix */
    const struct election *leads;       /* guards every write; NULL: there is nobody else */
    struct schedule_order_chan *orders; /* moves them to whoever makes tasks, on this loop */
    rt_wall (*wall)(void *ctx);         /* NULL: rt_wall_now */
    void (*restored)(void *ctx);        /* what is remembered is known; NULL: nobody asks */
    void (*note)(void *ctx, enum calendar_note note, struct slice what, const char *text);
    void *ctx;
};

/* A task: `arg` is a struct calendar_options, which outlives it. Reads what is remembered, follows
 * declarations and wishes, gives orders, writes down what changed; until it is cancelled or
 * loses the election. */
void calendar_main(void *options);

#endif
