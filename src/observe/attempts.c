#include "observe/observe.h"

#include <string.h>

/* Waits longer each time, and never in step with the others. */
static int back_off(uint32_t n)
{
    enum { SHORTEST_MS = 2, DOUBLINGS_MAX = 9 };
    rt_time longest = (SHORTEST_MS * RT_MS) << (n < DOUBLINGS_MAX ? n : DOUBLINGS_MAX);
    rt_time span = longest / 2 + (rt_time)(rt_random() % (uint64_t)(longest / 2));
    return rt_sleep(rt_now() + span);
}

static void tell(const struct probe_pace *pace, const struct probe_result *r)
{
    if (pace && pace->after)
        pace->after(pace->ctx, r);
}

static void probe_patiently(struct observer *o, const struct probe_target *t,
                            struct probe_result *r, const struct probe_pace *pace)
{
    for (uint32_t tries = 1;; tries++) {
        observe_probe(o, t, r);
        tell(pace, r);
        if (r->reason != REASON_LIMIT || r->settled || tries == OBSERVE_LIMIT_TRIES)
            return;
        if (back_off(tries) < 0) {
            probe_result_fail(r, REASON_CANCELED, "interrupted");
            return;
        }
    }
}

/* Whether a further attempt may do better. What we lack was waited for already. */
static bool is_final(const struct probe_result *r)
{
    return r->reason == REASON_OK || r->reason == REASON_CANCELED ||
           (r->reason == REASON_LIMIT && !r->held_up);
}

static void attempts_keep(struct probe_result *r, const struct probe_attempt *told, uint32_t count)
{
    r->attempt = count;
    if (count == 1)
        return;
    r->attempts = arena_alloc_array(&r->arena, count, sizeof(told[0]));
    memcpy(r->attempts, told, count * sizeof(told[0]));
    r->attempt_count = count;
}

/* The list of attempts must not lie on the stack of a probe without any: it costs a page. */
static __attribute__((noinline)) void again(struct observer *o, const struct probe_target *t,
                                            struct probe_result *r, uint32_t more,
                                            const struct probe_pace *pace)
{
    struct probe_attempt told[PROBE_ATTEMPTS_MAX];
    uint32_t n = 0, last = more < PROBE_RETRIES_MAX ? more + 1 : PROBE_ATTEMPTS_MAX;
    told[n++] = (struct probe_attempt){r->reason, r->total_ns};
    while (n < last && back_off(n) == 0) {
        if (pace && pace->before && pace->before(pace->ctx) < 0)
            break;
        probe_patiently(o, t, r, pace);
        told[n++] = (struct probe_attempt){r->reason, r->total_ns};
        if (is_final(r))
            break;
    }
    attempts_keep(r, told, n);
}

void observe_probe_attempts(struct observer *o, const struct probe_target *t,
                            struct probe_result *r, uint32_t more, const struct probe_pace *pace)
{
    probe_patiently(o, t, r, pace);
    if (more && !is_final(r))
        again(o, t, r, more, pace);
}
