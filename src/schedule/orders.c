#include "schedule/orders.h"

#include <errno.h>

#include "base/fault.h"
#include "schedule/book.h"
#include "schedule/order.h"
#include "store/tasks.h"
#include "wire/task_key.h"

#define LOST SLICE("Lost")

/* A task that counts as running. */
struct watched {
    struct slice namespace_, schedule;
    size_t task_size;
    char task[]; /* and behind it the two */
};

struct orders {
    struct book *book;
    struct calendar *calendar;
    struct schedule_order_chan chan;
    struct calendar_options options;
    struct map watched; /* task -> struct watched */
    struct rt_group group;
};

static struct tasks_at where(const struct orders *o)
{
    const struct schedule_options *options = o->book->options;
    return (struct tasks_at){.store = options->store, .prefix = options->prefix};
}

static rt_time soon(void)
{
    return rt_now() + ORDERS_CALL_MS * RT_MS;
}

/* ---- what runs ---- */

static struct slice task_of(const struct watched *w)
{
    return (struct slice){w->task, w->task_size};
}

static void watch(void *ctx, struct slice namespace_, struct slice schedule, struct slice task)
{
    struct orders *o = ctx;
    if (map_get(&o->watched, task))
        return;
    struct watched *w =
        mem_alloc(MEM_SCHEDULE, sizeof(*w) + task.size + namespace_.size + schedule.size);
    char *at = w->task;
    w->task_size = task.size;
    memcpy(at, task.data, task.size);
    at = memcpy(at + task.size, namespace_.data, namespace_.size);
    w->namespace_ = (struct slice){at, namespace_.size};
    at = memcpy(at + namespace_.size, schedule.data, schedule.size);
    w->schedule = (struct slice){at, schedule.size};
    map_put(&o->watched, task_of(w), w, NULL);
}

static void ended(struct orders *o, struct watched *w, struct slice state)
{
    if (!fault_mutant("schedule_end_untold"))
        calendar_ended(o->calendar, w->namespace_, w->schedule, task_of(w), state, rt_wall_now());
    mem_free(MEM_SCHEDULE, w);
}

void orders_told(struct orders *o, struct slice task, struct slice state)
{
    struct watched *w = o ? map_remove(&o->watched, task) : NULL;
    if (w)
        ended(o, w, state);
}

static bool has_ended(const struct job *j)
{
    return j->known && task_state_final(j->state);
}

static struct slice state_of(const struct job *j)
{
    return slice_from(task_state_name(j->state));
}

static bool is_over(void *ctx, const struct map_entry *e)
{
    struct orders *o = ctx;
    struct watched *w = e->value;
    const struct job *j = map_get(&o->book->jobs, e->key);
    if (j && !has_ended(j))
        return false;
    ended(o, w, j ? state_of(j) : LOST);
    return true;
}

/* Those that ended while no calendar ran. */
static void restored(void *ctx)
{
    struct orders *o = ctx;
    calendar_each_running(o->calendar, watch, o);
    map_remove_if(&o->watched, is_over, o);
}

/* One that the book does not know: it was not told yet, or it has come and gone. */
static void look_for(struct orders *o, struct slice task)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct store_kv kv;
    struct slice key =
        task_key(&a, o->book->options->prefix, TASK_KEY_TASK, task, (struct slice){0});
    if (store_get(o->book->options->store, key, &a, &kv, NULL, soon()) == 0 && kv.version == 0)
        orders_told(o, task, LOST);
    arena_done(&a);
}

static void look_main(void *arg)
{
    struct orders *o = arg;
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    while (rt_sleep(rt_now() + ORDERS_LOOK_MS * RT_MS) == 0) {
        struct map_entry e;
        uint32_t count = 0;
        arena_reset(&a);
        struct slice *tasks = arena_alloc_array(&a, o->watched.count + 1, sizeof(*tasks));
        for (size_t at = 0; map_next(&o->watched, &at, &e);)
            if (!map_get(&o->book->jobs, e.key))
                tasks[count++] = (struct slice){arena_strdup(&a, e.key), e.key.size};
        for (uint32_t i = 0; i < count && !rt_cancelled(); i++)
            look_for(o, tasks[i]);
    }
    arena_done(&a);
}

/* ---- orders ---- */

static bool is_for_good(int r)
{
    return r == -EINVAL || r == -EBADMSG || r == -ENOTSUP || r == -EMSGSIZE || r == -EEXIST;
}

static void refuse(struct orders *o, const struct schedule_order *order, struct err *err)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    if (calendar_refuse(o->calendar, order, err->text, rt_wall_now()))
        book_note(o->book, SCHEDULE_NOTE_UNDOABLE,
                  slice_from(arena_printf(&a, "%.*s/%.*s", SLICE_ARG(order->namespace_),
                                          SLICE_ARG(order->schedule))),
                  err->text);
    arena_done(&a);
}

static void start(struct orders *o, const struct schedule_order *order)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct tasks_at at = where(o);
    struct err err = {0};
    struct slice name;
    struct task t;
    int r = order_task(order, &a, &t, &err);
    if (r == 0)
        r = tasks_submit(&at, &t, &a, &name, NULL, &err, soon());
    if (r == 0) {
        watch(o, order->namespace_, order->schedule, name);
        calendar_started(o->calendar, order, name, rt_wall_now());
        /* It may have ended before its maker was answered, or in an earlier life. */
        const struct job *j = map_get(&o->book->jobs, name);
        if (j && has_ended(j))
            orders_told(o, name, state_of(j));
    } else if (is_for_good(r)) {
        refuse(o, order, &err);
    } else {
        calendar_failed(o->calendar, order, rt_wall_now());
        if (r != -ECANCELED)
            book_note(o->book, SCHEDULE_NOTE_UNREACHABLE, order->schedule, err.text);
    }
    arena_done(&a);
}

/* It is ordered once: so it is tried until it is done. */
static void cancel(struct orders *o, const struct schedule_order *order)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct tasks_at at = where(o);
    struct slice by = slice_from(arena_printf(
        &a, "schedule %.*s/%.*s", SLICE_ARG(order->namespace_), SLICE_ARG(order->schedule)));
    struct err err = {0};
    int r;
    for (;;) {
        r = tasks_do(&at, TASKS_CANCEL, order->task, by, &err, soon());
        if (r == 0 || r == -ENOENT || r == -EALREADY || r == -ECANCELED)
            break;
        book_note(o->book, SCHEDULE_NOTE_UNREACHABLE, order->task, err.text);
        if (is_for_good(r) || rt_sleep(rt_now() + ORDERS_AGAIN_MS * RT_MS) < 0)
            break;
    }
    arena_done(&a);
}

static void maker_main(void *arg)
{
    struct orders *o = arg;
    struct schedule_order *order;
    while (rt_recv(&o->chan, &order, RT_NEVER) == 0) {
        if (order->type == ORDER_START)
            start(o, order);
        else
            cancel(o, order);
        schedule_order_free(order);
    }
}

/* ---- a term ---- */

static void note(void *ctx, enum calendar_note note, struct slice what, const char *text)
{
    static const enum schedule_note notes[] = {
        [CALENDAR_NOTE_BAD_VALUE] = SCHEDULE_NOTE_BAD_VALUE,
        [CALENDAR_NOTE_REFUSED] = SCHEDULE_NOTE_UNDOABLE,
        [CALENDAR_NOTE_MISSED] = SCHEDULE_NOTE_MISSED,
        [CALENDAR_NOTE_CLOCK_BACK] = SCHEDULE_NOTE_CLOCK_BACK,
        [CALENDAR_NOTE_UNREACHABLE] = SCHEDULE_NOTE_UNREACHABLE,
    };
    struct orders *o = ctx;
    if (note == CALENDAR_NOTE_LOST)
        rt_group_cancel(o->book->term); /* the term's end says so */
    else
        book_note(o->book, notes[note], what, text);
}

static int begin(struct orders *o)
{
    int r = rt_go(&o->group, look_main, o);
    for (int i = 0; r == 0 && i < ORDERS_HANDS; i++)
        r = rt_go(&o->group, maker_main, o);
    return r == 0 ? rt_go(&o->group, calendar_main, &o->options) : r;
}

static void orders_free(struct orders *o)
{
    struct schedule_order *order;
    struct map_entry e;
    rt_chan_close(&o->chan);
    while (rt_recv(&o->chan, &order, RT_NEVER) == 0)
        schedule_order_free(order);
    rt_chan_done(&o->chan);
    for (size_t at = 0; map_next(&o->watched, &at, &e);)
        mem_free(MEM_SCHEDULE, e.value);
    map_done(&o->watched);
    calendar_free(o->calendar);
    mem_free(MEM_SCHEDULE, o);
}

void orders_main(void *arg)
{
    struct book *b = arg;
    struct schedule_options *options = b->options;
    struct orders *o = b->orders = mem_alloc(MEM_SCHEDULE, sizeof(*o));
    o->book = b;
    o->calendar = calendar_new(options->zone, options->ctx);
    calendar_use(o->calendar, order_check, &options->stats->calendar);
    o->watched = MAP(MEM_SCHEDULE, 0, ((struct map_seed){rt_random(), rt_random()}));
    o->options = (struct calendar_options){
        .calendar = o->calendar,
        .store = options->store,
        .prefix = options->prefix,
        .leads = &b->election,
        .orders = &o->chan,
        .restored = restored,
        .note = note,
        .ctx = o,
    };
    rt_chan_init(&o->chan, ORDERS_MAX, "orders");
    rt_group_init(&o->group, "orders");
    if (begin(o) < 0) {
        rt_group_cancel(b->term);
        book_note(b, SCHEDULE_NOTE_UNREACHABLE, SLICE("schedules"),
                  "no memory for the first tasks");
    }
    (void)rt_group_wait(&o->group, RT_NEVER);
    rt_group_done(&o->group);
    b->orders = NULL;
    orders_free(o);
}
