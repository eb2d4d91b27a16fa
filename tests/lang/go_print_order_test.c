#include "lang/go_printer.h"

#include <math.h>

#include "tests/lang/values.h"

/* Keys alone: each is its own value. */
static const char *sorted(const struct go_value *keys, size_t count)
{
    struct go_value *parts = arena_alloc_array(&test_arena, 2 * count, sizeof(*parts));
    for (size_t i = 0; i < count; i++)
        parts[2 * i] = parts[2 * i + 1] = keys[i];
    const struct thing map = {.type = "map[any]any", .parts = parts};
    const struct go_value m = compound(GO_MAP, count, &map);
    const struct go_entry **entries;
    static struct buf words = {.sub = MEM_TEST};
    CHECK_INT(go_entries_sorted(&test_arena, &m, &entries), 0);
    buf_clear(&words);
    for (size_t i = 0; i < count; i++) {
        buf_append_cstr(&words, i ? " " : "");
        buf_append_cstr(&words, PRINTED("%v", entries[i]->key));
        CHECK_INT(entries[i]->key.kind, entries[i]->value.kind);
    }
    char *copy = arena_strdup(&test_arena, buf_slice(&words));
    buf_done(&words);
    return copy;
}

#define SORTED(...)                                \
    sorted((const struct go_value[]){__VA_ARGS__}, \
           sizeof((const struct go_value[]){__VA_ARGS__}) / sizeof(struct go_value))

static void scalars_by_value(void)
{
    CHECK_STR(SORTED(G_INT(3), G_INT(-1), G_INT(2)), "-1 2 3");
    CHECK_STR(SORTED(G_UINT8(200), G_UINT8(3)), "3 200");
    CHECK_STR(SORTED(G_BOOL(true), G_BOOL(false)), "false true");
    CHECK_STR(SORTED(G_FLOAT(1), G_FLOAT(NAN), G_FLOAT(-2)), "NaN -2 1");
}

static void strings_as_bytes(void)
{
    CHECK_STR(SORTED(G_STRING("b"), G_STRING("ab"), G_STRING("a"), G_STRING("é"), G_STRING("B")),
              "B a ab b é");
}

static void structs_by_their_first_difference(void)
{
    const struct go_value a[] = {G_INT(1), G_STRING("z")}, b[] = {G_INT(1), G_STRING("y")};
    static const char *const names[] = {"A", "B"};
    const struct thing at = {"main.Key", a, names, NULL, false};
    const struct thing bt = {"main.Key", b, names, NULL, false};
    CHECK_STR(SORTED(compound(GO_STRUCT, 2, &at), compound(GO_STRUCT, 2, &bt)), "{1 y} {1 z}");
}

static void different_kinds_have_an_order_too(void)
{
    const char *one = SORTED(G_STRING("a"), G_INT(1), G_BOOL(true));
    CHECK_STR(SORTED(G_BOOL(true), G_STRING("a"), G_INT(1)), one);
}

static void many_are_sorted_stably(void)
{
    enum { COUNT = 1000 };
    struct go_value *keys = arena_alloc_array(&test_arena, 2 * COUNT, sizeof(*keys));
    for (int i = 0; i < COUNT; i++) {
        keys[2 * i] = G_INT(i * 7919 % COUNT / 2);
        keys[2 * i + 1] = G_INT(i);
    }
    const struct thing map = {.type = "map[int]int", .parts = keys};
    const struct go_value m = compound(GO_MAP, COUNT, &map);
    const struct go_entry **e;
    CHECK_INT(go_entries_sorted(&test_arena, &m, &e), 0);
    for (int i = 1; i < COUNT; i++) {
        CHECK(e[i - 1]->key.integer <= e[i]->key.integer);
        if (e[i - 1]->key.integer == e[i]->key.integer)
            CHECK(e[i - 1]->value.integer < e[i]->value.integer);
    }
}

int main(void)
{
    TAP_RUN(scalars_by_value);
    TAP_RUN(strings_as_bytes);
    TAP_RUN(structs_by_their_first_difference);
    TAP_RUN(different_kinds_have_an_order_too);
    TAP_RUN(many_are_sorted_stably);
    return LANG_DONE();
}
