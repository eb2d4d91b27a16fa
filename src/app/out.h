/* out.h - standard output as tasks write it: whole lines, gathered, and never a loop held.
 *
 * Each loop has its own; a task of it appends, another one writes what was gathered on an offload
 * thread. Lines come out within OUT_DELAY_MS. When the reader is slower than we are, out_begin
 * waits: that is the back-pressure of the whole run. What was appended before out_close is
 * written before it returns, also in a cancelled task. */
#ifndef FIREBREAK_APP_OUT_H
#define FIREBREAK_APP_OUT_H

#include "base/buf.h"
#include "rt/event.h"
#include "rt/rt.h"

enum {
    OUT_PENDING_BYTES_MAX = 128 * 1024, /* gathered and not yet taken by the writer */
    OUT_BATCH_BYTES = 64 * 1024,         /* written without waiting for more */
    OUT_DELAY_MS = 10,
};

struct out {
    struct buf pending, writing;
    struct rt_event filled, emptied;
    struct rt_group group;
    /* Told once of the first failed write, in the writer's task; what is appended from then on
     * is dropped. */
    void (*on_error)(void *ctx, int code);
    void *ctx;
    int error;
    bool busy, closing;
};

/* Starts the writer on this loop. Returns 0 or -ENOMEM. */
int out_open(struct out *o, void (*on_error)(void *ctx, int code), void *ctx);
/* Where to append whole lines; call out_end before anything that waits. */
struct buf *out_begin(struct out *o);
void out_end(struct out *o);
/* Waits until what was appended so far is written (or cannot be). */
void out_flush(struct out *o);
/* Writes what is left. Returns 0 or the first failed write's errno. */
int out_close(struct out *o);

#endif
