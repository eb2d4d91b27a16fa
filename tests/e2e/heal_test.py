"""Self-healing: what breaks is repaired, and says why; what people say to it holds."""
import harness
from serving import *

own_network()


def config(text):
    return write(os.path.join(folder(), "ops.yaml"), text)


def watched(port, name="web", settle="100ms", more=""):
    """An asset with one check of a port, which is asked often."""
    return f"""
assets:
  - {{name: {name}, settle: {settle}{more}}}
checks:
  - {{name: {name}-port, asset: {name}, every: 100ms, every_failed: 100ms, tcp: {{target: "127.0.0.1:{port}"}}}}
"""


def state(s, name="web"):
    return s.json("GET", f"/v1/assets/{name}")["state"]


def becomes(s, want, name="web", seconds=20):
    eventually(lambda: state(s, name) == want, seconds, f"{name} is not {want}")


def story(s, what, *more):
    return [json.loads(line) for line in s.ok("why", what, "-o", "jsonl", *more).splitlines()]


def types(s, what, *more):
    return [e["type"] for e in story(s, what, *more)]


# ---- why ----

@case
def why_of_what_is_not_there_says_so():
    s = Server(args=["-c", config(watched(free_port()))])
    r = s.run("why", "asset/nobody")
    equal(r.returncode, 1)
    contains(r.stderr, "there is no asset 'nobody'")
    r = s.run("why", "nobody")
    equal(r.returncode, 2)
    contains(r.stderr, "neither KIND/NAME")
    r = s.run("why", "0" * 32)
    equal(r.returncode, 1)
    contains(r.stderr, "no event has the trace id")
    equal(s.run("why", "node/x").returncode, 2)
    equal(s.ask("POST", "/v1/why/asset/web")[0], 405)


@case
def why_tells_in_sentences_and_events():
    l = Listener()
    s = Server(args=["-c", config(watched(l.port))])
    becomes(s, "Healthy")
    text = s.ok("why", "asset/web")
    contains(text, "asset/web  20")
    contains(text, "Pending -> Healthy: settled")
    last = story(s, "asset/web")[-1]
    equal((last["type"], last["to"], last["asset"]), ("state", "Healthy", "web"))
    listed = json.loads(s.ok("why", "asset/web", "--all", "-o", "json"))
    true(len(listed["items"]) >= 2 and listed["revision"] > 0, listed)
    equal(s.ok("why", "asset/web", "-o", "jsonpath={.items[-1:].to}").strip(), "Healthy")
    equal(story(s, "check/web-port"), story(s, "asset/web"))


# ---- what people say ----

@case
def freeze_is_kept_with_who_and_why():
    s = Server(args=["-c", config(watched(free_port()))])
    equal(s.json("GET", "/v1/freeze"), {"frozen": False})
    contains(s.ok("freeze", "--reason", "moving racks"), "frozen")
    said = s.json("GET", "/v1/freeze")
    equal((said["frozen"], said["reason"]), (True, "moving racks"))
    contains(said["by"], "uid ")
    contains(s.ok("unfreeze"), "goes on")
    equal(s.json("GET", "/v1/freeze"), {"frozen": False})
    equal(s.ask("POST", "/v1/freeze", '{"reason": 7}')[0], 400)
    equal(s.ask("DELETE", "/v1/freeze")[0], 405)


@case
def asset_commands_want_what_they_need():
    s = Server(args=["-c", config(watched(free_port()))])
    r = s.run("asset", "maintain", "web")
    equal(r.returncode, 2)
    contains(r.stderr, "for how long?")
    equal(s.run("asset", "recover", "web", "--for", "1h").returncode, 2)
    r = s.run("asset", "maintain", "nobody", "--for", "1h")
    equal(r.returncode, 1)
    contains(r.stderr, "there is no asset")
    becomes(s, "Failed")
    equal(s.ask("POST", "/v1/assets/web/maintain", '{"for_ms": -1}')[0], 400)
    equal(s.ask("POST", "/v1/assets/web/dance", "{}")[0], 404)


@case
def only_what_failed_is_recovered():
    l = Listener()
    s = Server(args=["-c", config(watched(l.port))])
    becomes(s, "Healthy")
    r = s.run("asset", "recover", "web")
    equal(r.returncode, 1)
    contains(r.stderr, "is Healthy")


# ---- repairs ----

class Nginx:
    """A real one, which is started by whoever wants: by its command line."""

    def __init__(self):
        self.port, d = free_port(), folder()
        self.pid_file = f"{d}/pid"
        self.conf = write(f"{d}/nginx.conf", f"""
            worker_processes 1; pid {self.pid_file}; error_log {d}/error.log;
            events {{ worker_connections 64; }}
            http {{ access_log off; client_body_temp_path {d}/t1; proxy_temp_path {d}/t2; fastcgi_temp_path {d}/t3;
                    uwsgi_temp_path {d}/t4; scgi_temp_path {d}/t5;
                    server {{ listen 127.0.0.1:{self.port}; location / {{ return 200 "hello\\n"; }} }} }}
        """)
        self.argv = [need("nginx"), "-e", f"{d}/error.log", "-c", self.conf]
        harness._cleanup.callback(self.kill)

    def start(self):
        subprocess.run(self.argv, check=True)
        eventually(lambda: answers("127.0.0.1", self.port))
        return self

    def pids(self):
        """Of the master and its workers."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                words = open(f"/proc/{pid}/cmdline").read()
                parent = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1]
                if self.conf in words or (words.startswith("nginx: worker") and int(parent) in found):
                    found.append(int(pid))
        return found

    def kill(self):
        """As `kill -9 $(pidof nginx)` does it."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def remedy(name="start-web", asset="web", do="", **more):
    more = {"within": "10s", "cooldown": "1s", **more}
    return f"  - {{name: {name}, asset: {asset}, do: {do}" + "".join(f", {k}: {v}" for k, v in more.items()) + "}\n"


def run_of(argv):
    return f"{{run: {{argv: {json.dumps(argv)}}}}}"


def repaired(port, argv, **more):
    return watched(port) + "remedies:\n" + remedy(do=run_of(argv), **more)


@case
def nginx_is_killed_and_comes_back_and_says_why():
    n = Nginx().start()
    s = Server(args=["-c", config(repaired(n.port, n.argv))])
    becomes(s, "Healthy")
    w = s.lines("get", "asset", "web", "-w", "-o", "jsonl")
    time.sleep(0.3)  # the watch stands; what comes before it would only not be seen by it
    before = n.pids()
    n.kill()
    w.wait(lambda e: e["to"] == "Failed", 20)
    w.wait(lambda e: e["type"] == "state" and e["to"] == "Healthy", 20)
    becomes(s, "Healthy")
    true(answers("127.0.0.1", n.port))
    true(n.pids() and not set(n.pids()) & set(before))
    equal(types(s, "asset/web"), ["observation", "verdict", "decision", "task", "outcome", "state"])
    events = story(s, "asset/web")
    equal(len({e["trace_id"] for e in events}), 1)
    equal(events[2]["remedy"], "start-web")
    equal(events[4]["reason"], "verified")
    equal((events[-1]["from"], events[-1]["to"]), ("Failed", "Healthy"))
    task = s.json("GET", f"/v1/tasks/{events[3]['task']}")
    equal((task["asset"], task["remedy"], task["state"]), ("web", "start-web", "Succeeded"))
    equal(story(s, f"task/{events[3]['task']}"), events)
    equal(story(s, events[0]["trace_id"]), events)
    true(f"FIREBREAK_TRACE_ID={events[0]['trace_id']}" in task["env"], task)
    text = s.ok("why", "asset/web")
    contains(text, "Healthy -> Failed: refused")
    contains(text, "start-web is to repair it")
    contains(s.ok("describe", "asset", "web"), "start-web: verified")
    metrics = s.ask("GET", "/metrics")[1]
    contains(metrics, 'firebreak_repair_total{remedy="start-web",outcome="verified"} 1')
    contains(metrics, "firebreak_asset_time_to_repair_seconds_count 1")


main()
