"""`firebreak probe exec:…`: a program's exit is the answer."""
from harness import *


def script(text):
    return write(os.path.join(folder(), "check"), "#!/bin/sh\n" + text, 0o755)


def run(text, *args):
    return probe_one("exec:" + script(text), *args)


@case
def exit_zero_is_ok():
    r = run("exit 0")
    equal((r["ok"], r["reason"], r["detail"]), (True, "ok", ""))


@case
def another_exit_is_told_with_its_last_words():
    r = run("echo first >&2; echo 'disk is full' >&2; exit 3")
    equal((r["reason"], r["detail"]), ("exec_exit", "exit status 3: disk is full"))


@case
def a_signal_is_told():
    r = run("kill -9 $$")
    equal(r["reason"], "exec_signal")
    contains(r["detail"], "signal 9")


@case
def arguments_are_passed_as_they_are():
    argv = ["/bin/sh", "-c", "test \"$1\" = 'a b*;$HOME'", "sh", "a b*;$HOME"]
    r = probe_one("exec:" + json.dumps(argv))
    equal(r["ok"], True)


@case
def a_program_that_is_not_there():
    equal(probe_one("exec:/nonexistent/program")["reason"], "exec_not_found")
    equal(probe_one("exec:no-such-program-anywhere")["reason"], "exec_not_found")
    equal(probe_one("exec:" + write(os.path.join(folder(), "f"), "x", 0o644))["reason"], "permission")


@case
def its_output_can_be_json():
    r = run("echo '{\"queue\":{\"depth\":3}}'", "--json", "$.queue.depth=3")
    equal(r["ok"], True)
    equal(run("echo '{\"queue\":{\"depth\":3}}'", "--json", "$.queue.depth=4")["reason"], "body_mismatch")
    equal(run("echo ready", "--body", "^ready")["ok"], True)


@case
def one_that_hangs_is_killed_with_all_it_started():
    d = folder()
    r = run(f"sleep 100 & echo $! > {d}/pid; wait", "--timeout", "400ms")
    equal(r["reason"], "timeout")
    pid = int(open(f"{d}/pid").read())
    eventually(lambda: not os.path.exists(f"/proc/{pid}") or "Z" in open(f"/proc/{pid}/stat").read().split()[2], 5)


@case
def one_that_leaves_a_daemon_behind_is_not_waited_for():
    begin = time.monotonic()
    r = run("sleep 5 & exit 0", "--timeout", "4s")
    equal(r["ok"], True)
    true(time.monotonic() - begin < 3.5)


@case
def much_output_is_cut():
    equal(run("head -c 20000000 /dev/zero", "--timeout", "20s")["ok"], True)
    equal(run("head -c 20000000 /dev/zero", "--body", "x", "--timeout", "20s")["reason"], "too_large")


@case
def many_at_once():
    s = script("exit 0")
    r = probe(*["exec:" + s] * 100)
    equal(sum(x["ok"] for x in r), 100)


@case
def it_gets_no_descriptor_of_ours():
    r = run("n=$(ls /proc/self/fd | wc -l); test $n -le 4 || { ls -l /proc/self/fd >&2; exit 1; }")
    equal(r["ok"], True, r["detail"])


main()
