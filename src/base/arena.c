#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK_BYTES = 4096, ALIGN = alignof(max_align_t), POISON = 0xDB };

struct arena_block {
    struct arena_block *next;
    size_t size;
    alignas(max_align_t) char data[];
};

static struct arena_block *block_new(struct arena *a, size_t size)
{
    struct arena_block *b = mem_alloc(a->sub, sizeof(*b) + size);
    b->size = size;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

#ifdef FIREBREAK_ARENA_DEBUG

/* One block an object, none ever reused: tools see each object's true bounds and end. */
static void *take(struct arena *a, size_t size)
{
    return block_new(a, size)->data;
}

static void *keep_one(struct arena *a)
{
    (void)a;
    return NULL;
}

#else

static void *take(struct arena *a, size_t size)
{
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if ((size_t)(a->end - a->at) < size) {
        struct arena_block *b = block_new(a, size > BLOCK_BYTES ? size : BLOCK_BYTES);
        a->at = b->data;
        a->end = b->data + b->size;
    }
    void *p = a->at;
    a->at += size;
    memset(p, 0, size); /* the block may be a kept one */
    return p;
}

static struct arena_block *keep_one(struct arena *a)
{
    struct arena_block *b = a->blocks;
    if (b)
        a->blocks = b->next;
    return b;
}

#endif

void *arena_alloc(struct arena *a, size_t size)
{
    if (a->bytes_max && (size > a->bytes_max || a->used > a->bytes_max - size))
        return NULL;
    a->used += size;
    return take(a, size);
}

void *arena_alloc_array(struct arena *a, size_t count, size_t size)
{
    size_t total;
    return __builtin_mul_overflow(count, size, &total) ? NULL : arena_alloc(a, total);
}

char *arena_strdup(struct arena *a, struct slice s)
{
    char *p = arena_alloc(a, s.size + 1);
    if (p && s.size)
        memcpy(p, s.data, s.size);
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (!p)
        return NULL;
    va_start(args, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, args);
    va_end(args);
    return p;
}

static void free_blocks(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *b = a->blocks;
        a->blocks = b->next;
        memset(b->data, POISON, b->size);
        mem_free(a->sub, b);
    }
}

void arena_reset(struct arena *a)
{
    struct arena_block *kept = keep_one(a);
    free_blocks(a);
    a->used = 0;
    a->at = a->end = NULL;
    if (!kept)
        return;
    kept->next = NULL;
    a->blocks = kept;
    a->at = kept->data;
    a->end = kept->data + kept->size;
}

void arena_done(struct arena *a)
{
    free_blocks(a);
    *a = (struct arena){.sub = a->sub, .bytes_max = a->bytes_max};
}
