"""`firebreak up`: what listens on this host, in a network namespace of the test's own where it can."""
import re
import struct

from peers import *
from terminal import *

# Where it cannot have a network of its own, other programs come and go: the cases look at their own
# listeners only.
own_network()


def assets(*args):
    r = firebreak("up", "--once", "-o", "jsonl", *args)
    return r, {a["name"]: a for a in map(json.loads, r.stdout.splitlines())}


def mine(port):
    """This test is the owner: its process's name, as the kernel has it."""
    return f"{open('/proc/self/comm').read().strip()}-{port}"


def line(text):
    return lambda c: (c.sendall(text), c.recv(100))


@case
def a_listener_is_an_asset():
    l = Listener()
    _, found = assets()
    a = found[mine(l.port)]
    equal((a["state"], a["reason"], a["namespace"], a["labels"]["kind"]), ("Pending", "registered", "default", "tcp"))
    c = a["checks"][0]
    equal((c["name"], c["target"], c["ok"], c["reason"]), (f"127.0.0.1:{l.port}", f"127.0.0.1:{l.port}", True, "ok"))
    equal(sorted(a), sorted(["name", "namespace", "labels", "desired_health", "state", "since", "reason", "checks",
                             "owner_plane", "revision"]))


@case
def protocols_are_told_apart():
    redis = lambda c: (c.recv(100), c.sendall(b"-ERR unknown command 'HEAD'\r\n"))

    def postgres(c):
        if c.recv(100) == b"\0\0\0\x08\x04\xd2\x16\x2f":
            c.sendall(b"N")
    mysql = b"\x0a8.0.36\0" + bytes(60)
    listeners = {
        "ssh": Listener(line(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n")),
        "smtp": Listener(line(b"220 mail.test ESMTP Postfix\r\n")),
        "mysql": Listener(line(struct.pack("<I", len(mysql))[:3] + b"\0" + mysql)),
        "http": Listener(http_answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")),
        "redis": Listener(redis),
        "postgres": Listener(postgres),
        "tcp": Listener(lambda c: time.sleep(3)),
    }
    for l in listeners.values():
        defer(l.close)
    _, found = assets()
    equal({k: found[mine(l.port)]["labels"]["kind"] for k, l in listeners.items()}, {k: k for k in listeners})
    equal(found[mine(listeners["http"].port)]["checks"][0]["target"], f"http://127.0.0.1:{listeners['http'].port}/")
    checks = {k: found[mine(l.port)]["checks"][0] for k, l in listeners.items()}
    # Who is asked in its own language, and only pretends to speak it, is found out.
    equal({k: c["ok"] for k, c in checks.items()}, {k: k not in ("ssh", "redis", "postgres") for k in listeners})
    equal({k: checks[k]["target"].split("://")[0] for k in ("ssh", "redis", "postgres")},
          {k: k for k in ("ssh", "redis", "postgres")})


@case
def tls_is_told_from_plain_tcp():
    openssl, d, port = need("openssl"), folder(), free_port()
    subprocess.run([openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{d}/k", "-out", f"{d}/c",
                    "-days", "2", "-subj", "/CN=x"], check=True, capture_output=True)
    server([openssl, "s_server", "-accept", f"127.0.0.1:{port}", "-key", f"{d}/k", "-cert", f"{d}/c", "-quiet"], port,
           stdin=subprocess.PIPE)
    _, found = assets()
    a = found[f"openssl-{port}"]
    equal((a["labels"]["kind"], a["checks"][0]["target"]), ("tls", f"tls://127.0.0.1:{port}"))
    equal(a["checks"][0]["ok"], True)


@case
def real_servers_are_asked_in_their_own_language():
    redis, secret = free_port(), free_port()
    program = [need("redis-server"), "--save", "", "--bind", "127.0.0.1"]
    defer(stop, server([*program, "--port", str(redis)], redis, cwd=folder()), True)
    defer(stop, server([*program, "--port", str(secret), "--requirepass", "x"], secret, cwd=folder()), True)
    ssh, _ = sshd(("ed25519", ""))
    p, pg = Postgres().start()
    defer(stop, p, True)
    ready(f"postgres://127.0.0.1:{pg}")
    _, found = assets()
    by_port = {name.rsplit("-", 1)[1]: a for name, a in found.items()}
    for port, kind in [(redis, "redis"), (secret, "redis"), (ssh, "ssh"), (pg, "postgres")]:
        a = by_port[str(port)]
        c = a["checks"][0]
        equal((a["labels"]["kind"], c["target"], c["ok"], c["reason"]),
              (kind, f"{kind}://127.0.0.1:{port}", True, "ok"), str(a))


@case
def unix_sockets_are_listed():
    path = os.path.join(folder(), "app.sock")
    Listener(host=path)
    _, found = assets()
    a = found[mine("app.sock")]
    equal((a["labels"]["kind"], a["checks"][0]["target"]), ("unix", f"unix://{path}"))


@case
def once_says_no_when_a_check_failed():
    l = Listener(http_answer(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n"))
    r, found = assets()
    equal(r.returncode, 1)
    a = found[mine(l.port)]
    equal((a["state"], a["reason"], a["checks"][0]["ok"]), ("Failed", "http_status", False))
    table = firebreak("up", "--once", "-o", "table").stdout
    true(re.search(rf"^Failed +{re.escape(mine(l.port))} +http ", table, re.M), table)
    names = firebreak("up", "--once", "-o", "name").stdout
    contains(names, f"asset/{mine(l.port)}\n")


class Events:
    def __init__(self):
        self.p = spawn("up", "-o", "jsonl")
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for text in self.p.stdout:
            self.seen.append((time.monotonic(), json.loads(text)))

    def wait(self, asset, to, seconds):
        def found():
            equal(self.p.poll(), None, "firebreak up has ended")
            return [e for _, e in self.seen if e["asset"] == asset and e["to"] == to]
        return eventually(found, seconds, f"{asset} to {to}: {self.seen}")[0]


@case
def new_and_vanished_listeners_are_seen_soon():
    events = Events()
    defer(lambda: stop(events.p))  # its own socket is a listener, too, to the cases that follow
    time.sleep(1.5)
    l = Listener()
    e = events.wait(mine(l.port), "Pending", 6)
    equal((e["type"], e["from"], e["reason"]), ("state", None, "registered"))
    l.close()
    e = events.wait(mine(l.port), "Failed", 6)
    equal((e["from"], e["reason"], e["evidence"]), ("Pending", "refused", ["nobody listens there any more"]))
    events.p.send_signal(signal.SIGINT)
    equal(events.p.wait(10), 130)


@case
def a_service_settles_and_fails_and_heals():
    mode = {"ok": True}

    def talk(c):
        http_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" if mode["ok"] else
                    b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n")(c)
    l = Listener(talk)
    events = Events()
    defer(lambda: stop(events.p))  # its own socket is a listener, too, to the cases that follow
    events.wait(mine(l.port), "Pending", 10)
    mode["ok"] = False
    e = events.wait(mine(l.port), "Failed", 15)
    equal(e["reason"], "http_status")
    contains(e["evidence"][0], "503")
    mode["ok"] = True
    e = events.wait(mine(l.port), "Healthy", 50)
    equal((e["from"], e["reason"]), ("Failed", "settled"))


@case
def a_live_table_on_a_terminal():
    l = Listener()
    t = Terminal(100, 30, "up")
    t.wait_for(mine(l.port).encode())
    true(t.bytes.startswith(b"\x1b[?1049h"), repr(t.bytes[:50]))
    contains(t.bytes, b"LATENCY")
    true(any(re.match(rf"Pending +{re.escape(mine(l.port))} +tcp ", x) for x in t.lines_of_last_frame()))
    t.end(key=b"q")
    equal(t.p.returncode, 0)


@case
def ctrl_c_leaves_the_terminal_as_it_was():
    t = Terminal(80, 24, "up")
    t.wait_for(b"ASSET")
    os.write(t.master, b"\x03")
    t.p.wait(10)
    t.end(number=signal.SIGINT)
    equal(t.p.returncode, 130)


@case
def ctrl_c_at_any_moment_ends_it():
    Listener()
    for n in range(20):
        t = Terminal(80, 24, "up")
        t.wait_for(b"ASSET")
        time.sleep(n % 5 * 0.01)  # the first reading of the listeners is under way
        os.write(t.master, b"\x03")
        t.p.wait(10)
        equal(t.p.returncode, 130, f"try {n}: {t.read(0.1)[-400:]!r}")


@case
def narrow_tiny_and_resized_terminals():
    Listener()
    t = Terminal(120, 30, "up")
    t.wait_for(b"REASON")
    for columns, rows in ((40, 12), (20, 5), (8, 2), (1, 1), (200, 50)):
        t.size(columns, rows)
        t.read(1.0)
        lines = t.lines_of_last_frame()
        true(len(lines) <= rows, f"{len(lines)} lines on {rows} rows: {lines}")
        true(all(len(x) <= columns for x in lines), f"{columns} columns: {lines}")
    t.end(key=b"q")


@case
def the_smallest_terminals_show_what_needs_somebody():
    l = Listener()
    t = Terminal(100, 30, "up")
    t.wait_for(mine(l.port).encode())
    l.close()
    t.wait_for(b"nobody listens")
    for rows in (2, 3, 4):
        t.size(100, rows)
        t.read(1.0)
        lines = t.lines_of_last_frame()
        equal(len(lines), rows)
        contains(lines[1], "Failed")
    t.end(key=b"q")


@case
def no_color_means_none():
    t = Terminal(100, 30, "up", env={"NO_COLOR": "1"})
    t.wait_for(b"ASSET")
    t.read(1)
    true(not re.search(rb"\x1b\[[0-9;]*[1-9][0-9;]*m", t.bytes), repr(t.bytes[:300]))
    t.end(key=b"q")


@case
def stopped_and_continued_it_draws_again():
    t = Terminal(100, 30, "up")
    t.wait_for(b"ASSET")
    os.write(t.master, b"\x1a")
    eventually(lambda: "T" == open(f"/proc/{t.p.pid}/stat").read().rsplit(")", 1)[1].split()[0], 5, "stopped")
    t.read(0.3)
    true(t.bytes.endswith(b"\x1b[?1049l"), repr(t.bytes[-60:]))
    t.bytes = b""
    t.p.send_signal(signal.SIGCONT)
    t.wait_for(b"\x1b[?1049h")
    t.wait_for(b"ASSET")
    t.end(key=b"q")


@case
def our_own_sockets_are_not_listed():
    _, found = assets()
    true(not [n for n in found if n.startswith("firebreak-")], str(list(found)))


main()
