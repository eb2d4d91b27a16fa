"""What files declare and what the store declares: one registry, whoever wrote it, on every back end."""
from serving import *

own_network()


def check(name, port, asset="a", **more):
    return {"name": name, "asset": asset, "every": "200ms", "every_failed": "100ms",
            "tcp": {"target": f"127.0.0.1:{port}"}, **more}


def files(path, checks, assets=("a",)):
    """As editors do: a new file is renamed over the old one."""
    text = json.dumps({"assets": [{"name": a, "settle": "300ms"} for a in assets], "checks": checks})
    write(path + ".new", text)
    os.rename(path + ".new", path)


def spec(s, kind, name):
    r = s.run("get", kind, name, "-o", "json")
    return json.loads(r.stdout)["spec"] if r.returncode == 0 else None


def keys(s, prefix):
    return s.ok("store", "get", prefix, "--prefix", "-o", "name").split()


def asked(l, more=2):
    seen = l.accepted
    eventually(lambda: l.accepted >= seen + more, 20, "it is asked")


def not_asked(l):
    """Of a check that is asked every 200 ms at most."""
    eventually(lambda: [l.accepted, time.sleep(1)][0] == l.accepted, 20, "it is asked no more")


@case
def what_files_declare_is_in_the_store():
    l, path = Listener(), os.path.join(folder(), "ops.json")
    files(path, [check("db", l.port, labels={"tier": "front"}), check("web", l.port, "default/a", namespace="other")])
    s = Server(args=["-c", path, "--node", "n1"])
    eventually(lambda: spec(s, "check", "db"))
    equal(spec(s, "check", "db"), {"asset": "a", "every": "200ms", "every_failed": "100ms",
                                   "tcp": {"target": f"127.0.0.1:{l.port}"}})
    equal(keys(s, "/registry/"), ["/registry/assets/default/a", "/registry/checks/default/db",
                                  "/registry/checks/other/web"])
    equal(keys(s, "/declared/"), ["/declared/assets/default/a/n1", "/declared/checks/default/db/n1",
                                  "/declared/checks/other/web/n1"])
    contains(s.ok("describe", "check", "db"), "tier: front")
    equal(s.run("plan", "-f", path).returncode, 0)
    equal(s.run("plan").returncode, 0)
    # The same again is no write.
    before = json.loads(s.ok("get", "checks", "--all-namespaces", "-o", "json"))
    s.end()
    s.start()
    asked(l)
    equal([c["revision"] for c in json.loads(s.ok("get", "checks", "--all-namespaces", "-o", "json"))["items"]],
          [c["revision"] for c in before["items"]])
    # A change of the files is one of the store, and only of what changed.
    files(path, [check("db", l.port, fail=5), check("new", l.port)])
    eventually(lambda: spec(s, "check", "new"), 20)
    eventually(lambda: not spec(s, "check", "web"), 20)
    equal(spec(s, "check", "db")["fail"], 5)
    equal(keys(s, "/declared/checks/"), ["/declared/checks/default/db/n1", "/declared/checks/default/new/n1"])
    equal(json.loads(s.ok("get", "asset", "a", "-o", "json"))["spec"], {"settle": "300ms"})


@case
def what_is_applied_is_watched_and_what_is_deleted_is_not():
    l = Listener()
    s = Server()
    text = json.dumps({"checks": [check("by-hand", l.port, asset="x")]})
    equal(s.run("apply", "-f", "-", input=text).returncode, 0)
    eventually(lambda: l.accepted >= 1, 5, "the first probe")
    asked(l)
    a = eventually(lambda: [a for a in json.loads(s.ok("get", "assets", "-o", "json"))["items"] if a["name"] == "x"])[0]
    equal(a["checks"][0]["name"], "by-hand")
    s.ok("delete", "check", "by-hand")
    not_asked(l)
    eventually(lambda: s.run("get", "asset", "x").returncode == 1, 20, "what is found of it goes, too")
    # Again, and after a restart it is still asked.
    equal(s.run("apply", "-f", "-", input=text).returncode, 0)
    asked(l)
    s.kill()
    s.start()
    asked(l)


@case
def files_delete_only_what_is_theirs():
    l, path = Listener(), os.path.join(folder(), "ops.json")
    files(path, [check("goes", l.port), check("changed", l.port), check("stays", l.port)])
    s = Server(args=["-c", path])
    eventually(lambda: spec(s, "check", "stays"))
    mine = json.dumps({"checks": [check("mine", l.port), check("changed", l.port, fail=7)]})
    equal(s.run("apply", "-f", "-", input=mine).returncode, 0)
    files(path, [check("stays", l.port)])
    eventually(lambda: not spec(s, "check", "goes"), 20)
    # What was applied by hand stays, be it new or a change of what the files had.
    equal(spec(s, "check", "changed")["fail"], 7)
    true(spec(s, "check", "mine"))
    s.end()
    s.start()
    eventually(lambda: spec(s, "check", "stays"))
    equal(sorted(c["name"] for c in json.loads(s.ok("get", "checks", "-o", "json"))["items"]),
          ["changed", "mine", "stays"])
    # Without any files nothing has vanished from them.
    s.end()
    s.start(args=[])
    asked(l)
    equal(len(json.loads(s.ok("get", "checks", "-o", "json"))["items"]), 3)


@case
def a_change_by_hand_stands_until_files_are_read_again():
    l, other, path = Listener(), Listener(), os.path.join(folder(), "ops.json")
    files(path, [check("db", l.port)])
    s = Server(args=["-c", path])
    asked(l)
    eventually(lambda: spec(s, "check", "db"))
    equal(s.run("apply", "-f", "-", input=json.dumps({"checks": [check("db", other.port)]})).returncode, 0)
    asked(other)
    not_asked(l)
    # The drift is shown, as what the next reading will do.
    for r in (s.run("plan"), s.run("plan", "-f", path)):
        equal((r.returncode, r.stdout), (1, f'~ check/db\n    tcp.target: "127.0.0.1:{other.port}" -> "127.0.0.1:{l.port}"\n'))
    s.p.send_signal(signal.SIGHUP)
    asked(l)
    not_asked(other)
    eventually(lambda: s.run("plan").returncode == 0, 20)
    # So with a deletion.
    # And an asset is there for as long as a check is about it.
    eventually(lambda: s.run("get", "asset/a").returncode == 0, 20)
    r = s.run("delete", "asset/a")
    equal((r.returncode, r.stdout), (0, "asset/a deleted\n"))
    contains(r.stderr, f"warning: asset/a is declared in {path}:1: it comes back when files are read the next time\n")
    contains(r.stderr, f"warning: asset/a goes on, as check/db is about it, in {path}:1\n")
    r = s.run("delete", "check", "db")
    equal((r.returncode, r.stdout), (0, "check/db deleted\n"))
    equal(r.stderr, f"firebreak delete: warning: check/db is declared in {path}:1: it comes back when files are read the "
                    "next time\n")
    not_asked(l)
    r = s.run("plan")
    equal(r.returncode, 1)
    contains(r.stdout, "+ check/db\n")
    s.p.send_signal(signal.SIGHUP)
    asked(l)


@case
def a_namespace_has_its_own_states_and_events():
    l = Listener()
    s = Server(args=["--node", "n1"])
    for space, port in (("one", l.port), ("two", free_port())):
        text = json.dumps({"assets": [{"name": "x", "namespace": space, "settle": "300ms"}],
                           "checks": [check("c", port, asset="x", namespace=space)]})
        equal(s.run("apply", "-f", "-", input=text).returncode, 0)

    def state(space):
        return json.loads(s.ok("get", "asset", "x", "-n", space, "-o", "json"))
    eventually(lambda: state("one")["state"] == "Healthy", 20)
    eventually(lambda: state("two")["state"] == "Failed", 20)
    equal((state("one")["owner_plane"], state("one")["namespace"]), ("n1", "one"))
    contains(s.ok("describe", "asset", "x", "-n", "two"), "Pending -> Failed")
    equal(len(keys(s, "/events/one/x/")), 2)
    numbers = s.ask("GET", "/metrics")[1].splitlines()
    for line in ('firebreak_check_ok{asset="one/x",check="c"} 1', 'firebreak_check_ok{asset="two/x",check="c"} 0',
                 'firebreak_asset_state{asset="one/x",state="Healthy"} 1',
                 'firebreak_asset_state{asset="two/x",state="Failed"} 1'):
        true(line in numbers, line)
    s.ok("delete", "check", "c", "-n", "two")
    s.ok("delete", "asset", "x", "-n", "two")
    eventually(lambda: keys(s, "/state/assets/two/") == [], 20)


@case
def an_asset_that_is_deleted_leaves_its_checks():
    l = Listener()
    s = Server()
    text = json.dumps({"assets": [{"name": "x", "labels": {"team": "core"}}], "checks": [check("c", l.port, asset="x")]})
    equal(s.run("apply", "-f", "-", input=text).returncode, 0)
    eventually(lambda: "core" in s.run("get", "asset", "x", "-o", "json").stdout)
    s.ok("delete", "asset", "x")
    eventually(lambda: s.run("get", "asset", "x", "-o", "json").stdout and
               "core" not in s.run("get", "asset", "x", "-o", "json").stdout, 20)
    asked(l)
    eventually(lambda: json.loads(s.ok("get", "asset", "x", "-o", "json"))["checks"][0]["ok"], 20)


@case
def a_full_disk_keeps_nobody_from_watching():
    own_mounts()
    d = folder()
    subprocess.run([need("mount"), "-t", "tmpfs", "-o", "size=3000k", "none", d], check=True)
    defer(lambda: subprocess.run([need("umount"), "-l", d]))
    l, path = Listener(), os.path.join(folder(), "ops.json")
    files(path, [check("one", l.port)])
    s = Server(os.path.join(d, "data"), args=["-c", path], logs=True)
    eventually(lambda: spec(s, "check", "one"))
    filler = os.path.join(d, "filler")

    def refused():
        with contextlib.suppress(OSError):
            with open(filler, "ab", buffering=0) as f:
                while True:
                    f.write(b"x" * 4096)
        return s.run("store", "put", "/full", "y").returncode == 3
    eventually(refused, 30)
    fresh = Listener()
    assets = [f"a{i}" for i in range(10)]
    files(path, [check(f"fresh{i}", fresh.port, assets[i % 10], labels={"l": "x" * 2000}) for i in range(60)], assets)
    asked(fresh, 4)
    contains(s.log(event="registry_unwritten")["error"], "full")
    equal(spec(s, "check", "fresh0"), None)
    os.remove(filler)
    eventually(lambda: spec(s, "check", "fresh59"), 30)
    s.log(event="registry_written")
    s.kill()
    s.start()
    asked(fresh, 4)


def wrong_values(s, put):
    l = Listener()
    good = json.dumps({"asset": "x", "every": "200ms", "tcp": {"target": f"127.0.0.1:{l.port}"}})
    put("/registry/checks/default/good", good)
    asked(l)
    for key, value, words in (
            ("/registry/checks/default/x", "{bad", "line 1, column 2"),
            ("/registry/checks/default/y", '{"asset":"x","evry":"1s","tcp":{"target":"h:1"}}', 'no field "evry"'),
            ("/registry/checks/default/z", '{"asset":"x"}', "says nothing of what it does"),
            ("/registry/checks/default/list", "[1]", "a map"),
            ("/registry/checks/default/empty", "", "line 1"),
            ("/registry/checks/default/good", '{"asset":"x","tcp":3}', "tcp is a map"),
            ("/registry/nonsense/default/x", "{}", "the key is none of a resource"),
            ("/registry/checks/nameless", "{}", "the key is none of a resource"),
            ("/registry/checks/default/a/b", "{}", "the key is none of a resource"),
            ("/registry/checks/default/deep", "[" * 50000, "line 1")):
        put(key, value)
        told = s.log(event="bad_value", key=key)
        contains(told["error"], words)
    # The last that was right is asked on; the process lives, and hears what comes.
    asked(l)
    other = Listener()
    put("/registry/checks/default/good", good.replace(str(l.port), str(other.port)))
    asked(other)
    equal(s.p.poll(), None)
    r = s.run("get", "checks", "-o", "name")
    equal(r.returncode, 0)
    contains(r.stdout, "check/good\n")
    contains(r.stderr, "left out: /registry/checks/default/x: line 1, column 2")
    r = s.run("get", "checks", "--all-namespaces")
    contains(r.stderr, "left out: /registry/checks/nameless: the key is none of a resource")
    # Records of what files declare, too.
    put("/declared/checks/default/torn/n1", "{bad")
    put("/declared/nonsense", "{}")
    put("/declared/checks/default/fine/n1", good)
    r = s.run("plan")
    equal((r.returncode, "+ check/fine" in r.stdout), (1, True), r.stdout + r.stderr)
    contains(r.stderr, "left out: /declared/checks/default/torn: ")
    contains(r.stderr, "left out: /declared/nonsense: the key is none of a record")


@case
def wrong_values_are_told_with_their_key_and_passed_over():
    s = Server(logs=True)
    wrong_values(s, lambda key, value: s.ok("store", "put", key, "-", input=value))


@case
def so_on_etcd_by_its_own_client():
    e = Etcd()
    s = Server(args=["--store", e.url], logs=True)

    def put(key, value):
        r = e.ctl("put", "--", key, value)
        equal(r.returncode, 0, r.stderr)
    wrong_values(s, put)


@case
def two_nodes_on_one_etcd_below_a_prefix():
    e = Etcd()
    l, shared, d = Listener(), Listener(), folder()
    first, second = os.path.join(d, "1.json"), os.path.join(d, "2.json")
    both = [check("both", shared.port)]
    files(first, both + [check("one", l.port)])
    files(second, both + [check("two", l.port)])
    s1 = Server(args=["-c", first, "--node", "n1", "--store", e.url, "--set", "store.prefix=/fleet"])
    s2 = Server(args=["-c", second, "--node", "n2", "--store", e.url, "--set", "store.prefix=/fleet"])

    def names(s):
        return [c["name"] for c in json.loads(s.ok("get", "checks", "-o", "json"))["items"]]
    eventually(lambda: names(s1) == names(s2) == ["both", "one", "two"], 30)
    contains(e.ctl("get", "--prefix", "/", "--keys-only").stdout, "/fleet/registry/checks/default/both\n")
    equal([k for k in e.ctl("get", "--prefix", "/", "--keys-only").stdout.split() if not k.startswith("/fleet/")], [])
    # What one node no longer has stays for the other one; the last one deletes.
    files(first, [check("one", l.port)])
    eventually(lambda: "/declared/checks/default/both/n1" not in keys(s1, "/declared/"), 20)
    equal(names(s2), ["both", "one", "two"])
    asked(shared, 4)
    files(second, [check("two", l.port)])
    eventually(lambda: names(s1) == ["one", "two"], 20)
    not_asked(shared)
    # The store goes away: what is watched is watched on, and what files say anew, too.
    stop(e.p, True)
    fresh = Listener()
    files(first, [check("one", fresh.port)])
    asked(fresh, 4)
    e.p = server(e.argv, e.port)
    eventually(lambda: (spec(s2, "check", "one") or {}).get("tcp") == {"target": f"127.0.0.1:{fresh.port}"}, 40)


@case
def a_node_s_name_is_taken_once():
    e, key, ttl = Etcd(), "/leader/node/n1", "store.lease_ttl=2s"
    s = Server(args=["--store", e.url, "--node", "n1", "--set", ttl], logs=True)

    def holder():
        text = e.ctl("get", "--print-value-only", key).stdout
        return json.loads(text)["pid"] if text else None
    equal(holder(), s.p.pid)
    r = firebreak("up", "--store", e.url, "--node", "n1")
    equal(r.returncode, 3)
    contains(r.stderr, f"the node 'n1' is up already on this store, as process {s.p.pid} of ")
    equal(s.p.poll(), None)
    r = firebreak("up", "--node", "a/b")
    equal(r.returncode, 2)
    contains(r.stderr, "--node: 'a/b' is no name")
    s.end()
    equal(holder(), None)
    # Killed, it is back at once, with all its parts, however long its leases would have lasted: it is seen to be gone.
    s.start(args=[*s.args[:-1], "store.lease_ttl=10m"])
    eventually(lambda: e.ctl("get", "--print-value-only", "/leader/controller").stdout.strip() == "n1", 20)
    s.kill()
    s.start()
    equal(holder(), s.p.pid)
    equal(s.run("task", "run", "--wait", "--", "true").returncode, 0)
    s.end()
    # Of a process elsewhere only its lease tells.
    lease = e.ctl("lease", "grant", "4").stdout.split()[1]
    elsewhere = {"host": "there", "pid": 1, "pid_started": 1, "boot": "another"}
    equal(e.ctl("put", f"--lease={lease}", key, json.dumps(elsewhere)).returncode, 0)
    s.start()
    contains(e.ctl("lease", "timetolive", lease).stdout, "already expired")
    equal(holder(), s.p.pid)
    e.ctl("put", key, json.dumps(elsewhere), f"--lease={e.ctl('lease', 'grant', '60').stdout.split()[1]}")
    r = firebreak("up", "--store", e.url, "--node", "n1", "--set", "store.lease_ttl=1s")
    equal(r.returncode, 3)
    contains(r.stderr, "is up already on this store, as process 1 of there: give this one another name with --node")
    e.ctl("del", key)
    # The store is away for longer than the lease: the name is claimed again.
    stop(e.p, True)
    time.sleep(3)
    e.p = server(e.argv, e.port)
    s.log(event="node_lost", seconds=30)
    eventually(lambda: holder() == s.p.pid, 30)


@case
def the_status_of_an_etcd_tells_the_truth():
    e, dead = Etcd("--quota-backend-bytes", str(4 << 20)), free_port()
    l = Listener()
    s = Server(args=["--store", f"etcd://127.0.0.1:{dead},127.0.0.1:{e.port}"])

    def status(code):
        r = s.run("store", "status", "-o", "json")
        return json.loads(r.stdout) if r.returncode == code else None

    def numbers():
        return dict(line.rsplit(" ", 1) for line in s.ask("GET", "/metrics")[1].splitlines() if line[0] != "#")
    # One endpoint is down: it is said, and all goes on.
    told = status(0)
    equal((told["writable"], told["where"], told["leases"], told["compacted_revision"]),
          (True, f"127.0.0.1:{e.port}", None, 0))
    contains(told["trouble"], f"127.0.0.1:{dead} does not answer")
    equal(s.ask("GET", "/readyz")[0], 200)
    eventually(lambda: status(0)["keys"] == len(keys(s, "/")), 20)
    # What was compacted, a few reads find out.
    for i in range(40):
        s.ok("store", "put", "/n", str(i))
    at = status(0)["revision"] - 7
    equal(e.ctl("compact", str(at)).returncode, 0)
    equal(status(0)["compacted_revision"], at)
    told = numbers()
    equal((told["firebreak_store_compacted_revision"], told["firebreak_store_writable"]), (str(at), "1"))
    for op in ("range", "txn", "status"):
        true(float(told[f'firebreak_store_request_duration_seconds_count{{op="{op}",backend="etcd"}}']) > 0, op)
    # A full one takes nothing more.
    big = "x" * (512 << 10)
    r = eventually(lambda: [r for r in [s.run("store", "put", "/big", "-", input=big)] if r.returncode], 30)[0]
    equal(r.returncode, 3)
    contains(r.stderr, "space")
    told = eventually(lambda: status(1), 20)
    equal(told["writable"], False)
    contains(told["trouble"].lower(), "nospace")
    equal(s.ask("GET", "/readyz")[0], 503)
    # It is watched on, and what is there can be read.
    true(s.ok("store", "get", "/n"))
    equal(e.ctl("del", "/big").returncode, 0)
    for args in (["compact", str(status(1)["revision"])], ["defrag"], ["alarm", "disarm"]):
        r = e.ctl(*args)
        equal(r.returncode, 0, r.stderr)
    eventually(lambda: status(0), 20)
    # Killed: nobody answers, and that is what is said; back again: all well.
    s.ok("store", "put", "/before", "1")
    stop(e.p, True)
    r = s.run("store", "status")
    equal(r.returncode, 3)
    contains(r.stderr, "no endpoint answers")
    contains(r.stderr, f"127.0.0.1:{e.port}")
    equal(s.ask("GET", "/readyz")[0], 503)
    equal(s.ask("GET", "/healthz")[0], 200)
    e.p = server(e.argv, e.port)
    eventually(lambda: status(0), 30)
    equal(s.ok("store", "get", "/before"), "/before\n1\n")


main()
