#include <errno.h>
#include <string.h>

#include "host/warden.h"

/* In front of the texts: each ends in NUL, one after the other, in the order of the counts. */
struct head {
    uint32_t bytes; /* all of it, this struct too */
    uint32_t argc, envc, group_count;
    uint64_t memory_bytes, processes, cpu_s;
    int64_t timeout_ms, kill_after_ms;
    uid_t uid;
    gid_t gid;
    bool leaves_processes, has_dir, has_scratch, has_identity;
};

struct order_lists {
    struct host_identity identity;
    const char *texts[]; /* argv, NULL, env, NULL */
};

static uint32_t append_texts(struct buf *out, const char *const *texts, int *r)
{
    uint32_t count = 0;
    for (; texts && texts[count] && *r == 0; count++)
        *r = buf_append(out, texts[count], strlen(texts[count]) + 1);
    return count;
}

int host_order_write(const struct host_order *o, struct buf *out)
{
    struct head h = {
        .memory_bytes = o->memory_bytes,
        .processes = o->processes,
        .cpu_s = o->cpu_s,
        .timeout_ms = o->timeout_ms,
        .kill_after_ms = o->kill_after_ms,
        .leaves_processes = o->leaves_processes,
        .has_dir = o->dir,
        .has_scratch = o->scratch,
        .has_identity = o->identity,
    };
    const char *words[] = {o->dir, NULL, o->scratch, NULL};
    struct buf text = BUF(MEM_HOST, HOST_ORDER_BYTES_MAX);
    int r = buf_append(&text, &h, sizeof(h));
    if (o->identity) {
        h.uid = o->identity->uid;
        h.gid = o->identity->gid;
        h.group_count = (uint32_t)o->identity->group_count;
        if (r == 0)
            r = buf_append(&text, o->identity->groups, h.group_count * sizeof(gid_t));
    }
    h.argc = append_texts(&text, o->argv, &r);
    h.envc = append_texts(&text, o->env, &r);
    append_texts(&text, &words[0], &r);
    append_texts(&text, &words[2], &r);
    h.bytes = (uint32_t)text.size;
    if (r == 0)
        memcpy(text.data, &h, sizeof(h));
    if (r == 0)
        r = buf_append_slice(out, buf_slice(&text));
    buf_done(&text);
    return r < 0 ? -E2BIG : 0;
}

/* The next text of what is left; NULL: there is none. */
static const char *next_text(struct slice *rest)
{
    ptrdiff_t end = slice_find_byte(*rest, 0);
    const char *text = rest->data;
    if (end < 0)
        return NULL;
    *rest = slice_sub(*rest, (size_t)end + 1, rest->size);
    return text;
}

static bool take_texts(struct slice *rest, uint32_t count, const char **to)
{
    for (uint32_t i = 0; i < count; i++)
        if (!(to[i] = next_text(rest)))
            return false;
    return true;
}

int order_parse(char *data, size_t size, struct host_order *ret_order,
                struct order_lists **ret_lists)
{
    struct head h;
    if (size < sizeof(h))
        return -EBADMSG;
    memcpy(&h, data, sizeof(h));
    size_t groups = (size_t)h.group_count * sizeof(gid_t);
    if (h.bytes != size || groups > size - sizeof(h) || h.argc == 0 || h.argc > size ||
        h.envc > size)
        return -EBADMSG;
    struct slice rest = {data + sizeof(h) + groups, size - sizeof(h) - groups};
    size_t count = (size_t)h.argc + h.envc + 2;
    struct order_lists *l =
        mem_alloc(MEM_HOST, sizeof(*l) + count * sizeof(l->texts[0])); /* zeroed: the NULLs */
    struct host_order o = {
        .argv = l->texts,
        .env = l->texts + h.argc + 1,
        .memory_bytes = h.memory_bytes,
        .processes = h.processes,
        .cpu_s = h.cpu_s,
        .timeout_ms = h.timeout_ms,
        .kill_after_ms = h.kill_after_ms,
        .leaves_processes = h.leaves_processes,
        .identity = h.has_identity ? &l->identity : NULL,
    };
    l->identity =
        (struct host_identity){h.uid, h.gid, (const gid_t *)(data + sizeof(h)), h.group_count};
    bool whole = take_texts(&rest, h.argc, l->texts) &&
                 take_texts(&rest, h.envc, l->texts + h.argc + 1) &&
                 (!h.has_dir || (o.dir = next_text(&rest))) &&
                 (!h.has_scratch || (o.scratch = next_text(&rest))) && rest.size == 0;
    if (!whole) {
        mem_free(MEM_HOST, l);
        return -EBADMSG;
    }
    *ret_order = o;
    *ret_lists = l;
    return 0;
}
