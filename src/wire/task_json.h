/* task_json.h - tasks, what is given to nodes, results and nodes, as the JSON in the store.
 *
 * The form is public: `get tasks -o json` prints it, and people read it with etcdctl. A reader
 * takes what it knows, and passes over members that it does not know; a member of the wrong type or
 * beyond its range is an error that names it. What is missing is zero. Texts lie in the arena or
 * point into the value. Pure; any thread. */
#ifndef FIREBREAK_WIRE_TASK_JSON_H
#define FIREBREAK_WIRE_TASK_JSON_H

#include "base/err.h"
#include "model/task.h"
#include "wire/json.h"

enum { TASK_JSON_BYTES_MAX = 1000 * 1000 }; /* what a value of the store may be, nearly */

/* Each returns 0, -EBADMSG with *err, or -ENOSPC (the arena's bound). */
int task_read(struct slice json, struct arena *a, struct task *ret, struct err *err);
int assignment_read(struct slice json, struct arena *a, struct assignment *ret, struct err *err);
int task_result_read(struct slice json, struct arena *a, struct task_result *ret, struct err *err);
int node_read(struct slice json, struct arena *a, struct node *ret, struct err *err);
/* The part of a task that whoever wants it may say: argv to retries, without what became of it.
 * A member that is none of them is an error, too, with its name in *field. */
int task_read_wanted(const struct json_value *v, struct arena *a, struct task *ret,
                     struct buf *field, struct err *err);

/* Append to `out`. Each returns 0 or -EMSGSIZE. */
int task_write(const struct task *t, struct buf *out);
int assignment_write(const struct assignment *x, struct buf *out);
int task_result_write(const struct task_result *x, struct buf *out);
int node_write(const struct node *n, struct buf *out);

/* How long one of a task's outputs is where it is written. */
size_t task_label_json_bytes(const struct task_label *l);

/* "2026-01-02T03:04:05.678Z": milliseconds since 1970, until 2262 (what fits into nanoseconds).
 * Returns 0 or -EINVAL. */
int moment_parse(struct slice text, int64_t *ret_ms);

#endif
