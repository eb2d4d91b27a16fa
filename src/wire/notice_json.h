/* notice_json.h - what a delivery is told to do, as the action of a task: a receiver and a
 * notice.
 *
 *   {"notify":{"receiver":"on-call","to":{"name":"on-call","webhook":{"url":"http://…"}},
 *    "notice":{"group":"","key":"…","at_ms":1,"more":0,"alerts":[{"asset":"web", …}]}}}
 *
 * `to` is the receiver as it is declared. Without it and `notice` it is what a configuration says,
 * which tells nothing by itself: -ENODATA. A reader passes over members that it does not know;
 * one of the wrong type, or beyond its limit, is an error that names it. Pure; any thread. */
#ifndef FIREBREAK_WIRE_NOTICE_JSON_H
#define FIREBREAK_WIRE_NOTICE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/notice.h"
#include "wire/json.h"

struct delivery {
    struct receiver receiver;
    struct notice notice;
};

/* `receiver`: the JSON of the declared resource, its spec and its name. Appends one object. */
void delivery_write(struct slice receiver, const struct notice *n, struct buf *out);
/* Texts lie in the arena or in `json`. Returns 0, -EBADMSG or -ENODATA, with *err. */
int delivery_read(struct slice json, struct arena *a, struct delivery *ret, struct err *err);

/* An alert: its members, inside of an object that is open. */
void notice_alert_write(const struct notice_alert *a, struct json_writer *w);
/* As delivery_read. */
int notice_alert_read(const struct json_value *object, struct arena *a, struct notice_alert *ret,
                      struct err *err);

#endif
