"""tools/mutants: a planted bug must be caught, by a program that is healthy without it."""
import subprocess
import sys

from case import Folder, ROOT, case, contains, equal, main

SOURCE = 'int f(void)\n{\n    return fault_mutant("x_lost") ? 1 : 0;\n}\n'
CATCHES = '#!/bin/sh\n[ "$FIREBREAK_MUTANT" != x_lost ] || { echo "not ok 1 - x comes"; exit 1; }\n'


def mutants(listed, program=CATCHES, source=SOURCE):
    with Folder() as f:
        f.write("bin/tests/x_test", program, 0o755)
        f.write("src/x.c", source)
        done = subprocess.run([sys.executable, ROOT / "tools/mutants", "--bin", f.path / "bin",
                               "--list", f.write("mutants.txt", listed), "--source",
                               f.path / "src"], text=True, stdout=subprocess.PIPE, check=False)
        return done.returncode, done.stdout


@case
def a_mutant_that_is_caught_is_told_with_the_case_that_did():
    equal(mutants("# comment\nx_lost tests/x_test\n"),
          (0, "ok 1 - x_lost: tests/x_test fails 'x comes'\n1..1\n"))


@case
def a_hang_is_caught_too():
    status, out = mutants("x_lost tests/x_test\n",
                          '#!/bin/sh\n[ -z "$FIREBREAK_MUTANT" ] || exec sleep 60\n')
    equal(status, 0)
    contains(out, "x_lost: tests/x_test hangs")


@case
def one_that_nobody_notices_is_a_failure():
    status, out = mutants("x_lost tests/x_test\n", "#!/bin/sh\ntrue\n")
    equal(status, 1)
    contains(out, "not ok 1 - x_lost: tests/x_test passes with the mutant")


@case
def a_catcher_that_fails_anyway_catches_nothing():
    status, out = mutants("x_lost tests/x_test\n", "#!/bin/sh\nfalse\n")
    equal(status, 1)
    contains(out, "without the mutant")


@case
def the_sources_and_the_list_name_the_same():
    status, out = mutants("y_lost tests/x_test\n")
    equal(status, 1)
    contains(out, "x_lost: planted, and nothing in mutants.txt must catch it")
    contains(out, "y_lost: listed in mutants.txt, and planted nowhere")


main()
