/* origin.h - which source a value comes from, and which ones lost. */
#ifndef FIREBREAK_CONFIG_ORIGIN_H
#define FIREBREAK_CONFIG_ORIGIN_H

#include "config/key.h"
#include "config/load.h"

enum { ORIGIN_CLAIMS_MAX = 64 };

struct config_claim {
    const struct value *value; /* a null takes back what lower sources say */
    enum source_kind kind;
};

struct config_origin {
    const struct value *value;  /* what holds, merged; NULL: nothing */
    struct config_claim winner; /* value NULL: nothing holds */
    struct config_claim lost[ORIGIN_CLAIMS_MAX]; /* highest first; the default is the last */
    uint32_t lost_count;
};

/* Returns 0, or -ENOENT: the key goes through an element that is not there. */
int config_origin_find(struct config *c, const struct config_key *key, struct config_origin *ret);

#endif
