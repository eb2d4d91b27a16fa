/* Values as fmt sees them: kinds, names, children, and the program's own String and Error. */
#include <errno.h>

#include "lang/checker.h"
#include "lang/evaluator.h"
#include "lang/go_print.h"

/* What go_value.object points to: a value on the heap. The evaluator is found through the type's
 * table, which is why both lie together. */
struct shown {
    struct cell value; /* first: error_to_cell reads it as a cell */
    struct eval *e;
};

static const struct go_value_ops ops;

static enum go_kind kind_of(const struct type *under)
{
    if (under->kind >= TYPE_INT && under->kind <= TYPE_FLOAT64)
        return (enum go_kind)(under->kind - TYPE_INT + GO_INT);
    switch (under->kind) {
    case TYPE_BOOL:
        return GO_BOOL;
    case TYPE_STRING:
        return GO_STRING;
    case TYPE_SLICE:
        return GO_SLICE;
    case TYPE_ARRAY:
        return GO_ARRAY;
    case TYPE_STRUCT:
        return GO_STRUCT;
    case TYPE_MAP:
        return GO_MAP;
    case TYPE_POINTER:
        return GO_POINTER;
    case TYPE_FUNC:
        return GO_FUNC;
    case TYPE_BAD: /* of a field that was refused: nobody asks what is in it */
        return GO_NIL;
    default:
        return GO_INTERFACE;
    }
}

static const struct shown *shown_of(const struct go_value *v)
{
    return v->object;
}

static struct type *type_of(const struct go_value *v)
{
    const struct type *t = v->type;
    return shown_of(v)->e->types->items[t->number];
}

static int append_type(const struct go_value *v, struct buf *to)
{
    struct eval *e = shown_of(v)->e;
    return type_append(e->types, type_of(v), e->p->package_name, to);
}

/* A value of that static type: an interface is looked into only when it is asked for. */
static struct go_value member_value(struct eval *e, struct cell v, struct type *type)
{
    if (type_under(e->types, type)->kind != TYPE_INTERFACE)
        return eval_go_value(e, v, type);
    struct shown *s = heap_alloc(&e->heap, sizeof(*s));
    *s = (struct shown){.value = v, .e = e};
    return (struct go_value){
        .kind = GO_INTERFACE, .is_nil = !v.boxed, .type = type, .ops = &ops, .object = s};
}

static int child(const struct go_value *v, uint64_t at, struct go_value *ret)
{
    struct eval *e = shown_of(v)->e;
    struct cell c = shown_of(v)->value, item = {0};
    struct type *under = type_under(e->types, type_of(v)), *type;
    switch (under->kind) {
    case TYPE_SLICE:
        item = *view_at(c.view, (uint32_t)at);
        type = under->elem;
        break;
    case TYPE_ARRAY:
    case TYPE_STRUCT:
        item = c.object ? object_get(c.object, (uint32_t)at) : item;
        type = under->kind == TYPE_ARRAY ? under->elem : under->fields[at].type;
        break;
    case TYPE_POINTER:
        type = under->elem;
        item = type_is_aggregate(e->types, type) ? (struct cell){.object = c.object}
                                                 : object_get(c.object, c.size);
        break;
    default:
        if (!c.boxed) {
            *ret = (struct go_value){.kind = GO_NIL};
            return 0;
        }
        item = c.boxed->value;
        type = e->types->items[c.boxed->type];
    }
    *ret =
        under->kind == TYPE_INTERFACE ? eval_go_value(e, item, type) : member_value(e, item, type);
    return 0;
}

static int entry(const struct go_value *v, uint64_t at, struct go_value *ret_key,
                 struct go_value *ret_value)
{
    struct eval *e = shown_of(v)->e;
    const struct table *t = shown_of(v)->value.table;
    struct type *under = type_under(e->types, type_of(v));
    for (uint32_t i = 0; i < t->count; i++) {
        if (!t->entries[i].is_live || at-- > 0)
            continue;
        *ret_key = member_value(e, t->entries[i].key, under->key);
        *ret_value = member_value(e, t->entries[i].value, under->elem);
        return 0;
    }
    return -ENOENT;
}

static struct slice field_name(const struct go_value *v, uint64_t at)
{
    struct eval *e = shown_of(v)->e;
    return name_text(e->types->names, type_under(e->types, type_of(v))->fields[at].name);
}

/* ---- methods ---- */

static const char *const method_names[] = {
    [GO_HAS_ERROR] = "Error", [GO_HAS_STRING] = "String", [GO_HAS_GOSTRING] = "GoString"};

/* A method of that name, with that argument or none and that one result, in the method set of the
 * type; also one of an embedded struct. *ret: the receiver. */
static const struct function *method_with(struct eval *e, struct type *t, struct cell v,
                                          const char *name, const struct type *param,
                                          const struct type *result, uint32_t depth,
                                          struct cell *ret)
{
    bool pointer = t->kind == TYPE_POINTER;
    struct type *base = pointer ? t->elem : t;
    for (struct type_method *m = base->kind == TYPE_NAMED ? base->methods : NULL; m; m = m->next) {
        if (!slice_eq_cstr(name_text(e->types->names, m->name), name) ||
            (m->by_pointer && !pointer))
            continue;
        const struct function *f = m->func->func;
        if (!f || f->type->field_count != (param != NULL) || f->type->elem->field_count != 1 ||
            (param && f->type->fields[0].type != param) ||
            f->type->elem->fields[0].type != result)
            return NULL;
        *ret = pointer && !m->by_pointer && !type_is_aggregate(e->types, base)
                   ? (v.object ? object_get(v.object, v.size) : v)
                   : v;
        return f;
    }
    struct type *under = type_under(e->types, base);
    for (uint32_t i = 0; depth && under->kind == TYPE_STRUCT && i < under->field_count; i++) {
        if (!under->fields[i].is_embedded)
            continue;
        struct cell inner = v.object ? object_get(v.object, i) : (struct cell){0};
        const struct function *f =
            method_with(e, under->fields[i].type, inner, name, param, result, depth - 1, ret);
        if (f)
            return f;
    }
    return NULL;
}

static const struct function *method_of(struct eval *e, struct type *t, struct cell v,
                                        const char *name, uint32_t depth, struct cell *ret)
{
    return method_with(e, t, v, name, NULL, e->types->basic[TYPE_STRING], depth, ret);
}

static struct cell call_method(struct eval *e, const struct function *f, struct cell receiver,
                               const struct cell *arg)
{
    uint32_t base = e->sp;
    eval_push(e, cell_copy(&e->heap, receiver, f->receiver));
    if (arg)
        eval_push(e, *arg);
    struct cell v = eval_function(e, e->p->functions[f->number], base, NULL, f->at);
    e->sp = base;
    return e->stop ? (struct cell){0} : v;
}

static int duration_text(struct eval *e, const struct go_value *v, struct buf *to)
{
    struct golib_call call = {.arena = &e->heap.arena};
    union golib_value in = {.integer = shown_of(v)->value.i}, out = {0};
    const struct golib_func *f =
        golib_find(golib_package_find(SLICE("time")), SLICE("Duration.String"));
    int r = f ? f->call(&call, &in, &out) : -ENOENT;
    return r < 0 ? r : buf_append_slice(to, out.text);
}

static int method(const struct go_value *v, enum go_methods which, struct buf *to)
{
    struct eval *e = shown_of(v)->e;
    struct cell receiver;
    struct type *t = type_of(v);
    if (t == e->types->duration)
        return duration_text(e, v, to);
    const struct function *f =
        method_of(e, t, shown_of(v)->value, method_names[which], 4, &receiver);
    if (!f)
        return -ENOENT;
    if (t->kind == TYPE_POINTER && !shown_of(v)->value.object && f->receiver->kind != TYPE_POINTER)
        return -ECANCELED; /* it wants what nil points to */
    struct cell text = call_method(e, f, receiver, NULL);
    if (e->stop)
        return -EPIPE; /* told already: the printing ends, too */
    return buf_append_slice(to, cell_text(text));
}

static uint8_t methods_of(struct eval *e, struct cell v, struct type *t)
{
    struct cell receiver;
    uint8_t have = 0;
    if (t == e->types->duration)
        return GO_HAS_STRING;
    struct type *base = t->kind == TYPE_POINTER ? t->elem : t;
    if (base->kind != TYPE_NAMED && type_under(e->types, base)->kind != TYPE_STRUCT)
        return 0;
    for (int m = GO_HAS_ERROR; m <= GO_HAS_GOSTRING; m *= 2)
        if (method_of(e, t, v, method_names[m], 4, &receiver))
            have |= (uint8_t)m;
    return have;
}

/* ---- errors ---- */

static bool equal(const struct go_value *a, const struct go_value *b)
{
    struct eval *e = shown_of(a)->e;
    return type_of(a) == type_of(b) && cell_equal(&e->heap, shown_of(a)->value,
                                                  shown_of(b)->value, type_of(a)) == 1;
}

static size_t unwrap(const struct go_value *v, const struct go_error *const **ret, bool *ret_list)
{
    struct eval *e = shown_of(v)->e;
    struct type *one = e->types->error, *many = type_slice(e->types, one);
    struct cell receiver, c = shown_of(v)->value;
    const struct function *f = method_with(e, type_of(v), c, "Unwrap", NULL, one, 4, &receiver);
    *ret_list = !f;
    if (!f)
        f = method_with(e, type_of(v), c, "Unwrap", NULL, many, 4, &receiver);
    if (!f)
        return 0;
    struct cell inner = call_method(e, f, receiver, NULL);
    uint32_t size = !*ret_list ? 1 : inner.view ? inner.view->size : 0;
    size_t count = 0;
    if (!heap_has_room(&e->heap, size * sizeof(void *)))
        return 0;
    const struct go_error **all = heap_alloc(&e->heap, size * sizeof(*all));
    for (uint32_t i = 0; i < size && !e->stop; i++) {
        all[count] = eval_error_of(e, *ret_list ? *view_at(inner.view, i) : inner);
        count += all[count] != NULL;
    }
    *ret = all;
    return count;
}

static bool is(const struct go_value *v, const struct go_error *target)
{
    struct eval *e = shown_of(v)->e;
    struct cell receiver, arg = eval_error_cell(e, target);
    const struct function *f = method_with(e, type_of(v), shown_of(v)->value, "Is", e->types->error,
                                           e->types->basic[TYPE_BOOL], 4, &receiver);
    return f && call_method(e, f, receiver, &arg).i != 0;
}

static const struct go_value_ops ops = {
    .equal = equal,
    .unwrap = unwrap,
    .is = is,
    .append_type = append_type,
    .child = child,
    .entry = entry,
    .field_name = field_name,
    .method = method,
};

struct go_value eval_go_value(struct eval *e, struct cell v, struct type *type)
{
    struct type *under = type_under(e->types, type);
    if (type == e->types->error) /* one that the library made */
        return go_error_value((const struct go_error *)(const void *)v.text);
    struct go_value g = {.kind = (uint8_t)kind_of(under), .type = type, .ops = &ops};
    g.methods = methods_of(e, v, type);
    /* What Errorf wraps is kept; all else dies with the call that it is an argument of. */
    bool kept = !e->scratch_users || (g.methods & GO_HAS_ERROR);
    struct shown *s =
        kept ? heap_alloc(&e->heap, sizeof(*s)) : arena_alloc(&e->scratch, sizeof(*s));
    *s = (struct shown){.value = v, .e = e};
    g.object = s;
    switch (under->kind) {
    case TYPE_STRING:
        g.text = cell_text(v);
        break;
    case TYPE_BOOL:
        g.boolean = v.i != 0;
        break;
    case TYPE_SLICE:
        g.is_nil = !v.view;
        g.count = v.view ? v.view->size : 0;
        g.elem_kind = (uint8_t)kind_of(type_under(e->types, under->elem));
        break;
    case TYPE_ARRAY:
        g.count = (uint64_t)under->length;
        g.elem_kind = (uint8_t)kind_of(type_under(e->types, under->elem));
        break;
    case TYPE_STRUCT:
        g.count = under->field_count;
        break;
    case TYPE_MAP:
        g.is_nil = !v.table;
        g.count = v.table ? v.table->live : 0;
        break;
    case TYPE_POINTER:
        g.is_nil = !v.object;
        g.elem_kind = (uint8_t)kind_of(type_under(e->types, under->elem));
        break;
    case TYPE_FUNC:
        g.is_nil = !v.closure;
        break;
    default:
        g.integer = v.i;
    }
    return g;
}

int eval_print(struct eval *e, const struct go_value *v, struct buf *to)
{
    return go_sprint(to, &e->heap.arena, v, 1);
}
