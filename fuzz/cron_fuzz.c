/* Any text: refused with words, a column inside of it, and advice that is right; or its times grow,
 * are found again from behind, and are those that the clock of the zone shows. */
#include <assert.h>
#include <stdint.h>

#include "model/civil.h"
#include "model/cron.h"
#include "wire/posix_tz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const rules[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3",
                                    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"};

static void refused(struct slice text, const struct cron_fault *f)
{
    struct cron c;
    assert(f->message[0] && f->column >= 1 && f->column <= text.size + 1);
    if (f->suggestion[0]) { /* of several mistakes one is mended at a time */
        struct cron_fault next = {0};
        if (cron_parse(slice_from(f->suggestion), &c, &next) < 0)
            assert(next.column != f->column || strcmp(next.message, f->message) != 0);
    }
}

static void accepted(const struct cron *c, const struct zone *z, int64_t t)
{
    for (int i = 0; i < 20; i++) {
        int64_t next, again;
        if (cron_next(c, z, t, &next) < 0)
            break;
        assert(next > t);
        assert(cron_last(c, z, t, next, &again) == 0 && again == next);
        assert(cron_last(c, z, t, next - 1, &again) < 0);
        int32_t second;
        civil_split(next + zone_span_at(z, next).offset_s, &second);
        if (c->is_rhythm)
            assert(c->hours >> second / 3600 & 1 && c->minutes >> second / 60 % 60 & 1);
        t = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct cron_fault fault = {0};
    struct cron c;
    if (cron_parse(text, &c, &fault) < 0) {
        refused(text, &fault);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        struct zone z = {.has_rule = true};
        struct err err;
        assert(posix_tz_parse(slice_from(rules[i]), &z.rule, &err) == 0);
        accepted(&c, &z, civil_days(2026, 3, 28) * CIVIL_DAY_SECONDS);
        accepted(&c, &z, civil_days(2026, 10, 24) * CIVIL_DAY_SECONDS);
    }
    return 0;
}
