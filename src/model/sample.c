#include "model/sample.h"

#include "base/alloc.h"

struct sample *sample_new(enum sample_type type)
{
    struct sample *s = mem_alloc(MEM_MODEL, sizeof(*s));
    s->type = type;
    s->arena = ARENA(MEM_MODEL, 0);
    return s;
}

void sample_free(struct sample *s)
{
    if (!s)
        return;
    mem_free(MEM_MODEL, s->labels);
    arena_done(&s->arena);
    mem_free(MEM_MODEL, s);
}
