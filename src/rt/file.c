#include "rt/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "rt/loop.h"

struct rt_file {
    struct rt_loop *loop;
    int fd;
    bool sync_failed;
};

/* One blocking call, carried to an offload thread and back. */
struct call {
    struct rt_loop *loop;
    struct rt_file *file;
    const char *path, *path_to;
    void *buf;
    const void *data;
    size_t size;
    uint64_t offset;
    int flags;
    mode_t mode;
    int64_t result;
};

static int64_t run(struct call *c, rt_fn *fn, rt_time deadline)
{
    c->loop = rt_self;
    int r = rt_offload(fn, c, deadline);
    return r < 0 ? r : c->result;
}

static void do_open(void *arg)
{
    struct call *c = arg;
    c->result = c->loop->backend->file_open(c->loop, c->path, c->flags, c->mode);
}

int rt_file_open(const char *path, int flags, mode_t mode, struct rt_file **ret_file,
                 rt_time deadline)
{
    struct call c = {.path = path, .flags = flags, .mode = mode};
    int64_t r = run(&c, do_open, deadline);
    if (r < 0)
        return (int)r;
    struct rt_file *f = mem_alloc(MEM_RT, sizeof(*f));
    *f = (struct rt_file){.loop = rt_self, .fd = (int)r};
    *ret_file = f;
    return 0;
}

static void do_read(void *arg)
{
    struct call *c = arg;
    c->result = c->loop->backend->file_read(c->loop, c->file->fd, c->buf, c->size, c->offset);
}

ssize_t rt_file_read(struct rt_file *f, void *buf, size_t size, uint64_t offset, rt_time deadline)
{
    struct call c = {.file = f, .buf = buf, .size = size, .offset = offset};
    return (ssize_t)run(&c, do_read, deadline);
}

static void do_write(void *arg)
{
    struct call *c = arg;
    c->result = c->loop->backend->file_write(c->loop, c->file->fd, c->data, c->size, c->offset);
}

int rt_file_write(struct rt_file *f, const void *data, size_t size, uint64_t offset,
                  rt_time deadline)
{
    if (f->sync_failed)
        return -EIO;
    struct call c = {.file = f, .data = data, .size = size, .offset = offset};
    int64_t r = run(&c, do_write, deadline);
    return r < 0 ? (int)r : 0;
}

static void do_sync(void *arg)
{
    struct call *c = arg;
    c->result = c->loop->backend->file_sync(c->loop, c->file->fd);
    if (fault_mutant("rt_fsync_error_swallowed"))
        c->result = 0;
}

int rt_file_sync(struct rt_file *f, rt_time deadline)
{
    if (f->sync_failed)
        return -EIO;
    struct call c = {.file = f};
    int r = (int)run(&c, do_sync, deadline);
    if (r < 0 && r != -ETIMEDOUT && r != -ECANCELED)
        f->sync_failed = true;
    return r;
}

static void do_truncate(void *arg)
{
    struct call *c = arg;
    c->result = c->loop->backend->file_truncate(c->loop, c->file->fd, c->offset);
}

int rt_file_truncate(struct rt_file *f, uint64_t size, rt_time deadline)
{
    struct call c = {.file = f, .offset = size};
    return (int)run(&c, do_truncate, deadline);
}

static void do_size(void *arg)
{
    struct call *c = arg;
    c->result = c->loop->backend->file_size(c->loop, c->file->fd);
}

int rt_file_size(struct rt_file *f, uint64_t *ret_size, rt_time deadline)
{
    struct call c = {.file = f};
    int64_t r = run(&c, do_size, deadline);
    if (r < 0)
        return (int)r;
    *ret_size = (uint64_t)r;
    return 0;
}

void rt_file_close(struct rt_file *f)
{
    if (!f)
        return;
    f->loop->backend->file_close(f->loop, f->fd);
    mem_free(MEM_RT, f);
}

static void do_rename(void *arg)
{
    struct call *c = arg;
    c->result = c->loop->backend->file_rename(c->loop, c->path, c->path_to);
}

int rt_file_rename(const char *from, const char *to, rt_time deadline)
{
    struct call c = {.path = from, .path_to = to};
    return (int)run(&c, do_rename, deadline);
}

static void do_remove(void *arg)
{
    struct call *c = arg;
    c->result = c->loop->backend->file_remove(c->loop, c->path);
}

int rt_file_remove(const char *path, rt_time deadline)
{
    struct call c = {.path = path};
    return (int)run(&c, do_remove, deadline);
}

static void do_sync_folder(void *arg)
{
    struct call *c = arg;
    c->result = c->loop->backend->file_sync_folder(c->loop, c->path);
}

int rt_file_sync_folder(const char *path, rt_time deadline)
{
    struct call c = {.path = path};
    return (int)run(&c, do_sync_folder, deadline);
}

static void do_lock(void *arg)
{
    struct call *c = arg;
    c->result = c->loop->backend->file_lock(c->loop, c->file->fd, c->flags);
}

int rt_file_lock(struct rt_file *f, bool exclusive, rt_time deadline)
{
    struct call c = {.file = f, .flags = exclusive};
    return (int)run(&c, do_lock, deadline);
}

int rt_file_read_all(const char *path, struct buf *b, rt_time deadline)
{
    enum { CHUNK_BYTES = 16 * 1024 };
    struct rt_file *f;
    int r = rt_file_open(path, O_RDONLY, 0, &f, deadline);
    if (r < 0)
        return r;
    size_t before = b->size;
    ssize_t n = CHUNK_BYTES;
    for (uint64_t offset = 0; r == 0 && n == CHUNK_BYTES; offset += (uint64_t)n) {
        /* Read into our own chunk: its end is only known after, and a file of exactly
         * size_max bytes is allowed. */
        char *chunk = mem_alloc(MEM_RT, CHUNK_BYTES);
        n = rt_file_read(f, chunk, CHUNK_BYTES, offset, deadline);
        r = n < 0 ? (int)n : buf_append(b, chunk, (size_t)n);
        mem_free(MEM_RT, chunk);
    }
    rt_file_close(f);
    if (r < 0) {
        b->size = before;
        if (b->data)
            b->data[before] = 0;
    }
    return r;
}

int rt_file_read_secret(const char *path, struct buf *b, rt_time deadline)
{
    size_t before = b->size;
    int r = rt_file_read_all(path, b, deadline);
    while (r == 0 && b->size > before &&
           (b->data[b->size - 1] == '\n' || b->data[b->size - 1] == '\r'))
        b->data[--b->size] = 0;
    return r < 0 ? r : b->size == before ? -ENODATA : 0;
}

static int write_beside(const char *temp, const void *data, size_t size, mode_t mode,
                        rt_time deadline, bool *ret_made)
{
    struct rt_file *f;
    /* Ours alone: in a folder that others write to, the name may be a link that waits for us. */
    int r = rt_file_open(temp, O_WRONLY | O_CREAT | O_EXCL, mode, &f, deadline);
    if (r < 0)
        return r;
    *ret_made = true;
    r = rt_file_write(f, data, size, 0, deadline);
    if (r == 0)
        r = rt_file_sync(f, deadline);
    rt_file_close(f);
    return r;
}

int rt_file_write_all(const char *path, const void *data, size_t size, mode_t mode,
                      rt_time deadline)
{
    enum { PATH_BYTES_MAX = 1024 };
    char temp[PATH_BYTES_MAX];
    int n = snprintf(temp, sizeof(temp), "%s.%08x.tmp", path, (unsigned)rt_random());
    if (n < 0 || (size_t)n >= sizeof(temp))
        return -ENAMETOOLONG;
    bool made = false;
    int r = write_beside(temp, data, size, mode, deadline, &made);
    if (r == 0)
        r = rt_file_rename(temp, path, deadline);
    if (r < 0 && made) {
        rt_shield_begin();
        rt_file_remove(temp, RT_NEVER);
        rt_shield_end();
    }
    if (r < 0 || fault_mutant("rt_folder_sync_missing"))
        return r;
    return rt_file_sync_folder(path, deadline);
}
