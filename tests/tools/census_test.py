"""tools/census: no stack may be used beyond 48 KB of its 64, and a census that saw nothing fails."""
import subprocess
import sys

from case import Folder, ROOT, case, contains, equal, main


def census(*scripts):
    with Folder() as f:
        programs = [f.write(f"{i}_test", f"#!/bin/sh\n{text}\n", 0o755)
                    for i, text in enumerate(scripts)]
        done = subprocess.run([sys.executable, ROOT / "tools/census", *programs], text=True,
                              stdout=subprocess.PIPE, check=False)
        return done.returncode, done.stdout


def used(name, size):
    return f"echo 'CENSUS {name} x.c:7 {size}' >&2"


@case
def the_deepest_use_of_a_site_is_told():
    status, out = census(used("a", 1000), used("a", 3000) + "\n" + used("b", 2000))
    equal(status, 0)
    contains(out, "ok 1 - x.c:7 a has used 3000 bytes")
    contains(out, "ok 2 - x.c:7 b has used 2000 bytes")


@case
def the_bound_itself_is_allowed():
    equal(census(used("a", 48 * 1024))[0], 0)


@case
def beyond_it_fails_and_names_the_site():
    status, out = census(used("a", 1000), used("b", 48 * 1024 + 1))
    equal(status, 1)
    contains(out, "not ok 1 - x.c:7 b has used 49153 bytes")


@case
def a_program_that_fails_is_no_census():
    status, out = census(used("a", 1000), "exit 3")
    equal(status, 1)
    contains(out, "not ok 2 - ")
    contains(out, "status 3")


@case
def nothing_seen_is_a_failure():
    equal(census("exit 0")[0], 1)


@case
def the_program_is_asked_for_it():
    status, _ = census('[ "$FIREBREAK_CENSUS" = 1 ] && ' + used("a", 1))
    equal(status, 0)


main()
