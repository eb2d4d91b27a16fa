/* go_print.h - fmt.Sprintf, Sprint and Sprintln: Go's verbs, flags and error forms, byte for byte.
 *
 * What Go would print as an address (a pointer within a value, %p, a func) has no meaning that is
 * the same twice, so it is refused with -EOPNOTSUPP. Values nest at most GO_PRINT_DEPTH_MAX deep.
 *
 * Returns 0, or, with nothing said about what `to` holds from its former size on:
 *   -EMSGSIZE    beyond the bound of `to`
 *   -ELOOP       nested too deep
 *   -EOPNOTSUPP  an address would be printed
 *   -ENOMEM      the arena (for sorting maps) is full
 *   any other    what a function of go_value_ops returned */
#ifndef FIREBREAK_LANG_GO_PRINT_H
#define FIREBREAK_LANG_GO_PRINT_H

#include "base/arena.h"
#include "lang/go_value.h"

enum {
    GO_PRINT_DEPTH_MAX = 40,
    GO_PRINT_WIDTH_MAX = 1000000, /* fmt's own bound on widths and precisions */
    GO_PRINT_WRAPS_MAX = 8,       /* %w in one format */
};

int go_sprintf(struct buf *to, struct arena *a, struct slice format, const struct go_value *args,
               size_t count);
/* As go_sprintf, and %w is %v of an error. Which arguments were wrapped, in order of their place,
 * each once. -E2BIG: more than GO_PRINT_WRAPS_MAX. */
int go_errorf(struct buf *to, struct arena *a, struct slice format, const struct go_value *args,
              size_t count, size_t ret_wrapped[GO_PRINT_WRAPS_MAX], size_t *ret_wrapped_count);
int go_sprint(struct buf *to, struct arena *a, const struct go_value *args, size_t count);
int go_sprintln(struct buf *to, struct arena *a, const struct go_value *args, size_t count);

#endif
