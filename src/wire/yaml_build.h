/* yaml_build.h - the events of libyaml, one by one, into a tree of values. Inside of yaml. */
#ifndef FIREBREAK_WIRE_YAML_BUILD_H
#define FIREBREAK_WIRE_YAML_BUILD_H

#include <yaml.h>

#include "wire/yaml.h"

struct yaml_anchor;
struct yaml_frame;

struct yaml_builder {
    struct value_reader *r;
    struct yaml_frame *frames; /* depth_max of them: the open containers */
    uint32_t depth;
    struct map anchors; /* by name */
    uint32_t expansion; /* values that aliases and merges made, in the whole source */
    struct value *root; /* of the document, once it is there */
    bool blind;         /* after a fault of syntax: names may be defined in what was not read */
};

/* Returns false at a limit. */
bool yaml_build_init(struct yaml_builder *b, struct value_reader *r);
/* Begins a document: no container, no anchor. */
void yaml_build_begin(struct yaml_builder *b);
/* The event stands at [from, to) of the source. */
void yaml_build_event(struct yaml_builder *b, const yaml_event_t *e, size_t from, size_t to);
void yaml_build_done(struct yaml_builder *b);

#endif
