#include "cli/print.h"

#include <errno.h>

#include "cli/asset_print.h"
#include "cli/probe_print.h"
#include "tests/tap.h"

static struct buf out;

static const char *yaml(const char *json)
{
    buf_clear(&out);
    cli_object(CLI_FORM_YAML, slice_from(json), &out);
    return out.data ? out.data : "";
}

static void yaml_in_block_style(void)
{
    CHECK_STR(yaml("{\"a\":1,\"b\":{\"c\":[1,{\"d\":null,\"e\":\"x\"},[true]]},\"f\":[],\"g\":{}}"),
              "a: 1\nb:\n  c:\n    - 1\n    - d: null\n      e: x\n    - - true\nf: []\ng: {}\n");
}

static void yaml_quotes_what_would_be_read_as_something_else(void)
{
    CHECK_STR(yaml("{\"a\":\"true\"}"), "a: \"true\"\n");
    CHECK_STR(yaml("{\"a\":\"No\"}"), "a: \"No\"\n");
    CHECK_STR(yaml("{\"a\":\"1\"}"), "a: \"1\"\n");
    CHECK_STR(yaml("{\"a\":\"\"}"), "a: \"\"\n");
    CHECK_STR(yaml("{\"a\":\"x: y\"}"), "a: \"x: y\"\n");
    CHECK_STR(yaml("{\"a b\":\"- x\"}"), "\"a b\": \"- x\"\n");
    CHECK_STR(yaml("{\"y\":\"a\\nb\"}"), "\"y\": \"a\\nb\"\n");
}

static void a_list_has_commas_between_its_items(void)
{
    buf_clear(&out);
    cli_list_begin(CLI_FORM_JSON, &out);
    cli_list_item(CLI_FORM_JSON, SLICE("{}"), true, &out);
    cli_list_item(CLI_FORM_JSON, SLICE("{}"), false, &out);
    cli_list_end(CLI_FORM_JSON, 0, &out);
    CHECK_STR(out.data, "{\"items\":[\n{},\n{}\n],\"next\":\"\",\"revision\":0}\n");
}

static void values_by_a_path(void)
{
    buf_clear(&out);
    struct slice doc = SLICE("{\"items\":[{\"a\":\"x\",\"b\":[1]},{\"a\":2}]}");
    CHECK_INT(cli_jsonpath_print("{.items[*].a}", doc, &out, NULL), 0);
    CHECK_INT(cli_jsonpath_print(".items[0].b", doc, &out, NULL), 0);
    CHECK_STR(out.data, "x\n2\n[1]\n");
    struct err err;
    CHECK_INT(cli_jsonpath_check("jsonpath={.a[", &err), -EINVAL);
    CHECK_INT(cli_jsonpath_check("json", &err), 0);
    CHECK_INT(cli_jsonpath_check(NULL, &err), 0);
}

static struct probe_target target = {.name = {"h\x1b[31m:1", 8}};
static struct probe_result result;

static void a_line_of_text_cannot_steer_the_terminal(void)
{
    buf_clear(&out);
    probe_result_reset(&result, &target);
    probe_result_fail(&result, REASON_PROTOCOL, "%s", "a\x1b]0;x\x07\nb");
    probe_print_text(&result, false, &out);
    CHECK(strchr(out.data, '\x1b') == NULL);
    CHECK(strchr(out.data, '\n') == out.data + out.size - 1);
    buf_clear(&out);
    probe_print_row(&result, &(struct probe_table){.target_columns = 10}, &out);
    CHECK(strchr(out.data, '\x1b') == NULL);
}

static void a_phase_that_did_not_happen_is_null(void)
{
    buf_clear(&out);
    probe_result_reset(&result, &target);
    result.connect_ns = 0;
    probe_print_json(&result, &out);
    CHECK(strstr(out.data, "\"dns_ms\":null") != NULL);
    CHECK(strstr(out.data, "\"connect_ms\":0,") != NULL);
    CHECK(strstr(out.data, "\"days_left\":null") != NULL);
    CHECK(strstr(out.data, "\"answers\":null") != NULL);
}

static struct asset_check check_of_it;
static struct asset asset = {.name = "service-with-a-long-name-80",
                             .namespace_ = "default",
                             .process = "service",
                             .kind = "http",
                             .state = ASSET_FAILED,
                             .reason = "refused",
                             .checks = &check_of_it,
                             .check_count = 1};

static void a_table_fits_any_width(void)
{
    const struct asset *list[] = {&asset};
    snprintf(asset.checks[0].detail, sizeof(asset.checks[0].detail), "%0100d", 0);
    asset.checks[0].known = true;
    for (int i = 0; i < 40; i++)
        latency_ring_put(&asset.checks[0].latencies, i % 7 ? i * 1000 : PROBE_NONE);
    for (size_t columns = 1; columns < 200; columns++) {
        struct asset_table t = {.columns = columns};
        asset_table_plan(&t, list, 1);
        buf_clear(&out);
        asset_table_head(&t, &out);
        asset_table_row(&t, &asset, &out);
        struct slice rest = buf_slice(&out);
        while (rest.size) {
            struct slice line = slice_cut(&rest, '\n');
            size_t used = 0;
            for (size_t i = 0; i < line.size; i++)
                used += ((unsigned char)line.data[i] & 0xc0) != 0x80;
            CHECK(used <= columns);
        }
    }
}

static void the_most_needed_columns_stay(void)
{
    const struct asset *list[] = {&asset};
    struct asset_table t = {.columns = 60};
    asset_table_plan(&t, list, 1);
    buf_clear(&out);
    asset_table_head(&t, &out);
    CHECK_STR(out.data, "STATE       ASSET                       SINCE  REASON\n");
}

int main(void)
{
    TAP_RUN(yaml_in_block_style);
    TAP_RUN(yaml_quotes_what_would_be_read_as_something_else);
    TAP_RUN(a_list_has_commas_between_its_items);
    TAP_RUN(values_by_a_path);
    TAP_RUN(a_line_of_text_cannot_steer_the_terminal);
    TAP_RUN(a_phase_that_did_not_happen_is_null);
    TAP_RUN(a_table_fits_any_width);
    TAP_RUN(the_most_needed_columns_stay);
    buf_done(&out);
    return tap_done();
}
