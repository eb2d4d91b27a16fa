/* Types, parameters, and the kinds of types that lie outside the subset. */
#include "lang/parser.h"

/* [T1, T2] behind a type's name. */
static node_ref parse_type_args(struct parser *p, node_ref name)
{
    source_place at = p->tok.at;
    parser_next(p);
    while (!parser_is(p, TOKEN_RBRACK) && !parser_is(p, TOKEN_END)) {
        parse_type(p);
        if (!parser_take(p, TOKEN_COMMA))
            break;
    }
    parser_expect(p, TOKEN_RBRACK, "behind type arguments");
    parser_not_in_subset(p, at, at + 1, "generic types");
    return parser_bad(p, parser_at(p, name)->at);
}

static node_ref parse_type_name(struct parser *p)
{
    source_place at = p->tok.at;
    node_ref n = parse_name(p);

    if (parser_is(p, TOKEN_PERIOD)) {
        parser_next(p);
        source_place name_at = p->tok.at;
        name_id name = p->tok.name;
        if (!parser_expect(p, TOKEN_NAME, "behind '.'"))
            return parser_bad(p, at);
        node_ref s = parser_node(p, NODE_SELECTOR, at);
        *parser_at(p, s) =
            (struct node){.kind = NODE_SELECTOR, .at = at, .a = n, .b = name, .type = name_at};
        n = s;
    }
    return n;
}

static node_ref parse_array_type(struct parser *p)
{
    source_place at = p->tok.at;
    node_ref length = 0;

    parser_next(p);
    node_ref n = parser_node(p, NODE_ARRAY_TYPE, at);
    p->expr_level++;
    if (parser_is(p, TOKEN_ELLIPSIS)) {
        length = parser_node(p, NODE_ELLIPSIS, p->tok.at);
        parser_next(p);
    } else if (!parser_is(p, TOKEN_RBRACK)) {
        length = parse_expr(p);
    }
    p->expr_level--;
    parser_expect(p, TOKEN_RBRACK, NULL);
    node_ref elem = parse_type(p);
    parser_at(p, n)->a = length;
    parser_at(p, n)->b = elem;
    return n;
}

static node_ref parse_map_type(struct parser *p)
{
    node_ref n = parser_node(p, NODE_MAP_TYPE, p->tok.at);
    parser_next(p);
    parser_expect(p, TOKEN_LBRACK, "behind map");
    node_ref key = parse_type(p);
    parser_expect(p, TOKEN_RBRACK, NULL);
    node_ref elem = parse_type(p);
    parser_at(p, n)->a = key;
    parser_at(p, n)->b = elem;
    return n;
}

/* It is refused, but what stands before it must still be read as Go reads it: see parse_arrow. */
static node_ref parse_chan_type(struct parser *p)
{
    source_place at = p->tok.at, end = p->tok.end;
    uint8_t direction = CHAN_BOTH;
    if (parser_take(p, TOKEN_ARROW)) {
        parser_expect(p, TOKEN_CHAN, "behind '<-'");
        direction = CHAN_RECEIVE;
    } else {
        parser_next(p);
        if (parser_take(p, TOKEN_ARROW))
            direction = CHAN_SEND;
    }
    node_ref elem = parse_type(p);
    parser_not_in_subset(p, at, end, "channels");
    node_ref n = parser_bad(p, at);
    parser_at(p, n)->op = direction;
    parser_at(p, n)->a = elem;
    return n;
}

/* A union of types, with or without '~': an element of an interface. */
static void parse_union(struct parser *p)
{
    do {
        parser_take(p, TOKEN_TILDE);
        parse_type(p);
    } while (parser_take(p, TOKEN_OR));
}

static void parse_interface_element(struct parser *p)
{
    if (!parser_is(p, TOKEN_NAME)) {
        parse_union(p);
        return;
    }
    node_ref name = parse_type_name(p);
    if (parser_is(p, TOKEN_LPAREN)) {
        parse_signature(p, p->tok.at);
        return;
    }
    if (parser_is(p, TOKEN_LBRACK))
        parse_type_args(p, name);
    if (parser_take(p, TOKEN_OR))
        parse_union(p);
}

static node_ref parse_interface_type(struct parser *p)
{
    source_place at = p->tok.at, end = p->tok.end;
    bool empty = true;

    parser_next(p);
    parser_expect(p, TOKEN_LBRACE, "behind interface");
    while (!parser_is(p, TOKEN_RBRACE) && !parser_is(p, TOKEN_END)) {
        size_t before = p->scan.at;
        empty = false;
        parse_interface_element(p);
        parser_expect_end(p, "an interface's element");
        if (p->scan.at == before)
            parser_next(p);
    }
    parser_expect(p, TOKEN_RBRACE, NULL);
    if (empty)
        return parser_node(p, NODE_ANY_TYPE, at);
    parser_not_in_subset(p, at, end, "interfaces of one's own");
    return parser_bad(p, at);
}

/* Behind a field's or parameter's name: '[' begins an array's type, or the type arguments of what
 * was no name but a type. Which of both is known behind the ']'. */
static node_ref parse_bracket(struct parser *p, node_ref name, bool *ret_is_named)
{
    source_place at = p->tok.at;

    parser_next(p);
    *ret_is_named = true;
    node_ref n = parser_node(p, NODE_ARRAY_TYPE, at), length = 0;
    if (parser_is(p, TOKEN_ELLIPSIS)) {
        length = parser_node(p, NODE_ELLIPSIS, p->tok.at);
        parser_next(p);
    } else if (!parser_is(p, TOKEN_RBRACK)) {
        p->expr_level++;
        length = parse_expr_or_type(p);
        bool many = false;
        while (parser_take(p, TOKEN_COMMA) && !parser_is(p, TOKEN_RBRACK)) {
            parse_type(p);
            many = true;
        }
        p->expr_level--;
        *ret_is_named = !many;
    }
    parser_expect(p, TOKEN_RBRACK, NULL);
    node_ref elem = *ret_is_named ? parse_type_or_none(p) : 0;
    if (!elem && length) {
        *ret_is_named = false;
        parser_not_in_subset(p, at, at + 1, "generic types");
        return parser_bad(p, parser_at(p, name)->at);
    }
    if (!elem)
        parser_fault_expected(p, "an element type");
    parser_at(p, n)->a = length;
    parser_at(p, n)->b = elem ? elem : parser_bad(p, at);
    return n;
}

static node_ref parse_embedded(struct parser *p)
{
    source_place at = p->tok.at;
    bool star = parser_take(p, TOKEN_MUL);
    if (!parser_is(p, TOKEN_NAME)) {
        parser_fault_expected(p, "the name of an embedded type");
        return parser_bad(p, at);
    }
    node_ref type = parse_type_name(p);
    if (parser_is(p, TOKEN_LBRACK))
        type = parse_type_args(p, type);
    if (!star)
        return type;
    node_ref n = parser_node(p, NODE_STAR, at);
    parser_at(p, n)->a = type;
    return n;
}

/* Names and their type; a lone name may turn out to be an embedded type. */
static void parse_named_field(struct parser *p, node_ref field)
{
    struct node_list names = {0};
    node_ref name = parse_name(p), type;
    bool named = true;

    if (parser_is(p, TOKEN_PERIOD) || parser_is(p, TOKEN_SEMICOLON) || parser_is(p, TOKEN_RBRACE) ||
        parser_is(p, TOKEN_STRING)) {
        type = name;
        if (parser_take(p, TOKEN_PERIOD)) {
            type = parser_node(p, NODE_SELECTOR, parser_at(p, name)->at);
            parser_at(p, type)->a = name;
            parser_at(p, type)->b = p->tok.name;
            parser_at(p, type)->type = p->tok.at;
            parser_expect(p, TOKEN_NAME, "behind '.'");
            if (parser_is(p, TOKEN_LBRACK))
                type = parse_type_args(p, type);
        }
        parser_at(p, field)->b = type;
        parser_at(p, field)->op = 1;
        return;
    }
    tree_append(p->tree, &names, name);
    while (parser_take(p, TOKEN_COMMA))
        tree_append(p->tree, &names, parse_name(p));
    type = parser_is(p, TOKEN_LBRACK) && names.first == names.last ? parse_bracket(p, name, &named)
                                                                   : parse_type(p);
    parser_at(p, field)->a = named ? names.first : 0;
    parser_at(p, field)->b = type;
    parser_at(p, field)->op = !named;
}

static node_ref parse_struct_type(struct parser *p)
{
    struct node_list fields = {0};
    node_ref n = parser_node(p, NODE_STRUCT_TYPE, p->tok.at);

    parser_next(p);
    parser_expect(p, TOKEN_LBRACE, "behind struct");
    while (!parser_is(p, TOKEN_RBRACE) && !parser_is(p, TOKEN_END)) {
        size_t before = p->scan.at;
        node_ref field = parser_node(p, NODE_FIELD, p->tok.at);
        if (parser_is(p, TOKEN_NAME)) {
            parse_named_field(p, field);
        } else {
            node_ref type = parse_embedded(p);
            parser_at(p, field)->b = type;
            parser_at(p, field)->op = 1;
        }
        if (parser_is(p, TOKEN_STRING)) {
            parser_at(p, field)->type = p->tok.at;
            parser_next(p);
        }
        tree_append(p->tree, &fields, field);
        parser_expect_end(p, "a field");
        if (p->scan.at == before)
            parser_next(p);
    }
    parser_expect(p, TOKEN_RBRACE, NULL);
    parser_at(p, n)->a = fields.first;
    return n;
}

static node_ref parse_type_rule(struct parser *p)
{
    source_place at = p->tok.at;
    node_ref n;

    switch (p->tok.kind) {
    case TOKEN_NAME:
        n = parse_type_name(p);
        return parser_is(p, TOKEN_LBRACK) ? parse_type_args(p, n) : n;
    case TOKEN_LBRACK:
        return parse_array_type(p);
    case TOKEN_STRUCT:
        return parse_struct_type(p);
    case TOKEN_MAP:
        return parse_map_type(p);
    case TOKEN_CHAN:
    case TOKEN_ARROW:
        return parse_chan_type(p);
    case TOKEN_INTERFACE:
        return parse_interface_type(p);
    case TOKEN_FUNC:
        parser_next(p);
        return parse_signature(p, at);
    case TOKEN_MUL:
    case TOKEN_LPAREN: {
        bool star = parser_is(p, TOKEN_MUL);
        parser_next(p);
        node_ref inner = parse_type(p);
        n = parser_node(p, star ? NODE_STAR : NODE_PAREN, at);
        parser_at(p, n)->a = inner;
        if (!star)
            parser_expect(p, TOKEN_RPAREN, NULL);
        return n;
    }
    default:
        return 0;
    }
}

node_ref parse_type_or_none(struct parser *p)
{
    node_ref n = parser_enter(p) ? parse_type_rule(p) : 0;
    parser_leave(p);
    return n;
}

node_ref parse_type(struct parser *p)
{
    source_place at = p->tok.at;
    node_ref n = parse_type_or_none(p);
    if (n)
        return n;
    parser_fault_expected(p, "a type");
    if (!parser_is(p, TOKEN_SEMICOLON) && !parser_is(p, TOKEN_RPAREN) &&
        !parser_is(p, TOKEN_RBRACE) && !parser_is(p, TOKEN_LBRACE) && !parser_is(p, TOKEN_RBRACK) &&
        !parser_is(p, TOKEN_COMMA) && !parser_is(p, TOKEN_ASSIGN))
        parser_next(p);
    return parser_bad(p, at);
}

/* ---- functions ---- */

/* One entry of a list of parameters, of which it is not known yet whether they have names: a FIELD
 * with its name in `a` where one surely is, else only a type in `b`. */
static node_ref parse_param(struct parser *p)
{
    node_ref field = parser_node(p, NODE_FIELD, p->tok.at), name = 0, type = 0;
    bool named = true;

    if (parser_is(p, TOKEN_NAME)) {
        name = parse_name(p);
        if (parser_is(p, TOKEN_LBRACK)) {
            type = parse_bracket(p, name, &named);
        } else if (parser_take(p, TOKEN_PERIOD)) {
            type = parser_node(p, NODE_SELECTOR, parser_at(p, name)->at);
            parser_at(p, type)->a = name;
            parser_at(p, type)->b = p->tok.name;
            parser_at(p, type)->type = p->tok.at;
            parser_expect(p, TOKEN_NAME, "behind '.'");
            named = false;
            if (parser_is(p, TOKEN_LBRACK))
                type = parse_type_args(p, type);
        }
    }
    if (!type && parser_is(p, TOKEN_ELLIPSIS)) {
        type = parser_node(p, NODE_ELLIPSIS, p->tok.at);
        parser_next(p);
        node_ref elem = parse_type(p);
        parser_at(p, type)->a = elem;
    } else if (!type) {
        type = name ? parse_type_or_none(p) : parse_type(p);
    }
    if (name && type && named)
        parser_at(p, field)->a = name;
    parser_at(p, field)->b = type ? type : name;
    return field;
}

/* (a, b int): what looked like types were names; each takes the type behind it. */
static void name_params(struct parser *p, node_ref list)
{
    uint32_t named = 0, count = 0;
    for (node_ref f = list; f; f = parser_at(p, f)->next, count++)
        named += parser_at(p, f)->a != 0;
    if (!named)
        return;
    /* From the back each name's type is that of the next entry that has one. */
    for (node_ref f = list; f; f = parser_at(p, f)->next) {
        struct node *field = parser_at(p, f);
        if (field->a)
            continue;
        node_ref g = field->next;
        while (g && !parser_at(p, g)->a)
            g = parser_at(p, g)->next;
        if (!g || parser_at(p, field->b)->kind != NODE_NAME) {
            parser_fault(p, field->at, tree_token_end(p->tree, field->at),
                         "mixed named and unnamed parameters");
            return;
        }
        field->a = field->b;
        field->b = parser_at(p, g)->b;
    }
}

static void check_ellipsis(struct parser *p, node_ref list, bool is_result)
{
    for (node_ref f = list; f; f = parser_at(p, f)->next) {
        struct node *type = parser_at(p, parser_at(p, f)->b);
        if (type->kind != NODE_ELLIPSIS || (!is_result && !parser_at(p, f)->next))
            continue;
        parser_fault(p, type->at, type->at + 3,
                     "'...' is only for the last parameter of a function");
        type->kind = NODE_BAD;
    }
}

node_ref parse_params(struct parser *p)
{
    struct node_list list = {0};

    if (!parser_expect(p, TOKEN_LPAREN, NULL))
        return 0;
    while (!parser_is(p, TOKEN_RPAREN) && !parser_is(p, TOKEN_END)) {
        size_t before = p->scan.at;
        tree_append(p->tree, &list, parse_param(p));
        if (!parser_take(p, TOKEN_COMMA) || p->scan.at == before)
            break;
    }
    parser_expect(p, TOKEN_RPAREN, "or ',' in the parameters");
    name_params(p, list.first);
    return list.first;
}

node_ref parse_signature(struct parser *p, source_place at)
{
    node_ref n = parser_node(p, NODE_FUNC_TYPE, at), results = 0;

    if (parser_is(p, TOKEN_LBRACK)) {
        source_place open = p->tok.at;
        parser_fault(p, open, open + 1, "function type must have no type parameters");
        parser_next(p);
        parse_type_params(p, open);
    }
    node_ref params = parse_params(p);
    check_ellipsis(p, params, false);
    if (parser_is(p, TOKEN_LPAREN)) {
        results = parse_params(p);
        check_ellipsis(p, results, true);
    } else {
        source_place result_at = p->tok.at;
        node_ref type = parse_type_or_none(p);
        if (type) {
            results = parser_node(p, NODE_FIELD, result_at);
            parser_at(p, results)->b = type;
        }
    }
    parser_at(p, n)->a = params;
    parser_at(p, n)->b = results;
    return n;
}

void parse_type_params(struct parser *p, source_place at)
{
    (void)at;
    if (parser_is(p, TOKEN_RBRACK))
        parser_fault(p, p->tok.at, p->tok.end, "empty type parameter list");
    bool constrained = true;
    while (!parser_is(p, TOKEN_RBRACK) && !parser_is(p, TOKEN_END)) {
        size_t before = p->scan.at;
        parse_name(p);
        constrained = !parser_is(p, TOKEN_COMMA) && !parser_is(p, TOKEN_RBRACK);
        if (constrained)
            parse_union(p);
        if (!parser_take(p, TOKEN_COMMA) || p->scan.at == before)
            break;
    }
    if (!constrained)
        parser_fault(p, p->tok.at, p->tok.end, "missing type constraint");
    parser_expect(p, TOKEN_RBRACK, "behind type parameters");
}
