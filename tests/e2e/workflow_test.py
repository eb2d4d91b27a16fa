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
    equal(s.run("task", "run", "-f", path, "--", "true").returncode, 2)
    equal(s.run("task", "run").returncode, 2)
    equal(s.json("GET", "/v1/tasks")["items"], [])


@case
def what_no_task_can_do_is_refused_by_its_name():
    s = Server()
    r = s.run("task", "run", "-f", file_of("failover: {to: db-2}\n"))
    equal(r.returncode, 2, r.stderr)
    contains(r.stderr, "a task cannot do 'failover' yet")


main()
