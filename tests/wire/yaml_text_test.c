#include "wire/yaml_text.h"

#include "tests/tap.h"

static struct arena arena = {.sub = MEM_TEST};

static void a_text_without_edits_is_the_sources_own(void)
{
    struct yaml_text t;
    struct slice source = SLICE("0123456789");
    yaml_text_init(&t, source, 2, 6, 1000, &arena);
    CHECK(yaml_text_apply(&t, source, 6));
    CHECK(t.text.data == source.data + 2 && t.text.size == 4);
    CHECK_INT(yaml_text_origin(&t, 0), 2);
    CHECK_INT(yaml_text_origin(&t, 4), 6);
}

static void edits_change_the_copy_and_every_byte_keeps_its_origin(void)
{
    struct yaml_text t;
    struct slice source = SLICE("ab\tcd*name e");
    yaml_text_init(&t, source, 1, source.size, 1000, &arena);
    CHECK(yaml_text_edit(&t, 6, 4, "x"));
    CHECK(yaml_text_edit(&t, 2, 1, " ")); /* in any order */
    CHECK(yaml_text_edit(&t, 11, 0, "? "));
    CHECK(yaml_text_apply(&t, source, source.size));
    CHECK(slice_eq(t.text, SLICE("b cd*x ? e")));
    static const size_t origin[] = {1, 2, 3, 4, 5, 6, 10, 11, 11, 11, 12};
    for (size_t i = 0; i < sizeof(origin) / sizeof(origin[0]); i++)
        CHECK_INT(yaml_text_origin(&t, i), origin[i]);
}

static void the_arenas_bound_is_an_answer(void)
{
    struct arena small = ARENA(MEM_TEST, 2000);
    struct yaml_text t;
    bool good = true;
    yaml_text_init(&t, SLICE("abc"), 0, 3, 1000, &small);
    for (int i = 0; i < 1000 && good; i++)
        good = yaml_text_edit(&t, 3, 0, "x");
    CHECK(!good);
    arena_done(&small);
}

int main(void)
{
    TAP_RUN(a_text_without_edits_is_the_sources_own);
    TAP_RUN(edits_change_the_copy_and_every_byte_keeps_its_origin);
    TAP_RUN(the_arenas_bound_is_an_answer);
    arena_done(&arena);
    return tap_done();
}
