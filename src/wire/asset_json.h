/* asset_json.h - assets with all that a restart must know of them, and events, as JSON.
 *
 * The form is public: `get assets -o json` prints it, the store keeps it. What an asset's repairs
 * need stands in its member "repairs", which is there only where there is something to say.
 * Monotonic times are written as moments of the wall clock: `wall_offset_ns` is what the wall clock
 * is ahead of the monotonic one, now. A reader passes over members that it does not know; one of
 * the wrong type is an error that names it. Pure; any thread. */
#ifndef FIREBREAK_WIRE_ASSET_JSON_H
#define FIREBREAK_WIRE_ASSET_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "model/event.h"
#include "wire/json.h"

/* Each appends one object, no line end. */
void asset_write(const struct asset *a, int64_t wall_offset_ns, struct buf *out);
void event_write(const struct event *e, struct buf *out);
/* A latency in milliseconds; PROBE_NONE is null. */
void latency_write(struct json_writer *w, int64_t ns);

/* *ret, its checks, repair and uses lie in `a`: nothing of it is freed by itself. Returns 0,
 * -EBADMSG with *err, or -ENOSPC (the arena's bound). */
int asset_read(struct slice json, int64_t wall_offset_ns, struct arena *a, struct asset *ret,
               struct err *err);
int event_read(struct slice json, struct arena *a, struct event *ret, struct err *err);

#endif
