#include "wire/query.h"

#include <errno.h>
#include <stdio.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/duration.h"
#include "base/suggest.h"
#include "wire/number.h"
#include "wire/openmetrics.h"

struct parser {
    struct slice text;
    size_t at;
    struct arena *arena;
    struct query *query;
    struct query_selector **last; /* where the next selector is linked */
    uint32_t nesting;
    size_t *ret_at;
    struct err *err;
};

static const char *const function_names[] = {
#define QUERY_FUNCTION_WORD(NAME, word) #word,
    QUERY_FUNCTION_LIST(QUERY_FUNCTION_WORD)
#undef QUERY_FUNCTION_WORD
};

const char *query_function_name(enum query_function f)
{
    return function_names[f];
}

/* The words of operators, and how tightly each binds. */
static const struct {
    const char *word;
    int binds;
} ops[] = {
    [QUERY_OR] = {"or", 1}, [QUERY_AND] = {"and", 2}, [QUERY_EQ] = {"==", 3},
    [QUERY_NE] = {"!=", 3}, [QUERY_LT] = {"<", 3},    [QUERY_LE] = {"<=", 3},
    [QUERY_GT] = {">", 3},  [QUERY_GE] = {">=", 3},   [QUERY_ADD] = {"+", 4},
    [QUERY_SUB] = {"-", 4}, [QUERY_MUL] = {"*", 5},   [QUERY_DIV] = {"/", 5},
    [QUERY_MOD] = {"%", 5},
};
enum { BINDS_OR = 1, BINDS_COMPARISON = 3, BINDS_ALL = 6 };

/* ---- faults ---- */

static int fail(struct parser *p, size_t at, const char *format, ...) PRINTF_LIKE(3, 4);
static int fail(struct parser *p, size_t at, const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (p->ret_at)
        *p->ret_at = at;
    return err_set(p->err, -EINVAL, "column %zu: %s", at + 1, text);
}

static int no_memory(struct parser *p)
{
    return err_set(p->err, -ENOSPC, "no memory for the query");
}

/* ---- tokens ---- */

static char peek(const struct parser *p)
{
    return p->at < p->text.size ? p->text.data[p->at] : 0;
}

static void skip_space(struct parser *p)
{
    while (peek(p) == ' ' || peek(p) == '\t' || peek(p) == '\n' || peek(p) == '\r')
        p->at++;
}

static bool take_char(struct parser *p, char c)
{
    skip_space(p);
    if (peek(p) != c)
        return false;
    p->at++;
    return true;
}

static int want_char(struct parser *p, char c, const char *behind)
{
    if (take_char(p, c))
        return 0;
    return fail(p, p->at, "'%c' is missing behind %s", c, behind);
}

/* A name at the place where *p stands, which is not moved. */
static struct slice word_at(struct parser *p, bool colon)
{
    size_t end;
    skip_space(p);
    if (!openmetrics_is_name_start(peek(p), colon))
        return (struct slice){0};
    for (end = p->at; end < p->text.size && openmetrics_is_name_part(p->text.data[end], colon);)
        end++;
    return slice_sub(p->text, p->at, end);
}

static bool is_keyword(struct slice word)
{
    return slice_eq_cstr(word, "and") || slice_eq_cstr(word, "or") || slice_eq_cstr(word, "for");
}

/* The operator that comes next, which is not taken; false where none does. */
static bool op_at(struct parser *p, enum query_op *ret, size_t *ret_size)
{
    skip_space(p);
    struct slice word = word_at(p, true), rest = slice_sub(p->text, p->at, p->text.size);
    bool found = false;
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        struct slice op = slice_from(ops[i].word);
        bool here = word.size ? slice_eq(word, op) : slice_starts_with(rest, op);
        if (!here || (found && op.size <= *ret_size))
            continue;
        *ret = (enum query_op)i;
        *ret_size = op.size;
        found = true;
    }
    return found;
}

/* "5m", "1m30s"; `what` is asked for, which looks back `times` as far. */
static int take_span(struct parser *p, const char *what, int times, int64_t *ret)
{
    skip_space(p);
    size_t from = p->at;
    enum duration_fault fault;
    while (openmetrics_is_name_part(peek(p), false) || peek(p) == '.' || (peek(p) & 0x80))
        p->at++;
    struct slice text = slice_sub(p->text, from, p->at);
    int r = duration_parse_why(text, ret, &fault, NULL);
    if (r < 0 && fault == DURATION_UNIT_MISSING)
        return fail(p, from, "%s needs a unit: %.*ss, %.*sm", what, SLICE_ARG(text),
                    SLICE_ARG(text));
    if (r < 0)
        return fail(p, from, "%s is a span of time, like 5m", what);
    if (*ret <= 0)
        return fail(p, from, "%s is longer than nothing", what);
    if (*ret > QUERY_BACK_H_MAX * (INT64_C(3600) * 1000000000) / times)
        return fail(p, from, "%s is at most %dh: metrics are kept for %dh%s", what,
                    QUERY_BACK_H_MAX / times, QUERY_BACK_H_MAX,
                    times > 1 ? ", and step looks at two such spans" : "");
    return 0;
}

/* ---- selectors ---- */

static int take_quoted(struct parser *p, struct slice *ret)
{
    skip_space(p);
    size_t from = p->at, n = 0;
    char quote = peek(p);
    if (quote != '"' && quote != '\'')
        return fail(p, from, "a label's value stands in quotes");
    char *to = arena_alloc(p->arena, p->text.size - from + 1);
    if (!to)
        return no_memory(p);
    for (p->at++; peek(p) != quote || p->at >= p->text.size; p->at++) {
        if (p->at >= p->text.size)
            return fail(p, from, "the quotes that begin here do not end");
        char c = peek(p);
        if (c == '\\' && p->at + 1 < p->text.size) {
            c = p->text.data[++p->at];
            if (c != quote && c != '\\' && c != 'n')
                to[n++] = '\\'; /* a pattern's own: \d */
            else if (c == 'n')
                c = '\n';
        }
        to[n++] = c;
    }
    p->at++;
    *ret = (struct slice){to, n};
    return 0;
}

struct pcre2_real_code_8 *query_pattern_compile(struct slice pattern, struct err *err)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    int code = PCRE2_ERROR_NOMEMORY;
    size_t where;
    pcre2_code *c = NULL;
    if (context) {
        pcre2_set_parens_nest_limit(context, QUERY_PATTERN_NESTING_MAX);
        c = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.size,
                          PCRE2_NEVER_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &where,
                          context);
    }
    pcre2_compile_context_free(context);
    if (!c) {
        PCRE2_UCHAR words[120];
        pcre2_get_error_message(code, words, sizeof(words));
        err_set(err, -EINVAL, "%s", (const char *)words);
    }
    return c;
}

static int check_pattern(struct parser *p, size_t at, struct slice pattern)
{
    struct err err = {0};
    pcre2_code *c = query_pattern_compile(pattern, &err);
    if (!c)
        return fail(p, at, "no pattern: %s", err.text);
    pcre2_code_free(c);
    return 0;
}

static int take_match(struct parser *p, enum query_match *ret)
{
    static const char *const words[] = {"=", "!=", "=~", "!~"};
    size_t best = 0;
    skip_space(p);
    struct slice rest = slice_sub(p->text, p->at, p->text.size);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (slice_starts_with(rest, slice_from(words[i])) && strlen(words[i]) > best) {
            *ret = (enum query_match)i;
            best = strlen(words[i]);
        }
    if (best == 0)
        return fail(p, p->at, "=, !=, =~ or !~ is missing behind a label's name");
    p->at += best;
    return 0;
}

static int take_matcher(struct parser *p, struct query_selector *s)
{
    struct query_matcher *m = &s->matchers[s->matcher_count];
    m->name = word_at(p, false);
    if (m->name.size == 0)
        return fail(p, p->at, "a label's name is missing");
    if (s->matcher_count == QUERY_MATCHERS_MAX)
        return fail(p, p->at, "more than %d matchers", QUERY_MATCHERS_MAX);
    p->at += m->name.size;
    int r = take_match(p, &m->match);
    if (r < 0)
        return r;
    skip_space(p);
    size_t from = p->at;
    r = take_quoted(p, &m->value);
    if (r == 0 && m->match >= QUERY_MATCHES)
        r = check_pattern(p, from, m->value);
    s->matcher_count++;
    return r;
}

static int take_selector(struct parser *p, struct query_selector **ret)
{
    struct query_selector *s = arena_new(p->arena, struct query_selector);
    skip_space(p);
    if (!s)
        return no_memory(p);
    s->name = word_at(p, true);
    if (s->name.size == 0 || is_keyword(s->name))
        return fail(p, p->at, "a metric's name is missing");
    p->at += s->name.size;
    s->number = p->query->selector_count++;
    *p->last = s;
    p->last = &s->next;
    *ret = s;
    if (!take_char(p, '{') || take_char(p, '}'))
        return 0;
    s->matchers = arena_alloc_array(p->arena, QUERY_MATCHERS_MAX + 1, sizeof(*s->matchers));
    if (!s->matchers)
        return no_memory(p);
    for (;;) {
        int r = take_matcher(p, s);
        if (r < 0 || take_char(p, '}'))
            return r;
        if (!take_char(p, ','))
            return fail(p, p->at, "',' or '}' is missing behind a label's value");
        if (take_char(p, '}'))
            return 0;
    }
}

/* ---- expressions ---- */

static int take_expr(struct parser *p, int binds, struct query_node **ret);

static struct query_node *node_new(struct parser *p, enum query_type type, size_t at)
{
    struct query_node *n = arena_new(p->arena, struct query_node);
    if (n) {
        n->type = type;
        n->at = (uint32_t)at;
        n->depth = 1;
    }
    return n;
}

static int take_number(struct parser *p, double *ret)
{
    skip_space(p);
    size_t from = p->at;
    while (openmetrics_is_name_part(peek(p), false) || peek(p) == '.' ||
           ((peek(p) == '-' || peek(p) == '+') && (p->text.data[p->at - 1] | 32) == 'e' &&
            p->at > from))
        p->at++;
    struct slice text = slice_sub(p->text, from, p->at);
    int64_t span;
    double n = 0;
    if (number_parse(text, &n) == 0 && n - n != 0) /* its own form would be read as a metric */
        return fail(p, from, "%.*s is beyond every number", SLICE_ARG(text));
    if (number_parse(text, ret) == 0)
        return 0;
    if (duration_parse(text, &span) == 0)
        return fail(p, from, "a span of time stands behind a comma or `for`; seconds are a number");
    return fail(p, from, "%.*s is no number", SLICE_ARG(text));
}

static bool function_of(struct slice word, enum query_function *ret)
{
    int i = slice_among(word, function_names, QUERY_FUNCTION_COUNT);
    if (i >= 0)
        *ret = (enum query_function)i;
    return i >= 0;
}

static int take_arguments(struct parser *p, struct query_node *n)
{
    int r = 0;
    if (n->function == QUERY_QUANTILE) {
        skip_space(p);
        size_t from = p->at;
        r = take_number(p, &n->number);
        if (r == 0 && !(n->number >= 0 && n->number <= 1))
            return fail(p, from, "a quantile is a number from 0 to 1");
        if (r == 0)
            r = want_char(p, ',', "the quantile");
    }
    if (r == 0)
        r = take_selector(p, &n->selector);
    if (r == 0)
        r = want_char(p, ',', "the metric: a function looks at a selector, over a span");
    if (r == 0 && n->function == QUERY_CORR) {
        r = take_selector(p, &n->second);
        if (r == 0)
            r = want_char(p, ',', "the second metric");
    }
    if (r == 0)
        r = take_span(p, "the last argument", n->function == QUERY_STEP ? 2 : 1, &n->window_ns);
    if (r == 0)
        r = want_char(p, ')', "the last argument");
    return r;
}

static void look_back(struct query *q, const struct query_node *n)
{
    int64_t ns = n->window_ns;
    if (n->function == QUERY_STEP && __builtin_mul_overflow(ns, 2, &ns))
        ns = INT64_MAX;
    if (ns > q->back_ns)
        q->back_ns = ns;
}

static int take_function(struct parser *p, struct slice name, struct query_node **ret)
{
    struct query_node *n = node_new(p, QUERY_FUNCTION, p->at);
    if (!n)
        return no_memory(p);
    if (!function_of(name, &n->function)) {
        const char *near = suggest_nearest(name, function_names, QUERY_FUNCTION_COUNT);
        return fail(p, p->at, "there is no function %.*s%s%s", SLICE_ARG(name),
                    near ? ": did you mean " : "", near ? near : "");
    }
    p->at += name.size;
    take_char(p, '(');
    int r = take_arguments(p, n);
    look_back(p->query, n);
    *ret = n;
    return r;
}

/* Brackets and signs: what makes the parser call itself. */
static int take_inner(struct parser *p, struct query_node **ret)
{
    size_t from = p->at++;
    bool bracket = p->text.data[from] == '(';
    if (++p->nesting > QUERY_NESTING_MAX)
        return fail(p, from, "more than %d brackets inside each other", QUERY_NESTING_MAX);
    int r = take_expr(p, bracket ? BINDS_OR : BINDS_ALL, ret);
    p->nesting--;
    if (r < 0)
        return r;
    if (bracket)
        return want_char(p, ')', "an expression in brackets");
    if (p->text.data[from] == '+')
        return 0;
    struct query_node *n = node_new(p, QUERY_NEGATE, from);
    if (!n)
        return no_memory(p);
    n->left = *ret;
    n->depth = n->left->depth + 1;
    *ret = n;
    return 0;
}

static int take_primary(struct parser *p, struct query_node **ret)
{
    skip_space(p);
    char c = peek(p);
    if (c == '(' || c == '-' || c == '+')
        return take_inner(p, ret);
    if ((c >= '0' && c <= '9') || c == '.') {
        *ret = node_new(p, QUERY_NUMBER, p->at);
        return *ret ? take_number(p, &(*ret)->number) : no_memory(p);
    }
    struct slice word = word_at(p, true);
    if (word.size == 0 || is_keyword(word))
        return fail(p, p->at, "a metric, a number or a function is missing");
    size_t behind = p->at + word.size;
    while (behind < p->text.size && p->text.data[behind] == ' ')
        behind++;
    if (behind < p->text.size && p->text.data[behind] == '(')
        return take_function(p, word, ret);
    *ret = node_new(p, QUERY_SELECTOR, p->at);
    return *ret ? take_selector(p, &(*ret)->selector) : no_memory(p);
}

static int join(struct parser *p, enum query_op op, size_t at, struct query_node *right,
                struct query_node **left)
{
    struct query_node *n = node_new(p, QUERY_BINARY, (*left)->at);
    if (!n)
        return no_memory(p);
    n->op = op;
    n->left = *left;
    n->right = right;
    n->depth = 1 + (right->depth > n->left->depth ? right->depth : n->left->depth);
    if (n->depth > QUERY_DEPTH_MAX)
        return fail(p, at, "more than %d operators deep", QUERY_DEPTH_MAX);
    *left = n;
    return 0;
}

/* Operators that bind at least so tightly. */
static int take_expr(struct parser *p, int binds, struct query_node **ret)
{
    struct query_node *left = NULL, *right;
    enum query_op op;
    size_t size = 0;
    bool compared = false;
    int r = take_primary(p, &left);
    while (r == 0 && op_at(p, &op, &size) && ops[op].binds >= binds) {
        size_t at = p->at;
        if (compared && ops[op].binds == BINDS_COMPARISON)
            return fail(p, at, "a comparison of a comparison: use and, or brackets");
        compared = ops[op].binds == BINDS_COMPARISON;
        p->at += size;
        r = take_expr(p, ops[op].binds + 1, &right);
        if (r == 0)
            r = join(p, op, at, right, &left);
    }
    if (r == 0)
        *ret = left;
    return r;
}

static int take_for(struct parser *p)
{
    if (!slice_eq_cstr(word_at(p, false), "for"))
        return 0;
    p->at += 3;
    return take_span(p, "for", 1, &p->query->for_ns);
}

bool query_is_condition(const struct query_node *n)
{
    return n->type == QUERY_BINARY && n->op <= QUERY_GE;
}

int query_parse(struct slice text, struct arena *a, const struct query **ret, size_t *ret_at,
                struct err *err)
{
    struct query *q = arena_new(a, struct query);
    struct query_selector *first = NULL;
    struct query_node *root = NULL;
    struct parser p = {
        .text = text, .arena = a, .query = q, .last = &first, .ret_at = ret_at, .err = err};
    if (!q)
        return no_memory(&p);
    if (text.size > QUERY_BYTES_MAX)
        return fail(&p, QUERY_BYTES_MAX, "a query has at most %d bytes", QUERY_BYTES_MAX);
    int r = take_expr(&p, BINDS_OR, &root);
    if (r == 0)
        r = take_for(&p);
    skip_space(&p);
    if (r == 0 && p.at < text.size)
        r = fail(&p, p.at, "an operator is missing, or this is too much");
    if (r < 0)
        return r;
    q->root = root;
    q->selectors = first;
    *ret = q;
    return 0;
}

/* ---- printing ---- */

static void print_selector(const struct query_selector *s, struct buf *out)
{
    static const char *const words[] = {"=", "!=", "=~", "!~"};
    buf_append_slice(out, s->name);
    for (uint32_t i = 0; i < s->matcher_count; i++) {
        const struct query_matcher *m = &s->matchers[i];
        buf_printf(out, "%s%.*s%s\"", i ? "," : "{", SLICE_ARG(m->name), words[m->match]);
        for (size_t j = 0; j < m->value.size; j++) {
            char c = m->value.data[j];
            if (c == '"' || c == '\\')
                buf_append_byte(out, '\\');
            buf_append(out, c == '\n' ? "\\n" : &c, c == '\n' ? 2 : 1);
        }
        buf_append_cstr(out, "\"");
    }
    buf_append_cstr(out, s->matcher_count ? "}" : "");
}

static void print_node(const struct query_node *n, int binds, struct buf *out)
{
    char span[DURATION_TEXT_MAX];
    if (n->type == QUERY_NUMBER) {
        buf_printf(out, "%.17g", n->number);
    } else if (n->type == QUERY_SELECTOR) {
        print_selector(n->selector, out);
    } else if (n->type == QUERY_NEGATE) {
        buf_append_cstr(out, "-");
        print_node(n->left, BINDS_ALL, out);
    } else if (n->type == QUERY_FUNCTION) {
        buf_printf(out, "%s(", function_names[n->function]);
        if (n->function == QUERY_QUANTILE)
            buf_printf(out, "%.17g, ", n->number);
        print_selector(n->selector, out);
        if (n->second) {
            buf_append_cstr(out, ", ");
            print_selector(n->second, out);
        }
        buf_printf(out, ", %s)", duration_format(n->window_ns, span));
    } else {
        int own = ops[n->op].binds;
        /* Neither side of a comparison may be one. */
        buf_append_cstr(out, own < binds ? "(" : "");
        print_node(n->left, own == BINDS_COMPARISON ? own + 1 : own, out);
        buf_printf(out, " %s ", ops[n->op].word);
        print_node(n->right, own + 1, out);
        buf_append_cstr(out, own < binds ? ")" : "");
    }
}

int query_print(const struct query *q, struct buf *out)
{
    char span[DURATION_TEXT_MAX];
    print_node(q->root, BINDS_OR, out);
    if (q->for_ns)
        buf_printf(out, " for %s", duration_format(q->for_ns, span));
    return 0;
}
