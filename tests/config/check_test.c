#include "config/check.h"

#include "tests/config/world.h"

/* The faults of a text, a line each: "code path (schema) suggestion". */
static const char *faults(const char *toml)
{
    struct buf out = BUF(MEM_TEST, 0);
    world_reset();
    struct value *root = world_read(toml);
    uint32_t n = config_check(root, NULL, &world_faults_);
    CHECK_INT(n, world_faults_.count);
    config_faults_sort(&world_faults_);
    for (uint32_t i = 0; i < world_faults_.count; i++) {
        const struct config_fault *f = &world_faults_.items[i];
        struct source_point p;
        CHECK_INT(source_point(&world_sources_, f->at, &p), 0);
        CHECK(f->message[0] && f->message[strlen(f->message) - 1] != '.');
        buf_printf(&out, "%s%u %s %s", i ? "\n" : "", p.line, config_fault_code_name(f->code),
                   f->path);
        if (f->schema)
            buf_printf(&out, " (%s)", f->schema);
        if (f->suggestion)
            buf_printf(&out, " %s", f->suggestion);
    }
    const char *text = out.size ? arena_strdup(&world_arena_, buf_slice(&out)) : "";
    buf_done(&out);
    return text;
}

static const char *message(const char *toml)
{
    faults(toml);
    return world_faults_.count ? world_faults_.items[0].message : "";
}

#define ASSET "[[assets]]\nname = \"db\"\n"
#define CHECK_OF(rest)                                                                             \
    ASSET "[[checks]]\nname = \"port\"\nasset = \"db\"\ntcp = {target = \"127.0.0.1:1\"}\n" rest

static void what_is_well_has_no_fault(void)
{
    CHECK_STR(faults(""), "");
    CHECK_STR(faults(CHECK_OF("every = \"30s\"\nfail = 3\nretries = 0\n")), "");
    CHECK_STR(faults("[server]\nlisten = \":7440\"\n[store]\nurl = \"etcd://a:2379,b:2379\"\n"
                     "[log.levels]\n\"observe.dns\" = \"debug\"\n"), "");
}

static void unknown_fields_have_suggestions(void)
{
    CHECK_STR(faults("chekcs = []\n"), "1 unknown_field chekcs checks");
    CHECK_STR(faults(CHECK_OF("evry = \"30s\"\n")),
              "7 unknown_field checks[port].evry (check) every");
    CHECK_STR(faults("[server]\nxyzzy = 1\n"), "2 unknown_field server.xyzzy (server)");
    CHECK_STR(message(CHECK_OF("evry = \"30s\"\n")), "check has no field \"evry\"");
}

static void a_typo_is_one_fault(void)
{
    /* tcp is missing only because it was misspelt; name, too. */
    CHECK_STR(faults(ASSET "[[checks]]\nname = \"port\"\nasset = \"db\"\n"
                     "tpc = {target = \"127.0.0.1:1\"}\n"),
              "6 unknown_field checks[port].tpc (check) tcp");
}

static void required_fields_are_missed(void)
{
    CHECK_STR(faults("[[assets]]\nowner = \"me\"\n"),
              "1 missing_field assets[0].name (asset.name)");
    CHECK_STR(faults("[[assets]]\nname = \"\"\n"), "1 missing_field assets[0].name (asset.name)");
    CHECK_STR(faults(ASSET "[[checks]]\nname = \"port\"\nasset = \"db\"\ntcp = {}\n"),
              "6 missing_field checks[port].tcp.target (check.tcp.target)");
}

static void exactly_one_choice_is_made(void)
{
    CHECK_STR(faults(ASSET "[[checks]]\nname = \"port\"\nasset = \"db\"\n"),
              "3 missing_field checks[port] (check)");
    CHECK_STR(faults(CHECK_OF("unix = {path = \"/run/x\"}\n")),
              "3 out_of_range checks[port] (check)");
    CHECK_STR(message(CHECK_OF("unix = {path = \"/run/x\"}\n")),
              "check has tcp and unix: exactly one of them may stand here");
    CHECK_STR(faults(CHECK_OF("[[checks]]\nname = \"p\"\nasset = \"db\"\nprocess = {}\n")),
              "10 missing_field checks[p].process (check.process)");
}

static void types_are_checked(void)
{
    CHECK_STR(faults("server = 1\n"), "1 type_mismatch server (server)");
    CHECK_STR(faults("assets = {}\n"), "");
    CHECK_STR(faults("server = false\n"), "1 type_mismatch server (server)");
    CHECK_STR(faults(ASSET "labels = 0\n"), "3 type_mismatch assets[db].labels (asset.labels)");
    CHECK_STR(faults(ASSET "owner = 0\n"), "3 type_mismatch assets[db].owner (asset.owner)");
    CHECK_STR(faults("assets = {a = 1}\n"), "1 type_mismatch assets (asset)");
    CHECK_STR(faults("assets = [1]\n"), "1 type_mismatch assets[0] (asset)");
    CHECK_STR(faults(ASSET "owner = 5\n"), "3 type_mismatch assets[db].owner (asset.owner)");
    CHECK_STR(faults(ASSET "labels = {n = 5}\n"),
              "3 type_mismatch assets[db].labels.n (asset.labels)");
    CHECK_STR(message(ASSET "owner = 5\n"),
              "owner is a string, not a whole number: put it in quotes");
    CHECK_STR(faults(CHECK_OF("fail = \"3\"\n")), "7 type_mismatch checks[port].fail (check.fail)");
    CHECK_STR(faults(CHECK_OF("fail = 3.5\n")), "7 type_mismatch checks[port].fail (check.fail)");
    CHECK_STR(faults(CHECK_OF("fail = 3.0\n")), "");
    CHECK_STR(faults(ASSET "depends_on = \"db\"\n"),
              "3 type_mismatch assets[db].depends_on (asset.depends_on)");
}

#define SCHEDULE(rest) "[[schedules]]\nname = \"s\"\ndo.run.argv = [\"x\"]\n" rest

static void what_cannot_stand_together_is_refused(void)
{
    CHECK_STR(faults(SCHEDULE("cron = \"@daily\"\nnode = \"a\"\nselector = \"disk=ssd\"\n")),
              "6 out_of_range schedules[s].selector (schedule.selector)");
    CHECK_STR(world_faults_.items[0].message,
              "node is there, too: it runs on that node, or on those with these labels: leave one "
              "of the two out");
    CHECK_STR(faults(SCHEDULE("cron = \"@daily\"\nnode = \"\"\nselector = \"disk=ssd\"\n")), "");
    CHECK_STR(faults(SCHEDULE("cron = \"@daily\"\nselector = \"disk=(\"\n")),
              "5 bad_pattern schedules[s].selector (schedule.selector)");
    CHECK_STR(faults(SCHEDULE("cron = \"@daily\"\nmisfire = \"catch_up\"\ncatch_up = 3\n")), "");
    CHECK_STR(message(SCHEDULE("cron = \"@daily\"\nmisfire = \"skip\"\ncatch_up = 3\n")),
              "catch_up means nothing unless misfire is catch_up");
    CHECK_STR(faults(SCHEDULE("cron = \"@daily\"\ncatch_up = 3\n")),
              "5 out_of_range schedules[s].catch_up (schedule.catch_up)");
    CHECK_STR(faults(CHECK_OF("[[checks]]\nname = \"h\"\nasset = \"db\"\n"
                              "http = {url = \"http://a/\", method = \"HEAD\", body = \"ok\"}\n")),
              "10 out_of_range checks[h].http.body (check.http.body)");
    CHECK_STR(faults(CHECK_OF("[[checks]]\nname = \"h\"\nasset = \"db\"\n"
                              "grpc = {target = \"a:1\", ca_file = \"/x\"}\n")),
              "10 missing_field checks[h].grpc.ca_file (check.grpc.ca_file)");
    CHECK_STR(faults(CHECK_OF("[[checks]]\nname = \"h\"\nasset = \"db\"\n"
                              "tls = {target = \"a:1\", ca_file = \"/x\", insecure = true}\n")),
              ""); /* while one looks for what is wrong with a certificate */
}

static void times_that_limit_each_other_fit(void)
{
    CHECK_STR(message(SCHEDULE("cron = \"@every 1m\"\njitter = \"61s\"\n")),
              "jitter is longer than the time from one run to the next (1m0s): they would come out "
              "of their order");
    CHECK_STR(faults(SCHEDULE("cron = \"@every 1m\"\njitter = \"1m\"\n")), "");
    CHECK_STR(faults(SCHEDULE("cron = \"0 9,17 * * *\"\njitter = \"8h\"\n")), "");
    CHECK_STR(faults(SCHEDULE("cron = \"0 9,17 * * *\"\njitter = \"8h0m0.5s\"\n")),
              "5 out_of_range schedules[s].jitter (schedule.jitter)");
    CHECK_STR(faults("[[schedules]]\nname = \"s\"\ncron = \"@daily\"\n[schedules.do.run]\n"
                     "argv = [\"true\"]\ntimeout = \"1h\"\ndeadline = \"10m\"\n"),
              "6 out_of_range schedules[s].do.run.timeout (schedule.do.run.timeout)");
    CHECK_STR(world_faults_.items[0].message,
              "timeout is longer than deadline (10m0s): its deadline would end it before");
    CHECK_STR(faults("[[receivers]]\nname = \"r\"\nchat = {url = \"http://a/\"}\nwait = \"1h\"\n"
                     "repeat = \"10m\"\n"),
              "4 out_of_range receivers[r].wait (receiver.wait)");
    CHECK_STR(faults(SCHEDULE("cron = \"@every 0s\"\n")),
              "4 bad_pattern schedules[s].cron (schedule.cron)");
}

static void a_remedy_asks_checks_of_its_own_asset(void)
{
#define FOREIGN(rest)                                                                              \
    CHECK_OF("[[assets]]\nname = \"web\"\n[[remedies]]\nname = \"r\"\nasset = \"web\"\n"           \
             "do = {restart = {unit = \"a.service\"}}\n" rest)
    CHECK_STR(faults(FOREIGN("verify = \"port\"\n")),
              "13 out_of_range remedies[r].verify (remedy.verify)");
    CHECK_STR(world_faults_.items[0].message,
              "port is a check of the asset \"db\": a remedy sees those of its own only");
    CHECK_STR(faults(FOREIGN("when = {check = \"port\"}\n")),
              "13 out_of_range remedies[r].when.check (remedy.when.check)");
    CHECK_STR(faults(FOREIGN("[[checks]]\nname = \"p\"\nasset = \"web\"\ntcp = {target = "
                            "\"a:1\"}\n[[remedies]]\nname = \"q\"\nasset = \"web\"\nverify = "
                            "\"p\"\ndo = {restart = {unit = \"a.service\"}}\n")),
              "");
}

/* A zero equals an omitted field, so it cannot be what it says. */
static void a_limit_of_nothing_is_none(void)
{
    CHECK_STR(faults("[[assets]]\nname = \"a\"\nblast = {percent = 0}\n"),
              "3 missing_field assets[a].blast (asset.blast)");
    CHECK_STR(faults("[[assets]]\nname = \"a\"\nblast = {percent = -1}\n"),
              "3 out_of_range assets[a].blast.percent (asset.blast.percent)");
}

static void ranges_are_checked(void)
{
    CHECK_STR(faults(CHECK_OF("fail = 1001\n")), "7 out_of_range checks[port].fail (check.fail)");
    CHECK_STR(faults(CHECK_OF("fail = 0\n")), ""); /* as if it were left out */
    CHECK_STR(faults(CHECK_OF("retries = -1\n")),
              "7 out_of_range checks[port].retries (check.retries)");
    CHECK_STR(faults(CHECK_OF("every = \"1ms\"\n")),
              "7 out_of_range checks[port].every (check.every)");
    CHECK_STR(message(CHECK_OF("every = \"1ms\"\n")),
              "every is 1ms: it may be from 10ms to 744h0m0s");
    CHECK_STR(faults(CHECK_OF("every = \"1s\"\ntimeout = \"2s\"\n")),
              "8 out_of_range checks[port].timeout (check.timeout)");
    CHECK_STR(faults(CHECK_OF("observers = 3\nagree = 4\n")),
              "8 out_of_range checks[port].agree (check.agree)");
    CHECK_STR(faults("[[slos]]\nname = \"s\"\nasset = \"db\"\ncheck = \"port\"\nobjective = 100\n"
                     CHECK_OF("")),
              "5 out_of_range slos[s].objective (slo.objective)");
}

static void a_bare_number_is_no_duration(void)
{
    CHECK_STR(faults(CHECK_OF("every = 30\n")),
              "7 bare_duration checks[port].every (check.every) 30s");
    CHECK_STR(faults(CHECK_OF("every = \"30\"\n")),
              "7 bare_duration checks[port].every (check.every) 30s");
    CHECK_STR(faults(CHECK_OF("every = 1.5\n")),
              "7 bare_duration checks[port].every (check.every) 1.5s");
    CHECK_STR(faults(CHECK_OF("every = \"soon\"\n")),
              "7 type_mismatch checks[port].every (check.every)");
    CHECK_STR(faults(CHECK_OF("every = 0\n")), "");
}

static void words_and_patterns_are_checked(void)
{
    CHECK_STR(faults(CHECK_OF("severity = \"degradet\"\n")),
              "7 bad_enum checks[port].severity (check.severity) degraded");
    CHECK_STR(faults("[log.levels]\nx = \"loud\"\n"), "2 bad_enum log.levels.x (log.levels)");
    CHECK_STR(faults("[log.levels]\n\"a.b\" = \"loud\"\n"),
              "2 bad_enum log.levels[\"a.b\"] (log.levels)");
    CHECK_STR(faults("[server]\nlisten = \"localhost\"\n"),
              "2 bad_pattern server.listen (server.listen)");
    CHECK_STR(faults("[server]\nlisten = \"h:65536\"\n"),
              "2 bad_pattern server.listen (server.listen)");
    CHECK_STR(faults("[server]\nlisten = \"[::1]:80\"\n"), "");
    CHECK_STR(faults("[server]\nlisten = \"h:80\\n\"\n"),
              "2 bad_pattern server.listen (server.listen)");
    CHECK_STR(faults(ASSET "[[checks]]\nname = \"w\"\nasset = \"db\"\n[checks.http]\n"
                     "url = \"http://x/\"\nbody = \"a(\"\nheader = {\"a b\" = \"\"}\n"
                     "json = {\"$.a[\" = \"1\"}\n"),
              "8 bad_pattern checks[w].http.body (check.http.body)\n"
              "9 bad_pattern checks[w].http.header[\"a b\"] (check.http.header)\n"
              "10 bad_pattern checks[w].http.json[\"$.a[\"] (check.http.json)");
}

static void references_resolve(void)
{
    CHECK_STR(faults(ASSET "standby = \"dv\"\n"),
              "3 unresolved_reference assets[db].standby (asset.standby) db");
    CHECK_STR(faults(ASSET "depends_on = [\"db-2\", \"nothing\"]\n[[assets]]\nname = \"db-2\"\n"),
              "3 unresolved_reference assets[db].depends_on[1] (asset.depends_on)");
    /* By namespace: its own, unless it says another. */
    CHECK_STR(faults(ASSET "[[assets]]\nname = \"x\"\nnamespace = \"b\"\nstandby = \"db\"\n"),
              "6 unresolved_reference assets[b/x].standby (asset.standby)");
    CHECK_STR(
        faults(ASSET "[[assets]]\nname = \"x\"\nnamespace = \"b\"\nstandby = \"default/db\"\n"),
        "");
    CHECK_STR(faults("[[role_bindings]]\nname = \"a\"\nrole = \"operator\"\nusers = [\"u\"]\n"),
              "");
    CHECK_STR(faults("[[role_bindings]]\nname = \"a\"\nrole = \"operater\"\nusers = [\"u\"]\n"),
              "3 unresolved_reference role_bindings[a].role (rolebinding.role) operator");
}

static void references_are_not_missed_where_a_source_is(void)
{
    struct check_options options = {.incomplete = true};
    world_reset();
    struct value *root = world_read(ASSET "standby = \"elsewhere\"\n");
    CHECK_INT(config_check(root, &options, &world_faults_), 0);
}

static void names_are_unique_by_kind_and_namespace(void)
{
    CHECK_STR(faults(ASSET ASSET), "4 duplicate_name assets[db].name (asset.name)");
    CHECK_STR(faults(ASSET "[[assets]]\nname = \"db\"\nnamespace = \"b\"\n"), "");
    CHECK_STR(faults(ASSET "[[assets]]\nname = \"db\"\nnamespace = \"default\"\n"),
              "4 duplicate_name assets[db].name (asset.name)");
    CHECK_STR(faults("[[roles]]\nname = \"admin\"\nrules = [{verbs = [\"*\"], kinds = [\"*\"]}]\n"),
              "2 duplicate_name roles[admin].name (role.name)");
}

static void circles_are_told_once(void)
{
    CHECK_STR(faults(ASSET "depends_on = [\"db\"]\n"),
              "3 reference_cycle assets[db].depends_on (asset.depends_on)");
    CHECK_STR(faults("[[assets]]\nname = \"a\"\ndepends_on = [\"b\"]\n"
                     "[[assets]]\nname = \"b\"\ndepends_on = [\"c\", \"d\"]\n"
                     "[[assets]]\nname = \"c\"\ndepends_on = [\"d\"]\n"
                     "[[assets]]\nname = \"d\"\n"), "");
    CHECK_STR(message("[[assets]]\nname = \"a\"\ndepends_on = [\"b\"]\n"
                      "[[assets]]\nname = \"b\"\ndepends_on = [\"c\"]\n"
                      "[[assets]]\nname = \"c\"\ndepends_on = [\"b\"]\n"),
              "depends_on leads in a circle: b -> c -> b");
    CHECK_INT(world_faults_.count, 1);
}

#define REMEDY(name, rest)                                                                         \
    "[[remedies]]\nname = \"" name "\"\nasset = \"db\"\ndo = {restart = {unit = \"x\"}}\n" rest

static void remedies_do_not_follow_each_other_for_ever(void)
{
    CHECK_STR(faults(ASSET REMEDY("a", "then = \"b\"\n") REMEDY("b", "then = \"a\"\n")),
              "12 reference_cycle remedies[b].then (remedy.then)");
    CHECK_STR(faults(ASSET REMEDY("a", "then = \"b\"\n") REMEDY("b", "")), "");
    CHECK_STR(faults(ASSET "[[remedies]]\nname = \"a\"\nasset = \"db\"\n"),
              "3 missing_field remedies[a].do (remedy.do)");
}

static void workflows_are_checked_inside(void)
{
#define STEP(name, needs) \
    "{name = \"" name "\", needs = [" needs "], do = {run = {argv = [\"x\"]}}}"
#define FLOW(steps)                                                                                \
    "[[schedules]]\nname = \"s\"\ncron = \"@daily\"\ndo.workflow.steps = [" steps "]\n"
    CHECK_STR(faults(FLOW(STEP("a", "") ", " STEP("b", "\"a\""))), "");
    CHECK_STR(faults(FLOW(STEP("a", "\"b\"") ", " STEP("b", "\"a\""))),
              "4 reference_cycle schedules[s].do.workflow.steps[b].needs "
              "(schedule.do.workflow.steps.needs)");
    CHECK_STR(faults(FLOW(STEP("a", "\"c\"") ", " STEP("a", ""))),
              "4 unresolved_reference schedules[s].do.workflow.steps[a].needs "
              "(schedule.do.workflow.steps.needs)\n"
              "4 duplicate_name schedules[s].do.workflow.steps[a].name "
              "(schedule.do.workflow.steps.name)");
#define SAYS(name, needs, more, argv)                                                              \
    "{name = \"" name "\", needs = [" needs "], " more "do = {run = {argv = [\"" argv "\"]}}}"
    CHECK_STR(faults(FLOW(SAYS("a", "", "", "x") ", " SAYS("b", "\"a\"", "", "x") ", "
                          SAYS("c", "\"b\"", "if = \"steps.a.ok\", ", "${steps.a.X} ${HOME}"))),
              ""); /* what is needed by what it needs has ended, too */
    CHECK_STR(faults(FLOW(SAYS("a", "", "", "x") ", "
                          SAYS("b", "", "if = \"steps.a.ok and steps.z.ok\", ", "${steps.X}"))),
              "4 unresolved_reference schedules[s].do.workflow.steps[b].if "
              "(schedule.do.workflow.steps.if)\n"
              "4 unresolved_reference schedules[s].do.workflow.steps[b].if "
              "(schedule.do.workflow.steps.if)\n"
              "4 bad_pattern schedules[s].do.workflow.steps[b].do.run.argv[0] "
              "(schedule.do.workflow.steps.do.run.argv)");
    CHECK_STR(faults(FLOW(SAYS("a", "", "if = \"a b\", ", "x"))),
              "4 bad_pattern schedules[s].do.workflow.steps[a].if "
              "(schedule.do.workflow.steps.if)");
#undef SAYS
}

static void rules_of_several_fields(void)
{
    CHECK_STR(faults(ASSET "[[checks]]\nname = \"e\"\nasset = \"db\"\nfor = \"1m\"\n"
                     "expr = {query = \"cpu_ratio > 0.9 for 2m\"}\n"),
              "6 out_of_range checks[e].for (check.for)");
    CHECK_STR(faults("[[roles]]\nname = \"r\"\nrules = [{verbs = [\"get\"]}]\n"),
              "3 missing_field roles[r].rules[0].kinds (role.rules.kinds)");
    CHECK_STR(faults("[[role_bindings]]\nname = \"a\"\nrole = \"admin\"\n"),
              "1 missing_field role_bindings[a].users (rolebinding.users)");
}

static void queries_are_parsed(void)
{
#define EXPR(query) \
    ASSET "[[checks]]\nname = \"e\"\nasset = \"db\"\nexpr = {query = \"" query "\"}\n"
    CHECK_STR(faults(EXPR("rate(a{b='c'}, 5m) > 0.9 for 2m")), "");
    CHECK_STR(faults(EXPR("rate(a) > 1")), "6 bad_pattern checks[e].expr.query (check.expr.query)");
    CHECK_STR(faults(ASSET "[[remedies]]\nname = \"r\"\nasset = \"db\"\nprecondition = \"a >\"\n"
                     "do = {run = {argv = [\"x\"]}}\n"),
              "6 bad_pattern remedies[r].precondition (remedy.precondition)");
}

static void what_is_bad_already_is_not_told_again(void)
{
    world_reset();
    struct value *root = world_read(ASSET "[[checks]]\nname = \"p\"\nasset = \"nothing\"\n");
    value_get(root, SLICE("assets"))->type = VALUE_BAD;
    struct value *check = value_get(root, SLICE("checks"))->first;
    struct value *bad = value_new(&world_arena_, VALUE_BAD, check->at);
    value_set_key(bad, SLICE("tpc")); /* the language has told that there is no such field */
    value_append(check, bad);
    CHECK_INT(config_check(root, NULL, &world_faults_), 0);
}

static void depth_has_a_limit(void)
{
    struct buf text = BUF(MEM_TEST, 0);
    buf_append_cstr(&text, "[[schedules]]\nname = \"s\"\ncron = \"@daily\"\ndo");
    for (int i = 0; i < 20; i++)
        buf_append_cstr(&text, " = {workflow = {steps = [{name = \"a\", do");
    buf_append_cstr(&text, " = {run = {argv = [\"x\"]}}");
    for (int i = 0; i < 20; i++)
        buf_append_cstr(&text, "}]}}");
    buf_append_byte(&text, '\n');
    const char *got = faults(text.data);
    CHECK(strstr(got, "limit") != NULL);
    CHECK_INT(world_faults_.count, 1);
    buf_done(&text);
}

static void cron_expressions_are_read(void)
{
    CHECK_STR(faults(SCHEDULE("cron = \"*/5 2 L * ?\"\nzone = \"Europe/Berlin\"\n")), "");
    CHECK_STR(faults(SCHEDULE("cron = \"@every 1h30m\"\nzone = \"+05:30\"\n")), "");
    CHECK_STR(faults(SCHEDULE("cron = \"0 0 * * MNO\"\n")),
              "4 bad_pattern schedules[s].cron (schedule.cron) 0 0 * * MON");
    CHECK_STR(message(SCHEDULE("cron = \"0 0 * * MNO\"\n")),
              "cron is \"0 0 * * MNO\": at its column 9: \"MNO\" is no weekday");
    CHECK_STR(faults(SCHEDULE("cron = \"0 0 30 2 *\"\n")),
              "4 bad_pattern schedules[s].cron (schedule.cron)");
    CHECK_STR(faults(SCHEDULE("cron = \"@dayly\"\n")),
              "4 bad_pattern schedules[s].cron (schedule.cron) @daily");
    CHECK_STR(faults(SCHEDULE("")), "1 missing_field schedules[s].cron (schedule.cron)");
}

static void time_zones_are_looked_up_where_there_is_a_place_for_it(void)
{
    static char nowhere[] = "TZDIR=/nowhere/at/all";
    struct zones zones;
    zones_init(&zones, (char *const[]){nowhere, NULL});
    struct check_options options = {.zones = &zones};
    CHECK_STR(faults(SCHEDULE("cron = \"@daily\"\nzone = \"Europe/Berlin\"\n")), "");
    CHECK_STR(faults(SCHEDULE("cron = \"@daily\"\nzone = \"../x\"\n")),
              "5 bad_pattern schedules[s].zone (schedule.zone)");
    world_reset();
    CHECK_INT(config_check(world_read(SCHEDULE("cron = \"@daily\"\nzone = \"Europe/Berlin\"\n")),
                           &options, &world_faults_), 1);
    CHECK_INT(world_faults_.items[0].code, CONFIG_FAULT_UNRESOLVED_REFERENCE);
    CHECK_STR(world_faults_.items[0].path, "schedules[s].zone");
    CHECK(strstr(world_faults_.items[0].message, "install tzdata"));
    world_reset();
    CHECK_INT(config_check(world_read(SCHEDULE("cron = \"@daily\"\nzone = \"-03:00\"\n")),
                           &options, &world_faults_), 0);
    zones_done(&zones);
}

int main(void)
{
    TAP_RUN(what_is_well_has_no_fault);
    TAP_RUN(unknown_fields_have_suggestions);
    TAP_RUN(a_typo_is_one_fault);
    TAP_RUN(required_fields_are_missed);
    TAP_RUN(exactly_one_choice_is_made);
    TAP_RUN(types_are_checked);
    TAP_RUN(what_cannot_stand_together_is_refused);
    TAP_RUN(times_that_limit_each_other_fit);
    TAP_RUN(a_remedy_asks_checks_of_its_own_asset);
    TAP_RUN(a_limit_of_nothing_is_none);
    TAP_RUN(ranges_are_checked);
    TAP_RUN(a_bare_number_is_no_duration);
    TAP_RUN(words_and_patterns_are_checked);
    TAP_RUN(references_resolve);
    TAP_RUN(references_are_not_missed_where_a_source_is);
    TAP_RUN(names_are_unique_by_kind_and_namespace);
    TAP_RUN(circles_are_told_once);
    TAP_RUN(remedies_do_not_follow_each_other_for_ever);
    TAP_RUN(workflows_are_checked_inside);
    TAP_RUN(rules_of_several_fields);
    TAP_RUN(queries_are_parsed);
    TAP_RUN(what_is_bad_already_is_not_told_again);
    TAP_RUN(depth_has_a_limit);
    TAP_RUN(cron_expressions_are_read);
    TAP_RUN(time_zones_are_looked_up_where_there_is_a_place_for_it);
    arena_done(&world_arena_);
    return tap_done();
}
