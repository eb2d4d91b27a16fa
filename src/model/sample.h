/* sample.h - what observing says to reconciling: a check appeared, answered, or went.
 *
 * Moved along a channel: whoever holds it frees it, with sample_free. */
#ifndef FIREBREAK_MODEL_SAMPLE_H
#define FIREBREAK_MODEL_SAMPLE_H

#include "base/arena.h"
#include "model/asset.h"
#include "model/probe.h"
#include "model/remedy.h"

enum sample_type {
    /* of a check */
    SAMPLE_FOUND,  /* the check begins; of its asset, too, if that is new */
    SAMPLE_RESULT, /* a probe came back */
    SAMPLE_VIEW,   /* what another observer sees altogether: it stands until it says otherwise */
    SAMPLE_UNSEEN, /* that observer looks no longer; "": we do not */
    SAMPLE_GONE,   /* there is nobody to ask any more */
    SAMPLE_FORGET, /* the check is no longer asked for: as if it had never been */
    /* of an asset */
    SAMPLE_ASSET,  /* the configuration declares the asset, or declares it in another way */
    SAMPLE_FORGET_ASSET, /* nobody declares the asset any more: it lives as long as its checks */
    SAMPLE_MAINTAIN,     /* `by` works on it for for_ns (INT64_MAX: until 0); 0: no longer */
    SAMPLE_RECOVER,      /* `by` says that it is well: Healthy once every check passes */
    /* of remedies and their tasks */
    SAMPLE_REMEDY,        /* is declared, or in another way: `remedy` */
    SAMPLE_FORGET_REMEDY, /* no longer: `remedy` has its namespace_ and name */
    SAMPLE_TASK,          /* of the open repair of an asset: dedup_key, task, task_state */
    /* of us */
    SAMPLE_FREEZE, /* `by` says, for `detail`: no automatic repair, until SAMPLE_UNFREEZE */
    SAMPLE_UNFREEZE,
    SAMPLE_BLIND, /* our observer cannot see: `blind`, until SAMPLE_SEES of the same */
    SAMPLE_SEES,
};

/* What a failed check does to its asset. */
enum sample_severity { SAMPLE_SEVERITY_DEFAULT, SAMPLE_DEGRADED, SAMPLE_FAILED };

/* Why we cannot see. */
enum sample_blind {
    BLIND_NETWORK,     /* our own network is gone: checks that are `local` go on */
    BLIND_DESCRIPTORS, /* none are left */
    BLIND_LAG,         /* we are too late for our own deadlines */
    BLIND_COUNT,
};

/* Texts behind pointers are literals or lie in `arena`, which goes with the sample. */
struct sample {
    enum sample_type type;
    char asset[96];
    char namespace_[64]; /* "": default */
    char check[128]; /* its name: the address that is asked */
    const char *kind; /* FOUND: a literal, "http" */
    char process[16], target[160]; /* FOUND */
    enum probe_reason reason;      /* RESULT */
    const char *word; /* RESULT that is not ok: a state's reason that says it better ("threshold",
                       * "drift_file"); NULL: `reason` does */
    char detail[PROBE_DETAIL_MAX];
    int64_t away_ns; /* RESULT of `limit`: monotonic: the pages that would tell it were read then,
                      * and none of them answered; 0: that is not why */
    int64_t total_ns;
    char observer[64]; /* RESULT, VIEW, UNSEEN: who looked; "": ourselves */
    bool known, ok, blind_view; /* VIEW: its verdict, and that it cannot look */
    uint32_t misses;            /* VIEW: in a row */
    bool pushed;       /* RESULT: an event, not a poll: it counts at once */
    /* FOUND of a check that is declared; zeroes are the reconciler's own: */
    uint32_t fail, pass; /* in a row before the verdict changes */
    uint32_t observers, agree; /* k of n */
    int64_t for_ns;      /* FOUND: and how long misses must last. MAINTAIN */
    int64_t every_ns;    /* how often it is asked; VIEW: how often that is said anew */
    bool local;          /* it looks at this host only, or at its loopback */
    enum sample_severity severity;
    /* ASSET */
    int64_t settle_ns;
    char *labels; /* a JSON object, MEM_MODEL; NULL: none */
    const struct asset_rules *rules; /* NULL: nothing is said */
    /* REMEDY, TASK */
    const struct remedy *remedy;
    const char *dedup_key, *task; /* TASK: which order, and the task's name */
    enum task_state task_state;
    bool task_unbegun;      /* TASK: it has ended, and did nothing */
    const char *task_error; /* TASK: why none can be made, for good, or why it failed; or NULL */
    const char *by;         /* MAINTAIN, RECOVER, FREEZE, UNFREEZE; NULL: nobody says */
    enum sample_blind blind;
    struct arena arena;
};

/* NULL is accepted. */
void sample_free(struct sample *s);
/* Zeroed, with an arena of MEM_MODEL. */
struct sample *sample_new(enum sample_type type);

#endif
