#include "wire/jsonpath.h"

#include <errno.h>

#include "wire/jsonpath_tree.h"

/* Each segment maps a list of values to the next one. No recursion over the document: its depth is
 * somebody else's choice. */
struct list_of {
    const struct json_value **node;
    uint32_t count, cap;
};

struct asking {
    const struct json_value *root;
    struct arena *arena;
    uint32_t visits;
    int result; /* the first failure */
};

enum { SCRATCH_BYTES_MAX = 16 * 1024 * 1024 };

static bool push(struct asking *q, struct list_of *l, const struct json_value *v)
{
    if (l->count == JSONPATH_NODES_MAX) {
        q->result = -E2BIG;
        return false;
    }
    if (l->count == l->cap) {
        uint32_t cap = l->cap ? l->cap * 2 : 4;
        const struct json_value **grown = arena_alloc_array(q->arena, cap, sizeof(*grown));
        if (!grown) {
            q->result = -ENOSPC;
            return false;
        }
        if (l->count)
            memcpy(grown, l->node, l->count * sizeof(*grown));
        l->node = grown;
        l->cap = cap;
    }
    l->node[l->count++] = v;
    return true;
}

static bool visit(struct asking *q)
{
    if (++q->visits > JSONPATH_VISITS_MAX)
        q->result = -E2BIG;
    return q->result == 0;
}

/* ---- single values ---- */

static const struct json_value *element(struct asking *q, const struct json_value *array,
                                        int64_t index)
{
    if (array->type != JSON_ARRAY)
        return NULL;
    index += index < 0 ? array->count : 0;
    if (index < 0 || index >= array->count)
        return NULL;
    const struct json_value *v = array->first;
    while (index-- && visit(q))
        v = v->next;
    return q->result == 0 ? v : NULL;
}

static const struct json_value *member(struct asking *q, const struct json_value *object,
                                       struct slice name)
{
    const struct json_value *found = NULL;
    if (object->type != JSON_OBJECT)
        return NULL;
    for (const struct json_value *v = object->first; v && visit(q); v = v->next)
        if (slice_eq(v->key, name))
            found = v; /* the last of equal names, as json_get */
    return q->result == 0 ? found : NULL;
}

static const struct json_value *pick_one(struct asking *q, const struct jsonpath_selector *s,
                                         const struct json_value *v)
{
    return s->kind == PATH_NAME ? member(q, v, s->name) : element(q, v, s->from);
}

/* For a path with jsonpath_is_single: no list is needed. */
static const struct json_value *walk(struct asking *q, const struct jsonpath *path,
                                     const struct json_value *current)
{
    const struct json_value *v = path->from_current ? current : q->root;
    for (const struct jsonpath_segment *s = path->first; s && v; s = s->next)
        v = pick_one(q, s->first, v);
    return v;
}

/* ---- filters ---- */

static bool run(struct asking *q, const struct jsonpath *path, const struct json_value *current,
                struct list_of *ret);

static bool exists(struct asking *q, const struct jsonpath *path, const struct json_value *current)
{
    if (jsonpath_is_single(path))
        return walk(q, path, current) != NULL;
    struct list_of found = {0};
    return run(q, path, current, &found) && found.count > 0;
}

/* -1, 0, 1; 2: neither is less. */
static int order(const struct json_value *a, const struct json_value *b)
{
    int64_t i, j;
    double x, y;
    if (!a || !b || a->type != b->type)
        return 2;
    if (a->type == JSON_STRING) {
        size_t size = a->text.size < b->text.size ? a->text.size : b->text.size;
        int c = size ? memcmp(a->text.data, b->text.data, size) : 0;
        if (c == 0)
            return (a->text.size > b->text.size) - (a->text.size < b->text.size);
        return c < 0 ? -1 : 1;
    }
    if (json_to_i64(a, &i) == 0 && json_to_i64(b, &j) == 0)
        return (i > j) - (i < j);
    if (json_to_f64(a, &x) == 0 && json_to_f64(b, &y) == 0)
        return (x > y) - (x < y);
    return 2;
}

static bool compare(enum jsonpath_op op, const struct json_value *a, const struct json_value *b)
{
    /* Nothing equals nothing (RFC 9535, 2.3.5.2.2). */
    bool equal = a && b ? json_equal(a, b) : a == b;
    int o = order(a, b);
    switch (op) {
    case OP_EQ:
        return equal;
    case OP_NE:
        return !equal;
    case OP_LT:
        return o == -1;
    case OP_LE:
        return o == -1 || equal;
    case OP_GT:
        return o == 1;
    case OP_GE:
        return o == 1 || equal;
    }
    return false;
}

static const struct json_value *side(struct asking *q, const struct jsonpath_operand *o,
                                     const struct json_value *current)
{
    return o->path ? walk(q, o->path, current) : o->literal;
}

/* Recursion as deep as the parser allowed. */
static bool passes(struct asking *q, const struct jsonpath_expr *e,
                   const struct json_value *current)
{
    switch (e->test) {
    case TEST_OR:
        return passes(q, e->left, current) || passes(q, e->right, current);
    case TEST_AND:
        return passes(q, e->left, current) && passes(q, e->right, current);
    case TEST_NOT:
        return !passes(q, e->left, current);
    case TEST_EXISTS:
        return exists(q, e->a.path, current);
    case TEST_COMPARE:
        return compare(e->op, side(q, &e->a, current), side(q, &e->b, current));
    }
    return false;
}

/* ---- selectors ---- */

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

/* The bounds of RFC 9535, 2.3.4.2.2. Elements are a list: backwards they are collected first. */
static void select_slice(struct asking *q, const struct jsonpath_selector *s,
                         const struct json_value *v, struct list_of *ret)
{
    if (v->type != JSON_ARRAY || s->step == 0)
        return;
    int64_t n = v->count, step = s->step;
    int64_t from = s->has_from ? s->from : step > 0 ? 0 : n - 1;
    int64_t to = s->has_to ? s->to : step > 0 ? n : -n - 1;
    from += from < 0 && s->has_from ? n : 0;
    to += to < 0 ? n : 0;
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;
    from = clamp(from, low, high);
    to = clamp(to, low, high);
    struct list_of all = {0};
    for (const struct json_value *c = v->first; c && visit(q) && push(q, &all, c); c = c->next)
        ;
    for (int64_t i = from; q->result == 0 && (step > 0 ? i < to : i > to); i += step)
        push(q, ret, all.node[i]);
}

static void select_from(struct asking *q, const struct jsonpath_selector *s,
                        const struct json_value *v, struct list_of *ret)
{
    const struct json_value *one;
    switch (s->kind) {
    case PATH_NAME:
    case PATH_INDEX:
        one = pick_one(q, s, v);
        if (one)
            push(q, ret, one);
        return;
    case PATH_SLICE:
        select_slice(q, s, v, ret);
        return;
    case PATH_WILD:
    case PATH_FILTER:
        for (const struct json_value *c = v->first; c && visit(q); c = c->next)
            if ((s->kind == PATH_WILD || passes(q, s->filter, c)) && q->result == 0)
                push(q, ret, c);
        return;
    }
}

static void select_all(struct asking *q, const struct jsonpath_segment *s,
                       const struct json_value *v, struct list_of *ret)
{
    for (const struct jsonpath_selector *one = s->first; one && q->result == 0; one = one->next)
        select_from(q, one, v, ret);
}

/* The value and all below it, parents first. `later` holds where to go on, one for each level. */
static void select_deep(struct asking *q, const struct jsonpath_segment *s,
                        const struct json_value *top, struct list_of *ret)
{
    struct list_of later = {0};
    const struct json_value *v = top;
    while (v && visit(q)) {
        select_all(q, s, v, ret);
        if (v->first) {
            if (v != top && v->next && !push(q, &later, v->next))
                return;
            v = v->first;
        } else {
            v = v == top ? NULL : v->next;
            if (!v && later.count)
                v = later.node[--later.count];
        }
    }
}

static bool run(struct asking *q, const struct jsonpath *path, const struct json_value *current,
                struct list_of *ret)
{
    struct list_of now = {0};
    push(q, &now, path->from_current ? current : q->root);
    for (const struct jsonpath_segment *s = path->first; s; s = s->next) {
        struct list_of next = {0};
        for (uint32_t i = 0; i < now.count && q->result == 0; i++) {
            if (s->deep)
                select_deep(q, s, now.node[i], &next);
            else
                select_all(q, s, now.node[i], &next);
        }
        now = next;
    }
    *ret = now;
    return q->result == 0;
}

int jsonpath_select(const struct jsonpath *path, const struct json_value *root, struct arena *a,
                    struct jsonpath_nodes *ret_nodes)
{
    struct arena scratch = ARENA(MEM_WIRE, SCRATCH_BYTES_MAX);
    struct asking q = {.root = root, .arena = &scratch};
    struct list_of found = {0};
    int r = run(&q, path, root, &found) ? 0 : q.result == -ENOSPC ? -E2BIG : q.result;
    if (r == 0) {
        const struct json_value **node = arena_alloc_array(a, found.count + 1, sizeof(*node));
        if (node && found.count)
            memcpy(node, found.node, found.count * sizeof(*node));
        if (node)
            *ret_nodes = (struct jsonpath_nodes){node, found.count};
        r = node ? 0 : -ENOSPC;
    }
    arena_done(&scratch);
    return r;
}
