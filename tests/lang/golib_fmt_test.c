#include "tests/lang/values.h"

static int formatted(const char *full, const char *format, const struct go_value *items,
                     size_t count, union golib_value *ret)
{
    union golib_value args[] = {{.text = slice_from(format)}, {.values = {items, count}}};
    return call(full, format ? args : args + 1, ret);
}

static void sprintf_sprint_and_sprintln(void)
{
    const struct go_value items[] = {G_INT(7), G_INT(8)};
    union golib_value ret;
    CHECK_INT(formatted("fmt.Sprintf", "%d-%d", items, 2, &ret), 0);
    CHECK_SLICE(ret.text, "7-8");
    CHECK_INT(formatted("fmt.Sprint", NULL, items, 2, &ret), 0);
    CHECK_SLICE(ret.text, "7 8");
    CHECK_INT(formatted("fmt.Sprintln", NULL, items, 2, &ret), 0);
    CHECK_SLICE(ret.text, "7 8\n");
}

static void errorf_wraps_what_percent_w_names(void)
{
    static const struct go_error cause = {.text = {"cause", 5}, .type = "*errors.errorString"};
    const struct go_value items[] = {G_STRING("load"), go_error_value(&cause)};
    union golib_value ret;
    CHECK_INT(formatted("fmt.Errorf", "%s: %w", items, 2, &ret), 0);
    CHECK_SLICE(ret.error->text, "load: cause");
    CHECK_STR(ret.error->type, "*fmt.wrapError");
    CHECK(go_error_is(ret.error, &cause) && ret.error->wrapped[0] == &cause);
    CHECK_INT(formatted("fmt.Errorf", "%s: %v", items, 2, &ret), 0);
    CHECK(!go_error_is(ret.error, &cause));
    CHECK_STR(ret.error->type, "*errors.errorString");
}

static void errorf_wraps_several_and_foreign_ones(void)
{
    static const struct thing own = {.type = "main.Failing", .said = "mine"};
    static const struct go_error cause = {.text = {"cause", 5}, .type = "*errors.errorString"};
    struct go_value foreign = compound(GO_STRUCT, 0, &own);
    foreign.methods = GO_HAS_ERROR;
    const struct go_value items[] = {foreign, go_error_value(&cause)};
    const struct go_error target = {.foreign = foreign};
    union golib_value ret;
    CHECK_INT(formatted("fmt.Errorf", "%w, %w", items, 2, &ret), 0);
    CHECK_SLICE(ret.error->text, "mine, cause");
    CHECK(ret.error->is_list && ret.error->wrapped_count == 2);
    CHECK(go_error_is(ret.error, &cause) && go_error_is(ret.error, &target));
}

static void a_result_that_is_too_large_is_refused(void)
{
    const struct go_value one = G_INT(1);
    union golib_value ret = {.integer = 5};
    test_call.result_bytes_max = 100;
    CHECK_INT(formatted("fmt.Sprintf", "%101d", &one, 1, &ret), -EMSGSIZE);
    CHECK_INT(formatted("fmt.Errorf", "%101d", &one, 1, &ret), -EMSGSIZE);
    CHECK_INT(ret.integer, 5);
    test_call.result_bytes_max = 0;
}

int main(void)
{
    TAP_RUN(sprintf_sprint_and_sprintln);
    TAP_RUN(errorf_wraps_what_percent_w_names);
    TAP_RUN(errorf_wraps_several_and_foreign_ones);
    TAP_RUN(a_result_that_is_too_large_is_refused);
    return LANG_DONE();
}
