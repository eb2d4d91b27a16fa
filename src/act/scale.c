#include "act/actions.h"

#include <errno.h>

#include "act/doing.h"
#include "act/fetch.h"
#include "base/utf8.h"

/* A program, or a POST, that scales: what and how far is theirs to know, from whom it is for. */

static void put(struct json_writer *w, const char *key, const char *value)
{
    json_key_slice(w, slice_from(key));
    if (value)
        json_cstr(w, value);
    else
        json_null(w);
}

static void write_body(const struct doing *d, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    put(&w, "asset", doing_variable(d, "FIREBREAK_ASSET"));
    put(&w, "state", doing_variable(d, "FIREBREAK_STATE"));
    put(&w, "reason", doing_variable(d, "FIREBREAK_REASON"));
    put(&w, "remedy", doing_variable(d, "FIREBREAK_REMEDY"));
    put(&w, "trace_id", doing_variable(d, "FIREBREAK_TRACE_ID"));
    put(&w, "task", doing_variable(d, "FIREBREAK_TASK"));
    put(&w, "node", doing_variable(d, "FIREBREAK_NODE"));
    json_object_close(&w);
    json_end(&w);
}

static void say_answer(struct doing *d, uint16_t status, struct slice text)
{
    struct buf shown = BUF(MEM_ACT, 0);
    while (text.data) {
        buf_clear(&shown);
        utf8_append_shown(&shown, slice_cut(&text, '\n'));
        if (shown.size)
            doing_say(d, "%s", shown.data);
    }
    if (status < 200 || status > 299)
        doing_fail(d, REASON_HTTP_STATUS, "the answer is status %u", status);
    buf_done(&shown);
}

static void post(struct doing *d, const char *url)
{
    struct buf body = BUF(MEM_ACT, 0), answer = BUF(MEM_ACT, ACT_ANSWER_BYTES_MAX);
    struct err err = {0};
    struct fetch f;
    write_body(d, &body);
    if (d->spec->dry_run) {
        doing_say(d, "would post %s to %s", body.data, url);
        buf_done(&body);
        return;
    }
    const struct http1_field type = {SLICE("Content-Type"), SLICE("application/json")};
    struct http_request q = {.method = SLICE("POST"), .url = slice_from(url), .fields = &type,
                             .field_count = 1, .body = buf_slice(&body)};
    int r = fetch_open(&f, &q, &err, d->deadline);
    if (r == 0) {
        uint16_t status = fetch_status(&f);
        r = http_read_all(f.response, &answer, &err, d->deadline);
        if (r == 0 || r == -EMSGSIZE) /* its beginning is enough */
            say_answer(d, status, buf_slice(&answer));
    }
    if (r < 0 && r != -EMSGSIZE)
        doing_fail_code(d, r, &err);
    fetch_close(&f);
    buf_done(&answer);
    buf_done(&body);
}

/* Returns NULL: it is no list of words. */
static const char *const *words_of(const struct doing *d)
{
    const struct json_value *list = json_get(d->what, "argv"), *v;
    struct arena *a = &d->result->arena;
    size_t count = 0;
    if (!list || list->type != JSON_ARRAY)
        return NULL;
    const char **argv = arena_alloc_array(a, list->count + 1, sizeof(*argv));
    for (v = list->first; v; v = v->next) {
        if (v->type != JSON_STRING || exec_text(a, v->text, "argv", &argv[count], NULL) < 0)
            return NULL;
        count++;
    }
    return count ? argv : NULL;
}

static int run(struct doing *d, const char *const *argv, struct err *err)
{
    struct exec_spec spec = *d->spec;
    struct exec_result r;
    if (d->spec->dry_run) {
        doing_say(d, "would run %s", argv[0]);
        return doing_end(d, err);
    }
    spec.kind = ACTION_RUN;
    spec.argv = argv;
    int code = act_exec(d->act, &spec, NULL, d->sink, &r, err, d->deadline);
    exec_result_done(d->result); /* with argv */
    if (code == 0)
        *d->result = r;
    return code;
}

int act_scale(struct act *a, const struct exec_spec *spec, const struct exec_sink *sink,
              struct exec_result *ret_result, struct err *err, rt_time deadline)
{
    struct doing d;
    struct exec_result r;
    int code = doing_begin(&d, a, spec, "scale", sink, &r, err, deadline);
    if (code < 0)
        return code;
    const char *url = doing_text(&d, "url");
    const char *const *argv = words_of(&d);
    if (!url == !argv) {
        exec_result_done(&r);
        return err_set(err, -EBADMSG, "scale: argv or url, one of them");
    }
    if (url)
        post(&d, url);
    code = argv ? run(&d, argv, err) : doing_end(&d, err);
    if (code == 0)
        *ret_result = r;
    return code;
}
