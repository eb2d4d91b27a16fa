#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/suggest.h"
#include "base/utf8.h"
#include "wire/toml_parse.h"

/* ---- strings ---- */

/* A string that is being read: where it began, and where its decoded bytes go. */
struct string {
    const char *from;
    char quote;
    bool lines; /* three quotes */
    char *to;   /* NULL while nothing had to be decoded */
    bool good;
};

static void fault(struct toml_parser *p, struct string *s, const char *from, const char *to,
                  const char *words)
{
    value_fault(&p->r, CONFIG_FAULT_SYNTAX, toml_offset(p, from), toml_offset(p, to), "%s", words);
    s->good = false;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Behind \x, \u or \U. */
static void escape_code(struct toml_parser *p, struct string *s, const char *from, int digits)
{
    uint32_t code = 0;
    for (int i = 0; i < digits; i++, p->at++) {
        int d = p->at < p->end ? hex_digit(*p->at) : -1;
        if (d < 0) {
            fault(p, s, from, p->at,
                  digits == 2   ? "\\x needs two hexadecimal digits"
                  : digits == 4 ? "\\u needs four hexadecimal digits"
                                : "\\U needs eight hexadecimal digits");
            return;
        }
        code = code << 4 | (uint32_t)d;
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        fault(p, s, from, p->at, "this escape is no Unicode character");
    else
        s->to += utf8_encode(code, s->to);
}

/* A backslash before a line's end takes away the space up to the next text. */
static bool escape_line(struct toml_parser *p)
{
    const char *c = p->at;
    while (c < p->end && (*c == ' ' || *c == '\t'))
        c++;
    if (c == p->end || (*c != '\n' && !(*c == '\r' && p->end - c >= 2 && c[1] == '\n')))
        return false;
    p->at = c;
    do
        toml_skip_blank(p);
    while (toml_newline(p));
    return true;
}

static void escape(struct toml_parser *p, struct string *s)
{
    static const char from[] = "btnfr\"\\e", means[] = "\b\t\n\f\r\"\\\x1b";
    const char *begin = p->at++;
    char c = p->at < p->end ? *p->at : 0;
    const char *known = c ? strchr(from, c) : NULL;
    if (known && (c != 'e' || p->version == TOML_1_1)) {
        p->at++;
        *s->to++ = means[known - from];
    } else if (c == 'u' || c == 'U' || (c == 'x' && p->version == TOML_1_1)) {
        p->at++;
        escape_code(p, s, begin, c == 'x' ? 2 : c == 'u' ? 4 : 8);
    } else if (!s->lines || !escape_line(p)) {
        fault(p, s, begin, p->at + (c != 0),
              p->version == TOML_1_1 ? "expected one of b t n f r e \" \\ x u U behind a backslash"
                                     : "expected one of b t n f r \" \\ u U behind a backslash");
    }
}

/* Where the string ends: its closing quotes, or NULL. Looks at no escape but the one that hides a
 * quote. *ret_plain: no byte has to be changed. */
static const char *find_end(const struct toml_parser *p, const struct string *s, bool *ret_plain)
{
    *ret_plain = true;
    for (const char *c = p->at; c < p->end; c++) {
        if (*c == '\\' && s->quote == '"') {
            *ret_plain = false;
            c++;
            if (c < p->end && *c == '\n' && !s->lines)
                return NULL;
        } else if (*c == s->quote) {
            if (!s->lines)
                return c;
            if (p->end - c >= 3 && c[1] == s->quote && c[2] == s->quote) {
                /* Up to two quotes may stand directly before the three that close it. */
                for (int i = 0; i < 2 && p->end - c > 3 && c[3] == s->quote; i++)
                    c++;
                return c;
            }
        } else if (*c == '\n' && !s->lines) {
            return NULL;
        } else if (*c == '\r' && s->lines) {
            *ret_plain = false;
        }
    }
    return NULL;
}

static void fault_control(struct toml_parser *p, struct string *s, const char *at)
{
    value_fault(&p->r, CONFIG_FAULT_SYNTAX, toml_offset(p, at), toml_offset(p, at) + 1,
                "a string holds the bare control character 0x%02x", (unsigned char)*at);
    s->good = false;
}

static bool is_foreign(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7F;
}

static void check_plain(struct toml_parser *p, struct string *s, const char *end)
{
    for (const char *c = p->at; c < end; c++)
        if (is_foreign(*c) && !(*c == '\n' && s->lines)) {
            fault_control(p, s, c);
            return;
        }
}

static void decode(struct toml_parser *p, struct string *s, const char *end)
{
    while (p->at < end) {
        char c = *p->at;
        if (c == '\\' && s->quote == '"') {
            escape(p, s);
            continue;
        }
        if (s->lines && toml_newline(p)) {
            *s->to++ = '\n';
            continue;
        }
        if (is_foreign(c))
            fault_control(p, s, p->at);
        *s->to++ = c;
        p->at++;
    }
}

static void fault_unclosed(struct toml_parser *p, const struct string *s)
{
    const char *end = memchr(p->at, '\n', (size_t)(p->end - p->at));
    value_fault(&p->r, CONFIG_FAULT_SYNTAX, toml_offset(p, s->from), toml_offset(p, p->at),
                "this string has no closing %s",
                s->lines          ? "three quotes"
                : s->quote == '"' ? "quote"
                                  : "single quote");
    p->at = s->lines || !end ? p->end : end;
}

bool toml_string(struct toml_parser *p, bool lines, struct slice *ret, bool *ret_good)
{
    struct string s = {.from = p->at, .quote = *p->at, .good = true};
    s.lines = p->end - p->at >= 3 && p->at[1] == s.quote && p->at[2] == s.quote;
    if (s.lines && !lines) {
        fault(p, &s, p->at, p->at + 3, "a key cannot be a string of several lines");
        return false;
    }
    p->at += s.lines ? 3 : 1;
    if (s.lines)
        toml_newline(p);
    bool plain;
    const char *from = p->at, *end = find_end(p, &s, &plain);
    if (!end) {
        fault_unclosed(p, &s);
        return false;
    }
    *ret = (struct slice){from, (size_t)(end - from)};
    if (plain) {
        check_plain(p, &s, end);
    } else {
        char *text = value_alloc(&p->r, (size_t)(end - from) + UTF8_BYTES_MAX);
        if (!text)
            return false;
        s.to = text;
        decode(p, &s, end);
        *ret = (struct slice){text, (size_t)(s.to - text)};
    }
    p->at = end + (s.lines ? 3 : 1);
    *ret_good = s.good;
    return true;
}

/* ---- numbers ---- */

/* Digits of `base` with single underscores between them; *ret_value is cut on overflow, which is
 * told by *ret_large. Returns whether it is well formed. */
static bool whole(struct slice s, unsigned base, uint64_t *ret_value, bool *ret_large)
{
    uint64_t v = 0;
    bool digit_before = false;
    *ret_large = false;
    for (size_t i = 0; i < s.size; i++) {
        int d = hex_digit(s.data[i]);
        if (s.data[i] == '_' && digit_before) {
            digit_before = false;
            continue;
        }
        if (d < 0 || (unsigned)d >= base)
            return false;
        digit_before = true;
        if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, (uint64_t)d, &v))
            *ret_large = true;
    }
    *ret_value = v;
    return digit_before;
}

static bool decimal(struct slice digits, bool leading_zero)
{
    uint64_t v;
    bool large;
    return whole(digits, 10, &v, &large) &&
           (leading_zero || digits.size == 1 || digits.data[0] != '0');
}

/* [digits][.digits][e[+-]digits], at least one of the two last. */
static bool float_form(struct slice s)
{
    size_t e = 0, dot;
    while (e < s.size && s.data[e] != 'e' && s.data[e] != 'E')
        e++;
    for (dot = 0; dot < e && s.data[dot] != '.'; dot++)
        ;
    if (dot == e && e == s.size)
        return false;
    if (!decimal(slice_sub(s, 0, dot), false))
        return false;
    if (dot < e && !decimal(slice_sub(s, dot + 1, e), true))
        return false;
    if (e == s.size)
        return true;
    size_t exp = e + 1;
    exp += exp < s.size && (s.data[exp] == '+' || s.data[exp] == '-');
    return decimal(slice_sub(s, exp, s.size), true);
}

static bool float_value(struct toml_parser *p, struct slice word, struct value *v)
{
    char *text = value_alloc(&p->r, word.size + 1), *to = text;
    if (!text)
        return true;
    for (size_t i = 0; i < word.size; i++)
        if (word.data[i] != '_')
            *to++ = word.data[i];
    v->type = VALUE_FLOAT;
    v->number = strtod(text, NULL);
    return !isinf(v->number);
}

static bool int_value(struct slice digits, unsigned base, bool minus, struct value *v,
                      bool *ret_fits)
{
    uint64_t n;
    bool large;
    if (!whole(digits, base, &n, &large))
        return false;
    if (base == 10 && digits.size > 1 && digits.data[0] == '0')
        return false;
    *ret_fits = !large && n <= (uint64_t)INT64_MAX + minus;
    v->type = VALUE_INT;
    v->integer = (int64_t)(minus ? 0 - n : n);
    return true;
}

/* Returns whether the word is a number; *ret_fits: and one that its type can hold. */
static bool number(struct toml_parser *p, struct slice word, struct value *v, bool *ret_fits)
{
    bool sign = word.size && (word.data[0] == '+' || word.data[0] == '-');
    bool minus = sign && word.data[0] == '-';
    struct slice s = slice_sub(word, sign, word.size);
    *ret_fits = true;
    if (slice_eq(s, SLICE("inf")) || slice_eq(s, SLICE("nan"))) {
        double d = s.data[0] == 'i' ? (double)INFINITY : (double)NAN;
        v->type = VALUE_FLOAT;
        v->number = minus ? -d : d;
        return true;
    }
    if (!sign && s.size > 2 && s.data[0] == '0') {
        unsigned base = s.data[1] == 'x' ? 16 : s.data[1] == 'o' ? 8 : s.data[1] == 'b' ? 2 : 0;
        if (base)
            return int_value(slice_sub(s, 2, s.size), base, false, v, ret_fits);
    }
    if (int_value(s, 10, minus, v, ret_fits))
        return true;
    if (!float_form(s))
        return false;
    *ret_fits = float_value(p, word, v);
    return true;
}

/* ---- dates and times ---- */

/* Takes `digits` decimal digits off *s; -1: they are not there. */
static int number_part(struct slice *s, size_t digits)
{
    int n = 0;
    if (s->size < digits)
        return -1;
    for (size_t i = 0; i < digits; i++) {
        if (s->data[i] < '0' || s->data[i] > '9')
            return -1;
        n = n * 10 + s->data[i] - '0';
    }
    *s = slice_sub(*s, digits, s->size);
    return n;
}

static bool take(struct slice *s, const char *one_of)
{
    if (s->size == 0 || !strchr(one_of, s->data[0]) || s->data[0] == 0)
        return false;
    *s = slice_sub(*s, 1, s->size);
    return true;
}

static bool date_part(struct slice *s)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = number_part(s, 4);
    if (year < 0 || !take(s, "-"))
        return false;
    int month = number_part(s, 2);
    if (month < 1 || month > 12 || !take(s, "-"))
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int day = number_part(s, 2);
    return day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

/* HH:MM:SS and a fraction; *ret_seconds: whether the seconds are there (since 1.1 they need not).
 */
static bool clock_part(struct slice *s, enum toml_version version, bool *ret_seconds)
{
    int hour = number_part(s, 2);
    if (hour < 0 || hour > 23 || !take(s, ":"))
        return false;
    int minute = number_part(s, 2);
    if (minute < 0 || minute > 59)
        return false;
    *ret_seconds = take(s, ":");
    if (!*ret_seconds)
        return version == TOML_1_1;
    int second = number_part(s, 2);
    if (second < 0 || second > 60) /* 60: a leap second */
        return false;
    if (!take(s, "."))
        return true;
    size_t digits = 0;
    while (digits < s->size && s->data[digits] >= '0' && s->data[digits] <= '9')
        digits++;
    *s = slice_sub(*s, digits, s->size);
    return digits > 0;
}

static bool offset_part(struct slice *s)
{
    if (take(s, "Zz"))
        return true;
    if (!take(s, "+-"))
        return false;
    int hour = number_part(s, 2);
    if (hour < 0 || hour > 23 || !take(s, ":"))
        return false;
    int minute = number_part(s, 2);
    return minute >= 0 && minute <= 59;
}

/* The text as RFC 3339 has it: large letters, and the seconds; `clock` bytes of it are the date
 * and "HH:MM". */
static struct slice time_text(struct toml_parser *p, struct slice word, size_t clock, bool seconds)
{
    static const char zero[] = ":00";
    char *text = value_alloc(&p->r, word.size + sizeof(zero)), *to = text;
    if (!text)
        return word;
    for (size_t i = 0; i < word.size; i++) {
        char c = word.data[i];
        if (i == clock && !seconds)
            to = mempcpy(to, zero, sizeof(zero) - 1);
        *to++ = c == 't' || c == ' ' ? 'T' : c == 'z' ? 'Z' : c;
    }
    if (clock == word.size && !seconds)
        to = mempcpy(to, zero, sizeof(zero) - 1);
    return (struct slice){text, (size_t)(to - text)};
}

/* Whether the word is a date, a time, or both. */
static bool time_value(struct toml_parser *p, struct slice word, struct value *v)
{
    enum { DATE_SIZE = 10, CLOCK_SIZE = 5 };
    struct slice rest = word;
    bool seconds = true;
    size_t clock = CLOCK_SIZE;
    enum value_time kind = VALUE_CLOCK_LOCAL;
    if (word.size > 4 && word.data[4] == '-') {
        if (!date_part(&rest))
            return false;
        kind = VALUE_DATE_LOCAL;
        clock += DATE_SIZE + 1;
    }
    if (rest.size && kind == VALUE_DATE_LOCAL) {
        if (!take(&rest, "Tt ") || !clock_part(&rest, p->version, &seconds))
            return false;
        kind = rest.size ? VALUE_TIME_OFFSET : VALUE_TIME_LOCAL;
        if (rest.size && !offset_part(&rest))
            return false;
    } else if (kind == VALUE_CLOCK_LOCAL && !clock_part(&rest, p->version, &seconds)) {
        return false;
    }
    if (rest.size)
        return false;
    v->type = VALUE_TIME;
    v->time = (uint8_t)kind;
    v->text = kind == VALUE_DATE_LOCAL ? word : time_text(p, word, clock, seconds);
    return true;
}

/* ---- words ---- */

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
           c == '-' || c == '.' || c == '_' || c == ':' || (unsigned char)c >= 0x80;
}

/* The word at p->at; a date and a time may have one space between them. */
static struct slice word_at(const struct toml_parser *p)
{
    const char *to = p->at;
    while (to < p->end && is_word(*to))
        to++;
    enum { DATE_SIZE = 10 };
    bool date = to - p->at == DATE_SIZE && p->at[4] == '-' && p->at[7] == '-';
    if (date && p->end - to >= 3 && to[0] == ' ' && to[1] >= '0' && to[1] <= '9')
        for (to++; to < p->end && is_word(*to);)
            to++;
    return (struct slice){p->at, (size_t)(to - p->at)};
}

static void fault_word(struct toml_parser *p, struct slice word)
{
    static const char *const words[] = {"true", "false", "inf", "nan", NULL};
    size_t from = toml_offset(p, word.data), to = from + word.size;
    if (word.size == 0) {
        bool over = p->at == p->end || *p->at == '\n' || *p->at == '\r' || *p->at == '#';
        value_fault(&p->r, CONFIG_FAULT_SYNTAX, from, from + !over, "expected a value%s",
                    over ? ", found the end of the line" : "");
        return;
    }
    char first = word.data[0];
    bool digit = (first >= '0' && first <= '9') || first == '+' || first == '-' || first == '.';
    struct config_fault *f = value_fault(&p->r, CONFIG_FAULT_SYNTAX, from, to,
                                         digit ? "'%s' is neither a number nor a date"
                                               : "'%s' is no value: a string needs quotes",
                                         value_shown(&p->r, word));
    f->suggestion = digit ? NULL : suggest_nearest(word, words, ARRAY_LEN(words) - 1);
}

struct value *toml_word(struct toml_parser *p)
{
    struct slice word = word_at(p);
    size_t from = toml_offset(p, p->at);
    bool fits = true;
    struct value *v = value_make(&p->r, VALUE_BOOL, from);
    if (!v)
        return NULL;
    p->at += word.size;
    if (slice_eq(word, SLICE("true")) || slice_eq(word, SLICE("false")))
        v->boolean = word.data[0] == 't';
    else if (time_value(p, word, v) || number(p, word, v, &fits))
        (void)0;
    else {
        v->type = VALUE_BAD;
        fault_word(p, word);
    }
    if (!fits) {
        value_fault(&p->r, CONFIG_FAULT_OUT_OF_RANGE, from, from + word.size,
                    v->type == VALUE_INT ? "'%s' does not fit a whole number of 64 bits"
                                         : "'%s' does not fit a number of double precision",
                    value_shown(&p->r, word));
        v->type = VALUE_BAD;
    }
    return v;
}
