/* value_tests.h - texts in, trees and faults out: what the tests of the value readers share.
 *
 * Each read_… takes a text and gives its tree; the tree and its faults live until the next one.
 * JSON_OF(v) is the tree as compact JSON, which is short to compare with. */
#ifndef FIREBREAK_TESTS_WIRE_VALUE_TESTS_H
#define FIREBREAK_TESTS_WIRE_VALUE_TESTS_H

#include "tests/tap.h"
#include "wire/json_value.h"

static struct arena arena_ = {.sub = MEM_TEST};
static struct source_set sources_;
static struct config_faults faults_;
static const struct source *source_;
static struct buf text_ = {.sub = MEM_TEST};

/* A new source, and no faults. */
static inline const struct source *begin_source(struct slice text)
{
    arena_reset(&arena_);
    sources_ = (struct source_set){.arena = &arena_};
    faults_ = (struct config_faults){.arena = &arena_};
    CHECK_INT(source_add(&sources_, SOURCE_FILE, "test", text, &source_), 0);
    return source_;
}

static inline const char *json_of(const struct value *v)
{
    struct err err = {0};
    buf_clear(&text_);
    if (json_value_write(&text_, v, 0, &err) < 0)
        return arena_printf(&arena_, "(%s)", err.text);
    return arena_strdup(&arena_, buf_slice(&text_));
}
#define CHECK_JSON(v, want) CHECK_STR(json_of(v), want)

/* The n-th fault as "LINE:COLUMN: CODE: MESSAGE", by place. */
static inline const char *fault_at(uint32_t n)
{
    struct source_point at;
    config_faults_sort(&faults_);
    if (n >= faults_.count || source_point(&sources_, faults_.items[n].at, &at) < 0)
        return "(no such fault)";
    const struct config_fault *f = &faults_.items[n];
    return arena_printf(&arena_, "%u:%u: %s: %s", at.line, at.column,
                        config_fault_code_name(f->code), f->message);
}

static inline void print_faults(void)
{
    for (uint32_t i = 0; i < faults_.count; i++)
        printf("#   %s\n", fault_at(i));
}

/* "LINE:COLUMN" of a place. */
static inline const char *place_of(source_place at)
{
    struct source_point p;
    if (source_point(&sources_, at, &p) < 0)
        return "nowhere";
    return arena_printf(&arena_, "%u:%u", p.line, p.column);
}

/* A whole file, or an empty slice with data NULL. The bytes live until the next call. */
static inline struct slice read_file(const char *path)
{
    static char text[4 << 20];
    FILE *f = fopen(path, "re");
    if (!f)
        return (struct slice){0};
    size_t size = fread(text, 1, sizeof(text), f);
    fclose(f);
    return (struct slice){text, size};
}

static inline void value_tests_done(void)
{
    arena_done(&arena_);
    buf_done(&text_);
}

#endif
