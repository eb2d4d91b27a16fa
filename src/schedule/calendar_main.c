#include <errno.h>

#include "schedule/calendar.h"
#include "store/follow.h"

/* The calendar as a task: three that wait (for declarations, for wishes, for something to write)
 * and one, the calendar's own, that gives orders. They share the calendar, as tasks of one loop do.
 */

enum { PAGE = 500, CALL_MS = 20 * 1000, LAST_CALL_MS = 1000 };

struct keeping {
    const struct calendar_options *o;
    struct calendar *c;
    struct rt_group group;
    struct rt_event specs_known, wishes_known; /* no order before: one may be paused */
    struct rt_event lost;                      /* another one leads */
    bool is_unreachable;
    bool ends; /* whoever leads next must not wait for the last words */
};

static rt_wall wall(const struct keeping *k)
{
    return k->o->wall ? k->o->wall(k->o->ctx) : rt_wall_now();
}

static rt_time soon(void)
{
    return rt_now() + CALL_MS * RT_MS;
}

static void note(const struct keeping *k, enum calendar_note n, struct slice what, const char *text)
{
    if (k->o->note)
        k->o->note(k->o->ctx, n, what, text);
}

static struct slice key_of(struct arena *a, const struct keeping *k, const char *prefix,
                           struct slice rest)
{
    return slice_from(
        arena_printf(a, "%.*s%s%.*s", SLICE_ARG(k->o->prefix), prefix, SLICE_ARG(rest)));
}

/* "namespace/name" behind a prefix; *ret_rest is what follows a third '/'. */
static bool split(struct slice key, size_t prefix_size, struct slice *ret_namespace,
                  struct slice *ret_name, struct slice *ret_rest)
{
    struct slice rest = slice_sub(key, prefix_size, key.size);
    *ret_namespace = slice_cut(&rest, '/');
    *ret_name = slice_cut(&rest, '/');
    *ret_rest = rest;
    return ret_namespace->size && ret_name->size;
}

static const char registry[] = "/registry/schedules/", control[] = "/control/schedules/",
                  states[] = "/state/schedules/";

/* ---- what is remembered ---- */

static void restore_one(struct keeping *k, const struct store_kv *kv, size_t prefix_size)
{
    struct slice namespace_, name, rest;
    struct err err = {0};
    if (!split(kv->key, prefix_size, &namespace_, &name, &rest) || rest.data)
        return;
    if (calendar_restore(k->c, namespace_, name, kv->value, &err) < 0)
        note(k, CALENDAR_NOTE_BAD_VALUE, kv->key, err.text);
}

/* Page by page. Returns 0, or why the store does not tell. */
static int restore(struct keeping *k)
{
    struct arena page = ARENA(MEM_SCHEDULE, 0), keys = ARENA(MEM_SCHEDULE, 0);
    struct slice prefix = key_of(&keys, k, states, (struct slice){0}), from = prefix;
    /* '0' follows '/': the first key behind all of them. */
    struct slice end = slice_from(arena_strdup(&keys, prefix));
    ((char *)(uintptr_t)end.data)[end.size - 1] = '0';
    struct store_range_result got = {.more = true};
    int r = 0;
    while (r == 0 && got.more) {
        struct store_range range = {.keys = {STORE_SPAN, from, end}, .limit = PAGE};
        struct err err;
        arena_reset(&page);
        r = store_range(k->o->store, &range, &page, &got, &err, soon());
        for (uint32_t i = 0; r == 0 && i < got.count; i++)
            restore_one(k, &got.kvs[i], prefix.size);
        if (r == 0 && got.more) {
            struct slice last = got.kvs[got.count - 1].key;
            char *next = arena_alloc(&keys, last.size + 1);
            memcpy(next, last.data, last.size);
            from = (struct slice){next, last.size + 1};
        }
    }
    arena_done(&page);
    arena_done(&keys);
    return r;
}

/* ---- what is declared and wished ---- */

/* Takes changes until it is cancelled or the store refuses for good. */
static void follow_prefix(struct keeping *k, const char *under,
                          void (*take)(struct keeping *k, const struct follow_change *change,
                                       size_t prefix_size))
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct slice prefix = key_of(&a, k, under, (struct slice){0});
    struct follow f;
    follow_init(&f, k->o->store, prefix, 0);
    for (;;) {
        struct follow_change change;
        struct err err = {0};
        int r = follow_next(&f, &change, &err, rt_now() + 60 * RT_SEC);
        if (r == 0) {
            take(k, &change, prefix.size);
        } else if (r != -ETIMEDOUT) {
            if (r != -ECANCELED)
                note(k, CALENDAR_NOTE_UNREACHABLE, prefix, err.text);
            if (r == -ECANCELED || rt_sleep(rt_now() + CALENDAR_AGAIN_MS * RT_MS) < 0)
                break;
        }
    }
    follow_done(&f);
    arena_done(&a);
}

static void take_spec(struct keeping *k, const struct follow_change *change, size_t prefix_size)
{
    struct slice namespace_, name, rest;
    struct err err = {0};
    int r;
    if (change->type == FOLLOW_SYNCED) {
        if (!k->specs_known.set)
            calendar_forget_undeclared(k->c);
        rt_event_set(&k->specs_known);
        return;
    }
    if (!split(change->kv.key, prefix_size, &namespace_, &name, &rest) || rest.data)
        return;
    if (change->type == FOLLOW_GONE) {
        calendar_forget(k->c, namespace_, name);
        return;
    }
    r = calendar_declare(k->c, namespace_, name, change->kv.value, wall(k), &err);
    if (r == -ECANCELED)
        return; /* while its zone was looked up: it says nothing about it */
    if (r < 0)
        note(k, r == -ENOTSUP || r == -EINVAL ? CALENDAR_NOTE_REFUSED : CALENDAR_NOTE_BAD_VALUE,
             change->kv.key, err.text);
}

static void take_wish(struct keeping *k, const struct follow_change *change, size_t prefix_size)
{
    struct slice namespace_, name, what;
    if (change->type == FOLLOW_SYNCED) {
        rt_event_set(&k->wishes_known);
        return;
    }
    if (!split(change->kv.key, prefix_size, &namespace_, &name, &what))
        return;
    bool set = change->type == FOLLOW_SET;
    calendar_wish(k->c, namespace_, name, what, set ? change->kv.value : (struct slice){0},
                  wall(k));
}

static void specs_main(void *arg)
{
    follow_prefix(arg, registry, take_spec);
}

static void wishes_main(void *arg)
{
    follow_prefix(arg, control, take_wish);
}

/* ---- writing ---- */

struct writing {
    struct arena arena;
    struct calendar_change changes[CALENDAR_WRITES_AT_ONCE];
    struct store_op ops[2 * CALENDAR_WRITES_AT_ONCE];
    uint32_t count, op_count;
    struct err err;
};

static void gather(struct keeping *k, struct writing *w)
{
    struct buf json = BUF(MEM_SCHEDULE, 0);
    size_t bytes = 0;
    while (w->count < CALENDAR_WRITES_AT_ONCE && bytes < STORE_TXN_BYTES_MAX / 2) {
        struct calendar_change *change = &w->changes[w->count];
        buf_clear(&json);
        if (!calendar_take_change(k->c, change, &json))
            break;
        w->count++;
        struct slice key = key_of(&w->arena, k, states, change->key);
        if (change->gone) {
            struct slice wishes =
                slice_from(arena_printf(&w->arena, "%.*s%s%.*s/", SLICE_ARG(k->o->prefix), control,
                                        SLICE_ARG(change->key)));
            w->ops[w->op_count++] = (struct store_op){.type = STORE_DELETE, .keys = store_key(key)};
            w->ops[w->op_count++] =
                (struct store_op){.type = STORE_DELETE, .keys = store_prefix(wishes)};
            continue;
        }
        struct slice value = {arena_strdup(&w->arena, buf_slice(&json)), json.size};
        w->ops[w->op_count++] = (struct store_op){.type = STORE_PUT, .key = key, .value = value};
        bytes += value.size;
    }
    buf_done(&json);
}

/* Returns 0; -EPERM: another one leads; or why the store takes nothing now. */
static int write_some(struct keeping *k, uint32_t *ret_count)
{
    struct writing *w = mem_alloc(MEM_SCHEDULE, sizeof(*w));
    struct store_compare guard;
    struct store_txn_result got = {.succeeded = true};
    int r = 0;
    w->arena = ARENA(MEM_SCHEDULE, 0);
    gather(k, w);
    if (k->o->leads)
        guard = election_guard(k->o->leads);
    struct store_txn txn = {.compares = &guard,
                            .compare_count = k->o->leads != NULL,
                            .then = w->ops,
                            .then_count = w->op_count};
    if (w->op_count)
        r = store_txn(k->o->store, &txn, &w->arena, &got, &w->err,
                      k->ends ? rt_now() + LAST_CALL_MS * RT_MS : soon());
    if (r == 0 && !got.succeeded)
        r = -EPERM;
    for (uint32_t i = 0; i < w->count; i++)
        calendar_written(k->c, &w->changes[i], r == 0);
    if (r < 0 && r != -ECANCELED && r != -EPERM && !k->is_unreachable)
        note(k, CALENDAR_NOTE_UNREACHABLE, SLICE("/state/schedules"), w->err.text);
    k->is_unreachable = r < 0;
    *ret_count = w->count;
    arena_done(&w->arena);
    mem_free(MEM_SCHEDULE, w);
    return r;
}

static int write_all(struct keeping *k)
{
    uint32_t count = 1;
    int r = 0;
    while (r == 0 && count)
        r = write_some(k, &count);
    return r;
}

static void writer_main(void *arg)
{
    struct keeping *k = arg;
    struct rt_event *changed = &calendar_events_of(k->c)->changed;
    int r = 0;
    while (r != -ECANCELED) {
        rt_event_clear(changed);
        r = write_all(k);
        if (r == -EPERM) {
            note(k, CALENDAR_NOTE_LOST, (struct slice){0}, "another one leads");
            rt_event_set(&k->lost);
            return;
        }
        if (r < 0)
            r = rt_sleep(rt_now() + CALENDAR_AGAIN_MS * RT_MS);
        else
            r = rt_event_wait(changed, RT_NEVER);
    }
    k->ends = true;
    rt_shield_begin(); /* what was answered last is not answered again by the next life */
    (void)write_all(k);
    rt_shield_end();
}

/* ---- orders ---- */

/* Gives what is due. Returns 0, or -ECANCELED or -EPIPE: nobody takes orders any more. */
static int give(struct keeping *k)
{
    for (struct schedule_order *o; (o = calendar_take(k->c, wall(k)));) {
        int r = rt_send(k->o->orders, o, RT_NEVER);
        if (r < 0) {
            schedule_order_free(o);
            return r;
        }
    }
    return 0;
}

static void tell(const struct keeping *k, struct calendar_stats *told)
{
    const struct calendar_stats *s = calendar_stats_of(k->c);
    if (s->missed_total != told->missed_total)
        note(k, CALENDAR_NOTE_MISSED, (struct slice){0}, "times of schedules were missed");
    if (s->clock_back_total != told->clock_back_total)
        note(k, CALENDAR_NOTE_CLOCK_BACK, (struct slice){0}, "the clock was set back by hours");
    *told = *s;
}

static void order_main(void *arg)
{
    struct keeping *k = arg;
    struct calendar_stats told = *calendar_stats_of(k->c);
    struct rt_event *due = &calendar_events_of(k->c)->due;
    if (rt_event_wait(&k->specs_known, RT_NEVER) < 0 ||
        rt_event_wait(&k->wishes_known, RT_NEVER) < 0)
        return;
    for (int r = 0; r == 0 || r == -ETIMEDOUT;) {
        rt_event_clear(due);
        r = give(k);
        tell(k, &told);
        if (r < 0)
            break;
        int64_t wait = CALENDAR_LOOK_MS * RT_MS, next = calendar_next(k->c), now = wall(k);
        if (next < now + wait)
            wait = next > now ? next - now : 0;
        /* Where nothing is due ever, no clock that jumps makes it so. */
        r = rt_event_wait(due, next == INT64_MAX ? RT_NEVER : rt_now() + wait);
    }
}

void calendar_main(void *options)
{
    struct keeping k = {.o = options};
    int r;
    k.c = k.o->calendar;
    while ((r = restore(&k)) < 0) {
        if (r != -ECANCELED)
            note(&k, CALENDAR_NOTE_UNREACHABLE, SLICE("/state/schedules"), err_name(r));
        if (r == -ECANCELED || rt_sleep(rt_now() + CALENDAR_AGAIN_MS * RT_MS) < 0)
            return;
    }
    if (k.o->restored)
        k.o->restored(k.o->ctx);
    rt_group_init(&k.group, "calendar");
    if (rt_go(&k.group, specs_main, &k) < 0 || rt_go(&k.group, wishes_main, &k) < 0 ||
        rt_go(&k.group, writer_main, &k) < 0 || rt_go(&k.group, order_main, &k) < 0)
        note(&k, CALENDAR_NOTE_UNREACHABLE, (struct slice){0}, "no memory for the first tasks");
    else
        (void)rt_event_wait(&k.lost, RT_NEVER);
    rt_group_done(&k.group);
}
