#include "app/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/map.h"
#include "config/schema.h"
#include "store/tasks.h"
#include "wire/json.h"
#include "wire/notice_json.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

/* How deliveries to a receiver ended. */
struct told {
    struct list link;
    char *receiver; /* "namespace/name" */
    uint64_t delivered, failed, dropped;
    uint64_t written; /* the version of what stands in the store */
    bool read;        /* what an earlier life left was taken up */
};

struct delivering {
    struct list link;
    struct told *told;
    char *does, *asset, *dedup; /* of one that is no task yet */
    char *task;                 /* of one that is */
};

struct notify {
    struct up *up;
    struct store *store;
    struct notifier *notifier;
    struct list told; /* grows only: who waits in the middle of it goes on */
    struct list waiting, open;
    uint32_t waiting_count, open_count;
    bool failing; /* and it was said */
    struct rt_event any; /* there is a receiver, or was one */
};

struct notify *notify_new(struct up *u, struct store *store)
{
    struct notify *n = mem_alloc(MEM_APP, sizeof(*n));
    n->up = u;
    n->store = store;
    n->notifier = notifier_new();
    list_init(&n->told);
    list_init(&n->waiting);
    list_init(&n->open);
    return n;
}

static void delivering_free(struct delivering *d)
{
    list_remove(&d->link);
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
    while (!list_empty(&n->open))
        delivering_free(list_entry(n->open.next, struct delivering, link));
    for (struct list *it; (it = list_pop_front(&n->told));) {
        struct told *t = list_entry(it, struct told, link);
        mem_free(MEM_APP, t->receiver);
        mem_free(MEM_APP, t);
    }
    notifier_free(n->notifier);
    mem_free(MEM_APP, n);
}

static struct notifier_time time_now(void)
{
    return (struct notifier_time){rt_now(), rt_wall_now() / RT_MS};
}

static struct told *told_of(struct notify *n, struct slice receiver)
{
    list_each (it, &n->told)
        if (slice_eq_cstr(receiver, list_entry(it, struct told, link)->receiver))
            return list_entry(it, struct told, link);
    struct told *t = mem_alloc(MEM_APP, sizeof(*t));
    t->receiver = mem_strdup(MEM_APP, receiver);
    list_push_back(&n->told, &t->link);
    rt_event_set(&n->any);
    return t;
}

static struct told *told_of_parts(struct notify *n, struct slice namespace_, struct slice name)
{
    struct buf key = BUF(MEM_APP, 0);
    buf_printf(&key, "%.*s/%.*s", SLICE_ARG(namespace_), SLICE_ARG(name));
    struct told *t = told_of(n, buf_slice(&key));
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
    told_of_parts(n, r.namespace_, r.name);
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

int notify_order(struct notify *n, const struct repair_order *o, const struct asset *a,
                 struct err *err)
{
    struct arena arena = ARENA(MEM_APP, 0);
    struct slice namespace_, name;
    int r = receiver_of(o, &arena, &namespace_, &name, err);
    if (r == 0) {
        struct notice_alert alert = {
            .asset = slice_from(a->name),
            .namespace_ = slice_from(a->namespace_),
            .state = slice_from(asset_state_name(a->state)),
            .reason = slice_from(a->reason),
            .evidence = evidence_of(a),
            .trace_id = slice_from(o->trace_id),
            .began_ms = a->since_wall_ns / RT_MS,
        };
        labels_of(a, &arena, &alert);
        r = notifier_begin(n->notifier, namespace_, name, &alert, time_now());
        if (r == -ENOENT)
            err_set(err, r, "there is no receiver '%.*s' in namespace %.*s", SLICE_ARG(name),
                    SLICE_ARG(namespace_));
        else if (r < 0)
            err_sys(err, r, "tell receiver '%.*s'", SLICE_ARG(name));
    }
    arena_done(&arena);
    return r;
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

/* ---- deliveries ---- */

static void drop_oldest(struct notify *n)
{
    struct delivering *d = list_entry(n->waiting.next, struct delivering, link);
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
    }
    n->failing = false;
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
    if (r == 0 && kv.version && task_read(kv.value, &arena, t, NULL) == 0 &&
        task_state_final(t->state)) {
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

static struct slice notice_key(const struct notify *n, const struct told *t, struct arena *arena)
{
    return slice_from(arena_printf(arena, "/notices/%s/%s", n->up->node, t->receiver));
}

static void take_up(struct notify *n, struct told *t)
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

static void write_down(struct notify *n, struct told *t)
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
        struct told *t = list_entry(it, struct told, link);
        struct slice name = slice_from(t->receiver), namespace_ = slice_cut(&name, '/');
        if (notifier_version(n->notifier, namespace_, name) != t->written)
            write_down(n, t);
    }
}

/* ---- */

static bool take_up_all(struct notify *n)
{
    bool all = true;
    list_each (it, &n->told) {
        struct told *t = list_entry(it, struct told, link);
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
    for (rt_time due = rt_now(); rt_sleep(due) == 0; due = up_next_whole(NOTIFY_TICK_MS * RT_MS)) {
        /* Before it is known what was told nothing is told: else it may be said twice. */
        if (!take_up_all(n))
            continue;
        notifier_review(n->notifier, fate, n, time_now());
        notifier_tick(n->notifier, time_now(), on_notice, n);
        submit_waiting(n);
        keep_told(n);
        look_at_open(n);
    }
}

/* ---- metrics ---- */

void notify_metrics(const struct notify *n, struct metrics_writer *w)
{
    if (!n)
        return;
    metrics_family(w, "firebreak_notify", METRIC_COUNTER, "Deliveries to receivers, by outcome.");
    list_each (it, &n->told) {
        const struct told *t = list_entry(it, struct told, link);
        const uint64_t counts[] = {t->delivered, t->failed, t->dropped};
        static const char *const words[] = {"delivered", "failed", "dropped"};
        for (size_t i = 0; i < ARRAY_LEN(words); i++) {
            struct metric_label labels[] = {{"receiver", slice_from(t->receiver)},
                                            {"outcome", slice_from(words[i])}};
            metrics_u64(w, labels, ARRAY_LEN(labels), counts[i]);
        }
    }
}
