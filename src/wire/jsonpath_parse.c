#include "wire/jsonpath.h"

#include <errno.h>

#include "wire/jsonpath_tree.h"

/* Recursive descent; JSONPATH_DEPTH_MAX bounds it. */
struct parser {
    const char *start, *at, *end;
    struct arena *arena;
    struct err *err;
    int depth;
    int result; /* the first failure */
};

static struct jsonpath *parse_path(struct parser *p);
static struct jsonpath_expr *parse_or(struct parser *p);

static void *fail_at(struct parser *p, const char *where, const char *what)
{
    if (p->result == 0)
        p->result =
            err_set(p->err, -EINVAL, "column %zu: %s", (size_t)(where - p->start) + 1, what);
    return NULL;
}

static void *fail(struct parser *p, const char *what)
{
    return fail_at(p, p->at, what);
}

static void *no_memory(struct parser *p)
{
    if (p->result == 0)
        p->result = err_set(p->err, -ENOSPC, "no memory for the path: its arena is full");
    return NULL;
}

static void *alloc(struct parser *p, size_t size)
{
    void *object = arena_alloc(p->arena, size);
    return object ? object : no_memory(p);
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
        p->at++;
}

static bool looking_at(const struct parser *p, char c)
{
    return p->at < p->end && *p->at == c;
}

static bool take(struct parser *p, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(p->end - p->at) < size || memcmp(p->at, word, size) != 0)
        return false;
    p->at += size;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- names ---- */

/* RFC 9535 has letters, digits, '_' and all beyond ASCII; '-' is common in real names. */
static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           c == '-' || (unsigned char)c >= 0x80;
}

/* As kubectl has it, '\.' is a dot inside of a name. */
static bool parse_plain_name(struct parser *p, struct slice *ret)
{
    const char *from = p->at;
    size_t size = 0;
    bool escaped = false;
    if (p->at < p->end && is_digit(*p->at))
        return fail(p, "a name does not begin with a digit: write [0], or ['0']");
    while (p->at < p->end && (is_name_byte(*p->at) || *p->at == '\\')) {
        escaped = escaped || *p->at == '\\';
        p->at += *p->at == '\\' ? 2 : 1;
        size++;
    }
    if (p->at > p->end)
        return fail_at(p, p->end, "something is missing behind '\\'");
    if (size == 0)
        return fail(p, "a name, '*' or '[' is expected");
    *ret = (struct slice){from, (size_t)(p->at - from)};
    if (!escaped)
        return true;
    char *text = alloc(p, size + 1);
    for (size_t i = 0; text && i < size; i++) {
        from += *from == '\\';
        text[i] = *from++;
    }
    *ret = (struct slice){text, size};
    return text != NULL;
}

/* Decodes 'text' or "text" by way of the JSON string that means the same. */
static struct json_value *parse_string(struct parser *p)
{
    const char *from = p->at;
    char quote = *p->at++;
    char *text = alloc(p, (size_t)(p->end - from) * 2 + 3), *to = text;
    struct json_value *v;
    if (!text)
        return NULL;
    *to++ = '"';
    for (; p->at < p->end && *p->at != quote; p->at++) {
        bool escape = *p->at == '\\' && p->at + 1 < p->end;
        if (escape && p->at[1] == '\'' && quote == '\'') {
            p->at++;
        } else if (escape) {
            *to++ = *p->at++;
        } else if (*p->at == '"') {
            *to++ = '\\';
        }
        *to++ = *p->at;
    }
    if (p->at >= p->end)
        return fail_at(p, from, "the quotes are not closed");
    p->at++;
    *to++ = '"';
    int r = json_parse((struct slice){text, (size_t)(to - text)}, p->arena, 1, &v, NULL);
    if (r == -ENOSPC)
        return no_memory(p);
    return r < 0 ? fail_at(p, from, "an escape or a byte that no string may have") : v;
}

/* ---- selectors ---- */

static bool parse_integer(struct parser *p, int64_t *ret)
{
    const char *from = p->at;
    uint64_t u;
    bool minus = take(p, "-");
    const char *digits = p->at;
    while (p->at < p->end && is_digit(*p->at))
        p->at++;
    struct slice s = {digits, (size_t)(p->at - digits)};
    if ((s.size > 1 && *digits == '0') || (minus && slice_eq(s, SLICE("0"))) ||
        slice_to_u64(s, (UINT64_C(1) << 53) - 1, &u) < 0)
        return fail_at(p, from, "a whole number without leading zeroes is expected");
    *ret = minus ? -(int64_t)u : (int64_t)u;
    return true;
}

/* Behind a number or at the first ':': "2", "1:", ":2", "::-1". */
static bool parse_index_or_slice(struct parser *p, struct jsonpath_selector *s)
{
    s->kind = PATH_INDEX;
    s->step = 1;
    if (!looking_at(p, ':')) {
        s->has_from = true;
        if (!parse_integer(p, &s->from))
            return false;
        skip_space(p);
    }
    if (!take(p, ":"))
        return true;
    s->kind = PATH_SLICE;
    skip_space(p);
    if (p->at < p->end && (is_digit(*p->at) || *p->at == '-')) {
        s->has_to = true;
        if (!parse_integer(p, &s->to))
            return false;
        skip_space(p);
    }
    if (!take(p, ":"))
        return true;
    skip_space(p);
    if (p->at < p->end && (is_digit(*p->at) || *p->at == '-'))
        return parse_integer(p, &s->step);
    return true;
}

static bool parse_selector(struct parser *p, struct jsonpath_selector *s)
{
    skip_space(p);
    if (take(p, "*")) {
        s->kind = PATH_WILD;
        return true;
    }
    if (looking_at(p, '\'') || looking_at(p, '"')) {
        const struct json_value *v = parse_string(p);
        s->kind = PATH_NAME;
        s->name = v ? v->text : (struct slice){0};
        return v != NULL;
    }
    if (take(p, "?")) {
        s->kind = PATH_FILTER;
        s->filter = parse_or(p);
        return s->filter != NULL;
    }
    if (p->at < p->end && (is_digit(*p->at) || *p->at == '-' || *p->at == ':'))
        return parse_index_or_slice(p, s);
    return fail(p, "a name in quotes, a number, a slice, '*' or '?' is expected");
}

/* Behind the '['. */
static bool parse_brackets(struct parser *p, struct jsonpath_segment *segment)
{
    struct jsonpath_selector **end = &segment->first;
    if (++p->depth > JSONPATH_DEPTH_MAX)
        return fail(p, "too many brackets inside each other");
    do {
        *end = alloc(p, sizeof(**end));
        if (!*end || !parse_selector(p, *end))
            return false;
        end = &(*end)->next;
        skip_space(p);
    } while (take(p, ","));
    p->depth--;
    return take(p, "]") || fail(p, "',' or ']' is expected");
}

/* Behind '.' or '..': a name or '*'. */
static bool parse_shorthand(struct parser *p, struct jsonpath_segment *segment)
{
    struct jsonpath_selector *s = segment->first = alloc(p, sizeof(*s));
    if (!s)
        return false;
    s->kind = take(p, "*") ? PATH_WILD : PATH_NAME;
    return s->kind == PATH_WILD || parse_plain_name(p, &s->name);
}

static bool parse_segment(struct parser *p, struct jsonpath_segment *segment, bool bare)
{
    if (take(p, "["))
        return parse_brackets(p, segment);
    segment->deep = take(p, "..");
    if (!segment->deep && !bare && !take(p, "."))
        return fail(p, "'.' or '[' is expected");
    if (!segment->deep && bare)
        take(p, ".");
    if (take(p, "["))
        return parse_brackets(p, segment); /* also behind a single dot, as kubectl allows */
    return parse_shorthand(p, segment);
}

static bool parse_segments(struct parser *p, struct jsonpath *path, bool bare)
{
    struct jsonpath_segment **end = &path->first;
    for (;;) {
        const char *before = p->at;
        skip_space(p);
        if (!bare && !looking_at(p, '.') && !looking_at(p, '[')) {
            p->at = before; /* not ours: the caller judges */
            return true;
        }
        *end = alloc(p, sizeof(**end));
        if (!*end || !parse_segment(p, *end, bare))
            return false;
        end = &(*end)->next;
        bare = false;
    }
}

/* At '$' or '@'. */
static struct jsonpath *parse_path(struct parser *p)
{
    struct jsonpath *path = alloc(p, sizeof(*path));
    if (!path)
        return NULL;
    path->from_current = *p->at++ == '@';
    return parse_segments(p, path, false) ? path : NULL;
}

/* ---- filters ---- */

static bool parse_literal(struct parser *p, struct jsonpath_operand *o)
{
    const char *from = p->at;
    if (*p->at == '\'' || *p->at == '"') {
        o->literal = parse_string(p);
        return o->literal != NULL;
    }
    while (p->at < p->end && (is_name_byte(*p->at) || *p->at == '+' || *p->at == '.'))
        p->at++;
    if (looking_at(p, '('))
        return fail_at(p, from, "functions are not understood here");
    struct slice text = {from, (size_t)(p->at - from)};
    if (text.size && json_parse(text, p->arena, 1, &o->literal, NULL) == 0)
        return true;
    return fail_at(p, from,
                   "a path (@ or $), a text in quotes, a number, true, false or null is "
                   "expected");
}

static bool parse_operand(struct parser *p, struct jsonpath_operand *o)
{
    skip_space(p);
    if (p->at == p->end)
        return fail(p, "a filter is not complete");
    if (*p->at != '$' && *p->at != '@')
        return parse_literal(p, o);
    o->path = parse_path(p);
    return o->path != NULL;
}

static bool parse_op(struct parser *p, enum jsonpath_op *ret)
{
    static const struct {
        const char *word;
        enum jsonpath_op op;
    } ops[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<=", OP_LE},
               {">=", OP_GE}, {"<", OP_LT},  {">", OP_GT}};
    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        if (take(p, ops[i].word)) {
            *ret = ops[i].op;
            return true;
        }
    return false;
}

static bool is_single_side(const struct jsonpath_operand *o)
{
    return !o->path || jsonpath_is_single(o->path);
}

static struct jsonpath_expr *parse_comparison(struct parser *p, struct jsonpath_expr *e)
{
    const char *from = p->at;
    if (!parse_operand(p, &e->a))
        return NULL;
    const char *behind = p->at;
    skip_space(p);
    e->test = TEST_EXISTS;
    if (!parse_op(p, &e->op)) {
        p->at = behind;
        return e->a.path ? e : fail(p, "a comparison is expected behind a literal");
    }
    e->test = TEST_COMPARE;
    const char *second = p->at;
    if (!parse_operand(p, &e->b))
        return NULL;
    if (!is_single_side(&e->a) || !is_single_side(&e->b))
        return fail_at(p, is_single_side(&e->a) ? second : from,
                       "only a path to one value (names and indexes) can be compared");
    return e;
}

static struct jsonpath_expr *parse_unary(struct parser *p)
{
    struct jsonpath_expr *e = alloc(p, sizeof(*e));
    if (!e)
        return NULL;
    skip_space(p);
    if (++p->depth > JSONPATH_DEPTH_MAX)
        return fail(p, "too many brackets inside each other");
    if (take(p, "!")) {
        e->test = TEST_NOT;
        e->left = parse_unary(p);
        e = e->left ? e : NULL;
    } else if (take(p, "(")) {
        e = parse_or(p);
        skip_space(p);
        if (e && !take(p, ")"))
            e = fail(p, "')' is expected");
    } else {
        e = parse_comparison(p, e);
    }
    p->depth--;
    return e;
}

/* `word` joins as many as there are, from left to right. */
static struct jsonpath_expr *parse_joined(struct parser *p, const char *word,
                                          enum jsonpath_test test,
                                          struct jsonpath_expr *(*part)(struct parser *))
{
    struct jsonpath_expr *left = part(p);
    for (;;) {
        skip_space(p);
        if (!left || !take(p, word))
            return left;
        struct jsonpath_expr *both = alloc(p, sizeof(*both));
        struct jsonpath_expr *right = both ? part(p) : NULL;
        if (!right)
            return NULL;
        *both = (struct jsonpath_expr){.test = test, .left = left, .right = right};
        left = both;
    }
}

static struct jsonpath_expr *parse_and(struct parser *p)
{
    return parse_joined(p, "&&", TEST_AND, parse_unary);
}

static struct jsonpath_expr *parse_or(struct parser *p)
{
    return parse_joined(p, "||", TEST_OR, parse_and);
}

/* ---- the whole ---- */

static struct jsonpath *parse_whole(struct parser *p)
{
    skip_space(p);
    bool braces = take(p, "{");
    skip_space(p);
    struct jsonpath *path = NULL;
    if (looking_at(p, '$'))
        path = parse_path(p);
    else if ((path = alloc(p, sizeof(*path))) && !parse_segments(p, path, true))
        path = NULL;
    skip_space(p);
    if (path && braces && !take(p, "}"))
        return fail(p, "'.', '[' or '}' is expected");
    skip_space(p);
    if (path && p->at < p->end)
        return fail(p, "'.' or '[' is expected");
    return path;
}

int jsonpath_parse(struct slice text, struct arena *a, struct jsonpath **ret_path, struct err *err)
{
    struct parser p = {
        .start = text.data, .at = text.data, .end = text.data + text.size, .arena = a, .err = err};
    if (text.size == 0)
        return err_set(err, -EINVAL, "the path is empty: '$' is the whole document");
    if (text.size > JSONPATH_BYTES_MAX)
        return err_set(err, -EINVAL, "the path is longer than %d bytes", JSONPATH_BYTES_MAX);
    struct jsonpath *path = parse_whole(&p);
    if (p.result == 0)
        *ret_path = path;
    return p.result;
}

bool jsonpath_is_single(const struct jsonpath *path)
{
    for (const struct jsonpath_segment *s = path->first; s; s = s->next) {
        bool one = s->first->kind == PATH_NAME || s->first->kind == PATH_INDEX;
        if (s->deep || !one || s->first->next)
            return false;
    }
    return true;
}

/* Where the quotes that open at `at` close, or the end. */
static size_t skip_quotes(struct slice text, size_t at)
{
    char quote = text.data[at++];
    while (at < text.size && text.data[at] != quote)
        at += text.data[at] == '\\' ? 2 : 1;
    return at;
}

int jsonpath_split(struct slice text, struct slice *ret_path, struct slice *ret_value)
{
    int depth = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (depth > 0 && (c == '\'' || c == '"'))
            i = skip_quotes(text, i);
        else if (c == '=' && depth == 0 && i > 0) {
            *ret_path = slice_sub(text, 0, i);
            *ret_value = slice_sub(text, i + 1, text.size);
            return 0;
        }
        depth += (c == '[') - (c == ']');
    }
    return -EINVAL;
}
