"""A real systemd of the test's own: the first process of a new namespace of processes, with its own
cgroup, mounts and network. It sees this host's files read-only and knows no unit but the test's, so
that it can touch nothing. Its bus is a socket in its folder, which is reached from outside.

Run as a program: answers 0 where one can be had here."""
import pathlib
import sys

from harness import *
from harness import _cleanup

PROGRAM = "/lib/systemd/systemd"
INSIDE = f"""set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount --bind "$1/run" /run
umount -R /sys/fs/cgroup || true
mount -t cgroup2 none /sys/fs/cgroup
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -o remount,bind,ro /
exec env -i PATH="$PATH" container=firebreak-test SYSTEMD_UNIT_PATH="$1/units" {PROGRAM} \\
    --system --unit=first.target --show-status=0 --log-target=null
"""
UNITS = {
    "first.target": "[Unit]\nDefaultDependencies=no\nWants=dbus.socket dbus.service\n",
    "dbus.socket": "[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=/run/dbus/system_bus_socket\n",
    "dbus.service": "[Unit]\nDefaultDependencies=no\nRequires=dbus.socket\n[Service]\nType=notify\n"
                    "ExecStart=/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile "
                    "--systemd-activation\n",
}


def cgroups():
    """The folder of version 2."""
    return next((p for p in (pathlib.Path("/sys/fs/cgroup"), pathlib.Path("/sys/fs/cgroup/unified"))
                 if (p / "cgroup.procs").exists()), None)


class Systemd:
    def __init__(self, **units):
        """name=text of [Service], for NAME.service. Raises Skip where none can be had."""
        base = cgroups()
        if os.geteuid() != 0 or not base or not os.access(base, os.W_OK) or not os.path.exists(PROGRAM):
            raise Skip("no systemd can be started here: that takes root, its program and cgroups of version 2")
        self.folder = folder()
        self.group = base / os.path.basename(self.folder)
        self.address = f"unix:path={self.folder}/run/dbus/system_bus_socket"
        os.makedirs(f"{self.folder}/run"), os.makedirs(f"{self.folder}/units")
        write(f"{self.folder}/inside", INSIDE)
        for name, text in UNITS.items():
            write(f"{self.folder}/units/{name}", text)
        for name, text in units.items():
            self.unit(f"{name}.service", text)
        _cleanup.callback(self.remove)
        self.start()

    def unit(self, name, service):
        write(f"{self.folder}/units/{name}", f"[Unit]\nDefaultDependencies=no\nStartLimitIntervalSec=0\n"
                                             f"[Service]\n{service}\n")

    def start(self):
        try:
            self.group.mkdir(exist_ok=True)
        except OSError as e:
            raise Skip(f"no cgroup of our own: {e}") from None
        procs = self.group / "cgroup.procs"
        self.p = subprocess.Popen(["unshare", "-m", "-p", "-f", "-C", "-u", "-i", "-n", "--mount-proc",
                                   "--kill-child", "sh", f"{self.folder}/inside", self.folder],
                                  preexec_fn=lambda: procs.write_text("0"), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        end = time.monotonic() + 20
        while self.call("GetUnit", "s", "dbus.service").returncode != 0:
            if self.p.poll() is not None or time.monotonic() > end:
                self.p.kill()
                raise Skip(f"systemd does not start here: {self.p.communicate()[0][:500]!r}")
            time.sleep(0.05)

    def call(self, *args):
        """Of its manager's interface."""
        return subprocess.run([need("busctl"), f"--address={self.address}", "call", "org.freedesktop.systemd1",
                               "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", *args],
                              capture_output=True, text=True, timeout=30)

    def ok(self, *args):
        r = self.call(*args)
        equal((r.returncode, r.stderr), (0, ""), " ".join(args))

    def begin(self, name):
        self.ok("StartUnit", "ss", name, "replace")

    def pids(self, name):
        try:
            return [int(x) for x in (self.group / "system.slice" / name / "cgroup.procs").read_text().split()]
        except OSError:
            return []

    def end(self):
        self.p.kill()
        self.p.wait()

    def remove(self):
        """Idempotent."""
        self.end()
        for _ in range(100):
            for path, _, _ in os.walk(self.group, topdown=False):
                try:
                    os.rmdir(path)
                except OSError:
                    pass
            if not self.group.exists():
                return
            time.sleep(0.05)


if __name__ == "__main__":
    with _cleanup:
        try:
            Systemd()
        except Skip as why:
            sys.exit(str(why))
