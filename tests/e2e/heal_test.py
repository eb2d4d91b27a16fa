"""Self-healing: what breaks is repaired, and says why; what people say to it holds."""
import hashlib
import resource

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
    """None: it is not known yet."""
    status, text = s.ask("GET", f"/v1/assets/{name}")
    return json.loads(text)["state"] if status == 200 else None


def becomes(s, want, name="web", seconds=20):
    eventually(lambda: state(s, name) == want, seconds, f"{name} is not {want}")


def watch(s):
    """The events of the asset web from now on: it stands."""
    w = s.lines("get", "asset", "web", "-w", "-o", "jsonl")
    eventually(lambda: "\ngateway_watches 1\n" in s.ask("GET", "/metrics")[1], 20, "the watch stands")
    return w


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
def silences_are_added_listed_and_removed():
    s = Server(args=["-c", config(watched(free_port()))])
    name = s.ok("silence", "add", "-l", "env=test", "--for", "2h", "--reason", "new switch").strip()
    listed = json.loads(s.ok("silence", "list", "-o", "json"))["items"]
    equal([(i["name"], i["selector"], i["reason"]) for i in listed], [(name, "env=test", "new switch")])
    contains(s.ok("silence", "list"), "env=test")
    equal(s.ok("silence", "list", "-o", "name").strip(), name)
    equal(s.ok("silence", "remove", name).strip(), name)
    equal(s.run("silence", "remove", name).returncode, 1)
    for bad in (("add", "-l", "env=test"), ("add", "--for", "1h"), ("add", "-l", "", "--for", "1h"),
                ("add", "-l", "env in (", "--for", "1h"), ("remove",), ("list", name), ("list", "--for", "1h")):
        equal(s.run("silence", *bad).returncode, 2, bad)
    equal(s.ask("POST", "/v1/silences", '{"selector": "a=b", "for_ms": 0}')[0], 400)
    equal(s.ask("PUT", "/v1/silences")[0], 405)


@case
def asset_commands_want_what_they_need():
    s = Server(args=["-c", config(watched(free_port()))])
    r = s.run("asset", "maintain", "web")
    equal(r.returncode, 2)
    contains(r.stderr, "for how long?")
    equal(s.run("asset", "recover", "web", "--for", "1h").returncode, 2)
    r = s.run("asset", "maintain", "asset/nobody", "--for", "1h")
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
        # Under a name of its own: other tests have an nginx, too.
        self.name = f"ngx{self.port}"
        self.argv = [shutil.copy(need("nginx"), f"{d}/{self.name}"), "-e", f"{d}/error.log", "-c", self.conf]
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
    w = watch(s)
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


def ledger():
    return os.path.join(folder(), "ledger")


def lines_of(path):
    return open(path).read().splitlines() if os.path.exists(path) else []


def script(text):
    return run_of(["bash", "-c", text])


def events(s, name="web"):
    return s.json("GET", f"/v1/events/{name}?limit=1000")["items"]


def tasks(s):
    return s.json("GET", "/v1/tasks?limit=500")["items"]


def rejected(s, name="web"):
    """Why which remedy was not taken, in all decisions so far."""
    return {(r["remedy"], r["why"]) for e in events(s, name) for r in e["rejected"]}


@case
def kill_9_in_the_middle_of_a_repair_loses_nothing():
    n, runs = Nginx().start(), ledger()
    slow = f"echo x >> {runs}; sleep 1.5; exec " + " ".join(n.argv)
    s = Server(args=["-c", config(watched(n.port) + "remedies:\n" + remedy(do=script(slow)))])
    becomes(s, "Healthy")
    n.kill()
    eventually(lambda: lines_of(runs), 20, "the repair begins")
    becomes(s, "Failed")
    since = s.json("GET", "/v1/assets/web")["since"]
    s.kill()
    s.start()
    a = s.json("GET", "/v1/assets/web")
    equal((a["state"], a["since"]), ("Failed", since))
    becomes(s, "Healthy", seconds=40)
    equal(types(s, "asset/web")[-3:], ["task", "outcome", "state"])
    equal(len({e["trace_id"] for e in story(s, "asset/web")}), 1)
    equal([t["state"] for t in tasks(s)], ["Succeeded"])
    # It was known all the time: it did not begin anew.
    equal([e["to"] for e in events(s) if e["type"] == "state"], ["Pending", "Healthy", "Failed", "Healthy"])


@case
def kill_9_while_a_repair_waits_or_is_verified_loses_nothing():
    """While it waits for a yes, and while it is verified: it goes on there, and does nothing twice."""
    n, runs = Nginx().start(), ledger()
    late = f"echo do >> {runs}; (sleep 4; exec {' '.join(n.argv)}) & true"
    s = Server(args=["-c", config(watched(n.port) + "remedies:\n" + remedy(
        do=script(late), approve="true", within="30s", cooldown="1h"))])
    becomes(s, "Healthy")
    n.kill()
    task = eventually(lambda: tasks(s), 20, "the task is there")[0]
    equal(task["state"], "AwaitingApproval")
    s.kill(), s.start()
    equal([t["name"] for t in tasks(s)], [task["name"]])
    s.ok("task", "approve", task["name"])
    eventually(lambda: tasks(s)[0]["state"] == "Succeeded", 20)
    equal(state(s), "Failed")  # it is verified now
    s.kill(), s.start()
    becomes(s, "Healthy", seconds=40)
    equal((lines_of(runs), len(tasks(s))), (["do"], 1))
    equal(types(s, "asset/web"), ["observation", "verdict", "decision", "task", "outcome", "state"])


@case
def kill_9_while_a_repair_is_rolled_back_loses_nothing():
    runs, port = ledger(), free_port()
    undo = f"echo undo >> {runs}; sleep 3; echo undone >> {runs}"
    s = Server(args=["-c", config(watched(port) + "remedies:\n" + remedy(
        do=script(f"echo do >> {runs}"), within="1s", cooldown="1h", rollback=script(undo)))])
    eventually(lambda: "undo" in lines_of(runs), 30)
    s.kill(), s.start()
    eventually(lambda: ("start-web", "rolled_back") in [(e["remedy"], e["reason"]) for e in events(s)
                                                        if e["type"] == "outcome"], 40)
    equal(len(tasks(s)), 2)
    equal(lines_of(runs)[-1], "undone")
    equal(len({e["trace_id"] for e in story(s, "asset/web")}), 1)


@case
def what_did_not_help_waits_for_its_cooldown_also_after_a_restart():
    runs, port = ledger(), free_port()
    s = Server(args=["-c", config(watched(port) + "remedies:\n" +
                                  remedy(do=script(f"echo x >> {runs}"), within="1s", cooldown="1h"))])
    eventually(lambda: ("start-web", "cooldown") in rejected(s), 20, "cooldown")
    equal((state(s), len(lines_of(runs))), ("Failed", 1))
    equal([e["reason"] for e in events(s) if e["type"] == "outcome"], ["failed"])
    s.kill()
    s.start()
    # (It is known to be Failed before its checks have answered anew, and only then decided about.)
    eventually(lambda: "not start-web: it was tried a short while ago" in s.run("plan", "--remedies").stdout, 20)
    r = s.run("plan", "--remedies")
    equal((r.returncode, r.stderr), (1, ""))
    time.sleep(1)  # nothing is to happen
    equal((state(s), len(lines_of(runs))), ("Failed", 1))


@case
def frozen_nothing_is_repaired_and_plan_says_what_would_be():
    n = Nginx().start()
    s = Server(args=["-c", config(repaired(n.port, n.argv))])
    becomes(s, "Healthy")
    s.ok("freeze", "--reason", "moving racks")
    eventually(lambda: "firebreak_repair_frozen 1" in s.ask("GET", "/metrics")[1])
    n.kill()
    becomes(s, "Failed")
    eventually(lambda: ("start-web", "frozen") in rejected(s))
    r = s.run("plan", "--remedies", "-o", "json")
    equal(r.returncode, 1)
    plan = json.loads(r.stdout)["items"]
    equal([(p["asset"], p["outcome"], p["rejected"]) for p in plan],
          [("web", "dry_run", [{"remedy": "start-web", "why": "frozen", "detail": f"frozen by uid {os.getuid()}: moving racks"}])])
    contains(s.ok("why", "asset/web"), "automatic repair is frozen")
    equal(tasks(s), [])
    eventually(lambda: ": moving racks; not start-web: automatic repair is frozen" in s.ok("why", "asset/web"), 20)
    s.ok("unfreeze")
    becomes(s, "Healthy")
    equal(s.run("plan", "--remedies").returncode, 0)


@case
def in_maintenance_it_is_left_alone():
    n = Nginx().start()
    s = Server(args=["-c", config(repaired(n.port, n.argv))])
    becomes(s, "Healthy")
    contains(s.ok("asset", "maintain", "web", "--for", "1h"), "is in maintenance until 20")
    equal(state(s), "Maintenance")
    n.kill()
    eventually(lambda: not s.json("GET", "/v1/assets/web")["checks"][0]["ok"], 20, "it is watched")
    s.kill()
    s.start()
    equal((state(s), tasks(s)), ("Maintenance", []))
    contains(s.ok("asset", "maintain", "web", "--for", "0"), "not in maintenance any more")
    becomes(s, "Healthy")
    equal([t["state"] for t in tasks(s)], ["Succeeded"])
    s.ok("asset", "maintain", "web", "--for", "1s")
    eventually(lambda: state(s) in ("Pending", "Healthy"), 20, "it ends by itself")


@case
def what_was_mended_by_hand_is_healthy_once_its_checks_pass():
    n = Nginx()
    s = Server(args=["-c", config(watched(n.port, settle="1h") + "remedies:\n" +
                                  remedy(do=run_of(["false"]), within="1s", cooldown="1h"))])
    eventually(lambda: ("start-web", "cooldown") in rejected(s), 20)
    n.start()
    eventually(lambda: s.json("GET", "/v1/assets/web")["checks"][0]["ok"], 20)
    equal(state(s), "Failed")  # it is green, and stays Failed: no repair was verified
    contains(s.ok("asset", "recover", "web"), "Healthy once its checks pass")
    becomes(s, "Healthy")
    last = [e for e in events(s) if e["type"] == "state"][-1]
    equal((last["reason"], last["by"][:4]), ("recovered_by_hand", "uid "))


@case
def the_next_remedy_is_tried_and_then_it_is_exhausted():
    runs, port = ledger(), free_port()
    s = Server(args=["-c", config(watched(port) + "remedies:\n" +
               remedy("one", do=script(f"echo one >> {runs}"), within="1s", then="two", cooldown="1h",
                      rollback=script(f"echo undone >> {runs}")) +
               remedy("two", do=script(f"echo two >> {runs}; exit 3"), within="1s", cooldown="1h"))])
    eventually(lambda: s.json("GET", "/v1/assets/web")["reason"] == "repair_exhausted", 30, "exhausted")
    equal(lines_of(runs), ["one", "undone", "two"])
    outcomes = [(e["remedy"], e["reason"]) for e in story(s, "asset/web") if e["type"] == "outcome"]
    equal(outcomes, [("one", "failed"), ("one", "rolled_back"), ("two", "failed")])
    # What it was and what became of it are two words of one repair, which is counted once, by the last.
    counted = sorted(l for l in s.ask("GET", "/metrics")[1].splitlines()
                     if l.startswith("firebreak_repair_total{") and l[-2:] != " 0")
    equal(counted, ['firebreak_repair_total{remedy="one",outcome="rolled_back"} 1',
                    'firebreak_repair_total{remedy="two",outcome="failed"} 1'])


@case
def a_remedy_waits_until_its_precondition_holds():
    """Room is wanted before anything is done: none is known of, then there is too little, then there is enough."""
    n, runs = Nginx().start(), ledger()
    port = free_port()
    again = f"echo x >> {runs}; exec " + " ".join(n.argv)
    s = Server(args=["-c", config(
        "scrapes:\n"
        f"  - {{name: room, asset: web, every: 200ms, timeout: 200ms, url: 'http://127.0.0.1:{port}/'}}\n" +
        watched(n.port) + "remedies:\n" + remedy(do=script(again), precondition="'room_bytes > 100'"))])
    becomes(s, "Healthy")
    n.kill()
    eventually(lambda: ("start-web", "precondition") in rejected(s), 20)
    contains(s.ok("why", "asset/web"), "not start-web: its precondition does not hold")
    room = [b"room_bytes 5\n"]
    page = Listener(http_answer(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(room[0]), room[0])),
                    port=port)
    eventually(lambda: page.accepted, 20)
    contains(s.run("plan", "--remedies").stdout, "not start-web: its precondition does not hold")
    time.sleep(2)  # it is looked at again meanwhile, and nothing is to happen
    equal((state(s), lines_of(runs), tasks(s)), ("Failed", [], []))
    contains(s.ask("GET", "/metrics")[1], 'firebreak_repair_skipped_total{why="precondition"}')
    room[0] = b"room_bytes 500\n"
    becomes(s, "Healthy", seconds=40)
    equal(lines_of(runs), ["x"])
    equal(types(s, "asset/web")[-4:], ["decision", "task", "outcome", "state"])


@case
def what_needs_a_yes_waits_for_it():
    n = Nginx().start()
    s = Server(args=["-c", config(repaired(n.port, n.argv, approve="true"))])
    becomes(s, "Healthy")
    n.kill()
    task = eventually(lambda: tasks(s), 20, "the task is there")[0]
    equal((task["state"], state(s)), ("AwaitingApproval", "Failed"))
    s.ok("task", "approve", task["name"])
    becomes(s, "Healthy")


@case
def an_asset_that_is_no_longer_declared_goes_with_its_repair():
    n, runs = Nginx().start(), ledger()
    file = config(watched(n.port) + "remedies:\n" + remedy(do=script(f"echo x >> {runs}; sleep 300")))
    s = Server(args=["-c", file])
    becomes(s, "Healthy")
    n.kill()
    eventually(lambda: lines_of(runs), 20, "the repair begins")
    eventually(lambda: "start-web is under way (" in s.run("plan", "--remedies").stdout, 20)
    write(file, watched(n.port, name="other"))
    eventually(lambda: s.ask("GET", "/v1/assets/web")[0] == 404, 20, "it is gone")
    eventually(lambda: [t["state"] for t in tasks(s)] == ["Canceled"], 20, "its repair is canceled")
    equal(s.ask("GET", "/v1/store/keys?key=/state/assets/default/web")[1].count('"key"'), 0)
    equal(s.run("asset", "maintain", "web", "--for", "1h").returncode, 1)


# ---- what keeps a repair from making things worse ----

@case
def a_flapping_service_is_damped():
    """It falls again and again, and comes back by a repair each time: until that is no repair any more."""
    n, runs = Nginx().start(), ledger()
    again = f"echo x >> {runs}; exec " + " ".join(n.argv)
    s = Server(args=["-c", config(watched(n.port, settle="10ms") + "remedies:\n" +
                                  remedy(do=script(again), cooldown="1s", max_per_hour="1000"))])
    becomes(s, "Healthy")

    def falls():
        return sum(e["type"] == "state" and e["to"] == "Failed"
                   for e in s.json("GET", "/v1/events/web?limit=500")["items"])
    for fall in range(12):
        n.kill()
        eventually(lambda: falls() > fall, 20)  # it may be well again before anybody looks
        if eventually(lambda: state(s) == "Healthy" or ("start-web", "rate") in rejected(s), 20) and \
                state(s) != "Healthy":
            break
    a = s.json("GET", "/v1/assets/web")
    equal((a["state"], a["reason"]), ("Failed", "flapping"))
    done = len(lines_of(runs))
    true(2 <= done <= 8, done)
    contains(s.ok("why", "asset/web"), "flapping")
    time.sleep(1.5)  # longer than its cooldown
    equal(len(lines_of(runs)), done)


def fleet(ports, runs, group="shop", more=""):
    """Assets of one group, each with a remedy that writes itself down."""
    text = ["assets:"]
    text += [f"  - {{name: a{i}, group: {group}, settle: 10ms{more}}}" for i in range(len(ports))]
    text += ["checks:"]
    text += [f'  - {{name: c{i}, asset: a{i}, every: 200ms, every_failed: 200ms, tcp: {{target: "127.0.0.1:{p}"}}}}'
             for i, p in enumerate(ports)]
    text += ["remedies:"]
    text += [remedy(f"r{i}", f"a{i}", script(f"echo a{i} >> {runs}"), within="1s", cooldown="1h").rstrip()
             for i in range(len(ports))]
    return "\n".join(text) + "\n"


def states(s):
    return {a["name"]: a["state"] for a in s.json("GET", "/v1/assets?limit=1000")["items"]}


@case
def when_most_of_a_group_goes_down_at_once_the_brake_holds():
    runs, listeners = ledger(), [Listener() for _ in range(20)]
    s = Server(args=["-c", config(fleet([l.port for l in listeners], runs))])
    eventually(lambda: set(states(s).values()) == {"Healthy"}, 30, "all are well")
    for l in listeners[:12]:
        l.close()
    eventually(lambda: list(states(s).values()).count("Failed") == 12, 30, "60 % are down")
    eventually(lambda: "firebreak_repair_braked 1" in s.ask("GET", "/metrics")[1], 20, "the brake")
    held = [a for a, state in states(s).items() if state == "Failed" and (a.replace("a", "r"), "brake") in rejected(s, a)]
    true(len(held) >= 8, held)
    time.sleep(1)  # a storm would have come by now
    # Those that began before so many were down; the others did not.
    true(len(lines_of(runs)) <= 4, lines_of(runs))
    r = s.run("plan", "--remedies")
    contains(r.stdout, "it is the network, or us")


@case
def a_group_has_so_many_under_repair_and_no_more():
    runs, ports = ledger(), [free_port() for _ in range(3)]
    n = Nginx().start()
    text = fleet(ports + [n.port] * 9, runs, more=", blast: {max: 1}").replace(f"echo a", f"sleep 1; echo a")
    s = Server(args=["-c", config(text)])
    eventually(lambda: len([t for t in tasks(s)]) == 3, 40, "one after the other")
    true(any(why == "blast_radius" for i in range(3) for _, why in rejected(s, f"a{i}")))
    eventually(lambda: all(t.get("finished_at") for t in tasks(s)), 20)
    spans = sorted((t["attempts"][-1]["started_at"], t["finished_at"]) for t in tasks(s))
    for (_, end), (begin, _) in zip(spans, spans[1:]):
        true(end <= begin, spans)


# ---- when it is us ----

def far_side():
    """A network of our own with one host, 10.77.0.2, whose port 8000 answers. Returns `ip` and the server."""
    subprocess.run([need("ip"), "link", "del", "out0"], capture_output=True)  # of the case before
    if subprocess.run(["ip", "link", "add", "out0", "type", "veth", "peer", "name", "out1"],
                      capture_output=True).returncode:
        raise Skip("this kernel has no device to make a network of")
    peer = subprocess.Popen(["unshare", "-n", "sleep", "600"])
    harness._cleanup.callback(stop_peer, peer)
    ip = lambda *args, inside=False: subprocess.run(
        [*(["nsenter", "-t", str(peer.pid), "-n"] if inside else []), "ip", *args], check=True)
    eventually(lambda: os.readlink(f"/proc/{peer.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
    ip("link", "set", "out1", "netns", str(peer.pid))
    ip("addr", "add", "10.77.0.1/24", "dev", "out0"), ip("link", "set", "out0", "up")
    ip("addr", "add", "10.77.0.2/24", "dev", "out1", inside=True), ip("link", "set", "out1", "up", inside=True)
    return ip, server(["nsenter", "-t", str(peer.pid), "-n", sys.executable, "-m", "http.server", "8000"], 8000,
                      host="10.77.0.2")


@case
def without_our_own_network_nothing_is_known_and_nothing_failed():
    ip, far = far_side()
    runs = ledger()
    s = Server(args=["-c", config(watched(0).replace("127.0.0.1:0", "10.77.0.2:8000") + "remedies:\n" +
                                  remedy(do=script(f"echo x >> {runs}")))])
    becomes(s, "Healthy")
    ip("link", "set", "out0", "down")
    becomes(s, "Unknown")
    equal(s.json("GET", "/v1/assets/web")["reason"], "observer_blind")
    ip("link", "set", "out0", "up")
    becomes(s, "Healthy", seconds=30)
    equal([e["to"] for e in events(s) if e["type"] == "state"],
          ["Pending", "Healthy", "Unknown", "Pending", "Healthy"])
    # What is gone over there is another thing.
    stop(far, True)
    becomes(s, "Failed")
    eventually(lambda: lines_of(runs), 20)


@case
def that_our_own_network_is_gone_is_known_before_anything_is_asked():
    """The kernel tells: the check is asked each hour, and without news the links are looked at each 30 s."""
    ip, _ = far_side()
    s = Server(args=["-c", config(watched(0).replace("127.0.0.1:0", "10.77.0.2:8000").replace(
        "every: 100ms, every_failed: 100ms", "every: 1h"))])
    becomes(s, "Healthy")
    for down in range(2):
        ip("link", "set", "out0", "down")
        becomes(s, "Unknown")
        ip("link", "set", "out0", "up")
        eventually(lambda: state(s) != "Unknown", 20, "it is seen that it is back")
    true("Failed" not in [e["to"] for e in events(s) if e["type"] == "state"])


def stop_peer(p):
    p.kill()
    p.wait()


@case
def with_few_descriptors_none_of_many_assets_failed():
    listeners = [Listener() for _ in range(20)]
    text = ["assets:"] + [f"  - {{name: a{i}, settle: 1s}}" for i in range(200)] + ["checks:"]
    text += [f'  - {{name: c{i}, asset: a{i}, every: 500ms, every_failed: 500ms, '
             f'tcp: {{target: "127.0.0.1:{listeners[i % 20].port}"}}}}' for i in range(200)]
    s = Server(args=["-c", config("\n".join(text) + "\n")],
               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    seen = set()
    end = time.monotonic() + 4
    while time.monotonic() < end:
        seen |= set(states(s).values())
        time.sleep(0.2)
    true("Failed" not in seen, seen)
    equal(len(states(s)), 200)
    # It is no wonder that nothing failed where nothing is asked: they are.
    eventually(lambda: set(states(s).values()) == {"Healthy"}, 60, "all are asked in turn")
    true(not [e for e in s.json("GET", "/v1/events?limit=1000")["items"] if e["to"] == "Failed"])


@case
def without_descriptors_nothing_is_known_and_nothing_failed():
    l, runs = Listener(), ledger()
    s = Server(args=["-c", config(watched(l.port) + "remedies:\n" + remedy(do=script(f"echo x >> {runs}")))])
    becomes(s, "Healthy")
    w = watch(s)
    before = resource.prlimit(s.p.pid, resource.RLIMIT_NOFILE)
    # The first that is free is one too many: every socket() and accept() answers EMFILE from here on. One
    # that is open while we look, and closed then, would be one more: so it is looked again and again.

    def starve():
        opened = {int(fd) for fd in os.listdir(f"/proc/{s.p.pid}/fd")}
        free = next(fd for fd in range(1 << 20) if fd not in opened)
        if free < resource.prlimit(s.p.pid, resource.RLIMIT_NOFILE)[0]:
            resource.prlimit(s.p.pid, resource.RLIMIT_NOFILE, (free, before[1]))
        return [e for e in list(w.seen) if e["type"] == "state" and e["to"] == "Unknown"]
    e = eventually(starve, 20)[0]
    equal(e["reason"], "observer_blind")
    resource.prlimit(s.p.pid, resource.RLIMIT_NOFILE, before)
    w.wait(lambda e: e["type"] == "state" and e["to"] == "Healthy", 20)
    equal([e["to"] for e in w.seen if e["type"] == "state"], ["Unknown", "Pending", "Healthy"])
    equal(lines_of(runs), [])


@case
def where_every_socket_answers_emfile_nothing_is_known_and_nothing_failed():
    """By a fault point, and without an end: from a socket on, none is opened or accepted any more."""
    l, runs = Listener(), ledger()
    page = Listener(http_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    text = watched(l.port) + (
        f"  - {{name: page, asset: page, every: 100ms, every_failed: 100ms, http: {{url: 'http://127.0.0.1:{page.port}/'}}}}\n"
        "remedies:\n" + remedy(do=script(f"echo x >> {runs}")) + remedy("start-page", "page", script(f"echo x >> {runs}")))
    text = text.replace("checks:", "  - {name: page, settle: 100ms}\nchecks:")
    p = spawn("up", "-c", config(text), "-o", "jsonl", "--data", data_folder(), env={"FIREBREAK_FAULT": "socket:60"})
    seen = []
    threading.Thread(target=lambda: [seen.append(json.loads(line)) for line in p.stdout], daemon=True).start()

    def moves(asset):
        return [e["to"] for e in list(seen) if (e["type"], e["asset"]) == ("state", asset)]
    for asset in ("web", "page"):
        eventually(lambda: moves(asset)[-1:] == ["Unknown"], 30, f"{asset}: {seen}")
    time.sleep(1)  # ten more rounds: nothing is to happen
    for asset in ("web", "page"):
        equal(moves(asset), ["Pending", "Healthy", "Unknown"])
    equal((lines_of(runs), p.poll()), ([], None))


# ---- what stands on this host ----

@case
def a_killed_process_is_seen_by_its_end_and_not_by_the_next_look():
    n = Nginx().start()
    s = Server(args=["-c", config(f"""
assets:
  - {{name: web, settle: 100ms}}
checks:
  - {{name: web-process, asset: web, every: 60s, process: {{pid_file: {n.pid_file}}}}}
  - {{name: web-port, asset: web, every: 200ms, every_failed: 100ms, fail: 1000, tcp: {{target: "127.0.0.1:{n.port}"}}}}
remedies:
""" + remedy(do=run_of(n.argv), verify="web-port"))])
    becomes(s, "Healthy")
    n.kill()
    eventually(lambda: types(s, "asset/web")[-1] == "state" and state(s) == "Healthy" and
               "outcome" in types(s, "asset/web"), 20)
    contains(s.ok("why", "asset/web"), "web-process")


@case
def a_process_is_restarted_as_it_was():
    n = Nginx().start()
    s = Server(args=["-c", config(f"""
assets:
  - {{name: web, settle: 100ms}}
checks:
  - {{name: web-process, asset: web, every: 60s, process: {{name: {n.name}}}}}
  - {{name: web-port, asset: web, every: 200ms, every_failed: 100ms, fail: 1000, tcp: {{target: "127.0.0.1:{n.port}"}}}}
remedies:
""" + remedy(do=f"{{restart: {{process: {n.name}}}}}", verify="web-port"))])
    becomes(s, "Healthy")
    w = watch(s)
    n.kill()
    w.wait(lambda e: e["to"] == "Failed", 20)
    w.wait(lambda e: e["type"] == "state" and e["to"] == "Healthy", 20)
    becomes(s, "Healthy")
    true(answers("127.0.0.1", n.port))
    equal(types(s, "asset/web"), ["observation", "verdict", "decision", "task", "outcome", "state"])


@case
def a_repair_is_verified_when_it_works_and_not_at_the_next_look():
    n, pid_file = Nginx(), f"{folder()}/pid"
    # The process is there at once; the port only when the task and the process check have ended.
    argv = ["bash", "-c", f"sleep 600 & echo $! > {pid_file}; (sleep 0.7; exec {' '.join(n.argv)}) &"]

    def kill():
        n.kill()
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(open(pid_file).read()), signal.SIGKILL)
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    harness._cleanup.callback(kill)
    eventually(lambda: answers("127.0.0.1", n.port))
    s = Server(args=["-c", config(f"""
assets:
  - {{name: web, settle: 100ms}}
checks:
  - {{name: web-process, asset: web, every: 700h, process: {{pid_file: {pid_file}}}}}
  - {{name: web-port, asset: web, every: 700h, every_failed: 700h, tcp: {{target: "127.0.0.1:{n.port}"}}}}
remedies:
""" + remedy(do=run_of(argv), verify="web-port", within="30s"))])
    becomes(s, "Healthy")
    w = watch(s)
    kill()
    w.wait(lambda e: e["to"] == "Failed", 20)
    w.wait(lambda e: e["type"] == "outcome", 40)
    equal([e["reason"] for e in events(s) if e["type"] == "outcome"], ["verified"])
    becomes(s, "Healthy")


@case
def a_config_file_that_was_tampered_with_is_restored():
    d = folder()
    good, live = write(f"{d}/good.conf", "listen = 80\n"), write(f"{d}/live.conf", "listen = 80\n")
    digest = hashlib.sha256(open(good, "rb").read()).hexdigest()
    s = Server(args=["-c", config(f"""
assets:
  - {{name: conf, settle: 100ms}}
checks:
  - {{name: conf-file, asset: conf, every: 1s, every_failed: 100ms, file: {{path: {live}, sha256: {digest}}}}}
remedies:
""" + remedy("restore", "conf", f"{{patch: {{path: {live}, sha256: {digest}, from: {good}}}}}"))])
    becomes(s, "Healthy", "conf")
    write(live, "listen = 666\n")
    eventually(lambda: "outcome" in types(s, "asset/conf") and state(s, "conf") == "Healthy", 20)
    equal(open(live).read(), "listen = 80\n")
    equal([e["reason"] for e in events(s, "conf") if e["type"] == "verdict"][0], "drift_file")


@case
def a_full_disk_is_emptied():
    own_mounts()
    d = folder()
    subprocess.run([need("mount"), "-t", "tmpfs", "-o", "size=4m", "tmpfs", d], check=True)
    used = f"test $(df --output=pcent {d} | tail -1 | tr -dc 0-9) -lt 90"
    s = Server(args=["-c", config(f"""
assets:
  - {{name: disk, settle: 100ms}}
checks:
  - {{name: disk-room, asset: disk, every: 200ms, every_failed: 200ms, exec: {{argv: [bash, -c, {json.dumps(used)}]}}}}
remedies:
""" + remedy("empty", "disk", run_of(["bash", "-c", f"rm -f {d}/old-*"])))])
    becomes(s, "Healthy", "disk")
    with contextlib.suppress(OSError):
        open(f"{d}/old-log", "wb").write(b"x" * (8 << 20))
    eventually(lambda: "outcome" in types(s, "asset/disk") and state(s, "disk") == "Healthy", 20)
    equal(os.listdir(d), [])


# ---- failover ----

def pair(front, take_over, standby_port):
    """db-1 is down; db-2, its standby, is not. `front` is where clients go."""
    return config(f"""
assets:
  - {{name: db-1, standby: db-2, settle: 100ms}}
  - {{name: db-2, settle: 100ms}}
checks:
  - {{name: db-1-port, asset: db-1, every: 100ms, every_failed: 100ms, tcp: {{target: "127.0.0.1:{front}"}}}}
  - {{name: db-2-port, asset: db-2, every: 100ms, every_failed: 100ms, tcp: {{target: "127.0.0.1:{standby_port}"}}}}
remedies:
  - {{name: take-over, asset: db-1, within: 1s, {take_over}}}
""")


def failover_of(s, asset="db-1"):
    found = json.loads(s.ok("store", "get", f"/failover/default/{asset}", "--prefix", "-o", "json"))["items"]
    return json.loads(found[0]["value"])["to"] if found else None


@case
def the_standby_takes_over_and_that_is_told():
    standby = Listener()
    s = Server(args=["-c", pair(free_port(), "do: {failover: {}}", standby.port)])
    becomes(s, "Healthy", "db-2")
    eventually(lambda: failover_of(s) == "db-2", 30)
    eventually(lambda: any(e.get("reason") == "verified" for e in story(s, "asset/db-1", "--all")), 30)
    contains(s.ok("why", "asset/db-1", "--all"), "db-2")


@case
def a_failover_that_does_not_help_is_rolled_back():
    standby = Listener()
    s = Server(args=["-c", pair(free_port(), "do: {failover: {}}, verify: db-1-port, "
                                "rollback: {failover: {to: db-1}}, cooldown: 1h", standby.port)])
    becomes(s, "Healthy", "db-2")
    eventually(lambda: failover_of(s) == "db-2", 30)
    eventually(lambda: any(e.get("reason") == "rolled_back" for e in story(s, "asset/db-1", "--all")), 30)
    equal(failover_of(s), None)
    equal(state(s, "db-1"), "Failed")


main()
