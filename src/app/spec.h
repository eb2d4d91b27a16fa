/* spec.h - the options of `firebreak probe` as the spec that its probes share. */
#ifndef FIREBREAK_APP_SPEC_H
#define FIREBREAK_APP_SPEC_H

#include "cli/commands.h"
#include "model/probe.h"

/* Texts stay the options'. Returns 0, or -EINVAL with *err: which option, and what is wrong.
 * *ret is to be given back with probe_spec_done in any case. */
int probe_spec_from(const struct probe_options *o, struct arena *arena, struct probe_spec *ret,
                    struct err *err);
/* --every-failed or its default; 0 without --every. */
int64_t probe_every_failed(const struct probe_options *o);
void probe_spec_done(struct probe_spec *s);

#endif
