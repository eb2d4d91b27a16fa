#include "model/probe.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

static const char *const kinds[PROBE_KIND_COUNT] = {
    [PROBE_TCP] = "tcp",   [PROBE_UNIX] = "unix",   [PROBE_HTTP] = "http",
    [PROBE_TLS] = "tls",   [PROBE_DNS] = "dns",     [PROBE_EXEC] = "exec",
    [PROBE_ICMP] = "icmp", [PROBE_REDIS] = "redis", [PROBE_POSTGRES] = "postgres",
    [PROBE_WS] = "ws",     [PROBE_NTP] = "ntp",     [PROBE_SSH] = "ssh",
    [PROBE_GRPC] = "grpc", [PROBE_CHAIN] = "chain",
};

const char *probe_kind_name(enum probe_kind k)
{
    return kinds[k];
}

const char *probe_breaker_name(enum probe_breaker b)
{
    static const char *const names[PROBE_BREAKER_COUNT] = {
        [PROBE_BREAKER_CLOSED] = "closed",
        [PROBE_BREAKER_OPEN] = "open",
        [PROBE_BREAKER_HALF_OPEN] = "half_open",
    };
    return names[b];
}

void probe_result_reset(struct probe_result *r, const struct probe_target *t)
{
    r->target = t;
    r->address[0] = 0;
    r->reason = REASON_OK;
    r->settled = false;
    r->detail[0] = 0;
    r->at_wall_ns = 0;
    r->attempt = 1;
    r->total_ns = r->dns_ns = r->connect_ns = r->tls_ns = r->first_byte_ns = PROBE_NONE;
    r->lag_ns = 0;
    r->held_up = false;
    r->breaker = PROBE_BREAKER_NONE;
    r->days_left = INT32_MIN;
    r->status = 0;
    r->answers = NULL;
    r->answer_count = 0;
    r->has_answers = false;
    r->rtt_ns = PROBE_NONE;
    r->loss_ratio = -1;
    r->offset_ns = INT64_MIN;
    r->host_key_sha256 = NULL;
    r->captured = NULL;
    r->steps = NULL;
    r->step_count = 0;
    r->attempts = NULL;
    r->attempt_count = 0;
    if (r->arena.used)
        arena_reset(&r->arena);
}

static size_t put_text(char *to, size_t at, size_t room, const char *text)
{
    for (; *text && at + 1 < room; text++)
        to[at++] = *text;
    to[at] = 0;
    return at;
}

void probe_result_fail_errno(struct probe_result *r, const char *step, int code)
{
    size_t n = put_text(r->detail, 0, sizeof(r->detail), step);
    n = put_text(r->detail, n, sizeof(r->detail), ": ");
    put_text(r->detail, n, sizeof(r->detail), err_name(code));
    r->reason = probe_reason_of_errno(code);
}

void probe_result_fail(struct probe_result *r, enum probe_reason reason, const char *detail, ...)
{
    va_list args;
    va_start(args, detail);
    vsnprintf(r->detail, sizeof(r->detail), detail, args);
    va_end(args);
    r->reason = reason;
}
