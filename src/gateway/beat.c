#include "base/log.h"
#include "gateway/inside.h"
#include "model/kind.h"
#include "store/store.h"
#include "wire/json.h"
#include "wire/url_escape.h"

/* POST /v1/heartbeats/CHECK: a sign of life, kept in the store, where every control plane sees it.
 * Whether there is such a check is not asked: one that is declared later begins with it. */

void beat_serve(struct request *q, struct slice rest)
{
    enum { TIME_BYTES = LOG_TIME_BYTES };
    struct slice name, namespace_;
    char at[TIME_BYTES];
    if (!slice_eq(q->method, SLICE("POST")) && !slice_eq(q->method, SLICE("PUT"))) {
        answer_method(q, "POST, PUT");
        return;
    }
    if (param_text(q, "namespace", &namespace_) < 0)
        return;
    if (!namespace_.size)
        namespace_ = SLICE("default");
    if (url_unescape(rest, false, &q->arena, &name, &q->err) < 0 || !kind_name_ok(name) ||
        !kind_name_ok(namespace_)) {
        answer_problem(q, 400, "bad_request", "name", "'%.*s' is no name of a check",
                       SLICE_ARG(rest));
        return;
    }
    struct buf json = BUF(MEM_GATEWAY, 0);
    struct json_writer w;
    log_format_time(rt_wall_now(), at);
    json_begin(&w, &json, 0);
    json_object_open(&w);
    json_key(&w, "at");
    json_string(&w, (struct slice){at, sizeof(at)});
    json_object_close(&w);
    json_end(&w);
    struct slice key = key_make(q, "/heartbeats/", namespace_, name);
    int r = store_put(q->g->options.store, key, buf_slice(&json), 0, NULL, &q->err, gateway_soon());
    if (r < 0)
        answer_store_error(q, r);
    else
        answer_json(q, 200, &json);
    buf_done(&json);
}
