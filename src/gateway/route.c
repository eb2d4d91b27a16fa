#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "gateway/inside.h"
#include "wire/url_escape.h"

#define JSON_TYPE "application/json"

/* ---- answers ---- */

void answer_json(struct request *q, uint16_t status, struct buf *json)
{
    buf_append_byte(json, '\n');
    exchange_answer(q->x, status, JSON_TYPE, buf_slice(json));
}

void answer_problem(struct request *q, uint16_t status, const char *reason, const char *field,
                    const char *fmt, ...)
{
    struct buf detail = BUF(MEM_GATEWAY, 0);
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&detail, fmt, args);
    va_end(args);
    exchange_problem(q->x, status, reason, field, detail.data);
    buf_done(&detail);
}

void answer_method(struct request *q, const char *allowed)
{
    exchange_field(q->x, "Allow", slice_from(allowed));
    answer_problem(q, 405, "method", NULL, "%.*s is not for this path: %s", SLICE_ARG(q->method),
                   allowed);
}

void answer_store_error(struct request *q, int code)
{
    static const struct {
        int code;
        uint16_t status;
        const char *reason;
    } answers[] = {
        {-ENODATA, 410, "compacted"},  {-ERANGE, 400, "bad_request"}, {-EINVAL, 400, "bad_request"},
        {-EMSGSIZE, 413, "too_large"}, {-ENOBUFS, 503, "limit"},      {-EOPNOTSUPP, 501, "method"},
        {-EEXIST, 409, "conflict"},
    };
    for (size_t i = 0; i < ARRAY_LEN(answers); i++)
        if (answers[i].code == code) {
            answer_problem(q, answers[i].status, answers[i].reason, NULL, "%s", q->err.text);
            return;
        }
    answer_problem(q, 503, "unavailable", NULL, "%s", q->err.text);
}

/* ---- parameters ---- */

static int bad_param(struct request *q, const char *name, const char *what)
{
    answer_problem(q, 400, "bad_request", name, "%s: %s", name, what);
    return -EINVAL;
}

int param_text(struct request *q, const char *name, struct slice *ret)
{
    int r = url_query_get(q->query, name, &q->arena, ret, &q->err);
    return r < 0 ? bad_param(q, name, q->err.text) : 0;
}

int param_number(struct request *q, const char *name, int64_t dflt, int64_t max, int64_t *ret,
                 bool *ret_given)
{
    struct slice text;
    uint64_t v = (uint64_t)dflt;
    int r = url_query_get(q->query, name, &q->arena, &text, &q->err);
    if (r < 0)
        return bad_param(q, name, q->err.text);
    if (ret_given)
        *ret_given = r > 0;
    if (r > 0 && slice_to_u64(text, (uint64_t)max, &v) < 0) {
        answer_problem(q, 400, "bad_request", name, "%s: '%.*s' is no whole number up to %lld",
                       name, SLICE_ARG(text), (long long)max);
        return -EINVAL;
    }
    *ret = (int64_t)v;
    return 0;
}

int param_flag(struct request *q, const char *name, bool *ret)
{
    struct slice text;
    int r = url_query_get(q->query, name, &q->arena, &text, &q->err);
    if (r < 0)
        return bad_param(q, name, q->err.text);
    *ret = r > 0 && (text.size == 0 || slice_eq(text, SLICE("true")) || slice_eq(text, SLICE("1")));
    if (r > 0 && !*ret && !slice_eq(text, SLICE("false")) && !slice_eq(text, SLICE("0")))
        return bad_param(q, name, "is neither true nor false");
    return 0;
}

int param_selector(struct request *q, struct selector **ret)
{
    struct slice text;
    int r = param_text(q, "selector", &text);
    if (r < 0)
        return r;
    struct selector *s = arena_new(&q->arena, struct selector);
    if (selector_parse(text, s, &q->err) < 0)
        return bad_param(q, "selector", q->err.text);
    *ret = s;
    return 0;
}

/* ---- who, and what ---- */

static bool may(struct request *q)
{
    struct rt_cred peer;
    int r = exchange_peer(q->x, &peer);
    if (r == 0 && (peer.uid == 0 || peer.uid == q->g->options.own_uid))
        return true;
    if (r < 0)
        answer_problem(q, 403, "forbidden", NULL, "nobody knows who asks: use the unix socket");
    else
        answer_problem(q, 403, "forbidden", NULL,
                       "user %u may not: root and user %u, whose socket this is, may", peer.uid,
                       q->g->options.own_uid);
    return false;
}

static void collection_init(struct collection *c, const struct kind *k)
{
    *c = (struct collection){.kind = k, .word = slice_from(k ? k->plural : "events")};
    c->tasks = k && strcmp(k->name, "task") == 0;
    bool flat = c->tasks || (k && strcmp(k->name, "node") == 0);
    c->raw = !k || flat;
    c->namespaced = !flat;
    if (c->raw) {
        snprintf(c->registry, sizeof(c->registry), "/%.*s/", SLICE_ARG(c->word));
        c->lost = k && strcmp(k->name, "node") == 0;
        if (c->lost)
            snprintf(c->state, sizeof(c->state), "/nodes_known/");
        return;
    }
    snprintf(c->registry, sizeof(c->registry), "/registry/%s/", k->plural);
    snprintf(c->state, sizeof(c->state), "/state/%s/", k->plural);
}

static void serve_collection(struct request *q, const struct collection *c)
{
    bool watch;
    if (!slice_eq(q->method, SLICE("GET")) && !slice_eq(q->method, SLICE("HEAD")))
        answer_method(q, "GET, HEAD");
    else if (param_flag(q, "watch", &watch) == 0)
        (watch ? watch_serve : list_serve)(q, c, (struct slice){0});
}

static void unknown_kind(struct request *q, struct slice word)
{
    const char *near = kind_suggest(word);
    answer_problem(q, 404, "not_found", "kind", "there is no kind '%.*s'%s%s%s", SLICE_ARG(word),
                   near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
}

/* What stands behind "/v1/tasks/", "/v1/nodes/" or "/v1/assets/" of a POST. */
static void serve_verb(struct request *q, const struct collection *c, struct slice rest)
{
    struct slice part = slice_cut(&rest, '/'), name;
    bool node = strcmp(c->kind->name, "node") == 0, asset = strcmp(c->kind->name, "asset") == 0;
    if (url_unescape(part, false, &q->arena, &name, &q->err) < 0)
        answer_problem(q, 400, "bad_request", "name", "%s", q->err.text);
    else if (!(asset ? asset_serve(q, c, name, rest) : task_serve(q, node, name, rest)))
        answer_problem(q, 404, "not_found", NULL, "there is nothing at %.*s", SLICE_ARG(q->path));
}

/* "assets", "assets/db"; behind "/v1/". */
static void serve_kind(struct request *q, struct slice rest)
{
    struct slice word = slice_cut(&rest, '/'), name;
    struct collection c;
    if (slice_eq(word, SLICE("store"))) {
        raw_serve(q, rest);
        return;
    }
    if (slice_eq(word, SLICE("heartbeats"))) {
        beat_serve(q, rest);
        return;
    }
    if (slice_eq(word, SLICE("why")) && q->g->options.why) {
        why_serve(q, rest);
        return;
    }
    if (slice_eq(word, SLICE("silences"))) {
        silences_serve(q, rest);
        return;
    }
    if (slice_eq(word, SLICE("plan")) && slice_eq(rest, SLICE("remedies")) &&
        q->g->options.repairs) {
        repairs_serve(q);
        return;
    }
    if (rest.size == 0 && freeze_serve(q, word))
        return;
    const struct kind *k = kind_find(word);
    if (!k && !slice_eq(word, SLICE("events")) && !slice_eq(word, SLICE("event"))) {
        unknown_kind(q, word);
        return;
    }
    collection_init(&c, k);
    bool has_verbs = k && (c.raw || strcmp(k->name, "asset") == 0);
    if (slice_eq(q->method, SLICE("POST")) && has_verbs) {
        serve_verb(q, &c, rest);
        return;
    }
    if (rest.size == 0) {
        serve_collection(q, &c);
        return;
    }
    if (url_unescape(rest, false, &q->arena, &name, &q->err) < 0)
        answer_problem(q, 400, "bad_request", "name", "%s", q->err.text);
    else if (slice_find_byte(rest, '/') >= 0)
        answer_problem(q, 404, "not_found", NULL, "there is nothing at %.*s", SLICE_ARG(q->path));
    else
        resource_serve(q, &c, name);
}

static void serve_ready(struct request *q)
{
    struct store_status s;
    int r = store_status(q->g->options.store, &s, &q->err, gateway_soon());
    if (r < 0)
        answer_store_error(q, r);
    else if (!s.writable)
        answer_problem(q, 503, "unavailable", NULL, "the store takes no writes: %s", s.trouble);
    else
        exchange_answer(q->x, 200, "text/plain", SLICE("ok\n"));
}

static void route(struct request *q)
{
    struct slice rest = q->path;
    bool get = slice_eq(q->method, SLICE("GET")) || slice_eq(q->method, SLICE("HEAD"));
    bool health = slice_eq(q->path, SLICE("/healthz")), ready = slice_eq(q->path, SLICE("/readyz")),
         metrics = slice_eq(q->path, SLICE("/metrics"));
    if ((health || ready || metrics) && !get)
        answer_method(q, "GET, HEAD");
    else if (health)
        exchange_answer(q->x, 200, "text/plain", SLICE("ok\n"));
    else if (ready)
        serve_ready(q);
    else if (metrics)
        metrics_serve(q);
    else if (slice_starts_with(rest, SLICE("/v1/")))
        serve_kind(q, slice_sub(rest, 4, rest.size));
    else
        answer_problem(q, 404, "not_found", NULL, "there is nothing at %.*s", SLICE_ARG(q->path));
}

void route_serve(void *gateway, struct http_exchange *x)
{
    const struct http1_head *head = exchange_head(x);
    struct request *q = mem_alloc(MEM_GATEWAY, sizeof(*q));
    *q = (struct request){
        .g = gateway,
        .x = x,
        .arena = ARENA(MEM_GATEWAY, 0),
        .method = head->method,
        .path = exchange_path(x),
        .query = exchange_query(x),
    };
    if (may(q))
        route(q);
    if (q->waits)
        waiting_done(q->waits);
    arena_done(&q->arena);
    mem_free(MEM_GATEWAY, q);
}
