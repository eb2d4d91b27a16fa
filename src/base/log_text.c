#include "base/log_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/defs.h"
#include "base/log.h"
#include "base/plain.h"
#include "base/utf8.h"

/* ---- text ---- */

/* One character in its escaped form; returns the bytes, at most LOG_ESCAPED_BYTES_MAX. */
static size_t escape(uint32_t c, char *to)
{
    static const char digits[] = "0123456789abcdef", short_forms[] = "\bb\tt\nn\ff\rr\"\"\\\\";

    for (size_t i = 0; i < sizeof(short_forms) - 1; i += 2)
        if (c == (unsigned char)short_forms[i]) {
            to[0] = '\\';
            to[1] = short_forms[i + 1];
            return 2;
        }
    if (!utf8_steers(c))
        return utf8_encode(c, to);
    to[0] = '\\';
    to[1] = 'u';
    for (int i = 0; i < 4; i++)
        to[2 + i] = digits[c >> (12 - 4 * i) & 15];
    return LOG_ESCAPED_BYTES_MAX;
}

/* Character by character; also where the text may have to be cut. */
static void put_text_slowly(struct log_out *o, struct slice s)
{
    while (s.size) {
        char bytes[LOG_ESCAPED_BYTES_MAX];
        size_t n = escape(utf8_next(&s, NULL), bytes);
        if (o->at + n > o->end) {
            log_put(o, "\xe2\x80\xa6", 3);
            o->cut = true;
            return;
        }
        log_put(o, bytes, n);
    }
}

void log_put_text(struct log_out *o, struct slice s)
{
    if (o->at < o->end && s.size <= (size_t)(o->end - o->at) &&
        plain_copy(o->at, s.data, s.size)) {
        o->at += s.size;
        return;
    }
    put_text_slowly(o, s);
}

/* Four bytes as eight digits at a time: each byte spread over two, its high half first, and ten
 * to fifteen moved on from behind '9' to 'a'. */
static inline uint64_t hex_of_four(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;
    uint64_t spread = b[0] | (uint64_t)b[1] << 16 | (uint64_t)b[2] << 32 | (uint64_t)b[3] << 48;
    uint64_t nibbles = (spread >> 4 & EACH_BYTE(0x0f)) | (spread << 8 & EACH_BYTE(0x0f) << 8);
    uint64_t letters = (nibbles + EACH_BYTE(6)) >> 4 & EACH_BYTE(1);

    nibbles += EACH_BYTE('0') + letters * ('a' - '9' - 1);
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(nibbles) : nibbles;
}

void log_put_hex(struct log_out *o, struct slice bytes)
{
    size_t i = 0;
    uint64_t digits;

    for (; i + 4 <= bytes.size; i += 4) {
        digits = hex_of_four(bytes.data + i);
        log_put(o, (char *)&digits, 8);
    }
    char rest[4] = {0};
    for (size_t k = 0; i + k < bytes.size; k++)
        rest[k] = bytes.data[i + k];
    digits = hex_of_four(rest);
    if (i < bytes.size)
        log_put(o, (char *)&digits, 2 * (bytes.size - i));
}

/* ---- numbers ---- */

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233"
                            "34353637383940414243444546474849505152535455565758596061626364656667"
                            "6869707172737475767778798081828384858687888990919293949596979899";

void log_put_u64(struct log_out *o, uint64_t v)
{
    char digits[20];
    size_t at = sizeof(digits);

    for (; v >= 100; v /= 100)
        memcpy(digits + (at -= 2), pairs + 2 * (v % 100), 2);
    if (v >= 10)
        memcpy(digits + (at -= 2), pairs + 2 * v, 2);
    else
        digits[--at] = (char)('0' + v);
    log_put(o, digits + at, sizeof(digits) - at);
}

static uint64_t put_sign(struct log_out *o, int64_t v)
{
    if (v >= 0)
        return (uint64_t)v;
    *o->at++ = '-';
    return -(uint64_t)v;
}

void log_put_i64(struct log_out *o, int64_t v)
{
    log_put_u64(o, put_sign(o, v));
}

/* `digits` decimals of a fraction, without the zeros at its end, and no point before nothing. */
static void put_fraction(struct log_out *o, uint64_t v, int digits)
{
    if (v == 0)
        return;
    for (; v % 10 == 0; v /= 10)
        digits--;
    *o->at = '.';
    for (int i = digits; i > 0; i--, v /= 10)
        o->at[i] = (char)('0' + v % 10);
    o->at += digits + 1;
}

void log_put_ms(struct log_out *o, int64_t ns)
{
    uint64_t v = put_sign(o, ns);

    log_put_u64(o, v / 1000000);
    put_fraction(o, v % 1000000, 6);
}

/* Most numbers that people log are decimals of few digits. v is n / 10^k exactly as a reader would
 * round it when n < 2^53 and 10^k is exact (k <= 22): both operands of that one division are
 * exact, so dividing back proves the text. The first k that fits has the fewest digits. */
static bool put_short_decimal(struct log_out *o, double v)
{
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    static const uint64_t whole[] = {1,      10,      100,      1000,      10000,
                                     100000, 1000000, 10000000, 100000000, 1000000000};

    for (size_t k = 0; k < ARRAY_LEN(powers); k++) {
        double scaled = v * powers[k];
        if (scaled >= 0x1p53)
            return false;
        uint64_t n = (uint64_t)(scaled + 0.5);
        if ((double)n / powers[k] != v)
            continue;
        log_put_u64(o, n / whole[k]);
        put_fraction(o, n % whole[k], (int)k);
        return true;
    }
    return false;
}

size_t log_format_f64(double value, char ret_text[LOG_F64_BYTES_MAX])
{
    struct log_out o = {.at = ret_text, .end = ret_text + LOG_F64_BYTES_MAX};
    bool negative = value < 0;

    if (value - value != 0) {
        const char *word = value != value ? "NaN" : negative ? "-Inf" : "+Inf";
        log_put(&o, word, strlen(word));
        return (size_t)(o.at - ret_text);
    }
    if (negative)
        *o.at++ = '-';
    if (put_short_decimal(&o, negative ? -value : value))
        return (size_t)(o.at - ret_text);
    int n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(ret_text, LOG_F64_BYTES_MAX, "%.*g", digits, value);
        if (strtod(ret_text, NULL) == value)
            break;
    }
    /* Should anyone ever set a locale: JSON's point is a point. */
    char *comma = memchr(ret_text, ',', (size_t)n);
    if (comma)
        *comma = '.';
    return (size_t)n;
}

/* ---- time ---- */

static void put_pair(char *to, unsigned v)
{
    memcpy(to, pairs + 2 * v, 2);
}

/* Days since 1970 as a date of the Gregorian calendar. Years are counted from March, so that
 * the odd day of a leap year is the last of its year, and in cycles of 400, which are all alike. */
static void put_date(char *to, int64_t days)
{
    days += 719468; /* from 0000-03-01 */
    unsigned cycle = (unsigned)(days / 146097), day = (unsigned)(days % 146097);
    unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    unsigned month = (5 * day + 2) / 153;
    day -= (153 * month + 2) / 5;
    month = month < 10 ? month + 3 : month - 9;
    year += 400 * cycle + (month <= 2);

    put_pair(to, year / 100);
    put_pair(to + 2, year % 100);
    put_pair(to + 5, month);
    put_pair(to + 8, day + 1);
}

void log_format_time(int64_t wall_ns, char ret_text[LOG_TIME_BYTES])
{
    enum { DAY_MS = 24 * 60 * 60 * 1000 };
    int64_t ms = wall_ns / 1000000 - (wall_ns % 1000000 < 0);
    int64_t days = ms / DAY_MS - (ms % DAY_MS < 0);
    unsigned rest = (unsigned)(ms - days * DAY_MS);

    memcpy(ret_text, "0000-00-00T00:00:00.000Z", LOG_TIME_BYTES);
    put_date(ret_text, days);
    put_pair(ret_text + 11, rest / 3600000);
    put_pair(ret_text + 14, rest / 60000 % 60);
    put_pair(ret_text + 17, rest / 1000 % 60);
    ret_text[20] = (char)('0' + rest % 1000 / 100);
    put_pair(ret_text + 21, rest % 100);
}
