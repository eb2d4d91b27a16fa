/* explain.h - the events of an asset, cut into stories, and each as a sentence for people.
 *
 * A story is what belongs together: from the observation that began it, over verdict, decision,
 * task and outcome, to the last state. Its events share a trace id; others may stand between them.
 * Events without one make stories of their own: up to, and with, the next state.
 *
 * A verdict says the move that it leads to, so the state that only repeats it is not told, unless
 * the story ends with it.
 *
 * Who was told of a story is no event: a story's events go from its observation to its state
 * whoever is told. It stands beside them, in one record of the asset:
 * {"items":[{"at","receiver","kind",
 * "status","outcome","why","asked_at","last_at","attempts","others","times","task","trace_id"}]},
 * oldest first, at most TOLD_ITEMS_MAX; older ones go. Of a receiver and a story it has at most
 * two: that something fails ("firing"), and that it is over ("resolved").
 *
 * Events are objects as the store has them. What other programs wrote may stand in a sentence:
 * whoever shows it on a terminal makes it fit to be shown. Pure. */
#ifndef FIREBREAK_EXPLAIN_EXPLAIN_H
#define FIREBREAK_EXPLAIN_EXPLAIN_H

#include "wire/json.h"

/* ---- stories ---- */

enum story_scope {
    STORY_LAST, /* the one with a trace id that went on last; where none has one, the last */
    STORY_ALL,  /* by their beginnings, each whole */
};

/* `events`: oldest first. `ret_told` has room for all of them, and gets those that are told; of
 * STORY_ALL `ret_begins`, which may be NULL and is as large, says where a story begins. Returns how
 * many. */
uint32_t story_tell(const struct json_value *const *events, uint32_t count, enum story_scope scope,
                    const struct json_value **ret_told, bool *ret_begins);

/* The events with this trace id, as a story. */
uint32_t story_of_trace(const struct json_value *const *events, uint32_t count, struct slice trace,
                        const struct json_value **ret_told);

/* ---- sentences ---- */

/* "web-port: refused: connect: Connection refused"            observation
 * "Healthy -> Failed: web-port failed (refused)"              verdict, state
 * "restart-web is to repair it; not page-me: it was tried a short while ago"   decision
 * Appends it, without a line end. `event` is an object as the store has it. */
void sentence_write(const struct json_value *event, struct buf *out);

/* A line: "10:15:30.123  verdict      Healthy -> Failed: …", with its end. `dated`: the day, too.
 * Of what was told it is "10:15:31.204  notify       on-call (webhook) was told, …". */
void sentence_line(const struct json_value *event, bool dated, struct buf *out);

/* In words why a remedy was not taken: "brake" is "so many failed at once …". What is none of
 * the public words comes back as it is. */
struct slice sentence_why_not(struct slice why);

/* ---- who was told ---- */

enum { TOLD_ITEMS_MAX = 64 };

enum told_outcome {
    TOLD_WAITING, /* others may join first */
    TOLD_SILENCED,
    TOLD_INHIBITED, /* its asset waits for another one, or is in maintenance */
    TOLD_SENDING,   /* a task is at it */
    TOLD_DELIVERED,
    TOLD_FAILED,
    TOLD_DROPPED, /* never a task */
    TOLD_BEFORE,  /* in an earlier story, and not taken back since */
    TOLD_OVER,    /* it was over first: nobody was told, by intent */
    TOLD_OUTCOME_COUNT,
};

const char *told_outcome_name(enum told_outcome o); /* the public word: "delivered" */

struct told {
    struct slice receiver; /* its name; "other/name" where it is of another namespace */
    struct slice kind;     /* "webhook" */
    struct slice trace_id;
    bool resolved;
    enum told_outcome outcome;
    struct slice why;  /* FAILED, SENDING: what the last attempt says; what keeps it quiet */
    struct slice task; /* empty: none yet */
    int64_t at_ms;     /* since 1970 */
    int64_t asked_ms;  /* when it was to be told; 0: not known */
    uint32_t attempts;
    uint32_t others; /* in the same notice */
};

/* The record with this in it, instead of what it said of the same receiver, story and status. A
 * record that cannot be read begins anew. Appends. */
void told_merge(struct slice record, const struct told *t, struct buf *out);

/* `events` are stories, one behind the other, as story_tell gives them. Puts what was told between
 * them: in its own story, before the first event that is later, else at that story's end. What is
 * of none of them is left out. `ret` has room for all. Returns how many there are. */
uint32_t told_among(const struct json_value *const *events, uint32_t count,
                    const struct json_value *items, const struct json_value **ret);
/* Whether an object is an item of a record, and not an event. */
bool told_is(const struct json_value *v);
/* "on-call (webhook) was told, 0.6 s later (task-1m8e1fghwrrpmew53)". Appends. */
void told_sentence(const struct json_value *item, struct buf *out);

#endif
