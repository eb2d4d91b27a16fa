/* Composite literals: T{…}, with elided inner types, and where each stands in the schema. */
#include <stdio.h>

#include "base/suggest.h"
#include "lang/checker.h"
#include "lang/map_keys.h"

enum { WORDS_MAX = 200 };

/* An element, which may be a literal without its type. */
static void check_element(struct check *c, node_ref ref, struct type *type, const char *what)
{
    struct node *n = check_node(c, ref);
    struct operand x;
    if (n->kind == NODE_COMPOSITE && !n->a) {
        struct type *under = check_under(c, type);
        bool pointer = under->kind == TYPE_POINTER;
        check_composite(c, ref, pointer ? under->elem : type, &x);
        if (x.mode == MODE_BAD || !pointer)
            return;
        check_wrap(c, ref, RUN_NEW, type);
        return;
    }
    check_expr(c, ref, &x);
    check_assign(c, &x, type, what);
}

/* ---- structs ---- */

static int64_t field_of(struct check *c, const struct type *under, name_id name)
{
    if (slice_eq(name_text(c->names, name), SLICE("_")))
        return -1;
    for (uint32_t i = 0; i < under->field_count; i++)
        if (under->fields[i].name == name)
            return i;
    return -1;
}

static void tell_unknown_field(struct check *c, struct type *type, const struct type *under,
                               const struct node *key)
{
    const char *words[WORDS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < under->field_count && count < WORDS_MAX; i++)
        words[count++] = check_name(c, under->fields[i].name);
    struct config_fault *f =
        check_fault_at(c, CONFIG_FAULT_UNKNOWN_FIELD, key->at, "%s has no field %s",
                       type_text(&c->types, type), check_name(c, key->a));
    f->suggestion = suggest_nearest(name_text(c->names, key->a), words, count);
}

/* It ends the message of a fault. Made for every field, and read for few: printf would be felt. */
static const char *field_words(struct check *c, const struct type_field *f)
{
    static const char words[] = "for field ";
    size_t at = sizeof(words) - 1;
    struct slice name =
        slice_sub(name_text(c->names, f->name), 0, sizeof(c->field_words) - sizeof(words));
    memcpy(c->field_words, words, at);
    memcpy(c->field_words + at, name.data, name.size);
    c->field_words[at + name.size] = 0;
    return c->field_words;
}

/* The value of one field, in its place of the schema. */
static void field_value(struct check *c, node_ref value, const struct type_field *f,
                        struct place_in_schema *where)
{
    struct place_in_schema at = {.outer = where, .field = f->schema, .index = -1};
    if (f->schema)
        c->where = &at;
    struct operand x;
    check_expr(c, value, &x); /* unlike an element's, its type cannot be left out */
    check_assign(c, &x, f->type, field_words(c, f));
    c->where = where;
}

static void keyed_fields(struct check *c, node_ref list, struct type *type,
                         const struct type *under, struct place_in_schema *where)
{
    uint64_t first = 0; /* fields that were seen; those of a large struct need more room */
    bool large = under->field_count > 64;
    uint64_t *seen =
        large ? arena_alloc_array(&c->scratch, under->field_count / 64 + 1, sizeof(*seen)) : &first;
    for (node_ref e = list; e; e = check_node(c, e)->next) {
        struct node *n = check_node(c, e);
        if (n->kind != NODE_KEYED) {
            if (n->kind != NODE_BAD)
                check_fault(c, CONFIG_FAULT_SYNTAX, n->at,
                            "a literal has either names for all of its values or for none");
            n->kind = NODE_BAD;
            continue;
        }
        int64_t at = n->op ? field_of(c, under, n->a) : -1;
        if (at < 0) {
            struct operand x;
            if (n->op)
                tell_unknown_field(c, type, under, n);
            else if (check_node(c, n->a)->kind != NODE_BAD)
                check_fault(c, CONFIG_FAULT_SYNTAX, n->at, "a field's name is expected");
            if (check_node(c, n->b)->kind != NODE_COMPOSITE || check_node(c, n->b)->a)
                check_expr(c, n->b, &x); /* its own faults are told, too */
            n->kind = NODE_BAD;
            continue;
        }
        if (seen[at / 64] >> (at % 64) & 1) {
            check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, n->at, "field %s is set twice",
                        check_name(c, n->a));
            n->kind = NODE_BAD;
            continue;
        }
        seen[at / 64] |= (uint64_t)1 << (at % 64);
        field_value(c, n->b, &under->fields[at], where);
        check_node(c, e)->a = (uint32_t)at;
    }
}

/* Values without names: each becomes KEYED, as the evaluator reads them. */
static void listed_fields(struct check *c, node_ref list, struct type *type,
                          const struct type *under, struct place_in_schema *where)
{
    uint32_t at = 0;
    source_place last = 0;
    for (node_ref e = list; e; e = check_node(c, e)->next, at++) {
        struct node *n = check_node(c, e);
        last = n->at;
        if (n->kind == NODE_KEYED || at >= under->field_count) {
            if (n->kind != NODE_BAD)
                check_fault(c, CONFIG_FAULT_SYNTAX, n->at,
                            n->kind == NODE_KEYED
                                ? "a literal has either names for all of its values or for none"
                                : "more values than %s has fields",
                            type_text(&c->types, type));
            n->kind = NODE_BAD;
            continue;
        }
        field_value(c, e, &under->fields[at], where);
        node_ref inner = check_wrap(c, e, (enum run_kind)NODE_KEYED, c->types.basic[TYPE_BAD]);
        n = check_node(c, e);
        n->b = inner;
        n->a = at;
    }
    if (at < under->field_count && last)
        check_fault(c, CONFIG_FAULT_SYNTAX, last, "fewer values than %s has fields",
                    type_text(&c->types, type));
}

static void check_struct_lit(struct check *c, node_ref ref, struct type *type,
                             const struct type *under)
{
    struct place_in_schema *outer = c->where;
    struct place_in_schema where = {
        .outer = outer, .in = type->schema, .literal = ref, .index = -1};
    node_ref list = check_node(c, ref)->b;

    /* An element's place says which one it is; here it is also said what it is. */
    if (type->schema)
        c->where = &where;
    if (list) {
        if (check_node(c, list)->kind == NODE_KEYED)
            keyed_fields(c, list, type, under, c->where);
        else
            listed_fields(c, list, type, under, c->where);
    }
    c->where = outer;
    check_node(c, ref)->kind = RUN_STRUCT_LIT;
}

/* ---- keys that are values ---- */

/* A name as a key is a node of its own where it is no field's. */
static node_ref key_of(struct check *c, node_ref keyed)
{
    struct node *n = check_node(c, keyed);
    if (n->op) {
        node_ref key = tree_add(c->tree, NODE_NAME, n->at);
        check_node(c, key)->a = n->a;
        n->a = key;
        n->op = 0;
    }
    return n->a;
}

/* ---- arrays and slices ---- */

static int64_t element_key(struct check *c, node_ref ref)
{
    struct operand x;
    bool whole = false;
    struct constant v;
    int64_t at;
    bool saved = c->is_const_decl;
    c->is_const_decl = true;
    check_expr(c, ref, &x);
    c->is_const_decl = saved;
    if (x.mode == MODE_BAD)
        return -1;
    if (x.mode == MODE_CONST && kind_is_number(check_under(c, x.type)->kind))
        constant_to_int(c->arena, x.value, &whole, &v);
    if (whole && constant_to_i64(v, &at) && at > INT32_MAX) {
        check_fault(c, CONFIG_FAULT_LIMIT, check_node(c, ref)->at,
                    "the index goes beyond %d, the most that a literal may have", INT32_MAX);
        return -1;
    }
    if (!whole || !constant_to_i64(v, &at) || at < 0) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, ref)->at,
                    "an index must be a constant whole number");
        return -1;
    }
    return at;
}

/* Returns the length that the elements ask for. */
static int64_t check_elements(struct check *c, node_ref list, struct type *elem, int64_t length)
{
    struct place_in_schema *outer = c->where;
    struct key_set seen = {.arena = &c->scratch};
    int64_t at = 0, most = 0;
    bool keyed = false;

    for (node_ref e = list; e; e = check_node(c, e)->next, at++) {
        struct node *n = check_node(c, e);
        node_ref value = e;
        if (n->kind == NODE_KEYED) {
            int64_t key = element_key(c, key_of(c, e));
            keyed = true;
            value = n->b;
            if (key >= 0)
                at = key;
        }
        if (length >= 0 && at >= length) {
            check_fault(c, CONFIG_FAULT_OUT_OF_RANGE, check_node(c, e)->at,
                        "index %lld is out of range: the array has %lld elements", (long long)at,
                        (long long)length);
            check_node(c, e)->kind = NODE_BAD;
            continue;
        }
        struct constant index = constant_i64(at);
        if (keyed && !key_set_add(&seen, &index, 0))
            check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, check_node(c, e)->at,
                        "index %lld is set twice", (long long)at);
        struct place_in_schema where = {.outer = outer, .literal = value, .index = at};
        if (outer)
            c->where = &where;
        check_element(c, value, elem, "as an element");
        c->where = outer;
        if (value != e)
            check_node(c, e)->a = (uint32_t)at;
        if (at + 1 > most)
            most = at + 1;
        if (!keyed) /* indexes so far are 0 … at, once each */
            seen.dense = at + 1;
    }
    return most;
}

/* ---- maps ---- */

static void check_map_lit(struct check *c, node_ref list, const struct type *under)
{
    struct key_set seen = {.arena = &c->scratch};
    struct place_in_schema *outer = c->where;
    for (node_ref e = list; e; e = check_node(c, e)->next) {
        struct node *n = check_node(c, e);
        struct operand key;
        if (n->kind != NODE_KEYED) {
            if (n->kind != NODE_BAD)
                check_fault(c, CONFIG_FAULT_SYNTAX, n->at, "missing key in a map literal");
            n->kind = NODE_BAD;
            continue;
        }
        struct node *k = check_node(c, key_of(c, e));
        if (k->kind == NODE_COMPOSITE && !k->a) {
            check_element(c, n->a, under->key, "as a map's key");
        } else {
            check_expr(c, n->a, &key);
            bool is_const = key.mode == MODE_CONST;
            struct constant value = key.value;
            if (kind_is_untyped(key.type->kind) && key.type->kind != TYPE_UNTYPED_NIL &&
                check_under(c, under->key)->kind == TYPE_INTERFACE)
                check_default(c, &key);
            uint32_t own = key.type->number;
            if (check_assign(c, &key, under->key, "as a map's key") && is_const &&
                !key_set_add(&seen, key.mode == MODE_CONST ? &key.value : &value, own))
                check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, check_node(c, n->a)->at,
                            "duplicate key in a map literal");
        }
        struct place_in_schema where = {.outer = outer, .index = -1};
        if (outer)
            c->where = &where;
        check_element(c, check_node(c, e)->b, under->elem, "as a map's value");
        c->where = outer;
    }
}

/* ---- any of them ---- */

static struct type *literal_type(struct check *c, struct node *n)
{
    const struct node *t = check_node(c, n->a);
    if (t->kind == NODE_ARRAY_TYPE && t->a && check_node(c, t->a)->kind == NODE_ELLIPSIS)
        return type_array(&c->types, check_type(c, t->b), -1);
    return check_type(c, n->a);
}

void check_composite(struct check *c, node_ref ref, struct type *elided, struct operand *x)
{
    struct node *n = check_node(c, ref);
    struct type *type = n->a ? literal_type(c, n) : elided;
    x->node = ref;
    if (!type) {
        check_fault(c, CONFIG_FAULT_SYNTAX, n->at, "this composite literal needs a type");
        check_bad(c, x);
        return;
    }
    struct type *under = check_under(c, type);
    switch (under->kind) {
    case TYPE_STRUCT:
        check_struct_lit(c, ref, type, under);
        break;
    case TYPE_ARRAY:
    case TYPE_SLICE: {
        bool open = under->kind == TYPE_ARRAY && under->length < 0;
        int64_t length = check_elements(c, n->b, under->elem,
                                        under->kind == TYPE_ARRAY && !open ? under->length : -1);
        if (open)
            type = type_array(&c->types, under->elem, length);
        n = check_node(c, ref);
        n->kind = RUN_LIST_LIT;
        n->a = (uint32_t)(under->kind == TYPE_ARRAY && !open ? under->length : length);
        break;
    }
    case TYPE_MAP:
        check_map_lit(c, n->b, under);
        check_node(c, ref)->kind = RUN_MAP_LIT;
        break;
    default:
        if (under->kind != TYPE_BAD)
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "%s has no composite literal",
                        type_text(&c->types, type));
        for (node_ref e = n->b; e; e = check_node(c, e)->next) {
            struct operand inner;
            node_ref value = check_node(c, e)->kind == NODE_KEYED ? check_node(c, e)->b : e;
            const struct node *v = check_node(c, value);
            if (v->kind != NODE_COMPOSITE || v->a)
                check_expr(c, value, &inner);
        }
        check_bad(c, x);
        return;
    }
    n = check_node(c, ref);
    n->type = type->number;
    n->flags = RUN_CALLS; /* its elements may call: not worth a walk */
    x->mode = MODE_VALUE;
    x->type = type;
}
