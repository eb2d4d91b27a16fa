#include "model/step_text.h"

#include <errno.h>

#include "model/step_graph.h"
#include "tests/tap.h"

static struct err why;
static int looked;

static bool look(void *ctx, struct slice step, struct slice key, struct slice *ret)
{
    static const char *const all[][3] = {
        {"look", "FULL", "yes"}, {"look", "PERCENT", "91.5"}, {"look", "ok", "true"},
        {"fix", "ok", "false"},  {"v1.2", "TAG", "a b"},      {"look", "NONE", ""},
        {"look", "ZERO", "0"},
    };
    (void)ctx;
    looked++;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (slice_eq_cstr(step, all[i][0]) && slice_eq_cstr(key, all[i][1])) {
            *ret = slice_from(all[i][2]);
            return true;
        }
    return false;
}

static int is(const char *text)
{
    bool ret = false;
    why = (struct err){0};
    int r = step_if_eval(slice_from(text), look, NULL, &ret, &why);
    return r < 0 ? r : ret;
}

static void conditions_say_what_former_steps_said(void)
{
    static const struct {
        const char *text;
        int want;
    } all[] = {
        {"steps.look.ok", 1},
        {"not steps.look.ok", 0},
        {"not not steps.look.ok", 1},
        {"steps.fix.ok", 0},
        {"steps.look.ZERO", 0},
        {"steps.look.NONE", 0},
        {"steps.look.FULL == \"yes\"", 1},
        {"steps.look.FULL=='no'", 0},
        {"steps.look.FULL != 'no' and steps.look.ok", 1},
        {"steps.fix.ok or steps.look.ok", 1},
        {"steps.fix.ok and steps.look.ok or steps.look.ok", 1}, /* and binds closer */
        {"steps.fix.ok and (steps.look.ok or steps.look.ok)", 0},
        {"not (steps.fix.ok or steps.look.NONE)", 1},
        {"steps.look.PERCENT > 90", 1},
        {"steps.look.PERCENT <= 91.5", 1},
        {"90 >= steps.look.PERCENT", 0},
        {"steps.v1.2.TAG == \"a b\"", 1},
        {"steps.look.MISSING == \"\"", 1}, /* what is missing is empty */
        {"steps.look.MISSING", 0},
        {"true", 1},
        {"false or 0", 0},
        {"\t steps.look.ok \n", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        CHECK_INT(is(all[i].text), all[i].want);
        if (is(all[i].text) != all[i].want)
            printf("# %s: %s\n", all[i].text, why.text);
    }
}

static void what_decides_nothing_is_not_looked_at(void)
{
    CHECK_INT(is("false and steps.look.FULL > 3"), 0);
    CHECK_INT(is("true or steps.look.FULL > 3"), 1);
    CHECK_INT(is("true and steps.look.FULL > 3"), -EINVAL);
    CHECK(strstr(why.text, "\"yes\" is no number"));
}

static void what_cannot_be_read_is_told_with_its_column(void)
{
    static const char *const bad[][2] = {
        {"", "column 1"},
        {"and", "column 1"},
        {"steps.look.ok steps.look.ok", "column 15"},
        {"(steps.look.ok", "a ) is wanted"},
        {"steps.look.FULL == ", "column 20"},
        {"steps.look.FULL = \"yes\"", "column 17"},
        {"steps.look.FULL == \"yes", "not closed"},
        {"steps.FULL", "column 1"},
        {"steps..FULL", "column 1"},
        {"steps.look.1", "column 1"},
        {"FULL", "steps.NAME.KEY"},
        {"nan > 1", "column 1"},
        {"((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))", "too deep"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        why = (struct err){0};
        CHECK_INT(step_if_check(slice_from(bad[i][0]), look, NULL, &why), -EINVAL);
        CHECK(strstr(why.text, bad[i][1]));
        CHECK_INT(is(bad[i][0]), -EINVAL);
    }
}

static void a_check_sees_every_name(void)
{
    looked = 0;
    CHECK_INT(step_if_check(SLICE("false and steps.a.X > 3 or not steps.b.Y"), look, NULL, &why),
              0);
    CHECK_INT(looked, 2);
    CHECK_INT(step_text_check(SLICE("${steps.a.X}-$${steps.b.Y}${HOME}"), look, NULL, &why), 0);
    CHECK_INT(looked, 3);
}

static const char *expanded(const char *text)
{
    static struct buf out;
    out.sub = MEM_TEST;
    buf_clear(&out);
    why = (struct err){0};
    int r = step_text_expand(slice_from(text), look, NULL, &out, &why);
    return r < 0 ? NULL : out.size ? out.data : "";
}

static void texts_get_the_values_and_nothing_else(void)
{
    CHECK_STR(expanded("a${steps.look.FULL}b${steps.v1.2.TAG}"), "ayesba b");
    CHECK_STR(expanded("$(id) ${HOME} $x ${step} $"), "$(id) ${HOME} $x ${step} $");
    CHECK_STR(expanded("$${steps.look.FULL} $$"), "${steps.look.FULL} $$");
    CHECK(!expanded("${steps.look.MISSING}") && strstr(why.text, "said nothing"));
    CHECK(!expanded("${steps.look}") && strstr(why.text, "is wanted"));
    CHECK(!expanded("${steps.look.FULL") && strstr(why.text, "is wanted"));
    CHECK(step_text_has(SLICE("x${steps.a.B}")) && !step_text_has(SLICE("x${stepsa.B}")));
}

static void what_is_needed_by_what_one_needs_is_needed(void)
{
    static struct step_graph g;
    step_graph_add(&g, 3, 2);
    step_graph_add(&g, 2, 200);
    step_graph_close(&g, STEPS_MAX);
    CHECK(step_graph_needs(&g, 3, 200) && !step_graph_needs(&g, 200, 3));
    CHECK(!step_graph_needs(&g, 3, 3));
    step_graph_add(&g, 200, 3);
    step_graph_close(&g, STEPS_MAX);
    CHECK(step_graph_needs(&g, 3, 3) && step_graph_needs(&g, 200, 200));
}

int main(void)
{
    TAP_RUN(conditions_say_what_former_steps_said);
    TAP_RUN(what_decides_nothing_is_not_looked_at);
    TAP_RUN(what_cannot_be_read_is_told_with_its_column);
    TAP_RUN(a_check_sees_every_name);
    TAP_RUN(texts_get_the_values_and_nothing_else);
    TAP_RUN(what_is_needed_by_what_one_needs_is_needed);
    return tap_done();
}
