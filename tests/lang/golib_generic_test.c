#include "tests/lang/lang_check.h"

/* Signatures that only a checker can use: that each is at least whole is seen here, and that real
 * Go has the same ones in the test of the oracle. */
static void signatures_are_balanced_and_the_evaluators(void)
{
    static const char *const paths[] = {"slices", "maps", "sort"};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const struct golib_package *p = golib_package_find(slice_from(paths[i]));
        for (size_t k = 0; k < p->func_count; k++, count++) {
            int round = 0, square = 0;
            for (const char *c = p->funcs[k].generic; *c; c++) {
                round += (*c == '(') - (*c == ')');
                square += (*c == '[') - (*c == ']');
                CHECK(round >= 0 && square >= 0);
            }
            CHECK(round == 0 && square == 0 && !p->funcs[k].call);
        }
    }
    CHECK_INT(count, 49);
}

int main(void)
{
    TAP_RUN(signatures_are_balanced_and_the_evaluators);
    return LANG_DONE();
}
