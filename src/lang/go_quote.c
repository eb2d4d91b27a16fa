#include "lang/go_quote.h"

#include <errno.h>

#include "base/utf8.h"
#include "lang/unicode.h"

static const char hex_digits[] = "0123456789abcdef";

/* \xNN, \uNNNN, \UNNNNNNNN: `digits` of them. */
static int append_hex(struct buf *to, char letter, uint32_t v, unsigned digits)
{
    char text[2 + 8] = {'\\', letter};
    for (unsigned i = 0; i < digits; i++)
        text[2 + i] = hex_digits[v >> 4 * (digits - 1 - i) & 15];
    return buf_append(to, text, 2 + digits);
}

static char short_escape(uint32_t c)
{
    static const char letters[] = "abtnvfr"; /* of 7 … 13 */
    return c >= 7 && c <= 13 ? letters[c - 7] : 0;
}

static bool stays(uint32_t c, enum go_quote_kind kind)
{
    if (c < 0x80)
        return unicode_is_print(c);
    if (kind == GO_QUOTE_ASCII)
        return false;
    return kind == GO_QUOTE_GRAPHIC ? unicode_is_graphic(c) : unicode_is_print(c);
}

static int append_char(struct buf *to, uint32_t c, char quote, enum go_quote_kind kind)
{
    char bytes[UTF8_BYTES_MAX];
    if (c == (unsigned char)quote || c == '\\') {
        char escaped[] = {'\\', (char)c};
        return buf_append(to, escaped, 2);
    }
    if (stays(c, kind))
        return buf_append(to, bytes, utf8_encode(c, bytes));
    if (short_escape(c)) {
        char escaped[] = {'\\', short_escape(c)};
        return buf_append(to, escaped, 2);
    }
    if (c < ' ' || c == 0x7f)
        return append_hex(to, 'x', c, 2);
    return c < 0x10000 ? append_hex(to, 'u', c, 4) : append_hex(to, 'U', c, 8);
}

int go_quote_append(struct buf *to, struct slice s, char quote, enum go_quote_kind kind)
{
    size_t before = to->size;
    int r = buf_append_byte(to, quote);
    while (r == 0 && s.size) {
        bool valid;
        unsigned char first = (unsigned char)s.data[0];
        uint32_t c = unicode_next(&s, &valid);
        r = valid ? append_char(to, c, quote, kind) : append_hex(to, 'x', first, 2);
    }
    if (r == 0)
        r = buf_append_byte(to, quote);
    if (r < 0)
        to->size = before;
    return r;
}

int go_quote_rune_append(struct buf *to, int32_t r, enum go_quote_kind kind)
{
    uint32_t c = (uint32_t)r;
    char bytes[UTF8_BYTES_MAX];
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        c = UTF8_REPLACEMENT;
    if (c == UTF8_REPLACEMENT)
        return buf_append_cstr(to, kind == GO_QUOTE_ASCII ? "'\\ufffd'" : "'\xEF\xBF\xBD'");
    if (c != '\'')
        return go_quote_append(to, (struct slice){bytes, utf8_encode(c, bytes)}, '\'', kind);
    return buf_append_cstr(to, "'\\''");
}

bool go_can_backquote(struct slice s)
{
    while (s.size) {
        bool valid;
        uint32_t c = unicode_next(&s, &valid);
        if (!valid || c == 0xfeff || c == '`' || c == 0x7f || (c < ' ' && c != '\t'))
            return false;
    }
    return true;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* `digits` digits at the start of s. */
static int take_digits(struct slice *s, unsigned digits, unsigned base, uint32_t *ret)
{
    uint32_t v = 0;
    if (s->size < digits)
        return -EINVAL;
    for (unsigned i = 0; i < digits; i++) {
        int d = digit_of(s->data[i]);
        if (d >= (int)base)
            return -EINVAL;
        v = v * base + (uint32_t)d;
    }
    *s = slice_sub(*s, digits, s->size);
    *ret = v;
    return 0;
}

/* Behind the backslash. */
static int take_escape(struct slice *s, char quote, uint32_t *ret, bool *ret_is_byte)
{
    if (s->size == 0)
        return -EINVAL;
    char c = s->data[0];
    const char *letters = "abtnvfr", *at = c ? strchr(letters, c) : NULL;
    if (c >= '0' && c <= '7') {
        *ret_is_byte = true;
        return take_digits(s, 3, 8, ret) < 0 || *ret > 255 ? -EINVAL : 0;
    }
    *s = slice_sub(*s, 1, s->size);
    if (at) {
        *ret = (uint32_t)(7 + (at - letters));
        return 0;
    }
    if (c == '\\' || ((c == '\'' || c == '"') && c == quote)) {
        *ret = (unsigned char)c;
        return 0;
    }
    *ret_is_byte = c == 'x';
    if (c == 'x')
        return take_digits(s, 2, 16, ret);
    if ((c != 'u' && c != 'U') || take_digits(s, c == 'u' ? 4 : 8, 16, ret) < 0)
        return -EINVAL;
    return *ret > 0x10ffff || (*ret >= 0xd800 && *ret < 0xe000) ? -EINVAL : 0;
}

int go_unquote_char(struct slice *s, char quote, uint32_t *ret_char, bool *ret_is_byte)
{
    struct slice rest = *s;
    uint32_t c;
    bool is_byte = false;
    if (s->size == 0 || ((quote == '\'' || quote == '"') && s->data[0] == quote))
        return -EINVAL;
    if (s->data[0] != '\\') {
        c = unicode_next(&rest, NULL);
    } else {
        rest = slice_sub(rest, 1, rest.size);
        if (take_escape(&rest, quote, &c, &is_byte) < 0)
            return -EINVAL;
    }
    *s = rest;
    *ret_char = c;
    *ret_is_byte = is_byte;
    return 0;
}

static int unquote_raw(struct slice inside, struct arena *a, struct slice *ret)
{
    if (slice_find_byte(inside, '`') >= 0)
        return -EINVAL;
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

int go_unquote(struct slice s, struct arena *a, struct slice *ret)
{
    if (s.size < 2 || s.data[0] != s.data[s.size - 1])
        return -EINVAL;
    char quote = s.data[0];
    struct slice inside = slice_sub(s, 1, s.size - 1);
    if (quote == '`')
        return unquote_raw(inside, a, ret);
    if ((quote != '"' && quote != '\'') || slice_find_byte(inside, '\n') >= 0)
        return -EINVAL;
    if (quote == '"' && slice_find_byte(inside, '\\') < 0 && slice_find_byte(inside, '"') < 0 &&
        utf8_valid_bytes(inside) == inside.size) {
        *ret = inside;
        return 0;
    }
    /* A wrong byte becomes U+FFFD, which is three: nothing grows by more. */
    char *to = arena_alloc(a, inside.size * 3 + UTF8_BYTES_MAX);
    size_t n = 0, count = 0;
    if (!to)
        return -ENOMEM;
    for (; inside.size; count++) {
        uint32_t c;
        bool is_byte;
        if (go_unquote_char(&inside, quote, &c, &is_byte) < 0)
            return -EINVAL;
        if (is_byte)
            to[n++] = (char)c;
        else
            n += utf8_encode(c, to + n);
    }
    if (quote == '\'' && count != 1)
        return -EINVAL;
    *ret = (struct slice){to, n};
    return 0;
}
