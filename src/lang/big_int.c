#include "lang/big_int.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/defs.h"

enum { LIMB_BITS = 64, LIMBS_MAX = (BIG_INT_BITS_MAX + LIMB_BITS - 1) / LIMB_BITS };

typedef unsigned __int128 wide;

/* Of a copy that outlives the pointer: callers hold their operand by value. */
static const uint64_t *limbs_of(const struct big_int *x)
{
    return x->count <= 1 ? &x->one : x->limbs;
}

/* Room for one limb more than a number may have: a sum's carry, before it is judged. */
static int limbs_new(struct arena *a, size_t count, uint64_t **ret)
{
    if (count > LIMBS_MAX + 2)
        return -ERANGE;
    *ret = arena_alloc_array(a, count ? count : 1, sizeof(uint64_t));
    return *ret ? 0 : -ENOMEM;
}

static size_t limb_bits(uint64_t v)
{
    return v ? LIMB_BITS - (size_t)__builtin_clzll(v) : 0;
}

/* The number that these limbs are, without leading zeroes. */
static int finish(const uint64_t *limbs, size_t count, bool negative, struct big_int *ret)
{
    while (count && limbs[count - 1] == 0)
        count--;
    if (count && (count - 1) * LIMB_BITS + limb_bits(limbs[count - 1]) > BIG_INT_BITS_MAX)
        return -ERANGE;
    *ret = (struct big_int){.negative = negative && count, .count = (uint32_t)count};
    if (count <= 1)
        ret->one = count ? limbs[0] : 0;
    else
        ret->limbs = limbs;
    return 0;
}

struct big_int big_int_of_u64(uint64_t v)
{
    return (struct big_int){.count = v != 0, .one = v};
}

struct big_int big_int_of_i64(int64_t v)
{
    struct big_int x = big_int_of_u64(v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
    x.negative = v < 0;
    return x;
}

/* ---- magnitudes ---- */

static int mag_cmp(const uint64_t *x, size_t xn, const uint64_t *y, size_t yn)
{
    if (xn != yn)
        return xn < yn ? -1 : 1;
    for (size_t i = xn; i-- > 0;)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

static size_t mag_trim(const uint64_t *x, size_t n)
{
    while (n && x[n - 1] == 0)
        n--;
    return n;
}

/* x = x * factor + more, in place; returns the new count (one more where it carries). */
static size_t mag_mul_small(uint64_t *x, size_t n, uint64_t factor, uint64_t more)
{
    for (size_t i = 0; i < n; i++) {
        wide w = (wide)x[i] * factor + more;
        x[i] = (uint64_t)w;
        more = (uint64_t)(w >> LIMB_BITS);
    }
    if (more)
        x[n++] = more;
    return n;
}

/* x /= divisor in place; returns the rest. */
static uint64_t mag_div_small(uint64_t *x, size_t n, uint64_t divisor)
{
    wide rest = 0;
    for (size_t i = n; i-- > 0;) {
        wide w = rest << LIMB_BITS | x[i];
        x[i] = (uint64_t)(w / divisor);
        rest = w % divisor;
    }
    return (uint64_t)rest;
}

/* x -= y, x >= y. */
static void mag_sub(uint64_t *x, size_t xn, const uint64_t *y, size_t yn)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < xn && (i < yn || borrow); i++) {
        uint64_t v = i < yn ? y[i] : 0, was = x[i];
        x[i] = was - v - borrow;
        borrow = was < v || (was == v && borrow);
    }
}

/* x >>= bits, in place. */
static void mag_shr(uint64_t *x, size_t n, size_t bits)
{
    size_t whole = bits / LIMB_BITS, part = bits % LIMB_BITS;
    for (size_t i = 0; i < n; i++) {
        uint64_t low = i + whole < n ? x[i + whole] : 0;
        uint64_t high = i + whole + 1 < n ? x[i + whole + 1] : 0;
        x[i] = part ? low >> part | high << (LIMB_BITS - part) : low;
    }
}

/* to = x << bits; `to` has room for n + bits / 64 + 1 limbs and does not overlap. */
static void mag_shl(uint64_t *to, const uint64_t *x, size_t n, size_t bits)
{
    size_t whole = bits / LIMB_BITS, part = bits % LIMB_BITS;
    memset(to, 0, (n + whole + 1) * sizeof(*to));
    for (size_t i = 0; i < n; i++) {
        to[i + whole] |= x[i] << part;
        if (part)
            to[i + whole + 1] |= x[i] >> (LIMB_BITS - part);
    }
}

static size_t mag_zero_bits(const uint64_t *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i])
            return i * LIMB_BITS + (size_t)__builtin_ctzll(x[i]);
    return 0;
}

/* ---- text ---- */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The largest power of the base that a limb holds, so that a limb's worth of digits costs one
 * pass over the number. */
static uint64_t limb_power(unsigned base, unsigned *ret_digits)
{
    uint64_t power = base, next;
    *ret_digits = 1;
    while (!__builtin_mul_overflow(power, (uint64_t)base, &next)) {
        power = next;
        ++*ret_digits;
    }
    return power;
}

int big_int_parse(struct arena *a, struct slice digits, unsigned base, struct big_int *ret)
{
    assert(base >= 2 && base <= 16);
    while (digits.size > 1 && (digits.data[0] == '0' || digits.data[0] == '_'))
        digits = slice_sub(digits, 1, digits.size);
    if (digits.size == 0)
        return -EINVAL;
    unsigned chunk_digits, seen = 0;
    uint64_t whole_chunk = limb_power(base, &chunk_digits), chunk = 0, power = 1, *limbs;
    /* One digit is at most log2(base) bits. Beyond the bound by far, nothing is allocated. */
    if (digits.size > BIG_INT_BITS_MAX * 2)
        return -ERANGE;
    size_t room = digits.size * limb_bits(base - 1) / LIMB_BITS + 2, n = 0;
    int r = limbs_new(a, room < LIMBS_MAX + 2 ? room : LIMBS_MAX + 2, &limbs);
    if (r < 0)
        return r;
    for (size_t i = 0; i < digits.size; i++) {
        int d = digit_of(digits.data[i]);
        if (digits.data[i] == '_')
            continue;
        if (d < 0 || (unsigned)d >= base)
            return -EINVAL;
        chunk = chunk * base + (uint64_t)d;
        power *= base;
        if (++seen < chunk_digits)
            continue;
        if (n > LIMBS_MAX)
            return -ERANGE;
        n = mag_mul_small(limbs, n, whole_chunk, chunk);
        seen = 0;
        chunk = 0;
        power = 1;
    }
    if (n > LIMBS_MAX)
        return -ERANGE;
    if (seen)
        n = mag_mul_small(limbs, n, power, chunk);
    return finish(limbs, n, false, ret);
}

int big_int_append(struct buf *to, struct arena *a, struct big_int x)
{
    static const uint64_t ten19 = UINT64_C(10000000000000000000);
    if (x.count <= 1) {
        int r = x.negative ? buf_append_byte(to, '-') : 0;
        return r < 0 ? r : buf_append_u64(to, x.one);
    }
    uint64_t *left;
    int r = limbs_new(a, x.count, &left);
    if (r < 0)
        return r;
    memcpy(left, x.limbs, x.count * sizeof(*left));
    size_t n = x.count, room = (size_t)x.count * 20 + 2;
    char *text = arena_alloc(a, room), *at = text + room;
    if (!text)
        return -ENOMEM;
    while (n) {
        uint64_t part = mag_div_small(left, n, ten19);
        n = mag_trim(left, n);
        for (int i = 0; i < 19 && (n || part); i++, part /= 10)
            *--at = (char)('0' + part % 10);
    }
    if (x.negative)
        *--at = '-';
    return buf_append(to, at, (size_t)(text + room - at));
}

/* ---- asking ---- */

int big_int_sign(struct big_int x)
{
    return x.negative ? -1 : x.count != 0;
}

int big_int_cmp(struct big_int x, struct big_int y)
{
    if (x.negative != y.negative)
        return x.negative ? -1 : 1;
    int c = mag_cmp(limbs_of(&x), x.count, limbs_of(&y), y.count);
    return x.negative ? -c : c;
}

size_t big_int_bits(struct big_int x)
{
    return x.count ? (size_t)(x.count - 1) * LIMB_BITS + limb_bits(limbs_of(&x)[x.count - 1]) : 0;
}

size_t big_int_zero_bits(struct big_int x)
{
    return mag_zero_bits(limbs_of(&x), x.count);
}

bool big_int_bit(struct big_int x, size_t at)
{
    return at / LIMB_BITS < x.count && limbs_of(&x)[at / LIMB_BITS] >> at % LIMB_BITS & 1;
}

bool big_int_any_below(struct big_int x, size_t at)
{
    return x.count && big_int_zero_bits(x) < at;
}

bool big_int_to_u64(struct big_int x, uint64_t *ret)
{
    if (x.negative || x.count > 1)
        return false;
    *ret = x.count ? x.one : 0;
    return true;
}

bool big_int_to_i64(struct big_int x, int64_t *ret)
{
    uint64_t v = x.count ? x.one : 0;
    if (x.count > 1 || v > (uint64_t)INT64_MAX + x.negative)
        return false;
    *ret = x.negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

/* ---- arithmetic ---- */

struct big_int big_int_neg(struct big_int x)
{
    x.negative = x.count && !x.negative;
    return x;
}

/* |x| + |y| */
static int add_magnitudes(struct arena *a, struct big_int x, struct big_int y, bool negative,
                          struct big_int *ret)
{
    const uint64_t *xl = limbs_of(&x), *yl = limbs_of(&y);
    size_t n = x.count > y.count ? x.count : y.count;
    uint64_t *to, carry = 0, small;
    if (n <= 1 && !__builtin_add_overflow(x.one, y.one, &small)) {
        *ret = big_int_of_u64(small);
        ret->negative = negative && small;
        return 0;
    }
    int r = limbs_new(a, n + 1, &to);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        wide w = (wide)(i < x.count ? xl[i] : 0) + (i < y.count ? yl[i] : 0) + carry;
        to[i] = (uint64_t)w;
        carry = (uint64_t)(w >> LIMB_BITS);
    }
    to[n] = carry;
    return finish(to, n + 1, negative, ret);
}

int big_int_add(struct arena *a, struct big_int x, struct big_int y, struct big_int *ret)
{
    if (x.negative == y.negative)
        return add_magnitudes(a, x, y, x.negative, ret);
    int c = mag_cmp(limbs_of(&x), x.count, limbs_of(&y), y.count);
    struct big_int larger = c >= 0 ? x : y, smaller = c >= 0 ? y : x;
    uint64_t *to;
    if (larger.count <= 1) {
        uint64_t v = larger.one - smaller.one;
        *ret = big_int_of_u64(v);
        ret->negative = larger.negative && v;
        return 0;
    }
    int r = limbs_new(a, larger.count, &to);
    if (r < 0)
        return r;
    memcpy(to, larger.limbs, larger.count * sizeof(*to));
    mag_sub(to, larger.count, limbs_of(&smaller), smaller.count);
    return finish(to, larger.count, larger.negative, ret);
}

int big_int_sub(struct arena *a, struct big_int x, struct big_int y, struct big_int *ret)
{
    return big_int_add(a, x, big_int_neg(y), ret);
}

int big_int_mul(struct arena *a, struct big_int x, struct big_int y, struct big_int *ret)
{
    const uint64_t *xl = limbs_of(&x), *yl = limbs_of(&y);
    bool negative = x.negative != y.negative;
    uint64_t *to, small;
    if (x.count <= 1 && y.count <= 1 && !__builtin_mul_overflow(x.one, y.one, &small)) {
        *ret = big_int_of_u64(small);
        ret->negative = negative && small;
        return 0;
    }
    int r = limbs_new(a, (size_t)x.count + y.count, &to);
    if (r < 0)
        return r;
    for (size_t i = 0; i < x.count; i++) {
        uint64_t carry = 0;
        for (size_t k = 0; k < y.count; k++) {
            wide w = (wide)xl[i] * yl[k] + to[i + k] + carry;
            to[i + k] = (uint64_t)w;
            carry = (uint64_t)(w >> LIMB_BITS);
        }
        to[i + y.count] = carry;
    }
    return finish(to, (size_t)x.count + y.count, negative, ret);
}

/* One digit of Knuth's algorithm D: how often the normalised divisor v[0 … n) goes into
 * u[0 … n], which is reduced by it. The guess from the two top limbs is at most one too large
 * after its correction, and then the divisor is added back. */
static uint64_t div_step(uint64_t *u, const uint64_t *v, size_t n)
{
    wide top = (wide)u[n] << LIMB_BITS | u[n - 1];
    wide guess = u[n] >= v[n - 1] ? (wide)UINT64_MAX : top / v[n - 1];
    wide rest = top - guess * v[n - 1];
    while (rest <= UINT64_MAX && guess * v[n - 2] > (rest << LIMB_BITS | u[n - 2])) {
        guess--;
        rest += v[n - 1];
    }
    uint64_t q = (uint64_t)guess, carry = 0, borrow = 0;
    for (size_t i = 0; i < n; i++) {
        wide product = (wide)q * v[i] + carry;
        carry = (uint64_t)(product >> LIMB_BITS);
        wide d = (wide)u[i] - (uint64_t)product - borrow;
        u[i] = (uint64_t)d;
        borrow = (d >> LIMB_BITS) != 0;
    }
    wide d = (wide)u[n] - carry - borrow;
    u[n] = (uint64_t)d;
    if (d >> LIMB_BITS == 0)
        return q;
    carry = 0;
    for (size_t i = 0; i < n; i++) {
        wide w = (wide)u[i] + v[i] + carry;
        u[i] = (uint64_t)w;
        carry = (uint64_t)(w >> LIMB_BITS);
    }
    u[n] += carry;
    return q - 1;
}

/* |x| / |y| of at least two limbs each: quotient limbs, and the rest. */
static int div_long(struct arena *a, const struct big_int *x, const struct big_int *y,
                    uint64_t **ret_q, size_t *ret_qn, uint64_t **ret_rest)
{
    size_t n = y->count, m = x->count, shift = LIMB_BITS - limb_bits(y->limbs[n - 1]);
    uint64_t *u, *v, *q;
    int r = limbs_new(a, m + 2, &u);
    if (r == 0)
        r = limbs_new(a, n + 1, &v);
    if (r == 0)
        r = limbs_new(a, m - n + 1, &q);
    if (r < 0)
        return r;
    mag_shl(u, x->limbs, m, shift);
    mag_shl(v, y->limbs, n, shift);
    for (size_t j = m - n + 1; j-- > 0;)
        q[j] = div_step(u + j, v, n);
    mag_shr(u, n, shift);
    *ret_q = q;
    *ret_qn = m - n + 1;
    *ret_rest = u;
    return 0;
}

int big_int_div(struct arena *a, struct big_int x, struct big_int y, struct big_int *ret_quotient,
                struct big_int *ret_rest)
{
    assert(y.count);
    struct big_int quotient = {0}, rest = x;
    bool negative = x.negative != y.negative;
    uint64_t *q, *left;
    size_t qn;
    int r = 0;
    if (x.count <= 1 && y.count == 1) {
        uint64_t v = x.count ? x.one : 0;
        quotient = big_int_of_u64(v / y.one);
        quotient.negative = negative && quotient.count;
        rest = big_int_of_u64(v % y.one);
        rest.negative = x.negative && rest.count;
    } else if (x.count && mag_cmp(limbs_of(&x), x.count, limbs_of(&y), y.count) >= 0) {
        if (y.count == 1) {
            r = limbs_new(a, x.count, &q);
            if (r < 0)
                return r;
            memcpy(q, x.limbs, x.count * sizeof(*q));
            rest = big_int_of_u64(mag_div_small(q, x.count, y.one));
            rest.negative = x.negative && rest.count;
            qn = x.count;
        } else {
            r = div_long(a, &x, &y, &q, &qn, &left);
            if (r == 0)
                r = finish(left, y.count, x.negative, &rest);
        }
        if (r == 0)
            r = finish(q, qn, negative, &quotient);
    }
    if (r < 0)
        return r;
    if (ret_quotient)
        *ret_quotient = quotient;
    if (ret_rest)
        *ret_rest = rest;
    return 0;
}

static uint64_t gcd_small(uint64_t x, uint64_t y)
{
    while (y) {
        uint64_t rest = x % y;
        x = y;
        y = rest;
    }
    return x;
}

/* The top bits of x, and the bits of y at the same places, so that their quotient is about that of
 * x and y. 62, so that sums of two of them stay within an int64. */
static void top_bits(const uint64_t *x, const uint64_t *y, size_t n, int64_t *ret_x, int64_t *ret_y)
{
    size_t up = LIMB_BITS - limb_bits(x[n - 1]);
    wide xt = (wide)x[n - 1] << LIMB_BITS | x[n - 2], yt = (wide)y[n - 1] << LIMB_BITS | y[n - 2];
    *ret_x = (int64_t)(uint64_t)((xt << up) >> (LIMB_BITS + 2));
    *ret_y = (int64_t)(uint64_t)((yt << up) >> (LIMB_BITS + 2));
}

/* Euclid's steps on the top bits alone, as long as the bits below cannot change a quotient: then
 * (x, y) becomes (a x + b y, c x + d y). false: not even one step was certain. */
struct steps {
    int64_t a, b, c, d;
};

static bool steps_of(int64_t x, int64_t y, struct steps *ret)
{
    struct steps s = {1, 0, 0, 1};
    while (y + s.c != 0 && y + s.d != 0) {
        int64_t q = (x + s.a) / (y + s.c), rest = x - q * y;
        if (q != (x + s.b) / (y + s.d))
            break;
        s = (struct steps){s.c, s.d, s.a - q * s.c, s.b - q * s.d};
        x = y;
        y = rest;
    }
    *ret = s;
    return s.b != 0;
}

static void take_steps(uint64_t *x, uint64_t *y, size_t n, const struct steps *s)
{
    __int128 x_carry = 0, y_carry = 0;
    for (size_t i = 0; i < n; i++) {
        __int128 xi = x[i], yi = y[i];
        x_carry += s->a * xi + s->b * yi;
        y_carry += s->c * xi + s->d * yi;
        x[i] = (uint64_t)x_carry;
        y[i] = (uint64_t)y_carry;
        x_carry >>= LIMB_BITS;
        y_carry >>= LIMB_BITS;
    }
}

/* Limbs of |x| that may be written to, with room for `count`. */
static int writable(struct arena *a, const struct big_int *x, size_t count, uint64_t **ret)
{
    int r = limbs_new(a, count, ret);
    if (r == 0)
        memcpy(*ret, limbs_of(x), x->count * sizeof(uint64_t));
    return r;
}

/* Lehmer's: many steps of Euclid's for each pass over the numbers, in place, because a rest in the
 * arena for each step would fill it. x >= y, both of at least two limbs. */
static int gcd_long(struct arena *a, struct big_int x, struct big_int y, struct big_int *ret_x,
                    struct big_int *ret_y)
{
    uint64_t *xl, *yl;
    size_t n = x.count;
    struct steps s;
    int r = writable(a, &x, n, &xl);
    if (r == 0)
        r = writable(a, &y, n, &yl);
    if (r < 0)
        return r;
    while (mag_trim(yl, n) >= 2) {
        int64_t xt, yt;
        top_bits(xl, yl, n, &xt, &yt);
        if (!steps_of(xt, yt, &s))
            break;
        take_steps(xl, yl, n, &s);
        n = mag_trim(xl, n);
    }
    r = finish(xl, n, false, ret_x);
    return r < 0 ? r : finish(yl, mag_trim(yl, n), false, ret_y);
}

int big_int_gcd(struct arena *a, struct big_int x, struct big_int y, struct big_int *ret)
{
    assert(x.count || y.count);
    x.negative = y.negative = false;
    if (big_int_cmp(x, y) < 0) {
        struct big_int was = x;
        x = y;
        y = was;
    }
    while (y.count >= 2) {
        struct big_int rest;
        int r = gcd_long(a, x, y, &x, &y);
        /* What stopped there is a quotient too large to be seen in the top bits: one plain step. */
        if (r == 0 && y.count >= 2) {
            r = big_int_div(a, x, y, NULL, &rest);
            x = y;
            y = rest;
        }
        if (r < 0)
            return r;
    }
    if (y.count) {
        struct big_int rest;
        int r = big_int_div(a, x, y, NULL, &rest);
        if (r < 0)
            return r;
        x = big_int_of_u64(gcd_small(y.one, rest.count ? rest.one : 0));
    }
    *ret = x;
    return 0;
}

int big_int_pow(struct arena *a, uint64_t base, unsigned exponent, struct big_int *ret)
{
    struct big_int power = big_int_of_u64(1), square = big_int_of_u64(base);
    for (;;) {
        int r = exponent & 1 ? big_int_mul(a, power, square, &power) : 0;
        if (r < 0)
            return r;
        exponent >>= 1;
        if (!exponent)
            break;
        r = big_int_mul(a, square, square, &square);
        if (r < 0)
            return r;
    }
    *ret = power;
    return 0;
}

/* ---- bits ---- */

int big_int_shl(struct arena *a, struct big_int x, size_t bits, struct big_int *ret)
{
    uint64_t *to;
    if (!x.count || !bits) {
        *ret = x;
        return 0;
    }
    if (bits > BIG_INT_BITS_MAX || big_int_bits(x) + bits > BIG_INT_BITS_MAX)
        return -ERANGE;
    size_t n = x.count + bits / LIMB_BITS + 1;
    int r = limbs_new(a, n, &to);
    if (r < 0)
        return r;
    mag_shl(to, limbs_of(&x), x.count, bits);
    return finish(to, n, x.negative, ret);
}

int big_int_shr(struct arena *a, struct big_int x, size_t bits, struct big_int *ret)
{
    uint64_t *to;
    bool lost = x.negative && big_int_any_below(x, bits);
    struct big_int cut = {0};
    if (bits < big_int_bits(x)) {
        int r = limbs_new(a, x.count, &to);
        if (r < 0)
            return r;
        memcpy(to, limbs_of(&x), x.count * sizeof(*to));
        mag_shr(to, x.count, bits);
        r = finish(to, x.count, x.negative, &cut);
        if (r < 0)
            return r;
    }
    if (lost)
        return big_int_sub(a, cut, big_int_of_u64(1), ret);
    *ret = cut;
    return 0;
}

/* Limb `at` of x as a two's complement number; *carry is 1 at first, for the + 1 of ~|x| + 1. */
static uint64_t twos_limb(const struct big_int *x, size_t at, uint64_t *carry)
{
    uint64_t v = at < x->count ? limbs_of(x)[at] : 0;
    if (!x->negative)
        return v;
    v = ~v + *carry;
    *carry = *carry && v == 0;
    return v;
}

static uint64_t bitop(enum big_int_bitop op, uint64_t x, uint64_t y)
{
    switch (op) {
    case BIG_INT_AND:
        return x & y;
    case BIG_INT_OR:
        return x | y;
    case BIG_INT_XOR:
        return x ^ y;
    case BIG_INT_AND_NOT:
        break;
    }
    return x & ~y;
}

int big_int_bitwise(struct arena *a, enum big_int_bitop op, struct big_int x, struct big_int y,
                    struct big_int *ret)
{
    size_t n = (size_t)(x.count > y.count ? x.count : y.count) + 1; /* the sign's own limb */
    uint64_t *to, x_carry = 1, y_carry = 1;
    int r = limbs_new(a, n, &to);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        to[i] = bitop(op, twos_limb(&x, i, &x_carry), twos_limb(&y, i, &y_carry));
    bool negative = to[n - 1] >> (LIMB_BITS - 1);
    uint64_t carry = 1;
    for (size_t i = 0; negative && i < n; i++) {
        to[i] = ~to[i] + carry;
        carry = carry && to[i] == 0;
    }
    return finish(to, n, negative, ret);
}

int big_int_not(struct arena *a, struct big_int x, struct big_int *ret)
{
    return big_int_sub(a, big_int_neg(x), big_int_of_u64(1), ret);
}
