#include "app/why.h"

#include <errno.h>
#include <stdlib.h>

#include "app/notified.h"
#include "app/up.h"
#include "explain/explain.h"
#include "wire/key_part.h"
#include "wire/task_key.h"

enum { READ_AT_ONCE = 500 };

static const struct slice none = {NULL, 0};

static rt_time soon(void)
{
    return rt_now() + GATEWAY_CALL_MS * RT_MS;
}

/* A question under way. */
struct asking {
    struct store *store;
    struct arena arena, page;
    const struct json_value **events;
    uint32_t count, room;
    int64_t revision;
    struct err *err;
};

static void keep_event(struct asking *a, const struct store_kv *kv)
{
    struct json_value *v;
    struct slice text = {arena_strdup(&a->arena, kv->value), kv->value.size};
    if (json_parse(text, &a->arena, 0, &v, NULL) < 0 || v->type != JSON_OBJECT)
        return; /* another program's: no event */
    if (a->count == a->room) {
        a->room = a->room ? 2 * a->room : READ_AT_ONCE;
        a->events = mem_resize(MEM_APP, a->events, a->room * sizeof(struct json_value *));
    }
    a->events[a->count++] = v;
}

/* Those behind the prefix that hold the text. */
static int read_events(struct asking *a, struct slice prefix, struct slice text)
{
    char *from = arena_strdup(&a->arena, prefix), *end = arena_strdup(&a->arena, prefix);
    struct store_range range = {.limit = READ_AT_ONCE};
    struct store_range_result got;
    end[prefix.size - 1]++; /* '/': the first key behind all of them */
    range.keys = (struct store_keys){STORE_SPAN, {from, prefix.size}, {end, prefix.size}};
    do {
        arena_reset(&a->page);
        int r = store_range(a->store, &range, &a->page, &got, a->err, soon());
        if (r < 0)
            return r;
        range.revision = a->revision = range.revision ? range.revision : got.revision;
        for (uint32_t i = 0; i < got.count && a->count < WHY_EVENTS_MAX; i++)
            if (!text.size || slice_find(got.kvs[i].value, text) >= 0)
                keep_event(a, &got.kvs[i]);
        if (got.more) { /* on behind the last one */
            struct slice last = got.kvs[got.count - 1].key;
            range.keys.key = (struct slice){arena_strdup(&a->arena, last), last.size + 1};
        }
    } while (got.more);
    return 0;
}

static struct slice asset_tail(struct asking *a, struct slice namespace_, struct slice name)
{
    struct buf key = BUF(MEM_APP, 0);
    key_part_append(&key, namespace_);
    buf_append_byte(&key, '/');
    key_part_append(&key, name);
    struct slice made = {arena_strdup(&a->arena, buf_slice(&key)), key.size};
    buf_done(&key);
    return made;
}

static int is_there(struct asking *a, const char *home, struct slice tail)
{
    struct store_kv kv;
    struct slice key = slice_from(arena_printf(&a->arena, "%s%.*s", home, SLICE_ARG(tail)));
    int r = store_get(a->store, key, &a->arena, &kv, a->err, soon());
    return r < 0 ? r : kv.version > 0;
}

static int read_asset(struct asking *a, struct slice namespace_, struct slice name)
{
    struct slice tail = asset_tail(a, namespace_, name);
    int r =
        read_events(a, slice_from(arena_printf(&a->arena, "/events/%.*s/", SLICE_ARG(tail))), none);
    int there = r == 0 && a->count == 0 ? is_there(a, "/registry/assets/", tail) : 1;
    if (there == 0)
        there = is_there(a, "/state/assets/", tail);
    if (r < 0 || there < 0)
        return r < 0 ? r : there;
    return there ? 0
                 : err_set(a->err, -ENOENT, "there is no asset '%.*s' in the namespace '%.*s'",
                           SLICE_ARG(name), SLICE_ARG(namespace_));
}

/* ---- a check or a task is about an asset ---- */

/* The member "asset" of the value of a key: empty where it names none. */
static int asset_of(struct asking *a, const char *what, struct slice key, struct slice name,
                    struct slice *ret)
{
    struct store_kv kv;
    struct json_value *v;
    int r = store_get(a->store, key, &a->arena, &kv, a->err, soon());
    if (r < 0)
        return r;
    if (!kv.version)
        return err_set(a->err, -ENOENT, "there is no %s '%.*s'", what, SLICE_ARG(name));
    const struct json_value *asset =
        json_parse(kv.value, &a->arena, 0, &v, NULL) == 0 ? json_get(v, "asset") : NULL;
    *ret = asset && asset->type == JSON_STRING ? asset->text : none;
    return 0;
}

/* "web" in the namespace of whoever names it, or "other/web". */
static void split_asset(struct slice text, struct slice dflt, struct slice *ret_namespace,
                        struct slice *ret_name)
{
    *ret_namespace = dflt;
    *ret_name = text;
    if (slice_find_byte(text, '/') >= 0) {
        *ret_namespace = slice_cut(&text, '/');
        *ret_name = text;
    }
}

/* The trace id of the story in which the task stands; empty: it stands in none. */
static struct slice trace_of_task(const struct asking *a, struct slice task)
{
    for (uint32_t i = a->count; i-- > 0;) {
        const struct json_value *t = json_get(a->events[i], "task"),
                                *trace = json_get(a->events[i], "trace_id");
        if (t && trace && t->type == JSON_STRING && slice_eq(t->text, task) &&
            trace->type == JSON_STRING)
            return trace->text;
    }
    return none;
}

static int read_about(struct asking *a, const struct gateway_why *asked, struct slice *ret_trace)
{
    const struct kind *kind = kind_find(asked->kind);
    bool task = kind && strcmp(kind->name, "task") == 0;
    struct slice key, asset, namespace_, name;
    if (kind && strcmp(kind->name, "asset") == 0)
        return read_asset(a, asked->namespace_, asked->name);
    if (!task && !(kind && strcmp(kind->name, "check") == 0))
        return err_set(a->err, -EINVAL, "'%.*s': stories are told of an asset, a check or a task",
                       SLICE_ARG(asked->kind));
    if (task)
        key = task_key(&a->arena, none, TASK_KEY_TASK, asked->name, none);
    else
        key = slice_from(arena_printf(&a->arena, "/registry/checks/%.*s",
                                      SLICE_ARG(asset_tail(a, asked->namespace_, asked->name))));
    int r = asset_of(a, kind->name, key, asked->name, &asset);
    if (r < 0)
        return r;
    if (!asset.size)
        return err_set(a->err, -ENOENT, "the %s '%.*s' is about no asset", kind->name,
                       SLICE_ARG(asked->name));
    split_asset(asset, asked->namespace_, &namespace_, &name);
    r = read_asset(a, namespace_, name);
    if (r == 0 && task)
        *ret_trace = trace_of_task(a, asked->name);
    return r;
}

/* ---- the answer ---- */

static int by_time(const void *x, const void *y)
{
    const struct json_value *a = *(const struct json_value *const *)x,
                            *b = *(const struct json_value *const *)y;
    const struct json_value *at = json_get(a, "at"), *bt = json_get(b, "at");
    int order = at && bt ? slice_compare(at->text, bt->text) : 0;
    int64_t ar = 0, br = 0;
    if (order)
        return order;
    (void)json_to_i64(json_get(a, "revision"), &ar);
    (void)json_to_i64(json_get(b, "revision"), &br);
    return (ar > br) - (ar < br);
}

static int read_trace(struct asking *a, struct slice trace)
{
    bool hex = trace.size == WHY_TRACE_BYTES;
    for (size_t i = 0; i < trace.size; i++)
        hex &= (trace.data[i] >= '0' && trace.data[i] <= '9') ||
               (trace.data[i] >= 'a' && trace.data[i] <= 'f');
    if (!hex)
        return err_set(a->err, -EINVAL, "'%.*s' is no trace id: %d lower-case hex digits",
                       SLICE_ARG(trace), WHY_TRACE_BYTES);
    int r = read_events(a, SLICE("/events/"), trace);
    if (r == 0 && a->count == 0)
        return err_set(a->err, -ENOENT, "no event has the trace id %.*s", SLICE_ARG(trace));
    /* Of several assets: as they happened. */
    qsort(a->events, a->count, sizeof(*a->events), by_time);
    return r;
}

static void put_object(struct buf *out, const struct json_value *v)
{
    struct json_writer w;
    if (out->size)
        buf_append_byte(out, ',');
    json_begin(&w, out, 0);
    json_tree(&w, v);
    json_end(&w);
}

/* Whether one of these events is of that asset. */
static bool is_about(const struct json_value *const *told, uint32_t count, struct slice asset)
{
    for (uint32_t i = 0; i < count; i++)
        if (slice_eq(json_text(told[i], "asset"), asset))
            return true;
    return false;
}

/* Who was told of the stories of this asset, "web" or "other/web". */
static int put_notified(struct asking *a, struct slice asset, const struct json_value *const *told,
                        uint32_t count, struct buf *out)
{
    struct slice namespace_, name;
    const struct json_value *items = NULL;
    split_asset(asset, SLICE("default"), &namespace_, &name);
    struct slice key =
        slice_from(arena_printf(&a->arena, "%.*s/%.*s", SLICE_ARG(namespace_), SLICE_ARG(name)));
    int r = notified_read(a->store, key, &a->arena, &items, a->err, soon());
    for (const struct json_value *i = items ? items->first : NULL; i; i = i->next) {
        bool mine = false;
        for (uint32_t k = 0; k < count && !mine && told_is(i); k++)
            mine = slice_eq(json_text(told[k], "asset"), asset) &&
                   slice_eq(json_text(told[k], "trace_id"), json_text(i, "trace_id"));
        if (mine)
            put_object(out, i);
    }
    return r;
}

static int write_told(struct asking *a, const struct gateway_why *asked, struct slice trace,
                      struct gateway_story *ret)
{
    const struct json_value **told = mem_alloc(MEM_APP, (a->count + 1) * sizeof(*told));
    int r = 0;
    uint32_t n =
        trace.size && !asked->all
            ? story_of_trace(a->events, a->count, trace, told)
            : story_tell(a->events, a->count, asked->all ? STORY_ALL : STORY_LAST, told, NULL);
    for (uint32_t i = 0; i < n; i++)
        put_object(&ret->items, told[i]);
    for (uint32_t i = 0; r == 0 && i < n; i++) {
        struct slice asset = json_text(told[i], "asset");
        if (asset.size && !is_about(told, i, asset))
            r = put_notified(a, asset, told, n, &ret->notified);
    }
    mem_free(MEM_APP, told);
    return r;
}

int why_tell(void *ctx, const struct gateway_why *asked, struct gateway_story *ret, struct err *err)
{
    struct up *u = ctx;
    struct asking a = {.store = u->store, .err = err};
    struct slice trace = asked->trace;
    a.arena = a.page = ARENA(MEM_APP, 0);
    int r = trace.size ? read_trace(&a, trace) : read_about(&a, asked, &trace);
    if (r == 0)
        r = write_told(&a, asked, trace, ret);
    if (r == 0)
        ret->revision = a.revision;
    mem_free(MEM_APP, a.events);
    arena_done(&a.arena);
    arena_done(&a.page);
    return r;
}
