#include <errno.h>

#include "lang/golib_impl.h"
#include "lang/unicode.h"

static const struct go_error err_bad_pattern = {.text = {"syntax error in pattern", 23},
                                                .type = "*errors.errorString"};

/* ---- cleaning ---- */

/* One element at a time: "." is left out, ".." takes the one before back, unless there is none. */
static size_t cleaned(struct slice s, char *to)
{
    bool rooted = s.data[0] == '/';
    size_t n = 0, floor = rooted; /* what ".." may not take back ends at `floor` */
    if (rooted)
        to[n++] = '/';
    while (s.size) {
        ptrdiff_t slash = slice_find_byte(s, '/');
        struct slice item = slice_sub(s, 0, slash < 0 ? s.size : (size_t)slash);
        s = slice_sub(s, slash < 0 ? s.size : (size_t)slash + 1, s.size);
        if (item.size == 0 || slice_eq(item, SLICE(".")))
            continue;
        bool up = slice_eq(item, SLICE(".."));
        if (up && n > floor) {
            for (n--; n > floor && to[n] != '/'; n--)
                ;
            continue;
        }
        if (up && rooted)
            continue;
        if (n > rooted)
            to[n++] = '/';
        memcpy(to + n, item.data, item.size);
        n += item.size;
        if (up)
            floor = n;
    }
    if (n == 0)
        to[n++] = '.';
    return n;
}

static int clean(struct golib_call *c, struct slice s, struct slice *ret)
{
    char *to;
    if (s.size == 0) {
        *ret = SLICE(".");
        return 0;
    }
    int r = golib_room(c, s.size, &to);
    if (r == 0)
        *ret = (struct slice){to, cleaned(s, to)};
    return r;
}

static int path_clean(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return clean(c, args[0].text, &ret->text);
}

static int path_join(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    const struct golib_strings *list = &args[0].strings;
    struct buf to = BUF(MEM_LANG, golib_bytes_max(c));
    struct slice joined;
    int r = 0;
    for (size_t i = 0; i < list->count && r == 0; i++) {
        if (to.size)
            r = buf_append_byte(&to, '/');
        if (r == 0)
            r = buf_append_slice(&to, list->items[i]);
    }
    joined = buf_slice(&to);
    if (r == 0 && joined.size)
        r = clean(c, joined, &ret->text);
    else if (r == 0)
        ret->text = (struct slice){NULL, 0};
    buf_done(&to);
    return r;
}

/* ---- taking apart ---- */

static size_t file_at(struct slice s)
{
    size_t at = s.size;
    while (at > 0 && s.data[at - 1] != '/')
        at--;
    return at;
}

static int path_split(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    struct slice s = args[0].text;
    size_t at = file_at(s);
    ret[0].text = slice_sub(s, 0, at);
    ret[1].text = slice_sub(s, at, s.size);
    return 0;
}

static int path_dir(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return clean(c, slice_sub(args[0].text, 0, file_at(args[0].text)), &ret->text);
}

static int path_base(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    struct slice s = args[0].text;
    if (s.size == 0) {
        ret->text = SLICE(".");
        return 0;
    }
    while (s.size && s.data[s.size - 1] == '/')
        s.size--;
    ret->text = s.size ? slice_sub(s, file_at(s), s.size) : SLICE("/");
    return 0;
}

static int path_ext(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    struct slice s = args[0].text, file = slice_sub(s, file_at(s), s.size);
    size_t at = file.size;
    while (at > 0 && file.data[at - 1] != '.')
        at--;
    ret->text = at ? slice_sub(file, at - 1, file.size) : (struct slice){NULL, 0};
    return 0;
}

static int path_is_abs(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->boolean = args[0].text.size && args[0].text.data[0] == '/';
    return 0;
}

/* ---- matching ---- */

/* One character of a class: plain, or behind a backslash; something must follow it. */
static int class_char(struct slice *pattern, uint32_t *ret)
{
    bool valid;
    if (pattern->size == 0 || pattern->data[0] == '-' || pattern->data[0] == ']')
        return -EINVAL;
    if (pattern->data[0] == '\\')
        *pattern = slice_sub(*pattern, 1, pattern->size);
    if (pattern->size == 0)
        return -EINVAL;
    *ret = unicode_next(pattern, &valid);
    return valid && pattern->size ? 0 : -EINVAL;
}

/* Behind a '['. */
static int match_class(struct slice *pattern, uint32_t r, bool *ret)
{
    bool negated = pattern->size && pattern->data[0] == '^', hit = false;
    if (negated)
        *pattern = slice_sub(*pattern, 1, pattern->size);
    for (int ranges = 0;; ranges++) {
        uint32_t low, high;
        if (pattern->size && pattern->data[0] == ']' && ranges) {
            *pattern = slice_sub(*pattern, 1, pattern->size);
            *ret = hit != negated;
            return 0;
        }
        if (class_char(pattern, &low) < 0)
            return -EINVAL;
        high = low;
        if (pattern->data[0] == '-') {
            *pattern = slice_sub(*pattern, 1, pattern->size);
            if (class_char(pattern, &high) < 0)
                return -EINVAL;
        }
        hit |= low <= r && r <= high;
    }
}

/* A pattern without stars at the start of s. What does not match is read on, so that a mistake
 * behind it is told all the same. */
static int match_chunk(struct slice chunk, struct slice s, bool *ret_match, struct slice *ret_rest)
{
    bool failed = false;
    while (chunk.size) {
        char p = chunk.data[0];
        failed |= s.size == 0;
        chunk = slice_sub(chunk, 1, chunk.size);
        if (p == '[') {
            uint32_t r = failed ? 0 : unicode_next(&s, NULL);
            bool hit;
            if (match_class(&chunk, r, &hit) < 0)
                return -EINVAL;
            failed |= !hit;
        } else if (p == '?') {
            failed |= !failed && s.data[0] == '/';
            if (!failed)
                unicode_next(&s, NULL);
        } else {
            if (p == '\\' && chunk.size == 0)
                return -EINVAL;
            if (p == '\\') {
                p = chunk.data[0];
                chunk = slice_sub(chunk, 1, chunk.size);
            }
            failed |= !failed && s.data[0] != p;
            if (!failed)
                s = slice_sub(s, 1, s.size);
        }
    }
    *ret_match = !failed;
    if (!failed)
        *ret_rest = s;
    return 0;
}

/* Takes stars, and what follows them up to the next star, off the pattern. */
static struct slice take_chunk(struct slice *pattern, bool *ret_star)
{
    bool in_class = false;
    size_t i = 0;
    *ret_star = false;
    while (pattern->size && pattern->data[0] == '*') {
        *ret_star = true;
        *pattern = slice_sub(*pattern, 1, pattern->size);
    }
    for (; i < pattern->size; i++) {
        char p = pattern->data[i];
        if (p == '\\' && i + 1 < pattern->size)
            i++;
        else if (p == '[')
            in_class = true;
        else if (p == ']')
            in_class = false;
        else if (p == '*' && !in_class)
            break;
    }
    if (i > pattern->size)
        i = pattern->size;
    struct slice chunk = slice_sub(*pattern, 0, i);
    *pattern = slice_sub(*pattern, i, pattern->size);
    return chunk;
}

/* Behind a star: the chunk may begin at any place before the next slash; at the pattern's end it
 * must also end where s does. */
static int match_behind_star(struct slice chunk, struct slice *s, bool last, bool *ret)
{
    *ret = false;
    for (size_t i = 0; i < s->size && s->data[i] != '/'; i++) {
        struct slice rest;
        int r = match_chunk(chunk, slice_sub(*s, i + 1, s->size), ret, &rest);
        if (r < 0)
            return r;
        if (*ret && last && rest.size)
            *ret = false;
        if (*ret) {
            *s = rest;
            return 0;
        }
    }
    return 0;
}

/* What is left of a pattern that has already failed may still be wrong. */
static int check_rest(struct slice pattern)
{
    while (pattern.size) {
        bool star, match;
        struct slice rest;
        int r = match_chunk(take_chunk(&pattern, &star), (struct slice){NULL, 0}, &match, &rest);
        if (r < 0)
            return r;
    }
    return 0;
}

static int match(struct slice pattern, struct slice s, bool *ret)
{
    *ret = false;
    while (pattern.size) {
        bool star, hit;
        struct slice rest, chunk = take_chunk(&pattern, &star);
        if (star && chunk.size == 0) {
            *ret = slice_find_byte(s, '/') < 0;
            return 0;
        }
        int r = match_chunk(chunk, s, &hit, &rest);
        if (r < 0)
            return r;
        /* At the pattern's end a match that leaves something is none, but a star may stretch. */
        if (hit && (rest.size == 0 || pattern.size)) {
            s = rest;
            continue;
        }
        hit = false;
        if (star)
            r = match_behind_star(chunk, &s, pattern.size == 0, &hit);
        if (r < 0)
            return r;
        if (!hit)
            return check_rest(pattern);
    }
    *ret = s.size == 0;
    return 0;
}

static int path_match(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    bool matched;
    int r = match(args[0].text, args[1].text, &matched);
    ret[0].boolean = r == 0 && matched;
    ret[1].error = r < 0 ? &err_bad_pattern : NULL;
    return 0;
}

static const struct golib_func funcs[] = {
    {.name = "Base", .params = "s", .results = "s", .call = path_base},
    {.name = "Clean", .params = "s", .results = "s", .call = path_clean},
    {.name = "Dir", .params = "s", .results = "s", .call = path_dir},
    {.name = "Ext", .params = "s", .results = "s", .call = path_ext},
    {.name = "IsAbs", .params = "s", .results = "b", .call = path_is_abs},
    {.name = "Join", .params = "V", .results = "s", .call = path_join},
    {.name = "Match", .params = "ss", .results = "be", .call = path_match},
    {.name = "Split", .params = "s", .results = "ss", .call = path_split},
};

static const struct golib_object objects[] = {
    {.name = "ErrBadPattern", .kind = GOLIB_ERROR, .error = &err_bad_pattern},
};

const struct golib_package golib_path = {.path = "path",
                                         .funcs = funcs,
                                         .func_count = ARRAY_LEN(funcs),
                                         .objects = objects,
                                         .object_count = ARRAY_LEN(objects)};
