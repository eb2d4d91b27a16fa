#include "base/quantile.h"

/* Below QUANTILE_PARTS each value has its own bucket; above, the highest bits of a value. */
static uint32_t bucket_of(uint64_t value)
{
    if (value < QUANTILE_PARTS)
        return (uint32_t)value;
    int shift = 63 - __builtin_clzll(value) - 5; /* QUANTILE_PARTS is 2^5 */
    return (uint32_t)(shift + 1) * QUANTILE_PARTS +
           (uint32_t)(value >> shift) - QUANTILE_PARTS;
}

static uint64_t upper_end(uint32_t bucket)
{
    if (bucket < QUANTILE_PARTS)
        return bucket;
    uint32_t shift = bucket / QUANTILE_PARTS - 1;
    uint64_t first = (uint64_t)(bucket % QUANTILE_PARTS + QUANTILE_PARTS) << shift;
    return first + ((UINT64_C(1) << shift) - 1);
}

static void count(struct quantile *q, uint32_t bucket, uint32_t n)
{
    uint32_t room = UINT32_MAX - q->counts[bucket];
    q->counts[bucket] += n < room ? n : room;
}

void quantile_add(struct quantile *q, uint64_t value)
{
    count(q, bucket_of(value), 1);
    q->total++;
}

void quantile_merge(struct quantile *q, const struct quantile *other)
{
    for (uint32_t i = 0; i < QUANTILE_BUCKETS; i++)
        count(q, i, other->counts[i]);
    q->total += other->total;
}

uint64_t quantile_at(const struct quantile *q, double part)
{
    double wanted = part * (double)q->total, seen = 0;
    uint32_t last = 0;
    for (uint32_t i = 0; i < QUANTILE_BUCKETS; i++) {
        if (q->counts[i] == 0)
            continue;
        seen += q->counts[i];
        last = i;
        if (seen >= wanted)
            break;
    }
    return q->total ? upper_end(last) : 0;
}
