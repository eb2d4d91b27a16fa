/* output.h - one stream of a program's output, from its pipe to the sink. */
#ifndef FIREBREAK_ACT_OUTPUT_H
#define FIREBREAK_ACT_OUTPUT_H

#include "base/buf.h"
#include "model/action.h"
#include "rt/sock.h"

struct output {
    bool open;
    struct rt_sock *sock; /* NULL: nothing is read (any more) */
    const struct exec_sink *sink;
    enum exec_stream stream;
    bool whole_reads;
    bool last_words;     /* its end may wait for the sink, though its group is cancelled */
    uint64_t bytes, cut; /* read so far; of them not given to the sink */
    uint64_t left;       /* that the sink may still get */
    struct buf line;     /* begun, and not ended yet */
    bool refused;        /* by the sink */
    bool unread;         /* and the pipe is to be closed */
    bool waiting;        /* for the pipe, and not for the sink */
    struct rt_group group;
};

/* Takes over the descriptor, also where it fails, and starts reading. Returns 0 or a negative
 * errno. */
int output_open(struct output *o, int fd);
/* Waits until all was read, now that the program and all that it started have ended. Somebody else
 * may hold the pipe for ever: it is left when nothing has come for OUTPUT_GRACE_MS. A sink that
 * waits is waited for, until the caller is cancelled (or `now`); a little longer then. */
enum { OUTPUT_GRACE_MS = 200 };
void output_finish(struct output *o, bool now);
/* Idempotent; safe on one that was never opened. */
void output_close(struct output *o);

/* Bytes that were read: counted, cut at the limit, split into lines, given to the sink. The pure
 * part of reading, but for what the sink does. */
void output_take(struct output *o, struct slice data);
/* The end: a line that was begun is given, too. */
void output_end(struct output *o);

#endif
