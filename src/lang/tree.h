/* tree.h - the syntax tree: nodes of 24 bytes in one row, children by number. The row lies in
 * blocks, so that a pointer to a node stays one, and a part that nobody needs any more goes early.
 *
 * The checker works in this tree: it resolves names, folds constants, and turns each node into the
 * kind that the evaluator runs (check.h has that second life). So a node's fields change their
 * meaning once; `at`, its first byte, and `next`, the sibling behind it, never do.
 *
 * What the parser refused and told about is BAD: nobody asks anything more of it. */
#ifndef FIREBREAK_LANG_TREE_H
#define FIREBREAK_LANG_TREE_H

#include "lang/name.h"
#include "lang/token.h"
#include "model/source.h"

typedef uint32_t node_ref; /* 0: none */

/* a, b: the node's children; lists are chained by `next`. "mark" is a place kept in `type`. */
enum node_kind {
    NODE_NONE, /* an absent member of a fixed row */
    NODE_BAD,
    /* expressions */
    NODE_NAME,      /* a: name_id */
    NODE_LITERAL,   /* op: token; a: bytes of its text */
    NODE_COMPOSITE, /* a: type or 0 (elided); b: elements; mark: the '{' */
    NODE_KEYED,     /* a: key; b: value; op 1: the key is a name, and a its name_id */
    NODE_FUNC_LIT,  /* a: FUNC_TYPE; b: BLOCK */
    NODE_PAREN,     /* a */
    NODE_SELECTOR,  /* a: base; b: name_id; mark: of the name */
    NODE_INDEX,     /* a: base; b: index, or a list of type arguments */
    NODE_SLICE,     /* a: base; b: row of low, high, max; op 1: with max */
    NODE_ASSERT,    /* a: base; b: type, or 0 for .(type) */
    NODE_CALL,      /* a: what is called; b: arguments; op 1: the last has "..." */
    NODE_STAR,      /* a */
    NODE_UNARY,     /* op: token; a */
    NODE_BINARY,    /* op: token; a, b; mark: of the operator */
    /* types */
    NODE_FUNC_TYPE,   /* a: parameters, b: results: lists of FIELD */
    NODE_FIELD,       /* a: NAMEs or 0; b: type; op 1: embedded; mark: of the tag, or 0 */
    NODE_ELLIPSIS,    /* a: type or 0 */
    NODE_ARRAY_TYPE,  /* a: length, ELLIPSIS, or 0 for a slice; b: element */
    NODE_MAP_TYPE,    /* a: key; b: element */
    NODE_STRUCT_TYPE, /* a: FIELDs */
    NODE_ANY_TYPE,    /* interface{} */
    /* statements */
    NODE_BLOCK,       /* a: statements; mark: of the '}' */
    NODE_EXPR_STMT,   /* a */
    NODE_ASSIGN,      /* op: token; a: left, b: right side; mark: of the operator */
    NODE_INC_DEC,     /* op; a */
    NODE_IF,          /* a: row of init, condition, block, else */
    NODE_FOR,         /* a: row of init, condition, post, block */
    NODE_RANGE,       /* a: row of key, value, operand, block; op: ASSIGN, DEFINE or 0 */
    NODE_SWITCH,      /* a: row of init, tag; b: CASEs */
    NODE_TYPE_SWITCH, /* a: row of init, bound NAME, operand; b: CASEs */
    NODE_CASE,        /* a: expressions; b: statements; op 1: default */
    NODE_RETURN,      /* a: results */
    NODE_BRANCH,      /* op: token; a: label's name_id or 0; mark: of the label */
    NODE_LABELED,     /* a: name_id; b: statement */
    NODE_DECL_STMT,   /* a: declarations */
    NODE_EMPTY,
    /* declarations */
    NODE_IMPORT,    /* a: NAME or 0; b: LITERAL */
    NODE_CONST,     /* a: NAMEs; b: SPEC, an earlier one's where op is 1; mark: iota */
    NODE_VAR,       /* a: NAMEs; b: SPEC */
    NODE_SPEC,      /* a: type or 0; b: values */
    NODE_TYPE_DECL, /* a: NAME; b: type; op 1: alias */
    NODE_FUNC,      /* a: row of NAME, receiver FIELD, FUNC_TYPE; b: BLOCK or 0; op 1: generic */
    NODE_PARSED_END,
};

struct node {
    uint8_t kind; /* enum node_kind; after the check also enum run_kind */
    uint8_t op;
    uint16_t flags;
    source_place at;
    node_ref next;
    uint32_t a, b;
    uint32_t type; /* the parser's mark; after the check a type's number */
};

struct tree_file {
    source_place first; /* of its source */
    struct slice text;
    node_ref package; /* NAME, or 0 */
    node_ref decls;
};

enum { TREE_BLOCK_BITS = 12, TREE_BLOCK_NODES = 1 << TREE_BLOCK_BITS };

struct tree {
    struct node **blocks; /* of TREE_BLOCK_NODES */
    uint32_t block_count;
    uint32_t count, cap;
    bool is_full; /* a node was refused */
    struct tree_file *files;
    uint32_t file_count;
};

/* Room for a source of that size, at most nodes_max nodes. */
void tree_init(struct tree *t, size_t source_bytes, uint32_t nodes_max, uint32_t file_count);
void tree_done(struct tree *t);
/* Nobody asks for the nodes from `from` on and before `to` again: blocks that are theirs alone are
 * freed. */
void tree_release(struct tree *t, node_ref from, node_ref to);
/* Inside of tree_add. */
void tree_add_block(struct tree *t);

static inline struct node *tree_node(const struct tree *t, node_ref ref)
{
    return &t->blocks[ref >> TREE_BLOCK_BITS][ref & (TREE_BLOCK_NODES - 1)];
}

/* 0 where the tree is full: a node that may be written, and means nothing. */
static inline node_ref tree_add(struct tree *t, enum node_kind kind, source_place at)
{
    if (__builtin_expect(t->count == t->cap, 0)) {
        t->is_full = true;
        return 0;
    }
    if (__builtin_expect(t->count >> TREE_BLOCK_BITS == t->block_count, 0))
        tree_add_block(t);
    *tree_node(t, t->count) = (struct node){.kind = (uint8_t)kind, .at = at};
    return t->count++;
}

struct node_list {
    node_ref first, last;
};

static inline void tree_append(struct tree *t, struct node_list *l, node_ref ref)
{
    if (l->last)
        tree_node(t, l->last)->next = ref;
    else
        l->first = ref;
    l->last = ref;
}

uint32_t tree_length(const struct tree *t, node_ref list);
/* The n-th of a row. */
node_ref tree_at(const struct tree *t, node_ref list, uint32_t n);
/* The file that a place lies in; NULL: none. */
const struct tree_file *tree_file_of(const struct tree *t, source_place at);
/* The file whose text this points into; NULL: none. */
const struct tree_file *tree_file_of_text(const struct tree *t, const char *text);
/* The text at a place, to the end of its file. */
struct slice tree_text(const struct tree *t, source_place at);
/* Behind the token that begins there: the end of a caret. */
source_place tree_token_end(const struct tree *t, source_place at);

#endif
