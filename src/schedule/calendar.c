#include "schedule/calendar.h"

#include <errno.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/map.h"
#include "schedule/due.h"
#include "wire/schedule_json.h"

#define SECOND INT64_C(1000000000)
#define GRACE  (CALENDAR_GRACE_MS * INT64_C(1000000))

enum { STATE_BYTES_MAX = 24 };

struct run {
    char *task;
    char state[STATE_BYTES_MAX];
    int64_t due_s, started_s;
    enum schedule_cause cause;
    bool ended, canceled;
};

struct entry {
    struct due_item due; /* when it is to be looked at next */
    struct list link;    /* of those that changed */
    char *key;           /* "namespace/name" */
    struct slice namespace_, name;
    struct schedule declared;
    char *texts;       /* of `declared`, one behind the other */
    struct zone fixed; /* that `declared` may point to */
    bool is_declared;
    bool is_bad;           /* something is declared that cannot be used: what is remembered stays */
    bool is_known;         /* `settled_s` means something */
    bool is_writing;       /* its key is lent to whoever writes it down */
    int64_t due_s;         /* the next time; < 0: never */
    int64_t again_ns;      /* not ordered before this: an order failed */
    int64_t catching_up_s; /* times up to this one are made up for */
    int64_t ordered_s;     /* of the order under way */
    enum schedule_cause ordered_cause;
    bool is_ordered, is_triggered;
    int8_t wish_paused; /* -1: none */
    int64_t wish_trigger;
    /* what is remembered */
    int64_t since_s, settled_s, trigger, missed_from_s, missed_to_s;
    uint64_t overlap_total;
    bool was_paused;
    char *cron_text, *zone_name;
    char *refused;    /* why it never runs as it is declared; NULL: it does */
    struct run *runs; /* oldest first */
    uint32_t run_count, run_cap;
};

struct calendar {
    struct map entries;
    struct due_heap due;
    struct list changed;
    calendar_zone_fn *zone;
    void *ctx;
    struct calendar_events events;
    int64_t latest_ns; /* that it was told */
    calendar_check_fn *check;
    struct calendar_stats own, *stats;
};

/* ---- entries ---- */

static int no_zone(void *ctx, struct slice name, const struct zone **ret, struct err *err)
{
    (void)ctx;
    (void)ret;
    return err_set(err, -ENOENT, "the time zone \"%.*s\" is not known", SLICE_ARG(name));
}

struct calendar *calendar_new(calendar_zone_fn *zone, void *ctx)
{
    struct calendar *c = mem_alloc(MEM_SCHEDULE, sizeof(*c));
    *c = (struct calendar){
        .entries = MAP(MEM_SCHEDULE, CALENDAR_SCHEDULES_MAX, ((struct map_seed){0})),
        .zone = zone ? zone : no_zone,
        .ctx = ctx,
    };
    c->stats = &c->own;
    list_init(&c->changed);
    return c;
}

void calendar_use(struct calendar *c, calendar_check_fn *check, struct calendar_stats *stats)
{
    c->check = check;
    c->stats = stats;
}

static void run_done(struct run *r)
{
    mem_free(MEM_SCHEDULE, r->task);
}

static void entry_free(struct calendar *c, struct entry *e)
{
    list_remove(&e->link);
    due_remove(&c->due, &e->due);
    for (uint32_t i = 0; i < e->run_count; i++)
        run_done(&e->runs[i]);
    mem_free(MEM_SCHEDULE, e->runs);
    mem_free(MEM_SCHEDULE, e->cron_text);
    mem_free(MEM_SCHEDULE, e->zone_name);
    mem_free(MEM_SCHEDULE, e->refused);
    mem_free(MEM_SCHEDULE, e->key);
    mem_free(MEM_SCHEDULE, e->texts);
    mem_free(MEM_SCHEDULE, e);
}

void calendar_free(struct calendar *c)
{
    struct map_entry it;
    if (!c)
        return;
    for (size_t at = 0; map_next(&c->entries, &at, &it);)
        entry_free(c, it.value);
    map_done(&c->entries);
    due_done(&c->due);
    mem_free(MEM_SCHEDULE, c);
}

static struct entry *find(const struct calendar *c, struct slice namespace_, struct slice name)
{
    char key[512];
    int size = snprintf(key, sizeof(key), "%.*s/%.*s", SLICE_ARG(namespace_), SLICE_ARG(name));
    if (size < 0 || (size_t)size >= sizeof(key))
        return NULL;
    return map_get(&c->entries, (struct slice){key, (size_t)size});
}

/* NULL: there are too many, or the name is too long. */
static struct entry *find_or_add(struct calendar *c, struct slice namespace_, struct slice name)
{
    struct entry *e = find(c, namespace_, name);
    struct buf key = BUF(MEM_SCHEDULE, 0);
    if (e || c->entries.count == CALENDAR_SCHEDULES_MAX || namespace_.size + name.size > 500)
        return e;
    buf_printf(&key, "%.*s/%.*s", SLICE_ARG(namespace_), SLICE_ARG(name));
    e = mem_alloc(MEM_SCHEDULE, sizeof(*e));
    *e = (struct entry){.key = key.data, .wish_paused = -1, .due_s = -1};
    e->namespace_ = (struct slice){e->key, namespace_.size};
    e->name = (struct slice){e->key + namespace_.size + 1, name.size};
    map_put(&c->entries, buf_slice(&key), e, NULL);
    return e;
}

static void mark(struct calendar *c, struct entry *e)
{
    list_remove(&e->link);
    list_push_back(&c->changed, &e->link);
    rt_event_set(&c->events.changed);
}

struct calendar_events *calendar_events_of(struct calendar *c)
{
    return &c->events;
}

static bool is_paused(const struct entry *e)
{
    return e->wish_paused < 0 ? e->declared.paused : e->wish_paused;
}

/* ---- when it is due ---- */

static int64_t begins_ns(const struct entry *e, int64_t due_s)
{
    return due_s * SECOND + schedule_delay_ns(&e->declared, due_s);
}

/* Computes the next time behind the mark, and waits for it. */
static void arm(struct calendar *c, struct entry *e)
{
    due_remove(&c->due, &e->due);
    e->due_s = -1;
    if (!e->is_declared || e->refused || e->is_ordered || (is_paused(e) && !e->is_triggered))
        return;
    if (cron_next(&e->declared.cron, e->declared.zone, e->settled_s, &e->due_s) < 0 ||
        e->due_s > INT64_MAX / SECOND - 100 * 86400)
        e->due_s = -1;
    int64_t at = e->due_s < 0 ? INT64_MAX : begins_ns(e, e->due_s);
    if (e->is_triggered)
        at = 0;
    if (at != INT64_MAX && at < e->again_ns)
        at = e->again_ns;
    if (at == INT64_MAX)
        return;
    due_put(&c->due, &e->due, at);
    if (due_first(&c->due) == &e->due)
        rt_event_set(&c->events.due);
}

static void settle(struct calendar *c, struct entry *e, int64_t until_s)
{
    if (until_s > e->settled_s)
        e->settled_s = until_s;
    mark(c, e);
}

int64_t calendar_next(const struct calendar *c)
{
    return due_first_at(&c->due);
}

/* ---- runs ---- */

static uint32_t running(const struct entry *e)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->run_count; i++)
        n += !e->runs[i].ended;
    return n;
}

static void drop_run(struct entry *e, uint32_t i)
{
    run_done(&e->runs[i]);
    memmove(&e->runs[i], &e->runs[i + 1], (--e->run_count - i) * sizeof(*e->runs));
}

/* Of those that ended the oldest go; how many may stay is declared. */
static void trim(struct entry *e)
{
    uint32_t ended = e->run_count - running(e);
    for (uint32_t i = 0; e->is_declared && i < e->run_count && ended > e->declared.history_max;)
        if (e->runs[i].ended) {
            drop_run(e, i);
            ended--;
        } else {
            i++;
        }
}

/* ---- declarations ---- */

/* From now on; but not from before the mark, as long as that may be right. */
static void begin_anew(struct entry *e, int64_t wall_ns)
{
    int64_t now_s = wall_ns / SECOND;
    if (!e->is_known || e->settled_s < now_s || e->settled_s > now_s + CALENDAR_BACK_MAX_S)
        e->settled_s = now_s;
    e->catching_up_s = 0;
}

/* The number of a wish is its time. */
static void look_at_wish(struct entry *e, int64_t wall_ns)
{
    e->is_triggered =
        e->wish_trigger > e->trigger && e->wish_trigger > wall_ns - CALENDAR_TRIGGER_S * SECOND;
}

/* Whether `settled_s` was counted by another expression. */
static bool is_another(const struct entry *e)
{
    return !e->cron_text || !slice_eq_cstr(e->declared.cron_text, e->cron_text) ||
           !slice_eq_cstr(e->declared.zone_name, e->zone_name);
}

static void set_refused(struct entry *e, const char *why)
{
    mem_free(MEM_SCHEDULE, e->refused);
    e->refused = why ? mem_strdup(MEM_SCHEDULE, slice_from(why)) : NULL;
}

/* `refused`: why it cannot be done, or NULL. */
static void take_declaration(struct calendar *c, struct entry *e, const char *refused,
                             int64_t wall_ns)
{
    bool another = is_another(e);
    if (!e->is_known)
        e->since_s = wall_ns / SECOND;
    if (!e->is_known || another || e->was_paused || is_paused(e) || e->refused || refused ||
        e->settled_s > wall_ns / SECOND + CALENDAR_BACK_MAX_S)
        begin_anew(e, wall_ns);
    if (another) {
        mem_free(MEM_SCHEDULE, e->cron_text);
        mem_free(MEM_SCHEDULE, e->zone_name);
        e->cron_text = mem_strdup(MEM_SCHEDULE, e->declared.cron_text);
        e->zone_name = mem_strdup(MEM_SCHEDULE, e->declared.zone_name);
    }
    set_refused(e, refused);
    e->is_known = e->is_declared = true;
    e->is_bad = false;
    trim(e);
    e->was_paused = is_paused(e);
    look_at_wish(e, wall_ns);
    e->again_ns = 0;
    arm(c, e);
    mark(c, e);
}

/* What is declared now cannot be used. */
static void disable(struct calendar *c, struct entry *e)
{
    e->is_declared = e->is_ordered = false;
    e->is_bad = true;
    arm(c, e);
}

/* Texts move into one block: of many schedules each is small. */
static void take_texts(struct entry *e, const struct schedule *s)
{
    e->declared = *s;
    e->declared.namespace_ = e->namespace_;
    e->declared.name = e->name;
    struct slice *texts[] = {&e->declared.cron_text, &e->declared.zone_name, &e->declared.action,
                             &e->declared.node, &e->declared.selector};
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        size += texts[i]->size + 1;
    mem_free(MEM_SCHEDULE, e->texts);
    char *at = e->texts = mem_alloc(MEM_SCHEDULE, size);
    for (size_t i = 0; i < ARRAY_LEN(texts); at += texts[i++]->size + 1) {
        memcpy(at, texts[i]->size ? texts[i]->data : "", texts[i]->size);
        texts[i]->data = at;
    }
    if (zone_fixed(e->declared.zone_name.data, &e->fixed) == 0)
        e->declared.zone = &e->fixed;
}

/* Reads a declaration and finds its zone. */
static int read_spec(struct calendar *c, struct slice spec, struct arena *scratch,
                     struct schedule *ret, struct err *err)
{
    struct zone fixed;
    int r = schedule_spec_parse(spec, scratch, ret, err);
    if (r == 0 && zone_fixed(ret->zone_name.data, &fixed) < 0)
        r = c->zone(c->ctx, ret->zone_name, &ret->zone, err);
    return r;
}

int calendar_declare(struct calendar *c, struct slice namespace_, struct slice name,
                     struct slice spec, int64_t wall_ns, struct err *err)
{
    struct arena scratch = ARENA(MEM_SCHEDULE, 0);
    struct schedule s;
    int r = read_spec(c, spec, &scratch, &s, err);
    struct entry *e = find_or_add(c, namespace_, name);
    if (r == 0 && !e)
        r = err_set(err, -ENOSPC, "more than %d schedules, or too long a name",
                    CALENDAR_SCHEDULES_MAX);
    if (r == 0) {
        take_texts(e, &s);
        r = c->check ? c->check(&e->declared, err) : 0;
        take_declaration(c, e, r < 0 ? err->text : NULL, wall_ns);
    } else if (e) {
        disable(c, e);
    }
    arena_done(&scratch);
    return r;
}

void calendar_forget(struct calendar *c, struct slice namespace_, struct slice name)
{
    struct entry *e = find(c, namespace_, name);
    if (!e)
        return;
    e->is_declared = e->is_ordered = e->is_bad = false;
    arm(c, e);
    mark(c, e);
}

void calendar_forget_undeclared(struct calendar *c)
{
    struct map_entry it;
    for (size_t at = 0; map_next(&c->entries, &at, &it);) {
        struct entry *e = it.value;
        if (!e->is_declared && !e->is_bad)
            mark(c, e);
    }
}

/* Nothing is declared, remembered or wished. */
static void drop_if_empty(struct calendar *c, struct entry *e)
{
    if (e->is_declared || e->is_bad || e->is_known || e->is_writing || e->wish_paused >= 0 ||
        e->wish_trigger)
        return;
    map_remove(&c->entries, slice_from(e->key));
    entry_free(c, e);
}

void calendar_wish(struct calendar *c, struct slice namespace_, struct slice name,
                   struct slice what, struct slice value, int64_t wall_ns)
{
    struct entry *e = find_or_add(c, namespace_, name);
    uint64_t trigger = 0;
    if (!e)
        return;
    if (slice_eq(what, SLICE("paused"))) {
        bool yes = slice_eq(value, SLICE("true")), no = slice_eq(value, SLICE("false"));
        e->wish_paused = yes ? 1 : no ? 0 : -1;
    } else if (slice_eq(what, SLICE("trigger"))) {
        e->wish_trigger = slice_to_u64(value, INT64_MAX, &trigger) == 0 ? (int64_t)trigger : 0;
    }
    if (!e->is_declared) {
        drop_if_empty(c, e);
        return;
    }
    if (e->was_paused != is_paused(e)) {
        begin_anew(e, wall_ns);
        e->was_paused = is_paused(e);
        mark(c, e);
    }
    look_at_wish(e, wall_ns);
    arm(c, e);
}

/* ---- orders ---- */

static struct schedule_order *order_new(const struct entry *e, enum schedule_order_type type)
{
    struct schedule_order *o = mem_alloc(MEM_MODEL, sizeof(*o));
    struct arena *a = &o->arena;
    o->arena = ARENA(MEM_MODEL, 0);
    o->type = type;
    o->namespace_ = (struct slice){arena_strdup(a, e->namespace_), e->namespace_.size};
    o->schedule = (struct slice){arena_strdup(a, e->name), e->name.size};
    return o;
}

static struct schedule_order *start(struct calendar *c, struct entry *e, enum schedule_cause cause,
                                    int64_t due_s, int64_t wall_ns)
{
    struct schedule_order *o = order_new(e, ORDER_START);
    const struct schedule *s = &e->declared;
    struct arena *a = &o->arena;
    bool by_hand = cause == CAUSE_TRIGGERED;
    o->cause = cause;
    o->due_s = due_s;
    o->at_ns = by_hand ? wall_ns : begins_ns(e, due_s);
    o->dedup_key =
        slice_from(arena_printf(a, "schedule/%s/%s%lld", e->key, by_hand ? "trigger/" : "",
                                (long long)(by_hand ? e->wish_trigger : due_s)));
    o->action = (struct slice){arena_strdup(a, s->action), s->action.size};
    o->node = (struct slice){arena_strdup(a, s->node), s->node.size};
    o->selector = (struct slice){arena_strdup(a, s->selector), s->selector.size};
    e->is_ordered = true;
    e->ordered_s = due_s;
    e->ordered_cause = cause;
    c->stats->ordered_total++;
    if (cause == CAUSE_DUE)
        histogram_add(&c->stats->lateness, wall_ns - o->at_ns);
    return o;
}

/* One that runs and was not told to stop. */
static struct schedule_order *cancel_one(struct entry *e)
{
    for (uint32_t i = 0; i < e->run_count; i++) {
        struct run *r = &e->runs[i];
        if (r->ended || r->canceled)
            continue;
        struct schedule_order *o = order_new(e, ORDER_CANCEL);
        r->canceled = true;
        o->due_s = r->due_s;
        o->task = slice_from(arena_strdup(&o->arena, slice_from(r->task)));
        return o;
    }
    return NULL;
}

static void pass_over(struct calendar *c, struct entry *e, enum schedule_cause cause, int64_t due_s)
{
    if (cause == CAUSE_TRIGGERED) {
        e->trigger = e->wish_trigger;
        e->is_triggered = false;
        mark(c, e);
    } else {
        settle(c, e, due_s);
    }
    arm(c, e);
}

/* Its turn comes, however long what runs takes: also where it is not late any more. */
static bool waits_its_turn(const struct entry *e, enum schedule_cause cause, int64_t due_s)
{
    return cause != CAUSE_TRIGGERED && due_s <= e->catching_up_s &&
           e->declared.misfire == MISFIRE_CATCH_UP && e->declared.overlap == OVERLAP_FORBID;
}

/* The order for this time, or the first of those that make room for it, or none. */
static struct schedule_order *order(struct calendar *c, struct entry *e, enum schedule_cause cause,
                                    int64_t due_s, int64_t wall_ns)
{
    enum schedule_overlap overlap = e->declared.overlap;
    uint32_t n = fault_mutant("schedule_overlap_ignored") ? 0 : running(e);
    struct schedule_order *o = n && overlap == OVERLAP_REPLACE ? cancel_one(e) : NULL;
    if (o) {
        arm(c, e); /* at once again, for the next of them or the start */
        return o;
    }
    if (n && waits_its_turn(e, cause, due_s))
        return NULL; /* calendar_ended looks at it again */
    if ((n && overlap == OVERLAP_FORBID) || n >= SCHEDULE_RUNNING_MAX) {
        e->overlap_total++;
        c->stats->overlap_total++;
        pass_over(c, e, cause, due_s);
        return NULL;
    }
    return start(c, e, cause, due_s, wall_ns);
}

/* ---- times that were missed ---- */

/* Moves the mark to before the first time that is made up for, and computes it anew. */
static void misfire(struct calendar *c, struct entry *e, int64_t wall_ns)
{
    const struct schedule *s = &e->declared;
    int64_t last = e->due_s, from;
    (void)cron_last(&s->cron, s->zone, e->settled_s, wall_ns / SECOND, &last);
    bool in_time = wall_ns - begins_ns(e, last) <= GRACE;
    uint32_t wanted = s->misfire == MISFIRE_CATCH_UP ? s->catch_up : 1;
    e->missed_from_s = e->due_s;
    e->missed_to_s = last;
    if (in_time) /* it is none of them: the one before it is the last */
        (void)cron_last(&s->cron, s->zone, e->settled_s, last - 1, &e->missed_to_s);
    c->stats->missed_total++;
    if (s->misfire == MISFIRE_SKIP || fault_mutant("schedule_misfire_lost")) {
        settle(c, e, in_time ? last - 1 : last);
        arm(c, e);
        return;
    }
    for (from = last; --wanted;)
        if (cron_last(&s->cron, s->zone, e->settled_s, from - 1, &from) < 0)
            break;
    e->catching_up_s = last;
    settle(c, e, from - 1);
    arm(c, e);
}

/* What is to be done about a schedule whose time has come. Either an order, or it waits anew. */
static struct schedule_order *look_at(struct calendar *c, struct entry *e, int64_t wall_ns)
{
    if (e->is_triggered)
        return order(c, e, CAUSE_TRIGGERED, wall_ns / SECOND, wall_ns);
    bool late = wall_ns - begins_ns(e, e->due_s) > GRACE;
    if (late && e->due_s > e->catching_up_s) {
        misfire(c, e, wall_ns);
        return NULL;
    }
    return order(c, e, late ? CAUSE_MISSED : CAUSE_DUE, e->due_s, wall_ns);
}

/* The marks of a clock that was hours ahead would stop everything until it has caught up. */
static void clock_went_back(struct calendar *c, int64_t wall_ns)
{
    struct map_entry it;
    c->stats->clock_back_total++;
    for (size_t at = 0; map_next(&c->entries, &at, &it);) {
        struct entry *e = it.value;
        if (e->settled_s <= wall_ns / SECOND)
            continue;
        e->settled_s = wall_ns / SECOND;
        e->catching_up_s = e->again_ns = 0;
        mark(c, e);
        arm(c, e);
    }
}

struct schedule_order *calendar_take(struct calendar *c, int64_t wall_ns)
{
    int64_t back = fault_mutant("schedule_doubled_at_clock_back") ? 0 : CALENDAR_BACK_MAX_S;
    if (wall_ns < c->latest_ns - back * SECOND) {
        c->latest_ns = wall_ns;
        clock_went_back(c, wall_ns);
    }
    if (wall_ns > c->latest_ns)
        c->latest_ns = wall_ns;
    while (due_first_at(&c->due) <= wall_ns) {
        struct entry *e = CONTAINER_OF(due_first(&c->due), struct entry, due);
        due_remove(&c->due, &e->due);
        struct schedule_order *o = look_at(c, e, wall_ns);
        if (o)
            return o;
    }
    return NULL;
}

/* ---- answers ---- */

static struct run *add_run(struct entry *e, struct slice task)
{
    if (e->run_count == e->run_cap) {
        e->run_cap = e->run_cap ? 2 * e->run_cap : 4;
        e->runs = mem_resize(MEM_SCHEDULE, e->runs, e->run_cap * sizeof(*e->runs));
    }
    struct run *r = &e->runs[e->run_count++];
    *r = (struct run){.task = mem_strdup(MEM_SCHEDULE, task)};
    return r;
}

static void set_state(struct run *r, struct slice state)
{
    snprintf(r->state, sizeof(r->state), "%.*s", SLICE_ARG(state));
}

/* The schedule that waits for this very answer, or NULL. */
static struct entry *answered(struct calendar *c, const struct schedule_order *o)
{
    struct entry *e = find(c, o->namespace_, o->schedule);
    if (!e || !e->is_ordered || e->ordered_s != o->due_s || e->ordered_cause != o->cause)
        return NULL;
    e->is_ordered = false;
    return e;
}

void calendar_started(struct calendar *c, const struct schedule_order *o, struct slice task,
                      int64_t wall_ns)
{
    struct entry *e = answered(c, o);
    if (!e)
        return;
    c->stats->made_total++;
    struct run *r = add_run(e, task);
    r->due_s = o->due_s;
    r->started_s = wall_ns / SECOND;
    r->cause = o->cause;
    set_state(r, SLICE("Pending"));
    e->again_ns = 0;
    pass_over(c, e, o->cause, o->due_s);
}

void calendar_failed(struct calendar *c, const struct schedule_order *o, int64_t wall_ns)
{
    struct entry *e = answered(c, o);
    if (!e)
        return;
    c->stats->failed_total++;
    e->again_ns = wall_ns + CALENDAR_AGAIN_MS * INT64_C(1000000);
    arm(c, e);
}

bool calendar_refuse(struct calendar *c, const struct schedule_order *o, const char *why,
                     int64_t wall_ns)
{
    struct entry *e = answered(c, o);
    if (!e)
        return false;
    c->stats->failed_total++;
    set_refused(e, why);
    begin_anew(e, wall_ns);
    arm(c, e);
    mark(c, e);
    return true;
}

void calendar_each_running(const struct calendar *c, calendar_running_fn *fn, void *ctx)
{
    struct map_entry it;
    for (size_t at = 0; map_next(&c->entries, &at, &it);) {
        const struct entry *e = it.value;
        for (uint32_t i = 0; i < e->run_count; i++)
            if (!e->runs[i].ended)
                fn(ctx, e->namespace_, e->name, slice_from(e->runs[i].task));
    }
}

void calendar_ended(struct calendar *c, struct slice namespace_, struct slice schedule,
                    struct slice task, struct slice state, int64_t wall_ns)
{
    struct entry *e = find(c, namespace_, schedule);
    (void)wall_ns;
    for (uint32_t i = 0; e && i < e->run_count; i++) {
        struct run *r = &e->runs[i];
        if (r->ended || !slice_eq_cstr(task, r->task))
            continue;
        r->ended = true;
        set_state(r, state);
        trim(e);
        if (e->is_declared) /* else it is written once it is, and what is not declared is deleted */
            mark(c, e);
        arm(c, e);
        return;
    }
}

/* ---- what is remembered ---- */

int calendar_restore(struct calendar *c, struct slice namespace_, struct slice name,
                     struct slice state, struct err *err)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct schedule_state s;
    struct entry *e;
    int r = schedule_state_parse(state, &a, &s, err);
    if (r == 0 && s.settled_s > 0 && (e = find_or_add(c, namespace_, name)) && !e->is_known) {
        e->is_known = true;
        e->since_s = s.since_s;
        e->settled_s = s.settled_s;
        e->trigger = s.trigger;
        e->missed_from_s = s.missed_from_s;
        e->missed_to_s = s.missed_to_s;
        e->overlap_total = s.overlap_total;
        e->was_paused = s.paused;
        e->cron_text = mem_strdup(MEM_SCHEDULE, s.cron_text);
        e->zone_name = mem_strdup(MEM_SCHEDULE, s.zone_name);
        set_refused(e, s.refused.size ? s.refused.data : NULL);
        for (uint32_t i = 0; i < s.run_count; i++) {
            struct run *run = add_run(e, s.runs[i].task);
            run->due_s = s.runs[i].due_s;
            run->started_s = s.runs[i].started_s;
            run->cause = s.runs[i].cause;
            run->ended = s.runs[i].ended;
            set_state(run, s.runs[i].state);
        }
    }
    arena_done(&a);
    return r;
}

static void write_state(const struct entry *e, struct buf *out)
{
    struct schedule_state s = {
        .since_s = e->since_s,
        .settled_s = e->settled_s,
        .trigger = e->trigger,
        .missed_from_s = e->missed_from_s,
        .missed_to_s = e->missed_to_s,
        .overlap_total = e->overlap_total,
        .paused = e->was_paused,
        .cron_text = slice_from(e->cron_text),
        .zone_name = slice_from(e->zone_name),
        .refused = slice_from(e->refused ? e->refused : ""),
        .runs = mem_alloc(MEM_SCHEDULE, (e->run_count + 1) * sizeof(*s.runs)),
        .run_count = e->run_count,
    };
    for (uint32_t i = 0; i < e->run_count; i++) {
        const struct run *r = &e->runs[i];
        s.runs[i] = (struct schedule_run){
            slice_from(r->task), slice_from(r->state), r->due_s, r->started_s, r->cause, r->ended};
    }
    schedule_state_write(&s,
                         is_paused(e) || e->refused ? -1
                         : e->is_ordered            ? e->ordered_s
                                                    : e->due_s,
                         out);
    mem_free(MEM_SCHEDULE, s.runs);
}

bool calendar_take_change(struct calendar *c, struct calendar_change *ret, struct buf *state)
{
    for (struct list *link; (link = list_pop_front(&c->changed));) {
        struct entry *e = list_entry(link, struct entry, link);
        if (e->is_bad)
            continue;
        e->is_writing = true;
        *ret = (struct calendar_change){slice_from(e->key), !e->is_declared};
        if (e->is_declared)
            write_state(e, state);
        return true;
    }
    return false;
}

void calendar_written(struct calendar *c, const struct calendar_change *change, bool done)
{
    struct entry *e = map_get(&c->entries, change->key);
    e->is_writing = false;
    if (!done) {
        mark(c, e);
    } else if (change->gone && !e->is_declared && !e->is_bad) {
        e->is_known = false;
        drop_if_empty(c, e);
    }
}

const struct calendar_stats *calendar_stats_of(const struct calendar *c)
{
    return c->stats;
}
