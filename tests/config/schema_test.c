#include "config/schema.h"

#include <ctype.h>
#include <errno.h>

#include "base/duration.h"
#include "base/err.h"
#include "config/canonical.h"
#include "config/check.h"
#include "config/pattern.h"
#include "tests/tap.h"

static struct arena arena = {.sub = MEM_TEST};

#define EACH_STRUCT(s)                                                                             \
    for (const struct schema_struct *const *s##_ = config_schema.structs, *s; (s = *s##_); s##_++)
#define EACH_FIELD(s, f)                                                                           \
    for (const struct schema_field *f = (s)->fields; f < (s)->fields + (s)->field_count; f++)

/* Names what is wrong, so that a failure can be found. */
static void expect(bool ok, const struct schema_struct *s, const struct schema_field *f,
                   const char *what)
{
    if (!ok)
        printf("# %s.%s: %s\n", s->name, f ? f->name : "", what);
    CHECK(ok);
}

/* "AgentListen" is agent_listen, "LeaseTTL" lease_ttl, "PIDFile" pid_file, "SLOs" slos. */
static void snake(const char *name, char *to)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++) {
        bool upper = isupper((unsigned char)name[i]);
        bool after_lower = i > 0 && !isupper((unsigned char)name[i - 1]);
        bool before_lower = i + 1 < n && islower((unsigned char)name[i + 1]) &&
                            !(name[i + 1] == 's' && i + 2 == n);
        if (upper && i > 0 && (after_lower || before_lower))
            *to++ = '_';
        *to++ = (char)tolower((unsigned char)name[i]);
    }
    *to = 0;
}

static void keys_are_the_snake_case_of_names(void)
{
    char key[64];
    snake("LeaseTTL", key);
    CHECK_STR(key, "lease_ttl");
    snake("PIDFile", key);
    CHECK_STR(key, "pid_file");
    snake("SLOs", key);
    CHECK_STR(key, "slos");
    snake("SHA256", key);
    CHECK_STR(key, "sha256");
    EACH_STRUCT(s)
        EACH_FIELD(s, f) {
            snake(f->name, key);
            expect(strcmp(key, f->key) == 0, s, f, "its key is not the snake_case of its name");
        }
}

static void names_are_unique(void)
{
    EACH_STRUCT(s) {
        EACH_FIELD(s, f)
            for (const struct schema_field *g = s->fields; g < f; g++)
                expect(strcmp(f->name, g->name) && strcmp(f->key, g->key), s, f, "stands twice");
        for (const struct schema_struct *const *o = config_schema.structs; *o != s; o++)
            expect(strcmp((*o)->name, s->name) != 0, s, NULL, "stands twice");
        expect(s->field_count > 0 && s->field_count <= 64, s, NULL, "1 to 64 fields");
    }
}

static bool is_sentence(const char *help)
{
    size_t n = help ? strlen(help) : 0;
    return n > 8 && help[n - 1] == '.' && (isupper((unsigned char)help[0]) || help[0] == '*');
}

static void everything_is_explained(void)
{
    EACH_STRUCT(s) {
        expect(is_sentence(s->help), s, NULL, "has no help in sentences");
        EACH_FIELD(s, f)
            expect(is_sentence(f->help), s, f, "has no help in sentences");
    }
}

static void patterns_compile_and_are_explained(void)
{
    EACH_STRUCT(s)
        EACH_FIELD(s, f) {
            struct err err = {0};
            expect(!f->pattern == !f->pattern_help, s, f, "a pattern and its words go together");
            expect(!f->pattern || pattern_check(slice_from(f->pattern), &err) == 0, s, f, err.text);
            expect(!f->pattern || f->type == SCHEMA_STRING, s, f, "a pattern is for strings");
            expect(!f->words || (f->type == SCHEMA_STRING && f->words[0]), s, f, "words, strings");
        }
}

static bool within(const struct schema_field *f, double n)
{
    double scale = f->type == SCHEMA_FLOAT ? 1000 : 1;
    return (!f->has_min || n * scale >= (double)f->min) &&
           (!f->has_max || n * scale <= (double)f->max);
}

static bool default_is_good(const struct schema_field *f)
{
    const struct value *v = config_default(&arena, f);
    struct pattern_cache patterns = {0};
    int64_t ns;
    bool good = v && (f->shape == SCHEMA_POINTER || !config_is_zero(v));
    if (good && f->type == SCHEMA_DURATION)
        good = duration_parse(slice_from(f->dflt), &ns) == 0 && within(f, (double)ns);
    if (good && f->type == SCHEMA_INT)
        good = within(f, (double)v->integer);
    if (good && f->pattern)
        good = pattern_matches(&patterns, f->pattern, v->text);
    if (good && f->words) {
        size_t i = 0;
        while (f->words[i] && strcmp(f->words[i], f->dflt) != 0)
            i++;
        good = f->words[i] != NULL;
    }
    pattern_cache_done(&patterns);
    return good;
}

static void defaults_pass_their_own_rules(void)
{
    EACH_STRUCT(s)
        EACH_FIELD(s, f) {
            expect(!f->dflt || default_is_good(f), s, f,
                   "its default breaks its rules, or is zero");
            expect(!f->dflt || !f->required, s, f, "what is required has no default");
            expect(!f->dflt || f->shape == SCHEMA_ONE || f->shape == SCHEMA_POINTER, s, f,
                   "a list has no default");
        }
    arena_reset(&arena);
}

static void ranges_are_in_order(void)
{
    EACH_STRUCT(s)
        EACH_FIELD(s, f)
            expect(!f->has_min || !f->has_max || f->min <= f->max, s, f, "min is above max");
}

static bool is_kind(const char *word)
{
    EACH_STRUCT(s)
        if (s->kind && strcmp(s->kind, word) == 0)
            return true;
    return false;
}

static void references_are_to_kinds_that_exist(void)
{
    EACH_STRUCT(s)
        EACH_FIELD(s, f)
            expect(!f->ref || (is_kind(f->ref) && f->type == SCHEMA_STRING), s, f, f->ref);
}

static bool is_listed(const struct schema_struct *wanted)
{
    EACH_STRUCT(s)
        if (s == wanted)
            return true;
    return false;
}

static void structs_are_listed_and_used(void)
{
    EACH_STRUCT(s) {
        bool used = s == config_schema.root;
        EACH_FIELD(s, f) {
            expect((f->type == SCHEMA_STRUCT) == (f->of != NULL), s, f, "of and type differ");
            expect(!f->of || is_listed(f->of), s, f, "its struct is not in the list");
            expect(f->shape != SCHEMA_TABLE || !f->of, s, f, "a table holds scalars");
            expect(f->merge == SCHEMA_REPLACE || f->shape == SCHEMA_SLICE, s, f,
                   "no list to merge");
        }
        EACH_STRUCT(o)
            EACH_FIELD(o, f)
                used |= f->of == s;
        expect(used, s, NULL, "nothing uses it");
    }
}

static void kinds_begin_with_name_namespace_and_labels(void)
{
    static const char *const kinds[] = {"asset",    "check", "scrape", "remedy", "receiver",
                                        "schedule", "role",  "rolebinding", "route", "pipeline",
                                        "slo",      "adapter"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        CHECK(is_kind(kinds[i]));
    EACH_STRUCT(s)
        if (s->kind) {
            expect(strcmp(s->fields[0].name, "Name") == 0 && s->fields[0].required, s, NULL,
                   "Name");
            expect(strcmp(s->fields[1].name, "Namespace") == 0, s, NULL, "Namespace");
            expect(strcmp(s->fields[2].name, "Labels") == 0, s, NULL, "Labels");
        }
}

static const char *found(const char *name)
{
    static char text[80];
    struct schema_place at;
    struct slice bad;
    if (schema_place_find(slice_from(name), &at, &bad) < 0) {
        snprintf(text, sizeof(text), "not %.*s", SLICE_ARG(bad));
        return text;
    }
    snprintf(text, sizeof(text), "%s.%s", at.in->name, at.field ? at.field->name : "");
    return text;
}

static void dotted_names_find_fields(void)
{
    CHECK_STR(found("check.tcp.target"), "TCP.Target");
    CHECK_STR(found("Check.TCP.Target"), "TCP.Target");
    CHECK_STR(found("checks[db].tcp.target"), "TCP.Target");
    CHECK_STR(found("server.listen"), "Server.Listen");
    CHECK_STR(found("remedy.do.workflow.steps.do.run.argv"), "Run.Argv");
    CHECK_STR(found("rolebinding"), "RoleBinding.");
    CHECK_STR(found("check.tpc"), "not tpc");
    CHECK_STR(found("chekc"), "not chekc");
    CHECK_STR(found("check.every.x"), "not x");
    CHECK_STR(found(""), "not ");
}

static void near_words_are_suggested(void)
{
    CHECK_STR(schema_suggest(NULL, SLICE("chekc"), false), "check");
    struct schema_place at;
    struct slice bad;
    CHECK_INT(schema_place_find(SLICE("check.evry"), &at, &bad), -ENOENT);
    CHECK_STR(schema_suggest(at.in, bad, false), "every");
    CHECK_STR(schema_suggest(at.in, SLICE("Evry"), true), "Every");
}

int main(void)
{
    TAP_RUN(keys_are_the_snake_case_of_names);
    TAP_RUN(names_are_unique);
    TAP_RUN(everything_is_explained);
    TAP_RUN(patterns_compile_and_are_explained);
    TAP_RUN(defaults_pass_their_own_rules);
    TAP_RUN(ranges_are_in_order);
    TAP_RUN(references_are_to_kinds_that_exist);
    TAP_RUN(structs_are_listed_and_used);
    TAP_RUN(kinds_begin_with_name_namespace_and_labels);
    TAP_RUN(dotted_names_find_fields);
    TAP_RUN(near_words_are_suggested);
    arena_done(&arena);
    return tap_done();
}
