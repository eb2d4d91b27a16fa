/* problem.h - an error as JSON (RFC 9457): what a server answers, a command prints with -o json.
 *
 * Its members are always all there, so that a reader need not ask: a word that there is none of
 * is null. An extension of ours is "faults", where what was sent is wrong in itself. Pure; any
 * thread. */
#ifndef FIREBREAK_WIRE_PROBLEM_H
#define FIREBREAK_WIRE_PROBLEM_H

#include "base/arena.h"
#include "base/buf.h"

#define PROBLEM_MEDIA_TYPE "application/problem+json"

struct problem {
    uint16_t status; /* as HTTP has it */
    struct slice title, detail;
    struct slice reason;   /* one word for programs */
    struct slice field;    /* which part of what was sent; empty: null */
    struct slice trace_id; /* empty: null */
    struct slice faults;   /* JSON, an array: each that was found; empty: the member is left out */
};

/* One object, no line end. */
void problem_write(const struct problem *p, struct buf *out);
/* Returns 0, or -EBADMSG: it is no such object. Texts lie in the arena or in `json`. */
int problem_read(struct slice json, struct arena *arena, struct problem *ret);

#endif
