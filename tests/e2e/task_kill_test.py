"""kill -9 in a loop, with twenty tasks in flight each time: the server with its controller and worker, and a task's own
process, in turn; in several data folders side by side. A ledger file counts what the programs did. FIREBREAK_TASK_KILLS says
how often (make kill: 300; make kill-long: 2,000)."""
import concurrent.futures
import random

from serving import *

own_network()

KILLS = int(os.environ.get("FIREBREAK_TASK_KILLS", "12"))
SEED = int(os.environ.get("FIREBREAK_KILL_SEED", "5"))
WORLDS = 3
IN_FLIGHT = 20
BACKOFF_MAX_S = 300
OPEN = ("Pending", "Assigned", "Running")


class Ledger:
    def __init__(self, s):
        self.s, self.path, self.names = s, os.path.join(s.data, "ledger"), []
        self.script = f'echo "$FIREBREAK_TASK $FIREBREAK_TASK_TOKEN $$" >> {self.path}; sleep $((RANDOM % 2)).$((RANDOM % 7 + 3))'

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


    def open_ones(self):
        return [t for t in self.tasks() if t["state"] in OPEN]

    def busy(self):
        """How much is in flight, once something runs and there is enough of it."""
        flying = self.open_ones()
        if len(flying) >= IN_FLIGHT and any(t["state"] == "Running" for t in flying):
            return len(flying)
        self.want(max(0, IN_FLIGHT + 8 - len(flying)))
        return 0

    def metric(self, name):
        for line in self.s.ask("GET", "/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return int(float(line.split()[1]))
        raise AssertionError(f"there is no {name}")

    def kill_last(self):
        """The processes of the newest runs, where they have not ended. Returns how many."""
        killed = 0
        for _, _, pid in self.lines()[-8:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
                killed += 1
        return killed

    def check(self):
        """Nothing is lost, accepted twice or stuck. Returns how many tasks there were, and how many were run again."""
        # One whose process was killed again and again may wait for its next attempt for long, and says so.
        eventually(lambda: not [t for t in self.open_ones() if t.get("waiting", {}).get("reason") != "backoff"], 120, "stuck")
        eventually(lambda: not self.open_ones(), BACKOFF_MAX_S + 120, "stuck")
        tasks = {t["name"]: t for t in self.tasks()}
        attempts = {}
        for name, token, _ in self.lines():
            attempts.setdefault(name, []).append(token)
        equal(sorted(tasks), sorted(self.names), "lost")
        for name, t in tasks.items():
            equal(t["state"], "Succeeded", t)
            equal(sum(a["accepted"] for a in t["attempts"]), 1, t)
            true(len(attempts.get(name, [])) >= 1, f"{name} succeeded, and was never run")
            equal(len(attempts[name]), len(set(attempts[name])), f"{name}: a token was used twice: {attempts[name]}")
            accepted = [a["token"] for a in t["attempts"] if a["accepted"]][0]
            true(str(accepted) == attempts[name][-1],
                 f"{name}: run again after it was accepted: {attempts[name]}, {accepted}")
        return len(tasks), sum(len(a) > 1 for a in attempts.values())


def one_world(number):
    rng = random.Random(SEED + number)
    s = Server()
    s.ok("store", "put", "/config/worker_max", "32")
    ledger = Ledger(s)
    kills = KILLS // WORLDS + (number < KILLS % WORLDS)
    in_flight = killed = 0
    for n in range(kills):
        in_flight += eventually(ledger.busy, 60, "nothing runs")
        if n % 2 == 0:
            s.kill()
            s.start()
        else:
            killed += ledger.kill_last()
        time.sleep(rng.random() * 0.02)
    tasks, again = ledger.check()
    equal(ledger.metric("firebreak_schedule_mended_total"), 0)
    return in_flight, killed, tasks, again


@case
def nothing_is_lost_accepted_twice_or_stuck():
    with concurrent.futures.ThreadPoolExecutor(WORLDS) as pool:
        in_flight, killed, tasks, again = (sum(x) for x in zip(*pool.map(one_world, range(WORLDS))))
    print(f"# {KILLS} kills, {in_flight / KILLS:.1f} tasks in flight at each, {tasks} tasks, {again} run more than "
          f"once, {killed} of their processes killed", flush=True)
    true(again > 0 and killed > 0, "nothing was in flight: nothing was tried")


main()
