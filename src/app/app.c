#include "app/app.h"

#include <errno.h>

#include "base/utf8.h"
#include "rt/stdio.h"

static const struct fault_title {
    int exit;
    const char *title, *reason;
    int status;
} titles[] = {
    {EXIT_USAGE, "Usage", "usage", 400},
    {EXIT_UNREACHABLE, "Not reachable", "source_io", 502},
    {EXIT_DENIED, "Forbidden", "forbidden", 403},
    {EXIT_NO, "Failed", "failed", 500},
};

static struct problem problem_of(int exit, const struct err *err)
{
    const struct fault_title *t = &titles[ARRAY_LEN(titles) - 1];
    for (size_t i = 0; i < ARRAY_LEN(titles); i++)
        if (titles[i].exit == exit)
            t = &titles[i];
    return (struct problem){
        .status = (uint16_t)t->status,
        .title = slice_from(t->title),
        .detail = slice_from(err->text),
        .reason = slice_from(t->reason),
    };
}

int app_fail_problem(const struct app *app, int status, const struct problem *p)
{
    struct buf out = BUF(MEM_APP, 0);
    const char *name = app->command ? app->command->name : NULL;
    if (app->json_errors) {
        problem_write(p, &out);
        buf_append_byte(&out, '\n');
    } else {
        buf_printf(&out, "%sfirebreak%s%s:%s ", app->color_err ? "\x1b[31m" : "",
                   name ? " " : "", name ? name : "", app->color_err ? "\x1b[0m" : "");
        utf8_append_shown(&out, p->detail); /* it may quote what came from outside */
        buf_append_byte(&out, '\n');
        if (status == EXIT_USAGE)
            buf_printf(&out, "'firebreak %s%s-h' shows how it is used.\n", name ? name : "",
                       name ? " " : "");
    }
    rt_output_write_now(RT_STDERR, out.data, out.size);
    buf_done(&out);
    return status;
}

int app_fail(const struct app *app, int status, const struct err *err)
{
    struct problem p = problem_of(status, err);
    return app_fail_problem(app, status, &p);
}

int app_name_operand(struct app *app, uint32_t at, const char *kind)
{
    struct err err;
    const char **word = &app->parsed.operands[at];
    if (kind_parse_name(kind_find(slice_from(kind)), *word, word, &err) < 0)
        return app_fail(app, EXIT_USAGE, &err);
    return EXIT_WELL;
}

int app_resource_operands(const struct app *app, bool all, const struct kind **ret_kind,
                          const char **ret_name)
{
    const char **words = app->parsed.operands;
    struct err err;
    int r = kind_parse(words[0], ret_kind, ret_name, &err);
    if (r == 0 && app->parsed.operand_count > 1 && *ret_name)
        r = err_set(&err, -EINVAL, "'%.80s' and '%.80s': one name is enough", words[0], words[1]);
    else if (r == 0 && app->parsed.operand_count > 1)
        r = kind_parse_name(*ret_kind, words[1], ret_name, &err);
    else if (r == 0 && !*ret_name && !all)
        r = err_set(&err, -EINVAL, "which %s? KIND NAME or KIND/NAME is wanted",
                    (*ret_kind)->name);
    return r < 0 ? app_fail(app, EXIT_USAGE, &err) : EXIT_WELL;
}

int app_write(const struct app *app, struct slice data)
{
    int r = rt_output_write_now(RT_STDOUT, data.data, data.size);
    if (r == 0 || r == -EPIPE)
        return EXIT_WELL; /* a reader that has gone has seen enough */
    struct err err;
    err_sys(&err, r, "write to standard output");
    return app_fail(app, EXIT_UNREACHABLE, &err);
}
