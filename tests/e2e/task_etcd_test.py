"""Tasks on a real etcd: two controllers and three workers, each killed, stopped past its lease, and started again."""
import random

from serving import *

own_network()

KILLS = int(os.environ.get("FIREBREAK_CLUSTER_KILLS", "10"))
SEED = int(os.environ.get("FIREBREAK_KILL_SEED", "3"))
OPEN = ("Pending", "Assigned", "Running")


class Fleet:
    def __init__(self):
        self.etcd = Etcd()
        self.path = os.path.join(folder(), "ledger")
        self.front = Server(args=["--store", self.etcd.url, "--roles", "controller", "--node", "c0"])
        self.controllers = [self.front, Server(args=["--store", self.etcd.url, "--roles", "controller", "--node", "c1"])]
        self.workers = [Server(args=["--store", self.etcd.url, "--roles", "worker", "--node", f"w{i}"]) for i in range(3)]
        self.names = []
        eventually(lambda: len(self.nodes()) == 3, 20)

    def nodes(self):
        return [n["name"] for n in self.front.json("GET", "/v1/nodes")["items"]]

    def tasks(self):
        items, next_ = [], ""
        while True:
            # Any of them is asked: the one that was may be the one that is dead.
            page = self.workers[0].json("GET", f"/v1/tasks?limit=500&next={next_}") if self.front.p.poll() is not None \
                else self.front.json("GET", f"/v1/tasks?limit=500&next={next_}")
            items += page["items"]
            next_ = page["next"]
            if not next_:
                return items

    def want(self, seconds, **more):
        script = f'echo "$FIREBREAK_TASK $FIREBREAK_TASK_TOKEN" >> {self.path}; sleep {seconds}'
        body = {"argv": ["bash", "-c", script], **more}
        name = self.front.json("POST", "/v1/tasks", json.dumps(body), want=201)["name"]
        self.names.append(name)
        return name

    def task(self, name):
        return self.front.json("GET", f"/v1/tasks/{name}")

    def runs_on(self, name):
        t = self.task(name)
        return t["node"] if t["state"] == "Running" else None

    def worker_of(self, node):
        return self.workers[int(node[1:])]

    def ledger(self):
        """Each was run, as often as it has tokens; one completion of it was accepted, and nothing came behind it."""
        eventually(lambda: not [t for t in self.tasks() if t["state"] in OPEN], 120, "stuck")
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


@case
def workers_and_controllers_are_killed_in_turn():
    f, rng = Fleet(), random.Random(SEED)
    in_flight = 0
    for n in range(KILLS):
        def busy():
            # Tasks are short: those of a moment ago may have ended all at once.
            open_tasks = [t for t in f.tasks() if t["state"] in OPEN]
            for _ in range(32 - len(open_tasks)):
                f.want(f"0.{rng.randrange(2, 9)}")
            return sum(t["state"] == "Running" for t in open_tasks) >= 5
        eventually(busy, 60, "nothing runs")
        in_flight += len([t for t in f.tasks() if t["state"] in OPEN])
        victim = f.controllers[n // 2 % 2] if n % 2 else f.workers[n // 2 % 3]
        victim.kill()
        time.sleep(rng.random() * 0.3)
        victim.start()
    runs = f.ledger()
    again = sum(len(r) > 1 for r in runs.values())
    print(f"# {KILLS} kills, {in_flight / KILLS:.1f} tasks in flight at each, {len(runs)} tasks, {again} run more than once",
          flush=True)
    true(again > 0 and in_flight >= 20 * KILLS, "nothing was in flight: nothing was tried")


@case
def a_dead_process_of_this_host_is_seen_at_once():
    f = Fleet()
    name = f.want("3")
    node = eventually(lambda: f.runs_on(name), 20)
    f.worker_of(node).kill()
    began = time.monotonic()
    eventually(lambda: len(f.task(name)["attempts"]) == 2, 20)
    took = time.monotonic() - began
    print(f"# given anew {took * 1000:.0f} ms after its worker was killed", flush=True)
    true(took < 4, f"it took {took:.1f} s: as long as the lease")
    f.ledger()


@case
def a_worker_that_stood_still_past_its_lease_is_told_that_it_is_late():
    f = Fleet()
    name = f.want("2")
    node = eventually(lambda: f.runs_on(name), 20)
    w = f.worker_of(node)
    w.p.send_signal(signal.SIGSTOP)
    made = len(f.task(name)["attempts"])
    eventually(lambda: len(f.task(name)["attempts"]) > made, 30, "its lease ends, and it is given to another one")
    eventually(lambda: f.task(name)["state"] == "Succeeded", 30)
    w.p.send_signal(signal.SIGCONT)
    def late():
        return [a["refused_reason"] for a in f.task(name)["attempts"] if a["node"] == node and a["refused_reason"]]
    eventually(late, 30, f"the late result is recorded: {f.task(name)}, {w.ask('GET', '/metrics')[1]}")
    equal(late()[0], "stale_token")
    f.ledger()
    eventually(lambda: len(f.nodes()) == 3, 30, "it lives again")
    eventually(lambda: 'reason="stale_token"} 1' in w.ask("GET", "/metrics")[1], 20)


@case
def etcdctl_says_how_much_runs():
    f = Fleet()
    equal(f.etcd.ctl("put", "/config/worker_max", "1").returncode, 0)
    eventually(lambda: [n["capacity"] for n in f.front.json("GET", "/v1/nodes")["items"]] == [1, 1, 1], 20)
    for _ in range(9):
        f.want("0.3")
    most = 0
    while [t for t in f.tasks() if t["state"] in OPEN]:
        most = max(most, sum(t["state"] == "Running" for t in f.tasks()))
    true(1 <= most <= 3, f"{most} ran at once")
    name = f.front.ok("task", "run", "-l", "name in (w0,w2)", "--wait", "--", "true").strip()
    equal(sorted(x["node"] for x in f.task(name)["targets"]), ["w0", "w2"])
    f.names.append(name)


main()
