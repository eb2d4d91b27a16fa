#include "app/asking.h"

#include <errno.h>

#include "base/utf8.h"

int asking_begin(struct asking *a, struct app *app, enum cli_form dflt)
{
    a->app = app;
    a->form = cli_form_of(app->parsed.globals.output, dflt);
    a->target = a->body = a->answer = a->text = BUF(MEM_APP, 0);
    a->arena = ARENA(MEM_APP, 0);
    return client_open(&a->client, app);
}

void asking_end(struct asking *a)
{
    client_close(&a->client);
    buf_done(&a->target);
    buf_done(&a->body);
    buf_done(&a->answer);
    buf_done(&a->text);
    arena_done(&a->arena);
}

int asking_ask(struct asking *a, const char *method, struct json_value **ret)
{
    struct err err;
    buf_clear(&a->answer);
    arena_reset(&a->arena);
    int status =
        client_ask(&a->client, method, buf_slice(&a->target), buf_slice(&a->body), &a->answer);
    if (status != EXIT_WELL)
        return status;
    if (json_parse(buf_slice(&a->answer), &a->arena, 0, ret, NULL) == 0 &&
        (*ret)->type == JSON_OBJECT)
        return EXIT_WELL;
    err_set(&err, -EPROTO, "the server's answer is none of firebreak's");
    return app_fail(a->app, EXIT_UNREACHABLE, &err);
}

int asking_print(struct asking *a, const char *line)
{
    buf_clear(&a->text);
    if (a->form == CLI_FORM_TEXT)
        utf8_append_shown(&a->text, slice_from(line));
    else
        cli_object(a->form, slice_trim(buf_slice(&a->answer)), &a->text);
    if (a->form == CLI_FORM_TEXT)
        buf_append_byte(&a->text, '\n');
    return app_print(a->app, buf_slice(&a->text));
}
