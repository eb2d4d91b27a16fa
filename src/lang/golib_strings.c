#include "lang/golib_strings.h"

#include <errno.h>

#include "base/utf8.h"
#include "lang/golib_impl.h"
#include "lang/unicode.h"

/* ---- searching ---- */

ptrdiff_t golib_index_rune(struct slice s, uint32_t r)
{
    char bytes[UTF8_BYTES_MAX];
    if (r < 0x80)
        return slice_find_byte(s, (char)r);
    if (r == UTF8_REPLACEMENT) {
        /* A wrong byte is one, too. */
        for (struct slice rest = s; rest.size;) {
            size_t at = s.size - rest.size;
            if (unicode_next(&rest, NULL) == r)
                return (ptrdiff_t)at;
        }
        return -1;
    }
    if (r > 0x10ffff || (r >= 0xd800 && r < 0xe000))
        return -1;
    return slice_find(s, (struct slice){bytes, utf8_encode(r, bytes)});
}

static bool in_set(struct slice set, uint32_t r)
{
    return golib_index_rune(set, r) >= 0;
}

ptrdiff_t golib_last_index(struct slice s, struct slice what)
{
    for (size_t at = s.size < what.size ? 0 : s.size - what.size + 1; at-- > 0;)
        if (what.size == 0 || memcmp(s.data + at, what.data, what.size) == 0)
            return (ptrdiff_t)at;
    return -1;
}

size_t golib_count(struct slice s, struct slice what)
{
    size_t n = 0;
    if (what.size == 0)
        return unicode_count(s) + 1;
    for (ptrdiff_t at; (at = slice_find(s, what)) >= 0; n++)
        s = slice_sub(s, (size_t)at + what.size, s.size);
    return n;
}

static int contains(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->boolean = args[1].text.size == 0 || slice_find(args[0].text, args[1].text) >= 0;
    return 0;
}

static int index_of(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->integer = args[1].text.size ? slice_find(args[0].text, args[1].text) : 0;
    return 0;
}

static int last_index(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->integer = golib_last_index(args[0].text, args[1].text);
    return 0;
}

static int index_byte(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->integer = slice_find_byte(args[0].text, (char)args[1].natural);
    return 0;
}

static int last_index_byte(struct golib_call *c, const union golib_value *args,
                           union golib_value *ret)
{
    (void)c;
    struct slice s = args[0].text;
    int64_t at = (int64_t)s.size - 1;
    while (at >= 0 && (unsigned char)s.data[at] != (unsigned char)args[1].natural)
        at--;
    ret->integer = at;
    return 0;
}

static int index_rune(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->integer = golib_index_rune(args[0].text, (uint32_t)args[1].integer);
    return 0;
}

static int contains_rune(struct golib_call *c, const union golib_value *args,
                         union golib_value *ret)
{
    (void)c;
    ret->boolean = golib_index_rune(args[0].text, (uint32_t)args[1].integer) >= 0;
    return 0;
}

static int index_any(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    struct slice s = args[0].text;
    ret->integer = -1;
    for (struct slice rest = s; rest.size;) {
        size_t at = s.size - rest.size;
        if (!in_set(args[1].text, unicode_next(&rest, NULL)))
            continue;
        ret->integer = (int64_t)at;
        return 0;
    }
    return 0;
}

static int contains_any(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    union golib_value at;
    index_any(c, args, &at);
    ret->boolean = at.integer >= 0;
    return 0;
}

static int last_index_any(struct golib_call *c, const union golib_value *args,
                          union golib_value *ret)
{
    (void)c;
    struct slice s = args[0].text;
    while (s.size)
        if (in_set(args[1].text, unicode_last(&s, NULL))) {
            ret->integer = (int64_t)s.size;
            return 0;
        }
    ret->integer = -1;
    return 0;
}

static int count(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->integer = (int64_t)golib_count(args[0].text, args[1].text);
    return 0;
}

/* ---- comparing ---- */

static int compare(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    struct slice x = args[0].text, y = args[1].text;
    size_t n = x.size < y.size ? x.size : y.size;
    int order = n ? memcmp(x.data, y.data, n) : 0;
    if (order == 0)
        order = (x.size > y.size) - (x.size < y.size);
    ret->integer = (order > 0) - (order < 0);
    return 0;
}

static bool equal_but_for_case(uint32_t x, uint32_t y)
{
    for (uint32_t r = unicode_simple_fold(x); r != x; r = unicode_simple_fold(r))
        if (r == y)
            return true;
    return x == y;
}

static int equal_fold(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    struct slice x = args[0].text, y = args[1].text;
    bool equal = true;
    while (equal && x.size && y.size)
        equal = equal_but_for_case(unicode_next(&x, NULL), unicode_next(&y, NULL));
    ret->boolean = equal && !x.size && !y.size;
    return 0;
}

static int has_prefix(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->boolean = slice_starts_with(args[0].text, args[1].text);
    return 0;
}

static int has_suffix(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->boolean = slice_ends_with(args[0].text, args[1].text);
    return 0;
}

/* ---- cutting ---- */

static int clone(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->text = args[0].text;
    return 0;
}

static int cut(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    struct slice s = args[0].text, sep = args[1].text;
    ptrdiff_t at = sep.size ? slice_find(s, sep) : 0;
    ret[0].text = at < 0 ? s : slice_sub(s, 0, (size_t)at);
    ret[1].text = at < 0 ? (struct slice){NULL, 0} : slice_sub(s, (size_t)at + sep.size, s.size);
    ret[2].boolean = at >= 0;
    return 0;
}

static int cut_prefix(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    struct slice s = args[0].text, prefix = args[1].text;
    ret[1].boolean = slice_starts_with(s, prefix);
    ret[0].text = ret[1].boolean ? slice_sub(s, prefix.size, s.size) : s;
    return 0;
}

static int cut_suffix(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    struct slice s = args[0].text, suffix = args[1].text;
    ret[1].boolean = slice_ends_with(s, suffix);
    ret[0].text = ret[1].boolean ? slice_sub(s, 0, s.size - suffix.size) : s;
    return 0;
}

static int trim_prefix(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    union golib_value both[2];
    cut_prefix(c, args, both);
    ret->text = both[0].text;
    return 0;
}

static int trim_suffix(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    union golib_value both[2];
    cut_suffix(c, args, both);
    ret->text = both[0].text;
    return 0;
}

static struct slice without_left(struct slice s, struct slice set)
{
    for (struct slice rest = s; rest.size; s = rest)
        if (!in_set(set, unicode_next(&rest, NULL)))
            return s;
    return (struct slice){NULL, 0};
}

static struct slice without_right(struct slice s, struct slice set)
{
    for (struct slice rest = s; rest.size; s = rest)
        if (!in_set(set, unicode_last(&rest, NULL)))
            return s;
    return (struct slice){NULL, 0};
}

static int trim_left(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->text = without_left(args[0].text, args[1].text);
    return 0;
}

static int trim_right(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->text = without_right(args[0].text, args[1].text);
    return 0;
}

static int trim(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->text = without_right(without_left(args[0].text, args[1].text), args[1].text);
    return 0;
}

static int trim_space(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    struct slice s = args[0].text;
    for (struct slice rest = s; rest.size; s = rest)
        if (!unicode_is_space(unicode_next(&rest, NULL)))
            break;
    for (struct slice rest = s; rest.size; s = rest)
        if (!unicode_is_space(unicode_last(&rest, NULL)))
            break;
    ret->text = s;
    return 0;
}

/* ---- building ---- */

static int join(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    const struct golib_strings *list = &args[0].strings;
    struct slice sep = args[1].text;
    size_t size = 0;
    char *to;
    for (size_t i = 0; i < list->count; i++) {
        size += list->items[i].size + (i ? sep.size : 0);
        if (size > golib_bytes_max(c))
            return -EMSGSIZE;
    }
    int r = golib_room(c, size, &to);
    if (r < 0)
        return r;
    ret->text = (struct slice){to, size};
    for (size_t i = 0; i < list->count; i++) {
        if (i && sep.size) {
            memcpy(to, sep.data, sep.size);
            to += sep.size;
        }
        if (list->items[i].size)
            memcpy(to, list->items[i].data, list->items[i].size);
        to += list->items[i].size;
    }
    return 0;
}

static int repeat(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    struct slice s = args[0].text;
    int64_t times = args[1].integer;
    size_t size;
    char *to;
    if (times < 0)
        return golib_panic(c, "strings: negative Repeat count");
    if (__builtin_mul_overflow(s.size, (uint64_t)times, &size) || size > INT64_MAX)
        return golib_panic(c, "strings: Repeat output length overflow");
    int r = golib_room(c, size, &to);
    if (r < 0)
        return r;
    for (size_t at = 0; at < size; at += s.size)
        memcpy(to + at, s.data, s.size);
    ret->text = (struct slice){to, size};
    return 0;
}

/* Where the next `old` begins, from `from` on. An empty one stands before each character, and
 * behind the last; of those the first is at `from` itself only at the start. */
static size_t next_match(struct slice s, struct slice old, size_t from, bool first)
{
    struct slice rest = slice_sub(s, from, s.size);
    if (old.size)
        return from + (size_t)slice_find(rest, old);
    if (!first && rest.size)
        unicode_next(&rest, NULL);
    return s.size - rest.size;
}

static int replaced(struct golib_call *c, struct slice s, struct slice old, struct slice with,
                    int64_t times, struct slice *ret)
{
    size_t matches = times ? golib_count(s, old) : 0, from = 0, growth;
    char *to;
    if (matches == 0 || slice_eq(old, with)) {
        *ret = s;
        return 0;
    }
    if (times > 0 && (uint64_t)times < matches)
        matches = (size_t)times;
    if (__builtin_mul_overflow(matches, with.size, &growth) || growth > golib_bytes_max(c))
        return -EMSGSIZE;
    size_t size = s.size + growth - matches * old.size;
    int r = golib_room(c, size, &to);
    if (r < 0)
        return r;
    *ret = (struct slice){to, size};
    for (size_t i = 0; i < matches; i++) {
        size_t at = next_match(s, old, from, i == 0);
        if (at > from)
            memcpy(to, s.data + from, at - from);
        to += at - from;
        if (with.size)
            memcpy(to, with.data, with.size);
        to += with.size;
        from = at + old.size;
    }
    if (from < s.size)
        memcpy(to, s.data + from, s.size - from);
    return 0;
}

static int replace(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return replaced(c, args[0].text, args[1].text, args[2].text, args[3].integer, &ret->text);
}

static int replace_all(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return replaced(c, args[0].text, args[1].text, args[2].text, -1, &ret->text);
}

/* ---- mapping ---- */

/* Wrong bytes come out as U+FFFD, which is longer than they are. */
static int mapped(struct golib_call *c, struct slice s, uint32_t (*map)(uint32_t),
                  struct slice *ret)
{
    struct buf to = BUF(MEM_LANG, golib_bytes_max(c));
    char bytes[UTF8_BYTES_MAX];
    int r = 0;
    while (r == 0 && s.size) {
        uint32_t to_char = map(unicode_next(&s, NULL));
        r = buf_append(&to, bytes, utf8_encode(to_char, bytes));
    }
    if (r == 0)
        r = golib_text(c, buf_slice(&to), ret);
    buf_done(&to);
    return r;
}

static int to_lower(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return mapped(c, args[0].text, unicode_to_lower, &ret->text);
}

static int to_upper(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return mapped(c, args[0].text, unicode_to_upper, &ret->text);
}

static int to_title(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return mapped(c, args[0].text, unicode_to_title, &ret->text);
}

static int to_valid_utf8(struct golib_call *c, const union golib_value *args,
                         union golib_value *ret)
{
    struct buf to = BUF(MEM_LANG, golib_bytes_max(c));
    struct slice s = args[0].text;
    bool was_valid = true;
    int r = 0;
    while (r == 0 && s.size) {
        const char *from = s.data;
        bool valid;
        unicode_next(&s, &valid);
        if (valid)
            r = buf_append(&to, from, (size_t)(s.data - from));
        else if (was_valid)
            r = buf_append_slice(&to, args[1].text);
        was_valid = valid;
    }
    if (r == 0)
        r = golib_text(c, buf_slice(&to), &ret->text);
    buf_done(&to);
    return r;
}

static const struct golib_func funcs[] = {
    {.name = "Clone", .params = "s", .results = "s", .call = clone},
    {.name = "Compare", .params = "ss", .results = "i", .call = compare},
    {.name = "Contains", .params = "ss", .results = "b", .call = contains},
    {.name = "ContainsAny", .params = "ss", .results = "b", .call = contains_any},
    {.name = "ContainsFunc", .params = "sp", .results = "b", .call = golib_contains_func},
    {.name = "ContainsRune", .params = "sr", .results = "b", .call = contains_rune},
    {.name = "Count", .params = "ss", .results = "i", .call = count},
    {.name = "Cut", .params = "ss", .results = "ssb", .call = cut},
    {.name = "CutPrefix", .params = "ss", .results = "sb", .call = cut_prefix},
    {.name = "CutSuffix", .params = "ss", .results = "sb", .call = cut_suffix},
    {.name = "EqualFold", .params = "ss", .results = "b", .call = equal_fold},
    {.name = "Fields", .params = "s", .results = "S", .call = golib_fields},
    {.name = "FieldsFunc", .params = "sp", .results = "S", .call = golib_fields_func},
    {.name = "HasPrefix", .params = "ss", .results = "b", .call = has_prefix},
    {.name = "HasSuffix", .params = "ss", .results = "b", .call = has_suffix},
    {.name = "Index", .params = "ss", .results = "i", .call = index_of},
    {.name = "IndexAny", .params = "ss", .results = "i", .call = index_any},
    {.name = "IndexByte", .params = "sy", .results = "i", .call = index_byte},
    {.name = "IndexFunc", .params = "sp", .results = "i", .call = golib_index_func},
    {.name = "IndexRune", .params = "sr", .results = "i", .call = index_rune},
    {.name = "Join", .params = "Ss", .results = "s", .call = join},
    {.name = "LastIndex", .params = "ss", .results = "i", .call = last_index},
    {.name = "LastIndexAny", .params = "ss", .results = "i", .call = last_index_any},
    {.name = "LastIndexByte", .params = "sy", .results = "i", .call = last_index_byte},
    {.name = "LastIndexFunc", .params = "sp", .results = "i", .call = golib_last_index_func},
    {.name = "Map", .params = "ms", .results = "s", .call = golib_map_runes},
    {.name = "Repeat", .params = "si", .results = "s", .call = repeat},
    {.name = "Replace", .params = "sssi", .results = "s", .call = replace},
    {.name = "ReplaceAll", .params = "sss", .results = "s", .call = replace_all},
    {.name = "Split", .params = "ss", .results = "S", .call = golib_split},
    {.name = "SplitAfter", .params = "ss", .results = "S", .call = golib_split_after},
    {.name = "SplitAfterN", .params = "ssi", .results = "S", .call = golib_split_after_n},
    {.name = "SplitN", .params = "ssi", .results = "S", .call = golib_split_n},
    {.name = "ToLower", .params = "s", .results = "s", .call = to_lower},
    {.name = "ToTitle", .params = "s", .results = "s", .call = to_title},
    {.name = "ToUpper", .params = "s", .results = "s", .call = to_upper},
    {.name = "ToValidUTF8", .params = "ss", .results = "s", .call = to_valid_utf8},
    {.name = "Trim", .params = "ss", .results = "s", .call = trim},
    {.name = "TrimFunc", .params = "sp", .results = "s", .call = golib_trim_func},
    {.name = "TrimLeft", .params = "ss", .results = "s", .call = trim_left},
    {.name = "TrimLeftFunc", .params = "sp", .results = "s", .call = golib_trim_left_func},
    {.name = "TrimPrefix", .params = "ss", .results = "s", .call = trim_prefix},
    {.name = "TrimRight", .params = "ss", .results = "s", .call = trim_right},
    {.name = "TrimRightFunc", .params = "sp", .results = "s", .call = golib_trim_right_func},
    {.name = "TrimSpace", .params = "s", .results = "s", .call = trim_space},
    {.name = "TrimSuffix", .params = "ss", .results = "s", .call = trim_suffix},
};

const struct golib_package golib_strings = {
    .path = "strings", .funcs = funcs, .func_count = ARRAY_LEN(funcs)};
