#include <errno.h>

#include "gateway/inside.h"
#include "store/healing.h"
#include "wire/url_escape.h"

/* What people tell self-healing, and what they ask of it. */

struct slice request_by(struct request *q)
{
    struct rt_cred peer;
    if (exchange_peer(q->x, &peer) < 0)
        return SLICE("unknown");
    return slice_from(arena_printf(&q->arena, "uid %u", peer.uid));
}

static void answer_failure(struct request *q, int code)
{
    if (code == -ENOENT)
        answer_problem(q, 404, "not_found", "name", "%s", q->err.text);
    else
        answer_store_error(q, code);
}

/* The word as the store has it now, or that there is none. */
static void answer_word(struct request *q, const struct healing_word *w)
{
    struct store_kv kv;
    struct buf json = BUF(MEM_GATEWAY, 0);
    int r = store_get(q->g->options.store, healing_key(w, &q->arena), &q->arena, &kv, &q->err,
                      gateway_soon());
    if (r < 0) {
        answer_store_error(q, r);
        return;
    }
    const char *name = w->type == HEALING_FREEZE ? "frozen" : "asked";
    buf_printf(&json, "{\"%s\":%s", name, kv.version ? "true" : "false");
    struct slice members = slice_trim(kv.value);
    if (kv.version && members.size > 2 && members.data[0] == '{')
        buf_printf(&json, ",%.*s", SLICE_ARG(slice_sub(members, 1, members.size)));
    else
        buf_append_byte(&json, '}');
    answer_json(q, 200, &json);
    buf_done(&json);
}

/* ---- freeze ---- */

/* {"reason"}, which may be missing. */
static int read_reason(struct request *q, struct slice *ret)
{
    const struct json_value *v = NULL;
    struct slice text;
    if (body_read(q, &text, &v) < 0)
        return -EINVAL;
    const struct json_value *reason = json_get(v, "reason");
    if (reason && reason->type != JSON_STRING && reason->type != JSON_NULL) {
        answer_problem(q, 400, "bad_value", "reason", "reason: is to be a text");
        return -EINVAL;
    }
    *ret = reason ? reason->text : (struct slice){NULL, 0};
    return 0;
}

bool freeze_serve(struct request *q, struct slice word)
{
    bool freeze = slice_eq(word, SLICE("freeze"));
    if (!freeze && !slice_eq(word, SLICE("unfreeze")))
        return false;
    struct healing_word w = {
        .type = HEALING_FREEZE, .by = request_by(q), .at_ms = rt_wall_now() / RT_MS};
    int r = 0;
    if (slice_eq(q->method, SLICE("GET")) && freeze) {
        answer_word(q, &w);
        return true;
    }
    if (!slice_eq(q->method, SLICE("POST"))) {
        answer_method(q, freeze ? "GET, POST" : "POST");
        return true;
    }
    if (freeze && read_reason(q, &w.reason) < 0)
        return true;
    r = freeze ? healing_say(q->g->options.store, &w, &q->err, gateway_soon())
               : healing_unsay(q->g->options.store, &w, &q->err, gateway_soon());
    if (r < 0)
        answer_failure(q, r);
    else
        answer_word(q, &w);
    return true;
}

/* ---- assets ---- */

/* {"for_ms"}: how long; 0 ends it. */
static int read_for(struct request *q, int64_t *ret_ms)
{
    const struct json_value *v = NULL;
    struct slice text;
    if (body_read(q, &text, &v) < 0)
        return -EINVAL;
    const struct json_value *ms = json_get(v, "for_ms");
    if (ms && json_to_i64(ms, ret_ms) == 0 && *ret_ms >= 0 &&
        *ret_ms <= HEALING_S_MAX * INT64_C(1000))
        return 0;
    answer_problem(q, 400, "bad_value", "for_ms",
                   "for_ms: milliseconds, up to a year; 0 ends a maintenance");
    return -EINVAL;
}

static void maintain(struct request *q, struct healing_word *w)
{
    int64_t ms;
    if (read_for(q, &ms) < 0)
        return;
    w->type = HEALING_MAINTAIN;
    w->until_ms = w->at_ms + ms;
    int r = ms ? healing_say(q->g->options.store, w, &q->err, gateway_soon())
               : healing_unsay(q->g->options.store, w, &q->err, gateway_soon());
    if (r < 0)
        answer_failure(q, r);
    else
        answer_word(q, w);
}

/* Only of one that failed: else there is nothing to recover from. */
static void recover(struct request *q, const struct collection *c, struct slice namespace_,
                    struct slice name, struct healing_word *w)
{
    struct resource found;
    struct slice key;
    int r = resource_read(q, c, namespace_, name, &found, NULL);
    if (r == 0 && resource_parse(&found, &q->arena, &key, &q->err) < 0) {
        answer_problem(q, 500, "bad_value", NULL, "%s", q->err.text);
        return;
    }
    const struct json_value *state = r == 0 && found.state ? json_get(found.state, "state") : NULL;
    if (state && !slice_eq(state->text, SLICE("Failed"))) {
        answer_problem(q, 409, "conflict", "state",
                       "the asset '%.*s' is %.*s: one that is Failed is recovered", SLICE_ARG(name),
                       SLICE_ARG(state->text));
        return;
    }
    w->type = HEALING_RECOVER;
    if (r == 0)
        r = healing_say(q->g->options.store, w, &q->err, gateway_soon());
    if (r < 0)
        answer_failure(q, r);
    else
        answer_word(q, w);
}

bool asset_serve(struct request *q, const struct collection *c, struct slice name,
                 struct slice verb)
{
    struct slice namespace_;
    bool maintains = slice_eq(verb, SLICE("maintain"));
    if (name.size == 0 || (!maintains && !slice_eq(verb, SLICE("recover"))))
        return false;
    if (param_text(q, "namespace", &namespace_) < 0)
        return true;
    if (namespace_.size == 0)
        namespace_ = SLICE("default");
    struct healing_word w = {
        .asset = key_make(q, "", namespace_, name),
        .by = request_by(q),
        .at_ms = rt_wall_now() / RT_MS,
    };
    if (maintains)
        maintain(q, &w);
    else
        recover(q, c, namespace_, name, &w);
    return true;
}

/* ---- why ---- */

/* "asset/web" or a trace id. */
void why_serve(struct request *q, struct slice rest)
{
    struct gateway_why ask = {.all = false};
    struct slice first = slice_cut(&rest, '/');
    struct gateway_story story = {.items = BUF(MEM_GATEWAY, 0), .notified = BUF(MEM_GATEWAY, 0)};
    struct buf json = BUF(MEM_GATEWAY, 0);
    if (!slice_eq(q->method, SLICE("GET")) && !slice_eq(q->method, SLICE("HEAD"))) {
        answer_method(q, "GET, HEAD");
        return;
    }
    if (param_text(q, "namespace", &ask.namespace_) < 0 || param_flag(q, "all", &ask.all) < 0)
        return;
    if (ask.namespace_.size == 0)
        ask.namespace_ = SLICE("default");
    struct slice name = rest.data ? rest : first;
    if (rest.data)
        ask.kind = first;
    int r = url_unescape(name, false, &q->arena, &name, &q->err);
    *(rest.data ? &ask.name : &ask.trace) = name;
    if (r == 0)
        r = q->g->options.why(q->g->options.ctx, &ask, &story, &q->err);
    if (r == -ENOENT)
        answer_problem(q, 404, "not_found", "name", "%s", q->err.text);
    else if (r < 0)
        answer_store_error(q, r);
    else {
        buf_printf(&json, "{\"items\":[%.*s],\"next\":\"\",\"revision\":%lld,\"notified\":[%.*s]}",
                   SLICE_ARG(buf_slice(&story.items)), (long long)story.revision,
                   SLICE_ARG(buf_slice(&story.notified)));
        answer_json(q, 200, &json);
    }
    buf_done(&story.items);
    buf_done(&story.notified);
    buf_done(&json);
}

/* ---- what would be done ---- */

void repairs_serve(struct request *q)
{
    struct buf items = BUF(MEM_GATEWAY, 0), json = BUF(MEM_GATEWAY, 0);
    if (!slice_eq(q->method, SLICE("GET")) && !slice_eq(q->method, SLICE("HEAD"))) {
        answer_method(q, "GET, HEAD");
        return;
    }
    q->g->options.repairs(q->g->options.ctx, &items);
    buf_printf(&json, "{\"items\":[%.*s],\"next\":\"\"}", SLICE_ARG(buf_slice(&items)));
    answer_json(q, 200, &json);
    buf_done(&items);
    buf_done(&json);
}
