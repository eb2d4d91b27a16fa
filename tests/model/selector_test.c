#include "model/selector.h"

#include "tests/tap.h"

#include <errno.h>

/* app=web, tier=front, env=(empty) */
static bool label(void *ctx, struct slice key, struct slice *ret)
{
    static const char *const labels[][2] = {{"app", "web"}, {"tier", "front"}, {"env", ""}};
    (void)ctx;
    for (int i = 0; i < 3; i++)
        if (slice_eq_cstr(key, labels[i][0])) {
            *ret = slice_from(labels[i][1]);
            return true;
        }
    return false;
}

static void terms_say_what_is_wanted(void)
{
    static const struct {
        const char *text;
        bool matches;
    } cases[] = {
        {"", true},
        {"  ", true},
        {"app=web", true},
        {"app==web", true},
        {"app = web", true},
        {"app=db", false},
        {"app!=db", true},
        {"app!=web", false},
        {"none!=x", true},
        {"none=x", false},
        {"app", true},
        {"none", false},
        {"!none", true},
        {"!app", false},
        {"app in (db, web)", true},
        {"app in (db)", false},
        {"app notin (db)", true},
        {"app notin (db,web)", false},
        {"none notin (a)", true},
        {"none in (a)", false},
        {"app=web,tier=front", true},
        {"app=web,tier=back", false},
        {"env=", true},
        {"env in (,x)", true},
        {"none=", false},
        {"app=", false},
        {"app in (web),tier,!x", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct selector s;
        struct err err = {0};
        CHECK_INT(selector_parse(slice_from(cases[i].text), &s, &err), 0);
        if (selector_matches(&s, label, NULL) != cases[i].matches)
            printf("# %s\n", cases[i].text);
        CHECK(selector_matches(&s, label, NULL) == cases[i].matches);
    }
}

static void what_is_wrong_is_shown(void)
{
    static const char *const texts[] = {
        ",",          "a,",    "=b",    "a=b c", "a in",    "a in b", "a in (b",
        "a in (b c)", "a ! b", "a > 1", "(a)",   "a==b==c", "a=b,,c", "!",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct selector s;
        struct err err = {0};
        if (selector_parse(slice_from(texts[i]), &s, &err) != -EINVAL)
            printf("# %s\n", texts[i]);
        CHECK_INT(selector_parse(slice_from(texts[i]), &s, &err), -EINVAL);
        CHECK(strstr(err.text, texts[i]) && strstr(err.text, "expected"));
    }
}

static __attribute__((noinline)) void terms_and_values_are_bounded(void)
{
    char text[200] = "";
    struct selector s;
    struct err err = {0};
    for (int i = 0; i <= SELECTOR_TERMS_MAX; i++)
        memcpy(text + 2 * i, "a,", 2);
    text[2 * SELECTOR_TERMS_MAX + 1] = 0;
    CHECK_INT(selector_parse(slice_from(text), &s, &err), -EINVAL);
    text[2 * SELECTOR_TERMS_MAX - 1] = 0;
    CHECK_INT(selector_parse(slice_from(text), &s, &err), 0);
    CHECK_INT(s.count, SELECTOR_TERMS_MAX);
}

static void what_a_selector_can_name_is_a_word(void)
{
    CHECK(selector_is_word(SLICE("app.kubernetes.io/name")) && selector_is_word(SLICE("v1_2-3")));
    CHECK(!selector_is_word(SLICE("")) && !selector_is_word(SLICE("a b")) &&
          !selector_is_word(SLICE("a,b")) && !selector_is_word(SLICE("a=b")));
}

int main(void)
{
    TAP_RUN(terms_say_what_is_wanted);
    TAP_RUN(what_is_wrong_is_shown);
    TAP_RUN(terms_and_values_are_bounded);
    TAP_RUN(what_a_selector_can_name_is_a_word);
    return tap_done();
}
