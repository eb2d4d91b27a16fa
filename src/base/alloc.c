#include "base/alloc.h"

#include <assert.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/defs.h"
#include "base/fault.h"

/* Rule zero: mutable file-scope state. Allocation is the one thing that is everywhere, and its
 * sums must be read by a thread that owns none of the blocks. Each subsystem's pair has a cache
 * line of its own, so that two loops which allocate in different folders do not share one. */
static struct {
    _Alignas(64) _Atomic int64_t bytes;
    _Atomic int64_t live;
} usage[MEM_SUBSYSTEM_COUNT];

static const char *const names[MEM_SUBSYSTEM_COUNT] = {
    [MEM_BASE] = "base", [MEM_MODEL] = "model", [MEM_WIRE] = "wire", [MEM_RT] = "rt",
    [MEM_HOST] = "host", [MEM_NET] = "net",     [MEM_OBSERVE] = "observe",
    [MEM_CLI] = "cli",   [MEM_RECONCILE] = "reconcile", [MEM_APP] = "app",
    [MEM_STORE] = "store", [MEM_GATEWAY] = "gateway", [MEM_SCHEDULE] = "schedule",
    [MEM_TEST] = "test", [MEM_LANG] = "lang", [MEM_CONFIG] = "config", [MEM_ACT] = "act",
    [MEM_SERIES] = "series",
};

static void count(enum mem_subsystem sub, int64_t bytes, int64_t objects)
{
    assert((unsigned)sub < MEM_SUBSYSTEM_COUNT);
    atomic_fetch_add_explicit(&usage[sub].bytes, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&usage[sub].live, objects, memory_order_relaxed);
}

static char *decimal(char digits[24], uint64_t value)
{
    char *at = digits + 23;

    *at = 0;
    do
        *--at = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    return at;
}

/* stderr is unbuffered, so these words go out piece by piece without asking for memory, which
 * printf may do. */
static _Noreturn void out_of_memory(enum mem_subsystem sub, size_t size)
{
    char asked[24], held[24];
    const char *words[] = {
        "firebreak: out of memory: ", mem_subsystem_name(sub), " asked for ", decimal(asked, size),
        " bytes and holds ", decimal(held, (uint64_t)mem_usage_of(sub).bytes), "\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        fputs(words[i], stderr);
    abort();
}

static void *alloc_counted(enum mem_subsystem sub, size_t size)
{
    void *ptr = calloc(1, size ? size : 1);
    if (ptr)
        count(sub, (int64_t)malloc_usable_size(ptr), 1);
    return ptr;
}

void *mem_alloc(enum mem_subsystem sub, size_t size)
{
    void *ptr = fault_fails(FAULT_ALLOC) ? NULL : alloc_counted(sub, size);
    if (UNLIKELY(!ptr))
        out_of_memory(sub, size);
    return ptr;
}

void *mem_try_alloc(enum mem_subsystem sub, size_t size)
{
    if (fault_fails(FAULT_ALLOC))
        return NULL;
    return alloc_counted(sub, size);
}

static void *resize_counted(enum mem_subsystem sub, void *ptr, size_t size)
{
    int64_t old_bytes = ptr ? (int64_t)malloc_usable_size(ptr) : 0;
    /* realloc(ptr, 0) would free; here a size of 0 is an object like any other. */
    void *moved = fault_fails(FAULT_ALLOC) ? NULL : realloc(ptr, size ? size : 1);
    if (moved)
        count(sub, (int64_t)malloc_usable_size(moved) - old_bytes, ptr ? 0 : 1);
    return moved;
}

void *mem_try_resize(enum mem_subsystem sub, void *ptr, size_t size)
{
    return resize_counted(sub, ptr, size);
}

void *mem_resize(enum mem_subsystem sub, void *ptr, size_t size)
{
    void *moved = resize_counted(sub, ptr, size);
    if (UNLIKELY(!moved))
        out_of_memory(sub, size);
    return moved;
}

char *mem_strdup(enum mem_subsystem sub, struct slice text)
{
    char *copy = mem_alloc(sub, text.size + 1);
    if (text.size)
        memcpy(copy, text.data, text.size);
    return copy;
}

void mem_free(enum mem_subsystem sub, void *ptr)
{
    if (!ptr)
        return;
    count(sub, -(int64_t)malloc_usable_size(ptr), -1);
    free(ptr);
}

struct mem_usage mem_usage_of(enum mem_subsystem sub)
{
    assert((unsigned)sub < MEM_SUBSYSTEM_COUNT);
    return (struct mem_usage){
        .bytes = atomic_load_explicit(&usage[sub].bytes, memory_order_relaxed),
        .live = atomic_load_explicit(&usage[sub].live, memory_order_relaxed),
    };
}

const char *mem_subsystem_name(enum mem_subsystem sub)
{
    return (unsigned)sub < MEM_SUBSYSTEM_COUNT ? names[sub] : "unknown";
}

void mem_one_heap(void)
{
    mallopt(M_ARENA_MAX, 1);
}

void mem_give_back(void)
{
    malloc_trim(0);
}
