#include "lang/literal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/defs.h"
#include "lang/go_quote.h"
#include "lang/unicode.h"

struct scan {
    struct slice text;
    size_t at;
    struct literal *to;
};

/* Only the first fault is kept: the others follow from it. */
PRINTF_LIKE(3, 4) static void fault(struct scan *s, size_t at, const char *format, ...)
{
    va_list args;
    if (s->to->fault[0])
        return;
    va_start(args, format);
    vsnprintf(s->to->fault, sizeof(s->to->fault), format, args);
    va_end(args);
    s->to->fault_at = at;
}

static int peek(const struct scan *s)
{
    return s->at < s->text.size ? (unsigned char)s->text.data[s->at] : -1;
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool is_decimal(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
    return is_decimal(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

static int finish(struct scan *s)
{
    s->to->size = s->at;
    return s->to->fault[0] ? -EINVAL : 0;
}

/* ---- numbers ---- */

struct number {
    unsigned base;
    char prefix; /* 'x', 'o', 'b', '0' (legacy octal), or 0 */
    bool digits, underscores;
    size_t bad_at; /* the first digit that is too large for the base, or SIZE_MAX */
};

static const char *base_name(unsigned base)
{
    return base == 2 ? "binary" : base == 8 ? "octal" : base == 16 ? "hexadecimal" : "decimal";
}

/* All decimal digits belong to it whatever the base: "0b12" is one bad literal and not two. */
static void take_digits(struct scan *s, struct number *n, unsigned base)
{
    for (int c = peek(s); c == '_' || (base == 16 ? is_hex(c) : is_decimal(c)); c = peek(s)) {
        if (c == '_')
            n->underscores = true;
        else
            n->digits = true;
        if (c != '_' && base < 10 && c >= '0' + (int)base && n->bad_at == SIZE_MAX)
            n->bad_at = s->at;
        s->at++;
    }
}

static void take_prefix(struct scan *s, struct number *n)
{
    if (peek(s) != '0')
        return;
    s->at++;
    int c = lower(peek(s));
    if (c == 'x' || c == 'o' || c == 'b') {
        s->at++;
        n->prefix = (char)c;
        n->base = c == 'x' ? 16 : c == 'o' ? 8 : 2;
        return;
    }
    n->prefix = '0';
    n->base = 8;
    n->digits = true;
}

static void take_fraction(struct scan *s, struct number *n)
{
    if (peek(s) != '.')
        return;
    if (n->prefix == 'o' || n->prefix == 'b')
        fault(s, s->at, "invalid radix point in %s literal", base_name(n->base));
    s->to->kind = LITERAL_FLOAT;
    s->at++;
    take_digits(s, n, n->base == 8 ? 10 : n->base);
}

static void take_exponent(struct scan *s, struct number *n)
{
    int c = lower(peek(s));
    if (c != 'e' && c != 'p') {
        if (n->prefix == 'x' && s->to->kind == LITERAL_FLOAT)
            fault(s, 0, "hexadecimal mantissa requires a 'p' exponent");
        return;
    }
    if (c == 'e' && n->prefix && n->prefix != '0')
        fault(s, s->at, "'%c' exponent requires decimal mantissa", s->text.data[s->at]);
    else if (c == 'p' && n->prefix != 'x')
        fault(s, s->at, "'%c' exponent requires hexadecimal mantissa", s->text.data[s->at]);
    s->to->kind = LITERAL_FLOAT;
    s->at++;
    if (peek(s) == '+' || peek(s) == '-')
        s->at++;
    struct number exponent = {.base = 10, .bad_at = SIZE_MAX};
    take_digits(s, &exponent, 10);
    n->underscores |= exponent.underscores;
    if (!exponent.digits)
        fault(s, s->at, "exponent has no digits");
}

/* An underscore stands between two digits, or between a base's prefix and a digit. */
static bool underscores_right(struct slice text, bool prefixed, size_t *ret_at)
{
    int before = '.';
    size_t i = 0;
    if (prefixed) {
        before = '0';
        i = 2;
    }
    for (; i < text.size; i++) {
        int c = (unsigned char)text.data[i];
        int class = c == '_' ? '_' : is_decimal(c) || (prefixed && is_hex(c)) ? '0' : '.';
        if ((class == '_' && before != '0') || (class == '.' && before == '_')) {
            *ret_at = class == '_' ? i : i - 1;
            return false;
        }
        before = class;
    }
    *ret_at = text.size - 1;
    return before != '_';
}

int literal_scan_number(struct slice text, struct literal *ret)
{
    struct scan s = {.text = text, .to = ret};
    struct number n = {.base = 10, .bad_at = SIZE_MAX};
    *ret = (struct literal){.kind = LITERAL_INT};
    if (peek(&s) != '.') {
        take_prefix(&s, &n);
        take_digits(&s, &n, n.base);
    }
    take_fraction(&s, &n);
    if (!n.digits)
        fault(&s, s.at, "%s literal has no digits", base_name(n.base));
    take_exponent(&s, &n);
    if (peek(&s) == 'i') {
        ret->kind = LITERAL_IMAGINARY;
        s.at++;
    }
    /* "089" is none, but "089.5" and "089i" are decimal. */
    if (ret->kind == LITERAL_INT && n.bad_at != SIZE_MAX)
        fault(&s, n.bad_at, "invalid digit '%c' in %s literal", text.data[n.bad_at],
              base_name(n.base));
    size_t at;
    if (n.underscores &&
        !underscores_right(slice_sub(text, 0, s.at), n.prefix && n.prefix != '0', &at))
        fault(&s, at, "'_' must separate successive digits");
    if (s.at > LITERAL_NUMBER_BYTES_MAX)
        fault(&s, 0, "excessively long constant (%zu bytes; the limit is %d)", s.at,
              LITERAL_NUMBER_BYTES_MAX);
    return finish(&s);
}

/* ---- runes and strings ---- */

/* `digits` digits of an escape; the value is judged by what the escape may hold. */
static bool take_escape_digits(struct scan *s, unsigned digits, unsigned base, uint32_t max,
                               size_t escape_at)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < digits; i++) {
        int c = peek(s);
        int d = is_decimal(c) ? c - '0' : is_hex(c) ? lower(c) - 'a' + 10 : 99;
        if (d >= (int)base) {
            if (c < 0 || c == '\n')
                return true; /* the literal's missing end is the fault */
            fault(s, s->at, "invalid character %s%c%s in %s escape", c == '\'' ? "" : "'",
                  c > ' ' && c < 0x7f ? c : '?', c == '\'' ? "" : "'", base_name(base));
            return false;
        }
        v = v * base + (uint32_t)d;
        s->at++;
    }
    if (v > max && base == 8) {
        fault(s, escape_at, "octal escape value %u > 255", v);
        return false;
    }
    if (v > max || (v >= 0xd800 && v < 0xe000 && max > 255)) {
        fault(s, escape_at, "escape is invalid Unicode code point U+%04X", v);
        return false;
    }
    return true;
}

/* Behind the backslash. */
static bool take_escape(struct scan *s, int quote)
{
    size_t at = s->at - 1;
    int c = peek(s);
    if (c < 0)
        return true;
    if (c == quote || (c < 0x7f && c && strchr("abfnrtv\\", c))) {
        s->at++;
        return true;
    }
    if (c >= '0' && c <= '7')
        return take_escape_digits(s, 3, 8, 255, at);
    if (c == 'x' || c == 'u' || c == 'U') {
        s->at++;
        return take_escape_digits(s,
                                  c == 'x'   ? 2
                                  : c == 'u' ? 4
                                             : 8,
                                  16, c == 'x' ? 255 : 0x10ffff, at);
    }
    fault(s, at, "unknown escape");
    return false;
}

static void take_character(struct scan *s)
{
    struct slice rest = slice_sub(s->text, s->at, s->text.size);
    unicode_next(&rest, NULL);
    s->at = s->text.size - rest.size;
}

int literal_scan_rune(struct slice text, struct literal *ret)
{
    struct scan s = {.text = text, .at = 1, .to = ret};
    *ret = (struct literal){.kind = LITERAL_RUNE};
    for (int n = 0;; n++) {
        int c = peek(&s);
        if (c == '\'') {
            s.at++;
            if (n == 0)
                fault(&s, 0, "empty rune literal or unescaped '");
            else if (n > 1)
                fault(&s, 0, "more than one character in rune literal");
            return finish(&s);
        }
        if (c < 0 || c == '\n') {
            if (c < 0)
                fault(&s, 0, "rune literal not terminated");
            else
                fault(&s, s.at, "newline in rune literal");
            return finish(&s);
        }
        if (c == '\\') {
            s.at++;
            take_escape(&s, '\'');
        } else {
            take_character(&s);
        }
    }
}

int literal_scan_string(struct slice text, struct literal *ret)
{
    struct scan s = {.text = text, .at = 1, .to = ret};
    char quote = text.data[0];
    *ret = (struct literal){.kind = LITERAL_STRING};
    for (;;) {
        int c = peek(&s);
        if (c == quote) {
            s.at++;
            return finish(&s);
        }
        if (c < 0) {
            fault(&s, 0, "string not terminated");
            return finish(&s);
        }
        if (c == '\n' && quote == '"') {
            fault(&s, s.at, "newline in string");
            return finish(&s);
        }
        s.at++;
        if (c == '\\' && quote == '"')
            take_escape(&s, '"');
    }
}

/* ---- what they spell ---- */

int literal_rune(struct slice literal, int32_t *ret)
{
    uint32_t c;
    bool is_byte;
    if (literal.size < 3 || literal.data[0] != '\'' || literal.data[literal.size - 1] != '\'')
        return -EINVAL;
    struct slice inside = slice_sub(literal, 1, literal.size - 1);
    if (go_unquote_char(&inside, '\'', &c, &is_byte) < 0 || inside.size)
        return -EINVAL;
    *ret = (int32_t)c;
    return 0;
}

static int raw_string(struct slice inside, struct arena *a, struct slice *ret)
{
    if (slice_find_byte(inside, '\r') < 0) {
        *ret = inside;
        return 0;
    }
    char *to = arena_alloc(a, inside.size);
    size_t n = 0;
    if (!to)
        return -ENOMEM;
    for (size_t i = 0; i < inside.size; i++)
        if (inside.data[i] != '\r')
            to[n++] = inside.data[i];
    *ret = (struct slice){to, n};
    return 0;
}

int literal_string(struct slice literal, struct arena *a, struct slice *ret)
{
    if (literal.size < 2)
        return -EINVAL;
    if (literal.data[0] == '`' && literal.data[literal.size - 1] == '`')
        return raw_string(slice_sub(literal, 1, literal.size - 1), a, ret);
    return literal.data[0] == '"' ? go_unquote(literal, a, ret) : -EINVAL;
}
