#include "model/asset_moves.h"

#define FROM(STATE) (1u << ASSET_##STATE)
#define ANY         ((1u << ASSET_STATE_COUNT) - 1)

const struct asset_move asset_moves[] = {
    {FROM(NOWHERE), ASSET_PENDING, CAUSE_REGISTERED, "registered, no baseline",
     "first probe at once"},
    {FROM(PENDING) | FROM(DEGRADED), ASSET_HEALTHY, CAUSE_SETTLED,
     "every check passes, without a miss for Settle", "record a heartbeat, keep quiet"},
    {FROM(PENDING) | FROM(HEALTHY), ASSET_DEGRADED, CAUSE_DEGRADED,
     "a check is beyond its threshold", "scale or repair, and alert"},
    {FROM(PENDING) | FROM(HEALTHY) | FROM(DEGRADED), ASSET_FAILED, CAUSE_FAILED,
     "unreachable, signature or checksum broken", "fail over to the standby, roll back, alert"},
    {FROM(PENDING) | FROM(DEGRADED), ASSET_FAILED, CAUSE_EXHAUSTED, "the last remedy did not help",
     "fail over to the standby, roll back, alert"},
    {FROM(FAILED), ASSET_HEALTHY, CAUSE_REPAIRED, "a repair was verified", "record who and why"},
    {FROM(FAILED), ASSET_HEALTHY, CAUSE_RECOVERED, "recovered by hand, and every check passes",
     "record who and why"},
    {FROM(FAILED), ASSET_HEALTHY, CAUSE_UNREPAIRED,
     "no remedy is declared, and every check passes for Settle", "record who and why"},
    {ANY & ~FROM(MAINTENANCE) & ~FROM(UNKNOWN), ASSET_UNKNOWN, CAUSE_BLIND, "the observer is blind",
     "no verdict, no repair"},
    {FROM(UNKNOWN), ASSET_PENDING, CAUSE_SEES, "the observer sees again", "probe at once"},
    {ANY & ~FROM(MAINTENANCE), ASSET_MAINTENANCE, CAUSE_MAINTAIN, "asset maintain",
     "watched, never repaired"},
    {FROM(MAINTENANCE), ASSET_PENDING, CAUSE_MAINTAINED, "its end", "probe at once"},
};
const size_t asset_move_count = ARRAY_LEN(asset_moves);

static const char *const causes[CAUSE_COUNT] = {
    "registered", "settled",    "degraded", "failed", "exhausted", "repaired",
    "recovered",  "unrepaired", "blind",    "sees",   "maintain",  "maintained",
};

const char *asset_cause_name(enum asset_cause c)
{
    return causes[c];
}

const struct asset_move *asset_move_of(enum asset_state from, enum asset_cause cause)
{
    for (size_t i = 0; i < asset_move_count; i++)
        if (asset_moves[i].cause == cause && asset_moves[i].from >> from & 1)
            return &asset_moves[i];
    return NULL;
}
