#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "gateway/inside.h"
#include "store/print.h"
#include "wire/base64.h"

/* The store as it is, for `firebreak store` while we hold it. */

/* ---- keys ---- */

struct raw {
    struct slice key;
    bool prefix;
    int64_t revision;
    bool at_revision; /* one was given */
};

static int read_params(struct request *q, struct raw *k)
{
    if (param_text(q, "key", &k->key) < 0 || param_flag(q, "prefix", &k->prefix) < 0 ||
        param_number(q, "revision", 0, INT64_MAX - 1, &k->revision, &k->at_revision) < 0)
        return -EINVAL;
    if (k->key.size || k->prefix)
        return 0;
    answer_problem(q, 400, "bad_request", "key", "key: is missing");
    return -EINVAL;
}

static struct store_keys keys_of(const struct raw *k)
{
    return k->prefix ? store_prefix(k->key) : store_key(k->key);
}

/* The page's keys follow this one. */
static int take_next(struct request *q, const struct raw *k, struct store_keys *keys)
{
    struct slice next;
    struct buf from = BUF(MEM_GATEWAY, 0), end = BUF(MEM_GATEWAY, 0);
    int r = param_text(q, "next", &next);
    if (r < 0 || next.size == 0)
        return r;
    r = base64_decode(next, BASE64_URL, BASE64_UNPADDED, &from, &q->err);
    if (r < 0 || !k->prefix) {
        answer_problem(q, 400, "bad_request", "next", "next: '%.*s' was not given by a list",
                       SLICE_ARG(next));
        r = -EINVAL;
    } else {
        buf_append_byte(&from, 0);
        buf_append_slice(&end, k->key);
        while (end.size && (unsigned char)end.data[end.size - 1] == 0xff)
            end.size--;
        if (end.size)
            end.data[end.size - 1]++;
        *keys = (struct store_keys){
            STORE_SPAN,
            {arena_strdup(&q->arena, buf_slice(&from)), from.size},
            {arena_strdup(&q->arena, buf_slice(&end)), end.size},
        };
    }
    buf_done(&from);
    buf_done(&end);
    return r;
}

static void write_list(struct request *q, const struct store_range_result *got, int64_t revision)
{
    struct buf json = BUF(MEM_GATEWAY, 0), next = BUF(MEM_GATEWAY, 0);
    struct json_writer w;
    uint32_t i = 0;
    json_begin(&w, &json, 0);
    json_object_open(&w);
    json_key(&w, "items");
    json_array_open(&w);
    for (; i < got->count && json.size < GATEWAY_PAGE_BYTES; i++)
        store_kv_print(&got->kvs[i], NULL, &w);
    json_array_close(&w);
    if (i && (got->more || i < got->count))
        base64_encode(got->kvs[i - 1].key, BASE64_URL, BASE64_UNPADDED, &next);
    json_key(&w, "next");
    json_string(&w, buf_slice(&next));
    json_key(&w, "revision");
    json_i64(&w, revision ? revision : got->revision);
    json_object_close(&w);
    json_end(&w);
    answer_json(q, 200, &json);
    buf_done(&json);
    buf_done(&next);
}

static void get_keys(struct request *q)
{
    struct raw k;
    struct store_range range = {.bytes_max = GATEWAY_PAGE_BYTES};
    struct store_range_result got;
    if (read_params(q, &k) < 0 ||
        param_number(q, "limit", GATEWAY_LIMIT_MAX, GATEWAY_LIMIT_MAX, &range.limit, NULL) < 0)
        return;
    range.keys = keys_of(&k);
    range.revision = k.revision;
    if (take_next(q, &k, &range.keys) < 0)
        return;
    int r = store_range(q->g->options.store, &range, &q->arena, &got, &q->err, gateway_soon());
    if (r < 0)
        answer_store_error(q, r);
    else
        write_list(q, &got, k.revision);
}

static void answer_revision(struct request *q, int64_t revision, int64_t deleted)
{
    struct buf json = BUF(MEM_GATEWAY, 0);
    buf_printf(&json, "{\"revision\":%" PRId64, revision);
    if (deleted >= 0)
        buf_printf(&json, ",\"deleted\":%" PRId64, deleted);
    buf_append_byte(&json, '}');
    answer_json(q, 200, &json);
    buf_done(&json);
}

/* With a revision only where the key is at that one; 0: where it is not there. */
static void write_value(struct request *q, const struct raw *k, struct slice value)
{
    struct store_compare is_at = {
        .key = k->key, .target = STORE_MOD_REVISION, .number = k->revision};
    struct store_op op = {.type = STORE_PUT, .key = k->key, .value = value};
    struct store_txn txn = {
        .compares = &is_at, .compare_count = k->at_revision, .then = &op, .then_count = 1};
    struct store_txn_result got;
    int r = store_txn(q->g->options.store, &txn, &q->arena, &got, &q->err, gateway_soon());
    if (r < 0)
        answer_store_error(q, r);
    else if (!got.succeeded)
        answer_problem(q, 409, "conflict", "revision", "the key is not at revision %" PRId64,
                       k->revision);
    else
        answer_revision(q, got.revision, -1);
}

static void put_key(struct request *q)
{
    struct raw k;
    struct buf value = BUF(MEM_GATEWAY, STORE_VALUE_BYTES_MAX);
    if (read_params(q, &k) < 0)
        return;
    int r = exchange_read_all(q->x, &value, &q->err);
    if (r < 0)
        exchange_refuse(q->x, r, &q->err);
    else
        write_value(q, &k, buf_slice(&value));
    buf_done(&value);
}

static void delete_keys(struct request *q)
{
    struct raw k;
    int64_t revision = 0;
    if (read_params(q, &k) < 0)
        return;
    int64_t n = store_delete(q->g->options.store, keys_of(&k), &revision, &q->err, gateway_soon());
    if (n < 0)
        answer_store_error(q, (int)n);
    else
        answer_revision(q, revision, n);
}

/* ---- watching ---- */

static int tell(struct stream *s, const struct store_batch *b)
{
    int r = 0;
    for (uint32_t i = 0; i < b->count && r == 0; i++) {
        const struct store_event *e = &b->events[i];
        const char *type = e->type == STORE_EVENT_PUT ? "put" : "delete";
        struct json_writer w;
        stream_begin(s, type, e->kv.mod_revision);
        json_begin(&w, &s->line, 0);
        store_kv_print(&e->kv, type, &w);
        json_end(&w);
        r = stream_send(s);
    }
    return r;
}

static void watch_keys(struct request *q)
{
    struct raw k;
    struct store_watch w = {.open = false};
    struct stream s;
    if (read_params(q, &k) < 0)
        return;
    struct store_watch_request request = {.keys = keys_of(&k), .revision = k.revision};
    int r = store_watch(q->g->options.store, &request, &w, &q->err, gateway_soon());
    if (r < 0) {
        answer_store_error(q, r);
        return;
    }
    stream_open(&s, q);
    while (r == 0) {
        struct store_batch *b;
        r = stream_next(&s, &w, &b);
        if (r == 0) {
            r = tell(&s, b);
            store_batch_free(b);
        }
    }
    store_unwatch(&w);
    stream_done(&s);
}

/* ---- the store itself ---- */

static void get_status(struct request *q)
{
    struct store_status s;
    struct buf json = BUF(MEM_GATEWAY, 0);
    struct json_writer w;
    int r = store_status(q->g->options.store, &s, &q->err, gateway_soon());
    if (r < 0) {
        answer_store_error(q, r);
        return;
    }
    json_begin(&w, &json, 0);
    store_status_print(&s, &w);
    json_end(&w);
    answer_json(q, 200, &json);
    buf_done(&json);
}

static void answer_backup(struct request *q, struct slice path, int64_t revision)
{
    struct buf json = BUF(MEM_GATEWAY, 0);
    struct json_writer w;
    json_begin(&w, &json, 0);
    json_object_open(&w);
    json_key(&w, "path");
    json_string(&w, path);
    json_key(&w, "revision");
    json_i64(&w, revision);
    json_object_close(&w);
    json_end(&w);
    answer_json(q, 200, &json);
    buf_done(&json);
}

static void back_up(struct request *q)
{
    enum { BODY_BYTES_MAX = 8192, BACKUP_S = 3600 };
    struct buf body = BUF(MEM_GATEWAY, BODY_BYTES_MAX);
    struct json_value *v = NULL;
    int64_t revision;
    int r = exchange_read_all(q->x, &body, &q->err);
    if (r < 0) {
        exchange_refuse(q->x, r, &q->err);
        buf_done(&body);
        return;
    }
    const struct json_value *path = NULL;
    if (json_parse(buf_slice(&body), &q->arena, 0, &v, NULL) == 0)
        path = json_get(v, "path");
    if (!path || path->type != JSON_STRING || !slice_starts_with(path->text, SLICE("/")) ||
        slice_find_byte(path->text, 0) >= 0) {
        answer_problem(q, 400, "bad_request", "path", "path: is to be an absolute path");
    } else {
        char *text = arena_strdup(&q->arena, path->text);
        r = store_backup(q->g->options.store, text, &revision, &q->err,
                         rt_now() + BACKUP_S * RT_SEC);
        if (r == -EEXIST)
            answer_problem(q, 409, "conflict", "path", "%s", q->err.text);
        else if (r < 0)
            answer_store_error(q, r);
        else
            answer_backup(q, path->text, revision);
    }
    buf_done(&body);
}

/* ---- routes ---- */

static const struct {
    const char *path, *method;
    void (*serve)(struct request *q);
} routes[] = {
    {"status", "GET", get_status},   {"keys", "GET", get_keys},    {"keys", "PUT", put_key},
    {"keys", "DELETE", delete_keys}, {"watch", "GET", watch_keys}, {"backup", "POST", back_up},
};

void raw_serve(struct request *q, struct slice rest)
{
    struct buf allowed = BUF(MEM_GATEWAY, 0);
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (!slice_eq_cstr(rest, routes[i].path))
            continue;
        if (slice_eq_cstr(q->method, routes[i].method)) {
            routes[i].serve(q);
            buf_done(&allowed);
            return;
        }
        buf_printf(&allowed, "%s%s", allowed.size ? ", " : "", routes[i].method);
    }
    if (allowed.size)
        answer_method(q, allowed.data);
    else
        answer_problem(q, 404, "not_found", NULL, "there is nothing at %.*s", SLICE_ARG(q->path));
    buf_done(&allowed);
}
