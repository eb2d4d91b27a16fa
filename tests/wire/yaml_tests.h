/* yaml_tests.h - documents of YAML in, for the tests of the reader's parts. */
#ifndef FIREBREAK_TESTS_WIRE_YAML_TESTS_H
#define FIREBREAK_TESTS_WIRE_YAML_TESTS_H

#include "tests/wire/value_tests.h"
#include "wire/yaml.h"

static inline struct value *read_yaml(struct slice text, const struct value_limits *limits)
{
    struct value *v = NULL;
    int told = yaml_read(begin_source(text), limits, &arena_, &faults_, &v);
    CHECK_INT(told, faults_.count);
    CHECK(v != NULL);
    return v;
}

/* The tree of a text without a fault. */
static inline struct value *yaml(const char *text)
{
    struct value *v = read_yaml(slice_from(text), NULL);
    CHECK_INT(faults_.count, 0);
    if (faults_.count)
        print_faults();
    return v;
}

/* The first fault of a text that has some. */
static inline const char *yaml_fault(const char *text)
{
    read_yaml(slice_from(text), NULL);
    CHECK(faults_.count > 0);
    return fault_at(0);
}

#endif
