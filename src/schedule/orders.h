/* orders.h - the calendar of a term: makes tasks of what it orders, and tells it when they ended.
 *
 * A task has its order's dedup key, so an order that is given twice, by two lives of a controller
 * or by two that both think to lead, makes one task. What a schedule started counts as running
 * until its task is seen to have ended in the book, or is not there any more: a task that was
 * deleted, or trimmed while nobody led, ends as "Lost". Since the book is known before the calendar
 * is read, what is missing there then has gone; of a task that was just made the store itself is
 * asked, as the book may be told later.
 *
 * Inside of schedule/. */
#ifndef FIREBREAK_SCHEDULE_ORDERS_H
#define FIREBREAK_SCHEDULE_ORDERS_H

#include "base/slice.h"

enum {
    ORDERS_HANDS = 8,           /* that make tasks side by side */
    ORDERS_MAX = 64,            /* on their way to them */
    ORDERS_CALL_MS = 20 * 1000, /* that the store may take for one */
    ORDERS_AGAIN_MS = 1000,     /* before a task that could not be stopped is told to, again */
    ORDERS_LOOK_MS = 10 * 1000, /* how soon a task that nobody tells of is looked for */
};

struct orders;

/* A task of the term, with a struct book all of whose followers are synced. */
void orders_main(void *book);
/* A task has ended; others than those of schedules are passed over. NULL is accepted. */
void orders_told(struct orders *o, struct slice task, struct slice state);

#endif
