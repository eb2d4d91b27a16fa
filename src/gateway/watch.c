#include <errno.h>
#include <inttypes.h>

#include "base/fault.h"
#include "gateway/inside.h"

/* ---- a stream of lines or events ---- */

void stream_open(struct stream *s, struct request *q)
{
    const struct http1_head *head = exchange_head(q->x);
    const struct http1_field *accept = http1_field_find(head, "Accept", 0);
    *s = (struct stream){.q = q, .line = BUF(MEM_GATEWAY, 0)};
    s->events = accept && slice_find(accept->value, SLICE("text/event-stream")) >= 0;
    exchange_field(q->x, "Cache-Control", SLICE("no-store"));
    exchange_begin(q->x, 200, s->events ? "text/event-stream" : "application/x-ndjson");
    s->gone = exchange_gone(q->x);
    q->g->watches++;
}

void stream_begin(struct stream *s, const char *type, int64_t revision)
{
    buf_clear(&s->line);
    if (!s->events)
        return;
    buf_printf(&s->line, "event: %s\n", type);
    if (revision > 0)
        buf_printf(&s->line, "id: %" PRId64 "\n", revision);
    buf_append_cstr(&s->line, "data: ");
}

int stream_send(struct stream *s)
{
    buf_append_cstr(&s->line, s->events ? "\n\n" : "\n");
    return exchange_send(s->q->x, buf_slice(&s->line));
}

void stream_end(struct stream *s, const char *reason)
{
    struct json_writer w;
    stream_begin(s, "end", 0);
    json_begin(&w, &s->line, 0);
    json_object_open(&w);
    json_key(&w, "type");
    json_cstr(&w, "end");
    json_key(&w, "reason");
    json_cstr(&w, reason);
    json_object_close(&w);
    json_end(&w);
    stream_send(s);
}

void stream_done(struct stream *s)
{
    s->q->g->watches--;
    buf_done(&s->line);
}

int stream_next(struct stream *s, struct store_watch *w, struct store_batch **ret)
{
    char none;
    struct store_batch *b = NULL;
    struct rt_case cases[] = {RT_CASE_RECV(&w->batches, &b), RT_CASE_RECV(s->gone, &none)};
    int at = rt_select(cases, ARRAY_LEN(cases), RT_NEVER);
    if (at < 0)
        return at;
    if (at == 1 || cases[0].result < 0)
        return -EPIPE;
    if (b->end != STORE_WATCH_GOES_ON) {
        stream_end(s, b->end == STORE_WATCH_COMPACTED ? "compacted"
                      : b->end == STORE_WATCH_SLOW    ? "slow"
                                                      : "unavailable");
        store_batch_free(b);
        return -EPIPE;
    }
    histogram_add(&s->q->g->watch_lag, rt_now_exact() - b->at);
    *ret = b;
    return 0;
}

/* ---- changes of resources ----
 *
 * One watch over all keys from the first declared to the last found one: so everything is told in
 * the order of its revisions, and whoever comes back with the last one he saw has missed nothing.
 */

struct watching {
    struct stream s;
    struct request *q;
    const struct collection *c;
    struct slice namespace_, parent;
    struct selector *selector;
    struct arena arena; /* of one change */
    int64_t first_at;   /* what is there is being told, as of this revision; 0: changes are */
};

static int send_item(struct watching *t, const char *type, int64_t revision,
                     const struct resource *r, bool whole)
{
    struct json_writer w;
    /* Who breaks off while he is told what is there has not read up to anywhere: no id yet. */
    stream_begin(&t->s, type, t->first_at ? 0 : revision);
    json_begin(&w, &t->s.line, 0);
    json_object_open(&w);
    json_key(&w, "type");
    json_cstr(&w, type);
    json_key(&w, "revision");
    json_i64(&w, revision);
    json_key(&w, "item");
    if (whole) {
        resource_write(t->q->g, t->c, r, &w);
    } else {
        json_object_open(&w);
        json_key(&w, "kind");
        json_cstr(&w, t->c->kind ? t->c->kind->name : "event");
        json_key(&w, "name");
        json_string(&w, r->name);
        json_key(&w, "namespace");
        json_string(&w, r->namespace_);
        json_object_close(&w);
    }
    json_object_close(&w);
    json_end(&w);
    return stream_send(&t->s);
}

static int send_progress(struct watching *t, const char *type, int64_t revision)
{
    struct json_writer w;
    stream_begin(&t->s, type, revision);
    json_begin(&w, &t->s.line, 0);
    json_object_open(&w);
    json_key(&w, "type");
    json_cstr(&w, type);
    json_key(&w, "revision");
    json_i64(&w, revision);
    json_object_close(&w);
    json_end(&w);
    return stream_send(&t->s);
}

/* The other half of the resource, as it was at that revision: or as it is, where that is gone. */
static int read_other(struct watching *t, const char *prefix, struct slice rest, int64_t revision,
                      struct store_kv *ret)
{
    struct buf key = BUF(MEM_GATEWAY, 0);
    struct store_range_result got;
    buf_printf(&key, "%s%.*s", prefix, SLICE_ARG(rest));
    struct store_range range = {.keys = store_key(buf_slice(&key)), .revision = revision};
    struct store *store = t->q->g->options.store;
    int r = store_range(store, &range, &t->arena, &got, &t->q->err, gateway_soon());
    if (r == -ENODATA) {
        range.revision = 0;
        r = store_range(store, &range, &t->arena, &got, &t->q->err, gateway_soon());
    }
    if (r == 0 && got.count)
        *ret = got.kvs[0];
    buf_done(&key);
    return r;
}

/* Of a task that is gone nothing says the namespace: each watcher hears of it. */
static bool is_wanted(const struct watching *t, const struct resource *r)
{
    if (t->c->namespaced && t->namespace_.size && !slice_eq(t->namespace_, r->namespace_))
        return false;
    if (!t->parent.size)
        return true;
    if (t->c->kind)
        return slice_eq(r->name, t->parent);
    /* An event's name is "asset/revision". */
    struct slice asset = slice_sub(r->name, 0, t->parent.size);
    return slice_eq(asset, t->parent) && r->name.size > asset.size &&
           r->name.data[asset.size] == '/';
}

static int tell(struct watching *t, const struct store_event *e)
{
    struct slice key = e->kv.key, registry = slice_from(t->c->registry);
    bool declared = slice_starts_with(key, registry);
    struct slice prefix = declared ? registry : slice_from(t->c->state);
    struct resource r = {.spec = NULL};
    if (prefix.size == 0 || !slice_starts_with(key, prefix))
        return 0; /* the watch spans more than this kind */
    struct slice rest = slice_sub(key, prefix.size, key.size);
    if (key_split(t->c, rest, &t->arena, &r.namespace_, &r.name) < 0 || !is_wanted(t, &r))
        return 0;
    bool behind = t->c->lost && !declared; /* says nothing new of a node that lives */
    struct store_kv *mine = declared ? &r.declared : &r.found;
    struct store_kv *other = declared ? &r.found : &r.declared;
    if (e->type == STORE_EVENT_PUT)
        *mine = e->kv;
    int code = 0;
    int64_t revision = t->first_at ? t->first_at : e->kv.mod_revision;
    if (t->c->state[0])
        code = read_other(t, declared ? t->c->state : t->c->registry, rest, revision, other);
    if (code < 0) {
        stream_end(&t->s, "unavailable");
        return code;
    }
    if (behind && r.declared.version)
        return 0;
    if (!r.declared.version && !r.found.version)
        return send_item(t, "delete", revision, &r, false);
    if (resource_parse(&r, &t->arena, &key, &t->q->err) < 0) {
        t->q->g->bad_values_total++;
        return 0; /* a list tells of it; here it is as if it were not there */
    }
    if (!resource_within(t->c, &r, t->namespace_))
        return 0;
    return resource_selected(&r, t->selector) ? send_item(t, "put", revision, &r, true) : 0;
}

static int tell_all(struct watching *t, const struct store_batch *b)
{
    int r = b->count ? 0 : send_progress(t, "progress", b->revision);
    for (uint32_t i = 0; i < b->count && r == 0; i++) {
        arena_reset(&t->arena);
        r = tell(t, &b->events[i]);
    }
    return r;
}

/* ---- what is there when it begins ---- */

enum { FIRST_AT_ONCE = 256 };

static int tell_first_of(struct watching *t, const char *prefix, bool found, int64_t revision)
{
    struct slice from = slice_from(prefix);
    char last[STORE_KEY_BYTES_MAX + 1], end_room[64];
    struct slice end = slice_from(prefix);
    memcpy(end_room, end.data, end.size);
    end_room[end.size - 1]++;
    end.data = end_room;
    for (bool more = true; more;) {
        struct arena page = ARENA(MEM_GATEWAY, 0);
        struct store_range_result got;
        struct store_range range = {
            .keys = {STORE_SPAN, from, end},
            .revision = revision,
            .limit = FIRST_AT_ONCE,
            .bytes_max = GATEWAY_PAGE_BYTES,
        };
        int r =
            store_range(t->q->g->options.store, &range, &page, &got, &t->q->err, gateway_soon());
        for (uint32_t i = 0; i < got.count && r == 0; i++) {
            struct store_event e = {.type = STORE_EVENT_PUT, .kv = got.kvs[i]};
            arena_reset(&t->arena);
            struct slice rest = slice_sub(e.kv.key, strlen(prefix), e.kv.key.size);
            struct store_kv declared = {0};
            if (found) /* with its declaration it was told already */
                r = read_other(t, t->c->registry, rest, revision, &declared);
            if (r == 0 && !declared.version)
                r = tell(t, &e);
        }
        more = r == 0 && got.more;
        if (more) {
            struct slice key = got.kvs[got.count - 1].key;
            memcpy(last, key.data, key.size);
            last[key.size] = 0;
            from = (struct slice){last, key.size + 1};
        }
        arena_done(&page);
        if (r < 0)
            return r;
    }
    return 0;
}

static int tell_first(struct watching *t, int64_t revision)
{
    t->first_at = revision;
    int r = tell_first_of(t, t->c->registry, false, revision);
    if (r == 0 && t->c->state[0])
        r = tell_first_of(t, t->c->state, true, revision);
    t->first_at = 0;
    return r < 0 ? r : send_progress(t, "progress", revision);
}

/* ---- the whole of it ---- */

static struct store_keys keys_of(const struct collection *c, char *end_room)
{
    struct slice last = slice_from(c->state[0] ? c->state : c->registry);
    memcpy(end_room, last.data, last.size);
    end_room[last.size - 1]++;
    return (struct store_keys){STORE_SPAN, slice_from(c->registry), {end_room, last.size}};
}

static void watch_run(struct watching *t, int64_t revision, bool first)
{
    struct store_watch w = {.open = false};
    struct request *q = t->q;
    char end[64];
    struct store_watch_request request = {.keys = keys_of(t->c, end), .progress = true};
    request.revision = revision + (fault_mutant("gateway_watch_gap") ? 2 : 1);
    int r = store_watch(q->g->options.store, &request, &w, &q->err, gateway_soon());
    if (r < 0) {
        answer_store_error(q, r);
        return;
    }
    stream_open(&t->s, q);
    r = first ? tell_first(t, revision) : 0;
    while (r == 0) {
        struct store_batch *b;
        r = stream_next(&t->s, &w, &b);
        if (r == 0) {
            r = tell_all(t, b);
            store_batch_free(b);
        }
    }
    store_unwatch(&w);
    stream_done(&t->s);
}

/* An EventSource that comes back says in a field how far it had read. */
static void last_event(struct request *q, int64_t *revision, bool *given)
{
    uint64_t v;
    const struct http1_field *f = http1_field_find(exchange_head(q->x), "Last-Event-ID", 0);
    if (!f || slice_to_u64(f->value, INT64_MAX - 1, &v) < 0)
        return;
    *revision = (int64_t)v;
    *given = true;
}

void watch_serve(struct request *q, const struct collection *c, struct slice parent)
{
    struct watching *t = arena_new(&q->arena, struct watching);
    int64_t revision;
    bool given;
    *t = (struct watching){.q = q, .c = c, .parent = parent, .arena = ARENA(MEM_GATEWAY, 0)};
    if (param_text(q, "namespace", &t->namespace_) < 0 || param_selector(q, &t->selector) < 0 ||
        param_number(q, "revision", 0, INT64_MAX - 1, &revision, &given) < 0)
        return;
    if (parent.size && t->namespace_.size == 0)
        t->namespace_ = SLICE("default");
    last_event(q, &revision, &given);
    struct store_status s;
    int r = given && revision ? 0 : store_status(q->g->options.store, &s, &q->err, gateway_soon());
    if (r < 0) {
        answer_store_error(q, r);
    } else if (slice_eq(q->method, SLICE("HEAD"))) {
        exchange_answer(q->x, 200, "application/x-ndjson", (struct slice){0});
    } else {
        bool first = !given || revision == 0;
        watch_run(t, first ? s.revision : revision, first);
    }
    arena_done(&t->arena);
}
