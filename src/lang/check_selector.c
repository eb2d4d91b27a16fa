/* x.name: fields, methods, and what packages have. */
#include "base/suggest.h"
#include "lang/checker.h"
#include "lang/golib.h"
#include "lang/lib.h"

enum { EMBED_DEPTH_MAX = 16, WORDS_MAX = 200 };

/* ---- fields and methods, also promoted ones ---- */

struct member {
    uint32_t path[EMBED_DEPTH_MAX]; /* members on the way, the last is the field itself */
    uint32_t length;
    struct type_method *method; /* or NULL: a field */
    bool is_ambiguous;
};

static struct type *struct_of(struct check *c, struct type *t)
{
    struct type *u = check_under(c, t);
    if (u->kind == TYPE_POINTER)
        u = check_under(c, u->elem);
    return u;
}

static struct type_method *own_method(struct type *t, name_id name)
{
    struct type *base = t->kind == TYPE_POINTER ? t->elem : t;
    for (struct type_method *m = base->kind == TYPE_NAMED ? base->methods : NULL; m; m = m->next)
        if (m->name == name)
            return m;
    return NULL;
}

/* All that lie exactly `depth` embeddings deep. Returns how many. */
static uint32_t find_at(struct check *c, struct type *t, name_id name, uint32_t depth, uint32_t at,
                        struct member *ret)
{
    struct type *u = struct_of(c, t);
    uint32_t found = 0;
    if (depth == 0) {
        struct type_method *m = own_method(t, name);
        if (m) {
            ret->method = m;
            ret->length = at;
            return 1;
        }
    }
    for (uint32_t i = 0; u->kind == TYPE_STRUCT && i < u->field_count; i++) {
        const struct type_field *f = &u->fields[i];
        if (depth == 0 && f->name == name) {
            ret->path[at] = i;
            ret->length = at + 1;
            ret->method = NULL;
            return 1;
        }
        if (depth > 0 && f->is_embedded && at + 1 < EMBED_DEPTH_MAX) {
            struct member inner = *ret;
            inner.path[at] = i;
            uint32_t n = find_at(c, f->type, name, depth - 1, at + 1, &inner);
            if (n)
                *ret = inner;
            found += n;
        }
    }
    return found;
}

static bool find_member(struct check *c, struct type *t, name_id name, struct member *ret)
{
    for (uint32_t depth = 0; depth < EMBED_DEPTH_MAX; depth++) {
        *ret = (struct member){0};
        uint32_t found = find_at(c, t, name, depth, 0, ret);
        if (found) {
            ret->is_ambiguous = found > 1;
            return true;
        }
    }
    return false;
}

struct type_method *check_find_method(struct check *c, struct type *t, name_id name)
{
    struct member m;
    return find_member(c, t, name, &m) && !m.is_ambiguous ? m.method : NULL;
}

/* The node, whose base in `a` was checked as x, becomes one step into the struct. */
static void field_step(struct check *c, node_ref ref, struct operand *x, uint32_t index)
{
    struct node *n = check_node(c, ref);
    struct type *under = check_under(c, x->type);
    bool pointer = under->kind == TYPE_POINTER;
    struct type *of = pointer ? check_under(c, under->elem) : under;
    struct type *type = of->fields[index].type;
    n->kind = pointer ? RUN_FIELD_OF : RUN_FIELD;
    n->b = index;
    n->type = type->number;
    n->flags = check_node(c, n->a)->flags & RUN_CALLS;
    if (kind_is_aggregate(check_under(c, type)->kind))
        n->flags |= RUN_AGGREGATE;
    if (pointer)
        x->mode = MODE_VARIABLE;
    else if (x->mode != MODE_VARIABLE)
        x->mode = MODE_VALUE;
    x->type = type;
    x->node = ref;
}

/* Steps into embedded structs, each a node of its own below the selector's. */
static void embedded_steps(struct check *c, node_ref ref, struct operand *x, const struct member *m,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        node_ref step = tree_add(c->tree, NODE_SELECTOR, check_node(c, ref)->at);
        check_node(c, step)->a = check_node(c, ref)->a;
        check_node(c, ref)->a = step;
        field_step(c, step, x, m->path[i]);
    }
}

/* The receiver as the method wants it: followed, or its address. false: told. */
static bool adjust_receiver(struct check *c, node_ref base, struct operand *x,
                            const struct type_method *m)
{
    bool pointer = check_under(c, x->type)->kind == TYPE_POINTER;
    if (m->by_pointer == pointer)
        return true;
    if (pointer) {
        struct type *elem = check_under(c, x->type)->elem;
        check_wrap(c, base, RUN_DEREF, elem);
        if (kind_is_aggregate(check_under(c, elem)->kind))
            check_node(c, base)->flags |= RUN_AGGREGATE;
        return true;
    }
    if (x->mode != MODE_VARIABLE) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, base)->at,
                    "method %s has a pointer receiver: it needs a variable",
                    check_name(c, m->name));
        return false;
    }
    check_pin(c, base);
    check_wrap(c, base, RUN_ADDRESS, type_pointer(&c->types, x->type));
    return true;
}

static void method_value(struct check *c, node_ref ref, struct operand *x, const struct member *m)
{
    struct node *n;
    embedded_steps(c, ref, x, m, m->length);
    check_resolve(c, m->method->func);
    check_depends(c, m->method->func);
    n = check_node(c, ref);
    if (m->method->func->type->kind != TYPE_FUNC || !adjust_receiver(c, n->a, x, m->method)) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    n->kind = RUN_BOUND;
    n->b = m->method->func->func->number;
    n->flags = check_node(c, n->a)->flags & RUN_CALLS;
    x->type = m->method->func->type;
    n->type = x->type->number;
    x->mode = MODE_VALUE;
    x->node = ref;
}

/* T.Method: a function whose first parameter is the receiver. */
static void method_expr(struct check *c, node_ref ref, struct type *t, struct operand *x)
{
    struct node *n = check_node(c, ref);
    struct member m;
    x->node = ref;
    if (t == c->types.error || t == c->types.duration) {
        check_outside(c, n->at, "method expressions of the library's types");
        check_bad(c, x);
        return;
    }
    bool found = find_member(c, t, n->b, &m) && m.method;
    if (found && m.length) {
        check_outside(c, n->at, "method expressions of embedded types");
        check_bad(c, x);
        return;
    }
    if (!found) {
        check_fault(c, CONFIG_FAULT_UNKNOWN_FIELD, n->type, "%s has no method %s",
                    type_text(&c->types, t), check_name(c, n->b));
        check_bad(c, x);
        return;
    }
    check_resolve(c, m.method->func);
    check_depends(c, m.method->func);
    const struct type *sig = m.method->func->type;
    if (sig->kind != TYPE_FUNC || m.method->by_pointer != (t->kind == TYPE_POINTER)) {
        if (sig->kind == TYPE_FUNC)
            check_outside(c, n->at, "method expressions with another receiver");
        check_bad(c, x);
        return;
    }
    struct type_field *params = arena_alloc_array(c->arena, sig->field_count + 1, sizeof(*params));
    params[0].type = t;
    for (uint32_t i = 0; i < sig->field_count; i++)
        params[i + 1].type = sig->fields[i].type;
    n->kind = RUN_FUNC;
    n->a = m.method->func->func->number;
    x->mode = MODE_VALUE;
    x->type = type_func(&c->types, params, sig->field_count + 1, sig->elem, sig->is_variadic);
    n->type = x->type->number;
}

/* ---- packages ---- */

static const char *nearest_in_package(const struct golib_package *p, struct slice name)
{
    const char *words[WORDS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < p->func_count && count < WORDS_MAX; i++)
        if (!strchr(p->funcs[i].name, '.'))
            words[count++] = p->funcs[i].name;
    for (size_t i = 0; i < p->object_count && count < WORDS_MAX; i++)
        words[count++] = p->objects[i].name;
    return suggest_nearest(name, words, count);
}

static void library_object(struct check *c, node_ref ref, const struct golib_object *o,
                           struct operand *x)
{
    struct node *n = check_node(c, ref);
    x->node = ref;
    if (o->kind == GOLIB_ERROR) {
        n->kind = RUN_CONST;
        n->a = check_const_index(c, lib_error_cell(c->arena, &c->types, o->error));
        n->type = c->types.error->number;
        n->flags = 0;
        x->mode = MODE_VALUE;
        x->type = c->types.error;
        return;
    }
    if (!lib_constant(c->arena, &c->types, o, &x->type, &x->value)) {
        check_bad(c, x);
        return;
    }
    x->mode = MODE_CONST;
    if (!kind_is_untyped(x->type->kind))
        check_set_const(c, x);
}

static void package_member(struct check *c, node_ref ref, struct import *p, struct operand *x)
{
    struct node *n = check_node(c, ref);
    struct slice name = name_text(c->names, n->b);
    const struct golib_package *lib = p->is_schema ? NULL : golib_package_find(slice_from(p->path));
    p->is_used = true;
    x->node = ref;
    if (!p->is_schema && !lib) {
        check_bad(c, x); /* the import was refused */
        return;
    }
    const struct golib_func *f = p->is_schema ? lib_firebreak_find(name) : golib_find(lib, name);
    const struct golib_object *o = lib ? golib_object_find(lib, name) : NULL;
    if (o) {
        library_object(c, ref, o, x);
        return;
    }
    if (!f || strchr(f->name, '.')) {
        struct config_fault *fault = check_fault_at(
            c, p->is_schema ? CONFIG_FAULT_UNRESOLVED_REFERENCE : CONFIG_FAULT_NOT_IN_SUBSET,
            n->type, p->is_schema ? "package %s has no %s" : "%s.%s is not in the Firebreak subset",
            check_name(c, p->name), check_name(c, n->b));
        fault->suggestion = p->is_schema ? NULL : nearest_in_package(lib, name);
        check_bad(c, x);
        return;
    }
    if (lib_is_generic(f)) {
        x->mode = MODE_LIBRARY;
        x->library = f;
        return;
    }
    n->kind = RUN_LIB_FUNC;
    n->a = lib_index(c->program, c->arena, f);
    x->mode = MODE_VALUE;
    x->type = c->program->lib_types[n->a];
    n->type = x->type->number;
    n->flags = 0;
}

/* ---- the selector ---- */

/* d.Seconds() of a time.Duration, err.Error(): methods that no program declared. The node becomes
 * a bound function of the library. */
static bool library_method(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    const struct golib_func *f = NULL;
    if (x->type == c->types.duration)
        f = golib_find(golib_package_find(SLICE("time")),
                       slice_from(arena_printf(c->arena, "Duration.%s", check_name(c, n->b))));
    else if (x->type == c->types.error && slice_eq(name_text(c->names, n->b), SLICE("Error")))
        f = lib_error_method();
    if (!f)
        return false;
    if (kind_is_untyped(x->type->kind))
        check_default(c, x);
    uint32_t index = lib_index(c->program, c->arena, f);
    const struct type *sig = c->program->lib_types[index];
    x->type = type_func(&c->types, sig->fields + 1, sig->field_count - 1, sig->elem, false);
    x->mode = MODE_VALUE;
    x->node = ref;
    n->kind = RUN_BOUND;
    n->op = 1; /* of the library */
    n->b = index;
    n->type = x->type->number;
    n->flags = check_node(c, n->a)->flags & RUN_CALLS;
    return true;
}

static const char *nearest_member(struct check *c, struct type *t, name_id name)
{
    const char *words[WORDS_MAX];
    size_t count = 0;
    struct type *u = struct_of(c, t), *base = t->kind == TYPE_POINTER ? t->elem : t;
    for (uint32_t i = 0; u->kind == TYPE_STRUCT && i < u->field_count && count < WORDS_MAX; i++)
        words[count++] = check_name(c, u->fields[i].name);
    for (struct type_method *m = base->methods; m && count < WORDS_MAX; m = m->next)
        words[count++] = check_name(c, m->name);
    return suggest_nearest(name_text(c->names, name), words, count);
}

static void tell_no_member(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    struct config_fault *f =
        check_fault_at(c, CONFIG_FAULT_UNKNOWN_FIELD, n->type, "%s has no field or method %s",
                       type_text(&c->types, x->type), check_name(c, n->b));
    f->suggestion = nearest_member(c, x->type, n->b);
    x->node = ref;
    check_bad(c, x);
}

void check_selector(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    struct member m;
    const struct node *base = check_node(c, n->a);
    if (base->kind == NODE_NAME && !check_lookup(c, base->a)) {
        struct import *p = check_find_import(c, base->a);
        if (p) {
            package_member(c, ref, p, x);
            return;
        }
    }
    check_any(c, n->a, x);
    if (x->mode == MODE_TYPE) {
        method_expr(c, ref, x->type, x);
        return;
    }
    if (x->mode == MODE_BUILTIN || x->mode == MODE_LIBRARY || x->mode == MODE_NONE ||
        (x->type && x->type->kind == TYPE_TUPLE))
        check_expr(c, n->a, x);
    if (x->mode == MODE_BAD || x->type->kind == TYPE_BAD) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    if (library_method(c, ref, x))
        return;
    struct type *u = check_under(c, x->type);
    bool through = u->kind == TYPE_POINTER && x->type->kind == TYPE_POINTER &&
                   check_under(c, u->elem)->kind == TYPE_POINTER;
    bool blank = slice_eq(name_text(c->names, n->b), SLICE("_"));
    if (kind_is_untyped(x->type->kind) || through || blank || !find_member(c, x->type, n->b, &m) ||
        (m.method && x->type->kind == TYPE_NAMED && u->kind == TYPE_POINTER)) {
        tell_no_member(c, ref, x);
        return;
    }
    if (m.is_ambiguous) {
        check_fault(c, CONFIG_FAULT_UNKNOWN_FIELD, n->type, "ambiguous selector %s",
                    check_name(c, n->b));
        x->node = ref;
        check_bad(c, x);
        return;
    }
    if (m.method) {
        method_value(c, ref, x, &m);
        return;
    }
    embedded_steps(c, ref, x, &m, m.length - 1);
    field_step(c, ref, x, m.path[m.length - 1]);
}
