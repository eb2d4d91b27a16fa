#include "lang/checker.h"
#include "lang/golib.h"

void check_library_call(struct check *c, node_ref ref, const struct golib_func *f,
                        struct operand *x)
{
    check_outside(c, check_node(c, ref)->at, arena_printf(c->arena, "calls of %s", f->name));
    x->node = ref;
    check_bad(c, x);
}
