/* checker.h - what the files of the checker share. */
#ifndef FIREBREAK_LANG_CHECKER_H
#define FIREBREAK_LANG_CHECKER_H

#include "lang/check.h"
#include "lang/constant.h"

enum symbol_kind {
    SYMBOL_CONST,
    SYMBOL_TYPE,
    SYMBOL_VAR,
    SYMBOL_FUNC,
    SYMBOL_PACKAGE,
    SYMBOL_BUILTIN,
    SYMBOL_NIL,
};

enum symbol_state { STATE_NEW, STATE_ACTIVE, STATE_DONE };

enum builtin {
    BUILTIN_APPEND,
    BUILTIN_CAP,
    BUILTIN_CLEAR,
    BUILTIN_COPY,
    BUILTIN_DELETE,
    BUILTIN_LEN,
    BUILTIN_MAKE,
    BUILTIN_MAX,
    BUILTIN_MIN,
    BUILTIN_NEW,
    BUILTIN_PANIC,
    BUILTIN_PRINT,
    BUILTIN_PRINTLN,
    BUILTIN_OUTSIDE, /* close, complex, imag, real, recover: refused by name */
};

/* References from a package-level declaration to others: for the order of initialisation. */
struct dependency {
    struct dependency *next;
    struct symbol *to;
};

struct symbol {
    uint8_t kind;  /* enum symbol_kind */
    uint8_t state; /* of a package-level one: enum symbol_state */
    bool is_used, is_global, is_boxed;
    bool is_alias, is_result;
    name_id name;
    source_place at;
    uint32_t number;               /* of variables: in check->variables */
    uint32_t slot;                 /* VAR: slot or index; FUNC: function; BUILTIN: which */
    uint32_t level;                /* of the block it lives in */
    uint32_t mentions, plain_uses; /* see check_plain_use */
    struct type *type;
    const struct constant *value; /* CONST */
    struct function *func;        /* VAR: whose local it is; FUNC: itself */
    struct symbol *shadowed;      /* same name, further out */
    struct symbol *next;          /* of the same block */
    /* package level */
    node_ref decl;
    uint32_t index; /* among the names of its declaration */
    uint32_t file, order;
    struct dependency *uses;
    uint32_t visit;
    const char *path; /* PACKAGE */
};

enum mode {
    MODE_BAD,
    MODE_NONE, /* a call without a result */
    MODE_TYPE,
    MODE_BUILTIN,
    MODE_LIBRARY, /* a generic function of a package: only to be called */
    MODE_CONST,
    MODE_VARIABLE, /* has an address */
    MODE_MAP_INDEX,
    MODE_VALUE,
};

struct operand {
    uint8_t mode; /* enum mode */
    bool may_ok;  /* also gives ", ok" */
    node_ref node;
    struct type *type;
    union {
        struct constant value;            /* CONST */
        uint32_t builtin;                 /* BUILTIN */
        const struct golib_func *library; /* LIBRARY */
    };
};

/* Where a literal stands: so that a fault can say which field of the schema it breaks. */
struct place_in_schema {
    struct place_in_schema *outer;
    const struct schema_struct *in;
    const struct schema_field *field; /* NULL: an element */
    node_ref literal;                 /* its elements may have a Name */
    int64_t index;                    /* of an element; -1 */
};

struct branch_target {
    struct branch_target *outer;
    name_id label;
    bool is_loop, is_switch, is_used;
    source_place at;
    node_ref stmt;
    struct function *func;
};

struct import {
    name_id name;
    const char *path;
    source_place at;
    bool is_used, is_schema;
    bool is_dot; /* refused: its names are taken as known */
    uint32_t file;
};

/* A map's key, or an embedded type: judged when all is declared. */
struct late_type {
    struct type *type;
    source_place at;
    bool is_key;
};

struct check {
    const struct lang_package *package;
    struct tree *tree;
    struct names *names;
    struct types types;
    struct arena *arena;
    struct arena scratch; /* constants; emptied between declarations */
    struct config_faults *faults;
    struct program *program;
    bool has_syntax_faults, wants_config;

    struct symbol **current; /* by name: the innermost */
    uint32_t current_cap;
    uint32_t level, barrier; /* local names below the barrier's level are hidden */
    struct symbol *block;    /* names of the innermost block */
    struct symbol **variables;
    uint32_t variable_count, variable_cap;

    struct symbol **globals; /* package-level symbols in order of declaration */
    uint32_t global_count, global_cap;
    struct import *imports;
    uint32_t import_count, import_cap;
    uint32_t file;
    struct symbol *owner; /* the package-level declaration that is being checked */

    struct function *func;
    struct branch_target *targets;
    name_id gotos[16]; /* labels of refused gotos: they were used */
    uint32_t goto_count;
    const struct constant *iota; /* inside a const declaration */
    bool is_const_decl;          /* nodes are not turned: the same ones are checked again */
    struct place_in_schema *where;
    uint32_t depth;
    bool any_boxed;
    struct late_type *late; /* types that were not complete yet when they were read */
    uint32_t late_count, late_cap;
    uint32_t after_count; /* types with `after` */
    char field_words[80];
};

/* ---- faults ---- */

void check_fault(struct check *c, enum config_fault_code code, source_place at, const char *format,
                 ...) PRINTF_LIKE(4, 5);
/* As check_fault; the fault may be given a suggestion. */
struct config_fault *check_fault_at(struct check *c, enum config_fault_code code, source_place at,
                                    const char *format, ...) PRINTF_LIKE(4, 5);
void check_outside(struct check *c, source_place at, const char *what);
const char *check_name(struct check *c, name_id name);
/* "x (variable of type int)", for messages. */
const char *check_describe(struct check *c, const struct operand *x);

/* ---- scope ---- */

void *check_grow(struct check *c, void *items, uint32_t count, uint32_t *cap, size_t size);
struct symbol *check_symbol(struct check *c, enum symbol_kind kind, name_id name, source_place at);
/* Puts it into the innermost block; a second one of the same name there is a fault. */
void check_declare(struct check *c, struct symbol *s);
struct symbol *check_lookup(struct check *c, name_id name);
struct import *check_find_import(struct check *c, name_id name);
void check_open(struct check *c, struct symbol **ret_saved);
/* Tells variables of the block that nobody used. */
void check_close(struct check *c, struct symbol *saved);
struct symbol *check_local(struct check *c, name_id name, source_place at, struct type *type);
void check_universe(struct check *c);
/* The node becomes a read of this variable in the running function. */
void check_use_variable(struct check *c, struct symbol *s, struct node *n);
/* A use that lets nobody else hold the slice in the variable: x = append(x, …), len(x), x[i], and
 * return x. Where all uses are such, append may work in place. */
void check_plain_use(struct check *c, node_ref ref);
void check_depends(struct check *c, struct symbol *on);
/* The address is taken: unless it is a struct's or array's own, the variable moves to a box. */
void check_pin(struct check *c, node_ref ref);

/* ---- declarations ---- */

void check_collect(struct check *c);
void check_resolve(struct check *c, struct symbol *s);
void check_local_decls(struct check *c, node_ref list);
void check_bodies(struct check *c);
void check_function_body(struct check *c, struct function *f, node_ref signature,
                         node_ref receiver);
struct function *check_new_function(struct check *c, name_id name, source_place at,
                                    struct type *type);
void check_init_order(struct check *c);

/* ---- types ---- */

struct type *check_type(struct check *c, node_ref ref);
void check_late_types(struct check *c);
struct type *check_signature(struct check *c, node_ref ref);
/* false: it is no type (nothing is told), and the node is untouched. */
bool check_try_type(struct check *c, node_ref ref, struct type **ret);
static inline struct type *check_under(struct check *c, struct type *t)
{
    return type_under(&c->types, t);
}

/* ---- expressions ---- */

/* `want`, where known, is for what has no type of its own. */
void check_expr(struct check *c, node_ref ref, struct operand *x);
/* A call may also have several results or none. */
void check_expr_or_call(struct check *c, node_ref ref, struct operand *x);
/* An expression, a type or a package's function. */
void check_any(struct check *c, node_ref ref, struct operand *x);
void check_bad(struct check *c, struct operand *x);
/* Its value is only looked at: an untyped one takes its default type. */
void check_default(struct check *c, struct operand *x);
/* Converts it as an assignment to `type` does. `what` ends the message: "in assignment". */
bool check_assign(struct check *c, struct operand *x, struct type *type, const char *what);
bool check_assignable(struct check *c, struct operand *x, struct type *type);
/* An untyped operand takes the type. false: it cannot (nothing is told), x is BAD. */
bool check_convert_untyped(struct check *c, struct operand *x, struct type *type);
void check_set_const(struct check *c, struct operand *x);
/* A node that check_set_const made: once more the constant that it was. */
void check_const_again(struct check *c, node_ref ref, struct operand *x);
/* An index or a length: an int, or a constant that is one. `length` < 0: any. */
bool check_index(struct check *c, node_ref ref, int64_t length, int64_t *ret_value);
void check_composite(struct check *c, node_ref ref, struct type *elided, struct operand *x);
void check_selector(struct check *c, node_ref ref, struct operand *x);
void check_call(struct check *c, node_ref ref, struct operand *x);
void check_builtin(struct check *c, node_ref ref, enum builtin b, struct operand *x);
void check_library_call(struct check *c, node_ref ref, const struct golib_func *f,
                        struct operand *x);
void check_conversion(struct check *c, node_ref ref, struct type *type, struct operand *x);
void check_binary(struct check *c, node_ref ref, struct operand *x);
void check_binary_operands(struct check *c, node_ref ref, enum token_kind op, source_place op_at,
                           struct operand *x, struct operand *y);
void check_unary(struct check *c, node_ref ref, struct operand *x);
void check_index_expr(struct check *c, node_ref ref, struct operand *x);
void check_slice_expr(struct check *c, node_ref ref, struct operand *x);
void check_func_lit(struct check *c, node_ref ref, struct operand *x);
/* Puts a new node between ref and what it was. */
node_ref check_wrap(struct check *c, node_ref ref, enum run_kind kind, struct type *type);
void check_args(struct check *c, node_ref ref, const struct type *sig, source_place at,
                const char *name);
/* Method of a type, also a promoted one; NULL. */
struct type_method *check_find_method(struct check *c, struct type *t, name_id name);
enum constant_type check_constant_type(const struct type *under);
struct cell check_cell_of(struct check *c, struct constant v, const struct type *under);
uint32_t check_const_index(struct check *c, struct cell v);

/* ---- statements ---- */

void check_block(struct check *c, node_ref block);
void check_stmt(struct check *c, node_ref ref);
void check_assign_stmt(struct check *c, node_ref ref);
void check_switch(struct check *c, node_ref ref);
void check_type_switch(struct check *c, node_ref ref);
void check_range(struct check *c, node_ref ref);
void check_stmts(struct check *c, node_ref list);
/* Values for names: v, v = x, y; v, w = f(); v, ok = m[k]. Types of `types` are asked for where not
 * NULL, and are set where NULL. */
void check_values(struct check *c, node_ref values, struct type **types, uint32_t count,
                  source_place at, const char *what);
bool check_terminates(struct check *c, node_ref ref);
void check_lvalue(struct check *c, node_ref ref, struct operand *x);

static inline struct node *check_node(struct check *c, node_ref ref)
{
    return tree_node(c->tree, ref);
}

#endif
