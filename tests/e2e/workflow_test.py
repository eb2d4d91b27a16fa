"""Actions out of files, and workflows: steps that need each other, conditions, outputs, rollbacks."""
from serving import *

own_network()


def task_of(s, name):
    return s.json("GET", f"/v1/tasks/{name}")


def ends(s, name, *states):
    def over():
        t = task_of(s, name)
        return t if t["state"] in states else None
    return eventually(over, 30, f"{name} does not become {states}: {task_of(s, name)}")


def file_of(text, end="yaml"):
    return write(os.path.join(folder(), f"action.{end}"), text)


@case
def an_action_of_a_file_is_a_task_in_every_form():
    s = Server(args=["--node", "n1"])
    argv = ["sh", "-c", 'echo "$A"; exit 7']
    for text, end in [
            (json.dumps({"run": {"argv": argv, "env": {"A": "b"}}}), "json"),
            ('run:\n  argv: [sh, -c, "echo \\"$A\\"; exit 7"]\n  env: {A: b}\n', "yaml"),
            ('[run]\nargv = ["sh", "-c", "echo \\"$A\\"; exit 7"]\nenv = {A = "b"}\n', "toml"),
            ('package ops\n\nimport "ops/firebreak"\n\nvar Action = firebreak.Action{Run: &firebreak.Run{\n'
             'Argv: []string{"sh", "-c", `echo "$A"; exit 7`}, Env: map[string]string{"A": "b"}}}\n', "go")]:
        r = s.run("task", "run", "--wait", "-f", file_of(text, end))
        equal(r.returncode, 7, (end, r.stderr))
        equal(s.ok("task", "logs", r.stdout.strip()), "b\n", end)
        equal(task_of(s, r.stdout.strip())["argv"], argv, end)
        if end != "toml":
            equal(s.run("task", "run", "--wait", "-f", "-", input=text).returncode, 7, end)


@case
def what_stands_on_the_command_line_counts_more_than_the_file():
    s = Server()
    path = file_of('run: {argv: [sh, -c, "echo $A $B; exit 1"], env: {A: a, B: b}, retries: 3, backoff: 10ms, priority: 5}')
    r = s.run("task", "run", "--wait", "--env", "B=c", "--retries", "0", "-f", path)
    equal(r.returncode, 1, r.stderr)
    t = task_of(s, r.stdout.strip())
    equal((len(t["attempts"]), t["priority"], t["timeout_ms"], t["backoff_ms"]), (1, 5, 60000, 10))
    equal(s.ok("task", "logs", t["name"]), "a c\n")


@case
def what_is_wrong_with_a_file_is_told_with_its_place():
    s = Server()
    path = file_of("run:\n  argv: [true]\n  retires: 3\n")
    r = s.run("task", "run", "-f", path)
    equal(r.returncode, 2)
    contains(r.stderr, f"{path}:3:3: ")
    contains(r.stderr, 'did you mean "retries"')
    r = s.run("task", "run", "-f", file_of('run: {argv: ["true"]}\nrestart: {unit: x.service}\n'))
    equal(r.returncode, 2)
    contains(r.stderr, "restart and run: exactly one of them")
    r = s.run("task", "run", "-f", "/does/not/exist.yaml")
    equal((r.returncode, r.stdout), (3, ""))
    equal(r.stderr, "/does/not/exist.yaml: it cannot be read: No such file or directory\n")
    r = s.run("task", "run", "-f", "-", input="run: {argv: [true], retires: 3}\n")
    equal(r.returncode, 2)
    contains(r.stderr, "-:1:")
    # A folder is one action, or none.
    where = folder()
    for name in ("a.yaml", "b.yaml"):
        with open(os.path.join(where, name), "w") as f:
            f.write('run: {argv: ["true"]}\n')
    r = s.run("task", "run", "-f", where)
    equal((r.returncode, r.stderr), (2, f"{where}: the folder holds several actions: name the file of one\n"))
    equal(s.run("task", "run", "-f", path, "--", "true").returncode, 2)
    equal(s.run("task", "run").returncode, 2)
    equal(s.json("GET", "/v1/tasks")["items"], [])


@case
def what_only_a_remedy_can_do_says_so():
    s = Server()
    for action, word in (("failover: {to: db-2}\n", "whose work is to go elsewhere?"),
                         ("notify: {receiver: ops}\n", "a remedy has something to tell")):
        r = s.run("task", "run", "--wait", "-f", file_of(action))
        true(r.returncode != 0, r.stdout)
        contains(s.ok("get", "tasks", "-o", "json"), word)


# ---- workflows ----

def flow(*steps):
    return json.dumps({"workflow": {"steps": list(steps)}})


def step(name, script, undo=None, **more):
    s = {"name": name, "do": {"run": {"argv": ["sh", "-c", script]}}, **more}
    if undo:
        s["rollback"] = {"run": {"argv": ["sh", "-c", undo]}}
    return s


def lines(path):
    return open(path).read().split() if os.path.exists(path) else []


@case
def steps_hand_on_what_they_found_and_run_in_their_order():
    s = Server()
    ledger = os.path.join(folder(), "ledger")
    path = file_of(f"""
workflow:
  steps:
    - name: look
      do: {{run: {{argv: [sh, -c, "echo look >> {ledger}; echo PERCENT=95 >> $FIREBREAK_OUTPUT"]}}}}
    - name: fix
      needs: [look]
      if: steps.look.PERCENT > 90
      do: {{run: {{argv: [sh, -c, 'echo "fix-$1" >> {ledger}', sh, "${{steps.look.PERCENT}}"]}}}}
    - name: never
      needs: [look]
      if: steps.look.PERCENT < 90
      do: {{run: {{argv: [sh, -c, "echo never >> {ledger}"]}}}}
    - name: last
      needs: [fix, never]
      if: steps.fix.ok and steps.never.skipped
      do: {{run: {{argv: [sh, -c, "echo last >> {ledger}; echo bye"]}}}}
""")
    r = s.run("task", "run", "--wait", "-f", path)
    equal((r.returncode, r.stderr), (0, ""))
    equal(lines(ledger), ["look", "fix-95", "last"])
    name = r.stdout.strip()
    t = task_of(s, name)
    equal([(x["name"], x["state"], x.get("skipped", False)) for x in t["steps"]],
          [("look", "Succeeded", False), ("fix", "Succeeded", False), ("never", "Succeeded", True), ("last", "Succeeded", False)])
    equal(t["steps"][0]["outputs"], {"PERCENT": "95"})
    equal(sorted(x["name"] for x in s.json("GET", "/v1/tasks")["items"]),
          [name, f"{name}:fix", f"{name}:last", f"{name}:look"])
    equal(s.ok("task", "logs", f"{name}:last"), "bye\n")


@case
def a_failure_undoes_what_was_done_in_reverse_and_is_the_exit_status():
    s = Server()
    ledger = os.path.join(folder(), "ledger")
    say = lambda word: f"echo {word} >> {ledger}"
    path = file_of(flow(step("a", say("a") + "; echo ID=7 >> $FIREBREAK_OUTPUT", 'echo "undo-a-${steps.a.ID}" >> ' + ledger),
                        step("b", say("b"), say("undo-b"), needs=["a"]),
                        step("c", say("c") + "; exit 9", say("undo-c"), needs=["b"]),
                        step("d", say("d"), needs=["c"])), "json")
    r = s.run("task", "run", "--wait", "-f", path)
    equal(r.returncode, 9, r.stderr)
    contains(r.stderr, "Failed: step c: exit status 9\n")
    equal(lines(ledger), ["a", "b", "c", "undo-b", "undo-a-7"])
    t = task_of(s, r.stdout.strip())
    equal((t["state"], [x["rollback_state"] for x in t["steps"]]), ("Failed", ["Succeeded", "Succeeded", None, None]))
    equal(s.run("task", "retry", f"{t['name']}:c").returncode, 1)
    s.ok("task", "retry", t["name"])
    ends(s, t["name"], "Failed")
    eventually(lambda: len(lines(ledger)) == 10, 20)


@case
def a_cancellation_ends_what_runs_and_undoes_the_rest():
    s = Server()
    ledger = os.path.join(folder(), "ledger")
    path = file_of(flow(step("a", "true", f"echo undo-a >> {ledger}"),
                        step("b", f"echo b >> {ledger}; exec sleep 100", needs=["a"])), "json")
    name = s.ok("task", "run", "-f", path).strip()
    eventually(lambda: lines(ledger) == ["b"], 30)
    s.ok("task", "cancel", name)
    equal(ends(s, name, "Canceled")["steps"][1]["state"], "Canceled")
    equal(lines(ledger), ["b", "undo-a"])


@case
def what_a_workflow_cannot_be_is_told_before_it_begins():
    s = Server()
    r = s.run("task", "run", "--timeout", "3s", "-f", file_of(flow(step("a", "true")), "json"))
    equal(r.returncode, 2)
    contains(r.stderr, "steps' to say")
    bad = {"do": json.loads(flow(step("a", "true", needs=["b"]), step("b", "true", needs=["a"])))}
    status, text = s.ask("POST", "/v1/tasks", json.dumps(bad))
    equal(status, 400)
    contains(text, "circle")
    equal(s.json("GET", "/v1/tasks")["items"], [])


@case
def a_schedule_may_do_a_workflow():
    path = write(os.path.join(folder(), "ops.json"), json.dumps({"schedules": [
        {"name": "tidy", "cron": "@yearly", "do": json.loads(flow(step("a", "true"), step("b", "exit 3", needs=["a"])))}]}))
    s = Server(args=["-c", path])
    eventually(lambda: s.run("schedule", "trigger", "tidy").returncode == 0, 30)

    def failed():
        return [t for t in s.json("GET", "/v1/tasks")["items"] if t.get("steps") and t["state"] == "Failed"]
    equal([x["state"] for x in eventually(failed, 30)[0]["steps"]], ["Succeeded", "Failed"])


@case
def it_goes_on_where_it_was_when_everything_is_killed():
    """kill -9 of controller and worker together, again and again, while a workflow runs: no step that was accepted runs
    anew, none is passed over, and the order holds."""
    s = Server()
    ledger = os.path.join(folder(), "ledger")
    steps = [step(f"s{i}", f"echo s{i} >> {ledger}; sleep 0.15", needs=[f"s{i - 1}"] if i else []) for i in range(8)]
    name = s.ok("task", "run", "-f", file_of(flow(*steps), "json")).strip()
    kills, accepted = 0, set()
    for _ in range(6):
        eventually(lambda: len(lines(ledger)) > kills, 30)
        for x in task_of(s, name)["steps"]:
            if x["state"] == "Succeeded":
                accepted.add(x["name"])
        s.p.kill()
        s.p.wait()
        seen = lines(ledger)
        s.start()
        kills += 1
        for done in accepted:
            equal(seen.count(done), lines(ledger).count(done), f"{done} was accepted, and ran again")
    t = ends(s, name, "Succeeded")
    ran = lines(ledger)
    equal(list(dict.fromkeys(ran)), [f"s{i}" for i in range(8)], ran)
    equal([x["state"] for x in t["steps"]], ["Succeeded"] * 8)
    for i in range(8):
        step_task = task_of(s, f"{name}:s{i}")
        equal(len([a for a in step_task["attempts"] if a["accepted"]]), 1)
        true(ran.count(f"s{i}") <= len(step_task["attempts"]), (ran, step_task["attempts"]))


@case
def a_task_that_fails_is_undone_by_its_rollback():
    s = Server()
    ledger = os.path.join(folder(), "ledger")
    undo = file_of(f"run: {{argv: [sh, -c, 'echo undone >> {ledger}']}}")
    equal(s.run("task", "run", "--wait", "--rollback", undo, "--", "true").returncode, 0)
    name = s.ok("task", "run", "--retries", "1", "--backoff", "10ms", "--rollback", undo, "--", "false").strip()
    t = ends(s, name, "Failed")
    equal(ends(s, t["rollback_task"], "Succeeded")["created_by"], f"rollback of {name}")
    equal(lines(ledger), ["undone"])
    s.ok("task", "retry", name)
    eventually(lambda: lines(ledger) == ["undone"] * 2, 30)
    equal(len([x for x in s.json("GET", "/v1/tasks")["items"] if x["created_by"].startswith("rollback of")]), 2)
    equal(s.run("task", "run", "--rollback", file_of("run: {}"), "--", "true").returncode, 2)


@case
def logs_of_a_workflow_are_those_of_its_steps():
    s = Server()
    r = s.run("task", "run", "--wait", "-f", file_of(flow(step("a", "echo A", "echo UNDO"), step("b", "echo B; exit 1", needs=["a"])), "json"))
    equal(s.ok("task", "logs", "-f", r.stdout.strip()), "A\nB\nUNDO\n")
    contains(s.ok("get", "tasks"), "workflow of 2 steps")


main()
