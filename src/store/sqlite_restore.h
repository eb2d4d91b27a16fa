/* sqlite_restore.h - a backup takes the place of the store's file; the old one is kept beside it.
 *
 * The folder is locked meanwhile, so nobody has the store open. The backup is copied and the copy
 * checked, page by page, before anything is touched; a crash at any moment leaves a whole store:
 * the old one, or the new one. The revision is the backup's: whoever watched begins anew. */
#ifndef FIREBREAK_STORE_SQLITE_RESTORE_H
#define FIREBREAK_STORE_SQLITE_RESTORE_H

#include "base/buf.h"
#include "base/err.h"
#include "rt/rt.h"

struct store_restore {
    const char *folder; /* of store.db; it exists */
    const char *from;   /* the backup */
    const char *who;    /* told to others that want the folder */
    struct buf kept;    /* path of the old file; empty: there was none. The caller's to free */
    int64_t revision;   /* of the backup */
};

/* -EBUSY: a process holds the folder; -EBADMSG: the backup is none, or damaged, or of a newer
 * format; or why it cannot be read or written. Nothing has changed then. */
int store_sqlite_restore(struct store_restore *r, struct err *err, rt_time deadline);

#endif
