"""`firebreak store`, and what becomes of the store when it is treated badly: killed, full, damaged, held."""
import re
import sqlite3

from serving import *

own_network()


def store(data, *args, **kw):
    return firebreak("store", *args, env={"FIREBREAK_DATA": data}, **kw)


def value(data, key):
    r = store(data, "get", key)
    return r.stdout.splitlines()[1] if r.returncode == 0 else None


@case
def it_is_opened_here_where_nobody_holds_it():
    d = data_folder()
    for verb in (["status"], ["get", "/a"]):
        r = store(d, *verb)
        equal(r.returncode, 3)
        contains(r.stderr, "store.db: No such file")
    equal(store(d, "put", "/a", "one").stdout, "revision 2\n")
    equal(store(d, "put", "/a", "-", input="two\nlines").stdout, "revision 3\n")
    equal(store(d, "get", "/a").stdout, "/a\ntwo\nlines\n")
    equal(store(d, "put", "/b", "3", "-o", "json").stdout, '{"revision":4}\n')
    out = json.loads(store(d, "get", "/", "--prefix", "-o", "json").stdout)
    equal([(k["key"], k["value"], k["version"], k["create_revision"], k["mod_revision"], k["lease"]) for k in out["items"]],
          [("/a", "two\nlines", 2, 2, 3, 0), ("/b", "3", 1, 4, 4, 0)])
    equal((out["next"], out["revision"]), ("", 4))
    equal(store(d, "get", "/a", "--rev", "2").stdout, "/a\none\n")
    equal((store(d, "get", "/none").returncode, store(d, "get", "/none", "--prefix").returncode), (1, 0))
    equal(store(d, "get", "/", "--prefix", "--limit", "1", "-o", "name").stdout, "/a\n")
    s = json.loads(store(d, "status", "-o", "json").stdout)
    equal((s["backend"], s["revision"], s["keys"], s["writable"]), ("sqlite", 4, 2, True))
    equal(s["where"], f"{d}/store.db")
    equal(json.loads(firebreak("store", "status", "-o", "json", "--store", f"sqlite:{d}/store.db").stdout)["keys"], 2)
    r = firebreak("store", "status", "--store", "mysql://x")
    equal(r.returncode, 2)
    contains(r.stderr, "sqlite:FOLDER/store.db")
    r = store(d, "put", "k" * 2000, "v")
    equal(r.returncode, 2)
    contains(r.stderr, "at most 1024")


@case
def through_the_socket_it_is_the_same():
    s = Server()
    true(re.fullmatch(r"revision [0-9]+\n", s.ok("store", "put", "/a b/ü?&=%", "x y")))
    equal(s.ok("store", "get", "/a b/ü?&=%"), "/a b/ü?&=%\nx y\n")
    for i in range(1500):
        equal(s.ask("PUT", f"/v1/store/keys?key=/many/{i:04}", "v")[0], 200)
    equal(len(json.loads(s.ok("store", "get", "/many/", "--prefix", "-o", "json"))["items"]), 1500)
    here = s.ok("store", "get", "/many/", "--prefix", "-o", "jsonl")
    equal(s.end(), 130)
    equal(store(s.data, "get", "/many/", "--prefix", "-o", "jsonl").stdout, here)


@case
def a_watch_tells_what_was_and_what_comes():
    s = Server()
    s.ok("store", "put", "/w/a", "1")
    w = s.lines("store", "watch", "/w/", "--prefix", "--rev", "1", "-o", "jsonl")
    w.wait(lambda k: k["value"] == "1")
    s.ok("store", "put", "/w/a", "2")
    s.ask("DELETE", "/v1/store/keys?key=/w/a")
    w.wait(lambda k: k["type"] == "delete")
    equal([(k["type"], k["key"], k["value"]) for k in w.seen], [("put", "/w/a", "1"), ("put", "/w/a", "2"), ("delete", "/w/a", "")])
    w.p.send_signal(signal.SIGINT)
    equal(w.p.wait(10), 130)


@case
def the_second_process_is_told_who_holds_it():
    s = Server()
    r = s.run("up")
    equal(r.returncode, 3)
    contains(r.stderr, f"is held by firebreak up, process {s.p.pid}")
    r = s.run("store", "restore", "/none")
    equal(r.returncode, 3)
    contains(r.stderr, f"held by firebreak up, process {s.p.pid}")
    r = firebreak("store", "status", "--store", f"sqlite:{s.data}/store.db")
    equal(r.returncode, 3)
    contains(r.stderr, "is held by firebreak up")
    equal(s.run("up", "--once").returncode in (0, 1), True, "one round needs no store")
    s.kill()
    equal(json.loads(store(s.data, "status", "-o", "json").stdout)["writable"], True)


def small_disk(size):
    own_mounts()
    d = folder()
    subprocess.run([need("mount"), "-t", "tmpfs", "-o", f"size={size}", "none", d], check=True)
    defer(lambda: subprocess.run([need("umount"), "-l", d]))
    return d


def fill(d):
    with contextlib.suppress(OSError):
        with open(os.path.join(d, "filler"), "ab", buffering=0) as f:
            while True:
                f.write(b"x" * 4096)


@case
def a_full_disk_refuses_writes_and_recovers_by_itself():
    d = small_disk("1500k")
    s = Server(os.path.join(d, "data"))
    s.ok("store", "put", "/before", "1")

    def refused():
        fill(d)
        r = s.run("store", "put", "/full", "y")
        if r.returncode == 0:
            return None
        equal(r.returncode, 3)
        contains(r.stderr, "full")
        fill(d)
        return json.loads(s.run("store", "status", "-o", "json").stdout)["writable"] is False
    # A log that was long has room in it; when that is used up, there is none.
    eventually(refused, 30)
    r = s.run("store", "status", "-o", "json")
    equal((r.returncode, json.loads(r.stdout)["writable"]), (1, False))
    contains(json.loads(r.stdout)["trouble"], "full")
    equal(s.ask("GET", "/readyz")[0], 503)
    equal(s.ok("store", "get", "/before"), "/before\n1\n")
    os.remove(f"{d}/filler")
    eventually(lambda: s.run("store", "put", "/after", "2").returncode == 0, 20)
    equal(json.loads(s.ok("store", "status", "-o", "json"))["writable"], True)
    equal(s.ask("GET", "/readyz")[0], 200)
    s.kill()
    s.start()
    equal((s.ok("store", "get", "/before"), s.ok("store", "get", "/after")), ("/before\n1\n", "/after\n2\n"))
    s.end()


@case
def a_full_disk_after_a_kill_keeps_nobody_from_reading():
    d = small_disk("3000k")
    s = Server(os.path.join(d, "data"))
    values = {f"/k/{i}": f"{i}" * 2000 for i in range(40)}
    for key, value in values.items():
        s.ok("store", "put", key, value)
    s.kill()
    # What the log holds is to be carried into the file, for which there is no room.
    fill(d)
    s.start()
    status = json.loads(s.run("store", "status", "-o", "json").stdout)
    equal((status["writable"], status["keys"] >= 40), (False, True), status)
    contains(status["trouble"], "store.db")
    contains(status["trouble"], "full")
    equal(s.ask("GET", "/readyz")[0], 503)
    equal(s.ok("store", "get", "/k/39"), f"/k/39\n{values['/k/39']}\n")
    r = s.run("store", "put", "/more", "x")
    equal(r.returncode, 3)
    contains(r.stderr, "full")
    s.kill()
    s.start()
    equal(s.ok("store", "get", "/k/1"), f"/k/1\n{values['/k/1']}\n")
    os.remove(f"{d}/filler")
    eventually(lambda: s.run("store", "put", "/more", "y").returncode == 0, 20)
    equal(json.loads(s.ok("store", "status", "-o", "json"))["writable"], True)
    s.kill()
    s.start()
    for key, value in values.items():
        equal(s.ok("store", "get", key), f"{key}\n{value}\n")
    equal(s.ok("store", "get", "/more"), "/more\ny\n")
    s.end()


@case
def files_that_cannot_be_used_are_refused():
    d = data_folder()
    store(d, "put", "/a", "1")
    path = f"{d}/store.db"
    whole = open(path, "rb").read()

    def refused(words, data=None):
        if data is not None:
            write(path, data, 0o600)
        for args in (["store", "status"], ["up"]):
            r = firebreak(*args, env={"FIREBREAK_DATA": d})
            equal((args, r.returncode), (args, 3), r.stderr)
            contains(r.stderr, words)
            true(d in r.stderr, r.stderr)
    refused("not a database", b"no database at all" * 100)
    refused("another program", sqlite_file(lambda c: c.execute("CREATE TABLE t(x)")))
    write(path, whole, 0o600)
    c = sqlite3.connect(path)
    c.execute("PRAGMA user_version = 99")
    c.close()
    refused("a newer firebreak wrote it")
    torn = bytearray(whole)
    torn[4096:8192] = os.urandom(4096)
    refused(d, bytes(torn))
    write(path, whole, 0o600)
    equal(value(d, "/a"), "1")

@case
def a_file_system_that_is_read_only_is_refused():
    own_mounts()
    d = data_folder()
    store(d, "put", "/a", "1")
    subprocess.run([need("mount"), "--bind", d, d], check=True)
    defer(lambda: subprocess.run([need("umount"), "-l", d]))
    subprocess.run([need("mount"), "-o", "remount,bind,ro", d], check=True)
    for args in (["store", "status"], ["up"]):
        r = firebreak(*args, env={"FIREBREAK_DATA": d})
        equal((args, r.returncode), (args, 3), r.stderr)
        contains(r.stderr, "Read-only")
        contains(r.stderr, d)


def sqlite_file(make):
    path = os.path.join(folder(), "x.db")
    c = sqlite3.connect(path)
    make(c)
    c.commit()
    c.close()
    return open(path, "rb").read()


@case
def a_backup_is_made_while_it_is_written_and_restored():
    s = Server()
    writers = [Writer(s, n) for n in range(4)]
    for w in writers:
        w.start()
    eventually(lambda: all(w.acked > 5 for w in writers))
    d = folder()
    floor = {w.key: w.acked for w in writers}
    r = subprocess.run([BINARY, "store", "backup", "b.db", "-o", "json"], cwd=d, env=environment(s.env),
                       capture_output=True, text=True, timeout=60)
    backup = json.loads(r.stdout)
    equal(backup["path"], f"{d}/b.db")
    r = s.run("store", "backup", f"{d}/b.db")
    equal(r.returncode, 1)
    contains(r.stderr, "File exists")
    eventually(lambda: all(w.acked > floor[w.key] + 20 for w in writers))
    for w in writers:
        w.over = True
    for w in writers:
        w.join(20)
    r = s.run("store", "restore", f"{d}/b.db")
    equal(r.returncode, 3, "while it is held")
    contains(r.stderr, "stop it first")
    s.end()
    last = {w.key: value(s.data, w.key) for w in writers}
    r = s.run("store", "restore", f"{d}/b.db", "-o", "json")
    equal(r.returncode, 0, r.stderr)
    done = json.loads(r.stdout)
    equal(done["revision"], backup["revision"])
    for w in writers:
        true(floor[w.key] <= int(value(s.data, w.key)) <= int(last[w.key]))
    # What stood there before is beside it, whole.
    os.makedirs(f"{d}/old")
    shutil.copy(done["kept"], f"{d}/old/store.db")
    equal({w.key: value(f"{d}/old", w.key) for w in writers}, last)
    s.start()
    s.ok("store", "put", "/goes/on", "1")


@case
def a_backup_is_checked_before_anything_is_touched():
    d, b = data_folder(), folder()
    store(d, "put", "/a", "1")
    equal(store(d, "backup", f"{b}/good.db").returncode, 0)
    good = open(f"{b}/good.db", "rb").read()
    torn = bytearray(good)
    torn[4096 * 2 + 100:4096 * 3] = os.urandom(4096 - 100)
    newer = bytearray(good)
    newer[60:64] = (99).to_bytes(4, "big")
    for name, data, words in (("empty.db", b"", "no backup of a store"), ("text.db", b"hello" * 100, "no backup of a store"),
                              ("other.db", sqlite_file(lambda c: c.execute("CREATE TABLE t(x)")), "no backup of a store"),
                              ("torn.db", bytes(torn), ""), ("cut.db", good[:len(good) // 2], ""),
                              ("newer.db", bytes(newer), "a newer firebreak wrote it")):
        write(f"{b}/{name}", data)
        r = store(d, "restore", f"{b}/{name}")
        equal((name, r.returncode), (name, 3), r.stderr)
        contains(r.stderr, words)
        equal(sorted(os.listdir(d)), ["store.db", "store.lock"])
        equal(value(d, "/a"), "1")
        equal(open(f"{b}/{name}", "rb").read(), data, "the backup is only read")
    equal(store(d, "restore", f"{b}/none.db").returncode, 3)
    # Onto a store that is damaged, and onto none.
    write(f"{d}/store.db", b"damaged" * 1000)
    equal(store(d, "restore", f"{b}/good.db").returncode, 0)
    equal(value(d, "/a"), "1")
    e = data_folder()
    r = store(e, "restore", f"{b}/good.db")
    equal((r.returncode, "kept" in r.stdout), (0, False))
    equal(value(e, "/a"), "1")


@case
def a_fleets_store_is_asked_like_ones_own():
    need("etcd")
    d, port, peers = data_folder(), free_port(), free_port()
    mine, others = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peers}"
    server(["etcd", "--data-dir", f"{d}/etcd", "--listen-client-urls", mine, "--advertise-client-urls", mine,
            "--listen-peer-urls", others, "--initial-advertise-peer-urls", others,
            "--initial-cluster", f"default={others}"], port)
    url = f"etcd://127.0.0.1:{port}"
    eventually(lambda: firebreak("store", "status", "--store", url).returncode == 0, 20)
    r = firebreak("store", "put", "/registry/assets/default/db", '{"owner":"x"}', "--store", url)
    equal((r.returncode, r.stdout), (0, "revision 2\n"), r.stderr)
    equal(firebreak("store", "get", "/registry/", "--prefix", "--store", url).stdout,
          '/registry/assets/default/db\n{"owner":"x"}\n')
    equal(json.loads(firebreak("store", "status", "-o", "json", "--store", url).stdout)["backend"], "etcd")
    r = firebreak("store", "get", "/a", "--store", f"etcd://u:secret@127.0.0.1:{port}")
    equal(r.returncode, 2)
    contains(r.stderr, "a password is never an argument")
    r = firebreak("store", "status", "--store", f"etcd://127.0.0.1:{free_port()}")
    equal(r.returncode, 3)
    contains(r.stderr, "no endpoint answers")


main()
