/* asset_moves.h - from which state an asset may move to which, and for what cause: the one table.
 *
 * Everything that moves a state goes through it: whoever moves names the cause, the table says
 * where that leads from here, or that it leads nowhere. The same table is drawn for people.
 *
 * An asset never starts Healthy. Out of Failed leads no half-way house: only a verified repair, a
 * person's word, or, where nothing is declared that could repair it, green checks. While we are
 * blind, or a person works on it, what checks say moves nothing. Pure data. */
#ifndef FIREBREAK_MODEL_ASSET_MOVES_H
#define FIREBREAK_MODEL_ASSET_MOVES_H

#include "model/asset.h"

enum asset_cause {
    CAUSE_REGISTERED, /* it is new */
    CAUSE_SETTLED,    /* every check passed, without a miss, for its Settle */
    CAUSE_DEGRADED,   /* a check failed that degrades */
    CAUSE_FAILED,     /* a check failed that fails; signature or checksum broken */
    CAUSE_EXHAUSTED,  /* the last remedy of the chain did not help */
    CAUSE_REPAIRED,   /* a repair was verified */
    CAUSE_RECOVERED,  /* a person said so, and every check passes */
    CAUSE_UNREPAIRED, /* as SETTLED, where no remedy is declared */
    CAUSE_BLIND,      /* our own observer cannot see */
    CAUSE_SEES,       /* it can again */
    CAUSE_MAINTAIN,   /* a person works on it */
    CAUSE_MAINTAINED, /* no longer */
    CAUSE_COUNT,
};

/* "registered" …: for people and tests. */
const char *asset_cause_name(enum asset_cause c);

enum { ASSET_NOWHERE = ASSET_STATE_COUNT }; /* where a new one comes from */

struct asset_move {
    uint32_t from; /* a bit for each state, and for ASSET_NOWHERE */
    enum asset_state to;
    enum asset_cause cause;
    const char *when, *does; /* in words */
};

extern const struct asset_move asset_moves[];
extern const size_t asset_move_count;

/* Where this cause leads from here; NULL: nowhere, and the asset stays as it is. */
const struct asset_move *asset_move_of(enum asset_state from, enum asset_cause cause);

#endif
