#include "model/source.h"

#include <errno.h>

#include "tests/tap.h"

static struct arena arena = {.sub = MEM_TEST};

static void a_place_tells_its_file_line_and_column(void)
{
    struct source_set set = {.arena = &arena};
    const struct source *s;
    struct source_point p;
    CHECK_INT(source_add(&set, SOURCE_FILE, "a", SLICE("one\ntwo\r\n\nfour"), &s), 0);
    source_place a = s->first;
    CHECK_INT(source_add(&set, SOURCE_FILE, "b", SLICE("x"), &s), 0);
    source_place b = s->first;

    CHECK_INT(source_point(&set, a, &p), 0);
    CHECK(p.line == 1 && p.column == 1 && slice_eq_cstr(p.text, "one"));
    CHECK_INT(source_point(&set, a + 3, &p), 0); /* the newline is the end of its own line */
    CHECK(p.line == 1 && p.column == 4);
    CHECK_INT(source_point(&set, a + 5, &p), 0);
    CHECK(p.line == 2 && p.column == 2 && slice_eq_cstr(p.text, "two"));
    CHECK_INT(source_point(&set, a + 9, &p), 0);
    CHECK(p.line == 3 && p.column == 1 && p.text.size == 0);
    CHECK_INT(source_point(&set, a + 14, &p), 0); /* behind the last byte */
    CHECK(p.line == 4 && p.column == 5 && slice_eq_cstr(p.text, "four"));
    CHECK_INT(source_point(&set, b, &p), 0);
    CHECK(strcmp(p.source->name, "b") == 0 && p.line == 1 && p.column == 1);
    arena_reset(&arena);
}

static void no_place_is_in_no_source(void)
{
    struct source_set set = {.arena = &arena};
    const struct source *s;
    struct source_point p = {.line = 7};
    CHECK_INT(source_point(&set, 0, &p), -ENOENT);
    CHECK_INT(source_add(&set, SOURCE_ENV, "E", SLICE(""), &s), 0);
    CHECK(source_of(&set, 0) == NULL);
    CHECK(source_of(&set, s->first) != NULL); /* an empty text still has an end */
    CHECK_INT(source_point(&set, s->first + 1, &p), -ENOENT);
    CHECK_INT(p.line, 7);
    arena_reset(&arena);
}

static void many_sources_are_each_found(void)
{
    struct source_set set = {.arena = &arena};
    const struct source *s;
    source_place first[100];
    for (int i = 0; i < 100; i++) {
        struct slice text = slice_sub(SLICE("abcdefg"), 0, (size_t)i % 8);
        CHECK_INT(source_add(&set, SOURCE_FILE, "f", text, &s), 0);
        first[i] = s->first;
    }
    for (int i = 0; i < 100; i++)
        CHECK(source_of(&set, first[i]) == &set.items[i]);
    arena_reset(&arena);
}

static void more_bytes_than_the_bound_are_refused(void)
{
    struct source_set set = {.arena = &arena};
    const struct source *s = NULL;
    struct slice huge = {"", SOURCE_BYTES_MAX};
    CHECK_INT(source_add(&set, SOURCE_FILE, "huge", huge, &s), -ENOSPC);
    CHECK(s == NULL && set.count == 0);
}

int main(void)
{
    TAP_RUN(a_place_tells_its_file_line_and_column);
    TAP_RUN(no_place_is_in_no_source);
    TAP_RUN(many_sources_are_each_found);
    TAP_RUN(more_bytes_than_the_bound_are_refused);
    arena_done(&arena);
    return tap_done();
}
