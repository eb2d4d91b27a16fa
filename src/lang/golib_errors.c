#include <errno.h>

#include "lang/go_print.h"
#include "lang/golib_impl.h"

static const char string_type[] = "*errors.errorString";

/* ---- an error as fmt sees it ---- */

static int append_type(const struct go_value *v, struct buf *to)
{
    const char *type = v->error->type ? v->error->type : string_type;
    /* What it points to is the same name without the star. */
    return buf_append_cstr(to, type + (v->kind != GO_POINTER && type[0] == '*'));
}

static struct slice field_name(const struct go_value *v, uint64_t at)
{
    (void)v;
    (void)at;
    return SLICE("s");
}

/* errors.New's has the one field s; what the other kinds have inside is nobody's business, and
 * verbs that would look there are refused as addresses are. */
static int child(const struct go_value *v, uint64_t at, struct go_value *ret)
{
    (void)at;
    if (v->error->wrapped_count)
        return -EOPNOTSUPP;
    if (v->kind == GO_STRUCT) {
        *ret = (struct go_value){.kind = GO_STRING, .text = v->error->text};
        return 0;
    }
    *ret = (struct go_value){.kind = GO_STRUCT, .count = 1, .ops = v->ops, .error = v->error};
    return 0;
}

static int method(const struct go_value *v, enum go_methods which, struct buf *to)
{
    (void)which;
    return buf_append_slice(to, v->error->text);
}

static const struct go_value_ops error_ops = {
    .append_type = append_type, .child = child, .field_name = field_name, .method = method};

struct go_value go_error_value(const struct go_error *err)
{
    if (!err)
        return (struct go_value){.kind = GO_NIL};
    if (err->foreign.kind != GO_NIL)
        return err->foreign;
    return (struct go_value){.kind = GO_POINTER,
                             .elem_kind = GO_STRUCT,
                             .methods = GO_HAS_ERROR,
                             .ops = &error_ops,
                             .error = err};
}

/* ---- package errors ---- */

static bool is_same(const struct go_error *x, const struct go_error *y)
{
    if (x->foreign.kind != GO_NIL && y->foreign.kind != GO_NIL)
        return x->foreign.ops->equal && x->foreign.ops->equal(&x->foreign, &y->foreign);
    return x == y;
}

static bool says_it_is(const struct go_error *e, const struct go_error *target)
{
    return e->foreign.kind != GO_NIL && e->foreign.ops->is &&
           e->foreign.ops->is(&e->foreign, target);
}

static size_t unwrapped(const struct go_error *e, const struct go_error *const **ret,
                        bool *ret_list)
{
    if (e->foreign.kind != GO_NIL)
        return e->foreign.ops->unwrap ? e->foreign.ops->unwrap(&e->foreign, ret, ret_list) : 0;
    *ret = e->wrapped;
    *ret_list = e->is_list;
    return e->wrapped_count;
}

/* Depth first, as Go does. Lists inside lists are walked with a stack of our own: the chain is as
 * long as its maker liked. */
bool go_error_is(const struct go_error *err, const struct go_error *target)
{
    struct {
        const struct go_error *const *list;
        size_t count, at;
    } open[GO_ERROR_DEPTH_MAX];
    size_t depth = 0;
    bool is_list;
    if (!err || !target)
        return err == target;
    for (const struct go_error *e = err; e;) {
        if (is_same(e, target) || says_it_is(e, target))
            return true;
        const struct go_error *const *list = NULL;
        size_t count = unwrapped(e, &list, &is_list);
        if (count == 1) {
            e = list[0];
            continue;
        }
        if (count && depth < GO_ERROR_DEPTH_MAX) {
            open[depth].list = list;
            open[depth].count = count;
            open[depth++].at = 0;
        }
        e = NULL;
        while (depth && !e) {
            if (open[depth - 1].at < open[depth - 1].count)
                e = open[depth - 1].list[open[depth - 1].at++];
            else
                depth--;
        }
    }
    return false;
}

static int errors_is(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->boolean = go_error_is(args[0].error, args[1].error);
    return 0;
}

static int errors_new(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return golib_error(c, (struct go_error){.text = args[0].text, .type = string_type},
                       &ret->error);
}

static int errors_unwrap(struct golib_call *c, const union golib_value *args,
                         union golib_value *ret)
{
    (void)c;
    const struct go_error *const *list = NULL;
    bool is_list = false;
    size_t count = args[0].error ? unwrapped(args[0].error, &list, &is_list) : 0;
    ret->error = count && !is_list ? list[0] : NULL;
    return 0;
}

static int append_error(struct buf *to, const struct go_error *e)
{
    if (e->foreign.kind == GO_NIL)
        return buf_append_slice(to, e->text);
    return e->foreign.ops->method(&e->foreign, GO_HAS_ERROR, to);
}

static int errors_join(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    const struct golib_errors_list *list = &args[0].errors;
    struct buf words = BUF(MEM_LANG, golib_bytes_max(c));
    const struct go_error **kept = arena_alloc_array(c->arena, list->count + 1, sizeof(*kept));
    struct go_error e = {.type = "*errors.joinError", .wrapped = kept, .is_list = true};
    int r = kept ? 0 : -ENOMEM;
    for (size_t i = 0; i < list->count && r == 0; i++) {
        if (!list->items[i])
            continue;
        if (e.wrapped_count)
            r = buf_append_byte(&words, '\n');
        kept[e.wrapped_count++] = list->items[i];
        if (r == 0)
            r = append_error(&words, list->items[i]);
    }
    if (r == 0 && e.wrapped_count == 0)
        ret->error = NULL;
    else if (r == 0) {
        r = golib_text(c, buf_slice(&words), &e.text);
        if (r == 0)
            r = golib_error(c, e, &ret->error);
    }
    buf_done(&words);
    return r;
}

static const struct golib_func funcs[] = {
    {.name = "Is", .params = "ee", .results = "b", .call = errors_is},
    {.name = "Join", .params = "W", .results = "e", .call = errors_join},
    {.name = "New", .params = "s", .results = "e", .call = errors_new},
    {.name = "Unwrap", .params = "e", .results = "e", .call = errors_unwrap},
};

const struct golib_package golib_errors = {
    .path = "errors", .funcs = funcs, .func_count = ARRAY_LEN(funcs)};
