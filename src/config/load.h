/* load.h - a configuration from its sources: read, merged, checked.
 *
 * Sources from the lowest to the highest: files in the order given (a folder's in the order of
 * their names; its Go files are one package), variables, flags. Defaults stand below them all and
 * are not merged in: canonical.h and object.h add them where they are wanted.
 *
 * Loading never fails as a whole: whatever is wrong is a fault, and what could be read is there.
 * It reads files by blocking calls and needs LANG_STACK_BYTES_MIN of stack: the main thread, or an
 * offload thread; never a task. The result is read-only and may be handed to another thread. */
#ifndef FIREBREAK_CONFIG_LOAD_H
#define FIREBREAK_CONFIG_LOAD_H

#include "model/config_fault.h"
#include "model/value.h"

enum {
    CONFIG_FILES_MAX = 1000,     /* of one folder */
    CONFIG_WARNINGS_MAX = 100,
};

#define CONFIG_PATH_DEFAULT "/etc/firebreak"

/* One flag: "--set server.listen=:7440", or one of its own, like "--listen :7440". */
struct config_flag {
    const char *name; /* "--set" */
    const char *key;  /* NULL: the text says it, KEY=VALUE */
    const char *text;
};

struct config_options {
    const char *const *paths; /* none: FIREBREAK_CONFIG, else CONFIG_PATH_DEFAULT if it is there */
    size_t path_count;
    char *const *environment; /* ends in NULL; NULL: empty */
    const struct config_flag *flags;
    size_t flag_count;
    const char *const *vars; /* "NAME=VALUE" */
    size_t var_count;
    /* The one path ("-": standard input, as YAML, JSON or Go) is an Action by itself, with `run`,
     * `workflow` and so on at its top (in Go: var Action = firebreak.Action{…}); variables and
     * flags say nothing of it. */
    bool action;
};

/* What one source says by itself. */
struct config_layer {
    enum source_kind kind;
    struct value *root;
};

/* Something from outside that a Go file asked for. */
struct config_input {
    const char *what; /* "env HOME", "var REGION", "file ca.pem" */
    source_place at;  /* of the call */
};

struct config {
    struct arena arena;
    struct source_set sources;
    struct config_faults faults; /* sorted */
    struct value *root;          /* merged; an empty map where nothing was said */
    struct config_layer *layers; /* lowest first */
    size_t layer_count, layer_cap;
    const char **warnings; /* sentences */
    size_t warning_count;
    const char **watched; /* paths that it was read from: files and folders */
    size_t watched_count, watched_cap;
    struct config_input *inputs;
    size_t input_count, input_cap;
    bool unreachable; /* a path could not be read */
    bool incomplete;  /* a source could not be read whole: names may be missing */
    struct config_text *texts;
};

struct config *config_load(const struct config_options *options);
void config_free(struct config *c); /* NULL is accepted */

#endif
