/* explain.h - the events of an asset, cut into stories, and each as a sentence for people.
 *
 * A story is what belongs together: from the observation that began it, over verdict, decision,
 * task and outcome, to the last state. Its events share a trace id; others may stand between them.
 * Events without one make stories of their own: up to, and with, the next state.
 *
 * A verdict says the move that it leads to, so the state that only repeats it is not told, unless
 * the story ends with it.
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
 */
void sentence_line(const struct json_value *event, bool dated, struct buf *out);

/* In words why a remedy was not taken: "brake" is "so many failed at once …". What is none of
 * the public words comes back as it is. */
struct slice sentence_why_not(struct slice why);

#endif
