"""`firebreak probe`: targets, options, output, exit codes, our own limits."""
import re

from harness import *

KEYS = ["target", "address", "ok", "reason", "detail", "at", "attempt", "total_ms", "dns_ms", "connect_ms",
        "tls_ms", "first_byte_ms", "days_left", "status", "lag_ms", "breaker", "attempts", "rtt_ms", "loss_ratio",
        "offset_ms", "answers", "host_key_sha256", "steps"]


@case
def an_open_port_is_ok():
    l = Listener()
    r = firebreak("probe", f"127.0.0.1:{l.port}", "-o", "text")
    equal((r.returncode, r.stdout, r.stderr), (0, f"OK 127.0.0.1:{l.port}\n", ""))


@case
def a_closed_port_is_refused():
    r = firebreak("probe", "127.0.0.1:1", "-o", "text")
    equal((r.returncode, r.stdout), (1, "FAIL 127.0.0.1:1 - refused: connect: Connection refused\n"))


@case
def a_result_has_every_public_key():
    l = Listener()
    r = probe_one(f"tcp://127.0.0.1:{l.port}")
    equal(list(r), KEYS)
    equal((r["ok"], r["reason"], r["target"]), (True, "ok", f"tcp://127.0.0.1:{l.port}"))
    equal((r["dns_ms"], r["tls_ms"], r["status"], r["attempt"]), (None, None, None, 1))
    true(0 < r["connect_ms"] <= r["total_ms"] < 2000)
    true(r["at"].endswith("Z") and len(r["at"]) == 24)


@case
def every_form_of_output():
    l = Listener()
    target = f"127.0.0.1:{l.port}"
    one = json.loads(firebreak("probe", target, "-o", "json").stdout)
    equal((len(one["items"]), one["next"], one["revision"]), (1, "", 0))
    two = json.loads(firebreak("probe", target, "127.0.0.1:1", "-o", "json").stdout)
    equal(sorted(i["reason"] for i in two["items"]), ["ok", "refused"])
    equal(firebreak("probe", target, "-o", "name").stdout, target + "\n")
    table = firebreak("probe", target, "-o", "table").stdout.splitlines()
    equal(table[0].split(), ["TARGET", "OK", "REASON", "TOTAL", "CONNECT", "DETAIL"])
    equal(table[1].split()[:3], [target, "yes", "ok"])
    wide = firebreak("probe", target, "http://127.0.0.1:1/", "-o", "wide").stdout.splitlines()
    equal(wide[0].split(), ["TARGET", "OK", "REASON", "TOTAL", "CONNECT", "DNS", "TLS", "FIRST", "STATUS", "DAYS", "TRY",
                            "ADDRESS", "DETAIL"])
    row = next(x for x in wide[1:] if x.startswith(target)).split()
    equal((row[:3], row[5:]), ([target, "yes", "ok"], ["-", "-", "-", "-", "-", "1", target]))
    yaml = firebreak("probe", target, "-o", "yaml").stdout
    contains(yaml, f'items:\n- target: "{target}"\n  address: "{target}"\n  ok: true\n  reason: ok\n')


@case
def several_loops_write_one_list():
    l = Listener()
    r = json.loads(firebreak("probe", f"127.0.0.0/22:{l.port}", "--loops", "3", "-o", "json").stdout)
    equal(len(r["items"]), 1024)
    equal(len({i["target"] for i in r["items"]}), 1024)


@case
def ranges_lists_and_networks():
    l = Listener(host="0.0.0.0")
    r = probe(f"127.0.0.0/30:{l.port},1-2")
    equal(sorted(x["target"] for x in r),
          sorted(f"127.0.0.{h}:{p}" for h in range(4) for p in (l.port, 1, 2)))
    equal(sum(x["ok"] for x in r), 4)


@case
def all_ports_of_a_host():
    l = Listener()
    r = probe("127.0.0.1:1-65535")
    equal(len(r), 65535)
    reasons = {x["target"]: x["reason"] for x in r}
    equal(reasons[f"127.0.0.1:{l.port}"], "ok")
    true(set(reasons.values()) <= {"ok", "refused"}, str(set(reasons.values())))


@case
def sixty_four_descriptors_are_enough():
    l = Listener(host="0.0.0.0")
    r = probe(f"127.0.0.0/20:{l.port}", "-j", "2000", limit_files=64)
    equal(len(r), 4096)
    equal({x["reason"] for x in r}, {"ok"})


@case
def names_are_looked_up():
    l = Listener()
    r = probe_one(f"localhost:{l.port}")
    equal(r["ok"], True)
    true(r["dns_ms"] is not None)
    r = probe_one("no-such-host.invalid:80")
    true(r["reason"] in ("dns_nxdomain", "dns_timeout", "dns_refused", "dns_servfail"), r["reason"])


@case
def ipv6_in_brackets():
    try:
        l = Listener(host="::1")
    except OSError:
        raise Skip("this host has no IPv6")
    r = probe_one(f"[::1]:{l.port}")
    equal((r["ok"], r["address"]), (True, f"[::1]:{l.port}"))
    equal(len(probe(f"[::1/127]:{l.port}", "--timeout", "300ms")), 2)


@case
def unix_sockets():
    path = os.path.join(folder(), "s")
    Listener(host=path)
    equal(probe_one(f"unix://{path}")["reason"], "ok")
    equal(probe_one(f"unix://{path}.no")["reason"], "unreachable")
    left = socket.socket(socket.AF_UNIX)
    left.bind(path + ".left")
    left.close()
    equal(probe_one(f"unix://{path}.left")["reason"], "refused")


@case
def a_silent_host_is_a_timeout():
    # A full accept queue drops SYNs: the listener below takes one connection and no more.
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(0)
    fill = [socket.socket() for _ in range(4)]
    for f in fill:
        f.setblocking(False)
        f.connect_ex(s.getsockname())
    time.sleep(0.2)
    r = unspoilt(lambda: probe_one(f"127.0.0.1:{s.getsockname()[1]}", "--timeout", "300ms"))
    for f in fill:
        f.close()
    s.close()
    equal(r["reason"], "timeout")
    contains(r["detail"], "300ms")
    true(290 <= r["total_ms"] < 5000)


@case
def retries_are_told_one_by_one():
    r = probe_one("127.0.0.1:1", "--retries", "2")
    equal((r["attempt"], len(r["attempts"])), (3, 3))
    equal({a["reason"] for a in r["attempts"]}, {"refused"})


@case
def again_and_again():
    l = Listener()
    r = probe(f"127.0.0.1:{l.port}", "127.0.0.1:1", "--every", "50ms", "--timeout", "50ms", "--count", "4")
    equal(len(r), 8)
    equal(sum(x["ok"] for x in r), 4)


@case
def rounds_that_are_left_out_are_told():
    l = Listener(talk=lambda c: time.sleep(5))
    r = firebreak("probe", f"http://127.0.0.1:{l.port}/", "127.0.0.1:1", "-j", "1", "--every", "100ms", "--timeout", "100ms",
                  "--retries", "2", "--count", "20", "-o", "jsonl", timeout=60)
    done = len(r.stdout.splitlines())
    left_out = int(re.search(r"(\d+) probes were left out", r.stderr).group(1))
    equal((done + left_out, r.returncode), (40, 1))
    true(left_out > 10, r.stderr)


@case
def a_rate_is_kept():
    begin = time.monotonic()
    r = probe("127.0.0.1:1-40", "--rate", "100")
    equal(len(r), 40)
    true(time.monotonic() - begin > 0.35, "40 probes at 100 a second took less than 0.35 s")


@case
def targets_from_a_file_and_from_standard_input():
    l = Listener()
    text = f"# first\n127.0.0.1:{l.port}  # open\n\n127.0.0.1:1\n"
    path = write(os.path.join(folder(), "targets"), text)
    equal(sorted(x["reason"] for x in probe("-f", path)), ["ok", "refused"])
    equal(sorted(x["reason"] for x in probe("-f", "-", input=text)), ["ok", "refused"])
    equal(len(probe("-f", path, "-f", "-", "127.0.0.1:2", input=text)), 5)


@case
def bad_input_is_named_with_its_place():
    path = write(os.path.join(folder(), "targets"), "127.0.0.1:1\n127.0.0.1:99999\n")
    r = firebreak("probe", "-f", path)
    equal((r.returncode, r.stdout), (2, ""))
    contains(r.stderr, f"{path}:2: target '127.0.0.1:99999': '99999' is no port")
    for target, words in [("127.0.0.1", "port is missing"), ("::1:80", "brackets"), ("x y:1", "no host name"),
                          ("10.0.0.0/33:1", "prefix length"), ("ftp://h:1", "no kind of target"),
                          ("1.2.3.4.5:1", "no IPv4 address"), ("127.0.0.1:9-3", "no range"), ("", "empty"),
                          ("http://", "host"), ("dns://127.0.0.1", "name is missing"),
                          ("exec:", "program is missing"), ("unix://", "path is missing")]:
        r = firebreak("probe", target)
        equal((target, r.returncode, r.stdout), (target, 2, ""))
        contains(r.stderr, words)
    equal(firebreak("probe").returncode, 2)
    equal(firebreak("probe", "-f", "/nonexistent").returncode, 3)


@case
def an_error_cannot_steer_the_terminal():
    r = firebreak("probe", "-f", "-", input="\x1b]0;evil\x07:1\n")
    equal(r.returncode, 2)
    true("\x1b" not in r.stderr and "\x07" not in r.stderr, repr(r.stderr))


@case
def every_alone_is_enough():
    p = spawn("probe", "127.0.0.1:1", "--every", "100ms", "--count", "3")
    out, err = p.communicate(timeout=20)
    equal((len(out.splitlines()), err, p.returncode), (3, "", 1))
    equal(firebreak("probe", "127.0.0.1:1", "--every", "1s", "--timeout", "2s").returncode, 2)


@case
def an_error_is_an_object_with_json():
    r = firebreak("probe", "127.0.0.1", "-o", "json")
    equal(r.returncode, 2)
    problem = json.loads(r.stderr)
    equal((problem["status"], problem["reason"]), (400, "usage"))
    contains(problem["detail"], "port is missing")
    for args in (["probe", "--nope", "h:1", "-o", "json"], ["prbe", "-ojson"], ["--nope", "--output=jsonl"],
                 ["probe", "h:1", "--rate", "x", "--output", "json"], ["probe", "-f", "/nonexistent", "-o", "json"]):
        r = firebreak(*args)
        problem = json.loads(r.stderr)
        equal(list(problem), ["type", "title", "status", "detail", "reason", "field", "trace_id"])
        equal((args, r.stdout, r.returncode), (args, "", 3 if problem["reason"] == "source_io" else 2))


@case
def interrupted_prints_what_was_done():
    l = Listener()
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        p = spawn("probe", f"127.0.0.1:{l.port}", "--every", "100ms", "--timeout", "100ms", "-o", "json")
        time.sleep(0.6)
        p.send_signal(number)
        out, _ = p.communicate(timeout=10)
        equal(p.returncode, code)
        true(len(json.loads(out)["items"]) >= 2)


@case
def a_reader_that_goes_ends_the_run():
    p = subprocess.run(f"{BINARY} probe 127.0.0.1:1-20000 -o jsonl | head -1", shell=True, timeout=30,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    equal((len(p.stdout.splitlines()), p.stderr), (1, ""))


@case
def a_full_disk_is_said():
    if not os.path.exists("/dev/full"):
        raise Skip("this host has no /dev/full")
    with open("/dev/full", "w") as full:
        p = spawn("probe", "127.0.0.1:1", stdout=full)
        _, err = p.communicate(timeout=10)
    equal(p.returncode, 3)
    contains(err, "No space left on device")


@case
def a_closed_output_is_no_socket_of_ours():
    heard = []
    l = Listener(talk=lambda c: heard.append(c.recv(100)))
    for closed in ("<&- >&-", ">&-", "<&-", "2>&-"):
        r = subprocess.run(["sh", "-c", f'exec "$0" probe 127.0.0.1:{l.port} -o text {closed}', BINARY],
                           capture_output=True, text=True, timeout=30)
        equal((closed, r.returncode), (closed, 3 if "1>&-" in closed or " >&-" in " " + closed else 0))
    r = subprocess.run(["sh", "-c", 'exec "$0" probe -f - <&-', BINARY], capture_output=True, text=True, timeout=30)
    equal(r.returncode, 3)
    contains(r.stderr, "stdin: Bad file descriptor")
    equal(b"".join(heard), b"")


@case
def no_more_threads_than_loops_and_offload():
    l = Listener(talk=lambda c: time.sleep(20))
    p = spawn("probe", f"127.0.0.0/19:{l.port}", "-j", "10000", "--body", "x", stdout=subprocess.DEVNULL)
    most = 0
    for _ in range(40):
        try:
            most = max(most, len(os.listdir(f"/proc/{p.pid}/task")))
        except FileNotFoundError:
            break
        time.sleep(0.02)
    p.kill()
    true(1 <= most <= 1 + 4 + 1, f"{most} threads")  # one loop, four offload threads, the watchdog


main()
