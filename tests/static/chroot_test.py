"""The static binary runs where nothing else is: in an empty chroot, started by its descriptor."""
import json
import os
import shutil

from static import FIREBREAK, Web, run
from case import Folder, Skip, case, contains, equal, main


def firebreak(*args, helper=False, **files):
    """Runs it with a folder as its root that holds nothing but these; the binary itself is not in there either, but for
    `helper`: then it is there as /helper, a program without needs of its own."""
    if os.geteuid() != 0:
        raise Skip("chroot needs root")
    program = os.open(FIREBREAK, os.O_RDONLY)
    with Folder() as f:
        if helper:
            shutil.copy(FIREBREAK, f.path / "helper")
            f.path.chmod(0o755)  # another user finds it, too
        for name, text in files.items():
            (f.path / name).write_text(text)

        def enter():
            os.chroot(f.path)
            os.chdir("/")
            os.execve(program, ["firebreak", *args], {})
        try:
            # The child never gets past enter().
            done = run(["/bin/false"], preexec_fn=enter, pass_fds=[program])
            equal(sorted(x.name for x in f.path.iterdir()), sorted([*files, "helper"] if helper else files))
            return done
        finally:
            os.close(program)


@case
def it_tells_its_version():
    done = firebreak("--version", "-o", "json")
    equal((done.returncode, done.stderr), (0, ""))
    version = json.loads(done.stdout)
    for key in ("version", "commit", "api", "target", "compiler"):
        assert version[key], key
    for name in ("openssl", "c-ares", "pcre2", "glibc"):
        contains(version["libraries"], name)


@case
def it_knows_utc_and_offsets_and_says_what_it_lacks_for_other_zones():
    ops = """schedules:
- {name: a, cron: "@daily", do: {run: {argv: [x]}}}
- {name: b, cron: "@daily", zone: "-03:00", do: {run: {argv: [x]}}}
"""
    for name, hour in (("a", "T00:00:00.000Z"), ("b", "T03:00:00.000Z")):
        done = firebreak("schedule", "preview", name, "-c", "/ops.yaml", "-o", "name", **{"ops.yaml": ops})
        equal((done.returncode, done.stderr), (0, ""))
        assert all(line.endswith(hour) for line in done.stdout.splitlines()), done.stdout
    done = firebreak("config", "check", "-c", "/ops.yaml", **{"ops.yaml": ops.replace("-03:00", "Europe/Berlin")})
    equal(done.returncode, 1)
    for word in ("Europe/Berlin", "/usr/share/zoneinfo", "install tzdata"):
        contains(done.stdout + done.stderr, word)


@case
def it_probes_tcp_and_http():
    web = Web()
    done = firebreak("probe", f"127.0.0.1:{web.port}", f"http://127.0.0.1:{web.port}/", "--body",
                     "^up$", "-o", "jsonl")
    results = [json.loads(line) for line in done.stdout.splitlines()]
    equal(([r["reason"] for r in results], done.returncode, done.stderr), (["ok", "ok"], 0, ""))
    assert {r["status"] for r in results} == {None, 200}


@case
def a_closed_port_is_refused_and_a_name_has_a_reason():
    done = firebreak("probe", "127.0.0.1:1", "-o", "text")
    equal((done.returncode, done.stdout),
          (1, "FAIL 127.0.0.1:1 - refused: connect: Connection refused\n"))
    done = firebreak("probe", "no-such-host.invalid:80", "--timeout", "2s", "-o", "jsonl")
    equal(done.returncode, 1)
    assert json.loads(done.stdout)["reason"].startswith("dns_"), done.stdout


@case
def localhost_needs_no_file_of_hosts():
    web = Web()
    done = firebreak("probe", f"localhost:{web.port}", "-o", "jsonl")
    result = json.loads(done.stdout)
    equal((result["reason"], result["address"]), ("ok", f"127.0.0.1:{web.port}"))


@case
def it_runs_programs_without_any_file_of_the_system():
    done = firebreak("run", "--", "/helper", "--version", helper=True)
    equal((done.returncode, done.stderr), (0, ""))
    contains(done.stdout, "firebreak ")
    done = firebreak("run", "-o", "json", "--user", "12345:54321", "--timeout", "20s", "--max-memory", "1G", "--",
                     "/helper", "nonsense", helper=True)
    result = json.loads(done.stdout)
    equal((done.returncode, result["exit"], result["reason"]), (2, 2, "exec_exit"))
    contains(result["stderr"], "nonsense")
    done = firebreak("run", "-o", "json", "--timeout", "300ms", "--", "/helper", "run", "--", "/helper", "probe",
                     "127.0.0.1:1", "--every", "1s", helper=True)
    equal((done.returncode, json.loads(done.stdout)["reason"]), (124, "timeout"))
    equal(firebreak("run", "--", "no-such-program", helper=True).returncode, 127)


@case
def its_help_needs_no_file():
    done = firebreak("probe", "--help")
    equal(done.returncode, 0)
    contains(done.stdout, "firebreak probe")


main()
