/* Types as they are written. */
#include "base/suggest.h"
#include "lang/checker.h"
#include "lang/golib.h"

enum { WORDS_MAX = 200 };
#define ARRAY_BYTES_MAX ((uint64_t)1 << 50) /* as gc has it */

static struct type *bad(struct check *c)
{
    return c->types.basic[TYPE_BAD];
}

static const char *suggest_type(struct check *c, struct slice name)
{
    const char *words[WORDS_MAX];
    size_t count = 0;
    for (; c->types.schema && c->types.schema->structs[count] && count < ARRAY_LEN(words); count++)
        words[count] = c->types.schema->structs[count]->name;
    return suggest_nearest(name, words, count);
}

/* package.Name as a type; NULL: the package has no such type. */
static struct type *library_type(struct check *c, const struct import *p, struct slice name)
{
    if (p->is_schema)
        return type_of_schema(&c->types, name);
    if (slice_eq(slice_from(p->path), SLICE("time")) && slice_eq(name, SLICE("Duration")))
        return c->types.duration;
    return NULL;
}

static struct import *import_of(struct check *c, node_ref ref)
{
    const struct node *n = check_node(c, ref);
    if (n->kind != NODE_NAME || check_lookup(c, n->a))
        return NULL;
    return check_find_import(c, n->a);
}

static struct type *selector_type(struct check *c, const struct node *n)
{
    struct import *p = import_of(c, n->a);
    if (!p)
        return NULL;
    struct slice name = name_text(c->names, n->b);
    struct type *t = library_type(c, p, name);
    if (t)
        p->is_used = true;
    return t;
}

static struct type *symbol_type(struct check *c, struct symbol *s, source_place at)
{
    s->is_used = true;
    if (!s->type && s->level == 0) {
        bool numbers = slice_starts_with(name_text(c->names, s->name), SLICE("complex"));
        check_outside(c, at, numbers ? "complex numbers" : "constraints");
        return bad(c);
    }
    check_resolve(c, s);
    return s->type ? s->type : bad(c);
}

static bool try_name(struct check *c, const struct node *n, struct type **ret)
{
    struct symbol *s = check_lookup(c, n->a);
    if (!s || s->kind != SYMBOL_TYPE)
        return false;
    *ret = symbol_type(c, s, n->at);
    return true;
}

static struct type *array_type(struct check *c, const struct node *n)
{
    if (!n->a)
        return type_slice(&c->types, check_type(c, n->b));
    if (check_node(c, n->a)->kind == NODE_ELLIPSIS) {
        check_fault(c, CONFIG_FAULT_SYNTAX, n->at,
                    "[...] is only for the type of a composite literal");
        check_type(c, n->b);
        return bad(c);
    }
    struct operand x;
    int64_t length = 0;
    bool saved = c->is_const_decl;
    c->is_const_decl = true; /* a length is no code */
    check_expr(c, n->a, &x);
    c->is_const_decl = saved;
    struct type *elem = check_type(c, n->b);
    if (x.mode == MODE_BAD)
        return bad(c);
    struct type *under = check_under(c, x.type);
    bool whole = false;
    struct constant v = {0};
    if (x.mode == MODE_CONST && kind_is_number(under->kind) &&
        (kind_is_untyped(under->kind) || kind_is_integer(under->kind)))
        constant_to_int(c->arena, x.value, &whole, &v);
    if (!whole) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, n->a)->at,
                    "the length of an array must be a constant whole number, not %s",
                    check_describe(c, &x));
        return bad(c);
    }
    if (!constant_to_i64(v, &length) || length < 0) {
        check_fault(c, CONFIG_FAULT_OUT_OF_RANGE, check_node(c, n->a)->at, "invalid array length");
        return bad(c);
    }
    uint64_t bytes = type_facts(&c->types, elem).bytes;
    if (bytes && (uint64_t)length > ARRAY_BYTES_MAX / bytes) {
        check_fault(c, CONFIG_FAULT_OUT_OF_RANGE, n->at, "the array type is too large");
        return bad(c);
    }
    return type_array(&c->types, elem, length);
}

static void judge_late(struct check *c, struct type *type, source_place at, bool is_key)
{
    c->late = check_grow(c, c->late, c->late_count, &c->late_cap, sizeof(*c->late));
    c->late[c->late_count++] = (struct late_type){.type = type, .at = at, .is_key = is_key};
}

static struct type *map_type(struct check *c, const struct node *n)
{
    struct type *key = check_type(c, n->a), *elem = check_type(c, n->b);
    struct type *under = check_under(c, key);
    bool known = key->kind != TYPE_NAMED; /* else it may not be complete yet */
    if (known && under->kind != TYPE_BAD && !type_is_comparable(&c->types, key)) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, n->a)->at,
                    "invalid map key type %s: it cannot be compared", type_text(&c->types, key));
        return bad(c);
    }
    if (!known)
        judge_late(c, key, check_node(c, n->a)->at, true);
    return type_map(&c->types, key, elem);
}

void check_late_types(struct check *c)
{
    for (uint32_t i = 0; i < c->late_count; i++) {
        const struct late_type *l = &c->late[i];
        if (l->is_key && !type_is_comparable(&c->types, l->type))
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, l->at,
                        "invalid map key type %s: it cannot be compared",
                        type_text(&c->types, l->type));
        if (!l->is_key && check_under(c, l->type)->kind == TYPE_POINTER)
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, l->at,
                        "embedded field type cannot be a pointer");
    }
}

/* The name that an embedded field has: its type's. */
static name_id embedded_name(struct check *c, node_ref ref)
{
    const struct node *n = check_node(c, ref);
    if (n->kind == NODE_STAR || n->kind == NODE_PAREN)
        return embedded_name(c, n->a);
    return n->kind == NODE_SELECTOR ? n->b : n->kind == NODE_NAME ? n->a : 0;
}

static bool field_is_new(struct check *c, const struct type_field *fields, uint32_t count,
                         name_id name, source_place at)
{
    struct slice text = name_text(c->names, name);
    for (uint32_t i = 0; i < count && !slice_eq(text, SLICE("_")); i++) {
        if (fields[i].name != name)
            continue;
        check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, at, "field %s is declared twice",
                    check_name(c, name));
        return false;
    }
    return true;
}

static struct slice tag_of(struct check *c, const struct node *field)
{
    struct slice text = {0};
    if (!field->type)
        return text;
    struct slice at = tree_text(c->tree, field->type);
    struct literal l;
    if (literal_scan_string(at, &l) == 0)
        literal_string(slice_sub(at, 0, l.size), c->arena, &text);
    return text;
}

static struct type *struct_type(struct check *c, const struct node *n)
{
    uint32_t count = 0, at = 0;
    for (node_ref f = n->a; f; f = check_node(c, f)->next) {
        uint32_t names = tree_length(c->tree, check_node(c, f)->a);
        count += names ? names : 1;
    }
    struct type_field *fields = arena_alloc_array(c->arena, count + 1, sizeof(*fields));
    for (node_ref f = n->a; f; f = check_node(c, f)->next) {
        const struct node *field = check_node(c, f);
        if (field->kind != NODE_FIELD)
            continue;
        struct type_field like = {.type = check_type(c, field->b), .tag = tag_of(c, field)};
        if (field->op) {
            like.is_embedded = true;
            like.name = embedded_name(c, field->b);
            if (like.type->kind == TYPE_NAMED)
                judge_late(c, like.type, field->at, false);
            if (like.name && field_is_new(c, fields, at, like.name, field->at))
                fields[at++] = like;
        }
        for (node_ref m = field->a; m; m = check_node(c, m)->next) {
            like.name = check_node(c, m)->a;
            if (check_node(c, m)->kind == NODE_NAME &&
                field_is_new(c, fields, at, like.name, check_node(c, m)->at))
                fields[at++] = like;
        }
    }
    return type_struct(&c->types, fields, at);
}

/* Parameters or results as fields; an ELLIPSIS becomes a slice. */
static struct type_field *param_fields(struct check *c, node_ref list, uint32_t *ret_count,
                                       bool *ret_variadic)
{
    uint32_t count = tree_length(c->tree, list), at = 0;
    struct type_field *fields = arena_alloc_array(c->arena, count + 1, sizeof(*fields));
    for (node_ref f = list; f; f = check_node(c, f)->next) {
        const struct node *type = check_node(c, check_node(c, f)->b);
        bool rest = type->kind == NODE_ELLIPSIS;
        fields[at].type = rest ? type_slice(&c->types, check_type(c, type->a))
                               : check_type(c, check_node(c, f)->b);
        *ret_variadic = rest;
        at++;
    }
    *ret_count = at;
    return fields;
}

struct type *check_signature(struct check *c, node_ref ref)
{
    const struct node *n = check_node(c, ref);
    uint32_t count, result_count;
    bool variadic = false, none;
    struct type_field *params = param_fields(c, n->a, &count, &variadic);
    struct type_field *results = param_fields(c, n->b, &result_count, &none);
    return type_func(&c->types, params, count, type_tuple(&c->types, results, result_count),
                     variadic);
}

static bool composite_type(struct check *c, struct node *n, struct type **ret)
{
    switch (n->kind) {
    case NODE_ARRAY_TYPE:
        *ret = array_type(c, n);
        return true;
    case NODE_MAP_TYPE:
        *ret = map_type(c, n);
        return true;
    case NODE_STRUCT_TYPE:
        *ret = struct_type(c, n);
        return true;
    case NODE_ANY_TYPE:
        *ret = c->types.any;
        return true;
    default:
        return false;
    }
}

/* Of a type, parameters declare nothing; their names must differ all the same. */
static void tell_twice(struct check *c, const struct node *sig)
{
    name_id seen[64];
    uint32_t count = 0;
    for (int list = 0; list < 2; list++)
        for (node_ref f = list ? sig->b : sig->a; f; f = check_node(c, f)->next) {
            const struct node *field = check_node(c, f);
            const struct node *name = field->a ? check_node(c, field->a) : NULL;
            if (!name || name->kind != NODE_NAME ||
                slice_eq(name_text(c->names, name->a), SLICE("_")))
                continue;
            for (uint32_t i = 0; i < count; i++)
                if (seen[i] == name->a)
                    check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, name->at, "%s is declared twice",
                                check_name(c, name->a));
            if (count < ARRAY_LEN(seen))
                seen[count++] = name->a;
        }
}

bool check_try_type(struct check *c, node_ref ref, struct type **ret)
{
    struct node *n = check_node(c, ref);
    switch (n->kind) {
    case NODE_NAME:
        return try_name(c, n, ret);
    case NODE_SELECTOR:
        *ret = selector_type(c, n);
        return *ret != NULL;
    case NODE_PAREN:
        return check_try_type(c, n->a, ret);
    case NODE_STAR:
        if (!check_try_type(c, n->a, ret))
            return false;
        *ret = (*ret)->kind == TYPE_BAD ? *ret : type_pointer(&c->types, *ret);
        return true;
    case NODE_FUNC_TYPE:
        tell_twice(c, n);
        *ret = check_signature(c, ref);
        return true;
    default:
        return composite_type(c, n, ret);
    }
}

static void tell_no_type(struct check *c, const struct node *n)
{
    struct config_fault *f;
    struct import *p = n->kind == NODE_SELECTOR ? import_of(c, n->a) : NULL;
    if (p && !p->is_schema) {
        p->is_used = true;
        if (golib_package_find(slice_from(p->path))) /* else the import was refused */
            check_fault(c, CONFIG_FAULT_NOT_IN_SUBSET, n->at,
                        "%s.%s is not in the Firebreak subset", check_name(c, p->name),
                        check_name(c, n->b));
        return;
    }
    if (p) {
        p->is_used = true;
        f = check_fault_at(c, CONFIG_FAULT_UNRESOLVED_REFERENCE, n->type,
                           "package %s has no type %s here", check_name(c, p->name),
                           check_name(c, n->b));
        f->suggestion = p->is_schema ? suggest_type(c, name_text(c->names, n->b)) : NULL;
        return;
    }
    if (n->kind == NODE_NAME && !check_lookup(c, n->a)) {
        if (!c->has_syntax_faults)
            check_fault(c, CONFIG_FAULT_UNRESOLVED_REFERENCE, n->at, "undefined type: %s",
                        check_name(c, n->a));
        return;
    }
    if (n->kind != NODE_BAD)
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "a type is expected here");
}

struct type *check_type(struct check *c, node_ref ref)
{
    struct type *t;
    if (check_try_type(c, ref, &t))
        return t;
    tell_no_type(c, check_node(c, ref));
    return bad(c);
}
