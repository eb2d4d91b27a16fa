#include <math.h>

#include "lang/golib_impl.h"

/* Only functions whose result is exact, or correctly rounded by definition: of those Go and C
 * agree in every bit. Exp, Log, Cbrt, Hypot and the trigonometric ones are left out: their last
 * bits differ between Go and C (of 20,000 arguments each, 5 % to 50 % did), and between Go's own
 * machines (assembly on some, fused operations on others), so that a configuration would depend on
 * where it is read. Pow is here for what needs neither Exp nor Log: whole exponents, and halves. */

static int math_abs(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->number = fabs(args[0].number);
    return 0;
}

static int math_ceil(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->number = ceil(args[0].number);
    return 0;
}

static int math_copysign(struct golib_call *c, const union golib_value *args,
                         union golib_value *ret)
{
    (void)c;
    ret->number = copysign(args[0].number, args[1].number);
    return 0;
}

static int math_dim(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    double v = args[0].number - args[1].number;
    ret->number = v <= 0 ? 0 : v; /* NaN stays */
    return 0;
}

static int math_floor(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->number = floor(args[0].number);
    return 0;
}

static int math_fma(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->number = fma(args[0].number, args[1].number, args[2].number);
    return 0;
}

static int math_frexp(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    int exponent = 0;
    double part = frexp(args[0].number, &exponent);
    ret[0].number = part;
    ret[1].integer = isfinite(part) ? exponent : 0;
    return 0;
}

static int math_inf(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->number = args[0].integer >= 0 ? INFINITY : -INFINITY;
    return 0;
}

static int math_is_inf(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    double v = args[0].number;
    int64_t sign = args[1].integer;
    ret->boolean = isinf(v) && (sign == 0 || (sign > 0) == (v > 0));
    return 0;
}

static int math_is_nan(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->boolean = isnan(args[0].number);
    return 0;
}

static int math_ldexp(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    /* Beyond a few thousand the result no longer changes. */
    int64_t e = args[1].integer;
    ret->number = ldexp(args[0].number, e > 5000 ? 5000 : e < -5000 ? -5000 : (int)e);
    return 0;
}

static int math_max(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    double x = args[0].number, y = args[1].number;
    if ((isinf(x) && x > 0) || (isinf(y) && y > 0))
        ret->number = INFINITY;
    else if (isnan(x) || isnan(y))
        ret->number = NAN;
    else if (x == 0 && y == 0)
        ret->number = signbit(x) ? y : x;
    else
        ret->number = x > y ? x : y;
    return 0;
}

static int math_min(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    double x = args[0].number, y = args[1].number;
    if ((isinf(x) && x < 0) || (isinf(y) && y < 0))
        ret->number = -INFINITY;
    else if (isnan(x) || isnan(y))
        ret->number = NAN;
    else if (x == 0 && y == 0)
        ret->number = signbit(x) ? x : y;
    else
        ret->number = x < y ? x : y;
    return 0;
}

static int math_mod(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->number = fmod(args[0].number, args[1].number);
    return 0;
}

static int math_modf(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    double whole, v = args[0].number, part = modf(v, &whole);
    ret[0].number = whole;
    ret[1].number = isinf(v) ? NAN : part;
    return 0;
}

static int math_nan(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    (void)args;
    const uint64_t bits = UINT64_C(0x7ff8000000000001); /* Go's own */
    memcpy(&ret->number, &bits, sizeof(bits));
    return 0;
}

static int math_nextafter(struct golib_call *c, const union golib_value *args,
                          union golib_value *ret)
{
    (void)c;
    double x = args[0].number, y = args[1].number;
    ret->number = x == y ? x : nextafter(x, y);
    return 0;
}

static bool is_odd(double v)
{
    return fabs(v) < 0x1p53 && fmod(fabs(v), 2) == 1;
}

/* Repeated squaring of x's fraction, its exponent beside it, as Go rounds at each step. */
static double power(double x, double y)
{
    enum { EXPONENT_FAR = 1 << 12 };
    int part_exponent;
    double part = frexp(x, &part_exponent), result = 1;
    int64_t at = part_exponent, exponent = 0;
    for (uint64_t left = (uint64_t)fabs(y); left; left >>= 1) {
        if (at < -EXPONENT_FAR || at > EXPONENT_FAR) {
            exponent += at; /* far beyond what a double holds, and only growing */
            break;
        }
        if (left & 1) {
            result *= part;
            exponent += at;
        }
        part *= part;
        at *= 2;
        if (part < 0.5) {
            part += part;
            at--;
        }
    }
    if (y < 0) {
        result = 1 / result;
        exponent = -exponent;
    }
    return ldexp(result, (int)exponent);
}

/* Where x or y is 0, 1, an infinity or no number, or y a half. */
static bool special_power(double x, double y, double *ret)
{
    bool shrinks = fabs(x) < 1 ? y > 0 : y < 0;
    if (y == 0 || x == 1)
        *ret = 1;
    else if (y == 1)
        *ret = x;
    else if (isnan(x) || isnan(y))
        *ret = NAN;
    else if (x == 0 || isinf(x)) {
        bool vanishes = (x == 0) == (y > 0);
        *ret = copysign(vanishes ? 0 : INFINITY, is_odd(y) ? x : 1);
    } else if (fabs(y) >= 0x1p63) /* infinities, too; all such numbers are even */
        *ret = x == -1 ? 1 : shrinks ? 0 : INFINITY;
    else if (fabs(y) == 0.5)
        *ret = y < 0 ? 1 / sqrt(x) : sqrt(x);
    else
        return false;
    return true;
}

static int math_pow(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    double x = args[0].number, y = args[1].number, v;
    if (!special_power(x, y, &v)) {
        bool whole = trunc(y) == y;
        if (!whole && x > 0)
            return golib_panic(c, "math.Pow: only whole exponents and halves are exact enough to "
                                  "be the same on every machine");
        v = whole ? power(x, y) : NAN;
    }
    ret->number = v;
    return 0;
}

static int math_remainder(struct golib_call *c, const union golib_value *args,
                          union golib_value *ret)
{
    (void)c;
    double v = remainder(args[0].number, args[1].number);
    /* A zero has x's sign; glibc forgets that of some. */
    ret->number = v == 0 ? copysign(v, args[0].number) : v;
    return 0;
}

static int math_round(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->number = round(args[0].number);
    return 0;
}

static int math_round_to_even(struct golib_call *c, const union golib_value *args,
                              union golib_value *ret)
{
    (void)c;
    ret->number = nearbyint(args[0].number);
    return 0;
}

static int math_signbit(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->boolean = signbit(args[0].number) != 0;
    return 0;
}

static int math_sqrt(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->number = sqrt(args[0].number);
    return 0;
}

static int math_trunc(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->number = trunc(args[0].number);
    return 0;
}

static int math_float64bits(struct golib_call *c, const union golib_value *args,
                            union golib_value *ret)
{
    (void)c;
    double v = args[0].number;
    memcpy(&ret->natural, &v, sizeof(v));
    return 0;
}

static int math_float64frombits(struct golib_call *c, const union golib_value *args,
                                union golib_value *ret)
{
    (void)c;
    uint64_t v = args[0].natural;
    memcpy(&ret->number, &v, sizeof(v));
    return 0;
}

static int math_float32bits(struct golib_call *c, const union golib_value *args,
                            union golib_value *ret)
{
    (void)c;
    float v = (float)args[0].number;
    uint32_t bits;
    memcpy(&bits, &v, sizeof(v));
    ret->natural = bits;
    return 0;
}

static int math_float32frombits(struct golib_call *c, const union golib_value *args,
                                union golib_value *ret)
{
    (void)c;
    uint32_t bits = (uint32_t)args[0].natural;
    float v;
    memcpy(&v, &bits, sizeof(v));
    ret->number = (double)v;
    return 0;
}

static const struct golib_func funcs[] = {
    {.name = "Abs", .params = "f", .results = "f", .call = math_abs},
    {.name = "Ceil", .params = "f", .results = "f", .call = math_ceil},
    {.name = "Copysign", .params = "ff", .results = "f", .call = math_copysign},
    {.name = "Dim", .params = "ff", .results = "f", .call = math_dim},
    {.name = "FMA", .params = "fff", .results = "f", .call = math_fma},
    {.name = "Float32bits", .params = "g", .results = "v", .call = math_float32bits},
    {.name = "Float32frombits", .params = "v", .results = "g", .call = math_float32frombits},
    {.name = "Float64bits", .params = "f", .results = "u", .call = math_float64bits},
    {.name = "Float64frombits", .params = "u", .results = "f", .call = math_float64frombits},
    {.name = "Floor", .params = "f", .results = "f", .call = math_floor},
    {.name = "Frexp", .params = "f", .results = "fi", .call = math_frexp},
    {.name = "Inf", .params = "i", .results = "f", .call = math_inf},
    {.name = "IsInf", .params = "fi", .results = "b", .call = math_is_inf},
    {.name = "IsNaN", .params = "f", .results = "b", .call = math_is_nan},
    {.name = "Ldexp", .params = "fi", .results = "f", .call = math_ldexp},
    {.name = "Max", .params = "ff", .results = "f", .call = math_max},
    {.name = "Min", .params = "ff", .results = "f", .call = math_min},
    {.name = "Mod", .params = "ff", .results = "f", .call = math_mod},
    {.name = "Modf", .params = "f", .results = "ff", .call = math_modf},
    {.name = "NaN", .params = "", .results = "f", .call = math_nan},
    {.name = "Nextafter", .params = "ff", .results = "f", .call = math_nextafter},
    {.name = "Pow", .params = "ff", .results = "f", .call = math_pow},
    {.name = "Remainder", .params = "ff", .results = "f", .call = math_remainder},
    {.name = "Round", .params = "f", .results = "f", .call = math_round},
    {.name = "RoundToEven", .params = "f", .results = "f", .call = math_round_to_even},
    {.name = "Signbit", .params = "f", .results = "b", .call = math_signbit},
    {.name = "Sqrt", .params = "f", .results = "f", .call = math_sqrt},
    {.name = "Trunc", .params = "f", .results = "f", .call = math_trunc},
};

#define CONST(NAME, LITERAL)                                  \
    {                                                         \
        .name = NAME, .kind = GOLIB_CONST, .literal = LITERAL \
    }

static const struct golib_object objects[] = {
    CONST("E", "2.71828182845904523536028747135266249775724709369995957496696763"),
    CONST("Ln10", "2.30258509299404568401799145468436420760110148862877297603332790"),
    CONST("Ln2", "0.693147180559945309417232121458176568075500134360255254120680009"),
    CONST("Log10E", "0.43429448190325182765112891891660508229439700580366656611445378"),
    CONST("Log2E", "1.44269504088896340735992468100189213742664595415298593413544940"),
    CONST("MaxFloat32", "0x1.fffffep127"),
    CONST("MaxFloat64", "0x1.fffffffffffffp1023"),
    CONST("MaxInt", "9223372036854775807"),
    CONST("MaxInt16", "32767"),
    CONST("MaxInt32", "2147483647"),
    CONST("MaxInt64", "9223372036854775807"),
    CONST("MaxInt8", "127"),
    CONST("MaxUint", "18446744073709551615"),
    CONST("MaxUint16", "65535"),
    CONST("MaxUint32", "4294967295"),
    CONST("MaxUint64", "18446744073709551615"),
    CONST("MaxUint8", "255"),
    CONST("MinInt", "-9223372036854775808"),
    CONST("MinInt16", "-32768"),
    CONST("MinInt32", "-2147483648"),
    CONST("MinInt64", "-9223372036854775808"),
    CONST("MinInt8", "-128"),
    CONST("Phi", "1.61803398874989484820458683436563811772030917980576286213544862"),
    CONST("Pi", "3.14159265358979323846264338327950288419716939937510582097494459"),
    CONST("SmallestNonzeroFloat32", "0x1p-149"),
    CONST("SmallestNonzeroFloat64", "0x1p-1074"),
    CONST("Sqrt2", "1.41421356237309504880168872420969807856967187537694807317667974"),
    CONST("SqrtE", "1.64872127070012814684865078781416357165377610071014801157507931"),
    CONST("SqrtPhi", "1.27201964951406896425242246173749149171560804184009624861664038"),
    CONST("SqrtPi", "1.77245385090551602729816748334114518279754945612238712821380779"),
};

const struct golib_package golib_math = {.path = "math",
                                         .funcs = funcs,
                                         .func_count = ARRAY_LEN(funcs),
                                         .objects = objects,
                                         .object_count = ARRAY_LEN(objects)};
