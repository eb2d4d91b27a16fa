/* defs.h - the few macros that every file may use. */
#ifndef FIREBREAK_BASE_DEFS_H
#define FIREBREAK_BASE_DEFS_H

#include <stddef.h>

#define ARRAY_LEN(a)                    (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#define LIKELY(x)                       __builtin_expect(!!(x), 1)
#define UNLIKELY(x)                     __builtin_expect(!!(x), 0)
#define PRINTF_LIKE(fmt, args)          __attribute__((format(printf, fmt, args)))
/* Runs fn(&variable) when the variable leaves its scope. */
#define CLEANUP(fn)                     __attribute__((cleanup(fn)))
#define MUST_CHECK                      __attribute__((warn_unused_result))
/* Where a call of its own is measured to cost too much. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

#endif
