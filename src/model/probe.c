#include "model/probe.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

static const char *const kinds[PROBE_KIND_COUNT] = {
    [PROBE_TCP] = "tcp", [PROBE_UNIX] = "unix", [PROBE_HTTP] = "http",
    [PROBE_TLS] = "tls", [PROBE_DNS] = "dns",   [PROBE_EXEC] = "exec",
};

const char *probe_kind_name(enum probe_kind k)
{
    return kinds[k];
}

void probe_result_reset(struct probe_result *r, const struct probe_target *t)
{
    r->target = t;
    r->address[0] = 0;
    r->reason = REASON_OK;
    r->detail[0] = 0;
    r->at_wall_ns = 0;
    r->attempt = 1;
    r->total_ns = r->dns_ns = r->connect_ns = r->tls_ns = r->first_byte_ns = PROBE_NONE;
    r->lag_ns = 0;
    r->days_left = INT32_MIN;
    r->status = 0;
    r->answer_count = 0;
    r->has_answers = false;
    if (r->arena.used)
        arena_reset(&r->arena);
}

void probe_result_fail(struct probe_result *r, enum probe_reason reason, const char *detail, ...)
{
    va_list args;
    va_start(args, detail);
    vsnprintf(r->detail, sizeof(r->detail), detail, args);
    va_end(args);
    r->reason = reason;
}
