"""How long after something happens on this host a check knows it, without being asked, for bench_heal: a process that
is killed (pidfd), found by name and by a file with its number; one that begins (the kernel's process events); a file
that changes and a line of a log (inotify); a unit of a real systemd (D-Bus). Checks are asked each minute."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

KNOWN_SECONDS_MAX, START_SECONDS_MAX, GOAL_MS = 30, 60, 50
CHECKS = {"process": "process: {{name: {name}}}", "pid_file": "process: {{pid_file: {path}}}",
          "file": "file: {{path: {path}, sha256: \"{sha}\"}}", "log": "log_line: {{path: {path}, pattern: '^ERROR'}}",
          "unit": "process: {{unit: {name}}}"}
HELLO_SHA256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


class Thing:
    """What one check looks at. `process` is the one that a kill is for."""

    def __init__(self, folder, kind, i, systemd):
        self.kind, self.name, self.systemd, self.process = kind, f"hb-{kind.replace('_', '')}-{i}"[:15], systemd, None
        self.program, self.path = folder / self.name, folder / f"{self.name}.txt"
        if kind == "unit":
            systemd.unit(f"{self.name}.service", "ExecStart=/bin/sleep 600")
        elif kind in ("process", "pid_file"):
            os.symlink(shutil.which("sleep"), self.program)
            self.begin()
        else:
            self.path.write_text("hello", encoding="ascii")

    def begin(self):
        """When it was."""
        at = time.monotonic_ns()
        self.process = subprocess.Popen([str(self.program), "600"])
        if self.kind == "pid_file":
            self.path.write_text(f"{self.process.pid}\n", encoding="ascii")
        return at

    def config(self):
        what = CHECKS[self.kind].format(name=self.name, path=self.path, sha=HELLO_SHA256)
        return (f"  - {{name: {self.name}, settle: 1ms}}\n",
                f"  - {{name: {self.name}-check, asset: {self.name}, every: 60s, every_failed: 60s, {what}}}\n")

    def change(self):
        """Something goes wrong. When it was."""
        [pid] = self.systemd.pids(f"{self.name}.service") if self.kind == "unit" else [0]
        at = time.monotonic_ns()
        if self.kind == "file":
            self.path.write_text("other", encoding="ascii")
        elif self.kind == "log":
            with self.path.open("a", encoding="ascii") as f:
                f.write("\nERROR: it is broken\n")
        else:
            os.kill(pid or self.process.pid, signal.SIGKILL)
        return at

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()


def a_systemd(stack):
    """None: none can be had here."""
    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/e2e"))
    import harness
    import systemd
    stack.enter_context(harness._cleanup)
    try:
        return systemd.Systemd()
    except harness.Skip as why:
        print(f"# {why}: units are not measured", file=sys.stderr)
        return None


def measured(heal, up, thing):
    """Milliseconds from the change until the asset is told to be Failed (a line in a log: Degraded), and, of one found by its name, from the
    beginning of the next until that is told."""
    at = thing.change()
    state = "Degraded" if thing.kind == "log" else "Failed"
    failed = heal.until(lambda: up.when(thing.name, state, at), KNOWN_SECONDS_MAX, f"{thing.name} is {state}",
                        step=0.005)
    found = {thing.kind: (failed - at) / 1e6}
    if thing.kind == "process":
        thing.end()
        time.sleep(0.5)
        at = thing.begin()
        back = heal.until(lambda: next((t for t, a in list(up.heard) if a == thing.name and t > at), None),
                          KNOWN_SECONDS_MAX, f"{thing.name} is seen", step=0.005)
        found["begun"] = (back - at) / 1e6
    return found


def bench_push(heal, build, rounds):
    build.make("firebreak")
    with tempfile.TemporaryDirectory() as d, contextlib.ExitStack() as stack:
        folder, found = pathlib.Path(d), {}
        systemd = a_systemd(stack)
        things = [Thing(folder, kind, i, systemd) for i in range(rounds) for kind in CHECKS
                  if kind != "unit" or systemd]
        stack.callback(lambda: [t.end() for t in things])
        if systemd:
            systemd.ok("Reload")
            os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = systemd.address
            for t in things:
                if t.kind == "unit":
                    systemd.begin(f"{t.name}.service")
        assets, checks = zip(*[t.config() for t in things])
        up = heal.Up(build.program("firebreak"), folder, "assets:\n" + "".join(assets) + "checks:\n" + "".join(checks))
        stack.callback(up.close)
        heal.until(lambda: all(up.state(t.name) == "Healthy" for t in things), START_SECONDS_MAX, "all are Healthy")
        for t in things:
            time.sleep(0.1)
            for kind, ms in measured(heal, up, t).items():
                found.setdefault(kind, []).append(ms)
    for kind, values in found.items():
        heal.told(f"heal_push_{kind}", values, goal=f"goal={GOAL_MS}ms ")
