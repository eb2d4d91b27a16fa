"""Two network namespaces with a cable between them that a test can make bad: a TUN device in each, and a relay that
carries packets from one to the other, late, out of order, or not at all. The kernel needs no netem for that."""
import ctypes
import fcntl
import heapq
import random
import select
import struct

from harness import *

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
NEAR, FAR = "10.200.0.1", "10.200.0.2"
_libc = ctypes.CDLL(None, use_errno=True)


def _tun(name, address):
    """A device of this thread's namespace: its file."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    for args in (["addr", "add", address + "/24", "dev", name], ["link", "set", name, "up"], ["link", "set", "lo", "up"]):
        subprocess.run([need("ip"), *args], check=True)
    return fd


class Cable:
    """The test itself is at the near end. `delay()` gives the seconds that a packet takes, or None: it is lost."""

    def __init__(self):
        if not own_network() or not os.path.exists("/dev/net/tun"):
            raise Skip("no network namespace of its own, or no TUN devices")
        self.delay = lambda: 0
        self.carried = self.late = 0
        self.near = _tun("cable0", NEAR)
        made = []
        t = threading.Thread(target=self._far_end, args=(made,))
        t.start()
        t.join()
        if not made:
            raise Skip("no second network namespace")
        self.far, self.namespace = made
        self.over = False
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()

    @staticmethod
    def _far_end(made):
        if _libc.unshare(CLONE_NEWNET) == 0:
            fd = _tun("cable1", FAR)
            made += [fd, os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)]

    def _carry(self):
        """Packets wait in a heap until they are due."""
        waiting, number = [], 0
        while not self.over:
            pause = max(0, waiting[0][0] - time.monotonic()) if waiting else 0.2
            for fd in select.select([self.near, self.far], [], [], min(pause, 0.2))[0]:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        packet = os.read(fd, 2048)
                        late = self.delay()
                        number += 1
                        if late is not None:
                            heapq.heappush(waiting, (time.monotonic() + late, number, fd, packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, n, came_from, packet = heapq.heappop(waiting)
                self.late += bool(waiting) and any(w[1] < n and w[2] == came_from for w in waiting)
                self.carried += 1
                with contextlib.suppress(OSError):
                    os.write(self.far if came_from == self.near else self.near, packet)

    def at_far_end(self):
        """For Popen's preexec_fn: the program runs in the other namespace."""
        namespace = self.namespace
        return lambda: _libc.setns(namespace, CLONE_NEWNET)

    def rules(self, *rules):
        """What nft does with packets that "come" to the far end and "go" from there, in place of what it did."""
        chains = "".join(f"chain {name} {{\n type filter hook {hook} priority 0;\n" + "".join(
            f"{r[len(name):]}\n" for r in rules if r.startswith(name + " ")) + "}\n"
            for name, hook in (("come", "input"), ("go", "output")))
        r = subprocess.run([need("nft"), "-f", "-"], input=f"flush ruleset\ntable inet t {{\n{chains}}}\n", text=True,
                           preexec_fn=self.at_far_end(), capture_output=True)
        if "Operation not supported" in r.stderr or "No such file" in r.stderr:
            raise Skip("this kernel has no nft")
        equal(r.returncode, 0, r.stderr)
