/* orders.h - orders become tasks in the store, each once whoever orders it; their ends come back.
 *
 *     reconciler -> orders_put -> one guarded transaction -> task
 *                 on_task      <- /tasks/ is followed     <-
 *
 * What a group has under repair stands in one record, "/repairs/SHARE" (reconciler_share_of):
 * which assets, by which orders, and since when. A task is made only together with its line in that
 * record, in one transaction that compares the record as it was read, the plane's own life
 * (plane.h), and that no task has the dedup key. So of two planes that both think to own an
 * asset, at most one begins a repair; none begins a second one beside it; and the blast radius
 * holds over all planes, however late each of them learns anything. The line goes when the repair
 * is over (REPAIR_ORDER_OVER).
 *
 * What is in doubt is asked again, until it is known; an order that finds the room taken waits
 * REPAIR_ORDERS_AGAIN_MS and is tried again until it is canceled. One that finds a repair of the
 * same asset open, of a former life or owner, is told of that one's task as of its own; one that
 * rolls back waits until that one's task has ended. */
#ifndef FIREBREAK_RECONCILE_ORDERS_H
#define FIREBREAK_RECONCILE_ORDERS_H

#include "model/remedy.h"
#include "model/task.h"
#include "reconcile/plane.h"

enum {
    REPAIR_ORDERS_MAX = 4096,      /* that are under way */
    REPAIR_ORDERS_HANDS = 4,       /* that write side by side */
    REPAIR_ORDERS_AGAIN_MS = 500,
    REPAIR_ORDERS_SWEEP_S = 15,    /* lines that were left behind go at the second look */
    REPAIR_ORDERS_CALL_MS = 10 * 1000,
};

struct repair_orders;

struct repair_orders_options {
    struct store *store;
    struct slice prefix; /* Store.Prefix */
    struct plane *plane; /* NULL: there is one plane, and nobody else on the store */
    /* The order as a task: its argv or action, namespace, timeout. Asset, remedy, dedup key and
     * approval are set behind it. 0, or why it can be none for good, with *err. */
    int (*make)(void *ctx, const struct repair_order *o, struct arena *a, struct task *ret,
                struct err *err);
    /* The task of an order is there, began, or ended; `task` NULL: it can be none, and `error` says
     * why; else `error` is why it failed, NULL: nobody says. `unbegun`: it has ended, and no
     * program of it was ever begun. The same may be told twice. May wait. */
    void (*on_task)(void *ctx, const struct repair_order *o, const char *task,
                    enum task_state state, bool unbegun, const char *error);
    void *ctx;
};

struct repair_orders *repair_orders_new(const struct repair_orders_options *options);
/* A task: until it is cancelled. */
void repair_orders_main(void *orders);
/* Takes a copy; does not wait. One with a dedup key that is under way already is that one. Returns
 * 0, or -ENOSPC: beyond REPAIR_ORDERS_MAX. */
int repair_orders_put(struct repair_orders *o, const struct repair_order *order);
uint32_t repair_orders_waiting(const struct repair_orders *o);
void repair_orders_free(struct repair_orders *o); /* its task has ended; NULL is accepted */

#endif
