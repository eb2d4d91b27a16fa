/* user.h - who a program may run as: /etc/passwd and /etc/group, read by ourselves.
 *
 * libc's own lookup loads shared objects at run time (NSS), which a static binary has not; so users
 * of a directory service are not known here, and are given by number: UID:GID. */
#ifndef FIREBREAK_HOST_USER_H
#define FIREBREAK_HOST_USER_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

enum {
    HOST_USER_FILE_BYTES_MAX = 4 * 1024 * 1024, /* of /etc/passwd and of /etc/group */
    HOST_USER_GROUPS_MAX = 1024,
};

/* Texts and groups lie in the caller's arena. */
struct host_user {
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* those that it is a member of, gid among them */
    size_t group_count;
    const char *name, *home, *shell; /* without an entry: its number, "/", "/bin/sh" */
    bool ours;                       /* it is who we are: nothing has to be changed */
};

/* `text`: NAME, UID, NAME:GROUP or UID:GID; NULL: who we are. A group that is named is the only
 * one. Returns 0, or with *err: -ENOENT no such user or group; -EINVAL a number that has no entry,
 * and no group; -EPERM we are not root and it is not us. May block. */
int host_user_find(const char *text, struct arena *a, struct host_user *ret_user, struct err *err);

/* ---- the parts, pure ---- */

/* The entry of a name, or of a number where no name is that, in the text of /etc/passwd. Returns 0
 * or -ENOENT. */
int host_parse_passwd(struct slice text, struct slice name, struct arena *a,
                      struct host_user *ret_user);
/* A group's number in the text of /etc/group, by name or number. Returns 0 or -ENOENT. */
int host_parse_group(struct slice text, struct slice name, gid_t *ret_gid);
/* The groups that list `name`, and `gid` first. Returns how many; those beyond
 * HOST_USER_GROUPS_MAX are left out. */
size_t host_parse_member(struct slice text, const char *name, gid_t gid,
                         gid_t ret_groups[HOST_USER_GROUPS_MAX]);

#endif
