#include "wire/yaml_plain.h"

#include "base/utf8.h"

enum { PLAIN_BYTES_MAX = 256 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t run(struct slice s, size_t at, const char *of)
{
    size_t to = at;
    while (to < s.size && s.data[to] && strchr(of, s.data[to]))
        to++;
    return to - at;
}

/* Words that mean something to a reader of 1.1 or 1.2, in any case of letters. */
static bool is_word(struct slice s)
{
    static const char *const words[] = {"null", "~",    "true",  "false", "yes", "no",
                                        "y",    "n",    "on",    "off",   "=",   "<<",
                                        ".inf", ".nan", "-.inf", "+.inf"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (slice_eq_nocase(s, slice_from(words[i])))
            return true;
    return false;
}

/* 12, 1_000, 0x1f, 0b1, 1.5, .5, 1e3, and 12:30:45.6, which is a number of base 60 in 1.1. */
static bool is_number(struct slice s)
{
    size_t at = run(s, 0, "+-") ? 1 : 0;
    if (s.size - at > 2 && s.data[at] == '0' && strchr("xob", s.data[at + 1]))
        return at + 2 + run(s, at + 2, "0123456789abcdefABCDEF_") == s.size;
    size_t whole = run(s, at, "0123456789_:");
    at += whole;
    if (whole && at == s.size)
        return true;
    size_t after = 0;
    if (at < s.size && s.data[at] == '.') {
        after = run(s, at + 1, "0123456789_");
        at += 1 + after;
    }
    if (whole + after == 0)
        return false;
    if (at < s.size && (s.data[at] == 'e' || s.data[at] == 'E')) {
        at++;
        at += run(s, at, "+-") ? 1 : 0;
        at += run(s, at, "0123456789");
    }
    return at == s.size;
}

/* 2001-12-14 and whatever follows. */
static bool is_date(struct slice s)
{
    size_t year = run(s, 0, "0123456789");
    return year == 4 && s.size > 5 && s.data[4] == '-' && is_digit(s.data[5]);
}

/* Signs that mean something at a string's start. */
static bool starts_plain(struct slice s)
{
    char c = s.data[0];
    if (strchr("?:,[]{}#&*!|>'\"%@` ", c))
        return false;
    if (c == '-')
        return s.size > 1 && s.data[1] != ' ' && s.data[1] != '-'
                   ? true
                   : s.size > 2 && s.data[1] == '-' && s.data[2] != '-';
    return !slice_starts_with(s, SLICE("..."));
}

bool yaml_is_plain(struct slice s)
{
    if (s.size == 0 || s.size > PLAIN_BYTES_MAX || s.data[0] == 0 || !starts_plain(s))
        return false;
    if (is_word(s) || is_number(s) || is_date(s))
        return false;
    char last = s.data[s.size - 1];
    if (last == ' ' || last == ':')
        return false;
    if (slice_find(s, SLICE(": ")) >= 0 || slice_find(s, SLICE(" #")) >= 0)
        return false;
    while (s.size) {
        bool valid;
        uint32_t c = utf8_next(&s, &valid);
        bool shown = (c >= 0x20 && c < 0x7F) || c >= 0xA0;
        if (!valid || !shown || c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE ||
            c == 0xFFFF)
            return false;
    }
    return true;
}
