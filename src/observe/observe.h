/* observe.h - probing: targets in, results out. The stage's one public header.
 *
 * A target expression may stand for many targets ("10.0.0.0/24:22,80-90"); a set of them is
 * walked by index and never written out, so a /8 costs no memory. A probe is one straight line in
 * a task: resolve, connect, speak, judge. A run drives many of them within its limits.
 *
 * What we lack ourselves (descriptors, ports, memory) is never said of a target: the run slows
 * down and tries again, and only after OBSERVE_LIMIT_TRIES the result is `limit`. */
#ifndef FIREBREAK_OBSERVE_OBSERVE_H
#define FIREBREAK_OBSERVE_OBSERVE_H

#include "base/err.h"
#include "model/probe.h"
#include "rt/rt.h"

enum {
    OBSERVE_LIMIT_TRIES = 60,       /* attempts that our own limits may spoil, with back-off */
    OBSERVE_TARGET_BYTES_MAX = 4096, /* of one target expression */
    OBSERVE_PORT_RANGES_MAX = 256,  /* of one target expression */
    OBSERVE_IPV6_HOSTS_MAX = 65536, /* of one IPv6 prefix */
    OBSERVE_EXPRESSIONS_MAX = 1000000,
};

/* ---- targets ---- */

struct target_set;

/* One target as the set hands it out, with room for the texts that had to be made. */
struct target_slot {
    struct probe_target target;
    char name[300], host[80];
};

struct target_set *target_set_new(void);
void target_set_free(struct target_set *s); /* NULL is accepted */
/* Adds an expression; the text is copied. Returns 0, -EINVAL or -E2BIG with *err set. */
int target_set_add(struct target_set *s, struct slice expression, struct err *err);
/* Adds a file's lines: one expression a line, '#' begins a comment. `name` is for errors:
 * "name:line: …". Nothing is added on failure. */
int target_set_add_lines(struct target_set *s, struct slice text, const char *name,
                         struct err *err);
uint64_t target_set_count(const struct target_set *s);
/* index < count. What the slot points to is the set's or its own. */
void target_set_get(const struct target_set *s, uint64_t index, struct target_slot *ret_slot);

/* ---- one probe ---- */

struct observer;

/* What the probes of one loop share: resolver, TLS context, keep-alive nothing. The spec must
 * outlive it. Returns 0, or a negative errno with *err (an unreadable CA file). */
int observer_open(const struct probe_spec *spec, struct observer **ret_observer, struct err *err);
void observer_close(struct observer *o); /* NULL is accepted; no probe may be running */

/* Probes once, within the spec's time-out. *r is reset first. Never fails: what went wrong is the
 * result. A cancelled task gets REASON_CANCELED. */
void observe_probe(struct observer *o, const struct probe_target *t, struct probe_result *r);
/* With the spec's retries, and back-off while our own limits spoil an attempt. */
void observe_probe_retry(struct observer *o, const struct probe_target *t, struct probe_result *r);

/* ---- many probes ---- */

struct probe_run {
    const struct probe_spec *spec;
    const struct target_set *targets;
    uint32_t in_flight;  /* over all loops; >= 1 */
    double rate;         /* probes begun a second; 0: as fast as it goes */
    int64_t every_ns;    /* 0: once */
    uint64_t rounds;     /* with every: 0: for ever */
    /* Each finished probe, on the loop that ran it: must not wait. */
    void (*on_result)(void *ctx, const struct probe_result *r);
    void *ctx;
};

/* Runs to the end, or until the task is cancelled (then -ECANCELED; what was finished has been
 * reported). Loops: as many as rt_run has. */
int probe_run(const struct probe_run *run, struct err *err);

#endif
