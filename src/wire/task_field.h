/* task_field.h - what the readers and writers of tasks share. Inside of wire. */
#ifndef FIREBREAK_WIRE_TASK_FIELD_H
#define FIREBREAK_WIRE_TASK_FIELD_H

#include "base/err.h"
#include "model/task.h"
#include "wire/json.h"

/* One table a struct gives its reader and its writer. */
enum task_field_type {
    FIELD_TEXT, /* struct slice; null: empty */
    FIELD_I64,
    FIELD_I32,
    FIELD_U32,
    FIELD_U64,
    FIELD_BOOL,
    FIELD_STATE,   /* enum task_state */
    FIELD_STOP,    /* enum task_state; null: PENDING */
    FIELD_REFUSED, /* enum task_refused */
    FIELD_NODE,    /* enum node_state */
    FIELD_MOMENT,  /* int64_t, ms since 1970; null: 0 */
    FIELD_NS,      /* int64_t, as milliseconds; null: 0 */
    FIELD_EXIT,    /* int32_t; null: -1 */
};

enum { TASK_FIELDS_MAX = 40 }; /* of one struct */

struct task_field {
    struct slice name;
    enum task_field_type type;
    size_t offset;
    bool wanted; /* whoever wants a task may say it */
    bool always; /* written also where it says nothing */
};

#define AT(type, member) offsetof(struct type, member)

/* Members that are missing or null get their defaults. Returns 0 or -EBADMSG with *err. */
int task_fields_read(const struct json_value *v, const struct task_field *fields, size_t count,
                     void *ret, struct err *err);
/* Into the object that is open. */
void task_fields_write(struct json_writer *w, const struct task_field *fields, size_t count,
                       const void *from);

/* An array of texts; one that is missing is empty. */
int task_texts_read(const struct json_value *v, const char *key, uint32_t max, struct arena *a,
                    struct slice **ret, uint32_t *ret_count, struct err *err);
void task_texts_write(struct json_writer *w, const char *key, const struct slice *texts,
                      uint32_t count);
/* An object of texts, in the order in which they stand. */
int task_labels_read(const struct json_value *v, const char *key, struct arena *a,
                     struct task_label **ret, uint32_t *ret_count, struct err *err);
void task_labels_write(struct json_writer *w, const char *key, const struct task_label *labels,
                       uint32_t count);

/* "steps": what a workflow does, and what became of it. */
int task_steps_read(const struct json_value *v, struct arena *a, struct task *t, struct err *err);
void task_steps_write(struct json_writer *w, const struct task *t);

#endif
