#include "lang/golib.h"

#include <errno.h>

#include "lang/golib_impl.h"
#include "tests/lang/lang_check.h"

static void packages_and_functions_are_found_by_name(void)
{
    CHECK(function("strings.Contains") && function("time.Duration.String"));
    CHECK(!function("strings.Nothing") && !function("strings.contains"));
    CHECK(!golib_package_find(SLICE("os")) && !golib_package_find(SLICE("string")));
    CHECK(!golib_find(golib_package_find(SLICE("path")), SLICE("")));
    const struct golib_object *pi =
        golib_object_find(golib_package_find(SLICE("math")), SLICE("Pi"));
    CHECK(pi && pi->kind == GOLIB_CONST && !pi->type);
    CHECK(!golib_object_find(golib_package_find(SLICE("math")), SLICE("Tau")));
}

/* What the checker and the evaluator rely on. */
static void the_table_is_sorted_and_its_signatures_are_of_known_letters(void)
{
    size_t packages;
    const struct golib_package *const *p = golib_packages(&packages);
    CHECK_INT(packages, 10);
    for (size_t i = 0; i < packages; i++) {
        CHECK(i == 0 || strcmp(p[i - 1]->path, p[i]->path) < 0);
        for (size_t k = 0; k < p[i]->func_count; k++) {
            const struct golib_func *f = &p[i]->funcs[k];
            CHECK(k == 0 || strcmp(p[i]->funcs[k - 1].name, f->name) < 0);
            CHECK((f->call != NULL) == (f->generic == NULL));
            if (f->generic) {
                CHECK(!f->params && !f->results && strncmp(f->generic, "func", 4) == 0);
                continue;
            }
            size_t params = strlen(f->params);
            CHECK_INT(strspn(f->params, "bijufgsryvdeaSYpmVAW"), params);
            CHECK(!strpbrk(f->params, "VAW") ||
                  strpbrk(f->params, "VAW") == f->params + params - 1);
            CHECK_INT(strspn(f->results, "bijufgsryvdeS"), strlen(f->results));
            CHECK(strlen(f->results) <= GOLIB_RESULTS_MAX && f->results[0]);
        }
    }
}

static void constants_are_literals(void)
{
    size_t packages, count = 0;
    const struct golib_package *const *p = golib_packages(&packages);
    for (size_t i = 0; i < packages; i++)
        for (size_t k = 0; k < p[i]->object_count; k++) {
            const struct golib_object *o = &p[i]->objects[k];
            CHECK((o->kind == GOLIB_ERROR) == (o->error != NULL));
            if (o->kind == GOLIB_CONST)
                count += number(o->literal).kind != CONSTANT_UNKNOWN;
        }
    CHECK_INT(count, 37);
}

static void a_result_beyond_its_bound_is_refused(void)
{
    struct golib_call c = {.arena = &test_arena, .result_bytes_max = 4};
    const struct slice parts[] = {SLICE("abc"), SLICE("de")};
    struct slice s = SLICE("old");
    char *room;
    CHECK_INT(golib_concat(&c, parts, 2, &s), -EMSGSIZE);
    CHECK_SLICE(s, "old");
    CHECK_INT(golib_concat(&c, parts, 1, &s), 0);
    CHECK_SLICE(s, "abc");
    CHECK_INT(golib_room(&c, 5, &room), -EMSGSIZE);
    CHECK_INT(golib_bytes_max(&(struct golib_call){0}), GOLIB_RESULT_BYTES_MAX);
}

static void a_full_arena_is_no_memory(void)
{
    struct arena small = ARENA(MEM_TEST, 16);
    struct golib_call c = {.arena = &small};
    const struct go_error *e = NULL;
    char *room;
    CHECK_INT(golib_room(&c, 17, &room), -ENOMEM);
    CHECK_INT(golib_error(&c, (struct go_error){0}, &e), -ENOMEM);
    CHECK(!e);
    arena_done(&small);
}

int main(void)
{
    TAP_RUN(packages_and_functions_are_found_by_name);
    TAP_RUN(the_table_is_sorted_and_its_signatures_are_of_known_letters);
    TAP_RUN(constants_are_literals);
    TAP_RUN(a_result_beyond_its_bound_is_refused);
    TAP_RUN(a_full_arena_is_no_memory);
    return LANG_DONE();
}
