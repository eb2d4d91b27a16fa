#include "lang/name.h"

#include "lang/token.h"
#include "tests/tap.h"

static void equal_text_is_an_equal_number(void)
{
    struct names n;
    names_init(&n);
    name_id a = name_intern(&n, SLICE("team"));
    CHECK_INT(name_intern(&n, slice_from("team")), a);
    CHECK(name_intern(&n, SLICE("tean")) != a);
    CHECK_INT(name_find(&n, SLICE("team")), a);
    CHECK_INT(name_find(&n, SLICE("never said")), 0);
    CHECK(slice_eq_cstr(name_text(&n, a), "team"));
    names_done(&n);
}

static void keywords_come_first_in_their_order(void)
{
    struct names n;
    names_init(&n);
    CHECK_INT(name_find(&n, SLICE("break")), 1);
    CHECK_INT(name_find(&n, SLICE("var")), NAME_KEYWORD_END - 1);
    CHECK_INT(name_intern(&n, SLICE("x")), NAME_KEYWORD_END);
    names_done(&n);
}

static void many_names_keep_their_numbers(void)
{
    enum { NAMES = 5000 };
    struct names n;
    static char texts[NAMES][16];
    static name_id ids[NAMES];
    names_init(&n);
    for (int i = 0; i < NAMES; i++) {
        snprintf(texts[i], sizeof(texts[i]), "name%d", i);
        ids[i] = name_intern(&n, slice_from(texts[i]));
    }
    int wrong = 0;
    for (int i = 0; i < NAMES; i++)
        wrong += name_find(&n, slice_from(texts[i])) != ids[i];
    CHECK_INT(wrong, 0);
    names_done(&n);
}

int main(void)
{
    TAP_RUN(equal_text_is_an_equal_number);
    TAP_RUN(keywords_come_first_in_their_order);
    TAP_RUN(many_names_keep_their_numbers);
    return tap_done();
}
