/* lang_check.h - what the tests of constants and of the library share. */
#ifndef FIREBREAK_TESTS_LANG_LANG_CHECK_H
#define FIREBREAK_TESTS_LANG_LANG_CHECK_H

#include "base/arena.h"
#include "base/buf.h"
#include "lang/constant.h"
#include "lang/golib.h"
#include "tests/tap.h"

static struct arena test_arena = {.sub = MEM_TEST, .bytes_max = 64 << 20};
static struct buf test_text = {.sub = MEM_TEST};

static inline void CHECK_SLICE_(struct slice got, const char *want, const char *file, int line)
{
    if (slice_eq(got, slice_from(want)))
        return;
    tap_ok_ = false;
    printf("# %s:%d: is '%.*s', wanted '%s'\n", file, line, SLICE_ARG(got), want);
}

#define CHECK_SLICE(got, want) CHECK_SLICE_((got), (want), __FILE__, __LINE__)

/* A number literal, perhaps with a '-' before it. */
static inline struct constant number(const char *text)
{
    bool negative = text[0] == '-';
    struct literal l;
    struct constant v = {0};
    struct slice s = slice_from(text + negative);
    int r = literal_scan_number(s, &l);
    if (r == 0)
        r = constant_literal(&test_arena, l.kind, s, &v);
    if (r == 0 && negative)
        r = constant_unary(&test_arena, CONSTANT_MINUS, v, 0, &v);
    if (r < 0)
        printf("# '%s' is no number: %d\n", text, r);
    return v;
}

static inline const char *shown(struct constant v)
{
    buf_clear(&test_text);
    if (constant_append(&test_text, &test_arena, v) < 0)
        return "(failed)";
    return test_text.data ? test_text.data : "";
}

static inline const char *exact(struct constant v)
{
    buf_clear(&test_text);
    if (constant_append_exact(&test_text, &test_arena, v) < 0)
        return "(failed)";
    return test_text.data ? test_text.data : "";
}

/* "strings.Contains" of the table. */
static inline const struct golib_func *function(const char *full)
{
    const char *dot = strchr(full, '.');
    const struct golib_package *p = golib_package_find((struct slice){full, (size_t)(dot - full)});
    return p ? golib_find(p, slice_from(dot + 1)) : NULL;
}

static struct golib_call test_call;

static inline int call(const char *full, const union golib_value *args, union golib_value *ret)
{
    const struct golib_func *f = function(full);
    test_call =
        (struct golib_call){.arena = &test_arena, .result_bytes_max = test_call.result_bytes_max};
    return f && f->call ? f->call(&test_call, args, ret) : -1000;
}

/* What a function of strings to a string says. */
static inline struct slice text_of(const char *full, const char *a, const char *b, const char *c)
{
    union golib_value args[3] = {0}, ret[GOLIB_RESULTS_MAX] = {0};
    const char *const texts[] = {a, b, c};
    for (int i = 0; i < 3; i++)
        args[i].text = slice_from(texts[i]);
    return call(full, args, ret) == 0 ? ret[0].text : SLICE("(failed)");
}

static inline void test_done_(void)
{
    arena_done(&test_arena);
    buf_done(&test_text);
}

#define LANG_DONE() (test_done_(), tap_done())

#endif
