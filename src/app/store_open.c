#include "app/store_open.h"

#include <errno.h>
#include <fcntl.h> /* rule zero: kernel header, for the names of the flags of rt_file_open */
#include <stdlib.h>

#include "app/data.h"
#include "host/self.h"
#include "rt/file.h"
#include "rt/folder.h"
#include "store/etcd.h"
#include "store/sqlite.h"

enum { OPEN_S = 60 };

static const struct slice etcd_scheme = {"etcd://", 7};

static const char *variable(const char *name)
{
    const char *text = getenv(name);
    return text && text[0] ? text : NULL;
}

struct store_place store_place_of(const char *flag)
{
    struct store_place p = {.url = flag, .said = "--store", .argument = true};
    p.prefix = variable("FIREBREAK_STORE_PREFIX");
    if (!flag) {
        p.url = variable("FIREBREAK_STORE_URL");
        p.said = "FIREBREAK_STORE_URL";
        p.argument = false;
    }
    return p;
}

int store_folder(struct app *app, const struct store_place *place, const char **ret_folder,
                 struct err *err)
{
    static const struct slice scheme = {"sqlite:", 7}, file = {"/store.db", 9};
    struct slice text = slice_from(place->url);
    if (!place->url)
        return data_folder(app, ret_folder, err);
    if (!slice_starts_with(text, scheme))
        return err_set(err, -EINVAL,
                       "%s: '%.200s' is none that this program knows: write "
                       "sqlite:FOLDER/store.db or etcd://HOST:PORT",
                       place->said, place->url);
    text = slice_sub(text, scheme.size, text.size);
    if (!slice_ends_with(text, file) || text.size == file.size)
        return err_set(err, -EINVAL, "%s: the file of '%.200s' is to be called store.db",
                       place->said, place->url);
    *ret_folder = arena_strdup(&app->arena, slice_sub(text, 0, text.size - file.size));
    return 0;
}

static struct slice without_slash(const char *path)
{
    struct slice s = slice_from(path);
    while (s.size > 1 && s.data[s.size - 1] == '/')
        s.size--;
    return s;
}

bool store_is_own(struct app *app, const struct store_place *place)
{
    const char *folder, *data;
    struct err err;
    if (!place->url)
        return true;
    return store_folder(app, place, &folder, &err) == 0 && data_folder(app, &data, &err) == 0 &&
           slice_eq(without_slash(folder), without_slash(data));
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

static int open_etcd(const struct store_place *place, struct store **ret_store, struct err *err)
{
    struct slice rest = slice_sub(slice_from(place->url), etcd_scheme.size, SIZE_MAX);
    ptrdiff_t at = slice_find_byte(rest, '@'), colon = slice_find_byte(rest, ':');
    if (place->argument && at >= 0 && colon >= 0 && colon < at)
        return err_set(err, -EINVAL,
                       "%s: a password is never an argument: write "
                       "etcd://USER@HOST:PORT?password_file=FILE or password_env=NAME",
                       place->said);
    return store_etcd_open(place->url, ret_store, err, rt_now() + OPEN_S * RT_SEC);
}

static int open_sqlite(struct app *app, const struct store_place *place, const char *what,
                       bool make, struct store **ret_store, struct err *err)
{
    const char *folder;
    int r = store_folder(app, place, &folder, err);
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
    return store_sqlite_open(&options, ret_store, err, rt_now() + OPEN_S * RT_SEC);
}

/* A cluster without a leader can be opened, to be asked how it is. Whoever wants more of it is told
 * at once. What we may read is not the question here. */
static int must_have_leader(struct store *store, struct err *err)
{
    struct arena arena = ARENA(MEM_STORE, 0);
    struct store_kv kv;
    int r = store_get(store, SLICE("/config"), &arena, &kv, err, rt_now() + OPEN_S * RT_SEC);
    arena_done(&arena);
    return r == -ENETDOWN ? r : 0;
}

int store_open(struct app *app, const struct store_place *place, const char *what, bool make,
               struct store **ret_store, struct err *err)
{
    struct store *store = NULL;
    bool etcd = place->url && slice_starts_with(slice_from(place->url), etcd_scheme);
    int r = etcd ? open_etcd(place, &store, err) : open_sqlite(app, place, what, make, &store, err);
    if (r == 0 && place->prefix)
        r = store_set_prefix(store, slice_from(place->prefix), err);
    if (r == 0 && etcd && make)
        r = must_have_leader(store, err);
    if (r < 0) {
        store_close(store);
        return r;
    }
    *ret_store = store;
    return 0;
}
