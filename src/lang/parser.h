/* parser.h - what the files of the parser share: the token at hand, and the rules by name. */
#ifndef FIREBREAK_LANG_PARSER_H
#define FIREBREAK_LANG_PARSER_H

#include "lang/lang.h"
#include "lang/parse.h"

struct parser {
    struct tree *tree;
    struct names *names;
    struct scan scan;
    struct token tok;
    struct config_faults *faults;
    const struct lang_limits *limits;
    uint32_t faults_before; /* of other files */
    source_place fault_at; /* the last syntax fault: one a line */
    source_place last_end; /* end of the token before */
    uint32_t depth;        /* of rules that wait for inner ones */
    uint32_t height;       /* of the tree of the expression that was read last */
    int32_t expr_level;    /* < 0: in the head of a statement, where '{' begins its block */
    bool stopped;          /* a limit was reached: every token is END, and no fault is told */
};

/* ---- tokens ---- */

void parser_next(struct parser *p);
static inline bool parser_is(const struct parser *p, enum token_kind kind)
{
    return p->tok.kind == kind;
}
bool parser_take(struct parser *p, enum token_kind kind);
/* Takes it, or tells that it is missing `where` ("in composite literal"; may be NULL). */
bool parser_expect(struct parser *p, enum token_kind kind, const char *where);
/* The end of a statement, or of a declaration. */
void parser_expect_end(struct parser *p, const char *what);
void parser_fault(struct parser *p, source_place at, source_place end, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* "expected WHAT, found TOKEN" at the token at hand. */
void parser_fault_expected(struct parser *p, const char *what);
void parser_not_in_subset(struct parser *p, source_place at, source_place end, const char *what);
/* Every rule that can contain itself is between these. false: too deep, the rule ends. */
bool parser_enter(struct parser *p);
static inline void parser_leave(struct parser *p)
{
    p->depth--;
}
/* After one more level above the expression that was read last and one of height `other`. */
void parser_raise(struct parser *p, uint32_t other);
/* Skips to a token that begins a statement (or a declaration), or ends a block. */
void parser_skip_to_stmt(struct parser *p);
void parser_skip_to_decl(struct parser *p);

static inline node_ref parser_node(struct parser *p, enum node_kind kind, source_place at)
{
    return tree_add(p->tree, kind, at);
}
static inline struct node *parser_at(struct parser *p, node_ref ref)
{
    return tree_node(p->tree, ref);
}
node_ref parser_bad(struct parser *p, source_place at);

/* `op` of the BAD node that stands for a channel's type, above all tokens; `a` is its element. */
enum chan_direction { CHAN_BOTH = 201, CHAN_SEND, CHAN_RECEIVE };

/* ---- rules ---- */

node_ref parse_name(struct parser *p);
node_ref parse_expr(struct parser *p);
node_ref parse_expr_list(struct parser *p);
/* As parse_expr; a type may stand there, too. */
node_ref parse_expr_or_type(struct parser *p);
node_ref parse_composite(struct parser *p, node_ref type, source_place at);
/* 0: no type begins here (nothing is told). */
node_ref parse_type_or_none(struct parser *p);
node_ref parse_type(struct parser *p);
/* Behind "func": (parameters) results. */
node_ref parse_signature(struct parser *p, source_place at);
/* One parenthesised list of parameters; a receiver is one, too. */
node_ref parse_params(struct parser *p);
/* [T any, …], read and refused. `at` is the '['; the token at hand is behind it. */
void parse_type_params(struct parser *p, source_place at);
node_ref parse_block(struct parser *p);
node_ref parse_stmt_list(struct parser *p);
/* const, type, var: one declaration or a group of them, as a list. */
node_ref parse_decl(struct parser *p);

#endif
