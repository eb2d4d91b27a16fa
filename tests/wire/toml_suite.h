/* toml_suite.h - the public test suite of TOML: its lists of files, and its tagged JSON. */
#ifndef FIREBREAK_TESTS_WIRE_TOML_SUITE_H
#define FIREBREAK_TESTS_WIRE_TOML_SUITE_H

#include <math.h>

#include "tests/wire/value_tests.h"
#include "wire/json.h"
#include "wire/toml.h"

#define SUITE "../shared/conformance/toml"

/* Calls `each` with every .toml file of a version's list. Returns how many, or -1: no suite. */
static inline int suite_each(const char *version, bool (*each)(const char *name, const char *path))
{
    char path[512], line[300];
    int count = 0;
    snprintf(path, sizeof(path), SUITE "/files-toml-%s", version);
    FILE *f = fopen(path, "re");
    if (!f)
        return -1;
    while (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\r\n")] = 0;
        size_t size = strlen(line);
        if (size < 5 || strcmp(line + size - 5, ".toml") != 0)
            continue;
        snprintf(path, sizeof(path), SUITE "/%s", line);
        if (each(line, path))
            count++;
    }
    fclose(f);
    return count;
}

static inline bool same_float(struct slice want, double got)
{
    char text[400];
    snprintf(text, sizeof(text), "%.*s", SLICE_ARG(want));
    double d = strtod(text, NULL);
    return d == got || (isnan(d) && isnan(got));
}

/* Times are equal when they differ in zeroes behind the fraction only. */
static inline bool same_time(struct slice want, struct slice got)
{
    size_t i = 0, j = 0;
    while (i < want.size && j < got.size && want.data[i] == got.data[j])
        i++, j++;
    while (i < want.size && want.data[i] == '0')
        i++;
    while (j < got.size && got.data[j] == '0')
        j++;
    return slice_eq(slice_sub(want, i, want.size), slice_sub(got, j, got.size));
}

static inline bool same_scalar(const struct value *v, struct slice type, struct slice want)
{
    static const char *const times[] = {"datetime", "datetime-local", "date-local", "time-local"};
    char text[64];
    switch ((enum value_type)v->type) {
    case VALUE_STRING:
        return slice_eq_cstr(type, "string") && slice_eq(v->text, want);
    case VALUE_INT:
        snprintf(text, sizeof(text), "%lld", (long long)v->integer);
        return slice_eq_cstr(type, "integer") && slice_eq_cstr(want, text);
    case VALUE_FLOAT:
        return slice_eq_cstr(type, "float") && same_float(want, v->number);
    case VALUE_BOOL:
        return slice_eq_cstr(type, "bool") && slice_eq_cstr(want, v->boolean ? "true" : "false");
    case VALUE_TIME:
        return slice_eq_cstr(type, times[v->time]) && same_time(want, v->text);
    default:
        return false;
    }
}

/* Whether a tree is what the suite's JSON says: a scalar is {"type": …, "value": …}. */
static inline bool same_tagged(const struct value *v, const struct json_value *want)
{
    if (want->type == JSON_ARRAY) {
        const struct value *c = v->type == VALUE_LIST ? v->first : NULL;
        for (const struct json_value *w = want->first; w; w = w->next, c = c->next)
            if (!c || !same_tagged(c, w))
                return false;
        return v->type == VALUE_LIST && v->count == want->count;
    }
    const struct json_value *type = json_get(want, "type"), *value = json_get(want, "value");
    if (want->count == 2 && type && value && type->type == JSON_STRING &&
        value->type == JSON_STRING)
        return same_scalar(v, type->text, value->text);
    if (v->type != VALUE_MAP || v->count != want->count)
        return false;
    for (const struct json_value *w = want->first; w; w = w->next) {
        const struct value *c = value_get(v, w->key);
        if (!c || !same_tagged(c, w))
            return false;
    }
    return true;
}

#endif
