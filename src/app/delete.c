#include <inttypes.h>

#include "app/asking.h"
#include "base/utf8.h"
#include "rt/stdio.h"
#include "wire/url_escape.h"

/* delete: what was declared goes. Who brings it back is told: else it would seem to have worked,
 * until files are read the next time. */

struct deleting {
    const struct kind *kind;
    const char *name;
};

/* Its own file says it again, or a check in one is about it. */
static void put_return(const struct deleting *d, const struct json_value *by, struct buf *line)
{
    struct slice place = json_text(by, "place"), kind = json_text(by, "kind");
    bool itself = slice_eq_cstr(kind, d->kind->name);
    buf_printf(line, "%s/%s ", d->kind->name, d->name);
    if (itself)
        buf_append_cstr(line, "is declared in ");
    else
        buf_printf(line, "goes on, as %.*s/%.*s is about it, in ", SLICE_ARG(kind),
                   SLICE_ARG(json_text(by, "name")));
    if (place.size)
        buf_append_slice(line, place);
    else
        buf_printf(line, "the files of node %.*s", SLICE_ARG(json_text(by, "node")));
    if (itself)
        buf_append_cstr(line, ": it comes back when files are read the next time");
}

static void warn(const struct deleting *d, const struct json_value *answer)
{
    const struct json_value *all = json_get(answer, "declared_by");
    struct buf out = BUF(MEM_APP, 0), line = BUF(MEM_APP, 0);
    for (const struct json_value *by = all ? all->first : NULL; by; by = by->next) {
        buf_clear(&line);
        put_return(d, by, &line);
        buf_append_cstr(&out, "firebreak delete: warning: ");
        utf8_append_shown(&out, buf_slice(&line));
        buf_append_byte(&out, '\n');
    }
    if (out.size)
        rt_output_write(RT_STDERR, out.data, out.size, RT_NEVER);
    buf_done(&out);
    buf_done(&line);
}

static void put_target(struct asking *a, const struct deleting *d)
{
    const struct delete_options *o = a->app->parsed.values;
    buf_printf(&a->target, "/v1/%s/", d->kind->plural);
    url_escape(slice_from(d->name), &a->target);
    buf_append_cstr(&a->target, "?namespace=");
    url_escape(slice_from(a->app->parsed.globals.namespace_), &a->target);
    if (o->revision >= 0)
        buf_printf(&a->target, "&revision=%" PRId64, o->revision);
}

static int print(struct asking *a, const struct deleting *d)
{
    bool name_only = a->form == CLI_FORM_NAME;
    const char *line = arena_printf(&a->app->arena, "%s/%s%s", d->kind->name, d->name,
                                    name_only ? "" : " deleted");
    a->form = name_only ? CLI_FORM_TEXT : a->form;
    return asking_print(a, line);
}

static int delete (struct app *app)
{
    struct asking a = {.app = NULL};
    struct json_value *answer;
    const struct deleting *d = app->command_state;
    int status = asking_begin(&a, app, CLI_FORM_TEXT);
    if (status == EXIT_WELL) {
        put_target(&a, d);
        status = asking_ask(&a, "DELETE", &answer);
    }
    if (status == EXIT_WELL)
        status = print(&a, d);
    if (status == EXIT_WELL)
        warn(d, answer);
    asking_end(&a);
    return status;
}

int app_delete(struct app *app)
{
    struct deleting d;
    int status = app_resource_operands(app, false, &d.kind, &d.name);
    app->command_state = &d;
    if (status == EXIT_WELL)
        status = app_run_task(app, delete);
    app->command_state = NULL;
    return status;
}
