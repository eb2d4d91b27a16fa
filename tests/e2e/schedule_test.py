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
    state = {"next_at": "2030-01-01T03:00:00.000Z", "paused": False,
             "runs": [{"task": "t1", "state": "Failed", "due_at": "2029-12-31T03:00:00.000Z"}]}
    server.ok("store", "put", "/state/schedules/default/nightly", json.dumps(state))
    row = server.ok("get", "schedule", "nightly", "--all-namespaces")
    contains(row, "2030-01-01T03:00:00.000Z  Failed 2029-12-31T03:00:00.000Z")
    contains(server.ok("describe", "schedule", "nightly"), "2029-12-31T03:00:00.000Z")
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


main()
