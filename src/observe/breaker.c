#include "observe/breaker.h"

#include "base/fault.h"

bool breaker_may(struct breaker *b, rt_time now)
{
    if (b->state == PROBE_BREAKER_OPEN && now >= b->try_at &&
        !fault_mutant("breaker_never_tries"))
        b->state = PROBE_BREAKER_HALF_OPEN;
    return b->state != PROBE_BREAKER_OPEN;
}

/* From half of the doubled time to all of it. */
static rt_time pause_of(const struct breaker *b, const struct breaker_times *times, uint64_t chance)
{
    int64_t span = times->first_ns;
    for (uint8_t i = 0; i < b->trials && span < times->longest_ns; i++)
        span *= 2;
    if (span > times->longest_ns)
        span = times->longest_ns;
    return span - (int64_t)(chance % (uint64_t)(span / 2 + 1));
}

static void open_up(struct breaker *b, const struct breaker_times *times, rt_time now,
                    uint64_t chance)
{
    if (b->trials < UINT8_MAX)
        b->trials++;
    b->state = PROBE_BREAKER_OPEN;
    b->try_at = now + pause_of(b, times, chance);
}

void breaker_hear(struct breaker *b, enum breaker_news news, uint32_t attempts,
                  const struct breaker_times *times, rt_time now, uint64_t chance)
{
    if (news == BREAKER_WELL) {
        *b = BREAKER;
    } else if (news == BREAKER_UNTOLD) {
        /* A trial that told nothing is made again, without a longer wait. */
        if (b->state == PROBE_BREAKER_HALF_OPEN) {
            b->state = PROBE_BREAKER_OPEN;
            b->try_at = now + times->first_ns;
        }
    } else if (b->state == PROBE_BREAKER_HALF_OPEN) {
        open_up(b, times, now, chance);
    } else if (!fault_mutant("breaker_never_opens")) {
        uint32_t failed = b->failed + attempts;
        b->failed = failed < UINT16_MAX ? (uint16_t)failed : UINT16_MAX;
        if (failed >= BREAKER_OPEN_AFTER)
            open_up(b, times, now, chance);
    }
}
