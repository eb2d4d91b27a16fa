/* The oracle of a plain list is the same list in a program that reads its Config: that one is
 * evaluated like everything else. */
#include "tests/lang/world.h"
#include "tests/tap.h"

#define HEAD  "package ops\nimport \"ops/firebreak\"\n"
#define READS "func init() { _ = Config }\n"

static bool same(const struct value *a, const struct value *b)
{
    if (a->type != b->type || a->at != b->at || a->key_at != b->key_at ||
        !slice_eq(value_key(a), value_key(b)))
        return false;
    if (a->type != VALUE_LIST && a->type != VALUE_MAP)
        return value_equal(a, b);
    const struct value *x = a->first, *y = b->first;
    for (; x && y; x = x->next, y = y->next)
        if (!same(x, y))
            return false;
    return !x && !y && a->count == b->count;
}

/* Also the places: of values, and of their keys. */
static bool agrees_with_evaluation(const char *source)
{
    struct world plain, read;
    struct buf reads = BUF(MEM_TEST, 0);
    buf_append_cstr(&reads, source);
    buf_append_slice(&reads, (struct slice){READS, sizeof(READS)});
    const char *a = world_eval(&plain, source), *b = world_eval(&read, reads.data);
    bool ok = plain.config && read.config && same(plain.config, read.config);
    if (!ok)
        printf("# plain     %s\n# evaluated %s\n", a, b);
    ok = ok && strcmp(world_faults(&plain), world_faults(&read)) == 0;
    world_end(&plain);
    world_end(&read);
    buf_done(&reads);
    return ok;
}

static void elements_are_what_evaluation_makes_of_them(void)
{
    CHECK(agrees_with_evaluation(
        HEAD
        "const team = \"t\"\n"
        "var Config = firebreak.Config{\n"
        "\tChecks: []firebreak.Check{\n"
        "\t\t{TCP: &firebreak.TCP{Target: \"h:1\"}, Every: 5, Name: \"out of order\"},\n"
        "\t\t{Retries: firebreak.Int(0), Ratio: 0.5, Paused: 1 < 2, Fail: len(\"abc\")},\n"
        "\t\t{HTTP: &firebreak.HTTP{Status: []string{\"200\", \"\"}}, TCP: &firebreak.TCP{}},\n"
        "\t},\n"
        "\tLog: firebreak.Log{Level: team},\n"
        "\tAssets: []firebreak.Asset{\n"
        "\t\t{Labels: map[string]string{\"z\": \"1\", `y`: \"\", \"\": \"\\n\", \"b\": team}},\n"
        "\t\t{}, {Owner: \"\", Settle: 0, Labels: nil}, {DependsOn: []string{}},\n"
        "\t\t{Labels: map[string]string{}, DependsOn: []string{\"x\", \"\"}},\n"
        "\t\tfirebreak.Asset{\"n\", \"s\", nil, \"o\", []string{\"d\"}, 5},\n"
        "\t\t{Name: \"a\" + \"b\"}, {Name: `raw\nlines`}, {Name: \"\\u00e9\"},\n"
        "\t},\n"
        "}\n"));
}

static void what_is_not_plain_is_evaluated(void)
{
    static const char *const elements[] = {
        "{Labels: m}",
        "{Owner: s}",
        "{Name: f()}",
        "{DependsOn: []string{2: s}}",
        "7: {Name: \"x\"}",
        "{Name: []string{\"i\"}[0]}",
        "{Name: [1]string{\"i\"}[0]}",
        "{DependsOn: append([]string{}, s)}",
    };
    for (size_t i = 0; i < ARRAY_LEN(elements); i++) {
        char source[600];
        snprintf(source, sizeof(source),
                 HEAD
                 "var m = map[string]string{\"k\": \"v\"}\nvar s = \"s\"\n"
                 "func f() string { return s }\n"
                 "var Config = firebreak.Config{Assets: []firebreak.Asset{{Name: \"a\"}, %s}}\n",
                 elements[i]);
        CHECK(agrees_with_evaluation(source));
    }
    CHECK(world_gives(HEAD "var m = map[string]string{\"k\": \"v\"}\n"
                           "var Config = firebreak.Config{Assets: []firebreak.Asset{{Labels: m}}}\n"
                           "func init() { m[\"k\"] = \"later\" }\n",
                      "{\"assets\":[{\"labels\":{\"k\":\"later\"}}]}"));
}

static void faults_are_the_same(void)
{
    CHECK(agrees_with_evaluation(
        HEAD "var zero = 0\n"
             "var Config = firebreak.Config{\n"
             "\tAssets: []firebreak.Asset{{Name: \"a\", Onwer: \"b\"}, {Name: 3}, {Name: \"c\"}},\n"
             "\tChecks: []firebreak.Check{{Fail: 1 / zero, Name: \"x\"}, {Name: \"y\"}},\n"
             "}\n"));
    CHECK(agrees_with_evaluation(
        HEAD
        "var Config = firebreak.Config{\n"
        "\tAssets: []firebreak.Asset{{Labels: map[string]string{\"a\": \"1\", \"a\": \"2\"}}},\n"
        "}\n"));
}

static void a_program_that_changes_its_config_is_believed(void)
{
    CHECK(world_gives(
        HEAD
        "var Config = firebreak.Config{Assets: []firebreak.Asset{{Name: \"a\"}, {Name: \"b\"}}}\n"
        "func init() { Config.Assets[1].Name = \"changed\" }\n",
        "{\"assets\":[{\"name\":\"a\"},{\"name\":\"changed\"}]}"));
    CHECK(world_gives(
        HEAD "var Config = firebreak.Config{Assets: []firebreak.Asset{{Name: \"a\"}}}\n"
             "func init() { Config = firebreak.Config{Log: firebreak.Log{Level: \"info\"}} }\n",
        "{\"log\":{\"level\":\"info\"}}"));
    CHECK(world_gives(HEAD
                      "var Config = firebreak.Config{Assets: []firebreak.Asset{{Name: \"a\"}}}\n"
                      "var p = &Config\nfunc init() { p.Assets = nil }\n",
                      "{}"));
}

/* Whose tree is many blocks, which go while the values come. */
static void a_long_list_comes_out_whole(void)
{
    enum { ASSETS = 5000 };
    struct buf text = BUF(MEM_TEST, 0);
    struct world w;
    buf_append_cstr(&text, HEAD "var before = f(1)\nvar Config = firebreak.Config{\n"
                                "\tAssets: []firebreak.Asset{\n");
    for (int i = 0; i < ASSETS; i++)
        buf_printf(&text, "\t\t{Name: \"a-%d\", Labels: map[string]string{\"n\": \"%d\"}},\n", i,
                   i);
    buf_append_cstr(&text, "\t},\n\tLog: firebreak.Log{Level: after},\n}\n"
                           "var after = f(3)\nfunc f(n int) string { return \"warn\"[:n+1] }\n");
    buf_append_byte(&text, 0);
    world_eval(&w, text.data);
    CHECK_STR(world_faults(&w), "");
    const struct value *list = w.config ? value_get(w.config, SLICE("assets")) : NULL;
    CHECK_INT(list ? list->count : 0, ASSETS);
    int wrong = 0, i = 0;
    for (const struct value *v = list ? list->first : NULL; v; v = v->next, i++) {
        char want[20];
        snprintf(want, sizeof(want), "a-%d", i);
        wrong += !slice_eq_cstr(value_get(v, SLICE("name"))->text, want);
        wrong += !slice_eq_cstr(value_get(v, SLICE("labels"))->first->text, want + 2);
    }
    CHECK_INT(wrong, 0);
    const struct value *log = w.config ? value_get(w.config, SLICE("log")) : NULL;
    CHECK(log && slice_eq_cstr(log->first->text, "warn"));
    world_end(&w);
    buf_done(&text);
}

int main(void)
{
    TAP_RUN(elements_are_what_evaluation_makes_of_them);
    TAP_RUN(what_is_not_plain_is_evaluated);
    TAP_RUN(faults_are_the_same);
    TAP_RUN(a_program_that_changes_its_config_is_believed);
    TAP_RUN(a_long_list_comes_out_whole);
    return tap_done();
}
