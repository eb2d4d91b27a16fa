/* config_load.h - the options of a command as the sources of a configuration, and what is told
 * about its faults. */
#ifndef FIREBREAK_APP_CONFIG_LOAD_H
#define FIREBREAK_APP_CONFIG_LOAD_H

#include "app/app.h"
#include "cli/print.h"
#include "config/load.h"

/* Paths, --set, --var, --log-level and --log-format, and this process's environment. Lies in the
 * app's arena. */
void app_config_options(struct app *app, const struct cli_list *paths,
                        const struct cli_list *settings, const struct cli_list *vars,
                        struct config_options *ret);
/* One more flag with a name of its own; text NULL: it was not given. */
void app_config_flag(struct config_options *o, const char *name, const char *key,
                     const char *text);

/* config_load, with the stack that it needs. Outside of the runtime; freed with config_free. */
struct config *app_config_load(const struct config_options *options);

/* Appends the faults in this form, as a list where it has one. */
void app_config_faults(const struct app *app, const struct config *c, enum cli_form form,
                       bool color, struct buf *out);
/* Tells warnings, then faults in the command's form, on standard error. Returns EXIT_WELL where
 * there was no fault, else the exit status. */
int app_config_report(const struct app *app, const struct config *c);
void app_config_warnings(const struct app *app, const struct config *c);
/* What the faults of a configuration are as an exit status. */
int app_config_status(const struct config *c);

#endif
