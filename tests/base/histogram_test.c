#include "base/histogram.h"

#include "tests/tap.h"

static void bounds_grow(void)
{
    for (int i = 1; i < HISTOGRAM_BOUNDS; i++)
        CHECK(histogram_bounds_ns[i - 1] < histogram_bounds_ns[i]);
}

static void a_bound_belongs_to_its_bucket(void)
{
    for (int i = 0; i < HISTOGRAM_BOUNDS; i++) {
        struct histogram h = {.count = 0};
        histogram_add(&h, histogram_bounds_ns[i]);
        histogram_add(&h, histogram_bounds_ns[i] + 1);
        CHECK_INT(h.counts[i], 1);
        CHECK_INT(h.counts[i + 1], 1);
        CHECK_INT(h.count, 2);
        CHECK_INT(h.sum_ns, 2 * histogram_bounds_ns[i] + 1);
    }
}

static void the_ends_take_what_is_outside(void)
{
    struct histogram h = {.count = 0};
    histogram_add(&h, -5);
    histogram_add(&h, 0);
    histogram_add(&h, INT64_MAX / 2);
    CHECK_INT(h.counts[0], 2);
    CHECK_INT(h.counts[HISTOGRAM_BOUNDS], 1);
    CHECK_INT(h.sum_ns, INT64_MAX / 2);
}

int main(void)
{
    TAP_RUN(bounds_grow);
    TAP_RUN(a_bound_belongs_to_its_bucket);
    TAP_RUN(the_ends_take_what_is_outside);
    return tap_done();
}
