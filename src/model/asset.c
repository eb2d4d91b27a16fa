#include "model/asset.h"

static const char *const names[ASSET_STATE_COUNT] = {
    [ASSET_PENDING] = "Pending", [ASSET_HEALTHY] = "Healthy", [ASSET_DEGRADED] = "Degraded",
    [ASSET_FAILED] = "Failed",   [ASSET_UNKNOWN] = "Unknown", [ASSET_MAINTENANCE] = "Maintenance",
};

const char *asset_state_name(enum asset_state s)
{
    return names[s];
}

enum asset_state asset_state_parse(struct slice word)
{
    int s = 0;
    while (s < ASSET_STATE_COUNT && !slice_eq_cstr(word, names[s]))
        s++;
    return (enum asset_state)s;
}

const char *asset_reason_find(struct slice word)
{
    static const char *const words[] = {
        "registered",       "settled",        "threshold",    "trend",
        "heartbeat_missed", "drift_file",     "drift_config", "drift_package",
        "signature",        "dependency",     "flapping",     "repair_failed",
        "repair_exhausted", "observer_blind", "maintenance",  "recovered_by_hand",
        "not_running",      "log_match",
    };
    int i = slice_among(word, words, ARRAY_LEN(words));
    if (i >= 0)
        return words[i];
    enum probe_reason r = probe_reason_parse(word);
    return r < REASON_COUNT ? probe_reason_name(r) : NULL;
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
