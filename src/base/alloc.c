#include "base/alloc.h"

#include <assert.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/fault.h"

/* rule zero: mutable file-scope state in base. Allocation is process-wide by nature, and a counter
 * that had to be handed to every caller would not be kept. */
static struct {
    _Atomic int64_t bytes, live;
} usage[MEM_SUBSYSTEM_COUNT];

static const char *const names[MEM_SUBSYSTEM_COUNT] = {
    [MEM_BASE] = "base", [MEM_MODEL] = "model", [MEM_WIRE] = "wire",       [MEM_RT] = "rt",
    [MEM_HOST] = "host", [MEM_NET] = "net",     [MEM_OBSERVE] = "observe", [MEM_CLI] = "cli",
    [MEM_APP] = "app",   [MEM_TEST] = "test",
};

static void count(enum mem_subsystem sub, int64_t bytes, int64_t live)
{
    atomic_fetch_add_explicit(&usage[sub].bytes, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&usage[sub].live, live, memory_order_relaxed);
}

static _Noreturn void out_of_memory(enum mem_subsystem sub, size_t size)
{
    fprintf(stderr, "firebreak: out of memory: %s wanted %zu bytes and holds %lld\n", names[sub],
            size, (long long)atomic_load(&usage[sub].bytes));
    abort();
}

static void *allocate(enum mem_subsystem sub, size_t size)
{
    assert(sub >= 0 && sub < MEM_SUBSYSTEM_COUNT);
    void *p = calloc(1, size ? size : 1);
    if (p)
        count(sub, (int64_t)malloc_usable_size(p), 1);
    return p;
}

void *mem_alloc(enum mem_subsystem sub, size_t size)
{
    void *p = allocate(sub, size);
    if (!p)
        out_of_memory(sub, size);
    return p;
}

void *mem_try_alloc(enum mem_subsystem sub, size_t size)
{
    return fault_fails(FAULT_ALLOC) ? NULL : allocate(sub, size);
}

void *mem_resize(enum mem_subsystem sub, void *ptr, size_t size)
{
    int64_t before = ptr ? (int64_t)malloc_usable_size(ptr) : 0;
    void *p = realloc(ptr, size ? size : 1);
    if (!p)
        out_of_memory(sub, size);
    count(sub, (int64_t)malloc_usable_size(p) - before, ptr ? 0 : 1);
    return p;
}

char *mem_strdup(enum mem_subsystem sub, struct slice text)
{
    char *p = mem_alloc(sub, text.size + 1);
    if (text.size)
        memcpy(p, text.data, text.size);
    return p;
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
    return (struct mem_usage){
        .bytes = atomic_load_explicit(&usage[sub].bytes, memory_order_relaxed),
        .live = atomic_load_explicit(&usage[sub].live, memory_order_relaxed),
    };
}

const char *mem_subsystem_name(enum mem_subsystem sub)
{
    return names[sub];
}
