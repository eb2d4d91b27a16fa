#include "rt/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rt/loop.h"

struct call {
    struct rt_loop *loop;
    const char *path;
    mode_t mode;
    struct buf *names;
    int result;
};

static int run(struct call *c, rt_fn *fn, rt_time deadline)
{
    c->loop = rt_self;
    int r = rt_offload(fn, c, deadline);
    return r < 0 ? r : c->result;
}

static void do_make(void *arg)
{
    struct call *c = arg;
    c->result = c->loop->backend->folder_make(c->loop, c->path, c->mode);
}

int rt_folder_make(const char *path, mode_t mode, rt_time deadline)
{
    struct call c = {.path = path, .mode = mode};
    size_t size = strlen(path);
    if (size == 0 || size >= RT_FOLDER_PATH_BYTES_MAX)
        return size ? -ENAMETOOLONG : -ENOENT;
    return run(&c, do_make, deadline);
}

/* ---- reading ---- */

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What was appended behind `from`, in order and each name once. */
static void sort(struct buf *names, size_t from)
{
    size_t size = names->size - from, count = 0, i = 0;
    char *copy = mem_alloc(MEM_RT, size + 1);
    memcpy(copy, names->data + from, size);
    for (size_t at = 0; at < size; at++)
        count += copy[at] == 0;
    const char **sorted = mem_alloc(MEM_RT, count * sizeof(*sorted));
    for (size_t at = 0; at < size; at += strlen(copy + at) + 1)
        sorted[i++] = copy + at;
    qsort(sorted, count, sizeof(*sorted), compare);
    names->size = from;
    for (i = 0; i < count; i++)
        if (i == 0 || strcmp(sorted[i - 1], sorted[i]) != 0)
            buf_append(names, sorted[i], strlen(sorted[i]) + 1); /* it had room before */
    mem_free(MEM_RT, sorted);
    mem_free(MEM_RT, copy);
}

static void do_read(void *arg)
{
    struct call *c = arg;
    size_t from = c->names->size;
    c->result = c->loop->backend->folder_read(c->loop, c->path, c->names);
    if (c->result == 0 && c->names->size > from)
        sort(c->names, from);
    if (c->result < 0 && c->names->data) {
        c->names->size = from;
        c->names->data[from] = 0;
    }
}

int rt_folder_read(const char *path, struct buf *names, rt_time deadline)
{
    struct call c = {.path = path, .names = names};
    return run(&c, do_read, deadline);
}

const char *rt_folder_next(const struct buf *names, const char *name)
{
    const char *next = name ? name + strlen(name) + 1 : names->data;
    return next && next < names->data + names->size ? next : NULL;
}
