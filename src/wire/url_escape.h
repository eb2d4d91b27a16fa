/* url_escape.h - percent-encoding (RFC 3986), and the parameters of a query. Pure; any thread. */
#ifndef FIREBREAK_WIRE_URL_ESCAPE_H
#define FIREBREAK_WIRE_URL_ESCAPE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Appends the text as one part of a path or query: letters, digits and "-._~" as they are, every
 * other byte as %XX. Returns 0 or -EMSGSIZE, all or nothing. */
int url_escape(struct slice text, struct buf *out);
/* What %XX stands for; in a query a '+' is a space. *ret lies in the arena, or is `text` itself
 * where nothing was encoded. Returns 0; -EINVAL with *err: a '%' without two hex digits; -ENOSPC.
 */
int url_unescape(struct slice text, bool query, struct arena *arena, struct slice *ret,
                 struct err *err);
/* The first parameter of that name in "a=1&b=2". Returns 1, with its value (empty without a '=');
 * 0: it is not there, and *ret is empty; or as url_unescape. */
int url_query_get(struct slice query, const char *name, struct arena *arena, struct slice *ret,
                  struct err *err);

#endif
