/* notice.h - what somebody is told: alerts of one group, and the receiver they go to.
 *
 * An alert is one trouble of one asset, from when it began until it ended. A notice tells of a
 * group of them; told again with the end of each, it says that they are over. Plain data; texts lie
 * with whoever made it. */
#ifndef FIREBREAK_MODEL_NOTICE_H
#define FIREBREAK_MODEL_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum {
    NOTICE_ALERTS_MAX = 64, /* told in one notice; of more, the number is said */
    NOTICE_LABELS_MAX = 64, /* of an alert */
    NOTICE_TO_MAX = 100,    /* addresses of a receiver by mail */
};

struct notice_label {
    struct slice key, value;
};

struct notice_alert {
    struct slice asset, namespace_;
    struct slice state;                /* the public word: "Failed" */
    struct slice reason;               /* "refused" */
    struct slice evidence;             /* one line, of the outside */
    struct slice trace_id;             /* 32 hex digits; empty: none */
    const struct notice_label *labels; /* of the asset */
    uint32_t label_count;
    int64_t began_ms; /* since 1970 */
    int64_t ended_ms; /* 0: it lasts */
};

struct notice {
    struct slice receiver; /* its name */
    struct slice group;    /* "env=prod, team=db"; empty: all in one */
    struct slice key;      /* the same for what is told of the group again */
    const struct notice_alert *alerts;
    uint32_t alert_count; /* <= NOTICE_ALERTS_MAX */
    uint32_t more;        /* alerts of the group that are left out */
    int64_t at_ms;        /* since 1970 */
    int64_t again_ms;     /* while it lasts, it is said again after so long; 0: not */
};

enum receiver_kind {
    RECEIVER_WEBHOOK,
    RECEIVER_ALERTMANAGER,
    RECEIVER_EMAIL,
    RECEIVER_SLACK,
    RECEIVER_TEAMS,
    RECEIVER_DISCORD,
    RECEIVER_KIND_COUNT,
};

struct receiver {
    enum receiver_kind kind;
    struct slice url;          /* all but mail */
    struct slice secret_file;  /* webhook; empty: bodies are not signed */
    struct slice server, from; /* mail: "host:port" */
    struct slice to[NOTICE_TO_MAX];
    uint32_t to_count;
};

/* How many of its alerts last. 0: it tells that all is over. */
uint32_t notice_firing(const struct notice *n);

#endif
