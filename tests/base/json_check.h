/* json_check.h - whether bytes are one JSON value, by RFC 8259 and nothing else.
 *
 * An oracle for writers of JSON: written apart from them and from wire/json, and small enough to be
 * believed. UTF-8 is checked as well. */
#ifndef FIREBREAK_TESTS_BASE_JSON_CHECK_H
#define FIREBREAK_TESTS_BASE_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct json_check {
    const unsigned char *at, *end;
    int depth;
};

static inline int json_check_peek(const struct json_check *c)
{
    return c->at < c->end ? *c->at : -1;
}

static inline bool json_check_take(struct json_check *c, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
        return false;
    c->at += n;
    return true;
}

static inline void json_check_space(struct json_check *c)
{
    while (c->at < c->end && strchr(" \t\r\n", *c->at) && *c->at)
        c->at++;
}

static inline bool json_check_digits(struct json_check *c)
{
    const unsigned char *from = c->at;
    while (json_check_peek(c) >= '0' && json_check_peek(c) <= '9')
        c->at++;
    return c->at > from;
}

static inline bool json_check_number(struct json_check *c)
{
    json_check_take(c, "-");
    if (!json_check_take(c, "0") && !json_check_digits(c))
        return false;
    if (json_check_take(c, ".") && !json_check_digits(c))
        return false;
    if (json_check_take(c, "e") || json_check_take(c, "E")) {
        if (!json_check_take(c, "+"))
            json_check_take(c, "-");
        return json_check_digits(c);
    }
    return true;
}

/* One character of more than one byte, by the table of RFC 3629. */
static inline bool json_check_long(struct json_check *c)
{
    static const unsigned char rows[][5] = {
        /* first byte from, to; second byte from, to; bytes in all */
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const unsigned char *row = rows[i];
        if (*c->at < row[0] || *c->at > row[1])
            continue;
        if (c->end - c->at < row[4] || c->at[1] < row[2] || c->at[1] > row[3])
            return false;
        for (int j = 2; j < row[4]; j++)
            if (c->at[j] >> 6 != 2)
                return false;
        c->at += row[4];
        return true;
    }
    return false;
}

static inline bool json_check_string(struct json_check *c)
{
    if (!json_check_take(c, "\""))
        return false;
    while (c->at < c->end && *c->at != '"') {
        if (*c->at < 0x20)
            return false;
        if (*c->at >= 0x80) {
            if (!json_check_long(c))
                return false;
            continue;
        }
        if (*c->at++ != '\\')
            continue;
        int e = json_check_peek(c);
        if (e <= 0 || !strchr("\"\\/bfnrtu", e))
            return false;
        c->at++;
        for (int i = 0; e == 'u' && i < 4; i++) {
            int h = json_check_peek(c);
            if (h <= 0 || !strchr("0123456789abcdefABCDEF", h))
                return false;
            c->at++;
        }
    }
    return json_check_take(c, "\"");
}

static inline bool json_check_value(struct json_check *c);

static inline bool json_check_list(struct json_check *c, bool object, const char *close)
{
    json_check_space(c);
    if (json_check_take(c, close))
        return true;
    do {
        json_check_space(c);
        if (object) {
            if (!json_check_string(c))
                return false;
            json_check_space(c);
            if (!json_check_take(c, ":"))
                return false;
        }
        if (!json_check_value(c))
            return false;
    } while (json_check_take(c, ","));
    return json_check_take(c, close);
}

static inline bool json_check_value(struct json_check *c)
{
    bool ok;

    if (++c->depth > 64)
        return false;
    json_check_space(c);
    if (json_check_take(c, "{"))
        ok = json_check_list(c, true, "}");
    else if (json_check_take(c, "["))
        ok = json_check_list(c, false, "]");
    else if (json_check_peek(c) == '"')
        ok = json_check_string(c);
    else
        ok = json_check_take(c, "true") || json_check_take(c, "false") ||
             json_check_take(c, "null") || json_check_number(c);
    json_check_space(c);
    c->depth--;
    return ok;
}

static inline bool json_check(const char *data, size_t size)
{
    struct json_check c = {
        (const unsigned char *)data, (const unsigned char *)data + size, 0};

    return json_check_value(&c) && c.at == c.end;
}

#endif
