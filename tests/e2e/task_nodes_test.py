"""A task on several nodes: which ones, how far it is, and what they said."""
from serving import *

own_network()


@case
def what_ended_alike_on_many_nodes_is_told_once():
    etcd = Etcd()
    s, *_ = [Server(args=["--store", etcd.url, "--node", f"n{i}", "--roles", "controller,worker" if i == 1 else "worker",
                          "--label", f"pool={'db' if i == 1 else 'web'}"]) for i in (1, 2, 3)]
    eventually(lambda: len(s.json("GET", "/v1/nodes")["items"]) == 3, 20)
    script = 'echo same; [ "$FIREBREAK_NODE" != n2 ] || { echo odd; exit 7; }'
    r = s.run("task", "run", "--wait", "-l", "os=linux", "--", "sh", "-c", script)
    equal(r.returncode, 7, r.stderr)
    equal(r.stderr, "2 nodes Succeeded: n1 n3\n    same\n1 node Failed, exit 7: n2\n    same\n    odd\n")
    r = s.run("task", "run", "--wait", "-o", "json", "-l", "os=linux", "--", "true")
    equal((r.returncode, r.stderr, json.loads(r.stdout)["argv"]), (0, "", ["true"]))
    r = s.run("task", "--progress", "always", "run", "--wait", "-l", "os=linux", "--", "sleep", "1.6")
    contains(r.stderr, "0/3 nodes, 0 failed")
    contains(r.stderr, "3 nodes Succeeded: n1 n2 n3\n")
    name = s.run("task", "run", "--wait", "-l", "pool=web", "--", "true").stdout.strip()
    equal(sorted(x["node"] for x in s.json("GET", f"/v1/tasks/{name}")["targets"]), ["n2", "n3"])



main()
