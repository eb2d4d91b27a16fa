#include "base/fault.h"

#ifdef FIREBREAK_FAULTS

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"

/* Rule zero: mutable file-scope state. A planted failure must reach calls in every folder
 * without an argument through all of them; release builds have none of this. */
static _Atomic uint64_t counted[FAULT_KIND_COUNT], armed_at[FAULT_KIND_COUNT];
const char *fault_mutant_on_;

/* FIREBREAK_FAULT: "alloc:3", "syscall:12", "socket:100"; n 0 fails nothing, and still counts. */
static void arm_from_text(const char *text)
{
    static const char *const names[FAULT_KIND_COUNT] = {"alloc", "syscall", "socket"};
    for (unsigned k = 0; k < ARRAY_LEN(names); k++) {
        size_t n = strlen(names[k]);
        if (strncmp(text, names[k], n) == 0 && text[n] == ':')
            fault_arm(k, strtoull(text + n + 1, NULL, 10));
    }
}

/* Before main(), so that the environment is read while there is only one thread. */
__attribute__((constructor)) static void read_environment(void)
{
    const char *name = getenv("FIREBREAK_MUTANT");
    if (name && name[0])
        fault_mutant_set(name);
    const char *fault = getenv("FIREBREAK_FAULT");
    if (fault)
        arm_from_text(fault);
}

/* Rule zero: a library never logs. `make torture` must know how far its n may go. */
__attribute__((destructor)) static void tell_counts(void)
{
    if (getenv("FIREBREAK_FAULT"))
        fprintf(stderr, "FAULTS alloc=%llu syscall=%llu\n",
                (unsigned long long)fault_count(FAULT_ALLOC),
                (unsigned long long)fault_count(FAULT_SYSCALL));
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
    uint64_t at = atomic_load_explicit(&armed_at[kind], memory_order_relaxed);
    return kind == FAULT_SOCKET ? at && n >= at : n == at;
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
