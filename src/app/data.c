#include "app/data.h"

#include <errno.h>
#include <stdlib.h>

#include "host/self.h"

int data_folder(struct app *app, const char **ret_path, struct err *err)
{
    const char *given = app->parsed.globals.data, *home = getenv("HOME");
    if (!given || !given[0])
        given = getenv("FIREBREAK_DATA");
    if (given && given[0])
        *ret_path = given;
    else if (host_uid() == 0)
        *ret_path = "/var/lib/firebreak";
    else if (home && home[0] == '/')
        *ret_path = arena_printf(&app->arena, "%s/.local/state/firebreak", home);
    else
        return err_set(err, -ENOENT, "where is the data folder? HOME is not set: say --data DIR");
    return 0;
}

const char *data_path(struct app *app, const char *folder, const char *name)
{
    return arena_printf(&app->arena, "%s/%s", folder, name);
}
