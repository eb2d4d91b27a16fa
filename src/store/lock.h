/* lock.h - one process holds a data folder, and says so. Inside of store/.
 *
 * The lock is the kernel's, on the open file: it ends with the process, however that ends, so there
 * is nothing to clean up. What the file says is only for people. */
#ifndef FIREBREAK_STORE_LOCK_H
#define FIREBREAK_STORE_LOCK_H

#include "base/err.h"
#include "rt/file.h"

/* -EBUSY: with who holds it. *ret_file is closed by rt_file_close, which unlocks. */
int store_lock_take(const char *path, const char *who, struct rt_file **ret_file, struct err *err,
                    rt_time deadline);

#endif
