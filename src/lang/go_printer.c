#include "lang/go_printer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/utf8.h"
#include "lang/go_float.h"
#include "lang/go_quote.h"
#include "lang/unicode.h"

static const char digits_lower[] = "0123456789abcdef", digits_upper[] = "0123456789ABCDEF";

static void fail(struct go_printer *p, int r)
{
    if (r < 0 && p->r == 0)
        p->r = r;
}

void go_put(struct go_printer *p, struct slice s)
{
    if (p->r == 0)
        fail(p, buf_append_slice(p->to, s));
}

void go_put_cstr(struct go_printer *p, const char *s)
{
    go_put(p, slice_from(s));
}

void go_put_char(struct go_printer *p, uint32_t c)
{
    char bytes[UTF8_BYTES_MAX];
    go_put(p, (struct slice){bytes, utf8_encode(c, bytes)});
}

static void put_byte(struct go_printer *p, char c)
{
    if (p->r == 0)
        fail(p, buf_append_byte(p->to, c));
}

/* ---- padding ---- */

static void put_repeated(struct go_printer *p, char c, int count)
{
    char *room;
    if (p->r || count <= 0)
        return;
    fail(p, buf_reserve(p->to, (size_t)count, &room));
    if (p->r)
        return;
    memset(room, c, (size_t)count);
    buf_commit(p->to, (size_t)count);
}

static void put_padding(struct go_printer *p, int count)
{
    put_repeated(p, p->flags.zero && !p->flags.minus ? '0' : ' ', count);
}

static int columns_of(struct slice s)
{
    size_t n = fault_mutant("lang_width_in_bytes") ? s.size : unicode_count(s);
    return n > GO_PRINT_WIDTH_MAX ? GO_PRINT_WIDTH_MAX : (int)n;
}

/* What was put since `start` is brought to the width. */
static void pad_from(struct go_printer *p, size_t start)
{
    if (p->r || !p->flags.width_given)
        return;
    struct slice s = slice_sub(buf_slice(p->to), start, p->to->size);
    size_t size = s.size;
    int lacks = p->flags.width - columns_of(s);
    if (lacks <= 0)
        return;
    put_padding(p, lacks);
    if (p->r || p->flags.minus)
        return;
    char fill = p->to->data[p->to->size - 1];
    memmove(p->to->data + start + lacks, p->to->data + start, size);
    memset(p->to->data + start, fill, (size_t)lacks);
}

/* Where the zeroes of the flag would be wrong, or are there already. */
static void pad_from_with_spaces(struct go_printer *p, size_t start)
{
    bool zero = p->flags.zero;
    p->flags.zero = false;
    pad_from(p, start);
    p->flags.zero = zero;
}

void go_put_padded(struct go_printer *p, struct slice s)
{
    size_t start = p->to->size;
    go_put(p, s);
    pad_from(p, start);
}

/* ---- text ---- */

static struct slice cut_to_precision(const struct go_printer *p, struct slice s)
{
    struct slice rest = s;
    if (!p->flags.precision_given || s.size <= (size_t)p->flags.precision)
        return s;
    for (int i = 0; i < p->flags.precision && rest.size; i++)
        unicode_next(&rest, NULL);
    return slice_sub(s, 0, s.size - rest.size);
}

void go_put_text(struct go_printer *p, struct slice s)
{
    go_put_padded(p, cut_to_precision(p, s));
}

void go_put_bool(struct go_printer *p, bool v)
{
    go_put_padded(p, v ? SLICE("true") : SLICE("false"));
}

static enum go_quote_kind quote_kind(const struct go_printer *p)
{
    return p->flags.plus ? GO_QUOTE_ASCII : GO_QUOTE_PRINTABLE;
}

void go_put_quoted(struct go_printer *p, struct slice s)
{
    size_t start = p->to->size;
    s = cut_to_precision(p, s);
    if (p->flags.sharp && go_can_backquote(s)) {
        put_byte(p, '`');
        go_put(p, s);
        put_byte(p, '`');
    } else if (p->r == 0) {
        fail(p, go_quote_append(p->to, s, '"', quote_kind(p)));
    }
    pad_from(p, start);
}

/* An empty one is still padded; note that '#' has a prefix only where there is something. */
void go_put_hex(struct go_printer *p, struct slice s, bool upper)
{
    const char *digits = upper ? digits_upper : digits_lower;
    size_t start = p->to->size;
    if (p->flags.precision_given && (size_t)p->flags.precision < s.size)
        s = slice_sub(s, 0, (size_t)p->flags.precision);
    for (size_t i = 0; i < s.size && p->r == 0; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (p->flags.space && i)
            put_byte(p, ' ');
        if (p->flags.sharp && (p->flags.space || i == 0))
            go_put_cstr(p, upper ? "0X" : "0x");
        put_byte(p, digits[c >> 4]);
        put_byte(p, digits[c & 15]);
    }
    pad_from(p, start);
}

/* ---- whole numbers ---- */

static int write_digits(char *end, uint64_t v, unsigned base, const char *digits)
{
    char *at = end;
    do
        *--at = digits[v % base];
    while ((v /= base) > 0);
    return (int)(end - at);
}

static void put_prefix(struct go_printer *p, unsigned base, char verb, bool leads_with_zero)
{
    if (verb == 'O')
        go_put_cstr(p, "0o");
    if (!p->flags.sharp)
        return;
    if (base == 2)
        go_put_cstr(p, "0b");
    else if (base == 8 && !leads_with_zero)
        put_byte(p, '0');
    else if (base == 16)
        go_put_cstr(p, verb == 'X' ? "0X" : "0x");
}

void go_put_int(struct go_printer *p, uint64_t v, bool negative, unsigned base, char verb)
{
    const struct go_flags *f = &p->flags;
    char digits[64];
    int least = 0;
    size_t start = p->to->size;
    if (negative)
        v = 0 - v;
    if (f->precision_given) {
        least = f->precision;
        if (least == 0 && v == 0) { /* nothing, in its width */
            put_repeated(p, ' ', f->width);
            return;
        }
    } else if (f->zero && !f->minus && f->width_given) {
        least = f->width - (negative || f->plus || f->space);
    }
    int have =
        write_digits(digits + sizeof(digits), v, base, verb == 'X' ? digits_upper : digits_lower);
    if (negative || f->plus || f->space)
        put_byte(p, negative ? '-' : f->plus ? '+' : ' ');
    put_prefix(p, base, verb, v == 0 || least > have);
    put_repeated(p, '0', least - have);
    go_put(p, (struct slice){digits + sizeof(digits) - have, (size_t)have});
    pad_from_with_spaces(p, start);
}

void go_put_hex0x(struct go_printer *p, uint64_t v, bool prefix)
{
    bool sharp = p->flags.sharp;
    p->flags.sharp = prefix;
    go_put_int(p, v, false, 16, 'v');
    p->flags.sharp = sharp;
}

void go_put_code_point(struct go_printer *p, uint64_t v)
{
    char digits[64];
    size_t start = p->to->size;
    int least = p->flags.precision_given && p->flags.precision > 4 ? p->flags.precision : 4;
    int have = write_digits(digits + sizeof(digits), v, 16, digits_upper);
    go_put_cstr(p, "U+");
    put_repeated(p, '0', least - have);
    go_put(p, (struct slice){digits + sizeof(digits) - have, (size_t)have});
    if (p->flags.sharp && v <= 0x10ffff && unicode_is_print((uint32_t)v)) {
        go_put_cstr(p, " '");
        go_put_char(p, (uint32_t)v);
        put_byte(p, '\'');
    }
    pad_from_with_spaces(p, start);
}

static uint32_t rune_of(uint64_t v)
{
    return v > 0x10ffff ? UTF8_REPLACEMENT : (uint32_t)v;
}

void go_put_rune(struct go_printer *p, uint64_t v)
{
    size_t start = p->to->size;
    go_put_char(p, rune_of(v));
    pad_from(p, start);
}

void go_put_quoted_rune(struct go_printer *p, uint64_t v)
{
    size_t start = p->to->size;
    if (p->r == 0)
        fail(p, go_quote_rune_append(p->to, (int32_t)rune_of(v), quote_kind(p)));
    pad_from(p, start);
}

/* ---- floats ---- */

/* '#' keeps the point and trailing zeroes: `digits` significant ones, before the exponent. */
static void put_sharp_float(struct go_printer *p, struct slice number, char format, int digits)
{
    bool point = false, nonzero = false, is_hex = format == 'x' || format == 'X';
    size_t end = 0;
    for (; end < number.size; end++) {
        char c = number.data[end];
        if (c == 'p' || c == 'P' || (!is_hex && (c == 'e' || c == 'E')))
            break;
        if (c == '.') {
            point = true;
            continue;
        }
        nonzero |= c != '0';
        digits -= nonzero;
    }
    go_put(p, slice_sub(number, 0, end));
    if (!point) {
        digits -= end == 1 && number.data[0] == '0';
        put_byte(p, '.');
    }
    put_repeated(p, '0', digits);
    go_put(p, slice_sub(number, end, number.size));
}

static void put_number(struct go_printer *p, struct slice number, char format, int precision)
{
    if (!p->flags.sharp || format == 'b') {
        go_put(p, number);
        return;
    }
    int digits = format == 'g' || format == 'G' || format == 'x' ? precision : 0;
    put_sharp_float(p, number, format, digits == -1 ? 6 : digits);
}

void go_put_float(struct go_printer *p, double v, int bits, char format, int precision)
{
    const struct go_flags *f = &p->flags;
    size_t start = p->to->size;
    if (f->precision_given)
        precision = f->precision;
    buf_clear(&p->scratch);
    p->scratch.size_max = p->to->size_max;
    fail(p, go_float_append(&p->scratch, v, format, precision, bits));
    if (p->r)
        return;
    struct slice number = buf_slice(&p->scratch);
    char sign = '+';
    if (number.data[0] == '-' || number.data[0] == '+') {
        sign = number.data[0];
        number = slice_sub(number, 1, number.size);
    }
    if (f->space && sign == '+' && !f->plus)
        sign = ' ';
    bool is_nan = number.data[0] == 'N', is_word = is_nan || number.data[0] == 'I';
    bool shown = is_nan ? f->space || f->plus : f->plus || sign != '+' || is_word;
    /* Infinities have their sign, asked for or not; and words are not padded with zeroes. */
    if (is_word) {
        if (shown)
            put_byte(p, sign);
        go_put(p, number);
        pad_from_with_spaces(p, start);
        return;
    }
    if (shown)
        put_byte(p, sign);
    size_t behind_sign = p->to->size;
    put_number(p, number, format, precision);
    bool sign_first = shown && f->zero && !f->minus && f->width_given;
    if (!sign_first) {
        pad_from(p, start);
        return;
    }
    p->flags.width--;
    pad_from(p, behind_sign);
    p->flags.width++;
}
