#include "store/sqlite_vfs.h"

#include <errno.h>
#include <fcntl.h> /* rule zero: kernel header, for the names of the flags of rt_disk_open */
#include <sqlite3.h>
#include <string.h>

#include "base/fault.h"
#include "rt/blocking.h"
#include "rt/rt.h"

enum { PATH_BYTES_MAX = 512, SECTOR_BYTES = 4096 };

struct file {
    sqlite3_file base;
    int fd;
    bool is_new; /* its name is not durable until its folder is synced */
    bool delete_on_close;
    char path[PATH_BYTES_MAX];
};

static int code_of(int r, int otherwise)
{
    return r == -ENOSPC ? SQLITE_FULL : r == -ENOMEM ? SQLITE_IOERR_NOMEM : otherwise;
}

static int vfs_close(sqlite3_file *sf)
{
    struct file *f = (struct file *)sf;
    rt_disk_close(f->fd);
    if (f->delete_on_close)
        rt_disk_remove(f->path);
    return SQLITE_OK;
}

static int vfs_read(sqlite3_file *sf, void *data, int size, sqlite3_int64 offset)
{
    struct file *f = (struct file *)sf;
    ssize_t n = rt_disk_read(f->fd, data, (size_t)size, (uint64_t)offset);
    if (n < 0)
        return SQLITE_IOERR_READ;
    if (n == size)
        return SQLITE_OK;
    memset((char *)data + n, 0, (size_t)(size - n)); /* SQLite counts on the zeroes */
    return SQLITE_IOERR_SHORT_READ;
}

static int vfs_write(sqlite3_file *sf, const void *data, int size, sqlite3_int64 offset)
{
    struct file *f = (struct file *)sf;
    int r = rt_disk_write(f->fd, data, (size_t)size, (uint64_t)offset);
    return r < 0 ? code_of(r, SQLITE_IOERR_WRITE) : SQLITE_OK;
}

static int vfs_truncate(sqlite3_file *sf, sqlite3_int64 size)
{
    struct file *f = (struct file *)sf;
    return rt_disk_truncate(f->fd, (uint64_t)size) < 0 ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

static int vfs_sync(sqlite3_file *sf, int flags)
{
    struct file *f = (struct file *)sf;
    (void)flags;
    if (fault_mutant("store_no_fsync"))
        return SQLITE_OK;
    int r = rt_disk_sync(f->fd);
    if (fault_mutant("store_fsync_error_swallowed"))
        r = 0;
    if (r == 0 && f->is_new) {
        r = rt_disk_sync_folder(f->path);
        f->is_new = r < 0;
    }
    return r < 0 ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int vfs_size(sqlite3_file *sf, sqlite3_int64 *ret_size)
{
    struct file *f = (struct file *)sf;
    int64_t size = rt_disk_size(f->fd);
    if (size < 0)
        return SQLITE_IOERR_FSTAT;
    *ret_size = size;
    return SQLITE_OK;
}

static int vfs_lock(sqlite3_file *sf, int level)
{
    (void)sf;
    (void)level;
    return SQLITE_OK;
}

static int vfs_check_lock(sqlite3_file *sf, int *ret)
{
    (void)sf;
    *ret = 0;
    return SQLITE_OK;
}

static int vfs_control(sqlite3_file *sf, int op, void *arg)
{
    (void)sf;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int vfs_sector(sqlite3_file *sf)
{
    (void)sf;
    return SECTOR_BYTES;
}

static int vfs_characteristics(sqlite3_file *sf)
{
    (void)sf;
    return 0; /* nothing is promised: a power loss may spoil what is beside a write */
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_lock,
    .xCheckReservedLock = vfs_check_lock,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector,
    .xDeviceCharacteristics = vfs_characteristics,
};

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *sf, int flags,
                    int *ret_flags)
{
    struct file *f = (struct file *)sf;
    (void)vfs;
    f->base.pMethods = NULL;
    if (!name || strlen(name) >= sizeof(f->path))
        return SQLITE_CANTOPEN; /* temporary files stay in memory (temp_store) */
    bool create = flags & SQLITE_OPEN_CREATE;
    int fd = rt_disk_open(name, O_RDWR, 0600);
    f->is_new = fd == -ENOENT && create;
    if (f->is_new)
        fd = rt_disk_open(name, O_RDWR | O_CREAT, 0600);
    if (fd < 0)
        return SQLITE_CANTOPEN;
    f->fd = fd;
    f->delete_on_close = flags & SQLITE_OPEN_DELETEONCLOSE;
    memcpy(f->path, name, strlen(name) + 1);
    f->base.pMethods = &methods;
    if (ret_flags)
        *ret_flags = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    int r = rt_disk_remove(name);
    if (r == -ENOENT)
        return SQLITE_IOERR_DELETE_NOENT;
    if (r == 0 && sync_folder)
        r = rt_disk_sync_folder(name);
    return r < 0 ? SQLITE_IOERR_DELETE : SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
    (void)vfs;
    (void)flags;
    int fd = rt_disk_open(name, O_RDWR, 0);
    *ret = fd >= 0;
    if (fd >= 0)
        rt_disk_close(fd);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *ret_path)
{
    (void)vfs;
    if (strlen(name) >= (size_t)size)
        return SQLITE_CANTOPEN;
    memcpy(ret_path, name, strlen(name) + 1);
    return SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *vfs, int size, char *ret)
{
    (void)vfs;
    for (int i = 0; i < size; i++)
        ret[i] = (char)rt_random();
    return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;
}

static int vfs_time64(sqlite3_vfs *vfs, sqlite3_int64 *ret_ms)
{
    (void)vfs;
    *ret_ms = 210866760000000 + rt_wall_now() / RT_MS; /* since noon of the Julian day 0 */
    return SQLITE_OK;
}

static int vfs_time(sqlite3_vfs *vfs, double *ret_days)
{
    sqlite3_int64 ms;
    vfs_time64(vfs, &ms);
    *ret_days = (double)ms / 86400000.0;
    return SQLITE_OK;
}

const char *sqlite_vfs_register(void)
{
    /* Rule zero: mutable file-scope state. SQLite keeps the pointer for as long as the process
     * lives, and writes its list's link into it. */
    static sqlite3_vfs vfs = {
        .iVersion = 2,
        .szOsFile = sizeof(struct file),
        .mxPathname = PATH_BYTES_MAX - 1,
        .zName = "firebreak",
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xCurrentTimeInt64 = vfs_time64,
    };
    if (!sqlite3_vfs_find(vfs.zName))
        sqlite3_vfs_register(&vfs, 0);
    return vfs.zName;
}
