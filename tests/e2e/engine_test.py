"""The engine under `firebreak probe`: rounds, breakers, our own lag, loops, source addresses; and what it tells."""
import bisect
import datetime
import pty
import re
import ssl

from harness import *


class Silent:
    """Connections are taken by the kernel, and nobody ever says a word."""

    def __init__(self):
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen(128)
        self.port = self.sock.getsockname()[1]


def certificate(days="30", san="DNS:localhost,IP:127.0.0.1", extra=()):
    """A self-signed certificate: (its file, the key's)."""
    d = folder()
    run = subprocess.run([need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", d + "/key", "-out",
                          d + "/cert", "-subj", "/CN=e2e", "-addext", "subjectAltName=" + san, "-days", days, *extra],
                         capture_output=True, text=True)
    equal(run.returncode, 0, run.stderr)
    return d + "/cert", d + "/key"


def tls_listener(cert, key, talk=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    def handshake(connection):
        with contextlib.suppress(ssl.SSLError, OSError):
            with context.wrap_socket(connection, server_side=True) as tls:
                if talk:
                    talk(tls)
    return Listener(handshake)


# ---- again and again ----

@case
def a_breaker_opens_is_tried_and_closes():
    port = free_port()
    p = spawn("probe", f"127.0.0.1:{port}", "--every", "200ms", "--count", "25", "-o", "jsonl")
    time.sleep(2.5)
    l = Listener(port=port)
    out, _ = p.communicate(timeout=30)
    rows = [json.loads(x) for x in out.splitlines()]
    equal(len(rows), 25)
    equal((rows[0]["reason"], rows[0]["breaker"], len(rows[0]["attempts"])), ("refused", "closed", 2))
    for r in rows:
        equal((r["breaker"] == "open"), r["reason"] == "limit", str(r))
    true({"closed", "open", "half_open"} == {r["breaker"] for r in rows})
    equal((rows[-1]["reason"], rows[-1]["breaker"]), ("ok", "closed"))
    first_ok = next(i for i, r in enumerate(rows) if r["ok"])
    equal(rows[first_ok]["breaker"], "half_open")
    true(l.accepted >= 3)


@case
def a_failure_is_confirmed_once_and_known_then():
    seen = []

    def answer(head):
        if not head.startswith(b"GET /mine "):  # another test's `up` has found the listener
            return b""
        seen.append(1)
        return b"" if len(seen) % 2 else b"HTTP/1.0 200 OK\r\n\r\n"
    l = Listener(http_answer(answer))
    rows = probe(f"http://127.0.0.1:{l.port}/mine", "--every", "100ms", "--count", "4")
    # `limit`: this machine stood still, which is no evidence, and asks once more, too.
    firsts = ["closed" if r["attempts"][0]["reason"] == "limit" else r["attempts"][0]["reason"] for r in rows]
    equal([(r["reason"], r["attempt"], first) for r, first in zip(rows, firsts)], [("ok", 2, "closed")] * 4)


@case
def what_failed_is_asked_sooner():
    port = free_port()
    p = spawn("probe", f"127.0.0.1:{port}", "--every", "20s", "--every-failed", "100ms", "--timeout", "1s", "-o", "jsonl")
    eventually(lambda: p.stdout.readline(), 5)
    l = Listener(port=port)
    begin = time.monotonic()
    while not json.loads(p.stdout.readline())["ok"]:
        true(time.monotonic() - begin < 10)
    p.send_signal(signal.SIGINT)
    equal(p.wait(10), 130)
    l.close()
    for args, words in ((["--every-failed", "1s"], "needs --every"),
                        (["--every", "1s", "--every-failed", "2s"], "longer than --every")):
        r = firebreak("probe", "h:1", *args)
        equal(r.returncode, 2)
        contains(r.stderr, words)


@case
def the_rate_is_exact_over_loops():
    for loops in ("1", "2"):
        rows = probe("127.0.0.0/21:1", "--rate", "1000", "--loops", loops)
        equal(len(rows), 2048)
        at = sorted(datetime.datetime.fromisoformat(r["at"].replace("Z", "+00:00")).timestamp() for r in rows)
        true(1.98 < at[-1] - at[0] < 2.6, f"{loops} loops: 2,048 at 1,000 a second took {at[-1] - at[0]:.3f} s")
        # No second of it has more, but for the few that a late loop makes up for.
        true(max(bisect.bisect_left(at, t + 0.5) - i for i, t in enumerate(at)) <= 500 + 25, "a burst")


@case
def loops_share_by_hash_and_lines_stay_whole():
    rows = probe("127.0.0.0/18:1", "--loops", "4", "-j", "500", timeout=60)
    equal(len({r["target"] for r in rows}), 1 << 14)
    equal(len(rows), 1 << 14)


# ---- the truth about ourselves ----

@case
def who_stood_still_says_limit_and_not_down():
    s = Silent()
    p = spawn("probe", f"http://127.0.0.1:{s.port}/", "--timeout", "1s", "-o", "jsonl")
    time.sleep(0.4)
    p.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    p.send_signal(signal.SIGCONT)
    out, _ = p.communicate(timeout=20)
    r = json.loads(out)
    equal((r["reason"], p.returncode), ("limit", 1))
    contains(r["detail"], "stood still")
    true(r["lag_ms"] >= 1000, str(r["lag_ms"]))


# ---- source addresses ----

def few_ports():
    """In a network of its own with 100 ports for clients: 400 connections at once to one port. Returns whether all came
    through, and from several addresses."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as f:
        f.write("40000 40099")
    peers, held = set(), []
    sock = socket.socket()
    sock.bind(("127.0.0.1", 7000))
    sock.listen(1000)

    def serve():
        while True:
            c, peer = sock.accept()
            peers.add(peer[0])
            held.append(c)
    threading.Thread(target=serve, daemon=True).start()
    path = write(os.path.join(folder(), "t"), "http://127.0.0.1:7000/\n" * 400)
    # A loop that stood still itself says so; that is no want of ports.
    reasons = ["timeout" if "stood still" in (r["detail"] or "") else r["reason"]
               for r in probe("-f", path, "-j", "400", "--timeout", "1s")]
    print(f"# {len(reasons)} results {set(reasons)} from {len(peers)} addresses", flush=True)
    return len(reasons) == 400 and set(reasons) == {"timeout"} and len(peers) >= 4


@case
def ports_that_run_short_come_from_other_addresses():
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 77 if not own_network() else 0 if few_ports() else 1
        except BaseException as e:
            print(f"# {e}", flush=True)
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status == 77:
        raise Skip("no network namespace of its own")
    equal(status, 0)


@case
def reset_only_when_asked():
    ends = []

    def talk(c):
        time.sleep(0.3)
        try:
            ends.append(c.recv(10))
        except ConnectionResetError:
            ends.append("reset")
    l = Listener(talk)
    probe(f"127.0.0.1:{l.port}")
    eventually(lambda: len(ends) == 1, 20)
    probe(f"127.0.0.1:{l.port}", "--reset")
    eventually(lambda: len(ends) == 2, 20)
    equal(ends, [b"", "reset"])


# ---- what it tells ----

@case
def a_terminal_sees_progress_and_a_summary():
    # Nobody accepts: each of these takes its whole time-out.
    s = Silent()
    path = write(os.path.join(folder(), "t"), f"http://127.0.0.1:{s.port}/\n" * 20 + "127.0.0.1:1\n" * 5)
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(environment({"TERM": "xterm", "COLUMNS": "150"}))
        os.execv(BINARY, [BINARY, "probe", "-f", path, "-j", "8", "--timeout", "700ms", "-o", "jsonl"])
    text = b""
    with contextlib.suppress(OSError):
        while part := os.read(fd, 65536):
            text += part
    os.waitpid(pid, 0)
    os.close(fd)
    text = text.decode()
    true(re.search(r" of 25 .*/s.*ETA \d+.*in flight  .*timeout", text), text[-2000:])
    contains(text, "25 probed in ")
    contains(text, "5 refused")
    contains(text, "worst:")


@case
def a_summary_has_percentiles_by_kind_and_the_worst_ten():
    l = Listener(host="0.0.0.0")
    r = firebreak("probe", f"127.0.0.0/26:{l.port}", "127.0.0.1:1", "-o", "name", "--progress", "always")
    contains(r.stderr, "65 probed in ")
    true(re.search(r"^  tcp +64 ok   p50 [0-9.]+ms  p90 [0-9.]+ms  p99 [0-9.]+ms$", r.stderr, re.M), r.stderr)
    worst = r.stderr[r.stderr.index("worst:"):].splitlines()[1:]
    equal(len(worst), 10)
    contains(worst[0], "refused           127.0.0.1:1")


@case
def a_page_for_the_textfile_collector():
    l = Listener()
    odd = "exec:" + json.dumps(["/bin/false", 'a"b\\c\nd'], separators=(",", ":"))
    r = firebreak("probe", f"127.0.0.1:{l.port}", "127.0.0.1:1", "127.0.0.1:1", odd, "-o", "prom", "--loops", "2")
    equal((r.returncode, r.stderr), (1, ""))
    contains(r.stdout, f'probe_success{{target="127.0.0.1:{l.port}"}} 1\n')
    equal(r.stdout.count('probe_success{target="127.0.0.1:1"} 0\n'), 1)
    true(re.search(r'^probe_duration_seconds\{target="127.0.0.1:%d",phase="connect"\} [0-9.e-]+$' % l.port, r.stdout, re.M))
    true(re.search(r'^probe_success\{target="exec:\[\\"/bin/false\\",.*\} 0$', r.stdout, re.M), r.stdout)
    families = re.findall(r"^# TYPE (\S+) gauge$", r.stdout, re.M)
    equal(families, ["probe_success", "probe_duration_seconds"])
    again = firebreak("probe", "127.0.0.1:1", "--every", "50ms", "--count", "8", "-o", "prom").stdout
    contains(again, 'firebreak_probe_breakers{state="open"} 1\n')
    equal(again.count("probe_success{"), 1)


@case
def promtool_finds_nothing_to_say():
    peers = os.path.join(ROOT, "../shared/peers/get")
    found = subprocess.run([peers, "--where", "promtool"], capture_output=True, text=True) if os.path.exists(peers) else None
    promtool = shutil.which("promtool") or (found.stdout.strip() if found and found.returncode == 0 else None)
    if not promtool:
        raise Skip("promtool is not installed")
    page = firebreak("probe", "127.0.0.1:1-20", "http://127.0.0.1:1/?q=\"\\", "--every", "50ms", "--count", "2", "-o", "prom").stdout
    r = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True, timeout=30)
    equal((r.returncode, r.stdout, r.stderr), (0, "", ""))


@case
def a_diff_tells_what_changed_appeared_and_vanished():
    l, m = Listener(), Listener()
    d = folder()
    before = firebreak("probe", f"127.0.0.1:{l.port},{m.port},1", "-o", "jsonl").stdout
    path = write(d + "/before", before)
    r = firebreak("probe", f"127.0.0.1:{l.port},{m.port},1", "--diff", path)
    equal((r.returncode, r.stdout, r.stderr), (0, "", ""))
    m.close()
    r = firebreak("probe", f"127.0.0.1:{l.port},{m.port},2", "--diff", path)
    equal(r.returncode, 1)
    equal(sorted(r.stdout.splitlines()),
          ["APPEARED 127.0.0.1:2 - is refused", f"CHANGED 127.0.0.1:{m.port} - reason ok -> refused",
           "VANISHED 127.0.0.1:1 - was refused"])
    rows = [json.loads(x) for x in
            firebreak("probe", f"127.0.0.1:{l.port},{m.port},2", "--diff", path, "-o", "jsonl").stdout.splitlines()]
    equal(sorted(x["action"] for x in rows), ["create", "delete", "update"])
    changed = next(x for x in rows if x["action"] == "update")
    equal(changed["fields"], [{"path": "reason", "old": "ok", "new": "refused"}])
    for text, words in (("{}\n", "line 1: no result of a probe"), ("\n\nnope\n", "line 3: no JSON object"), ("[1]", "line 1")):
        r = firebreak("probe", "127.0.0.1:1", "--diff", write(d + "/bad", text))
        equal((r.returncode, r.stdout), (2, ""))
        contains(r.stderr, words)
    equal(firebreak("probe", "127.0.0.1:1", "--diff", d + "/none").returncode, 3)


# ---- five broken servers, explained ----

def explain(*args):
    r = firebreak("probe", "--explain", *args)
    equal(complaints(r.stderr), "")
    return r.returncode, r.stdout


@case
def explained_nobody_listens():
    status, text = explain("localhost:1")
    equal(status, 1)
    for words in ("localhost has 1 address", "127.0.0.1:1: Connection refused", "verdict   refused", "nothing listens on that port"):
        contains(text, words)


@case
def explained_a_certificate_that_nobody_trusts():
    l = tls_listener(*certificate())
    status, text = explain(f"https://localhost:{l.port}/")
    equal(status, 1)
    for words in ("TLSv1.3 with TLS_", "0 CN=e2e", "for localhost, 127.0.0.1", "days left), issued by CN=e2e", "refused: self-signed certificate",
                  "not asked: nothing is sent", "verdict   tls_untrusted", "--ca"):
        contains(text, words)


@case
def explained_a_certificate_for_another_name():
    cert, key = certificate(san="DNS:other.example")
    l = tls_listener(cert, key)
    status, text = explain(f"tls://localhost:{l.port}", "--ca", cert)
    equal(status, 1)
    for words in ("for other.example", "refused: the certificate is not for 'localhost'", "verdict   tls_name", "--server-name"):
        contains(text, words)


@case
def explained_a_server_that_speaks_no_tls():
    l = Listener(lambda c: (c.recv(4096), c.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")))
    status, text = explain(f"https://127.0.0.1:{l.port}/")
    equal(status, 1)
    for words in ("the handshake failed", "verdict   tls_protocol", "Does this port speak TLS at all?"):
        contains(text, words)


@case
def explained_redirects_in_a_circle():
    l = Listener()
    l.talk = lambda c: http_answer(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                                   % l.port)(c)
    status, text = explain(f"http://127.0.0.1:{l.port}/a", "--redirects", "2")
    equal(status, 1)
    for words in (f"GET http://127.0.0.1:{l.port}/a", "302 Found", f"redirect  to http://127.0.0.1:{l.port}/b", "not followed",
                  "verdict   redirect_limit", "where they go in a circle"):
        contains(text, words)


@case
def explained_a_server_that_is_stuck():
    s = Silent()
    ask = lambda: explain(f"http://127.0.0.1:{s.port}/", "--timeout", "300ms")
    status, text = next(a for a in map(lambda _: ask(), range(30)) if "verdict   limit" not in a[1])
    equal(status, 1)
    for words in ("answered after", "failed: no answer in time", "verdict   timeout", "stuck or"):
        contains(text, words)


@case
def explained_all_well():
    cert, key = certificate()
    l = tls_listener(cert, key, http_answer(b"HTTP/1.1 200 OK\r\nServer: e2e\r\nContent-Length: 2\r\n\r\nhi"))
    status, text = explain(f"https://localhost:{l.port}/", "--ca", cert)
    equal((status, "advice" in text), (0, False))
    for words in ("the chain leads to a trusted root", "HTTP/1.1 200 OK", "Server: e2e", "verdict   ok"):
        contains(text, words)
    equal(firebreak("probe", "--explain", "h:1", "-o", "json").returncode, 2)
    equal(firebreak("probe", "--explain", "h:1-200").returncode, 2)


main()
