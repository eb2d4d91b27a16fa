#include "lang/eval.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "lang/evaluator.h"

enum { MESSAGE_BYTES_MAX = 400 };

void eval_panic(struct eval *e, source_place at, const char *format, ...)
{
    char text[MESSAGE_BYTES_MAX];
    va_list args;
    if (e->stop)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    config_fault_add(e->package->faults, CONFIG_FAULT_PANIC, at, tree_token_end(e->p->tree, at),
                     "panic: %s", text);
    e->stop = STOP_BAD;
}

void eval_limit(struct eval *e, source_place at, const char *name, uint64_t value)
{
    if (e->stop == STOP_LIMIT)
        return;
    config_fault_add(e->package->faults, CONFIG_FAULT_LIMIT, at, tree_token_end(e->p->tree, at),
                     "the evaluation goes beyond %s (%llu)", name, (unsigned long long)value);
    e->stop = STOP_LIMIT;
}

void eval_out_of_memory(struct eval *e, source_place at)
{
    eval_limit(e, at, "alloc_bytes_max", e->heap.bytes_max);
}

const char *eval_panic_text(struct eval *e, struct cell any)
{
    struct buf text CLEANUP(buf_done) = BUF(MEM_LANG, MESSAGE_BYTES_MAX);
    if (!any.boxed)
        return "nil";
    struct go_value g = eval_go_value(e, any.boxed->value, e->types->items[any.boxed->type]);
    int r = -EINVAL;
    if (g.methods & GO_HAS_ERROR)
        r = g.ops->method(&g, GO_HAS_ERROR, &text);
    else if (g.methods & GO_HAS_STRING)
        r = g.ops->method(&g, GO_HAS_STRING, &text);
    else
        r = eval_print(e, &g, &text);
    if (r < 0 && !text.size)
        return "a value that has no text";
    return arena_strdup(&e->heap.arena, buf_slice(&text));
}

/* ---- the package ---- */

static void run_init(struct eval *e, const struct init *in)
{
    const struct node *n = eval_node(e, in->value);
    bool pair = in->count == 2 && (n->flags & RUN_OK), ok = false;
    if (in->count == 1 && in->globals[0] == e->p->config)
        eval_plain_lists(e, in->value);
    struct cell v = pair ? eval_with_ok(e, in->value, &ok) : eval_expr(e, in->value);
    if (e->heap.is_full) /* nothing ran behind what asked for too much */
        eval_out_of_memory(e, n->at);
    bool failed = e->stop != STOP_NONE;
    if (in->count == 1) {
        if (!failed) {
            v.at = n->at;
            e->globals->cells[in->globals[0]] = v;
        }
    } else if (!failed && pair) {
        struct type *boolean = e->types->basic[TYPE_BOOL];
        e->globals->cells[in->globals[0]] =
            eval_adapt(e, v, eval_type(e, n), e->p->global_types[in->globals[0]]);
        e->globals->cells[in->globals[1]] =
            eval_adapt(e, cell_of_int(ok), boolean, e->p->global_types[in->globals[1]]);
    } else if (!failed) {
        const struct type *tuple = eval_type(e, n);
        for (uint32_t i = 0; i < in->count && !failed && e->results; i++)
            e->globals->cells[in->globals[i]] = eval_adapt(e, e->results[i], tuple->fields[i].type,
                                                           e->p->global_types[in->globals[i]]);
    }
    for (uint32_t i = 0; failed && i < in->count; i++)
        e->bad_globals[in->globals[i]] = true;
    if (e->stop == STOP_BAD && !e->panic_is_final)
        e->stop = STOP_NONE;
    e->sp = 0;
    e->call_depth = 0;
    e->frame = e->stack;
    e->operands = NULL;
}

static void run_function(struct eval *e, struct function *f)
{
    if (e->stop != STOP_LIMIT)
        e->stop = STOP_NONE;
    if (!e->stop)
        eval_function(e, f, 0, NULL, f->at);
    if (e->heap.is_full)
        eval_out_of_memory(e, f->at);
}

static void run_package(struct eval *e, bool run_main)
{
    const struct program *p = e->p;
    for (uint32_t i = 0; i < p->init_count && !e->stop; i++)
        run_init(e, &p->inits[i]);
    for (uint32_t i = 0; i < p->init_function_count && !e->stop; i++)
        run_function(e, p->functions[p->init_functions[i]]);
    if (run_main && p->main && !e->stop)
        run_function(e, p->main);
}

void eval_program(const struct lang_package *package, const struct program *p, bool run_main,
                  struct value **ret_config)
{
    struct eval e = {.package = package,
                     .p = p,
                     .blocks = p->tree->blocks,
                     .types = p->types,
                     .panic_is_final = run_main};

    e.stack_low = (uintptr_t)__builtin_frame_address(0) - STACK_BYTES_MAX;
    e.heap = (struct heap_memory){.types = p->types, .bytes_max = package->limits->alloc_bytes_max};
    e.heap.arena.sub = e.scratch.sub = e.spare.sub = MEM_LANG;
    size_t cells = package->limits->alloc_bytes_max / 256;
    e.stack_cells = cells > STACK_CELLS_MAX   ? STACK_CELLS_MAX
                    : cells < STACK_CELLS_MIN ? STACK_CELLS_MIN
                                              : (uint32_t)cells;
    e.stack = mem_alloc(MEM_LANG, (e.stack_cells + 16) * sizeof(struct cell));
    e.frame = e.stack;
    e.globals = object_new(&e.heap, p->global_count);
    e.bad_globals = heap_alloc(&e.heap, p->global_count + 1);
    run_package(&e, run_main);
    if (ret_config && p->config != UINT32_MAX && e.stop != STOP_LIMIT) {
        e.stop = STOP_NONE;
        *ret_config = e.bad_globals[p->config] ? value_new(package->arena, VALUE_BAD, p->config_at)
                                               : eval_result(&e, e.globals->cells[p->config]);
    }
    mem_free(MEM_LANG, e.stack);
    arena_done(&e.heap.arena);
    arena_done(&e.scratch);
    buf_done(&e.spare);
}
