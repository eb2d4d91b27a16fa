/* resources.h - resources out of files: YAML, TOML or JSON, told apart by the file's name.
 *
 * A file holds lists of resources by kind, as a configuration does, or one resource with its
 * "kind", or a list of such. What is no resource (server, store, log) is passed over. */
#ifndef FIREBREAK_APP_RESOURCES_H
#define FIREBREAK_APP_RESOURCES_H

#include "base/arena.h"
#include "base/err.h"
#include "model/config_fault.h"
#include "model/kind.h"
#include "model/value.h"
#include "rt/rt.h"

enum { RESOURCES_MAX = 100 * 1000, RESOURCES_FILE_BYTES_MAX = 16 * 1024 * 1024 };

struct declared {
    const struct kind *kind;
    struct slice name, namespace_; /* namespace: empty where the file does not say */
    struct slice json;             /* the resource as it stands in the file */
    source_place at;
    struct value *value; /* as config/resource.h has it: flat */
    struct declared *next;
};

struct resource_set {
    struct arena arena;
    struct source_set sources;
    struct config_faults faults;
    struct declared *first, **end;
    uint32_t count;
};

void resource_set_init(struct resource_set *s);
/* One that comes from elsewhere, of which only the JSON is known: everything is copied. */
struct declared *resource_set_append(struct resource_set *s, const struct kind *kind,
                                     struct slice namespace_, struct slice name,
                                     struct slice json);
/* Checks all that was added against the schema of configurations: beside each other, so that a
 * name that stands twice is found; what references name may be on the server. On an offload
 * thread. */
void resource_set_check(struct resource_set *s);
/* Adds what the path has: a file, a folder's *.yaml, *.yml, *.toml and *.json, or "-". Returns 0,
 * also with faults; or a negative errno with *err: it cannot be read. */
int resource_set_add(struct resource_set *s, const char *path, struct err *err);
void resource_set_done(struct resource_set *s);

#endif
