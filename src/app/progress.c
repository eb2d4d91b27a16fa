#include "app/progress.h"

#include "rt/stdio.h"
#include "rt/term.h"

enum { FIRST_MS = 1000, EVERY_MS = 200 };

static void draw(struct progress *p, struct buf *text)
{
    buf_clear(text);
    buf_append_cstr(text, "\r");
    struct buf line = BUF(MEM_APP, 0);
    p->line(p->ctx, (size_t)rt_term_size_of(RT_STDERR).columns - 1, &line);
    buf_append_slice(text, buf_slice(&line));
    buf_append_cstr(text, "\x1b[K");
    buf_done(&line);
    rt_output_write(RT_STDERR, text->data, text->size, RT_NEVER);
    p->shown = true;
}

static void run(void *arg)
{
    struct progress *p = arg;
    struct buf text = BUF(MEM_APP, 0);
    for (rt_time due = rt_now() + FIRST_MS * RT_MS; rt_sleep(due) == 0;
         due = rt_now() + EVERY_MS * RT_MS)
        draw(p, &text);
    buf_done(&text);
}

int progress_start(struct progress *p, void (*line)(void *ctx, size_t columns, struct buf *out),
                   void *ctx)
{
    *p = (struct progress){.line = line, .ctx = ctx};
    rt_group_init(&p->group, "progress");
    return rt_go(&p->group, run, p);
}

void progress_stop(struct progress *p)
{
    rt_group_done(&p->group);
    if (p->shown)
        rt_output_write_now(RT_STDERR, "\r\x1b[K", 4);
    p->shown = false;
}

void progress_bar(struct buf *out, uint64_t done, uint64_t total, size_t width)
{
    size_t full = total ? (size_t)((double)width * (double)done / (double)total) : width;
    buf_append_byte(out, '[');
    for (size_t i = 0; i < width; i++)
        buf_append_byte(out, i < full ? '#' : '.');
    buf_append_byte(out, ']');
}
