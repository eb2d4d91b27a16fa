/* environment.h - variables as a source: FIREBREAK_<SECTION>_<FIELD> sets each leaf of Server,
 * Store and Log, like FIREBREAK_SERVER_LISTEN or FIREBREAK_SERVER_TLS_CERT_FILE.
 *
 * Other names that begin with FIREBREAK_ are known (those of the contract, FIREBREAK_VAR_…), or a
 * warning: most are misspelt. The environment is passed in, as "NAME=VALUE" texts that end in
 * NULL. */
#ifndef FIREBREAK_CONFIG_ENVIRONMENT_H
#define FIREBREAK_CONFIG_ENVIRONMENT_H

#include "model/config_fault.h"
#include "model/value.h"

/* Adds a source for each variable that sets something, and puts the values into *root, a map.
 * Warnings are sentences in the arena, handed to `warn` (may be NULL). Returns 0, or -ENOSPC: the
 * sources' bound. */
int config_environment_read(char *const *environment, struct arena *a, struct source_set *sources,
                            struct config_faults *faults, struct value *root,
                            void (*warn)(void *ctx, const char *sentence), void *ctx);
/* The value of a variable; data NULL where it is not set. */
struct slice config_environment_get(char *const *environment, struct slice name);

#endif
