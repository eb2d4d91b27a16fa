#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"

enum {
    ARENA_FIRST_BYTES = 1024,
    ARENA_BLOCK_BYTES_MAX = 64 * 1024, /* larger objects get a block of their own size */
    ARENA_ALIGN = _Alignof(max_align_t),
    ARENA_POISON = 0xdd,
};

struct arena_block {
    struct arena_block *next;
    size_t cap;
    _Alignas(max_align_t) char data[];
};

/* A use after the end is to be seen where bugs are looked for. Elsewhere it would read all memory
 * once more, and touch what was never used. */
#if defined(FIREBREAK_ARENA_DEBUG) || defined(FIREBREAK_FAULTS)
enum { poisons = true };
#else
enum { poisons = false };
#endif

static struct arena_block *block_new(struct arena *a, size_t cap)
{
    struct arena_block *block = mem_resize(a->sub, NULL, sizeof(*block) + cap);

    block->cap = cap;
    block->next = a->blocks;
    a->blocks = block;
    return block;
}

static void blocks_free(struct arena *a, struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        if (poisons)
            memset(block->data, ARENA_POISON, block->cap);
        mem_free(a->sub, block);
        block = next;
    }
}

/* Whether each object has a block of its own: ASan and valgrind then know its exact bounds and its
 * end. Valgrind runs the same programs as the plain tests, so there the environment says it. */
#if defined(FIREBREAK_ARENA_DEBUG)
enum { one_block_each = true };
#elif defined(FIREBREAK_FAULTS)
/* Rule zero: mutable file-scope state; set before main(), as in fault.c. */
static bool one_block_each;

__attribute__((constructor)) static void read_environment(void)
{
    const char *debug = getenv("FIREBREAK_ARENA_DEBUG");
    one_block_each = debug && debug[0] == '1';
}
#else
enum { one_block_each = false };
#endif

/* The rest of the block before is given up; with doubling blocks that is at most half. */
static void *take(struct arena *a, size_t size, size_t rounded)
{
    if (one_block_each)
        return block_new(a, size)->data;
    if ((size_t)(a->end - a->at) < rounded) {
        size_t first = a->first_bytes ? a->first_bytes : ARENA_FIRST_BYTES;
        size_t cap = a->blocks ? a->blocks->cap * 2 : first;
        if (cap > ARENA_BLOCK_BYTES_MAX)
            cap = ARENA_BLOCK_BYTES_MAX;
        if (cap < rounded)
            cap = rounded;
        struct arena_block *block = block_new(a, cap);
        a->at = block->data;
        a->end = block->data + cap;
    }
    void *ptr = a->at;
    a->at += rounded;
    return ptr;
}

/* Keeps the newest block unless one huge object made it: an arena that is reset for every
 * message must not hold on to the largest message it has ever seen. */
void arena_reset(struct arena *a)
{
    struct arena_block *keep = a->blocks;

    if (one_block_each || (keep && keep->cap > ARENA_BLOCK_BYTES_MAX))
        keep = NULL;
    blocks_free(a, keep ? keep->next : a->blocks);
    a->blocks = keep;
    a->at = a->end = NULL;
    if (keep) {
        keep->next = NULL;
        a->at = keep->data;
        a->end = keep->data + keep->cap;
    }
    a->used = 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t rounded, used;

    if (__builtin_add_overflow(size ? size : 1, (size_t)ARENA_ALIGN - 1, &rounded))
        return NULL;
    rounded &= ~((size_t)ARENA_ALIGN - 1);
    if (__builtin_add_overflow(a->used, rounded, &used))
        return NULL;
    /* A bound may be met by any object, so `make torture` lets each of them be the one. */
    if (a->bytes_max && (used > a->bytes_max || fault_fails(FAULT_ALLOC)))
        return NULL;
    void *ptr = take(a, size, rounded);
    a->used = used;
    return memset(ptr, 0, size);
}

void *arena_alloc_array(struct arena *a, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return arena_alloc(a, bytes);
}

char *arena_strdup(struct arena *a, struct slice s)
{
    char *copy = s.size == SIZE_MAX ? NULL : arena_alloc(a, s.size + 1);

    if (copy && s.size)
        memcpy(copy, s.data, s.size);
    return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args, again;
    char *text = NULL;

    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    if (n >= 0)
        text = arena_alloc(a, (size_t)n + 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(args);
    return text;
}

void arena_done(struct arena *a)
{
    if (!a)
        return;
    blocks_free(a, a->blocks);
    a->blocks = NULL;
    a->at = a->end = NULL;
    a->used = 0;
}
