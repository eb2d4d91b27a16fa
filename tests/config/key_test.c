#include "config/key.h"

#include "tests/config/world.h"

#define TEXT                                                                                       \
    "[[checks]]\nname = \"db\"\nfail = 1\n[[checks]]\nname = \"0\"\nfail = 2\n"                    \
    "[[checks]]\nname = \"db\"\nnamespace = \"n\"\nfail = 3\n"                                     \
    "[log.levels]\n\"a.b\" = \"x\"\nc = \"y\"\n"

static const char *at(const char *text)
{
    struct config_key key;
    struct err err = {0};
    const char *suggestion;
    world_reset();
    struct value *root = world_read(TEXT);
    if (config_key_parse(slice_from(text), &key, &err, &suggestion) < 0)
        return arena_printf(&world_arena_, "%s%s%s", err.text, suggestion ? ": " : "",
                            suggestion ? suggestion : "");
    return world_json(config_key_get(root, &key));
}

static void elements_are_found_by_name(void)
{
    CHECK_STR(at("checks[db].fail"), "1");
    CHECK_STR(at("checks[n/db].fail"), "3");
    CHECK_STR(at("checks[default/db].fail"), "1");
    CHECK_STR(at("checks[nobody].fail"), "nothing");
}

static void a_name_wins_over_a_number(void)
{
    CHECK_STR(at("checks[0].fail"), "2");
    CHECK_STR(at("checks[1].fail"), "2");
    CHECK_STR(at("checks[2].fail"), "3");
    CHECK_STR(at("checks[3].fail"), "nothing");
}

static void tables_take_words_and_quoted_keys(void)
{
    CHECK_STR(at("log.levels.c"), "\"y\"");
    CHECK_STR(at("log.levels[c]"), "\"y\"");
    CHECK_STR(at("log.levels[\"a.b\"]"), "\"x\"");
    CHECK_STR(at("log.levels[a.b]"), "\"x\"");
    CHECK_STR(at("log"), "{\"levels\":{\"a.b\":\"x\",\"c\":\"y\"}}");
}

static void what_is_not_there_is_said(void)
{
    CHECK_STR(at("server.lisen"), "server has no field \"lisen\": listen");
    CHECK_STR(at("chekcs[db]"), "a configuration has no field \"chekcs\": checks");
    CHECK_STR(at("checks.fail"), "\"checks.fail\": nothing stands behind \"checks\" but an element "
                                 "in brackets");
    CHECK_STR(at("checks[db].fail.x"), "\"checks[db].fail.x\": nothing stands behind \"fail\"");
    CHECK_STR(at("log.levels.c.d"), "\"log.levels.c.d\": an element of levels holds no fields");
    CHECK_STR(at(""), "an empty name");
    static const char *const broken[] = {".", "a.", "[", "checks[", "checks[]", "checks[a",
                                         "checks[a]b", "checks..x", "checks[\"", "log.levels[\"a"};
    for (size_t i = 0; i < ARRAY_LEN(broken); i++)
        CHECK(strstr(at(broken[i]), "no ") != NULL);
}

int main(void)
{
    TAP_RUN(elements_are_found_by_name);
    TAP_RUN(a_name_wins_over_a_number);
    TAP_RUN(tables_take_words_and_quoted_keys);
    TAP_RUN(what_is_not_there_is_said);
    arena_done(&world_arena_);
    return tap_done();
}
