/* progress.h - the line on standard error that tells how far a long command is.
 *
 * It appears after a second, is redrawn a few times a second, and leaves nothing behind. */
#ifndef FIREBREAK_APP_PROGRESS_H
#define FIREBREAK_APP_PROGRESS_H

#include "base/buf.h"
#include "rt/rt.h"

struct progress {
    /* Writes the line (no line end) into an empty buffer, for a terminal of so many columns. */
    void (*line)(void *ctx, size_t columns, struct buf *out);
    void *ctx;
    struct rt_group group;
    bool shown;
};

/* Starts its task. Returns 0 or -ENOMEM. */
int progress_start(struct progress *p, void (*line)(void *ctx, size_t columns, struct buf *out),
                   void *ctx);
/* Ends it and removes the line. */
void progress_stop(struct progress *p);
/* "[####......]": `width` columns of bar for done of total. */
void progress_bar(struct buf *out, uint64_t done, uint64_t total, size_t width);

#endif
