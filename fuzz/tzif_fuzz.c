/* Any file: refused with words, or a zone whose spans cover all of time without a gap. A text is
 * also read as a rule by itself. */
#include <assert.h>
#include <stdint.h>

#include "wire/posix_tz.h"
#include "wire/tzif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void covers(const struct zone *z, int64_t t)
{
    struct zone_span s = zone_span_at(z, t);
    assert(s.start <= t && t < s.end);
    for (int i = 0; i < 40 && s.end < ZONE_TIME_MAX; i++) {
        struct zone_span next = zone_span_at(z, s.end > ZONE_TIME_MIN ? s.end : ZONE_TIME_MIN);
        assert(next.end > s.end && next.start <= s.end);
        assert(next.offset_s >= -2 * ZONE_OFFSET_MAX_S && next.offset_s <= 2 * ZONE_OFFSET_MAX_S);
        s = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice file = {(const char *)data, size};
    struct arena a = ARENA(MEM_TEST, 0);
    struct zone z = {0}, by_rule = {.has_rule = true};
    struct err err = {0};
    if (tzif_parse(file, &a, &z, &err) < 0) {
        assert(err.text[0]);
    } else {
        covers(&z, ZONE_TIME_MIN);
        covers(&z, 0);
        covers(&z, z.count && z.changes[0] > ZONE_TIME_MIN && z.changes[0] < ZONE_TIME_MAX
                       ? z.changes[0]
                       : INT64_C(1774746000));
        covers(&z, INT64_C(253000000000));
    }
    err = (struct err){0};
    if (posix_tz_parse(file, &by_rule.rule, &err) < 0)
        assert(err.text[0]);
    else
        covers(&by_rule, INT64_C(1774746000));
    arena_done(&a);
    return 0;
}
