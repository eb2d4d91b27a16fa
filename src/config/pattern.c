#include "config/pattern.h"

#include <errno.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "config/check.h"

void pattern_cache_done(struct pattern_cache *p)
{
    struct map_entry e;
    for (size_t at = 0; map_next(&p->compiled, &at, &e);)
        pcre2_code_free(e.value);
    map_done(&p->compiled);
    pcre2_match_data_free(p->match);
    *p = (struct pattern_cache){0};
}

static pcre2_code *compile(const char *pattern)
{
    int code;
    size_t at;
    return pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                         PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY, &code, &at,
                         NULL);
}

bool pattern_matches(struct pattern_cache *p, const char *pattern, struct slice text)
{
    pcre2_code *code = map_get_u64(&p->compiled, (uintptr_t)pattern);
    if (!code) {
        code = compile(pattern);
        if (!code)
            return false;
        map_put_u64(&p->compiled, (uintptr_t)pattern, code, NULL);
    }
    if (!p->match)
        p->match = pcre2_match_data_create(1, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    if (!p->match || !context)
        return false;
    pcre2_set_match_limit(context, CHECK_MATCH_STEPS_MAX);
    int r = pcre2_match(code, (PCRE2_SPTR)(text.data ? text.data : ""), text.size, 0, 0, p->match,
                        context);
    pcre2_match_context_free(context);
    return r >= 0;
}

int pattern_check(struct slice pattern, struct err *err)
{
    int code;
    size_t at;
    pcre2_code *c = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.size, PCRE2_NEVER_UTF, &code,
                                  &at, NULL);
    if (!c) {
        PCRE2_UCHAR text[120];
        pcre2_get_error_message(code, text, sizeof(text));
        return err_set(err, -EINVAL, "column %zu: %s", at + 1, (const char *)text);
    }
    pcre2_code_free(c);
    return 0;
}
