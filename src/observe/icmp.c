#include <errno.h>

#include "base/duration.h"
#include "net/ping.h"
#include "observe/story.h"

enum { INTERVAL_MS = 200 };

/* All requests leave, however short the time is: an answer to the last one has as long as the gap.
 */
static rt_time interval_of(const struct probe_extra *x, uint32_t count, int64_t timeout_ns)
{
    int64_t most = timeout_ns / (count + 1);
    int64_t wanted = x && x->interval_ns ? x->interval_ns : INTERVAL_MS * RT_MS;
    return wanted < most ? wanted : most;
}

static __attribute__((noinline)) void tell(struct observer *o, const struct ping_result *seen,
                                           int code, const struct err *err)
{
    char rtt[DURATION_TEXT_MAX];
    if (code < 0)
        TELL(o, "answer", "%s", err->code ? err->text : err_name(code));
    if (seen->received)
        TELL(o, "answer", "%u of %u came back, after %s on the average", seen->received, seen->sent,
             story_time(seen->rtt_ns, rtt));
    else if (code == 0)
        TELL(o, "answer", "none of %u came back", seen->sent);
}

static int ping_one(struct observer *o, const struct probe_target *t, const struct rt_addr *to,
                    struct probe_result *r, struct err *err, rt_time deadline)
{
    uint32_t count = t->extra && t->extra->echoes ? t->extra->echoes : 1;
    struct ping_result seen;
    rt_addr_format(to, false, r->address);
    TELL(o, "asked", "%s for %u echo%s", r->address, count, count == 1 ? "" : "es");
    int code = ping(o->pinger, to, count, interval_of(t->extra, count, o->spec->timeout_ns), &seen,
                    err, deadline);
    if (seen.received)
        r->rtt_ns = seen.rtt_ns;
    if (o->story)
        tell(o, &seen, code, err);
    if (seen.sent)
        r->loss_ratio = (double)(seen.sent - seen.received) / seen.sent;
    return code < 0 ? code : seen.received ? 0 : -ETIMEDOUT;
}

static void failed(struct observer *o, struct probe_result *r, int code, const struct err *err)
{
    char text[DURATION_TEXT_MAX];
    if (code == -ETIMEDOUT)
        probe_result_fail(r, REASON_TIMEOUT, "echo: no answer within %s",
                          duration_format(o->spec->timeout_ns, text));
    else
        probe_result_fail(r, probe_reason_of_errno(code), "%s", err->text);
}

void probe_icmp(struct observer *o, const struct probe_target *t, struct probe_result *r,
                rt_time deadline)
{
    struct dns_addresses list = {.count = 1};
    struct err err = {0};
    if (!o->pinger)
        pinger_open(&o->pinger);
    if (t->is_ipv4)
        rt_addr_ipv4(t->ipv4, 0, &list.addr[0]);
    else if (rt_addr_parse_ip(t->host, 0, &list.addr[0]) < 0 &&
             observe_lookup(o, t->host, 0, r, &list, deadline) < 0)
        return;
    int code = -ENETUNREACH;
    for (uint32_t i = 0; i < list.count && code == -ENETUNREACH; i++)
        code = ping_one(o, t, &list.addr[i], r, &err, deadline); /* the first with a route */
    if (code < 0)
        failed(o, r, code, &err);
}
