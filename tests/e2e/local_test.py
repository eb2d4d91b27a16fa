"""Checks of this host: processes, files, logs, signs of life; what changes is told at once."""
import hashlib
import http.client

from harness import *


class Up:
    """`firebreak up` and the events that it prints."""

    def __init__(self, text, data=None):
        self.data = data or data_folder()
        self.path = write(os.path.join(folder(), "ops.yaml"), text)
        self.events = []
        self.p = spawn("up", "-c", self.path, "--data", self.data, "-o", "jsonl")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.p.stdout:
            self.events.append(json.loads(line))

    def wait(self, asset, to, seconds=30, after=0):
        def found():
            equal(self.p.poll(), None, "firebreak up has ended")
            return [e for e in self.events[after:] if (e["type"], e["asset"], e["to"]) == ("state", asset, to)]
        return eventually(found, seconds, f"{asset} to {to}: {self.events}")[0]

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        self.p.wait(30)

    def post(self, path):
        c = http.client.HTTPConnection("unix")
        c.sock = socket.socket(socket.AF_UNIX)
        c.sock.connect(os.path.join(self.data, "firebreak.sock"))
        c.request("POST", path)
        r = c.getresponse()
        return r.status, json.loads(r.read())


def config(what, settle="200ms", every="30s"):
    return (f"assets: [{{name: a, settle: {settle}}}]\n"
            f"checks: [{{name: c, asset: a, every: {every}, every_failed: {every}, {what}}}]\n")


def process(name):
    """A process of that name: a link to sleep."""
    path = os.path.join(folder(), name)
    os.symlink(shutil.which("sleep"), path)
    p = subprocess.Popen([path, "600"])
    defer(p.wait)
    defer(p.kill)
    return p


@case
def a_killed_process_is_told_at_once_and_so_is_its_return():
    first = process(f"fb-srv{os.getpid()}")
    up = Up(config("process: {name: fb-srv%d}" % os.getpid()))
    up.wait("a", "Healthy")
    before = time.time()
    first.kill()
    e = up.wait("a", "Failed")  # by event: the next poll is half a minute away
    equal(e["reason"], "not_running")
    contains(e["evidence"][0], f"process {first.pid} (fb-srv{os.getpid()}) has ended")
    print(f"# seen after {time.time() - before:.3f} s")
    first.wait()
    process(f"fb-srv{os.getpid()}")
    up.wait("a", "Healthy", after=up.events.index(e))


@case
def by_its_file_a_number_that_is_anothers_does_not_count():
    d = folder()
    p, path = process(f"fb-dmn{os.getpid()}"), os.path.join(d, "x.pid")
    write(path, f"{p.pid}\n")
    up = Up(config(f"process: {{pid_file: {path}}}", every="200ms"))
    up.wait("a", "Healthy")
    os.utime(path, (1000000000, 1000000000))  # of long before that process began
    e = up.wait("a", "Failed")
    contains(e["evidence"][0], "that is another one")


@case
def a_file_is_held_against_what_it_should_be():
    path = write(os.path.join(folder(), "app.conf"), "port = 80\n", 0o640)
    digest = hashlib.sha256(b"port = 80\n").hexdigest()
    up = Up(config(f'file: {{path: {path}, sha256: {digest}, mode: "0640", owner: "{os.getuid()}"}}'))
    up.wait("a", "Healthy")
    write(path, "port = 81\n", 0o640)
    e = up.wait("a", "Failed")
    equal(e["reason"], "drift_file")
    contains(e["evidence"][0], digest)
    new = write(path + ".new", "port = 80\n", 0o640)
    os.rename(new, path)
    e = up.wait("a", "Healthy", after=up.events.index(e))
    os.chmod(path, 0o666)
    contains(up.wait("a", "Failed", after=up.events.index(e))["evidence"][0], "its mode is 0666, wanted 0640")


@case
def a_line_in_a_log_degrades_until_there_was_none_for_a_while():
    path = write(os.path.join(folder(), "app.log"), "ERROR of yesterday\n")
    up = Up(config(f"log_line: {{path: {path}, pattern: '^ERROR'}}", every="500ms"))
    up.wait("a", "Healthy")
    os.rename(path, path + ".1")
    write(path, "fine\nERROR disk full\n")
    e = up.wait("a", "Degraded")
    equal((e["reason"], e["evidence"]), ("log_match", ["ERROR disk full"]))
    up.wait("a", "Healthy", after=up.events.index(e))


@case
def a_sign_of_life_is_remembered():
    up = Up(config("heartbeat: {within: 3s}"))
    e = up.wait("a", "Failed")
    equal(e["reason"], "heartbeat_missed")
    status, said = up.post("/v1/heartbeats/c")
    equal((status, list(said)), (200, ["at"]))
    up.wait("a", "Healthy", after=up.events.index(e))
    equal(up.post("/v1/heartbeats/no%20name")[0], 400)
    r = firebreak("store", "get", "/heartbeats/default/c", "-o", "jsonl", "--data", up.data)
    contains(r.stdout, "/heartbeats/default/c")
    up.stop()
    time.sleep(4)  # it was there in time, and nothing since
    up = Up(config("heartbeat: {within: 3s}", every="200ms"), up.data)
    contains(up.wait("a", "Failed", seconds=30)["evidence"][0], "no sign of life for ")
    true("none ever came" not in json.dumps(up.events), up.events)


main()
