#include <errno.h>

#include "lang/go_printer.h"
#include "lang/unicode.h"

enum { METHOD_BYTES_MAX = 1 << 20 };

static void print_value(struct go_printer *p, const struct go_value *v, uint32_t verb,
                        unsigned depth, bool hidden);

static void fail(struct go_printer *p, int r)
{
    if (r < 0 && p->r == 0)
        p->r = r;
}

const char *go_kind_name(enum go_kind k)
{
    static const char *const names[GO_KIND_COUNT] = {
        [GO_BOOL] = "bool",       [GO_INT] = "int",         [GO_INT8] = "int8",
        [GO_INT16] = "int16",     [GO_INT32] = "int32",     [GO_INT64] = "int64",
        [GO_UINT] = "uint",       [GO_UINT8] = "uint8",     [GO_UINT16] = "uint16",
        [GO_UINT32] = "uint32",   [GO_UINT64] = "uint64",   [GO_UINTPTR] = "uintptr",
        [GO_FLOAT32] = "float32", [GO_FLOAT64] = "float64", [GO_STRING] = "string",
    };
    return k < GO_KIND_COUNT ? names[k] : NULL;
}

void go_print_type(struct go_printer *p, const struct go_value *v)
{
    if (p->r)
        return;
    if (v->ops && v->ops->append_type)
        fail(p, v->ops->append_type(v, p->to));
    else
        go_put_cstr(p, go_kind_name(v->kind));
}

bool go_print_int_arg(const struct go_value *v, int *ret)
{
    int64_t n;
    if (go_kind_is_signed(v->kind))
        n = v->integer;
    else if (go_kind_is_unsigned(v->kind) && v->natural <= GO_PRINT_WIDTH_MAX)
        n = (int64_t)v->natural;
    else
        return false;
    if (n > GO_PRINT_WIDTH_MAX || n < -GO_PRINT_WIDTH_MAX)
        return false;
    *ret = (int)n;
    return true;
}

/* "%!d(string=hi)". NULL: of nil. */
static void bad_verb(struct go_printer *p, const struct go_value *v, uint32_t verb)
{
    p->erroring = true;
    go_put_cstr(p, "%!");
    go_put_char(p, verb);
    go_put_cstr(p, "(");
    if (v && v->kind != GO_NIL) {
        go_print_type(p, v);
        go_put_cstr(p, "=");
        print_value(p, v, 'v', 0, false);
    } else {
        go_put_cstr(p, "<nil>");
    }
    go_put_cstr(p, ")");
    p->erroring = false;
}

/* ---- scalars ---- */

static void print_int(struct go_printer *p, const struct go_value *v, uint64_t n, uint32_t verb)
{
    bool is_signed = go_kind_is_signed(v->kind), negative = is_signed && (int64_t)n < 0;
    switch (verb) {
    case 'v':
        if (p->flags.sharp_v && !is_signed) {
            go_put_hex0x(p, n, true);
            return;
        }
        go_put_int(p, n, negative, 10, 'v');
        return;
    case 'd':
        go_put_int(p, n, negative, 10, 'd');
        return;
    case 'b':
        go_put_int(p, n, negative, 2, 'b');
        return;
    case 'o':
    case 'O':
        go_put_int(p, n, negative, 8, (char)verb);
        return;
    case 'x':
    case 'X':
        go_put_int(p, n, negative, 16, (char)verb);
        return;
    case 'c':
        go_put_rune(p, n);
        return;
    case 'q':
        go_put_quoted_rune(p, n);
        return;
    case 'U':
        go_put_code_point(p, n);
        return;
    default:
        bad_verb(p, v, verb);
    }
}

static void print_float(struct go_printer *p, const struct go_value *v, uint32_t verb)
{
    int bits = v->kind == GO_FLOAT32 ? 32 : 64;
    switch (verb) {
    case 'v':
        go_put_float(p, v->number, bits, 'g', -1);
        return;
    case 'b':
    case 'g':
    case 'G':
    case 'x':
    case 'X':
        go_put_float(p, v->number, bits, (char)verb, -1);
        return;
    case 'f':
    case 'e':
    case 'E':
        go_put_float(p, v->number, bits, (char)verb, 6);
        return;
    case 'F':
        go_put_float(p, v->number, bits, 'f', 6);
        return;
    default:
        bad_verb(p, v, verb);
    }
}

/* v is what the bad verb is about: the text may be what a method of it returned. */
static void print_text(struct go_printer *p, const struct go_value *v, struct slice s,
                       uint32_t verb)
{
    switch (verb) {
    case 'v':
        if (p->flags.sharp_v)
            go_put_quoted(p, s);
        else
            go_put_text(p, s);
        return;
    case 's':
        go_put_text(p, s);
        return;
    case 'x':
    case 'X':
        go_put_hex(p, s, verb == 'X');
        return;
    case 'q':
        go_put_quoted(p, s);
        return;
    default:
        bad_verb(p, v, verb);
    }
}

/* ---- methods ---- */

static void print_panic(struct go_printer *p, const struct go_value *v, uint32_t verb,
                        const char *name, struct slice text)
{
    if (v->kind == GO_POINTER && v->is_nil) {
        go_put_cstr(p, "<nil>");
        return;
    }
    struct go_flags flags = p->flags;
    p->flags = (struct go_flags){0};
    go_put_cstr(p, "%!");
    go_put_char(p, verb);
    go_put_cstr(p, "(PANIC=");
    go_put_cstr(p, name);
    go_put_cstr(p, " method: ");
    go_put(p, text);
    go_put_cstr(p, ")");
    /* Go gives the flags back, and forgets the numbers that belonged to them. */
    p->flags = flags;
    p->flags.width = p->flags.precision = 0;
}

static void call_method(struct go_printer *p, const struct go_value *v, enum go_methods which,
                        const char *name, uint32_t verb)
{
    struct buf text = BUF(MEM_LANG, METHOD_BYTES_MAX);
    int r = v->ops->method(v, which, &text);
    if (r == -ECANCELED)
        print_panic(p, v, verb, name, buf_slice(&text));
    else if (r < 0)
        fail(p, r);
    else if (which == GO_HAS_GOSTRING)
        go_put_text(p, buf_slice(&text));
    else
        print_text(p, v, buf_slice(&text), verb);
    buf_done(&text);
}

/* Whether a method, or the lack of one that %w wants, has dealt with the value. */
static bool handled(struct go_printer *p, const struct go_value *v, uint32_t verb)
{
    if (p->erroring)
        return false;
    if (verb == 'w') {
        if (!(v->methods & GO_HAS_ERROR) || !p->wraps) {
            bad_verb(p, v, verb);
            return true;
        }
        verb = 'v';
    }
    if (!v->methods || !v->ops || !v->ops->method)
        return false;
    if (p->flags.sharp_v) {
        if (!(v->methods & GO_HAS_GOSTRING))
            return false;
        call_method(p, v, GO_HAS_GOSTRING, "GoString", verb);
        return true;
    }
    bool takes_text = verb == 'v' || verb == 's' || verb == 'x' || verb == 'X' || verb == 'q';
    if (!takes_text || !(v->methods & (GO_HAS_ERROR | GO_HAS_STRING)))
        return false;
    if (v->methods & GO_HAS_ERROR)
        call_method(p, v, GO_HAS_ERROR, "Error", verb);
    else
        call_method(p, v, GO_HAS_STRING, "String", verb);
    return true;
}

/* ---- what has parts ---- */

/* A part as fmt sees it: of an interface, what it holds. */
static bool part_of(struct go_printer *p, const struct go_value *v, uint64_t at,
                    struct go_value *ret)
{
    if (p->r)
        return false;
    fail(p, v->ops->child(v, at, ret));
    while (p->r == 0 && ret->kind == GO_INTERFACE && !ret->is_nil) {
        struct go_value holder = *ret;
        fail(p, holder.ops->child(&holder, 0, ret));
    }
    return p->r == 0;
}

static void put_comma(struct go_printer *p, uint64_t at)
{
    if (at)
        go_put_cstr(p, p->flags.sharp_v ? ", " : " ");
}

static void print_map(struct go_printer *p, const struct go_value *v, uint32_t verb, unsigned depth,
                      bool hidden)
{
    const struct go_entry **entries;
    if (p->flags.sharp_v) {
        go_print_type(p, v);
        go_put_cstr(p, v->is_nil ? "(nil)" : "{");
        if (v->is_nil)
            return;
    } else {
        go_put_cstr(p, "map[");
    }
    uint64_t count = v->is_nil ? 0 : v->count;
    if (count && p->r == 0)
        fail(p, go_entries_sorted(p->arena, v, &entries));
    for (uint64_t i = 0; i < count && p->r == 0; i++) {
        put_comma(p, i);
        print_value(p, &entries[i]->key, verb, depth + 1, hidden);
        go_put_cstr(p, ":");
        print_value(p, &entries[i]->value, verb, depth + 1, hidden);
    }
    go_put_cstr(p, p->flags.sharp_v ? "}" : "]");
}

static bool is_exported(struct slice name)
{
    unsigned char c = name.size ? (unsigned char)name.data[0] : 0;
    /* Names in other scripts begin with an upper-case letter of those; rare enough to decode. */
    struct slice rest = name;
    return c < 0x80 ? c >= 'A' && c <= 'Z' : unicode_is_upper(unicode_next(&rest, NULL));
}

static void print_struct(struct go_printer *p, const struct go_value *v, uint32_t verb,
                         unsigned depth, bool hidden)
{
    if (p->flags.sharp_v)
        go_print_type(p, v);
    go_put_cstr(p, "{");
    for (uint64_t i = 0; i < v->count && p->r == 0; i++) {
        struct slice name = v->ops->field_name(v, i);
        struct go_value field;
        put_comma(p, i);
        if ((p->flags.plus_v || p->flags.sharp_v) && name.size) {
            go_put(p, name);
            go_put_cstr(p, ":");
        }
        if (part_of(p, v, i, &field))
            print_value(p, &field, verb, depth + 1, hidden || !is_exported(name));
    }
    go_put_cstr(p, "}");
}

static void print_bytes(struct go_printer *p, const struct go_value *v, uint32_t verb)
{
    uint64_t count = v->is_nil ? 0 : v->count;
    if (p->to->size_max && count > p->to->size_max) {
        fail(p, -EMSGSIZE);
        return;
    }
    char *bytes = arena_alloc(p->arena, count + 1);
    if (!bytes) {
        fail(p, -ENOMEM);
        return;
    }
    struct go_value byte;
    for (uint64_t i = 0; i < count; i++) {
        if (!part_of(p, v, i, &byte))
            return;
        bytes[i] = (char)byte.natural;
    }
    print_text(p, v, (struct slice){bytes, count}, verb);
}

/* []byte itself is fmt's old acquaintance: its elements are printed plainly, and %#v says "[]byte"
 * where the type's name is "[]uint8". Only as an argument, not inside something. */
static bool is_plain_bytes(struct go_printer *p, const struct go_value *v)
{
    if (v->kind != GO_SLICE || v->elem_kind != GO_UINT8 || p->r)
        return false;
    buf_clear(&p->scratch);
    fail(p, v->ops->append_type(v, &p->scratch));
    return p->r == 0 && slice_eq(buf_slice(&p->scratch), SLICE("[]uint8"));
}

static void print_plain_bytes(struct go_printer *p, const struct go_value *v)
{
    bool sharp_v = p->flags.sharp_v;
    struct go_value byte;
    if (sharp_v)
        go_put_cstr(p, v->is_nil ? "[]byte(nil)" : "[]byte");
    if (sharp_v && v->is_nil)
        return;
    go_put_cstr(p, sharp_v ? "{" : "[");
    for (uint64_t i = 0; i < (v->is_nil ? 0 : v->count); i++) {
        put_comma(p, i);
        if (!part_of(p, v, i, &byte))
            return;
        if (sharp_v)
            go_put_hex0x(p, byte.natural, true);
        else
            go_put_int(p, byte.natural, false, 10, 'd');
    }
    go_put_cstr(p, sharp_v ? "}" : "]");
}

static void print_list(struct go_printer *p, const struct go_value *v, uint32_t verb,
                       unsigned depth, bool hidden)
{
    bool is_nil = v->kind == GO_SLICE && v->is_nil;
    if (v->elem_kind == GO_UINT8 && (verb == 's' || verb == 'q' || verb == 'x' || verb == 'X')) {
        print_bytes(p, v, verb);
        return;
    }
    if (p->flags.sharp_v) {
        go_print_type(p, v);
        go_put_cstr(p, is_nil ? "(nil)" : "{");
        if (is_nil)
            return;
    } else {
        go_put_cstr(p, "[");
    }
    for (uint64_t i = 0; i < (is_nil ? 0 : v->count) && p->r == 0; i++) {
        struct go_value item;
        put_comma(p, i);
        if (part_of(p, v, i, &item))
            print_value(p, &item, verb, depth + 1, hidden);
    }
    go_put_cstr(p, p->flags.sharp_v ? "}" : "]");
}

/* ---- addresses ---- */

/* Only nil's is the same twice. */
static void print_address(struct go_printer *p, const struct go_value *v, uint32_t verb)
{
    bool has_address =
        v->kind == GO_POINTER || v->kind == GO_FUNC || v->kind == GO_MAP || v->kind == GO_SLICE;
    bool knows = verb == 'v' || verb == 'p' || verb == 'b' || verb == 'o' || verb == 'd' ||
                 verb == 'x' || verb == 'X';
    if (!has_address || !knows) {
        bad_verb(p, v, verb);
    } else if (!v->is_nil) {
        fail(p, -EOPNOTSUPP);
    } else if (verb == 'v' && p->flags.sharp_v) {
        go_put_cstr(p, "(");
        go_print_type(p, v);
        go_put_cstr(p, ")(nil)");
    } else if (verb == 'v') {
        go_put_padded(p, SLICE("<nil>"));
    } else if (verb == 'p') {
        go_put_hex0x(p, 0, !p->flags.sharp);
    } else {
        print_int(p, &(struct go_value){.kind = GO_UINTPTR}, 0, verb);
    }
}

static void print_pointer(struct go_printer *p, const struct go_value *v, uint32_t verb,
                          unsigned depth, bool hidden)
{
    bool inside = v->elem_kind == GO_ARRAY || v->elem_kind == GO_SLICE ||
                  v->elem_kind == GO_STRUCT || v->elem_kind == GO_MAP;
    struct go_value target;
    if (depth || v->is_nil || !inside) {
        print_address(p, v, verb);
        return;
    }
    go_put_cstr(p, "&");
    if (part_of(p, v, 0, &target))
        print_value(p, &target, verb, depth + 1, hidden);
}

static void print_interface_nil(struct go_printer *p, const struct go_value *v)
{
    if (!p->flags.sharp_v || v->kind == GO_NIL) {
        go_put_cstr(p, "<nil>");
        return;
    }
    go_print_type(p, v);
    go_put_cstr(p, "(nil)");
}

/* ---- values ---- */

static void print_kind(struct go_printer *p, const struct go_value *v, uint32_t verb,
                       unsigned depth, bool hidden)
{
    switch ((enum go_kind)v->kind) {
    case GO_BOOL:
        if (verb == 't' || verb == 'v')
            go_put_bool(p, v->boolean);
        else
            bad_verb(p, v, verb);
        return;
    case GO_FLOAT32:
    case GO_FLOAT64:
        print_float(p, v, verb);
        return;
    case GO_STRING:
        print_text(p, v, v->text, verb);
        return;
    case GO_MAP:
        print_map(p, v, verb, depth, hidden);
        return;
    case GO_STRUCT:
        print_struct(p, v, verb, depth, hidden);
        return;
    case GO_SLICE:
    case GO_ARRAY:
        print_list(p, v, verb, depth, hidden);
        return;
    case GO_POINTER:
        print_pointer(p, v, verb, depth, hidden);
        return;
    case GO_FUNC:
        print_address(p, v, verb);
        return;
    case GO_NIL:
    case GO_INTERFACE:
    case GO_KIND_COUNT:
        print_interface_nil(p, v);
        return;
    default:
        print_int(p, v, go_kind_is_signed(v->kind) ? (uint64_t)v->integer : v->natural, verb);
    }
}

static void print_value(struct go_printer *p, const struct go_value *v, uint32_t verb,
                        unsigned depth, bool hidden)
{
    if (p->r)
        return;
    if (p->nesting >= GO_PRINT_DEPTH_MAX) {
        p->r = -ELOOP;
        return;
    }
    p->nesting++;
    if (depth == 0 || hidden || !handled(p, v, verb))
        print_kind(p, v, verb, depth, hidden);
    p->nesting--;
}

void go_print_arg(struct go_printer *p, const struct go_value *v, uint32_t verb)
{
    if (p->r)
        return;
    if (v->kind == GO_NIL && (verb == 'T' || verb == 'v')) {
        go_put_padded(p, SLICE("<nil>"));
    } else if (v->kind == GO_NIL) {
        bad_verb(p, NULL, verb);
    } else if (verb == 'T') {
        struct buf name = BUF(MEM_LANG, METHOD_BYTES_MAX);
        struct buf *to = p->to;
        p->to = &name;
        go_print_type(p, v);
        p->to = to;
        go_put_text(p, buf_slice(&name));
        buf_done(&name);
    } else if (verb == 'p') {
        print_address(p, v, verb);
    } else if ((verb == 'v' || verb == 'd') && is_plain_bytes(p, v)) {
        print_plain_bytes(p, v);
    } else if (is_plain_bytes(p, v) || !handled(p, v, verb)) {
        print_value(p, v, verb, 0, false);
    }
}
