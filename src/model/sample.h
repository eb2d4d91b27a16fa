/* sample.h - what observing says to reconciling: a check appeared, answered, or went.
 *
 * Moved along a channel: whoever holds it frees it. */
#ifndef FIREBREAK_MODEL_SAMPLE_H
#define FIREBREAK_MODEL_SAMPLE_H

#include "model/probe.h"

enum sample_type {
    SAMPLE_FOUND,  /* the check begins; of its asset, too, if that is new */
    SAMPLE_RESULT, /* a probe came back */
    SAMPLE_GONE,   /* there is nobody to ask any more */
};

struct sample {
    enum sample_type type;
    char asset[96];
    char check[128]; /* its name: the address that is asked */
    const char *kind; /* FOUND: a literal, "http" */
    char process[16], target[160]; /* FOUND */
    enum probe_reason reason;      /* RESULT */
    char detail[PROBE_DETAIL_MAX];
    int64_t total_ns;
};

#endif
