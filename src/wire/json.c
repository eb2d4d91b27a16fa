#include "wire/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json_scan.h"

/* ---- decoding ----
 *
 * One loop and no recursion: the stack of open containers is the chain of their parents, kept in
 * an array of depth_max pointers in the arena. */

static bool parse_word(struct json_scan *p, const char *word, enum json_type type,
                       struct json_value *v)
{
    size_t size = strlen(word);
    if ((size_t)(p->end - p->at) < size || memcmp(p->at, word, size) != 0) {
        json_scan_fail(p, p->at, "a value", -EBADMSG);
        return false;
    }
    p->at += size;
    v->type = type;
    return true;
}

/* A value's first part: all of a scalar, the opening bracket of a container. */
static bool parse_start(struct json_scan *p, struct json_value *v)
{
    if (p->at == p->end) {
        json_scan_fail(p, p->at, "a value", -EBADMSG);
        return false;
    }
    switch (*p->at) {
    case '{':
    case '[':
        v->type = *p->at++ == '{' ? JSON_OBJECT : JSON_ARRAY;
        return true;
    case '"':
        v->type = JSON_STRING;
        return json_scan_string(p, &v->text);
    case 't':
        return parse_word(p, "true", JSON_TRUE, v);
    case 'f':
        return parse_word(p, "false", JSON_FALSE, v);
    case 'n':
        return parse_word(p, "null", JSON_NULL, v);
    default:
        if (*p->at == '-' || (*p->at >= '0' && *p->at <= '9')) {
            v->type = JSON_NUMBER;
            return json_scan_number(p, &v->text);
        }
        json_scan_fail(p, p->at, "a value", -EBADMSG);
        return false;
    }
}

struct open {
    struct json_value *container, *last;
};

static bool parse_key(struct json_scan *p, struct slice *ret_key)
{
    json_scan_space(p);
    if (p->at == p->end || *p->at != '"') {
        json_scan_fail(p, p->at, "a member's name in quotes", -EBADMSG);
        return false;
    }
    if (!json_scan_string(p, ret_key))
        return false;
    json_scan_space(p);
    if (p->at == p->end || *p->at != ':') {
        json_scan_fail(p, p->at, "':'", -EBADMSG);
        return false;
    }
    p->at++;
    return true;
}

/* Closes every container that ends here. Returns whether another element follows. */
static bool after_value(struct json_scan *p, struct open *stack, uint32_t *depth)
{
    while (*depth > 0) {
        struct json_value *c = stack[*depth - 1].container;
        char close = c->type == JSON_OBJECT ? '}' : ']';
        json_scan_space(p);
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
        json_scan_fail(p, p->at, close == '}' ? "',' or '}'" : "',' or ']'", -EBADMSG);
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

static struct json_value *parse_one(struct json_scan *p, struct open *parent, struct place *place)
{
    struct json_value *v = arena_new(p->arena, struct json_value);
    if (!v) {
        json_scan_fail(p, p->at, "fewer values: the bound is reached", -ENOSPC);
        return NULL;
    }
    if (parent && parent->container->type == JSON_OBJECT && !parse_key(p, &v->key))
        return NULL;
    json_scan_space(p);
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

static struct json_error error_at(const char *start, const struct json_scan *p)
{
    struct json_error e = {.line = 1, .column = 1, .expected = p->expected};
    for (const char *c = start; c < p->where; c++) {
        e.column++;
        if (*c == '\n') {
            e.line++;
            e.column = 1;
        }
    }
    return e;
}

/* What is open, from the outside in. Few texts are deep, and for those that are not the arena need
 * not give, and clear, room for depth_max. */
struct opened {
    struct open few[16], *stack;
    uint32_t depth, room, depth_max;
};

/* Returns whether there is room for one more. */
static bool one_deeper(struct json_scan *p, struct opened *o)
{
    if (o->depth == o->depth_max) {
        json_scan_fail(p, p->at - 1, "less nesting", -ELOOP);
        return false;
    }
    if (o->depth < o->room)
        return true;
    struct open *more = arena_alloc_array(p->arena, o->depth_max, sizeof(*more));
    if (!more) {
        json_scan_fail(p, p->at, "a larger bound", -ENOSPC);
        return false;
    }
    memcpy(more, o->few, sizeof(o->few));
    o->stack = more;
    o->room = o->depth_max;
    return true;
}

int json_parse(struct slice input, struct arena *a, uint32_t depth_max,
               struct json_value **ret_value, struct json_error *ret_error)
{
    const char *from = input.data ? input.data : ""; /* arithmetic on NULL is undefined */
    struct json_scan p = {.at = from, .end = from + input.size, .arena = a};
    struct place place = {.at = from, .line = 1, .line_start = from};
    struct opened o; /* nothing of `few` is read before it is written */
    o.stack = o.few;
    o.depth = 0;
    o.room = ARRAY_LEN(o.few);
    o.depth_max = depth_max ? depth_max : JSON_DEPTH_MAX;
    struct json_value *root = NULL;
    bool more = true;
    while (p.result == 0 && more) {
        struct json_value *v = parse_one(&p, o.depth ? &o.stack[o.depth - 1] : NULL, &place);
        if (!v)
            break;
        root = root ? root : v;
        if (v->type == JSON_OBJECT || v->type == JSON_ARRAY) {
            if (!one_deeper(&p, &o))
                break;
            o.stack[o.depth++] = (struct open){v, NULL};
        }
        more = after_value(&p, o.stack, &o.depth);
    }
    if (p.result == 0) {
        json_scan_space(&p);
        if (p.at < p.end)
            json_scan_fail(&p, p.at, "the end of the text", -EBADMSG);
    }
    if (p.result == 0)
        *ret_value = root;
    else if (ret_error)
        *ret_error = error_at(from, &p);
    return p.result;
}

/* ---- text ---- */

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

/* ---- asking ---- */

const struct json_value *json_get(const struct json_value *object, const char *key)
{
    const struct json_value *found = NULL;
    struct slice wanted = slice_from(key); /* measured once */
    if (object && object->type == JSON_OBJECT)
        for (const struct json_value *v = object->first; v; v = v->next)
            if (v->key.size == wanted.size && slice_eq(v->key, wanted)) /* most differ in size */
                found = v;
    return found;
}

struct slice json_text(const struct json_value *object, const char *key)
{
    const struct json_value *v = json_get(object, key);
    return v && v->type == JSON_STRING ? v->text : (struct slice){NULL, 0};
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
