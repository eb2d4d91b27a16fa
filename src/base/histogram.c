#include "base/histogram.h"

#define US INT64_C(1000)
#define MS (1000 * US)

const int64_t histogram_bounds_ns[HISTOGRAM_BOUNDS] = {
    50 * US, 100 * US, 250 * US, 500 * US, 1 * MS,    2500 * US, 5 * MS,    10 * MS,    25 * MS,
    50 * MS, 100 * MS, 250 * MS, 500 * MS, 1000 * MS, 2500 * MS, 5000 * MS, 10000 * MS, 30000 * MS,
};

void histogram_add(struct histogram *h, int64_t ns)
{
    int low = 0, high = HISTOGRAM_BOUNDS;
    if (ns < 0)
        ns = 0;
    while (low < high) {
        int middle = (low + high) / 2;
        if (ns <= histogram_bounds_ns[middle])
            high = middle;
        else
            low = middle + 1;
    }
    h->counts[low]++;
    h->count++;
    h->sum_ns += ns;
}
