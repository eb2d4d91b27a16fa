#include "config/load.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/canonical.h"
#include "config/diff.h"
#include "config/object.h"
#include "config/origin.h"
#include "tests/config/world.h"

/* A folder of files for each case. */
static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[4][160];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
    return p;
}

static void file(const char *name, const char *text)
{
    FILE *f = fopen(in_folder(name), "w");
    fputs(text, f);
    fclose(f);
}

static void begin(void)
{
    world_reset();
    snprintf(folder, sizeof(folder), "/tmp/firebreak-load-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static void end(void)
{
    char command[100];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    CHECK_INT(system(command), 0);
}

struct ask {
    const char *paths[4];
    char *environment[8];
    struct config_flag flags[4];
};

static struct config *load(const struct ask *a)
{
    struct config_options o = {
        .paths = a->paths, .environment = a->environment, .flags = a->flags};
    while (o.path_count < 4 && a->paths[o.path_count])
        o.path_count++;
    while (o.flag_count < 4 && a->flags[o.flag_count].name)
        o.flag_count++;
    return config_load(&o);
}

static const char *eval(const struct ask *a)
{
    struct config *c = load(a);
    const char *text = "faults";
    if (c->faults.count) {
        text = arena_printf(&world_arena_, "%s: %s",
                            config_fault_code_name(c->faults.items[0].code),
                            c->faults.items[0].message);
    } else {
        config_canonicalize(&c->arena, config_schema.root, c->root, false);
        text = world_json(c->root);
    }
    config_free(c);
    return text;
}

static const char *origin(const struct ask *a, const char *key_text)
{
    struct config *c = load(a);
    struct config_key key;
    static struct config_origin o;
    const char *suggestion;
    struct buf out = BUF(MEM_TEST, 0);
    CHECK_INT(config_key_parse(slice_from(key_text), &key, NULL, &suggestion), 0);
    int r = config_origin_find(c, &key, &o);
    if (r < 0) {
        buf_append_cstr(&out, "no such element");
    } else {
        buf_append_cstr(&out, o.winner.value ? source_kind_name(o.winner.kind) : "nobody");
        buf_printf(&out, " %s", world_json(o.value));
        for (uint32_t i = 0; i < o.lost_count; i++)
            buf_printf(&out, ", %s %s", source_kind_name(o.lost[i].kind),
                       world_json(o.lost[i].value));
    }
    const char *text = arena_strdup(&world_arena_, buf_slice(&out));
    buf_done(&out);
    config_free(c);
    return text;
}

static void a_number_is_one_of_the_result(void)
{
    begin();
    file("a.yaml", "assets: [{name: x, owner: low}, {name: y, namespace: n, owner: other}]\n"
                   "checks: [{name: c, tcp: {target: 'h:1'}}]\n");
    file("b.yaml", "assets: [{name: new, owner: z}, {name: x, owner: high}]\n"
                   "checks: [{name: c, icmp: {target: h}}]\n");
    struct ask a = {{in_folder("a.yaml"), in_folder("b.yaml")}, {0}, {{0}}};
    CHECK_STR(origin(&a, "assets[0].owner"), "file \"high\", file \"low\"");
    CHECK_STR(origin(&a, "assets[1].owner"), "file \"other\"");
    CHECK_STR(origin(&a, "assets[2].owner"), "file \"z\"");
    /* A higher source chose another kind of check: what the lower one says of its own lost. */
    CHECK_STR(origin(&a, "checks[0].tcp.target"), "nobody nothing, file \"h:1\"");
    end();
}

static void nothing_is_an_empty_configuration(void)
{
    begin();
    if (access(CONFIG_PATH_DEFAULT, F_OK) == 0)
        TAP_SKIP("there is a configuration in " CONFIG_PATH_DEFAULT);
    else
        CHECK_STR(eval(&(struct ask){0}), "{}");
    end();
}

static void files_then_variables_then_flags(void)
{
    begin();
    file("a.yaml", "server: {listen: ':1', agent_listen: ':11', task_listen: ':21'}\n");
    file("b.toml", "server.listen = ':2'\nserver.agent_listen = ':12'\n");
    struct ask a = {{in_folder("a.yaml"), in_folder("b.toml")}, {0}, {{0}}};
    CHECK_STR(eval(&a), "{\"server\":{\"listen\":\":2\",\"agent_listen\":\":12\","
                        "\"task_listen\":\":21\"}}");
    a.environment[0] = (char[]){"FIREBREAK_SERVER_LISTEN=:3"};
    CHECK_STR(origin(&a, "server.listen"),
              "env \":3\", file \":2\", file \":1\", default \"127.0.0.1:7440\"");
    a.flags[0] = (struct config_flag){"--set", NULL, "server.listen=:4"};
    CHECK_STR(origin(&a, "server.listen"),
              "flag \":4\", env \":3\", file \":2\", file \":1\", default \"127.0.0.1:7440\"");
    a.flags[1] = (struct config_flag){"--listen", "server.listen", ":5"};
    CHECK_STR(origin(&a, "server.listen"),
              "flag \":5\", env \":3\", file \":2\", file \":1\", default \"127.0.0.1:7440\"");
    CHECK_STR(origin(&a, "store.lease_ttl"), "default \"5s\"");
    CHECK_STR(origin(&a, "log.format"), "nobody nothing");
    CHECK_STR(origin(&a, "checks[db].every"), "no such element");
    end();
}

static void a_folder_is_read_in_the_order_of_its_names(void)
{
    begin();
    file("20.toml", "log.level = 'info'\n");
    file("10.yaml", "log: {level: debug, format: json}\n");
    file("15.yml", "log: {level: error}\n");
    file(".hidden.yaml", "nonsense: 1\n");
    file("README.md", "not read\n");
    CHECK_INT(mkdir(in_folder("sub.yaml"), 0755), 0);
    struct ask a = {{folder}, {0}, {{0}}};
    CHECK_STR(eval(&a), "{\"log\":{\"level\":\"info\",\"format\":\"json\"}}");
    CHECK_STR(origin(&a, "log.level"),
              "file \"info\", file \"error\", file \"debug\", default \"warn\"");
    end();
}

static void variables_set_every_leaf_of_three_sections(void)
{
    begin();
    struct ask a = {{0}, {(char[]){"FIREBREAK_STORE_LEASE_TTL=10s"},
                          (char[]){"FIREBREAK_LOG_LEVELS=a.b=warn,c=off"},
                          (char[]){"FIREBREAK_SERVER_TLS_CERT_FILE=/c"},
                          (char[]){"FIREBREAK_SERVER_TLS_KEY_FILE=/k"},
                          (char[]){"FIREBREAK_SERVER_JWT_ALGORITHMS=RS256,ES256"},
                          (char[]){"FIREBREAK_SERVER_JWT_JWKS=https://id/keys"}},
                    {{0}}};
    file("empty.yaml", "");
    a.paths[0] = in_folder("empty.yaml");
    CHECK_STR(eval(&a),
              "{\"server\":{\"tls\":{\"cert_file\":\"/c\",\"key_file\":\"/k\"},"
              "\"jwt\":{\"jwks\":\"https://id/keys\",\"algorithms\":[\"RS256\",\"ES256\"]}},"
              "\"store\":{\"lease_ttl\":\"10s\"},"
              "\"log\":{\"levels\":{\"a.b\":\"warn\",\"c\":\"off\"}}}");
    end();
}

static void misspelt_variables_are_warnings(void)
{
    begin();
    file("empty.yaml", "");
    struct ask a = {{in_folder("empty.yaml")},
                    {(char[]){"FIREBREAK_SERVER_LISTEM=:1"}, (char[]){"FIREBREAK_VAR_X=1"},
                     (char[]){"FIREBREAK_DATA=/x"}, (char[]){"FIREBREAKER=1"},
                     (char[]){"FIREBREAK_XYZZY=1"}},
                    {{0}}};
    struct config *c = load(&a);
    CHECK_INT(c->warning_count, 2);
    CHECK_STR(c->warnings[0], "the variable FIREBREAK_SERVER_LISTEM sets nothing: did you mean "
                              "FIREBREAK_SERVER_LISTEN?");
    CHECK_STR(c->warnings[1], "the variable FIREBREAK_XYZZY sets nothing");
    CHECK_INT(c->faults.count, 0);
    config_free(c);
    end();
}

static void flags_reach_into_objects(void)
{
    begin();
    file("a.yaml", "assets: [{name: db}]\n"
                   "checks: [{name: port, asset: db, tcp: {target: 'h:1'}, every: 10s}]\n");
    struct ask a = {{in_folder("a.yaml")},
                    {0},
                    {{"--set", NULL, "checks[port].tcp.target=h:2"},
                     {"--set", NULL, "checks[port].retries=0"},
                     {"--set", NULL, "assets[db].depends_on=[]"},
                     {"--set", NULL, "assets[db].labels.team=core"}}};
    CHECK_STR(eval(&a), "{\"assets\":[{\"name\":\"db\",\"labels\":{\"team\":\"core\"}}],"
                        "\"checks\":[{\"name\":\"port\",\"asset\":\"db\",\"every\":\"10s\","
                        "\"retries\":0,\"tcp\":{\"target\":\"h:2\"}}]}");
    CHECK_STR(origin(&a, "checks[port].tcp.target"), "flag \"h:2\", file \"h:1\"");
    CHECK_STR(origin(&a, "checks[port].fail"), "default 2");
    end();
}

static void later_flags_build_on_earlier_ones(void)
{
    begin();
    file("empty.yaml", "");
    struct ask a = {{in_folder("empty.yaml")},
                    {0},
                    {{"--set", NULL, "log=5"},
                     {"--set", NULL, "log.level=info"},
                     {"--set", NULL, "log.levels=a=warn"},
                     {"--set", NULL, "log.levels.b=off"}}};
    CHECK_STR(eval(&a), "{\"log\":{\"level\":\"info\",\"levels\":{\"a\":\"warn\",\"b\":\"off\"}}}");
    a.flags[0].text = "assets={\"x\":1}";
    a.flags[1].text = "assets[x].owner=y";
    CHECK_STR(eval(&a), "type_mismatch: assets is a list, not a map");
    end();
}

static void flags_have_faults_at_their_own_words(void)
{
    begin();
    file("empty.yaml", "");
    struct ask a = {{in_folder("empty.yaml")}, {0}, {{"--set", NULL, "server.lisen=:1"}}};
    CHECK_STR(eval(&a), "unknown_field: server has no field \"lisen\"");
    a.flags[0].text = "server.listen";
    CHECK_STR(eval(&a), "unknown_field: \"server.listen\" sets nothing: write KEY=VALUE");
    a.flags[0].text = "store.lease_ttl=5";
    CHECK_STR(eval(&a), "bare_duration: lease_ttl is a duration: 5 of what? Write the unit, too");
    struct config *c = load(&a);
    struct source_point p;
    CHECK_INT(source_point(&c->sources, c->faults.items[0].at, &p), 0);
    CHECK_STR(p.source->name, "--set");
    CHECK_INT(p.column, 17);
    config_free(c);
    end();
}

static void what_cannot_be_read_is_a_fault_with_its_name(void)
{
    begin();
    struct ask a = {{in_folder("nothing.yaml")}, {0}, {{0}}};
    CHECK_STR(eval(&a), "source_io: it cannot be read: No such file or directory");
    struct config *c = load(&a);
    CHECK(c->unreachable);
    struct source_point p;
    CHECK_INT(source_point(&c->sources, c->faults.items[0].at, &p), 0);
    CHECK_STR(p.source->name, a.paths[0]);
    config_free(c);
    a.paths[0] = folder;
    CHECK_STR(eval(&a), "source_io: the folder holds no .go, .yaml, .yml, .toml or .json file");
    file("x.ini", "");
    a.paths[0] = in_folder("x.ini");
    CHECK_STR(eval(&a), "source_io: which language is it? Its name may end in .go, .yaml, .yml, "
                        ".toml or .json");
    end();
}

static void a_null_and_a_zero_take_back(void)
{
    begin();
    file("a.yaml", "schedules: [{name: s, cron: '@daily', paused: true, jitter: 5s, "
                   "do: {run: {argv: [x]}}}]\nlog: {level: info}\n");
    file("b.yaml", "schedules: [{name: s, paused: false, jitter: null}]\nlog:\n");
    struct ask a = {{in_folder("a.yaml"), in_folder("b.yaml")}, {0}, {{0}}};
    CHECK_STR(eval(&a), "{\"schedules\":[{\"name\":\"s\",\"cron\":\"@daily\","
                        "\"do\":{\"run\":{\"argv\":[\"x\"]}}}]}");
    CHECK_STR(origin(&a, "schedules[s].jitter"), "nobody nothing, file null, file \"5s\"");
    end();
}

static void objects_are_read_by_key_and_type(void)
{
    begin();
    file("a.yaml", "assets: [{name: db}]\n"
                   "checks: [{name: a, asset: db, tcp: {target: 'h:1'}, every: 90s, fail: 0},\n"
                   "         {name: b, asset: db, exec: {argv: [x, y]}, retries: 0}]\n"
                   "slos: [{name: s, asset: db, check: a, objective: 99}]\n");
    struct config *c = load(&(struct ask){{in_folder("a.yaml")}, {0}, {{0}}});
    CHECK_INT(c->faults.count, 0);
    struct config_object root = config_object_root(c->root), o = {0}, server;
    server = config_struct(&root, "server");
    CHECK(slice_eq(config_string(&server, "listen"), SLICE("127.0.0.1:7440")));
    CHECK(config_next_object(&root, "checks", &o));
    CHECK_INT(config_duration(&o, "every"), INT64_C(90000000000));
    CHECK_INT(config_duration(&o, "timeout"), INT64_C(2000000000));
    CHECK_INT(config_int(&o, "fail"), 2);
    CHECK(!config_has(&o, "fail") && !config_has(&o, "retries") && config_has(&o, "tcp"));
    CHECK_STR(config_choice(&o)->key, "tcp");
    struct config_object tcp = config_struct(&o, "tcp");
    CHECK(slice_eq(config_string(&tcp, "target"), SLICE("h:1")));
    CHECK(config_next_object(&root, "checks", &o));
    CHECK(config_has(&o, "retries"));
    CHECK_INT(config_int(&o, "retries"), 0);
    struct config_object exec = config_struct(&o, "exec");
    const struct value *v = config_next(&exec, "argv", NULL);
    CHECK(v && slice_eq(v->text, SLICE("x")));
    v = config_next(&exec, "argv", v);
    CHECK(v && config_next(&exec, "argv", v) == NULL);
    CHECK(!config_next_object(&root, "checks", &o));
    o = (struct config_object){0};
    CHECK(config_next_object(&root, "slos", &o));
    CHECK(config_float(&o, "objective") > 98.9 && config_float(&o, "objective") < 99.1);
    config_free(c);
    end();
}

static void same_text_twice_is_told_once_and_merged(void)
{
    begin();
    file("a.yaml", "assets: [{name: db}]\n");
    struct ask a = {{in_folder("a.yaml"), in_folder("a.yaml")}, {0}, {{0}}};
    CHECK_STR(eval(&a), "{\"assets\":[{\"name\":\"db\"}]}");
    end();
}

int main(void)
{
    TAP_RUN(a_number_is_one_of_the_result);
    TAP_RUN(nothing_is_an_empty_configuration);
    TAP_RUN(files_then_variables_then_flags);
    TAP_RUN(a_folder_is_read_in_the_order_of_its_names);
    TAP_RUN(variables_set_every_leaf_of_three_sections);
    TAP_RUN(misspelt_variables_are_warnings);
    TAP_RUN(flags_reach_into_objects);
    TAP_RUN(later_flags_build_on_earlier_ones);
    TAP_RUN(flags_have_faults_at_their_own_words);
    TAP_RUN(what_cannot_be_read_is_a_fault_with_its_name);
    TAP_RUN(a_null_and_a_zero_take_back);
    TAP_RUN(objects_are_read_by_key_and_type);
    TAP_RUN(same_text_twice_is_told_once_and_merged);
    arena_done(&world_arena_);
    return tap_done();
}
