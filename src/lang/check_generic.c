/* Calls of the generic functions of slices, maps and sort: their signatures are read as Go writes
 * them, type parameters are inferred from the arguments, constraints are checked. */
#include "lang/checker.h"
#include "lang/golib.h"
#include "lang/lib.h"

enum { PARAMS_MAX = 8, TYPE_PARAMS_MAX = 6 };

struct type_param {
    struct slice name, constraint;
    struct type *bound;
};

struct generic {
    struct check *c;
    struct type_param types[TYPE_PARAMS_MAX];
    uint32_t type_count;
    struct slice params[PARAMS_MAX]; /* patterns of types */
    uint32_t param_count;
    bool is_variadic; /* the last pattern is of an element */
    struct slice results[PARAMS_MAX];
    uint32_t result_count;
};

/* ---- reading the signature ---- */

static void skip_blank(struct slice *s)
{
    while (s->size && s->data[0] == ' ')
        *s = slice_sub(*s, 1, s->size);
}

/* What stands between the bracket at the front and its partner; *s goes on behind it. */
static struct slice bracketed(struct slice *s)
{
    size_t at = 0;
    int depth = 0;
    do {
        char b = s->data[at++];
        depth += b == '(' || b == '[' ? 1 : b == ')' || b == ']' ? -1 : 0;
    } while (depth && at < s->size);
    struct slice inner = slice_sub(*s, 1, at - 1);
    *s = slice_sub(*s, at, s->size);
    return inner;
}

/* The part before the next comma that is in no bracket. */
static struct slice take_item(struct slice *s)
{
    size_t at = 0;
    int depth = 0;
    for (; at < s->size && (s->data[at] != ',' || depth); at++)
        depth += s->data[at] == '(' || s->data[at] == '['   ? 1
                 : s->data[at] == ')' || s->data[at] == ']' ? -1
                                                            : 0;
    struct slice item = slice_trim(slice_sub(*s, 0, at));
    *s = slice_sub(*s, at + (at < s->size), s->size);
    return item;
}

static struct slice take_word(struct slice *s)
{
    size_t at = 0;
    while (at < s->size &&
           ((s->data[at] | 0x20) >= 'a' ? (s->data[at] | 0x20) <= 'z'
                                        : (s->data[at] >= '0' && s->data[at] <= '9')))
        at++;
    struct slice word = slice_sub(*s, 0, at);
    *s = slice_sub(*s, at, s->size);
    skip_blank(s);
    return word;
}

static void read_type_params(struct generic *g, struct slice list)
{
    uint32_t open = 0; /* the first one that has no constraint yet */
    while (list.size && g->type_count < TYPE_PARAMS_MAX) {
        struct slice item = take_item(&list);
        struct type_param *p = &g->types[g->type_count++];
        p->name = take_word(&item);
        p->constraint = item;
        for (; item.size && open < g->type_count; open++)
            g->types[open].constraint = item;
    }
}

/* Names stand before each type or before a row of them: "s1, s2 S". */
static uint32_t read_list(struct slice list, struct slice *ret, bool *ret_variadic)
{
    uint32_t count = 0, open = 0;
    while (list.size && count < PARAMS_MAX) {
        struct slice item = take_item(&list), rest = item;
        struct slice word = take_word(&rest);
        bool named = word.size && rest.size && rest.data[0] != '(';
        if (slice_eq_cstr(word, "func") || slice_eq_cstr(word, "map"))
            named = false;
        ret[count++] = named ? rest : item;
        for (; named && open < count; open++)
            ret[open] = rest;
    }
    for (uint32_t i = 0; i < count; i++)
        if (slice_starts_with(ret[i], SLICE("..."))) {
            ret[i] = slice_sub(ret[i], 3, ret[i].size);
            *ret_variadic = true;
        }
    return count;
}

static void read_signature(struct generic *g, const char *text)
{
    struct slice s = slice_from(text);
    bool none;
    s = slice_sub(s, 4, s.size); /* "func" */
    if (s.data[0] == '[')
        read_type_params(g, bracketed(&s));
    g->param_count = read_list(bracketed(&s), g->params, &g->is_variadic);
    skip_blank(&s);
    if (s.size)
        g->result_count = read_list(s.data[0] == '(' ? bracketed(&s) : s, g->results, &none);
}

/* ---- types from patterns ---- */

static struct type_param *param_of(struct generic *g, struct slice name)
{
    for (uint32_t i = 0; i < g->type_count; i++)
        if (slice_eq(g->types[i].name, name))
            return &g->types[i];
    return NULL;
}

static struct type *build(struct generic *g, struct slice *s);

static struct type *build_func(struct generic *g, struct slice *s)
{
    struct types *t = &g->c->types;
    struct slice params[PARAMS_MAX], results[PARAMS_MAX];
    bool variadic = false;
    uint32_t count = read_list(bracketed(s), params, &variadic), result_count = 0;
    skip_blank(s);
    if (s->size && s->data[0] == '(')
        result_count = read_list(bracketed(s), results, &variadic);
    else if (s->size)
        results[result_count++] = *s;
    struct type_field *in = arena_alloc_array(t->arena, count + 1, sizeof(*in));
    struct type_field *out = arena_alloc_array(t->arena, result_count + 1, sizeof(*out));
    for (uint32_t i = 0; i < count; i++)
        if (!(in[i].type = build(g, &params[i])))
            return NULL;
    for (uint32_t i = 0; i < result_count; i++)
        if (!(out[i].type = build(g, &results[i])))
            return NULL;
    return type_func(t, in, count, type_tuple(t, out, result_count), false);
}

static struct type *basic_of(struct types *t, struct slice word)
{
    static const struct {
        const char *word;
        uint8_t kind;
    } basics[] = {
        {"int", TYPE_INT}, {"bool", TYPE_BOOL}, {"string", TYPE_STRING}, {"float64", TYPE_FLOAT64}};
    for (size_t i = 0; i < ARRAY_LEN(basics); i++)
        if (slice_eq_cstr(word, basics[i].word))
            return t->basic[basics[i].kind];
    return slice_eq_cstr(word, "any") ? t->any : NULL;
}

/* NULL: a parameter in it is not bound yet. */
static struct type *build(struct generic *g, struct slice *s)
{
    struct types *t = &g->c->types;
    skip_blank(s);
    if (slice_starts_with(*s, SLICE("[]"))) {
        *s = slice_sub(*s, 2, s->size);
        struct type *elem = build(g, s);
        return elem ? type_slice(t, elem) : NULL;
    }
    struct slice word = take_word(s);
    if (slice_eq_cstr(word, "map")) {
        struct slice key_text = bracketed(s);
        struct type *key = build(g, &key_text), *elem = build(g, s);
        return key && elem ? type_map(t, key, elem) : NULL;
    }
    if (slice_eq_cstr(word, "func"))
        return build_func(g, s);
    struct type_param *p = param_of(g, word);
    return p ? p->bound : basic_of(t, word);
}

/* Binds what the type tells about the pattern's parameters. false: they do not fit. */
static bool unify(struct generic *g, struct slice s, struct type *type)
{
    struct type *under = check_under(g->c, type);
    skip_blank(&s);
    if (slice_starts_with(s, SLICE("[]")))
        return under->kind == TYPE_SLICE && unify(g, slice_sub(s, 2, s.size), under->elem);
    struct slice word = take_word(&s);
    if (slice_eq_cstr(word, "map")) {
        struct slice key = bracketed(&s);
        return under->kind == TYPE_MAP && unify(g, key, under->key) && unify(g, s, under->elem);
    }
    if (slice_eq_cstr(word, "func")) {
        struct slice params[PARAMS_MAX], results[PARAMS_MAX];
        bool variadic = false;
        uint32_t count = read_list(bracketed(&s), params, &variadic);
        skip_blank(&s);
        if (under->kind != TYPE_FUNC || under->field_count != count)
            return false;
        for (uint32_t i = 0; i < count; i++)
            if (!unify(g, params[i], under->fields[i].type))
                return false;
        results[0] = s;
        return !s.size ||
               (under->elem->field_count == 1 && unify(g, results[0], under->elem->fields[0].type));
    }
    struct type_param *p = param_of(g, word);
    if (!p)
        return true; /* whether it fits is judged by assignment */
    if (!p->bound)
        p->bound = type;
    return p->bound == type || check_under(g->c, p->bound) == under;
}

/* ---- constraints ---- */

static bool is_ordered(int kind)
{
    return kind_is_number(kind) || kind_is_string(kind);
}

/* What a constraint like ~[]E tells, and whether it holds. NULL: all well. */
static const char *constraint_fault(struct generic *g, struct type_param *p)
{
    struct check *c = g->c;
    struct slice core = p->constraint;
    const char *type;
    if (slice_starts_with(core, SLICE("~"))) {
        core = slice_sub(core, 1, core.size);
        /* Of ~[]E with E known nothing follows for who stands before it, as in Go. */
        if (p->bound && !unify(g, core, check_under(c, p->bound)))
            return arena_printf(c->arena, "%s is not %.*s", type_text(&c->types, p->bound),
                                SLICE_ARG(core));
    }
    if (!p->bound)
        return NULL; /* perhaps another one tells */
    type = type_text(&c->types, p->bound);
    if (slice_eq_cstr(core, "comparable") && !type_is_comparable(&c->types, p->bound))
        return arena_printf(c->arena, "%s cannot be compared", type);
    if (slice_eq_cstr(core, "cmp.Ordered") && !is_ordered(check_under(c, p->bound)->kind))
        return arena_printf(c->arena, "%s cannot be ordered", type);
    return NULL;
}

/* ---- the call ---- */

static struct slice pattern_of(const struct generic *g, uint32_t at)
{
    return g->params[at < g->param_count ? at : g->param_count - 1];
}

/* Every argument is checked once, and tells what it knows. */
static const char *infer(struct generic *g, node_ref args, struct operand *operands, bool spread)
{
    struct check *c = g->c;
    uint32_t i = 0;
    const char *wrong = NULL;
    for (node_ref a = args; a; a = check_node(c, a)->next, i++) {
        struct operand *x = &operands[i];
        check_expr(c, a, x);
        if (x->mode == MODE_BAD || kind_is_untyped(x->type->kind))
            continue;
        bool rest = spread && i + 1 >= g->param_count;
        struct type *type = x->type;
        if (rest && check_under(c, type)->kind == TYPE_SLICE)
            type = check_under(c, type)->elem;
        if (!unify(g, pattern_of(g, i), type) && !wrong)
            wrong = arena_printf(c->arena, "%s does not fit here", check_describe(c, x));
    }
    for (uint32_t round = 0; round < 2 && !wrong; round++)
        for (uint32_t p = 0; p < g->type_count && !wrong; p++)
            wrong = constraint_fault(g, &g->types[p]);
    /* An untyped constant decides only where nothing else did. */
    i = 0;
    for (node_ref a = args; a && !wrong; a = check_node(c, a)->next, i++)
        if (operands[i].mode != MODE_BAD && kind_is_untyped(operands[i].type->kind) &&
            operands[i].type->kind != TYPE_UNTYPED_NIL)
            unify(g, pattern_of(g, i), type_default(&c->types, operands[i].type));
    for (uint32_t p = 0; p < g->type_count && !wrong; p++)
        if (!g->types[p].bound)
            wrong = arena_printf(c->arena, "cannot infer %.*s", SLICE_ARG(g->types[p].name));
    return wrong;
}

static bool assign_args(struct generic *g, node_ref args, struct operand *operands, bool spread,
                        const char *name)
{
    uint32_t i = 0;
    bool ok = true;
    for (node_ref a = args; a; a = check_node(g->c, a)->next, i++) {
        struct slice pattern = pattern_of(g, i);
        struct type *type = build(g, &pattern);
        if (type && spread && i + 1 >= g->param_count)
            type = type_slice(&g->c->types, type);
        if (!type || !check_assign(g->c, &operands[i], type,
                                   arena_printf(g->c->arena, "in the call of %s", name)))
            ok = false;
    }
    return ok;
}

static void finish(struct generic *g, node_ref ref, const struct golib_func *f, struct operand *x)
{
    struct check *c = g->c;
    struct type_field *out = arena_alloc_array(c->arena, g->result_count + 1, sizeof(*out));
    for (uint32_t i = 0; i < g->result_count; i++) {
        struct slice pattern = g->results[i];
        out[i].type = build(g, &pattern);
        if (!out[i].type)
            out[i].type = c->types.basic[TYPE_BAD];
    }
    struct type *tuple = type_tuple(&c->types, out, g->result_count);
    struct node *n = check_node(c, ref);
    n->kind = RUN_CALL_GENERIC;
    n->a = lib_index(c->program, c->arena, f);
    n->flags = (uint16_t)((n->op == 1 ? RUN_SPREAD : 0) | RUN_CALLS);
    n->op = 0;
    x->node = ref;
    x->mode = g->result_count ? MODE_VALUE : MODE_NONE;
    x->type = g->result_count == 1 ? out[0].type : tuple;
    n->type = x->type->number;
}

void check_library_call(struct check *c, node_ref ref, const struct golib_func *f,
                        struct operand *x)
{
    struct generic g = {.c = c};
    struct node *n = check_node(c, ref);
    uint32_t count = tree_length(c->tree, n->b);
    bool spread = n->op == 1;
    struct place_in_schema *where = c->where;
    const char *wrong = NULL;
    struct operand *operands = arena_alloc_array(c->arena, count + 1, sizeof(*operands));

    read_signature(&g, f->generic);
    c->where = NULL;
    wrong = infer(&g, n->b, operands, spread);
    uint32_t least = g.param_count - (g.is_variadic ? 1 : 0);
    if (count < least || (count > g.param_count && !g.is_variadic) ||
        (spread && (!g.is_variadic || count != g.param_count)))
        wrong = arena_printf(c->arena, "%u arguments, wanted %s%u", count,
                             g.is_variadic ? "at least " : "", least);
    bool bad = false;
    for (uint32_t i = 0; i < count; i++)
        bad = bad || operands[i].mode == MODE_BAD;
    if (wrong && !bad)
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, ref)->at, "call of %s: %s",
                    f->name, wrong);
    x->node = ref;
    if (wrong || bad || !assign_args(&g, n->b, operands, spread, f->name))
        check_bad(c, x);
    else
        finish(&g, ref, f, x);
    c->where = where;
}
