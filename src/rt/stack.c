#include "rt/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0u
#define VALGRIND_STACK_DEREGISTER(id)       ((void)(id))
#endif

#include "base/alloc.h"

/* Stacks come from slabs: one mapping each, so that a million stacks are a few thousand mappings.
 * A stack's descriptor stands at its own top, in the page that every task touches anyway. The top
 * is moved down by a few cache lines from stack to stack: tops at the same offset of every page
 * would fight for the same sets of the first-level cache. */
enum {
    SLAB_STACKS = 256,
    PAGE_BYTES = 4096, /* what the guard needs at least; the kernel's page may be larger */
    COLOURS = 8,
    COLOUR_BYTES = 128,
    CENSUS_FILL = 0xA5,
};
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

struct rt_slab {
    struct rt_slab *next;
    char *base;
    uint32_t used; /* stacks given out at least once */
};

static size_t guard_bytes(void)
{
    long page = sysconf(_SC_PAGESIZE);
    return page > PAGE_BYTES ? (size_t)page : (size_t)PAGE_BYTES;
}

/* A hole in the page tables costs no mapping of its own; mprotect splits one for each stack, so
 * that an older kernel carries some 32,000 tasks (vm.max_map_count). */
static bool holes_refused; /* written before any loop runs */

/* Whether madvise makes a guard: a system call that is to read from the page comes back with
 * EFAULT. Its answer alone proves nothing. Emulators (qemu-user, for one) take advice for what it
 * commonly is, a hint: they say yes to any and do nothing, and an overflow would run on into the
 * stack below, of another task. Without a guard the call sleeps for the page's zero seconds.
 * Rule zero: banned, as it stops a loop; but none runs yet. */
static bool hole_guards(char *page)
{
    return madvise(page, guard_bytes(), MADV_GUARD_INSTALL) == 0 &&
           nanosleep((const struct timespec *)(const void *)page, NULL) < 0 && errno == EFAULT;
}

void rt_stacks_choose_guard(const struct rt_config *config)
{
    static bool told;
    char *page = mmap(NULL, guard_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
    if (page == MAP_FAILED)
        return;
    holes_refused = !hole_guards(page);
    munmap(page, guard_bytes());
    if (holes_refused && !told && config && config->on_costly_guards) {
        told = true;
        config->on_costly_guards(config->on_costly_guards_ctx);
    }
}

static int guard_install(char *base)
{
    if (!holes_refused && madvise(base, guard_bytes(), MADV_GUARD_INSTALL) == 0)
        return 0;
    return mprotect(base, guard_bytes(), PROT_NONE);
}

static struct rt_stack *descriptor_at(const struct rt_slab *slab, uint32_t index)
{
    char *end = slab->base + (size_t)(index + 1) * RT_STACK_BYTES;
    end -= (size_t)(index % COLOURS) * COLOUR_BYTES;
    return (struct rt_stack *)(void *)(end - sizeof(struct rt_stack));
}

static struct rt_slab *slab_new(struct rt_loop *l)
{
    char *base = mmap(NULL, (size_t)SLAB_STACKS * RT_STACK_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    /* A huge page would make each blocked task cost 64 KB of memory instead of 4. */
    madvise(base, (size_t)SLAB_STACKS * RT_STACK_BYTES, MADV_NOHUGEPAGE);
    struct rt_slab *slab = mem_alloc(MEM_RT, sizeof(*slab));
    *slab = (struct rt_slab){.next = l->slabs, .base = base};
    l->slabs = slab;
    return slab;
}

struct rt_stack *rt_stack_get(struct rt_loop *l)
{
    struct rt_stack *s = l->stacks_free;
    if (LIKELY(s != NULL)) {
        l->stacks_free = s->next;
    } else {
        if (fault_fails(FAULT_SYSCALL))
            return NULL;
        struct rt_slab *slab = l->slabs;
        if (!slab || slab->used == SLAB_STACKS)
            slab = slab_new(l);
        if (!slab)
            return NULL;
        char *base = slab->base + (size_t)slab->used * RT_STACK_BYTES;
        if (guard_install(base) < 0)
            return NULL;
        s = descriptor_at(slab, slab->used++);
        *s = (struct rt_stack){.base = base + guard_bytes(), .top = (char *)s};
        s->valgrind_id = VALGRIND_STACK_REGISTER(s->base, s->top);
        rt_count(&l->stacks_mapped, 1);
    }
    if (UNLIKELY(rt_census_on()))
        memset(s->base, CENSUS_FILL, (size_t)(s->top - s->base));
    return s;
}

void rt_stack_put(struct rt_loop *l, struct rt_stack *s)
{
    s->task = NULL;
    s->next = l->stacks_free;
    l->stacks_free = s;
}

struct rt_task *rt_stack_find_guard(struct rt_loop *l, const void *addr)
{
    const char *at = addr;
    for (struct rt_slab *slab = l->slabs; slab; slab = slab->next) {
        if (at < slab->base || at >= slab->base + (size_t)SLAB_STACKS * RT_STACK_BYTES)
            continue;
        uint32_t index = (uint32_t)((size_t)(at - slab->base) / RT_STACK_BYTES);
        if (index >= slab->used)
            return NULL;
        struct rt_stack *s = descriptor_at(slab, index);
        return at < s->base ? s->task : NULL;
    }
    return NULL;
}

uint32_t rt_stack_high_water(const struct rt_stack *s)
{
    const char *at = s->base;
    while (at < s->top && (unsigned char)*at == CENSUS_FILL)
        at++;
    return (uint32_t)(s->top - at);
}

void rt_stacks_unmap(struct rt_loop *l)
{
    while (l->slabs) {
        struct rt_slab *slab = l->slabs;
        l->slabs = slab->next;
        for (uint32_t i = 0; i < slab->used; i++)
            VALGRIND_STACK_DEREGISTER(descriptor_at(slab, i)->valgrind_id);
        munmap(slab->base, (size_t)SLAB_STACKS * RT_STACK_BYTES);
        mem_free(MEM_RT, slab);
    }
    l->stacks_free = NULL;
}
