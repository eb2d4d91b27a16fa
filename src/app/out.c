#include "app/out.h"

#include "rt/stdio.h"

static void take(struct out *o)
{
    struct buf full = o->pending;
    o->pending = o->writing;
    o->writing = full;
    rt_event_clear(&o->filled);
}

static void write_out(struct out *o)
{
    int r = 0;
    if (o->error == 0)
        r = rt_output_write(RT_STDOUT, o->writing.data, o->writing.size, RT_NEVER);
    buf_clear(&o->writing);
    if (r == 0)
        return;
    o->error = r;
    if (o->on_error)
        o->on_error(o->ctx, r);
}

static void writer(void *arg)
{
    struct out *o = arg;
    /* The group is cancelled only by out_close's end; nothing here may lose a line before. */
    rt_shield_begin();
    for (;;) {
        rt_event_wait(&o->filled, RT_NEVER);
        if (o->pending.size < OUT_BATCH_BYTES && !o->closing)
            rt_sleep(rt_now() + OUT_DELAY_MS * RT_MS);
        bool last = o->closing;
        take(o);
        o->busy = true;
        rt_event_set(&o->emptied);
        if (o->writing.size)
            write_out(o);
        o->busy = false;
        rt_event_set(&o->emptied);
        if (last && o->pending.size == 0)
            break;
    }
    rt_shield_end();
}

int out_open(struct out *o, void (*on_error)(void *ctx, int code), void *ctx)
{
    *o = (struct out){
        .pending = BUF(MEM_APP, 0),
        .writing = BUF(MEM_APP, 0),
        .on_error = on_error,
        .ctx = ctx,
    };
    rt_group_init(&o->group, "out");
    return rt_go(&o->group, writer, o);
}

static void wait_emptied(struct out *o)
{
    if (o->emptied.set)
        rt_event_clear(&o->emptied);
    rt_shield_begin();
    rt_event_wait(&o->emptied, RT_NEVER);
    rt_shield_end();
}

struct buf *out_begin(struct out *o)
{
    while (o->pending.size > OUT_PENDING_BYTES_MAX && !o->closing)
        wait_emptied(o);
    return &o->pending;
}

void out_flush(struct out *o)
{
    while (o->pending.size || o->busy)
        wait_emptied(o);
}

void out_end(struct out *o)
{
    rt_event_set(&o->filled);
}

int out_close(struct out *o)
{
    o->closing = true;
    rt_event_set(&o->filled);
    rt_shield_begin();
    rt_group_wait(&o->group, RT_NEVER);
    rt_shield_end();
    rt_group_done(&o->group);
    buf_done(&o->pending);
    buf_done(&o->writing);
    return o->error;
}
