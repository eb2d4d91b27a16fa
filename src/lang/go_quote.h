/* go_quote.h - quoted strings and runes, as Go's strconv writes and reads them. Pure. */
#ifndef FIREBREAK_LANG_GO_QUOTE_H
#define FIREBREAK_LANG_GO_QUOTE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

/* What stays as it is; all else is escaped. */
enum go_quote_kind { GO_QUOTE_PRINTABLE, GO_QUOTE_ASCII, GO_QUOTE_GRAPHIC };

/* Appends s with `quote` around it (" or '). Returns 0 or -EMSGSIZE. */
int go_quote_append(struct buf *to, struct slice s, char quote, enum go_quote_kind kind);
int go_quote_rune_append(struct buf *to, int32_t r, enum go_quote_kind kind);
/* Whether `…` can hold it as it is. */
bool go_can_backquote(struct slice s);
/* One character or escape off the front of *s, of a literal in that quote (0: either quote may
 * stand bare). *ret_is_byte: \x or octal, to be written as that one byte.
 * Returns 0 or -EINVAL with *s untouched. */
int go_unquote_char(struct slice *s, char quote, uint32_t *ret_char, bool *ret_is_byte);
/* strconv.Unquote: "…", `…` or '…'. May point into s. Returns 0, -EINVAL or -ENOMEM. */
int go_unquote(struct slice s, struct arena *a, struct slice *ret);

#endif
