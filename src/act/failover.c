#include "act/actions.h"

#include <errno.h>
#include <string.h>

#include "act/doing.h"
#include "base/log.h"
#include "store/store.h"
#include "wire/key_part.h"

/* Another asset takes over: that is written down where whoever leads traffic reads it. */

enum { CALL_MS = 10 * 1000 };

static rt_time soon(const struct doing *d)
{
    rt_time latest = rt_now() + CALL_MS * RT_MS;
    return d->deadline < latest ? d->deadline : latest;
}

static struct slice key_of(struct doing *d, const char *prefix, const char *asset)
{
    const char *namespace_ = doing_variable(d, "FIREBREAK_NAMESPACE");
    struct buf key = BUF(MEM_ACT, 0);
    buf_printf(&key, "%s%s/", prefix, namespace_ && namespace_[0] ? namespace_ : "default");
    key_part_append(&key, slice_from(asset));
    char *text = arena_strdup(&d->result->arena, buf_slice(&key));
    buf_done(&key);
    return slice_from(text);
}

/* Nobody is given work that he cannot do: neither one that has failed, nor one of whom nothing is
 * known. */
static bool is_fit(struct doing *d, const char *to)
{
    struct store_kv kv;
    struct json_value *v;
    struct err err = {0};
    int r = store_get(d->act->store, key_of(d, "/state/assets/", to), &d->result->arena, &kv, &err,
                      soon(d));
    if (r < 0) {
        doing_fail_code(d, r, &err);
        return false;
    }
    const struct json_value *state = NULL;
    if (kv.version && json_parse(kv.value, &d->result->arena, 0, &v, NULL) == 0)
        state = json_get(v, "state");
    if (!state || state->type != JSON_STRING) {
        doing_fail(d, REASON_NOT_SERVING, "nothing is known of the asset %s", to);
        return false;
    }
    if (!slice_eq_cstr(state->text, "Failed") && !slice_eq_cstr(state->text, "Unknown"))
        return true;
    doing_fail(d, REASON_NOT_SERVING, "the asset %s is %.*s", to, SLICE_ARG(state->text));
    return false;
}

static void put_text(struct json_writer *w, const char *key, const char *value)
{
    json_key_slice(w, slice_from(key));
    json_cstr(w, value);
}

static int write_down(struct doing *d, const char *asset, const char *to, struct err *err)
{
    struct buf value = BUF(MEM_ACT, 0);
    struct json_writer w;
    char at[LOG_TIME_BYTES + 1] = {0};
    log_format_time(rt_wall_now(), at);
    json_begin(&w, &value, 0);
    json_object_open(&w);
    put_text(&w, "asset", asset);
    put_text(&w, "to", to);
    put_text(&w, "at", at);
    put_text(&w, "task", doing_variable(d, "FIREBREAK_TASK"));
    put_text(&w, "trace_id", doing_variable(d, "FIREBREAK_TRACE_ID"));
    json_object_close(&w);
    json_end(&w);
    int r = store_put(d->act->store, key_of(d, "/failover/", asset), buf_slice(&value), 0, NULL,
                      err, soon(d));
    buf_done(&value);
    return r;
}

/* To itself: it has its own work again. */
static void fail_over(struct doing *d, const char *asset, const char *to)
{
    struct err err = {0};
    bool back = strcmp(asset, to) == 0;
    int64_t r = 0;
    if (!back && !is_fit(d, to))
        return;
    if (d->spec->dry_run) {
        doing_say(d, back ? "%s would have its own work again" : "the work of %s would go to %s",
                  asset, to);
        return;
    }
    if (back)
        r = store_delete(d->act->store, store_key(key_of(d, "/failover/", asset)), NULL, &err,
                         soon(d));
    else
        r = write_down(d, asset, to, &err);
    if (r < 0) {
        doing_fail_code(d, (int)r, &err);
        return;
    }
    doing_say(d, back ? "%s has its own work again" : "the work of %s goes to %s", asset, to);
    doing_output(d, "TO", to);
}

int act_failover(struct act *a, const struct exec_spec *spec, const struct exec_sink *sink,
                 struct exec_result *ret_result, struct err *err, rt_time deadline)
{
    struct doing d;
    struct exec_result r;
    int code = doing_begin(&d, a, spec, "failover", sink, &r, err, deadline);
    if (code < 0)
        return code;
    const char *asset = doing_variable(&d, "FIREBREAK_ASSET");
    const char *to = doing_text(&d, "to");
    if (!to || !to[0])
        to = doing_variable(&d, "FIREBREAK_STANDBY");
    if (!asset)
        doing_fail(&d, REASON_NOT_SERVING, "whose work is to go elsewhere? A remedy knows");
    else if (!to || !to[0])
        doing_fail(&d, REASON_NOT_SERVING, "the asset %s has no standby", asset);
    else if (!a->store)
        doing_fail(&d, REASON_NOT_SERVING, "this node has no store to write it into");
    else
        fail_over(&d, asset, to);
    code = doing_end(&d, err);
    if (code == 0)
        *ret_result = r;
    return code;
}
