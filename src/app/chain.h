/* chain.h - the steps of `firebreak probe --step` as a chain that is probed as one target. */
#ifndef FIREBREAK_APP_CHAIN_H
#define FIREBREAK_APP_CHAIN_H

#include "cli/commands.h"
#include "model/probe.h"

/* What stands before the first --step counts for every step, what stands behind a step for that one
 * only. Texts stay the command line's. Returns 0, or -EINVAL with *err: which step, which option,
 * and what is wrong. *ret is to be given back with probe_chain_done in any case. */
int probe_chain_from(const struct cli_parsed *parsed, struct arena *arena, struct probe_chain *ret,
                     struct err *err);
void probe_chain_done(struct probe_chain *c);
/* A value that a step takes out of its answer: `how` is json:PATH or regex:RE, and ends in a NUL.
 * Both texts stay the caller's. Returns 0 or -EINVAL with *err. */
int probe_capture_from(struct slice name, struct slice how, struct arena *arena,
                       struct probe_capture *ret, struct err *err);

#endif
