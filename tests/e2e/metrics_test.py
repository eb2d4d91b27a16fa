"""Pages of metrics are scraped, this host is read, and checks are questions about both."""
import base64
import gzip
import http.client
import http.server
import ssl

from certificate import Pair
from harness import *

EVERY = "every: 100ms, every_failed: 100ms"


class Up:
    """`firebreak up` and the events that it prints."""

    def __init__(self, text):
        self.data = data_folder()
        self.path = write(os.path.join(folder(), "ops.yaml"), text)
        self.events = []
        self.p = spawn("up", "-c", self.path, "--data", self.data, "-o", "jsonl")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.p.stdout:
            self.events.append(json.loads(line))

    def wait(self, asset, to, after=0):
        def found():
            equal(self.p.poll(), None, "firebreak up has ended")
            return [e for e in self.events[after:] if (e["type"], e["asset"], e["to"]) == ("state", asset, to)]
        return eventually(found, 40, f"{asset} to {to}: {self.events}")[0]

    def states(self, asset):
        return [e["to"] for e in self.events if (e["type"], e["asset"]) == ("state", asset)]

    def metrics(self):
        c = http.client.HTTPConnection("unix")
        c.sock = socket.socket(socket.AF_UNIX)
        c.sock.connect(os.path.join(self.data, "firebreak.sock"))
        c.request("GET", "/metrics")
        lines = c.getresponse().read().decode().splitlines()
        return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


class Page:
    """An HTTP/1.1 server of one page, which may be changed."""

    def __init__(self, text, kind="text/plain; version=0.0.4", tls=None):
        """`tls`: an ssl.SSLContext, for https."""
        self.text, self.kind, self.status = text, kind, 200
        self.wants, self.heard = {}, None  # headers without which it is 401; those of the last request
        self.connections = self.requests = 0
        self.accept, self.gone, self.coding = None, False, None
        page = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                page.connections += 1
                super().setup()

            def do_GET(self):
                page.requests += 1
                if page.gone:
                    self.close_connection = True
                    return
                page.accept, page.heard = self.headers["Accept"], dict(self.headers.items())
                known = all(self.headers[k] == v for k, v in page.wants.items())
                body = page.text.encode()
                self.send_response(page.status if known else 401)
                self.send_header("Content-Type", page.kind)
                if page.coding:
                    self.send_header("Content-Encoding", page.coding)
                    body = gzip.compress(body) if page.coding == "gzip" else body
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a page that is too long is not read to its end
        self.url = f"http://127.0.0.1:{self.server.server_port}/metrics"
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
            self.url = f"https://localhost:{self.server.server_port}/metrics"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        defer(self.close)

    def close(self):
        """As if its process was killed: nobody listens, and whoever is connected hears nothing more."""
        self.gone = True
        self.server.shutdown()
        self.server.server_close()


def config(scrapes, checks, assets=("a",)):
    return (f"assets: [{', '.join(f'{{name: {a}, settle: 200ms}}' for a in assets)}]\n"
            f"scrapes: [{', '.join(scrapes)}]\n"
            f"checks: [{', '.join(checks)}]\n")


def scrape(name, url, asset="a", every="100ms", more=""):
    return f"{{name: {name}, asset: {asset}, url: '{url}', every: {every}, timeout: {every}{more}}}"


def expr(name, query, asset="a"):
    return f"{{name: {name}, asset: {asset}, {EVERY}, expr: {{query: '{query}'}}}}"


@case
def a_page_feeds_an_expression_over_one_connection():
    page = Page("# TYPE temp gauge\ntemp{room=\"attic\"} 21\n")
    # A second to answer in: on a busy machine less would be a timeout, and a new connection.
    up = Up(config([scrape("s", page.url, every="1s", more=", labels: {site: north}")], [expr("hot", "temp > 30")]))
    up.wait("a", "Healthy")
    contains(page.accept, "application/openmetrics-text")
    page.text = "# TYPE temp gauge\ntemp{room=\"attic\"} 35\n"
    e = up.wait("a", "Degraded")  # an expression degrades, where nothing else is said
    equal(e["reason"], "threshold")
    contains(e["evidence"][0], 'temp{asset="a",room="attic",site="north"} = 35')
    page.text = "# TYPE temp gauge\ntemp{room=\"attic\"} 20\n"
    up.wait("a", "Healthy", after=up.events.index(e))
    equal(up.states("a")[:2], ["Pending", "Healthy"])  # what is about to be known is not Unknown
    equal(page.connections, 1)
    true(page.requests > 2)
    m = up.metrics()
    true(float(m['firebreak_scrape_total{reason="ok"}']) > 2)
    true(float(m["firebreak_series_bytes"]) > 0)
    equal(m['firebreak_series_dropped_total{what="samples"}'], "0")
    up.p.send_signal(signal.SIGTERM)
    equal(up.p.wait(30), 143)


@case
def what_is_back_before_its_page_is_read_is_not_unknown():
    page, port = Page("jobs 5\n"), Listener()
    tcp = f"{{name: port, asset: a, {EVERY}, tcp: {{target: '127.0.0.1:{port.port}'}}}}"
    up = Up(config([scrape("s", page.url, every="5s")], [expr("jobs", "jobs > 9"), tcp]))
    up.wait("a", "Healthy")
    page.status = 500
    requests = page.requests
    eventually(lambda: page.requests > requests, 20)
    port.close()
    failed = up.wait("a", "Failed")
    begun = len(up.states("a"))
    time.sleep(0.5)  # the expression is asked some times meanwhile, in vain
    page.status = 200
    port = Listener(port=port.port)  # it is read within the next seconds
    up.wait("a", "Healthy", after=up.events.index(failed))
    equal(up.states("a")[begun:], ["Healthy"])
    # And where a page stays away from something that is there, nobody knows.
    page.status = 500
    e = up.wait("a", "Unknown", after=up.events.index(failed))
    contains(e["evidence"][0], "jobs: too few observers could look: no data, its page does not answer (http_status): jobs > 9")


@case
def what_vanishes_with_its_page_is_failed_and_at_no_time_unknown():
    page = Page("jobs 5\n")
    port = page.server.server_address[1]
    # Its port is looked at now and then, its page and what that says all the time.
    tcp = f"{{name: port, asset: a, every: 30s, every_failed: 1s, tcp: {{target: '127.0.0.1:{port}'}}}}"
    up = Up(config([scrape("s", page.url)], [expr("jobs", "jobs > 9"), tcp]))
    up.wait("a", "Healthy")
    began = time.monotonic()
    page.close()
    failed = up.wait("a", "Failed")
    true(time.monotonic() - began < 20, "the port is asked as soon as the page does not answer")
    equal((failed["from"], failed["reason"]), ("Healthy", "refused"))
    time.sleep(1)  # and so it stays
    equal(up.states("a"), ["Pending", "Healthy", "Failed"])


@case
def a_target_that_vanishes_is_down_with_a_reason_and_its_series_end():
    page = Page("jobs 5\n")
    up = Up(config([scrape("s", page.url)],
                   [expr("down", 'up{scrape="s"} == 0 and scrape_reason{reason="http_status"} == 1'),
                    expr("jobs", "jobs > 0", "b")], ("a", "b")))
    up.wait("a", "Healthy")
    up.wait("b", "Degraded")
    page.status = 500
    e = up.wait("a", "Degraded")
    contains(e["evidence"][0], 'up{asset="a",scrape="s"} = 0')
    up.wait("b", "Unknown")  # nothing is known about its jobs any more: no verdict
    page.status = 200
    up.wait("a", "Healthy", after=up.events.index(e))


def reason_is(s, word):
    """A check that fails once the scrape ends with that word."""
    return expr(f"{s}-{word}", f'scrape_reason{{scrape="{s}",reason="{word}"}} == 1', s)


@case
def a_page_of_a_private_ca_is_read_and_one_of_nobodys_is_not():
    pair, ours = Pair(), Pair()
    tls, strict = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for context in (tls, strict):
        context.load_cert_chain(pair.cert, pair.key)
    strict.load_verify_locations(ours.cert)
    strict.verify_mode = ssl.CERT_REQUIRED
    page, closed = Page("a 1\n", tls=tls), Page("a 1\n", tls=strict)
    by_address = page.url.replace("localhost", "127.0.0.1")
    trusted = f", ca_file: {pair.cert}"
    other = write(os.path.join(folder(), "ca"), open(ours.cert).read())
    up = Up(config([scrape("known", page.url, "known", more=trusted),
                    scrape("unknown", page.url, "unknown"),
                    scrape("misnamed", by_address, "misnamed", more=trusted),
                    scrape("named", by_address, "named", more=trusted + ", server_name: localhost"),
                    scrape("blind", page.url, "blind", more=", insecure: true"),
                    scrape("shown", closed.url, "shown", more=trusted + f", cert_file: {ours.cert}, key_file: {ours.key}"),
                    scrape("missing", page.url, "missing", more=", ca_file: /nowhere/ca.pem"),
                    scrape("renewed", page.url, "renewed", more=f", ca_file: {other}")],
                   [reason_is(s, "ok") for s in ("known", "named", "blind", "shown", "renewed")] +
                   [reason_is("unknown", "tls_untrusted"), reason_is("misnamed", "tls_name"),
                    expr("none", "up{asset='missing'} == 0".replace("'", '"'), "missing")],
                   ("known", "unknown", "misnamed", "named", "blind", "shown", "missing", "renewed")))
    for asset in ("known", "unknown", "misnamed", "named", "blind", "shown", "missing"):
        up.wait(asset, "Degraded")
    true("Degraded" not in up.states("renewed"), up.states("renewed"))
    write(other, open(pair.cert).read())  # the right roots: taken without a restart
    up.wait("renewed", "Degraded")


@case
def a_page_that_wants_to_know_who_asks_is_told_and_a_new_secret_is_taken():
    basic, bearer, third = Page("a 1\n"), Page("a 1\n"), Page("a 1\n")
    basic.wants = {"Authorization": "Basic " + base64.b64encode(b"ops:hush hush").decode()}
    bearer.wants = {"Authorization": "Bearer t0ken", "X-Scope": "shop"}
    d = folder()
    password, token = write(f"{d}/password", "hush hush\n", 0o600), write(f"{d}/token", "old\n", 0o600)
    up = Up(config([scrape("basic", basic.url, "basic", more=f", username: ops, password_file: {password}"),
                    scrape("bearer", bearer.url, "bearer", more=f", token_file: {token}, header: {{X-Scope: shop}}"),
                    scrape("lost", third.url, "lost", more=f", token_file: {d}/none")],
                   [reason_is("basic", "ok"), reason_is("bearer", "ok"),
                    expr("lost", 'up{asset="lost"} == 0', "lost")], ("basic", "bearer", "lost")))
    up.wait("basic", "Degraded")
    up.wait("lost", "Degraded")
    equal(third.requests, 0)  # nobody is asked without what he wants
    true("Degraded" not in up.states("bearer"), up.states("bearer"))
    write(token, "t0ken", 0o600)
    up.wait("bearer", "Degraded")
    # Neither secret is in the store.
    up.p.send_signal(signal.SIGTERM)
    up.p.wait(30)
    kept = b"".join(open(os.path.join(up.data, f), "rb").read() for f in os.listdir(up.data) if f.startswith("store.db"))
    contains(kept, b"password_file")
    true(b"hush hush" not in kept and b"t0ken" not in kept)


@case
def who_asks_is_said_in_one_way_and_whole():
    path = write(os.path.join(folder(), "ops.yaml"), "assets: [{name: a}]\nscrapes:\n" + "".join(
        f"  - {{name: s{i}, url: 'http://127.0.0.1:1/', {more}}}\n" for i, more in enumerate((
            "username: u", "password_file: /x", "key_file: /x", "username: u, password_file: /x, token_file: /y",
            "header: {'a b': c}", "username: u, password_file: /x, header: {X-A: b}"))))
    r = firebreak("config", "check", "-c", path)
    equal(r.returncode, 1)
    for line, words in ((3, "username needs password_file beside it"), (4, "password_file needs username beside it"),
                        (5, "key_file needs cert_file beside it"), (6, "username is there, too"),
                        (7, "no name of a header")):
        true(any(f"ops.yaml:{line}:" in l and words in l for l in r.stdout.splitlines()), (line, r.stdout))
    true("ops.yaml:8:" not in r.stdout, r.stdout)


@case
def limits_and_pages_that_are_none_are_told_by_their_words():
    long, many, bad = Page("a 1\n" * 1), Page("a 1\nb 1\nc 1\n"), Page("a{ 1\n")
    long.text = "# " + "x" * 5000 + "\na 1\n"
    cut = Page("a 1\n", "application/openmetrics-text; version=1.0.0")
    up = Up(config([scrape("long", long.url, "a", more=", body_bytes_max: 1024"),
                    scrape("many", many.url, "b", more=", samples_max: 2"),
                    scrape("bad", bad.url, "c"), scrape("cut", cut.url, "d")],
                   [expr("long", 'scrape_reason{scrape="long",reason="too_large"} == 1', "a"),
                    expr("many", 'scrape_reason{scrape="many",reason="too_large"} == 1', "b"),
                    expr("bad", 'scrape_reason{scrape="bad",reason="protocol"} == 1', "c"),
                    expr("cut", 'scrape_reason{scrape="cut",reason="protocol"} == 1', "d"),
                    expr("none", 'a{asset=~".+"} or b{asset=~".+"}', "e")], ("a", "b", "c", "d", "e")))
    for asset in "abcd":
        up.wait(asset, "Degraded")
    equal([s for s in up.states("e") if s == "Degraded"], [])  # a page is taken whole or not at all


@case
def a_page_that_comes_compressed_is_no_page_and_says_so():
    packed, plain = Page("a 1\n"), Page("a 1\n")
    packed.coding, plain.coding = "gzip", "identity"
    up = Up(config([scrape("packed", packed.url), scrape("plain", plain.url, "b")],
                   [expr("packed", 'scrape_reason{scrape="packed",reason="protocol"} == 1'),
                    expr("plain", 'a{asset="b"} == 1', "b")], ("a", "b")))
    up.wait("a", "Degraded")
    up.wait("b", "Degraded")
    equal(packed.heard["Accept-Encoding"], "identity")
    up.p.send_signal(signal.SIGTERM)
    contains(up.p.stderr.read(), "the page is compressed (Content-Encoding: gzip), although none was asked for")


@case
def this_host_is_read():
    up = Up(config([], [expr("memory", "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 2"),
                        expr("disk", "node_filesystem_avail_bytes / node_filesystem_size_bytes < 0", "b"),
                        expr("load", "node_load1 < 0 or node_cpu_seconds_total{mode=\"idle\"} < 0", "b")],
                   ("a", "b")))
    contains(up.wait("a", "Degraded")["evidence"][0], "{} = 0.")
    up.wait("b", "Healthy")


@case
def a_query_with_a_fault_is_told_with_its_place():
    path = write(os.path.join(folder(), "ops.yaml"),
                 config([], [expr("c", "rate(a) > 1")]) +
                 "remedies: [{name: r, asset: a, precondition: 'a >', do: {run: {argv: [x]}}}]\n")
    r = firebreak("config", "check", "-c", path)
    equal(r.returncode, 1)
    contains(r.stdout, "ops.yaml:3:")
    contains(r.stdout, "query is no query: column 7: ',' is missing")
    contains(r.stdout, "ops.yaml:4:")
    contains(r.stdout, "precondition is no query: column 4")
    path = write(os.path.join(folder(), "ops.yaml"),
                 "assets: [{name: a}]\nchecks: [{name: c, asset: a, for: 1m, expr: {query: a > 1 for 2m}}]\n")
    contains(firebreak("config", "check", "-c", path).stdout, "the query says for how long already")


@case
def once_waits_for_a_page_and_answers():
    page = Page("temp 50\n")
    for query, status in (("temp > 90", 0), ("temp > 30", 1)):
        path = write(os.path.join(folder(), "ops.yaml"),
                     config([scrape("s", page.url, every="10s")], [expr("c", query)]))
        r = firebreak("up", "--once", "-c", path, "--data", data_folder(), "-o", "json")
        equal(r.returncode, status, r.stdout + r.stderr)


# A process that is what its first argument says. Its memory, its allocations and its questions are
# its own; what it answers is read from the kernel.
FIXTURE = r"""
import http.server, math, os, sys, threading, time
kind, held, began, allocated = sys.argv[1], [], time.time(), 0.0
MB = 1 << 20
limit = 0

def rss():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE")

def qps(t):
    return 100 + 80 * math.sin(t * 2)

def work():
    global allocated, held
    last = time.time()
    while True:
        now = time.time()
        t, dt, last = now - began, now - last, now
        if kind == "leaking":
            allocated += 3 * MB * dt
            while len(held) * MB < allocated and rss() < 0.99 * limit:
                held.append(bytes(bytearray(os.urandom(16)) * (MB // 16)))
        elif kind == "busy":   # as much as it is asked, given back again
            want = int(qps(t) / 10)
            while len(held) < want:
                held.append(bytes(bytearray(os.urandom(16)) * (MB // 16)))
            del held[want:]
            allocated = len(held) * MB
        time.sleep(0.02)

def page():
    t = time.time() - began
    sick = max(0, t - 8) if kind == "leaking" else 0
    collections = t * 0.5 + sick * 20
    p99 = (0.010 + 0.001 * math.sin(t)) * 3 ** (sick / 2)
    return f'''process_resident_memory_bytes {rss()}
process_memory_limit_bytes {limit}
alloc_bytes {allocated + 1000}
qps {qps(t)}
python_gc_collections_total{{generation="2"}} {collections}
request_seconds{{quantile="0.99"}} {p99}
'''

class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        b = page().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(b)))
        self.end_headers()
        self.wfile.write(b)
    def log_message(self, *a):
        pass

limit = rss() + 24 * MB
threading.Thread(target=work, daemon=True).start()
s = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), H)
s.serve_forever()
"""

# {A}: of one process.
QUESTIONS = {
    "rising": "process_resident_memory_bytes{A} / process_memory_limit_bytes{A} > 0.9"
              " and trend(process_resident_memory_bytes{A}, 3s) > 0",
    "collecting": 'rate(python_gc_collections_total{A,generation="2"}, 2s)'
                  ' / rate(python_gc_collections_total{A,generation="2"}, 20s) > 3'
                  ' and step(request_seconds{A,quantile="0.99"}, 2s) > 2',
    "unexplained": "trend(alloc_bytes{A}, 4s) > 0 and corr(alloc_bytes{A}, qps{A}, 4s) < 0.3 for 1s",
}


@case
def leaking_steady_and_busy_are_told_apart():
    kinds = ("leaking", "steady", "busy")
    ports = {k: free_port() for k in kinds}
    for k in kinds:
        server([sys.executable, "-c", FIXTURE, k, str(ports[k])], ports[k])
    scrapes = [f"{{name: {k}, url: 'http://127.0.0.1:{ports[k]}/', every: 100ms, timeout: 100ms, labels: {{of: {k}}}}}"
               for k in kinds]
    assets = [f"{k}-{name}" for k in kinds for name in QUESTIONS]
    up = Up(config(scrapes, [expr(f"{k}-{name}", query.replace("{A", f'{{of="{k}"'), f"{k}-{name}")
                             for k in kinds for name, query in QUESTIONS.items()], assets))
    for name in QUESTIONS:
        e = up.wait(f"leaking-{name}", "Degraded")
        equal(e["reason"], "trend")
        print(f"# {name}: {e['at']} {e['evidence'][0][-60:]}")
    for k in ("steady", "busy"):
        for name in QUESTIONS:
            true("Healthy" in up.states(f"{k}-{name}"), up.events)
            true("Degraded" not in up.states(f"{k}-{name}"), [e for e in up.events if e["asset"] == f"{k}-{name}"])


main()
