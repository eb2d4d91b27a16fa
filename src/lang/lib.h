/* lib.h - the standard packages, and firebreak's own functions, as the checker and the evaluator
 * see them: golib's table in terms of types and cells. */
#ifndef FIREBREAK_LANG_LIB_H
#define FIREBREAK_LANG_LIB_H

#include "lang/constant.h"
#include "lang/golib.h"
#include "lang/program.h"

/* What package firebreak has beside its types. */
enum lib_firebreak {
    LIB_ENV,
    LIB_VAR,
    LIB_READ_FILE,
    LIB_POINTER, /* Int, Bool …: a pointer to a copy */
};

/* NULL: there is none of that name. */
const struct golib_func *lib_firebreak_find(struct slice name);
/* Whether it is one of firebreak's own; which one. */
bool lib_is_firebreak(const struct golib_func *f, enum lib_firebreak *ret);
/* err.Error() of any error. */
const struct golib_func *lib_error_method(void);
static inline bool lib_is_generic(const struct golib_func *f)
{
    return f->generic != NULL;
}
struct type *lib_signature(struct types *t, const struct golib_func *f);
/* Its number in the program; its signature is in lib_types from then on. */
uint32_t lib_index(struct program *p, struct arena *a, const struct golib_func *f);
/* false: its literal is none (a bug of the table). */
bool lib_constant(struct arena *a, struct types *t, const struct golib_object *o,
                  struct type **ret_type, struct constant *ret);
struct cell lib_error_cell(struct arena *a, struct types *t, const struct go_error *e);

#endif
