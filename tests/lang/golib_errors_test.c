#include "tests/lang/values.h"

static const struct go_error *new_error(const char *text)
{
    union golib_value arg = {.text = slice_from(text)}, ret = {0};
    CHECK_INT(call("errors.New", &arg, &ret), 0);
    return ret.error;
}

static bool is(const struct go_error *e, const struct go_error *target)
{
    union golib_value args[] = {{.error = e}, {.error = target}}, ret = {0};
    CHECK_INT(call("errors.Is", args, &ret), 0);
    return ret.boolean;
}

static const struct go_error *unwrapped(const struct go_error *e)
{
    union golib_value arg = {.error = e}, ret = {.error = e};
    CHECK_INT(call("errors.Unwrap", &arg, &ret), 0);
    return ret.error;
}

static const struct go_error *joined(const struct go_error *const *items, size_t count)
{
    union golib_value arg = {.errors = {items, count}}, ret = {0};
    CHECK_INT(call("errors.Join", &arg, &ret), 0);
    return ret.error;
}

static void two_errors_of_one_text_are_not_the_same(void)
{
    const struct go_error *a = new_error("lost"), *b = new_error("lost");
    CHECK(is(a, a) && !is(a, b) && is(NULL, NULL) && !is(a, NULL) && !is(NULL, a));
    CHECK(!unwrapped(a) && !unwrapped(NULL));
}

static void is_looks_into_lists_within_lists(void)
{
    const struct go_error *a = new_error("a"), *b = new_error("b"), *c = new_error("c");
    const struct go_error *const inner[] = {a, NULL, b};
    const struct go_error *list = joined(inner, 3);
    const struct go_error *const outer[] = {c, list};
    const struct go_error *all = joined(outer, 2);
    CHECK_SLICE(list->text, "a\nb");
    CHECK_SLICE(all->text, "c\na\nb");
    CHECK(is(all, a) && is(all, b) && is(all, c) && is(all, list) && !is(list, c));
    CHECK(!unwrapped(all));
    CHECK(!joined(NULL, 0));
}

static void printed_they_are_their_text(void)
{
    struct go_value e = go_error_value(new_error("lost"));
    CHECK_STR(PRINTED("%v %s %q %T", e, e, e, e), "lost lost \"lost\" *errors.errorString");
    CHECK_STR(PRINTED("%d %#v", e, e), "&{%!d(string=lost)} &errors.errorString{s:\"lost\"}");
    CHECK_INT(go_error_value(NULL).kind, GO_NIL);
}

static void an_error_of_the_evaluators_own_keeps_its_identity(void)
{
    static const int thing = 1, other = 2;
    const struct go_error a = {.foreign = {.kind = GO_STRUCT, .ops = &thing_ops, .object = &thing}};
    const struct go_error again = {
        .foreign = {.kind = GO_STRUCT, .ops = &thing_ops, .object = &thing}};
    const struct go_error b = {.foreign = {.kind = GO_STRUCT, .ops = &thing_ops, .object = &other}};
    CHECK(is(&a, &again) && !is(&a, &b));
    CHECK(go_error_value(&a).object == &thing);
}

int main(void)
{
    TAP_RUN(two_errors_of_one_text_are_not_the_same);
    TAP_RUN(is_looks_into_lists_within_lists);
    TAP_RUN(printed_they_are_their_text);
    TAP_RUN(an_error_of_the_evaluators_own_keeps_its_identity);
    return LANG_DONE();
}
