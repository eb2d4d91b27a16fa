"""The bench of self-healing, for tools/bench: a killed process back and verified, beside Monit and supervisord; and
what 100, 1,000 and 10,000 assets cost. `bench_heal` is handed tools/bench itself as `t`; the cost is measured by this
file as a program of its own, in a network namespace that it makes. Everything stands in a folder that goes."""
import collections
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import bench_push
import bench_svg

BACK_SECONDS_MAX, START_SECONDS_MAX, REPAIR_GOALS_MS = 30, 60, {"event": 300, "event_run": 300, "probe": 2500}
COST_SIZES, COST_SECONDS, EVERY_SECONDS, OWN_MAX, MANY_PORT = (100, 1000, 10000), 60, 5, 500, 21000


def until(found, seconds, what, step=0.02):
    end = time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > end:
            raise RuntimeError(f"heal: not within {seconds} s: {what}")
        time.sleep(step)
    return value


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("firebreak", timeout=BACK_SECONDS_MAX)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Up:
    """A `firebreak up`, and its events with the moments at which they were told, in ns of the monotonic clock."""

    def __init__(self, program, folder, config):
        self.data, self.told, self.over = folder / "data", collections.defaultdict(list), False
        self.heard = []  # (when, asset) of every event
        self.data.mkdir()
        (folder / "ops.yaml").write_text(config, encoding="ascii")
        self.errors = folder / "up.err"
        with self.errors.open("wb") as errors:
            self.p = subprocess.Popen([program, "up", "-c", str(folder / "ops.yaml"), "-o", "jsonl"], stderr=errors,
                                      env={**os.environ, "FIREBREAK_DATA": str(self.data)}, stdout=subprocess.DEVNULL)
        try:
            until(self.serves, START_SECONDS_MAX, "firebreak up serves")
        except BaseException:
            self.close()
            raise
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def get(self, path):
        c = Unix(str(self.data / "firebreak.sock"))
        try:
            c.request("GET", path)
            return c.getresponse().read().decode()
        finally:
            c.close()

    def serves(self):
        if self.p.poll() is not None:
            raise RuntimeError(f"heal: firebreak up has ended: {self.errors.read_text()}")
        with contextlib.suppress(OSError):
            return self.get("/healthz") != ""

    def read(self):
        c = Unix(str(self.data / "firebreak.sock"))
        c.connect()
        c.sock.settimeout(None)
        c.request("GET", "/v1/events?watch=true")
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            for line in c.getresponse():
                now, item = time.monotonic_ns(), json.loads(line).get("item") or {}
                self.heard.append((now, item.get("asset")))
                if item.get("type") == "state":
                    self.told[item["asset"]].append((now, item["to"]))

    def state(self, asset):
        return self.told[asset][-1][1] if self.told[asset] else None

    def healthy(self):
        return sum(line.startswith("firebreak_asset_state{") and 'state="Healthy"' in line and line.endswith(" 1")
                   for line in self.get("/metrics").splitlines())

    def when(self, asset, state, after_ns):
        return next((at for at, to in list(self.told[asset]) if to == state and at > after_ns), None)

    def close(self):
        end(self.p)


def end(p):
    if p.poll() is None:
        p.send_signal(signal.SIGTERM)
        try:
            p.wait(10)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()


# ---- a killed process ----

_ports = iter(range(23000, 30000))  # below those of clients: one that asks a closed port of theirs can meet itself


def free_port():
    for port in _ports:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("heal: no port is free")


class Service:
    """A program of its own name at a port of its own, which somebody keeps."""

    def __init__(self, heal, folder, name):
        self.name, self.port = name, free_port()
        self.program, self.pid_file = str(folder / name), str(folder / f"{name}.pid")
        shutil.copy(heal, self.program)
        self.serve = [self.program, "serve", str(self.port)]
        self.daemon = [self.program, "daemon", str(self.port), self.pid_file]

    def pids(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(self.program.encode() + b"\0"):
                    found.append(int(pid))
        return found

    def answers(self):
        """None: nobody is there."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as s:
                s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                return s.recv(100).startswith(b"HTTP/1.1 200") or None
        except OSError:
            return None

    def kill(self):
        """When it was; the port is refused behind it."""
        pids = self.pids()
        if len(pids) != 1:
            raise RuntimeError(f"heal: {self.name}: {len(pids)} processes")
        at = time.monotonic_ns()
        os.kill(pids[0], signal.SIGKILL)
        until(lambda: not self.answers(), 5, "it is gone", step=0)
        return at

    def end(self):
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def repair_config(services):
    """Each round kills another one: an asset that falls again and again is damped."""
    assets, checks, remedies = [], [], []
    for kind, some in services.items():
        for s in some:
            port = f'tcp: {{target: "127.0.0.1:{s.port}"}}'
            process = {"event": f"{{name: {s.name}}}", "event_run": f"{{pid_file: {s.pid_file}}}"}.get(kind)
            argv = json.dumps(s.daemon)
            do = f"{{restart: {{process: {s.name}}}}}" if kind == "event" else f"{{run: {{argv: {argv}}}}}"
            assets.append(f"  - {{name: {s.name}, settle: 100ms}}\n")
            checks.append(f"  - {{name: {s.name}-port, asset: {s.name}, every: 1s, {port}}}\n")
            if process:
                checks.append(f"  - {{name: {s.name}-process, asset: {s.name}, every: 60s, process: {process}}}\n")
            remedies.append(f"  - {{name: start-{s.name}, asset: {s.name}, within: 10s, verify: {s.name}-port, "
                            f"do: {do}}}\n")
    return "assets:\n" + "".join(assets) + "checks:\n" + "".join(checks) + "remedies:\n" + "".join(remedies)


def supervisord(program, folder, services):
    text = (f"[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\n"
            f"pidfile={folder}/supervisord.pid\n")
    for s in services:
        text += f"[program:{s.name}]\ncommand={' '.join(s.serve)}\nautorestart=true\nstartsecs=0\n"
    (folder / "supervisord.conf").write_text(text, encoding="ascii")
    return [program, "-c", str(folder / "supervisord.conf")]


def monit(program, folder, services):
    text = (f"set daemon 1\nset pidfile {folder}/monit.pid\nset idfile {folder}/monit.id\n"
            f"set statefile {folder}/monit.st\n")
    for s in services:
        text += (f"check process {s.name} with pidfile {s.pid_file}\n  start program = \"{' '.join(s.daemon)}\"\n"
                 f"  if failed host 127.0.0.1 port {s.port} then restart\n")
    path = folder / "monitrc"
    path.write_text(text, encoding="ascii")
    path.chmod(0o600)
    return [program, "-I", "-c", str(path)]


def repaired(up, service):
    """Milliseconds from the kill until it answers, until we called it Failed, and until Healthy again."""
    killed = service.kill()
    until(service.answers, BACK_SECONDS_MAX, f"{service.name} answers again", step=0.001)
    answers = time.monotonic_ns()
    moments = [answers]
    for state in ("Failed", "Healthy") if up else ():
        after = moments[-1] if state == "Healthy" else killed
        moments.append(until(lambda s=state, a=after: up.when(service.name, s, killed if s == "Failed" else a),
                             BACK_SECONDS_MAX, f"{service.name} is {state}", step=0.005))
    return [(m - killed) / 1e6 for m in moments]


def told(name, values, unit="ms", goal="", more=""):
    print(f"BENCH name={name} ours={statistics.median(values):.4g}{unit} {goal}min={min(values):.4g} "
          f"max={max(values):.4g} {more}n={len(values)}", flush=True)


def repair_rounds(up, services, rounds):
    found = collections.defaultdict(list)
    kinds = list(services)
    for i in range(rounds):
        for kind in kinds[i % len(kinds):] + kinds[:i % len(kinds)]:
            ours = kind in REPAIR_GOALS_MS
            time.sleep(1 + i / rounds)  # at another moment of everybody's second
            found[kind].append(repaired(up if ours else None, services[kind][i]))
    return found


def bench_repair(build, rounds):
    build.make("bench/heal", "firebreak")
    peers = {"monit": (monit, shutil.which("monit", path="/usr/bin:/usr/sbin")),
             "supervisord": (supervisord, shutil.which("supervisord", path="/usr/bin:/usr/sbin"))}
    for name in [n for n, (_, program) in peers.items() if not program]:
        print(f"# no {name} here: nothing to compare with", file=sys.stderr)
        del peers[name]
    with tempfile.TemporaryDirectory() as d, contextlib.ExitStack() as stack:
        folder = pathlib.Path(d)
        heal = build.program("bench/heal")
        services = {kind: [Service(heal, folder, f"hb-{kind}-{i}"[-15:]) for i in range(rounds)]
                    for kind in [*REPAIR_GOALS_MS, *peers]}
        everything = [s for some in services.values() for s in some]
        stack.callback(lambda: [s.end() for s in everything])
        for kind in REPAIR_GOALS_MS:
            for s in services[kind]:
                subprocess.run(["setsid", "-f", *s.serve] if kind == "event" else s.daemon, check=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for name, (argv, program) in peers.items():
            p = subprocess.Popen(argv(program, folder, services[name]), stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
            stack.callback(end, p)
        until(lambda: all(s.answers() for s in everything), START_SECONDS_MAX, "every service answers")
        up = Up(build.program("firebreak"), folder, repair_config({k: services[k] for k in REPAIR_GOALS_MS}))
        stack.callback(up.close)
        until(lambda: all(up.state(s.name) == "Healthy" for k in REPAIR_GOALS_MS for s in services[k]),
              START_SECONDS_MAX, "every asset is Healthy")
        found = repair_rounds(up, services, rounds)
    for kind, goal in REPAIR_GOALS_MS.items():
        answers, failed, healthy = zip(*found[kind])
        told(f"heal_{kind}_verified", healthy, goal=f"goal={goal}ms ", more=f"seen={statistics.median(failed):.4g}ms ")
        ours = statistics.median(answers)
        for peer in peers:
            ratios = [b[0] / a for a, b in zip(answers, found[peer])]
            theirs = [x[0] for x in found[peer]]
            print(f"BENCH name=heal_{kind}_answers ours={ours:.4g}ms [{min(answers):.4g}, {max(answers):.4g}] "
                  f"peer={peer}:{statistics.median(theirs):.4g}ms [{min(theirs):.4g}, {max(theirs):.4g}] "
                  f"ratio={statistics.median(ratios):.2f} min={min(ratios):.2f} max={max(ratios):.2f} n={rounds}",
                  flush=True)


# ---- what assets cost ----

def cost_config(assets, own):
    """The first ones have a port each that can be closed; the others an address each of one listener. Of none: an
    asset that nobody asks, for where nothing is declared services are looked for, which is other work."""
    if not assets:
        return "assets:\n  - {name: idle}\n"

    def target(i):
        return f"127.0.0.1:{MANY_PORT + 1 + i}" if i < own else f"127.77.{i // 250}.{i % 250 + 1}:{MANY_PORT}"
    return ("assets:\n" + "".join(f"  - {{name: a{i}, settle: 1s}}\n" for i in range(assets)) + "checks:\n" +
            "".join(f"  - {{name: a{i}-port, asset: a{i}, every: {EVERY_SECONDS}s, fail: 1, "
                    f'tcp: {{target: "{target(i)}"}}}}\n' for i in range(assets)))


def cpu_ns(pid):
    """Of all its threads, user and system."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            total += int(pathlib.Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
    return total


def memory_mb(pid, field):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split(field + ":")[1].split()[0]) * 1024 / 1e6


def lags_ms(up, many, own):
    """A port is closed right after it was asked, so the next answer is due Every later."""
    lags, closed = [], {}

    def read():
        for line in many.stdout:
            if line.startswith("CLOSED"):
                closed[int(line.split()[1])] = int(line.split()[2])
    threading.Thread(target=read, daemon=True).start()
    for i in range(own):
        many.stdin.write(f"close {i}\n")
        many.stdin.flush()
        time.sleep(20 / own)
    until(lambda: len(closed) == own, 20, "every port is closed")
    for i in range(own):
        at = until(lambda i=i: up.when(f"a{i}", "Failed", closed[i]), 20, f"a{i} is Failed")
        lags.append((at - closed[i]) / 1e6 - EVERY_SECONDS * 1000)
    return sorted(lags)


def base_of(program, seconds):
    """Cores of an `up` that asks nothing."""
    with tempfile.TemporaryDirectory() as d, contextlib.ExitStack() as stack:
        up = Up(program, pathlib.Path(d), cost_config(0, 0))
        stack.callback(up.close)
        time.sleep(EVERY_SECONDS)
        return cores_of(up.p.pid, seconds)


def cores_of(pid, seconds):
    before, at = cpu_ns(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_ns(pid) - before) / 1e9 / (time.monotonic() - at)


def cost_of(program, heal, assets, seconds):
    own = min(assets, OWN_MAX)
    with tempfile.TemporaryDirectory() as d, contextlib.ExitStack() as stack:
        many = subprocess.Popen([heal, "many", str(MANY_PORT), str(own)], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        stack.callback(end, many)
        if many.stdout.readline() != "READY\n":
            raise RuntimeError("heal: the listener does not listen")
        begin = time.monotonic()
        up = Up(program, pathlib.Path(d), cost_config(assets, own))
        stack.callback(up.close)
        # Not by events: of a crowd that comes at once only the newest 4,096 are kept.
        until(lambda: up.healthy() == assets, START_SECONDS_MAX, "every asset is Healthy", step=1)
        settled = time.monotonic() - begin
        time.sleep(EVERY_SECONDS)
        cores = cores_of(up.p.pid, seconds)
        rss, peak = memory_mb(up.p.pid, "VmRSS"), memory_mb(up.p.pid, "VmHWM")
        lags = lags_ms(up, many, own)
    return {"cores": cores, "us": cores * 1e6 / assets, "rss_mb": rss, "peak_mb": peak, "settled_s": settled,
            "lag_p50_ms": lags[len(lags) // 2], "lag_p99_ms": lags[len(lags) * 99 // 100], "lag_max_ms": lags[-1]}


def cost_main(program, heal, seconds):
    """The base is measured before and after the others, for what else runs may change meanwhile."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print(json.dumps({"assets": 0, "cores": base_of(program, seconds)}), flush=True)
    for assets in COST_SIZES:
        print(json.dumps({"assets": assets, **cost_of(program, heal, assets, seconds)}), flush=True)
    print(json.dumps({"assets": 0, "cores": base_of(program, seconds)}), flush=True)


def told_marginal(figures, bases):
    """What one asset adds to an `up` that asks nothing, whose cost is the mean of before and after."""
    base = statistics.mean(bases)
    told("heal_base_cpu", [b * 1e6 for b in bases], unit="us/s")
    for n, f in figures.items():
        f["base_us"], f["marginal_us"] = base * 1e6, (f["cores"] - base) * 1e6 / n
        print(f"BENCH name=heal_{n}_marginal ours={f['marginal_us']:.3g}us/s each={f['us']:.3g}us/s n=1", flush=True)


def bench_cost(t, build):
    build.make("bench/heal", "firebreak")
    figures, bases = {}, []
    seconds = os.environ.get("BENCH_HEAL_SECONDS", str(COST_SECONDS))
    with subprocess.Popen(["unshare", "--net", sys.executable, __file__, build.program("firebreak"),
                           build.program("bench/heal"), seconds], text=True, stdout=subprocess.PIPE) as p:
        for line in p.stdout:
            f = json.loads(line)
            if not f["assets"]:
                bases.append(f["cores"])
                continue
            figures[f["assets"]] = f
            goals = ("goal=0.5cores ", "goal=200MB ", "goal=50ms ") if f["assets"] == max(COST_SIZES) else ("", "", "")
            print(f"BENCH name=heal_{f['assets']}_cpu ours={f['cores']:.3g}cores {goals[0]}each={f['us']:.3g}us/s n=1\n"
                  f"BENCH name=heal_{f['assets']}_rss ours={f['rss_mb']:.3g}MB {goals[1]}peak={f['peak_mb']:.3g}MB n=1\n"
                  f"BENCH name=heal_{f['assets']}_lag_p99 ours={f['lag_p99_ms']:.3g}ms {goals[2]}"
                  f"p50={f['lag_p50_ms']:.3g}ms max={f['lag_max_ms']:.3g}ms n={min(f['assets'], OWN_MAX)}", flush=True)
    if p.returncode != 0 or len(figures) != len(COST_SIZES):
        raise RuntimeError("heal: the cost was not measured")
    told_marginal(figures, bases)
    if os.environ.get("BENCH_DRAW"):
        (t.ROOT / "docs/heal.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="ascii")
        (t.ROOT / "docs/heal.svg").write_text(bench_svg.draw_heal(figures), encoding="utf-8")


def bench_heal(t, build, base, rounds):
    """BENCH_HEAL=repair, push or cost: only that part. BENCH_HEAL_SECONDS: how long each cost is looked at."""
    if base:
        build = base
    part = os.environ.get("BENCH_HEAL", "repair push cost")
    if "repair" in part:
        bench_repair(build, rounds)
    if "push" in part:
        bench_push.bench_push(sys.modules[__name__], build, rounds)
    if "cost" in part:
        bench_cost(t, build)


if __name__ == "__main__":
    cost_main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
