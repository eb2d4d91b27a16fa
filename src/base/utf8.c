#include "base/utf8.h"

#include "base/defs.h"
#include "base/utf8_width.h"

/* The continuation bytes that a first byte asks for, and the bounds of the first of them: the
 * bounds are what keeps overlong forms, surrogates and values above U+10FFFF out. */
struct lead {
    unsigned more;
    unsigned char low, high;
};

static struct lead lead_of(unsigned char c)
{
    if (c >= 0xc2 && c <= 0xdf)
        return (struct lead){1, 0x80, 0xbf};
    if (c >= 0xe0 && c <= 0xef)
        return (struct lead){2, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf};
    if (c >= 0xf0 && c <= 0xf4)
        return (struct lead){3, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf};
    return (struct lead){0, 0, 0};
}

uint32_t utf8_next(struct slice *s, bool *ret_valid)
{
    const unsigned char *p = (const unsigned char *)s->data;
    uint32_t c = p[0];
    unsigned n = 1;
    bool valid = c < 0x80;

    if (!valid) {
        struct lead lead = lead_of(p[0]);
        c &= 0x3fu >> lead.more;
        for (; n <= lead.more && n < s->size; n++) {
            unsigned char low = n == 1 ? lead.low : 0x80, high = n == 1 ? lead.high : 0xbf;
            if (p[n] < low || p[n] > high)
                break;
            c = c << 6 | (p[n] & 0x3fu);
        }
        valid = lead.more > 0 && n > lead.more;
    }
    s->data += n;
    s->size -= n;
    if (ret_valid)
        *ret_valid = valid;
    return valid ? c : UTF8_REPLACEMENT;
}

size_t utf8_valid_bytes(struct slice s)
{
    struct slice rest = s;

    while (rest.size) {
        struct slice before = rest;
        bool valid;
        if ((unsigned char)*rest.data < 0x80) {
            rest.data++;
            rest.size--;
            continue;
        }
        utf8_next(&rest, &valid);
        if (!valid)
            return s.size - before.size;
    }
    return s.size;
}

size_t utf8_encode(uint32_t c, char ret_bytes[UTF8_BYTES_MAX])
{
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        c = UTF8_REPLACEMENT;
    if (c < 0x80) {
        ret_bytes[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; --i > 0; c >>= 6)
        ret_bytes[i] = (char)(0x80 | (c & 0x3f));
    ret_bytes[0] = (char)((0xf00u >> n & 0xff) | c);
    return n;
}

static bool is_in(const struct range *ranges, size_t count, uint32_t c)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (c > ranges[mid].last)
            low = mid + 1;
        else if (c < ranges[mid].first)
            high = mid;
        else
            return true;
    }
    return false;
}

int utf8_width(uint32_t c)
{
    if (c < no_columns[0].first)
        return 1;
    if (is_in(no_columns, ARRAY_LEN(no_columns), c))
        return 0;
    return is_in(two_columns, ARRAY_LEN(two_columns), c) ? 2 : 1;
}

size_t utf8_columns(struct slice s)
{
    size_t columns = 0;

    while (s.size)
        columns += (size_t)utf8_width(utf8_next(&s, NULL));
    return columns;
}

struct slice utf8_cut_columns(struct slice s, size_t columns)
{
    struct slice rest = s;

    while (rest.size) {
        struct slice after = rest;
        size_t width = (size_t)utf8_width(utf8_next(&after, NULL));
        if (width > columns)
            break;
        columns -= width;
        rest = after;
    }
    return slice_sub(s, 0, s.size - rest.size);
}

bool utf8_steers(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x2028 || c == 0x2029;
}

int utf8_append_shown(struct buf *b, struct slice s)
{
    size_t before = b->size;

    while (s.size) {
        char bytes[UTF8_BYTES_MAX];
        uint32_t c = utf8_next(&s, NULL);
        size_t n = utf8_encode(utf8_steers(c) ? UTF8_REPLACEMENT : c, bytes);
        int r = buf_append(b, bytes, n);
        if (r < 0) {
            b->size = before;
            if (b->data)
                b->data[before] = 0;
            return r;
        }
    }
    return 0;
}
