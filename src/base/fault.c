#include "base/fault.h"

#ifdef FIREBREAK_FAULTS

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* rule zero: mutable file-scope state in base. A fault is armed for the whole process, from
 * outside of the code under test. */
static struct {
    _Atomic uint64_t calls, fail_at;
} points[FAULT_KIND_COUNT];

static _Atomic(const char *) mutant;
static atomic_bool mutant_read;

void fault_arm(enum fault_kind kind, uint64_t nth)
{
    atomic_store(&points[kind].calls, 0);
    atomic_store(&points[kind].fail_at, nth);
}

uint64_t fault_count(enum fault_kind kind)
{
    return atomic_load(&points[kind].calls);
}

bool fault_fails(enum fault_kind kind)
{
    uint64_t n = atomic_fetch_add_explicit(&points[kind].calls, 1, memory_order_relaxed) + 1;
    return n == atomic_load_explicit(&points[kind].fail_at, memory_order_relaxed);
}

void fault_mutant_set(const char *name)
{
    atomic_store(&mutant, name);
    atomic_store(&mutant_read, true);
}

bool fault_mutant(const char *name)
{
    if (!atomic_load_explicit(&mutant_read, memory_order_acquire))
        fault_mutant_set(getenv("FIREBREAK_MUTANT"));
    const char *chosen = atomic_load_explicit(&mutant, memory_order_relaxed);
    return chosen && strcmp(chosen, name) == 0;
}

#endif
