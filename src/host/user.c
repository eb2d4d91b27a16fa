#include "host/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "host/procfile.h"

enum { ID_MAX = UINT32_MAX - 1 }; /* the highest number means "leave it as it is" */

/* ---- the files ---- */

static bool parse_id(struct slice text, uint32_t *ret)
{
    uint64_t v;
    if (slice_to_u64(text, ID_MAX, &v) < 0)
        return false;
    *ret = (uint32_t)v;
    return true;
}

/* name:x:uid:gid:words:home:shell */
static bool parse_entry(struct slice line, struct slice field[static 7])
{
    for (int i = 0; i < 7; i++) {
        if (!line.data)
            return false;
        field[i] = slice_cut(&line, ':');
    }
    return true;
}

static void take_entry(const struct slice field[static 7], uid_t uid, gid_t gid, struct arena *a,
                       struct host_user *ret)
{
    ret->uid = uid;
    ret->gid = gid;
    ret->name = arena_strdup(a, field[0]);
    ret->home = field[5].size ? arena_strdup(a, field[5]) : "/";
    ret->shell = field[6].size ? arena_strdup(a, field[6]) : "/bin/sh";
}

int host_parse_passwd(struct slice text, struct slice name, struct arena *a,
                      struct host_user *ret_user)
{
    uint32_t number = 0, uid, gid;
    bool is_number = parse_id(name, &number), found = false;
    while (text.data) {
        struct slice field[7];
        if (!parse_entry(slice_cut(&text, '\n'), field) || !parse_id(field[2], &uid) ||
            !parse_id(field[3], &gid))
            continue;
        if (slice_eq(field[0], name)) {
            take_entry(field, uid, gid, a, ret_user);
            return 0;
        }
        if (is_number && uid == number && !found) {
            take_entry(field, uid, gid, a, ret_user);
            found = true;
        }
    }
    return found ? 0 : -ENOENT;
}

int host_parse_group(struct slice text, struct slice name, gid_t *ret_gid)
{
    while (text.data) {
        struct slice line = slice_cut(&text, '\n'), word = slice_cut(&line, ':');
        slice_cut(&line, ':');
        struct slice number = slice_cut(&line, ':');
        if (slice_eq(word, name) && parse_id(number, ret_gid))
            return 0;
    }
    return parse_id(name, ret_gid) ? 0 : -ENOENT;
}

size_t host_parse_member(struct slice text, const char *name, gid_t gid,
                         gid_t ret_groups[HOST_USER_GROUPS_MAX])
{
    size_t count = 0;
    ret_groups[count++] = gid;
    while (text.data && count < HOST_USER_GROUPS_MAX) {
        struct slice line = slice_cut(&text, '\n');
        gid_t group;
        slice_cut(&line, ':');
        slice_cut(&line, ':');
        if (!parse_id(slice_cut(&line, ':'), &group) || group == gid)
            continue;
        while (line.data)
            if (slice_eq_cstr(slice_cut(&line, ','), name)) {
                ret_groups[count++] = group;
                break;
            }
    }
    return count;
}

/* ---- finding ---- */

static int read_file(const char *path, struct buf *out, struct err *err)
{
    int r = procfile_read(AT_FDCWD, path, out);
    return r < 0 && r != -ENOENT ? err_sys(err, r, "read %s", path) : 0;
}

/* One without an entry has to say its group, too: none may be guessed, least of all root's. */
static int by_number(struct slice name, bool has_group, struct arena *a, struct host_user *u,
                     struct err *err)
{
    uint32_t uid;
    if (!parse_id(name, &uid))
        return err_set(err, -ENOENT, "user '%.*s' is not in /etc/passwd", SLICE_ARG(name));
    if (!has_group)
        return err_set(err, -EINVAL, "user %u is not in /etc/passwd: say its group, too (%u:GID)",
                       uid, uid);
    u->uid = uid;
    u->name = arena_strdup(a, name);
    u->home = "/";
    u->shell = "/bin/sh";
    return 0;
}

static int find_groups(struct slice group, struct arena *a, struct host_user *u, struct err *err)
{
    struct buf text = BUF(MEM_HOST, HOST_USER_FILE_BYTES_MAX);
    gid_t *groups = arena_alloc_array(a, HOST_USER_GROUPS_MAX, sizeof(*groups));
    int r = read_file("/etc/group", &text, err);
    if (r == 0 && group.data) {
        r = host_parse_group(buf_slice(&text), group, &u->gid);
        if (r < 0)
            err_set(err, r, "group '%.*s' is not in /etc/group", SLICE_ARG(group));
        groups[0] = u->gid;
        u->group_count = 1;
    } else if (r == 0) {
        u->group_count = host_parse_member(buf_slice(&text), u->name, u->gid, groups);
    }
    u->groups = groups;
    buf_done(&text);
    return r;
}

static int find_named(struct slice name, struct slice group, struct arena *a, struct host_user *u,
                      struct err *err)
{
    struct buf text = BUF(MEM_HOST, HOST_USER_FILE_BYTES_MAX);
    int r = read_file("/etc/passwd", &text, err);
    if (r == 0 && host_parse_passwd(buf_slice(&text), name, a, u) < 0)
        r = by_number(name, group.data != NULL, a, u, err);
    buf_done(&text);
    return r < 0 ? r : find_groups(group, a, u, err);
}

int host_user_find(const char *text, struct arena *a, struct host_user *ret_user, struct err *err)
{
    struct host_user u = {0};
    struct slice group, name;
    int r;
    if (text) {
        group = slice_from(text);
        name = slice_cut(&group, ':');
        r = find_named(name, group, a, &u, err);
    } else {
        name = slice_from(arena_printf(a, "%u", geteuid()));
        group = slice_from(arena_printf(a, "%u", getegid()));
        r = find_named(name, group, a, &u, err);
        u.uid = geteuid();
    }
    if (r < 0)
        return r;
    u.ours = !text || (u.uid == geteuid() && u.gid == getegid() && geteuid() != 0);
    if (!u.ours && geteuid() != 0)
        return err_set(err, -EPERM, "run as user '%s': only root may change the user", text);
    *ret_user = u;
    return 0;
}
