/* why.h - the stories that the events in the store tell, for the gateway. */
#ifndef FIREBREAK_APP_WHY_H
#define FIREBREAK_APP_WHY_H

#include "gateway/gateway.h"

enum { WHY_EVENTS_MAX = 10 * 1000, WHY_TRACE_BYTES = 32 };

/* As gateway_options.why; ctx is the struct up. Of an asset, of the asset that a check or a task is
 * about (of a task: the story it stands in), or of a trace id; and who was told of these stories.
 */
int why_tell(void *ctx, const struct gateway_why *asked, struct gateway_story *ret,
             struct err *err);

#endif
