/* pattern.h - regular expressions of the schema and of configurations. Inside of config.
 *
 * PCRE2 with a bound on its steps: patterns and texts may be hostile. */
#ifndef FIREBREAK_CONFIG_PATTERN_H
#define FIREBREAK_CONFIG_PATTERN_H

#include "base/err.h"
#include "base/map.h"

/* Compiled patterns of the schema, by the address of their text. All zeroes is empty. */
enum { PATTERN_RECENT_COUNT = 8 };
struct pattern;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;
struct pattern_cache {
    struct map compiled;
    struct {
        const char *text;
        struct pattern *pattern;
    } recent[PATTERN_RECENT_COUNT]; /* by the address: objects of a kind use the same few */
    struct pcre2_real_match_data_8 *match;
    struct pcre2_real_match_context_8 *context;
};

void pattern_cache_done(struct pattern_cache *p);
/* Whether the whole text matches; a pattern that runs out of steps does not. */
bool pattern_matches(struct pattern_cache *p, const char *pattern, struct slice text);
/* Whether it is a pattern at all. Returns 0 or -EINVAL with *err ("column 5: missing )"). */
int pattern_check(struct slice pattern, struct err *err);

#endif
