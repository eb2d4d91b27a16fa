/* key.h - a place in a configuration as people write it: `checks[db-port].tcp.target`.
 *
 * Words divided by dots are members; brackets hold an element's name (NAMESPACE/NAME outside of
 * the default namespace), its number, or, quoted, a key of a table. Pure. */
#ifndef FIREBREAK_CONFIG_KEY_H
#define FIREBREAK_CONFIG_KEY_H

#include "base/err.h"
#include "config/schema.h"
#include "model/value.h"

enum { KEY_PARTS_MAX = 24 };

struct config_key_part {
    struct slice word;
    bool element;                    /* stood in brackets */
    const struct schema_field *field; /* that it is of, or that its list is of */
};

struct config_key {
    struct config_key_part parts[KEY_PARTS_MAX];
    uint32_t count;
};

/* Takes it apart and finds its fields in the schema. Words point into the text. Returns 0, or
 * -EINVAL with *err: which word is wrong, and which may have been meant (*ret_suggestion, NULL:
 * none). */
int config_key_parse(struct slice text, struct config_key *ret, struct err *err,
                     const char **ret_suggestion);
/* The value there, or NULL. A name wins over a number. */
struct value *config_key_get(struct value *root, const struct config_key *key);
/* Whether an element in brackets is the one that `word` names. */
bool config_key_names(const struct value *object, struct slice word);

#endif
