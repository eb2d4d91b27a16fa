/* Any bytes as a declaration and as what is remembered: refused with words; or what is remembered
 * is written, read, and written again the same, and a declaration is within its limits. */
#include <assert.h>
#include <stdint.h>

#include "wire/schedule_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void spec(struct slice json)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct err err = {0};
    struct schedule s = {0};
    if (schedule_spec_parse(json, &a, &s, &err) < 0) {
        assert(err.text[0]);
    } else {
        assert(s.misfire < MISFIRE_COUNT && s.overlap < OVERLAP_COUNT && s.jitter_ns >= 0);
        assert(s.catch_up <= SCHEDULE_CATCH_UP_MAX && s.history_max <= SCHEDULE_HISTORY_MAX_MAX);
        assert(s.zone_name.size && !s.zone_name.data[s.zone_name.size]);
        assert(schedule_delay_ns(&s, 0) <= s.jitter_ns);
    }
    arena_done(&a);
}

static void state(struct slice json)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf first = BUF(MEM_TEST, 0), second = BUF(MEM_TEST, 0);
    struct err err = {0};
    struct schedule_state s;
    if (schedule_state_parse(json, &a, &s, &err) < 0) {
        assert(err.text[0]);
    } else {
        schedule_state_write(&s, 1774746000, &first);
        assert(schedule_state_parse(buf_slice(&first), &a, &s, &err) == 0);
        schedule_state_write(&s, 1774746000, &second);
        assert(slice_eq(buf_slice(&first), buf_slice(&second)));
    }
    buf_done(&first);
    buf_done(&second);
    arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice json = {(const char *)data, size};
    spec(json);
    state(json);
    return 0;
}
