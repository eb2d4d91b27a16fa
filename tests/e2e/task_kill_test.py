"""kill -9 in a loop, with twenty tasks in flight each time: the server with its controller and worker, and a task's own
process, in turn. A ledger file counts what the programs did. FIREBREAK_TASK_KILLS says how often (make kill: 100; make kill-long: 2,000)."""
import random

from serving import *

own_network()

KILLS = int(os.environ.get("FIREBREAK_TASK_KILLS", "12"))
SEED = int(os.environ.get("FIREBREAK_KILL_SEED", "5"))
IN_FLIGHT = 20


class Ledger:
    def __init__(self, s):
        self.s, self.path, self.names = s, os.path.join(s.data, "ledger"), []
        self.script = f'echo "$FIREBREAK_TASK $FIREBREAK_TASK_TOKEN $$" >> {self.path}; sleep 0.$((RANDOM % 4))5'

    def want(self, count):
        for _ in range(count):
            body = {"argv": ["bash", "-c", self.script], "retries": 1000, "backoff_ms": 10}
            self.names.append(self.s.json("POST", "/v1/tasks", json.dumps(body), want=201)["name"])

    def tasks(self):
        items, next_ = [], ""
        while True:
            page = self.s.json("GET", f"/v1/tasks?limit=500&next={next_}")
            items += page["items"]
            next_ = page["next"]
            if not next_:
                return items

    def lines(self):
        try:
            with open(self.path) as f:
                return [x.split() for x in f.read().splitlines()]
        except FileNotFoundError:
            return []


@case
def nothing_is_lost_accepted_twice_or_stuck():
    rng = random.Random(SEED)
    s = Server()
    s.ok("store", "put", "/config/worker_max", "32")
    ledger = Ledger(s)
    in_flight = killed = 0
    ended = set()
    for n in range(KILLS):
        def open_ones():
            return [t for t in ledger.tasks() if t["state"] in ("Pending", "Assigned", "Running")]
        ledger.want(max(0, IN_FLIGHT + 4 - len(open_ones())))
        eventually(lambda: any(t["state"] == "Running" for t in open_ones()), 20, "nothing runs")
        flying = open_ones()
        in_flight += len(flying)
        for t in ledger.tasks():
            if t["state"] == "Succeeded":
                ended.add(t["name"])
        if n % 2 == 0:
            s.kill()
            s.start()
        else:
            lines = ledger.lines()
            for _, _, pid in lines[-8:]:
                try:
                    os.kill(int(pid), signal.SIGKILL)
                    killed += 1
                except ProcessLookupError:
                    pass
        time.sleep(rng.random() * 0.02)
    def all_over():
        return all(t["state"] not in ("Pending", "Assigned", "Running") for t in ledger.tasks())
    eventually(all_over, 120, "stuck")
    tasks = {t["name"]: t for t in ledger.tasks()}
    attempts = {}
    for name, token, _ in ledger.lines():
        attempts.setdefault(name, []).append(token)
    equal(sorted(tasks), sorted(ledger.names), "lost")
    for name, t in tasks.items():
        equal(t["state"], "Succeeded", t)
        equal(sum(a["accepted"] for a in t["attempts"]), 1, t)
        true(len(attempts.get(name, [])) >= 1, f"{name} succeeded, and was never run")
        equal(len(attempts[name]), len(set(attempts[name])), f"{name}: a token was used twice: {attempts[name]}")
        accepted = [a["token"] for a in t["attempts"] if a["accepted"]][0]
        true(str(accepted) == attempts[name][-1], f"{name}: run again after it was accepted: {attempts[name]}, {accepted}")
    again = sum(len(a) > 1 for a in attempts.values())
    print(f"# {KILLS} kills, {in_flight / KILLS:.1f} tasks in flight at each, {len(tasks)} tasks, {again} run more than "
          f"once, {killed} of their processes killed", flush=True)
    true(in_flight >= KILLS * IN_FLIGHT * 0.8 and again > 0 and killed > 0, "nothing was in flight: nothing was tried")


main()
