#include "config/canonical.h"

#include "config/schema.h"
#include "tests/config/world.h"

static const char *canonical(const char *toml, bool defaults)
{
    world_reset();
    struct value *root = world_read(toml);
    config_canonicalize(&world_arena_, config_schema.root, root, defaults);
    return world_json(root);
}

static void members_stand_in_the_schemas_order(void)
{
    CHECK_STR(canonical("log.level = \"info\"\n[[assets]]\nowner = \"o\"\nname = \"a\"\n"
                        "[server]\ntask_listen = \":2\"\nlisten = \":1\"\n", false),
              "{\"server\":{\"listen\":\":1\",\"task_listen\":\":2\"},\"log\":{\"level\":\"info\"},"
              "\"assets\":[{\"name\":\"a\",\"owner\":\"o\"}]}");
}

static void tables_stand_in_the_order_of_their_keys(void)
{
    CHECK_STR(
        canonical("[log.levels]\nb = \"info\"\nB = \"off\"\na = \"\"\n\"a.b\" = \"warn\"\n", false),
        "{\"log\":{\"levels\":{\"B\":\"off\",\"a\":\"\",\"a.b\":\"warn\",\"b\":\"info\"}}}");
}

static void a_default_timeout_is_not_longer_than_every(void)
{
    const char *check = canonical("checks = [{name = \"a\", every = \"1s\", tls = {}}]\n", true);
    CHECK(strstr(check, "\"every\":\"1s\"") && strstr(check, "\"timeout\":\"1s\""));
    check = canonical("checks = [{name = \"a\", every = \"9s\", tls = {}}]\n", true);
    CHECK(strstr(check, "\"timeout\":\"2s\""));
}

static void what_is_empty_is_left_out(void)
{
    CHECK_STR(canonical("server = {}\nassets = []\nlog.levels = {}\n", false), "{}");
    CHECK_STR(
        canonical("[[schedules]]\nname = \"s\"\npaused = false\ncatch_up = 0\njitter = \"0s\"\n"
                  "zone = \"\"\ndo = {}\n",
                  false),
        "{\"schedules\":[{\"name\":\"s\"}]}");
    CHECK_STR(canonical("assets = [{}]\n", false), "{\"assets\":[{}]}");
}

static void what_a_pointer_says_stays(void)
{
    CHECK_STR(canonical("checks = [{retries = 0, tcp = {}}]\n", false),
              "{\"checks\":[{\"retries\":0,\"tcp\":{}}]}");
}

static void durations_are_as_go_prints_them(void)
{
    CHECK_STR(canonical("checks = [{every = \"60s\", for = \"0.5h\", timeout = 0}]\n", false),
              "{\"checks\":[{\"every\":\"1m0s\",\"for\":\"30m0s\"}]}");
}

static void whole_numbers_have_one_form(void)
{
    CHECK_STR(canonical("checks = [{fail = 3.0}]\nslos = [{objective = 99}]\n", false),
              "{\"checks\":[{\"fail\":3}],\"slos\":[{\"objective\":99}]}");
}

static void defaults_fill_what_is_left_out(void)
{
    CHECK_STR(
        canonical("store.prefix = \"/x\"\n", true),
        "{\"server\":{\"listen\":\"127.0.0.1:7440\",\"agent_listen\":\"127.0.0.1:5555\","
        "\"task_listen\":\"127.0.0.1:5556\"},\"store\":{\"prefix\":\"/x\",\"lease_ttl\":\"5s\"},"
        "\"log\":{\"level\":\"warn\"}}");
    const char *check = canonical("checks = [{name = \"a\", every = \"0s\", tls = {}}]\n", true);
    CHECK(strstr(check, "\"every\":\"10s\"") != NULL);
    CHECK(strstr(check, "\"tls\":{\"days_left\":14}") != NULL);
    CHECK(strstr(check, "\"namespace\":\"default\"") != NULL);
    CHECK(strstr(check, "retries") == NULL);
}

static void a_canonical_form_is_its_own(void)
{
    const char *once = canonical("checks = [{tcp = {}, every = \"90s\", name = \"a\"}]\n", true);
    struct value *root;
    const struct source *s;
    CHECK_INT(source_add(&world_sources_, SOURCE_FILE, "again.json", slice_from(once), &s), 0);
    CHECK_INT(json_value_read(s, NULL, &world_arena_, &world_faults_, &root), 0);
    config_canonicalize(&world_arena_, config_schema.root, root, true);
    CHECK_STR(world_json(root), once);
}

int main(void)
{
    TAP_RUN(members_stand_in_the_schemas_order);
    TAP_RUN(tables_stand_in_the_order_of_their_keys);
    TAP_RUN(a_default_timeout_is_not_longer_than_every);
    TAP_RUN(what_is_empty_is_left_out);
    TAP_RUN(what_a_pointer_says_stays);
    TAP_RUN(durations_are_as_go_prints_them);
    TAP_RUN(whole_numbers_have_one_form);
    TAP_RUN(defaults_fill_what_is_left_out);
    TAP_RUN(a_canonical_form_is_its_own);
    arena_done(&world_arena_);
    return tap_done();
}
