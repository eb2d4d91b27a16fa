#include "net/http.h"

#include <errno.h>

#include "observe/judge.h"
#include "observe/story.h"

enum { READ_BYTES = 16 * 1024 }; /* of a body at once */

int observe_http_client(struct observer *o, const struct probe_target *t, struct probe_result *r,
                        rt_time deadline)
{
    /* A page may lead from http to https: then the roots are read on the way. */
    if (observe_tls_context(o, t->tls, r, deadline) < 0)
        return -1;
    if (o->http)
        return 0;
    struct http_client_options options = {
        .dns = o->dns,
        .tls = o->tls,
        .proxies = {o->spec->http_proxy, o->spec->https_proxy, o->spec->no_proxy},
        .no_keep = true,
        .connect = observe_connect_from,
        .connect_ctx = o,
    };
    int code = http_client_open(&options, &o->http);
    if (code < 0)
        probe_result_fail_errno(r, "http", code);
    return code < 0 ? -1 : 0;
}

void observe_http_address(struct slice url, struct arena *a, struct http_request *q)
{
    struct slice rest = url, scheme = slice_cut(&rest, ':');
    bool tls = slice_eq_nocase(scheme, SLICE("h2"));
    q->url = url;
    q->version = HTTP_VERSION_ANY;
    if (!tls && !slice_eq_nocase(scheme, SLICE("h2c")))
        return;
    q->url = slice_from(arena_printf(a, "%s:%.*s", tls ? "https" : "http", SLICE_ARG(rest)));
    q->version = HTTP_VERSION_2;
}

/* The host that was looked up last, which a redirect may have named: the target's own is known. */
static void lookup_failed(const struct probe_target *t, struct probe_result *r,
                          const struct http_trace *trace, int code, const struct err *err)
{
    observe_lookup_failed(r, t->host, code);
    if (trace->redirects && err->code)
        probe_result_fail(r, r->reason, "lookup %s, after a redirect", err->text);
}

void observe_proxy_failed(struct observer *o, struct probe_result *r, int code,
                          const struct err *err)
{
    observe_step_failed(o, r, "proxy", code, err);
    bool answered = r->reason != REASON_TIMEOUT && r->reason != REASON_LIMIT &&
                    r->reason != REASON_CANCELED;
    if (answered)
        r->reason = REASON_PROXY_REFUSED;
}

/* What of HTTP/2 is missing: its SETTINGS, the answer, or the end of that. */
static void add_words(struct probe_result *r, const struct err *err)
{
    const char *before = arena_strdup(&r->arena, slice_from(r->detail));
    probe_result_fail(r, r->reason, "%s: %s", before, err->text);
}

void observe_http_failed(struct observer *o, const struct probe_target *t, struct probe_result *r,
                         const struct http_trace *trace, int code, const struct err *err)
{
    switch (trace->phase) {
    case HTTP_PHASE_PROXY:
        observe_proxy_failed(o, r, code, err);
        return;
    case HTTP_PHASE_DNS:
        lookup_failed(t, r, trace, code, err);
        return;
    case HTTP_PHASE_CONNECT:
        observe_connect_failed(o, r, code);
        return;
    case HTTP_PHASE_TLS:
        observe_tls_failed(o, r, &trace->tls, code, err);
        return;
    case HTTP_PHASE_REDIRECT:
        probe_result_fail(r, code == -ELOOP ? REASON_REDIRECT_LIMIT : REASON_PROTOCOL, "%s",
                          err->code ? err->text : err_name(code));
        return;
    default:
        observe_step_failed(o, r, trace->phase == HTTP_PHASE_BODY ? "body" : "answer", code, err);
        if (code == -ETIMEDOUT && trace->http2)
            add_words(r, err);
        if (code == -EPROTO) /* an alert, as for a certificate of ours that the peer misses */
            r->reason = REASON_TLS_PROTOCOL;
    }
}

static void take_trace(const struct http_trace *trace, struct probe_result *r)
{
    if (trace->address.family != AF_UNSPEC)
        rt_addr_format(&trace->address, true, r->address);
    r->dns_ns = trace->dns_ns;
    r->connect_ns = trace->connect_ns;
    r->tls_ns = trace->tls_ns;
    r->first_byte_ns = trace->first_byte_ns;
    r->status = trace->status;
    observe_tls_report(&trace->tls, r);
}

/* Takes n more bytes of what all bodies that are looked at may hold together. Thousands of large
 * ones wait for each other, as for everything that we lack. */
static bool take_share(struct observer *o, size_t n)
{
    if (*o->body_held + n > OBSERVE_BODIES_BYTES_MAX)
        return false;
    *o->body_held += n;
    return true;
}

/* Reads as much as a check needs, into *body; without one, enough to see that the answer does not
 * break, and keeps none of it. Returns 0; 1: there is more than is looked at; or as http_read, or
 * -ENOBUFS: we hold too much already. */
static int collect(struct observer *o, struct http_response *resp, struct buf *body,
                   struct err *err, rt_time deadline)
{
    size_t seen = 0;
    char *room;
    for (;;) {
        buf_reserve(body, READ_BYTES, &room);
        ssize_t n = http_read(resp, room, READ_BYTES, err, deadline);
        if (n <= 0)
            return (int)n;
        seen += (size_t)n;
        if (seen > PROBE_BODY_BYTES_MAX)
            return 1;
        if (!judge_is_asked(o->spec))
            continue;
        if (!take_share(o, (size_t)n))
            return err_set(err, -ENOBUFS, "more than %d MiB of answers are being looked at",
                           OBSERVE_BODIES_BYTES_MAX >> 20);
        buf_commit(body, (size_t)n);
    }
}

static void read_body(struct observer *o, struct http_response *resp, struct http_trace *trace,
                      struct probe_result *r, rt_time deadline)
{
    struct buf body = BUF(MEM_OBSERVE, 0);
    struct err err = {0};
    int code = collect(o, resp, &body, &err, deadline);
    trace->phase = HTTP_PHASE_BODY;
    if (code == 1 && judge_is_asked(o->spec))
        probe_result_fail(r, REASON_TOO_LARGE, "the body is larger than the %d MiB that are "
                          "looked at", PROBE_BODY_BYTES_MAX >> 20);
    else if (code < 0)
        observe_http_failed(o, r->target, r, trace, code, &err);
    if (r->reason == REASON_OK)
        judge_answer(o->spec, buf_slice(&body), r, deadline);
    *o->body_held -= body.size;
    buf_done(&body);
}

static void answered(struct observer *o, struct http_response *resp, struct http_trace *trace,
                     struct probe_result *r, rt_time deadline)
{
    enum { PROXY_WANTS_LOGIN = 407 };
    const struct http1_head *head = http_head(resp);
    if (trace->proxied && head->status == PROXY_WANTS_LOGIN) {
        probe_result_fail(r, REASON_PROXY_REFUSED, "proxy: status 407 %s",
                          http1_status_words(head->status));
        return;
    }
    if (!judge_status(o->spec->status, head->status)) {
        const char *words = http1_status_words(head->status);
        probe_result_fail(r, REASON_HTTP_STATUS, "status %d%s%s", head->status, words[0] ? " " : "",
                          words);
        return;
    }
    read_body(o, resp, trace, r, deadline);
}

/* After it happened: the trace has the times. */
static __attribute__((noinline)) void tell(struct observer *o, const struct http_trace *trace,
                                           const struct http_response *resp, int code,
                                           const struct err *err)
{
    char text[RT_ADDR_TEXT_MAX], took[DURATION_TEXT_MAX];
    if (trace->address.family != AF_UNSPEC && trace->connect_ns >= 0)
        TELL(o, "connect", "%s%s after %s", rt_addr_format(&trace->address, true, text),
             trace->phase <= HTTP_PHASE_CONNECT ? " did not answer" : " answered",
             story_time(trace->connect_ns, took));
    if (trace->phase == HTTP_PHASE_PROXY)
        TELL(o, "proxy", "%s", err->code ? err->text : err_name(code));
    if (trace->phase >= HTTP_PHASE_TLS && trace->tls_ns >= 0)
        story_tls(o->story, &trace->tls, trace->tls_ns,
                  trace->phase == HTTP_PHASE_TLS ? code : 0, err);
    /* Not the URL: a chain may have filled a secret into it. */
    TELL(o, "http", "%s%s", o->spec->method,
         trace->redirects ? ", and where the answer led" : "");
    story_http(o->story, trace, resp ? http_head(resp) : NULL, code, err);
}

void probe_http(struct observer *o, const struct probe_target *t, struct probe_result *r,
                rt_time deadline)
{
    const struct probe_spec *spec = o->spec;
    if (observe_http_client(o, t, r, deadline) < 0)
        return;
    struct http1_field *fields = arena_alloc_array(&r->arena, PROBE_HEADERS_MAX, sizeof(*fields));
    for (uint32_t i = 0; i < spec->header_count; i++)
        fields[i] = (struct http1_field){spec->headers[i].name, spec->headers[i].value};
    struct http_request request = {
        .method = slice_from(spec->method),
        .fields = fields,
        .field_count = spec->header_count,
        .body = spec->data,
        .redirects_max = spec->redirects,
        .server_name = spec->server_name,
        .no_keep = true,
    };
    observe_http_address(t->url, &r->arena, &request);
    struct http_trace trace = {.arena = o->story ? &o->story->arena : NULL};
    struct http_response *resp;
    struct err err = {0};
    int code = http_open(o->http, &request, &resp, &trace, &err, deadline);
    take_trace(&trace, r);
    if (o->story)
        tell(o, &trace, code < 0 ? NULL : resp, code, &err);
    if (code < 0) {
        observe_http_failed(o, t, r, &trace, code, &err);
        return;
    }
    answered(o, resp, &trace, r, deadline);
    http_close(resp);
}
