#include "config/merge.h"

#include "config/canonical.h"
#include "config/schema.h"
#include "tests/config/world.h"

static const char *merged(const char *low, const char *high)
{
    world_reset();
    return world_json(config_merge(&world_arena_, config_schema.root, world_read(low),
                                   world_read(high)));
}

static void maps_merge_deep(void)
{
    CHECK_STR(
        merged("server.listen = \"a\"\nserver.agent_listen = \"b\"\n",
               "server.agent_listen = \"c\"\nserver.task_listen = \"d\"\nlog.level = \"warn\"\n"),
        "{\"server\":{\"listen\":\"a\",\"agent_listen\":\"c\",\"task_listen\":\"d\"},"
        "\"log\":{\"level\":\"warn\"}}");
    CHECK_STR(merged("log.levels = {a = \"info\", b = \"info\"}\n",
                     "log.levels = {B = \"warn\", b = \"off\"}\n"),
              "{\"log\":{\"levels\":{\"a\":\"info\",\"b\":\"off\",\"B\":\"warn\"}}}");
}

static void objects_merge_by_name_and_namespace(void)
{
    CHECK_STR(merged("assets = [{name = \"a\", owner = \"x\"}, {name = \"b\"}]\n",
                     "assets = [{name = \"c\"}, {name = \"a\", group = \"g\"}, "
                     "{name = \"a\", namespace = \"n\"}]\n"),
              "{\"assets\":[{\"name\":\"a\",\"owner\":\"x\",\"group\":\"g\"},{\"name\":\"b\"},"
              "{\"name\":\"c\"},{\"name\":\"a\",\"namespace\":\"n\"}]}");
    CHECK_STR(merged("assets = [{name = \"a\"}]\n",
                     "assets = [{name = \"a\", namespace = \"default\"}]\n"),
              "{\"assets\":[{\"name\":\"a\",\"namespace\":\"default\"}]}");
}

static void lists_replace(void)
{
    CHECK_STR(merged("assets = [{name = \"a\", depends_on = [\"b\", \"c\"]}]\n",
                     "assets = [{name = \"a\", depends_on = [\"d\"]}]\n"),
              "{\"assets\":[{\"name\":\"a\",\"depends_on\":[\"d\"]}]}");
}

static void duplicates_of_one_source_stay(void)
{
    CHECK_STR(merged("assets = [{name = \"a\"}]\n",
                     "assets = [{name = \"a\", owner = \"x\"}, {name = \"a\"}, {}]\n"),
              "{\"assets\":[{\"name\":\"a\",\"owner\":\"x\"},{\"name\":\"a\"},{}]}");
    CHECK_STR(merged("assets = [{name = \"a\"}, {name = \"a\"}]\n", "assets = [{name = \"b\"}]\n"),
              "{\"assets\":[{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"b\"}]}");
}

static void another_choice_replaces_the_first(void)
{
    CHECK_STR(merged("checks = [{name = \"a\", tcp = {target = \"x\"}, fail = 3}]\n",
                     "checks = [{name = \"a\", unix = {path = \"y\"}}]\n"),
              "{\"checks\":[{\"name\":\"a\",\"fail\":3,\"unix\":{\"path\":\"y\"}}]}");
    CHECK_STR(merged("checks = [{name = \"a\", http = {url = \"x\", body = \"b\"}}]\n",
                     "checks = [{name = \"a\", http = {url = \"y\"}}]\n"),
              "{\"checks\":[{\"name\":\"a\",\"http\":{\"url\":\"y\",\"body\":\"b\"}}]}");
}

static void a_null_takes_back(void)
{
    world_reset();
    struct value *low = world_read("server = {listen = \"a\"}\nlog.level = \"warn\"\n");
    struct value *high = world_read("server = {listen = \"b\"}\n");
    value_get(high, SLICE("server"))->type = VALUE_NULL;
    struct value *all = config_merge(&world_arena_, config_schema.root, low, high);
    config_canonicalize(&world_arena_, config_schema.root, all, false);
    CHECK_STR(world_json(all), "{\"log\":{\"level\":\"warn\"}}");
}

static void sources_stay_as_they_are(void)
{
    world_reset();
    struct value *low = world_read("assets = [{name = \"a\", labels = {x = \"1\"}}]\n");
    struct value *high = world_read("assets = [{name = \"a\", labels = {y = \"2\"}}]\n");
    config_merge(&world_arena_, config_schema.root, low, high);
    CHECK_STR(world_json(low), "{\"assets\":[{\"name\":\"a\",\"labels\":{\"x\":\"1\"}}]}");
    CHECK_STR(world_json(high), "{\"assets\":[{\"name\":\"a\",\"labels\":{\"y\":\"2\"}}]}");
}

static void a_missing_source_is_no_source(void)
{
    world_reset();
    struct value *v = world_read("log.level = \"warn\"\n");
    CHECK(config_merge(&world_arena_, config_schema.root, NULL, v) == v);
    CHECK(config_merge(&world_arena_, config_schema.root, v, NULL) == v);
    CHECK(config_merge(&world_arena_, config_schema.root, NULL, NULL) == NULL);
}

int main(void)
{
    TAP_RUN(maps_merge_deep);
    TAP_RUN(objects_merge_by_name_and_namespace);
    TAP_RUN(lists_replace);
    TAP_RUN(duplicates_of_one_source_stay);
    TAP_RUN(another_choice_replaces_the_first);
    TAP_RUN(a_null_takes_back);
    TAP_RUN(sources_stay_as_they_are);
    TAP_RUN(a_missing_source_is_no_source);
    arena_done(&world_arena_);
    return tap_done();
}
