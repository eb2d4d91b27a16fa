#include "config/pattern.h"

#include <errno.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "config/check.h"
#include "config/tables.h"

struct pattern {
    pcre2_code *code;
    bool takes_names; /* matches every plain name: most texts need no more than that */
};

void pattern_cache_done(struct pattern_cache *p)
{
    struct map_entry e;
    for (size_t at = 0; map_next(&p->compiled, &at, &e);) {
        struct pattern *pattern = e.value;
        pcre2_code_free(pattern->code);
        mem_free(MEM_CONFIG, pattern);
    }
    map_done(&p->compiled);
    pcre2_match_data_free(p->match);
    pcre2_match_context_free(p->context);
    *p = (struct pattern_cache){0};
}

/* NULL where there is no memory: patterns of the schema compile, which a test sees to. */
static struct pattern *compile(struct pattern_cache *p, const char *text)
{
    int code;
    size_t at;
    pcre2_code *c = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                                  PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY, &code,
                                  &at, NULL);
    if (!c)
        return NULL;
    struct pattern *pattern = mem_alloc(MEM_CONFIG, sizeof(*pattern));
    pattern->code = c;
    pattern->takes_names = strcmp(text, TABLE_NAME) == 0 || strcmp(text, TABLE_REF) == 0;
    map_put_u64(&p->compiled, (uintptr_t)text, pattern, NULL);
    return pattern;
}

static bool is_word(char c)
{
    char l = (char)(c | 32);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9');
}

/* What TABLE_NAME says, without the machinery. */
static bool is_name(struct slice s)
{
    if (s.size == 0 || s.size > TABLE_NAME_BYTES_MAX || !is_word(s.data[0]) ||
        !is_word(s.data[s.size - 1]))
        return false;
    for (size_t i = 1; i + 1 < s.size; i++) {
        char c = s.data[i];
        if (!is_word(c) && c != '-' && c != '.' && c != '_')
            return false;
    }
    return true;
}

static struct pattern *compiled(struct pattern_cache *p, const char *text)
{
    size_t at = (uintptr_t)text / 8 % PATTERN_RECENT_COUNT;
    if (p->recent[at].text == text)
        return p->recent[at].pattern;
    struct pattern *pattern = map_get_u64(&p->compiled, (uintptr_t)text);
    if (!pattern)
        pattern = compile(p, text);
    if (pattern) {
        p->recent[at].text = text;
        p->recent[at].pattern = pattern;
    }
    return pattern;
}

bool pattern_matches(struct pattern_cache *p, const char *text, struct slice subject)
{
    struct pattern *pattern = compiled(p, text);
    if (!pattern)
        return false;
    if (pattern->takes_names && is_name(subject))
        return true;
    if (!p->match)
        p->match = pcre2_match_data_create(1, NULL);
    if (!p->context) {
        p->context = pcre2_match_context_create(NULL);
        if (p->context)
            pcre2_set_match_limit(p->context, CHECK_MATCH_STEPS_MAX);
    }
    if (!p->match || !p->context)
        return false;
    return pcre2_match(pattern->code, (PCRE2_SPTR)(subject.data ? subject.data : ""), subject.size,
                       0, 0, p->match, p->context) >= 0;
}

int pattern_check(struct slice text, struct err *err)
{
    int code;
    size_t at;
    pcre2_code *c = pcre2_compile((PCRE2_SPTR)(text.data ? text.data : ""), text.size,
                                  PCRE2_NEVER_UTF, &code, &at, NULL);
    if (!c) {
        PCRE2_UCHAR words[120];
        pcre2_get_error_message(code, words, sizeof(words));
        return err_set(err, -EINVAL, "column %zu: %s", at + 1, (const char *)words);
    }
    pcre2_code_free(c);
    return 0;
}
