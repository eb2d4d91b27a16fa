/* diff.h - what changes from one configuration to another: by resource and by field. */
#ifndef FIREBREAK_CONFIG_DIFF_H
#define FIREBREAK_CONFIG_DIFF_H

#include "config/schema.h"
#include "model/value.h"

enum config_action { CONFIG_CREATE, CONFIG_UPDATE, CONFIG_DELETE };

struct config_change_field {
    const char *path; /* inside of the resource: "tcp.target" */
    const struct value *old_value, *new_value; /* NULL: it was, or is, not there */
    struct config_change_field *next;
};

/* A section (server, store, log) has neither name nor namespace. */
struct config_change {
    enum config_action action;
    const char *kind; /* "check", "server" */
    struct slice name, namespace_;
    struct config_change_field *fields, *last;
    struct config_change *next;
};

/* Both trees must be canonical, without defaults; either may be NULL. The changes lie in the arena,
 * in the schema's order of kinds; deletions of a kind come last. NULL: none. */
struct config_change *config_diff(struct arena *a, const struct value *old_root,
                                  const struct value *new_root);
/* "create", "update", "delete": public words. */
const char *config_action_name(enum config_action action);

#endif
