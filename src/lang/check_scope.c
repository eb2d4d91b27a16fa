/* Names: what each stands for, where it is visible, and which variables need a box. */
#include "base/suggest.h"
#include "lang/checker.h"

void *check_grow(struct check *c, void *items, uint32_t count, uint32_t *cap, size_t size)
{
    if (count < *cap)
        return items;
    uint32_t more = *cap ? *cap * 2 : 16;
    void *grown = arena_alloc_array(c->arena, more, size);
    if (count)
        memcpy(grown, items, count * size);
    *cap = more;
    return grown;
}

static struct symbol **current_slot(struct check *c, name_id name)
{
    if (name >= c->current_cap) {
        uint32_t cap = c->names->count + c->names->count / 2 + 64;
        struct symbol **grown = arena_alloc_array(c->arena, cap, sizeof(struct symbol *));
        if (c->current_cap)
            memcpy(grown, c->current, c->current_cap * sizeof(struct symbol *));
        c->current = grown;
        c->current_cap = cap;
    }
    return &c->current[name];
}

struct symbol *check_symbol(struct check *c, enum symbol_kind kind, name_id name, source_place at)
{
    struct symbol *s = arena_new(c->arena, struct symbol);
    s->kind = (uint8_t)kind;
    s->name = name;
    s->at = at;
    s->level = c->level;
    if (kind == SYMBOL_VAR) {
        c->variables = check_grow(c, c->variables, c->variable_count, &c->variable_cap,
                                  sizeof(struct symbol *));
        s->number = c->variable_count;
        c->variables[c->variable_count++] = s;
    }
    return s;
}

static bool is_blank(struct check *c, name_id name)
{
    struct slice text = name_text(c->names, name);
    return text.size == 1 && text.data[0] == '_';
}

void check_declare(struct check *c, struct symbol *s)
{
    if (!s->name || is_blank(c, s->name))
        return;
    struct symbol **slot = current_slot(c, s->name);
    struct symbol *old = *slot;
    if (old && old->level == s->level) {
        struct source_point p;
        bool known = source_point(c->package->sources, old->at, &p) == 0;
        check_fault(
            c, CONFIG_FAULT_DUPLICATE_NAME, s->at, "%s is declared twice%s", check_name(c, s->name),
            known ? arena_printf(c->arena, ": first in line %u of %s", p.line, p.source->name)
                  : "");
        return;
    }
    s->shadowed = old;
    *slot = s;
    s->next = c->block;
    c->block = s;
}

struct symbol *check_lookup(struct check *c, name_id name)
{
    if (name >= c->current_cap)
        return NULL;
    struct symbol *s = c->current[name];
    /* Level 0 is the universe, 1 the package: visible from everywhere. */
    while (s && s->level > 1 && s->level < c->barrier)
        s = s->shadowed;
    return s;
}

struct import *check_find_import(struct check *c, name_id name)
{
    for (uint32_t i = 0; i < c->import_count; i++)
        if (c->imports[i].file == c->file && c->imports[i].name == name)
            return &c->imports[i];
    return NULL;
}

void check_open(struct check *c, struct symbol **ret_saved)
{
    *ret_saved = c->block;
    c->block = NULL;
    c->level++;
}

void check_close(struct check *c, struct symbol *saved)
{
    for (struct symbol *s = c->block; s; s = s->next) {
        *current_slot(c, s->name) = s->shadowed;
        if (s->kind == SYMBOL_VAR && !s->is_used && !c->has_syntax_faults)
            check_fault(c, CONFIG_FAULT_SYNTAX, s->at, "%s is declared and not used",
                        check_name(c, s->name));
    }
    c->block = saved;
    c->level--;
}

struct symbol *check_local(struct check *c, name_id name, source_place at, struct type *type)
{
    struct symbol *s = check_symbol(c, SYMBOL_VAR, name, at);
    s->type = type;
    s->func = c->func;
    s->slot = c->func->slot_count++;
    s->state = STATE_DONE;
    return s;
}

/* ---- variables in use ---- */

/* The slot in `f` in which an outer function's variable is: captured on the way in. */
static uint32_t capture_slot(struct check *c, struct function *f, struct symbol *s)
{
    if (f == s->func)
        return s->slot;
    for (uint32_t i = 0; i < f->capture_count; i++)
        if (f->captures[i].symbol == s)
            return f->captures[i].inner;
    uint32_t outer = capture_slot(c, f->outer, s);
    f->captures =
        check_grow(c, f->captures, f->capture_count, &f->capture_cap, sizeof(*f->captures));
    struct capture *k = &f->captures[f->capture_count++];
    *k = (struct capture){.outer = outer, .inner = f->slot_count++, .symbol = s};
    return k->inner;
}

void check_use_variable(struct check *c, struct symbol *s, struct node *n)
{
    if (s->is_global) {
        n->kind = RUN_GLOBAL;
        n->a = s->slot;
        check_depends(c, s);
    } else {
        bool own = s->func == c->func;
        if (!own)
            s->is_boxed = c->any_boxed = true;
        n->kind = own ? RUN_LOCAL : RUN_BOXED;
        n->a = own ? s->slot : capture_slot(c, c->func, s);
        n->b = s->number;
    }
    s->mentions++;
    n->type = s->type->number;
    n->flags = kind_is_aggregate(check_under(c, s->type)->kind) ? RUN_AGGREGATE : 0;
}

void check_plain_use(struct check *c, node_ref ref)
{
    const struct node *n = check_node(c, ref);
    if (n->kind == RUN_LOCAL)
        c->variables[n->b]->plain_uses++;
}

void check_depends(struct check *c, struct symbol *on)
{
    if (!c->owner || (c->owner->uses && c->owner->uses->to == on))
        return;
    struct dependency *d = arena_new(c->arena, struct dependency);
    d->to = on;
    d->next = c->owner->uses;
    c->owner->uses = d;
}

void check_pin(struct check *c, node_ref ref)
{
    struct node *n = check_node(c, ref);
    if (n->kind == NODE_PAREN) {
        check_pin(c, n->a);
        return;
    }
    node_ref inner = ref;
    while (check_node(c, inner)->kind == RUN_FIELD || check_node(c, inner)->kind == RUN_INDEX_ARRAY)
        inner = check_node(c, inner)->a;
    if (check_node(c, inner)->kind == RUN_INDEX_SLICE) {
        const struct node *base = check_node(c, check_node(c, inner)->a);
        if (base->kind == RUN_LOCAL)
            c->variables[base->b]->mentions++; /* a pointer into the slice's memory */
    }
    if (n->kind != RUN_LOCAL || (n->flags & RUN_AGGREGATE))
        return;
    c->variables[n->b]->is_boxed = true;
    c->any_boxed = true;
}

/* ---- the universe ---- */

static void predeclare(struct check *c, const char *name, enum symbol_kind kind, struct type *type,
                       const struct constant *value, uint32_t slot)
{
    struct symbol *s = check_symbol(c, kind, name_intern(c->names, slice_from(name)), 0);
    s->state = STATE_DONE;
    s->type = type;
    s->value = value;
    s->slot = slot;
    check_declare(c, s);
}

static const struct constant *keep(struct check *c, struct constant v)
{
    struct constant *k = arena_new(c->arena, struct constant);
    *k = v;
    return k;
}

void check_universe(struct check *c)
{
    static const char *const builtins[] = {
        [BUILTIN_APPEND] = "append",   [BUILTIN_CAP] = "cap",       [BUILTIN_CLEAR] = "clear",
        [BUILTIN_COPY] = "copy",       [BUILTIN_DELETE] = "delete", [BUILTIN_LEN] = "len",
        [BUILTIN_MAKE] = "make",       [BUILTIN_MAX] = "max",       [BUILTIN_MIN] = "min",
        [BUILTIN_NEW] = "new",         [BUILTIN_PANIC] = "panic",   [BUILTIN_PRINT] = "print",
        [BUILTIN_PRINTLN] = "println",
    };
    static const char *const outside[] = {"close", "complex", "imag", "real", "recover"};
    struct types *t = &c->types;

    for (int k = TYPE_INT; k <= TYPE_STRING; k++)
        predeclare(c, check_name(c, t->basic[k]->name), SYMBOL_TYPE, t->basic[k], NULL, 0);
    predeclare(c, "byte", SYMBOL_TYPE, t->basic[TYPE_UINT8], NULL, 0);
    predeclare(c, "rune", SYMBOL_TYPE, t->basic[TYPE_INT32], NULL, 0);
    predeclare(c, "any", SYMBOL_TYPE, t->any, NULL, 0);
    predeclare(c, "error", SYMBOL_TYPE, t->error, NULL, 0);
    predeclare(c, "complex64", SYMBOL_TYPE, NULL, NULL, 0);
    predeclare(c, "complex128", SYMBOL_TYPE, NULL, NULL, 0);
    predeclare(c, "comparable", SYMBOL_TYPE, NULL, NULL, 0);
    predeclare(c, "true", SYMBOL_CONST, t->basic[TYPE_UNTYPED_BOOL], keep(c, constant_bool(true)),
               0);
    predeclare(c, "false", SYMBOL_CONST, t->basic[TYPE_UNTYPED_BOOL], keep(c, constant_bool(false)),
               0);
    predeclare(c, "iota", SYMBOL_CONST, t->basic[TYPE_UNTYPED_INT], NULL, 0);
    predeclare(c, "nil", SYMBOL_NIL, t->basic[TYPE_UNTYPED_NIL], NULL, 0);
    for (uint32_t b = 0; b < ARRAY_LEN(builtins); b++)
        predeclare(c, builtins[b], SYMBOL_BUILTIN, NULL, NULL, b);
    for (uint32_t b = 0; b < ARRAY_LEN(outside); b++)
        predeclare(c, outside[b], SYMBOL_BUILTIN, NULL, NULL, BUILTIN_OUTSIDE);
}
