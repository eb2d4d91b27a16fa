#include "wire/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- decoding ----
 *
 * One loop and no recursion: the stack of open containers is the chain of their parents, kept in
 * an array of depth_max pointers in the arena. */
struct parser {
    const char *at, *end, *start;
    struct arena *arena;
    struct json_error error;
    int result;
};

static void fail(struct parser *p, const char *where, const char *expected, int code)
{
    uint32_t line = 1, column = 1;
    for (const char *c = p->start; c < where; c++) {
        column++;
        if (*c == '\n') {
            line++;
            column = 1;
        }
    }
    p->error = (struct json_error){line, column, expected};
    p->result = code;
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r'))
        p->at++;
}

static size_t utf8_sequence(const char *at, const char *end)
{
    return json_utf8_sequence((struct slice){at, (size_t)(end - at)});
}

size_t json_utf8_sequence(struct slice text)
{
    const unsigned char *s = (const unsigned char *)text.data;
    size_t left = text.size;
    if (left == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        return left >= 2 && (s[1] & 0xC0) == 0x80 ? 2 : 0;
    if (s[0] >= 0xE0 && s[0] <= 0xEF) {
        if (left < 3 || (s[1] & 0xC0) != 0x80 || (s[2] & 0xC0) != 0x80)
            return 0;
        bool overlong = s[0] == 0xE0 && s[1] < 0xA0;
        bool surrogate = s[0] == 0xED && s[1] > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        if (left < 4 || (s[1] & 0xC0) != 0x80 || (s[2] & 0xC0) != 0x80 || (s[3] & 0xC0) != 0x80)
            return 0;
        bool overlong = s[0] == 0xF0 && s[1] < 0x90;
        bool beyond = s[0] == 0xF4 && s[1] > 0x8F;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
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

static size_t utf8_put(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xC0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xE0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 0x3F));
        to[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 0x3F));
    to[2] = (char)(0x80 | (c >> 6 & 0x3F));
    to[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* Behind "\u". A lone surrogate is no character: U+FFFD stands for it. */
static bool parse_unicode(struct parser *p, char **to)
{
    int c = hex4(p->at, p->end);
    if (c < 0) {
        fail(p, p->at, "four hexadecimal digits", -EBADMSG);
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
    if (code >= 0xD800 && code <= 0xDFFF)
        code = 0xFFFD;
    *to += utf8_put(*to, code);
    return true;
}

static bool parse_escape(struct parser *p, char **to)
{
    static const char from[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    if (p->at == p->end) {
        fail(p, p->at, "an escape", -EBADMSG);
        return false;
    }
    char c = *p->at;
    if (c == 'u') {
        p->at++;
        return parse_unicode(p, to);
    }
    const char *known = c ? strchr(from, c) : NULL;
    if (!known) {
        fail(p, p->at, "one of \" \\ / b f n r t u behind a backslash", -EBADMSG);
        return false;
    }
    p->at++;
    *(*to)++ = means[known - from];
    return true;
}

/* Finds the closing quote; *ret_escapes tells whether anything must be decoded. */
static const char *string_end(struct parser *p, bool *ret_escapes)
{
    const char *at = p->at;
    *ret_escapes = false;
    while (at < p->end && *at != '"') {
        unsigned char c = (unsigned char)*at;
        size_t size = c < 0x80 ? 1 : utf8_sequence(at, p->end);
        if (c < 0x20 || size == 0) {
            fail(p, at, size ? "no bare control character in a string" : "valid UTF-8", -EBADMSG);
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
        fail(p, p->end, "a closing quote", -EBADMSG);
        return NULL;
    }
    return at;
}

static bool parse_string(struct parser *p, struct slice *ret)
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
        fail(p, p->at, "less text: the bound is reached", -ENOSPC);
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

static bool digits(struct parser *p)
{
    const char *from = p->at;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
    if (p->at == from)
        fail(p, p->at, "a digit", -EBADMSG);
    return p->at > from;
}

static bool parse_number(struct parser *p, struct slice *ret)
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

static bool parse_word(struct parser *p, const char *word, enum json_type type,
                       struct json_value *v)
{
    size_t size = strlen(word);
    if ((size_t)(p->end - p->at) < size || memcmp(p->at, word, size) != 0) {
        fail(p, p->at, "a value", -EBADMSG);
        return false;
    }
    p->at += size;
    v->type = type;
    return true;
}

/* A value's first part: all of a scalar, the opening bracket of a container. */
static bool parse_start(struct parser *p, struct json_value *v)
{
    if (p->at == p->end) {
        fail(p, p->at, "a value", -EBADMSG);
        return false;
    }
    switch (*p->at) {
    case '{':
    case '[':
        v->type = *p->at++ == '{' ? JSON_OBJECT : JSON_ARRAY;
        return true;
    case '"':
        v->type = JSON_STRING;
        return parse_string(p, &v->text);
    case 't':
        return parse_word(p, "true", JSON_TRUE, v);
    case 'f':
        return parse_word(p, "false", JSON_FALSE, v);
    case 'n':
        return parse_word(p, "null", JSON_NULL, v);
    default:
        if (*p->at == '-' || (*p->at >= '0' && *p->at <= '9')) {
            v->type = JSON_NUMBER;
            return parse_number(p, &v->text);
        }
        fail(p, p->at, "a value", -EBADMSG);
        return false;
    }
}

struct open {
    struct json_value *container, *last;
};

static bool parse_key(struct parser *p, struct slice *ret_key)
{
    skip_space(p);
    if (p->at == p->end || *p->at != '"') {
        fail(p, p->at, "a member's name in quotes", -EBADMSG);
        return false;
    }
    if (!parse_string(p, ret_key))
        return false;
    skip_space(p);
    if (p->at == p->end || *p->at != ':') {
        fail(p, p->at, "':'", -EBADMSG);
        return false;
    }
    p->at++;
    return true;
}

/* Closes every container that ends here. Returns whether another element follows. */
static bool after_value(struct parser *p, struct open *stack, uint32_t *depth)
{
    while (*depth > 0) {
        struct json_value *c = stack[*depth - 1].container;
        char close = c->type == JSON_OBJECT ? '}' : ']';
        skip_space(p);
        if (p->at < p->end && *p->at == close) {
            p->at++;
            --*depth;
            continue;
        }
        if (c->count == 0)
            return true;
        if (p->at < p->end && *p->at == ',') {
            p->at++;
            return true;
        }
        fail(p, p->at, close == '}' ? "',' or '}'" : "',' or ']'", -EBADMSG);
        return false;
    }
    return false;
}

/* Lines are counted as the parse goes: every value knows its place. */
struct place {
    const char *at;
    uint32_t line;
    const char *line_start;
};

static void place_advance(struct place *pl, const char *to)
{
    for (; pl->at < to; pl->at++)
        if (*pl->at == '\n') {
            pl->line++;
            pl->line_start = pl->at + 1;
        }
}

static struct json_value *parse_one(struct parser *p, struct open *parent, struct place *place)
{
    struct json_value *v = arena_new(p->arena, struct json_value);
    if (!v) {
        fail(p, p->at, "fewer values: the bound is reached", -ENOSPC);
        return NULL;
    }
    if (parent && parent->container->type == JSON_OBJECT && !parse_key(p, &v->key))
        return NULL;
    skip_space(p);
    place_advance(place, p->at);
    v->line = place->line;
    v->column = (uint32_t)(p->at - place->line_start) + 1;
    if (!parse_start(p, v))
        return NULL;
    if (parent) {
        *(parent->last ? &parent->last->next : &parent->container->first) = v;
        parent->last = v;
        parent->container->count++;
    }
    return v;
}

int json_parse(struct slice input, struct arena *a, uint32_t depth_max,
               struct json_value **ret_value, struct json_error *ret_error)
{
    const char *from = input.data ? input.data : ""; /* arithmetic on NULL is undefined */
    struct parser p = {.start = from, .at = from, .end = from + input.size, .arena = a};
    struct place place = {.at = from, .line = 1, .line_start = from};
    depth_max = depth_max ? depth_max : JSON_DEPTH_MAX;
    struct open *stack = arena_alloc_array(a, depth_max, sizeof(*stack));
    struct json_value *root = NULL;
    uint32_t depth = 0;
    bool more = true;
    if (!stack)
        fail(&p, p.at, "a larger bound", -ENOSPC);
    while (p.result == 0 && more) {
        struct json_value *v = parse_one(&p, depth ? &stack[depth - 1] : NULL, &place);
        if (!v)
            break;
        root = root ? root : v;
        if (v->type == JSON_OBJECT || v->type == JSON_ARRAY) {
            if (depth == depth_max) {
                fail(&p, p.at - 1, "less nesting", -ELOOP);
                break;
            }
            stack[depth++] = (struct open){v, NULL};
        }
        more = after_value(&p, stack, &depth);
    }
    if (p.result == 0) {
        skip_space(&p);
        if (p.at < p.end)
            fail(&p, p.at, "the end of the text", -EBADMSG);
    }
    if (p.result == 0)
        *ret_value = root;
    else if (ret_error)
        *ret_error = p.error;
    return p.result;
}

/* ---- asking ---- */

const struct json_value *json_get(const struct json_value *object, const char *key)
{
    const struct json_value *found = NULL;
    if (object && object->type == JSON_OBJECT)
        for (const struct json_value *v = object->first; v; v = v->next)
            if (slice_eq_cstr(v->key, key))
                found = v;
    return found;
}

const struct json_value *json_at(const struct json_value *array, uint32_t index)
{
    if (!array || array->type != JSON_ARRAY)
        return NULL;
    const struct json_value *v = array->first;
    while (v && index--)
        v = v->next;
    return v;
}

int json_to_f64(const struct json_value *v, double *ret)
{
    char *text, *end;
    if (!v || v->type != JSON_NUMBER)
        return -EINVAL;
    text = mem_strdup(MEM_WIRE, v->text);
    double d = strtod(text, &end);
    mem_free(MEM_WIRE, text);
    if (isinf(d))
        return -ERANGE;
    *ret = d;
    return 0;
}

int json_to_i64(const struct json_value *v, int64_t *ret)
{
    uint64_t u;
    if (!v || v->type != JSON_NUMBER)
        return -EINVAL;
    bool minus = v->text.data[0] == '-';
    struct slice s = minus ? slice_sub(v->text, 1, v->text.size) : v->text;
    int r = slice_to_u64(s, (uint64_t)INT64_MAX + minus, &u);
    if (r == 0)
        *ret = minus ? (int64_t)(0 - u) : (int64_t)u;
    else if (r == -EINVAL)
        r = -ERANGE; /* a fraction or an exponent */
    return r;
}

/* The last of equal names counts, here as in json_get. */
static const struct json_value *member(const struct json_value *object, struct slice key)
{
    const struct json_value *found = NULL;
    for (const struct json_value *v = object->first; v; v = v->next)
        if (slice_eq(v->key, key))
            found = v;
    return found;
}

static bool members_equal(const struct json_value *a, const struct json_value *b)
{
    for (const struct json_value *v = a->first; v; v = v->next) {
        if (member(a, v->key) != v)
            continue; /* once a name: nested doubles would else take 2^depth steps */
        const struct json_value *other = member(b, v->key);
        if (!other || !json_equal(v, other))
            return false;
    }
    for (const struct json_value *v = b->first; v; v = v->next)
        if (!member(a, v->key))
            return false;
    return true;
}

/* Recursion is bounded by the depth that the decoder allowed. */
bool json_equal(const struct json_value *a, const struct json_value *b)
{
    if (a->type != b->type || (a->type != JSON_OBJECT && a->count != b->count))
        return false;
    if (a->type == JSON_STRING)
        return slice_eq(a->text, b->text);
    if (a->type == JSON_NUMBER) {
        double x = 0, y = 0;
        if (slice_eq(a->text, b->text))
            return true;
        return json_to_f64(a, &x) == 0 && json_to_f64(b, &y) == 0 && x == y;
    }
    if (a->type == JSON_OBJECT)
        return members_equal(a, b);
    const struct json_value *y = b->first;
    for (const struct json_value *x = a->first; x; x = x->next, y = y->next)
        if (!json_equal(x, y))
            return false;
    return true;
}
