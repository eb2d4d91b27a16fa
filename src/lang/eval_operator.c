/* Operators and conversions: Go's widths, wraparound, and panics. */
#include "lang/evaluator.h"

#include <math.h>

#include "base/utf8.h"
#include "lang/unicode.h"

struct cell eval_wrap(struct cell v, int kind)
{
    switch (kind) {
    case TYPE_INT8:
        v.i = (int8_t)v.i;
        break;
    case TYPE_INT16:
        v.i = (int16_t)v.i;
        break;
    case TYPE_INT32:
        v.i = (int32_t)v.i;
        break;
    case TYPE_UINT8:
        v.u = (uint8_t)v.u;
        break;
    case TYPE_UINT16:
        v.u = (uint16_t)v.u;
        break;
    case TYPE_UINT32:
        v.u = (uint32_t)v.u;
        break;
    default:
        break;
    }
    return v;
}

struct cell eval_text(struct eval *e, struct slice text, source_place at)
{
    if (text.size > UINT32_MAX || !heap_has_room(&e->heap, text.size)) {
        eval_out_of_memory(e, at);
        return (struct cell){0};
    }
    if (!text.size)
        return (struct cell){0};
    char *copy = heap_alloc(&e->heap, text.size);
    memcpy(copy, text.data, text.size);
    return (struct cell){.text = copy, .size = (uint32_t)text.size};
}

static struct cell concat(struct eval *e, const struct node *n, struct cell a, struct cell b)
{
    uint64_t size = (uint64_t)a.size + b.size;
    if (!b.size || !a.size)
        return b.size ? b : a;
    if (size > UINT32_MAX || !heap_has_room(&e->heap, size)) {
        eval_out_of_memory(e, n->at);
        return a;
    }
    char *text = heap_alloc(&e->heap, size);
    memcpy(text, a.text, a.size);
    memcpy(text + a.size, b.text, b.size);
    return (struct cell){.text = text, .size = (uint32_t)size};
}

static struct cell float_arithmetic(int op, int kind, double a, double b)
{
    double r = op == TOKEN_ADD ? a + b : op == TOKEN_SUB ? a - b : op == TOKEN_MUL ? a * b : a / b;
    if (kind == TYPE_FLOAT32)
        r = (double)(float)r;
    return (struct cell){.f = r};
}

/* The one quotient that does not fit, MinInt / -1, wraps as in Go. */
static struct cell divide(struct eval *e, const struct node *n, int kind, struct cell a,
                          struct cell b)
{
    bool quotient = n->op == TOKEN_QUO;
    if (b.u == 0) {
        eval_panic(e, n->at, "integer divide by zero");
        return a;
    }
    if (kind_is_unsigned(kind))
        return (struct cell){.u = quotient ? a.u / b.u : a.u % b.u};
    if (b.i == -1)
        return (struct cell){.u = quotient ? 0 - a.u : 0};
    return (struct cell){.i = quotient ? a.i / b.i : a.i % b.i};
}

struct cell eval_arithmetic(struct eval *e, const struct node *n, struct cell a, struct cell b)
{
    int kind = n->flags & RUN_KIND_MASK;
    struct cell r = {0};
    if (kind == TYPE_STRING)
        return concat(e, n, a, b);
    if (kind_is_float(kind))
        return float_arithmetic(n->op, kind, a.f, b.f);
    switch (n->op) {
    case TOKEN_ADD:
        r.u = a.u + b.u;
        break;
    case TOKEN_SUB:
        r.u = a.u - b.u;
        break;
    case TOKEN_MUL:
        r.u = a.u * b.u;
        break;
    case TOKEN_AND:
        r.u = a.u & b.u;
        break;
    case TOKEN_OR:
        r.u = a.u | b.u;
        break;
    case TOKEN_XOR:
        r.u = a.u ^ b.u;
        break;
    case TOKEN_AND_NOT:
        r.u = a.u & ~b.u;
        break;
    default:
        r = divide(e, n, kind, a, b);
    }
    return eval_wrap(r, kind);
}

struct cell eval_shift(struct eval *e, const struct node *n, struct cell a, struct cell b)
{
    int kind = type_under(e->types, eval_type(e, n))->kind, count_kind = n->flags & RUN_KIND_MASK;
    if (kind_is_signed(count_kind) && b.i < 0) {
        eval_panic(e, n->at, "negative shift amount");
        return a;
    }
    uint64_t count = b.u;
    struct cell r = {0};
    if (n->op == TOKEN_SHL)
        r.u = count > 63 ? 0 : a.u << count;
    else if (kind_is_unsigned(kind))
        r.u = count > 63 ? 0 : a.u >> count;
    else
        r.i = a.i >> (count > 63 ? 63 : count);
    return eval_wrap(r, kind);
}

static int order(int kind, struct cell a, struct cell b)
{
    if (kind == TYPE_STRING) {
        uint32_t least = a.size < b.size ? a.size : b.size;
        int r = least ? memcmp(a.text, b.text, least) : 0;
        return r ? r : (a.size > b.size) - (a.size < b.size);
    }
    if (kind_is_unsigned(kind))
        return (a.u > b.u) - (a.u < b.u);
    return (a.i > b.i) - (a.i < b.i);
}

static bool judge(int op, int r)
{
    switch (op) {
    case TOKEN_EQ:
        return r == 0;
    case TOKEN_NE:
        return r != 0;
    case TOKEN_LT:
        return r < 0;
    case TOKEN_LE:
        return r <= 0;
    case TOKEN_GT:
        return r > 0;
    default:
        return r >= 0;
    }
}

static bool float_compare(int op, double a, double b)
{
    switch (op) {
    case TOKEN_EQ:
        return a == b;
    case TOKEN_NE:
        return a != b;
    case TOKEN_LT:
        return a < b;
    case TOKEN_LE:
        return a <= b;
    case TOKEN_GT:
        return a > b;
    default:
        return a >= b;
    }
}

static struct cell compare(struct eval *e, const struct node *n)
{
    struct cell a = eval_expr(e, n->a), b = eval_expr(e, n->b);
    int kind = n->flags & RUN_KIND_MASK;
    if (kind_is_float(kind))
        return cell_of_int(float_compare(n->op, a.f, b.f));
    if (kind == TYPE_STRING && (n->op == TOKEN_EQ || n->op == TOKEN_NE) && a.size != b.size)
        return cell_of_int(n->op == TOKEN_NE);
    return cell_of_int(judge(n->op, order(kind, a, b)));
}

static struct cell compare_deep(struct eval *e, const struct node *n)
{
    struct cell a = eval_peek(e, n->a), b = eval_peek(e, n->b);
    struct type *t = eval_type(e, eval_node(e, n->b));
    if (e->stop)
        return a;
    int r = cell_equal(&e->heap, a, b, t);
    if (r < 0) {
        eval_panic(e, n->at, "comparing values of a type that cannot be compared");
        return a;
    }
    return cell_of_int((n->op == TOKEN_EQ) == (r == 1));
}

struct cell eval_operator(struct eval *e, const struct node *n)
{
    struct cell a, b;
    int kind = n->flags & RUN_KIND_MASK;
    switch (n->kind) {
    case RUN_COMPARE:
        return compare(e, n);
    case RUN_COMPARE_DEEP:
        return compare_deep(e, n);
    case RUN_LAND:
        a = eval_expr(e, n->a);
        return a.i && !e->stop ? eval_expr(e, n->b) : a;
    case RUN_LOR:
        a = eval_expr(e, n->a);
        return a.i || e->stop ? a : eval_expr(e, n->b);
    case RUN_NOT:
        return cell_of_int(!eval_expr(e, n->a).i);
    case RUN_NEGATE:
        a = eval_expr(e, n->a);
        if (kind_is_float(kind))
            return (struct cell){.f = -a.f};
        return eval_wrap((struct cell){.u = 0 - a.u}, kind);
    case RUN_COMPLEMENT:
        a = eval_expr(e, n->a);
        return eval_wrap((struct cell){.u = ~a.u}, kind);
    default:
        a = eval_expr(e, n->a);
        b = eval_expr(e, n->b);
        if (e->stop)
            return a;
        return n->kind == RUN_SHIFT ? eval_shift(e, n, a, b) : eval_arithmetic(e, n, a, b);
    }
}

/* ---- conversions ---- */

/* What amd64 gives where the value does not fit: Go leaves it open. */
static struct cell float_to_int(double f, int kind)
{
    struct cell r;
    if (kind == TYPE_UINT64 || kind == TYPE_UINT || kind == TYPE_UINTPTR) {
        if (f >= 9223372036854775808.0 && f < 18446744073709551616.0)
            r.u = (uint64_t)f;
        else if (f > -9223372036854775809.0 && f < 9223372036854775808.0)
            r.i = (int64_t)f;
        else
            r.u = (uint64_t)1 << 63;
    } else {
        r.i = f > -9223372036854775809.0 && f < 9223372036854775808.0 ? (int64_t)f : INT64_MIN;
    }
    r.size = 0;
    r.at = 0;
    return eval_wrap(r, kind);
}

static struct cell rune_text(struct eval *e, struct cell v, bool is_signed, source_place at)
{
    char bytes[UTF8_BYTES_MAX];
    bool fits = is_signed ? v.i >= 0 && v.i <= 0x10ffff : v.u <= 0x10ffff;
    size_t n = utf8_encode(fits ? (uint32_t)v.u : UTF8_REPLACEMENT, bytes);
    return eval_text(e, (struct slice){bytes, n}, at);
}

static struct cell text_of_cells(struct eval *e, struct cell v, bool runes, source_place at)
{
    struct buf text CLEANUP(buf_done) = BUF(MEM_LANG, 0);
    uint32_t count = v.view ? v.view->size : 0;
    if (!heap_has_room(&e->heap, (uint64_t)count * (runes ? 4 : 1))) {
        eval_out_of_memory(e, at);
        return (struct cell){0};
    }
    for (uint32_t i = 0; i < count; i++) {
        char bytes[UTF8_BYTES_MAX];
        struct cell c = *view_at(v.view, i);
        if (!runes)
            buf_append_byte(&text, (char)c.u);
        else
            buf_append(
                &text, bytes,
                utf8_encode(c.i >= 0 && c.i <= 0x10ffff ? (uint32_t)c.i : UTF8_REPLACEMENT, bytes));
    }
    return eval_text(e, buf_slice(&text), at);
}

static struct cell runes_of(struct eval *e, struct cell v, source_place at)
{
    uint32_t count = 0;
    for (struct slice s = cell_text(v); s.size; count++)
        unicode_next(&s, NULL);
    if (!heap_has_room(&e->heap, (uint64_t)count * sizeof(struct cell))) {
        eval_out_of_memory(e, at);
        return (struct cell){0};
    }
    struct object *memory = object_new(&e->heap, count);
    uint32_t i = 0;
    for (struct slice s = cell_text(v); s.size; i++)
        memory->cells[i].i = (int32_t)unicode_next(&s, NULL);
    return (struct cell){.view = view_new(&e->heap, memory, 0, count, count)};
}

static struct cell array_of(struct eval *e, const struct node *n, struct cell v, bool pointer)
{
    struct type *t = type_under(e->types, eval_type(e, n));
    struct type *array = pointer ? type_under(e->types, t->elem) : t;
    uint32_t size = v.view ? v.view->size : 0;
    if (size < array->length) {
        eval_panic(e, n->at,
                   "cannot convert slice with length %u to array or pointer to array with length "
                   "%lld",
                   size, (long long)array->length);
        return (struct cell){0};
    }
    if (pointer && !v.view)
        return (struct cell){0};
    struct object *o = object_new(&e->heap, 0);
    o->count = o->cap = (uint32_t)array->length;
    if (pointer) { /* the same memory, seen as an array */
        o->cells = array->length || v.view->memory->count ? view_at(v.view, 0) : o->cells;
        o->is_pinned = true;
        return (struct cell){.object = o};
    }
    o = object_new(&e->heap, (uint32_t)array->length);
    for (uint32_t i = 0; i < array->length; i++)
        o->cells[i] = cell_copy(&e->heap, *view_at(v.view, i), array->elem);
    return (struct cell){.object = o};
}

struct cell eval_convert(struct eval *e, const struct node *n)
{
    struct cell v = eval_expr(e, n->a);
    int to = type_under(e->types, eval_type(e, n))->kind;
    struct type *from = type_under(e->types, eval_type(e, eval_node(e, n->a)));
    if (e->stop)
        return v;
    switch (n->flags & RUN_KIND_MASK) {
    case CONVERT_INT:
        return eval_wrap(v, to);
    case CONVERT_INT_TO_FLOAT:
        return (struct cell){.f = to == TYPE_FLOAT32 ? (double)(float)v.i : (double)v.i};
    case CONVERT_UINT_TO_FLOAT:
        return (struct cell){.f = to == TYPE_FLOAT32 ? (double)(float)v.u : (double)v.u};
    case CONVERT_FLOAT_TO_INT:
        return float_to_int(v.f, to);
    case CONVERT_FLOAT:
        return (struct cell){.f = to == TYPE_FLOAT32 ? (double)(float)v.f : v.f};
    case CONVERT_INT_TO_STRING:
        return rune_text(e, v, kind_is_signed(from->kind), n->at);
    case CONVERT_STRING_TO_BYTES: {
        struct cell bytes = cell_of_bytes(&e->heap, cell_text(v));
        if (!bytes.view)
            eval_out_of_memory(e, n->at);
        return bytes;
    }
    case CONVERT_STRING_TO_RUNES:
        return runes_of(e, v, n->at);
    case CONVERT_BYTES_TO_STRING:
        return text_of_cells(e, v, false, n->at);
    case CONVERT_RUNES_TO_STRING:
        return text_of_cells(e, v, true, n->at);
    case CONVERT_SLICE_TO_ARRAY:
        return array_of(e, n, v, false);
    case CONVERT_SLICE_TO_ARRAY_POINTER:
        return array_of(e, n, v, true);
    default:
        return v;
    }
}
