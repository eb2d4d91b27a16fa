#include <errno.h>

#include "base/duration.h"
#include "observe/kind.h"
#include "rt/sock.h"

static void query_failed(struct observer *o, const struct probe_target *t, struct probe_result *r,
                         int code, const struct err *err)
{
    char text[DURATION_TEXT_MAX];
    switch (code) {
    case -ENOENT:
        probe_result_fail(r, REASON_DNS_NXDOMAIN, "%.*s: no such name", SLICE_ARG(t->dns_name));
        return;
    case -ENODATA:
        probe_result_fail(r, REASON_DNS_ANSWER, "%.*s: the name has no record of this type",
                          SLICE_ARG(t->dns_name));
        return;
    case -ETIMEDOUT:
        probe_result_fail(r, REASON_DNS_TIMEOUT, "no answer within %s",
                          duration_format(o->spec->timeout_ns, text));
        return;
    case -EREMOTEIO:
        probe_result_fail(r, REASON_DNS_SERVFAIL, "%s",
                          err->code ? err->text : "the server failed");
        return;
    case -EACCES:
        probe_result_fail(r, REASON_DNS_REFUSED, "%s", err->code ? err->text : "refused");
        return;
    case -EBADMSG:
        probe_result_fail(r, REASON_DNS_ANSWER, "%s",
                          err->code ? err->text : "the answer is broken");
        return;
    default:
        probe_result_fail_errno(r, "query", code);
    }
}

/* Whether this address took no question at all: then the name's next one may. */
static bool is_not_there(int code)
{
    return code == -ECONNREFUSED || code == -ENETUNREACH || code == -EHOSTUNREACH;
}

/* c-ares does not tell a server without a route from one where nobody listens. */
static int check_route(const struct rt_addr *server)
{
    struct rt_sock *s;
    int r = rt_udp_open(NULL, server, &s);
    if (r == 0)
        rt_close(s);
    return r == -EADDRNOTAVAIL ? -ENETUNREACH : r;
}

static int ask(struct observer *o, const struct probe_target *t, const struct rt_addr *server,
               struct probe_result *r, struct dns_answers *ret_answers, struct err *err,
               rt_time deadline)
{
    int code = server ? check_route(server) : 0;
    return code < 0 ? code
                    : dns_query(o->dns, server, t->dns_name, t->dns_type, &r->arena, ret_answers,
                                err, deadline);
}

/* A server's name may have several addresses, and the server listen at one of them only. */
static int ask_any(struct observer *o, const struct probe_target *t,
                   const struct dns_addresses *servers, struct probe_result *r,
                   struct dns_answers *ret_answers, struct err *err, rt_time deadline)
{
    int code = -ENETUNREACH;
    for (uint32_t i = 0; i < servers->count && is_not_there(code); i++) {
        rt_addr_format(&servers->addr[i], true, r->address);
        err_clear(err);
        code = ask(o, t, &servers->addr[i], r, ret_answers, err, deadline);
    }
    return code;
}

void probe_dns(struct observer *o, const struct probe_target *t, struct probe_result *r,
               rt_time deadline)
{
    struct dns_addresses servers;
    struct dns_answers answers;
    struct err err = {0};
    bool own = t->host.size > 0;
    if (own && observe_lookup(o, t->host, t->port, r, &servers, deadline) < 0)
        return;
    rt_time begin = rt_now_exact();
    int code = own ? ask_any(o, t, &servers, r, &answers, &err, deadline)
                   : ask(o, t, NULL, r, &answers, &err, deadline);
    if (code < 0) {
        query_failed(o, t, r, code, &err);
        return;
    }
    r->first_byte_ns = rt_now_exact() - begin;
    r->answers = answers.text;
    r->answer_count = answers.count;
    r->has_answers = true;
}
