/* The bridge to the standard functions: cells to golib's values and back. */
#include <errno.h>

#include "base/err.h"
#include "lang/evaluator.h"
#include "lang/lib.h"

enum { ARGS_MAX = 16 };

struct bridge {
    struct eval *e;
    source_place at;
    struct cell func; /* a func value that is lent to the library */
};

static int call_rune_func(void *context, int32_t r, int32_t *ret)
{
    struct bridge *b = context;
    struct cell arg = cell_of_int(r);
    struct cell v = eval_call_closure(b->e, b->func, &arg, 1, NULL, b->at);
    if (b->e->stop)
        return -ECANCELED;
    *ret = (int32_t)v.i;
    return 0;
}

static struct slice bytes_of(struct eval *e, struct cell v)
{
    uint32_t count = v.view ? v.view->size : 0;
    if (!heap_has_room(&e->heap, count))
        return (struct slice){0};
    char *bytes = heap_alloc(&e->heap, count);
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = (char)view_at(v.view, i)->u;
    return (struct slice){bytes, count};
}

static struct golib_strings strings_of(struct eval *e, struct cell v)
{
    uint32_t count = v.view ? v.view->size : 0;
    struct golib_strings s = {.count = count, .is_nil = !v.view};
    struct slice *items = heap_alloc(&e->heap, count * sizeof(*items));
    for (uint32_t i = 0; i < count; i++)
        items[i] = cell_text(*view_at(v.view, i));
    s.items = items;
    return s;
}

static const struct go_value *any_of(struct eval *e, struct cell v)
{
    struct go_value *g = heap_alloc(&e->heap, sizeof(*g));
    *g = v.boxed ? eval_go_value(e, v.boxed->value, e->types->items[v.boxed->type])
                 : (struct go_value){.kind = GO_NIL};
    return g;
}

static struct golib_values values_of(struct eval *e, struct cell v)
{
    uint32_t count = v.view ? v.view->size : 0;
    struct go_value *items = heap_alloc(&e->heap, count * sizeof(*items));
    for (uint32_t i = 0; i < count; i++)
        items[i] = *any_of(e, *view_at(v.view, i));
    return (struct golib_values){.items = items, .count = count};
}

/* An error of the program's own types is one that stands for it. */
const struct go_error *eval_error_of(struct eval *e, struct cell v)
{
    if (!v.boxed)
        return NULL;
    if (v.boxed->type == e->types->error->number)
        return (const struct go_error *)(const void *)v.boxed->value.text;
    struct go_error *own = heap_alloc(&e->heap, sizeof(*own));
    own->foreign = eval_go_value(e, v.boxed->value, e->types->items[v.boxed->type]);
    return own;
}

static struct golib_errors_list errors_of(struct eval *e, struct cell v)
{
    uint32_t count = v.view ? v.view->size : 0;
    const struct go_error **items = heap_alloc(&e->heap, count * sizeof(*items));
    for (uint32_t i = 0; i < count; i++)
        items[i] = eval_error_of(e, *view_at(v.view, i));
    return (struct golib_errors_list){.items = items, .count = count};
}

static void to_lib(struct bridge *b, char letter, struct cell v, union golib_value *ret)
{
    struct eval *e = b->e;
    switch (letter) {
    case 'b':
        ret->boolean = v.i != 0;
        break;
    case 'u':
    case 'v':
    case 'y':
        ret->natural = v.u;
        break;
    case 'f':
    case 'g':
        ret->number = v.f;
        break;
    case 's':
        ret->text = cell_text(v);
        break;
    case 'Y':
        ret->text = bytes_of(e, v);
        break;
    case 'S':
    case 'V':
        ret->strings = strings_of(e, v);
        break;
    case 'e':
        ret->error = eval_error_of(e, v);
        break;
    case 'a':
        ret->any = any_of(e, v);
        break;
    case 'A':
        ret->values = values_of(e, v);
        break;
    case 'W':
        ret->errors = errors_of(e, v);
        break;
    case 'p':
    case 'm':
        b->func = v;
        ret->func = (struct golib_rune_func){.call = call_rune_func, .context = b};
        break;
    default:
        ret->integer = v.i;
    }
}

static struct cell strings_to_cell(struct eval *e, struct golib_strings s)
{
    if (s.is_nil || !heap_has_room(&e->heap, s.count * sizeof(struct cell)))
        return (struct cell){0};
    struct object *memory = object_new(&e->heap, (uint32_t)s.count);
    for (size_t i = 0; i < s.count; i++)
        memory->cells[i] = cell_of_text(s.items[i]);
    return (struct cell){.view =
                             view_new(&e->heap, memory, 0, (uint32_t)s.count, (uint32_t)s.count)};
}

/* An error that stands for one of the program's own is that one again. */
struct cell eval_error_cell(struct eval *e, const struct go_error *g)
{
    if (g && g->foreign.kind != GO_NIL && g->foreign.object) {
        struct cell v = *(const struct cell *)g->foreign.object;
        const struct type *t = g->foreign.type;
        return eval_box(e, v, e->types->items[t->number]);
    }
    return lib_error_cell(&e->heap.arena, e->types, g);
}

static struct cell from_lib(struct eval *e, char letter, const union golib_value *v)
{
    switch (letter) {
    case 'b':
        return cell_of_int(v->boolean);
    case 'u':
    case 'v':
    case 'y':
        return (struct cell){.u = v->natural};
    case 'f':
    case 'g':
        return (struct cell){.f = v->number};
    case 's':
        return cell_of_text(v->text);
    case 'Y':
        return cell_of_bytes(&e->heap, v->text);
    case 'S':
        return strings_to_cell(e, v->strings);
    case 'e':
        return eval_error_cell(e, v->error);
    default:
        return cell_of_int(v->integer);
    }
}

/* ---- firebreak's own ---- */

static struct cell input(struct eval *e, enum lib_firebreak which, const struct cell *args,
                         source_place at)
{
    static const struct lang_inputs none;
    const struct lang_inputs *in = e->package->inputs ? e->package->inputs : &none;
    struct slice answer = {0}, name = cell_text(args[0]);
    struct err err = {0};
    int r = -ENOENT;
    if (which == LIB_ENV && in->env)
        r = in->env(in->ctx, name, at, &e->heap.arena, &answer, &err);
    else if (which == LIB_VAR && in->var)
        r = in->var(in->ctx, name, at, &e->heap.arena, &answer, &err);
    else if (which == LIB_READ_FILE && in->read_file)
        r = in->read_file(in->ctx, name, at, &e->heap.arena, &answer, &err);
    if (r == 0)
        return cell_of_text(answer);
    if (r == -ENOENT && which != LIB_READ_FILE)
        return args[1];
    config_fault_add(e->package->faults, CONFIG_FAULT_SOURCE_IO, at, tree_token_end(e->p->tree, at),
                     "%s \"%.*s\": %s", which == LIB_READ_FILE ? "cannot read" : "cannot ask for",
                     SLICE_ARG(name), err.text[0] ? err.text : err_name(r));
    e->stop = STOP_BAD;
    return (struct cell){0};
}

static struct cell error_text(struct eval *e, struct cell v, source_place at)
{
    struct buf text CLEANUP(buf_done) = BUF(MEM_LANG, 0);
    if (!v.boxed) {
        eval_panic(e, at, "invalid memory address or nil pointer dereference");
        return v;
    }
    struct go_value g = eval_go_value(e, v.boxed->value, e->types->items[v.boxed->type]);
    if (g.ops && g.ops->method)
        g.ops->method(&g, GO_HAS_ERROR, &text);
    return eval_text(e, buf_slice(&text), at);
}

static struct cell run_golib(struct eval *e, const struct golib_func *f,
                             const union golib_value *in, source_place at)
{
    union golib_value out[GOLIB_RESULTS_MAX];
    size_t left =
        e->heap.bytes_max > e->heap.arena.used ? e->heap.bytes_max - e->heap.arena.used : 1;
    struct golib_call call; /* its panic is long, and mostly not written */
    call.arena = &e->heap.arena;
    call.result_bytes_max = left;
    call.spare = &e->spare;
    call.panic[0] = 0;
    memset(out, 0, sizeof(out));
    int r = f->call(&call, in, out);
    if (e->stop)
        return (struct cell){0};
    if (r == -ECANCELED)
        eval_panic(e, at, "%s", call.panic);
    else if (r == -EMSGSIZE || r == -ENOMEM)
        eval_out_of_memory(e, at);
    else if (r == -EOPNOTSUPP)
        eval_panic(e, at, "an address would be printed, which is not the same twice");
    else if (r < 0)
        eval_panic(e, at, "%s: %s", f->name, err_name(r));
    if (e->stop)
        return (struct cell){0};
    uint32_t count = (uint32_t)strlen(f->results);
    if (count == 1)
        return from_lib(e, f->results[0], &out[0]);
    struct cell *results = heap_alloc(&e->heap, (count + 1) * sizeof(*results));
    for (uint32_t i = 0; i < count; i++)
        results[i] = from_lib(e, f->results[i], &out[i]);
    e->results = results;
    return results[0];
}

static struct cell call_golib(struct eval *e, const struct golib_func *f, const struct cell *args,
                              source_place at)
{
    struct bridge b = {.e = e, .at = at};
    union golib_value in[ARGS_MAX];
    for (uint32_t i = 0; f->params[i] && i < ARGS_MAX; i++)
        to_lib(&b, f->params[i], args[i], &in[i]);
    return e->stop ? (struct cell){0} : run_golib(e, f, in, at);
}

/* The value of an argument as fmt sees it; what a RUN_BOX would only wrap is taken out. */
static struct go_value any_arg(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    if (n->kind == RUN_BOX)
        return eval_go_value(e, eval_expr(e, n->a), eval_type(e, eval_node(e, n->a)));
    struct cell v = eval_expr(e, ref);
    if (!v.boxed || e->stop)
        return (struct go_value){.kind = GO_NIL};
    return eval_go_value(e, v.boxed->value, e->types->items[v.boxed->type]);
}

struct cell eval_library_any(struct eval *e, const struct golib_func *f, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    struct bridge b = {.e = e, .at = n->at};
    union golib_value in[ARGS_MAX];
    uint32_t fixed = (uint32_t)strlen(f->params) - 1, i = 0;
    node_ref arg = n->b;
    struct cell r = {0};

    if (!eval_step(e, n->at))
        return r;
    e->scratch_users++;
    for (; i < fixed; i++, arg = eval_node(e, arg)->next)
        to_lib(&b, f->params[i], eval_expr(e, arg), &in[i]);
    uint32_t count = tree_length(e->p->tree, arg);
    struct go_value *values = arena_alloc_array(&e->scratch, count + 1, sizeof(*values));
    in[fixed].values = (struct golib_values){.items = values, .count = count};
    for (i = 0; arg && !e->stop; i++, arg = eval_node(e, arg)->next)
        values[i] = any_arg(e, arg);
    if (!e->stop)
        r = run_golib(e, f, in, n->at);
    if (--e->scratch_users == 0)
        arena_reset(&e->scratch);
    return r;
}

struct cell eval_library_cells(struct eval *e, const struct golib_func *f, const struct cell *args,
                               source_place at)
{
    enum lib_firebreak which;
    if (!eval_step(e, at))
        return (struct cell){0};
    if (f == lib_error_method())
        return error_text(e, args[0], at);
    if (!lib_is_firebreak(f, &which))
        return call_golib(e, f, args, at);
    if (which != LIB_POINTER)
        return input(e, which, args, at);
    struct cell box = eval_new_box(e, args[0]);
    return box;
}
