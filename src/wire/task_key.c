#include "wire/task_key.h"

#include <errno.h>

#include "base/buf.h"
#include "wire/key_part.h"
#include "wire/url_escape.h"

static const char *const folders[] = {
    [TASK_KEY_TASK] = "/tasks/",
    [TASK_KEY_ASSIGN] = "/assign/",
    [TASK_KEY_STATUS] = "/status/",
    [TASK_KEY_DEDUP] = "/dedup/",
    [TASK_KEY_CONCURRENCY] = "/concurrency/",
    [TASK_KEY_NODE] = "/nodes/",
    [TASK_KEY_NODE_KNOWN] = "/nodes_known/",
    [TASK_KEY_NODE_SPEC] = "/config/nodes/",
    [TASK_KEY_OUTPUT] = "/output/",
    [TASK_KEY_WORKER_MAX] = "/config/worker_max",
};

static struct slice kept(struct arena *arena, struct buf *b)
{
    struct slice s = {arena_strdup(arena, buf_slice(b)), b->size};
    buf_done(b);
    return s;
}

static struct buf begin(struct slice prefix, enum task_key key)
{
    struct buf b = BUF(MEM_WIRE, 0);
    buf_append_slice(&b, prefix);
    buf_append_cstr(&b, folders[key]);
    return b;
}

struct slice task_key(struct arena *arena, struct slice prefix, enum task_key key, struct slice a,
                      struct slice b)
{
    struct buf made = begin(prefix, key);
    key_part_append(&made, a);
    if (b.size) {
        buf_append_byte(&made, '/');
        key_part_append(&made, b);
    }
    return kept(arena, &made);
}

struct slice task_key_prefix(struct arena *arena, struct slice prefix, enum task_key key,
                             struct slice a)
{
    struct buf made = begin(prefix, key);
    if (a.size) {
        key_part_append(&made, a);
        buf_append_byte(&made, '/');
    }
    return kept(arena, &made);
}

struct slice task_key_output(struct arena *arena, struct slice prefix, struct slice task,
                             struct slice node, int64_t token, uint32_t n)
{
    struct buf made = begin(prefix, TASK_KEY_OUTPUT);
    key_part_append(&made, task);
    buf_append_byte(&made, '/');
    key_part_append(&made, node);
    buf_printf(&made, "/%020lld/%08u", (long long)token, n);
    return kept(arena, &made);
}

int task_key_split(struct arena *arena, struct slice prefix, enum task_key key, struct slice whole,
                   struct slice *ret_a, struct slice *ret_b)
{
    size_t head = prefix.size + strlen(folders[key]);
    struct slice a, b = {NULL, 0};
    if (!slice_starts_with(whole, prefix) ||
        !slice_starts_with(slice_sub(whole, prefix.size, whole.size), slice_from(folders[key])))
        return -EINVAL;
    struct slice rest = slice_sub(whole, head, whole.size), part = slice_cut(&rest, '/');
    if (part.size == 0 || (rest.data && rest.size == 0))
        return -EINVAL;
    int r = url_unescape(part, false, arena, &a, NULL);
    if (r == 0 && rest.size)
        r = url_unescape(rest, false, arena, &b, NULL);
    if (r < 0)
        return -EINVAL;
    *ret_a = a;
    *ret_b = b;
    return 0;
}
