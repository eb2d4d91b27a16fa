#include <errno.h>
#include <math.h>

#include "lang/constant.h"

static const struct {
    int8_t bits; /* 0: not a whole type */
    bool is_signed;
} whole_types[CONSTANT_TYPE_COUNT] = {
    [CONSTANT_TYPE_INT] = {64, true},      [CONSTANT_TYPE_INT8] = {8, true},
    [CONSTANT_TYPE_INT16] = {16, true},    [CONSTANT_TYPE_INT32] = {32, true},
    [CONSTANT_TYPE_INT64] = {64, true},    [CONSTANT_TYPE_UINT] = {64, false},
    [CONSTANT_TYPE_UINT8] = {8, false},    [CONSTANT_TYPE_UINT16] = {16, false},
    [CONSTANT_TYPE_UINT32] = {32, false},  [CONSTANT_TYPE_UINT64] = {64, false},
    [CONSTANT_TYPE_UINTPTR] = {64, false},
};

static bool in_range(struct big_int v, unsigned bits, bool is_signed)
{
    size_t have = big_int_bits(v);
    if (!is_signed)
        return !v.negative && have <= bits;
    /* The most negative one is a power of two: one bit more than the largest. */
    return have < bits || (have == bits && v.negative && big_int_zero_bits(v) == bits - 1);
}

static int fit_whole(struct arena *a, struct constant x, enum constant_type type,
                     enum constant_fit *ret_fit, struct constant *ret)
{
    struct constant whole;
    bool is_whole;
    int r = constant_to_int(a, x, &is_whole, &whole);
    if (r < 0 && r != -ERANGE)
        return r;
    if (r == 0 && is_whole &&
        in_range(whole.integer, (unsigned)whole_types[type].bits, whole_types[type].is_signed)) {
        *ret_fit = CONSTANT_FITS;
        *ret = whole;
        return 0;
    }
    /* gc says so of every float, even where the reason is its size. */
    *ret_fit = x.kind == CONSTANT_FLOAT ? CONSTANT_TRUNCATED : CONSTANT_OVERFLOWS;
    return 0;
}

static int fit_float(struct arena *a, struct constant x, enum constant_type type,
                     enum constant_fit *ret_fit, struct constant *ret)
{
    double v;
    float narrow;
    int r =
        type == CONSTANT_TYPE_FLOAT32 ? constant_to_f32(a, x, &narrow) : constant_to_f64(a, x, &v);
    if (r < 0)
        return r;
    if (type == CONSTANT_TYPE_FLOAT32)
        v = (double)narrow;
    *ret_fit = isfinite(v) ? CONSTANT_FITS : CONSTANT_OVERFLOWS;
    return isfinite(v) ? constant_f64(a, v, ret) : 0;
}

int constant_fit(struct arena *a, struct constant x, enum constant_type type,
                 enum constant_fit *ret_fit, struct constant *ret)
{
    struct constant scratch;
    bool is_number = x.kind == CONSTANT_INT || x.kind == CONSTANT_FLOAT;
    if (!ret)
        ret = &scratch;
    if (x.kind == CONSTANT_UNKNOWN || (x.kind == CONSTANT_BOOL && type == CONSTANT_TYPE_BOOL) ||
        (x.kind == CONSTANT_STRING && type == CONSTANT_TYPE_STRING)) {
        *ret_fit = CONSTANT_FITS;
        *ret = x;
        return 0;
    }
    if (is_number && whole_types[type].bits)
        return fit_whole(a, x, type, ret_fit, ret);
    if (is_number && (type == CONSTANT_TYPE_FLOAT32 || type == CONSTANT_TYPE_FLOAT64))
        return fit_float(a, x, type, ret_fit, ret);
    *ret_fit = CONSTANT_MISMATCH;
    return 0;
}
