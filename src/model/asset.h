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
    ASSET_CHECKS_MAX = 16,
    ASSET_LATENCIES_MAX = 32, /* of a check: the newest are kept */
    ASSET_NAME_BYTES_MAX = 128,
    ASSET_KEY_BYTES_MAX = 200, /* "namespace/name" */
};

/* "Pending" …: public words. */
const char *asset_state_name(enum asset_state s);

/* The newest latencies of a check, oldest first from `at`. */
struct latency_ring {
    int64_t ns[ASSET_LATENCIES_MAX]; /* PROBE_NONE: it failed */
    uint32_t at, count;
};
void latency_ring_put(struct latency_ring *l, int64_t ns);
/* The i-th from the oldest, i < count. */
int64_t latency_ring_get(const struct latency_ring *l, uint32_t i);

struct asset_check {
    const char *name, *target;
    bool known; /* a probe has come back */
    bool ok;    /* its verdict: misses below the threshold do not count yet */
    enum probe_reason reason; /* of the last probe */
    char detail[PROBE_DETAIL_MAX];
    int64_t since_wall_ns; /* of `ok` */
    int64_t last_ns;       /* latency of the last probe; PROBE_NONE */
    uint32_t misses;       /* in a row */
    int64_t gone_ns;       /* monotonic: since when there is nobody to ask; 0: there is */
    uint32_t passes;       /* in a row */
    uint32_t fail, pass;   /* so many in a row change the verdict; 0: the reconciler's own */
    int64_t for_ns;        /* and misses must last so long */
    int64_t missing_since_ns; /* monotonic: of the first miss in this row */
    bool degrades, fails;     /* what its failure does, where that is said */
    struct latency_ring latencies;
};

struct asset {
    const char *name, *namespace_;
    const char *key; /* "namespace/name" */
    const char *process, *kind; /* labels; kind: what it speaks. "": not known */
    const char *owner;          /* the node that watches it; NULL: nobody says */
    const char *labels;         /* of a declared one: a JSON object; NULL: none */
    bool declared;              /* by the configuration: stays without a check, too */
    int64_t settle_ns;          /* 0: the reconciler's own */
    enum asset_state state;
    const char *reason; /* a public word, a literal */
    int64_t since_wall_ns;
    int64_t green_since_ns; /* monotonic: every check passes, without a miss, since; 0: not now */
    int64_t gone_ns;        /* monotonic: its last listener went; 0: it is there */
    uint64_t revision;
    struct asset_check checks[ASSET_CHECKS_MAX];
    uint32_t check_count;
    struct list link;
    struct arena arena; /* its texts */
};

/* One move of an asset; stands for itself. */
struct asset_change {
    int64_t at_wall_ns;
    uint64_t revision;
    char asset[ASSET_NAME_BYTES_MAX]; /* with its namespace, where that is not the default */
    char key[ASSET_KEY_BYTES_MAX];
    enum asset_state from, to;
    bool created, removed; /* there is no `from`; no `to` */
    const char *reason;    /* a public word, a literal */
    char evidence[PROBE_DETAIL_MAX]; /* the probe's own words; may be empty */
};

#endif
