#include "model/value.h"

#include "tests/tap.h"

static struct arena arena = {.sub = MEM_TEST};

static struct value *integer(const char *key, int64_t n)
{
    struct value *v = value_new(&arena, VALUE_INT, 0);
    value_set_key(v, slice_from(key));
    v->integer = n;
    return v;
}

static void members_are_found_by_key(void)
{
    struct value *m = value_new(&arena, VALUE_MAP, 5);
    value_append(m, integer("a", 1));
    value_append(m, integer("b", 2));
    CHECK_INT(m->count, 2);
    CHECK_INT(value_get(m, SLICE("b"))->integer, 2);
    CHECK(value_get(m, SLICE("c")) == NULL);
    CHECK(value_get(integer("a", 1), SLICE("a")) == NULL);
    arena_reset(&arena);
}

static void maps_are_equal_in_any_order_and_lists_only_in_one(void)
{
    struct value *a = value_new(&arena, VALUE_MAP, 0), *b = value_new(&arena, VALUE_MAP, 9);
    value_append(a, integer("x", 1));
    value_append(a, integer("y", 2));
    value_append(b, integer("y", 2));
    value_append(b, integer("x", 1));
    CHECK(value_equal(a, b));
    a->type = b->type = VALUE_LIST;
    CHECK(!value_equal(a, b));
    CHECK(!value_equal(integer("", 1), value_new(&arena, VALUE_NULL, 0)));
    arena_reset(&arena);
}

int main(void)
{
    TAP_RUN(members_are_found_by_key);
    TAP_RUN(maps_are_equal_in_any_order_and_lists_only_in_one);
    arena_done(&arena);
    return tap_done();
}
