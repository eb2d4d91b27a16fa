"""A `firebreak up` that serves its data folder, and how to talk to it over its socket."""
import http.client

from harness import *


class Unix(http.client.HTTPConnection):
    def __init__(self, path, timeout=30):
        super().__init__("firebreak", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """One data folder, served by one process after another."""

    away = False  # nobody can reach it now

    def __init__(self, data=None, args=(), logs=False, env=None, **kw):
        self.data = data or data_folder()
        self.env = {"FIREBREAK_DATA": self.data, **(env or {})}
        self.socket = os.path.join(self.data, "firebreak.sock")
        self.args, self.logs = list(args), [] if logs else None
        self.start(**kw)

    def start(self, preexec_fn=None, args=None):
        """With `logs` its log is read as it comes."""
        more = self.args if args is None else args
        if self.logs is not None:
            more = [*more, "--log-format", "json"]
        self.p = spawn("up", "-o", "jsonl", *more, env=self.env, stdout=subprocess.DEVNULL, preexec_fn=preexec_fn)
        if self.logs is not None:
            threading.Thread(target=self._read_logs, args=(self.p.stderr,), daemon=True).start()
        eventually(self.answers, 20, "firebreak up does not serve")

    def _read_logs(self, stream):
        for text in stream:
            self.logs.append(json.loads(text))

    def log(self, seconds=20, **fields):
        def found():
            return [x for x in list(self.logs) if all(x.get(k) == v for k, v in fields.items())]
        return eventually(found, seconds, f"{fields}: {self.logs}")[-1]

    def answers(self):
        if self.p.poll() is not None:
            raise AssertionError(f"firebreak up ended with {self.p.returncode}: {self.logs or self.p.stderr.read()}")
        try:
            return self.ask("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def ask(self, method, target, body=None, headers={}):
        """(status, body as text)"""
        c = Unix(self.socket)
        try:
            c.request(method, target, body, dict(headers))
            r = c.getresponse()
            return r.status, r.read().decode()
        finally:
            c.close()

    def json(self, method, target, body=None, want=200):
        status, text = self.ask(method, target, body)
        equal(status, want, text)
        return json.loads(text)

    def run(self, *args, **kw):
        kw.setdefault("env", self.env)
        return firebreak(*args, **kw)

    def ok(self, *args, **kw):
        r = self.run(*args, **kw)
        equal((r.returncode, r.stderr), (0, ""), " ".join(args))
        return r.stdout

    def kill(self):
        self.p.kill()
        self.p.wait()

    def end(self, number=signal.SIGINT):
        self.p.send_signal(number)
        return self.p.wait(20)

    def lines(self, *args):
        """A running command whose lines of JSON are collected."""
        return Lines(args, self.env)


class Etcd:
    """A real one, with a member of its own."""

    def __init__(self, *more, host="127.0.0.1"):
        need("etcd"), need("etcdctl")
        port, peers = free_port(), free_port()
        mine, others = f"http://{host}:{port}", f"http://127.0.0.1:{peers}"
        self.argv = ["etcd", "--data-dir", os.path.join(folder(), "etcd"), "--listen-client-urls", mine,
                     "--advertise-client-urls", mine, "--listen-peer-urls", others,
                     "--initial-advertise-peer-urls", others, "--initial-cluster", f"default={others}", *more]
        self.port, self.url = port, f"etcd://{host}:{port}"
        self.p = server(self.argv, port, host)
        eventually(lambda: self.ctl("endpoint", "health").returncode == 0, 20)

    def ctl(self, *args):
        return subprocess.run(["etcdctl", f"--endpoints={self.url[7:]}", *args], capture_output=True, text=True,
                              env={**os.environ, "ETCDCTL_API": "3"}, timeout=30)


class Lines:
    def __init__(self, args, env):
        self.p = spawn(*args, env=env)
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for text in self.p.stdout:
            self.seen.append(json.loads(text))

    def wait(self, wanted, seconds=10):
        def found():
            return [x for x in list(self.seen) if wanted(x)]
        return eventually(found, seconds, f"{self.seen}")[0]


class Writer(threading.Thread):
    """Puts as fast as it is answered; knows what was acknowledged, and what is in doubt."""

    def __init__(self, server, number):
        super().__init__(daemon=True)
        self.server, self.key, self.acked, self.tried, self.over = server, f"/kill/{number}", 0, 0, False

    def run(self):
        connection = None
        while not self.over:
            self.tried += 1
            try:
                connection = connection or Unix(self.server.socket, 10)
                connection.request("PUT", f"/v1/store/keys?key={self.key}", str(self.tried))
                r = connection.getresponse()
                body = r.read()
                if r.status == 200 and b"revision" in body:
                    self.acked = self.tried
            except (OSError, http.client.HTTPException):
                if connection:
                    connection.close()
                connection = None
                time.sleep(0.005)
