#!/usr/bin/env python3
"""kill -9 of workers and controllers in turn, on a real etcd of three members, with twenty tasks in flight each time; and
between these a process that is stopped past its lease, or cut off; a member that is killed, stopped or cut off; a leader
that moves. Each process and member has a network of its own, with a cable that can be pulled. FIREBREAK_CLUSTER_KILLS says
how often (make cluster: 15; make cluster-long: 200), FIREBREAK_KILL_SEED what is drawn."""
import ctypes
import random

from fleet import *

KILLS = int(os.environ.get("FIREBREAK_CLUSTER_KILLS", "15"))
SEED = int(os.environ.get("FIREBREAK_KILL_SEED") or random.randrange(1000000))
IN_FLIGHT = 20
LEASE_S, PAST_LEASE_S, MEMBER_S = 2, 4.5, 2.5
CLONE_NEWNET = 0x40000000
MEMBERS = 3

allowed = own_network()


def ip(*args):
    subprocess.run([need("ip"), *args], check=True)


class Network:
    """A namespace that a sleeper keeps, at the other end of a cable to our bridge."""

    count = 0

    def __init__(self, address):
        Network.count += 1
        self.address, self.cable = address, f"cable{Network.count}"
        holder = server(["unshare", "-n", "sleep", "100000"])
        own = os.stat("/proc/self/ns/net").st_ino
        eventually(lambda: os.stat(f"/proc/{holder.pid}/ns/net").st_ino != own, 20)
        self.fd = os.open(f"/proc/{holder.pid}/ns/net", os.O_RDONLY)
        defer(os.close, self.fd)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
        ip("link", "set", self.cable, "master", "br0", "up")
        for args in (["addr", "add", f"{address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]):
            subprocess.run(["nsenter", "-t", str(holder.pid), "-n", need("ip"), *args], check=True)

    def enter(self):
        """In a child, before it becomes a program."""
        if ctypes.CDLL(None, use_errno=True).setns(self.fd, CLONE_NEWNET) != 0:
            os._exit(70)

    def pull(self):
        ip("link", "set", self.cable, "down")

    def plug(self):
        ip("link", "set", self.cable, "up")


class Member:
    def __init__(self, number, cluster):
        self.network = Network(f"10.77.0.{number + 1}")
        address, self.data = self.network.address, folder()
        client, peer = f"http://{address}:2379", f"http://{address}:2380"
        self.endpoint = f"{address}:2379"
        self.argv = ["etcd", "--name", f"m{number}", "--data-dir", self.data, "--listen-client-urls", client,
                     "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                     "--initial-cluster", cluster, "--log-level", "error"]
        self.start()

    def start(self):
        self.p = server(self.argv, preexec_fn=self.network.enter)

    def kill(self):
        self.p.kill()
        self.p.wait()


class Cluster:
    def __init__(self):
        need("etcd"), need("etcdctl"), need("unshare"), need("nsenter")
        ip("link", "add", "br0", "type", "bridge")
        ip("addr", "add", "10.77.0.254/24", "dev", "br0")
        ip("link", "set", "br0", "up")
        cluster = ",".join(f"m{i}=http://10.77.0.{i + 1}:2380" for i in range(MEMBERS))
        self.members = [Member(i, cluster) for i in range(MEMBERS)]
        self.url = "etcd://" + ",".join(m.endpoint for m in self.members)
        eventually(lambda: self.ctl("endpoint", "health").returncode == 0, 30, "no etcd")

    def ctl(self, *args, at=None):
        endpoints = at.endpoint if at else ",".join(m.endpoint for m in self.members)
        return subprocess.run(["etcdctl", f"--endpoints={endpoints}", "--command-timeout=3s", *args], capture_output=True,
                              text=True, env={**os.environ, "ETCDCTL_API": "3"}, timeout=30)

    def status(self):
        """(leader, members by id), once they agree about one."""
        def agreed():
            r = self.ctl("endpoint", "status", "-w", "json")
            if r.returncode != 0:
                return None
            ids, leaders = {}, set()
            for x in json.loads(r.stdout):
                member = [m for m in self.members if m.endpoint == x["Endpoint"]][0]
                ids[x["Status"]["header"]["member_id"]] = member
                leaders.add(x["Status"].get("leader", 0))
            leader = leaders.pop()
            return (ids[leader], ids) if not leaders and leader in ids and len(ids) == MEMBERS else None
        return eventually(agreed, 60, "no leader")

    def keys(self, prefix):
        def got():
            r = self.ctl("get", "--prefix", "--keys-only", prefix)
            return r if r.returncode == 0 else None
        return [k for k in eventually(got, 30).stdout.split("\n") if k]


class Process(Server):
    """A `firebreak up` in a network of its own."""

    count = 0

    def __init__(self, **kw):
        Process.count += 1
        self.network = Network(f"10.77.0.{100 + Process.count}")
        super().__init__(**kw)

    def start(self):
        super().start(preexec_fn=self.network.enter)


class Faults:
    def __init__(self, cluster, fleet, rng):
        self.cluster, self.fleet, self.rng = cluster, fleet, rng
        self.counts = {}

    def worker(self):
        return self.rng.choice(self.fleet.workers)

    def leading(self):
        """The controller that leads, where one does."""
        name = self.cluster.ctl("get", "--print-value-only", "/leader/controller").stdout.strip()
        return self.fleet.controllers[int(name[1:])] if name in ("c0", "c1") else self.fleet.controllers[0]

    def member(self):
        leader, ids = self.cluster.status()
        return leader if self.rng.random() < 0.5 else self.rng.choice(list(ids.values()))

    def away(self, s, begin, end):
        s.away = True
        begin()
        time.sleep(PAST_LEASE_S)
        end()
        s.away = False

    def killed(self, n):
        s = self.fleet.controllers[n // 2 % 2] if n % 2 else self.fleet.workers[n // 2 % 3]
        s.kill()
        time.sleep(self.rng.random() * 0.4)
        s.start()

    def stopped(self, s):
        self.away(s, lambda: s.p.send_signal(signal.SIGSTOP), lambda: s.p.send_signal(signal.SIGCONT))

    def cut(self, s):
        self.away(s, s.network.pull, s.network.plug)

    def a_worker_is_stopped_past_its_lease(self):
        self.stopped(self.worker())

    def a_leader_of_etcd_moves(self):
        leader, ids = self.cluster.status()
        to = self.rng.choice([i for i, m in ids.items() if m is not leader])
        equal(self.cluster.ctl("move-leader", f"{to:x}", at=leader).returncode, 0)

    def a_worker_is_cut_off(self):
        self.cut(self.worker())

    def a_member_is_cut_off(self):
        m = self.member()
        m.network.pull()
        time.sleep(MEMBER_S)
        m.network.plug()

    def the_leading_controller_is_stopped_past_its_lease(self):
        self.stopped(self.leading())

    def the_leading_controller_is_cut_off(self):
        self.cut(self.leading())

    def a_member_is_stopped(self):
        m = self.member()
        m.p.send_signal(signal.SIGSTOP)
        time.sleep(MEMBER_S)
        m.p.send_signal(signal.SIGCONT)

    def a_member_is_killed(self):
        m = self.member()
        m.kill()
        time.sleep(MEMBER_S)
        m.start()

    KINDS = [a_worker_is_stopped_past_its_lease, a_leader_of_etcd_moves, a_worker_is_cut_off, a_member_is_cut_off,
             the_leading_controller_is_stopped_past_its_lease, the_leading_controller_is_cut_off, a_member_is_stopped,
             a_member_is_killed]

    def other(self, n):
        """Each kind in turn."""
        kind = self.KINDS[n % len(self.KINDS)]
        self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1
        kind(self)


@case
def nothing_is_lost_accepted_twice_or_stuck():
    if not allowed:
        raise Skip("no network of its own")
    print(f"# seed {SEED}", flush=True)
    cluster, rng = Cluster(), random.Random(SEED)
    fleet = Fleet(cluster.url, Process, {"FIREBREAK_STORE_LEASE_TTL": f"{LEASE_S}s"})
    faults = Faults(cluster, fleet, rng)
    in_flight = others = 0

    def busy():
        """How much is in flight, once something runs and there is enough of it."""
        with contextlib.suppress(Unanswered):
            for _ in range(IN_FLIGHT + 12 - len(fleet.open_tasks())):
                fleet.want(f"{rng.uniform(0.5, 2.5):.2f}")
            now = fleet.open_tasks()
            return len(now) if len(now) >= IN_FLIGHT and any(t["state"] == "Running" for t in now) else 0

    for n in range(KILLS):
        in_flight += eventually(busy, 60, "nothing runs")
        faults.killed(n)
        if n % 3 == 2:
            in_flight += eventually(busy, 60, "nothing runs")
            faults.other(others)
            others += 1
    runs = fleet.ledger()
    equal(len(cluster.keys("/status/")), len(fleet.names), "completions")
    equal(cluster.keys("/assign/"), [], "is left")
    again = sum(len(r) > 1 for r in runs.values())
    late = sum(a["refused_reason"] == "stale_token" for t in fleet.tasks() for a in t["attempts"])
    print(f"# {KILLS} kills and {others} other faults (seed {SEED}), {in_flight / (KILLS + others):.1f} tasks in flight at "
          f"each, {len(runs)} tasks, {again} run more than once, {late} results too late", flush=True)
    print(f"# {faults.counts}", flush=True)
    equal(fleet.mended(), 0, "the net below the scheduler's memory found something")
    true(again > 0, "nothing was run again: nothing was tried")


main()
