"""`firebreak up -c`: what is declared is watched, and a change of the files is taken up without a gap."""
from certificate import Pair
from harness import *
from peers import *
from serving import Unix


def config_text(*checks, extra=""):
    rows = "\n".join(f"  - {{name: {name}, asset: {asset}, every: 200ms, every_failed: 100ms, {what}}}"
                     for name, asset, what in checks)
    assets = "\n".join(f"  - {{name: {a}, settle: 300ms, labels: {{team: core}}}}" for a in
                       sorted({asset for _, asset, _ in checks}))
    return f"assets:\n{assets}\nchecks:\n{rows}\n{extra}"


def tcp(port):
    return f'tcp: {{target: "127.0.0.1:{port}"}}'


def replace(path, text):
    """As editors do: a new file is renamed over the old one."""
    write(path + ".new", text)
    os.rename(path + ".new", path)


class Up:
    def __init__(self, path, *args):
        self.data = data_folder()
        self.p = spawn("up", "-c", path, "--data", self.data, "-o", "jsonl",
                       "--log-level", "info", "--log-format", "json", *args)
        self.events, self.logs = [], []
        threading.Thread(target=self._read, args=(self.p.stdout, self.events), daemon=True).start()
        threading.Thread(target=self._read, args=(self.p.stderr, self.logs), daemon=True).start()

    @staticmethod
    def _read(stream, to):
        for text in stream:
            to.append(json.loads(text))

    def wait(self, asset, to, seconds=10, after=0):
        def found():
            equal(self.p.poll(), None, "firebreak up has ended")
            return [e for e in self.events[after:] if e["asset"] == asset and e["to"] == to]
        return eventually(found, seconds, f"{asset} to {to}: {self.events} {self.logs}")[0]

    def metrics(self):
        c = Unix(os.path.join(self.data, "firebreak.sock"))
        c.request("GET", "/metrics")
        lines = c.getresponse().read().decode().splitlines()
        return dict(line.rsplit(" ", 1) for line in lines if line[0] != "#")

    def log(self, seconds=10, **fields):
        def found():
            return [x for x in self.logs if all(x.get(k) == v for k, v in fields.items())]
        return eventually(found, seconds, f"{fields}: {self.logs}")[0]


@case
def once_asks_what_is_declared():
    l, closed = Listener(), free_port()
    path = write(os.path.join(folder(), "ops.yaml"),
                 config_text(("a", "well", tcp(l.port)), ("b", "broken", tcp(closed)),
                             ("c", "limping", tcp(closed) + ", severity: degraded")))
    r = firebreak("up", "-c", path, "--once", "-o", "jsonl")
    equal(r.returncode, 1, r.stderr)
    found = {a["name"]: a for a in map(json.loads, r.stdout.splitlines())}
    equal({n: (a["state"], a["reason"]) for n, a in found.items()},
          {"well": ("Pending", "registered"), "broken": ("Failed", "refused"), "limping": ("Degraded", "refused")})
    equal(found["well"]["labels"], {"team": "core"})
    c = found["well"]["checks"][0]
    equal((c["name"], c["target"], c["ok"]), ("a", f"127.0.0.1:{l.port}", True))
    write(path, config_text(("a", "well", tcp(l.port))))
    equal(firebreak("up", "-c", path, "--once").returncode, 0)


@case
def every_kind_that_up_asks():
    http = Listener(http_answer(b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 13\r\n\r\n{\"up\":\"yes\"}\n"))
    path = os.path.join(folder(), "x.sock")
    Listener(host=path)
    rows = [("http", "a", f'http: {{url: "http://127.0.0.1:{http.port}/", body: "^..up", json: {{"$.up": "yes"}}, '
                          'status: ["2xx"]}'),
            ("http-no", "b", f'http: {{url: "http://127.0.0.1:{http.port}/", json: {{"$.up": "no"}}}}'),
            ("unix", "c", f"unix: {{path: {path}}}"),
            ("exec", "d", "exec: {argv: [/bin/sh, -c, \"exit 0\"]}"),
            ("exec-no", "e", "exec: {argv: [/bin/sh, -c, \"exit 3\"]}, timeout: 200ms"),
            ("tls-no", "f", f'tls: {{target: "127.0.0.1:{http.port}"}}')]
    file = write(os.path.join(folder(), "ops.yaml"), config_text(*rows))
    r = firebreak("up", "-c", file, "--once", "-o", "jsonl")
    found = {a["checks"][0]["name"]: a["checks"][0] for a in map(json.loads, r.stdout.splitlines())}
    equal({n: c["reason"] for n, c in found.items() if n != "tls-no"},
          {"http": "ok", "http-no": "body_mismatch", "unix": "ok", "exec": "ok", "exec-no": "exec_exit"})
    equal(found["tls-no"]["ok"], False)


def once(text):
    """What `up --once` found: checks by their names, which are those of their assets, too."""
    r = firebreak("up", "-c", write(os.path.join(folder(), "ops.yaml"), text), "--once", "-o", "jsonl")
    return {a["name"]: a["checks"][0] for a in map(json.loads, r.stdout.splitlines()) if a["checks"]}, r.stderr


def named(rows, extra=""):
    return "assets:\n" + "".join(f"  - {{name: {n}}}\n" for n in rows) + "checks:\n" + "".join(
        f"  - {{name: {n}, asset: {n}, every: 20s, timeout: 10s, fail: 1, {what}}}\n" for n, what in rows.items())


@case
def the_kinds_with_a_protocol_of_their_own():
    redis, etcd, peer, d, ws = free_port(), free_port(), free_port(), folder(), free_port()
    server([need("redis-server"), "--port", str(redis), "--save", "", "--bind", "127.0.0.1"], redis, cwd=d)
    server([need("etcd"), "--data-dir", d + "/etcd", "--listen-client-urls", f"http://127.0.0.1:{etcd}",
            "--advertise-client-urls", f"http://127.0.0.1:{etcd}", "--listen-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}", "--initial-cluster",
            f"default=http://127.0.0.1:{peer}"], etcd)
    server([python_with("websockets"), write(os.path.join(d, "ws.py"), WEBSOCKET_SERVER), str(ws)], ws)
    ssh, (key,) = sshd(("ed25519", ""))
    _, pg = Postgres().start()
    ready(f"postgres://127.0.0.1:{pg}")
    pair = Pair()
    secure = health(pair.key, pair.cert)
    clock, dns = chrony("local stratum 5"), dnsmasq()
    for url in (f"grpc://127.0.0.1:{etcd}", f"ntp://127.0.0.1:{clock}"):
        eventually(lambda: probe_one(url)["ok"], 20, url)
    at = lambda port: f'"127.0.0.1:{port}"'
    rows = {
        "icmp": "icmp: {target: 127.0.0.1}", "redis": f"redis: {{target: {at(redis)}}}",
        "postgres": f"postgres: {{target: {at(pg)}}}", "grpc": f"grpc: {{target: {at(etcd)}}}",
        "grpc-no": f"grpc: {{target: {at(etcd)}, service: no/such one}}",
        "grpcs": f'grpc: {{target: "localhost:{secure}", service: up, tls: true, ca_file: {pair.cert}}}',
        "grpcs-no": f'grpc: {{target: "localhost:{secure}", service: up, tls: true}}',
        "ws": f'web_socket: {{url: "ws://127.0.0.1:{ws}/chat"}}',
        "ws-no": f'web_socket: {{url: "ws://127.0.0.1:{ws}/closed"}}',
        "ntp": f"ntp: {{target: {at(clock)}, offset_max: 20s}}",
        "ssh": f'ssh: {{target: {at(ssh)}, host_key: "{key}"}}',
        "ssh-no": f'ssh: {{target: {at(ssh)}, host_key: "{"0" * 64}"}}',
        "dns": f"dns: {{server: {at(dns)}, name: Web.test, want: [10.1.2.3]}}",
        "dns-no": f"dns: {{server: {at(dns)}, name: web.test, want: [10.1.2.3, 127.0.0.3]}}",
    }
    found, words = once(named(rows))
    wanted = {"grpc-no": "not_serving", "grpcs-no": "tls_untrusted", "ws-no": "http_status", "ssh-no": "host_key", "dns-no": "dns_answer"}
    equal({n: c["reason"] for n, c in found.items()}, {n: wanted.get(n, "ok") for n in rows}, words)
    equal((found["icmp"]["target"], found["redis"]["target"]), ("icmp://127.0.0.1", f"redis://127.0.0.1:{redis}"))


@case
def a_chain_hands_values_on():
    def shop(connection):
        head = connection.recv(65536)
        body = b"nobody"
        if head.startswith(b"POST /login "):
            body = b'{"token": "s3cret", "next": "/orders"}'
        elif head.startswith(b"GET /orders ") and b"Authorization: Bearer s3cret" in head:
            body = b"3 orders"
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    port, path = Listener(shop).port, os.path.join(folder(), "x.sock")
    Listener(host=path)
    login = f'{{http: {{url: "http://127.0.0.1:{port}/login", method: POST}}, capture: {{T: "json:$.token", ' \
            """N: 'regex:"next": "([^"]*)"'}}"""
    orders = lambda body: f'{{http: {{url: "http://127.0.0.1:{port}${{N}}", header: {{Authorization: "Bearer ${{T}}"}}, ' \
                          f'body: "{body}"}}}}'
    rest = f'{{exec: {{argv: [/bin/sh, -c, "exit 0"]}}}}, {{unix: {{path: {path}}}}}'
    chain = lambda *steps: f"retries: 1, chain: {{steps: [{', '.join(steps)}]}}"
    missing = login.replace("$.token", "$.nothing")
    found, words = once(named({"good": chain(login, orders("^3 orders$"), rest), "bad": chain(login, orders("none"), rest),
                               "lost": chain(missing, orders(".")), "unknown": chain(orders("."))}))
    equal({n: c["reason"] for n, c in found.items()},
          {"good": "ok", "bad": "body_mismatch", "lost": "capture_missing"}, words)
    contains(found["bad"]["target"], "/login -> ")
    true("s3cret" not in json.dumps(found))
    contains(words, "captured by no step before")


@case
def a_deep_expression_needs_no_task_s_stack():
    http = Listener(http_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"))
    body = "(" * 240 + "x" + ")" * 240
    file = write(os.path.join(folder(), "ops.yaml"),
                 config_text(("a", "x", f'http: {{url: "http://127.0.0.1:{http.port}/", body: "{body}"}}')))
    r = firebreak("up", "-c", file, "--once", "-o", "jsonl")
    equal((r.returncode, json.loads(r.stdout)["checks"][0]["reason"]), (0, "ok"), r.stderr)


@case
def a_faulty_configuration_does_not_start():
    file = write(os.path.join(folder(), "ops.yaml"), "asets: []\n")
    r = firebreak("up", "-c", file, "--once")
    equal((r.returncode, r.stdout), (1, ""))
    contains(r.stderr, 'did you mean "assets"?')
    equal(firebreak("up", "-c", file + ".nothing", "--once").returncode, 3)


@case
def thresholds_are_the_checks_own():
    l = Listener()
    file = write(os.path.join(folder(), "ops.yaml"),
                 config_text(("slow", "a", tcp(l.port) + ", fail: 8"), ("quick", "b", tcp(l.port) + ", fail: 1")))
    up = Up(file)
    up.wait("a", "Healthy")
    up.wait("b", "Healthy")
    l.close()
    quick, slow = up.wait("b", "Failed"), up.wait("a", "Failed")
    true(quick["at"] < slow["at"], f"{quick} {slow}")


@case
def a_renamed_file_is_taken_up_without_a_gap():
    l, other = Listener(), Listener()
    d = folder()
    file = write(os.path.join(d, "ops.yaml"), config_text(("a", "stays", tcp(l.port)), ("b", "goes", tcp(l.port))))
    up = Up(d)
    up.wait("stays", "Healthy")
    up.wait("goes", "Healthy")
    before = len(up.events)
    replace(file, config_text(("a", "stays", tcp(l.port)), ("c", "comes", tcp(other.port))))
    up.wait("comes", "Healthy", after=before)
    up.log(event="config_change", action="create", kind="asset", name="comes")
    up.log(event="config_change", action="delete", kind="check", name="b")
    # What stays has no event at all, and its probes go on in their own rhythm.
    equal([e for e in up.events[before:] if e["asset"] == "stays"], [])
    asked = l.accepted
    eventually(lambda: l.accepted >= asked + 3, 5, "the check that stays is asked on")
    equal([e["to"] for e in up.events[before:] if e["asset"] == "goes"], [None])


@case
def a_check_that_changes_keeps_its_asset_well():
    l, other = Listener(), Listener()
    file = write(os.path.join(folder(), "ops.yaml"), config_text(("a", "x", tcp(l.port))))
    up = Up(file)
    up.wait("x", "Healthy")
    before = len(up.events)
    replace(file, config_text(("a", "x", tcp(other.port))))
    eventually(lambda: other.accepted >= 3, 10, "the new target is asked")

    def unasked_for_a_second():
        asked = l.accepted
        time.sleep(1)
        return l.accepted == asked
    # Another test's `up` may find the listener, and asks it for a while.
    eventually(unasked_for_a_second, 90, "the old target is not asked any more")
    equal(up.events[before:], [])


@case
def sighup_reads_it_anew_and_a_fault_keeps_the_old_one():
    l = Listener()
    file = write(os.path.join(folder(), "ops.yaml"), config_text(("a", "x", tcp(l.port))))
    up = Up(file)
    up.wait("x", "Healthy")
    before = len(up.events)
    replace(file, config_text(("a", "x", "every_failed: 5"), extra="nonsense: 1\n"))
    fault = up.log(event="config_fault", code="unknown_field")
    equal((fault["file"], fault["path"]), (file, "nonsense"))
    asked = l.accepted
    eventually(lambda: l.accepted >= asked + 3, 5, "the old configuration is asked on")
    equal(up.events[before:], [])
    # SIGHUP alone, without a change, is no change.
    replace(file, config_text(("a", "x", tcp(l.port))))
    up.p.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    equal([x for x in up.logs if x.get("event") == "config_change"], [])
    replace(file, config_text(("a", "x", tcp(l.port)), ("b", "y", tcp(l.port))))
    up.p.send_signal(signal.SIGHUP)
    up.wait("y", "Healthy")
    m = up.metrics()
    equal(m['firebreak_config_reload_total{outcome="fault"}'], "1")
    true(int(m['firebreak_config_reload_total{outcome="ok"}']) >= 2)
    true(int(m['firebreak_probe_total{kind="tcp",reason="ok"}']) >= 2)
    true(int(m['firebreak_probe_duration_seconds_count{kind="tcp"}']) >= 2)
    up.p.send_signal(signal.SIGTERM)
    equal(up.p.wait(10), 143)


@case
def a_folder_gets_and_loses_files():
    l = Listener()
    d = folder()
    write(os.path.join(d, "10.yaml"), config_text(("a", "x", tcp(l.port))))
    up = Up(d)
    up.wait("x", "Healthy")
    before = len(up.events)
    write(os.path.join(d, "20.toml"), '[[assets]]\nname = "y"\nsettle = "300ms"\n[[checks]]\nname = "y"\nasset = "y"\n'
                                      f'every = "200ms"\ntcp.target = "127.0.0.1:{l.port}"\n')
    up.wait("y", "Healthy", after=before)
    os.unlink(os.path.join(d, "20.toml"))
    up.wait("y", None, after=before)


main()
