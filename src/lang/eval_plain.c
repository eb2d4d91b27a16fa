/* Lists of Config that are literals all through: values made straight from the tree.
 *
 * A large configuration is one such list. Evaluated like everything else, its tree, its cells and
 * its result would be in memory together, three times the text; here each element becomes its
 * value at once, and the tree goes as the result comes. It is the same result, because what a plain
 * literal makes nobody else can hold: nothing is called (but firebreak.Int and its kin, which keep
 * nothing), no variable is read, and Config itself is read by nobody. */
#include <stdlib.h>

#include "base/fault.h"
#include "lang/evaluator.h"
#include "lang/lib.h"

enum { PLAIN_DEPTH_MAX = 100 }; /* deeper ones are evaluated, and meet the limits there */

/* ---- which literals are plain ---- */

static bool is_plain(const struct eval *e, node_ref ref, uint32_t depth);

static bool are_fields_plain(const struct eval *e, const struct node *n, uint32_t depth)
{
    if (type_under(e->types, eval_type(e, n))->field_count > OBJECT_SPARSE_MAX)
        return false;
    for (node_ref k = n->b; k; k = eval_node(e, k)->next) {
        const struct node *field = eval_node(e, k);
        if (field->kind != NODE_KEYED || !is_plain(e, field->b, depth))
            return false;
    }
    return true;
}

static bool are_elements_plain(const struct eval *e, const struct node *n, uint32_t depth)
{
    if (type_under(e->types, eval_type(e, n))->kind != TYPE_SLICE)
        return false;
    for (node_ref k = n->b; k; k = eval_node(e, k)->next)
        if (eval_node(e, k)->kind == NODE_KEYED || !is_plain(e, k, depth))
            return false;
    return true;
}

static bool are_entries_plain(const struct eval *e, const struct node *n, uint32_t depth)
{
    for (node_ref k = n->b; k; k = eval_node(e, k)->next) {
        const struct node *entry = eval_node(e, k);
        if (entry->kind != NODE_KEYED || eval_node(e, entry->a)->kind != RUN_TEXT ||
            !is_plain(e, entry->b, depth))
            return false;
    }
    return true;
}

/* firebreak.Int(0): a pointer that nobody else has. */
static bool is_pointer_plain(const struct eval *e, const struct node *n, uint32_t depth)
{
    enum lib_firebreak f;
    return lib_is_firebreak(e->p->libs[n->a], &f) && f == LIB_POINTER && n->b &&
           is_plain(e, n->b, depth);
}

static bool is_plain(const struct eval *e, node_ref ref, uint32_t depth)
{
    const struct node *n = eval_node(e, ref);
    if (depth > PLAIN_DEPTH_MAX)
        return false;
    switch (n->kind) {
    case RUN_TEXT:
    case RUN_CONST:
    case RUN_ZERO:
        return true;
    case RUN_STRUCT_LIT:
        return are_fields_plain(e, n, depth + 1);
    case RUN_LIST_LIT:
        return are_elements_plain(e, n, depth + 1);
    case RUN_MAP_LIT:
        return are_entries_plain(e, n, depth + 1);
    case RUN_NEW:
        return eval_node(e, n->a)->kind == RUN_STRUCT_LIT && is_plain(e, n->a, depth + 1);
    case RUN_CALL_LIB:
        return is_pointer_plain(e, n, depth + 1);
    default:
        return false;
    }
}

/* ---- their values ---- */

static struct value *value_of(struct eval *e, node_ref ref, struct type *type, bool keep_zero);

/* The fields in the order of the schema, as a struct that was evaluated has them. */
static uint32_t in_order(const struct eval *e, node_ref list, node_ref *ret)
{
    uint32_t count = 0;
    for (node_ref k = list; k; k = eval_node(e, k)->next, count++) {
        uint32_t at = count;
        for (; at > 0 && eval_node(e, ret[at - 1])->a > eval_node(e, k)->a; at--)
            ret[at] = ret[at - 1];
        ret[at] = k;
    }
    return count;
}

static struct value *struct_of(struct eval *e, const struct node *n, bool keep_zero)
{
    node_ref fields[OBJECT_SPARSE_MAX];
    const struct type *under = type_under(e->types, eval_type(e, n));
    struct value *map = value_new(e->package->arena, VALUE_MAP, n->at);
    uint32_t count = in_order(e, n->b, fields);
    for (uint32_t i = 0; map && i < count && !e->stop; i++) {
        const struct node *field = eval_node(e, fields[i]);
        const struct type_field *f = &under->fields[field->a];
        bool pointer = type_under(e->types, f->type)->kind == TYPE_POINTER;
        struct value *v = f->schema ? value_of(e, field->b, f->type, pointer) : NULL;
        if (!v)
            continue;
        eval_result_key(e, v, f->schema);
        value_append(map, v);
    }
    return map && (map->count || keep_zero) ? map : NULL;
}

/* `release`: behind each element the tree of those before goes: of one literal, nodes are made in
 * the order of its text. */
static struct value *list_of(struct eval *e, const struct node *n, bool keep_zero, bool release)
{
    struct type *elem = type_under(e->types, eval_type(e, n))->elem;
    struct value *list = value_new(e->package->arena, VALUE_LIST, n->at);
    node_ref gone = n->b;
    for (node_ref k = n->b, next; list && k && !e->stop; k = next) {
        next = eval_node(e, k)->next;
        struct value *v = value_of(e, k, elem, true);
        if (v)
            value_append(list, v);
        if (release && k > gone + TREE_BLOCK_NODES) {
            tree_release(e->p->tree, gone, k);
            gone = k & ~(node_ref)(TREE_BLOCK_NODES - 1);
        }
    }
    return list && (list->count || keep_zero) ? list : NULL;
}

static int by_key(const void *a, const void *b)
{
    const struct value *x = *(struct value *const *)a, *y = *(struct value *const *)b;
    int order = slice_compare(value_key(x), value_key(y));
    return order ? order : (x->key_at > y->key_at) - (x->key_at < y->key_at);
}

/* In the order of the keys. Of equal ones, which were told about, the first key has the last value,
 * as in a map that they were put into. */
static void sort_entries(struct value *map)
{
    uint32_t count = map->count, n = 0;
    struct value **all = mem_alloc(MEM_LANG, count * sizeof(struct value *));
    for (struct value *v = map->first; v; v = v->next)
        all[n++] = v;
    qsort(all, count, sizeof(struct value *), by_key);
    map->count = 0;
    map->first = map->last = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (i + 1 == count || !slice_eq(value_key(all[i]), value_key(all[i + 1])))
            value_append(map, all[i]);
        else
            all[i + 1]->key_at = all[i]->key_at;
    mem_free(MEM_LANG, all);
}

static struct value *map_of(struct eval *e, const struct node *n, bool keep_zero)
{
    struct type *elem = type_under(e->types, eval_type(e, n))->elem;
    struct value *map = value_new(e->package->arena, VALUE_MAP, n->at);
    bool sorted = true;
    for (node_ref k = n->b; map && k && !e->stop; k = eval_node(e, k)->next) {
        const struct node *entry = eval_node(e, k);
        struct value *v = value_of(e, entry->b, elem, true);
        if (!v)
            continue;
        value_set_key(v, cell_text(eval_expr(e, entry->a)));
        v->key_at = eval_node(e, entry->a)->at;
        sorted = sorted && (!map->last || slice_compare(value_key(map->last), value_key(v)) < 0);
        value_append(map, v);
    }
    if (map && !sorted)
        sort_entries(map);
    return map && (map->count || keep_zero) ? map : NULL;
}

static struct value *value_of(struct eval *e, node_ref ref, struct type *type, bool keep_zero)
{
    const struct node *n = eval_node(e, ref);
    if (!eval_step(e, n->at))
        return NULL;
    switch (n->kind) {
    case RUN_STRUCT_LIT:
        return struct_of(e, n, keep_zero);
    case RUN_LIST_LIT:
        return list_of(e, n, keep_zero, false);
    case RUN_MAP_LIT:
        return map_of(e, n, keep_zero);
    case RUN_NEW:
        return struct_of(e, eval_node(e, n->a), true);
    default: {
        struct cell c = eval_expr(e, ref);
        c.at = n->at;
        return eval_result_cell(e, c, type, keep_zero);
    }
    }
}

void eval_plain_lists(struct eval *e, node_ref config)
{
    const struct node *n = eval_node(e, config);
    bool read = e->p->config_is_read && !fault_mutant("lang_plain_though_read");
    if (read || n->kind != RUN_STRUCT_LIT)
        return;
    const struct type *under = type_under(e->types, eval_type(e, n));
    for (node_ref k = n->b; k && !e->stop; k = eval_node(e, k)->next) {
        const struct node *field = eval_node(e, k);
        if (field->kind != NODE_KEYED || eval_node(e, field->b)->kind != RUN_LIST_LIT ||
            !is_plain(e, field->b, 0))
            continue;
        const struct type_field *f = &under->fields[field->a];
        struct node *list = eval_node(e, field->b);
        struct value *v = list_of(e, list, false, true);
        list->kind = RUN_ZERO; /* its elements are gone */
        if (!v)
            continue;
        eval_result_key(e, v, f->schema);
        v->next = e->plain;
        e->plain = v;
    }
}
