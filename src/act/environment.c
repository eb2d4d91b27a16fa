#include "act/execution.h"

#include "base/map.h"

/* Fixed, so that a task finds the same programs on every host and however we were started. */
#define HOST_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct environment {
    const char **items;
    size_t count;
    struct map keys; /* -> its place in items */
};

static void put(struct environment *e, const char *item)
{
    struct slice key = slice_sub(slice_from(item), 0, (size_t)(strchr(item, '=') - item));
    const char **place = map_get(&e->keys, key);
    if (!place)
        place = &e->items[e->count++];
    map_put(&e->keys, key, (void *)place, NULL);
    *place = item;
}

const char *const *environment_make(const struct host_user *user, const char *const *added,
                                    const char *output, struct arena *a)
{
    const char *base[] = {
        "PATH=" HOST_PATH,
        arena_printf(a, "HOME=%s", user->home),
        arena_printf(a, "USER=%s", user->name),
        arena_printf(a, "LOGNAME=%s", user->name),
        arena_printf(a, "SHELL=%s", user->shell),
        "LANG=C.UTF-8",
        output ? arena_printf(a, "FIREBREAK_OUTPUT=%s", output) : NULL,
    };
    size_t count = 0;
    while (added && added[count])
        count++;
    /* Only the program's own user chooses these keys; still there may be many. */
    struct environment e = {.keys = MAP(MEM_ACT, 0, ((struct map_seed){0, 0}))};
    e.items = arena_alloc_array(a, count + ARRAY_LEN(base) + 1, sizeof(*e.items));
    for (size_t i = 0; i < ARRAY_LEN(base); i++)
        if (base[i])
            put(&e, base[i]);
    for (size_t i = 0; i < count; i++)
        put(&e, added[i]);
    map_done(&e.keys);
    return e.items;
}
