#include "net/grpc.h"

#include <errno.h>

#include "base/utf8.h"
#include "observe/kind.h"
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
    };
    int code = grpc_connect(&options, &conn, &err, deadline);
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
