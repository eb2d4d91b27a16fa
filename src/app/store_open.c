#include "app/store_open.h"

#include <errno.h>
#include <fcntl.h> /* rule zero: kernel header, for the names of the flags of rt_file_open */

#include "app/data.h"
#include "host/self.h"
#include "rt/file.h"
#include "rt/folder.h"
#include "store/etcd.h"
#include "store/sqlite.h"

enum { OPEN_S = 60 };

static const struct slice etcd_scheme = {"etcd://", 7};

int store_folder(struct app *app, const char *url, const char **ret_folder, struct err *err)
{
    static const struct slice scheme = {"sqlite:", 7}, file = {"/store.db", 9};
    struct slice text = slice_from(url);
    if (!url)
        return data_folder(app, ret_folder, err);
    if (!slice_starts_with(text, scheme))
        return err_set(err, -EINVAL,
                       "--store: '%.200s' is none that this program knows: write "
                       "sqlite:FOLDER/store.db or etcd://HOST:PORT",
                       url);
    text = slice_sub(text, scheme.size, text.size);
    if (!slice_ends_with(text, file) || text.size == file.size)
        return err_set(err, -EINVAL, "--store: the file of '%.200s' is to be called store.db", url);
    *ret_folder = arena_strdup(&app->arena, slice_sub(text, 0, text.size - file.size));
    return 0;
}

/* Who only looks makes no store. */
static int must_exist(struct app *app, const char *folder, struct err *err)
{
    struct rt_file *f;
    const char *path = data_path(app, folder, "store.db");
    int r = rt_file_open(path, O_RDONLY, 0, &f, RT_NEVER);
    if (r == 0)
        rt_file_close(f);
    return r < 0 ? err_sys(err, r, "%s", path) : 0;
}

/* What stands in a command line, all users of the machine can read. */
static int open_etcd(const char *url, struct store **ret_store, struct err *err)
{
    struct slice rest = slice_sub(slice_from(url), etcd_scheme.size, SIZE_MAX);
    ptrdiff_t at = slice_find_byte(rest, '@'), colon = slice_find_byte(rest, ':');
    if (at >= 0 && colon >= 0 && colon < at)
        return err_set(err, -EINVAL,
                       "--store: a password is never an argument: write "
                       "etcd://USER@HOST:PORT?password_file=FILE or password_env=NAME");
    return store_etcd_open(url, ret_store, err, rt_now() + OPEN_S * RT_SEC);
}

int store_open(struct app *app, const char *url, const char *what, bool make,
               struct store **ret_store, const char **ret_folder, struct err *err)
{
    const char *folder;
    if (url && slice_starts_with(slice_from(url), etcd_scheme))
        return open_etcd(url, ret_store, err);
    int r = store_folder(app, url, &folder, err);
    if (r == 0 && make) {
        r = rt_folder_make(folder, 0700, RT_NEVER);
        if (r < 0)
            err_sys(err, r, "make the data folder %s", folder);
    } else if (r == 0) {
        r = must_exist(app, folder, err);
    }
    if (r < 0)
        return r;
    struct store_sqlite_options options = {
        .folder = folder,
        .who = arena_printf(&app->arena, "%s, process %d", what, host_pid()),
    };
    r = store_sqlite_open(&options, ret_store, err, rt_now() + OPEN_S * RT_SEC);
    if (r == 0 && ret_folder)
        *ret_folder = folder;
    return r;
}
