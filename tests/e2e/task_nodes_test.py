"""A task on several nodes: which ones, how far it is, and what they said."""
import datetime
import re

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


@case
def logs_are_followed_on_every_node():
    etcd = Etcd()
    s, *_ = [Server(args=["--store", etcd.url, "--node", f"n{i}", "--roles", "controller,worker" if i == 1 else "worker"])
             for i in (1, 2)]
    eventually(lambda: len(s.json("GET", "/v1/nodes")["items"]) == 2, 20)
    # The one says nothing more when the other, whose name sorts before it, goes on.
    script = 'printf $FIREBREAK_NODE; [ $FIREBREAK_NODE = n2 ] || { sleep 1; echo late; sleep 1; echo last; }'
    name = s.ok("task", "run", "-l", "os=linux", "--", "sh", "-c", script).strip()
    text = s.ok("task", "logs", "-f", name)
    equal(sorted(text.split("\n")), sorted(["n1late", "last", "n2"] + [""] * text.endswith("\n")), text)


def state_of(s, name):
    return next((n["state"] for n in s.json("GET", "/v1/nodes")["items"] if n["name"] == name), None)


@case
def a_worker_that_is_killed_is_lost_until_it_is_back_or_deleted():
    ttl_s = 2
    etcd = Etcd()
    config = write(os.path.join(folder(), "ops.yaml"), f"store: {{url: '{etcd.url}', lease_ttl: {ttl_s}s}}\n")
    args = ["-c", config, "--node"]
    front = Server(args=[*args, "front", "--roles", "controller,worker"])
    worker = Server(args=[*args, "n2", "--roles", "worker", "--label", "pool=web"])
    eventually(lambda: state_of(front, "n2") == "Ready", 20)
    seen = front.lines("get", "nodes", "-w", "-o", "jsonl")
    eventually(lambda: "\ngateway_watches 1\n" in front.ask("GET", "/metrics")[1], 20)
    worker.kill()
    killed = time.time()
    lost = seen.wait(lambda x: x["item"].get("state") == "Lost" and x["item"]["since"], 20)
    true(time.time() - killed < ttl_s + 10, f"{time.time() - killed} s")
    since = datetime.datetime.fromisoformat(lost["item"]["since"].replace("Z", "+00:00")).timestamp()
    true(killed - 1 <= since <= killed + ttl_s + 10, f"killed at {killed}, lost since {since}")
    equal((lost["item"]["name"], lost["item"]["labels"]["pool"]), ("n2", "web"))
    text = front.ok("get", "nodes")
    true(re.search(r"^front +Ready .*\nn2 +Lost +" + re.escape(lost["item"]["since"]), text, re.M), text)
    contains(front.ok("describe", "node", "n2"), "Lost")
    equal(json.loads(front.ok("get", "node", "n2", "-o", "json"))["state"], "Lost")
    r = front.run("task", "run", "-l", "pool=web", "--", "true")
    contains(r.stderr, f"waits for a node that fits pool=web: n2 does, which is lost since {lost['item']['since']}")
    task = r.stdout.strip()
    r = front.run("task", "run", "--node", "n2", "--", "true")
    contains(r.stderr, "waits for node n2, which is lost since ")
    equal(front.json("GET", f"/v1/tasks/{r.stdout.strip()}")["waiting"]["reason"], "node_lost")
    equal(front.run("task", "run", "--wait", "--", "true").returncode, 0)  # the others go on
    worker.start()
    seen.wait(lambda x: x["item"]["name"] == "n2" and x["revision"] > lost["revision"] and x["item"]["state"] == "Ready", 20)
    equal(state_of(front, "n2"), "Ready")
    eventually(lambda: front.json("GET", f"/v1/tasks/{task}")["state"] == "Succeeded", 20)
    r = front.run("delete", "node", "n2")
    equal((r.returncode, r.stdout), (1, ""))
    contains(r.stderr, "node 'n2' is up: it goes when firebreak is stopped there")
    worker.end()  # it says goodbye
    seen.wait(lambda x: x["type"] == "delete" and x["item"]["name"] == "n2", 20)
    equal(state_of(front, "n2"), None)
    worker.start()
    eventually(lambda: state_of(front, "n2") == "Ready", 20)
    worker.kill()
    eventually(lambda: state_of(front, "n2") == "Lost", 20)
    equal(front.ok("delete", "node", "n2"), "node/n2 deleted\n")
    equal(state_of(front, "n2"), None)
    equal(front.run("delete", "node", "n2").returncode, 1)


@case
def a_name_that_comes_back_as_another_leaves_a_lost_one_behind():
    """A store that is a file, too: the machine was renamed, and its last process killed."""
    s = Server(args=["--node", "old"])
    eventually(lambda: state_of(s, "old") == "Ready", 20)
    s.kill()
    s.start(args=["--node", "new"])
    eventually(lambda: state_of(s, "new") == "Ready", 20)
    old = eventually(lambda: [n for n in s.json("GET", "/v1/nodes")["items"] if n["state"] == "Lost" and n["since"]], 20)
    equal([n["name"] for n in old], ["old"])
    s.kill()
    s.start(args=["--node", "old"])
    eventually(lambda: (state_of(s, "old"), state_of(s, "new")) == ("Ready", "Lost"), 20)


main()
