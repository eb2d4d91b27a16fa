"""`firebreak schedule`: when something is due next, and what a person wants of it."""
import calendar
import random

from serving import *

own_network()


def yaml_of(**schedules):
    items = [dict({"name": n, "do": {"run": {"argv": ["true"]}}}, **s) for n, s in schedules.items()]
    return write(os.path.join(folder(), "ops.json"), json.dumps({"schedules": items}))


def preview(path, name, *args, **options):
    return firebreak("schedule", "preview", name, "-c", path, *args, **options)


@case
def the_next_times_are_shown_in_every_form():
    path = yaml_of(nightly={"cron": "30 2 * * *", "zone": "+02:00"})
    r = preview(path, "nightly")
    equal((r.returncode, r.stderr), (0, ""))
    lines = r.stdout.splitlines()
    equal((lines[0].split(), len(lines)), (["AT", "LOCAL", "ZONE"], 6))
    true(all("T00:30:00.000Z" in l and "T02:30:00+02:00" in l for l in lines[1:]), r.stdout)
    r = preview(path, "nightly", "--count", "3", "-o", "json")
    got = json.loads(r.stdout)
    equal([sorted(i) for i in got["items"]], [["at", "schedule", "zone"]] * 3)
    equal(got["items"][0]["schedule"], "nightly")
    at = [i["at"] for i in got["items"]]
    equal(preview(path, "nightly", "--count", "3", "-o", "name").stdout.split(), at)
    equal([json.loads(l)["at"] for l in preview(path, "nightly", "--count", "3", "-o", "jsonl").stdout.splitlines()], at)
    equal(preview(path, "nightly", "-o", "jsonpath={.items[2].at}").stdout, at[2] + "\n")


@case
def what_is_wrong_is_said():
    path = yaml_of(nightly={"cron": "@daily"}, never={"cron": "* 2 ? 3 SUNL", "zone": "Europe/Berlin"})
    r = preview(path, "nigthly")
    equal((r.returncode, r.stdout), (1, ""))
    contains(r.stderr, "did you mean 'nightly'?")
    r = preview(path, "nightly", "-n", "other")
    equal(r.returncode, 1)
    contains(r.stderr, "in namespace other")
    r = preview(path, "never")
    equal((r.returncode, r.stdout), (1, ""))
    contains(r.stderr, "is never due")
    r = firebreak("schedule", "pause", "nightly", "-c", path)
    equal(r.returncode, 2)
    equal(firebreak("schedule", "preview").returncode, 2)
    equal(firebreak("schedule", "preview", "x", "--data", folder()).returncode, 3)
    bad = yaml_of(b={"cron": "0 0 * * MNO", "zone": "Europe/Berlni"})
    r = preview(bad, "b")
    equal((r.returncode, r.stdout), (1, ""))
    contains(r.stderr, 'did you mean "0 0 * * MON"?')
    contains(r.stderr, 'did you mean "Europe/Berlin"?')


@case
def without_the_database_only_utc_and_offsets_are_known():
    path = yaml_of(here={"cron": "@daily"}, there={"cron": "@daily", "zone": "-03:00"})
    for name in ("here", "there"):
        equal(preview(path, name, env={"TZDIR": "/nowhere"}).returncode, 0)
    r = preview(yaml_of(far={"cron": "@daily", "zone": "Europe/Berlin"}), "far", env={"TZDIR": "/nowhere"})
    equal(r.returncode, 1)
    for word in ("Europe/Berlin", "/nowhere", "install tzdata"):
        contains(r.stderr, word)


@case
def a_server_knows_what_was_applied():
    server = Server()
    server.ok("apply", "-f", yaml_of(nightly={"cron": "0 3 * * *", "zone": "UTC"}))
    at = json.loads(server.ok("schedule", "preview", "nightly", "--count", "1", "-o", "jsonl"))["at"]
    true(at.endswith("T03:00:00.000Z"), at)
    equal(server.run("schedule", "preview", "other").returncode, 1)
    equal(server.run("schedule", "pause", "other").returncode, 1)
    table = server.ok("get", "schedules").splitlines()
    equal((table[0].split(), table[1].split()[:1], table[1].split()[-1]),
          (["NAME", "CRON", "ZONE", "NEXT", "LAST"], ["nightly"], "-"))
    contains(table[1], at)
    eventually(lambda: "settled_at" in server.ask("GET", "/v1/store/keys?key=/state/schedules/default/nightly")[1], 20)
    state = {"next_at": "2030-01-01T03:00:00.000Z", "paused": False,
             "runs": [{"task": "t1", "state": "Failed", "due_at": "2029-12-31T03:00:00.000Z"}]}
    server.ok("store", "put", "/state/schedules/default/nightly", json.dumps(state))
    row = server.ok("get", "schedule", "nightly", "--all-namespaces")
    contains(row, "2030-01-01T03:00:00.000Z  Failed 2029-12-31T03:00:00.000Z")
    contains(server.ok("describe", "schedule", "nightly"), "2029-12-31T03:00:00.000Z")
    runs = [{"task": "t1", "state": "Pending", "due_at": "2029-12-31T03:00:00.000Z", "ended": False}]
    server.ok("store", "put", "/state/schedules/default/nightly", json.dumps({**state, "runs": runs}))
    contains(server.ok("get", "schedules"), "begun 2029-12-31T03:00:00.000Z")  # whether it waits or runs its task says
    server.ok("store", "put", "/state/schedules/default/nightly", json.dumps({**state, "paused": True}))
    contains(server.ok("get", "schedules"), "paused")
    key = "/control/schedules/default/nightly"
    equal(server.ok("schedule", "pause", "nightly"), "schedule/nightly paused\n")
    equal(server.ok("store", "get", f"{key}/paused"), f"{key}/paused\ntrue\n")
    equal(server.ok("schedule", "resume", "nightly", "-o", "name"), "schedule/nightly\n")
    equal(server.ok("store", "get", f"{key}/paused"), f"{key}/paused\nfalse\n")
    equal(json.loads(server.ok("schedule", "trigger", "nightly", "-o", "json")), {"schedule": "nightly", "action": "trigger"})
    first = server.ok("store", "get", f"{key}/trigger")
    server.ok("schedule", "trigger", "nightly")
    true(server.ok("store", "get", f"{key}/trigger") != first)


def some_field(r, low, high):
    def item():
        kind = r.randrange(4)
        a, b = sorted((r.randint(low, high), r.randint(low, high)))
        if kind == 0:
            return str(a)
        if kind == 1:
            return f"{a}-{b}"
        if kind == 2 and a < b:
            return f"{a}-{b}/{r.randint(1, b - a)}"
        return str(b)
    return ",".join(item() for _ in range(r.randint(1, 3)))


@case
def croniter_agrees():
    """A library that others wrote, in UTC: what days and times an expression means."""
    python = python_with("croniter")
    r = random.Random(7)
    expressions = ["0 0 L * *", "0 12 * * 5#2", "0 0 29 2 *", "30 5 13 * 5", "*/7 */5 * * *", "0 0 31 * *"]
    while len(expressions) < 150:
        fields = [some_field(r, 0, 59), some_field(r, 0, 23), some_field(r, 1, 28), some_field(r, 1, 12), some_field(r, 0, 6)]
        for i in range(5):
            if r.random() < 0.4:
                fields[i] = "*"
        if r.random() < 0.2:
            fields[0] = f"*/{r.randint(2, 30)}"
        expressions.append(" ".join(fields))
    path = yaml_of(**{f"s{i}": {"cron": e} for i, e in enumerate(expressions)})
    script = """if True:
        import sys, json, calendar, time
        from croniter import croniter
        for line in sys.stdin:
            cron, after, count = json.loads(line)
            it = croniter(cron, after)
            print(json.dumps([int(it.get_next(float)) for _ in range(count)]))
    """
    asked, ours = [], []
    for i in range(len(expressions)):
        times = preview(path, f"s{i}", "--count", "20", "-o", "name").stdout.split()
        times = [calendar.timegm(time.strptime(t, "%Y-%m-%dT%H:%M:%S.000Z")) for t in times]
        # The first one is ours: it was counted from the moment of the question.
        asked.append(json.dumps([expressions[i], times[0], 19]))
        ours.append(times[1:])
    theirs = subprocess.run([python, "-c", script], input="\n".join(asked), capture_output=True, text=True, timeout=100)
    equal(theirs.stderr, "")
    wrong = [(e, o, json.loads(t)) for e, o, t in zip(expressions, ours, theirs.stdout.splitlines()) if o != json.loads(t)]
    equal(wrong, [])
    equal(len(theirs.stdout.splitlines()), 150)


class Scheduling:
    """A server whose file declares schedules; each run appends its program's words to `out`."""

    def __init__(self, logs=False, **schedules):
        self.folder = folder()
        self.out = os.path.join(self.folder, "out")
        self.path = os.path.join(self.folder, "ops.json")
        self.declare(**schedules)
        self.server = Server(args=["-c", self.path], logs=logs)

    def declare(self, **schedules):
        items = [{"name": n, "do": {"run": {"argv": ["sh", "-c", f"echo {n} >> {self.out}"]}}, **s}
                 for n, s in schedules.items()]
        write(self.path, json.dumps({"schedules": items}))

    def ran(self):
        try:
            with open(self.out) as f:
                return f.read().split()
        except FileNotFoundError:
            return []

    def state(self, name):
        status, text = self.server.ask("GET", f"/v1/schedules/{name}")
        return (json.loads(text).get("state") or {}) if status == 200 else {}

    def runs(self, name):
        return self.state(name).get("runs", [])

    def tasks(self):
        return self.server.json("GET", "/v1/tasks")["items"]

    def metric(self, name):
        for line in self.server.ask("GET", "/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise AssertionError(f"no {name}")


def marked(task):
    """(schedule, time) that a task is the run of."""
    _, _, name, at = task["dedup_key"].split("/")
    return name, int(at)


@case
def up_runs_what_is_due_and_keeps_a_bounded_history():
    s = Scheduling(a={"cron": "@every 1s", "history_max": 3})
    eventually(lambda: len(s.ran()) >= 5, 30)
    def ended():
        runs = s.runs("a")
        return runs if len([r for r in runs if r["ended"]]) == 3 else None
    runs = eventually(ended, 20)
    equal({r["state"] for r in runs if r["ended"]}, {"Succeeded"})
    equal({r["cause"] for r in runs} - {"missed"}, {"due"})
    due = [r["due_at"] for r in runs]
    equal(due, sorted(set(due)))
    tasks = [marked(t) for t in s.tasks()]
    equal(len(tasks), len(set(tasks)))
    equal({t["created_by"] for t in s.tasks()}, {"schedule default/a"})
    true(s.metric("firebreak_schedule_lateness_seconds_count") >= 1)
    true(s.metric('firebreak_schedule_orders_total{outcome="made"}') >= 5)
    eventually(lambda: "Succeeded" in s.server.ok("get", "schedules"), 20)


@case
def a_person_pauses_resumes_and_triggers():
    s = Scheduling(a={"cron": "@every 1s"}, clock={"cron": "@every 1s"}, rare={"cron": "@yearly"})
    def count(name):
        return len([t for t in s.tasks() if t["dedup_key"].startswith(f"schedule/default/{name}/")])
    def more(name, n=2):
        before = count(name)
        eventually(lambda: count(name) >= before + n, 30)
    more("a")
    s.server.ok("schedule", "pause", "a")
    equal(eventually(lambda: s.state("a").get("paused") and s.state("a"), 20)["next_at"], None)
    before = count("a")
    more("clock")
    equal(count("a"), before)
    s.server.ok("schedule", "trigger", "rare")
    eventually(lambda: [(r["cause"], r["state"]) for r in s.runs("rare")] == [("triggered", "Succeeded")], 30)
    s.server.ok("schedule", "trigger", "a")  # paused or not
    eventually(lambda: count("a") == before + 1, 30)
    s.server.ok("schedule", "resume", "a")
    more("a")
    equal(s.ran().count("rare"), 1)


@case
def what_still_runs_is_not_overlapped():
    s = Scheduling(slow={"cron": "@every 1s", "do": {"run": {"argv": ["sleep", "1000"], "timeout": "20m"}}})
    eventually(lambda: s.state("slow").get("overlap_total", 0) >= 2, 30)
    equal(len(s.tasks()), 1)
    task = s.tasks()[0]["name"]
    s.server.ok("task", "cancel", task)
    eventually(lambda: len(s.tasks()) == 2, 30, "it runs again once what ran has ended")
    equal([(r["task"], r["state"]) for r in s.runs("slow")][:1], [(task, "Canceled")])
    # A restart knows what still runs.
    s.server.kill()
    s.server.start()
    before = eventually(lambda: s.state("slow").get("overlap_total"), 20)
    eventually(lambda: s.state("slow")["overlap_total"] > before + 1, 30)
    equal(len(s.tasks()), 2)


@case
def what_runs_is_replaced():
    s = Scheduling(slow={"cron": "@every 2s", "overlap": "replace",
                         "do": {"run": {"argv": ["sleep", "1000"], "timeout": "20m"}}})
    eventually(lambda: len(s.tasks()) >= 3, 40)
    eventually(lambda: [r["state"] for r in s.runs("slow")][:2] == ["Canceled"] * 2, 30)
    decided = {t["decided_by"] for t in s.tasks() if t["state"] == "Canceled"}
    equal(decided, {"schedule default/slow"})


@case
def a_task_that_has_gone_does_not_run_any_more():
    s = Scheduling(slow={"cron": "@yearly", "do": {"run": {"argv": ["sleep", "1000"], "timeout": "20m"}}})
    eventually(lambda: s.state("slow"), 20)
    s.server.ok("schedule", "trigger", "slow")
    run = eventually(lambda: s.runs("slow"), 30)[0]
    equal(run["ended"], False)
    s.server.json("DELETE", f"/v1/store/keys?key=/tasks/{run['task']}")
    eventually(lambda: [r["state"] for r in s.runs("slow")] == ["Lost"], 30)


@case
def a_restart_neither_loses_nor_doubles_a_time():
    """Killed at any moment, again and again: each time of a stretch has one task."""
    s = Scheduling(a={"cron": "@every 1s", "misfire": "catch_up", "catch_up": 1000, "history_max": 1000,
                      "overlap": "allow"})  # a busy machine may need more than a second for one
    r = random.Random(5)
    eventually(lambda: s.tasks(), 30)
    for _ in range(4):
        at = time.time() + r.uniform(0.2, 1.2)
        eventually(lambda: time.time() > at, 20)
        s.server.kill()
        s.server.start()
    count = len(s.tasks())
    eventually(lambda: len(s.tasks()) > count + 3, 60)
    s.server.ok("schedule", "pause", "a")
    eventually(lambda: s.state("a").get("paused"), 20)
    eventually(lambda: all(t["state"] == "Succeeded" for t in s.tasks()), 60)
    times = sorted(marked(t)[1] for t in s.tasks())
    equal(times, list(range(times[0], times[0] + len(times))))
    equal(sorted(r["task"] for r in s.runs("a")), sorted(t["name"] for t in s.tasks()))


@case
def what_cannot_be_done_is_refused_and_says_so():
    s = Scheduling(logs=True, ok={"cron": "@every 1s"})
    # No configuration may say that; what another program wrote into the store may.
    s.server.ok("store", "put", "/registry/schedules/default/two", json.dumps(
        {"name": "two", "cron": "@every 1s", "node": "n1", "selector": "disk=ssd", "do": {"run": {"argv": ["true"]}}}))
    contains(eventually(lambda: s.state("two").get("refused"), 20), "selector")
    eventually(lambda: len(s.ran()) >= 3, 30)
    equal({marked(t)[0] for t in s.tasks()}, {"ok"})
    said = [x for x in s.server.logs if x.get("schedule", "").endswith("/two")]
    equal([(x["event"], x["level"]) for x in said], [("schedule_undoable", "error")])
    contains(s.server.ok("get", "schedules"), "refused")
    contains(s.server.ok("describe", "schedule", "two"), "selector")
    s.declare(ok={"cron": "@every 1s"}, two={"cron": "@every 1s"})
    eventually(lambda: "two" in s.ran(), 30)
    equal(s.state("two")["refused"], None)


@case
def what_the_action_says_reaches_the_program():
    s = Scheduling(a={"cron": "@yearly", "node": "n1", "do": {"run": {
        "argv": ["sh", "-c", "echo $WORD; pwd; exit 3"], "env": {"WORD": "hello"}, "dir": "/tmp", "retries": 1,
        "backoff": "10ms", "timeout": "40s", "deadline": "2h", "priority": 7, "concurrency": "disk",
        "output_bytes_max": 5000}}})
    eventually(lambda: s.state("a"), 20)
    s.server.ok("schedule", "trigger", "a")
    task = eventually(lambda: s.tasks(), 30)[0]
    wanted = {"node": "n1", "retries": 1, "backoff_ms": 10, "timeout_ms": 40000, "deadline_ms": 7200000,
              "priority": 7, "concurrency": "disk", "output_bytes_max": 5000, "dir": "/tmp", "env": ["WORD=hello"]}
    equal({k: task.get(k) for k in wanted}, wanted)
    s.server.end()
    s.server.start(args=["-c", s.path, "--node", "n1"])
    eventually(lambda: [r["state"] for r in s.runs("a")] == ["Failed"], 40)
    task = s.tasks()[0]
    equal(len(task["attempts"]), 2)
    equal(s.server.ok("task", "logs", task["name"]), "hello\n/tmp\n" * 2)


main()
