/* folder.h - folders: made with those above them, and read name by name.
 *
 * On offload threads, as file.h. Under sim a folder is what stands before the last '/' of its
 * files' names: it is there as long as one of them is. */
#ifndef FIREBREAK_RT_FOLDER_H
#define FIREBREAK_RT_FOLDER_H

#include <sys/types.h>

#include "base/buf.h"
#include "rt/rt.h"

enum { RT_FOLDER_PATH_BYTES_MAX = 4096 };

/* Makes the folder and what is missing above it, all with this mode. Returns 0, also where it is
 * there already; -ENOTDIR (something else has the name of one of them), -ENAMETOOLONG, -EACCES … */
int rt_folder_make(const char *path, mode_t mode, rt_time deadline);
/* Appends the names in the folder, but "." and "..", each with its NUL, in the order of their
 * bytes. Returns 0; -ENOENT, -ENOTDIR, -EMSGSIZE (names->size_max) … with *names as it was. */
int rt_folder_read(const char *path, struct buf *names, rt_time deadline);
/* Steps through what rt_folder_read appended: NULL begins, NULL ends. */
const char *rt_folder_next(const struct buf *names, const char *name);

#endif
