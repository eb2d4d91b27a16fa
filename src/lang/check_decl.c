/* Declarations: of the package, in any order, each when it is first needed; and local ones. */
#include "lang/checker.h"
#include "lang/golib.h"

static struct type *bad(struct check *c)
{
    return c->types.basic[TYPE_BAD];
}

static bool name_is(struct check *c, name_id name, const char *text)
{
    return slice_eq_cstr(name_text(c->names, name), text);
}

/* ---- collecting ---- */

static void add_global(struct check *c, struct symbol *s, node_ref decl, uint32_t index)
{
    s->is_global = true;
    s->decl = decl;
    s->index = index;
    s->file = c->file;
    s->order = c->global_count;
    s->level = 1;
    c->globals =
        check_grow(c, c->globals, c->global_count, &c->global_cap, sizeof(struct symbol *));
    c->globals[c->global_count++] = s;
    if (s->kind == SYMBOL_VAR) {
        struct program *p = c->program;
        p->global_types =
            check_grow(c, p->global_types, p->global_count, &p->global_cap, sizeof(struct type *));
        p->global_types[p->global_count] = bad(c);
        s->slot = p->global_count++;
    }
}

static void collect_names(struct check *c, node_ref decl, enum symbol_kind kind)
{
    uint32_t index = 0;
    for (node_ref m = check_node(c, decl)->a; m; m = check_node(c, m)->next, index++) {
        const struct node *name = check_node(c, m);
        if (name->kind != NODE_NAME)
            continue;
        struct symbol *s = check_symbol(c, kind, name->a, name->at);
        add_global(c, s, decl, index);
        if (name_is(c, s->name, "init") || name_is(c, s->name, "main"))
            check_fault(c, CONFIG_FAULT_SYNTAX, s->at, "cannot declare %s: it must be a func",
                        check_name(c, s->name));
        else
            check_declare(c, s);
    }
}

static void collect_func(struct check *c, node_ref decl)
{
    const struct node *n = check_node(c, decl), *name = check_node(c, n->a);
    node_ref receiver = name->next;
    if (name->kind != NODE_NAME)
        return;
    struct symbol *s = check_symbol(c, SYMBOL_FUNC, name->a, name->at);
    add_global(c, s, decl, 0);
    /* Methods are found by their type, init by nobody. */
    if (check_node(c, receiver)->kind == NODE_NONE && !name_is(c, s->name, "init"))
        check_declare(c, s);
}

static void collect_import(struct check *c, const struct node *n)
{
    struct slice path = {0}, base;
    const struct node *lit = check_node(c, n->b);
    if (literal_string(slice_sub(tree_text(c->tree, lit->at), 0, lit->a), c->arena, &path) < 0)
        return;
    base = path;
    for (ptrdiff_t at; (at = slice_find_byte(base, '/')) >= 0;)
        base = slice_sub(base, (size_t)at + 1, base.size);
    bool schema = slice_ends_with(path, SLICE("/firebreak")) && c->package->schema;
    if (!schema && !golib_package_find(path)) {
        check_outside(c, lit->at, arena_printf(c->arena, "imports of \"%.*s\"", SLICE_ARG(path)));
        /* Its names are taken as known, so that each use is not one more fault. */
    }
    c->imports = check_grow(c, c->imports, c->import_count, &c->import_cap, sizeof(*c->imports));
    struct import *p = &c->imports[c->import_count];
    *p = (struct import){.path = arena_strdup(c->arena, path), .at = n->at, .file = c->file};
    p->name = n->a ? check_node(c, n->a)->a
                   : name_intern(c->names, slice_from(p->path).size ? base : SLICE("_"));
    p->is_schema = schema;
    p->is_dot = n->op == 1;
    p->is_used = n->op == 1 || name_is(c, p->name, "_");
    if (check_find_import(c, p->name) && !p->is_used)
        check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, n->at, "%s is imported twice in this file",
                    check_name(c, p->name));
    c->import_count++;
}

static void collect_decl(struct check *c, node_ref decl)
{
    switch (check_node(c, decl)->kind) {
    case NODE_IMPORT:
        collect_import(c, check_node(c, decl));
        break;
    case NODE_CONST:
        collect_names(c, decl, SYMBOL_CONST);
        break;
    case NODE_VAR:
        collect_names(c, decl, SYMBOL_VAR);
        break;
    case NODE_TYPE_DECL:
        collect_names(c, decl, SYMBOL_TYPE);
        break;
    case NODE_FUNC:
        collect_func(c, decl);
        break;
    default:
        break;
    }
}

static void check_import_names(struct check *c)
{
    for (uint32_t i = 0; i < c->import_count; i++) {
        struct symbol *s = check_lookup(c, c->imports[i].name);
        if (s && s->level == 1)
            check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, s->at,
                        "%s is already the name of an imported package", check_name(c, s->name));
    }
}

void check_collect(struct check *c)
{
    for (c->file = 0; c->file < c->tree->file_count; c->file++)
        for (node_ref d = c->tree->files[c->file].decls; d; d = check_node(c, d)->next)
            collect_decl(c, d);
    check_import_names(c);
}

/* ---- constants ---- */

static void const_value(struct check *c, struct symbol *s, const struct node *decl)
{
    const struct node *spec = check_node(c, decl->b);
    struct constant iota = constant_i64(decl->type);
    const struct constant *outer = c->iota;
    bool saved = c->is_const_decl;
    struct operand x = {0};

    s->type = bad(c);
    s->value = arena_new(c->arena, struct constant);
    node_ref value = decl->b ? tree_at(c->tree, spec->b, s->index) : 0;
    struct type *type = decl->b && spec->a ? check_type(c, spec->a) : NULL;
    if (!value) {
        if (decl->b)
            check_fault(c, CONFIG_FAULT_SYNTAX, s->at, "missing value of constant %s",
                        check_name(c, s->name));
        return;
    }
    c->iota = &iota;
    c->is_const_decl = true;
    uint32_t told = c->faults->count;
    check_expr(c, value, &x);
    for (; decl->op && told < c->faults->count; told++) { /* repeated: its name stands here */
        c->faults->items[told].at = s->at;
        c->faults->items[told].end = tree_token_end(c->tree, s->at);
    }
    c->iota = outer;
    if (x.mode != MODE_BAD && x.mode != MODE_CONST)
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, value)->at, "%s is not constant",
                    check_describe(c, &x));
    else if (type && type->kind != TYPE_BAD && x.mode == MODE_CONST) {
        if (!kind_is_basic(check_under(c, type)->kind))
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, s->at, "invalid constant type %s",
                        type_text(&c->types, type));
        else
            check_assign(c, &x, type, "in constant declaration");
    }
    c->is_const_decl = saved;
    if (x.mode != MODE_CONST)
        return;
    s->type = x.type;
    struct constant *keep = arena_new(c->arena, struct constant);
    *keep = x.value;
    s->value = keep;
}

static void check_extra_values(struct check *c, const struct node *decl)
{
    uint32_t names = tree_length(c->tree, decl->a);
    node_ref extra = decl->b ? tree_at(c->tree, check_node(c, decl->b)->b, names) : 0;
    if (extra && !decl->op)
        check_fault(c, CONFIG_FAULT_SYNTAX, check_node(c, extra)->at, "more values than constants");
}

/* ---- types ---- */

/* Whether a value of the type contains another one of `s`: then it would have no end. */
static bool contains(struct check *c, struct type *t, struct type *what, uint32_t depth)
{
    if (t == what && depth > 0)
        return true;
    if (t->kind == TYPE_NAMED) {
        if (t->visit == c->types.walks || !t->under || t->schema)
            return false;
        t->visit = c->types.walks;
        return contains(c, t->under, what, depth + 1);
    }
    if (t->kind == TYPE_ARRAY)
        return contains(c, t->elem, what, depth + 1);
    for (uint32_t i = 0; t->kind == TYPE_STRUCT && i < t->field_count; i++)
        if (contains(c, t->fields[i].type, what, depth + 1))
            return true;
    return false;
}

static void tell_recursive(struct check *c, struct type *t, source_place at)
{
    check_fault(c, CONFIG_FAULT_REFERENCE_CYCLE, at, "invalid recursive type %s",
                check_name(c, t->name));
    t->under = bad(c);
}

/* What the type is becomes known: also for those that were declared to be like it. */
static void finish_type(struct check *c, struct type *t, struct type *under, source_place at)
{
    t->under = under;
    c->types.walks++;
    if (contains(c, t, t, 0))
        tell_recursive(c, t, at);
    for (uint32_t i = 0; i < c->types.count && c->after_count; i++) {
        struct type *other = c->types.items[i];
        if (other->kind != TYPE_NAMED || other->after != t)
            continue;
        other->after = NULL;
        c->after_count--;
        finish_type(c, other, t->under, at);
    }
}

/* type t from, where `from` is still being declared: type from []t, or a circle. */
static void type_after(struct check *c, struct type *t, struct type *from, source_place at)
{
    for (const struct type *f = from; f; f = f->after)
        if (f == t) {
            tell_recursive(c, t, at);
            finish_type(c, t, t->under, at);
            return;
        }
    t->after = from;
    c->after_count++;
}

static void type_decl(struct check *c, struct symbol *s, const struct node *decl)
{
    if (decl->op) {
        s->type = NULL;
        s->type = check_type(c, decl->b);
        return;
    }
    struct type *t = type_named(&c->types, s->name, NULL);
    s->type = t;
    struct type *from = check_type(c, decl->b), *under = type_under(&c->types, from);
    if (from->kind == TYPE_NAMED && !from->under && !from->schema) {
        type_after(c, t, from, s->at);
        return;
    }
    if (from->kind == TYPE_INTERFACE) {
        check_outside(c, s->at, "interfaces of one's own");
        under = bad(c);
    }
    finish_type(c, t, under, s->at);
}

/* ---- functions ---- */

struct function *check_new_function(struct check *c, name_id name, source_place at,
                                    struct type *type)
{
    struct program *p = c->program;
    struct function *f = arena_new(c->arena, struct function);
    f->name = name;
    f->at = at;
    f->type = type;
    p->functions =
        check_grow(c, p->functions, p->function_count, &p->function_cap, sizeof(struct function *));
    f->number = p->function_count;
    p->functions[p->function_count++] = f;
    return f;
}

/* The named type of a receiver, through one '*'. NULL: it can have no methods. */
static struct type *receiver_base(struct check *c, struct type *t, bool *ret_pointer)
{
    *ret_pointer = t->kind == TYPE_POINTER;
    struct type *base = *ret_pointer ? t->elem : t;
    if (base->kind != TYPE_NAMED || base->package)
        return NULL;
    struct type *under = check_under(c, base);
    return under->kind == TYPE_POINTER || under->kind == TYPE_INTERFACE ? NULL : base;
}

static void add_method(struct check *c, struct symbol *s, struct type *receiver)
{
    bool pointer;
    struct type *base = receiver_base(c, receiver, &pointer);
    if (receiver->kind == TYPE_BAD)
        return;
    if (!base) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, s->at,
                    "%s cannot have methods: a receiver is a type of this package",
                    type_text(&c->types, receiver));
        return;
    }
    for (struct type_method *m = base->methods; m; m = m->next) {
        if (m->name != s->name)
            continue;
        check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, s->at, "method %s is declared twice",
                    check_name(c, s->name));
        return;
    }
    struct type *under = check_under(c, base);
    for (uint32_t i = 0; under->kind == TYPE_STRUCT && i < under->field_count; i++)
        if (under->fields[i].name == s->name)
            check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, s->at,
                        "%s is both a field and a method of %s", check_name(c, s->name),
                        type_text(&c->types, base));
    struct type_method *m = arena_new(c->arena, struct type_method);
    *m = (struct type_method){
        .next = base->methods, .name = s->name, .func = s, .by_pointer = pointer};
    base->methods = m;
}

static void func_decl(struct check *c, struct symbol *s, const struct node *decl)
{
    const struct node *name = check_node(c, decl->a), *receiver = check_node(c, name->next);
    node_ref signature = receiver->next;
    /* A generic one was refused: its type parameters are no names here. */
    s->type = decl->op == 1 ? c->types.basic[TYPE_BAD] : check_signature(c, signature);
    s->func = check_new_function(c, s->name, s->at, s->type);
    s->func->body = decl->b;
    s->func->is_bad = decl->op == 1;
    if (receiver->kind == NODE_FIELD) {
        s->func->receiver = check_type(c, receiver->b);
        add_method(c, s, s->func->receiver);
    }
    if (!decl->b)
        check_outside(c, s->at, "functions without a body");
    bool special = receiver->kind != NODE_FIELD &&
                   (name_is(c, s->name, "init") ||
                    (name_is(c, s->name, "main") && strcmp(c->program->package_name, "main") == 0));
    if (special && s->type->kind == TYPE_FUNC &&
        (s->type->field_count || (s->type->elem && s->type->elem->field_count)))
        check_fault(c, CONFIG_FAULT_SYNTAX, s->at, "func %s must have no arguments and no results",
                    check_name(c, s->name));
    if (special && name_is(c, s->name, "init")) {
        struct program *p = c->program;
        p->init_functions = check_grow(c, p->init_functions, p->init_function_count,
                                       &p->init_function_cap, sizeof(uint32_t));
        p->init_functions[p->init_function_count++] = s->func->number;
    }
    if (receiver->kind != NODE_FIELD && name_is(c, s->name, "main"))
        c->program->main = s->func;
}

/* ---- variables ---- */

static void add_init(struct check *c, node_ref value, struct symbol **vars, uint32_t count)
{
    struct program *p = c->program;
    p->inits = check_grow(c, p->inits, p->init_count, &p->init_cap, sizeof(*p->inits));
    uint32_t *globals = arena_alloc_array(c->arena, count, sizeof(*globals));
    for (uint32_t i = 0; i < count; i++)
        globals[i] = vars[i]->slot;
    p->inits[p->init_count++] = (struct init){.value = value, .globals = globals, .count = count};
}

/* All names of one declaration: `first` is the one that was asked for. */
static uint32_t names_of_decl(struct check *c, const struct symbol *first, struct symbol **ret,
                              uint32_t max)
{
    uint32_t count = 0;
    uint32_t from = first->order; /* names that were refused have no symbol */
    while (from > 0 && c->globals[from - 1]->decl == first->decl)
        from--;
    for (uint32_t i = from;
         i < c->global_count && c->globals[i]->decl == first->decl && count < max; i++)
        ret[count++] = c->globals[i];
    return count;
}

enum { VAR_NAMES_MAX = 256 };

/* var a, b = f(): one value for all of them. */
static void var_tuple(struct check *c, struct symbol *s, node_ref spec, struct type *type)
{
    struct symbol **vars = arena_alloc_array(c->arena, VAR_NAMES_MAX, sizeof(struct symbol *));
    uint32_t count = names_of_decl(c, s, vars, VAR_NAMES_MAX);
    struct type **types = arena_alloc_array(c->arena, count + 1, sizeof(struct type *));
    for (uint32_t i = 0; i < count; i++) {
        vars[i]->state = STATE_ACTIVE;
        types[i] = vars[i]->type = type;
    }
    node_ref value = check_node(c, spec)->b;
    struct symbol *owner = c->owner;
    c->owner = vars[0];
    check_values(c, value, types, count, s->at, "in variable declaration");
    c->owner = owner;
    for (uint32_t i = 0; i < count; i++) {
        vars[i]->type = types[i];
        vars[i]->state = STATE_DONE;
        c->program->global_types[vars[i]->slot] = types[i];
        if (i)
            vars[i]->uses = vars[0]->uses;
    }
    add_init(c, value, vars, count);
}

static void var_decl(struct check *c, struct symbol *s, const struct node *decl)
{
    const struct node *spec = check_node(c, decl->b);
    uint32_t names = tree_length(c->tree, decl->a), values = tree_length(c->tree, spec->b);
    struct type *type = spec->a ? check_type(c, spec->a) : NULL;

    s->type = type;
    if (!type && !values) {
        s->type = bad(c);
        return;
    }
    if (values && names != values) {
        if (values == 1) {
            var_tuple(c, s, decl->b, type);
            return;
        }
        if (s->index == 0)
            check_fault(c, CONFIG_FAULT_SYNTAX, s->at, "%u variables but %u values", names, values);
        s->type = type ? type : bad(c);
        return;
    }
    if (values) {
        node_ref value = tree_at(c->tree, spec->b, s->index);
        struct operand x;
        check_expr(c, value, &x);
        if (type)
            check_assign(c, &x, type, "in variable declaration");
        else
            check_default(c, &x);
        s->type = type ? type : x.mode == MODE_BAD ? bad(c) : x.type;
        add_init(c, value, &s, 1);
    }
    c->program->global_types[s->slot] = s->type;
}

/* ---- on demand ---- */

static void resolve(struct check *c, struct symbol *s)
{
    const struct node *decl = check_node(c, s->decl);
    switch (s->kind) {
    case SYMBOL_CONST:
        const_value(c, s, decl);
        if (s->index == 0)
            check_extra_values(c, decl);
        break;
    case SYMBOL_TYPE:
        type_decl(c, s, decl);
        break;
    case SYMBOL_VAR:
        var_decl(c, s, decl);
        break;
    default:
        func_decl(c, s, decl);
    }
}

void check_resolve(struct check *c, struct symbol *s)
{
    if (s->state == STATE_DONE || !s->is_global)
        return;
    if (s->state == STATE_ACTIVE) {
        /* A type may name itself; nothing else may while it is being found out what it is. */
        if (s->kind == SYMBOL_TYPE && s->type)
            return;
        if (s->kind == SYMBOL_VAR && s->type)
            return; /* its type is given: the order of initialisation judges it */
        if (s->kind == SYMBOL_FUNC && s->type)
            return;
        check_fault(c, CONFIG_FAULT_REFERENCE_CYCLE, s->at, "%s refers to itself",
                    check_name(c, s->name));
        s->type = bad(c);
        return;
    }
    /* In the world of the declaration, not of whoever asked. */
    uint32_t barrier = c->barrier, file = c->file;
    struct symbol *owner = c->owner;
    struct function *func = c->func;
    struct place_in_schema *where = c->where;
    const struct constant *iota = c->iota;
    struct branch_target *targets = c->targets;
    bool saved = c->is_const_decl;

    s->state = STATE_ACTIVE;
    c->barrier = c->level + 1;
    c->file = s->file;
    c->owner = s;
    c->func = NULL;
    c->where = NULL;
    c->iota = NULL;
    c->targets = NULL;
    c->is_const_decl = false;
    if (++c->depth < c->package->limits->nesting_depth_max)
        resolve(c, s);
    else
        check_fault(c, CONFIG_FAULT_LIMIT, s->at,
                    "declarations depend on each other deeper than "
                    "nesting_depth_max (%u)",
                    c->package->limits->nesting_depth_max);
    c->depth--;
    if (!s->type)
        s->type = bad(c);
    s->state = STATE_DONE;
    c->barrier = barrier;
    c->file = file;
    c->owner = owner;
    c->func = func;
    c->where = where;
    c->iota = iota;
    c->targets = targets;
    c->is_const_decl = saved;
}

/* ---- local ---- */

static void local_consts(struct check *c, node_ref decl)
{
    const struct node *n = check_node(c, decl);
    uint32_t index = 0;
    struct symbol *made[64];
    uint32_t count = 0;
    for (node_ref m = n->a; m; m = check_node(c, m)->next, index++) {
        if (check_node(c, m)->kind != NODE_NAME)
            continue;
        struct symbol *s = check_symbol(c, SYMBOL_CONST, check_node(c, m)->a, check_node(c, m)->at);
        s->index = index;
        s->state = STATE_DONE;
        const_value(c, s, n);
        if (count < ARRAY_LEN(made))
            made[count++] = s;
        else
            check_declare(c, s);
    }
    check_extra_values(c, n);
    for (uint32_t i = 0; i < count; i++) /* visible only behind their declaration */
        check_declare(c, made[i]);
}

static void local_vars(struct check *c, node_ref decl)
{
    struct node *n = check_node(c, decl);
    const struct node *spec = check_node(c, n->b);
    uint32_t count = tree_length(c->tree, n->a);
    struct type **types = arena_alloc_array(c->arena, count + 1, sizeof(struct type *));
    struct type *type = spec->a ? check_type(c, spec->a) : NULL;

    for (uint32_t i = 0; i < count; i++)
        types[i] = type;
    if (spec->b)
        check_values(c, spec->b, types, count, n->at, "in variable declaration");
    uint32_t i = 0;
    for (node_ref m = n->a; m; m = check_node(c, m)->next, i++) {
        struct node *name = check_node(c, m);
        if (name->kind != NODE_NAME)
            continue;
        struct symbol *s = check_local(c, name->a, name->at, types[i] ? types[i] : bad(c));
        bool blank = name_is(c, name->a, "_");
        check_declare(c, s);
        name->kind = blank ? RUN_BLANK : RUN_LOCAL;
        name->a = s->slot;
        name->b = s->number;
        name->type = s->type->number;
        name->flags = RUN_NEW_VAR;
    }
}

static void local_type(struct check *c, node_ref decl)
{
    const struct node *n = check_node(c, decl), *name = check_node(c, n->a);
    if (name->kind != NODE_NAME)
        return;
    struct symbol *s = check_symbol(c, SYMBOL_TYPE, name->a, name->at);
    s->state = STATE_DONE;
    if (!n->op)
        check_declare(c, s);
    type_decl(c, s, n);
    if (n->op)
        check_declare(c, s);
}

void check_local_decls(struct check *c, node_ref list)
{
    for (; list; list = check_node(c, list)->next) {
        switch (check_node(c, list)->kind) {
        case NODE_CONST:
            local_consts(c, list);
            break;
        case NODE_VAR:
            local_vars(c, list);
            break;
        case NODE_TYPE_DECL:
            local_type(c, list);
            break;
        default:
            break;
        }
    }
}

/* ---- bodies ---- */

static uint32_t declare_params(struct check *c, node_ref list, const struct type *types,
                               bool results, struct symbol **ret_named)
{
    uint32_t count = 0;
    for (node_ref f = list; f && count < types->field_count; f = check_node(c, f)->next, count++) {
        const struct node *field = check_node(c, f);
        const struct node *name = field->a ? check_node(c, field->a) : NULL;
        name_id id = name && name->kind == NODE_NAME ? name->a : 0;
        struct symbol *s =
            check_local(c, id, name ? name->at : field->at, types->fields[count].type);
        s->is_used = true;
        s->is_result = results;
        check_declare(c, s);
        ret_named[count] = s;
        if (results && id)
            c->func->has_named_results = true;
    }
    return count;
}

static void note_boxed(struct check *c, struct function *f, struct symbol **vars, uint32_t count)
{
    f->boxed = arena_alloc_array(c->arena, count + 1, sizeof(*f->boxed));
    for (uint32_t i = 0; i < count; i++)
        if (vars[i]->is_boxed)
            f->boxed[f->boxed_count++] = vars[i]->slot;
}

void check_function_body(struct check *c, struct function *f, node_ref signature, node_ref receiver)
{
    const struct node *sig = check_node(c, signature);
    struct function *outer = c->func;
    struct symbol *saved;
    struct branch_target *targets = c->targets;
    struct place_in_schema *where = c->where;
    uint32_t most = tree_length(c->tree, sig->a) + tree_length(c->tree, sig->b) + 1;
    struct symbol **vars = arena_alloc_array(c->arena, most, sizeof(struct symbol *));

    f->outer = outer;
    c->func = f;
    c->targets = NULL;
    c->where = NULL;
    check_open(c, &saved);
    if (receiver) {
        struct type_field self = {.type = f->receiver};
        struct type one = {.fields = &self, .field_count = 1};
        f->param_count = declare_params(c, receiver, &one, false, vars);
    }
    f->param_count += declare_params(c, sig->a, f->type, false, vars + f->param_count);
    f->result_count = declare_params(c, sig->b, f->type->elem, true, vars + f->param_count);
    if (f->body) {
        check_stmts(c, check_node(c, f->body)->a);
        if (f->result_count && !c->has_syntax_faults && !check_terminates(c, f->body))
            check_fault(c, CONFIG_FAULT_SYNTAX, check_node(c, f->body)->type,
                        "missing return at the end of the function");
    }
    check_close(c, saved);
    note_boxed(c, f, vars, f->param_count + f->result_count);
    c->func = outer;
    c->targets = targets;
    c->where = where;
}

void check_bodies(struct check *c)
{
    for (uint32_t i = 0; i < c->global_count; i++) {
        struct symbol *s = c->globals[i];
        if (s->kind != SYMBOL_FUNC || !s->func || s->func->is_bad)
            continue;
        const struct node *n = check_node(c, s->decl), *name = check_node(c, n->a);
        const struct node *receiver = check_node(c, name->next);
        c->file = s->file;
        c->owner = s;
        check_function_body(c, s->func, receiver->next,
                            receiver->kind == NODE_FIELD ? name->next : 0);
        c->owner = NULL;
        arena_reset(&c->scratch);
    }
}
