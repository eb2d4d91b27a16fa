/* check.h - a value against the schema: every fault, each once, whatever source it came from.
 *
 * A fault has a path of the value, by names where there are names (`checks[db-port].tcp.target`,
 * else `checks[0]`), and the schema's name of the field (`check.tcp.target`). One mistake makes one
 * fault: what follows from it is not told. A null is an absent field; for a field that is no
 * pointer so is a zero. Pure (but for `zones`); any thread. */
#ifndef FIREBREAK_CONFIG_CHECK_H
#define FIREBREAK_CONFIG_CHECK_H

#include "config/zones.h"
#include "model/config_fault.h"
#include "model/value.h"

enum {
    CHECK_DEPTH_MAX = 48,      /* of structs inside each other */
    CHECK_PATH_BYTES_MAX = 400, /* longer ones are cut */
    CHECK_MATCH_STEPS_MAX = 100000, /* of one pattern on one text */
};

struct check_options {
    /* What the value is; NULL: a whole configuration. Of another struct references are not looked
     * up, since what they name stands elsewhere. */
    const struct schema_struct *of;
    /* A source could not be read or parsed: names that are not found may stand in it. */
    bool incomplete;
    /* Where names of time zones are looked up: then the check reads files, as zones.h says. NULL:
     * only their form is looked at. */
    struct zones *zones;
};

/* Checks a whole configuration; texts of faults lie in their list's arena. Returns how many faults
 * were added. */
uint32_t config_check(const struct value *root, const struct check_options *options,
                      struct config_faults *faults);
/* Whether a value says no more than that it is left out. */
bool config_is_zero(const struct value *v);

#endif
