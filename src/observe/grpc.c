#include "net/grpc.h"

#include <errno.h>

#include "base/utf8.h"
#include "observe/story.h"
#include "wire/protobuf.h"

/* grpc.health.v1: Check, of one service or (with an empty name) of the server as a whole. */

enum { SHOWN_COLUMNS_MAX = 160, UNKNOWN = 0, SERVING = 1, NOT_SERVING = 2, SERVICE_UNKNOWN = 3 };

static enum probe_reason reason_of(enum grpc_code code)
{
    switch (code) {
    case GRPC_UNAUTHENTICATED:
    case GRPC_PERMISSION_DENIED:
        return REASON_PERMISSION;
    case GRPC_NOT_FOUND: /* it does not know the service that was asked for */
    case GRPC_UNAVAILABLE:
    case GRPC_RESOURCE_EXHAUSTED:
        return REASON_NOT_SERVING;
    case GRPC_DEADLINE_EXCEEDED:
        return REASON_TIMEOUT;
    default:
        return REASON_PROTOCOL;
    }
}

static void fail_with_words(struct probe_result *r, enum probe_reason reason, const char *text)
{
    struct buf shown = BUF(MEM_OBSERVE, 0);
    utf8_append_shown(&shown, utf8_cut_columns(slice_from(text), SHOWN_COLUMNS_MAX));
    probe_result_fail(r, reason, "%s", shown.data ? shown.data : "");
    buf_done(&shown);
}

static void judge(struct slice reply, struct probe_result *r)
{
    struct pb_field f;
    uint64_t status = UNKNOWN;
    int code;
    while ((code = pb_next(&reply, &f)) > 0)
        if (f.tag == PB_TAG(1, PB_VARINT))
            status = f.number;
    if (code < 0)
        probe_result_fail(r, REASON_PROTOCOL, "the answer is no HealthCheckResponse");
    else if (status == NOT_SERVING)
        probe_result_fail(r, REASON_NOT_SERVING, "NOT_SERVING");
    else if (status == SERVICE_UNKNOWN)
        probe_result_fail(r, REASON_NOT_SERVING, "SERVICE_UNKNOWN");
    else if (status != SERVING)
        probe_result_fail(r, REASON_NOT_SERVING, "its status is unknown (%u)", (unsigned)status);
}

/* Metadata has names in lower case; the values are the caller's. */
static struct grpc_field *metadata_of(const struct probe_spec *spec, struct arena *a)
{
    struct grpc_field *list = arena_alloc_array(a, GRPC_METADATA_COUNT_MAX, sizeof(*list));
    for (uint32_t i = 0; i < spec->header_count && i < GRPC_METADATA_COUNT_MAX; i++) {
        char *name = arena_strdup(a, spec->headers[i].name);
        for (char *c = name; *c; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c + ('a' - 'A'));
        list[i] = (struct grpc_field){slice_from(name), spec->headers[i].value};
    }
    return list;
}

static __attribute__((noinline)) void tell_answer(struct observer *o,
                                                  struct slice service, int code,
                                                  const struct err *err,
                                                  const struct probe_result *r)
{
    char took[DURATION_TEXT_MAX];
    TELL(o, "asked", "grpc.health.v1.Health/Check of %s%.*s",
         service.size ? "" : "the server as a whole", SLICE_ARG(service));
    if (code < 0)
        TELL(o, "answer", "%s", err->code ? err->text : err_name(code));
    else
        TELL(o, "answer", "%s (after %s)", r->reason == REASON_OK ? "SERVING" : r->detail,
             story_time(r->first_byte_ns, took));
}

static void check(struct observer *o, const struct probe_target *t, struct grpc_conn *conn,
                  struct probe_result *r, rt_time deadline)
{
    enum { REPLY_BYTES_MAX = 64 * 1024 };
    struct buf message = BUF(MEM_OBSERVE, 0), reply = BUF(MEM_OBSERVE, REPLY_BYTES_MAX);
    struct grpc_answer *answer = arena_new(&r->arena, struct grpc_answer);
    struct err err = {0};
    uint32_t count = o->spec->header_count;
    struct grpc_request request = {
        .path = SLICE("/grpc.health.v1.Health/Check"),
        .metadata = metadata_of(o->spec, &r->arena),
        .metadata_count = count < GRPC_METADATA_COUNT_MAX ? count : GRPC_METADATA_COUNT_MAX,
    };
    pb_put_bytes(&message, 1, t->extra->service);
    rt_time begin = rt_now_exact();
    int code = grpc_call(conn, &request, buf_slice(&message), &reply, answer, &err, deadline);
    if (code == 0 || code == -EREMOTEIO)
        r->first_byte_ns = rt_now_exact() - begin;
    if (code == 0)
        judge(buf_slice(&reply), r);
    else if (code == -EREMOTEIO)
        fail_with_words(r, reason_of(answer->status.code), err.text);
    else if (code == -ENETDOWN)
        fail_with_words(r, REASON_CLOSED, err.text);
    else
        observe_step_failed(o, r, "answer", code, &err);
    if (o->story)
        tell_answer(o, t->extra->service, code, &err, r);
    buf_done(&message);
    buf_done(&reply);
}

static void not_connected(struct observer *o, const struct probe_target *t, struct probe_result *r,
                          const struct grpc_trace *trace, int code, const struct err *err)
{
    switch (trace->phase) {
    case GRPC_PHASE_DNS:
        observe_lookup_failed(r, t->host, code);
        return;
    case GRPC_PHASE_CONNECT:
        observe_connect_failed(o, r, code);
        return;
    case GRPC_PHASE_TLS:
        observe_tls_failed(o, r, &trace->tls, code, err);
        return;
    case GRPC_PHASE_HTTP2:
        observe_step_failed(o, r, "http2", code, err);
    }
}

static __attribute__((noinline)) void tell_connection(struct observer *o,
                                                      const struct probe_target *t,
                                                      const struct grpc_trace *trace, int code,
                                                      const struct err *err, rt_time began)
{
    char text[RT_ADDR_TEXT_MAX], took[DURATION_TEXT_MAX];
    if (trace->dns_ns >= 0)
        TELL(o, "name", "%.*s was looked up in %s", SLICE_ARG(t->host),
             story_time(trace->dns_ns, took));
    if (trace->connect_ns >= 0)
        TELL(o, "connect", "%s%s after %s", rt_addr_format(&trace->address, true, text),
             trace->phase == GRPC_PHASE_CONNECT ? " did not answer" : " answered",
             story_time(trace->connect_ns, took));
    if (trace->tls_ns >= 0)
        story_tls(o->story, &trace->tls, trace->tls_ns,
                  trace->phase == GRPC_PHASE_TLS ? code : 0, err);
    if (trace->phase == GRPC_PHASE_HTTP2)
        TELL(o, "http2", "%s (%s in all)", code < 0 ? err->text : "its SETTINGS came: it speaks it",
             story_time(rt_now_exact() - began, took));
}

void probe_grpc(struct observer *o, const struct probe_target *t, struct probe_result *r,
                rt_time deadline)
{
    struct grpc_trace trace = {0};
    struct grpc_conn *conn;
    struct err err = {0};
    if (t->tls && observe_tls_context(o, true, r, deadline) < 0)
        return;
    struct grpc_options options = {
        .dns = o->dns,
        .tls = t->tls ? o->tls : NULL,
        .host = t->host,
        .port = t->port,
        .server_name = slice_from(o->spec->server_name),
        .trace = &trace,
        .arena = o->story ? &o->story->arena : NULL,
    };
    rt_time begin = rt_now_exact();
    int code = grpc_connect(&options, &conn, &err, deadline);
    if (o->story)
        tell_connection(o, t, &trace, code, &err, begin);
    if (trace.address.family != AF_UNSPEC)
        rt_addr_format(&trace.address, true, r->address);
    r->dns_ns = trace.dns_ns;
    r->connect_ns = trace.connect_ns;
    r->tls_ns = trace.tls_ns;
    observe_tls_report(&trace.tls, r);
    if (code < 0) {
        not_connected(o, t, r, &trace, code, &err);
        return;
    }
    check(o, t, conn, r, deadline);
    grpc_close(conn);
}
