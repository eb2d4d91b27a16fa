#include "model/asset.h"

static const char *const names[ASSET_STATE_COUNT] = {
    [ASSET_PENDING] = "Pending",   [ASSET_HEALTHY] = "Healthy",
    [ASSET_DEGRADED] = "Degraded", [ASSET_FAILED] = "Failed",
    [ASSET_UNKNOWN] = "Unknown",   [ASSET_MAINTENANCE] = "Maintenance",
};

const char *asset_state_name(enum asset_state s)
{
    return names[s];
}

void latency_ring_put(struct latency_ring *l, int64_t ns)
{
    l->ns[(l->at + l->count) % ASSET_LATENCIES_MAX] = ns;
    if (l->count < ASSET_LATENCIES_MAX)
        l->count++;
    else
        l->at = (l->at + 1) % ASSET_LATENCIES_MAX;
}

int64_t latency_ring_get(const struct latency_ring *l, uint32_t i)
{
    return l->ns[(l->at + i) % ASSET_LATENCIES_MAX];
}
