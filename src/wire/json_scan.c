#include "wire/json_scan.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"

static size_t utf8_sequence(const char *at, const char *end)
{
    return json_utf8_sequence((struct slice){at, (size_t)(end - at)});
}

static int hex4(const char *at, const char *end)
{
    int v = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        v = v * 16 + digit;
    }
    return v;
}

/* Behind "\u". A lone surrogate is no character: U+FFFD stands for it. */
static bool parse_unicode(struct json_scan *p, char **to)
{
    int c = hex4(p->at, p->end);
    if (c < 0) {
        json_scan_fail(p, p->at, "four hexadecimal digits", -EBADMSG);
        return false;
    }
    p->at += 4;
    uint32_t code = (uint32_t)c;
    if (code >= 0xD800 && code <= 0xDBFF && p->end - p->at >= 6 && p->at[0] == '\\' &&
        p->at[1] == 'u') {
        int low = hex4(p->at + 2, p->end);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            p->at += 6;
            code = 0x10000 + ((code - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
        }
    }
    *to += utf8_encode(code, *to);
    return true;
}

static bool parse_escape(struct json_scan *p, char **to)
{
    static const char from[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    if (p->at == p->end) {
        json_scan_fail(p, p->at, "an escape", -EBADMSG);
        return false;
    }
    char c = *p->at;
    if (c == 'u') {
        p->at++;
        return parse_unicode(p, to);
    }
    const char *known = c ? strchr(from, c) : NULL;
    if (!known) {
        json_scan_fail(p, p->at, "one of \" \\ / b f n r t u behind a backslash", -EBADMSG);
        return false;
    }
    p->at++;
    *(*to)++ = means[known - from];
    return true;
}

/* Finds the closing quote; *ret_escapes tells whether anything must be decoded. */
static const char *string_end(struct json_scan *p, bool *ret_escapes)
{
    const char *at = p->at;
    *ret_escapes = false;
    while (at < p->end && *at != '"') {
        unsigned char c = (unsigned char)*at;
        size_t size = c < 0x80 ? 1 : utf8_sequence(at, p->end);
        if (c < 0x20 || size == 0) {
            json_scan_fail(p, at, size ? "no bare control character in a string" : "valid UTF-8",
                           -EBADMSG);
            return NULL;
        }
        if (c == '\\') {
            *ret_escapes = true;
            size = 2;
            if (p->end - at < 2)
                break;
            if ((unsigned char)at[1] >= 0x80)
                size = 1;
        }
        at += size;
    }
    if (at >= p->end) {
        json_scan_fail(p, p->end, "a closing quote", -EBADMSG);
        return NULL;
    }
    return at;
}

bool json_scan_string(struct json_scan *p, struct slice *ret)
{
    bool escapes;
    p->at++;
    const char *end = string_end(p, &escapes);
    if (!end)
        return false;
    if (!escapes) {
        *ret = (struct slice){p->at, (size_t)(end - p->at)};
        p->at = end + 1;
        return true;
    }
    char *text = arena_alloc(p->arena, (size_t)(end - p->at) + 1), *to = text;
    if (!text) {
        json_scan_fail(p, p->at, "less text: the bound is reached", -ENOSPC);
        return false;
    }
    while (p->at < end) {
        char c = *p->at++;
        if (c != '\\')
            *to++ = c;
        else if (!parse_escape(p, &to))
            return false;
    }
    *ret = (struct slice){text, (size_t)(to - text)};
    p->at = end + 1;
    return true;
}

static bool digits(struct json_scan *p)
{
    const char *from = p->at;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
    if (p->at == from)
        json_scan_fail(p, p->at, "a digit", -EBADMSG);
    return p->at > from;
}

bool json_scan_number(struct json_scan *p, struct slice *ret)
{
    const char *from = p->at;
    if (*p->at == '-')
        p->at++;
    if (p->at < p->end && *p->at == '0')
        p->at++;
    else if (!digits(p))
        return false;
    if (p->at < p->end && *p->at == '.') {
        p->at++;
        if (!digits(p))
            return false;
    }
    if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
        p->at++;
        if (p->at < p->end && (*p->at == '+' || *p->at == '-'))
            p->at++;
        if (!digits(p))
            return false;
    }
    *ret = (struct slice){from, (size_t)(p->at - from)};
    return true;
}
