/* resource_check.h - what is sent to the API, against the schema of configurations. */
#ifndef FIREBREAK_APP_RESOURCE_CHECK_H
#define FIREBREAK_APP_RESOURCE_CHECK_H

#include "gateway/gateway.h"

/* As gateway_options.check; `ctx` is not looked at. */
int resource_check(void *ctx, const struct gateway_resource *sent, struct gateway_verdict *ret,
                   struct err *err);

#endif
