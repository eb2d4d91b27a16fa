/* jsonpath_tree.h - a parsed JSON path. Inside of jsonpath. */
#ifndef FIREBREAK_WIRE_JSONPATH_TREE_H
#define FIREBREAK_WIRE_JSONPATH_TREE_H

#include "wire/jsonpath.h"

struct jsonpath_expr;

enum jsonpath_kind { PATH_NAME, PATH_INDEX, PATH_WILD, PATH_SLICE, PATH_FILTER };

struct jsonpath_selector {
    enum jsonpath_kind kind;
    struct slice name;
    int64_t from, to, step; /* INDEX: from; SLICE: all */
    bool has_from, has_to;
    struct jsonpath_expr *filter;
    struct jsonpath_selector *next;
};

struct jsonpath_segment {
    bool deep; /* ".." */
    struct jsonpath_selector *first;
    struct jsonpath_segment *next;
};

struct jsonpath {
    bool from_current; /* begins with '@' */
    struct jsonpath_segment *first;
};

enum jsonpath_op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE };

/* One side of a comparison. */
struct jsonpath_operand {
    struct jsonpath *path; /* NULL: the literal */
    struct json_value *literal;
};

enum jsonpath_test { TEST_OR, TEST_AND, TEST_NOT, TEST_EXISTS, TEST_COMPARE };

struct jsonpath_expr {
    enum jsonpath_test test;
    struct jsonpath_expr *left, *right; /* OR, AND; NOT: left */
    enum jsonpath_op op;
    struct jsonpath_operand a, b; /* COMPARE; EXISTS: a */
};

#endif
