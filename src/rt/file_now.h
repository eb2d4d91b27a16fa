/* file_now.h - files and folders by calls that block: for before and after rt_run, and for
 * offload threads, where a longer piece of work reads as it goes.
 *
 * A task must not call these: it would hold its loop. Any thread; nothing is kept between calls. */
#ifndef FIREBREAK_RT_FILE_NOW_H
#define FIREBREAK_RT_FILE_NOW_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"

enum {
    FILE_NOW_NAMES_MAX = 10000, /* in one folder */
};

enum file_now_kind { FILE_NOW_FILE, FILE_NOW_FOLDER, FILE_NOW_OTHER };

/* What a path leads to, behind symbolic links. Returns 0 or -errno. */
int file_now_kind(const char *path, enum file_now_kind *ret_kind);
/* Whole file appended to *b, within its size_max (-EMSGSIZE; then *b is as it was). */
int file_now_read(const char *path, struct buf *b);
/* The names in a folder in the order of their bytes, without "." and "..", in the arena.
 * Returns how many, -E2BIG (FILE_NOW_NAMES_MAX), or -errno. */
int file_now_list(const char *path, struct arena *a, const char *const **ret_names);
/* Writes a new file; -EEXIST where there is one, which stays, unless `replace`: then it is
 * replaced in one step. */
int file_now_write(const char *path, struct slice data, mode_t mode, bool replace);
/* Makes a folder; one that is there already is no failure. */
int file_now_make_folder(const char *path, mode_t mode);
/* The path without symbolic links, '.' and '..', in the arena. */
int file_now_real_path(const char *path, struct arena *a, const char **ret_path);

#endif
