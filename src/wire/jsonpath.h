/* jsonpath.h - questions to a JSON tree: the part of RFC 9535 that command lines need.
 *
 *     $.items[0].name      members and elements; the '$' may be left out, and so may the '.'
 *                          behind it; {…} around the whole is accepted, as kubectl writes it
 *     $['a b'], $["a.b"]   any name, with the escapes of JSON; $['a','b',0] several at once
 *     $[-1]                counted from the end
 *     $[*], $.*            every child
 *     $..name, $..[*]      at any depth
 *     $[1:5:2], $[::-1]    slices
 *     $[?@.a == 'x' && !(@.b > 1 || @.c)]
 *                          filters: == != < <= > >= over paths (@ or $) and literals, existence,
 *                          && || ! and brackets
 *
 * Not understood, and said so: function extensions (length(), match() …). A path is parsed once
 * and may be asked often, also by several threads. Texts of a path point into the given text;
 * everything else lies in the arena. Pure. */
#ifndef FIREBREAK_WIRE_JSONPATH_H
#define FIREBREAK_WIRE_JSONPATH_H

#include "wire/json.h"

enum {
    JSONPATH_BYTES_MAX = 4096,              /* of one path */
    JSONPATH_DEPTH_MAX = 16,                /* of brackets and filters inside each other */
    JSONPATH_NODES_MAX = 100000,            /* of an answer, and of each step on the way to it */
    JSONPATH_VISITS_MAX = 4 * 1000 * 1000, /* values looked at for one answer */
};

struct jsonpath;

/* What a path found, in the order of RFC 9535 (as in the text; members as written). */
struct jsonpath_nodes {
    const struct json_value **node;
    uint32_t count;
};

/* Returns 0, -EINVAL with *err ("column 5: …"; columns count bytes from 1), -ENOSPC: the
 * arena's bound. */
int jsonpath_parse(struct slice text, struct arena *a, struct jsonpath **ret_path, struct err *err);
/* The values it finds; none is no error. Returns 0; -E2BIG: more than JSONPATH_NODES_MAX or
 * JSONPATH_VISITS_MAX; -ENOSPC: the arena's bound. `a` holds only the list. */
int jsonpath_select(const struct jsonpath *path, const struct json_value *root, struct arena *a,
                    struct jsonpath_nodes *ret_nodes);
/* Whether the path can find one value at most: names and indexes only. */
bool jsonpath_is_single(const struct jsonpath *path);

/* Takes "PATH=VALUE" apart at the first '=' that stands in no bracket and in no quotes.
 * Returns 0 or -EINVAL (there is none, or nothing before it). */
int jsonpath_split(struct slice text, struct slice *ret_path, struct slice *ret_value);

#endif
