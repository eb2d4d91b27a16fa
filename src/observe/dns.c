#include <errno.h>

#include "base/duration.h"
#include "observe/kind.h"

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
    case -ECONNREFUSED:
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

void probe_dns(struct observer *o, const struct probe_target *t, struct probe_result *r,
               rt_time deadline)
{
    struct dns_addresses server;
    struct dns_answers answers;
    struct err err = {0};
    bool own = t->host.size > 0;
    if (own && observe_lookup(o, t->host, t->port, r, &server, deadline) < 0)
        return;
    if (own)
        rt_addr_format(&server.addr[0], true, r->address);
    rt_time begin = rt_now_exact();
    int code = dns_query(o->dns, own ? &server.addr[0] : NULL, t->dns_name, t->dns_type, &r->arena,
                         &answers, &err, deadline);
    if (code < 0) {
        query_failed(o, t, r, code, &err);
        return;
    }
    r->first_byte_ns = rt_now_exact() - begin;
    r->answers = answers.text;
    r->answer_count = answers.count;
    r->has_answers = true;
}
