#include <errno.h>

#include "lang/go_print.h"
#include "lang/golib_impl.h"

enum { SPARE_BYTES_MAX = 4096 }; /* a larger one is not kept */

/* The spare memory is taken while it is in use: a String method may print, too. */
static struct buf begin(struct golib_call *c)
{
    struct buf to = BUF(MEM_LANG, golib_bytes_max(c));
    if (c->spare && c->spare->cap && c->spare->cap <= to.size_max) {
        to.data = c->spare->data;
        to.cap = c->spare->cap;
        *c->spare = (struct buf){.sub = MEM_LANG};
    }
    return to;
}

static void end(struct golib_call *c, struct buf *to)
{
    if (!c->spare || c->spare->cap || to->cap > SPARE_BYTES_MAX) {
        buf_done(to);
        return;
    }
    buf_clear(to);
    *c->spare = *to;
}

static int ended(struct golib_call *c, int r, struct buf *to, struct slice *ret)
{
    if (r == 0)
        r = golib_text(c, buf_slice(to), ret);
    end(c, to);
    return r;
}

static int fmt_sprintf(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    struct buf to = begin(c);
    const struct golib_values *list = &args[1].values;
    int r = go_sprintf(&to, c->arena, args[0].text, list->items, list->count);
    return ended(c, r, &to, &ret->text);
}

static int fmt_sprint(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    struct buf to = begin(c);
    int r = go_sprint(&to, c->arena, args[0].values.items, args[0].values.count);
    return ended(c, r, &to, &ret->text);
}

static int fmt_sprintln(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    struct buf to = begin(c);
    int r = go_sprintln(&to, c->arena, args[0].values.items, args[0].values.count);
    return ended(c, r, &to, &ret->text);
}

/* The errors that %w named. An argument that is an error of the evaluator's own becomes one of
 * ours that stands for it. */
static int wrap(struct golib_call *c, const struct golib_values *list, const size_t *wrapped,
                size_t count, struct go_error *e)
{
    const struct go_error **kept = arena_alloc_array(c->arena, count, sizeof(*kept));
    if (!kept)
        return -ENOMEM;
    e->wrapped = kept;
    for (size_t i = 0; i < count; i++) {
        const struct go_value *v = &list->items[wrapped[i]];
        if (!(v->methods & GO_HAS_ERROR))
            continue;
        kept[e->wrapped_count] = v->error;
        int r = v->error
                    ? 0
                    : golib_error(c, (struct go_error){.foreign = *v}, &kept[e->wrapped_count]);
        if (r < 0)
            return r;
        e->wrapped_count++;
    }
    return 0;
}

static int fmt_errorf(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    struct buf to = begin(c);
    const struct golib_values *list = &args[1].values;
    size_t wrapped[GO_PRINT_WRAPS_MAX], count = 0;
    struct go_error e = {.type = "*fmt.wrapError"};
    int r = go_errorf(&to, c->arena, args[0].text, list->items, list->count, wrapped, &count);
    if (r == 0)
        r = golib_text(c, buf_slice(&to), &e.text);
    if (r == 0 && count) {
        e.is_list = count > 1;
        r = wrap(c, list, wrapped, count, &e);
    }
    if (count == 0)
        e.type = "*errors.errorString";
    else if (e.is_list)
        e.type = "*fmt.wrapErrors";
    if (r == 0)
        r = golib_error(c, e, &ret->error);
    end(c, &to);
    return r;
}

static const struct golib_func funcs[] = {
    {.name = "Errorf", .params = "sA", .results = "e", .call = fmt_errorf},
    {.name = "Sprint", .params = "A", .results = "s", .call = fmt_sprint},
    {.name = "Sprintf", .params = "sA", .results = "s", .call = fmt_sprintf},
    {.name = "Sprintln", .params = "A", .results = "s", .call = fmt_sprintln},
};

const struct golib_package golib_fmt = {
    .path = "fmt", .funcs = funcs, .func_count = ARRAY_LEN(funcs)};
