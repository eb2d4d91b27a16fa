"""What every end-to-end test needs: the binary, servers that end with the test, and TAP.

A test file says

    from harness import *

    @case
    def a_closed_port_is_refused():
        r = firebreak("probe", "127.0.0.1:1")
        equal(r.returncode, 1)

    main()

The binary is $FIREBREAK, else build/dev/firebreak. All traffic stays on 127.0.0.0/8, ::1, unix
sockets and network namespaces that the test makes.
"""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.abspath(os.environ.get("FIREBREAK", os.path.join(ROOT, "build/dev/firebreak")))
TIME_MAX_S = 60  # for one run of the binary

_cases = []
_asked_for_network = []
_cleanup = contextlib.ExitStack()


class Skip(Exception):
    pass


def case(fn):
    _cases.append(fn)
    return fn


def main():
    if not _asked_for_network:
        own_network()  # the `up` of another test finds every listener of its network, and asks it
    failed = 0
    print(f"1..{len(_cases)}", flush=True)
    try:
        for number, fn in enumerate(_cases, 1):
            name = fn.__name__
            try:
                with contextlib.ExitStack() as stack:
                    fn.__globals__["defer"] = stack.callback
                    fn()
                print(f"ok {number} - {name}", flush=True)
            except Skip as e:
                print(f"ok {number} - {name} # SKIP {e}", flush=True)
            except Exception as e:  # a failure is told with its place, and the next case runs
                failed += 1
                tb = e.__traceback__
                while tb.tb_next and os.path.basename(tb.tb_next.tb_frame.f_code.co_filename) != "harness.py":
                    tb = tb.tb_next
                where = f"{os.path.basename(tb.tb_frame.f_code.co_filename)}:{tb.tb_lineno}"
                print(f"not ok {number} - {name}", flush=True)
                for line in f"{where}: {type(e).__name__}: {e}".splitlines():
                    print(f"# {line}", flush=True)
    finally:
        _cleanup.close()
    sys.exit(1 if failed else 0)


def equal(got, want, note=""):
    if got != want:
        raise AssertionError(f"got {got!r}, wanted {want!r} {note}")


def true(condition, note=""):
    if not condition:
        raise AssertionError(note or "is not true")


def contains(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in {text!r}")


def eventually(fn, seconds=10, note=""):
    """Waits until fn() gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        value = fn()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s {note}")
        time.sleep(0.05)


def need(program):
    path = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin:/usr/local/go/bin")
    if not path:
        raise Skip(f"{program} is not installed")
    return path


def python_with(module):
    """A Python that has it: ours, or Debian's own, for which its packages are."""
    for python in (sys.executable, "/usr/bin/python3"):
        if shutil.which(python) and subprocess.run([python, "-c", f"import {module}"],
                                                   stderr=subprocess.DEVNULL).returncode == 0:
            return python
    raise Skip(f"python3-{module} is not installed")


def own_network():
    """Moves this test into a network namespace of its own, with a loopback and nothing else, so that no
    other program's sockets are seen. Returns whether it could."""
    import ctypes
    CLONE_NEWNET = 0x40000000
    _asked_for_network.append(True)
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        return False
    return subprocess.run([need("ip"), "link", "set", "lo", "up"]).returncode == 0


def own_mounts():
    """Moves this test into a mount namespace of its own: what it mounts, nobody else sees, and it ends with
    the test. Skips where that is not allowed."""
    import ctypes
    CLONE_NEWNS = 0x20000
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0 or \
            subprocess.run([need("mount"), "--make-rprivate", "/"], capture_output=True).returncode != 0:
        raise Skip("no mount namespace here")


# ---- the binary ----

_data = {"base": None, "count": 0}


def data_folder():
    """A data folder of its own, which is not there yet."""
    _data["base"] = _data["base"] or folder()
    _data["count"] += 1
    return os.path.join(_data["base"], f"data-{_data['count']}")


def environment(extra=None):
    """What the binary sees: each run has a data folder of its own, unless `extra` names one."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("FIREBREAK")
           and not k.lower().endswith("_proxy")}
    env.pop("NO_COLOR", None)
    env["FIREBREAK_DATA"] = data_folder()
    env.update(extra or {})
    return env


def firebreak(*args, input=None, env=None, limit_files=None, timeout=TIME_MAX_S):
    """Runs it to its end. stdout and stderr are text."""
    argv = [BINARY, *args]
    if limit_files:
        argv = ["sh", "-c", f'ulimit -n {limit_files}; exec "$0" "$@"', *argv]
    return subprocess.run(argv, input=input, env=environment(env), timeout=timeout,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          stdin=subprocess.DEVNULL if input is None else None)


def probe(*args, **kw):
    """The results of one `firebreak probe`, as a list of dicts."""
    r = firebreak("probe", *args, "-o", "jsonl", **kw)
    if r.returncode not in (0, 1):
        raise AssertionError(f"exit {r.returncode}: {r.stderr}")
    return [json.loads(line) for line in r.stdout.splitlines()]


def probe_one(*args, **kw):
    results = probe(*args, **kw)
    equal(len(results), 1)
    return results[0]


def complaints(stderr):
    """What a run has said on standard error, but for the watchdog's word about a machine that was busy."""
    return "\n".join(line for line in stderr.splitlines() if '"event":"stall"' not in line)


def unspoilt(ask):
    """What ask() finds; asked again where this machine stood still itself (`limit`)."""
    end = time.monotonic() + 30
    while True:
        r = ask()
        if r["reason"] != "limit" or time.monotonic() > end:
            return r


def spawn(*args, **kw):
    """Starts the binary; it is killed at the case's end."""
    p = subprocess.Popen([BINARY, *args], env=environment(kw.pop("env", None)),
                         stdin=kw.pop("stdin", subprocess.DEVNULL),
                         stdout=kw.pop("stdout", subprocess.PIPE),
                         stderr=kw.pop("stderr", subprocess.PIPE), text=True, **kw)
    _cleanup.callback(stop, p)
    return p


def stop(p, group=False):
    """Kills it; `group`: with all that it started, which must be a group of its own."""
    with contextlib.suppress(ProcessLookupError):
        if group:
            os.killpg(p.pid, signal.SIGKILL)
        elif p.poll() is None:
            p.kill()
    p.wait()
    for f in (p.stdin, p.stdout, p.stderr):
        if f:
            f.close()


# ---- servers ----

def folder():
    path = tempfile.mkdtemp(prefix="firebreak-e2e-")
    _cleanup.callback(shutil.rmtree, path, True)
    return path


def write(path, text, mode=0o644):
    with open(path, "w" if isinstance(text, str) else "wb") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def free_port(host="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


def answers(host, port):
    with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as s:
        s.settimeout(1)
        return s.connect_ex((host, port)) == 0


def server(argv, port=None, host="127.0.0.1", **kw):
    """Starts a program, waits until its port answers, and ends it with the test."""
    log = open(os.path.join(folder(), "log"), "w+")
    p = subprocess.Popen(argv, stdin=kw.pop("stdin", subprocess.DEVNULL), stdout=log, stderr=log,
                         start_new_session=True, **kw)
    _cleanup.callback(stop, p, True)

    def up():
        if p.poll() is not None:
            log.seek(0)
            raise AssertionError(f"{argv[0]} ended with {p.returncode}: {log.read()}")
        return port is None or answers(host, port)
    eventually(up, 10, f"{argv[0]} does not answer on {port}")
    return p


class Listener:
    """A TCP server in the test itself: each connection is given to `talk(connection)`."""

    def __init__(self, talk=None, host="127.0.0.1", port=0, backlog=4096):
        family = socket.AF_UNIX if host.startswith("/") else \
            socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family)
        if family != socket.AF_UNIX:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(host if family == socket.AF_UNIX else (host, port))
        self.sock.listen(backlog)
        self.port = 0 if family == socket.AF_UNIX else self.sock.getsockname()[1]
        self.talk = talk
        self.accepted = 0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        _cleanup.callback(self.close)

    def _serve(self):
        while True:
            try:
                connection, _ = self.sock.accept()
            except OSError:
                return
            self.accepted += 1
            if self.talk:
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()
            else:
                connection.close()

    def _talk(self, connection):
        with contextlib.suppress(OSError):
            self.talk(connection)
        with contextlib.suppress(OSError):
            connection.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def http_answer(raw, after=None):
    """A talk() that reads a request's head, sends `raw`, or what raw(head) gives, and then does
    `after(connection)`."""
    def talk(connection):
        head = b""
        while b"\r\n\r\n" not in head:
            part = connection.recv(4096)
            if not part:
                return
            head += part
        connection.sendall(raw(head) if callable(raw) else raw)
        if after:
            after(connection)
    return talk


def reset(connection):
    """Closes with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
