"""The static binary needs nobody: no interpreter, no shared object, none of glibc's plug-ins."""
from static import FIREBREAK, run
from case import case, equal, main


def readelf(*args):
    done = run(["readelf", "-W", *args, FIREBREAK])
    assert done.returncode == 0, done.stderr
    return done.stdout


@case
def it_is_position_independent():
    assert "DYN (Position-Independent Executable file)" in readelf("-h")


@case
def it_has_no_interpreter():
    headers = readelf("-l")
    assert "LOAD" in headers and "INTERP" not in headers, headers


@case
def it_needs_no_shared_object():
    dynamic = readelf("-d")
    assert "FLAGS_1" in dynamic and "NEEDED" not in dynamic, dynamic


@case
def nothing_is_written_and_executable():
    for line in readelf("-l").splitlines():
        if line.split()[:1] and line.split()[0] in ("LOAD", "GNU_STACK"):
            assert "RWE" not in line, line


# These want glibc's own shared objects at run time, which a static binary cannot be sure to find.
PLUGINS = ("getaddrinfo gethostbyname gethostbyname_r gethostbyaddr getservbyname getpwnam getpwuid "
           "getpwnam_r getpwuid_r getgrnam getgrgid initgroups dlopen iconv_open").split()


@case
def our_own_objects_ask_none_of_glibcs_plug_ins():
    done = run(["nm", "-u", FIREBREAK.parent / "libfirebreak.a"])
    asked = {line.split()[-1] for line in done.stdout.splitlines() if " U " in line}
    assert "memcpy" in asked, "nm tells nothing"
    equal(sorted(asked & set(PLUGINS)), [])


main()
