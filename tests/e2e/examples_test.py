"""The examples do what they say, each in a folder and a network of its own."""
import harness
import http.client

from serving import *

own_network()


def example(name):
    """As ./run -- -c examples/NAME starts it."""
    d = folder()
    here = os.path.join(ROOT, "examples", name)
    s = Server.__new__(Server)
    s.data, s.logs = data_folder(), None
    s.env = {"FIREBREAK_DATA": s.data, "FIREBREAK_VAR_HERE": here, "FIREBREAK_VAR_DIR": d}
    s.socket, s.args = os.path.join(s.data, "firebreak.sock"), ["-c", here]
    s.start()
    return s, d


def becomes(s, name, want, seconds=40):
    eventually(lambda: s.ask("GET", f"/v1/assets/{name}")[1].count(f'"state":"{want}"'), seconds, f"{name}: {want}")


def falls(s, name):
    return sum(e["type"] == "state" and e["to"] == "Failed" for e in s.json("GET", f"/v1/events/{name}?limit=500")["items"])


def killed(s, name):
    """Its service is killed, and it falls: it may be well again before anybody looks."""
    before = falls(s, name)
    kill(f"demo-{name}")
    eventually(lambda: falls(s, name) > before, 40, f"{name}: Failed")


def types(s, name):
    return [json.loads(line)["type"] for line in s.ok("why", f"asset/{name}", "-o", "jsonl").splitlines()]


def kill(*names):
    """Those of our network: not of somebody who tries the example, or runs this test, beside us."""
    ours = os.readlink("/proc/self/ns/net")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if open(f"/proc/{pid}/comm").read().strip() in names and os.readlink(f"/proc/{pid}/ns/net") == ours:
                os.kill(int(pid), signal.SIGKILL)


@case
def web_and_db():
    harness._cleanup.callback(kill, "demo-web", "demo-db")
    s, _ = example("web-and-db")
    becomes(s, "db", "Healthy"), becomes(s, "web", "Healthy")  # it has started them itself
    rows = [line.split()[1:3] for line in s.ok("get", "assets").splitlines()]
    equal(rows, [["NAME", "KIND"], ["db", "tcp"], ["web", "http"]])
    r = s.run("plan", "--remedies")
    equal((r.returncode, r.stdout, r.stderr), (0, "", "firebreak plan: there is nothing to repair\n"))
    s.ok("asset", "maintain", "db", "--for", "1h"), s.ok("asset", "maintain", "db", "--for", "0")
    contains(s.ok("describe", "asset", "db"), "maintenance for 1h0m0s")
    becomes(s, "db", "Healthy")
    killed(s, "web")
    becomes(s, "web", "Healthy")
    equal(types(s, "web"), ["observation", "verdict", "decision", "task", "outcome", "state"])
    # The database goes: the web server has nothing to be repaired for.
    killed(s, "db")
    becomes(s, "db", "Healthy"), becomes(s, "web", "Healthy")


@case
def config_drift():
    s, d = example("config-drift")
    becomes(s, "app-config", "Healthy")
    meant = open(f"{d}/app.conf").read()
    with open(f"{d}/app.conf", "a") as f:
        f.write("port = 666\n")
    eventually(lambda: open(f"{d}/app.conf").read() == meant, 20, "put back")
    becomes(s, "app-config", "Healthy")
    true("outcome" in types(s, "app-config"))


@case
def memory_health():
    """One leaks, one thrashes, one hoards, one is full and stays so, one is busy: those three are restarted, each by its
    own sign, and nobody else."""
    sick = {"leaking": "memory", "thrashing": "collections", "hoarding": "allocations"}
    well = ("steady", "busy")
    harness._cleanup.callback(kill, *(f"demo-{n}" for n in (*sick, *well)))
    s, _ = example("memory-health")

    def events(name):
        return s.json("GET", f"/v1/events/{name}?limit=500")["items"]

    def outcomes(name):
        return [(e["remedy"], e["reason"]) for e in events(name) if e["type"] == "outcome"]
    for name, sign in sick.items():
        eventually(lambda: (f"restart-{name}", "verified") in outcomes(name), 90, f"{name} is told: {events(name)}")
        signs = {e["check"] for e in events(name) if e["type"] == "verdict" and e["to"] == "Degraded"}
        equal(signs, {f"{name}-{sign}"})
    equal({n: [o for o in outcomes(n) if o[0].startswith("restart")] for n in well}, {n: [] for n in well})
    contains(s.ok("why", "asset/leaking"), "process_resident_memory_bytes")


@case
def standby_failover():
    names = ("demo-db-1", "demo-db-2", "demo-front")
    harness._cleanup.callback(kill, *names)
    s, _ = example("standby-failover")

    def answer():
        c = http.client.HTTPConnection("127.0.0.1", 19200, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException):
            c.request("GET", "/")
            return c.getresponse().read().decode().strip()
    for name in ("db-1", "db-2", "front"):
        becomes(s, name, "Healthy")
    eventually(lambda: answer() == "db-1", 20)
    kill("demo-db-1")
    eventually(lambda: answer() == "db-2", 40, "the standby has the work")
    eventually(lambda: "outcome" in types(s, "db-1"), 20)
    contains(s.ok("why", "asset/db-1"), "take-over")


@case
def certificates():
    need("openssl")
    harness._cleanup.callback(kill, "openssl")
    s, d = example("certificates")
    becomes(s, "shop", "Healthy")
    old = open(f"{d}/cert.pem").read()
    # Only the file: the listener stays, so that its days are all that can be wrong.
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "3", "-subj", "/CN=localhost", "-keyout", f"{d}/short.key", "-out", f"{d}/short.pem"],
                   check=True, timeout=60, stderr=subprocess.DEVNULL)
    short = open(f"{d}/short.pem").read()
    os.replace(f"{d}/short.pem", f"{d}/cert.pem")
    eventually(lambda: open(f"{d}/cert.pem").read() not in (old, short), 40, "renewed")
    becomes(s, "shop", "Healthy")
    contains(s.ok("why", "asset/shop", "--all"), "shop-days exec_exit")


main()
