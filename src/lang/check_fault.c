/* What a fault says, and which field of the schema it breaks. */
#include <stdarg.h>
#include <stdio.h>

#include "base/suggest.h"
#include "lang/checker.h"

enum { MESSAGE_BYTES_MAX = 400, SCHEMA_DEPTH_MAX = 24, SHOWN_BYTES_MAX = 60 };

const char *check_name(struct check *c, name_id name)
{
    return arena_strdup(c->arena, name_text(c->names, name));
}

/* The kind whose objects hold this struct in one of their fields: a literal of it that stands by
 * itself is then named as if it stood there. */
static const char *home_of(struct check *c, const struct schema_struct *s)
{
    for (size_t i = 0; c->types.schema->structs[i]; i++) {
        const struct schema_struct *k = c->types.schema->structs[i];
        for (size_t f = 0; k->kind && f < k->field_count; f++)
            if (k->fields[f].of == s)
                return arena_printf(c->arena, "%s.%s", k->kind, k->fields[f].key);
    }
    return NULL;
}

/* "check.tcp.target": from the innermost object that is of a kind on down. */
static const char *schema_field_path(struct check *c, const struct place_in_schema *w)
{
    const struct schema_field *fields[SCHEMA_DEPTH_MAX];
    size_t count = 0;
    const char *base = NULL;

    for (; w && count < SCHEMA_DEPTH_MAX; w = w->outer) {
        if (w->field)
            fields[count++] = w->field;
        if (w->in && (w->in->kind || w->in == c->types.schema->root)) {
            base = w->in->kind ? w->in->kind : "";
            break;
        }
        bool last = true;
        for (const struct place_in_schema *o = w->outer; o; o = o->outer)
            last = last && !o->in;
        if (w->in && last) {
            base = home_of(c, w->in);
            break;
        }
    }
    if (!base || !count)
        return base && *base ? base : NULL;
    const char *path = base;
    while (count--)
        path = arena_printf(c->arena, "%s%s%s", path, *path ? "." : "", fields[count]->key);
    return path;
}

/* The Name of an object that is written as a literal, where it is a plain string. */
static struct slice name_of_literal(struct check *c, node_ref literal)
{
    const struct node *n = check_node(c, literal);
    if (n->kind != NODE_COMPOSITE && n->kind != RUN_STRUCT_LIT)
        return (struct slice){0};
    for (node_ref e = n->b; e; e = check_node(c, e)->next) {
        const struct node *k = check_node(c, e), *v = check_node(c, k->b);
        struct slice text = tree_text(c->tree, k->at);
        if (k->kind != NODE_KEYED || !slice_starts_with(text, SLICE("Name")))
            continue;
        text = tree_text(c->tree, v->at);
        if (text.size && text.data[0] == '"') {
            size_t end = tree_token_end(c->tree, v->at) - v->at;
            return slice_sub(text, 1, end - 1);
        }
    }
    return (struct slice){0};
}

/* "checks[db-port].tcp.target", where the literal stands inside Config. */
static const char *value_path(struct check *c, const struct place_in_schema *w)
{
    const struct place_in_schema *steps[SCHEMA_DEPTH_MAX];
    size_t count = 0;
    bool rooted = false;

    for (; w && count < SCHEMA_DEPTH_MAX && !rooted; w = w->outer) {
        steps[count++] = w;
        rooted = w->in == c->types.schema->root;
    }
    if (!rooted)
        return NULL;
    const char *path = "";
    while (count--) {
        const struct place_in_schema *s = steps[count];
        struct slice name = s->index >= 0 ? name_of_literal(c, s->literal) : (struct slice){0};
        if (s->field)
            path = arena_printf(c->arena, "%s%s%s", path, *path ? "." : "", s->field->key);
        else if (name.size)
            path = arena_printf(c->arena, "%s[%.*s]", path, SLICE_ARG(name));
        else if (s->index >= 0)
            path = arena_printf(c->arena, "%s[%lld]", path, (long long)s->index);
    }
    return *path ? path : NULL;
}

static struct config_fault *add(struct check *c, enum config_fault_code code, source_place at,
                                const char *text)
{
    source_place end = tree_token_end(c->tree, at);
    struct config_fault *f = config_fault_add(c->faults, code, at, end, "%s", text);
    if (c->where && c->types.schema) {
        f->schema = schema_field_path(c, c->where);
        f->path = value_path(c, c->where);
    }
    return f;
}

struct config_fault *check_fault_at(struct check *c, enum config_fault_code code, source_place at,
                                    const char *format, ...)
{
    char text[MESSAGE_BYTES_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return add(c, code, at, text);
}

void check_fault(struct check *c, enum config_fault_code code, source_place at, const char *format,
                 ...)
{
    char text[MESSAGE_BYTES_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add(c, code, at, text);
}

void check_outside(struct check *c, source_place at, const char *what)
{
    check_fault(c, CONFIG_FAULT_NOT_IN_SUBSET, at, "%s are not in the Firebreak subset", what);
}

/* The text of a name or of a row of selectors; of all else nothing. */
static struct slice plain_text(struct check *c, node_ref ref)
{
    struct slice text = tree_text(c->tree, check_node(c, ref)->at);
    size_t n = 0;
    while (n < text.size && n < SHOWN_BYTES_MAX &&
           ((text.data[n] | 0x20) >= 'a' ? (text.data[n] | 0x20) <= 'z'
                                         : (text.data[n] >= '0' && text.data[n] <= '9')))
        n++;
    return slice_sub(text, 0, n);
}

static const char *with_article(struct check *c, const char *type)
{
    return arena_printf(c->arena, "%s %s", strchr("aeio", type[0]) ? "an" : "a", type);
}

const char *check_describe(struct check *c, const struct operand *x)
{
    const char *type = x->type ? type_text(&c->types, x->type) : "";
    if (x->mode == MODE_CONST) {
        struct buf text CLEANUP(buf_done) = BUF(MEM_LANG, MESSAGE_BYTES_MAX);
        if (constant_append(&text, &c->scratch, x->value) < 0)
            buf_append_cstr(&text, "…");
        return arena_printf(c->arena, "%.*s (%s constant)", SLICE_ARG(buf_slice(&text)),
                            kind_is_untyped(x->type->kind) ? type : with_article(c, type));
    }
    if (x->type && x->type->kind == TYPE_UNTYPED_NIL)
        return "nil";
    struct slice text = plain_text(c, x->node);
    if (x->mode == MODE_VARIABLE && text.size)
        return arena_printf(c->arena, "%.*s (%s)", SLICE_ARG(text), with_article(c, type));
    return arena_printf(c->arena, "a value of type %s", type);
}
