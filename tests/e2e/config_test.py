"""`firebreak config …` and `explain`, with real Go, gopls and a JSON Schema validator where they are there."""
from harness import *

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

GOOD = """\
assets:
  - {name: db, owner: payments, labels: {team: core}}
checks:
  - {name: db-port, asset: db, every: 30s, tcp: {target: "127.0.0.1:5432"}}
"""
GOOD_JSON = ('{"assets":[{"name":"db","labels":{"team":"core"},"owner":"payments"}],"checks":[{"name":"db-port",'
             '"asset":"db","every":"30s","tcp":{"target":"127.0.0.1:5432"}}]}\n')

# Twenty mistakes, each of another kind or in another place; none follows from another.
TWENTY = """\
server:
  lisen: ":7440"
  agent_listen: localhost
store: {lease_ttl: 5}
log: {level: loud, levels: {x: quiet}}
assets:
  - {name: db, standby: bd}
  - {name: db}
  - {owner: nobody}
  - {name: a, depends_on: [b]}
  - {name: b, depends_on: [a]}
  - {name: "not a name"}
checks:
  - {name: c1, asset: db, every: 30, tcp: {target: "h:1"}}
  - {name: c2, asset: db, fail: many, tcp: {target: "h:1"}}
  - {name: c3, asset: db, fail: 2000, tcp: {target: "h:1"}}
  - {name: c4, asset: db, tpc: {target: "h:1"}}
  - {name: c5, asset: db}
  - {name: c6, asset: db, tcp: {target: "h:1"}, unix: {path: /x}}
  - {name: c7, asset: nobody-here, tcp: {target: "h:1"}}
  - {name: c8, asset: db, http: {url: "ftp://x", body: "a("}}
  - {name: c9, asset: db, tcp: {}}
  - {name: c10, asset: db, severity: 5, tcp: {target: "h:1"}}
"""


def config(*args, **kw):
    return firebreak("config", *args, **kw)


def lines(r):
    return [json.loads(x) for x in r.stdout.splitlines()]


def here(name, text):
    return write(os.path.join(folder(), name), text)


@case
def what_is_well_has_exit_0():
    r = config("check", "-c", here("a.yaml", GOOD))
    equal((r.returncode, r.stdout, r.stderr), (0, "no fault: 1 asset, 1 check\n", ""))
    r = config("check", "-c", here("a.yaml", GOOD), "-o", "json")
    equal(json.loads(r.stdout), {"items": [], "next": "", "revision": 0})


@case
def twenty_faults_are_twenty_lines():
    path = here("bad.yaml", TWENTY)
    r = config("check", "-c", path, "-o", "jsonl")
    faults = lines(r)
    equal(r.returncode, 1)
    for f in faults:
        equal(list(f), ["file", "line", "column", "end_column", "code", "message", "path", "schema", "suggestion"])
        equal(f["file"], path)
    shown = "\n".join(f"{f['line']} {f['code']} {f['path']}" for f in faults)
    equal(len({(f["line"], f["code"], f["path"]) for f in faults}), len(faults), shown)
    equal(len(faults), 21, shown)
    equal({f["code"] for f in faults}, {"unknown_field", "bad_pattern", "bare_duration", "bad_enum", "missing_field",
                                        "unresolved_reference", "duplicate_name", "reference_cycle", "type_mismatch",
                                        "out_of_range"})
    by_line = {f["line"]: f for f in faults}
    equal((by_line[2]["path"], by_line[2]["suggestion"]), ("server.lisen", "listen"))
    equal((by_line[14]["path"], by_line[14]["schema"], by_line[14]["suggestion"]),
          ("checks[c1].every", "check.every", "30s"))
    # In words, each with its line and a caret.
    text = config("check", "-c", path).stdout
    contains(text, f"{path}:14:37: every is a duration: 30 of what? Write the unit, too: did you mean \"30s\"?\n"
                   "   14 |   - {name: c1, asset: db, every: 30, tcp: {target: \"h:1\"}}\n"
                   "      |                                     ^ checks[c1].every (check.every)\n".replace(
                       " " * 37 + "^", " " * 34 + "^").replace(":37:", ":34:"))
    equal(text.count(" | "), 2 * len(faults))
    equal("\x1b" in text, False)
    contains(config("check", "-c", path, "--color", "always").stdout, "\x1b[31m^")


@case
def every_language_has_the_same_faults():
    same = {
        "yaml": "checks: [{name: a, asset: db, every: 30, evry: 1, tcp: {target: x}}]\n",
        "json": '{"checks": [{"name": "a", "asset": "db", "every": 30, "evry": 1, "tcp": {"target": "x"}}]}',
        "toml": '[[checks]]\nname = "a"\nasset = "db"\nevery = 30\nevry = 1\ntcp.target = "x"\n',
    }
    told = {}
    for end, text in same.items():
        faults = lines(config("check", "-c", here("x." + end, text), "-o", "jsonl"))
        told[end] = sorted((f["code"], f["path"], f["schema"], f["message"], f["suggestion"]) for f in faults)
    equal(len(told["yaml"]), 4)
    equal(told["json"], told["yaml"])
    equal(told["toml"], told["yaml"])


@case
def eval_is_compact_json_with_one_line_end():
    equal(config("eval", "-c", here("a.yaml", GOOD), "-o", "json").stdout, GOOD_JSON)
    equal(config("eval", "-c", here("a.json", GOOD_JSON), "-o", "json").stdout, GOOD_JSON)


@case
def eval_needs_no_path_and_no_environment():
    path = here("a.yaml", GOOD)
    r = subprocess.run(["env", "-i", "PATH=/nonexistent", os.path.abspath(BINARY), "config", "eval", "-c", path, "-o",
                        "json"], capture_output=True, text=True, timeout=30)
    equal((r.returncode, r.stdout, r.stderr), (0, GOOD_JSON, ""))


@case
def what_is_written_reads_back():
    path = here("a.yaml", GOOD)
    for language in ("json", "yaml", "toml"):
        text = config("eval", "-c", path, "-o", language).stdout
        equal(config("eval", "-c", here("b." + language, text), "-o", "json").stdout, GOOD_JSON, text)
        text = config("convert", path, "--to", language).stdout
        equal(config("eval", "-c", here("b." + language, text), "-o", "json").stdout, GOOD_JSON, text)
    equal(config("eval", "-c", path, "-o", "jsonpath={.checks[0].tcp.target}").stdout, "127.0.0.1:5432\n")


@case
def defaults_are_added_where_they_are_asked_for():
    v = json.loads(config("eval", "-c", here("a.yaml", GOOD), "--defaults", "-o", "json").stdout)
    equal(v["server"]["listen"], "127.0.0.1:7440")
    equal((v["checks"][0]["timeout"], v["checks"][0]["fail"], v["checks"][0]["every"]), ("2s", 2, "30s"))


@case
def a_fault_keeps_eval_from_printing():
    path = here("bad.yaml", "sever: {}\n")
    r = config("eval", "-c", path, "-o", "json")
    equal((r.returncode, r.stdout), (1, ""))
    equal(json.loads(r.stderr)["items"][0]["suggestion"], "server")


@case
def exit_codes():
    equal(config("check", "-c", "/nonexistent/x.yaml").returncode, 3)
    equal(config("check", "-c", here("x.ini", "")).returncode, 3)
    equal(config("eval", "-c", "/nonexistent/x.yaml").returncode, 3)
    equal(config("chekc").returncode, 2)
    equal(config("diff", "a").returncode, 2)
    equal(config("origin").returncode, 2)
    equal(config("origin", "server.lisen").returncode, 2)
    equal(config("check", "x").returncode, 2)
    equal(config("convert", here("a.yaml", GOOD)).returncode, 2)
    equal(config("check", "-c", here("bad.json", "{")).returncode, 1)
    r = config("origin", "server.lisen", "-o", "json")
    contains(json.loads(r.stderr)["detail"], "did you mean listen?")


@case
def origin_shows_the_winner_and_all_that_lost():
    a, b = here("a.yaml", "server:\n  listen: ':1'\n"), here("b.toml", "[server]\nlisten = ':2'\n")
    args = ("origin", "server.listen", "-c", a, "-c", b)
    v = json.loads(config(*args, "-o", "json").stdout)
    file = lambda path, line, column: {"kind": "file", "file": path, "line": line, "column": column}
    default = {"value": "127.0.0.1:7440", "source": {"kind": "default", "file": None, "line": None, "column": None}}
    equal(v, {"key": "server.listen", "value": ":2", "source": file(b, 2, 10),
              "overridden": [{"value": ":1", "source": file(a, 2, 11)}, default], "inputs": []})
    env = {"FIREBREAK_SERVER_LISTEN": ":3"}
    v = json.loads(config(*args, "--listen", ":4", "-o", "json", env=env).stdout)
    equal([v["source"]["kind"], *[x["source"]["kind"] for x in v["overridden"]]],
          ["flag", "env", "file", "file", "default"])
    equal(v["overridden"][0]["source"]["file"], "FIREBREAK_SERVER_LISTEN")
    text = config(*args, env=env).stdout
    equal(text, f'server.listen = ":3"\n  from  env FIREBREAK_SERVER_LISTEN\n  lost  file {b}:2:10  ":2"\n'
                f'  lost  file {a}:2:11  ":1"\n  lost  default  "127.0.0.1:7440"\n')
    r = config("origin", "checks[nobody].every", "-c", a)
    equal((r.returncode, r.stdout), (1, ""))


@case
def diff_is_by_resource_and_field():
    a = here("a.yaml", GOOD)
    b = here("b.yaml", GOOD.replace("30s", "1m").replace(":5432", ":5433").replace("db, owner", "db2, owner")
             .replace("asset: db", "asset: db2"))
    r = config("diff", a, b, "-o", "jsonl")
    equal(r.returncode, 1)
    changes = lines(r)
    equal([(c["action"], c["kind"], c["name"], c["namespace"]) for c in changes],
          [("create", "asset", "db2", "default"), ("delete", "asset", "db", "default"),
           ("update", "check", "db-port", "default")])
    equal(changes[2]["fields"], [{"path": "asset", "old": "db", "new": "db2"},
                                 {"path": "every", "old": "30s", "new": "1m0s"},
                                 {"path": "tcp.target", "old": "127.0.0.1:5432", "new": "127.0.0.1:5433"}])
    r = config("diff", a, a)
    equal((r.returncode, r.stdout), (0, ""))
    contains(config("diff", a, b).stdout, '~ check/db-port\n    asset: "db" -> "db2"\n')
    equal(config("diff", a, here("c.yaml", "x: 1\n")).returncode, 1)


@case
def misspelt_variables_are_warned_of():
    r = config("eval", "-c", here("a.yaml", GOOD), "-o", "json", env={"FIREBREAK_LOG_LEVLE": "info"})
    equal((r.returncode, r.stdout), (0, GOOD_JSON))
    contains(r.stderr, "warning: the variable FIREBREAK_LOG_LEVLE sets nothing: did you mean FIREBREAK_LOG_LEVEL?")


@case
def several_observers_are_no_reason_to_warn():
    text = GOOD.replace("every: 30s", "every: 30s, observers: 3, agree: 2")
    r = config("check", "-c", here("a.yaml", text))
    equal((r.returncode, r.stdout, r.stderr), (0, "no fault: 1 asset, 1 check\n", ""))


@case
def raw_conversion_knows_no_schema():
    path = here("x.toml", 'a = 1\nb = [1.5, "x"]\n[c]\nd = true\n')
    equal(config("convert", path, "--to", "json", "--raw").stdout, '{"a":1,"b":[1.5,"x"],"c":{"d":true}}\n')
    equal(config("convert", path, "--to", "json").returncode, 1)
    one = here("x.toml", "a = { b = 1,\n}\n")  # what only 1.1 allows
    equal(config("convert", one, "--to", "json", "--raw").returncode, 0)
    equal(config("convert", one, "--to", "json", "--raw", "--toml-version", "1.0").returncode, 1)


@case
def raw_json_may_say_a_thing_twice():
    r = config("convert", here("x.json", '{"a":1,"a":2}'), "--to", "json", "--raw")
    equal((r.returncode, r.stdout), (0, '{"a":1}\n'))
    contains(r.stderr, "stands here twice")
    equal(config("convert", here("x.json", '{"a":1,"a":2'), "--to", "json", "--raw").returncode, 1)


@case
def raw_yaml_is_a_stream():
    r = config("convert", here("x.yaml", "a: no\n---\n- 0o7\n- ~\n"), "--to", "json", "--raw")
    equal((r.returncode, r.stdout), (0, '{"a":"no"}\n[7,null]\n'))


@case
def hostile_texts_end_in_limits():
    laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(9))
    texts = {"x.yaml": laughs, "y.yaml": "[" * 100000, "a.yaml": "a: a\n" * 3, "x.json": "[" * 100000,
             "x.toml": "a = " + "[" * 100000, "long.json": '{"a": "' + "x" * 10000000 + '"}',
             "x.go": "package ops\n\nvar Config = " + "(" * 100000, "long.go": "package ops // " + "x" * 10000000}
    for name, text in texts.items():
        r = config("check", "-c", here(name, text), "-o", "jsonl")
        equal((name, r.returncode), (name, 1), r.stderr[:300])
        true(all(len(x) < 2000 for x in r.stdout.splitlines()), name)
        codes = {f["code"] for f in lines(r)}
        equal((name, "limit" in codes or name == "a.yaml"), (name, True), str(codes))


MANY = 100000
MANY_HEAD = 'package ops\n\nimport (\n\t"fmt"\n\n\t"ops/firebreak"\n)\n\nvar _ = fmt.Sprint()\n\n'
MANY_FORMS = {  # before, one of them, behind
    "loop.go": (MANY_HEAD + "var Config = firebreak.Config{Assets: webs()}\n\nfunc webs() []firebreak.Asset {\n"
                f"\tvar out []firebreak.Asset\n\tfor i := range {MANY} {{\n\t\tout = append(out, firebreak.Asset{{"
                'Name: fmt.Sprintf("web-%d", i), Labels: map[string]string{"team": "payments"}})\n\t}\n\treturn out\n}\n',
                "", ""),
    "literals.go": (MANY_HEAD + "var Config = firebreak.Config{\n\tAssets: []firebreak.Asset{\n",
                    '\t\t{Name: "web-%05d", Owner: "payments", Labels: map[string]string{"team": "payments", '
                    '"tier": "edge"}},\n', "\t},\n}\n"),
    "x.yaml": ("assets:\n", "- name: web-%05d\n  owner: payments\n  labels:\n    team: payments\n    tier: edge\n", ""),
    "x.toml": ("", '[[assets]]\nname = "web-%05d"\nowner = "payments"\nlabels = {team = "payments", tier = "edge"}\n', ""),
    "x.json": ('{"assets":[', '{"name":"web-%05d","owner":"payments","labels":{"team":"payments","tier":"edge"}},\n',
               '{"name":"last"}]}'),
}


def peak_of(argv):
    """Exit code and the largest resident memory in bytes. By a fork of its own: what vfork starts is said to have had
    our memory, too."""
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execv(argv[0], argv)
    _, status, used = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), used.ru_maxrss * 1024


@case
def a_hundred_thousand_resources_fit_into_64_mb():
    for name, (before, one, behind) in MANY_FORMS.items():
        path = here(name, "")
        with open(path, "w") as f:
            f.write(before)
            f.writelines(one % i for i in range(MANY) if one)
            f.write(behind)
        code, peak = peak_of([BINARY, "config", "check", "-c", path])
        equal((name, code), (name, 0))
        true(peak <= 64e6, f"{name}: {peak / 1e6} MB")


MANY = 100000
MANY_HEAD = 'package ops\n\nimport (\n\t"fmt"\n\n\t"ops/firebreak"\n)\n\nvar _ = fmt.Sprint()\n\n'
MANY_FORMS = {  # before, one of them, behind
    "loop.go": (MANY_HEAD + "var Config = firebreak.Config{Assets: webs()}\n\nfunc webs() []firebreak.Asset {\n"
                f"\tvar out []firebreak.Asset\n\tfor i := range {MANY} {{\n\t\tout = append(out, firebreak.Asset{{"
                'Name: fmt.Sprintf("web-%d", i), Labels: map[string]string{"team": "payments"}})\n\t}\n\treturn out\n}\n',
                "", ""),
    "literals.go": (MANY_HEAD + "var Config = firebreak.Config{\n\tAssets: []firebreak.Asset{\n",
                    '\t\t{Name: "web-%05d", Owner: "payments", Labels: map[string]string{"team": "payments", '
                    '"tier": "edge"}},\n', "\t},\n}\n"),
    "x.yaml": ("assets:\n", "- name: web-%05d\n  owner: payments\n  labels:\n    team: payments\n    tier: edge\n", ""),
    "x.toml": ("", '[[assets]]\nname = "web-%05d"\nowner = "payments"\nlabels = {team = "payments", tier = "edge"}\n', ""),
    "x.json": ('{"assets":[', '{"name":"web-%05d","owner":"payments","labels":{"team":"payments","tier":"edge"}},\n',
               '{"name":"last"}]}'),
}


def peak_of(argv):
    """Exit code and the largest resident memory in bytes. By a fork of its own: what vfork starts is said to have had
    our memory, too."""
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execv(argv[0], argv)
    _, status, used = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), used.ru_maxrss * 1024


@case
def a_hundred_thousand_resources_fit_into_64_mb():
    for name, (before, one, behind) in MANY_FORMS.items():
        path = here(name, "")
        with open(path, "w") as f:
            f.write(before)
            f.writelines(one % i for i in range(MANY) if one)
            f.write(behind)
        code, peak = peak_of([BINARY, "config", "check", "-c", path])
        equal((name, code), (name, 0))
        true(peak <= 64e6, f"{name}: {peak / 1e6} MB")


@case
def the_json_schema_is_one_and_agrees_with_the_checker():
    try:
        import jsonschema
    except ImportError:
        raise Skip("python's jsonschema is not installed")
    schema = json.loads(config("schema").stdout)
    Validator = jsonschema.Draft202012Validator
    Validator.check_schema(schema)
    v = Validator(schema)
    good = [GOOD_JSON, "{}", '{"log":{"levels":{"observe.dns":"debug"}}}', '{"server":{"listen":"[::1]:80"}}',
            '{"schedules":[{"name":"s","cron":"*/5 * * * *","zone":"Europe/Berlin","do":{"run":{"argv":["x"]}}}]}',
            '{"roles":[{"name":"r","rules":[{"verbs":["get"],"kinds":["asset"]}]}]}',
            '{"store":{"url":"etcd://a:2379,b:2379","prefix":"/x","lease_ttl":"1m30s"}}']
    bad = ['{"sever":{}}', '{"server":{"listen":"x"}}', '{"server":{"listen":5}}', '{"log":{"level":"loud"}}',
           '{"log":{"levels":{"a":"loud"}}}', '{"assets":[{}]}', '{"assets":[{"name":"a b"}]}', '{"assets":{"a":1}}',
           '{"checks":[{"name":"a","asset":"b"}]}', '{"store":{"lease_ttl":"5"}}', '{"store":{"lease_ttl":5}}',
           '{"checks":[{"name":"a","asset":"b","tcp":{"target":"h:1"},"unix":{"path":"/x"}}]}',
           '{"checks":[{"name":"a","asset":"b","tcp":{"target":"h:1"},"fail":1001}]}',
           '{"schedules":[{"name":"s","cron":"every day","do":{"run":{"argv":["x"]}}}]}',
           '{"schedules":[{"name":"s","cron":"@daily","do":{}}]}', '{"schedules":[{"name":"s","cron":"@daily"}]}']
    for text in good:
        equal((text, [e.message for e in v.iter_errors(json.loads(text))]), (text, []))
        equal((text, config("check", "-c", here("a.json", text)).stdout[:8]), (text, "no fault"))
    for text in bad:
        equal((text, v.is_valid(json.loads(text))), (text, False))
        equal((text, config("check", "-c", here("a.json", text)).returncode), (text, 1))


@case
def explain_says_what_a_field_means():
    v = json.loads(firebreak("explain", "check.tcp.target", "-o", "json").stdout)
    equal((v["key"], v["type"], v["required"]), ("target", "string", True))
    contains(firebreak("explain", "check.every").stdout, "Default 10s.")
    contains(firebreak("explain", "check").stdout, "every_failed")
    contains(firebreak("explain").stdout, "rolebinding")
    r = firebreak("explain", "check.evry")
    equal(r.returncode, 1)
    contains(r.stderr, 'did you mean "every"?')


@case
def the_reference_in_docs_is_what_the_program_prints():
    with open(os.path.join(ROOT, "docs/config.md")) as f:
        equal(f.read(), firebreak("docs", "config").stdout, "run: firebreak docs config > docs/config.md")


# ---- Go ----

OPS = """\
package ops

import (
	"fmt"
	"time"

	"ops/firebreak" // generated by `firebreak config init`
)

const team = "payments"

var Config = firebreak.Config{
	Assets: append(webs(4), firebreak.Asset{Name: "db", Owner: team}),
	Checks: []firebreak.Check{
		{Name: "db-port", Asset: "db", TCP: &firebreak.TCP{Target: "127.0.0.1:5432"}, Every: 30 * time.Second},
		{Name: "web", Asset: "web-0", HTTP: &firebreak.HTTP{URL: "http://h/?a=1&b=<2>"}, Retries: firebreak.Int(0)},
	},
	Log: firebreak.Log{Level: firebreak.Var("LEVEL", "info"), Format: firebreak.Env("FORMAT", "json")},
}

func webs(n int) []firebreak.Asset {
	var out []firebreak.Asset
	for i := range n {
		out = append(out, firebreak.Asset{Name: fmt.Sprintf("web-%d", i), Labels: map[string]string{"team": team}})
	}
	return out
}
"""
MAIN = """\
package main

import (
	"encoding/json"
	"os"

	"ops"
)

func main() {
	b, err := json.Marshal(ops.Config)
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(append(b, '\\n'))
}
"""

TWENTY_GO = """\
package ops

import (
	"time"

	"ops/firebreak"
)

var Config = firebreak.Config{
	Server: firebreak.Server{Lisen: ":7440", AgentListen: "localhost"},
	Log:    firebreak.Log{Level: "loud", Levels: map[string]string{"x": "quiet"}},
	Store:  firebreak.Store{LeaseTTL: 5},
	Assets: []firebreak.Asset{
		{Name: "db", Standby: "bd"},
		{Name: "db"},
		{Owner: "nobody"},
		{Name: "a", DependsOn: []string{"b"}},
		{Name: "b", DependsOn: []string{"a"}},
		{Name: "not a name"},
	},
	Checks: []firebreak.Check{
		{Name: "c1", Asset: "db", Every: 30, TCP: &firebreak.TCP{Target: "h:1"}},
		{Name: "c2", Asset: "db", Fail: "many", TCP: &firebreak.TCP{Target: "h:1"}},
		{Name: "c3", Asset: "db", Fail: 2000, TCP: &firebreak.TCP{Target: "h:1"}},
		{Name: "c4", Asset: "db", TPC: &firebreak.TCP{Target: "h:1"}},
		{Name: "c5", Asset: "db"},
		{Name: "c6", Asset: "db", TCP: &firebreak.TCP{Target: "h:1"}, Unix: &firebreak.Unix{Path: "/x"}},
		{Name: "c7", Asset: "nobody-here", TCP: &firebreak.TCP{Target: "h:1"}},
		{Name: "c8", Asset: "db", HTTP: &firebreak.HTTP{URL: "ftp://x", Body: "a("}},
		{Name: "c9", Asset: "db", TCP: &firebreak.TCP{}},
		{Name: "c11", Asset: "db", Every: 1 * time.Millisecond, TCP: &firebreak.TCP{Target: "h:1"}},
		{Name: "c13", Asset: "db", Fail: 1 << 70, TCP: &firebreak.TCP{Target: "h:1"}},
		{Name: "c14", Asset: "db", Fail: boom(), TCP: &firebreak.TCP{Target: "h:1"}},
	},
}

func boom() int {
	panic("no")
}

func later() {
	go boom()
}
"""


@case
def the_example_is_read():
    v = json.loads(config("eval", "-c", here("ops.go", OPS), "-o", "json").stdout)
    equal([a["name"] for a in v["assets"]], ["web-0", "web-1", "web-2", "web-3", "db"])
    equal((v["checks"][0]["every"], v["checks"][1]["retries"], v["log"]), ("30s", 0, {"level": "info", "format": "json"}))


@case
def go_needs_no_go_and_no_environment():
    path = here("ops.go", OPS)
    r = subprocess.run(["env", "-i", "PATH=/nonexistent", os.path.abspath(BINARY), "config", "eval", "-c", path, "-o",
                        "json"], capture_output=True, text=True, timeout=30)
    equal((r.returncode, r.stdout, r.stderr), (0, config("eval", "-c", path, "-o", "json").stdout, ""))


@case
def faults_of_go_are_told_in_one_pass():
    r = config("check", "-c", here("ops.go", TWENTY_GO), "-o", "jsonl")
    faults = lines(r)
    shown = "\n".join(f"{f['line']} {f['code']} {f['path']} {f['message']}" for f in faults)
    equal((r.returncode, len(faults)), (1, 24), shown)
    equal(len({(f["line"], f["column"], f["code"]) for f in faults}), 24)
    equal({f["code"] for f in faults},
          {"unknown_field", "bad_pattern", "bare_duration", "bad_enum", "missing_field", "unresolved_reference",
           "duplicate_name", "reference_cycle", "type_mismatch", "out_of_range", "constant_overflow", "panic",
           "not_in_subset"})


@case
def inputs_are_variables_flags_and_files_of_the_folder():
    d = folder()
    write(d + "/name.txt", "from-file")
    os.mkdir(d + "/sub")
    os.symlink("/etc/passwd", d + "/sub/link")
    text = ('package ops\n\nimport "ops/firebreak"\n\nvar Config = firebreak.Config{Assets: []firebreak.Asset{\n'
            '\t{Name: firebreak.ReadFile("name.txt"), Owner: firebreak.Var("OWNER", "nobody")},\n}}\n')
    path = write(d + "/ops.go", text)
    ask = lambda *args, **kw: json.loads(config("eval", "-c", path, "-o", "json", *args, **kw).stdout)["assets"][0]
    equal(ask(), {"name": "from-file", "owner": "nobody"})
    equal(ask(env={"FIREBREAK_VAR_OWNER": "env"})["owner"], "env")
    equal(ask("--var", "OWNER=flag", env={"FIREBREAK_VAR_OWNER": "env"})["owner"], "flag")
    v = json.loads(config("origin", "assets[from-file].owner", "-c", path, "-o", "json").stdout)
    equal((v["source"]["line"], v["inputs"]), (6, ["file name.txt", "var OWNER"]))
    for bad in ("/etc/passwd", "../x", "sub/link", "sub/../../x", "nothing.txt"):
        write(path, text.replace("name.txt", bad))
        r = config("check", "-c", path, "-o", "jsonl")
        equal((bad, r.returncode, lines(r)[0]["line"]), (bad, 1, 6))


@case
def a_folder_of_go_files_is_one_package_beside_yaml():
    d = folder()
    write(d + "/a.go", 'package ops\n\nimport "ops/firebreak"\n\nvar Config = firebreak.Config{Assets: assets()}\n')
    write(d + "/b.go", 'package ops\n\nimport "ops/firebreak"\n\nfunc assets() []firebreak.Asset {\n'
                       '\treturn []firebreak.Asset{{Name: "db", Owner: "go"}}\n}\n')
    write(d + "/z_test.go", "package ops // not read: nonsense\n)")
    write(d + "/c.yaml", "assets: [{name: db, owner: yaml}, {name: web}]\n")
    equal(config("eval", "-c", d, "-o", "json").stdout,
          '{"assets":[{"name":"db","owner":"yaml"},{"name":"web"}]}\n')


@case
def real_go_agrees_byte_for_byte():
    need("go")
    d, _ = init()
    write(d + "/ops.go", OPS)
    os.mkdir(d + "/cmd")
    write(d + "/cmd/main.go", MAIN)
    r = go(d, "run", "./cmd")
    equal((r.returncode, r.stderr), (0, ""))
    equal(config("eval", "-c", d + "/ops.go", "-o", "json").stdout, r.stdout)
    equal(config("eval", "-c", d, "-o", "json").stdout, r.stdout)


@case
def what_init_writes_is_read_without_a_fault():
    Listener(host=os.path.join(folder(), 'odd "name" 日本.sock'))
    d, _ = init()
    r = config("check", "-c", d)
    equal((r.returncode, r.stderr, r.stdout[:8]), (0, "", "no fault"))


# ---- config init, and real Go ----

def init():
    d = folder()
    r = config("init", d)
    equal((r.returncode, r.stderr), (0, ""))
    return d, r.stdout


def go(d, *args):
    env = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOPROXY": "off"}
    return subprocess.run([need("go"), *args], cwd=d, env=env, capture_output=True, text=True, timeout=200)


@case
def init_writes_a_module_and_keeps_what_is_there():
    l = Listener(http_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    d, told = init()
    equal(told, f"wrote {d}/go.mod\nwrote {d}/firebreak/firebreak.go\nwrote {d}/ops.go\n")
    equal(open(d + "/go.mod").read(), "module ops\n\ngo 1.22\n")
    contains(open(d + "/ops.go").read(), f'HTTP: &firebreak.HTTP{{URL: "http://127.0.0.1:{l.port}/"')
    write(d + "/ops.go", "package ops // mine\n")
    r = config("init", d)
    equal(r.stdout, f"kept {d}/go.mod\nwrote {d}/firebreak/firebreak.go\nkept {d}/ops.go\n")
    equal(open(d + "/ops.go").read(), "package ops // mine\n")
    equal(sorted(os.listdir(d)), ["firebreak", "go.mod", "ops.go"])


@case
def what_init_writes_is_clean_go():
    need("go")
    Listener(host=os.path.join(folder(), 'odd "name" 日本.sock'))
    d, _ = init()
    r = go(d, "vet", "./...")
    equal((r.returncode, r.stdout + r.stderr), (0, ""))
    r = subprocess.run([os.path.join(os.path.dirname(os.path.realpath(need("go"))), "gofmt"), "-l", "-s", d],
                       capture_output=True, text=True, timeout=60)
    equal((r.stdout, r.stderr), ("", ""))


@case
def gopls_reports_nothing():
    get = os.path.join(os.path.dirname(ROOT), "shared/peers/get")
    if not os.path.exists(get):
        raise Skip("there is no ../shared")
    where = subprocess.run([get, "--where", "gopls"], capture_output=True, text=True)
    if where.returncode != 0:
        raise Skip("gopls has not been fetched")
    need("go")
    d, _ = init()
    r = subprocess.run([where.stdout.split()[-1], "check", "ops.go", "firebreak/firebreak.go"], cwd=d,
                       capture_output=True, text=True, timeout=120,
                       env={**os.environ, "GOTOOLCHAIN": "local",
                            "PATH": os.environ["PATH"] + ":" + os.path.dirname(need("go"))})
    equal((r.returncode, r.stdout), (0, ""))


GO_PROGRAM = """\
package main

import (
	"encoding/json"
	"os"
	"time"

	"ops/firebreak"
)

func main() {
	c := firebreak.Config{
		Server: firebreak.Server{Listen: ":7440"},
		Assets: []firebreak.Asset{{Name: "db", Labels: map[string]string{"b": "<&>", "a": "é\\u2028\\x01"}, Settle: 1500 * time.Microsecond}},
		Checks: []firebreak.Check{
			{Name: "x", Asset: "db", TCP: &firebreak.TCP{Target: "h:1"}, Retries: firebreak.Int(0), Every: time.Minute},
			{Name: "y", Asset: "db", HTTP: &firebreak.HTTP{URL: "http://x/?a=1&b=2", Header: map[string]string{}, Status: []string{}}},
		},
		Schedules: []firebreak.Schedule{{Name: "s", Cron: "@daily", Do: firebreak.Action{Run: &firebreak.Run{Argv: []string{"a", ""}}}}},
		Remedies:  []firebreak.Remedy{{Name: "r", Asset: "db", Do: firebreak.Action{Restart: &firebreak.Restart{Unit: "x"}}}},
		SLOs:      []firebreak.SLO{{Name: "s", Asset: "db", Check: "x", Objective: 99.95}},
	}
	for _, v := range []any{c, firebreak.Config{}} {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		os.Stdout.Write(append(b, '\\n'))
	}
	os.Stdout.WriteString(firebreak.Var("NAME", "none") + firebreak.Env("NAME", "none") + firebreak.ReadFile("text") + "\\n")
}
"""


@case
def the_package_marshals_to_what_eval_prints():
    need("go")
    d, _ = init()
    os.mkdir(d + "/cmd")
    write(d + "/cmd/main.go", GO_PROGRAM)
    write(d + "/cmd/text", "T")
    os.environ["FIREBREAK_VAR_NAME"] = "V"
    try:
        r = go(d, "run", "./cmd")
    finally:
        del os.environ["FIREBREAK_VAR_NAME"]
    equal((r.returncode, r.stderr), (0, ""))
    text, empty, inputs = r.stdout.splitlines(True)
    equal(empty, "{}\n")
    equal(inputs, "VnoneT\n")
    contains(text, '"every":"1m0s","retries":0,')
    contains(text, '"settle":"1.5ms"')
    equal(config("eval", "-c", here("x.json", text), "-o", "json").stdout, text)


main()
