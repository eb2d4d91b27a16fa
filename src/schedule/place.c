#include "schedule/place.h"

#include "base/map.h"

uint64_t place_weight(struct slice task, struct slice node)
{
    /* Never of the machine: every controller must choose alike. */
    uint64_t t = map_hash((struct map_seed){1, 2}, task.data, task.size);
    return map_hash((struct map_seed){t, 3}, node.data, node.size);
}

static bool label_of(void *ctx, struct slice key, struct slice *ret)
{
    const struct node *n = ctx;
    for (uint32_t i = 0; i < n->label_count; i++)
        if (slice_eq(n->labels[i].key, key)) {
            *ret = n->labels[i].value;
            return true;
        }
    if (!slice_eq_cstr(key, "name"))
        return false;
    *ret = n->name;
    return true;
}

bool place_matches(const struct selector *s, const struct node *n)
{
    return selector_matches(s, label_of, (void *)n);
}
