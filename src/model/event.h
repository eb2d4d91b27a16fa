/* event.h - something that happened to an asset: the lines of its story.
 *
 * An observation leads to a verdict, that to a decision (which remedy, and which not and why), that
 * to a task and its outcome, and that to a state; all of one story share a trace id. An event that
 * is told stands for itself only until the callback returns: who keeps it copies it. */
#ifndef FIREBREAK_MODEL_EVENT_H
#define FIREBREAK_MODEL_EVENT_H

#include "model/asset.h"
#include "model/remedy.h"

enum event_type {
    EVENT_OBSERVATION, /* what was seen: the answer that made a check's verdict change */
    EVENT_VERDICT,     /* a check failed, or passes again */
    EVENT_DECISION,    /* a remedy is taken, or none, and why not */
    EVENT_TASK,        /* the repair's task is there, or begins */
    EVENT_OUTCOME,     /* how the repair ended */
    EVENT_STATE,       /* a move of the asset */
    EVENT_HUMAN,       /* a person said something: by */
    EVENT_CONFIG,      /* what is declared of it changed */
    EVENT_TYPE_COUNT,
};
const char *event_type_name(enum event_type t);
enum event_type event_type_parse(struct slice word); /* EVENT_TYPE_COUNT: none */

enum {
    EVENT_EVIDENCE_MAX = 4,
    EVENT_REJECTED_MAX = REMEDIES_OF_ASSET_MAX,
    EVENT_TEXT_BYTES_MAX = 512, /* of one piece of evidence */
};

struct event_rejected {
    const char *remedy;
    enum repair_why why;
};

struct event {
    enum event_type type;
    int64_t at_wall_ns;
    uint64_t revision; /* of the reconciler; grows */
    const char *asset; /* with its namespace, where that is not the default */
    const char *key;   /* "namespace/name" */
    /* STATE: where it moved. created: there is no `from`; removed: no `to`. Else both are what the
     * asset is in, and not told. */
    enum asset_state from, to;
    bool created, removed;
    const char *reason; /* a public word; of an OUTCOME the repair's outcome; NULL: none */
    const char *check;  /* that it is about; NULL: none */
    const char *evidence[EVENT_EVIDENCE_MAX]; /* words for people */
    uint32_t evidence_count;
    const char *task, *remedy; /* NULL: none */
    const struct event_rejected *rejected; /* remedies that were not taken, and why */
    uint32_t rejected_count;
    const char *by;       /* a person, a plane; NULL: nobody */
    const char *trace_id; /* 32 digits; NULL: of no story */
};

/* One block that stands for itself, freed with event_free (NULL is accepted). */
struct event *event_copy(const struct event *e);
void event_free(struct event *e);

#endif
