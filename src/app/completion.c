#include <string.h>

#include "app/config_load.h"
#include "app/declared_check.h"
#include "cli/commands.h"
#include "cli/help.h"

/* What a check asks, as `firebreak probe` takes it: not a program's words, nor a chain's steps. */
static void put_target(const struct config_object *check, struct buf *out)
{
    struct declared_check *c = NULL;
    struct err err = {0};
    int r = declared_check_new(check, "", &c, &err);
    if (r == 0 && !c->is_local && c->probe.kind != PROBE_EXEC && c->probe.kind != PROBE_CHAIN)
        buf_printf(out, "%s\n", c->target);
    declared_check_free(c);
}

/* A shell that completes a word wants no faults: what cannot be read declares nothing. */
static void put_targets(struct app *app, struct buf *out)
{
    struct cli_list none = {0};
    struct config_options options;
    app_config_options(app, &none, &none, &none, &options);
    struct config *config = app_config_load(&options);
    if (!config)
        return;
    struct config_object root = config_object_root(config->root), check = {0};
    while (config->faults.count == 0 && config_next_object(&root, "checks", &check))
        put_target(&check, out);
    config_free(config);
}

int app_completion(struct app *app)
{
    struct buf out = BUF(MEM_APP, 0);
    const char *what = app->parsed.operands[0];
    if (strcmp(what, "zsh") == 0)
        cli_complete_zsh(&cli_firebreak, &out);
    else if (strcmp(what, "fish") == 0)
        cli_complete_fish(&cli_firebreak, &out);
    else if (strcmp(what, "bash") == 0)
        cli_complete_bash(&cli_firebreak, &out);
    else
        put_targets(app, &out);
    int status = app_write(app, buf_slice(&out));
    buf_done(&out);
    return status;
}
