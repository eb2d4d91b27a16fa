/* The text up to a line feed is a format; the bytes behind it make its arguments. Printing ends,
 * within its bound, in a known way, and says the same twice; what %q of a string says reads back.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "lang/go_print.h"
#include "lang/go_quote.h"

enum { ARGS_MAX = 4, PARTS_MAX = 3, DEPTH_MAX = 4, TEXT_BYTES_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct thing {
    struct go_value parts[2 * PARTS_MAX];
    struct slice said;
    bool panics;
};

static int append_type(const struct go_value *v, struct buf *to)
{
    static const char *const names[GO_KIND_COUNT] = {
        [GO_SLICE] = "[]uint8", [GO_ARRAY] = "[3]main.T", [GO_MAP] = "map[any]any",
        [GO_STRUCT] = "main.T", [GO_POINTER] = "*main.T", [GO_INTERFACE] = "interface {}",
        [GO_FUNC] = "func()",
    };
    const char *name = names[v->kind] ? names[v->kind] : go_kind_name(v->kind);
    return buf_append_cstr(to, name);
}

static int child(const struct go_value *v, uint64_t at, struct go_value *ret)
{
    *ret = ((const struct thing *)v->object)->parts[at];
    return 0;
}

static int entry(const struct go_value *v, uint64_t at, struct go_value *ret_key,
                 struct go_value *ret_value)
{
    child(v, 2 * at, ret_key);
    return child(v, 2 * at + 1, ret_value);
}

static struct slice field_name(const struct go_value *v, uint64_t at)
{
    (void)v;
    return at == 1 ? SLICE("hidden") : SLICE("Shown");
}

static int method(const struct go_value *v, enum go_methods which, struct buf *to)
{
    const struct thing *t = v->object;
    (void)which;
    int r = buf_append_slice(to, t->said);
    return r < 0 ? r : t->panics ? -ECANCELED : 0;
}

static const struct go_value_ops ops = {.append_type = append_type,
                                         .child = child,
                                         .entry = entry,
                                         .field_name = field_name,
                                         .method = method};

static uint8_t take(struct slice *s)
{
    uint8_t c = s->size ? (uint8_t)s->data[0] : 0;
    *s = slice_sub(*s, 1, s->size);
    return c;
}

static struct slice take_text(struct slice *s)
{
    struct slice text = slice_sub(*s, 0, take(s) % 8);
    *s = slice_sub(*s, text.size, s->size);
    return text;
}

static struct go_value value(struct arena *a, struct slice *s, unsigned depth)
{
    uint8_t c = take(s), flags = take(s);
    struct go_value v = {.kind = c % GO_KIND_COUNT, .ops = &ops};
    struct thing *t = arena_new(a, struct thing);
    if (depth >= DEPTH_MAX && v.kind > GO_STRING)
        v.kind = GO_INT;
    v.object = t;
    v.methods = flags & 7;
    t->panics = flags & 8;
    v.is_nil = flags & 16 && (v.kind == GO_SLICE || v.kind > GO_ARRAY) && v.kind != GO_STRUCT;
    t->said = take_text(s);
    if (v.kind <= GO_STRING) {
        v.natural = (uint64_t)take(s) << (flags % 57);
        if (v.kind == GO_STRING)
            v.text = t->said;
        if (v.kind == GO_BOOL)
            v.boolean = flags & 32;
        return v;
    }
    bool one = v.kind == GO_POINTER || v.kind == GO_INTERFACE;
    size_t parts = one ? 1 : v.kind == GO_FUNC ? 0 : flags % (PARTS_MAX + 1);
    v.count = parts;
    for (size_t i = 0; i < (v.kind == GO_MAP ? 2 * parts : parts); i++)
        t->parts[i] = value(a, s, depth + 1);
    bool bytes = parts > 0 && !one;
    for (size_t i = 0; i < parts; i++)
        bytes = bytes && t->parts[i].kind == GO_UINT8;
    v.elem_kind = bytes ? GO_UINT8 : one ? t->parts[0].kind : GO_INTERFACE;
    return v;
}

static void check_quoted(struct arena *a, struct slice s)
{
    struct buf to = BUF(MEM_TEST, 0);
    const struct go_value v = {.kind = GO_STRING, .text = s};
    struct slice back;
    assert(go_sprintf(&to, a, SLICE("%+q"), &v, 1) == 0);
    assert(go_unquote(buf_slice(&to), a, &back) == 0 && slice_eq(back, s));
    buf_done(&to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    struct slice format = slice_cut(&rest, '\n'), all = rest;
    struct arena a = ARENA(MEM_TEST, 16 << 20);
    struct buf one = BUF(MEM_TEST, TEXT_BYTES_MAX), two = BUF(MEM_TEST, TEXT_BYTES_MAX);
    struct go_value args[ARGS_MAX];
    size_t count = 0, wrapped[GO_PRINT_WRAPS_MAX], wraps;
    while (count < ARGS_MAX && rest.size)
        args[count++] = value(&a, &rest, 0);
    int r = go_sprintf(&one, &a, format, args, count);
    assert(r == 0 || r == -EMSGSIZE || r == -EOPNOTSUPP || r == -ELOOP || r == -ENOMEM);
    assert(go_sprintf(&two, &a, format, args, count) == r);
    assert(r < 0 || slice_eq(buf_slice(&one), buf_slice(&two)));
    buf_clear(&one);
    if (go_errorf(&one, &a, format, args, count, wrapped, &wraps) == 0)
        for (size_t i = 0; i < wraps; i++)
            assert(wrapped[i] < count && (i == 0 || wrapped[i - 1] < wrapped[i]));
    buf_clear(&one);
    go_sprint(&one, &a, args, count);
    buf_clear(&one);
    go_sprintln(&one, &a, args, count);
    check_quoted(&a, all);
    buf_done(&one);
    buf_done(&two);
    arena_done(&a);
    return 0;
}
