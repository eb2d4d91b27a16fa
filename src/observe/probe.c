#include "observe/observe.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/fault.h"
#include "net/dial.h"
#include "net/ping.h"
#include "observe/story.h"

int observer_open(const struct probe_spec *spec, struct observer **ret_observer, struct err *err)
{
    struct observer *o = mem_alloc(MEM_OBSERVE, sizeof(*o));
    o->spec = spec;
    o->lag = lag_open();
    o->body_held = &o->body_bytes;
    o->sources_at = &o->sources;
    int r = dns_resolver_open(NULL, &o->dns, err);
    /* A file that was named is read at once: without it no probe says anything. */
    struct tls_options options = {.ca_file = spec->ca_file, .insecure = spec->insecure};
    if (r == 0 && spec->ca_file)
        r = tls_context_open(&options, &o->tls, err, RT_NEVER);
    if (r < 0) {
        observer_close(o);
        return r;
    }
    *ret_observer = o;
    return 0;
}

void observer_close(struct observer *o)
{
    if (!o)
        return;
    pinger_close(o->pinger);
    http_client_close(o->http);
    tls_context_close(o->tls);
    dns_resolver_close(o->dns);
    source_pool_close(o->sources);
    lag_close(o->lag);
    mem_free(MEM_OBSERVE, o);
}

void observe_secret(void *to, size_t size)
{
    /* It fails only where the kernel has no chance to give, and then nothing here is safe. */
    if (RAND_bytes(to, (int)size) != 1)
        abort();
}

/* ---- steps ---- */

void observe_lookup_failed(struct probe_result *r, struct slice host, int code)
{
    static const struct {
        int code;
        enum probe_reason reason;
        const char *words;
    } table[] = {
        {-ENOENT, REASON_DNS_NXDOMAIN, "no such name"},
        {-ENODATA, REASON_DNS_NXDOMAIN, "the name has no address"},
        {-ETIMEDOUT, REASON_DNS_TIMEOUT, "no answer from the name servers in time"},
        {-EACCES, REASON_DNS_REFUSED, "the name server refused"},
        {-ECONNREFUSED, REASON_DNS_REFUSED, "no name server: Connection refused"},
        {-EREMOTEIO, REASON_DNS_SERVFAIL, "the name server failed"},
        {-EBADMSG, REASON_DNS_ANSWER, "the answer is broken"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].code == code) {
            probe_result_fail(r, table[i].reason, "lookup %.*s: %s", SLICE_ARG(host),
                              table[i].words);
            return;
        }
    probe_result_fail_errno(r, "lookup", code);
}

static __attribute__((noinline)) void tell_lookup(struct observer *o, struct slice host,
                                                  const struct probe_result *r,
                                                  const struct dns_addresses *list)
{
    char took[DURATION_TEXT_MAX];
    struct rt_addr a;
    if (!list)
        TELL(o, "name", "%s (after %s)", r->detail, story_time(r->dns_ns, took));
    else if (rt_addr_parse_ip(host, 0, &a) < 0)
        story_addresses(o->story, host, list, r->dns_ns);
}

int observe_lookup(struct observer *o, struct slice host, uint16_t port, struct probe_result *r,
                   struct dns_addresses *ret_addresses, rt_time deadline)
{
    rt_time begin = rt_now_exact();
    int code = dns_lookup(o->dns, host, port, ret_addresses, NULL, deadline);
    r->dns_ns = rt_now_exact() - begin;
    if (code < 0)
        observe_lookup_failed(r, host, code);
    if (o->story)
        tell_lookup(o, host, r, code == 0 ? ret_addresses : NULL);
    return code < 0 ? -1 : 0;
}

void observe_step_failed(struct observer *o, struct probe_result *r, const char *step, int code,
                         const struct err *err)
{
    char text[DURATION_TEXT_MAX];
    if (code == -ETIMEDOUT)
        probe_result_fail(r, REASON_TIMEOUT, "%s: not done within %s", step,
                          duration_format(o->spec->timeout_ns, text));
    else if (err && err->code)
        probe_result_fail(r, probe_reason_of_errno(code), "%s: %s", step, err->text);
    else
        probe_result_fail_errno(r, step, code);
}

void observe_connect_failed(struct observer *o, struct probe_result *r, int code)
{
    if (code != -ETIMEDOUT) {
        probe_result_fail_errno(r, "connect", code);
        return;
    }
    char text[DURATION_TEXT_MAX];
    probe_result_fail(r, REASON_TIMEOUT, "connect: no answer within %s",
                      duration_format(o->spec->timeout_ns, text));
}

int observe_connect_from(void *arg, const struct rt_addr *to, struct rt_sock **ret_sock,
                         rt_time deadline)
{
    struct observer *o = arg;
    return source_connect(o->sources_at, to, o->spec->reset, ret_sock, deadline);
}

static __attribute__((noinline)) void tell_connect(struct observer *o, const char *address,
                                                   int code, rt_time began)
{
    char took[DURATION_TEXT_MAX];
    story_time(rt_now_exact() - began, took);
    if (code == 0)
        TELL(o, "connect", "%s answered after %s", address, took);
    else
        TELL(o, "connect", "%s: %s (after %s)", address,
             code == -ETIMEDOUT ? "no answer" : err_name(code), took);
}

static int connect_one(struct observer *o, const struct rt_addr *to, struct probe_result *r,
                       struct rt_sock **ret_sock, rt_time deadline)
{
    rt_addr_format(to, true, r->address);
    rt_time begin = rt_now_exact();
    int code = observe_connect_from(o, to, ret_sock, deadline);
    if (code == 0)
        r->connect_ns = rt_now_exact() - begin;
    if (o->story)
        tell_connect(o, r->address, code, begin);
    return code;
}

/* A list on the stack would cost the address-only probe a second page, so it lies apart. */
static __attribute__((noinline)) int connect_name(struct observer *o, const struct probe_target *t,
                                                  struct probe_result *r, struct rt_sock **ret_sock,
                                                  rt_time deadline)
{
    struct dns_addresses list;
    struct dial_trace trace;
    if (observe_lookup(o, t->host, t->port, r, &list, deadline) < 0)
        return -1;
    struct dial_way way = {observe_connect_from, o};
    rt_time begin = rt_now_exact();
    int code = dial(&way, &list, ret_sock, &trace, deadline);
    rt_addr_format(&trace.address, true, r->address);
    if (o->story)
        tell_connect(o, r->address, code, begin);
    if (code < 0) {
        observe_connect_failed(o, r, code);
        return -1;
    }
    r->connect_ns = rt_now_exact() - begin;
    return 0;
}

int observe_connect(struct observer *o, const struct probe_target *t, struct probe_result *r,
                    struct rt_sock **ret_sock, rt_time deadline)
{
    struct rt_addr a;
    if (t->is_ipv4)
        rt_addr_ipv4(t->ipv4, t->port, &a);
    else if (rt_addr_parse_ip(t->host, t->port, &a) < 0)
        return connect_name(o, t, r, ret_sock, deadline);
    int code = connect_one(o, &a, r, ret_sock, deadline);
    if (code == 0)
        return 0;
    observe_connect_failed(o, r, code);
    return -1;
}

/* ---- the kinds without a protocol of their own ---- */

void probe_tcp(struct observer *o, const struct probe_target *t, struct probe_result *r,
               rt_time deadline)
{
    struct rt_sock *s;
    if (observe_connect(o, t, r, &s, deadline) == 0)
        rt_close(s);
}

void probe_unix(struct observer *o, const struct probe_target *t, struct probe_result *r,
                rt_time deadline)
{
    struct rt_addr a;
    struct rt_sock *s;
    int code = rt_addr_unix(t->host, &a);
    if (code == 0)
        code = connect_one(o, &a, r, &s, deadline);
    if (code == 0)
        rt_close(s);
    else
        observe_connect_failed(o, r, code);
}

/* ---- one probe ---- */

static probe_kind_fn *const kinds[PROBE_KIND_COUNT] = {
    [PROBE_TCP] = probe_tcp,
    [PROBE_UNIX] = probe_unix,
    [PROBE_HTTP] = probe_http,
    [PROBE_TLS] = probe_tls,
    [PROBE_DNS] = probe_dns,
    [PROBE_EXEC] = probe_exec,
    [PROBE_ICMP] = probe_icmp,
    [PROBE_REDIS] = probe_redis,
    [PROBE_POSTGRES] = probe_postgres,
    [PROBE_WS] = probe_ws,
    [PROBE_NTP] = probe_ntp,
    [PROBE_SSH] = probe_ssh,
    [PROBE_GRPC] = probe_grpc,
    [PROBE_CHAIN] = probe_chain,
};

/* Silence proves nothing where we could not listen; nor does an end, where we let a peer wait who
 * may have lost patience, or looked at a connection only when it was over. */
static void judge_ourselves(struct observer *o, struct probe_result *r, struct lag_mark mark)
{
    bool starved;
    rt_time held = lag_end(o->lag, mark, &starved), bound = lag_bound(o->spec->timeout_ns);
    if (held > r->lag_ns)
        r->lag_ns = held;
    bool silent = r->reason == REASON_TIMEOUT || r->reason == REASON_DNS_TIMEOUT;
    bool ended = r->reason == REASON_RESET || r->reason == REASON_CLOSED;
    bool spoilt = held > bound ? silent || ended : starved && silent;
    if (!spoilt || fault_mutant("lag_is_evidence"))
        return;
    char text[DURATION_TEXT_MAX];
    if (held > bound)
        probe_result_fail(r, REASON_LIMIT, "%s, but we stood still ourselves for %s",
                          silent ? "no answer" : "it ended the connection",
                          duration_format(held / RT_MS * RT_MS, text));
    else
        probe_result_fail(r, REASON_LIMIT, "no answer, but this machine was starved of memory or "
                          "processor time");
    r->settled = r->held_up = true;
}

void observe_kind(struct observer *o, const struct probe_target *t, struct probe_result *r,
                  rt_time deadline)
{
    kinds[t->kind](o, t, r, deadline);
}

int observe_prepare(struct observer *o, const struct probe_target *t, struct probe_result *r,
                    rt_time deadline)
{
    bool tls = t->tls || t->kind == PROBE_TLS || t->kind == PROBE_POSTGRES;
    if (t->kind == PROBE_ICMP && !o->pinger)
        pinger_open(&o->pinger);
    if (t->kind == PROBE_HTTP)
        return observe_http_client(o, t, r, deadline);
    return tls ? observe_tls_context(o, true, r, deadline) : 0;
}

void observe_probe(struct observer *o, const struct probe_target *t, struct probe_result *r)
{
    probe_result_reset(r, t);
    /* The trusted roots are read once, for us: that is no part of a target's time. */
    bool needs_roots = t->tls || t->kind == PROBE_TLS;
    bool ready = !needs_roots ||
                 observe_tls_context(o, true, r, rt_now() + o->spec->timeout_ns) == 0;
    rt_time begin = rt_now_exact();
    r->at_wall_ns = rt_wall_now();
    r->lag_ns = rt_lag();
    struct lag_mark mark = lag_begin(o->lag);
    if (ready)
        observe_kind(o, t, r, begin + o->spec->timeout_ns);
    r->total_ns = rt_now_exact() - begin;
    judge_ourselves(o, r, mark);
    if (r->reason != REASON_OK && r->reason != REASON_CANCELED && rt_cancelled())
        probe_result_fail(r, REASON_CANCELED, "interrupted");
}
