"""The local API of `firebreak up`, and the commands that ask it."""
import stat

from serving import *

own_network()
server_ = Server()


@case
def the_socket_is_the_owners():
    mode = os.stat(server_.socket).st_mode
    true(stat.S_ISSOCK(mode))
    equal(stat.S_IMODE(mode), 0o600)
    equal(stat.S_IMODE(os.stat(server_.data).st_mode), 0o700)


@case
def another_user_is_refused_by_the_kernels_word():
    curl = need("curl")
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")
    nobody = {"capture_output": True, "text": True, "timeout": 30, "user": 65534, "group": 65534, "extra_groups": []}
    open_to_all = Server()
    os.chmod(open_to_all.data, 0o755)
    os.chmod(os.path.dirname(open_to_all.data), 0o755)
    r = subprocess.run([BINARY, "get", "assets"], env=environment(open_to_all.env), **nobody)
    equal(r.returncode, 4, r.stderr)
    contains(r.stderr, "another user's")
    os.chmod(open_to_all.socket, 0o666)
    r = subprocess.run([curl, "-s", "-w", "%{http_code}", "--unix-socket", open_to_all.socket, "http://x/healthz"],
                       **nobody)
    true(r.stdout.endswith("403"), r.stdout)
    contains(r.stdout, '"reason":"forbidden"')
    r = subprocess.run([BINARY, "get", "assets"], env=environment(open_to_all.env), **nobody)
    equal(r.returncode, 4, r.stderr)
    contains(r.stderr, "user 65534 may not")


@case
def curl_speaks_to_it():
    curl = need("curl")
    base = [curl, "-sS", "--max-time", "20", "--unix-socket", server_.socket]

    def run(*args):
        return subprocess.run([*base, *args], capture_output=True, text=True, timeout=30)
    equal(run("http://x/healthz").stdout, "ok\n")
    r = run("-X", "PUT", "-d", '{"asset":"a","every":"5s","tcp":{"target":"h:1"}}', "-w", "%{http_code}", "http://x/v1/checks/by-curl")
    true(r.stdout.endswith("201"), r.stdout)
    # chunked, with Expect, and two requests on one connection
    r = run("-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue", "-X", "PUT", "--data-binary",
            '{"asset":"a","every":"6s","tcp":{"target":"h:1"}}', "-v", "http://x/v1/checks/by-curl", "http://x/v1/checks/by-curl")
    contains(r.stderr, "HTTP/1.1 100 Continue")
    contains(r.stderr, "Re-using existing connection")
    equal(r.stdout.count('"every":"6s"'), 2)
    r = run("-I", "http://x/v1/checks")
    contains(r.stdout, "HTTP/1.1 200 OK")
    large = write(os.path.join(folder(), "large"), "x" * (2 * 1024 * 1024))
    r = run("--data-binary", "@" + large, "-X", "PUT", "http://x/v1/checks/large")
    contains(r.stdout, '"reason":"too_large"')
    server_.json("DELETE", "/v1/checks/by-curl")


@case
def what_listens_here_is_an_asset_with_a_story():
    l = Listener()
    name = f"{open('/proc/self/comm').read().strip()}-{l.port}"
    events = server_.lines("get", "asset", name, "-w", "-o", "jsonl")
    time.sleep(0.5)
    a = eventually(lambda: [a for a in json.loads(server_.ok("get", "assets", "-o", "json"))["items"]
                            if a["name"] == name], 10)[0]
    equal(sorted(a), sorted(["name", "namespace", "labels", "desired_health", "state", "since", "reason", "checks",
                             "owner_plane", "revision"]))
    equal((a["state"], a["labels"]["kind"]), ("Pending", "tcp"))
    one = json.loads(server_.ok("get", "asset", name, "-o", "json"))
    equal((one["name"], one["state"]), (name, "Pending"))
    contains(server_.ok("get", "assets"), name)
    equal(server_.ok("get", "ASSET", name, "-o", "name"), f"asset/{name}\n")
    l.close()
    e = events.wait(lambda e: e["to"] == "Failed", 15)
    equal((e["asset"], e["type"], e["from"]), (name, "state", "Pending"))
    eventually(lambda: json.loads(server_.ok("get", "asset", name, "-o", "json"))["state"] == "Failed", 5)
    text = server_.ok("describe", "asset", name)
    contains(text, "state: Failed")
    contains(text, "Pending -> Failed")
    d = json.loads(server_.ok("describe", "asset", name, "-o", "json"))
    equal([x["to"] for x in d["events"]], ["Pending", "Failed"])
    true(d["events"][0]["revision"] < d["events"][1]["revision"])
    r = server_.run("delete", "asset", name)
    equal(r.returncode, 1)
    contains(r.stderr, "was found, not declared")


@case
def files_are_planned_and_applied():
    d = folder()
    yaml = write(f"{d}/ops.yaml", "checks:\n- name: db\n  labels: {tier: front}\n  asset: db\n  tcp: {target: 'h:1'}\n"
                 "role_bindings:\n- name: ann\n  role: viewer\n  users: [ann]\n")
    toml = write(f"{d}/more.toml", '[[schedules]]\nname = "nightly"\ncron = "0 3 * * *"\ndo.run.argv = ["true"]\n')
    write(f"{d}/.hidden.yaml", "checks: [{")
    write(f"{d}/notes.txt", "no")
    r = server_.run("plan", "-f", d, "-o", "json")
    equal((r.returncode, r.stderr), (1, ""))
    changes = json.loads(r.stdout)["items"]
    equal([(c["action"], c["kind"], c["name"]) for c in changes],
          [("create", "schedule", "nightly"), ("create", "check", "db"), ("create", "rolebinding", "ann")])
    equal(sorted(changes[0]), ["action", "fields", "kind", "name", "namespace"])
    equal(server_.run("get", "check", "db").returncode, 1)
    contains(server_.ok("apply", "-f", d), "+ check/db\n    labels.tier: \"front\"\n")
    equal(server_.ok("apply", "-f", d), "")
    equal(server_.run("plan", "-f", yaml, "-f", toml).returncode, 0)
    write(yaml, "checks: [{name: db, asset: db, tcp: {target: 'h:2'}}]\n")
    r = server_.run("plan", "-f", yaml)
    equal((r.returncode, r.stdout),
          (1, '~ check/db\n    tcp.target: "h:1" -> "h:2"\n    labels.tier: "front" -> null\n'))
    server_.ok("apply", "-f", yaml)
    equal(json.loads(server_.ok("get", "check", "db", "-o", "json"))["spec"], {"asset": "db", "tcp": {"target": "h:2"}})
    # What get prints, apply takes.
    listed = server_.ok("get", "checks", "-o", "json")
    equal(server_.ok("apply", "-f", "-", input=listed), "")
    equal(server_.ok("delete", "check", "db"), "check/db deleted\n")
    equal(server_.run("delete", "check", "db").returncode, 1)


@case
def faults_of_files_have_their_place_and_nothing_is_applied():
    d = folder()
    for name, text, words in (
            ("a.yaml", "checks:\n- name: a\n- {asset: b}\n", "a.yaml:3:3: the check has no name"),
            ("b.yaml", "chekcs: []\n", "b.yaml:1:1: there is no kind 'chekcs': did you mean \"check\"?"),
            ("c.json", '{"checks":[{"name":"x",}]}', "c.json:1:23: JSON has no comma before a"),
            ("d.toml", 'checks = 3\n', "d.toml:1:10: checks is a list, and this is"),
            ("e.yaml", "kind: chek\nname: x\n", 'did you mean "check"?'),
            ("f.yaml", "- name: x\n", "says its kind")):
        path = write(f"{d}/{name}", text)
        r = server_.run("apply", "-f", path)
        equal((name, r.returncode, r.stdout), (name, 2, ""))
        contains(r.stderr, words)
    good = write(f"{d}/g.yaml", "checks:\n- {name: fine, asset: a, tcp: {target: 'h:1'}}\n"
                 "- {name: 'not fine', asset: a, tcp: {target: 'h:1'}}\n")
    r = server_.run("apply", "-f", good)
    equal(r.returncode, 2)
    contains(r.stderr, "g.yaml:3:10: name is \"not fine\": it must be letters")
    equal(server_.run("get", "check", "fine").returncode, 1, "nothing was applied")
    r = server_.run("apply", "-f", f"{d}/none.yaml", "-o", "json")
    equal(r.returncode, 3)
    equal(json.loads(r.stderr)["reason"], "source_io")
    equal(server_.run("apply").returncode, 2)


@case
def the_schema_is_one_for_files_and_for_what_is_sent():
    """The same faults from the client, before anything is asked, and from the server."""
    text = '{"checks": [\n {"name": "x", "asset": "a", "evry": "1s", "tcp": {"target": "h:1"}},\n' \
           ' {"name": "y", "asset": "a", "every": 30, "tcp": {"target": "h"}}]}'
    path = write(os.path.join(folder(), "ops.json"), text)
    r = server_.run("apply", "-f", path)
    equal(r.returncode, 2)
    contains(r.stderr, 'ops.json:2:30: check has no field "evry": did you mean "every"?\n')
    contains(r.stderr, "checks[x].evry (check)")
    contains(r.stderr, "ops.json:3:39: every is a duration: 30 of what?")
    contains(r.stderr, "3 faults in the files")
    told = json.loads(server_.run("plan", "-f", path, "-o", "json").stderr)
    equal((told["status"], told["reason"], told["field"]), (400, "bad_request", "checks[x].evry"))
    for item in json.loads(text)["checks"]:
        name = item.pop("name")
        status, body = server_.ask("PUT", f"/v1/checks/{name}", json.dumps(item))
        equal(status, 400)
        problem = json.loads(body)
        here = [f for f in told["faults"] if f["path"].startswith(f"checks[{name}]")]
        true(here)
        for field in ("code", "path", "schema", "message", "suggestion"):
            equal([f[field] for f in problem["faults"]], [f[field] for f in here])
        equal(problem["field"], here[0]["path"])
    equal(server_.run("get", "checks", "-o", "name").stdout, "")
    # Another way of saying the same is no change.
    good = '{"asset": "a", "every": "60s", "tcp": {"target": "h:1"}}'
    equal(server_.ask("PUT", "/v1/checks/x", good)[0], 201)
    equal(server_.run("plan", "-f", "-", input="checks: [{name: x, asset: a, every: 1m, tcp: {target: 'h:1'}}]").returncode, 0)
    server_.ok("delete", "check", "x")


@case
def the_commands_say_what_is_wrong():
    for args, code, words in ((["get", "aset"], 2, "did you mean asset?"),
                              (["get", "check", "none"], 1, "there is no check 'none'"),
                              (["get", "checks", "-l", "a=="], 0, ""),
                              (["get", "checks", "-l", "a in b"], 2, "expected '('"),
                              (["get"], 2, "KIND [NAME] | KIND/NAME is missing"),
                              (["store", "get"], 2, "KEY is missing"),
                              (["store", "stauts"], 2, "did you mean status?"),
                              (["get", "assets", "--server", "ftp://x"], 2, "write unix:PATH"),
                              (["get", "assets", "--server", f"unix:{server_.data}/none"], 3, "is 'firebreak up' running")):
        r = server_.run(*args)
        equal((args, r.returncode), (args, code), r.stderr)
        contains(r.stderr, words)
    r = server_.run("get", "check", "none", "-o", "json")
    equal({k: json.loads(r.stderr)[k] for k in ("status", "reason", "field")},
          {"status": 404, "reason": "not_found", "field": "name"})
    equal(sorted(json.loads(r.stderr)), sorted(["type", "title", "status", "detail", "reason", "field", "trace_id"]))
    r = server_.run("get", "assets", "--server", f"unix:{server_.socket}", env={})
    equal(r.returncode, 0, r.stderr)


@case
def a_list_pages_and_selects():
    for i in range(1200):
        status, _ = server_.ask("PUT", f"/v1/receivers/r{i:04}",
                                json.dumps({"labels": {"odd": str(i % 2)}, "webhook": {"url": "http://h/"}}))
        equal(status, 201)
    out = json.loads(server_.ok("get", "receivers", "-o", "json"))
    equal(([r["name"] for r in out["items"]], out["next"]), ([f"r{i:04}" for i in range(1200)], ""))
    true(out["revision"] >= 1200)
    equal(len(server_.ok("get", "receivers", "-l", "odd=1", "-o", "name").splitlines()), 600)
    equal(len(server_.ok("get", "receiver", "-o", "jsonl").splitlines()), 1200)
    equal(server_.ok("get", "receivers", "-o", "jsonpath=$.items[1].name"), "r0001\n")
    equal(server_.ok("get", "receivers", "-n", "other", "-o", "name"), "")
    server_.json("PUT", "/v1/receivers/x?namespace=other", '{"webhook":{"url":"http://h/"}}', 201)
    equal(server_.ok("get", "receivers", "-n", "other", "-o", "name"), "receiver/x\n")
    equal(len(server_.ok("get", "receivers", "--all-namespaces", "-o", "name").splitlines()), 1201)


@case
def a_value_of_another_program_is_told_and_left_out():
    server_.ok("store", "put", "/registry/routes/default/bad", "{nonsense")
    server_.ok("store", "put", "/registry/routes/default/good", "{}")
    r = server_.run("get", "routes", "-o", "name")
    equal((r.returncode, r.stdout), (0, "route/good\n"))
    contains(r.stderr, "left out: /registry/routes/default/bad: line 1, column 2: expected")
    equal(server_.run("get", "route", "bad").returncode, 3)


@case
def a_watch_is_told_everything_and_ends_with_the_server():
    s = Server()
    w = s.lines("get", "receivers", "-w", "-o", "jsonl")
    time.sleep(1)
    for i in range(50):
        s.json("PUT", f"/v1/receivers/c{i}", '{"webhook":{"url":"http://h/"}}', 201)
    w.wait(lambda e: e["item"]["name"] == "c49")
    equal([e["item"]["name"] for e in w.seen], [f"c{i}" for i in range(50)])
    revisions = [e["revision"] for e in w.seen]
    true(revisions == sorted(set(revisions)), "revisions strictly grow")
    equal(s.end(signal.SIGTERM), 143)
    equal(w.p.wait(10), 3)
    true(not os.path.exists(s.socket), "the socket is removed")


@case
def numbers_as_prometheus_reads_them():
    status, text = server_.ask("GET", "/metrics")
    equal(status, 200)
    names = set()
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            float(value)
            names.add(name.split("{")[0])
    for name in ("firebreak_build_info", "firebreak_alloc_bytes", "firebreak_alloc_live", "firebreak_rt_tasks",
                 "firebreak_rt_lag_seconds", "firebreak_queue_length", "firebreak_queue_limit",
                 "firebreak_queue_full_total", "firebreak_store_revision", "firebreak_store_compacted_revision",
                 "firebreak_store_request_duration_seconds_bucket", "firebreak_store_watch_lag_seconds_count",
                 "firebreak_asset_state", "gateway_request_total", "gateway_request_duration_seconds_sum",
                 "process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds",
                 "process_open_fds"):
        true(name in names, name)
    series = [l.rsplit(" ", 1)[0] for l in text.splitlines() if not l.startswith("#")]
    equal(len(series), len(set(series)), "no series twice")
    promtool = shutil.which("promtool") or subprocess.run([os.path.join(ROOT, "../shared/peers/get"), "--where", "promtool"],
                                                          capture_output=True, text=True).stdout.strip() \
        if os.path.exists(os.path.join(ROOT, "../shared/peers/get")) else shutil.which("promtool")
    if promtool and os.access(promtool, os.X_OK):
        r = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
        equal([l for l in (r.stdout + r.stderr).splitlines() if "error" in l.lower() or "parsing" in l.lower()], [])


@case
def nothing_that_is_sent_ends_it():
    """Hostile clients, beside one that is served all the time."""
    import random
    rng = random.Random(7)

    def watches():
        return [l for l in server_.ask("GET", "/metrics")[1].splitlines() if l.startswith("gateway_watches ")][0]
    before = watches()

    def hostile(n):
        c = socket.socket(socket.AF_UNIX)
        c.settimeout(0.1)
        with contextlib.suppress(OSError):
            c.connect(server_.socket)
            kind = n % 6
            if kind == 0:
                c.sendall(bytes(rng.randrange(256) for _ in range(rng.randrange(1, 3000))))
            elif kind == 1:
                c.sendall(b"GET /v1/assets?watch=true HTTP/1.1\r\nHost: x\r\n\r\n")
            elif kind == 2:
                c.sendall(b"PUT /v1/checks/h HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{")
            elif kind == 3:
                c.sendall(b"GET /v1/assets HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
            elif kind == 4:
                c.sendall(b"PUT /v1/checks/h HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n" + b"[" * 50000)
            if kind != 5 and rng.random() < 0.5:
                c.shutdown(socket.SHUT_WR)
            if rng.random() < 0.3:
                c.recv(100)
        return c
    connections = [hostile(n) for n in range(600)]
    for _ in range(20):
        equal(server_.ask("GET", "/healthz")[0], 200)
    for c in connections:
        c.close()
    eventually(lambda: watches() == before, 20, "a watch is left over")
    equal(server_.p.poll(), None)


main()
