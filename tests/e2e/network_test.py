"""What a network can do to a probe, in a network namespace of the test's own."""
import fcntl
import struct

from harness import *

alone = own_network()


def need_alone():
    if not alone:
        raise Skip("no network namespace of its own")


def ip(*args):
    subprocess.run([need("ip"), *args], check=True)


@case
def a_network_without_a_route_is_unreachable():
    need_alone()
    r = probe_one("10.99.0.1:80")
    equal((r["reason"], r["detail"]), ("unreachable", "connect: Network is unreachable"))


@case
def a_rejected_host_is_unreachable():
    need_alone()
    ip("route", "add", "unreachable", "10.98.0.0/16")
    r = probe_one("10.98.0.1:80")
    equal((r["reason"], r["detail"]), ("unreachable", "connect: No route to host"))


@case
def a_black_hole_of_a_route_is_unreachable():
    need_alone()
    ip("route", "add", "blackhole", "10.95.0.0/16")
    equal(probe_one("10.95.0.1:80")["reason"], "unreachable")


@case
def a_prohibited_host_is_a_matter_of_permission():
    need_alone()
    ip("route", "add", "prohibit", "10.97.0.0/16")
    equal(probe_one("10.97.0.1:80")["reason"], "permission")


def hole():
    """A network that takes packets and answers nothing: a device whose other end nobody reads."""
    if any(name == "hole0" for _, name in socket.if_nameindex()):
        return
    for kind in (["dummy"], ["veth", "peer", "name", "hole1"], ["ifb"]):
        if subprocess.run([need("ip"), "link", "add", "hole0", "type", *kind], capture_output=True).returncode == 0:
            break
    else:
        if subprocess.run([need("ip"), "tuntap", "add", "dev", "hole0", "mode", "tun"], capture_output=True).returncode:
            raise Skip("this kernel has no device to make a silent network of")
        # A tun that nobody opened has no carrier; an open one takes packets.
        tun = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"hole0", 0x1001))
    ip("addr", "add", "10.96.0.1/16", "dev", "hole0")
    ip("link", "set", "hole0", "up")


@case
def a_host_that_swallows_everything_is_a_timeout():
    need_alone()
    hole()
    def all_silent():
        begin = time.monotonic()
        r = probe("10.96.0.8/29:80", "--timeout", "400ms")
        equal(len(r), 8)
        true(time.monotonic() - begin < 5, "they were not asked at the same time")
        return {x["reason"] for x in r} == {"timeout"}
    eventually(all_silent, 30)  # else this machine stood still


@case
def a_retry_costs_no_more_than_its_time():
    need_alone()
    hole()
    ask = lambda: [a["reason"] for a in probe_one("10.96.0.2:80", "--timeout", "200ms", "--retries", "1")["attempts"]]
    eventually(lambda: ask() == ["timeout", "timeout"], 30)  # else this machine stood still


@case
def our_own_want_of_ports_is_no_evidence():
    need_alone()
    l = Listener()
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as f:
        f.write("40000 40031")
    try:
        r = probe(*[f"127.0.0.1:{l.port}"] * 96, "-j", "64", "--timeout", "10s")
    finally:
        with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as f:
            f.write("32768 60999")
    equal({x["reason"] for x in r}, {"ok"})
    equal(len(r), 96)


@case
def an_address_without_a_route_hides_no_refusal():
    need_alone()
    hosts = write(os.path.join(folder(), "hosts"), "127.0.0.1 two.test\n10.99.0.1 two.test\n")
    for target in ("two.test:1", "http://two.test:1/"):
        r = subprocess.run(["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, BINARY,
                            "probe", target, "-o", "jsonl"], capture_output=True, text=True, timeout=30)
        if not r.stdout:
            raise Skip("no file may be mounted over /etc/hosts here")
        r = json.loads(r.stdout)
        equal((r["reason"], r["address"]), ("refused", "127.0.0.1:1"))


@case
def a_host_without_ipv6_is_no_want_of_ports():
    need_alone()
    switch = "/proc/sys/net/ipv6/conf/all/disable_ipv6"
    if not os.path.exists(switch):
        raise Skip("this host has no IPv6")
    with open(switch, "w") as f:  # of this namespace, which ends with the test
        f.write("1")
    r = probe("[::1]:80", "http://[::1]/", "--timeout", "5s")
    equal({(x["reason"], x["detail"]) for x in r}, {("unreachable", "connect: Network is unreachable")})


main()
