"""tools/firebreak-gdb.py, against a program whose tasks wait at known places."""
import re
import subprocess

from case import ROOT, case, contains, equal, main

PROGRAM = "build/dev/tests/tools/gdb_world"
_session = []


def session():
    """What gdb printed, by command; one session for all cases."""
    if not _session:
        commands = ["break gdb_stops_here", "run", "tasks", "bt-task 2", "bt-task 99", "bt-task",
                    "chans", "bt-task 1"]
        argv = ["gdb", "-q", "-batch", "-nx", "-ex", "set confirm off", "-ex",
                "set debuginfod enabled off", "-x", "tools/firebreak-gdb.py"]
        for command in commands:
            argv += ["-ex", f"echo \\n@{command}\\n", "-ex", command]
        done = subprocess.run([*argv, PROGRAM], cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              check=False)
        parts = re.split(r"\n@(.*)\n", done.stdout)
        _session.append(dict(zip(parts[1::2], parts[2::2])))
    return _session[0]


@case
def tasks_have_their_state_group_function_and_place():
    lines = session()["tasks"]
    rows = [line.split(None, 5) for line in lines.splitlines()]
    by_name = {row[4]: row for row in rows if len(row) == 6}
    equal(by_name["sleeper"][2:4], ["parked", "workers"])
    contains(by_name["sleeper"][5], "wait_here at tests/tools/gdb_world.c:")
    equal(by_name["sender"][2:4], ["parked", "workers"])
    contains(by_name["sender"][5], "sender at tests/tools/gdb_world.c:")
    equal([row[2] for row in rows if len(row) == 6 and row[1] == "1"], ["running"])


@case
def a_parked_task_has_a_backtrace_down_to_its_start():
    names = re.findall(r" in (\w+) at ", session()["bt-task 2"])
    at = names.index("wait_here")
    equal(names[at:at + 3], ["wait_here", "sleeper", "task_main"])
    assert at > 0, "the runtime's own frames come first"


@case
def a_task_that_is_not_there_and_a_missing_number_are_told():
    contains(session()["bt-task 99"], "no task 99 on loop 0")
    contains(session()["bt-task"], "usage: bt-task N")
    contains(session()["bt-task 1"], "it is running")


@case
def channels_tell_how_full_they_are_and_who_waits():
    rows = [line.split() for line in session()["chans"].splitlines()]
    numbers = next(row for row in rows if "numbers" in row)
    equal(numbers[1:6], ["numbers", "3", "3", "1", "0"])


main()
