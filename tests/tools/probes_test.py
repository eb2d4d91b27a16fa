"""The USDT probes: that they are in the program, and what they tell to who listens."""
import re
import subprocess

from case import ROOT, case, contains, main

PROGRAM = "build/dev/tests/tools/gdb_world"


def gdb(*commands):
    argv = ["gdb", "-q", "-batch", "-nx", "-ex", "set confirm off", "-ex",
            "set debuginfod enabled off"]
    for command in commands:
        argv += ["-ex", command]
    done = subprocess.run([*argv, PROGRAM], cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=60)
    return done.stdout


@case
def each_is_in_the_program():
    notes = subprocess.run(["readelf", "-n", PROGRAM], cwd=ROOT, text=True, check=True,
                           stdout=subprocess.PIPE).stdout
    found = set(re.findall(r"Provider: firebreak\s+Name: (\w+)", notes))
    assert {"task_switch", "chan_full"} <= found, f"only {sorted(found)}"


@case
def a_full_channel_tells_its_name_and_capacity():
    out = gdb("break -probe-stap firebreak:chan_full", "run",
              'printf "full %s %d\\n", (char *)$_probe_arg0, (int)$_probe_arg1')
    contains(out, "full numbers 3")


@case
def a_switch_tells_the_number_and_name_of_the_task():
    out = gdb("break -probe-stap firebreak:task_switch", "condition 1 $_probe_arg0 == 2", "run",
              'printf "switch %d %s\\n", (int)$_probe_arg0, (char *)$_probe_arg1')
    contains(out, "switch 2 sleeper")


main()
