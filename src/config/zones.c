#include "config/zones.h"

#include <errno.h>

#include "base/suggest.h"
#include "rt/file_now.h"
#include "wire/tzif.h"

void zones_init(struct zones *z, char *const *environment)
{
    static const char variable[] = "TZDIR=";
    *z = (struct zones){.arena = ARENA(MEM_CONFIG, 0), .folder = ZONES_FOLDER};
    for (; environment && *environment; environment++) {
        struct slice entry = slice_from(*environment);
        if (slice_starts_with(entry, SLICE("TZDIR=")) && entry.size > sizeof(variable) - 1)
            z->folder = arena_strdup(&z->arena, slice_sub(entry, sizeof(variable) - 1, entry.size));
    }
}

void zones_done(struct zones *z)
{
    map_done(&z->known);
    arena_done(&z->arena);
}

static bool is_name(struct slice s)
{
    char before = '/';
    if (s.size == 0 || s.size > ZONES_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < s.size; before = s.data[i++]) {
        char c = s.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-' || c == '+';
        if (!letter && (c != '/' || before == '/'))
            return false;
    }
    return before != '/';
}

/* ---- finding ---- */

static int no_file(const struct zones *z, const char *name, struct err *err)
{
    enum file_now_kind kind;
    if (file_now_kind(z->folder, &kind) == 0 && kind == FILE_NOW_FOLDER)
        return err_set(err, -ENOENT, "there is no time zone \"%s\" in %s", name, z->folder);
    return err_set(err, -ENOTDIR,
                   "the time zone \"%s\" is not to be found, as there is no folder %s: install "
                   "tzdata, or name its folder in TZDIR (UTC and offsets like +02:00 need none)",
                   name, z->folder);
}

static int read_zone(struct zones *z, const char *name, struct zone *ret, struct err *err)
{
    struct buf file = BUF(MEM_CONFIG, TZIF_BYTES_MAX);
    const char *path = arena_printf(&z->arena, "%s/%s", z->folder, name);
    int r = file_now_read(path, &file);
    if (r == -ENOENT || r == -ENOTDIR || r == -EISDIR)
        r = no_file(z, name, err);
    else if (r < 0)
        err_sys(err, r, "the time zone \"%s\": %s", name, path);
    else if ((r = tzif_parse(buf_slice(&file), &z->arena, ret, err)) < 0)
        err_wrap(err, "the time zone \"%s\": %s", name, path);
    buf_done(&file);
    return r;
}

int zones_find(struct zones *z, struct slice name, const struct zone **ret, struct err *err)
{
    struct zone *found = map_get(&z->known, name);
    if (found) {
        *ret = found;
        return 0;
    }
    struct slice shown = slice_sub(name, 0, ZONES_NAME_BYTES_MAX);
    const char *text = arena_strdup(&z->arena, shown);
    struct zone zone;
    int r = shown.size == name.size ? zone_fixed(text, &zone) : -ENOENT;
    if (r < 0 && !is_name(name))
        return err_set(err, -ENOENT,
                       "\"%s\" is no name of a time zone: one is like Europe/Berlin, "
                       "UTC or +02:00",
                       text);
    if (r < 0)
        r = read_zone(z, text, &zone, err);
    if (r < 0)
        return r;
    found = arena_new(&z->arena, struct zone);
    *found = zone;
    found->name = text;
    map_put(&z->known, (struct slice){text, name.size}, found, NULL);
    *ret = found;
    return 0;
}

/* ---- advice ---- */

/* Files with a small first letter are no zones, and the folders the same zones once more. */
static void list_names(struct zones *z, const char *under, int depth)
{
    const char *const *names;
    const char *slash = under[0] ? "/" : "";
    int count =
        file_now_list(arena_printf(&z->arena, "%s/%s", z->folder, under), &z->arena, &names);
    for (int i = 0; i < count && z->name_count < ZONES_NAMES_MAX; i++) {
        enum file_now_kind kind;
        const char *name = arena_printf(&z->arena, "%s%s%s", under, slash, names[i]);
        if ((names[i][0] >= 'a' && names[i][0] <= 'z') || !is_name(slice_from(name)) ||
            file_now_kind(arena_printf(&z->arena, "%s/%s", z->folder, name), &kind) < 0)
            continue;
        if (kind == FILE_NOW_FILE)
            z->names[z->name_count++] = name;
        else if (kind == FILE_NOW_FOLDER && depth < ZONES_DEPTH_MAX)
            list_names(z, name, depth + 1);
    }
}

/* "Berlin" for "Europe/Berlin". */
static const char *by_last_part(const struct zones *z, struct slice name)
{
    for (size_t i = 0; i < z->name_count; i++) {
        struct slice rest = slice_from(z->names[i]), part = {0};
        while (rest.data)
            part = slice_cut(&rest, '/');
        if (slice_eq_nocase(part, name))
            return z->names[i];
    }
    return NULL;
}

const char *zones_suggest(struct zones *z, struct slice name)
{
    if (!z->names) {
        z->names = arena_alloc_array(&z->arena, ZONES_NAMES_MAX, sizeof(*z->names));
        list_names(z, "", 1);
    }
    const char *near = by_last_part(z, name);
    return near ? near : suggest_nearest(name, z->names, z->name_count);
}
