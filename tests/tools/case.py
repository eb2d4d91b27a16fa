"""Test cases in Python that print TAP: @case over each function, main() at the end."""
import pathlib
import shutil
import sys
import tempfile
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
_cases = []


class Skip(Exception):
    """Raised with the reason."""


def case(fn):
    _cases.append(fn)
    return fn


def equal(got, want):
    assert got == want, f"{got!r} is not {want!r}"


def contains(text, part):
    assert part in text, f"{part!r} is not in {text!r}"


class Folder:
    """A temporary folder, gone at the end of the `with`."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="firebreak-test-"))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def write(self, name, text, mode=0o644):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path


def main():
    failed = 0
    print(f"1..{len(_cases)}")
    for number, fn in enumerate(_cases, 1):
        try:
            fn()
            print(f"ok {number} - {fn.__name__}", flush=True)
        except Skip as e:
            print(f"ok {number} - {fn.__name__} # SKIP {e}", flush=True)
        except Exception:  # told, and the next case runs
            failed += 1
            print(f"not ok {number} - {fn.__name__}")
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="",
                  flush=True)
    sys.exit(failed != 0)
