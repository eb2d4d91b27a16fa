#!/usr/bin/env python3
"""Holds generated programs of the configuration language against real Go.

usage: oracle.py [--count 1000] [--seed 1] [--only NUMBER] [--keep DIR] [--bin FIREBREAK]

Each program is a package with a Config. What `firebreak config eval -o json` prints must be, byte for byte, what real
Go marshals; 200 packages go into one binary. What we refuse, Go must refuse, too, or panic at. A disagreement is made
small and printed with its seed and number. At least 95 in 100 must be accepted, and every statement, operator and
listed function must have been tried ten times in the accepted ones: the counts are printed.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from library import FUNCTIONS  # noqa: E402
from program import Program  # noqa: E402
from shrink import shrink  # noqa: E402
from wanted import WANTED  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[3]
PER_BINARY = 200
USES_MIN = 10
ACCEPTED_MIN = 0.95
SHOWN_MAX = 5
REFUSED_TRIED_MAX = 20
SECONDS_MAX = 300

MAIN = """package main

import (
	"encoding/json"
	"os"

%s)

func main() {
	for _, v := range []any{%s} {
		text, err := json.Marshal(v)
		if err != nil {
			text = []byte(err.Error())
		}
		os.Stdout.Write(append(text, '\\n'))
	}
}
"""


class Go:
    """A module with the generated package, and programs beside it."""

    def __init__(self, folder, firebreak):
        self.folder, self.firebreak = pathlib.Path(folder), firebreak
        path = os.environ.get("PATH", "") + ":/usr/local/go/bin"
        self.env = {**os.environ, "PATH": path, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", "GOPROXY": "off",
                    "ORACLE_SET": "from the environment", "ORACLE_EMPTY": "", "FIREBREAK_VAR_SET": "from a variable"}
        self.env.pop("ORACLE_UNSET", None)
        self.env.pop("FIREBREAK_VAR_UNSET", None)
        subprocess.run([firebreak, "config", "init", self.folder], check=True, stdout=subprocess.DEVNULL)
        (self.folder / "ops.go").unlink()

    def add(self, name, files):
        folder = self.folder / name
        (folder / "sub").mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            (folder / file).write_text(text)
        (folder / "data.txt").write_text("data\twith <tags>\n")
        (folder / "sub/more.txt").write_bytes(b"not all is UTF-8: \xff\n")

    def ours(self, name):
        """What eval prints, or None and the faults."""
        r = subprocess.run([self.firebreak, "config", "eval", "-c", self.folder / name, "-o", "json"],
                           capture_output=True, env=self.env, timeout=SECONDS_MAX)
        return (r.stdout, "") if r.returncode == 0 else (None, f"exit {r.returncode}: " +
                                                        (r.stderr or r.stdout).decode(errors="replace")[:2000])

    def build(self, names, binary):
        """Returns "" or the compiler's words."""
        folder = self.folder / ("cmd_" + binary)
        folder.mkdir(exist_ok=True)
        imports = "".join(f"\t{n} \"ops/{n}\"\n" for n in names)
        (folder / "main.go").write_text(MAIN % (imports, ", ".join(f"{n}.Config" for n in names)))
        r = subprocess.run(["go", "build", "-p", "2", "-gcflags=-e", "-ldflags=-s -w", "-o", "bin_" + binary,
                            "./cmd_" + binary], cwd=self.folder, env=self.env, capture_output=True, text=True,
                           timeout=3 * SECONDS_MAX)
        return r.stderr if r.returncode else ""

    def run(self, binary):
        return subprocess.run(["./bin_" + binary], cwd=self.folder, env=self.env, capture_output=True,
                              timeout=SECONDS_MAX)

    def theirs(self, names, binary):
        """{name: line of JSON, or str: why there is none}. One that breaks the binary is left out, then again."""
        answers, left = {}, list(names)
        while left:
            words = self.build(left, binary)
            bad = set(re.findall(r"^(p\w+)/\w+\.go:\d+", words, re.M)) & set(left)
            if words and not bad:
                answers.update({n: "go build: " + words[:2000] for n in left})
                return answers
            if not words:
                r = self.run(binary)
                if r.returncode == 0:
                    lines = r.stdout.split(b"\n")
                    answers.update({n: line + b"\n" for n, line in zip(left, lines)})
                    return answers
                words = r.stderr.decode(errors="replace")
                first = re.search(r"ops/(p\w+)[./]", words)
                if not first or first.group(1) not in left:
                    answers.update({n: f"exit {r.returncode}: {words[:2000]}" for n in left})
                    return answers
                bad = {first.group(1)}
            for n in bad:
                lines = [x for x in words.splitlines() if n + "/" in x or x.startswith("panic:")]
                answers[n] = "\n".join(lines[:4]) or words[:400]
            left = [n for n in left if n not in bad]
        return answers


def verdict(ours, faults, theirs):
    """None where both agree, else in words how they do not."""
    if ours is None:
        return None if isinstance(theirs, str) else "we refuse what Go takes:\n" + faults
    if isinstance(theirs, str):
        return "Go refuses what we take:\n" + theirs
    if ours == theirs:
        return None
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
    cut = slice(max(0, at - 60), at + 60)
    return f"at byte {at}\n  ours: {ours[cut]}\n  Go:   {theirs[cut]}"


def kind_of(words):
    """What a smaller program must still show."""
    if not words:
        return None
    first = words.splitlines()[0]
    if first.startswith("we refuse"):
        return first + re.sub(r"[\d\"']+", "", (re.findall(r'"code":"(\w+)"', words) or [""])[0])
    return first.split(" byte")[0] if first.startswith("at byte") else first


class Oracle:
    def __init__(self, args, folder):
        self.args, self.go = args, Go(folder, args.bin)
        self.counts, self.accepted, self.agree = {}, 0, 0
        self.refused, self.wrong, self.texts = [], [], {}

    def numbers(self):
        return [self.args.only] if self.args.only is not None else range(self.args.first, self.args.first + self.args.count)

    def make(self, number):
        p = Program(self.args.seed, number)
        name = f"p{number:06d}"
        self.go.add(name, p.files)
        self.texts[name] = p.text
        return name, p

    def all(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            made = [self.make(n) for n in self.numbers()]
            ours = dict(zip((n for n, _ in made), pool.map(self.go.ours, (n for n, _ in made))))
        taken = [(n, p) for n, p in made if ours[n][0] is not None]
        self.accepted = len(taken)
        for _, p in taken:
            for what, times in p.counts.items():
                self.counts[what] = self.counts.get(what, 0) + times
        names = [n for n, _ in taken]
        for at in range(0, len(names), PER_BINARY):
            self.compare(names[at:at + PER_BINARY], f"b{at}", ours)
        self.refused = [n for n, _ in made if ours[n][0] is None]
        tried = [n for n in self.refused if "panic" not in ours[n][1]] + [n for n in self.refused if "panic" in ours[n][1]]
        for n in tried[:REFUSED_TRIED_MAX]:
            self.compare([n], "r" + n, ours, counted=False)

    def compare(self, names, binary, ours, counted=True):
        theirs = self.go.theirs(names, binary)
        for n in names:
            words = verdict(*ours[n], theirs[n])
            self.agree += words is None and counted
            if words:
                self.wrong.append((n, words))
        for f in self.go.folder.glob("bin_*"):
            f.unlink()

    # ---- what is told ----

    def small(self, name, words):
        want = kind_of(words)
        def still(candidate):
            self.go.add("psmall", {"ops.go": candidate})
            ours = self.go.ours("psmall")
            if (ours[0] is None) != want.startswith("we refuse"):
                return False
            return kind_of(verdict(*ours, self.go.theirs(["psmall"], "small")["psmall"])) == want
        return shrink(self.texts[name], still, self.args.attempts)

    def tell(self):
        total = len(list(self.numbers()))
        for name, words in self.wrong[:SHOWN_MAX]:
            print(f"# program {int(name[1:])} of seed {self.args.seed} ({name}): {words}")
            for line in self.small(name, words).splitlines():
                print("#    " + line)
        for name, words in self.wrong[SHOWN_MAX:]:
            print(f"# program {int(name[1:])} of seed {self.args.seed}: {words.splitlines()[0]}")
        print(f"# seed {self.args.seed}: {self.agree} agree of {self.accepted} accepted of {total}; "
              f"{len(self.refused)} refused, {min(len(self.refused), REFUSED_TRIED_MAX)} of those tried with Go")
        wanted = sorted({*WANTED, *(f.full for f in FUNCTIONS)}) if total >= 1000 else []
        for i in range(0, len(wanted), 4):
            print("#   " + "".join(f"{self.counts.get(w, 0):7d} {w:30.30s}" for w in wanted[i:i + 4]).rstrip())
        rare = [w for w in wanted if self.counts.get(w, 0) < USES_MIN]
        checks = [("programs_agree_with_go", not self.wrong), ]
        if total >= 1000:
            checks += [("enough_programs_are_accepted", self.accepted >= ACCEPTED_MIN * total),
                       ("everything_is_tried", not rare)]
        if rare and total >= 1000:
            print("# too rare: " + ", ".join(rare))
        print(f"1..{len(checks)}")
        for i, (what, ok) in enumerate(checks, 1):
            print(f"{'ok' if ok else 'not ok'} {i} - lang/programs: {what}")
        return all(ok for _, ok in checks)


def has_go():
    path = os.environ.get("PATH", "") + ":/usr/local/go/bin"
    return shutil.which("go", path=path) is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--attempts", type=int, default=120, help="how often a disagreement is made smaller")
    parser.add_argument("--keep", help="a folder for the programs, which stay there")
    parser.add_argument("--bin", default=str(ROOT / "build/dev/firebreak"))
    args = parser.parse_args()
    args.bin = os.path.abspath(args.bin)
    if not has_go():
        print("1..1\nok 1 - lang/programs: programs_agree_with_go # SKIP Go is not here")
        return 0
    with tempfile.TemporaryDirectory(prefix="firebreak-oracle-") as folder:
        oracle = Oracle(args, args.keep or folder)
        oracle.all()
        return 0 if oracle.tell() else 1


if __name__ == "__main__":
    sys.exit(main())
