/* local_spec.h - a check of the configuration that looks at this host, as what observe takes. */
#ifndef FIREBREAK_APP_LOCAL_SPEC_H
#define FIREBREAK_APP_LOCAL_SPEC_H

#include "base/arena.h"
#include "base/err.h"
#include "config/object.h"
#include "observe/observe.h"

/* `choice` is what the check asks, as config_choice names it. Returns 0 with *ret and what it is
 * shown as in *ret_target, all in the arena but the pattern, which is the caller's to free;
 * -EOPNOTSUPP: it does not look at this host; -EINVAL with *err. */
int local_spec_make(const char *choice, const struct config_object *o, struct arena *a,
                    struct local_spec *ret, const char **ret_target, struct err *err);

#endif
