/* asset.h - something that is watched: its checks, its state, and since when and why.
 *
 * Plain values. The state has one writer, the reconciler; everybody else reads. */
#ifndef FIREBREAK_MODEL_ASSET_H
#define FIREBREAK_MODEL_ASSET_H

#include "base/list.h"
#include "model/probe.h"

enum asset_state {
    ASSET_PENDING,
    ASSET_HEALTHY,
    ASSET_DEGRADED,
    ASSET_FAILED,
    ASSET_UNKNOWN,
    ASSET_MAINTENANCE,
    ASSET_STATE_COUNT,
};

enum {
    ASSET_CHECKS_MAX = 64,
    ASSET_OBSERVERS_MAX = 64, /* of a check, beside ourselves */
    ASSET_DEPENDS_MAX = 32,
    ASSET_LATENCIES_MAX = 32, /* of a check: the newest are kept */
    ASSET_NAME_BYTES_MAX = 128,
    ASSET_KEY_BYTES_MAX = 200, /* "namespace/name" */
    ASSET_TRACE_BYTES = 33,    /* 32 digits and a NUL */
    ASSET_UNSEEN_BYTES = 96,
};

/* "Pending" …: public words. */
const char *asset_state_name(enum asset_state s);
/* ASSET_STATE_COUNT: it is none. */
enum asset_state asset_state_parse(struct slice word);
/* The public word of a state's reason, as a literal: a probe's reason or one of those that only
 * states have; NULL: it is none. */
const char *asset_reason_find(struct slice word);

/* The newest latencies of a check, oldest first from `at`. */
struct latency_ring {
    int64_t ns[ASSET_LATENCIES_MAX]; /* PROBE_NONE: it failed */
    uint32_t at, count;
};
void latency_ring_put(struct latency_ring *l, int64_t ns);
/* The i-th from the oldest, i < count. */
int64_t latency_ring_get(const struct latency_ring *l, uint32_t i);

enum { CHECK_VIEW_BLIND = 3 }; /* answers of `limit` in a row: it cannot look */

/* What one observer found of a check. */
struct check_view {
    const char *observer; /* "": ourselves */
    bool known;           /* an answer has come */
    bool ok;              /* misses below the threshold do not count yet */
    uint32_t misses;      /* in a row */
    uint32_t passes;      /* in a row */
    uint32_t limits;      /* in a row: it could not look */
    int64_t missing_since_ns; /* monotonic: of the first miss in this row */
    int64_t at_ns;            /* monotonic: of its newest answer, be it that it could not look */
    int64_t every_ns;         /* it is heard of that often; 0: as the check is asked */
    bool stands;              /* it is a SAMPLE_VIEW: true until it says otherwise */
    enum probe_reason reason; /* of its newest answer */
    const char *word;         /* as the check's */
    char *detail;             /* the same in words, where several look; NULL: none */
};

struct asset_check {
    const char *name, *target;
    bool known; /* there is a verdict */
    bool ok;    /* which: misses below the threshold do not count yet */
    bool blind; /* too few of its observers can see: `ok` is an old one */
    bool away;  /* the newest answer: the pages that would tell it do not answer */
    int64_t away_since_ns; /* monotonic: the first reading of them that failed; 0: not away */
    int64_t few_ns; /* monotonic: since when too few of them say anything; 0: enough do */
    enum probe_reason reason; /* of the last probe */
    const char *word; /* of the last one, where that is no probe's reason: a literal, or NULL */
    char detail[PROBE_DETAIL_MAX];
    char unseen[ASSET_UNSEEN_BYTES]; /* why nobody could look, by the newest who could not */
    int64_t since_wall_ns;  /* of `ok` */
    int64_t last_ns;        /* latency of the last probe; PROBE_NONE */
    uint32_t misses;        /* in a row, that as many observers have as must agree */
    int64_t gone_ns;        /* monotonic: since when there is nobody to ask; 0: there is */
    uint32_t fail, pass;    /* so many in a row change the verdict; 0: the reconciler's own */
    int64_t for_ns;         /* and misses must last so long */
    int64_t every_ns;       /* how often it is asked; 0: not told */
    bool degrades, fails;   /* what its failure does, where that is said */
    bool local;             /* it looks at this host: sees though our network is gone */
    bool passed;            /* an answer was well since a repair, or a person's word */
    int64_t answered_ns;    /* monotonic: the newest answer that is evidence */
    uint32_t observers, agree; /* so many look, and so many must agree; 0: one, and most of them */
    struct check_view own, *others; /* others: from the first sample that names an observer */
    uint32_t other_count;
    struct latency_ring latencies;
};

/* The public word for why it is as it is. */
static inline const char *asset_check_word(const struct asset_check *c)
{
    return c->word ? c->word : probe_reason_name(c->reason);
}

struct repair;
struct remedy_use;

/* What is declared of an asset beside its checks. Texts are "" where nothing is said. */
struct asset_rules {
    const char *group, *standby;
    const char *depends_on[ASSET_DEPENDS_MAX]; /* names of its namespace, or "namespace/name" */
    uint32_t depends_count;
    uint32_t blast_max, blast_percent; /* of its group; 0: not said */
};

struct asset {
    const char *name, *namespace_;
    const char *key; /* "namespace/name" */
    const char *process, *kind; /* labels; kind: what it speaks. "": not known */
    const char *owner;          /* the node that watches it; NULL: nobody says */
    const char *labels;         /* of a declared one: a JSON object; NULL: none */
    bool declared;              /* by the configuration: stays without a check, too */
    int64_t settle_ns;          /* 0: the reconciler's own */
    struct asset_rules rules;
    enum asset_state state;
    const char *reason; /* a public word, a literal */
    int64_t since_wall_ns;
    int64_t green_since_ns; /* monotonic: every check passes, without a miss, since; 0: not now */
    int64_t gone_ns;        /* monotonic: its last listener went; 0: it is there */
    uint64_t revision;
    struct asset_check *checks;
    uint32_t check_count;
    /* its repairs: written by the repair engine */
    char trace[ASSET_TRACE_BYTES]; /* of the story that goes on, or was the last; "": none yet */
    const char *recovering_by;     /* a person said that it is well: Healthy once checks pass */
    int64_t maintain_until_ns;     /* monotonic, in Maintenance; INT64_MAX: until it is ended */
    struct repair *repair;         /* the open one; NULL: none */
    struct remedy_use *uses;       /* what its remedies did lately */
    uint64_t repair_seq;           /* of all its repairs, ever */
    uint32_t rounds;               /* the chain came to its end so often, in this failure */
    bool exhausted;                /* and it has just done so */
    int64_t again_ns;              /* monotonic: not repaired before; 0: any time */
    const char *next_remedy;       /* the chain goes on with it; NULL: it begins anew */
    bool failed_over;              /* the standby has its work */
    double flap_penalty;           /* grows with each fall out of Healthy, halves with time */
    int64_t flap_at_ns;            /* monotonic: when that was counted */
    bool flapping;                 /* damped */
    struct list link;
    struct arena arena; /* its texts */
};

/* A repair that is open. */
struct repair {
    const char *remedy;
    const char *task;      /* NULL: not known yet */
    const char *dedup_key; /* of the order that is open */
    int phase;             /* enum repair_phase (remedy.h) */
    uint64_t seq;
    int64_t started_ns;  /* monotonic: the order was told first */
    int64_t phase_ns;    /* monotonic: the phase began */
    int64_t failed_ns;   /* monotonic: the asset had failed; for the time to repair */
    bool before_failed;  /* it was Failed when it began, else Degraded */
    bool task_failed;    /* rolling back, because its task failed */
};

/* When a remedy was begun for an asset: at most a remedy's MaxPerHour times are kept. */
struct remedy_use {
    struct remedy_use *next;
    const char *remedy;
    int64_t *at_ns; /* monotonic, oldest first */
    uint32_t count, room;
};

#endif
