/* sqlite_vfs.h - SQLite on the disk of rt/blocking.h. Inside of store/.
 *
 * For the simulator, where that disk tears and forgets; on a real disk SQLite's own is used. A file
 * is one connection's alone (locking_mode = EXCLUSIVE), so there is no shared memory and locks are
 * always granted. */
#ifndef FIREBREAK_STORE_SQLITE_VFS_H
#define FIREBREAK_STORE_SQLITE_VFS_H

/* Registers it once. Returns its name. */
const char *sqlite_vfs_register(void);

#endif
