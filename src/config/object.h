/* object.h - how the rest of the program reads a checked configuration.
 *
 * An object is a struct of the schema with its value (which may be missing: then every field has
 * its default). Fields are asked by key and answered by their type; a key or type that the schema
 * does not have is a bug of the caller and ends the program. Pure; texts live as long as the
 * configuration. */
#ifndef FIREBREAK_CONFIG_OBJECT_H
#define FIREBREAK_CONFIG_OBJECT_H

#include "config/schema.h"
#include "model/value.h"

struct config_object {
    const struct schema_struct *of;
    const struct value *value; /* NULL: nothing was said */
};

struct config_object config_object_root(const struct value *root);
/* Whether something was said: not a null and, where the field is no pointer, no zero. */
bool config_has(const struct config_object *o, const char *key);
/* What was said, else the default, else the type's zero. */
struct slice config_string(const struct config_object *o, const char *key);
int64_t config_int(const struct config_object *o, const char *key);
int64_t config_duration(const struct config_object *o, const char *key); /* ns */
double config_float(const struct config_object *o, const char *key);
bool config_bool(const struct config_object *o, const char *key);
/* The struct in a field; of a pointer that is not set value is NULL. */
struct config_object config_struct(const struct config_object *o, const char *key);

/* The elements of a list, or the entries of a table: NULL begins, NULL ends. */
const struct value *config_next(const struct config_object *o, const char *key,
                                const struct value *before);
/* The same for lists of structs: `for (struct config_object e = {0}; config_next_object(…, &e);)`.
 */
bool config_next_object(const struct config_object *o, const char *key,
                        struct config_object *element);
/* The name of the one choice that is set ("tcp"), or NULL. */
const struct schema_field *config_choice(const struct config_object *o);

#endif
