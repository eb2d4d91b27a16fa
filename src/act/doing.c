#include "act/doing.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

int doing_begin(struct doing *d, struct act *a, const struct exec_spec *spec, const char *kind,
                const struct exec_sink *sink, struct exec_result *ret_result, struct err *err,
                rt_time deadline)
{
    struct json_value *v = NULL;
    *ret_result = (struct exec_result){
        .exit = -1, .arena = ARENA(MEM_ACT, 0), .started_wall_ns = rt_wall_now()};
    *d = (struct doing){.act = a, .spec = spec, .sink = sink, .result = ret_result,
                        .deadline = deadline, .begun = rt_now()};
    if (spec->timeout_ns > 0 && rt_now() + spec->timeout_ns < d->deadline)
        d->deadline = rt_now() + spec->timeout_ns;
    struct slice text = slice_from(spec->action);
    if (text.size && json_parse(text, &ret_result->arena, 0, &v, NULL) == 0 &&
        v->type == JSON_OBJECT)
        d->what = json_get(v, kind);
    if (d->what && d->what->type == JSON_OBJECT)
        return 0;
    exec_result_done(ret_result);
    return err_set(err, -EBADMSG, "the action is no %s", kind);
}

const char *doing_text(const struct doing *d, const char *key)
{
    const struct json_value *v = json_get(d->what, key);
    if (!v || v->type != JSON_STRING || !v->text.size || memchr(v->text.data, 0, v->text.size))
        return NULL;
    return arena_strdup(&d->result->arena, v->text);
}

const char *doing_variable(const struct doing *d, const char *name)
{
    size_t size = strlen(name);
    for (const char *const *e = d->spec->env; e && *e; e++)
        if (strncmp(*e, name, size) == 0 && (*e)[size] == '=')
            return *e + size + 1;
    return NULL;
}

static void say_text(struct doing *d, struct slice text)
{
    struct exec_line line = {.stream = EXEC_STDOUT, .text = text, .ends = true};
    d->result->bytes[EXEC_STDOUT] += text.size + 1;
    if (d->sink && d->sink->fn(d->sink->ctx, &line) < 0)
        d->result->cut_bytes[EXEC_STDOUT] += text.size + 1;
}

void doing_say(struct doing *d, const char *fmt, ...)
{
    struct buf text = BUF(MEM_ACT, EXEC_LINE_BYTES_MAX);
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    say_text(d, buf_slice(&text));
    buf_done(&text);
}

void doing_output(struct doing *d, const char *key, const char *value)
{
    struct exec_result *r = d->result;
    if (!r->values)
        r->values = arena_alloc_array(&r->arena, EXEC_VALUES_MAX, sizeof(*r->values));
    if (r->value_count < EXEC_VALUES_MAX)
        r->values[r->value_count++] =
            (struct exec_value){slice_from(arena_strdup(&r->arena, slice_from(key))),
                                slice_from(arena_strdup(&r->arena, slice_from(value)))};
}

void doing_fail(struct doing *d, enum probe_reason reason, const char *fmt, ...)
{
    struct exec_result *r = d->result;
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->detail, sizeof(r->detail), fmt, args);
    va_end(args);
    r->reason = reason;
}

void doing_fail_code(struct doing *d, int code, const struct err *err)
{
    const char *text = err && err->code ? err->text : err_name(code);
    if (code == -ETIMEDOUT)
        doing_fail(d, REASON_TIMEOUT, "not done in its time%s%s", err && err->code ? ": " : "",
                   err && err->code ? text : "");
    else
        doing_fail(d, code == -ENOENT ? REASON_EXEC_NOT_FOUND : probe_reason_of_errno(code), "%s",
                   text);
}

int doing_end(struct doing *d, struct err *err)
{
    struct exec_result *r = d->result;
    if (rt_cancelled()) {
        exec_result_done(r);
        return err_set(err, -ECANCELED, "it was canceled");
    }
    r->started = true;
    r->wall_ns = rt_now() - d->begun;
    if (r->reason == REASON_OK)
        r->exit = 0;
    return 0;
}
