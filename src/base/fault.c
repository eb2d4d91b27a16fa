#include "base/fault.h"

#ifdef FIREBREAK_FAULTS

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Rule zero: mutable file-scope state. A planted failure must reach calls in every folder
 * without an argument through all of them; release builds have none of this. */
static _Atomic uint64_t counted[FAULT_KIND_COUNT], armed_at[FAULT_KIND_COUNT];
const char *fault_mutant_on_;

/* Before main(), so that the environment is read while there is only one thread. */
__attribute__((constructor)) static void read_environment(void)
{
    const char *name = getenv("FIREBREAK_MUTANT");
    if (name && name[0])
        fault_mutant_set(name);
}

void fault_arm(enum fault_kind kind, uint64_t nth)
{
    assert((unsigned)kind < FAULT_KIND_COUNT);
    /* Disarmed first: a call on another thread must not meet the old number on a new count. */
    atomic_store(&armed_at[kind], 0);
    atomic_store(&counted[kind], 0);
    atomic_store(&armed_at[kind], nth);
}

uint64_t fault_count(enum fault_kind kind)
{
    assert((unsigned)kind < FAULT_KIND_COUNT);
    return atomic_load(&counted[kind]);
}

bool fault_fails(enum fault_kind kind)
{
    assert((unsigned)kind < FAULT_KIND_COUNT);
    uint64_t n = atomic_fetch_add_explicit(&counted[kind], 1, memory_order_relaxed) + 1;
    return n == atomic_load_explicit(&armed_at[kind], memory_order_relaxed);
}

bool fault_mutant_is_(const char *on, const char *name)
{
    return strcmp(on, name) == 0;
}

void fault_mutant_set(const char *name)
{
    __atomic_store_n(&fault_mutant_on_, name, __ATOMIC_RELEASE);
}

#endif
