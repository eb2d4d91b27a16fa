/* arena.h - many small objects with one end.
 *
 * Objects are never freed one by one: arena_reset or arena_done ends them all, and it is the
 * only owner. In debug mode (-DFIREBREAK_ARENA_DEBUG, set by the asan flavour; in builds with fault
 * points also FIREBREAK_ARENA_DEBUG=1 in the environment, set by `make valgrind`) each object is a
 * malloc of its own and is poisoned at reset, so that ASan and valgrind see a use after it.
 * All zeroes is a valid empty arena without a bound. Not thread-safe. */
#ifndef FIREBREAK_BASE_ARENA_H
#define FIREBREAK_BASE_ARENA_H

#include "base/alloc.h"
#include "base/defs.h"
#include "base/slice.h"

struct arena_block;

enum { ARENA_SMALL_BYTES = 176 };

struct arena {
    struct arena_block *blocks;
    char *at, *end;
    size_t used;          /* bytes handed out since the last reset */
    size_t bytes_max;     /* 0: no bound */
    uint32_t first_bytes; /* of its first block; 0: as most want it */
    enum mem_subsystem sub;
};

#define ARENA(subsystem, max) ((struct arena){.sub = (subsystem), .bytes_max = (max)})
/* One that lives long beside many others and holds a few texts. */
#define ARENA_SMALL(subsystem) \
    ((struct arena){.sub = (subsystem), .first_bytes = ARENA_SMALL_BYTES})

/* Zeroed, aligned for any type. NULL only where bytes_max would be passed. */
void *arena_alloc(struct arena *a, size_t size);
/* As arena_alloc for count * size, overflow checked (then NULL). */
void *arena_alloc_array(struct arena *a, size_t count, size_t size);
/* NUL-terminated copy; NULL as arena_alloc. */
char *arena_strdup(struct arena *a, struct slice s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Ends every object; keeps one block for the next round. */
void arena_reset(struct arena *a);
void arena_done(struct arena *a);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
