/* Expressions: names, literals, indexes, slices, pointers, assertions. */
#include "base/suggest.h"
#include "lang/checker.h"
#include "lang/golib.h"

enum { NEAR_WORDS_MAX = 1024 }; /* of which the nearest is looked for */

static void set_value(struct check *c, node_ref ref, enum run_kind kind, struct operand *x,
                      enum mode mode, struct type *type)
{
    struct node *n = check_node(c, ref);
    n->kind = (uint8_t)kind;
    n->type = type->number;
    x->mode = (uint8_t)mode;
    x->type = type;
    x->node = ref;
}

/* ---- names ---- */

/* A visible name like the one that nobody knows. */
static const char *nearest_name(struct check *c, name_id name)
{
    const char **words = arena_alloc_array(&c->scratch, NEAR_WORDS_MAX, sizeof(*words));
    size_t count = 0;
    for (name_id id = NAME_KEYWORD_END; id < c->current_cap && count < NEAR_WORDS_MAX; id++)
        if (id != name && check_lookup(c, id))
            words[count++] = check_name(c, id);
    for (uint32_t i = 0; i < c->import_count && count < NEAR_WORDS_MAX; i++)
        words[count++] = check_name(c, c->imports[i].name);
    return suggest_nearest(name_text(c->names, name), words, count);
}

/* Through a dot, which was told about. */
static bool may_be_imported(const struct check *c)
{
    for (uint32_t i = 0; i < c->import_count; i++)
        if (c->imports[i].is_dot && c->imports[i].file == c->file)
            return true;
    return false;
}

static void tell_undefined(struct check *c, const struct node *n, struct operand *x)
{
    struct slice text = name_text(c->names, n->a);
    if (check_find_import(c, n->a))
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "package %s is not a value",
                    check_name(c, n->a));
    else if (slice_eq(text, SLICE("_")))
        check_fault(c, CONFIG_FAULT_SYNTAX, n->at, "_ has no value");
    else if (!c->has_syntax_faults && !may_be_imported(c)) {
        struct config_fault *f = check_fault_at(c, CONFIG_FAULT_UNRESOLVED_REFERENCE, n->at,
                                                "undefined: %s", check_name(c, n->a));
        f->suggestion = nearest_name(c, n->a);
    }
    check_bad(c, x);
}

static void const_operand(struct check *c, struct symbol *s, source_place at, struct operand *x)
{
    if (!s->value && s->level == 0) { /* iota */
        if (!c->iota) {
            check_fault(c, CONFIG_FAULT_SYNTAX, at, "iota is only for constant declarations");
            check_bad(c, x);
            return;
        }
        x->value = *c->iota;
    } else if (s->type->kind == TYPE_BAD || !s->value) {
        check_bad(c, x);
        return;
    } else {
        x->value = *s->value;
    }
    x->mode = MODE_CONST;
    x->type = s->type;
    check_set_const(c, x);
}

static void check_ident(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    struct symbol *s = check_lookup(c, n->a);
    if (!s) {
        tell_undefined(c, n, x);
        return;
    }
    check_resolve(c, s);
    n = check_node(c, ref);
    s->is_used = true;
    switch (s->kind) {
    case SYMBOL_CONST:
        const_operand(c, s, n->at, x);
        break;
    case SYMBOL_VAR:
        if (!s->type || s->type->kind == TYPE_BAD) {
            check_bad(c, x);
            break;
        }
        check_use_variable(c, s, n);
        x->mode = MODE_VARIABLE;
        x->type = s->type;
        break;
    case SYMBOL_FUNC:
        check_depends(c, s);
        if (!s->type || s->type->kind == TYPE_BAD) {
            check_bad(c, x);
            break;
        }
        n->a = s->func->number;
        set_value(c, ref, RUN_FUNC, x, MODE_VALUE, s->type);
        break;
    case SYMBOL_NIL:
        x->mode = MODE_VALUE;
        x->type = s->type;
        n->kind = RUN_ZERO;
        n->type = s->type->number;
        break;
    case SYMBOL_BUILTIN:
        x->mode = MODE_BUILTIN;
        x->builtin = s->slot;
        break;
    default:
        check_bad(c, x);
    }
}

/* ---- literals ---- */

static void check_literal(struct check *c, node_ref ref, struct operand *x)
{
    static const uint8_t literal_kinds[] = {
        [TOKEN_INT] = LITERAL_INT,
        [TOKEN_FLOAT] = LITERAL_FLOAT,
        [TOKEN_RUNE] = LITERAL_RUNE,
        [TOKEN_STRING] = LITERAL_STRING,
    };
    static const uint8_t types[] = {
        [TOKEN_INT] = TYPE_UNTYPED_INT,
        [TOKEN_FLOAT] = TYPE_UNTYPED_FLOAT,
        [TOKEN_RUNE] = TYPE_UNTYPED_RUNE,
        [TOKEN_STRING] = TYPE_UNTYPED_STRING,
    };
    const struct node *n = check_node(c, ref);
    if (n->op == TOKEN_IMAGINARY) {
        check_outside(c, n->at, "complex numbers");
        check_bad(c, x);
        return;
    }
    struct slice text = slice_sub(tree_text(c->tree, n->at), 0, n->a);
    x->mode = MODE_CONST;
    x->type = c->types.basic[types[n->op]];
    if (constant_literal(c->arena, (enum literal_kind)literal_kinds[n->op], text, &x->value) < 0) {
        check_fault(c, CONFIG_FAULT_CONSTANT_OVERFLOW, n->at, "the number is too large");
        check_bad(c, x);
    } else if (x->value.kind == CONSTANT_INT &&
               constant_bits(x->value) > c->package->limits->const_bits_max) {
        check_fault(c, CONFIG_FAULT_CONSTANT_OVERFLOW, n->at,
                    "the constant has more than const_bits_max (%u) bits",
                    c->package->limits->const_bits_max);
        check_bad(c, x);
    }
}

void check_func_lit(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    struct type *type = check_signature(c, n->a);
    struct function *f = check_new_function(c, 0, n->at, type);
    struct operand keep = *x;
    const struct constant *iota = c->iota;
    bool saved = c->is_const_decl;

    f->body = n->b;
    c->iota = NULL;
    c->is_const_decl = false;
    check_function_body(c, f, n->a, 0);
    c->iota = iota;
    c->is_const_decl = saved;
    *x = keep;
    n = check_node(c, ref);
    n->a = f->number;
    set_value(c, ref, RUN_CLOSURE, x, MODE_VALUE, type);
}

/* ---- indexes and slices ---- */

static bool is_pointer_to_array(struct check *c, struct type *under, struct type **ret)
{
    if (under->kind != TYPE_POINTER)
        return false;
    *ret = check_under(c, under->elem);
    return (*ret)->kind == TYPE_ARRAY;
}

static void index_map(struct check *c, node_ref ref, struct type *under, struct operand *x)
{
    struct operand key;
    struct node *n = check_node(c, ref);
    check_expr(c, n->b, &key);
    if (!check_assign(c, &key, under->key, "as a map's key") && key.mode == MODE_BAD &&
        under->key->kind != TYPE_BAD) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    set_value(c, ref, RUN_INDEX_MAP, x, MODE_MAP_INDEX, under->elem);
    x->may_ok = true;
}

static void index_string(struct check *c, node_ref ref, struct operand *x)
{
    int64_t at, length = -1;
    struct node *n = check_node(c, ref);
    bool is_const = x->mode == MODE_CONST;
    struct constant text = x->value;
    if (is_const)
        length = (int64_t)text.text.size;
    bool ok = check_index(c, n->b, length, &at);
    if (is_const && kind_is_untyped(x->type->kind))
        check_default(c, x);
    if (!ok) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    set_value(c, ref, RUN_INDEX_STRING, x, MODE_VALUE, c->types.basic[TYPE_UINT8]);
}

void check_index_expr(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    struct type *array = NULL; /* set where it is looked at */
    check_any(c, n->a, x);
    if (x->mode == MODE_TYPE || x->mode == MODE_LIBRARY || x->mode == MODE_BUILTIN) {
        check_outside(c, n->at, "type arguments");
        x->mode = MODE_BAD;
    }
    if (x->mode == MODE_BAD || x->type->kind == TYPE_BAD) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    struct type *under = check_under(c, x->type);
    uint16_t calls = (check_node(c, n->a)->flags | check_node(c, n->b)->flags) & RUN_CALLS;
    if (n->b && check_node(c, n->b)->next) {
        check_fault(c, CONFIG_FAULT_SYNTAX, n->at, "more than one index");
        x->node = ref;
        check_bad(c, x);
        return;
    }
    if (under->kind == TYPE_MAP) {
        index_map(c, ref, under, x);
    } else if (kind_is_string(under->kind)) {
        index_string(c, ref, x);
    } else if (under->kind == TYPE_SLICE || under->kind == TYPE_ARRAY ||
               is_pointer_to_array(c, under, &array)) {
        bool slice = under->kind == TYPE_SLICE, direct = under->kind == TYPE_ARRAY;
        struct type *of = slice || direct ? under : array;
        enum mode mode = direct && x->mode != MODE_VARIABLE ? MODE_VALUE : MODE_VARIABLE;
        if (!check_index(c, n->b, slice ? -1 : of->length, NULL)) {
            x->node = ref;
            check_bad(c, x);
            return;
        }
        if (slice)
            check_plain_use(c, n->a);
        set_value(c, ref,
                  slice    ? RUN_INDEX_SLICE
                  : direct ? RUN_INDEX_ARRAY
                           : RUN_INDEX_ARRAY_OF,
                  x, mode, of->elem);
    } else {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "cannot index %s", check_describe(c, x));
        x->node = ref;
        check_bad(c, x);
        return;
    }
    if (x->mode == MODE_BAD)
        return;
    n = check_node(c, ref);
    calls |= (check_node(c, n->a)->flags | check_node(c, n->b)->flags) & RUN_CALLS;
    n->flags |= calls;
    if (kind_is_aggregate(check_under(c, x->type)->kind))
        n->flags |= RUN_AGGREGATE;
}

/* low <= high <= max, as far as they are constant. */
static bool slice_bounds(struct check *c, node_ref row, int64_t length, bool *ret_calls)
{
    int64_t before = -1, value;
    bool ok = true;
    for (; row; row = check_node(c, row)->next) {
        if (check_node(c, row)->kind == NODE_NONE)
            continue;
        source_place at = check_node(c, row)->at;
        ok = check_index(c, row, length < 0 ? -1 : length + 1, &value) && ok;
        *ret_calls = *ret_calls || (check_node(c, row)->flags & RUN_CALLS);
        if (value >= 0 && before > value && ok) {
            check_fault(c, CONFIG_FAULT_OUT_OF_RANGE, at, "invalid slice indices: %lld < %lld",
                        (long long)value, (long long)before);
            ok = false;
        }
        if (value >= 0)
            before = value;
    }
    return ok;
}

void check_slice_expr(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    struct type *array = NULL;
    bool calls = false;
    check_expr(c, n->a, x);
    if (x->mode == MODE_BAD || x->type->kind == TYPE_BAD) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    int64_t length = -1;
    struct type *under = check_under(c, x->type), *type = x->type;
    enum run_kind kind = RUN_SLICE_SLICE;
    const char *wrong = NULL;
    if (kind_is_string(under->kind)) {
        kind = RUN_SLICE_STRING;
        if (x->mode == MODE_CONST)
            length = (int64_t)x->value.text.size;
        check_default(c, x);
        type = x->type;
        wrong = n->op ? "a string has no 3-index slice" : NULL;
    } else if (under->kind == TYPE_ARRAY) {
        length = under->length;
        kind = RUN_SLICE_ARRAY_OF;
        type = type_slice(&c->types, under->elem);
        wrong = x->mode != MODE_VARIABLE ? "an array that is sliced must be a variable" : NULL;
        if (!wrong) {
            check_pin(c, n->a);
            check_wrap(c, n->a, RUN_ADDRESS, type_pointer(&c->types, x->type));
        }
    } else if (is_pointer_to_array(c, under, &array)) {
        length = array->length;
        kind = RUN_SLICE_ARRAY_OF;
        type = type_slice(&c->types, array->elem);
    } else if (under->kind != TYPE_SLICE) {
        wrong = arena_printf(c->arena, "cannot slice %s", check_describe(c, x));
    }
    if (wrong)
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "%s", wrong);
    if (!slice_bounds(c, n->b, length, &calls) || wrong) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    calls = calls || (check_node(c, n->a)->flags & RUN_CALLS);
    n->flags = calls ? RUN_CALLS : 0;
    set_value(c, ref, kind, x, MODE_VALUE, type);
}

/* ---- pointers, assertions, parentheses ---- */

static void check_star(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    check_expr(c, n->a, x);
    struct type *under = x->mode == MODE_BAD ? NULL : check_under(c, x->type);
    if (!under || under->kind == TYPE_BAD) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    if (under->kind != TYPE_POINTER) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "cannot follow %s: it is no pointer",
                    check_describe(c, x));
        x->node = ref;
        check_bad(c, x);
        return;
    }
    n->flags = check_node(c, n->a)->flags & RUN_CALLS;
    if (kind_is_aggregate(check_under(c, under->elem)->kind))
        n->flags |= RUN_AGGREGATE;
    set_value(c, ref, RUN_DEREF, x, MODE_VARIABLE, under->elem);
}

static void check_assert_expr(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    if (!n->b) {
        check_fault(c, CONFIG_FAULT_SYNTAX, n->at, "x.(type) is only for a type switch");
        x->node = ref;
        check_bad(c, x);
        return;
    }
    check_expr(c, n->a, x);
    struct type *type = check_type(c, n->b);
    if (x->mode == MODE_BAD || type->kind == TYPE_BAD) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    const char *wrong = NULL;
    struct operand probe = {.mode = MODE_VALUE, .type = type, .node = ref};
    if (check_under(c, x->type)->kind != TYPE_INTERFACE)
        wrong = arena_printf(c->arena, "%s is no interface", check_describe(c, x));
    else if (x->type == c->types.error && type != c->types.any &&
             !check_assignable(c, &probe, c->types.error))
        wrong = arena_printf(c->arena, "impossible: %s is no error", type_text(&c->types, type));
    if (wrong) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "invalid type assertion: %s", wrong);
        x->node = ref;
        check_bad(c, x);
        return;
    }
    n->flags = check_node(c, n->a)->flags & RUN_CALLS;
    set_value(c, ref, RUN_ASSERT, x, MODE_VALUE, type);
    x->may_ok = true;
}

/* The node takes the place of its parentheses. */
static void check_paren(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    check_any(c, n->a, x);
    x->node = ref;
    if (c->is_const_decl || x->mode == MODE_TYPE)
        return;
    node_ref next = n->next;
    *n = *check_node(c, n->a);
    n->next = next;
}

/* ---- any expression ---- */

static void check_kind(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    switch (n->kind) {
    case NODE_NAME:
        check_ident(c, ref, x);
        break;
    case NODE_LITERAL:
        check_literal(c, ref, x);
        break;
    case NODE_COMPOSITE:
        check_composite(c, ref, NULL, x);
        break;
    case NODE_FUNC_LIT:
        check_func_lit(c, ref, x);
        break;
    case NODE_PAREN:
        check_paren(c, ref, x);
        break;
    case NODE_SELECTOR:
        check_selector(c, ref, x);
        break;
    case NODE_INDEX:
        check_index_expr(c, ref, x);
        break;
    case NODE_SLICE:
        check_slice_expr(c, ref, x);
        break;
    case NODE_ASSERT:
        check_assert_expr(c, ref, x);
        break;
    case NODE_CALL:
        check_call(c, ref, x);
        break;
    case NODE_STAR:
        check_star(c, ref, x);
        break;
    case NODE_UNARY:
        check_unary(c, ref, x);
        if (n->kind == NODE_PAREN && x->mode == MODE_VALUE) {
            node_ref next = n->next;
            *n = *check_node(c, n->a);
            n->next = next;
        }
        break;
    case NODE_BINARY:
        check_binary(c, ref, x);
        break;
    case NODE_KEYED:
        check_fault(c, CONFIG_FAULT_SYNTAX, n->at, "a key is only for a composite literal");
        check_bad(c, x);
        break;
    case NODE_BAD:
        check_bad(c, x);
        break;
    case RUN_CONST:
    case RUN_TEXT:
        check_const_again(c, ref, x);
        break;
    default:
        /* It was checked before: a fault elsewhere made two readers of one node. */
        check_bad(c, x);
    }
}

void check_any(struct check *c, node_ref ref, struct operand *x)
{
    *x = (struct operand){.node = ref};
    struct type *type;
    if (++c->depth > 4 * c->package->limits->nesting_depth_max) {
        check_fault(c, CONFIG_FAULT_LIMIT, check_node(c, ref)->at,
                    "the program goes beyond nesting_depth_max (%u)",
                    c->package->limits->nesting_depth_max);
        check_bad(c, x);
    } else if (check_try_type(c, ref, &type)) {
        x->mode = MODE_TYPE;
        x->type = type;
        if (type->kind == TYPE_BAD)
            check_bad(c, x);
    } else {
        check_kind(c, ref, x);
        x->node = ref;
    }
    c->depth--;
}

void check_expr_or_call(struct check *c, node_ref ref, struct operand *x)
{
    check_any(c, ref, x);
    const char *what = x->mode == MODE_TYPE      ? "a type"
                       : x->mode == MODE_BUILTIN ? "a builtin function that is not called"
                       : x->mode == MODE_LIBRARY ? "a generic function that is not called"
                                                 : NULL;
    if (!what)
        return;
    check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, ref)->at, "expected a value, found %s",
                what);
    check_bad(c, x);
}

void check_expr(struct check *c, node_ref ref, struct operand *x)
{
    check_expr_or_call(c, ref, x);
    if (x->mode == MODE_BAD || x->type->kind == TYPE_BAD) {
        check_bad(c, x);
        return;
    }
    bool none = x->mode == MODE_NONE;
    if (!none && x->type->kind != TYPE_TUPLE)
        return;
    check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, ref)->at,
                none ? "the call has no result, which is used as a value"
                     : "the call has %u results where one value is used",
                none ? 0 : x->type->field_count);
    check_bad(c, x);
}
