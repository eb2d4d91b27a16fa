#!/usr/bin/env python3
"""Limits by a cgroup of version 2, on a kernel that has its controllers: Debian's user-mode-linux, which runs as a program,
with our files as its own. Whoever can write to a cgroup of this host needs no such thing; most test machines cannot."""
import shlex

from harness import *

BOOT = """#!/bin/sh
mount -t proc none /proc
mount -t tmpfs none /run
mount -t sysfs none /sys
mount -t cgroup2 none /sys/fs/cgroup
echo "<controllers>$(cat /sys/fs/cgroup/cgroup.controllers)"
%s
echo "<left>$(ls -d /sys/fs/cgroup/firebreak* 2>/dev/null)"
echo "<end>"
halt -f
"""
CASES = {
    "limits": ["--max-memory", "32M", "--max-procs", "20", "--", "sh", "-c",
               "cd /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup); cat memory.max pids.max"],
    "one": ["--max-memory", "32M", "--", "tail", "/dev/zero"],
    "all": ["--max-memory", "32M", "--", "sh", "-c",
            "for i in 1 2 3; do (head -c 14M /dev/zero; sleep 2) | tail -n 1 | wc -c & done; wait"],
    "few": ["--max-memory", "32M", "--", "sh", "-c", "(head -c 14M /dev/zero; sleep 1) | tail -n 1 | wc -c"],
    "forks": ["--max-procs", "8", "--", "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done; wait"],
    "bomb": ["--max-procs", "30", "--timeout", "2s", "--kill-after", "1s", "--", "bash", "-c", "b() { b | b & }; b; sleep 60"],
}


def boot():
    """What each case printed as JSON, and what the kernel said: it runs once, for all of them."""
    uml, where = need("linux.uml"), folder()
    script = "".join(f'echo "<{name}>"; {BINARY} run -o json {shlex.join(argv)}; echo\n' for name, argv in CASES.items())
    path = os.path.join(where, "init")
    with open(path, "w") as f:
        f.write(BOOT % script)
    os.chmod(path, 0o755)
    # Its memory is a file that is mapped to be executed.
    env = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": where, "HOME": where}
    r = subprocess.run([uml, "rootfstype=hostfs", "rootflags=/", "rw", "mem=256M", "quiet", f"umid=firebreak{os.getpid()}",
                        f"init={path}", "con=null", "con0=fd:0,fd:1"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, env=env, timeout=200)
    said = r.stdout.decode(errors="replace")
    if "<controllers>" not in said:
        raise Skip("the kernel of user-mode-linux does not run here: " + said.strip().split("\n")[-1][:200])
    true("<end>" in said, said)
    return said


def result(said, name):
    lines = said.split(f"<{name}>")[1].split("\n")
    return json.loads([x for x in lines if x.startswith("{")][0])


@case
def all_processes_of_a_program_share_its_limits():
    said = boot()
    for controller in ("memory", "pids"):
        contains(said.split("<controllers>")[1].split("\n")[0], controller)
    limits = result(said, "limits")
    equal((limits["stdout"], limits["memory_limited_by"], limits["procs_limited_by"]), ("33554432\n20\n", "cgroup", "cgroup"))
    one = result(said, "one")
    equal((one["reason"], one["signal"], one["rss_max_bytes"]), ("exec_signal", "SIGKILL", 32 << 20))
    equal(one["detail"], "killed by SIGKILL: it went beyond its memory limit")
    # Each of three has less than the limit, all together have more; one of them has room.
    whole = str(14 << 20)
    true(result(said, "all")["stdout"].split().count(whole) < 3, result(said, "all"))
    equal(result(said, "all")["detail"], "a process of it went beyond its memory limit, and was killed")
    few = result(said, "few")
    equal((few["ok"], few["stdout"].strip(), few["detail"]), (True, whole, ""))
    # Root is bound, too.
    contains(result(said, "forks")["stderr"], "fork")
    bomb = result(said, "bomb")
    equal((bomb["reason"], bomb["procs_limited_by"]), ("timeout", "cgroup"))
    equal(said.split("<left>")[1].split("\n")[0].strip(), "", "a cgroup is left")


main()
