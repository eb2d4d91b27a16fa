/* notifier.h - who is told of what, and when: alerts gathered into groups, said once, and taken
 * back.
 *
 * An alert is the trouble of one asset, for one receiver. Those whose labels of the receiver's
 * `group_by` are equal are one group. What is new in a group waits for `wait`, so that others can
 * join, and is then told together with what still lasts; while something lasts it is said again
 * every `repeat`; what was told is taken back once it is over ("resolved"), also where a silence
 * fell upon it meanwhile, because whoever was called must be told that he can go.
 *
 * A silenced or inhibited alert (its asset waits for one that it depends on) is not told; where it
 * outlasts that, it is told then. One that ends before it was told is never heard of.
 *
 * Pure: time is an argument, monotonic and of the wall. What has to survive a restart is written
 * as JSON, for each receiver; a repeat is not due sooner because of it. One loop owns it. */
#ifndef FIREBREAK_RECONCILE_NOTIFIER_H
#define FIREBREAK_RECONCILE_NOTIFIER_H

#include "base/buf.h"
#include "base/err.h"
#include "model/notice.h"

enum {
    NOTIFIER_ALERTS_MAX = 100 * 1000, /* over all receivers */
    NOTIFIER_GROUP_BY_MAX = 16,
    NOTIFIER_SILENCES_MAX = 1024,
    NOTIFIER_WAIT_MS = 10 * 1000, /* where a receiver says nothing */
    NOTIFIER_REPEAT_MS = 4 * 3600 * 1000,
};

struct notifier;

struct notifier_time {
    int64_t now_ns;  /* monotonic */
    int64_t wall_ms; /* since 1970 */
};

struct notifier_receiver {
    struct slice namespace_, name;
    struct slice spec; /* JSON of the resource with its name: wire/notice_json.h */
    const struct slice *group_by;
    uint32_t group_by_count;    /* <= NOTIFIER_GROUP_BY_MAX */
    int64_t wait_ns, repeat_ns; /* 0: as above */
};

struct notifier *notifier_new(void);
void notifier_free(struct notifier *n); /* NULL is accepted */

/* Everything given is copied. Declared anew in other words, a receiver keeps its alerts. */
void notifier_declare(struct notifier *n, const struct notifier_receiver *r,
                      struct notifier_time t);
/* Its alerts go untold: there is nobody to be told. */
void notifier_forget(struct notifier *n, struct slice namespace_, struct slice name);

/* An alert begins, or is seen again (then its words change; nothing is told because of it).
 * Returns 0; -ENOENT: no such receiver; -ENOSPC: beyond NOTIFIER_ALERTS_MAX. */
int notifier_begin(struct notifier *n, struct slice namespace_, struct slice receiver,
                   const struct notice_alert *alert, struct notifier_time t);
/* The asset is well, or gone: its alerts end, with all receivers. */
void notifier_end(struct notifier *n, struct slice namespace_, struct slice asset,
                  struct notifier_time t);
/* The asset waits for another one, or no longer does. */
void notifier_inhibit(struct notifier *n, struct slice namespace_, struct slice asset,
                      bool inhibited);

/* Asks of each alert that lasts what has become of its asset, in case somebody missed it. */
enum notifier_fate { NOTIFIER_LASTS, NOTIFIER_INHIBITED, NOTIFIER_OVER };
void notifier_review(struct notifier *n,
                     enum notifier_fate (*fate)(void *ctx, struct slice namespace_,
                                                struct slice asset),
                     void *ctx, struct notifier_time t);

/* Alerts whose labels the selector takes (model/selector.h; asset and namespace are labels, too)
 * are silent until then. A name stands for one silence. Returns 0, -EINVAL with *err, -ENOSPC. */
int notifier_silence(struct notifier *n, struct slice name, struct slice selector,
                     int64_t until_wall_ms, struct err *err);
void notifier_unsilence(struct notifier *n, struct slice name);

/* One to tell: `receiver` is the spec, `key` "namespace/name" of it; valid until it returns. */
typedef void notifier_tell_fn(void *ctx, struct slice key, struct slice receiver,
                              const struct notice *notice);
/* Tells what is due. Call it about once a second. Returns how many were told. */
uint32_t notifier_tick(struct notifier *n, struct notifier_time t, notifier_tell_fn *tell,
                       void *ctx);

/* How it stands with an alert: said whenever that changes, so that somebody can be told later why
 * he was not told. */
enum notifier_standing {
    NOTIFIER_UNSAID,
    NOTIFIER_WAITS, /* until `wait` is over, so that others can join */
    NOTIFIER_SILENCED,
    NOTIFIER_QUIET,     /* inhibited */
    NOTIFIER_TOLD,      /* it stands in the notice that was handed out last */
    NOTIFIER_TOLD_OVER, /* and so does that it is over */
    NOTIFIER_KNOWN,     /* it was told in an earlier story, and has not been taken back since */
    NOTIFIER_MISSED,    /* it was over before it was told */
};

struct notifier_stands {
    struct slice receiver; /* "namespace/name" */
    const struct notice_alert *alert;
    enum notifier_standing standing;
    enum notifier_standing before; /* MISSED: what had kept it from being told */
    struct slice silence;          /* SILENCED: its name, and until when */
    int64_t until_ms;
    int64_t asked_ms; /* since 1970: when it was to be told; 0: in an earlier life */
    int64_t wait_ms;
    uint32_t others; /* TOLD, TOLD_OVER: in the same notice */
};

/* Called by notifier_tick: of what stands in a notice, after the notice itself. What it is given is
 * valid until it returns. */
typedef void notifier_stands_fn(void *ctx, const struct notifier_stands *s);
void notifier_listen(struct notifier *n, notifier_stands_fn *stands, void *ctx);

/* What of a receiver must survive: a JSON object. False: nothing is known of it. */
bool notifier_write(const struct notifier *n, struct slice namespace_, struct slice name,
                    struct buf *out);
/* Takes up what was written, for a receiver that is declared; alerts that have begun meanwhile keep
 * their words. Returns 0, -ENOENT, or -EBADMSG with *err. */
int notifier_read(struct notifier *n, struct slice namespace_, struct slice name, struct slice json,
                  struct notifier_time t, struct err *err);
/* Grows with each change of what notifier_write would write; 0: not known. */
uint64_t notifier_version(const struct notifier *n, struct slice namespace_, struct slice name);

uint32_t notifier_alerts(const struct notifier *n);

#endif
