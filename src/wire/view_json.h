/* view_json.h - what one observer sees of the checks of an asset, as JSON.
 *
 * It is the value of a key in the store (reconcile/views.h), so anybody may have written it. A
 * reader passes over members that it does not know; one of the wrong type is an error that names
 * it. Pure; any thread. */
#ifndef FIREBREAK_WIRE_VIEW_JSON_H
#define FIREBREAK_WIRE_VIEW_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "model/asset.h"

enum {
    VIEW_BYTES_MAX = 64 * 1024, /* of one value: ASSET_CHECKS_MAX checks, each with its detail */
};

struct seen_check {
    const char *name;
    bool known, ok; /* its verdict, by its own counts */
    bool blind;     /* it cannot look */
    uint32_t misses;
    enum probe_reason reason; /* of its last answer */
    const char *word;         /* where that is no probe's reason: a literal; else NULL */
    const char *detail;       /* "": none */
};

struct seen {
    const char *node;
    int64_t at_wall_ns; /* when it was written */
    struct seen_check checks[ASSET_CHECKS_MAX];
    uint32_t count;
};

/* Appends one object, no line end. */
void view_write(const struct seen *s, struct buf *out);
/* Texts of *ret lie in `a`. Returns 0, -EBADMSG with *err, -EMSGSIZE: more than VIEW_BYTES_MAX, or
 * -ENOSPC (the arena's bound). */
int view_read(struct slice json, struct arena *a, struct seen *ret, struct err *err);

#endif
