"""Bad networks between us and real servers (nginx, with and without TLS): loss, a path that swallows large packets,
partitions in one direction, 300 ms on the way, packets out of order. What must hold: nobody who answers is said to be
down, and what is wrong is told as what it is."""
from certificate import Pair
from relay import *

cable = None
PAGE = "x" * 200000 + "the end"


def world():
    """The cable, and nginx at its far end; made once."""
    global cable
    if cable:
        cable.delay = lambda: 0
        cable.rules()
        return
    try:
        cable = Cable()
    except PermissionError:
        raise Skip("no TUN device is for us")
    global pair
    pair, d = Pair(), folder()
    os.chmod(d, 0o755)
    write(os.path.join(d, "large"), PAGE)
    write(os.path.join(d, "small"), "small")
    conf = write(os.path.join(d, "nginx.conf"), f"""
        daemon off; pid {d}/pid; user root; error_log {d}/error.log; events {{}}
        http {{
            access_log off; sendfile on; tcp_nopush off; client_body_temp_path {d}/a; proxy_temp_path {d}/b; fastcgi_temp_path {d}/c;
            uwsgi_temp_path {d}/e; scgi_temp_path {d}/f;
            ssl_certificate {pair.cert}; ssl_certificate_key {pair.key};
            server {{ listen {FAR}:80; listen {FAR}:81 http2; listen {FAR}:443 ssl http2; root {d}; }}
        }}""")
    server([need("nginx"), "-e", f"{d}/error.log", "-c", conf], 80, host=FAR, preexec_fn=cable.at_far_end())


def ask(target, *args):
    return probe_one(target, "--ca", pair.cert, "--server-name", "localhost", *args)


def ask_all(targets, *args):
    """The results by their targets, asked at the same time; again where this machine itself stood still."""
    for _ in range(5):
        found = {r["target"]: r for r in probe(*targets, "--ca", pair.cert, "--server-name", "localhost", *args)}
        if "limit" not in {r["reason"] for r in found.values()}:
            break
    return found


EVERY = [f"{FAR}:80", f"tls://{FAR}:443", f"http://{FAR}/small", f"https://{FAR}/small", f"h2c://{FAR}:81/small",
         f"icmp://{FAR}"]


@case
def a_good_cable_carries_everything():
    world()
    equal({r["reason"] for r in ask_all(EVERY, "--timeout", "20s").values()}, {"ok"})
    equal(ask(f"https://{FAR}/large", "--body", "xthe end$")["ok"], True)


@case
def five_in_a_hundred_lost_bring_nobody_down():
    world()
    cable.rules("come numgen random mod 100 < 5 drop", "go numgen random mod 100 < 5 drop")
    targets = [t for t in EVERY if not t.startswith("icmp")] * 20
    found = probe(*targets, "--ca", pair.cert, "--server-name", "localhost", "--timeout", "25s")
    equal({r["reason"] for r in found}, {"ok"}, str([r for r in found if not r["ok"]][:2]))
    true(max(r["total_ms"] for r in found) > 150, "no packet was lost")
    # Each echo is one packet: some are lost, and that is told.
    r = ask(f"icmp://{FAR}?count=100&interval=2ms", "--timeout", "5s")
    true(r["ok"] and 0 < r["loss_ratio"] < 0.5, str(r))


@case
def a_path_that_swallows_large_packets_is_told_where_it_hurts():
    world()
    cable.rules("go meta length > 700 drop")
    wanted = {f"{FAR}:80": ("ok", ""), f"http://{FAR}/small": ("ok", ""), f"icmp://{FAR}": ("ok", ""),
              f"http://{FAR}/large": ("timeout", "body"), f"h2c://{FAR}:81/large": ("timeout", ""),
              f"tls://{FAR}:443": ("timeout", "tls"), f"https://{FAR}/small": ("timeout", "tls")}
    found = ask_all(wanted, "--timeout", "1500ms")
    equal({t: r["reason"] for t, r in found.items()}, {t: reason for t, (reason, _) in wanted.items()})
    for t, (_, words) in wanted.items():
        contains(found[t]["detail"], words)
    r = found[f"http://{FAR}/large"]
    equal((r["status"], r["connect_ms"] is not None), (200, True), "the head came, and is told")


@case
def a_partition_in_one_direction_is_a_timeout_and_ends():
    world()
    for rule in ("come drop", "go drop"):
        cable.rules(rule)
        equal({r["reason"] for r in ask_all(EVERY, "--timeout", "400ms").values()}, {"timeout"}, rule)
    cable.rules()
    equal({r["reason"] for r in ask_all(EVERY, "--timeout", "20s").values()}, {"ok"})


@case
def a_partition_between_two_rounds_is_seen_and_its_end_as_well():
    world()
    rounds = Rounds(f"{FAR}:80", f"http://{FAR}/small", "--every", "400ms", "--timeout", "300ms")
    rounds.until("ok")
    cable.rules("go drop")
    rounds.until("timeout")
    cable.rules()
    at = time.monotonic()
    rounds.until("ok")
    true(time.monotonic() - at < 20, "its return was not seen")
    equal({r["reason"] for r in rounds.seen} - {"ok", "timeout", "limit"}, set(), str(rounds.seen[-3:]))


class Rounds:
    def __init__(self, *args):
        self.p, self.seen = spawn("probe", *args, "-o", "jsonl"), []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for text in self.p.stdout:
            self.seen.append(json.loads(text))

    def until(self, reason):
        """Every target has been told so, from now on."""
        begin = len(self.seen)
        want = {r["target"] for r in self.seen} if self.seen else None

        def told():
            new = {r["target"] for r in self.seen[begin:] if r["reason"] == reason}
            return new >= want if want else len(new) == 2
        eventually(told, 30, f"{reason}: {self.seen[-4:]}")


@case
def three_hundred_milliseconds_are_slow_and_well():
    world()
    cable.delay = lambda: 0.15
    r = ask(f"https://{FAR}/small", "--timeout", "20s")
    true(r["ok"], str(r))
    for phase in ("connect_ms", "tls_ms", "first_byte_ms"):
        true(r[phase] >= 299, f"{phase}: {r}")
    r = ask(f"icmp://{FAR}", "--timeout", "20s")
    true(r["ok"] and r["rtt_ms"] >= 299, str(r))
    equal({r["reason"] for r in ask_all(EVERY, "--timeout", "250ms").values()}, {"timeout"})


@case
def packets_out_of_order_arrive_in_order():
    world()
    drawn = random.Random(7)
    cable.delay = lambda: drawn.random() * 0.03
    before = cable.late
    targets = [f"http://{FAR}/large", f"https://{FAR}/large", f"h2c://{FAR}:81/large"] * 5
    found = probe(*targets, "--ca", pair.cert, "--server-name", "localhost", "--timeout", "30s", "--body", "xthe end$")
    equal({r["reason"] for r in found}, {"ok"}, str([r for r in found if not r["ok"]][:2]))
    true(cable.late - before > 50, f"only {cable.late - before} of {cable.carried} packets were overtaken")


main()
