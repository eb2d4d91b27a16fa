/* Statements. */
#include "lang/parser.h"

/* Names at the left of ":=", no matter what stands there: each must be one. */
static void check_define(struct parser *p, node_ref left)
{
    for (; left; left = parser_at(p, left)->next) {
        struct node *n = parser_at(p, left);
        if (n->kind == NODE_NAME || n->kind == NODE_BAD)
            continue;
        parser_fault(p, n->at, tree_token_end(p->tree, n->at), "non-name on the left side of ':='");
        n->kind = NODE_BAD;
    }
}

/* for k, v := range x: only the head; the row of the RANGE is key, value, operand. */
static node_ref parse_range(struct parser *p, node_ref left, uint8_t op, source_place at)
{
    struct node_list row = {0};
    node_ref n = parser_node(p, NODE_RANGE, at);
    uint32_t count = tree_length(p->tree, left);

    parser_next(p);
    node_ref x = parse_expr(p);
    if (count > 2) {
        node_ref third = tree_at(p->tree, left, 2);
        parser_fault(p, parser_at(p, third)->at, tree_token_end(p->tree, parser_at(p, third)->at),
                     "range clause permits at most two iteration variables");
    }
    node_ref value = left ? parser_at(p, left)->next : 0;
    if (op == TOKEN_DEFINE)
        check_define(p, left);
    tree_append(p->tree, &row, left ? left : parser_node(p, NODE_NONE, at));
    tree_append(p->tree, &row, value ? value : parser_node(p, NODE_NONE, at));
    tree_append(p->tree, &row, x);
    parser_at(p, n)->a = row.first;
    parser_at(p, n)->op = op;
    return n;
}

static node_ref parse_assign(struct parser *p, node_ref left, source_place at, bool may_range)
{
    uint8_t op = p->tok.kind;
    source_place op_at = p->tok.at;

    parser_next(p);
    if (may_range && parser_is(p, TOKEN_RANGE) && (op == TOKEN_ASSIGN || op == TOKEN_DEFINE))
        return parse_range(p, left, op, at);
    if (op == TOKEN_DEFINE)
        check_define(p, left);
    node_ref n = parser_node(p, NODE_ASSIGN, at);
    node_ref right = parse_expr_list(p);
    if (op != TOKEN_ASSIGN && op != TOKEN_DEFINE &&
        (parser_at(p, left)->next || parser_at(p, right)->next))
        parser_fault(p, op_at, op_at + 1, "assignment operation '%s' requires single values",
                     token_text((enum token_kind)op));
    struct node *node = parser_at(p, n);
    node->op = op;
    node->a = left;
    node->b = right;
    node->type = op_at;
    return n;
}

/* A type switch's head is told by .(type); `left` is the name that is bound, or 0. */
static bool is_type_switch(struct parser *p, node_ref stmt)
{
    const struct node *s = parser_at(p, stmt);
    const struct node *x = NULL;
    if (s->kind == NODE_EXPR_STMT)
        x = parser_at(p, s->a);
    else if (s->kind == NODE_ASSIGN && s->op == TOKEN_DEFINE && s->b && !parser_at(p, s->a)->next &&
             !parser_at(p, s->b)->next)
        x = parser_at(p, s->b);
    return x && x->kind == NODE_ASSERT && x->b == 0;
}

static node_ref parse_simple(struct parser *p, bool may_range, bool may_label)
{
    source_place at = p->tok.at;
    node_ref n;

    if (may_range && parser_is(p, TOKEN_RANGE))
        return parse_range(p, 0, 0, at);
    node_ref left = parse_expr_list(p);
    enum token_kind op = (enum token_kind)p->tok.kind;
    if (op == TOKEN_ASSIGN || op == TOKEN_DEFINE || token_is_assign(op))
        return parse_assign(p, left, at, may_range);
    if (parser_at(p, left)->next) {
        if (parser_at(p, left)->kind != NODE_BAD)
            parser_fault_expected(p, "'=' or ':=' behind a list of expressions");
        return parser_bad(p, at);
    }
    if (op == TOKEN_COLON && may_label && parser_at(p, left)->kind == NODE_NAME) {
        parser_next(p);
        n = parser_node(p, NODE_LABELED, at);
        parser_at(p, n)->a = parser_at(p, left)->a;
        return n; /* the statement behind it is the caller's */
    }
    if (op == TOKEN_ARROW) {
        source_place arrow = p->tok.at;
        parser_next(p);
        parse_expr(p);
        parser_not_in_subset(p, arrow, arrow + 2, "channels");
        return parser_bad(p, at);
    }
    bool step = op == TOKEN_INC || op == TOKEN_DEC;
    n = parser_node(p, step ? NODE_INC_DEC : NODE_EXPR_STMT, at);
    parser_at(p, n)->a = left;
    parser_at(p, n)->op = (uint8_t)op;
    if (step)
        parser_next(p);
    return n;
}

static node_ref none(struct parser *p)
{
    return parser_node(p, NODE_NONE, p->tok.at);
}

node_ref parse_block(struct parser *p)
{
    node_ref n = parser_node(p, NODE_BLOCK, p->tok.at);
    if (!parser_expect(p, TOKEN_LBRACE, NULL))
        return n;
    node_ref list = parse_stmt_list(p);
    parser_at(p, n)->a = list;
    parser_at(p, n)->type = p->tok.at;
    parser_expect(p, TOKEN_RBRACE, NULL);
    return n;
}

/* The condition of an if or a for must be an expression. */
static node_ref condition_of(struct parser *p, node_ref stmt, const char *what)
{
    struct node *s = parser_at(p, stmt);
    if (s->kind == NODE_EXPR_STMT)
        return s->a;
    if (s->kind == NODE_ASSIGN)
        parser_fault(p, s->type, s->type + 1,
                     "cannot use an assignment as the condition of %s (is '==' meant?)", what);
    else if (s->kind != NODE_BAD && s->kind != NODE_NONE)
        parser_fault(p, s->at, tree_token_end(p->tree, s->at),
                     "cannot use a statement as the condition of %s", what);
    return s->kind == NODE_NONE ? stmt : parser_bad(p, s->at);
}

static node_ref parse_if(struct parser *p);

static node_ref parse_else(struct parser *p)
{
    if (!parser_take(p, TOKEN_ELSE))
        return none(p);
    if (parser_is(p, TOKEN_LBRACE))
        return parse_block(p);
    source_place at = p->tok.at;
    if (!parser_is(p, TOKEN_IF)) {
        parser_fault_expected(p, "an if statement or a block behind else");
        parser_skip_to_stmt(p);
        return parser_bad(p, at);
    }
    node_ref n = parser_enter(p) ? parse_if(p) : parser_bad(p, at);
    parser_leave(p);
    return n;
}

/* if [init ;] condition */
static void parse_if_head(struct parser *p, struct node_list *row)
{
    if (parser_is(p, TOKEN_LBRACE)) {
        parser_fault(p, p->tok.at, p->tok.end, "missing condition in if statement");
        tree_append(p->tree, row, none(p));
        tree_append(p->tree, row, parser_bad(p, p->tok.at));
        return;
    }
    node_ref first = parser_is(p, TOKEN_SEMICOLON) ? none(p) : parse_simple(p, false, false);
    if (!parser_is(p, TOKEN_SEMICOLON)) {
        tree_append(p->tree, row, none(p));
        tree_append(p->tree, row, condition_of(p, first, "an if"));
        return;
    }
    bool newline = p->tok.is_newline;
    source_place at = p->tok.at;
    parser_next(p);
    if (parser_is(p, TOKEN_LBRACE)) {
        parser_fault(p, at, at + 1,
                     newline ? "unexpected new line, expected '{' after if clause"
                             : "missing condition in if statement");
        tree_append(p->tree, row, first);
        tree_append(p->tree, row, parser_bad(p, at));
        return;
    }
    tree_append(p->tree, row, first);
    tree_append(p->tree, row, condition_of(p, parse_simple(p, false, false), "an if"));
}

static node_ref parse_if(struct parser *p)
{
    struct node_list row = {0};
    node_ref n = parser_node(p, NODE_IF, p->tok.at);
    int32_t level = p->expr_level;

    parser_next(p);
    p->expr_level = -1;
    parse_if_head(p, &row);
    p->expr_level = level;
    tree_append(p->tree, &row, parse_block(p));
    tree_append(p->tree, &row, parse_else(p));
    parser_at(p, n)->a = row.first;
    return n;
}

/* for init; condition; post: what stands behind the first ';'. */
static void parse_for_clauses(struct parser *p, node_ref init, struct node_list *row)
{
    node_ref condition = none(p), post = none(p);

    parser_next(p);
    if (!parser_is(p, TOKEN_SEMICOLON)) {
        if (parser_is(p, TOKEN_LBRACE))
            parser_fault(p, p->tok.at, p->tok.end, "expected for loop condition");
        else
            condition = parse_simple(p, false, false);
    }
    if (!parser_is(p, TOKEN_LBRACE)) {
        parser_expect(p, TOKEN_SEMICOLON, "in for clause");
        if (!parser_is(p, TOKEN_LBRACE)) {
            post = parse_simple(p, false, false);
            const struct node *s = parser_at(p, post);
            if (s->kind == NODE_ASSIGN && s->op == TOKEN_DEFINE)
                parser_fault(p, s->type, s->type + 2,
                             "cannot declare in post statement of for loop");
        }
    }
    tree_append(p->tree, row, init);
    tree_append(p->tree, row, condition_of(p, condition, "a for"));
    tree_append(p->tree, row, post);
}

static node_ref parse_for(struct parser *p)
{
    struct node_list row = {0};
    source_place at = p->tok.at;
    int32_t level = p->expr_level;
    node_ref first = 0;

    parser_next(p);
    p->expr_level = -1;
    if (!parser_is(p, TOKEN_LBRACE) && !parser_is(p, TOKEN_SEMICOLON))
        first = parse_simple(p, true, false);
    if (first && parser_at(p, first)->kind == NODE_RANGE) {
        p->expr_level = level;
        node_ref last = tree_at(p->tree, parser_at(p, first)->a, 2);
        node_ref body = parse_block(p);
        parser_at(p, last)->next = body;
        parser_at(p, first)->at = at;
        return first;
    }
    node_ref n = parser_node(p, NODE_FOR, at);
    if (parser_is(p, TOKEN_SEMICOLON)) {
        parse_for_clauses(p, first ? first : none(p), &row);
    } else {
        tree_append(p->tree, &row, none(p));
        tree_append(p->tree, &row, first ? condition_of(p, first, "a for") : none(p));
        tree_append(p->tree, &row, none(p));
    }
    p->expr_level = level;
    tree_append(p->tree, &row, parse_block(p));
    parser_at(p, n)->a = row.first;
    return n;
}

static node_ref parse_case(struct parser *p, bool types)
{
    struct node_list list = {0};
    node_ref n = parser_node(p, NODE_CASE, p->tok.at);

    if (parser_take(p, TOKEN_CASE)) {
        do
            tree_append(p->tree, &list, types ? parse_type(p) : parse_expr(p));
        while (parser_take(p, TOKEN_COMMA));
    } else {
        parser_expect(p, TOKEN_DEFAULT, "or 'case'");
        parser_at(p, n)->op = 1;
    }
    parser_expect(p, TOKEN_COLON, NULL);
    node_ref body = parse_stmt_list(p);
    parser_at(p, n)->a = list.first;
    parser_at(p, n)->b = body;
    return n;
}

static node_ref parse_cases(struct parser *p, bool types)
{
    struct node_list list = {0};

    if (!parser_expect(p, TOKEN_LBRACE, NULL))
        return 0;
    while (parser_is(p, TOKEN_CASE) || parser_is(p, TOKEN_DEFAULT))
        tree_append(p->tree, &list, parse_case(p, types));
    if (!parser_is(p, TOKEN_RBRACE)) {
        parser_fault_expected(p, "'case', 'default' or '}'");
        while (!parser_is(p, TOKEN_RBRACE) && !parser_is(p, TOKEN_END)) {
            parser_next(p);
            parser_skip_to_stmt(p);
        }
    }
    parser_expect(p, TOKEN_RBRACE, NULL);
    return list.first;
}

static node_ref type_switch_of(struct parser *p, node_ref init, node_ref head, source_place at)
{
    struct node_list row = {0};
    const struct node *s = parser_at(p, head);
    bool binds = s->kind == NODE_ASSIGN;
    node_ref name = binds ? s->a : none(p), x = binds ? s->b : s->a;

    node_ref n = parser_node(p, NODE_TYPE_SWITCH, at);
    tree_append(p->tree, &row, init);
    tree_append(p->tree, &row, name);
    tree_append(p->tree, &row, x);
    node_ref cases = parse_cases(p, true);
    parser_at(p, n)->a = row.first;
    parser_at(p, n)->b = cases;
    return n;
}

static node_ref parse_switch(struct parser *p)
{
    struct node_list row = {0};
    source_place at = p->tok.at;
    int32_t level = p->expr_level;
    node_ref init = none(p), tag = none(p);

    parser_next(p);
    p->expr_level = -1;
    if (!parser_is(p, TOKEN_LBRACE)) {
        if (!parser_is(p, TOKEN_SEMICOLON))
            tag = parse_simple(p, false, false);
        if (parser_take(p, TOKEN_SEMICOLON)) {
            init = tag;
            tag = parser_is(p, TOKEN_LBRACE) ? none(p) : parse_simple(p, false, false);
        }
    }
    p->expr_level = level;
    if (is_type_switch(p, tag))
        return type_switch_of(p, init, tag, at);
    node_ref n = parser_node(p, NODE_SWITCH, at);
    tree_append(p->tree, &row, init);
    tree_append(p->tree, &row, condition_of(p, tag, "a switch"));
    node_ref cases = parse_cases(p, false);
    parser_at(p, n)->a = row.first;
    parser_at(p, n)->b = cases;
    return n;
}

/* select is read like a switch whose cases are statements, and refused. */
static node_ref parse_select(struct parser *p)
{
    source_place at = p->tok.at, end = p->tok.end;

    parser_next(p);
    parser_not_in_subset(p, at, end, "select statements");
    if (!parser_expect(p, TOKEN_LBRACE, NULL))
        return parser_bad(p, at);
    while (parser_is(p, TOKEN_CASE) || parser_is(p, TOKEN_DEFAULT)) {
        if (parser_take(p, TOKEN_CASE))
            parse_simple(p, false, false);
        else
            parser_next(p);
        parser_expect(p, TOKEN_COLON, NULL);
        parse_stmt_list(p);
    }
    parser_expect(p, TOKEN_RBRACE, NULL);
    return parser_bad(p, at);
}

static node_ref parse_go_defer(struct parser *p)
{
    source_place at = p->tok.at, end = p->tok.end;
    bool is_go = parser_is(p, TOKEN_GO);

    parser_next(p);
    node_ref call = parse_expr(p);
    const struct node *c = parser_at(p, call);
    if (c->kind != NODE_CALL && c->kind != NODE_BAD)
        parser_fault(p, c->at, tree_token_end(p->tree, c->at),
                     "expression in %s must be function call", is_go ? "go" : "defer");
    parser_not_in_subset(p, at, end, is_go ? "goroutines" : "defer statements");
    return parser_bad(p, at);
}

static node_ref parse_branch(struct parser *p)
{
    node_ref n = parser_node(p, NODE_BRANCH, p->tok.at);
    struct node *node = parser_at(p, n);
    source_place at = p->tok.at, end = p->tok.end;

    node->op = p->tok.kind;
    parser_next(p);
    if (node->op != TOKEN_FALLTHROUGH && parser_is(p, TOKEN_NAME)) {
        node->a = p->tok.name;
        node->type = p->tok.at;
        parser_next(p);
    }
    if (node->op == TOKEN_GOTO) {
        if (!node->a)
            parser_fault_expected(p, "a label");
        parser_not_in_subset(p, at, end, "goto statements");
    }
    return n;
}

static node_ref parse_return(struct parser *p)
{
    node_ref n = parser_node(p, NODE_RETURN, p->tok.at), list = 0;
    parser_next(p);
    if (!parser_is(p, TOKEN_SEMICOLON) && !parser_is(p, TOKEN_RBRACE))
        list = parse_expr_list(p);
    parser_at(p, n)->a = list;
    return n;
}

/* The statement without its end. */
static node_ref parse_stmt(struct parser *p)
{
    source_place at = p->tok.at;
    node_ref n;

    switch (p->tok.kind) {
    case TOKEN_CONST:
    case TOKEN_TYPE:
    case TOKEN_VAR:
        n = parser_node(p, NODE_DECL_STMT, at);
        node_ref decls = parse_decl(p);
        parser_at(p, n)->a = decls;
        return n;
    case TOKEN_LBRACE:
        return parse_block(p);
    case TOKEN_IF:
        return parse_if(p);
    case TOKEN_FOR:
        return parse_for(p);
    case TOKEN_SWITCH:
        return parse_switch(p);
    case TOKEN_SELECT:
        return parse_select(p);
    case TOKEN_GO:
    case TOKEN_DEFER:
        return parse_go_defer(p);
    case TOKEN_RETURN:
        return parse_return(p);
    case TOKEN_BREAK:
    case TOKEN_CONTINUE:
    case TOKEN_GOTO:
    case TOKEN_FALLTHROUGH:
        return parse_branch(p);
    case TOKEN_SEMICOLON:
    case TOKEN_RBRACE:
    case TOKEN_CASE:
    case TOKEN_DEFAULT:
        return parser_node(p, NODE_EMPTY, at);
    default:
        break;
    }
    n = parse_simple(p, false, true);
    if (parser_at(p, n)->kind == NODE_LABELED) {
        if (parser_is(p, TOKEN_CASE) || parser_is(p, TOKEN_DEFAULT))
            parser_fault_expected(p, "a statement behind the label");
        node_ref inner = parser_enter(p) ? parse_stmt(p) : parser_bad(p, at);
        parser_leave(p);
        parser_at(p, n)->b = inner;
    }
    return n;
}

/* A declaration takes its own end, also behind labels. */
static bool ends_itself(struct parser *p, node_ref n)
{
    while (parser_at(p, n)->kind == NODE_LABELED)
        n = parser_at(p, n)->b;
    return parser_at(p, n)->kind == NODE_DECL_STMT;
}

node_ref parse_stmt_list(struct parser *p)
{
    struct node_list list = {0};

    if (!parser_enter(p)) {
        parser_leave(p);
        return 0;
    }
    while (!parser_is(p, TOKEN_CASE) && !parser_is(p, TOKEN_DEFAULT) &&
           !parser_is(p, TOKEN_RBRACE) && !parser_is(p, TOKEN_END)) {
        size_t before = p->scan.at;
        node_ref n = parse_stmt(p);
        bool is_decl = ends_itself(p, n);
        tree_append(p->tree, &list, n);
        if (!is_decl && !parser_is(p, TOKEN_CASE) && !parser_is(p, TOKEN_DEFAULT))
            parser_expect_end(p, "a statement");
        if (parser_is(p, TOKEN_RPAREN) || p->scan.at == before) {
            if (!parser_is(p, TOKEN_RBRACE) && !parser_is(p, TOKEN_END)) {
                parser_fault_expected(p, "a statement");
                parser_next(p);
            }
        }
    }
    parser_leave(p);
    return list.first;
}
