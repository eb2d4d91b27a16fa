/* record.h - what a group has under repair: the value of "/repairs/SHARE", as JSON.
 *
 *     {"open":[{"asset":"default/web","dedup_key":"repair/…","task":"task-…","plane":"node-1"}]}
 *
 * Inside of reconcile/. Pure. */
#ifndef FIREBREAK_RECONCILE_RECORD_H
#define FIREBREAK_RECONCILE_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { REPAIR_LINES_MAX = 256 };

struct repair_line {
    const char *asset, *dedup_key, *task, *plane;
};

struct repair_record {
    struct repair_line lines[REPAIR_LINES_MAX + 1];
    uint32_t count;
};

/* Texts lie in the arena. Returns 0 or -EBADMSG. */
int repair_record_read(struct slice json, struct arena *a, struct repair_record *ret,
                       struct err *err);
void repair_record_write(const struct repair_record *r, struct buf *out);

#endif
