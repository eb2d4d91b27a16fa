"""More benches of the prober, for tools/bench: peers that are programs of their own (nmap, fping,
wrk, blackbox_exporter, aiohttp, openssl s_time), TLS, ICMP, and one job in three shapes. Each function is
handed tools/bench itself as `t`. A peer that is not installed is said to be missing, and left out."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import bench_svg

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def installed(name, also="/usr/sbin"):
    found = shutil.which(name) or shutil.which(name, path=also)
    if not found:
        print(f"# no {name} here: nothing to compare with", file=sys.stderr)
    return found


def cpu_of(t, argv, out=None, ok=(0,)):
    """Runs it on the first core; its processor seconds, user and system, and its output."""
    with tempfile.TemporaryFile() as f:
        p = subprocess.Popen(t.on_core(0, argv), stdout=out or f, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        if p.returncode not in ok:
            raise RuntimeError(f"{argv[0]} ends with {p.returncode}")
        f.seek(0)
        return usage.ru_utime + usage.ru_stime, f.read()


# ---- TCP: other programs ----

BLACKBOX_TARGETS, BLACKBOX_CLIENTS = 2000, 16


def nmap_flags(addresses):
    """What bench/probe_targets writes: as many in flight as select(2) lets it have, a line a host."""
    rest = min(addresses, 250)
    networks = [f"127.77.{i}.1-{rest}" for i in range((addresses + 249) // 250)]
    return ["-sT", "-n", "-Pn", "-T5", "--max-retries", "0", "--min-parallelism", "1000",
            "--min-hostgroup", "100", "-p21000-21099,22000-22099", *networks, "-oG", "-"]


def check_nmap(text, total):
    if text.count(b"/open/") != total // 2:
        raise RuntimeError(f"nmap: {text.count(b'/open/')} open ports of {total // 2}")


def nmap_rate(t, targets, total):
    def measure():
        targets.drain()
        seconds, text = cpu_of(t, ["nmap", *nmap_flags(total // 200)])
        check_nmap(text, total)
        return total / seconds
    return measure


def cpu_so_far(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


class Blackbox:
    """blackbox_exporter, asked as Prometheus asks it: a request for each probe, over kept connections."""

    def __init__(self, t, program, targets):
        self.port = t.free_port()
        self.names = pathlib.Path(targets.file).read_text(encoding="ascii").split()[:BLACKBOX_TARGETS]
        self.targets = targets
        config = pathlib.Path(targets.file).with_name("blackbox.yml")
        config.write_text("modules:\n  tcp:\n    prober: tcp\n    timeout: 2s\n", encoding="ascii")
        self.process = subprocess.Popen(
            t.on_core(0, [program, f"--config.file={config}", "--log.level=error",
                          f"--web.listen-address=127.0.0.1:{self.port}"]), stderr=subprocess.DEVNULL)
        for _ in range(200):
            with contextlib.suppress(OSError):
                self.ask(["/-/healthy"])
                break
            time.sleep(0.05)

    def ask(self, paths):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        for path in paths:
            c.request("GET", path)
            if c.getresponse().read() == b"":
                raise RuntimeError("blackbox_exporter: an empty page")
        c.close()

    def rate(self):
        self.targets.drain()
        before = cpu_so_far(self.process.pid)
        asking = [threading.Thread(target=self.ask, args=[
            [f"/probe?module=tcp&target={n}" for n in self.names[i::BLACKBOX_CLIENTS]]])
                  for i in range(BLACKBOX_CLIENTS)]
        for a in asking:
            a.start()
        for a in asking:
            a.join()
        return len(self.names) / (cpu_so_far(self.process.pid) - before)

    def close(self):
        self.process.kill()
        self.process.wait()


# ---- HTTP: other programs ----

AIOHTTP = pathlib.Path(__file__).resolve().parent.parent / "bench/peers/http_aiohttp.py"
WRK_SECONDS = 2


def wrk_rate(t, port, in_flight):
    def measure():
        seconds, text = cpu_of(t, ["wrk", "-t1", f"-c{in_flight}", f"-d{WRK_SECONDS}s",
                                   f"http://127.0.0.1:{port}/"])
        return int(re.search(rb"(\d+) requests in", text)[1]) / seconds
    return measure


def aiohttp_rate(t, python, mode, port, in_flight):
    def measure():
        r = t.run(t.on_core(0, [python, str(AIOHTTP), mode, str(port), "2000", str(in_flight)]))[mode]
        return r["ops"] / r["cpu_ns"] * 1e9
    return measure


def http_peers(t, mode, port, in_flight):
    found = {}
    if mode == "kept" and installed("wrk"):
        found["wrk"] = wrk_rate(t, port, in_flight)
    for python in "python3", "/usr/bin/python3":
        if subprocess.run([python, "-c", "import aiohttp"], check=False,
                          stderr=subprocess.DEVNULL).returncode == 0:
            found["aiohttp"] = aiohttp_rate(t, python, mode, port, in_flight)
            break
    return found


# ---- TLS ----

TLS_PROBES, TLS_IN_FLIGHT, TLS_SECONDS = 1000, 16, 3
TLS_NAME = "bench.test"
NGINX = """worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/log;
events {{ worker_connections 8192; }}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
server {{ listen 0.0.0.0:{port} ssl backlog=4096; ssl_certificate {folder}/cert.pem;
ssl_certificate_key {folder}/cert.key; ssl_protocols TLSv1.3; location / {{ return 200 "ok\\n"; }} }} }}
"""


@contextlib.contextmanager
def tls_server(t, folder):
    port = t.free_port()
    for name, cn, *more in (("ca", "Bench CA", "-addext", "keyUsage=critical,keyCertSign"),
                            ("cert", TLS_NAME, "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key",
                             "-addext", f"subjectAltName=DNS:{TLS_NAME}", "-addext",
                             "basicConstraints=critical,CA:FALSE")):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{folder}/{name}.key",
                        "-out", f"{folder}/{name}.pem", "-days", "2", "-subj", f"/CN={cn}", *more],
                       check=True, stderr=subprocess.DEVNULL)
    pathlib.Path(folder, "nginx.conf").write_text(NGINX.format(folder=folder, port=port),
                                                  encoding="ascii")
    with subprocess.Popen(t.on_core(1, [installed("nginx"), "-c", f"{folder}/nginx.conf"]),
                          stderr=subprocess.DEVNULL) as p:
        time.sleep(1)
        try:
            yield port
        finally:
            p.terminate()


def probe_tls_rate(t, firebreak, file, folder):
    def measure():
        with open(f"{folder}/out", "wb") as out:
            seconds, _ = cpu_of(t, [firebreak, "probe", "-f", file, "-j", str(TLS_IN_FLIGHT),
                                    "--ca", f"{folder}/ca.pem", "--server-name", TLS_NAME, "--timeout",
                                    "20s", "-o", "jsonl"], out)
        good = pathlib.Path(folder, "out").read_bytes().count(b'"ok":true')
        if good != TLS_PROBES:
            raise RuntimeError(f"firebreak: {good} of {TLS_PROBES}")
        return TLS_PROBES / seconds
    return measure


def s_time_rate(t, port, mode, folder):
    flag = {"full": "-new", "resumed": "-reuse"}[mode]

    def measure():
        seconds, text = cpu_of(t, ["openssl", "s_time", "-connect", f"127.0.0.1:{port}", flag,
                                   "-tls1_3", "-CAfile", f"{folder}/ca.pem", "-verify", "2", "-www", "/", "-time",
                                   str(TLS_SECONDS)])
        return int(re.search(rb"(\d+) connections in \d+ real", text)[1]) / seconds
    return measure


def bench_tls(t, build, base, rounds):
    """Full: each probe asks another address of this machine; resumed: all ask the same one, whose
    tickets are used again. Everybody trusts the same one CA, and checks chain and name (s_time: the
    chain)."""
    if not installed("nginx"):
        return
    build.make("firebreak", "bench/peers/tls_openssl")
    go = None if base else t.go_build(build, "gotls")
    with tempfile.TemporaryDirectory() as folder, tls_server(t, folder) as port:
        os.chmod(folder, 0o755)
        for mode in "full", "resumed":
            file = f"{folder}/{mode}"
            hosts = [f"127.79.{i // 250}.{i % 250 + 1}" if mode == "full" else "127.0.0.1"
                     for i in range(TLS_PROBES)]
            pathlib.Path(file).write_text("".join(f"https://{h}:{port}/?n={i}\n" for i, h in
                                                  enumerate(hosts)), encoding="ascii")
            found = {"ours": probe_tls_rate(t, build.program("firebreak"), file, folder)}
            if base:
                base.make("firebreak")
                found["base"] = probe_tls_rate(t, base.program("firebreak"), file, folder)
            else:
                def peer_rate(program, where, mode=mode):
                    def measure():
                        r = t.run(t.on_core(0, [program, where, str(TLS_PROBES), str(TLS_IN_FLIGHT),
                                                mode, f"{folder}/ca.pem", TLS_NAME]), t.ONE_LOOP)["tls"]
                        return r["ops"] / r["cpu_ns"] * 1e9
                    return measure
                found["s_time"] = s_time_rate(t, port, mode, folder)
                found["bare_openssl"] = peer_rate(build.program("bench/peers/tls_openssl"), str(port))
            if go:
                found["go"] = peer_rate(go, f"https://127.0.0.1:{port}/")
            t.compare(f"tls_{mode}", "/cpu-s", found, rounds, larger_is_better=True)


# ---- ICMP ----

ICMP_NETWORK, ICMP_HOSTS = "127.0.0.0/18", 16384


def bench_icmp(t, build, base, rounds):
    build.make("firebreak")

    def ours(b):
        def measure():
            seconds, text = cpu_of(t, [b.program("firebreak"), "probe", f"icmp://{ICMP_NETWORK}", "-o",
                                       "jsonl"])
            if text.count(b'"ok":true') != ICMP_HOSTS:
                raise RuntimeError("firebreak: not all answered")
            return ICMP_HOSTS / seconds
        return measure

    def fping():
        # It leaves out the network's first and last address, and prints a line for each other.
        seconds, text = cpu_of(t, ["fping", "-g", ICMP_NETWORK, "-i", "0", "-p", "1", "-r", "0"], ok=(0, 1))
        if text.count(b"is alive") != ICMP_HOSTS - 2:
            raise RuntimeError("fping: not all answered")
        return (ICMP_HOSTS - 2) / seconds

    found = {"ours": ours(build)}
    if base:
        base.make("firebreak")
        found["base"] = ours(base)
    elif installed("fping"):
        found["fping"] = fping
    t.compare("icmp", "/cpu-s", found, rounds, larger_is_better=True)


# ---- one job in three shapes ----

SHAPES = ["serial", "threads", "tasks"]
SHAPE_JOBS, SHAPE_WAIT_MS = 2000, 10


def bench_shapes(t, build, base, rounds):
    """By the clock the fastest of the rounds, because the others waited for a processor; the loop has
    one round, as it takes long. The figures go into docs/shapes.json and the drawing docs/shapes.svg, where asked for
    (BENCH_DRAW=1)."""
    build.make("bench/shapes")
    program = build.program("bench/shapes")
    with subprocess.Popen(t.on_core(1, [program, "server", str(SHAPE_WAIT_MS)]), text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        port = server.stdout.readline().split()[1]
        runs = {s: [t.run(t.on_core(0, [program, s, port, str(SHAPE_JOBS)]))[s]
                    for _ in range(1 if s == "serial" else rounds)] for s in SHAPES}
        server.stdin.close()

    def median(shape, field, scale):
        values = sorted(r[field] for r in runs[shape])
        return values[len(values) // 2] * scale

    figures = {s: {"wall_s": min(r["wall_ns"] for r in runs[s]) * 1e-9, "cpu_us": median(s, "cpu_ns", 1e-3 / SHAPE_JOBS),
                   "peak_mb": median(s, "peak_bytes", 1e-6)} for s in SHAPES}
    for field, unit in ("wall_s", "s"), ("cpu_us", "us"), ("peak_mb", "MB"):
        t.compare(f"shapes_{field.rsplit('_', 1)[0]}", unit, {
            "ours" if s == "tasks" else s: iter([r * 1.0 for r in [figures[s][field]]]).__next__
            for s in reversed(SHAPES)}, 1)
    if os.environ.get("BENCH_DRAW"):
        data = {"jobs": SHAPE_JOBS, "wait_ms": SHAPE_WAIT_MS, "figures": figures}
        (t.ROOT / "docs/shapes.json").write_text(json.dumps(data, indent=2) + "\n", encoding="ascii")
        (t.ROOT / "docs/shapes.svg").write_text(bench_svg.draw(data), encoding="utf-8")
