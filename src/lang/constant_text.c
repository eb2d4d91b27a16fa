#include <errno.h>
#include <math.h>

#include "lang/constant.h"
#include "lang/go_float.h"
#include "lang/go_quote.h"
#include "lang/unicode.h"

enum { SHOWN_CHARS_MAX = 72 };

static const double LOG10_OF_2 = 0.30102999566398119521373889472449302676818988146210854;

/* The quoted string, cut so that with "..." it has SHOWN_CHARS_MAX characters. */
static int append_string(struct buf *to, struct slice s)
{
    size_t before = to->size;
    int r = go_quote_append(to, s, '"', GO_QUOTE_PRINTABLE);
    if (r < 0)
        return r;
    struct slice quoted = slice_sub(buf_slice(to), before, to->size), rest = quoted;
    if (unicode_count(quoted) <= SHOWN_CHARS_MAX)
        return 0;
    for (int i = 0; i < SHOWN_CHARS_MAX - 3; i++)
        unicode_next(&rest, NULL);
    to->size -= rest.size;
    to->data[to->size] = 0;
    return buf_append_cstr(to, "...");
}

/* Beyond what a double holds: the mantissa as a decimal, with a power of ten that was computed
 * apart from it. Six digits of it are right, and six are shown. */
static int append_far(struct buf *to, struct big_float f)
{
    int64_t e2 = big_float_exp(f);
    f.exponent -= e2;
    double m = big_float_to_f64(f), d = (double)e2 * LOG10_OF_2;
    int64_t e = (int64_t)d;
    m *= pow(10, d - (double)e);
    if (fabs(m) < 1 - 0.5e-6) {
        m *= 10;
        e--;
    } else if (fabs(m) >= 10) {
        m /= 10;
        e++;
    }
    int r = go_float_append(to, m, 'g', 6, 64);
    return r < 0 ? r : buf_printf(to, "e%+lld", (long long)e);
}

static int append_float(struct buf *to, struct big_float f)
{
    double v = big_float_to_f64(f);
    size_t before = to->size;
    if (isinf(v) || (v == 0) != (big_float_sign(f) == 0))
        return append_far(to, f);
    int r = go_float_append(to, v, 'g', 6, 64);
    if (r < 0 || big_float_is_int(f) ||
        slice_find_byte(slice_sub(buf_slice(to), before, to->size), '.') >= 0)
        return r;
    /* A fraction that looks like a whole number ("1e-07") has its digits shown in full. */
    to->size = before;
    return go_float_append(to, v, 'g', -1, 64);
}

int constant_append(struct buf *to, struct arena *a, struct constant x)
{
    struct big_float f;
    int r = 0;
    switch (x.kind) {
    case CONSTANT_BOOL:
        return buf_append_cstr(to, x.boolean ? "true" : "false");
    case CONSTANT_STRING:
        return append_string(to, x.text);
    case CONSTANT_INT:
        return big_int_append(to, a, x.integer);
    case CONSTANT_FLOAT:
        if (x.is_fraction)
            r = big_float_of_rat(a, x.rat, &f);
        else
            f = x.big;
        return r < 0 ? r : append_float(to, f);
    default:
        return buf_append_cstr(to, "unknown");
    }
}

/* 0x.8p+1: the mantissa's bits from the point on, in hexadecimal. */
static int append_bits(struct buf *to, struct big_float f)
{
    size_t bits = big_int_bits(f.mantissa);
    if (bits == 0)
        return buf_append_byte(to, '0');
    int r = buf_append_cstr(to, f.mantissa.negative ? "-0x." : "0x.");
    for (size_t done = 0; r == 0 && done < bits; done += 4) {
        unsigned digit = 0;
        for (size_t i = 1; i <= 4; i++)
            digit = digit << 1 | (done + i <= bits && big_int_bit(f.mantissa, bits - done - i));
        r = buf_append_byte(to, "0123456789abcdef"[digit]);
    }
    return r < 0 ? r : buf_printf(to, "p%+lld", (long long)big_float_exp(f));
}

int constant_append_exact(struct buf *to, struct arena *a, struct constant x)
{
    if (x.kind == CONSTANT_STRING)
        return go_quote_append(to, x.text, '"', GO_QUOTE_PRINTABLE);
    if (x.kind != CONSTANT_FLOAT)
        return constant_append(to, a, x);
    if (!x.is_fraction)
        return append_bits(to, x.big);
    int r = big_int_append(to, a, x.rat.num);
    if (r < 0 || big_rat_is_int(x.rat))
        return r;
    r = buf_append_byte(to, '/');
    return r < 0 ? r : big_int_append(to, a, x.rat.den);
}
