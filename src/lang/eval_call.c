/* Calls: arguments into slots, frames, results. */
#include "lang/evaluator.h"

struct cell eval_adapt(struct eval *e, struct cell v, struct type *from, struct type *to)
{
    if (from == to || type_under(e->types, to)->kind != TYPE_INTERFACE ||
        type_under(e->types, from)->kind == TYPE_INTERFACE)
        return v;
    return eval_box(e, v, from);
}

static bool has_stack(struct eval *e)
{
    return (uintptr_t)__builtin_frame_address(0) > e->stack_low;
}

static void box_params(struct eval *e, const struct function *f)
{
    for (uint32_t i = 0; i < f->boxed_count; i++)
        e->frame[f->boxed[i]] = eval_new_box(e, e->frame[f->boxed[i]]);
}

/* Results leave their boxes, and lie in a row. */
static struct cell take_results(struct eval *e, const struct function *f)
{
    struct cell *results = e->frame + f->param_count;
    for (uint32_t i = 0; i < f->boxed_count; i++)
        if (f->boxed[i] >= f->param_count)
            e->frame[f->boxed[i]] = e->frame[f->boxed[i]].object->cells[0];
    for (uint32_t i = 0; f->has_named_results && i < f->result_count; i++) {
        struct type *t = type_under(e->types, f->type->elem->fields[i].type);
        if (t->kind == TYPE_SLICE && results[i].view)
            results[i].view->is_private = false;
    }
    e->results = results;
    return f->result_count ? results[0] : (struct cell){0};
}

struct cell eval_function(struct eval *e, struct function *f, uint32_t base,
                          const struct closure *closure, source_place at)
{
    struct cell *frame = e->frame;
    struct function *running = e->function;
    struct cell result = {0};
    if (!eval_step(e, at) || f->is_bad || !f->body) {
        if (!e->stop)
            e->stop = STOP_BAD;
        return result;
    }
    if (base + f->slot_count > e->stack_cells) {
        eval_limit(e, at, "stack_cells_max", e->stack_cells);
        return result;
    }
    if (e->call_depth >= e->package->limits->call_depth_max || !has_stack(e)) {
        eval_limit(e, at, "call_depth_max", e->package->limits->call_depth_max);
        return result;
    }
    e->call_depth++;
    e->frame = &e->stack[base];
    e->function = f;
    e->sp = base + f->slot_count;
    memset(e->frame + f->param_count, 0, f->result_count * sizeof(struct cell));
    for (uint32_t i = 0; i < f->capture_count; i++)
        e->frame[f->captures[i].inner] = closure->cells[i];
    box_params(e, f);
    eval_stmts(e, eval_node(e, f->body)->a);
    if (!e->stop)
        result = take_results(e, f);
    e->call_depth--;
    e->frame = frame;
    e->function = running;
    e->sp = base;
    return result;
}

/* ---- arguments ---- */

/* A variadic function's last arguments as the slice that it sees. */
static struct cell rest_of(struct eval *e, const struct cell *items, uint32_t count)
{
    if (!count)
        return (struct cell){0};
    struct object *memory = object_new(&e->heap, count);
    memcpy(memory->cells, items, count * sizeof(*items));
    return (struct cell){.view = view_new(&e->heap, memory, 0, count, count)};
}

/* f(g()): the results of g, already on their way, as arguments. */
static uint32_t push_tuple(struct eval *e, const struct node *n, const struct type *sig,
                           uint32_t receiver)
{
    const struct node *call = eval_node(e, n->b);
    const struct type *tuple = eval_type(e, call);
    uint32_t fixed = sig->field_count - (sig->is_variadic ? 1 : 0);
    e->results = NULL;
    eval_expr(e, n->b);
    for (uint32_t i = 0; i < tuple->field_count && e->results && !e->stop; i++) {
        /* Of T.Method(f()) the receiver is among them. */
        struct type *want = i < receiver           ? tuple->fields[i].type
                            : i - receiver < fixed ? sig->fields[i - receiver].type
                                                   : sig->fields[fixed].type->elem;
        /* Results lie above the stack's end: what is pushed overwrites only those taken. */
        struct cell v = eval_adapt(e, e->results[i], tuple->fields[i].type, want);
        eval_push(e, v);
    }
    return tuple->field_count;
}

/* Pushes the arguments as the function's slots want them. `skip` of them are the receiver. */
static void push_args(struct eval *e, const struct node *n, const struct type *sig, uint32_t skip)
{
    uint32_t base = e->sp, count = 0;
    uint32_t fixed = skip + sig->field_count - (sig->is_variadic ? 1 : 0);
    if (n->flags & RUN_TUPLE)
        count = push_tuple(e, n, sig, skip);
    else
        for (node_ref a = n->b; a; a = eval_node(e, a)->next, count++) {
            struct cell v = eval_expr(e, a);
            eval_push(e, v);
        }
    if (!sig->is_variadic || (n->flags & RUN_SPREAD) || e->stop)
        return;
    struct cell rest = rest_of(e, &e->stack[base + fixed], count - fixed);
    e->sp = base + fixed;
    eval_push(e, rest);
}

static struct cell call_static(struct eval *e, const struct node *n)
{
    struct function *f = e->p->functions[n->a];
    uint32_t base = e->sp;
    /* A method's receiver is an argument like any other. */
    uint32_t skip = f->receiver ? 1 : 0;
    push_args(e, n, f->type, skip);
    if (e->stop) {
        e->sp = base;
        return (struct cell){0};
    }
    return eval_function(e, f, base, NULL, n->at);
}

struct cell eval_call_closure(struct eval *e, struct cell func, const struct cell *args,
                              uint32_t count, const struct type *sig, source_place at)
{
    const struct closure *k = func.closure;
    uint32_t base = e->sp;
    (void)sig;
    if (!k) {
        eval_panic(e, at, "invalid memory address or nil pointer dereference");
        return (struct cell){0};
    }
    if (k->has_receiver)
        eval_push(e, k->cells[0]);
    for (uint32_t i = 0; i < count; i++)
        eval_push(e, args[i]);
    struct cell r = {0};
    if (!e->stop && k->library)
        r = eval_library_cells(e, k->library, &e->stack[base], at);
    else if (!e->stop)
        r = eval_function(e, e->p->functions[k->function], base, k, at);
    e->sp = base;
    return r;
}

static struct cell call_value(struct eval *e, const struct node *n)
{
    struct cell func = eval_expr(e, n->a);
    const struct type *sig = type_under(e->types, eval_type(e, eval_node(e, n->a)));
    uint32_t base = e->sp;
    push_args(e, n, sig, 0);
    struct cell r = {0};
    uint32_t count = e->sp - base;
    if (!e->stop)
        r = eval_call_closure(e, func, &e->stack[base], count, sig, n->at);
    e->sp = base;
    return r;
}

struct cell eval_call(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    struct cell v = n->kind == RUN_CALL ? call_static(e, n) : call_value(e, n);
    if (e->stop)
        return (struct cell){0};
    return v;
}

struct cell eval_library(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    const struct golib_func *f = e->p->libs[n->a];
    const struct type *sig = e->p->lib_types[n->a];
    uint32_t base = e->sp;
    struct cell r = {0};
    bool direct = sig->is_variadic && !(n->flags & (RUN_TUPLE | RUN_SPREAD)) && f->params &&
                  strchr(f->params, 'A');
    if (direct)
        return eval_library_any(e, f, ref);
    push_args(e, n, sig, 0);
    if (!e->stop)
        r = eval_library_cells(e, f, &e->stack[base], n->at);
    e->sp = base;
    return r;
}
