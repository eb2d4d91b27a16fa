#include "app/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "app/notified.h"
#include "base/map.h"
#include "config/schema.h"
#include "store/tasks.h"
#include "wire/json.h"
#include "wire/notice_json.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

/* How deliveries to a receiver ended. */
struct told_receiver {
    struct list link;
    char *receiver; /* "namespace/name" */
    char *kind;     /* "webhook"; NULL: it is not declared */
    uint64_t delivered, failed, dropped;
    uint64_t written; /* the version of what stands in the store */
    bool read;        /* what an earlier life left was taken up */
};

/* An alert that a delivery tells of. */
struct about {
    struct list link;
    bool resolved;
    int64_t asked_ms;
    uint32_t others;
    char *asset;  /* "namespace/name" */
    char trace[]; /* its story; "": none */
};

struct delivering {
    struct list link;
    struct told_receiver *told;
    char *does, *asset, *dedup; /* of one that is no task yet */
    char *task;                 /* of one that is */
    uint32_t said;              /* of its attempts */
    struct list about;
};

/* An order whose receiver is not declared (yet). */
struct orphan {
    struct list link;
    struct arena arena;
    const char *asset; /* "namespace/name" */
    const char *namespace_, *name;
    const char *trace;
    int64_t asked_ms;
    bool said;
};

struct notify {
    struct up *up;
    struct store *store;
    struct notifier *notifier;
    struct list told; /* grows only: who waits in the middle of it goes on */
    struct list waiting, open, orphans;
    uint32_t waiting_count, open_count, orphan_count;
    bool failing;      /* and it was said */
    rt_time sweep_due; /* when records of assets that are gone are looked for */
    struct rt_event any; /* there is a receiver or somebody who waits for one, or was */
    struct notified notified;
    struct delivering *made; /* last, by the notice under way */
};

static void on_stands(void *ctx, const struct notifier_stands *s);

struct notify *notify_new(struct up *u, struct store *store)
{
    struct notify *n = mem_alloc(MEM_APP, sizeof(*n));
    n->up = u;
    n->store = store;
    n->notifier = notifier_new();
    notifier_listen(n->notifier, on_stands, n);
    notified_init(&n->notified, store);
    list_init(&n->told);
    list_init(&n->waiting);
    list_init(&n->open);
    list_init(&n->orphans);
    return n;
}

static void orphan_free(struct notify *n, struct orphan *o);

static void delivering_free(struct delivering *d)
{
    list_remove(&d->link);
    for (struct list *it; (it = list_pop_front(&d->about));) {
        struct about *x = list_entry(it, struct about, link);
        mem_free(MEM_APP, x->asset);
        mem_free(MEM_APP, x);
    }
    mem_free(MEM_APP, d->does);
    mem_free(MEM_APP, d->asset);
    mem_free(MEM_APP, d->dedup);
    mem_free(MEM_APP, d->task);
    mem_free(MEM_APP, d);
}

void notify_free(struct notify *n)
{
    if (!n)
        return;
    while (!list_empty(&n->waiting))
        delivering_free(list_entry(n->waiting.next, struct delivering, link));
    while (!list_empty(&n->orphans))
        orphan_free(n, list_entry(n->orphans.next, struct orphan, link));
    while (!list_empty(&n->open))
        delivering_free(list_entry(n->open.next, struct delivering, link));
    for (struct list *it; (it = list_pop_front(&n->told));) {
        struct told_receiver *t = list_entry(it, struct told_receiver, link);
        mem_free(MEM_APP, t->receiver);
        mem_free(MEM_APP, t->kind);
        mem_free(MEM_APP, t);
    }
    notified_done(&n->notified);
    notifier_free(n->notifier);
    mem_free(MEM_APP, n);
}

static struct notifier_time time_now(void)
{
    return (struct notifier_time){rt_now(), rt_wall_now() / RT_MS};
}

static struct told_receiver *told_of(struct notify *n, struct slice receiver)
{
    list_each (it, &n->told)
        if (slice_eq_cstr(receiver, list_entry(it, struct told_receiver, link)->receiver))
            return list_entry(it, struct told_receiver, link);
    struct told_receiver *t = mem_alloc(MEM_APP, sizeof(*t));
    t->receiver = mem_strdup(MEM_APP, receiver);
    list_push_back(&n->told, &t->link);
    rt_event_set(&n->any);
    return t;
}

static struct told_receiver *told_of_parts(struct notify *n, struct slice namespace_,
                                           struct slice name)
{
    struct buf key = BUF(MEM_APP, 0);
    buf_printf(&key, "%.*s/%.*s", SLICE_ARG(namespace_), SLICE_ARG(name));
    struct told_receiver *t = told_of(n, buf_slice(&key));
    buf_done(&key);
    return t;
}

/* ---- receivers ---- */

void notify_declare(struct notify *n, const struct config_object *o, struct slice spec)
{
    struct slice group_by[NOTIFIER_GROUP_BY_MAX];
    struct notifier_receiver r = {
        .namespace_ = config_string(o, "namespace"),
        .name = config_string(o, "name"),
        .spec = spec,
        .group_by = group_by,
        .wait_ns = config_duration(o, "wait"),
        .repeat_ns = config_duration(o, "repeat"),
    };
    const struct schema_field *choice = config_choice(o);
    for (const struct value *v = NULL; (v = config_next(o, "group_by", v));)
        if (r.group_by_count < NOTIFIER_GROUP_BY_MAX)
            group_by[r.group_by_count++] = v->text;
    if (choice && strcmp(choice->key, "alertmanager") == 0 &&
        r.repeat_ns > NOTIFY_REFRESH_MS * RT_MS)
        r.repeat_ns = NOTIFY_REFRESH_MS * RT_MS;
    struct told_receiver *told = told_of_parts(n, r.namespace_, r.name);
    mem_free(MEM_APP, told->kind);
    told->kind = choice ? mem_strdup(MEM_APP, slice_from(choice->key)) : NULL;
    notifier_declare(n->notifier, &r, time_now());
}

void notify_undeclare(struct notify *n, struct slice namespace_, struct slice name)
{
    notifier_forget(n->notifier, namespace_, name);
    told_of_parts(n, namespace_, name)->read = false;
}

/* ---- alerts ---- */

/* The words of what has failed, as the last probe said them. */
static struct slice evidence_of(const struct asset *a)
{
    for (uint32_t i = 0; i < a->check_count; i++)
        if (a->checks[i].known && !a->checks[i].ok && a->checks[i].detail[0])
            return slice_from(a->checks[i].detail);
    return (struct slice){NULL, 0};
}

static void labels_of(const struct asset *a, struct arena *arena, struct notice_alert *ret)
{
    struct json_value *v;
    if (!a->labels || json_parse(slice_from(a->labels), arena, 0, &v, NULL) < 0 ||
        v->type != JSON_OBJECT)
        return;
    uint32_t room = v->count < NOTICE_LABELS_MAX ? v->count : NOTICE_LABELS_MAX;
    struct notice_label *labels = arena_alloc_array(arena, room + 1, sizeof(*labels));
    for (const struct json_value *m = v->first; m && ret->label_count < room; m = m->next)
        if (m->type == JSON_STRING)
            labels[ret->label_count++] = (struct notice_label){m->key, m->text};
    ret->labels = labels;
}

/* {"notify":{"receiver":"on-call"}}: of the asset's namespace, unless it names another one. */
static int receiver_of(const struct repair_order *o, struct arena *arena, struct slice *ret_ns,
                       struct slice *ret_name, struct err *err)
{
    struct json_value *v;
    const struct json_value *name = NULL;
    if (json_parse(slice_from(o->action), arena, 0, &v, NULL) == 0 && v->type == JSON_OBJECT) {
        name = json_get(v, "notify");
        name = name && name->type == JSON_OBJECT ? json_get(name, "receiver") : NULL;
    }
    if (!name || name->type != JSON_STRING)
        return err_set(err, -EBADMSG, "the action names no receiver");
    struct slice rest = name->text, first = slice_cut(&rest, '/');
    *ret_ns = rest.size ? first : slice_from(o->namespace_);
    *ret_name = rest.size ? rest : first;
    return 0;
}

static int begin(struct notify *n, struct slice namespace_, struct slice name,
                 const struct asset *a, struct slice trace)
{
    struct arena arena = ARENA(MEM_APP, 0);
    struct notice_alert alert = {
        .asset = slice_from(a->name),
        .namespace_ = slice_from(a->namespace_),
        .state = slice_from(asset_state_name(a->state)),
        .reason = slice_from(a->reason),
        .evidence = evidence_of(a),
        .trace_id = trace,
        .began_ms = a->since_wall_ns / RT_MS,
    };
    labels_of(a, &arena, &alert);
    int r = notifier_begin(n->notifier, namespace_, name, &alert, time_now());
    arena_done(&arena);
    return r;
}

/* It may be declared in a moment, as everything is after a start, or once somebody sees it. */
static int hold(struct notify *n, struct slice namespace_, struct slice name, const struct asset *a,
                struct slice trace)
{
    if (n->orphan_count == NOTIFY_ORPHANS_MAX)
        return -ENOENT;
    struct orphan *o = mem_alloc(MEM_APP, sizeof(*o));
    o->arena = ARENA_SMALL(MEM_APP);
    o->asset = arena_strdup(&o->arena, slice_from(a->key));
    o->namespace_ = arena_strdup(&o->arena, namespace_);
    o->name = arena_strdup(&o->arena, name);
    o->trace = arena_strdup(&o->arena, trace);
    o->asked_ms = rt_wall_now() / RT_MS;
    list_push_back(&n->orphans, &o->link);
    n->orphan_count++;
    rt_event_set(&n->any);
    return 0;
}

static void orphan_free(struct notify *n, struct orphan *o)
{
    list_remove(&o->link);
    n->orphan_count--;
    arena_done(&o->arena);
    mem_free(MEM_APP, o);
}

int notify_order(struct notify *n, const struct repair_order *o, const struct asset *a,
                 struct err *err)
{
    struct arena arena = ARENA(MEM_APP, 0);
    struct slice namespace_, name, trace = slice_from(o->trace_id);
    int r = receiver_of(o, &arena, &namespace_, &name, err);
    if (r == 0) {
        r = begin(n, namespace_, name, a, trace);
        if (r == -ENOENT)
            r = hold(n, namespace_, name, a, trace);
        if (r < 0)
            err_sys(err, r, "tell receiver '%.*s'", SLICE_ARG(name));
    }
    arena_done(&arena);
    return r;
}

/* Nobody of that name can be told, or not now: the log says so, and who asks why hears of it. */
static void say_orphan(struct notify *n, struct orphan *o, int r)
{
    struct buf other = BUF(MEM_APP, 0), why = BUF(MEM_APP, 0);
    struct slice own = slice_from(o->asset);
    if (!slice_eq_cstr(slice_cut(&own, '/'), o->namespace_))
        buf_printf(&other, "%s/", o->namespace_);
    buf_append_cstr(&other, o->name);
    if (r == -ENOENT)
        buf_printf(&why, "there is no receiver '%s' in the namespace '%s'", o->name,
                   o->namespace_);
    else
        buf_append_cstr(&why, "so many others fail that it waits until they are told");
    struct told t = {.receiver = buf_slice(&other),
                     .trace_id = slice_from(o->trace),
                     .outcome = TOLD_FAILED,
                     .why = buf_slice(&why),
                     .at_ms = rt_wall_now() / RT_MS,
                     .asked_ms = o->asked_ms};
    notified_say(&n->notified, slice_from(o->asset), &t);
    if (n->up->app->logsink)
        log_warn(&n->up->app->log, "a receiver cannot be told", log_event("notify_refused"),
                 log_str("asset", o->asset), log_str("error", why.data));
    o->said = true;
    buf_done(&other);
    buf_done(&why);
}

static bool is_declared(const struct notify *n, const struct orphan *o)
{
    return notifier_version(n->notifier, slice_from(o->namespace_), slice_from(o->name)) > 0;
}

static void look_at_orphans(struct notify *n)
{
    for (struct list *it = n->orphans.next, *next; it != &n->orphans; it = next) {
        struct orphan *o = list_entry(it, struct orphan, link);
        const struct asset *a = reconciler_find_key(n->up->assets, o->asset);
        bool lasts = a && a->state != ASSET_HEALTHY && strcmp(a->trace, o->trace) == 0;
        int r = 0;
        next = it->next;
        if (lasts) /* there may be thousands: those without a receiver cost next to nothing */
            r = !is_declared(n, o) ? -ENOENT
                                   : begin(n, slice_from(o->namespace_), slice_from(o->name), a,
                                           slice_from(o->trace));
        if (r < 0 && !o->said)
            say_orphan(n, o, r);
        if (r == 0)
            orphan_free(n, o);
    }
}

static bool is_quiet(enum asset_state state, const char *reason)
{
    return state == ASSET_MAINTENANCE || (reason && strcmp(reason, "dependency") == 0);
}

void notify_event(struct notify *n, const struct event *e)
{
    struct slice name = slice_from(e->key), namespace_ = slice_cut(&name, '/');
    if (e->type != EVENT_STATE)
        return;
    if (e->removed || e->to == ASSET_HEALTHY)
        notifier_end(n->notifier, namespace_, name, time_now());
    else
        notifier_inhibit(n->notifier, namespace_, name, is_quiet(e->to, e->reason));
}

static enum notifier_fate fate(void *ctx, struct slice namespace_, struct slice asset)
{
    struct notify *n = ctx;
    struct buf key = BUF(MEM_APP, 0);
    buf_printf(&key, "%.*s/%.*s", SLICE_ARG(namespace_.size ? namespace_ : SLICE("default")),
               SLICE_ARG(asset));
    const struct asset *a = reconciler_find_key(n->up->assets, key.data);
    buf_done(&key);
    if (!a || a->state == ASSET_HEALTHY)
        return NOTIFIER_OVER;
    return is_quiet(a->state, a->reason) ? NOTIFIER_INHIBITED : NOTIFIER_LASTS;
}

/* ---- how it stands, for whoever asks why ---- */

/* By the name that the asset's own configuration has for it. */
static void say(struct notify *n, const struct told_receiver *to, const char *asset, struct told *t)
{
    struct slice name = slice_from(to->receiver), namespace_ = slice_cut(&name, '/');
    struct slice rest = slice_from(asset), own = slice_cut(&rest, '/');
    t->receiver = slice_eq(own, namespace_) ? name : slice_from(to->receiver);
    t->kind = slice_from(to->kind ? to->kind : "");
    notified_say(&n->notified, slice_from(asset), t);
}

/* Of all that a delivery tells of. */
static void say_delivering(struct notify *n, const struct delivering *d, const struct told *t)
{
    list_each (it, &d->about) {
        const struct about *x = list_entry(it, struct about, link);
        struct told said = *t;
        said.trace_id = slice_from(x->trace);
        said.resolved = x->resolved;
        said.asked_ms = x->asked_ms;
        said.others = x->others;
        said.task = slice_from(d->task ? d->task : "");
        say(n, d->told, x->asset, &said);
    }
}

static void add_about(struct delivering *d, const struct notifier_stands *s, struct slice asset)
{
    struct slice trace = s->alert->trace_id;
    struct about *x = mem_alloc(MEM_APP, sizeof(*x) + trace.size + 1);
    bool over = s->standing == NOTIFIER_TOLD_OVER;
    x->resolved = over;
    x->asked_ms = over ? s->alert->ended_ms : s->asked_ms;
    x->others = s->others;
    x->asset = mem_strdup(MEM_APP, asset);
    memcpy(x->trace, trace.data ? trace.data : "", trace.size);
    list_push_back(&d->about, &x->link);
}

static void put_silence(const struct notifier_stands *s, struct buf *why)
{
    char until[LOG_TIME_BYTES];
    buf_printf(why, "silenced by %.*s", SLICE_ARG(s->silence));
    if (s->until_ms <= 0 || s->until_ms >= INT64_MAX / RT_MS)
        return;
    log_format_time(s->until_ms * RT_MS, until);
    buf_printf(why, " until %.*s", LOG_TIME_BYTES, until);
}

static void put_quiet(const struct notify *n, struct slice asset, struct buf *why)
{
    const struct asset *a = reconciler_find_key(n->up->assets, asset.data);
    buf_append_cstr(why, a && a->state == ASSET_MAINTENANCE
                             ? "it is in maintenance"
                             : "what it depends on is down, and is told of instead");
}

static enum told_outcome outcome_of(const struct notify *n, const struct notifier_stands *s,
                                    struct slice asset, struct buf *why)
{
    double wait_s = (double)s->wait_ms / 1000;
    switch (s->standing) {
    case NOTIFIER_SILENCED:
        put_silence(s, why);
        return TOLD_SILENCED;
    case NOTIFIER_QUIET:
        put_quiet(n, asset, why);
        return TOLD_INHIBITED;
    case NOTIFIER_KNOWN:
        return TOLD_BEFORE;
    case NOTIFIER_MISSED:
        if (s->before == NOTIFIER_SILENCED)
            buf_append_cstr(why, "it was over before the silence was");
        else if (s->before == NOTIFIER_QUIET)
            buf_append_cstr(why, "it was over as soon as what kept it quiet");
        else
            buf_printf(why, "it was over within the %g s in which others may join (Wait)", wait_s);
        return TOLD_OVER;
    default:
        buf_printf(why, "others may join for %g s (Wait)", wait_s);
        return TOLD_WAITING;
    }
}

static void on_stands(void *ctx, const struct notifier_stands *s)
{
    struct notify *n = ctx;
    struct buf key = BUF(MEM_APP, 0), why = BUF(MEM_APP, 0);
    struct slice namespace_ = s->alert->namespace_;
    buf_printf(&key, "%.*s/%.*s", SLICE_ARG(namespace_.size ? namespace_ : SLICE("default")),
               SLICE_ARG(s->alert->asset));
    if (s->standing == NOTIFIER_TOLD || s->standing == NOTIFIER_TOLD_OVER) {
        add_about(n->made, s, buf_slice(&key));
    } else {
        struct told t = {.trace_id = s->alert->trace_id,
                         .at_ms = rt_wall_now() / RT_MS,
                         .asked_ms = s->asked_ms};
        t.outcome = outcome_of(n, s, buf_slice(&key), &why);
        t.why = buf_slice(&why);
        say(n, told_of(n, s->receiver), key.data, &t);
    }
    buf_done(&key);
    buf_done(&why);
}

/* ---- deliveries ---- */

static void drop_oldest(struct notify *n)
{
    struct delivering *d = list_entry(n->waiting.next, struct delivering, link);
    struct told dropped = {.outcome = TOLD_DROPPED, .at_ms = rt_wall_now() / RT_MS};
    say_delivering(n, d, &dropped);
    if (n->up->app->logsink)
        log_error(&n->up->app->log, "what a receiver was to be told is dropped",
                  log_event("notify_dropped"), log_str("receiver", d->told->receiver));
    d->told->dropped++;
    n->waiting_count--;
    delivering_free(d);
}

static void on_notice(void *ctx, struct slice key, struct slice receiver,
                      const struct notice *notice)
{
    struct notify *n = ctx;
    struct delivering *d = mem_alloc(MEM_APP, sizeof(*d));
    list_init(&d->about);
    n->made = d;
    struct buf does = BUF(MEM_APP, 0), dedup = BUF(MEM_APP, 0);
    struct map_seed none = {0, 0};
    if (n->waiting_count == NOTIFY_WAITING_MAX)
        drop_oldest(n);
    delivery_write(receiver, notice, &does);
    /* The group's name may be of any length; a key may not. */
    buf_printf(&dedup, "notify/%.*s/%016" PRIx64 "/%" PRId64, SLICE_ARG(key),
               map_hash(none, notice->key.data, notice->key.size), notice->at_ms);
    d->told = told_of(n, key);
    d->does = mem_strdup(MEM_APP, buf_slice(&does));
    d->asset = mem_strdup(MEM_APP, notice->alert_count == 1 ? notice->alerts[0].asset
                                                            : (struct slice){NULL, 0});
    d->dedup = mem_strdup(MEM_APP, buf_slice(&dedup));
    list_push_back(&n->waiting, &d->link);
    n->waiting_count++;
    buf_done(&does);
    buf_done(&dedup);
}

static rt_time soon(void)
{
    return rt_now() + NOTIFY_CALL_MS * RT_MS;
}

/* A receiver's namespace is that of its deliveries. */
static int submit(struct notify *n, struct delivering *d, struct err *err)
{
    struct arena arena = ARENA(MEM_APP, 0);
    struct slice name = slice_from(d->told->receiver), namespace_ = slice_cut(&name, '/');
    struct task t = {
        .namespace_ = namespace_,
        .kind = ACTION_NOTIFY,
        .does = slice_from(d->does),
        .asset = slice_from(d->asset),
        .dedup_key = slice_from(d->dedup),
        .retries = NOTIFY_RETRIES,
        .backoff_ms = NOTIFY_BACKOFF_MS,
        .deadline_ms = NOTIFY_DEADLINE_MS,
        .created_by = slice_from("notify"),
        .state = TASK_PENDING,
    };
    struct tasks_at at = {.store = n->store};
    int r = tasks_submit(&at, &t, &arena, &name, NULL, err, soon());
    if (r == 0)
        d->task = mem_strdup(MEM_APP, name);
    arena_done(&arena);
    return r;
}

static void tell_trouble(struct notify *n, const char *what, const struct err *err)
{
    if (!n->failing && n->up->app->logsink)
        log_warn(&n->up->app->log, "receivers are not told as they should be",
                 log_event("notify_trouble"), log_str("what", what), log_err(err));
    n->failing = true;
}

static void submit_waiting(struct notify *n)
{
    while (!list_empty(&n->waiting)) {
        struct delivering *d = list_entry(n->waiting.next, struct delivering, link);
        struct err err = {0};
        int r = submit(n, d, &err);
        if (r == -EINVAL || r == -EMSGSIZE) { /* it can never be */
            tell_trouble(n, "a delivery cannot be a task", &err);
            drop_oldest(n);
            continue;
        }
        if (r < 0) {
            tell_trouble(n, "deliveries wait: the store does not take them", &err);
            return;
        }
        list_remove(&d->link);
        n->waiting_count--;
        if (n->open_count == NOTIFY_OPEN_MAX) {
            delivering_free(list_entry(n->open.next, struct delivering, link));
            n->open_count--;
        }
        list_push_back(&n->open, &d->link);
        n->open_count++;
        struct told sending = {.outcome = TOLD_SENDING, .at_ms = rt_wall_now() / RT_MS};
        say_delivering(n, d, &sending);
    }
    n->failing = false;
}

/* That it ended, or that an attempt more failed. */
static void say_progress(struct notify *n, struct delivering *d, const struct task *task)
{
    struct told t = {.at_ms = rt_wall_now() / RT_MS};
    notified_of_task(task, &t);
    uint32_t said = 2 * t.attempts + (t.why.size > 0);
    if (t.outcome == TOLD_SENDING && said == d->said)
        return;
    d->said = said;
    say_delivering(n, d, &t);
}

/* A task that is not there any more has ended long ago, and nobody knows how. */
static void look_at(struct notify *n, struct delivering *d)
{
    struct arena arena = ARENA(MEM_APP, 0);
    struct store_kv kv;
    struct task *t = arena_new(&arena, struct task);
    struct slice none = {NULL, 0};
    struct slice key = task_key(&arena, none, TASK_KEY_TASK, slice_from(d->task), none);
    int r = store_get(n->store, key, &arena, &kv, NULL, soon());
    bool ended = r == 0 && kv.version == 0;
    bool known = r == 0 && kv.version && task_read(kv.value, &arena, t, NULL) == 0;
    if (known)
        say_progress(n, d, t);
    if (known && task_state_final(t->state)) {
        ended = true;
        d->told->delivered += t->state == TASK_SUCCEEDED;
        d->told->failed += t->state != TASK_SUCCEEDED;
        if (t->state != TASK_SUCCEEDED && n->up->app->logsink)
            log_warn(&n->up->app->log, "a receiver was not told", log_event("notify_failed"),
                     log_str("receiver", d->told->receiver), log_str("task", d->task),
                     log_str("state", task_state_name(t->state)));
    }
    arena_done(&arena);
    if (ended) {
        n->open_count--;
        delivering_free(d);
    }
}

static void look_at_open(struct notify *n)
{
    for (struct list *it = n->open.next, *next; it != &n->open; it = next) {
        next = it->next;
        look_at(n, list_entry(it, struct delivering, link));
    }
}

/* ---- silences ---- */

int notify_silence(struct notify *n, struct slice name, struct slice selector, int64_t until_ms,
                   struct err *err)
{
    return notifier_silence(n->notifier, name, selector, until_ms, err);
}

void notify_unsilence(struct notify *n, struct slice name)
{
    notifier_unsilence(n->notifier, name);
}

/* ---- what survives ---- */

static struct slice notice_key(const struct notify *n, const struct told_receiver *t,
                               struct arena *arena)
{
    return slice_from(arena_printf(arena, "/notices/%s/%s", n->up->node, t->receiver));
}

static void take_up(struct notify *n, struct told_receiver *t)
{
    struct arena arena = ARENA(MEM_APP, 0);
    struct slice name = slice_from(t->receiver), namespace_ = slice_cut(&name, '/');
    struct store_kv kv;
    struct err err = {0};
    int r = store_get(n->store, notice_key(n, t, &arena), &arena, &kv, &err, soon());
    if (r == 0 && kv.version)
        r = notifier_read(n->notifier, namespace_, name, kv.value, time_now(), &err);
    if (r == -EBADMSG)
        tell_trouble(n, "what was told before is not known: it may be told again", &err);
    /* -ENOENT: it is not declared, so that nothing waits for it. */
    t->read = r == 0 || r == -EBADMSG || r == -ENOENT;
    arena_done(&arena);
}

static void write_down(struct notify *n, struct told_receiver *t)
{
    struct arena arena = ARENA(MEM_APP, 0);
    struct slice name = slice_from(t->receiver), namespace_ = slice_cut(&name, '/');
    struct slice key = notice_key(n, t, &arena);
    struct buf json = BUF(MEM_APP, 0);
    uint64_t version = notifier_version(n->notifier, namespace_, name);
    int64_t r;
    if (notifier_write(n->notifier, namespace_, name, &json))
        r = store_put(n->store, key, buf_slice(&json), 0, NULL, NULL, soon());
    else
        r = store_delete(n->store, store_key(key), NULL, NULL, soon());
    if (r >= 0)
        t->written = version;
    buf_done(&json);
    arena_done(&arena);
}

static void keep_told(struct notify *n)
{
    list_each (it, &n->told) {
        struct told_receiver *t = list_entry(it, struct told_receiver, link);
        struct slice name = slice_from(t->receiver), namespace_ = slice_cut(&name, '/');
        if (notifier_version(n->notifier, namespace_, name) != t->written)
            write_down(n, t);
    }
}

/* ---- */

static bool is_known(void *ctx, const char *asset)
{
    const struct notify *n = ctx;
    return reconciler_find_key(n->up->assets, asset);
}

static void sweep(struct notify *n)
{
    if (rt_now() >= n->sweep_due &&
        notified_sweep(&n->notified, is_known, n, rt_wall_now() / RT_MS, soon()) <= 0)
        n->sweep_due = rt_now() + NOTIFY_SWEEP_MS * RT_MS;
}

static bool take_up_all(struct notify *n)
{
    bool all = true;
    list_each (it, &n->told) {
        struct told_receiver *t = list_entry(it, struct told_receiver, link);
        if (!t->read)
            take_up(n, t);
        all &= t->read;
    }
    return all;
}

void notify_main(void *arg)
{
    struct notify *n = arg;
    if (rt_event_wait(&n->up->config_ready, RT_NEVER) < 0 ||
        rt_event_wait(&n->up->people_heard, RT_NEVER) < 0 ||
        rt_event_wait(&n->any, RT_NEVER) < 0)
        return;
    n->sweep_due = rt_now() + NOTIFY_SWEEP_MS * RT_MS; /* by then all that is declared is known */
    for (rt_time due = rt_now(); rt_sleep(due) == 0; due = up_next_whole(NOTIFY_TICK_MS * RT_MS)) {
        /* Before it is known what was told nothing is told: else it may be said twice. */
        if (!take_up_all(n))
            continue;
        look_at_orphans(n);
        notifier_review(n->notifier, fate, n, time_now());
        notifier_tick(n->notifier, time_now(), on_notice, n);
        submit_waiting(n);
        keep_told(n);
        look_at_open(n);
        (void)notified_write(&n->notified, soon()); /* else in the next round */
        sweep(n);
    }
    /* What the last round found out, where the store takes it at once. */
    rt_shield_begin();
    (void)notified_write(&n->notified, rt_now() + NOTIFY_LAST_MS * RT_MS);
    rt_shield_end();
}

/* ---- metrics ---- */

void notify_metrics(const struct notify *n, struct metrics_writer *w)
{
    if (!n)
        return;
    metrics_family(w, "firebreak_notify", METRIC_COUNTER, "Deliveries to receivers, by outcome.");
    list_each (it, &n->told) {
        const struct told_receiver *t = list_entry(it, struct told_receiver, link);
        const uint64_t counts[] = {t->delivered, t->failed, t->dropped};
        static const char *const words[] = {"delivered", "failed", "dropped"};
        for (size_t i = 0; i < ARRAY_LEN(words); i++) {
            struct metric_label labels[] = {{"receiver", slice_from(t->receiver)},
                                            {"outcome", slice_from(words[i])}};
            metrics_u64(w, labels, ARRAY_LEN(labels), counts[i]);
        }
    }
}
