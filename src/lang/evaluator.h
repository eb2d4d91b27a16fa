/* evaluator.h - what the files of the evaluator share. */
#ifndef FIREBREAK_LANG_EVALUATOR_H
#define FIREBREAK_LANG_EVALUATOR_H

#include "base/defs.h"
#include "lang/eval.h"
#include "lang/golib.h"
#include "lang/object.h"

enum stop {
    STOP_NONE,
    STOP_BAD,   /* a piece that was refused, or a panic that was told: up to the next literal */
    STOP_LIMIT, /* a limit was told: nothing more runs */
};

enum flow { FLOW_NEXT, FLOW_BREAK, FLOW_CONTINUE, FLOW_FALL, FLOW_RETURN };

enum {
    STACK_CELLS_MAX = 1 << 20,
    STACK_CELLS_MIN = 1 << 12,
    STACK_BYTES_MAX = 6 * 1024 * 1024, /* of C's stack */
};

struct eval {
    const struct lang_package *package;
    const struct program *p;
    struct node **blocks; /* of the tree */
    struct types *types;
    struct heap_memory heap;
    struct cell *stack;
    uint32_t stack_cells; /* by alloc_bytes_max: STACK_CELLS_MAX at most */
    uint32_t sp;
    struct cell *frame;
    struct function *function; /* that runs */
    struct object *globals;
    bool *bad_globals;
    const struct cell *operands; /* where not NULL: places take their operands from here */
    uint64_t steps;
    uint32_t call_depth;
    uint8_t stop;               /* enum stop */
    bool panic_is_final;        /* a panic in func main ends all */
    uintptr_t stack_low;        /* the C stack must not pass it */
    node_ref target;            /* of a labelled break or continue; 0: the innermost */
    const struct cell *results; /* of the last call with several */
    struct arena scratch;       /* of one call of the library: its arguments */
    uint32_t scratch_users;     /* calls that are under way */
    struct buf spare;           /* texts of the library are built in it */
    struct value *plain;        /* members of Config that are done, chained by `next` */
};

static inline struct node *eval_node(const struct eval *e, node_ref ref)
{
    return &e->blocks[ref >> TREE_BLOCK_BITS][ref & (TREE_BLOCK_NODES - 1)];
}
static inline struct type *eval_type(const struct eval *e, const struct node *n)
{
    return e->types->items[n->type];
}

/* ---- ends ---- */

void eval_panic(struct eval *e, source_place at, const char *format, ...) PRINTF_LIKE(3, 4);
void eval_limit(struct eval *e, source_place at, const char *name, uint64_t value);
/* The heap said no. */
void eval_out_of_memory(struct eval *e, source_place at);
/* One step; false: stopped. */
static inline bool eval_step(struct eval *e, source_place at)
{
    if (UNLIKELY(++e->steps > e->package->limits->steps_max))
        eval_limit(e, at, "steps_max", e->package->limits->steps_max);
    if (UNLIKELY(e->heap.is_full))
        eval_out_of_memory(e, at);
    return !e->stop;
}

/* ---- values ---- */

struct cell eval_expr(struct eval *e, node_ref ref);
/* As eval_expr; a struct or array is only looked at, and not shared. */
struct cell eval_peek(struct eval *e, node_ref ref);
struct cell eval_arithmetic(struct eval *e, const struct node *n, struct cell a, struct cell b);
struct cell eval_shift(struct eval *e, const struct node *n, struct cell a, struct cell b);
struct cell eval_operator(struct eval *e, const struct node *n);
struct cell eval_convert(struct eval *e, const struct node *n);
struct cell eval_literal(struct eval *e, node_ref ref);
struct cell eval_call(struct eval *e, node_ref ref);
struct cell eval_builtin(struct eval *e, node_ref ref);
struct cell eval_library(struct eval *e, node_ref ref);
struct cell eval_generic(struct eval *e, node_ref ref);
struct cell eval_slice_expr(struct eval *e, const struct node *n);
struct cell eval_box(struct eval *e, struct cell v, struct type *type);
/* One of several results where another type is asked for: a value becomes an interface's. */
struct cell eval_adapt(struct eval *e, struct cell v, struct type *from, struct type *to);
struct cell eval_text(struct eval *e, struct slice text, source_place at);
/* A number wrapped to the width of its kind. */
struct cell eval_wrap(struct cell v, int kind);
int64_t eval_index_value(struct eval *e, node_ref ref);
/* v, ok: the second value of the last expression with RUN_OK. */
struct cell eval_with_ok(struct eval *e, node_ref ref, bool *ret_ok);

/* ---- variables ---- */

struct spot {
    struct cell *cell;     /* a slot, or NULL */
    struct object *holder; /* else the object and the member */
    uint32_t index;
};

/* Where the expression lives. `pin`: a pointer will point there. */
struct spot eval_spot(struct eval *e, node_ref ref, bool pin);
struct cell *eval_spot_cell(struct eval *e, struct spot s);
struct cell eval_address(struct eval *e, const struct node *n);
/* The operands of a left side, evaluated in order and pushed onto the stack. */
void eval_left_operands(struct eval *e, node_ref ref);
void eval_store(struct eval *e, node_ref left, struct cell v);
/* A new box for a variable. */
struct cell eval_new_box(struct eval *e, struct cell v);
void eval_push(struct eval *e, struct cell v);

/* ---- running ---- */

void eval_assign(struct eval *e, node_ref ref);
/* Names or other left sides, and as many values or one with several. */
void eval_assign_lists(struct eval *e, node_ref left, node_ref right);
enum flow eval_stmts(struct eval *e, node_ref list);
enum flow eval_stmt(struct eval *e, node_ref ref);
enum flow eval_range(struct eval *e, node_ref ref);
/* Runs a function whose arguments lie at `base` of the stack. With several results they are at
 * e->results until the next call. */
struct cell eval_function(struct eval *e, struct function *f, uint32_t base,
                          const struct closure *closure, source_place at);
/* Calls a func value with these arguments. */
struct cell eval_call_closure(struct eval *e, struct cell func, const struct cell *args,
                              uint32_t count, const struct type *sig, source_place at);
struct go_value eval_go_value(struct eval *e, struct cell v, struct type *type);
/* A call whose last arguments are ...any: they are handed over as they are, without boxes. */
struct cell eval_library_any(struct eval *e, const struct golib_func *f, node_ref ref);
struct cell eval_library_cells(struct eval *e, const struct golib_func *f, const struct cell *args,
                               source_place at);
/* As the library sees an error; NULL: nil. */
const struct go_error *eval_error_of(struct eval *e, struct cell v);
struct cell eval_error_cell(struct eval *e, const struct go_error *g);
/* As fmt.Sprint does. */
int eval_print(struct eval *e, const struct go_value *v, struct buf *to);
const char *eval_panic_text(struct eval *e, struct cell any);

/* ---- the result ---- */

struct value *eval_result(struct eval *e, struct cell config);
/* NULL: a zero, which is left out (but for `keep_zero`). */
struct value *eval_result_cell(struct eval *e, struct cell c, struct type *type, bool keep_zero);
/* A value becomes the member of this field. */
void eval_result_key(struct eval *e, struct value *v, const struct schema_field *f);
/* Before Config is evaluated: lists in its literal that are plain become e->plain, and nil. */
void eval_plain_lists(struct eval *e, node_ref config);

#endif
