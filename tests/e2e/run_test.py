"""`firebreak run`: a program, run safely, and ended with all that it started."""
import re

from harness import *

SAFE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(*args, **kw):
    return firebreak("run", *args, **kw)


def run_json(*args, **kw):
    r = run("-o", "json", *args, **kw)
    return json.loads(r.stdout), r


def gone(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")")[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def root_only():
    if os.geteuid() != 0:
        raise Skip("only root may change the user")


@case
def arguments_are_no_shells_business():
    r = run("--", "echo", "$(id); rm -rf", "*", "a  b")
    equal((r.stdout, r.stderr, r.returncode), ("$(id); rm -rf * a  b\n", "", 0))
    equal(run("echo", "-n", "--", "x").stdout, "-- x")  # options end at the program's name


@case
def the_status_is_the_programs_own():
    for status in (0, 1, 2, 77, 123, 124, 128, 130, 255):
        equal(run("--", "sh", "-c", f"exit {status}").returncode, status)
    equal(run("--", "sh", "-c", "kill -SEGV $$").returncode, 139)
    equal(run("--timeout", "100ms", "--", "sleep", "60").returncode, 124)
    r = run("--", "no-such-program-anywhere")
    equal(r.returncode, 127)
    contains(r.stderr, "no-such-program-anywhere")
    d = folder()
    equal(run("--", write(f"{d}/plain", "x", 0o644)).returncode, 126)
    equal(run("--", write(f"{d}/text", "touch was-here\n", 0o755), env={}).returncode, 126)
    equal(run("--", d).returncode, 126)


@case
def our_own_failures_are_125_and_say_what():
    for args, words in ((["--"], "ARGV"), (["--timeout", "5", "true"], "--timeout"), (["--nonsense", "true"], "nonsense"),
                        (["--dir", "/no/such/dir", "pwd"], "/no/such/dir"), (["--stdin", "/no/such", "cat"], "/no/such"),
                        (["--user", "no-such-user", "id"], "no-such-user"), (["--env", "X", "env"], "'X'"),
                        (["--max-memory", "12Q", "true"], "12Q"), (["--", ""], "no program")):
        r = run(*args)
        equal((args[:2], r.returncode), (args[:2], 125))
        contains(r.stderr, words)
    r = run("-o", "json", "--user", "no-such-user", "id")
    contains(json.loads(r.stderr)["detail"], "no-such-user")


@case
def json_tells_all_of_it():
    r, done = run_json("--", "sh", "-c", "printf 'a\\0\\377b'; echo err >&2; exit 3")
    equal(done.returncode, 3)
    equal({k: r[k] for k in ("argv", "ok", "reason", "exit", "signal", "stdout", "stderr", "stdout_cut_bytes", "stderr_cut_bytes")},
          {"argv": ["sh", "-c", "printf 'a\\0\\377b'; echo err >&2; exit 3"], "ok": False, "reason": "exec_exit", "exit": 3,
           "signal": None, "stdout": "a\0\ufffdb", "stderr": "err\n", "stdout_cut_bytes": 0, "stderr_cut_bytes": 0})
    true(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", r["started_at"]))
    true(r["wall_ms"] > 0 and r["user_ms"] >= 0 and r["system_ms"] >= 0 and r["rss_max_bytes"] > 100000)
    r, done = run_json("--", "sh", "-c", "kill -TERM $$")
    equal((r["exit"], r["signal"], r["reason"], done.returncode), (None, "SIGTERM", "exec_signal", 143))
    r, done = run_json("--timeout", "100ms", "--", "sleep", "60")
    equal((r["exit"], r["signal"], r["reason"], done.returncode), (None, "SIGTERM", "timeout", 124))
    r, done = run_json("--", "no-such-program-anywhere")
    equal((r["reason"], r["wall_ms"], r["exit"], done.returncode), ("exec_not_found", None, None, 127))
    equal(firebreak("run", "-o", "jsonpath={.exit}", "--", "sh", "-c", "exit 4").stdout.strip(), "4")


@case
def peak_memory_is_the_programs_and_not_ours():
    small, _ = run_json("--", "true")
    large, _ = run_json("--", sys.executable, "-c", "x = b'x' * 100_000_000")
    true(small["rss_max_bytes"] < 40_000_000 < 100_000_000 < large["rss_max_bytes"], (small, large))


@case
def the_environment_is_small_and_clean():
    lines = run("--env", "A=1", "--env", "LANG=C", "env", env={"SECRET": "s3cret"}).stdout.splitlines()
    equal(sorted(x.split("=")[0] for x in lines), ["A", "HOME", "LANG", "LOGNAME", "PATH", "SHELL", "USER"])
    true({"A=1", "LANG=C", "PATH=" + SAFE_PATH} <= set(lines), lines)


@case
def nothing_else_is_inherited():
    read, wr = os.pipe()
    script = "import os; print(sorted(os.listdir('/proc/self/fd')), os.getpid() == os.getsid(0))"
    r = subprocess.run([BINARY, "run", "--", sys.executable, "-c", script], pass_fds=[read, wr], capture_output=True,
                       text=True, env=environment())
    equal(r.stdout, "['0', '1', '2', '3'] True\n")  # 3 is the folder that it lists
    os.close(read)
    os.close(wr)


@case
def input_is_a_file_ours_or_none():
    f = write(os.path.join(folder(), "in"), "from a file")
    equal(run("--stdin", f, "cat", input="ours").stdout, "from a file")
    equal(run("--stdin", "-", "cat", input="ours").stdout, "ours")
    equal(run("cat", input="ours").stdout, "")
    r = subprocess.run([BINARY, "run", "--", "sh", "-c", "echo out"], stdin=None, capture_output=True, text=True,
                       preexec_fn=lambda: os.close(0), env=environment())
    equal((r.stdout, r.returncode), ("out\n", 0))


@case
def output_passes_byte_for_byte():
    f = os.path.join(folder(), "random")
    subprocess.run(["dd", "if=/dev/urandom", f"of={f}", "bs=1M", "count=100"], check=True, stderr=subprocess.DEVNULL)
    for args in ((), ("--limit", "1G")):
        p = subprocess.Popen([BINARY, "run", *args, "--", "cat", f], stdout=subprocess.PIPE, env=environment())
        cmp = subprocess.run(["cmp", "-", f], stdin=p.stdout, capture_output=True, text=True)
        p.stdout.close()
        equal((args, cmp.returncode, cmp.stdout, p.wait()), (args, 0, "", 0))


@case
def two_streams_at_one_place_are_not_glued():
    script = "printf half; sleep 0.3; printf oops >&2; sleep 0.3; echo ' rest'; sleep 0.3; echo over >&2"
    argv = [BINARY, "run", "--limit", "18", "--", "sh", "-c", script]
    one = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment())
    lines = one.stdout.removesuffix("\n").split("\n")
    equal("".join(sorted("".join(lines))), "".join(sorted("half restoopsover")))
    true(set(lines) <= {"half", " rest", "half rest", "oops", "over", "oopsover"}, lines)
    apart = subprocess.run(argv, capture_output=True, text=True, env=environment())
    equal((apart.stdout, apart.stderr), ("half rest\n", "oopsover\n"))
    argv = [BINARY, "run", "--limit", "4", "--", "echo", "123456"]
    one = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment())
    equal(one.stdout, "1234\nfirebreak run: 3 bytes of its standard output were cut off (--limit)\n")


@case
def a_flood_is_cut_counted_and_costs_no_memory():
    size = 1_000_000_000
    argv = ["sh", "-c", f"head -c {size} /dev/zero; echo done >&2"]
    p = subprocess.Popen([BINARY, "run", "-o", "json", "--limit", "1000", "--", *argv], stdout=subprocess.PIPE, env=environment())
    out = p.stdout.read()
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = 0
    r = json.loads(out)
    equal((status, len(r["stdout"]), r["stdout_cut_bytes"], r["stderr"]), (0, 1000, size - 1000, "done\n"))
    true(usage.ru_maxrss < 200 * 1024, usage.ru_maxrss)
    r = run("--limit", "4", "--", "sh", "-c", "echo 123456")
    equal((r.stdout, r.returncode), ("1234", 0))
    contains(r.stderr, "3 bytes of its standard output were cut")


@case
def ten_thousand_arguments():
    equal(run("--", "sh", "-c", "echo $#", *["x"] * 10001).stdout, "10000\n")


@case
def a_reader_that_goes_away_ends_it():
    p = subprocess.Popen([BINARY, "run", "--limit", "1G", "--", "yes"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         env=environment())
    p.stdout.read(10)
    p.stdout.close()
    defer(stop, p)
    equal(p.wait(30), 128 + signal.SIGPIPE)  # as where its output is ours directly


@case
def what_we_cannot_write_is_not_said_to_be_cut():
    with open("/dev/full", "w") as full:
        r = subprocess.run([BINARY, "run", "--limit", "1M", "--", "echo", "hi"], stdout=full, stderr=subprocess.PIPE, text=True,
                           env=environment(), timeout=60)
    equal((r.returncode, r.stderr), (125, "firebreak run: write what the program said: No space left on device\n"))


def daemon(d):
    """Makes itself a daemon that is deaf to SIGTERM, and then says so."""
    return f"(setsid sh -c 'trap \"\" TERM; exec >/dev/null 2>&1; echo $$ > {d}/p; mv {d}/p {d}/pid; while :; do sleep 0.1; done' &) &"


def pid_of(d):
    return int(eventually(lambda: os.path.exists(f"{d}/pid") and open(f"{d}/pid").read()))


@case
def ctrl_c_ends_it_and_all_that_it_started():
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        d = folder()
        p = spawn("run", "--kill-after", "100ms", "--", "sh", "-c", daemon(d) + " sleep 100")
        pid = pid_of(d)
        p.send_signal(number)
        equal(p.wait(30), status)
        true(gone(pid))


@case
def interrupted_it_still_tells_what_was():
    p = spawn("run", "-o", "json", "--", "sh", "-c", "echo one; sleep 100")
    time.sleep(0.5)
    p.send_signal(signal.SIGINT)
    out, _ = p.communicate(timeout=30)
    equal(p.returncode, 130)
    if out:  # it had begun
        equal(json.loads(out)["reason"], "canceled")


@case
def killed_we_leave_nobody_behind():
    d = folder()
    p = spawn("run", "--", "sh", "-c", daemon(d) + " sleep 100")
    pid = pid_of(d)
    p.kill()
    eventually(lambda: gone(pid), 20)


@case
def the_terminals_ctrl_c_does_not_reach_the_wardens():
    d = folder()
    p = spawn("run", "--", "sh", "-c", f"trap 'echo got TERM; exit 0' TERM; echo > {d}/pid; while :; do sleep 0.05; done",
              start_new_session=True)
    eventually(lambda: os.path.exists(f"{d}/pid"))
    os.killpg(p.pid, signal.SIGINT)  # as a terminal does: to the whole group
    out, _ = p.communicate(timeout=30)
    equal((out, p.returncode), ("got TERM\n", 130))


@case
def what_stays_behind_is_ended_or_kept():
    d = folder()
    r = run("--kill-after", "100ms", "--", "sh", "-c", daemon(d) + f" while [ ! -e {d}/pid ]; do sleep 0.05; done; exit 6")
    equal(r.returncode, 6)
    true(gone(pid_of(d)))
    d = folder()
    r = run("--keep-background", "--", "sh", "-c", daemon(d) + f" while [ ! -e {d}/pid ]; do sleep 0.05; done; exit 6")
    equal(r.returncode, 6)
    true(not gone(pid_of(d)))
    os.kill(pid_of(d), signal.SIGKILL)


@case
def it_runs_as_another_user_without_a_way_back():
    root_only()
    equal(run("--user", "nobody", "--", "sh", "-c", "id -u; id -G; echo $USER").stdout, "65534\n65534\nnobody\n")
    equal(run("--user", "12345:54321", "--", "sh", "-c", "id -u; id -G").stdout, "12345\n54321\n")
    contains(run("--user", "12345", "id").stderr, "12345:GID")
    d = folder()
    os.chmod(d, 0o755)
    shutil.copy("/usr/bin/id", f"{d}/id")
    os.chmod(f"{d}/id", 0o4755)
    equal(run("--user", "nobody", "--", f"{d}/id", "-u").stdout, "65534\n")  # set-user-ID gives it nothing


@case
def memory_and_processor_time_are_bounded():
    r, done = run_json("--max-memory", "100M", "--timeout", "60s", "--", sys.executable, "-c", "x = b'x' * 500_000_000")
    true(done.returncode not in (0, 124, 125) and r["memory_limited_by"] in ("cgroup", "rlimit"), r)
    r, done = run_json("--max-cpu", "1s", "--timeout", "60s", "--", "sh", "-c", "while :; do :; done")
    equal((r["signal"], done.returncode), ("SIGXCPU", 152))


@case
def a_fork_bomb_is_bounded():
    root_only()
    # Bounded by itself, too: 5,000 forks and 10 s.
    script = ("import os, time\nend = time.time() + 10\nfor n in range(5000):\n    try:\n        if os.fork() == 0: time.sleep(30); os._exit(0)\n"
              "    except OSError: break\nprint(n)\n")
    r, done = run_json("--user", "54321:54321", "--max-procs", "30", "--timeout", "10s", "--kill-after", "0s", "--",
                       "/usr/bin/python3", "-c", script)
    true(int(r["stdout"]) <= 30 and r["procs_limited_by"] in ("cgroup", "rlimit"), r)
    equal(subprocess.run(["pgrep", "-c", "-U", "54321"], capture_output=True, text=True).stdout.strip(), "0")
    r = run("--max-procs", "30", "--", "true")
    true(r.stderr == "" or "bounded nothing" in r.stderr, r.stderr)  # root, and no pids controller


@case
def a_hundred_at_once():
    many = [spawn("run", "--", "sh", "-c", f"sleep 0.2; exit {i % 100}") for i in range(100)]
    equal([p.wait(60) for p in many], [i % 100 for i in range(100)])


main()
