"""Several control planes on a real etcd, each in a network namespace of its own: who asks what, who saw what, and what
becomes of it where one of them cannot reach a target, is killed, or too few are left."""
import ctypes

from serving import *

TARGET, ETCD = "10.99.0.1", "10.99.0.2"  # both here; each room reaches them over a cable of its own
SHARED, ALONE, PLANES, TTL = 4, 6, 3, 2


class Room:
    """A namespace with a cable to us: 10.99.N.2, and all else behind 10.99.N.1."""

    def __init__(self, number):
        self.address = f"10.99.{number}.2"
        self.holder = server(["unshare", "-n", "sleep", "600"])
        here = os.stat("/proc/self/ns/net").st_ino
        path = f"/proc/{self.holder.pid}/ns/net"
        eventually(lambda: os.stat(path).st_ino != here, 20)
        self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        ip("link", "add", f"room{number}", "type", "veth", "peer", "name", "eth0", "netns", str(self.holder.pid))
        ip("addr", "add", f"10.99.{number}.1/24", "dev", f"room{number}")
        ip("link", "set", f"room{number}", "up")
        for args in (["addr", "add", f"{self.address}/24", "dev", "eth0"], ["link", "set", "lo", "up"],
                     ["link", "set", "eth0", "up"], ["route", "add", "default", "via", f"10.99.{number}.1"]):
            self.ip(*args)

    def ip(self, *args):
        subprocess.run(["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", need("ip"), *args], check=True)

    def enter(self):
        if ctypes.CDLL(None, use_errno=True).setns(self.fd, 0x40000000) != 0:
            os._exit(99)

    def cut(self, is_cut):
        """Of the target: etcd stays in reach, and the link is up."""
        self.ip("route", "add" if is_cut else "del", "unreachable", f"{TARGET}/32")


def ip(*args):
    subprocess.run([need("ip"), *args], check=True)


class Counted:
    """A port, and who asked it."""

    def __init__(self):
        self.asked = []
        self.sock = socket.socket()
        self.sock.bind((TARGET, 0))
        self.sock.listen(256)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            connection, (address, _) = self.sock.accept()
            self.asked.append((time.monotonic(), address))
            connection.close()

    def by(self, since):
        return {address for at, address in list(self.asked) if at >= since}


def config(ports):
    text = [f"store: {{lease_ttl: {TTL}s}}", "assets:"]
    text += [f"  - {{name: {name}, settle: 100ms}}" for name in ports]
    text += ["checks:"]
    text += [f"  - {{name: {name}-port, asset: {name}, every: 200ms, every_failed: 200ms, timeout: 150ms, "
             f'{"observers: 3, agree: 2, " if name[0] == "w" else ""}tcp: {{target: "{TARGET}:{p.port}"}}}}'
             for name, p in ports.items()]
    return write(os.path.join(folder(), "ops.yaml"), "\n".join(text) + "\n")


def assets(s):
    return {a["name"]: a for a in s.json("GET", "/v1/assets?limit=1000")["items"]}


def states(s, letter):
    return {a["state"] for n, a in assets(s).items() if n[0] == letter}


def views(s, name):
    """{node: whether it is well there}, of those that are not blind."""
    return {o["node"]: o["ok"] for o in assets(s)[name]["checks"][0]["observers"] if not o["blind"]}


def told(s, name):
    return [e["to"] for e in s.json("GET", f"/v1/events/{name}?limit=1000")["items"] if e["type"] == "state"]


@case
def several_observers_look_and_agree():
    if not own_network() or subprocess.run([need("ip"), "link", "add", "probe0", "type", "veth", "peer", "name",
                                            "probe1"]).returncode != 0:
        raise Skip("no network namespaces with cables here")
    for address in (TARGET, ETCD):
        ip("addr", "add", f"{address}/32", "dev", "lo")
    rooms = [Room(i + 1) for i in range(PLANES)]
    etcd = Etcd(host=ETCD)
    ports = {f"w{i}": Counted() for i in range(SHARED)} | {f"s{i}": Counted() for i in range(ALONE)}
    file = config(ports)
    planes = [Server(args=["--store", etcd.url, "--node", f"p{i}", "-c", file],
                     preexec_fn=rooms[i].enter) for i in range(PLANES)]
    names = {r.address: f"p{i}" for i, r in enumerate(rooms)}
    shared = [n for n in ports if n[0] == "w"]

    def well():
        found = assets(planes[0])
        return len(found) == len(ports) and {a["state"] for a in found.values()} == {"Healthy"} and \
            all(views(planes[0], n) == {"p0": True, "p1": True, "p2": True} for n in shared) and found
    found = eventually(well, 60, "well")

    # Who asks: of one that wants three all three, of one that says nothing only its owner.
    since = time.monotonic() + 1
    for name, port in ports.items():
        want = {"p0", "p1", "p2"} if name in shared else {found[name]["owner_plane"]}
        eventually(lambda: {names[a] for a in port.by(since)} >= want, 20, f"{name} is asked")
    for name, port in ports.items():
        want = {"p0", "p1", "p2"} if name in shared else {found[name]["owner_plane"]}
        equal({names[a] for a in port.by(since)}, want, name)
    true(len({a["owner_plane"] for a in found.values()}) > 1, found)
    contains(planes[0].ok("describe", "asset", "w0"), "p2")

    # One that alone cannot reach it is outvoted, be it the owner; what it alone looks at has failed.
    lost = found["w0"]["owner_plane"]
    other = "p1" if lost == "p0" else "p0"
    rooms[int(lost[1])].cut(True)
    eventually(lambda: all(views(planes[0], n)[lost] is False for n in shared), 30, "one is cut off")
    theirs = [n for n in ports if n not in shared and found[n]["owner_plane"] == lost]
    eventually(lambda: all(assets(planes[0])[n]["state"] == "Failed" for n in theirs), 30)
    time.sleep(1)
    equal({n: assets(planes[0])[n]["state"] for n in shared}, {n: "Healthy" for n in shared})
    for name in shared:
        true("Failed" not in told(planes[0], name), told(planes[0], name))

    # Two of three have the say. They are well again: so is it.
    rooms[int(other[1])].cut(True)
    eventually(lambda: states(planes[0], "w") == {"Failed"}, 30, "two of three")
    equal(assets(planes[0])["w0"]["checks"][0]["reason"], "unreachable")
    for node in (lost, other):
        rooms[int(node[1])].cut(False)
    eventually(well, 30, "well again")

    # The owner is killed. What it had goes over as it was: still Healthy, since the same moment.
    before = assets(planes[0])["w0"]
    left = [p for i, p in enumerate(planes) if f"p{i}" != lost]
    events = told(left[0], "w0")
    planes[int(lost[1])].kill()
    began = time.monotonic()
    eventually(lambda: lost not in {a["owner_plane"] for a in assets(left[0]).values()}, 30, "taken over")
    print(f"# taken over {time.monotonic() - began:.1f} s after the kill; the lease lasts {TTL} s")
    true(time.monotonic() - began < TTL + 8, "taken over late")  # TTL + 1 s, and a busy machine
    after = assets(left[0])["w0"]
    equal((after["state"], after["since"]), (before["state"], before["since"]))
    eventually(lambda: set(views(left[0], "w0")) == {f"p{i}" for i in range(PLANES)} - {lost}, 30, "it counts no more")
    equal(told(left[0], "w0"), events)
    since = time.monotonic()
    for name, port in ports.items():
        eventually(lambda: port.by(since), 20, f"{name} is asked on")

    # One is left of two that must agree: nobody knows. What it looks at alone, it does know.
    left[1].kill()
    eventually(lambda: states(left[0], "w") == {"Unknown"} and states(left[0], "s") == {"Healthy"}, 30, "too few")
    equal({assets(left[0])[n]["reason"] for n in shared}, {"observer_blind"})
    for name in shared:
        equal(told(left[0], name)[len(events):], ["Unknown"], name) if name == "w0" else None

    # A second one is back, under its name.
    planes[int(lost[1])].start(preexec_fn=rooms[int(lost[1])].enter)
    eventually(lambda: states(left[0], "w") == {"Healthy"}, 30, "enough again")


main()
