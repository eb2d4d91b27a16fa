#include "host/pressure.h"

#include <errno.h>

/* "full avg10=0.00 avg60=0.00 avg300=0.00 total=12345" */
static int full_total(struct slice text, uint64_t *ret_us)
{
    while (text.data) {
        struct slice line = slice_trim(slice_cut(&text, '\n'));
        if (!slice_starts_with(line, SLICE("full ")))
            continue;
        while (line.data) {
            struct slice value = slice_cut(&line, ' '), name = slice_cut(&value, '=');
            if (slice_eq(name, SLICE("total")))
                return slice_to_u64(value, UINT64_MAX, ret_us) < 0 ? -EINVAL : 0;
        }
        return -EINVAL;
    }
    return -ENOENT;
}

int host_parse_memory_pressure(struct slice text, struct host_pressure *ret)
{
    return full_total(text, &ret->memory_full_us);
}

int host_parse_cpu_pressure(struct slice text, struct host_pressure *ret)
{
    return full_total(text, &ret->cpu_full_us);
}

/* "cpu  user nice system idle iowait irq softirq steal guest guest_nice": guests are in user. */
int host_parse_steal(struct slice text, struct host_pressure *ret)
{
    enum { STEAL = 7 };
    struct slice line = slice_cut(&text, '\n');
    if (!slice_starts_with(line, SLICE("cpu ")))
        return -ENOENT;
    line = slice_trim(slice_sub(line, 4, line.size));
    uint64_t all = 0, v = 0;
    for (int i = 0; i <= STEAL; i++) {
        if (!line.data || slice_to_u64(slice_cut(&line, ' '), UINT64_MAX / (2 * STEAL), &v) < 0)
            return -EINVAL;
        all += v;
    }
    ret->all_ticks = all;
    ret->steal_ticks = v;
    return 0;
}
