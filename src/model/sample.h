/* sample.h - what observing says to reconciling: a check appeared, answered, or went.
 *
 * Moved along a channel: whoever holds it frees it, with sample_free. */
#ifndef FIREBREAK_MODEL_SAMPLE_H
#define FIREBREAK_MODEL_SAMPLE_H

#include "model/probe.h"

enum sample_type {
    SAMPLE_FOUND,  /* the check begins; of its asset, too, if that is new */
    SAMPLE_RESULT, /* a probe came back */
    SAMPLE_GONE,   /* there is nobody to ask any more */
    SAMPLE_ASSET,  /* the configuration declares the asset, or declares it in another way */
    SAMPLE_FORGET, /* the check is no longer asked for: as if it had never been */
    SAMPLE_FORGET_ASSET, /* nobody declares the asset any more: it lives as long as its checks */
};

/* What a failed check does to its asset. */
enum sample_severity { SAMPLE_SEVERITY_DEFAULT, SAMPLE_DEGRADED, SAMPLE_FAILED };

struct sample {
    enum sample_type type;
    char asset[96];
    char namespace_[64]; /* "": default */
    char check[128]; /* its name: the address that is asked */
    const char *kind; /* FOUND: a literal, "http" */
    char process[16], target[160]; /* FOUND */
    enum probe_reason reason;      /* RESULT */
    char detail[PROBE_DETAIL_MAX];
    int64_t total_ns;
    /* FOUND of a check that is declared; zeroes are the reconciler's own: */
    uint32_t fail, pass; /* in a row before the verdict changes */
    int64_t for_ns;      /* and how long misses must last */
    enum sample_severity severity;
    /* ASSET */
    int64_t settle_ns;
    char *labels; /* a JSON object, MEM_MODEL; NULL: none */
};

/* NULL is accepted. */
void sample_free(struct sample *s);
/* Zeroed. */
struct sample *sample_new(enum sample_type type);

#endif
