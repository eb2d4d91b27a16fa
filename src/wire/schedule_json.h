/* schedule_json.h - a schedule's declaration, and what is remembered of it, as JSON in the store.
 *
 * What stands there may have been written by anybody: what is wrong is an error with its field, and
 * what is missing has its default. Pure; any thread. */
#ifndef FIREBREAK_WIRE_SCHEDULE_JSON_H
#define FIREBREAK_WIRE_SCHEDULE_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "model/schedule.h"

/* A declaration without its name, and without its zone: *ret has zone NULL, and zone_name to look
 * it up by. Texts are copied into `a`. Returns 0 or -EBADMSG with *err. */
int schedule_spec_parse(struct slice json, struct arena *a, struct schedule *ret, struct err *err);

/* `next_s` < 0: never. Appends one object. */
void schedule_state_write(const struct schedule_state *s, int64_t next_s, struct buf *out);
/* Texts and runs lie in `a`. Returns 0 or -EBADMSG with *err. */
int schedule_state_parse(struct slice json, struct arena *a, struct schedule_state *ret,
                         struct err *err);

#endif
