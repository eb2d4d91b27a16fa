"""Tasks on a real etcd: two controllers and three workers, each killed, stopped past its lease, and started again."""
import random

from fleet import *

own_network()

KILLS = int(os.environ.get("FIREBREAK_ETCD_KILLS", "10"))
SEED = int(os.environ.get("FIREBREAK_KILL_SEED", "3"))


def fleet():
    etcd = Etcd()
    f = Fleet(etcd.url)
    f.etcd, f.front = etcd, f.controllers[0]
    return f


@case
def workers_and_controllers_are_killed_in_turn():
    f, rng = fleet(), random.Random(SEED)
    in_flight = 0
    for n in range(KILLS):
        def busy():
            # Tasks are short: those of a moment ago may have ended all at once.
            open_tasks = f.open_tasks()
            for _ in range(32 - len(open_tasks)):
                f.want(f"0.{rng.randrange(2, 9)}")
            return sum(t["state"] == "Running" for t in open_tasks) >= 5
        eventually(busy, 60, "nothing runs")
        in_flight += len(f.open_tasks())
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
    f = fleet()
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
    f = fleet()
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
    f = fleet()
    equal(f.etcd.ctl("put", "/config/worker_max", "1").returncode, 0)
    eventually(lambda: [n["capacity"] for n in f.front.json("GET", "/v1/nodes")["items"]] == [1, 1, 1], 20)
    for _ in range(9):
        f.want("0.3")
    most = 0
    while f.open_tasks():
        most = max(most, sum(t["state"] == "Running" for t in f.tasks()))
    true(1 <= most <= 3, f"{most} ran at once")
    r = f.front.run("task", "run", "-l", "name in (w0,w2)", "--wait", "--", "true")
    equal((r.returncode, r.stderr), (0, "2 nodes Succeeded: w0 w2\n"))
    name = r.stdout.strip()
    equal(sorted(x["node"] for x in f.task(name)["targets"]), ["w0", "w2"])
    f.names.append(name)


main()
