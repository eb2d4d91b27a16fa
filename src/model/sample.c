#include "model/sample.h"

#include "base/alloc.h"

struct sample *sample_new(enum sample_type type)
{
    struct sample *s = mem_alloc(MEM_MODEL, sizeof(*s));
    s->type = type;
    return s;
}

void sample_free(struct sample *s)
{
    if (!s)
        return;
    mem_free(MEM_MODEL, s->labels);
    mem_free(MEM_MODEL, s);
}
