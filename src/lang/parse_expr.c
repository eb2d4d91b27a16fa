/* Expressions, as Go's grammar has them: operands, what follows an operand, operators. */
#include "lang/parser.h"

static node_ref parse_literal(struct parser *p)
{
    node_ref n = parser_node(p, NODE_LITERAL, p->tok.at);
    struct node *node = parser_at(p, n);
    node->op = p->tok.kind;
    node->a = p->tok.end - p->tok.at;
    if (p->tok.is_bad)
        node->kind = NODE_BAD;
    parser_next(p);
    return n;
}

/* func(…) as a type, or with a body as a value. */
static node_ref parse_func(struct parser *p)
{
    source_place at = p->tok.at;
    parser_next(p);
    node_ref type = parse_signature(p, at);
    if (!parser_is(p, TOKEN_LBRACE))
        return type;
    int32_t level = p->expr_level;
    p->expr_level = 0;
    node_ref n = parser_node(p, NODE_FUNC_LIT, at);
    node_ref body = parse_block(p);
    p->expr_level = level;
    parser_at(p, n)->a = type;
    parser_at(p, n)->b = body;
    return n;
}

static node_ref parse_paren(struct parser *p)
{
    node_ref n = parser_node(p, NODE_PAREN, p->tok.at);
    parser_next(p);
    p->expr_level++;
    node_ref inner = parse_expr_or_type(p);
    p->expr_level--;
    parser_at(p, n)->a = inner;
    parser_expect(p, TOKEN_RPAREN, NULL);
    parser_raise(p, 0);
    return n;
}

static node_ref parse_operand(struct parser *p)
{
    source_place at = p->tok.at;
    p->height = 1;
    switch (p->tok.kind) {
    case TOKEN_NAME:
        return parse_name(p);
    case TOKEN_INT:
    case TOKEN_FLOAT:
    case TOKEN_IMAGINARY:
    case TOKEN_RUNE:
    case TOKEN_STRING:
        return parse_literal(p);
    case TOKEN_LPAREN:
        return parse_paren(p);
    case TOKEN_FUNC:
        return parse_func(p);
    default:
        break;
    }
    node_ref type = parse_type_or_none(p);
    if (type)
        return type;
    parser_fault_expected(p, "an expression");
    /* Not past what ends a statement: the rules above want to see it. */
    if (!parser_is(p, TOKEN_SEMICOLON) && !parser_is(p, TOKEN_RBRACE) &&
        !parser_is(p, TOKEN_RPAREN) && !parser_is(p, TOKEN_RBRACK) && !parser_is(p, TOKEN_COMMA) &&
        !parser_is(p, TOKEN_LBRACE) && !parser_is(p, TOKEN_COLON))
        parser_next(p);
    return parser_bad(p, at);
}

static node_ref parse_selector(struct parser *p, node_ref base, source_place at)
{
    parser_next(p);
    if (parser_is(p, TOKEN_NAME)) {
        node_ref n = parser_node(p, NODE_SELECTOR, at);
        struct node *node = parser_at(p, n);
        node->a = base;
        node->b = p->tok.name;
        node->type = p->tok.at;
        parser_next(p);
        return n;
    }
    if (!parser_take(p, TOKEN_LPAREN)) {
        parser_fault_expected(p, "a name or '(' behind '.'");
        return parser_bad(p, at);
    }
    node_ref n = parser_node(p, NODE_ASSERT, at), type = 0;
    if (!parser_take(p, TOKEN_TYPE))
        type = parse_type(p);
    parser_at(p, n)->a = base;
    parser_at(p, n)->b = type;
    parser_expect(p, TOKEN_RPAREN, NULL);
    return n;
}

/* The three parts of a slice expression, the first of which was read before the ':'. */
static node_ref parse_slice_rest(struct parser *p, node_ref base, node_ref low, source_place at)
{
    struct node_list row = {0};
    node_ref n = parser_node(p, NODE_SLICE, at);
    uint32_t colons = 0;

    tree_append(p->tree, &row, low ? low : parser_node(p, NODE_NONE, p->tok.at));
    while (colons < 2 && parser_take(p, TOKEN_COLON)) {
        colons++;
        bool empty = parser_is(p, TOKEN_COLON) || parser_is(p, TOKEN_RBRACK);
        if (empty && (colons == 2 || parser_is(p, TOKEN_COLON)))
            parser_fault(p, p->tok.at, p->tok.end, "%s index required in 3-index slice",
                         colons == 2 ? "final" : "middle");
        tree_append(p->tree, &row, empty ? parser_node(p, NODE_NONE, p->tok.at) : parse_expr(p));
    }
    struct node *node = parser_at(p, n);
    node->a = base;
    node->b = row.first;
    node->op = colons == 2;
    return n;
}

static node_ref parse_index(struct parser *p, node_ref base, source_place at)
{
    struct node_list list = {0};
    node_ref n;

    parser_next(p);
    if (parser_is(p, TOKEN_RBRACK)) {
        parser_fault_expected(p, "an operand");
        parser_next(p);
        return parser_bad(p, at);
    }
    p->expr_level++;
    node_ref first = parser_is(p, TOKEN_COLON) ? 0 : parse_expr_or_type(p);
    if (parser_is(p, TOKEN_COLON)) {
        n = parse_slice_rest(p, base, first, at);
    } else {
        tree_append(p->tree, &list, first);
        while (parser_take(p, TOKEN_COMMA) && !parser_is(p, TOKEN_RBRACK))
            tree_append(p->tree, &list, parse_type(p));
        n = parser_node(p, NODE_INDEX, at);
        parser_at(p, n)->a = base;
        parser_at(p, n)->b = list.first;
    }
    p->expr_level--;
    parser_expect(p, TOKEN_RBRACK, NULL);
    return n;
}

static node_ref parse_call(struct parser *p, node_ref fun, source_place at)
{
    struct node_list args = {0};
    node_ref n = parser_node(p, NODE_CALL, at);
    uint32_t height = 0;
    bool spread = false;

    parser_next(p);
    p->expr_level++;
    while (!parser_is(p, TOKEN_RPAREN) && !parser_is(p, TOKEN_END) && !spread) {
        tree_append(p->tree, &args, parse_expr_or_type(p));
        if (p->height > height)
            height = p->height;
        spread = parser_take(p, TOKEN_ELLIPSIS);
        if (!parser_take(p, TOKEN_COMMA))
            break;
    }
    p->expr_level--;
    parser_expect(p, TOKEN_RPAREN, "or ',' in the arguments");
    struct node *node = parser_at(p, n);
    node->a = fun;
    node->b = args.first;
    node->op = spread;
    p->height = height;
    return n;
}

static bool is_type_name(struct parser *p, node_ref n)
{
    const struct node *node = parser_at(p, n);
    switch (node->kind) {
    case NODE_NAME:
        return true;
    case NODE_SELECTOR:
        return parser_at(p, node->a)->kind == NODE_NAME;
    case NODE_INDEX:
        return is_type_name(p, node->a);
    default:
        return false;
    }
}

/* Whether '{' behind it begins a composite literal: in the head of a statement only where the
 * type cannot be mistaken for a value. */
static bool begins_composite(struct parser *p, node_ref n)
{
    const struct node *node = parser_at(p, n);
    switch (node->kind) {
    case NODE_ARRAY_TYPE:
    case NODE_MAP_TYPE:
    case NODE_STRUCT_TYPE:
        return true;
    default:
        return p->expr_level >= 0 && is_type_name(p, n);
    }
}

static node_ref parse_element_part(struct parser *p)
{
    if (parser_is(p, TOKEN_LBRACE))
        return parse_composite(p, 0, p->tok.at);
    return parse_expr(p);
}

static node_ref parse_element(struct parser *p)
{
    source_place at = p->tok.at;
    node_ref first = parse_element_part(p);
    uint32_t height = p->height;
    if (!parser_take(p, TOKEN_COLON))
        return first;
    node_ref n = first;
    struct node *key = parser_at(p, first);
    if (key->kind == NODE_NAME) { /* as in nearly all literals: one node says it */
        key->kind = NODE_KEYED;
        key->op = 1;
    } else {
        n = parser_node(p, NODE_KEYED, at);
        parser_at(p, n)->a = first;
    }
    node_ref value = parse_element_part(p);
    parser_at(p, n)->b = value;
    parser_raise(p, height);
    return n;
}

node_ref parse_composite(struct parser *p, node_ref type, source_place at)
{
    struct node_list list = {0};
    node_ref n = parser_node(p, NODE_COMPOSITE, at);
    int32_t level = p->expr_level;
    uint32_t height = 0;

    parser_at(p, n)->type = p->tok.at;
    parser_next(p);
    p->expr_level = 0;
    if (parser_enter(p)) {
        while (!parser_is(p, TOKEN_RBRACE) && !parser_is(p, TOKEN_END)) {
            tree_append(p->tree, &list, parse_element(p));
            if (p->height > height)
                height = p->height;
            if (!parser_take(p, TOKEN_COMMA))
                break;
        }
    }
    parser_leave(p);
    p->expr_level = level;
    if (parser_is(p, TOKEN_SEMICOLON) && p->tok.is_newline)
        parser_fault(p, p->tok.at, p->tok.end,
                     "missing ',' before the new line in a composite literal");
    if (!parser_take(p, TOKEN_RBRACE)) {
        parser_fault_expected(p, "'}' or ',' in a composite literal");
        /* On to the end of this literal, so that what follows is read as what it is. */
        for (uint32_t open = 0; !parser_is(p, TOKEN_END); parser_next(p)) {
            if (parser_is(p, TOKEN_LBRACE))
                open++;
            else if (parser_is(p, TOKEN_RBRACE) && open-- == 0)
                break;
        }
        parser_take(p, TOKEN_RBRACE);
    }
    parser_at(p, n)->a = type;
    parser_at(p, n)->b = list.first;
    p->height = height;
    parser_raise(p, 0);
    return n;
}

static node_ref parse_primary(struct parser *p)
{
    source_place at = p->tok.at;
    node_ref n = parse_operand(p);

    while (!p->stopped) {
        uint32_t height = p->height;
        if (parser_is(p, TOKEN_PERIOD))
            n = parse_selector(p, n, at);
        else if (parser_is(p, TOKEN_LBRACK))
            n = parse_index(p, n, at);
        else if (parser_is(p, TOKEN_LPAREN))
            n = parse_call(p, n, at);
        else if (parser_is(p, TOKEN_LBRACE) && begins_composite(p, n))
            n = parse_composite(p, n, at);
        else
            break;
        parser_raise(p, height);
    }
    return n;
}

/* `<-` before a channel's type belongs to the type, and takes the arrows inside along:
 * <-chan<- int is <-chan (<-int), which is none. Before anything else it receives. */
static void parse_arrow(struct parser *p, node_ref x, source_place at, source_place end)
{
    node_ref t = x;
    uint8_t direction = CHAN_SEND;
    while (direction == CHAN_SEND && parser_at(p, t)->kind == NODE_BAD &&
           parser_at(p, t)->op >= CHAN_BOTH) {
        struct node *chan = parser_at(p, t);
        if (chan->op == CHAN_RECEIVE) {
            parser_fault(p, at, end, "expected 'chan' behind '<-'");
            return;
        }
        direction = chan->op;
        chan->op = CHAN_RECEIVE;
        t = chan->a;
    }
    if (t == x)
        parser_not_in_subset(p, at, end, "channels");
    else if (direction == CHAN_SEND)
        parser_fault(p, at, end, "expected a channel's type behind '<-'");
}

static node_ref parse_unary(struct parser *p)
{
    source_place at = p->tok.at, end = p->tok.end;
    uint8_t op = p->tok.kind;

    if (!parser_enter(p)) {
        parser_leave(p);
        return parser_bad(p, at);
    }
    node_ref n;
    switch (op) {
    case TOKEN_ADD:
    case TOKEN_SUB:
    case TOKEN_NOT:
    case TOKEN_XOR:
    case TOKEN_AND:
    case TOKEN_TILDE:
    case TOKEN_MUL:
    case TOKEN_ARROW: {
        parser_next(p);
        node_ref x = parse_unary(p);
        if (op == TOKEN_ARROW) {
            parse_arrow(p, x, at, end);
            n = parser_at(p, x)->kind == NODE_BAD ? x : parser_bad(p, at);
            break;
        }
        n = parser_node(p, op == TOKEN_MUL ? NODE_STAR : NODE_UNARY, at);
        parser_at(p, n)->a = x;
        parser_at(p, n)->op = op;
        parser_raise(p, 0);
        if (op == TOKEN_TILDE) {
            parser_fault(p, at, end, "'~' is only for constraints");
            parser_at(p, n)->kind = NODE_BAD;
        }
        break;
    }
    default:
        n = parse_primary(p);
    }
    parser_leave(p);
    return n;
}

static node_ref parse_binary(struct parser *p, int above)
{
    source_place at = p->tok.at;
    node_ref left = parse_unary(p);

    for (;;) {
        enum token_kind op = (enum token_kind)p->tok.kind;
        int precedence = token_precedence(op);
        if (precedence <= above)
            return left;
        source_place op_at = p->tok.at;
        uint32_t height = p->height;
        parser_next(p);
        node_ref n = parser_node(p, NODE_BINARY, at);
        node_ref right = parse_binary(p, precedence);
        struct node *node = parser_at(p, n);
        node->op = (uint8_t)op;
        node->a = left;
        node->b = right;
        node->type = op_at;
        parser_raise(p, height);
        left = n;
    }
}

node_ref parse_expr_or_type(struct parser *p)
{
    source_place at = p->tok.at;
    node_ref n = parser_enter(p) ? parse_binary(p, 0) : parser_bad(p, at);
    parser_leave(p);
    return n;
}

/* A bare type is no value; what may be either is found out by the checker. */
node_ref parse_expr(struct parser *p)
{
    node_ref n = parse_expr_or_type(p);
    struct node *node = parser_at(p, n);
    switch (node->kind) {
    case NODE_ARRAY_TYPE:
    case NODE_MAP_TYPE:
    case NODE_STRUCT_TYPE:
    case NODE_FUNC_TYPE:
    case NODE_ANY_TYPE:
        parser_fault(p, node->at, tree_token_end(p->tree, node->at),
                     "expected an expression, found a type");
        node->kind = NODE_BAD;
        break;
    default:
        break;
    }
    return n;
}

node_ref parse_expr_list(struct parser *p)
{
    struct node_list list = {0};
    do
        tree_append(p->tree, &list, parse_expr(p));
    while (parser_take(p, TOKEN_COMMA));
    return list.first;
}
