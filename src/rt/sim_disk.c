#include "rt/sim_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* A file is two contents: the one that programs see, and the one on the platter. Writes since the
 * last sync stand in a log between them; a sync carries them over, a crash rolls for each. Names
 * are the same one level up: a creation, rename or removal is durable once its folder is synced,
 * and of the others a crash keeps the first few, as a journal would.
 *
 * Where a sync fails, what it should have carried is carried or dropped at random and then
 * forgotten: programs still see it, a second sync finds nothing to do, and a crash shows the truth.
 * That is what Linux does. */
enum {
    FILE_BYTES_MAX = 64 * 1024 * 1024,
    BYTES_FIRST = 512,
};

struct bytes {
    char *data;
    size_t size, cap;
};

struct write_op {
    struct list link;
    bool truncate;
    uint64_t offset; /* the new size, of a truncation */
    size_t size;
    char data[];
};

struct inode {
    struct list link; /* all of the world; freed with it */
    uint32_t host;
    struct bytes seen, durable;
    struct list unsynced; /* write_op, oldest first */
};

struct name {
    struct list link;
    uint32_t host;
    struct inode *seen, *durable; /* NULL: no such file */
    bool wanted;                  /* of a sync of names that is under way */
    char path[];
};

/* `to` becomes inode (NULL: is removed), and `from`, if any, is gone. */
struct name_op {
    struct list link;
    struct name *to, *from;
    struct inode *inode;
    bool wanted;
};

struct sim_file {
    struct inode *inode;
    uint32_t host, starts;
    bool can_read, can_write, locks, locks_alone;
};

/* ---- contents ---- */

static void bytes_resize(struct bytes *b, size_t size)
{
    if (size > b->cap) {
        b->cap = size > BYTES_FIRST ? size * 2 : BYTES_FIRST;
        b->data = mem_resize(MEM_RT, b->data, b->cap);
    }
    if (size > b->size)
        memset(b->data + b->size, 0, size - b->size);
    b->size = size;
}

static void bytes_write(struct bytes *b, uint64_t offset, const void *data, size_t size)
{
    if (size == 0)
        return;
    if (offset + size > b->size)
        bytes_resize(b, offset + size);
    memcpy(b->data + offset, data, size);
}

/* `size`: how much of a write; a truncation is whole or not at all. */
static void bytes_apply(struct bytes *b, const struct write_op *op, size_t size)
{
    if (op->truncate)
        bytes_resize(b, op->offset);
    else
        bytes_write(b, op->offset, op->data, size);
}

static void log_op(struct inode *i, bool truncate, uint64_t offset, const void *data, size_t size)
{
    struct write_op *op = mem_alloc(MEM_RT, sizeof(*op) + size);
    op->truncate = truncate;
    op->offset = offset;
    op->size = size;
    if (size)
        memcpy(op->data, data, size);
    bytes_apply(&i->seen, op, size);
    list_push_back(&i->unsynced, &op->link);
}

static void drop_ops(struct inode *i)
{
    struct list *it;
    while ((it = list_pop_front(&i->unsynced)))
        mem_free(MEM_RT, list_entry(it, struct write_op, link));
}

/* ---- names ---- */

static struct name *name_get(struct rt_sim *sim, uint32_t host, const char *path)
{
    list_each (it, &sim->disk.names) {
        struct name *n = list_entry(it, struct name, link);
        if (n->host == host && strcmp(n->path, path) == 0)
            return n;
    }
    size_t size = strlen(path) + 1;
    struct name *n = mem_alloc(MEM_RT, sizeof(*n) + size);
    n->host = host;
    memcpy(n->path, path, size);
    list_push_back(&sim->disk.names, &n->link);
    return n;
}

static void name_change(struct rt_sim *sim, struct name *to, struct inode *inode, struct name *from)
{
    struct name_op *op = mem_alloc(MEM_RT, sizeof(*op));
    *op = (struct name_op){.to = to, .from = from, .inode = inode};
    list_push_back(&sim->disk.name_ops, &op->link);
    to->seen = inode;
    if (from)
        from->seen = NULL;
}

static void name_op_finish(struct name_op *op, bool durable)
{
    if (durable) {
        op->to->durable = op->inode;
        if (op->from)
            op->from->durable = NULL;
    }
    list_remove(&op->link);
    mem_free(MEM_RT, op);
}

static size_t folder_size(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) : 0;
}

static bool same_folder(const char *a, const char *b)
{
    size_t size = folder_size(a);
    return size == folder_size(b) && memcmp(a, b, size) == 0;
}

static bool is_wanted(const struct name *n, const char *path)
{
    return n && (n->wanted || same_folder(n->path, path));
}

/* What is to become durable for the folder of `path`: all that changed a name in it, and what came
 * before that to the same names. A rename out of a folder that is not synced must take along the
 * creation there, which else would come to light after a crash as a second file. */
static void mark_wanted(struct rt_sim *sim, uint32_t host, const char *path)
{
    struct list *ops = &sim->disk.name_ops;
    for (struct list *it = ops->prev; it != ops; it = it->prev) {
        struct name_op *op = list_entry(it, struct name_op, link);
        if (op->to->host != host || !(is_wanted(op->to, path) || is_wanted(op->from, path)))
            continue;
        op->wanted = op->to->wanted = true;
        if (op->from)
            op->from->wanted = true;
    }
}

static void sync_names(struct rt_sim *sim, uint32_t host, const char *path)
{
    mark_wanted(sim, host, path);
    list_each_safe (it, &sim->disk.name_ops) {
        struct name_op *op = list_entry(it, struct name_op, link);
        if (!op->wanted)
            continue;
        op->to->wanted = false;
        if (op->from)
            op->from->wanted = false;
        name_op_finish(op, true);
    }
}

/* The rest of a path below this folder, or NULL. */
static const char *below(const char *path, const char *folder)
{
    size_t size = strlen(folder);
    while (size > 1 && folder[size - 1] == '/')
        size--;
    if (strncmp(path, folder, size) != 0)
        return NULL;
    if (size == 1 && folder[0] == '/')
        return path + 1;
    return path[size] == '/' ? path + size + 1 : NULL;
}

/* ---- a world's disks ---- */

void sim_disk_open(struct rt_sim *sim)
{
    list_init(&sim->disk.inodes);
    list_init(&sim->disk.names);
    list_init(&sim->disk.name_ops);
}

void sim_disk_close(struct rt_sim *sim)
{
    struct sim_disk *d = &sim->disk;
    struct list *it;
    while ((it = list_pop_front(&d->inodes))) {
        struct inode *i = list_entry(it, struct inode, link);
        drop_ops(i);
        mem_free(MEM_RT, i->seen.data);
        mem_free(MEM_RT, i->durable.data);
        mem_free(MEM_RT, i);
    }
    while ((it = list_pop_front(&d->name_ops)))
        mem_free(MEM_RT, list_entry(it, struct name_op, link));
    while ((it = list_pop_front(&d->names)))
        mem_free(MEM_RT, list_entry(it, struct name, link));
    for (uint32_t i = 0; i < d->file_count; i++)
        mem_free(MEM_RT, d->files[i]);
    mem_free(MEM_RT, d->files);
}

static void crash_inode(struct rt_sim *sim, struct inode *i)
{
    list_each (it, &i->unsynced) {
        struct write_op *op = list_entry(it, struct write_op, link);
        size_t keep = 0;
        switch (sim_below(&sim->disk_chance, 3)) {
        case 0:
            keep = op->size;
            break;
        case 1:
            sim->counts.lost_writes++;
            continue;
        default:
            keep = op->size > 1 ? 1 + (size_t)sim_below(&sim->disk_chance, op->size - 1) : op->size;
            sim->counts.torn_writes += keep < op->size;
        }
        bytes_apply(&i->durable, op, keep);
    }
    drop_ops(i);
    bytes_resize(&i->seen, 0);
    bytes_write(&i->seen, 0, i->durable.data, i->durable.size);
}

static void crash_names(struct rt_sim *sim, uint32_t host)
{
    uint64_t count = 0;
    list_each (it, &sim->disk.name_ops)
        count += list_entry(it, struct name_op, link)->to->host == host;
    uint64_t keep = sim_below(&sim->disk_chance, count + 1);
    sim->counts.lost_names += count - keep;
    list_each_safe (it, &sim->disk.name_ops) {
        struct name_op *op = list_entry(it, struct name_op, link);
        if (op->to->host != host)
            continue;
        name_op_finish(op, keep > 0);
        keep -= keep > 0;
    }
    list_each (it, &sim->disk.names) {
        struct name *n = list_entry(it, struct name, link);
        if (n->host == host)
            n->seen = n->durable;
    }
}

void sim_disk_crash(struct rt_sim *sim, const struct sim_host *host)
{
    list_each (it, &sim->disk.inodes) {
        struct inode *i = list_entry(it, struct inode, link);
        if (i->host == host->ip)
            crash_inode(sim, i);
    }
    crash_names(sim, host->ip);
}

/* ---- the calls ---- */

/* NULL: the handle is of an earlier life of its host, or the host is down. */
static struct sim_file *file_of(struct rt_sim *sim, int fd)
{
    struct sim_file *f = sim->disk.files[fd];
    const struct sim_host *h = &sim->hosts[sim_host_index(sim, f->host)];
    return h->down || h->starts != f->starts ? NULL : f;
}

static int file_new(struct rt_sim *sim, struct inode *inode, const struct sim_host *h, int flags)
{
    struct sim_disk *d = &sim->disk;
    if (d->file_count == d->file_cap) {
        d->file_cap = d->file_cap ? d->file_cap * 2 : 16;
        d->files = mem_resize(MEM_RT, d->files, d->file_cap * sizeof(struct sim_file *));
    }
    struct sim_file *f = mem_alloc(MEM_RT, sizeof(*f));
    int access = flags & O_ACCMODE;
    *f = (struct sim_file){.inode = inode,
                           .host = h->ip,
                           .starts = h->starts,
                           .can_read = access != O_WRONLY,
                           .can_write = access != O_RDONLY};
    d->files[d->file_count] = f;
    return (int)d->file_count++;
}

int sim_file_open(struct rt_loop *l, const char *path, int flags, mode_t mode)
{
    (void)mode;
    struct rt_sim *sim = l->sim;
    sim_step(sim);
    const struct sim_host *h = sim_host_here(sim);
    if (h->down)
        return -EIO;
    struct name *n = name_get(sim, h->ip, path);
    if (!n->seen && !(flags & O_CREAT))
        return -ENOENT;
    if (n->seen && (flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if (!n->seen) {
        struct inode *i = mem_alloc(MEM_RT, sizeof(*i));
        i->host = h->ip;
        list_init(&i->unsynced);
        list_push_back(&sim->disk.inodes, &i->link);
        name_change(sim, n, i, NULL);
    } else if ((flags & O_TRUNC) && n->seen->seen.size) {
        log_op(n->seen, true, 0, NULL, 0);
    }
    sim_trace(sim, TRACE_FILE_OPEN, sim->disk.file_count);
    return file_new(sim, n->seen, h, flags);
}

ssize_t sim_file_read(struct rt_loop *l, int fd, void *buf, size_t size, uint64_t offset)
{
    sim_step(l->sim);
    struct sim_file *f = file_of(l->sim, fd);
    if (!f)
        return -EIO;
    if (!f->can_read)
        return -EBADF;
    const struct bytes *b = &f->inode->seen;
    if (offset >= b->size)
        return 0;
    if (size > b->size - offset)
        size = b->size - offset;
    memcpy(buf, b->data + offset, size);
    return (ssize_t)size;
}

ssize_t sim_file_write(struct rt_loop *l, int fd, const void *data, size_t size, uint64_t offset)
{
    struct rt_sim *sim = l->sim;
    sim_step(sim);
    struct sim_file *f = file_of(sim, fd);
    if (!f)
        return -EIO;
    if (!f->can_write)
        return -EBADF;
    if (offset > FILE_BYTES_MAX || size > FILE_BYTES_MAX - offset)
        return -EFBIG;
    bool full = sim_chance(&sim->disk_chance, sim->config.disk_full_ppm);
    full = full && size > 0;
    /* Never all of it: a write that fitted would have been told so. */
    size_t fits = full ? (size_t)sim_below(&sim->disk_chance, size) : size;
    sim_trace(sim, TRACE_FILE_WRITE, fits);
    if (fits)
        log_op(f->inode, false, offset, data, fits);
    if (!full)
        return (ssize_t)size;
    sim->counts.disk_full++;
    return -ENOSPC;
}

int sim_file_sync(struct rt_loop *l, int fd)
{
    struct rt_sim *sim = l->sim;
    sim_step(sim);
    struct sim_file *f = file_of(sim, fd);
    if (!f)
        return -EIO;
    bool fails = sim_chance(&sim->disk_chance, sim->config.sync_fail_ppm);
    sim_trace(sim, TRACE_FILE_SYNC, fails);
    list_each (it, &f->inode->unsynced) {
        struct write_op *op = list_entry(it, struct write_op, link);
        if (!fails || sim_below(&sim->disk_chance, 2))
            bytes_apply(&f->inode->durable, op, op->size);
    }
    drop_ops(f->inode);
    sim->counts.syncs++;
    sim->counts.sync_failures += fails;
    return fails ? -EIO : 0;
}

int sim_file_truncate(struct rt_loop *l, int fd, uint64_t size)
{
    sim_step(l->sim);
    struct sim_file *f = file_of(l->sim, fd);
    if (!f)
        return -EIO;
    if (!f->can_write)
        return -EINVAL;
    if (size > FILE_BYTES_MAX)
        return -EFBIG;
    sim_trace(l->sim, TRACE_FILE_TRUNCATE, size);
    log_op(f->inode, true, size, NULL, 0);
    return 0;
}

int64_t sim_file_size(struct rt_loop *l, int fd)
{
    sim_step(l->sim);
    struct sim_file *f = file_of(l->sim, fd);
    return f ? (int64_t)f->inode->seen.size : -EIO;
}

int sim_file_lock(struct rt_loop *l, int fd, bool exclusive)
{
    struct sim_disk *d = &l->sim->disk;
    sim_step(l->sim);
    struct sim_file *f = file_of(l->sim, fd);
    if (!f)
        return -EIO;
    if (exclusive ? !f->can_write : !f->can_read)
        return -EBADF;
    for (uint32_t i = 0; i < d->file_count; i++) {
        const struct sim_file *other = d->files[i];
        if (other && other != f && other->inode == f->inode && other->starts == f->starts &&
            other->locks && (exclusive || other->locks_alone))
            return -EAGAIN;
    }
    f->locks = true;
    f->locks_alone = exclusive;
    return 0;
}

void sim_file_close(struct rt_loop *l, int fd)
{
    mem_free(MEM_RT, l->sim->disk.files[fd]);
    l->sim->disk.files[fd] = NULL;
}

int sim_file_rename(struct rt_loop *l, const char *from, const char *to)
{
    struct rt_sim *sim = l->sim;
    sim_step(sim);
    const struct sim_host *h = sim_host_here(sim);
    if (h->down)
        return -EIO;
    struct name *n = name_get(sim, h->ip, from);
    if (!n->seen)
        return -ENOENT;
    struct name *target = name_get(sim, h->ip, to);
    sim_trace(sim, TRACE_FILE_RENAME, 0);
    if (target->seen != n->seen)
        name_change(sim, target, n->seen, n);
    return 0;
}

int sim_file_remove(struct rt_loop *l, const char *path)
{
    struct rt_sim *sim = l->sim;
    sim_step(sim);
    const struct sim_host *h = sim_host_here(sim);
    if (h->down)
        return -EIO;
    struct name *n = name_get(sim, h->ip, path);
    if (!n->seen)
        return -ENOENT;
    sim_trace(sim, TRACE_FILE_REMOVE, 0);
    name_change(sim, n, NULL, NULL);
    return 0;
}

int sim_file_sync_folder(struct rt_loop *l, const char *path)
{
    struct rt_sim *sim = l->sim;
    sim_step(sim);
    const struct sim_host *h = sim_host_here(sim);
    if (h->down)
        return -EIO;
    bool fails = sim_chance(&sim->disk_chance, sim->config.sync_fail_ppm);
    sim->counts.syncs++;
    sim->counts.sync_failures += fails;
    sim_trace(sim, TRACE_FOLDER_SYNC, fails);
    if (fails)
        return -EIO; /* the names stay at risk: a journal is written again with the next one */
    sync_names(sim, h->ip, path);
    return 0;
}

int sim_folder_make(struct rt_loop *l, const char *path, mode_t mode)
{
    struct rt_sim *sim = l->sim;
    (void)mode;
    sim_step(sim);
    const struct sim_host *h = sim_host_here(sim);
    if (h->down)
        return -EIO;
    list_each (it, &sim->disk.names) {
        const struct name *n = list_entry(it, struct name, link);
        if (n->host == h->ip && n->seen && strcmp(n->path, path) == 0)
            return -ENOTDIR;
    }
    return 0;
}

int sim_folder_read(struct rt_loop *l, const char *path, struct buf *names)
{
    struct rt_sim *sim = l->sim;
    int r = -ENOENT;
    sim_step(sim);
    const struct sim_host *h = sim_host_here(sim);
    if (h->down)
        return -EIO;
    list_each (it, &sim->disk.names) {
        const struct name *n = list_entry(it, struct name, link);
        const char *name = n->host == h->ip && n->seen ? below(n->path, path) : NULL;
        if (!name)
            continue;
        r = buf_append(names, name, strcspn(name, "/"));
        if (r == 0)
            r = buf_append(names, "", 1);
        if (r < 0)
            break;
    }
    return r;
}
