#include <errno.h>
#include <math.h>

#include "base/utf8.h"
#include "lang/go_float.h"
#include "lang/go_quote.h"
#include "lang/golib_impl.h"
#include "lang/unicode.h"

static const struct go_error err_range = {.text = {"value out of range", 18},
                                          .type = "*errors.errorString"};
static const struct go_error err_syntax = {.text = {"invalid syntax", 14},
                                           .type = "*errors.errorString"};

int golib_num_error(struct golib_call *c, const char *func, struct slice text,
                    const struct go_error *why, const struct go_error **ret)
{
    struct buf words = BUF(MEM_LANG, golib_bytes_max(c));
    const struct go_error **wrapped = arena_new(c->arena, const struct go_error *);
    struct go_error e = {.type = "*strconv.NumError", .wrapped_count = 1};
    if (!wrapped)
        return -ENOMEM;
    *wrapped = why;
    e.wrapped = wrapped;
    int r = buf_printf(&words, "strconv.%s: parsing ", func);
    if (r == 0)
        r = go_quote_append(&words, text, '"', false);
    if (r == 0)
        r = buf_append_cstr(&words, ": ");
    if (r == 0)
        r = buf_append_slice(&words, why->text);
    if (r == 0)
        r = golib_text(c, buf_slice(&words), &e.text);
    if (r == 0)
        r = golib_error(c, e, ret);
    buf_done(&words);
    return r;
}

/* ---- whole numbers from text ---- */

enum outcome { FINE, BAD_SYNTAX, OUT_OF_RANGE, BAD_BASE, BAD_BITS };

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

/* Base 0: by the prefix, and then underscores stand between digits, or behind the prefix. */
static bool underscores_right(struct slice s)
{
    char before = '^';
    size_t i = 0;
    bool hex = false;
    if (s.size >= 2 && s.data[0] == '0' && strchr("box", s.data[1] | 0x20)) {
        i = 2;
        before = '0';
        hex = (s.data[1] | 0x20) == 'x';
    }
    for (; i < s.size; i++) {
        char c = s.data[i];
        bool digit = digit_of(c) < (hex ? 16 : 10);
        if (c == '_' ? before != '0' : !digit && before == '_')
            return false;
        before = c == '_' ? '_' : digit ? '0' : '!';
    }
    return before != '_';
}

static unsigned take_prefix(struct slice *s)
{
    if (s->data[0] != '0')
        return 10;
    char c = s->size >= 3 ? (char)(s->data[1] | 0x20) : 0;
    unsigned base = c == 'b' ? 2 : c == 'o' ? 8 : c == 'x' ? 16 : 0;
    *s = slice_sub(*s, base ? 2 : 1, s->size);
    return base ? base : 8;
}

/* *ret is also set where it is out of range: to the nearest that is not. */
static enum outcome parse_uint(struct slice s, int64_t base_asked, int64_t bits, uint64_t *ret)
{
    struct slice whole = s;
    uint64_t v = 0;
    unsigned base = (unsigned)base_asked;
    bool underscores = false;
    *ret = 0;
    if (s.size == 0)
        return BAD_SYNTAX;
    if (base_asked == 0)
        base = take_prefix(&s);
    else if (base_asked < 2 || base_asked > 36)
        return BAD_BASE;
    if (bits < 0 || bits > 64)
        return BAD_BITS;
    uint64_t most = bits == 0 || bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    for (size_t i = 0; i < s.size; i++) {
        int d = digit_of(s.data[i]);
        if (s.data[i] == '_' && base_asked == 0) {
            underscores = true;
            continue;
        }
        if (d >= (int)base)
            return BAD_SYNTAX;
        if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
            __builtin_add_overflow(v, (uint64_t)d, &v) || v > most) {
            *ret = most;
            return OUT_OF_RANGE;
        }
    }
    if (underscores && !underscores_right(whole))
        return BAD_SYNTAX;
    *ret = v;
    return FINE;
}

static enum outcome parse_int(struct slice s, int64_t base, int64_t bits, int64_t *ret)
{
    bool negative = s.size && s.data[0] == '-';
    uint64_t v;
    *ret = 0;
    if (s.size == 0)
        return BAD_SYNTAX;
    if (s.data[0] == '+' || s.data[0] == '-')
        s = slice_sub(s, 1, s.size);
    enum outcome o = parse_uint(s, base, bits, &v);
    if (o != FINE && o != OUT_OF_RANGE)
        return o;
    uint64_t limit = UINT64_C(1) << ((bits ? bits : 64) - 1);
    if (!negative && v >= limit) {
        *ret = (int64_t)(limit - 1);
        return OUT_OF_RANGE;
    }
    if (negative && v > limit) {
        *ret = (int64_t)(0 - limit);
        return OUT_OF_RANGE;
    }
    /* Of one bit even what is far out of range ends here: as -1, and without an error, as in Go. */
    *ret = (int64_t)(negative ? 0 - v : v);
    return FINE;
}

/* An error of its own kind: "strconv.ParseInt: parsing "5": invalid base 1". */
static int odd_argument(struct golib_call *c, const char *what, int64_t value,
                        const struct go_error **ret)
{
    struct buf words = BUF(MEM_LANG, 0);
    struct go_error e = {.type = "*errors.errorString"};
    int r = buf_printf(&words, "invalid %s %lld", what, (long long)value);
    if (r == 0)
        r = golib_text(c, buf_slice(&words), &e.text);
    if (r == 0)
        r = golib_error(c, e, ret);
    buf_done(&words);
    return r;
}

static int error_of(struct golib_call *c, enum outcome o, const char *func,
                    const union golib_value *args, const struct go_error **ret)
{
    const struct go_error *why = o == BAD_SYNTAX ? &err_syntax : &err_range;
    int r = 0;
    *ret = NULL;
    if (o == FINE)
        return 0;
    if (o == BAD_BASE)
        r = odd_argument(c, "base", args[1].integer, &why);
    else if (o == BAD_BITS)
        r = odd_argument(c, "bit size", args[2].integer, &why);
    return r < 0 ? r : golib_num_error(c, func, args[0].text, why, ret);
}

static int strconv_atoi(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    union golib_value v = {0}, e = {0};
    enum outcome o = parse_int(args[0].text, 10, 0, &v.integer);
    int r = error_of(c, o, "Atoi", args, &e.error);
    if (r < 0)
        return r;
    ret[0] = v;
    ret[1] = e;
    return 0;
}

static int strconv_parse_int(struct golib_call *c, const union golib_value *args,
                             union golib_value *ret)
{
    union golib_value v = {0}, e = {0};
    enum outcome o = parse_int(args[0].text, args[1].integer, args[2].integer, &v.integer);
    int r = error_of(c, o, "ParseInt", args, &e.error);
    if (r < 0)
        return r;
    ret[0] = v;
    ret[1] = e;
    return 0;
}

static int strconv_parse_uint(struct golib_call *c, const union golib_value *args,
                              union golib_value *ret)
{
    union golib_value v = {0}, e = {0};
    enum outcome o = parse_uint(args[0].text, args[1].integer, args[2].integer, &v.natural);
    int r = error_of(c, o, "ParseUint", args, &e.error);
    if (r < 0)
        return r;
    ret[0] = v;
    ret[1] = e;
    return 0;
}

static int strconv_parse_float(struct golib_call *c, const union golib_value *args,
                               union golib_value *ret)
{
    double v = 0;
    union golib_value e = {0};
    int r = go_float_parse(args[0].text, args[1].integer == 32 ? 32 : 64, &v);
    enum outcome o = r == -EINVAL ? BAD_SYNTAX : r == -ERANGE ? OUT_OF_RANGE : FINE;
    r = error_of(c, o, "ParseFloat", args, &e.error);
    if (r < 0)
        return r;
    ret[0].number = v;
    ret[1] = e;
    return 0;
}

static int strconv_parse_bool(struct golib_call *c, const union golib_value *args,
                              union golib_value *ret)
{
    static const char *const words[] = {"1", "t", "T", "true",  "TRUE",  "True",
                                        "0", "f", "F", "false", "FALSE", "False"};
    union golib_value e = {0};
    size_t i = 0;
    while (i < ARRAY_LEN(words) && !slice_eq_cstr(args[0].text, words[i]))
        i++;
    int r = error_of(c, i < ARRAY_LEN(words) ? FINE : BAD_SYNTAX, "ParseBool", args, &e.error);
    if (r < 0)
        return r;
    ret[0].boolean = i < ARRAY_LEN(words) / 2;
    ret[1] = e;
    return 0;
}

/* ---- text from numbers ---- */

static int format_base(struct golib_call *c, uint64_t v, bool negative, int64_t base,
                       struct slice *ret)
{
    char text[65], *at = text + sizeof(text);
    if (base < 2 || base > 36)
        return golib_panic(c, "strconv: illegal AppendInt/FormatInt base");
    if (negative)
        v = 0 - v;
    do
        *--at = "0123456789abcdefghijklmnopqrstuvwxyz"[v % (uint64_t)base];
    while ((v /= (uint64_t)base) > 0);
    if (negative)
        *--at = '-';
    return golib_text(c, (struct slice){at, (size_t)(text + sizeof(text) - at)}, ret);
}

static int strconv_itoa(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return format_base(c, (uint64_t)args[0].integer, args[0].integer < 0, 10, &ret->text);
}

static int strconv_format_int(struct golib_call *c, const union golib_value *args,
                              union golib_value *ret)
{
    return format_base(c, (uint64_t)args[0].integer, args[0].integer < 0, args[1].integer,
                       &ret->text);
}

static int strconv_format_uint(struct golib_call *c, const union golib_value *args,
                               union golib_value *ret)
{
    return format_base(c, args[0].natural, false, args[1].integer, &ret->text);
}

static int strconv_format_bool(struct golib_call *c, const union golib_value *args,
                               union golib_value *ret)
{
    (void)c;
    ret->text = args[0].boolean ? SLICE("true") : SLICE("false");
    return 0;
}

static int strconv_format_float(struct golib_call *c, const union golib_value *args,
                                union golib_value *ret)
{
    struct buf to = BUF(MEM_LANG, golib_bytes_max(c));
    int64_t precision = args[2].integer, bits = args[3].integer;
    if (bits != 32 && bits != 64)
        return golib_panic(c, "strconv: illegal AppendFloat/FormatFloat bitSize");
    if (precision > INT32_MAX)
        return -EMSGSIZE;
    int r = go_float_append(&to, args[0].number, (char)args[1].natural,
                            precision < 0 ? -1 : (int)precision, (int)bits);
    if (r == 0)
        r = golib_text(c, buf_slice(&to), &ret->text);
    buf_done(&to);
    return r;
}

/* ---- quoting ---- */

static int quoted(struct golib_call *c, struct slice s, enum go_quote_kind kind, struct slice *ret)
{
    struct buf to = BUF(MEM_LANG, golib_bytes_max(c));
    int r = go_quote_append(&to, s, '"', kind);
    if (r == 0)
        r = golib_text(c, buf_slice(&to), ret);
    buf_done(&to);
    return r;
}

static int quoted_rune(struct golib_call *c, int64_t v, enum go_quote_kind kind, struct slice *ret)
{
    struct buf to = BUF(MEM_LANG, golib_bytes_max(c));
    int r = go_quote_rune_append(&to, (int32_t)v, kind);
    if (r == 0)
        r = golib_text(c, buf_slice(&to), ret);
    buf_done(&to);
    return r;
}

static int strconv_quote(struct golib_call *c, const union golib_value *args,
                         union golib_value *ret)
{
    return quoted(c, args[0].text, GO_QUOTE_PRINTABLE, &ret->text);
}

static int strconv_quote_to_ascii(struct golib_call *c, const union golib_value *args,
                                  union golib_value *ret)
{
    return quoted(c, args[0].text, GO_QUOTE_ASCII, &ret->text);
}

static int strconv_quote_to_graphic(struct golib_call *c, const union golib_value *args,
                                    union golib_value *ret)
{
    return quoted(c, args[0].text, GO_QUOTE_GRAPHIC, &ret->text);
}

static int strconv_quote_rune(struct golib_call *c, const union golib_value *args,
                              union golib_value *ret)
{
    return quoted_rune(c, args[0].integer, GO_QUOTE_PRINTABLE, &ret->text);
}

static int strconv_quote_rune_to_ascii(struct golib_call *c, const union golib_value *args,
                                       union golib_value *ret)
{
    return quoted_rune(c, args[0].integer, GO_QUOTE_ASCII, &ret->text);
}

static int strconv_quote_rune_to_graphic(struct golib_call *c, const union golib_value *args,
                                         union golib_value *ret)
{
    return quoted_rune(c, args[0].integer, GO_QUOTE_GRAPHIC, &ret->text);
}

static int strconv_can_backquote(struct golib_call *c, const union golib_value *args,
                                 union golib_value *ret)
{
    (void)c;
    ret->boolean = go_can_backquote(args[0].text);
    return 0;
}

static int strconv_is_print(struct golib_call *c, const union golib_value *args,
                            union golib_value *ret)
{
    (void)c;
    ret->boolean = unicode_is_print((uint32_t)args[0].integer);
    return 0;
}

static int strconv_is_graphic(struct golib_call *c, const union golib_value *args,
                              union golib_value *ret)
{
    (void)c;
    ret->boolean = unicode_is_graphic((uint32_t)args[0].integer);
    return 0;
}

static int strconv_unquote(struct golib_call *c, const union golib_value *args,
                           union golib_value *ret)
{
    struct slice text = {NULL, 0};
    int r = go_unquote(args[0].text, c->arena, &text);
    if (r < 0 && r != -EINVAL)
        return r;
    ret[0].text = text;
    ret[1].error = r == -EINVAL ? &err_syntax : NULL;
    return 0;
}

static int strconv_unquote_char(struct golib_call *c, const union golib_value *args,
                                union golib_value *ret)
{
    (void)c;
    struct slice s = args[0].text;
    uint32_t v = 0;
    bool is_byte = false, begins_long = s.size && (unsigned char)s.data[0] >= 0x80;
    bool escaped = s.size && s.data[0] == '\\';
    int r = go_unquote_char(&s, (char)args[1].natural, &v, &is_byte);
    ret[0].integer = r == 0 ? (int64_t)v : 0;
    /* What Go calls multibyte: whether to write it as a character rather than as a byte. */
    ret[1].boolean = r == 0 && (begins_long || (escaped && !is_byte && args[0].text.size > 1 &&
                                                strchr("uU", args[0].text.data[1])));
    ret[2].text = r == 0 ? s : (struct slice){NULL, 0};
    ret[3].error = r < 0 ? &err_syntax : NULL;
    return 0;
}

static const struct golib_func funcs[] = {
    {.name = "Atoi", .params = "s", .results = "ie", .call = strconv_atoi},
    {.name = "CanBackquote", .params = "s", .results = "b", .call = strconv_can_backquote},
    {.name = "FormatBool", .params = "b", .results = "s", .call = strconv_format_bool},
    {.name = "FormatFloat", .params = "fyii", .results = "s", .call = strconv_format_float},
    {.name = "FormatInt", .params = "ji", .results = "s", .call = strconv_format_int},
    {.name = "FormatUint", .params = "ui", .results = "s", .call = strconv_format_uint},
    {.name = "IsGraphic", .params = "r", .results = "b", .call = strconv_is_graphic},
    {.name = "IsPrint", .params = "r", .results = "b", .call = strconv_is_print},
    {.name = "Itoa", .params = "i", .results = "s", .call = strconv_itoa},
    {.name = "ParseBool", .params = "s", .results = "be", .call = strconv_parse_bool},
    {.name = "ParseFloat", .params = "si", .results = "fe", .call = strconv_parse_float},
    {.name = "ParseInt", .params = "sii", .results = "je", .call = strconv_parse_int},
    {.name = "ParseUint", .params = "sii", .results = "ue", .call = strconv_parse_uint},
    {.name = "Quote", .params = "s", .results = "s", .call = strconv_quote},
    {.name = "QuoteRune", .params = "r", .results = "s", .call = strconv_quote_rune},
    {.name = "QuoteRuneToASCII",
     .params = "r",
     .results = "s",
     .call = strconv_quote_rune_to_ascii},
    {.name = "QuoteRuneToGraphic",
     .params = "r",
     .results = "s",
     .call = strconv_quote_rune_to_graphic},
    {.name = "QuoteToASCII", .params = "s", .results = "s", .call = strconv_quote_to_ascii},
    {.name = "QuoteToGraphic", .params = "s", .results = "s", .call = strconv_quote_to_graphic},
    {.name = "Unquote", .params = "s", .results = "se", .call = strconv_unquote},
    {.name = "UnquoteChar", .params = "sy", .results = "rbse", .call = strconv_unquote_char},
};

static const struct golib_object objects[] = {
    {.name = "ErrRange", .kind = GOLIB_ERROR, .error = &err_range},
    {.name = "ErrSyntax", .kind = GOLIB_ERROR, .error = &err_syntax},
    {.name = "IntSize", .kind = GOLIB_CONST, .literal = "64"},
};

const struct golib_package golib_strconv = {.path = "strconv",
                                            .funcs = funcs,
                                            .func_count = ARRAY_LEN(funcs),
                                            .objects = objects,
                                            .object_count = ARRAY_LEN(objects)};
