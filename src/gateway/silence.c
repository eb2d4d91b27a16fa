#include <errno.h>
#include <inttypes.h>

#include "gateway/inside.h"
#include "store/healing.h"
#include "wire/url_escape.h"

#define SILENCES HEALING_PREFIX "silences/"

/* What people want kept quiet: GET and POST /v1/silences, DELETE /v1/silences/{name}. */

static void list(struct request *q)
{
    struct store_range range = {.keys = store_prefix(SLICE(SILENCES))};
    struct store_range_result got;
    struct buf json = BUF(MEM_GATEWAY, 0);
    bool first = true;
    int r = store_range(q->g->options.store, &range, &q->arena, &got, &q->err, gateway_soon());
    if (r < 0) {
        answer_store_error(q, r);
        return;
    }
    buf_append_cstr(&json, "{\"items\":[");
    for (uint32_t i = 0; i < got.count; i++) {
        struct healing_word w;
        if (healing_read(&got.kvs[i], &q->arena, &w, &q->err) < 0)
            continue;
        buf_printf(&json, "%s%.*s", first ? "" : ",", SLICE_ARG(slice_trim(got.kvs[i].value)));
        first = false;
    }
    buf_printf(&json, "],\"next\":\"\",\"revision\":%lld}", (long long)got.revision);
    answer_json(q, 200, &json);
    buf_done(&json);
}

/* {"selector","for_ms","reason","name"}; the last two may be missing. */
static int read_wanted(struct request *q, struct healing_word *ret)
{
    const struct json_value *v = NULL, *m;
    struct slice text;
    int64_t ms = 0;
    static const char *const texts[] = {"selector", "reason", "name"};
    struct slice *const into[] = {&ret->selector, &ret->reason, &ret->asset};
    if (body_read(q, &text, &v) < 0)
        return -EINVAL;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        m = json_get(v, texts[i]);
        if (m && m->type != JSON_STRING && m->type != JSON_NULL) {
            answer_problem(q, 400, "bad_value", texts[i], "%s: is to be a text", texts[i]);
            return -EINVAL;
        }
        *into[i] = m ? m->text : (struct slice){0};
    }
    m = json_get(v, "for_ms");
    if (!m || json_to_i64(m, &ms) < 0 || ms <= 0 || ms > HEALING_S_MAX * INT64_C(1000)) {
        answer_problem(q, 400, "bad_value", "for_ms", "for_ms: milliseconds, up to a year");
        return -EINVAL;
    }
    ret->until_ms = ret->at_ms + ms;
    return 0;
}

static void add(struct request *q)
{
    struct healing_word w = {
        .type = HEALING_SILENCE, .by = request_by(q), .at_ms = rt_wall_now() / RT_MS};
    struct store_kv kv;
    if (read_wanted(q, &w) < 0)
        return;
    if (w.asset.size == 0)
        w.asset = slice_from(arena_printf(&q->arena, "silence-%08" PRIx32, (uint32_t)rt_random()));
    int r = healing_say(q->g->options.store, &w, &q->err, gateway_soon());
    if (r == -EINVAL) {
        answer_problem(q, 400, "bad_value", "selector", "%s", q->err.text);
        return;
    }
    if (r == 0)
        r = store_get(q->g->options.store, healing_key(&w, &q->arena), &q->arena, &kv, &q->err,
                      gateway_soon());
    if (r < 0) {
        answer_store_error(q, r);
        return;
    }
    struct buf json = BUF(MEM_GATEWAY, 0);
    buf_append_slice(&json, slice_trim(kv.value));
    answer_json(q, 201, &json);
    buf_done(&json);
}

static void remove_one(struct request *q, struct slice part)
{
    struct healing_word w = {.type = HEALING_SILENCE};
    struct buf json = BUF(MEM_GATEWAY, 0);
    int r = url_unescape(part, false, &q->arena, &w.asset, &q->err);
    if (r == 0)
        r = healing_unsay(q->g->options.store, &w, &q->err, gateway_soon());
    if (r == -ENOENT)
        answer_problem(q, 404, "not_found", "name", "%s", q->err.text);
    else if (r < 0)
        answer_store_error(q, r);
    else {
        struct json_writer j;
        json_begin(&j, &json, 0);
        json_object_open(&j);
        json_key(&j, "name");
        json_string(&j, w.asset);
        json_object_close(&j);
        json_end(&j);
        answer_json(q, 200, &json);
    }
    buf_done(&json);
}

void silences_serve(struct request *q, struct slice rest)
{
    bool get = slice_eq(q->method, SLICE("GET")) || slice_eq(q->method, SLICE("HEAD"));
    if (rest.size && !slice_eq(q->method, SLICE("DELETE")))
        answer_method(q, "DELETE");
    else if (rest.size)
        remove_one(q, rest);
    else if (get)
        list(q);
    else if (slice_eq(q->method, SLICE("POST")))
        add(q);
    else
        answer_method(q, "GET, HEAD, POST");
}
