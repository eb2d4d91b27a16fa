"""Two folders give bit-identical output, whatever the folder, the time and the user's umask."""
import os
import shutil

from static import ROOT, run
from case import Folder, case, main

INPUTS = ("Makefile", "layers", "src", "tools")


def built(folder, flavour, umask):
    """The binary built from a copy of this tree at `folder`."""
    folder.mkdir(parents=True)
    for name in INPUTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = run(["make", "-s", "-j2", f"F={flavour}", "COMMIT=0123456789ab", "all"],
               cwd=folder, env=env, umask=umask)
    assert done.returncode == 0, done.stdout + done.stderr
    return (folder / "build" / flavour / "firebreak").read_bytes()


def same(flavour):
    with Folder() as f:
        one = built(f.path / "one", flavour, 0o022)
        two = built(f.path / "a/longer/name/than/the/other", flavour, 0o077)
        assert len(one) > 100000
        assert one == two, f"{flavour}: {sum(a != b for a, b in zip(one, two))} bytes differ"
        assert str(f.path).encode() not in one, "the folder's name is inside"


@case
def the_static_binary():
    same("static")


@case
def the_release_binary():
    same("release")


main()
