/* yaml_error.h - what libyaml could not read, in words that say what to do. Inside of yaml. */
#ifndef FIREBREAK_WIRE_YAML_ERROR_H
#define FIREBREAK_WIRE_YAML_ERROR_H

#include "wire/value_read.h"

struct yaml_error {
    const char *problem, *context; /* libyaml's literals; context may be NULL */
    size_t at, from;               /* in the source: the problem's place, the context's */
};

/* Adds it to the faults. */
void yaml_error_tell(struct value_reader *r, const struct yaml_error *e);

#endif
