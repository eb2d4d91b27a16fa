"""The static binary runs where an older kernel refuses newer system calls."""
import json
import os
import pathlib

from static import FIREBREAK, ROOT, Web, run
from case import case, contains, equal, main

OLDKERNEL = pathlib.Path(os.environ.get("OLDKERNEL", ROOT / "build/dev/tools/oldkernel"))

# Asks for each refused call from inside, so that a filter that lets one pass is a failure.
REFUSED = """
import ctypes, errno, sys
libc = ctypes.CDLL(None, use_errno=True)
def asked(nr, *args):
    ctypes.set_errno(0)
    libc.syscall(nr, *(ctypes.c_long(a) for a in args))
    return errno.errorcode.get(ctypes.get_errno())
print([asked(n, 0, 0, 0, 0) for n in (434, 435, 425, 426, 427, 441)])
libc.mmap.restype = ctypes.c_void_p
page = libc.mmap(None, ctypes.c_size_t(4096), 3, 0x22, -1, ctypes.c_long(0))
libc.madvise(ctypes.c_void_p(page), ctypes.c_size_t(4096), 102)
print(errno.errorcode.get(ctypes.get_errno()))
"""


def on_old_kernel(*argv):
    return run([OLDKERNEL, *argv])


@case
def the_filter_refuses_what_it_says():
    done = on_old_kernel("python3", "-c", REFUSED)
    equal(done.stdout, f"{['ENOSYS'] * 6}\nEINVAL\n")


@case
def it_tells_its_version():
    done = on_old_kernel(FIREBREAK, "--version")
    equal((done.returncode, done.stderr), (0, ""))
    contains(done.stdout, "firebreak ")


def probes_all(*flags):
    web = Web()
    done = on_old_kernel(*flags, FIREBREAK, "probe", f"127.0.0.1:{web.port}",
                         f"http://127.0.0.1:{web.port}/", "exec:/bin/true", "-o", "jsonl")
    reasons = {r["target"].split(":")[0]: r["reason"]
               for r in map(json.loads, done.stdout.splitlines())}
    equal((reasons, done.returncode),
          ({"127.0.0.1": "ok", "http": "ok", "exec": "ok"}, 0))


@case
def it_probes_tcp_http_and_programs():
    probes_all()


@case
def and_so_it_does_where_a_filter_denies_what_it_does_not_know():
    probes_all("-p")


@case
def costly_guards_are_said_once_in_the_log():
    argv = [FIREBREAK, "probe", "127.0.0.1:1", "-o", "text", "--loops", "2", "--log-format", "json"]
    lines = on_old_kernel(*argv, "--log-level", "info").stderr.splitlines()
    equal([json.loads(line)["event"] for line in lines], ["costly_guards"])
    equal(on_old_kernel(*argv).stderr, "")


@case
def it_runs_programs_and_ends_them():
    for flags in ([], ["-p"]):
        done = on_old_kernel(*flags, FIREBREAK, "run", "-o", "json", "--timeout", "500ms", "--", "sh", "-c",
                             "echo out; sleep 100")
        result = json.loads(done.stdout)
        equal((done.returncode, result["reason"], result["stdout"]), (124, "timeout", "out\n"))


@case
def a_program_that_fails_is_still_told():
    done = on_old_kernel(FIREBREAK, "probe", "exec:/bin/false", "-o", "jsonl")
    equal((json.loads(done.stdout)["reason"], done.returncode), ("exec_exit", 1))


@case
def many_probes_have_their_stacks():
    web = Web()
    done = on_old_kernel(FIREBREAK, "probe", f"127.0.0.0/23:{web.port}", "-j", "512", "-o", "jsonl")
    results = [json.loads(line) for line in done.stdout.splitlines()]
    equal(len(results), 512)
    assert {r["reason"] for r in results} <= {"ok", "refused"}, {r["reason"] for r in results}
    assert any(r["ok"] for r in results)


main()
