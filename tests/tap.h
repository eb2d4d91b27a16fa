/* tap.h - a unit test prints the Test Anything Protocol.
 *
 * A test file lists its cases in main():
 *
 *     int main(void)
 *     {
 *         TAP_RUN(held_until_the_last_millisecond);
 *         return tap_done();
 *     }
 *
 * A failed CHECK prints where and what, marks the running case failed and goes on. */
#ifndef FIREBREAK_TESTS_TAP_H
#define FIREBREAK_TESTS_TAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count_, tap_failed_;
static bool tap_ok_;
static const char *tap_skip_;

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            tap_ok_ = false;                                                                       \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);                                    \
        }                                                                                          \
    } while (0)

#define CHECK_INT(got, want)                                                                       \
    do {                                                                                           \
        long long got_ = (long long)(got), want_ = (long long)(want);                              \
        if (got_ != want_) {                                                                       \
            tap_ok_ = false;                                                                       \
            printf("# %s:%d: %s is %lld, wanted %lld\n", __FILE__, __LINE__, #got, got_, want_);   \
        }                                                                                          \
    } while (0)

#define CHECK_STR(got, want)                                                                       \
    do {                                                                                           \
        const char *got_ = (got), *want_ = (want);                                                 \
        if (!got_ || !want_ || strcmp(got_, want_) != 0) {                                         \
            tap_ok_ = false;                                                                       \
            printf("# %s:%d: %s is '%s', wanted '%s'\n", __FILE__, __LINE__, #got,                 \
                   got_ ? got_ : "(null)", want_ ? want_ : "(null)");                              \
        }                                                                                          \
    } while (0)

/* Marks the running case as skipped; the reason is printed. */
#define TAP_SKIP(why) (tap_skip_ = (why))

static inline void tap_report_(const char *name)
{
    printf("%s %d - %s%s%s\n", tap_ok_ ? "ok" : "not ok", ++tap_count_, name,
           tap_skip_ ? " # SKIP " : "", tap_skip_ ? tap_skip_ : "");
    tap_failed_ += !tap_ok_;
    fflush(stdout);
}

#define TAP_RUN(fn)                                                                                \
    do {                                                                                           \
        tap_ok_ = true;                                                                            \
        tap_skip_ = NULL;                                                                          \
        fn();                                                                                      \
        tap_report_(#fn);                                                                          \
    } while (0)

/* As TAP_RUN, with runner(fn) instead of fn(): a case that needs a world around it. */
#define TAP_RUN_IN(runner, fn)                                                                     \
    do {                                                                                           \
        tap_ok_ = true;                                                                            \
        tap_skip_ = NULL;                                                                          \
        runner(fn);                                                                                \
        tap_report_(#fn);                                                                          \
    } while (0)

static inline int tap_done(void)
{
    printf("1..%d\n", tap_count_);
    return tap_failed_ != 0 || tap_count_ == 0; /* a name that is no case's proves nothing */
}

#endif
