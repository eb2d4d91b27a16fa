"""tools/lanes and tools/tap: what counts as passed, failed and skipped."""
import os
import subprocess
import sys
import time

from case import Folder, ROOT, case, contains, equal, main


def lanes(lanes_text, skips="", ci=False, names=()):
    """(exit status, lines) of a run over these lanes."""
    with Folder() as f:
        env = {**os.environ, "FIREBREAK_LANES": str(f.write("lanes.txt", lanes_text)),
               "FIREBREAK_SKIPS": str(f.write("skips.txt", skips)),
               "FIREBREAK_LANE_LOGS": str(f.path / "logs"), "CI": "true" if ci else ""}
        done = subprocess.run([sys.executable, ROOT / "tools/lanes", *names], env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout.splitlines()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def closing(*args, **how):
    status, lines = lanes(*args, **how)
    return status, lines[-1]


@case
def tap_lines_are_counted_and_the_last_line_tells():
    equal(closing("a 9 printf 'ok 1 - x\\nok 2 - y # SKIP why\\n1..2\\n'\nb 9 echo 'ok 1 - z'\n"),
          (0, "2 passed, 0 failed, 1 skipped"))
    equal(closing("a 9 printf 'ok 1 - x\\nnot ok 2 - y\\n'; exit 1\n"),
          (1, "1 passed, 1 failed, 0 skipped"))


@case
def a_closing_line_counts_where_there_is_no_tap():
    equal(closing("a 9 echo '7 passed, 0 failed'\n"), (0, "7 passed, 0 failed, 0 skipped"))
    equal(closing("a 9 echo '7 passed, 2 failed, 1 skipped'; exit 1\n"),
          (1, "7 passed, 2 failed, 1 skipped"))


@case
def a_lane_without_a_test_or_with_a_bad_end_fails_by_name():
    status, lines = lanes("quiet 9 true\nbroken 9 echo 'ok 1 - x'; exit 3\n")
    equal((status, lines[-1]), (1, "1 passed, 2 failed, 0 skipped"))
    contains("\n".join(lines), "not ok - quiet: it ran no test")
    contains("\n".join(lines), "not ok - broken: exit status 3")
    contains("\n".join(lines), "failed lanes: quiet broken")


@case
def a_lane_past_its_budget_fails_by_name_and_is_ended():
    start = time.monotonic()
    status, lines = lanes("slow 1 echo 'ok 1 - x'; sleep 60\n")
    assert time.monotonic() - start < 30
    equal(status, 1)
    contains("\n".join(lines), "not ok - slow: past its budget of 1 s")


def ended(pid):
    until = time.monotonic() + 5  # it is killed by then, but may still be dying
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not alive(pid)


HANG = "#!/bin/sh\necho $$ > \"$0.pid\"\nexec sleep 60\n"


@case
def a_program_of_a_lane_past_its_budget_is_ended_too():
    with Folder() as f:
        program = f.write("hang", HANG, 0o755)
        lanes(f"slow 1 {ROOT}/tools/tap {program}\n")
        assert ended(int((f.path / "hang.pid").read_text()))


@case
def a_program_that_has_just_started_is_ended_with_tap():
    with Folder() as f:
        for n in range(8):
            program = f.write(f"hang{n}", HANG, 0o755)
            told = f.path / f"hang{n}.pid"
            tap = subprocess.Popen([ROOT / "tools/tap", program], stdout=subprocess.DEVNULL)
            while not (told.exists() and told.stat().st_size):
                assert tap.poll() is None
            tap.terminate()
            tap.terminate()  # as where the whole group of a make is ended
            equal(tap.wait(20), 1)
            assert ended(int(told.read_text())), f"try {n}"


@case
def a_skip_says_why_and_in_ci_it_is_listed():
    text = "a 9 echo 'ok 1 - t # SKIP none here'\n"
    equal(closing(text), (0, "0 passed, 0 failed, 1 skipped"))
    equal(closing(text, ci=True), (1, "0 passed, 1 failed, 0 skipped"))
    equal(closing("asan 9 echo 'ok 1 - t # SKIP none here'\n", "sanitizer asan t\n", ci=True),
          (0, "0 passed, 0 failed, 1 skipped"))
    equal(closing("a 9 echo 'ok 1 - t # SKIP'\n"), (1, "0 passed, 1 failed, 0 skipped"))


@case
def a_listed_skip_whose_condition_does_not_hold_fails_everywhere():
    status, lines = lanes("a 9 echo 'ok 1 - t # SKIP none here'\n", "sanitizer * t\n")
    equal(status, 1)
    contains("\n".join(lines), "listed for sanitizer, which does not hold here")


@case
def fewer_cases_than_there_are_fail():
    equal(closing("a 9 printf 'CASES name=x run=3 of=4\\nok 1 - x\\n'\n")[1],
          "1 passed, 1 failed, 0 skipped")
    equal(closing("a 9 printf 'CASES name=x run=4 of=4\\nok 1 - x\\n'\n")[1],
          "1 passed, 0 failed, 0 skipped")


@case
def one_lane_by_name_and_none_by_a_wrong_one():
    text = "a 9 echo 'ok 1 - x'\nb 9 false\n"
    equal(closing(text, names=["a"]), (0, "1 passed, 0 failed, 0 skipped"))
    status, lines = lanes(text, names=["c"])
    equal((status, lines), (1, ["tools/lanes: no lane c: there are a b"]))


@case
def lanes_that_wait_run_beside_those_below_them_and_after_those_above():
    with Folder() as f:
        a, b = f.path / "above", f.path / "below"
        status, lines = lanes(f"x 20 sleep 0.3; touch {a}; echo 'ok 1 - x'\n"
                              f"&w 20 test -e {a} && until test -e {b}; do sleep 0.02; done; echo 'ok 1 - w'\n"
                              f"&v 20 test -e {b} && echo 'ok 1 - v'\n"
                              f"y 20 touch {b}; echo 'ok 1 - y'\n")
        equal((status, lines[-1]), (0, "4 passed, 0 failed, 0 skipped"))
        assert any(line.startswith("lane w: passed 1") for line in lines), lines


def tap(*scripts, args=()):
    """(exit status, output) of tools/tap over shell scripts."""
    with Folder() as f:
        programs = [f.write(f"p{i}", "#!/bin/sh\n" + text, 0o755) for i, text in enumerate(scripts)]
        done = subprocess.run([sys.executable, ROOT / "tools/tap", "--strip", f"{f.path}/", *args,
                               *programs], text=True, stdout=subprocess.PIPE, check=False)
        return done.returncode, done.stdout


@case
def tests_are_named_by_their_program():
    equal(tap("echo 'ok 1 - x'; echo 1..1", "echo 'ok 1 - y # SKIP why'; echo 1..1"),
          (0, "ok 1 - p0: x\nok 2 - p1: y # SKIP why\n1..2\n"))


@case
def a_program_that_ends_badly_is_a_failed_test():
    for script, says in (("echo 'ok 1 - x'; kill -SEGV $$", "killed by SIGSEGV"),
                         ("echo 'ok 1 - x'", "before it had a plan"),
                         ("echo 'ok 1 - x'; echo 1..2", "planned 2 tests and ran 1"),
                         ("echo 'ok 1 - x'; echo 1..1; exit 5", "exit status 5")):
        status, out = tap(script)
        equal(status, 1)
        contains(out, "not ok 2 - p0: ")
        contains(out, says)
    status, out = tap("echo 'ok 1 - x'; sleep 60", args=["-t", "1"])
    equal(status, 1)
    contains(out, "still running after 1 s")


@case
def what_a_failed_test_says_is_shown_wherever_it_stands():
    for script in ("echo '# why'; echo 'not ok 1 - x'; echo 1..1; exit 1",
                   "echo 1..1; echo 'not ok 1 - x'; echo '# why'; exit 1"):
        equal(tap(script), (1, "# why\nnot ok 1 - p0: x\n1..1\n"))


main()
