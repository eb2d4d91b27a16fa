/* resp.h - Redis' protocol, version 2: commands, and one reply at a time.
 *
 * Pure; any thread. */
#ifndef FIREBREAK_WIRE_RESP_H
#define FIREBREAK_WIRE_RESP_H

#include "base/buf.h"
#include "base/err.h"

enum {
    RESP_LINE_BYTES_MAX = 16 * 1024,
    RESP_BULK_BYTES_MAX = 1024 * 1024,
    RESP_ITEMS_MAX = 64 * 1024, /* of a reply, nested ones counted */
};

enum resp_type { RESP_STRING, RESP_ERROR, RESP_INTEGER, RESP_BULK, RESP_NULL, RESP_ARRAY };

struct resp_reply {
    enum resp_type type;
    struct slice text; /* string, error, bulk; lies in what was parsed */
    int64_t integer;   /* integer; array: its items */
};

/* The size of the reply that `in` begins with, 0 where more is needed, or -EBADMSG or -EMSGSIZE (a
 * limit) with *err. Items of an array are looked at and not told. */
ptrdiff_t resp_parse(struct slice in, struct resp_reply *ret, struct err *err);
/* Appends a command: its name and arguments, whatever bytes they hold. Returns 0 or -EMSGSIZE. */
int resp_command(struct buf *out, const struct slice *words, size_t count);

#endif
