/* local.h - the inside of checks of this host: what a kind of them is, and what they share. */
#ifndef FIREBREAK_OBSERVE_LOCAL_H
#define FIREBREAK_OBSERVE_LOCAL_H

#include "host/process.h"
#include "observe/observe.h"
#include "rt/event.h"

/* Tasks of the check belong to its group, which is ended before `close`. */
struct local_class {
    size_t state_bytes;
    int (*open)(struct local_check *c, struct err *err); /* NULL: nothing is to be done */
    void (*look)(struct local_check *c, struct probe_result *r, const char **ret_word,
                 rt_time deadline);
    void (*watch)(void *check); /* a task that calls local_push; NULL: none from the beginning */
    void (*close)(struct local_check *c); /* NULL: nothing is to be done */
};
extern const struct local_class local_process, local_file, local_log_line, local_heartbeat;

struct local_check {
    struct local_host *host;
    const struct local_spec *spec;
    const struct local_class *class;
    struct rt_group watchers;
    local_push_fn *push;
    void *ctx;
    const char *path;       /* that is watched; NULL: none */
    struct rt_watch *watch; /* NULL: it cannot be watched now */
    void *state;            /* of the class */
};

static inline void local_push(struct local_check *c)
{
    c->push(c->ctx);
}
/* Of a class that watches a path: begins with it, before the first look, so that no change falls
 * between the two; and the task that pushes whenever it changes. Where it cannot be watched, the
 * caller's own looks have to do, and it is tried again now and then. */
void local_watch_begin(struct local_check *c, const char *path);
void local_watch_main(void *check);

/* ---- processes (local.c) ---- */

/* Somebody who waits for a process to begin. */
struct local_missing {
    struct list link;
    struct host_process_query query;
    struct rt_event *wake; /* set when one that is meant may have begun */
    pid_t began;           /* the first that did, as the kernel told; 0: it may be any */
};

/* Looks for it, together with whoever else looks now. Returns 0: s->result says it; -ETIMEDOUT or
 * -ECANCELED. */
int local_seek(struct local_host *h, struct host_process_seek *s, rt_time deadline);
void local_missing_add(struct local_host *h, struct local_missing *m);
void local_missing_remove(struct local_missing *m); /* idempotent */
/* Systemd's word of units, which is asked for from the first check of one on. */
struct units *local_units(struct local_host *h);
/* How many are missing, and whether the kernel tells of new programs. */
size_t local_missing_count(const struct local_host *h);
bool local_hears(const struct local_host *h);

#endif
