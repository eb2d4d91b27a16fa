"""Checks of this host: processes, files, logs, signs of life; what changes is told at once."""
import hashlib

from serving import *


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
        c = Unix(os.path.join(self.data, "firebreak.sock"))
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
def a_container_s_process_of_the_same_name_is_not_ours():
    name = f"fb-box{os.getpid()}"
    path = os.path.join(folder(), name)
    os.symlink(shutil.which("sleep"), path)
    box = subprocess.Popen([need("unshare"), "-p", "-f", "--kill-child", path, "600"], stderr=subprocess.DEVNULL)
    defer(box.wait)
    defer(box.kill)
    if not eventually(lambda: box.poll() is not None or runs(name), 20) or box.poll() is not None:
        raise Skip("no namespace of processes here")
    up = Up(config(f"process: {{name: {name}}}", every="200ms"))
    equal(up.wait("a", "Failed")["reason"], "not_running")
    process(name)
    up.wait("a", "Healthy")


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
    equal(e["from"], "Pending")  # silence is no sign of life: it never was Healthy
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


# ---- what a node does beside running programs ----

def task(up, action, *args):
    path = write(os.path.join(folder(), "action.json"), json.dumps(action))
    return firebreak("task", "run", "-f", path, "--wait", "--data", up.data, *args)


def all_of(name):
    """The processes that are links of that name."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            first = open(f"/proc/{pid}/cmdline").read().split("\0")[0]
            if os.path.basename(first) == name and " Z " not in open(f"/proc/{pid}/stat").read():
                found.add(int(pid))
    return found


def runs(name):
    return next(iter(all_of(name)), None)


@case
def a_process_is_restarted_as_it_was_and_outlives_us():
    name, secret = f"fb-rst{os.getpid()}", f"hush-{os.urandom(16).hex()}"
    os.environ["A_SECRET"] = secret
    defer(os.environ.pop, "A_SECRET")
    first = process(name)
    up = Up(config(f"process: {{name: {name}}}"))
    up.wait("a", "Healthy")
    kept, environ = os.path.join(up.data, "keys/processes", name), open(f"/proc/{first.pid}/environ").read()
    contains(environ, secret)
    eventually(lambda: os.path.exists(kept), 20)
    equal(os.stat(kept).st_mode & 0o777, 0o600)
    first.kill()
    e = up.wait("a", "Failed")
    r = task(up, {"restart": {"process": name}})
    equal(r.returncode, 0, r.stderr)
    up.wait("a", "Healthy", after=up.events.index(e))
    again = runs(name)
    defer(os.kill, again, signal.SIGKILL)
    equal(open(f"/proc/{again}/cmdline").read().split("\0")[1], "600")
    equal(open(f"/proc/{again}/environ").read(), environ)
    equal(runs(name), again)
    # Its environment lies in the one file that is its owner's alone: neither in the store nor in what is told.
    holders = [os.path.relpath(os.path.join(at, f), up.data) for at, _, files in os.walk(up.data) for f in files
               if not f.endswith(".sock") and secret.encode() in open(os.path.join(at, f), "rb").read()]
    equal(holders, [f"keys/processes/{name}"])
    for at in (up.data, f"{up.data}/keys", f"{up.data}/keys/processes"):
        equal(os.stat(at).st_mode & 0o077, 0, at)
    true(secret not in json.dumps(up.events) + firebreak("get", "tasks", "-o", "json", "--data", up.data).stdout)
    up.p.kill()
    up.p.wait()
    equal(runs(name), again)


@case
def of_two_services_of_one_name_none_is_restarted_until_a_file_says_which():
    name = f"fb-two{os.getpid()}"
    first, second = process(name), process(name)
    up = Up(config(f"process: {{name: {name}}}"))
    up.wait("a", "Healthy")
    r = task(up, {"restart": {"process": name}})
    equal(r.returncode, 127)
    contains(r.stderr, f"{name} is the name of several services here")
    for p in (first, second):
        contains(r.stderr, f"process {p.pid}")
        equal(p.poll(), None)
    up.stop()
    path = write(os.path.join(folder(), "x.pid"), f"{second.pid}\n")
    up = Up(config(f"process: {{pid_file: {path}}}"))
    up.wait("a", "Healthy")
    eventually(lambda: os.path.exists(os.path.join(up.data, "keys/processes", name)), 20)
    r = task(up, {"restart": {"process": name}})
    for pid in all_of(name) - {first.pid, second.pid}:
        defer(os.kill, pid, signal.SIGKILL)
    equal((r.returncode, first.poll(), second.poll()), (0, None, -signal.SIGTERM), r.stderr)


@case
def two_services_with_long_names_are_remembered_each_by_its_own():
    """The kernel cuts both to the same 15 bytes."""
    names = [f"fb-long-service-{where}-{os.getpid()}" for where in ("eu", "us")]
    services = [process(name) for name in names]
    paths = [write(os.path.join(folder(), "x.pid"), f"{p.pid}\n") for p in services]
    checks = [f"{{name: {c}, asset: a, every: 30s, process: {{pid_file: {path}}}}}" for c, path in zip("cd", paths)]
    up = Up(f"assets: [{{name: a, settle: 200ms}}]\nchecks: [{', '.join(checks)}]\n")
    up.wait("a", "Healthy")
    for name in names:
        eventually(lambda name=name: os.path.exists(os.path.join(up.data, "keys/processes", name)), 20, name)
    r = task(up, {"restart": {"process": names[0]}})
    for pid in all_of(names[0]) - {services[0].pid}:
        defer(os.kill, pid, signal.SIGKILL)
    equal((r.returncode, services[0].poll(), services[1].poll()), (0, -signal.SIGTERM, None), r.stderr)


@case
def a_file_is_patched_from_a_page_and_put_back():
    body = b"port = 80\n"
    page = Listener(http_answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)))
    path = write(os.path.join(folder(), "app.conf"), "port = 666\n", 0o640)
    up = Up(config(f"file: {{path: {path}}}"))
    up.wait("a", "Healthy")
    patch = {"path": path, "sha256": hashlib.sha256(body).hexdigest(), "from": f"http://127.0.0.1:{page.port}/x"}
    r = task(up, {"patch": patch})
    equal(r.returncode, 0, r.stderr)
    equal((open(path).read(), os.stat(path).st_mode & 0o777), ("port = 80\n", 0o640))
    equal(task(up, {"patch": dict(patch, sha256="0" * 64)}).returncode != 0, True)
    equal(open(path).read(), "port = 80\n")
    equal(task(up, {"patch": dict(patch, **{"from": "backup"})}).returncode, 0)
    equal(open(path).read(), "port = 666\n")


@case
def a_patch_that_cannot_be_leaves_the_old_file_whole():
    """A disk that is full, for root, too; a folder that is gone; a link that leads nowhere; a source that is cut off."""
    own_mounts()
    d = folder()
    subprocess.run([need("mount"), "-t", "tmpfs", "-o", "size=256k", "tmpfs", d], check=True)
    defer(subprocess.run, ["umount", "-l", d])
    path, old, new = f"{d}/app.conf", b"o" * 100_000, b"n" * 120_000
    write(path, old, 0o640)
    write(f"{d}/filler", b"f" * 90_000)
    source = write(os.path.join(folder(), "new"), new)
    patch = {"path": path, "sha256": hashlib.sha256(new).hexdigest(), "from": source}
    up = Up(config("file: {path: /}"))
    up.wait("a", "Healthy")
    before, names = os.stat(path), sorted(os.listdir(d))
    r = task(up, {"patch": patch})
    true(r.returncode != 0, r.stdout)
    contains(r.stdout + r.stderr, "No space left on device")
    equal((open(path, "rb").read(), os.stat(path).st_ino, sorted(os.listdir(d))), (old, before.st_ino, names))
    # Half an answer is no content.
    cut = Listener(http_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 120000\r\n\r\n" + new[:500]))
    os.unlink(f"{d}/filler")
    r = task(up, {"patch": dict(patch, **{"from": f"http://127.0.0.1:{cut.port}/"})})
    true(r.returncode != 0, r.stdout)
    equal((open(path, "rb").read(), sorted(os.listdir(d))), (old, ["app.conf"]))
    os.symlink("nowhere/at/all", f"{d}/link")
    for path in (f"{d}/gone/app.conf", f"{d}/link"):
        r = task(up, {"patch": dict(patch, path=path)})
        true(r.returncode != 0, r.stdout)
        contains(r.stdout + r.stderr, "No such file or directory")
    equal(sorted(os.listdir(d)), ["app.conf", "link"])
    # And with room it is done: owner and mode are those of before, and so is what is kept.
    os.chown(f"{d}/app.conf", 12, 34) if os.geteuid() == 0 else None
    owner = os.stat(f"{d}/app.conf")
    subprocess.run(["mount", "-o", "remount,size=2m", d], check=True)
    r = task(up, {"patch": patch})
    equal(r.returncode, 0, r.stderr)
    now = os.stat(f"{d}/app.conf")
    equal((open(f"{d}/app.conf", "rb").read(), now.st_mode, now.st_uid, now.st_gid),
          (new, owner.st_mode, owner.st_uid, owner.st_gid))
    kept = [f for f in os.listdir(d) if f not in ("app.conf", "link")]
    equal([open(f"{d}/{f}", "rb").read() for f in kept], [old])
    true(now.st_mode & 0o777 >= os.stat(f"{d}/{kept[0]}").st_mode & 0o777, kept)  # the old one is no more open


@case
def scaling_is_asked_for_with_whom_it_is_for():
    heard = []

    def answer(head):
        heard.append(head)
        return b"HTTP/1.1 202 Accepted\r\nContent-Length: 6\r\n\r\nsoon\n\n"
    page = Listener(http_answer(answer))
    up = Up(config("file: {path: /}"))
    up.wait("a", "Healthy")
    r = task(up, {"scale": {"url": f"http://127.0.0.1:{page.port}/up"}}, "--env", "FIREBREAK_ASSET=web",
             "--env", "FIREBREAK_TRACE_ID=" + "a" * 32)
    equal(r.returncode, 0, r.stderr)
    head, _, body = heard[0].partition(b"\r\n\r\n")
    contains(head, b"POST /up HTTP/1.1")
    said = json.loads(body)
    equal((said["asset"], said["trace_id"], said["remedy"]), ("web", "a" * 32, None))
    equal(set(said) >= {"state", "task", "node"}, True, said)
    equal(task(up, {"scale": {"argv": ["sh", "-c", "exit 3"]}}).returncode, 3)


main()
