/* linear.h - whether a history of calls can have happened one after the other.
 *
 * A history is linearizable where each call can be given one instant between its beginning and its
 * end, so that the calls in the order of their instants are what a plain map would have answered.
 * A call in doubt (no answer came) may have its instant at any time after its beginning and before
 * its end, or never. The end is that of whoever could have done it (a server that was killed), and
 * there may be none.
 *
 * Keys are independent, so each is checked by itself. The search is that of Wing and Gong with the
 * memory of Lowe ("Testing for linearizability", 2017): try the calls that could be first, go on
 * with the rest, take back what leads nowhere, and never look at the same pair of calls done and
 * value twice. */
#ifndef FIREBREAK_TOOLS_LINEAR_H
#define FIREBREAK_TOOLS_LINEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINEAR_OPS_MAX = 4096, /* of one key */ LINEAR_WHY_MAX = 400 };

enum linear_type {
    LINEAR_GET,    /* result: the value that was found, 0: none */
    LINEAR_PUT,    /* value */
    LINEAR_DELETE, /* ok: there was something */
    LINEAR_CAS,    /* expect -> value; ok: it was done. expect 0: there was nothing */
};

struct linear_op {
    enum linear_type type;
    uint32_t client, key;
    int64_t begin, end; /* any clock that all share; INT64_MAX: in doubt for ever */
    uint64_t value, expect, result;
    bool ok;
    bool doubt; /* no answer came */
};

/* Returns 1: it can have happened so; 0: it cannot, and `why` (LINEAR_WHY_MAX bytes) names the key
 * and the call that no order explains; -E2BIG: more than LINEAR_OPS_MAX calls of a key. */
int linear_check(const struct linear_op *ops, size_t count, char *why);

#endif
