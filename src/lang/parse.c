#include "lang/parse.h"

#include <stdarg.h>
#include <stdio.h>

#include "lang/parser.h"

enum { MESSAGE_BYTES_MAX = 300 };

void parser_next(struct parser *p)
{
    p->last_end = p->tok.end;
    scan_next(&p->scan, &p->tok);
}

bool parser_take(struct parser *p, enum token_kind kind)
{
    if (p->tok.kind != kind)
        return false;
    parser_next(p);
    return true;
}

/* Whether two places lie on one line. */
static bool same_line(const struct parser *p, source_place a, source_place b)
{
    source_place low = a < b ? a : b, high = a < b ? b : a;
    struct slice between = slice_sub(p->scan.text, low - p->scan.first, high - p->scan.first);
    return slice_find_byte(between, '\n') < 0;
}

void parser_fault(struct parser *p, source_place at, source_place end, const char *format, ...)
{
    char text[MESSAGE_BYTES_MAX];
    va_list args;

    /* What follows from a mistake usually stands on the same line. */
    if (p->stopped || p->tok.is_bad || (p->fault_at && same_line(p, p->fault_at, at)))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    p->fault_at = at;
    config_fault_add(p->faults, CONFIG_FAULT_SYNTAX, at, end, "%s", text);
}

static bool is_torn(const struct parser *p)
{
    for (uint32_t i = p->faults_before; i < p->faults->count; i++)
        if (p->faults->items[i].code == CONFIG_FAULT_SYNTAX)
            return true;
    return false;
}

void parser_fault_expected(struct parser *p, const char *what)
{
    const struct token *t = &p->tok;
    struct slice text = slice_sub(p->scan.text, t->at - p->scan.first, t->end - p->scan.first);

    if (t->kind == TOKEN_SEMICOLON && t->is_newline)
        parser_fault(p, t->at, t->end, "expected %s, found the end of the line", what);
    else if (t->kind == TOKEN_END && is_torn(p))
        return; /* what was wrong before took the rest along */
    else if (t->kind == TOKEN_END)
        parser_fault(p, t->at, t->end, "expected %s, found the end of the file", what);
    else if (text.size > 40)
        parser_fault(p, t->at, t->end, "expected %s, found %s", what,
                     token_text((enum token_kind)t->kind));
    else
        parser_fault(p, t->at, t->end, "expected %s, found %s%.*s%s", what,
                     t->kind == TOKEN_STRING ? "" : "'", SLICE_ARG(text),
                     t->kind == TOKEN_STRING ? "" : "'");
}

void parser_not_in_subset(struct parser *p, source_place at, source_place end, const char *what)
{
    if (!p->stopped)
        config_fault_add(p->faults, CONFIG_FAULT_NOT_IN_SUBSET, at, end,
                         "%s are not in the Firebreak subset", what);
}

bool parser_expect(struct parser *p, enum token_kind kind, const char *where)
{
    char what[80];

    if (parser_take(p, kind))
        return true;
    bool bare = kind == TOKEN_NAME;
    snprintf(what, sizeof(what), "%s%s%s%s%s", bare ? "" : "'", token_text(kind), bare ? "" : "'",
             where ? " " : "", where ? where : "");
    parser_fault_expected(p, what);
    return false;
}

void parser_expect_end(struct parser *p, const char *what)
{
    if (parser_is(p, TOKEN_RPAREN) || parser_is(p, TOKEN_RBRACE) || parser_take(p, TOKEN_SEMICOLON))
        return;
    if (parser_is(p, TOKEN_END))
        return;
    char expected[80];
    snprintf(expected, sizeof(expected), "';' or a new line after %s", what);
    parser_fault_expected(p, expected);
    parser_skip_to_stmt(p);
}

static void stop(struct parser *p, const char *limit, uint64_t value)
{
    if (p->stopped)
        return;
    config_fault_add(p->faults, CONFIG_FAULT_LIMIT, p->tok.at, p->tok.end,
                     "the source goes beyond %s (%llu)", limit, (unsigned long long)value);
    p->stopped = true;
    p->scan.at = p->scan.text.size;
    p->scan.may_end = false;
    parser_next(p);
}

bool parser_enter(struct parser *p)
{
    p->depth++;
    if (p->tree->is_full)
        stop(p, "nodes_max", p->limits->nodes_max);
    else if (p->depth > p->limits->nesting_depth_max)
        stop(p, "nesting_depth_max", p->limits->nesting_depth_max);
    return !p->stopped;
}

void parser_raise(struct parser *p, uint32_t other)
{
    if (other > p->height)
        p->height = other;
    if (++p->height > p->limits->nesting_depth_max)
        stop(p, "nesting_depth_max", p->limits->nesting_depth_max);
}

static bool begins_decl(enum token_kind t)
{
    return t == TOKEN_CONST || t == TOKEN_TYPE || t == TOKEN_VAR || t == TOKEN_FUNC;
}

static bool begins_stmt(enum token_kind t)
{
    switch (t) {
    case TOKEN_BREAK:
    case TOKEN_CONST:
    case TOKEN_CONTINUE:
    case TOKEN_DEFER:
    case TOKEN_FALLTHROUGH:
    case TOKEN_FOR:
    case TOKEN_GO:
    case TOKEN_GOTO:
    case TOKEN_IF:
    case TOKEN_RETURN:
    case TOKEN_SELECT:
    case TOKEN_SWITCH:
    case TOKEN_TYPE:
    case TOKEN_VAR:
        return true;
    default:
        return false;
    }
}

/* Statements lie in blocks, so braces are counted: an inner block's end is not ours. */
void parser_skip_to_stmt(struct parser *p)
{
    uint32_t open = 0;
    while (!parser_is(p, TOKEN_END)) {
        enum token_kind t = (enum token_kind)p->tok.kind;
        if (open == 0 && (begins_stmt(t) || t == TOKEN_RBRACE))
            return;
        if (open == 0 && t == TOKEN_SEMICOLON) {
            parser_next(p);
            return;
        }
        if (t == TOKEN_LBRACE)
            open++;
        else if (t == TOKEN_RBRACE)
            open--;
        parser_next(p);
    }
}

/* A declaration begins at the start of a line: so one missing brace does not swallow the rest. */
void parser_skip_to_decl(struct parser *p)
{
    while (!parser_is(p, TOKEN_END)) {
        size_t at = p->tok.at - p->scan.first;
        if (begins_decl((enum token_kind)p->tok.kind) &&
            (at == 0 || p->scan.text.data[at - 1] == '\n'))
            return;
        parser_next(p);
    }
}

node_ref parser_bad(struct parser *p, source_place at)
{
    return parser_node(p, NODE_BAD, at);
}

node_ref parse_name(struct parser *p)
{
    source_place at = p->tok.at;
    if (!parser_is(p, TOKEN_NAME)) {
        parser_fault_expected(p, "a name");
        return parser_bad(p, at);
    }
    node_ref n = parser_node(p, NODE_NAME, at);
    parser_at(p, n)->a = p->tok.name;
    parser_next(p);
    return n;
}

static node_ref parse_import_spec(struct parser *p)
{
    node_ref n = parser_node(p, NODE_IMPORT, p->tok.at), name = 0;

    if (parser_is(p, TOKEN_PERIOD)) {
        parser_not_in_subset(p, p->tok.at, p->tok.end, "dot imports");
        parser_next(p);
        parser_at(p, n)->op = 1;
    } else if (parser_is(p, TOKEN_NAME)) {
        name = parse_name(p);
    }
    parser_at(p, n)->a = name;
    if (!parser_is(p, TOKEN_STRING)) {
        parser_fault_expected(p, "an import path");
        parser_at(p, n)->kind = NODE_BAD;
        parser_skip_to_stmt(p);
        return n;
    }
    node_ref path = parser_node(p, NODE_LITERAL, p->tok.at);
    parser_at(p, path)->op = TOKEN_STRING;
    parser_at(p, path)->a = p->tok.end - p->tok.at;
    parser_at(p, n)->b = path;
    if (p->tok.is_bad)
        parser_at(p, n)->kind = NODE_BAD;
    parser_next(p);
    parser_expect_end(p, "an import");
    return n;
}

static void parse_import(struct parser *p, struct node_list *decls)
{
    parser_next(p);
    if (!parser_take(p, TOKEN_LPAREN)) {
        tree_append(p->tree, decls, parse_import_spec(p));
        return;
    }
    while (!parser_is(p, TOKEN_RPAREN) && !parser_is(p, TOKEN_END)) {
        size_t before = p->scan.at;
        tree_append(p->tree, decls, parse_import_spec(p));
        if (p->scan.at == before)
            parser_next(p);
    }
    parser_expect(p, TOKEN_RPAREN, NULL);
    parser_expect_end(p, "imports");
}

static void parse_decls(struct parser *p, struct node_list *decls)
{
    bool late = false;
    while (!parser_is(p, TOKEN_END)) {
        if (parser_is(p, TOKEN_IMPORT)) {
            if (late)
                parser_fault(p, p->tok.at, p->tok.end,
                             "imports must appear before other declarations");
            parse_import(p, decls);
            continue;
        }
        late = true;
        if (!begins_decl((enum token_kind)p->tok.kind)) {
            parser_fault_expected(p, "a declaration (const, type, var or func)");
            parser_next(p);
            parser_skip_to_decl(p);
            continue;
        }
        node_ref first = parse_decl(p);
        if (first)
            tree_append(p->tree, decls, first);
        while (decls->last && parser_at(p, decls->last)->next)
            decls->last = parser_at(p, decls->last)->next;
    }
}

bool parse_file(struct tree *tree, uint32_t index, struct names *names,
                const struct lang_limits *limits, struct config_faults *faults)
{
    struct tree_file *f = &tree->files[index];
    struct parser p = {.tree = tree, .names = names, .faults = faults, .limits = limits,
                       .faults_before = faults->count};
    struct node_list decls = {0};

    scan_init(&p.scan, f->text, f->first, names, faults);
    parser_next(&p);
    if (!parser_expect(&p, TOKEN_PACKAGE, "at the start of the file")) {
        parser_skip_to_decl(&p);
    } else {
        f->package = parse_name(&p);
        parser_expect_end(&p, "the package clause");
    }
    parse_decls(&p, &decls);
    f->decls = decls.first;
    if (!p.stopped && tree->is_full)
        stop(&p, "nodes_max", limits->nodes_max);
    return !p.stopped;
}
