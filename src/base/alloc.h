/* alloc.h - counted allocation: who holds how much.
 *
 * Every heap block of the product belongs to a subsystem, so that `firebreak_alloc_bytes` can
 * say where memory went, and a test can say that nothing leaked. Out of memory aborts with the
 * subsystem's name (control code has no better answer); libraries that can be told so, and data
 * paths that can answer -ENOSPC, use the mem_try_ forms. Each allocation is a fault point. Any
 * thread; counters are relaxed atomics. */
#ifndef FIREBREAK_BASE_ALLOC_H
#define FIREBREAK_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum mem_subsystem {
    MEM_BASE,
    MEM_MODEL,
    MEM_WIRE,
    MEM_RT,
    MEM_HOST,
    MEM_LANG,
    MEM_CONFIG,
    MEM_NET,
    MEM_OBSERVE,
    MEM_CLI,
    MEM_RECONCILE,
    MEM_STORE,
    MEM_GATEWAY,
    MEM_SCHEDULE,
    MEM_ACT,
    MEM_SERIES,
    MEM_APP,
    MEM_TEST,
    MEM_SUBSYSTEM_COUNT,
};

struct mem_usage {
    int64_t bytes; /* as the allocator rounds them */
    int64_t live;  /* objects */
};

/* Zeroed memory, never NULL. size 0 gives a block that may be freed. */
void *mem_alloc(enum mem_subsystem sub, size_t size);
/* Zeroed memory, or NULL when the system (or a fault point) refuses. */
void *mem_try_alloc(enum mem_subsystem sub, size_t size);
/* As mem_resize, or NULL when the system (or a fault point) refuses; then ptr is as it was. */
void *mem_try_resize(enum mem_subsystem sub, void *ptr, size_t size);
/* Grows or shrinks; new bytes are not zeroed. ptr may be NULL. Never NULL. */
void *mem_resize(enum mem_subsystem sub, void *ptr, size_t size);
/* A NUL-terminated copy. */
char *mem_strdup(enum mem_subsystem sub, struct slice text);
/* NULL is accepted. `sub` is the one that the block was allocated with. */
void mem_free(enum mem_subsystem sub, void *ptr);

/* From here on all threads take from one heap, so that what one of them gives back serves the
 * others; before there are any. For a process that lives long: its threads allocate in turns. */
void mem_one_heap(void);

/* What the subsystem holds now. */
struct mem_usage mem_usage_of(enum mem_subsystem sub);
/* "base", "rt", …: the label value. */
const char *mem_subsystem_name(enum mem_subsystem sub);

/* Gives what is free back to the system, as far as the C library can: for the moment behind which
 * much less is needed than before. Takes milliseconds for each 100 MB. */
void mem_give_back(void);

#endif
