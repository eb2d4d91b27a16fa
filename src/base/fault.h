/* fault.h - planted failures: the n-th fallible call fails, and known-wrong variants.
 *
 * Two tools for tests that must bite, both compiled out of release builds:
 *  - fault_fails(): each fallible call (an allocation, a system call) asks first; `make torture`
 *    lets the 1st, 2nd, … n-th call answer "failed" and checks that nothing leaks or crashes. The
 *    environment arms, too: FIREBREAK_FAULT=syscall:12 (or alloc:N, socket:N); at the end the
 *    program then prints how many calls it counted.
 *  - fault_mutant("name"): guards a known-wrong line. `make mutants` switches one on
 *    (environment FIREBREAK_MUTANT) and a named test must then fail.
 * Any thread: counters are atomics. */
#ifndef FIREBREAK_BASE_FAULT_H
#define FIREBREAK_BASE_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind {
    FAULT_ALLOC,   /* any of base/alloc.h: mem_try_alloc says so, the others end the program */
    FAULT_SYSCALL, /* a kernel call of rt or host */
    FAULT_SOCKET,  /* a socket that is opened or accepted: EMFILE, and so for all that follow */
    FAULT_KIND_COUNT,
};

#ifdef FIREBREAK_FAULTS

/* Lets the nth call (1 is the next one) of this kind fail once, of FAULT_SOCKET every one from then
 * on; 0 disarms. Resets the count. */
void fault_arm(enum fault_kind kind, uint64_t nth);
/* Calls of this kind since fault_arm. */
uint64_t fault_count(enum fault_kind kind);
/* Asked by the fallible call itself. */
bool fault_fails(enum fault_kind kind);
extern const char *fault_mutant_on_;
bool fault_mutant_is_(const char *on, const char *name);
/* Whether this mutant is switched on. The name is a literal: [a-z_]+, unique in the tree. Costs a
 * load and a branch while none is on, so that it may stand in a hot path. */
static inline bool fault_mutant(const char *name)
{
    const char *on = __atomic_load_n(&fault_mutant_on_, __ATOMIC_ACQUIRE);
    return __builtin_expect(on != NULL, 0) && fault_mutant_is_(on, name);
}
/* Switches a mutant on from inside a test; NULL switches off. The pointer is kept. */
void fault_mutant_set(const char *name);

#else

static inline void fault_arm(enum fault_kind kind, uint64_t nth)
{
    (void)kind;
    (void)nth;
}
static inline uint64_t fault_count(enum fault_kind kind)
{
    (void)kind;
    return 0;
}
static inline bool fault_fails(enum fault_kind kind)
{
    (void)kind;
    return false;
}
#define fault_mutant(name)     false
#define fault_mutant_set(name) ((void)(name))

#endif
#endif
