#include "series/vector.h"

#include <errno.h>
#include <math.h>

int vector_add(struct vector *v, struct arena *a, struct element e)
{
    if (isnan(e.value))
        return 0;
    if (v->count == SERIES_ELEMENTS_MAX)
        return -E2BIG;
    if (v->count == v->cap) {
        uint32_t cap = v->cap ? v->cap * 2 : 16;
        struct element *items = arena_alloc_array(a, cap, sizeof(*items));
        if (!items)
            return -ENOSPC;
        if (v->count)
            memcpy(items, v->items, v->count * sizeof(*items));
        v->items = items;
        v->cap = cap;
    }
    v->items[v->count++] = e;
    return 0;
}

/* ---- labels ---- */

static int compare_names(const struct series_pair *a, const struct series_pair *b)
{
    if (a->name == b->name)
        return 0;
    return slice_compare(series_text_slice(a->name), series_text_slice(b->name));
}

bool element_agrees(const struct element *a, const struct element *b)
{
    for (uint32_t i = 0, j = 0; i < a->pair_count && j < b->pair_count;) {
        int d = compare_names(&a->pairs[i], &b->pairs[j]);
        if (d == 0 && a->pairs[i].value != b->pairs[j].value)
            return false;
        i += d <= 0;
        j += d >= 0;
    }
    return true;
}

/* The labels of both, which agree. Returns false where the arena is full. */
static bool merge(const struct element *a, const struct element *b, struct arena *arena,
                  struct element *ret)
{
    uint32_t n = 0, i = 0, j = 0;
    struct series_pair *pairs =
        arena_alloc_array(arena, a->pair_count + b->pair_count, sizeof(*pairs));
    if (!pairs)
        return false;
    while (i < a->pair_count || j < b->pair_count) {
        int d = i == a->pair_count   ? 1
                : j == b->pair_count ? -1
                                     : compare_names(&a->pairs[i], &b->pairs[j]);
        pairs[n++] = d <= 0 ? a->pairs[i] : b->pairs[j];
        i += d <= 0;
        j += d >= 0;
    }
    ret->pairs = pairs;
    ret->pair_count = n;
    return true;
}

static bool join_labels(const struct element *a, const struct element *b, struct arena *arena,
                        struct element *ret)
{
    if (b->pair_count == 0 || (a->pair_count == b->pair_count && a->pairs == b->pairs)) {
        ret->pairs = a->pairs;
        ret->pair_count = a->pair_count;
        return true;
    }
    return merge(a, b, arena, ret);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

uint64_t element_hash(const struct element *e)
{
    uint64_t h = mix(1, (uintptr_t)e->metric);
    for (uint32_t i = 0; i < e->pair_count; i++)
        h = mix(mix(h, (uintptr_t)e->pairs[i].name), (uintptr_t)e->pairs[i].value);
    return h;
}

void element_print(const struct element *e, struct buf *out)
{
    if (e->metric)
        buf_append_slice(out, series_text_slice(e->metric->name));
    if (e->pair_count == 0 && e->metric)
        return;
    buf_append_byte(out, '{');
    for (uint32_t i = 0; i < e->pair_count; i++) {
        struct slice value = series_text_slice(e->pairs[i].value);
        buf_printf(out, "%s%.*s=\"", i ? "," : "", SLICE_ARG(series_text_slice(e->pairs[i].name)));
        for (size_t j = 0; j < value.size; j++) {
            char c = value.data[j];
            if (c == '"' || c == '\\')
                buf_append_byte(out, '\\');
            buf_append(out, c == '\n' ? "\\n" : &c, c == '\n' ? 2 : 1);
        }
        buf_append_byte(out, '"');
    }
    buf_append_byte(out, '}');
}

/* ---- operators ---- */

static double calculate(enum query_op op, double a, double b)
{
    switch (op) {
    case QUERY_ADD:
        return a + b;
    case QUERY_SUB:
        return a - b;
    case QUERY_MUL:
        return a * b;
    case QUERY_DIV:
        return b == 0 ? NAN : a / b; /* no evidence, and not infinity */
    default:
        return b == 0 ? NAN : fmod(a, b);
    }
}

static bool compares(enum query_op op, double a, double b)
{
    switch (op) {
    case QUERY_EQ:
        return a == b;
    case QUERY_NE:
        return a != b;
    case QUERY_LT:
        return a < b;
    case QUERY_LE:
        return a <= b;
    case QUERY_GT:
        return a > b;
    default:
        return a >= b;
    }
}

/* ---- the join ---- */

struct join {
    enum query_op op;
    struct arena *arena;
    const struct vector *left, *right;
    struct series_text *names[SERIES_LABELS_MAX]; /* labels that every element has */
    uint32_t name_count;
    struct map buckets; /* hash of their values -> 1 + the first element of the right */
    uint32_t *next;     /* 1 + the next one; 0 ends */
    struct vector *ret;
};

static struct series_text *value_of(const struct element *e, const struct series_text *name)
{
    for (uint32_t i = 0; i < e->pair_count; i++)
        if (e->pairs[i].name == name)
            return e->pairs[i].value;
    return NULL;
}

static void keep_names_of(struct join *j, const struct vector *v)
{
    for (uint32_t i = 0; i < v->count; i++)
        for (uint32_t k = 0; k < j->name_count;) {
            if (value_of(&v->items[i], j->names[k]))
                k++;
            else
                j->names[k] = j->names[--j->name_count];
        }
}

static uint64_t bucket_of(const struct join *j, const struct element *e)
{
    uint64_t h = 7;
    for (uint32_t k = 0; k < j->name_count; k++)
        h = mix(h, (uintptr_t)value_of(e, j->names[k]));
    return h;
}

static int index_right(struct join *j)
{
    const struct element *first = &j->left->items[0];
    for (uint32_t i = 0; i < first->pair_count && i < SERIES_LABELS_MAX; i++)
        j->names[j->name_count++] = first->pairs[i].name;
    keep_names_of(j, j->left);
    keep_names_of(j, j->right);
    j->next = arena_alloc_array(j->arena, j->right->count, sizeof(*j->next));
    if (!j->next)
        return -ENOSPC;
    for (uint32_t i = j->right->count; i-- > 0;) {
        void *old = NULL;
        map_put_u64(&j->buckets, bucket_of(j, &j->right->items[i]), (void *)(uintptr_t)(i + 1),
                    &old);
        j->next[i] = (uint32_t)(uintptr_t)old;
    }
    return 0;
}

static int join_pair(struct join *j, const struct element *l, const struct element *r)
{
    struct element e = {.metric = l->metric, .value = l->value};
    if (j->op >= QUERY_ADD) {
        e.metric = NULL;
        e.value = calculate(j->op, l->value, r->value);
    } else if (!compares(j->op, l->value, r->value)) {
        return 0;
    }
    if (!join_labels(l, r, j->arena, &e))
        return -ENOSPC;
    return vector_add(j->ret, j->arena, e);
}

static int join_left(struct join *j, const struct element *l, uint64_t *work)
{
    int r = 0;
    uint32_t at = (uint32_t)(uintptr_t)map_get_u64(&j->buckets, bucket_of(j, l));
    for (; at && r == 0; at = j->next[at - 1]) {
        const struct element *right = &j->right->items[at - 1];
        ++*work;
        if (!element_agrees(l, right))
            continue;
        if (j->op == QUERY_AND)
            return vector_add(j->ret, j->arena, *l);
        r = join_pair(j, l, right);
    }
    return r;
}

int vector_join(enum query_op op, const struct vector *left, const struct vector *right,
                struct arena *a, void (*tick)(void *ctx, uint64_t work), void *ctx,
                struct vector *ret)
{
    *ret = (struct vector){0};
    if (left->count == 0 || right->count == 0)
        return 0;
    struct join *j = mem_alloc(MEM_SERIES, sizeof(*j));
    *j = (struct join){.op = op,
                       .arena = a,
                       .left = left,
                       .right = right,
                       .ret = ret,
                       .buckets = {.sub = MEM_SERIES}};
    int r = index_right(j);
    for (uint32_t i = 0; i < left->count && r == 0; i++) {
        uint64_t work = 1;
        r = join_left(j, &left->items[i], &work);
        if (tick)
            tick(ctx, work);
    }
    map_done(&j->buckets);
    mem_free(MEM_SERIES, j);
    return r;
}
