#include "rt/log_levels.h"

#include <errno.h>
#include <string.h>

static struct slice name_of(const struct log_level_name *n)
{
    return (struct slice){n->name, n->name_bytes};
}

static bool is_above(struct slice above, struct slice name)
{
    if (above.size == 0)
        return true;
    return slice_starts_with(name, above) &&
           (name.size == above.size || name.data[above.size] == '.');
}

/* The longest name that is `name` or above it, of those with a level of their own if `own`. */
static uint32_t nearest(const struct log_levels *t, struct slice name, bool own)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < t->count; i++) {
        const struct log_level_name *n = &t->names[i];
        if ((n->own || !own) && is_above(name_of(n), name) &&
            n->name_bytes > t->names[best].name_bytes)
            best = i;
    }
    return best;
}

static void work_out(struct log_levels *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct log_level_name *from = &t->names[nearest(t, name_of(&t->names[i]), true)];
        atomic_store_explicit(&t->names[i].level, (uint8_t)from->own_level, memory_order_relaxed);
    }
}

/* The name's place, made if there is none. */
static int place(struct log_levels *t, struct slice name, uint32_t *ret_index)
{
    uint32_t at = nearest(t, name, false);
    if (t->names[at].name_bytes != name.size) {
        if (name.size > LOG_NAME_BYTES_MAX)
            return -EINVAL;
        if (t->count == LOGSINK_NAMES_MAX)
            return -ENOSPC;
        at = t->count++;
        memcpy(t->names[at].name, name.data, name.size);
        t->names[at].name_bytes = (uint32_t)name.size;
    }
    *ret_index = at;
    return 0;
}

void log_levels_init(struct log_levels *t, enum log_level level)
{
    memset(t, 0, sizeof(*t));
    t->count = 1;
    t->names[0].own = true;
    t->names[0].own_level = level;
    work_out(t);
}

int log_levels_set(struct log_levels *t, struct slice name, enum log_level level)
{
    uint32_t at;
    int r = place(t, name, &at);
    if (r < 0)
        return r;
    t->names[at].own = true;
    t->names[at].own_level = level;
    work_out(t);
    return 0;
}

void log_levels_unset(struct log_levels *t, struct slice name)
{
    uint32_t at = nearest(t, name, false);
    if (at == 0 || t->names[at].name_bytes != name.size)
        return;
    t->names[at].own = false;
    work_out(t);
}

enum log_level log_levels_get(const struct log_levels *t, struct slice name)
{
    return t->names[nearest(t, name, true)].own_level;
}

const _Atomic uint8_t *log_levels_watch(struct log_levels *t, struct slice name)
{
    uint32_t at;
    if (place(t, name, &at) < 0)
        at = nearest(t, name, false);
    work_out(t);
    return &t->names[at].level;
}
