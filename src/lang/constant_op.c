#include <errno.h>
#include <string.h>

#include "lang/constant.h"

/* ---- two numbers as one kind ---- */

static int float_of(struct arena *a, struct constant x, struct big_float *ret)
{
    if (x.is_fraction)
        return big_float_of_rat(a, x.rat, ret);
    *ret = x.big;
    return 0;
}

/* INT beside FLOAT: both FLOAT; a fraction beside a float of 512 bits: both of the latter. */
static int match(struct arena *a, struct constant *x, struct constant *y)
{
    int r = 0;
    if (x->kind == y->kind && x->kind == CONSTANT_INT)
        return 0;
    if (x->kind == CONSTANT_INT)
        r = constant_to_float(a, *x, x);
    if (r == 0 && y->kind == CONSTANT_INT)
        r = constant_to_float(a, *y, y);
    if (r < 0 || x->is_fraction == y->is_fraction)
        return r;
    struct constant *fraction = x->is_fraction ? x : y;
    struct big_float f;
    r = float_of(a, *fraction, &f);
    if (r == 0)
        *fraction = (struct constant){.kind = CONSTANT_FLOAT, .big = f};
    return r;
}

static bool is_number(struct constant x)
{
    return x.kind == CONSTANT_INT || x.kind == CONSTANT_FLOAT;
}

static bool is_unknown(struct constant x, struct constant y)
{
    return x.kind == CONSTANT_UNKNOWN || y.kind == CONSTANT_UNKNOWN;
}

/* ---- binary ---- */

static int binary_rat(struct arena *a, enum constant_op op, struct big_rat x, struct big_rat y,
                      struct constant *ret)
{
    struct big_rat v;
    struct big_float f;
    int r = op == CONSTANT_ADD   ? big_rat_add(a, x, y, &v)
            : op == CONSTANT_SUB ? big_rat_sub(a, x, y, &v)
            : op == CONSTANT_MUL ? big_rat_mul(a, x, y, &v)
                                 : big_rat_div(a, x, y, &v);
    if (r < 0)
        return r;
    *ret = (struct constant){.kind = CONSTANT_FLOAT, .is_fraction = true, .rat = v};
    if (big_int_bits(v.num) < CONSTANT_RAT_BITS_MAX && big_int_bits(v.den) < CONSTANT_RAT_BITS_MAX)
        return 0;
    r = big_float_of_rat(a, v, &f);
    *ret = (struct constant){.kind = CONSTANT_FLOAT, .big = f};
    return r;
}

static int binary_float(struct arena *a, enum constant_op op, struct constant x, struct constant y,
                        struct constant *ret)
{
    struct big_float v;
    if (op != CONSTANT_ADD && op != CONSTANT_SUB && op != CONSTANT_MUL && op != CONSTANT_QUO)
        return -EINVAL;
    if (op == CONSTANT_QUO && constant_sign(y) == 0)
        return -EDOM;
    if (x.is_fraction)
        return binary_rat(a, op, x.rat, y.rat, ret);
    int r = op == CONSTANT_ADD   ? big_float_add(a, x.big, y.big, &v)
            : op == CONSTANT_SUB ? big_float_sub(a, x.big, y.big, &v)
            : op == CONSTANT_MUL ? big_float_mul(a, x.big, y.big, &v)
                                 : big_float_div(a, x.big, y.big, &v);
    if (r == 0)
        *ret = (struct constant){.kind = CONSTANT_FLOAT, .big = v};
    return r;
}

static int int_op(struct arena *a, enum constant_op op, struct big_int x, struct big_int y,
                  struct big_int *ret)
{
    switch (op) {
    case CONSTANT_ADD:
        return big_int_add(a, x, y, ret);
    case CONSTANT_SUB:
        return big_int_sub(a, x, y, ret);
    case CONSTANT_MUL:
        return big_int_mul(a, x, y, ret);
    case CONSTANT_QUO_INT:
        return big_int_div(a, x, y, ret, NULL);
    case CONSTANT_REM:
        return big_int_div(a, x, y, NULL, ret);
    case CONSTANT_AND:
        return big_int_bitwise(a, BIG_INT_AND, x, y, ret);
    case CONSTANT_OR:
        return big_int_bitwise(a, BIG_INT_OR, x, y, ret);
    case CONSTANT_XOR:
        return big_int_bitwise(a, BIG_INT_XOR, x, y, ret);
    case CONSTANT_AND_NOT:
        return big_int_bitwise(a, BIG_INT_AND_NOT, x, y, ret);
    default:
        return -EINVAL;
    }
}

static int binary_int(struct arena *a, enum constant_op op, struct big_int x, struct big_int y,
                      struct constant *ret)
{
    struct big_int v;
    bool divides = op == CONSTANT_QUO || op == CONSTANT_QUO_INT || op == CONSTANT_REM;
    if (divides && y.count == 0)
        return -EDOM;
    if (op == CONSTANT_QUO)
        return binary_rat(a, op, big_rat_of_int(x), big_rat_of_int(y), ret);
    int r = int_op(a, op, x, y, &v);
    if (r == 0)
        *ret = (struct constant){.kind = CONSTANT_INT, .integer = v};
    return r;
}

static int concatenate(struct arena *a, struct slice x, struct slice y, struct constant *ret)
{
    if (!x.size || !y.size) {
        *ret = constant_string(x.size ? x : y);
        return 0;
    }
    char *text = arena_alloc(a, x.size + y.size);
    if (!text)
        return -ENOMEM;
    memcpy(text, x.data, x.size);
    memcpy(text + x.size, y.data, y.size);
    *ret = constant_string((struct slice){text, x.size + y.size});
    return 0;
}

int constant_binary(struct arena *a, enum constant_op op, struct constant x, struct constant y,
                    struct constant *ret)
{
    if (is_unknown(x, y)) {
        *ret = (struct constant){0};
        return 0;
    }
    if (x.kind == CONSTANT_BOOL && y.kind == CONSTANT_BOOL &&
        (op == CONSTANT_LAND || op == CONSTANT_LOR)) {
        *ret = constant_bool(op == CONSTANT_LAND ? x.boolean && y.boolean : x.boolean || y.boolean);
        return 0;
    }
    if (x.kind == CONSTANT_STRING && y.kind == CONSTANT_STRING && op == CONSTANT_ADD)
        return concatenate(a, x.text, y.text, ret);
    if (!is_number(x) || !is_number(y))
        return -EINVAL;
    int r = match(a, &x, &y);
    if (r < 0)
        return r;
    return x.kind == CONSTANT_INT ? binary_int(a, op, x.integer, y.integer, ret)
                                  : binary_float(a, op, x, y, ret);
}

/* ---- unary, shifts ---- */

static int complement(struct arena *a, struct big_int x, unsigned unsigned_bits,
                      struct constant *ret)
{
    struct big_int v, mask;
    int r = big_int_not(a, x, &v);
    if (r == 0 && unsigned_bits) {
        r = big_int_shl(a, big_int_of_u64(1), unsigned_bits, &mask);
        if (r == 0)
            r = big_int_sub(a, mask, big_int_of_u64(1), &mask);
        if (r == 0)
            r = big_int_bitwise(a, BIG_INT_AND, v, mask, &v);
    }
    if (r == 0)
        *ret = (struct constant){.kind = CONSTANT_INT, .integer = v};
    return r;
}

static struct constant negated(struct constant x)
{
    if (x.kind == CONSTANT_INT)
        x.integer = big_int_neg(x.integer);
    else if (x.is_fraction)
        x.rat.num = big_int_neg(x.rat.num);
    else
        x.big.mantissa = big_int_neg(x.big.mantissa);
    return x;
}

int constant_unary(struct arena *a, enum constant_op op, struct constant x, unsigned unsigned_bits,
                   struct constant *ret)
{
    struct constant v = x;
    if (x.kind == CONSTANT_UNKNOWN)
        ;
    else if (op == CONSTANT_PLUS && is_number(x))
        ;
    else if (op == CONSTANT_MINUS && is_number(x))
        v = negated(x);
    else if (op == CONSTANT_NOT && x.kind == CONSTANT_BOOL)
        v = constant_bool(!x.boolean);
    else if (op == CONSTANT_COMPLEMENT && x.kind == CONSTANT_INT)
        return complement(a, x.integer, unsigned_bits, ret);
    else
        return -EINVAL;
    *ret = v;
    return 0;
}

int constant_shift(struct arena *a, struct constant x, bool left, uint64_t count,
                   struct constant *ret)
{
    struct big_int v;
    if (x.kind == CONSTANT_UNKNOWN) {
        *ret = x;
        return 0;
    }
    if (x.kind != CONSTANT_INT)
        return -EINVAL;
    int r = left ? big_int_shl(a, x.integer, count, &v) : big_int_shr(a, x.integer, count, &v);
    if (r == 0)
        *ret = (struct constant){.kind = CONSTANT_INT, .integer = v};
    return r;
}

/* ---- comparisons ---- */

static int judge(enum constant_op op, int order, bool *ret)
{
    switch (op) {
    case CONSTANT_EQ:
        *ret = order == 0;
        return 0;
    case CONSTANT_NE:
        *ret = order != 0;
        return 0;
    case CONSTANT_LT:
        *ret = order < 0;
        return 0;
    case CONSTANT_LE:
        *ret = order <= 0;
        return 0;
    case CONSTANT_GT:
        *ret = order > 0;
        return 0;
    case CONSTANT_GE:
        *ret = order >= 0;
        return 0;
    default:
        return -EINVAL;
    }
}

static int text_order(struct slice x, struct slice y)
{
    size_t n = x.size < y.size ? x.size : y.size;
    int c = n ? memcmp(x.data, y.data, n) : 0;
    return c ? c : (x.size > y.size) - (x.size < y.size);
}

int constant_compare(struct arena *a, enum constant_op op, struct constant x, struct constant y,
                     bool *ret)
{
    int order;
    if (is_unknown(x, y)) {
        *ret = false;
        return 0;
    }
    if (x.kind == CONSTANT_BOOL && y.kind == CONSTANT_BOOL)
        return op == CONSTANT_EQ || op == CONSTANT_NE ? judge(op, x.boolean - y.boolean, ret)
                                                      : -EINVAL;
    if (x.kind == CONSTANT_STRING && y.kind == CONSTANT_STRING)
        return judge(op, text_order(x.text, y.text), ret);
    if (!is_number(x) || !is_number(y))
        return -EINVAL;
    int r = match(a, &x, &y);
    if (r < 0)
        return r;
    if (x.kind == CONSTANT_INT)
        return judge(op, big_int_cmp(x.integer, y.integer), ret);
    r = x.is_fraction ? big_rat_cmp(a, x.rat, y.rat, &order)
                      : big_float_cmp(a, x.big, y.big, &order);
    return r < 0 ? r : judge(op, order, ret);
}
