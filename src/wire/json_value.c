#include "wire/json_value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/suggest.h"
#include "wire/json_scan.h"

enum { NUMBER_TEXT_SHORT = 64 };

/* An open list or map. */
struct frame {
    struct value *container;
    struct value_index index;
    bool fresh; /* nothing stands in it yet */
};

struct parser {
    struct value_reader r;
    struct json_scan s;
    struct frame *frames; /* depth_max of them */
    uint32_t depth;
    struct value *root;
};

static size_t offset(const struct parser *p, const char *at)
{
    return (size_t)(at - p->r.text.data);
}

static struct config_fault *fault_here(struct parser *p, const char *expected)
{
    size_t at = offset(p, p->s.at);
    return value_fault(&p->r, CONFIG_FAULT_SYNTAX, at, at + 1, "expected %s%s", expected,
                       p->s.at == p->s.end ? ", found the end of the text" : "");
}

static bool more(const struct parser *p)
{
    return p->s.at < p->s.end && !p->r.stopped;
}

static struct frame *top(struct parser *p)
{
    return p->depth ? &p->frames[p->depth - 1] : NULL;
}

/* ---- behind a fault ---- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+' || c == '.' || c == '$' || (unsigned char)c >= 0x80;
}

static struct slice take_word(struct parser *p)
{
    const char *from = p->s.at;
    while (p->s.at < p->s.end && is_word(*p->s.at))
        p->s.at++;
    return (struct slice){from, (size_t)(p->s.at - from)};
}

/* From inside a string that is at fault: behind its closing quote, or to the line's end. */
static void skip_string(struct parser *p, const char *from, char quote)
{
    const char *at = from + 1;
    while (at < p->s.end && *at != quote && *at != '\n')
        at += *at == '\\' && at + 1 < p->s.end ? 2 : 1;
    p->s.at = at < p->s.end && *at == quote ? at + 1 : at < p->s.end ? at : p->s.end;
}

/* Space, and comments, which JSON has not: told, then passed over. */
static void skip_space(struct parser *p)
{
    for (json_scan_space(&p->s); more(p); json_scan_space(&p->s)) {
        const char *at = p->s.at;
        bool block = p->s.end - at >= 2 && at[0] == '/' && at[1] == '*';
        if (!block && *at != '#' && !(p->s.end - at >= 2 && at[0] == '/' && at[1] == '/'))
            return;
        value_fault(&p->r, CONFIG_FAULT_SYNTAX, offset(p, at), offset(p, at) + 2,
                    "JSON has no comments");
        size_t left = (size_t)(p->s.end - at);
        const char *end = block ? memmem(at + 2, left - 2, "*/", 2) : memchr(at, '\n', left);
        p->s.at = end ? end + (block ? 2 : 0) : p->s.end;
    }
}

/* ---- scalars ---- */

/* What the scanner did not take. */
static void fault_scan(struct parser *p)
{
    if (p->s.result == -ENOSPC)
        p->r.full = p->r.stopped = true;
    else
        value_fault(&p->r, CONFIG_FAULT_SYNTAX, offset(p, p->s.where), offset(p, p->s.where) + 1,
                    "expected %s", p->s.expected);
    p->s.result = 0;
}

static bool string(struct parser *p, struct slice *ret)
{
    const char *from = p->s.at;
    if (!json_scan_string(&p->s, ret)) {
        bool open = p->s.where == p->s.end || *p->s.where == '\n';
        if (open && p->s.result == -EBADMSG) {
            value_fault(&p->r, CONFIG_FAULT_SYNTAX, offset(p, from), offset(p, p->s.where),
                        "this string has no closing quote");
            p->s.result = 0;
        } else {
            fault_scan(p);
        }
        skip_string(p, from, '"');
        return false;
    }
    if ((size_t)(p->s.at - from) > p->r.limits.line_bytes_max)
        value_fault_limit(&p->r, offset(p, from),
                          "this string is longer than %u bytes "
                          "(line_bytes_max)",
                          p->r.limits.line_bytes_max);
    return !p->r.stopped;
}

static void whole(struct slice s, struct value *v)
{
    bool minus = s.data[0] == '-';
    uint64_t n;
    if (slice_to_u64(slice_sub(s, minus, s.size), (uint64_t)INT64_MAX + minus, &n) < 0)
        return;
    v->type = VALUE_INT;
    v->integer = (int64_t)(minus ? 0 - n : n);
}

static void fraction(struct parser *p, struct slice s, struct value *v)
{
    char small[NUMBER_TEXT_SHORT];
    char *text = s.size < sizeof(small) ? small : value_alloc(&p->r, s.size + 1);
    if (!text)
        return;
    memcpy(text, s.data, s.size);
    text[s.size] = 0;
    double d = strtod(text, NULL);
    if (isinf(d))
        return;
    v->type = VALUE_FLOAT;
    v->number = d;
}

static void number(struct parser *p, struct value *v)
{
    const char *from = p->s.at;
    struct slice s;
    if (!json_scan_number(&p->s, &s)) {
        fault_scan(p);
        take_word(p);
        v->type = VALUE_BAD;
        return;
    }
    if (more(p) && is_word(*p->s.at)) {
        take_word(p);
        struct slice all = {from, (size_t)(p->s.at - from)};
        value_fault(&p->r, CONFIG_FAULT_SYNTAX, offset(p, from), offset(p, p->s.at),
                    "'%s' is no number of JSON", value_shown(&p->r, all));
        v->type = VALUE_BAD;
        return;
    }
    v->type = VALUE_NUMBER;
    v->text = s;
    if (memchr(s.data, '.', s.size) || memchr(s.data, 'e', s.size) || memchr(s.data, 'E', s.size))
        fraction(p, s, v);
    else
        whole(s, v);
}

static void word(struct parser *p, struct value *v)
{
    static const char *const words[] = {"null", "true", "false", NULL};
    struct slice w = take_word(p);
    size_t from = offset(p, w.data);
    v->type = VALUE_BOOL;
    if (slice_eq(w, SLICE("null"))) {
        v->type = VALUE_NULL;
    } else if (slice_eq(w, SLICE("true"))) {
        v->boolean = true;
    } else if (!slice_eq(w, SLICE("false"))) {
        v->type = VALUE_BAD;
        struct config_fault *f =
            value_fault(&p->r, CONFIG_FAULT_SYNTAX, from, from + w.size,
                        "'%s' is no value: a string needs double quotes", value_shown(&p->r, w));
        f->suggestion = suggest_nearest(w, words, ARRAY_LEN(words) - 1);
    }
}

static void single_quotes(struct parser *p)
{
    const char *from = p->s.at;
    skip_string(p, from, '\'');
    value_fault(&p->r, CONFIG_FAULT_SYNTAX, offset(p, from), offset(p, p->s.at),
                "a string needs double quotes in JSON");
}

/* All of a scalar. False: nothing here that could be a value; nothing was taken. */
static bool scalar(struct parser *p, struct value *v)
{
    char c = more(p) ? *p->s.at : 0;
    if (c == '"') {
        v->type = VALUE_STRING;
        if (!string(p, &v->text))
            v->type = VALUE_BAD;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        number(p, v);
    } else if (c == '\'') {
        v->type = VALUE_BAD;
        single_quotes(p);
    } else if (c && is_word(c)) {
        word(p, v);
    } else {
        return false;
    }
    return true;
}

/* ---- elements ---- */

/* Up to something that a value, a name or a bracket may be. */
static void skip_nonsense(struct parser *p)
{
    while (more(p) && !is_word(*p->s.at) && !strchr(",:[]{}\"'\n", *p->s.at))
        p->s.at++;
}

/* The name of a member, as far as it goes. */
static bool name(struct parser *p, struct value *v)
{
    const char *from = p->s.at;
    char c = more(p) ? *from : 0;
    if (c == '"') {
        struct slice text = {0};
        bool good = string(p, &text);
        value_set_key(v, text);
        return good;
    }
    if (c == '\'') {
        single_quotes(p);
        return false;
    }
    if (c && is_word(c)) {
        value_set_key(v, take_word(p));
        value_fault(&p->r, CONFIG_FAULT_SYNTAX, offset(p, from), offset(p, p->s.at),
                    "a member's name needs double quotes: \"%s\"",
                    value_shown(&p->r, value_key(v)));
        return true;
    }
    fault_here(p, "a member's name in double quotes");
    skip_nonsense(p);
    return false;
}

/* Reads `"name":` into v. *ret_twice: the member goes nowhere; *ret_value: its value follows.
 * False: it has no name. */
static bool key(struct parser *p, struct frame *f, struct value *v, bool *ret_twice,
                bool *ret_value)
{
    size_t from = offset(p, p->s.at);
    bool good = name(p, v);
    size_t to = offset(p, p->s.at);
    v->key_at = value_place(&p->r, from);
    const struct value *first =
        good ? value_index_find(&f->index, &p->r, f->container, value_key(v)) : NULL;
    if (first)
        value_fault_twice(&p->r, first, from, to);
    skip_space(p);
    *ret_value = more(p) && *p->s.at == ':';
    if (*ret_value)
        p->s.at++;
    else if (good)
        fault_here(p, "':' behind a member's name");
    *ret_value = *ret_value || (more(p) && *p->s.at != ',' && *p->s.at != '}');
    skip_space(p);
    *ret_twice = first;
    return good;
}

static void open_container(struct parser *p, struct value *v)
{
    v->type = *p->s.at == '{' ? VALUE_MAP : VALUE_LIST;
    if (p->depth == p->r.limits.depth_max) {
        value_fault_limit(&p->r, offset(p, p->s.at),
                          "lists and maps are nested deeper than %u (depth_max)",
                          p->r.limits.depth_max);
        return;
    }
    p->s.at++;
    p->frames[p->depth++] = (struct frame){.container = v, .fresh = true};
}

/* One value, and before it its name; of a container the opening bracket. */
static void element(struct parser *p)
{
    struct frame *f = top(p);
    bool map = f && f->container->type == VALUE_MAP, named = true;
    bool twice = false, follows = true;
    struct value *v = value_make(&p->r, VALUE_BAD, offset(p, p->s.at));
    if (!v)
        return;
    if (map)
        named = key(p, f, v, &twice, &follows);
    v->at = value_place(&p->r, offset(p, p->s.at));
    if (more(p) && (*p->s.at == '{' || *p->s.at == '[')) {
        open_container(p, v);
    } else if (follows && !scalar(p, v)) {
        if (named) /* else that is told already */
            fault_here(p, "a value");
        skip_nonsense(p);
    }
    if (f && named && !twice)
        value_append(f->container, v);
    else if (!f)
        p->root = v;
}

/* ---- between elements ---- */

static void close_container(struct parser *p)
{
    value_index_done(&p->frames[--p->depth].index);
}

static char closer(const struct frame *f)
{
    return f->container->type == VALUE_MAP ? '}' : ']';
}

static void fault_between(struct parser *p, const struct frame *f)
{
    size_t at = offset(p, p->s.at);
    uint32_t line = value_line_at(&p->r, f->container->at);
    const char *what = f->container->type == VALUE_MAP ? "map" : "list";
    if (p->s.at == p->s.end)
        value_fault(&p->r, CONFIG_FAULT_SYNTAX, at, at,
                    "expected '%c': the %s that began at line %u has no end", closer(f), what,
                    line);
    else
        value_fault(&p->r, CONFIG_FAULT_SYNTAX, at, at + 1,
                    "expected ',' or '%c' in the %s that began at line %u", closer(f), what, line);
}

/* A closing bracket of the other kind closes what it fits, where anything open fits. */
static bool closes_another(const struct parser *p, char c)
{
    for (uint32_t i = 0; i < p->depth; i++)
        if (closer(&p->frames[i]) == c)
            return true;
    return false;
}

/* Something else stands between two elements. Returns whether the next one begins here: its comma
 * was forgotten. */
static bool recover(struct parser *p, struct frame *f)
{
    fault_between(p, f);
    for (; more(p); p->s.at++) {
        char c = *p->s.at;
        if (c == ',' || c == closer(f))
            return false;
        if (c == '"' || c == '{' || c == '[' || is_word(c))
            return true;
        if ((c == ']' || c == '}') && closes_another(p, c)) {
            close_container(p);
            return false;
        }
    }
    p->r.stopped = true; /* of many open brackets one is told */
    return false;
}

/* At a comma. Returns whether an element follows it. */
static bool comma(struct parser *p, const struct frame *f)
{
    size_t at = offset(p, p->s.at);
    p->s.at++;
    skip_space(p);
    if (!more(p) || *p->s.at != closer(f))
        return true;
    value_fault(&p->r, CONFIG_FAULT_SYNTAX, at, at + 1, "JSON has no comma before a '%c'",
                closer(f));
    return false;
}

/* Closes every container that ends here. Returns whether an element follows. */
static bool element_follows(struct parser *p)
{
    while (p->depth > 0 && !p->r.stopped) {
        struct frame *f = top(p);
        bool fresh = f->fresh;
        f->fresh = false;
        skip_space(p);
        char c = more(p) ? *p->s.at : 0;
        if (c == closer(f)) {
            p->s.at++;
            close_container(p);
        } else if (fresh && c && c != ']' && c != '}') {
            return true;
        } else if (c == ',' ? comma(p, f) : recover(p, f)) {
            return true;
        }
    }
    return false;
}

int json_value_read(const struct source *source, const struct value_limits *limits, struct arena *a,
                    struct config_faults *faults, struct value **ret_root)
{
    struct parser p = {0};
    value_reader_init(&p.r, source, limits, a, faults, 0);
    p.s = (struct json_scan){.at = p.r.text.data, .end = p.r.text.data + p.r.text.size, .arena = a};
    p.frames = value_alloc(&p.r, p.r.limits.depth_max * sizeof(*p.frames));
    if (slice_starts_with(p.r.text, SLICE("\xEF\xBB\xBF")))
        p.s.at += 3;
    skip_space(&p);
    if (!p.r.stopped)
        do
            element(&p);
        while (element_follows(&p));
    skip_space(&p);
    if (more(&p) && p.root && p.root->type != VALUE_BAD)
        fault_here(&p, "the end of the text");
    while (p.depth)
        close_container(&p);
    return value_reader_end(&p.r, p.root, ret_root);
}
