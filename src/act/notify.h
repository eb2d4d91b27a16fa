/* notify.h - telling somebody: one notice to one receiver.
 *
 * A delivery is the work of a task, so it is retried as its task is. What is told may arrive twice
 * (the answer can be lost): a webhook's body has the same "key" and "at" then, a mail the same
 * Message-ID, and Alertmanager knows an alert by its labels. */
#ifndef FIREBREAK_ACT_NOTIFY_H
#define FIREBREAK_ACT_NOTIFY_H

#include "base/err.h"
#include "model/action.h"
#include "rt/rt.h"

enum {
    NOTIFY_TIMEOUT_MS = 30 * 1000,       /* of a delivery, where nothing else is said */
    NOTIFY_ANSWER_BYTES_MAX = 64 * 1024, /* of an answer that is looked at */
    NOTIFY_SECRET_BYTES_MAX = 4096,
};

/* `delivery`: JSON of wire/notice_json.h. Returns 0 with *ret, however it went: ok, http_status
 * with the answer's first line, or what connecting met; a mail that a server puts off or refuses is
 * not_serving. -EBADMSG with *err: it is no delivery; -ECANCELED. */
int act_notify(struct slice delivery, struct exec_result *ret, struct err *err, rt_time deadline);

#endif
