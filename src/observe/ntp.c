#include "wire/ntp.h"

#include <errno.h>

#include "base/duration.h"
#include "observe/story.h"
#include "rt/sock.h"

enum { QUESTIONS_MAX = 3 }; /* datagrams get lost */

struct question {
    uint64_t cookie;
    rt_wall sent;
};

struct asking {
    struct rt_sock *sock;
    struct question asked[QUESTIONS_MAX];
    uint32_t count;
    struct ntp_answer answer;
    const struct question *answered;
    rt_wall received;
    struct err err;
};

static int ask(struct asking *a, rt_time deadline)
{
    uint8_t packet[NTP_BYTES];
    struct question *q = &a->asked[a->count++];
    observe_secret(&q->cookie, sizeof(q->cookie));
    ntp_question(q->cookie, packet);
    q->sent = rt_wall_now();
    return rt_send_to(a->sock, packet, sizeof(packet), NULL, deadline);
}

/* Returns 0 with the answer to one of our questions; others are let pass. -EBADMSG: what came is no
 * NTP. */
static int hear(struct asking *a, rt_time deadline)
{
    char packet[NTP_BYTES * 2];
    for (;;) {
        ssize_t n = rt_recv_from(a->sock, packet, sizeof(packet), NULL, deadline);
        if (n < 0)
            return (int)n;
        a->received = rt_wall_now();
        int r = ntp_parse((struct slice){packet, (size_t)n}, a->received, &a->answer, &a->err);
        if (r < 0)
            return r;
        for (uint32_t i = 0; i < a->count; i++)
            if (a->asked[i].cookie == a->answer.origin) {
                a->answered = &a->asked[i];
                return 0;
            }
        err_set(&a->err, -EBADMSG, "it answers a question that we did not ask");
    }
}

static int exchange(struct asking *a, rt_time deadline)
{
    rt_time begin = rt_now();
    int r = -ETIMEDOUT;
    while (r == -ETIMEDOUT && a->count < QUESTIONS_MAX && rt_now() < deadline) {
        r = ask(a, deadline);
        rt_time until = begin + (deadline - begin) * a->count / QUESTIONS_MAX;
        if (r == 0)
            r = hear(a, until);
    }
    return r;
}

static void failed(struct observer *o, struct probe_result *r, const struct asking *a, int code)
{
    if (code == -EBADMSG)
        probe_result_fail(r, REASON_PROTOCOL, "no ntp answers there: %s", a->err.text);
    else if (code == -ETIMEDOUT && a->err.code)
        probe_result_fail(r, REASON_TIMEOUT, "%s", a->err.text);
    else
        observe_step_failed(o, r, "answer", code, NULL);
}

static void judge(struct observer *o, const struct probe_target *t, struct probe_result *r,
                  const struct ntp_answer *a)
{
    char far[DURATION_TEXT_MAX], max[DURATION_TEXT_MAX];
    int64_t most =
        t->extra && t->extra->offset_max_ns ? t->extra->offset_max_ns : o->spec->offset_max_ns;
    int64_t apart = r->offset_ns < 0 ? -r->offset_ns : r->offset_ns;
    if (a->stratum == 0 && a->reference[0])
        probe_result_fail(r, REASON_NOT_SERVING, "it wants us to go away: %s", a->reference);
    else if (a->stratum == 0 || a->stratum > NTP_STRATUM_MAX || a->leap == NTP_LEAP_UNKNOWN)
        probe_result_fail(r, REASON_NOT_SERVING, "its clock is not synchronized (stratum %u)",
                          a->stratum);
    else if (most && apart > most)
        probe_result_fail(r, REASON_CLOCK_OFFSET, "its clock is %s %s of ours, more than %s",
                          duration_format(apart, far), r->offset_ns < 0 ? "behind" : "ahead",
                          duration_format(most, max));
}

static __attribute__((noinline)) void tell(struct observer *o, const struct asking *a,
                                           const struct probe_result *r)
{
    char took[DURATION_TEXT_MAX], far[DURATION_TEXT_MAX];
    const struct ntp_answer *answer = &a->answer;
    TELL(o, "asked", "%s for the time%s", r->address, a->count > 1 ? ", more than once" : "");
    TELL(o, "answer", "stratum %u, reference %s, leap indicator %u (after %s)", answer->stratum,
         answer->reference[0] ? answer->reference : "none", answer->leap,
         story_time(r->first_byte_ns, took));
    if (r->offset_ns != INT64_MIN)
        TELL(o, "clock", "its clock is %s %s of ours, give or take half of the %s on the way",
             story_time(r->offset_ns < 0 ? -r->offset_ns : r->offset_ns, far),
             r->offset_ns < 0 ? "behind" : "ahead", story_time(r->rtt_ns, took));
}

static int ask_one(struct observer *o, const struct probe_target *t, const struct rt_addr *to,
                   struct probe_result *r, rt_time deadline)
{
    struct asking a = {.count = 0};
    rt_addr_format(to, true, r->address);
    int code = rt_udp_open(NULL, to, &a.sock);
    if (code < 0)
        return code == -EADDRNOTAVAIL ? -ENETUNREACH : code;
    rt_time begin = rt_now_exact();
    code = exchange(&a, deadline);
    rt_close(a.sock);
    if (code == -ECONNREFUSED || code == -EHOSTUNREACH || code == -ENETUNREACH)
        return code;
    if (code < 0) {
        failed(o, r, &a, code);
        return 0;
    }
    r->first_byte_ns = rt_now_exact() - begin;
    if (a.answer.stratum) { /* who sends us away tells no time */
        r->rtt_ns = ntp_rtt_ns(&a.answer, a.answered->sent, a.received);
        r->offset_ns = ntp_offset_ns(&a.answer, a.answered->sent, a.received);
    }
    if (o->story)
        tell(o, &a, r);
    judge(o, t, r, &a.answer);
    return 0;
}

void probe_ntp(struct observer *o, const struct probe_target *t, struct probe_result *r,
               rt_time deadline)
{
    struct dns_addresses list;
    int code = -ENETUNREACH;
    if (observe_lookup(o, t->host, t->port, r, &list, deadline) < 0)
        return;
    if (t->is_address)
        r->dns_ns = PROBE_NONE;
    for (uint32_t i = 0; i < list.count && code < 0 && code != -ECANCELED; i++)
        code = ask_one(o, t, &list.addr[i], r, deadline);
    if (code < 0)
        observe_step_failed(o, r, "ask", code, NULL);
}
