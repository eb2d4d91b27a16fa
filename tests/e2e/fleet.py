"""Controllers and workers on one store, tasks for them, and the ledger that counts what the tasks did."""
import uuid

from serving import *

OPEN = ("Pending", "Assigned", "Running")


class Unanswered(AssertionError):
    pass


class Fleet:
    def __init__(self, url, start=Server, env=None):
        self.path = os.path.join(folder(), "ledger")
        self.names, self.url = [], url
        self.controllers = [self.process(start, env, "controller", f"c{i}") for i in range(2)]
        self.workers = [self.process(start, env, "worker", f"w{i}") for i in range(3)]
        self.processes = self.controllers + self.workers
        eventually(lambda: len(self.nodes()) == 3, 30)

    def process(self, start, env, role, node):
        return start(args=["--store", self.url, "--roles", role, "--node", node], env=env)

    def json(self, method, target, body=None):
        """Whoever can answer is asked: each of them has the store."""
        last = None
        for s in self.processes:
            if s.p.poll() is not None or s.away:
                continue
            try:
                status, text = s.ask(method, target, body)
                if status in (200, 201):
                    return json.loads(text)
                last = f"{status} {text}"
            except (OSError, http.client.HTTPException) as e:
                last = repr(e)
        raise Unanswered(f"nobody answers {method} {target}: {last}")

    def nodes(self):
        """Those that live."""
        return [n["name"] for n in self.json("GET", "/v1/nodes")["items"] if n["state"] != "Lost"]

    def tasks(self):
        items, next_ = [], ""
        while True:
            page = self.json("GET", f"/v1/tasks?limit=500&next={next_}")
            items += page["items"]
            next_ = page["next"]
            if not next_:
                return items

    def open_tasks(self):
        return [t for t in self.tasks() if t["state"] in OPEN]

    def want(self, seconds, **more):
        """As often as it takes: by its dedup key it is one task, whatever became of the answers."""
        script = f'echo "$FIREBREAK_TASK $FIREBREAK_TASK_TOKEN" >> {self.path}; sleep {seconds}'
        body = json.dumps({"argv": ["bash", "-c", script], "dedup_key": str(uuid.uuid4()), **more})
        def made():
            with contextlib.suppress(Unanswered):
                return self.json("POST", "/v1/tasks", body)["name"]
        self.names.append(eventually(made, 60, "no task can be wanted"))
        return self.names[-1]

    def task(self, name):
        return self.json("GET", f"/v1/tasks/{name}")

    def runs_on(self, name):
        t = self.task(name)
        return t["node"] if t["state"] == "Running" else None

    def worker_of(self, node):
        return self.workers[int(node[1:])]

    def ledger(self):
        """Each was run, as often as it has tokens; one completion of it was accepted, and nothing came behind it."""
        def over():
            with contextlib.suppress(Unanswered):
                return not self.open_tasks()
        eventually(over, 120, "stuck")
        runs = {}
        for line in open(self.path).read().splitlines():
            name, token = line.split()
            runs.setdefault(name, []).append(int(token))
        tasks = {t["name"]: t for t in self.tasks()}
        equal(sorted(tasks), sorted(self.names), "lost")
        for name, t in tasks.items():
            equal(t["state"], "Succeeded", t)
            accepted = [a["token"] for a in t["attempts"] if a["accepted"]]
            equal(len(accepted), 1, t)
            true(accepted[0] in runs[name], f"{name} was never run under {accepted}: {runs[name]}")
            equal(len(runs[name]), len(set(runs[name])), f"{name}: a token was used twice")
        return runs

    def mended(self):
        """What the net below the scheduler's memory has found, in all that live now. It is there for our own mistakes."""
        found = 0
        for s in self.processes:
            for line in s.ask("GET", "/metrics")[1].splitlines():
                if line.startswith("firebreak_schedule_mended_total"):
                    found += int(float(line.split()[1]))
        return found
