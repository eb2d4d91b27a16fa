/* resource.h - one resource by itself: as a file of resources, the API or the store has it.
 *
 * A resource is a map: name, namespace and labels, and beside them either the members of its spec
 * (as a configuration has it) or these in a map "spec" (as the API answers it, with kind, revision
 * and state around it). It is checked by the same schema as a configuration; but what its
 * references name may stand elsewhere, so they are not looked up. Pure; checking and writing need
 * LANG_STACK_BYTES_MIN of stack: an offload thread, never a task. */
#ifndef FIREBREAK_CONFIG_RESOURCE_H
#define FIREBREAK_CONFIG_RESOURCE_H

#include "base/buf.h"
#include "base/err.h"
#include "config/schema.h"
#include "model/config_fault.h"
#include "model/kind.h"
#include "model/value.h"

/* The list of a configuration that has this kind ("checks"); NULL: none has (nodes and tasks are
 * found, not declared). */
const struct schema_field *config_list_of(const struct kind *kind);
/* The kind of such a list; NULL: it is no list of resources. */
const struct kind *config_kind_of(const struct schema_field *list);

/* A map without "spec", and without what the API adds. Its members are *v's, or share theirs.
 * What is no map is given back as it is. */
struct value *config_resource_flat(struct arena *a, struct value *v);
/* Sets name and namespace, whatever stood there; an empty `name` leaves it. */
void config_resource_name(struct arena *a, struct value *flat, struct slice namespace_,
                          struct slice name);
/* Returns how many faults were told; their paths begin with the list: "checks[db].every". */
uint32_t config_resource_check(struct arena *a, const struct schema_field *list, struct value *flat,
                               struct config_faults *faults);
/* Appends the one form in which it is kept and compared: JSON, the members in the schema's order,
 * without zeroes and defaults. Changes the tree. Returns 0, or -EINVAL with *err: a value that JSON
 * does not have. */
int config_resource_write(struct arena *a, const struct schema_field *list, struct value *flat,
                          struct buf *out, struct err *err);
/* All of it for a JSON text: read, flat, named, checked, and, where there is no fault, written to
 * *out. The text is source `text_name` of faults, and outlives them. Returns how many faults. */
uint32_t config_resource_read(struct arena *a, const struct kind *kind, struct slice namespace_,
                              struct slice name, const char *text_name, struct slice text,
                              struct source_set *sources, struct config_faults *faults,
                              struct value **ret_flat, struct buf *out);

#endif
