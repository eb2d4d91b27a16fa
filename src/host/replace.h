/* replace.h - a file replaced in one step: readers see the old one or the new one, whole.
 *
 * The new content goes into a file beside it, which gets the old one's mode and owner, reaches the
 * disk, and is renamed over it. The old one stays beside it as a backup, under a hidden name with a
 * tag of the new content, so that what a certain content has replaced can be put back:
 * ".app.conf.firebreak-TAG-MILLISECONDS". A path that is a symbolic link stays one: what it leads
 * to is replaced. Where nothing was, the new file is ours, with mode 0644. Blocks: for offload
 * threads. */
#ifndef FIREBREAK_HOST_REPLACE_H
#define FIREBREAK_HOST_REPLACE_H

#include <stdint.h>

#include "base/err.h"
#include "host/file.h"

enum {
    HOST_REPLACE_PATH_MAX = 4096,
    HOST_REPLACE_TAG_MAX = 17,    /* with its NUL: letters and digits */
    HOST_REPLACE_SEEN_MAX = 1024, /* backups that are looked at when old ones go */
};

/* One under way. */
struct host_replace {
    char path[HOST_REPLACE_PATH_MAX]; /* behind links */
    char temp[HOST_REPLACE_PATH_MAX];
    char backup[HOST_REPLACE_PATH_MAX]; /* "": there was nothing */
    int fd;
    uint64_t size;
    bool had;
    struct host_file old;
};

/* Nothing is touched yet but the file beside it. Returns 0 or a negative errno with *err. */
int host_replace_begin(const char *path, struct host_replace *r, struct err *err);
int host_replace_write(struct host_replace *r, const void *data, size_t size, struct err *err);
/* Puts it in place, and leaves `keep` backups at most. Returns 0 or a negative errno with *err:
 * then the old one is there, as it was. */
int host_replace_end(struct host_replace *r, const char *tag, uint32_t keep, struct err *err);
/* What was begun and not ended goes; idempotent. */
void host_replace_drop(struct host_replace *r);

/* Puts the newest backup of that tag back, which is none any more then. Returns 0; -ENOENT: there
 * is none; or another negative errno, with *err. */
int host_replace_undo(const char *path, const char *tag, char ret_backup[HOST_REPLACE_PATH_MAX],
                      struct err *err);

#endif
