/* Declarations: const, type, var, func; alone or in groups. */
#include "lang/parser.h"

static node_ref parse_names(struct parser *p)
{
    struct node_list list = {0};
    do
        tree_append(p->tree, &list, parse_name(p));
    while (parser_take(p, TOKEN_COMMA));
    return list.first;
}

/* [type] [= values] */
static node_ref parse_spec(struct parser *p)
{
    node_ref n = parser_node(p, NODE_SPEC, p->tok.at), type = 0, values = 0;
    if (!parser_is(p, TOKEN_ASSIGN) && !parser_is(p, TOKEN_SEMICOLON) &&
        !parser_is(p, TOKEN_RPAREN))
        type = parse_type(p);
    if (parser_take(p, TOKEN_ASSIGN))
        values = parse_expr_list(p);
    parser_at(p, n)->a = type;
    parser_at(p, n)->b = values;
    return n;
}

struct const_group {
    node_ref spec; /* what a spec without values repeats */
    uint32_t iota;
};

static node_ref parse_const_spec(struct parser *p, struct const_group *g)
{
    node_ref n = parser_node(p, NODE_CONST, p->tok.at);
    node_ref names = parse_names(p), spec = parse_spec(p);
    struct node *s = parser_at(p, spec), *node = parser_at(p, n);

    if (s->b) {
        g->spec = spec;
    } else if (s->a || !g->spec) {
        parser_fault(p, node->at, tree_token_end(p->tree, node->at),
                     s->a ? "a constant with a type must have a value"
                          : "missing value of a constant");
        g->spec = 0; /* the name is declared all the same */
    } else {
        node->op = 1;
    }
    node->a = names;
    node->b = g->spec;
    node->type = g->iota++;
    parser_expect_end(p, "a constant");
    return n;
}

static node_ref parse_var_spec(struct parser *p)
{
    node_ref n = parser_node(p, NODE_VAR, p->tok.at);
    node_ref names = parse_names(p), spec = parse_spec(p);
    const struct node *s = parser_at(p, spec);

    if (!s->a && !s->b)
        parser_fault_expected(p, "a type or '=' behind the name of a variable");
    parser_at(p, n)->a = names;
    parser_at(p, n)->b = spec;
    parser_expect_end(p, "a variable");
    return n;
}

/* Behind "type NAME [": an array's length, or type parameters? A name is looked at with what
 * follows it; the scanner is a value, so looking ahead is a copy. */
static bool begins_type_params(const struct parser *p)
{
    struct parser ahead = *p;
    struct config_faults none = {.cap = 0, .arena = p->faults->arena};
    ahead.faults = ahead.scan.faults = &none;
    parser_next(&ahead);
    if (!parser_is(&ahead, TOKEN_NAME))
        return false;
    parser_next(&ahead);
    switch (ahead.tok.kind) {
    case TOKEN_NAME:
    case TOKEN_COMMA:
    case TOKEN_TILDE:
    case TOKEN_INTERFACE:
    case TOKEN_LBRACK:
    case TOKEN_MAP:
    case TOKEN_CHAN:
    case TOKEN_FUNC:
        return true;
    case TOKEN_MUL:
        parser_next(&ahead);
        parser_next(&ahead);
        return parser_is(&ahead, TOKEN_COMMA);
    default:
        return false;
    }
}

static node_ref parse_type_spec(struct parser *p)
{
    node_ref n = parser_node(p, NODE_TYPE_DECL, p->tok.at);
    node_ref name = parse_name(p);
    bool generic = parser_is(p, TOKEN_LBRACK) && begins_type_params(p);

    if (generic) {
        source_place at = p->tok.at;
        parser_next(p);
        parse_type_params(p, at);
        parser_not_in_subset(p, at, at + 1, "generic types");
    }
    if (parser_take(p, TOKEN_ASSIGN))
        parser_at(p, n)->op = 1;
    node_ref type = parse_type(p);
    parser_at(p, n)->a = name;
    parser_at(p, n)->b = generic ? parser_bad(p, parser_at(p, name)->at) : type;
    parser_expect_end(p, "a type");
    return n;
}

static node_ref parse_group_member(struct parser *p, enum token_kind kind, struct const_group *g)
{
    if (kind == TOKEN_CONST)
        return parse_const_spec(p, g);
    return kind == TOKEN_VAR ? parse_var_spec(p) : parse_type_spec(p);
}

static void parse_receiver(struct parser *p, struct node_list *row)
{
    source_place at = p->tok.at;
    node_ref receiver = parse_params(p);
    node_ref type = receiver ? parser_at(p, receiver)->b : 0;

    if (!receiver)
        parser_fault(p, at, at + 1, "method has no receiver");
    else if (parser_at(p, receiver)->next)
        parser_fault(p, at, at + 1, "method has multiple receivers");
    else if (parser_at(p, type)->kind == NODE_ELLIPSIS)
        parser_fault(p, at, at + 1, "a receiver has no '...'");
    if (receiver)
        parser_at(p, receiver)->next = 0;
    tree_append(p->tree, row, receiver ? receiver : parser_bad(p, at));
}

static node_ref parse_func_decl(struct parser *p)
{
    struct node_list row = {0};
    source_place at = p->tok.at;
    node_ref n = parser_node(p, NODE_FUNC, at), receiver, body = 0;
    struct node_list before = {0};

    parser_next(p);
    if (parser_is(p, TOKEN_LPAREN))
        parse_receiver(p, &before);
    receiver = before.first ? before.first : parser_node(p, NODE_NONE, at);
    tree_append(p->tree, &row, parse_name(p));
    tree_append(p->tree, &row, receiver);
    if (parser_is(p, TOKEN_LBRACK)) {
        source_place open = p->tok.at;
        parser_next(p);
        parse_type_params(p, open);
        if (before.first)
            parser_fault(p, open, open + 1, "a method must have no type parameters");
        else
            parser_not_in_subset(p, open, open + 1, "generic functions");
        parser_at(p, n)->op = 1;
    }
    tree_append(p->tree, &row, parse_signature(p, at));
    if (parser_is(p, TOKEN_LBRACE))
        body = parse_block(p);
    parser_at(p, n)->a = row.first;
    parser_at(p, n)->b = body;
    parser_expect_end(p, "a function");
    return n;
}

node_ref parse_decl(struct parser *p)
{
    struct node_list list = {0};
    struct const_group g = {0};
    enum token_kind kind = (enum token_kind)p->tok.kind;

    if (kind == TOKEN_FUNC)
        return parse_func_decl(p);
    parser_next(p);
    if (!parser_take(p, TOKEN_LPAREN))
        return parse_group_member(p, kind, &g);
    while (!parser_is(p, TOKEN_RPAREN) && !parser_is(p, TOKEN_END)) {
        size_t before = p->scan.at;
        tree_append(p->tree, &list, parse_group_member(p, kind, &g));
        if (p->scan.at == before)
            parser_next(p);
    }
    parser_expect(p, TOKEN_RPAREN, NULL);
    parser_expect_end(p, "a group of declarations");
    return list.first;
}
