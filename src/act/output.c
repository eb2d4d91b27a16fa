#include "act/output.h"

#include <errno.h>

#include "base/fault.h"
#include "host/pipe.h"

static void give(struct output *o, struct slice text, bool ends)
{
    const struct exec_line line = {o->stream, text, ends};
    int r = o->refused || !o->sink || !o->sink->fn ? 0 : o->sink->fn(o->sink->ctx, &line);
    o->refused = o->refused || r < 0;
    o->unread = o->unread || r == -EPIPE;
    if (o->refused)
        o->cut += text.size + ends;
}

static void give_begun(struct output *o, bool ends)
{
    give(o, buf_slice(&o->line), ends);
    buf_clear(&o->line);
}

/* A piece without a newline. */
static void add_to_line(struct output *o, struct slice text)
{
    while (text.size) {
        size_t room = EXEC_LINE_BYTES_MAX - o->line.size;
        struct slice part = slice_sub(text, 0, room);
        buf_append_slice(&o->line, part);
        text = slice_sub(text, part.size, text.size);
        if (text.size)
            give_begun(o, false);
    }
}

static void split(struct output *o, struct slice text)
{
    while (text.size) {
        ptrdiff_t at = slice_find_byte(text, '\n');
        struct slice part = slice_sub(text, 0, at < 0 ? text.size : (size_t)at);
        if (at >= 0 && o->line.size == 0 && part.size <= EXEC_LINE_BYTES_MAX) {
            give(o, part, true);
        } else {
            add_to_line(o, part);
            if (at >= 0)
                give_begun(o, true);
        }
        text = slice_sub(text, part.size + (at >= 0), text.size);
    }
}

void output_take(struct output *o, struct slice data)
{
    struct slice kept = slice_sub(data, 0, o->left < data.size ? (size_t)o->left : data.size);
    o->bytes += data.size;
    if (fault_mutant("act_limit_ignored"))
        kept = data;
    else
        o->left -= kept.size;
    o->cut += data.size - kept.size;
    if (kept.size == 0)
        return;
    if (o->whole_reads)
        give(o, kept, false);
    else
        split(o, kept);
}

void output_end(struct output *o)
{
    if (o->line.size)
        give_begun(o, false);
}

static void read_all(void *arg)
{
    struct output *o = arg;
    char *chunk = mem_alloc(MEM_ACT, EXEC_LINE_BYTES_MAX);
    while (!o->unread) {
        o->waiting = true;
        ssize_t n = rt_read(o->sock, chunk, EXEC_LINE_BYTES_MAX, RT_NEVER);
        o->waiting = false;
        if (n <= 0)
            break;
        output_take(o, (struct slice){chunk, (size_t)n});
    }
    if (o->last_words)
        rt_shield_begin();
    output_end(o);
    if (o->last_words)
        rt_shield_end();
    mem_free(MEM_ACT, chunk);
    if (o->unread) {
        rt_close(o->sock);
        o->sock = NULL;
    }
}

int output_open(struct output *o, int fd)
{
    int r = rt_adopt(fd, &o->sock);
    if (r < 0) {
        host_close(fd);
        return r;
    }
    o->open = true;
    o->line = BUF(MEM_ACT, EXEC_LINE_BYTES_MAX);
    rt_group_init(&o->group, "program output");
    r = rt_go(&o->group, read_all, o);
    if (r < 0)
        output_close(o);
    return r;
}

void output_finish(struct output *o, bool now)
{
    if (!o->open)
        return;
    for (;;) {
        uint64_t before = o->bytes;
        int r = rt_group_wait(&o->group, rt_now() + OUTPUT_GRACE_MS * RT_MS);
        if (r == 0)
            return;
        if (r == -ECANCELED && !now) {
            rt_shield_begin();
            output_finish(o, true);
            rt_shield_end();
            return;
        }
        if (now || (o->waiting && before == o->bytes))
            break;
    }
    o->last_words = !now;
    rt_group_cancel(&o->group);
    rt_group_wait(&o->group, RT_NEVER);
}

void output_close(struct output *o)
{
    if (!o->open)
        return;
    rt_group_done(&o->group);
    if (o->sock)
        rt_close(o->sock);
    o->sock = NULL;
    o->open = false;
    buf_done(&o->line);
}
