#include "config/resource.h"

#include "tests/tap.h"

static struct arena arena;
static struct source_set sources;
static struct config_faults faults;

/* The canonical text, or the faults: "PATH CODE; …". */
static const char *read(const char *kind, const char *text)
{
    struct value *flat;
    struct buf out = BUF(MEM_TEST, 0);
    arena_done(&arena);
    arena = ARENA(MEM_TEST, 0);
    sources = (struct source_set){.arena = &arena};
    faults = (struct config_faults){.arena = &arena};
    uint32_t n =
        config_resource_read(&arena, kind_find(slice_from(kind)), SLICE("ops"), SLICE("db"), "body",
                             slice_from(text), &sources, &faults, &flat, &out);
    CHECK_INT(n, faults.count);
    for (uint32_t i = 0; i < faults.count; i++)
        buf_printf(&out, "%s%s %s", i ? "; " : "",
                   faults.items[i].path ? faults.items[i].path : "-",
                   config_fault_code_name(faults.items[i].code));
    const char *kept = arena_strdup(&arena, buf_slice(&out));
    buf_done(&out);
    return kept;
}

static void each_way_of_saying_it_is_one_text(void)
{
    static const char want[] =
        "{\"name\":\"db\",\"namespace\":\"ops\",\"labels\":{\"a\":\"1\",\"b\":"
        "\"2\"},\"asset\":\"x\",\"every\":\"1m0s\",\"tcp\":{\"target\":\"h:1\"}}";
    CHECK_STR(read("check", "{\"tcp\":{\"target\":\"h:1\"},\"asset\":\"x\",\"every\":\"60s\","
                            "\"labels\":{\"b\":\"2\",\"a\":\"1\"}}"),
              want);
    CHECK_STR(read("check", "{\"kind\":\"check\",\"name\":\"db\",\"namespace\":\"ops\",\"labels\":{"
                            "\"a\":\"1\",\"b\":\"2\"},\"revision\":7,\"spec\":{\"asset\":\"x\","
                            "\"every\":\"1m\",\"tcp\":{\"target\":\"h:1\"}},\"state\":null}"),
              want);
    CHECK_STR(read("check", want), want);
}

static void an_asset_is_told_with_its_state(void)
{
    CHECK_STR(read("asset",
                   "{\"name\":\"db\",\"namespace\":\"ops\",\"labels\":{},\"desired_health\""
                   ":\"Healthy\",\"state\":\"Failed\",\"since\":null,\"reason\":\"refused\","
                   "\"checks\":[],\"owner_plane\":null,\"revision\":3,"
                   "\"spec\":{\"settle\":\"5s\"}}"),
              "{\"name\":\"db\",\"namespace\":\"ops\",\"settle\":\"5s\"}");
    CHECK_STR(read("asset", "{\"name\":\"db\",\"labels\":{},\"desired_health\":\"Healthy\","
                            "\"state\":\"Failed\",\"since\":null,\"reason\":\"refused\","
                            "\"checks\":[],\"owner_plane\":null,\"revision\":3}"),
              "{\"name\":\"db\",\"namespace\":\"ops\",\"desired_health\":\"Healthy\"}");
    /* Who writes "checks" into an asset by himself is told that it has none. */
    CHECK_STR(read("asset", "{\"checks\":[]}"), "assets[ops/db].checks unknown_field");
}

static void faults_are_those_of_a_configuration(void)
{
    CHECK_STR(read("check", "{\"asset\":\"x\",\"evry\":\"1s\",\"tcp\":{\"target\":\"h\"}}"),
              "checks[ops/db].evry unknown_field; checks[ops/db].tcp.target bad_pattern");
    CHECK_STR(faults.items[0].suggestion, "every");
    CHECK_STR(read("check", "{\"asset\":\"x\"}"), "checks[ops/db] missing_field");
    CHECK_STR(read("check", "{\"asset\":\"x\",\"every\":30,\"tcp\":{\"target\":\"h:1\"}}"),
              "checks[ops/db].every bare_duration");
    CHECK_STR(read("check", "{\"asset\":\"x\",\"spec\":3}"), "checks[ops/db].asset missing_field; "
                                                             "checks[ops/db] missing_field");
    CHECK_STR(read("check", "[]"), "checks[0] type_mismatch");
    CHECK(strstr(read("check", "{bad"), "- syntax"));
    CHECK_STR(read("check", ""), "- syntax");
    CHECK_STR(read("node", "{}"), "- unknown_field");
}

/* What it refers to may be in the store, or come later. */
static void references_are_not_looked_up(void)
{
    CHECK(strstr(read("check", "{\"asset\":\"nowhere\",\"tcp\":{\"target\":\"h:1\"}}"), "nowhere"));
    CHECK_INT(faults.count, 0);
}

static void every_kind_that_is_declared_has_a_list(void)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct schema_field *f = config_list_of(&kinds[i]);
        bool found = strcmp(kinds[i].name, "node") == 0 || strcmp(kinds[i].name, "task") == 0;
        CHECK_INT(f == NULL, found);
        CHECK(!f || config_kind_of(f) == &kinds[i]);
    }
}

static void nothing_is_left_allocated(void)
{
    arena_done(&arena);
    CHECK_INT(mem_usage_of(MEM_TEST).live, 0);
    CHECK_INT(mem_usage_of(MEM_CONFIG).live, 0);
}

int main(void)
{
    TAP_RUN(each_way_of_saying_it_is_one_text);
    TAP_RUN(an_asset_is_told_with_its_state);
    TAP_RUN(faults_are_those_of_a_configuration);
    TAP_RUN(references_are_not_looked_up);
    TAP_RUN(every_kind_that_is_declared_has_a_list);
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
