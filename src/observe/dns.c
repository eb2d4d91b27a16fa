#include <errno.h>

#include "base/duration.h"
#include "base/utf8.h"
#include "net/dns_stream.h"
#include "observe/dialog.h"
#include "observe/story.h"
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

static void tell_question(struct observer *o, const struct probe_target *t, const char *server)
{
    static const char *const ways[] = {"by datagrams", "over TCP", "over TLS"};
    TELL(o, "asked", "%s for %.*s, type %s, %s", server, SLICE_ARG(t->dns_name),
         dns_type_name(t->dns_type), ways[t->extra->transport]);
}

static __attribute__((noinline)) void tell_answer(struct observer *o, const struct dns_answers *a,
                                                  int code, const struct err *err, rt_time began)
{
    char took[DURATION_TEXT_MAX];
    story_time(rt_now_exact() - began, took);
    if (code < 0)
        TELL(o, "answer", "%s (after %s)",
             code == -ETIMEDOUT ? "none" : err->code ? err->text : err_name(code), took);
    else
        TELL(o, "answer", "%u record%s, %s (after %s)", a->count, a->count == 1 ? "" : "s",
             a->authentic ? "which it has verified" : "not said to be verified (no AD bit)", took);
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
        rt_time began = rt_now_exact();
        tell_question(o, t, r->address);
        code = ask(o, t, &servers->addr[i], r, ret_answers, err, deadline);
        if (o->story)
            tell_answer(o, ret_answers, code, err, began);
    }
    return code;
}

/* Over a connection of its own, with or without TLS. */
static int ask_stream(struct observer *o, const struct probe_target *t, struct probe_result *r,
                      struct dns_answers *ret_answers, struct err *err, rt_time deadline)
{
    struct dialog d;
    int code = dialog_open_plain(&d, o, t, r, "dns", deadline);
    if (code == 0 && t->extra->transport == PROBE_OVER_TLS)
        code = dialog_tls(&d, "dot", false);
    rt_time began = rt_now_exact();
    if (code == 0) {
        tell_question(o, t, r->address);
        code = dns_query_stream(&d.stream, t->dns_name, t->dns_type, &r->arena, ret_answers, err,
                                deadline);
        if (o->story)
            tell_answer(o, ret_answers, code, err, began);
    }
    dialog_close(&d);
    return code;
}

static int ask_datagram(struct observer *o, const struct probe_target *t, struct probe_result *r,
                        struct dns_answers *ret_answers, struct err *err, rt_time deadline)
{
    struct dns_addresses servers;
    if (t->host.size == 0) {
        rt_time began = rt_now_exact();
        tell_question(o, t, "the servers of /etc/resolv.conf");
        int code = ask(o, t, NULL, r, ret_answers, err, deadline);
        if (o->story)
            tell_answer(o, ret_answers, code, err, began);
        return code;
    }
    if (observe_lookup(o, t->host, t->port, r, &servers, deadline) < 0)
        return -1;
    return ask_any(o, t, &servers, r, ret_answers, err, deadline);
}

/* ---- the answers ---- */

/* Names have no case and may end in a dot; addresses may be written in several ways. */
static bool is_same(struct slice wanted, struct slice answer)
{
    struct rt_addr a, b;
    if (rt_addr_parse_ip(wanted, 0, &a) == 0 && rt_addr_parse_ip(answer, 0, &b) == 0)
        return rt_addr_eq(&a, &b);
    if (wanted.size > 1 && wanted.data[wanted.size - 1] == '.')
        wanted.size--;
    return slice_eq_nocase(wanted, answer);
}

static bool is_among(struct slice wanted, const struct probe_result *r)
{
    for (uint32_t i = 0; i < r->answer_count; i++)
        if (is_same(wanted, slice_from(r->answers[i])))
            return true;
    return false;
}

static void missing(struct probe_result *r, struct slice wanted)
{
    struct buf all = BUF(MEM_OBSERVE, 0);
    for (uint32_t i = 0; i < r->answer_count && all.size < PROBE_DETAIL_MAX; i++) {
        buf_append_cstr(&all, i ? ", " : "");
        utf8_append_shown(&all, slice_from(r->answers[i]));
    }
    probe_result_fail(r, REASON_DNS_ANSWER, "%.*s is not among the answers: %s", SLICE_ARG(wanted),
                      all.data);
    buf_done(&all);
}

static void judge(const struct probe_extra *x, struct probe_result *r, bool authentic)
{
    for (uint32_t i = 0; i < x->expect_count; i++)
        if (!is_among(x->expect[i], r)) {
            missing(r, x->expect[i]);
            return;
        }
    if (x->dnssec && !authentic)
        probe_result_fail(r, REASON_DNS_INSECURE, "the server does not say that it has verified "
                          "the answer (no AD bit)");
}

void probe_dns(struct observer *o, const struct probe_target *t, struct probe_result *r,
               rt_time deadline)
{
    struct dns_answers answers = {0};
    struct err err = {0};
    rt_time begin = rt_now_exact();
    int code = t->extra->transport == PROBE_OVER_UDP
                   ? ask_datagram(o, t, r, &answers, &err, deadline)
                   : ask_stream(o, t, r, &answers, &err, deadline);
    if (r->reason != REASON_OK)
        return;
    if (code < 0) {
        query_failed(o, t, r, code, &err);
        return;
    }
    /* What came before the question is told apart. */
    r->first_byte_ns = rt_now_exact() - begin;
    int64_t before[] = {r->dns_ns, r->connect_ns, r->tls_ns};
    for (size_t i = 0; i < ARRAY_LEN(before); i++)
        r->first_byte_ns -= before[i] == PROBE_NONE ? 0 : before[i];
    r->answers = answers.text;
    r->answer_count = answers.count;
    r->has_answers = true;
    judge(t->extra, r, answers.authentic);
}
