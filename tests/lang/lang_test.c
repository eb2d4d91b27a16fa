#include "lang/lang.h"

#include "base/err.h"
#include "tests/lang/world.h"
#include "tests/tap.h"

#define HEAD                                                                   \
    "package ops\nimport (\n\t\"fmt\"\n\t\"time\"\n\n\t\"ops/firebreak\"\n)\n" \
    "const team = \"payments\"\n"

static void the_example_of_the_manual(void)
{
    CHECK(world_gives(
        HEAD "var Config = firebreak.Config{\n"
             "\tAssets: append(webs(2), firebreak.Asset{Name: \"db\", Owner: team}),\n"
             "\tChecks: []firebreak.Check{\n"
             "\t\t{Name: \"db-port\", Asset: \"db\", TCP: &firebreak.TCP{Target: \"h:1\"}, "
             "Every: 30 * time.Second},\n\t},\n}\n"
             "func webs(n int) []firebreak.Asset {\n\tvar out []firebreak.Asset\n"
             "\tfor i := range n {\n\t\tout = append(out, firebreak.Asset{"
             "Name: fmt.Sprintf(\"web-%d\", i), Labels: map[string]string{\"team\": team}})\n"
             "\t}\n\treturn out\n}\n",
        "{\"assets\":[{\"name\":\"web-0\",\"labels\":{\"team\":\"payments\"}},{\"name\":\"web-1\","
        "\"labels\":{\"team\":\"payments\"}},{\"name\":\"db\",\"owner\":\"payments\"}],"
        "\"checks\":[{\"name\":\"db-port\",\"asset\":\"db\",\"every\":\"30000000000ns\","
        "\"tcp\":{\"target\":\"h:1\"}}]}"));
}

/* Each of twenty mistakes is told, each with its line. */
static void twenty_faults_are_told_in_one_pass(void)
{
    static const char source[] = HEAD
        "var _ = fmt.Sprint\n"                                           /* 9 */
        "var a int = \"x\"\nvar b = undefined1\nvar c int8 = 300\n"      /* 10-12 */
        "var Config = firebreak.Config{\n\tAssets: []firebreak.Asset{\n" /* 13-14 */
        "\t\t{Nme: \"a\"},\n\t\t{Name: 5},\n\t\t{Settle: 30},\n\t\t{Owner: team + 1},\n"
        "\t\t{Labels: map[string]int{}},\n\t\t{DependsOn: \"x\"},\n\t},\n" /* 19-21 */
        "\tChecks: []firebreak.Check{\n\t\t{Every: time.Sekond},\n\t\t{Fail: 1.5},\n"
        "\t\t{TCP: firebreak.TCP{}},\n\t\t{TCP: &firebreak.TCP{Port: 5}},\n"
        "\t\t{Retries: 3},\n\t\t{HTTP: &firebreak.HTP{}},\n\t},\n\tAsets: nil,\n}\n" /* 27-31 */
        "func f() int {\n}\nfunc g() {\n\tgo f()\n\tvar unused int\n\tx := 1\n\tx := 2\n\t_ = x\n"
        "\treturn 1\n}\nfunc f() {}\n";
    struct world w;
    world_eval(&w, source);
    world_faults(&w);
    CHECK_INT(w.faults.count, 22);
    uint32_t last = 0, lines = 0;
    for (uint32_t i = 0; i < w.faults.count; i++) {
        struct source_point p;
        CHECK(source_point(&w.sources, w.faults.items[i].at, &p) == 0);
        lines += p.line != last;
        last = p.line;
    }
    CHECK(lines >= 20);
    if (!tap_ok_)
        printf("# %s\n", w.text.data);
    world_end(&w);
}

static const struct config_fault *fault_of(struct world *w, enum config_fault_code code)
{
    for (uint32_t i = 0; i < w->faults.count; i++)
        if (w->faults.items[i].code == code)
            return &w->faults.items[i];
    static const struct config_fault none = {
        .message = "", .schema = "", .path = "", .suggestion = ""};
    printf("# no fault of that code: %s\n", world_faults(w));
    return &none;
}

static void faults_name_the_field_that_they_break(void)
{
    struct world w;
    world_eval(&w, HEAD "var _ = fmt.Sprint\nvar Config = firebreak.Config{\n\tChecks: "
                        "[]firebreak.Check{\n\t\t{Name: \"ok\"},\n\t\t{Name: \"db-port\", Every: "
                        "30, TCP: &firebreak.TCP{Target: 5}, Tcp: nil},\n\t},\n}\nvar _ = "
                        "time.Second\n");
    const struct config_fault *f = fault_of(&w, CONFIG_FAULT_BARE_DURATION);
    CHECK_STR(f->schema, "check.every");
    CHECK_STR(f->path, "checks[db-port].every");
    CHECK_STR(f->suggestion, "30 * time.Second");
    f = fault_of(&w, CONFIG_FAULT_TYPE_MISMATCH);
    CHECK_STR(f->schema, "check.tcp.target");
    CHECK_STR(f->path, "checks[db-port].tcp.target");
    f = fault_of(&w, CONFIG_FAULT_UNKNOWN_FIELD);
    CHECK_STR(f->suggestion, "TCP");
    world_end(&w);
    world_eval(&w, HEAD "var x = firebreak.TCP{Target: 1}\nvar _ = fmt.Sprint(time.Second)\n");
    CHECK_STR(fault_of(&w, CONFIG_FAULT_TYPE_MISMATCH)->schema, "check.tcp.target");
    CHECK(fault_of(&w, CONFIG_FAULT_TYPE_MISMATCH)->path == NULL);
    CHECK(strstr(fault_of(&w, CONFIG_FAULT_MISSING_FIELD)->message, "Config") != NULL);
    world_end(&w);
}

static void values_know_where_they_were_written(void)
{
    struct world w;
    struct source_point p = {0};
    world_eval(&w, HEAD "var Config = firebreak.Config{\n\tAssets: []firebreak.Asset{{\n\t\tName: "
                        "fmt.Sprint(\"a\"),\n\t\tSettle:\n\t\t\ttime.Second,\n\t}},\n}\n");
    struct value *asset = value_get(w.config, SLICE("assets"))->first;
    source_point(&w.sources, value_get(asset, SLICE("name"))->at, &p);
    CHECK(p.line == 11 && p.column == 9);
    source_point(&w.sources, value_get(asset, SLICE("settle"))->at, &p);
    CHECK(p.line == 13 && p.column == 4);
    source_point(&w.sources, value_get(asset, SLICE("settle"))->key_at, &p);
    CHECK(p.line == 12 && p.column == 3);
    source_point(&w.sources, asset->at, &p);
    CHECK(p.line == 10);
    world_end(&w);
}

/* ---- inputs ---- */

static int ask(void *ctx, struct slice name, source_place at, struct arena *arena,
               struct slice *ret, struct err *e)
{
    uint32_t *asked = ctx;
    (void)arena;
    ++*asked;
    if (at == 0)
        return -EINVAL;
    if (slice_eq(name, SLICE("bad")))
        return err_set(e, -EIO, "out of order");
    if (!slice_eq(name, SLICE("set")))
        return -ENOENT;
    *ret = SLICE("answer");
    return 0;
}

static void inputs_are_asked_for_and_nothing_else_is_read(void)
{
    struct world w;
    uint32_t asked = 0;
    struct lang_inputs in = {.ctx = &asked, .env = ask, .var = ask, .read_file = ask};
    world_begin(&w);
    w.package.inputs = &in;
    world_file(&w, "ops.go",
               SLICE("package ops\nimport \"ops/firebreak\"\nvar Config = firebreak.Config{\n"
                     "\tAssets: []firebreak.Asset{{Name: firebreak.Env(\"set\", \"d\"), Owner: "
                     "firebreak.Var(\"unset\", \"default\"), Namespace: "
                     "firebreak.ReadFile(\"set\")},\n\t\t{Name: firebreak.ReadFile(\"none\"), "
                     "Owner: firebreak.Env(\"bad\", \"\")}},\n}\n"));
    CHECK_INT(lang_eval(&w.package, &w.config), 2);
    CHECK_INT(asked, 5);
    world_print(&w.text, w.config);
    CHECK_STR(w.text.data, "{\"assets\":[{\"name\":\"answer\",\"namespace\":\"answer\",\"owner\":"
                           "\"default\"},{\"name\":BAD,\"owner\":BAD}]}");
    CHECK(strstr(world_faults(&w), "5:10 source_io cannot read \"none\"") != NULL);
    CHECK(strstr(w.text.data, "out of order") != NULL);
    world_end(&w);
}

/* ---- several files, and bounds ---- */

static void files_of_one_package_see_each_other(void)
{
    struct world w;
    world_begin(&w);
    world_file(&w, "a.go",
               SLICE("package ops\nimport \"x/y/firebreak\"\nvar Config = "
                     "firebreak.Config{Assets: all()}\n"));
    world_file(&w, "b.go",
               SLICE("package ops\nimport fb \"x/firebreak\"\nfunc all() []fb.Asset "
                     "{ return []fb.Asset{{Name: \"b\"}} }\n"));
    CHECK_INT(lang_eval(&w.package, &w.config), 0);
    world_print(&w.text, w.config);
    CHECK_STR(w.text.data, "{\"assets\":[{\"name\":\"b\"}]}");
    world_end(&w);
    world_begin(&w);
    world_file(&w, "a.go", SLICE("package a\nvar x = fmt.Sprint(1)\n"));
    world_file(&w, "b.go", SLICE("package b\nimport \"fmt\"\nvar x = fmt.Sprint(1)\n"));
    lang_run_main(&w.package);
    CHECK(strstr(world_faults(&w), "undefined: fmt") != NULL);
    CHECK(strstr(w.text.data, "package b: the files before it are of package a") != NULL);
    CHECK(strstr(w.text.data, "x is declared twice") != NULL);
    world_end(&w);
}

/* Whether the text ends in one fault of code limit that names this limit. */
static bool ends_at(const char *limit, struct slice text)
{
    struct world w;
    world_begin(&w);
    world_file(&w, "main.go", text);
    lang_run_main(&w.package);
    bool ok = w.faults.count >= 1 && w.faults.items[0].code == CONFIG_FAULT_LIMIT &&
              strstr(w.faults.items[0].message, limit);
    if (!ok)
        printf("# %.300s\n", world_faults(&w));
    world_end(&w);
    return ok;
}

static bool repeated_ends_at(const char *limit, const char *before, const char *piece, int times)
{
    struct buf text = BUF(MEM_TEST, 0);
    buf_append_cstr(&text, before);
    for (int i = 0; i < times; i++)
        buf_append_cstr(&text, piece);
    bool ok = ends_at(limit, buf_slice(&text));
    buf_done(&text);
    return ok;
}

static void hostile_sources_end_in_limits(void)
{
    static const char *const pieces[] = {"(",        "[]", "- ",          "f(",    "a.b[", "&T{",
                                         "func() {", "*",  "map[string]", "1 + (", "!("};
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
        CHECK(repeated_ends_at("nesting_depth_max", "package main\nvar x = ", pieces[i], 100000));
    CHECK(repeated_ends_at("nesting_depth_max", "package main\nvar x = 1", " + 1", 100000));
    CHECK(repeated_ends_at("nesting_depth_max", "package main\nvar x = a", ".b", 100000));
    CHECK(repeated_ends_at("nesting_depth_max", "package main\nvar x = f", "()", 100000));
    CHECK(repeated_ends_at("nesting_depth_max", "package main\nfunc f() {", "if x {", 100000));
    CHECK(repeated_ends_at("nesting_depth_max", "package main\nfunc f() { if x {}", " else if x {}",
                           100000));
    CHECK(repeated_ends_at("nesting_depth_max", "package main\nfunc f() {", "a:\n", 100000));
    CHECK(repeated_ends_at("nesting_depth_max", "package main\ntype t ", "struct { a ", 100000));
    CHECK(repeated_ends_at("line_bytes_max", "package main // ", "x", 10 * 1000 * 1000));
    CHECK(repeated_ends_at("source_bytes_max", "package main\nvar x = 1\n", "          ",
                           4 * 1024 * 1024));
}

/* t0 holds t1 twice, which holds t2 twice …: two to the power of forty numbers. */
static void types_that_double_cost_nothing(void)
{
    struct buf text = BUF(MEM_TEST, 0);
    buf_append_cstr(&text, "package main\n");
    for (int i = 0; i < 40; i++)
        buf_printf(&text, "type t%d struct { a, b t%d }\n", i, i + 1);
    buf_append_cstr(&text, "type t40 struct { n int8 }\nfunc main() {\n\tvar x, y t0\n\tm := "
                           "map[t0]int{x: 1}\n\tif x != y || m[y] != 1 { panic(1) }\n\ts := "
                           "append([]t0{}, x)\n\tx.a.b.a.b = y.a.b.a.b\n\ts[0] = x\n\tm[x] = 2\n"
                           "\tif len(m) != 1 { panic(2) }\n}\n");
    CHECK(world_runs(text.data));
    buf_done(&text);
}

static void hostile_programs_end_in_limits(void)
{
    CHECK(ends_at("steps_max", SLICE("package main\nfunc main() { for {} }\n")));
    CHECK(
        ends_at("call_depth_max", SLICE("package main\nfunc f() { f() }\nfunc main() { f() }\n")));
    CHECK(ends_at("call_depth_max",
                  SLICE("package main\nfunc main() { var f func(int) int; f = func(n int) int { "
                        "return 1 + (2 * (3 + f(n+1))) }; f(1) }\n")));
    CHECK(ends_at("alloc_bytes_max", SLICE("package main\nfunc main() { s := \"ab\"; for { s += s "
                                           "} }\n")));
    CHECK(ends_at("alloc_bytes_max", SLICE("package main\nfunc main() { var a []int; for { a = "
                                           "append(a, 1, 2, 3) } }\n")));
    CHECK(ends_at("alloc_bytes_max", SLICE("package main\nfunc main() { m := map[int]int{}; for i "
                                           ":= 0; ; i++ { m[i] = i } }\n")));
    CHECK(ends_at("alloc_bytes_max",
                  SLICE("package main\nvar n = 1 << 40\nfunc main() { _ = make([]int, n) }\n")));
    CHECK(ends_at("alloc_bytes_max", SLICE("package main\nvar a [1 << 40]int\nfunc main() { a[5] = "
                                           "1 }\n")));
    CHECK(ends_at("alloc_bytes_max", SLICE("package main\nimport \"strings\"\nfunc main() { _ = "
                                           "strings.Repeat(\"abcdefgh\", 1<<40) }\n")));
    CHECK(ends_at("alloc_bytes_max", SLICE("package main\nimport \"fmt\"\nfunc main() { s := "
                                           "\"x\"; for { s = fmt.Sprint(s, s) } }\n")));
}

int main(void)
{
    TAP_RUN(the_example_of_the_manual);
    TAP_RUN(twenty_faults_are_told_in_one_pass);
    TAP_RUN(faults_name_the_field_that_they_break);
    TAP_RUN(values_know_where_they_were_written);
    TAP_RUN(inputs_are_asked_for_and_nothing_else_is_read);
    TAP_RUN(files_of_one_package_see_each_other);
    TAP_RUN(hostile_sources_end_in_limits);
    TAP_RUN(types_that_double_cost_nothing);
    TAP_RUN(hostile_programs_end_in_limits);
    return tap_done();
}
