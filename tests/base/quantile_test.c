#include "base/quantile.h"

#include "tests/tap.h"

static void an_empty_one_says_nothing(void)
{
    static struct quantile q;
    CHECK_INT(quantile_at(&q, 0.5), 0);
}

static void small_values_are_exact(void)
{
    static struct quantile q;
    for (uint64_t i = 1; i <= 20; i++)
        quantile_add(&q, i);
    CHECK_INT(quantile_at(&q, 0.5), 10);
    CHECK_INT(quantile_at(&q, 0.95), 19);
    CHECK_INT(quantile_at(&q, 1), 20);
    CHECK_INT(quantile_at(&q, 0), 1);
}

static void every_value_is_within_its_step(void)
{
    for (int shift = 0; shift < 64; shift++)
        for (uint64_t low = 0; low < 3; low++) {
            static struct quantile q;
            memset(&q, 0, sizeof(q));
            uint64_t v = (UINT64_C(1) << shift) + low;
            quantile_add(&q, v);
            uint64_t got = quantile_at(&q, 0.5);
            CHECK(got >= v && got - v <= v / QUANTILE_PARTS);
        }
    static struct quantile q;
    quantile_add(&q, UINT64_MAX);
    CHECK(quantile_at(&q, 1) == UINT64_MAX);
}

static void merged_ones_are_as_one(void)
{
    static struct quantile a, b, all;
    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t v = i * i % 999983 * 17;
        quantile_add(i % 3 ? &a : &b, v);
        quantile_add(&all, v);
    }
    quantile_merge(&a, &b);
    CHECK_INT(a.total, all.total);
    for (double p = 0; p <= 1; p += 0.01)
        CHECK_INT(quantile_at(&a, p), quantile_at(&all, p));
}

int main(void)
{
    TAP_RUN(an_empty_one_says_nothing);
    TAP_RUN(small_values_are_exact);
    TAP_RUN(every_value_is_within_its_step);
    TAP_RUN(merged_ones_are_as_one);
    return tap_done();
}
