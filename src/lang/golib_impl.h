/* golib_impl.h - inside golib: what the packages' files share. */
#ifndef FIREBREAK_LANG_GOLIB_IMPL_H
#define FIREBREAK_LANG_GOLIB_IMPL_H

#include "base/defs.h"
#include "lang/golib.h"

extern const struct golib_package golib_errors, golib_fmt, golib_maps, golib_math, golib_path,
    golib_slices, golib_sort, golib_strconv, golib_strings, golib_time;

static inline size_t golib_bytes_max(const struct golib_call *c)
{
    return c->result_bytes_max ? c->result_bytes_max : GOLIB_RESULT_BYTES_MAX;
}
/* Room for a result, or for something of its size. 0, -EMSGSIZE or -ENOMEM. */
int golib_room(struct golib_call *c, size_t size, char **ret);
/* A copy of what was built. */
int golib_text(struct golib_call *c, struct slice built, struct slice *ret);
/* Two or three texts in a row. */
int golib_concat(struct golib_call *c, const struct slice *parts, size_t count, struct slice *ret);
/* A copy of the error, so that it has an identity of its own. */
int golib_error(struct golib_call *c, struct go_error e, const struct go_error **ret);
int golib_panic(struct golib_call *c, const char *text);

/* strconv.NumError: `strconv.FUNC: parsing "TEXT": WHY`. */
int golib_num_error(struct golib_call *c, const char *func, struct slice text,
                    const struct go_error *why, const struct go_error **ret);

#endif
