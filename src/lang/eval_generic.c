#include "lang/evaluator.h"

struct cell eval_generic(struct eval *e, node_ref ref)
{
    (void)ref;
    e->stop = STOP_BAD;
    return (struct cell){0};
}
