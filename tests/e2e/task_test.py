"""Tasks on one machine: wanted, run, told, canceled, retried; nodes cordoned and drained."""
from serving import *

own_network()


def task_of(s, name):
    return s.json("GET", f"/v1/tasks/{name}")


def want(s, *argv, **more):
    return s.json("POST", "/v1/tasks", json.dumps({"argv": list(argv), **more}), want=201)["name"]


def ends(s, name, *states):
    def over():
        t = task_of(s, name)
        return t if t["state"] in states else None
    return eventually(over, 30, f"{name} does not become {states}: {task_of(s, name)}")


@case
def wait_exits_with_the_programs_own_status():
    s = Server()
    for argv, status in [(["true"], 0), (["sh", "-c", "exit 7"], 7), (["/does/not/exist"], 127),
                         (["sh", "-c", "kill -9 $$"], 137)]:
        equal(s.run("task", "run", "--wait", "--", *argv).returncode, status, argv)
    r = s.run("task", "run", "--wait", "--", "/does/not/exist")
    contains(r.stderr, ": Failed: /does/not/exist: ")
    contains(r.stderr, "No such file or directory")
    r = s.run("task", "run", "--env", "NAME", "--", "true")
    equal(r.returncode, 2)
    contains(r.stderr, "--env 'NAME': KEY=VALUE is wanted")
    contains(s.run("task", "logs", "nope").stderr, "there is no task 'nope'\n")
    equal(s.run("task", "run", "--wait", "--timeout", "100ms", "--", "sleep", "30").returncode, 124)
    name = s.ok("task", "run", "--", "sleep", "100").strip()
    s.ok("task", "cancel", name)
    ends(s, name, "Canceled")


@case
def kind_and_name_in_one_word_is_taken_wherever_a_name_is():
    s = Server(args=["--node", "n1"])
    name = s.ok("task", "run", "--wait", "-o", "name", "--", "echo", "hello").strip()
    bare = name.removeprefix("task/")
    equal(name, f"task/{bare}")
    equal(s.ok("task", "logs", name), "hello\n")
    equal(s.ok("get", name), s.ok("get", "task", bare))
    equal(s.ok("get", "task", name, "-o", "name"), f"{name}\n")
    equal(s.ok("describe", name), s.ok("describe", "task", bare))
    other = s.ok("task", "run", "-o", "name", "--", "sleep", "100").strip()
    s.ok("task", "cancel", other)
    ends(s, other.removeprefix("task/"), "Canceled")
    equal(s.ok("node", "cordon", "node/n1"), "n1 Cordoned\n")
    s.ok("apply", "-f", "-", input="assets: [{name: a}]")
    equal(s.ok("delete", "asset/a"), "asset/a deleted\n")
    for argv, why in [(["task", "logs", "asset/web"], "this takes a task, and 'asset/web' is an asset\n"),
                      (["asset", "recover", name], "this takes an asset, and 'task/"),
                      (["node", "drain", name], "this takes a node, and 'task/"),
                      (["schedule", "pause", name], "this takes a schedule, and 'task/"),
                      (["delete", "check", name], "this takes a check, and 'task/"),
                      (["get", name, bare], "one name is enough"), (["get", "tsk/t"], "did you mean task?"),
                      (["describe", "task"], "which task? KIND NAME or KIND/NAME is wanted\n"),
                      (["delete", "check/"], "'check/' has no name behind the '/'\n")]:
        r = s.run(*argv)
        equal(r.returncode, 2, argv)
        contains(r.stderr, why)


@case
def one_dedup_key_is_one_task():
    s = Server()
    a = s.ok("task", "run", "--dedup", "k/1", "--", "echo", "one")
    b = s.ok("task", "run", "--dedup", "k/1", "--", "echo", "two")
    equal(a, b)
    equal(len(s.json("GET", "/v1/tasks")["items"]), 1)


@case
def a_dedup_key_of_another_namespace_is_told():
    s = Server()
    a = s.ok("task", "run", "-n", "a", "--dedup", "k", "--", "true")
    r = s.run("task", "run", "-n", "b", "--dedup", "k", "--", "true")
    equal((r.returncode, r.stdout), (0, a))
    equal(r.stderr, f"firebreak task: {a.strip()} is of namespace a, and has the dedup key k: a key is one for all namespaces\n")
    equal(s.run("task", "run", "-n", "a", "--dedup", "k", "--", "true").stderr, "")
    r = s.run("task", "run", "--dedup", "k", "-o", "json", "--", "true")
    equal((r.stderr, json.loads(r.stdout)["name"], json.loads(r.stdout)["namespace"]), ("", a.strip(), "a"))


@case
def a_task_knows_who_it_is_and_its_output_is_kept():
    s = Server(args=["--node", "n1"])
    script = 'echo "$FIREBREAK_TASK $FIREBREAK_ATTEMPT $FIREBREAK_NODE $FIREBREAK_TASK_TOKEN"; echo oops >&2'
    name = s.ok("task", "run", "--wait", "--", "sh", "-c", script).strip()
    attempt = task_of(s, name)["attempts"][0]
    equal(s.ok("task", "logs", name), f"{name} 1 n1 {attempt['token']}\noops\n")
    equal((attempt["state"], attempt["accepted"], attempt["exit"]), ("Succeeded", True, 0))
    lines = [json.loads(x) for x in s.ok("task", "logs", "-o", "jsonl", name).splitlines()]
    equal([x["stream"] for x in lines], ["stdout", "stderr"])


@case
def what_was_cut_off_is_told():
    s = Server()
    name = s.ok("task", "run", "--wait", "--limit", "4", "--", "sh", "-c", "echo 123456").strip()
    equal(task_of(s, name)["attempts"][0]["output_cut_bytes"], 3)
    r = s.run("task", "logs", name)
    equal((r.returncode, r.stdout), (0, "1234"))
    equal(r.stderr, f"firebreak task: 3 bytes of what {name} said were cut off (--limit)\n")
    equal(s.run("task", "logs", "-f", s.ok("task", "run", "--", "echo", "all").strip()).stderr, "")


@case
def how_it_ended_is_told_to_who_waits_and_who_looks():
    s = Server()
    name = s.ok("task", "run", "--approve", "--", "true").strip()
    s.ok("task", "reject", name)
    contains(s.ok("get", "tasks"), "rejected by uid ")
    name = s.ok("task", "run", "--", "sleep", "100").strip()
    s.ok("task", "cancel", name)
    ends(s, name, "Canceled")
    contains(s.ok("get", "tasks"), "canceled by uid ")
    for argv, why in ((["sleep", "100"], "it still ran at its deadline, and was ended"),
                      (["false"], "its deadline came; before that: exit status 1")):
        r = s.run("task", "run", "--wait", "--deadline", "300ms", "--retries", "5", "--", *argv)
        contains(r.stderr, f"Expired: {why}")
        contains(s.ok("get", "tasks"), why)


@case
def logs_are_followed_until_the_end():
    s = Server()
    name = s.ok("task", "run", "--", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done").strip()
    equal(s.ok("task", "logs", "-f", name), "1\n2\n3\n")


@case
def no_line_of_a_log_has_text_of_two_streams():
    s = Server()
    script = "printf half; echo oops >&2; [ $FIREBREAK_ATTEMPT = 2 ]"
    name = s.ok("task", "run", "--wait", "--retries", "1", "--", "sh", "-c", script)
    for follow in ([], ["-f"]):
        text = s.ok("task", "logs", *follow, name.strip())
        equal(sorted(text.removesuffix("\n").split("\n")), ["half", "half", "oops", "oops"], text)
    # What is longer than a piece is one line where nobody comes between its parts, and else two.
    name = s.ok("task", "run", "--wait", "--", "sh", "-c", "printf '%0100000d' 0; printf end >&2").strip()
    lines = s.ok("task", "logs", name).split("\n")
    equal((lines.count("end"), "".join(x for x in lines if x != "end")), (1, "0" * 100_000))
    name = s.ok("task", "run", "--wait", "--limit", "4", "--", "echo", "123456").strip()
    r = s.run("task", "logs", name)
    equal(r.stdout, "1234")
    both = subprocess.run([BINARY, "--data", s.data, "task", "logs", name], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, env=environment())
    equal(both.stdout, f"1234\n{r.stderr}")


@case
def a_failure_is_tried_again_as_often_as_it_may():
    s = Server()
    name = want(s, "false", retries=2, backoff_ms=20)
    t = ends(s, name, "Failed")
    equal([a["accepted"] for a in t["attempts"]], [False, False, True])
    tokens = [a["token"] for a in t["attempts"]]
    equal(tokens, sorted(set(tokens)))
    equal(s.run("task", "retry", name).returncode, 0)
    eventually(lambda: len(task_of(s, name)["attempts"]) == 6, 20)


@case
def approvals_deadlines_and_what_a_state_does_not_allow():
    s = Server()
    name = s.ok("task", "run", "--approve", "--", "true").strip()
    equal(task_of(s, name)["state"], "AwaitingApproval")
    equal(s.run("task", "retry", name).returncode, 1)
    s.ok("task", "approve", name)
    ends(s, name, "Succeeded")
    equal(s.run("task", "retry", name).returncode, 1)
    name = s.ok("task", "run", "--approve", "--", "true").strip()
    s.ok("task", "reject", name)
    equal(task_of(s, name)["state"], "Canceled")
    s.ok("task", "retry", name)
    equal(task_of(s, name)["state"], "AwaitingApproval")  # nobody has approved it
    ends(s, want(s, "sleep", "100", deadline_ms=200), "Expired")
    equal(s.run("task", "run", "--wait", "--deadline", "200ms", "--", "sleep", "100").returncode, 125)
    equal(s.run("task", "logs", "nobody").returncode, 1)


@case
def worker_max_is_followed_and_nothing_is_ended_for_it():
    s = Server()
    s.ok("store", "put", "/config/worker_max", "2")
    eventually(lambda: s.json("GET", "/v1/nodes")["items"][0]["capacity"] == 2, 20)
    names = [want(s, "sleep", "3") for _ in range(6)]
    def running():
        return sum(task_of(s, n)["state"] == "Running" for n in names)
    eventually(lambda: running() == 2, 20)
    s.ok("store", "put", "/config/worker_max", "4")
    eventually(lambda: running() == 4, 20)
    s.ok("store", "put", "/config/worker_max", "1")
    for n in names:
        equal(len(ends(s, n, "Succeeded")["attempts"]), 1, "it was ended, and begun anew")
    s.ok("store", "put", "/config/worker_max", "none")
    eventually(lambda: "firebreak_schedule_bad_values_total 1" in s.ask("GET", "/metrics")[1], 20)


@case
def a_drained_node_finishes_what_runs():
    s = Server(args=["--node", "n1"])
    name = want(s, "sleep", "1")
    ends(s, name, "Running")
    s.ok("node", "drain", "n1")
    equal([(n["state"], n["running"]) for n in s.json("GET", "/v1/nodes")["items"]], [("Draining", 0)])
    equal(ends(s, name, "Succeeded")["attempts"][0]["accepted"], True)
    waits = want(s, "true")
    time.sleep(0.3)
    equal(task_of(s, waits)["state"], "Pending")
    for verb, state in (("uncordon", "Ready"), ("cordon", "Cordoned"), ("uncordon", "Ready")):
        s.ok("node", verb, "n1")
        equal([n["state"] for n in s.json("GET", "/v1/nodes")["items"]], [state])
    ends(s, waits, "Succeeded")


@case
def one_at_a_time_with_a_concurrency_key():
    s = Server()
    path = os.path.join(s.data, "ledger")
    script = f"echo begin >> {path}; sleep 0.05; echo end >> {path}"
    names = [want(s, "sh", "-c", script, concurrency="backup") for _ in range(6)]
    for n in names:
        ends(s, n, "Succeeded")
    equal(open(path).read(), "begin\nend\n" * 6)


@case
def a_restart_goes_on_with_what_is_there():
    s = Server()
    done = want(s, "true")
    ends(s, done, "Succeeded")
    name = want(s, "sleep", "2")
    ends(s, name, "Running")
    s.kill()
    s.start()
    t = ends(s, name, "Succeeded")
    equal([a["accepted"] for a in t["attempts"]], [False, True])
    equal(len(task_of(s, done)["attempts"]), 1)
    name = want(s, "sleep", "2")
    ends(s, name, "Running")
    s.end()
    s.start()
    ends(s, name, "Succeeded")


@case
def what_cannot_be_wanted_is_told():
    s = Server()
    for body, field in [({"argv": []}, "argv"), ({"argv": ["a"], "color": 1}, "color"),
                        ({"argv": ["a"], "state": "Succeeded"}, "state"), ({"argv": ["a\0b"]}, "argv"),
                        ({"argv": ["a"], "node": "x", "selector": "y"}, "node"),
                        ({"argv": ["a"], "selector": "("}, ""), ({"argv": ["a"], "node": "a b"}, "node"),
                        ({"argv": ["a"], "namespace": "a/b"}, "namespace"), ({"argv": ["a"], "approve": "yes"}, "approve")]:
        answer = s.json("POST", "/v1/tasks", json.dumps(body), want=400)
        contains(answer["detail"] + str(answer.get("field")), field)
    for more, field in [({"node": "x", "selector": "y"}, "selector"), ({"timeout_ms": 2, "deadline_ms": 1}, "timeout_ms"),
                        ({"rate_per_hour": 3}, "rate_per_hour"), ({"retries": 1001}, "retries"), ({"dedup_key": "k" * 4096}, "dedup_key")]:
        equal(s.json("POST", "/v1/tasks", json.dumps({"argv": ["a"], **more}), want=400)["field"], field)
    r = s.run("task", "run", "--node", "x", "-l", "os=linux", "--", "true")
    equal(r.returncode, 2)
    contains(r.stderr, "selector: node is there, too: ")
    contains(r.stderr, "leave one of the two out\n")
    equal(s.ask("POST", "/v1/tasks/nobody/cancel")[0], 404)
    equal(s.ask("POST", "/v1/tasks/nobody/dance")[0], 404)
    equal(s.run("up", "--roles", "cook", env=s.env).returncode, 2)
    for option in ("--user", "--dedup", "--node", "-l"):  # of a script in which a variable is not set
        r = s.run("task", "run", option, "", "--", "true")
        equal((r.returncode, "its value is empty" in r.stderr), (2, True), r.stderr)
    equal(s.json("GET", "/v1/tasks")["items"], [])


@case
def a_task_that_has_ended_can_be_deleted():
    s = Server()
    name = s.ok("task", "run", "--dedup", "k", "--", "sleep", "100").strip()
    ends(s, name, "Running")
    r = s.run("delete", "task", name)
    equal((r.returncode, "cancel it first" in r.stderr), (1, True), r.stderr)
    s.ok("task", "cancel", name)
    ends(s, name, "Canceled")
    equal(s.ok("delete", "task", name), f"task/{name} deleted\n")
    equal(s.run("get", "task", name).returncode, 1)
    again = s.ok("task", "run", "--wait", "--dedup", "k", "--", "echo", "hi").strip()
    true(again != name)
    s.ok("delete", f"task/{again}")
    keys = [k["key"] for k in s.json("GET", "/v1/store/keys?prefix=true&key=/&limit=500")["items"]]
    equal([k for k in keys if again in k or name in k], [])


@case
def tasks_are_listed_by_their_namespace():
    s = Server()
    names = {n: s.ok("task", "run", "-n", n, "--wait", "--", "true").strip() for n in ("default", "other")}
    for n, name in names.items():
        equal(s.ok("get", "tasks", "-n", n, "-o", "name").split(), [f"task/{name}"])
    equal(s.ok("get", "tasks", "-o", "name").split(), [f"task/{names['default']}"])
    equal(len(s.ok("get", "tasks", "--all-namespaces", "-o", "name").split()), 2)


@case
def who_waits_for_one_object_gets_it_as_it_ended():
    s = Server()
    r = s.run("task", "run", "--wait", "-o", "json", "--", "sh", "-c", "exit 4")
    told = json.loads(r.stdout)
    equal((r.returncode, told["state"], told["exit"]), (4, "Failed", 4))
    r = s.run("task", "run", "--wait", "-o", "jsonl", "--", "true")
    equal([json.loads(x)["state"] for x in r.stdout.splitlines()], ["Pending", "Succeeded"])


@case
def labels_of_a_node_are_what_selectors_ask_for():
    s = Server(args=["--node", "n1", "--label", "pool=web", "--label", "zone=a", "--label", "zone=b"])
    node = eventually(lambda: s.json("GET", "/v1/nodes")["items"], 20)[0]
    equal({k: v for k, v in node["labels"].items() if k != "host"},
          {"name": "n1", "os": "linux", "arch": node["labels"]["arch"], "pool": "web", "zone": "b"})
    equal(node["labels"]["host"], os.uname().nodename)
    for selector in ["pool=web", "zone in (a,b),os=linux", f"arch={node['labels']['arch']}", f"host={os.uname().nodename}"]:
        equal(s.run("task", "run", "--wait", "-l", selector, "--", "true").returncode, 0, selector)
    r = s.run("task", "run", "-l", "zone=a", "--", "true")
    name = r.stdout.strip()
    equal(r.stderr, f"firebreak task: {name} waits for a node that fits zone=a: none of 1 does\n")
    equal(task_of(s, name)["state"], "Pending")
    contains(s.ok("get", "nodes"), "pool=web")
    for bad in ["pool", "=x", "a b=c", "os=plan9", "k="]:
        r = s.run("up", "--node", "n2", "--label", bad, env=s.env)
        equal(r.returncode, 2, bad)
        contains(r.stderr, "--label")


@case
def a_task_says_what_it_waits_for_and_since_when():
    s = Server(args=["--node", "n1"])
    eventually(lambda: s.json("GET", "/v1/nodes")["items"], 20)
    r = s.run("task", "run", "--node", "n2", "--", "true")
    name = r.stdout.strip()
    equal(r.stderr, f"firebreak task: {name} waits for node n2, which is not there\n")
    waiting = task_of(s, name)["waiting"]
    equal((waiting["reason"], waiting["for"]), ("node_absent", "node n2, which is not there"))
    equal(waiting["since"], task_of(s, name)["created_at"])
    contains(s.ok("get", "tasks"), "waits for node n2, which is not there")
    contains(s.ok("describe", "task", name), "waiting:\n  reason: node_absent\n")
    lock = want(s, "sleep", "100", concurrency="k")
    ends(s, lock, "Running")
    other = want(s, "true", concurrency="k")
    equal(task_of(s, other)["waiting"]["for"], f"{lock}, which has the concurrency key 'k'")
    equal([t.get("waiting") for t in s.json("GET", "/v1/tasks")["items"] if t["name"] == lock], [None])
    s.ok("task", "cancel", other)  # else it may have the key first, once the other one is lost
    true(not ends(s, other, "Canceled").get("waiting"))
    # What is lost with its node says so, and how long it ran as far as anybody knows.
    s.kill()
    s.start()
    first = eventually(lambda: ends(s, lock, "Running", "Pending", "Assigned")["attempts"][1:], 30) and \
        task_of(s, lock)["attempts"][0]
    equal((first["state"], first["detail"]), ("Failed", "its node was lost"))
    true(first["started_at"] and first["wall_ms"] > 0, first)
    for x in (name, lock):
        s.ok("task", "cancel", x)
        true(not ends(s, x, "Canceled").get("waiting"))


@case
def who_watches_or_waits_outlives_the_server():
    s = Server(args=["--node", "n1"])
    watch = s.lines("get", "tasks", "-w", "-o", "jsonl")
    waiting = spawn("task", "run", "--wait", "--dir", s.data, "--", "sh", "-c", "test -e again && echo two && exit 7; echo one; touch again; sleep 100",
                    env=s.env)
    name = waiting.stdout.readline().strip()
    logs = spawn("task", "logs", "-f", name, env=s.env)
    ends(s, name, "Running")
    eventually(lambda: os.path.exists(os.path.join(s.data, "again")), 20)
    watch.wait(lambda x: x["item"]["name"] == name and x["item"]["state"] == "Running", 20)
    equal(logs.stdout.readline(), "one\n")
    s.kill()
    s.start()
    ends(s, name, "Failed")
    watch.wait(lambda x: x["item"]["name"] == name and x["item"]["state"] == "Failed", 20)
    equal(waiting.wait(20), 7)
    equal((logs.wait(20), logs.stdout.read()), (0, "two\n"))
    contains(waiting.stderr.read(), "firebreak task: the server went away; asking again\n")
    told = [x["revision"] for x in watch.seen]
    equal(told, sorted(set(told)), "told twice, or in another order")
    pending = [x["item"] for x in watch.seen if x["item"]["state"] == "Pending" and x["item"]["attempts"]]
    equal([x["attempts"][-1]["detail"] for x in pending], ["its node was lost"])


@case
def an_action_begins_no_more_often_than_its_rate():
    s = Server()
    started = time.monotonic()
    names = [s.ok("task", "run", "--action", "restart-web", "--rate", "3600", "--", "true").strip() for _ in range(3)]
    others = s.run("task", "run", "--wait", "--action", "other", "--rate", "1", "--", "true")
    equal(others.returncode, 0)
    for name in names:
        ends(s, name, "Succeeded")
    true(time.monotonic() - started >= 1.9, "three began within less than two seconds")
    true("firebreak_schedule_rate_waits_total 0\n" not in s.ask("GET", "/metrics")[1])
    first, second = [s.ok("task", "run", "--action", "slow", "--rate", "2", "--", "true").strip() for _ in range(2)]
    ends(s, first, "Succeeded")
    waits = eventually(lambda: "within the last hour" in task_of(s, second)["waiting"]["for"] and task_of(s, second), 20)
    equal(waits["waiting"]["reason"], "rate")
    contains(waits["waiting"]["for"], "a turn of its action 'slow': 1 began within the last hour, of 2, evenly apart; the next may at 2")
    r = s.run("task", "run", "--rate", "5", "--", "true")
    equal(r.returncode, 2)
    contains(r.stderr, "of which action")


@case
def a_table_has_lines_that_people_read():
    s = Server()
    s.ok("task", "run", "--", "true", *["word"] * 5000)
    rows = s.ok("get", "tasks").splitlines()
    true(all(len(row) < 250 for row in rows), max(map(len, rows)))
    contains(rows[1], "…")
    true(len(s.ok("get", "tasks", "-o", "wide")) > 5000)


main()
