#include "observe/local.h"

#include <errno.h>

#include "host/pipe.h"
#include "observe/unit.h"
#include "rt/sock.h"
#include "rt/watch.h"

enum {
    SEEKS_MAX = 128,              /* that one look through /proc is for */
    EVENT_BYTES = 8192,           /* of a datagram of the kernel's */
    WATCH_OPEN_MS = 1000,         /* at the beginning */
    WATCH_AGAIN_MS = 10 * 1000,   /* after a path could not be watched */
};

struct local_host {
    struct rt_group group;
    struct list waiting; /* struct seeking */
    bool seeking;        /* a task is at it */
    struct list missing; /* struct local_missing */
    struct rt_sock *events;
    bool listening, deaf; /* deaf: the kernel tells us nothing */
    struct units *units;  /* NULL: nobody asked for one yet */
};

static const struct local_class *const classes[] = {
    [LOCAL_PROCESS] = &local_process,
    [LOCAL_FILE] = &local_file,
    [LOCAL_LOG_LINE] = &local_log_line,
    [LOCAL_HEARTBEAT] = &local_heartbeat,
};

/* ---- one search for all ---- */

struct seeking {
    struct list link;
    struct host_process_seek *seek;
    struct rt_event done;
    bool taken; /* it is being looked for: the caller's memory is in use */
    int result;
};

struct search {
    struct host_process_seek *seeks[SEEKS_MAX];
    size_t count;
};

static void search_now(void *arg)
{
    struct search *s = arg;
    host_process_find_all(s->seeks, s->count);
}

static void seek_main(void *arg)
{
    struct local_host *h = arg;
    struct search *s = mem_alloc(MEM_OBSERVE, sizeof(*s));
    while (!list_empty(&h->waiting)) {
        struct list taken;
        list_init(&taken);
        for (s->count = 0; s->count < SEEKS_MAX && !list_empty(&h->waiting);) {
            struct seeking *one = list_entry(list_pop_front(&h->waiting), struct seeking, link);
            one->taken = true;
            list_push_back(&taken, &one->link);
            s->seeks[s->count++] = one->seek;
        }
        int r = rt_offload(search_now, s, RT_NEVER);
        for (struct list *it; (it = list_pop_front(&taken));) {
            struct seeking *one = list_entry(it, struct seeking, link);
            one->result = r;
            rt_event_set(&one->done);
        }
    }
    h->seeking = false;
    mem_free(MEM_OBSERVE, s);
}

int local_seek(struct local_host *h, struct host_process_seek *s, rt_time deadline)
{
    struct seeking one = {.seek = s};
    list_push_back(&h->waiting, &one.link);
    if (!h->seeking) {
        h->seeking = true;
        int r = rt_go(&h->group, seek_main, h);
        if (r < 0) {
            h->seeking = false;
            list_remove(&one.link);
            return r;
        }
    }
    int r = rt_event_wait(&one.done, deadline);
    if (r < 0 && one.taken) {
        rt_shield_begin();
        rt_event_wait(&one.done, RT_NEVER);
        rt_shield_end();
    }
    if (r < 0 && !one.taken)
        list_remove(&one.link);
    return one.taken ? one.result : r;
}

/* ---- the kernel's word ---- */

/* pid 0: whoever began. */
static void wake_meant(struct local_host *h, pid_t pid)
{
    const struct host_process_query *queries[SEEKS_MAX];
    bool meant[SEEKS_MAX];
    size_t count = 0, i = 0;
    list_each(it, &h->missing)
        if (count < SEEKS_MAX)
            queries[count++] = &list_entry(it, struct local_missing, link)->query;
    if (pid && host_process_meant(pid, queries, count, meant) == 0)
        return;
    list_each(it, &h->missing)
    {
        struct local_missing *m = list_entry(it, struct local_missing, link);
        if (i < count && (!pid || meant[i])) {
            if (!m->wake->set)
                m->began = pid;
            rt_event_set(m->wake);
        }
        i++;
    }
}

static void take_events(struct local_host *h, struct slice datagram)
{
    struct host_process_event e;
    while (host_process_event_next(&datagram, &e) == 1)
        if (e.change != HOST_PROCESS_OTHER)
            wake_meant(h, e.pid);
}

/* For as long as somebody is missing: a busy host begins thousands of programs a second. */
static void listen_main(void *arg)
{
    struct local_host *h = arg;
    char *bytes = mem_alloc(MEM_OBSERVE, EVENT_BYTES);
    while (!list_empty(&h->missing)) {
        ssize_t n = rt_read(h->events, bytes, EVENT_BYTES, RT_NEVER);
        if (n == -ENOBUFS)
            wake_meant(h, 0); /* some were lost: it may have been any */
        else if (n > 0)
            take_events(h, (struct slice){bytes, (size_t)n});
        else
            break;
    }
    rt_close(h->events);
    h->events = NULL;
    h->listening = false;
    mem_free(MEM_OBSERVE, bytes);
}

static void begin_listening(struct local_host *h)
{
    if (h->listening || h->deaf)
        return;
    int fd = host_process_events_open();
    int r = fd < 0 ? fd : rt_adopt(fd, &h->events);
    if (r < 0) {
        host_close(fd);
        /* Our own want may pass; what is not permitted or not there stays so. */
        h->deaf = r != -EMFILE && r != -ENFILE && r != -ENOMEM && r != -ENOBUFS;
        return;
    }
    h->listening = rt_go(&h->group, listen_main, h) == 0;
    if (!h->listening) {
        rt_close(h->events);
        h->events = NULL;
    }
}

void local_missing_add(struct local_host *h, struct local_missing *m)
{
    list_push_back(&h->missing, &m->link);
    begin_listening(h);
}

void local_missing_remove(struct local_missing *m)
{
    if (m->link.next)
        list_remove(&m->link);
    m->link = (struct list){0};
}

size_t local_missing_count(const struct local_host *h)
{
    size_t n = 0;
    list_each(it, &h->missing)
        n++;
    return n;
}

bool local_hears(const struct local_host *h)
{
    return h->listening && local_missing_count(h) <= SEEKS_MAX;
}

struct units *local_units(struct local_host *h)
{
    if (!h->units)
        h->units = units_new();
    return h->units;
}

struct local_host *local_host_new(void)
{
    struct local_host *h = mem_alloc(MEM_OBSERVE, sizeof(*h));
    list_init(&h->waiting);
    list_init(&h->missing);
    rt_group_init(&h->group, "local checks");
    return h;
}

void local_host_free(struct local_host *h)
{
    if (!h)
        return;
    rt_group_done(&h->group);
    units_free(h->units);
    mem_free(MEM_OBSERVE, h);
}

/* ---- paths ---- */

void local_watch_begin(struct local_check *c, const char *path)
{
    c->path = path;
    if (rt_watch_open(path, &c->watch, rt_now() + WATCH_OPEN_MS * RT_MS) < 0)
        c->watch = NULL;
}

void local_watch_main(void *check)
{
    struct local_check *c = check;
    int r = 0;
    while (c->path && r != -ECANCELED) {
        bool opens = !c->watch;
        if (opens && rt_sleep(rt_now() + WATCH_AGAIN_MS * RT_MS) < 0)
            return;
        r = opens ? rt_watch_open(c->path, &c->watch, RT_NEVER) : rt_watch_wait(c->watch, RT_NEVER);
        if (r == 0) {
            local_push(c); /* what happened before it was opened, too */
        } else if (!opens) {
            rt_watch_close(c->watch);
            c->watch = NULL;
        }
    }
}

/* ---- a check ---- */

int local_check_open(struct local_host *h, const struct local_spec *spec, local_push_fn *push,
                     void *ctx, struct local_check **ret_check, struct err *err)
{
    struct local_check *c = mem_alloc(MEM_OBSERVE, sizeof(*c));
    *c = (struct local_check){
        .host = h, .spec = spec, .class = classes[spec->kind], .push = push, .ctx = ctx};
    c->state = mem_alloc(MEM_OBSERVE, c->class->state_bytes);
    rt_group_init(&c->watchers, "local check");
    int r = c->class->open ? c->class->open(c, err) : 0;
    if (r == 0 && c->class->watch && rt_go(&c->watchers, c->class->watch, c) < 0)
        r = err_sys(err, -ENOMEM, "watch it");
    if (r < 0)
        local_check_close(c);
    else
        *ret_check = c;
    return r;
}

void local_check_look(struct local_check *c, struct probe_result *r, const char **ret_word)
{
    static const struct probe_target none;
    rt_time begin = rt_now_exact();
    *ret_word = NULL;
    probe_result_reset(r, &none);
    r->at_wall_ns = rt_wall_now();
    r->lag_ns = rt_lag();
    c->class->look(c, r, ret_word, begin + c->spec->timeout_ns);
    r->total_ns = rt_now_exact() - begin;
    if (r->reason != REASON_OK && rt_cancelled())
        probe_result_fail(r, REASON_CANCELED, "interrupted");
}

void local_check_close(struct local_check *c)
{
    if (!c)
        return;
    rt_group_done(&c->watchers);
    rt_watch_close(c->watch);
    if (c->class->close)
        c->class->close(c);
    mem_free(MEM_OBSERVE, c->state);
    mem_free(MEM_OBSERVE, c);
}
