/* values.h - Go values made by hand, for the tests of fmt. */
#ifndef FIREBREAK_TESTS_LANG_VALUES_H
#define FIREBREAK_TESTS_LANG_VALUES_H

#include <errno.h>

#include "lang/go_print.h"
#include "tests/lang/lang_check.h"

/* What a go_value's object is: its parts, keys before values in a map. */
struct thing {
    const char *type;
    const struct go_value *parts;
    const char *const *names;
    const char *said; /* by its methods */
    bool panics;
};

static inline const struct thing *thing_of(const struct go_value *v)
{
    return v->object;
}

static inline int thing_type(const struct go_value *v, struct buf *to)
{
    return buf_append_cstr(to, thing_of(v)->type);
}

static inline int thing_child(const struct go_value *v, uint64_t at, struct go_value *ret)
{
    *ret = thing_of(v)->parts[at];
    return 0;
}

static inline int thing_entry(const struct go_value *v, uint64_t at, struct go_value *ret_key,
                              struct go_value *ret_value)
{
    *ret_key = thing_of(v)->parts[2 * at];
    *ret_value = thing_of(v)->parts[2 * at + 1];
    return 0;
}

static inline struct slice thing_field(const struct go_value *v, uint64_t at)
{
    return slice_from(thing_of(v)->names[at]);
}

static inline int thing_method(const struct go_value *v, enum go_methods which, struct buf *to)
{
    (void)which;
    int r = buf_append_cstr(to, thing_of(v)->said);
    return r < 0 ? r : thing_of(v)->panics ? -ECANCELED : 0;
}

static inline bool thing_equal(const struct go_value *a, const struct go_value *b)
{
    return a->object == b->object;
}

static const struct go_value_ops thing_ops = {.equal = thing_equal,
                                              .append_type = thing_type,
                                              .child = thing_child,
                                              .entry = thing_entry,
                                              .field_name = thing_field,
                                              .method = thing_method};

#define G_INT(v)    ((struct go_value){.kind = GO_INT, .integer = (v)})
#define G_UINT8(v)  ((struct go_value){.kind = GO_UINT8, .natural = (v)})
#define G_FLOAT(v)  ((struct go_value){.kind = GO_FLOAT64, .number = (v)})
#define G_BOOL(v)   ((struct go_value){.kind = GO_BOOL, .boolean = (v)})
#define G_STRING(s) ((struct go_value){.kind = GO_STRING, .text = SLICE(s)})
#define G_NIL       ((struct go_value){.kind = GO_NIL})

/* Of a compound kind. */
static inline struct go_value compound(enum go_kind kind, uint64_t count, const struct thing *t)
{
    return (struct go_value){.kind = (uint8_t)kind, .count = count, .ops = &thing_ops, .object = t};
}

static inline const char *printed(const char *format, const struct go_value *args, size_t count)
{
    buf_clear(&test_text);
    int r = go_sprintf(&test_text, &test_arena, slice_from(format), args, count);
    if (r < 0) {
        buf_clear(&test_text);
        buf_printf(&test_text, "(failed: %d)", r);
    }
    return test_text.data ? test_text.data : "";
}

#define PRINTED(format, ...)                                  \
    printed((format), (const struct go_value[]){__VA_ARGS__}, \
            sizeof((const struct go_value[]){__VA_ARGS__}) / sizeof(struct go_value))

#endif
