"""Receivers: who is told of what, against a real Alertmanager, a mail server and a webhook."""
import hashlib
import hmac
import http.server
import re
import threading
import urllib.request

from serving import *

own_network()


class Hook:
    """An HTTP server that keeps what it is posted."""

    def __init__(self, status=200):
        hook = self
        hook.posts, hook.status = [], status

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.posts.append((self.path, self.headers, body))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def json(self):
        return [json.loads(body) for _, _, body in self.posts]


def config(receiver, port, assets=("web",), more="", labels="{env: prod}"):
    text = "assets:\n" + "".join(f"  - {{name: {a}, settle: 100ms, labels: {labels}}}\n" for a in assets)
    text += "checks:\n" + "".join(
        f"  - {{name: {a}-port, asset: {a}, every: 100ms, every_failed: 100ms, tcp: {{target: '127.0.0.1:{port}'}}}}\n"
        for a in assets)
    text += f"receivers:\n  - {{name: ops, {receiver}, wait: 500ms{more}}}\n"
    text += "remedies:\n" + "".join(
        f"  - {{name: call-{a}, asset: {a}, when: {{state: Failed}}, do: {{notify: {{receiver: ops}}}}}}\n"
        for a in assets)
    return write(os.path.join(folder(), "ops.yaml"), text)


def told(s, outcome):
    line = f'firebreak_notify_total{{receiver="default/ops",outcome="{outcome}"}} '
    text = s.ask("GET", "/metrics")[1]

    return [int(float(l[len(line):])) for l in text.splitlines() if l.startswith(line)] == [1]


@case
def a_webhook_is_told_once_signed_and_told_again_when_it_is_over():
    hook, key = Hook(), write(os.path.join(folder(), "key"), "hush\n")
    l = Listener()
    s = Server(args=["-c", config(f"webhook: {{url: 'http://127.0.0.1:{hook.port}/x', secret_file: '{key}'}}", l.port,
                                  ("web-1", "web-2"), more=", group_by: [env]")])
    eventually(lambda: s.json("GET", "/v1/assets/web-1")["state"] == "Healthy")
    port = l.port
    l.close()
    eventually(lambda: hook.posts, 30)
    path, headers, body = hook.posts[0]
    equal(path, "/x")
    t, v = (part.split("=")[1] for part in headers["Firebreak-Signature"].split(","))
    equal(v, hmac.new(b"hush", t.encode() + b"." + body, hashlib.sha256).hexdigest())
    first = hook.json()[0]
    equal((first["status"], first["group"], first["receiver"]), ("firing", "env=prod", "ops"))
    equal(sorted(a["asset"] for a in first["alerts"]), ["web-1", "web-2"])
    equal({a["reason"] for a in first["alerts"]}, {"refused"})
    eventually(lambda: told(s, "delivered"), 20)
    task = [t for t in json.loads(s.ok("get", "tasks", "-o", "json"))["items"] if t["state"] == "Succeeded"]
    true(task, "a delivery is a task")
    table = s.ok("get", "tasks")
    contains(table, "notify ops")
    # Whoever asks why hears who was told, beside the events: their types and order are what they were.
    eventually(lambda: "ops (webhook) was told, " in s.ok("why", "asset/web-1"), 20)
    contains(s.ok("why", "asset/web-1"), "together with 1 other; task-")
    contains(s.ok("describe", "asset", "web-1"), "web-1  notify       ops (webhook) was told, ")
    item, = json.loads(s.ok("why", "asset/web-1", "-o", "json"))["notified"]
    equal((item["receiver"], item["kind"], item["status"], item["outcome"], item["attempts"], item["others"]),
          ("ops", "webhook", "firing", "delivered", 1, 1))
    true(item["task"] in [t["name"] for t in task], item)
    equal(item["trace_id"], first["alerts"][0]["trace_id"] if first["alerts"][0]["asset"] == "web-1"
          else first["alerts"][1]["trace_id"])
    types = [json.loads(line)["type"] for line in s.ok("why", "asset/web-1", "-o", "jsonl").splitlines()]
    equal(types, ["observation", "verdict", "state"])
    true("http://" not in table, table)  # an address may be a secret
    # A restart neither says it again nor forgets to take it back.
    s.kill()
    s.start()
    eventually(lambda: s.json("GET", "/v1/assets/web-1")["state"] == "Failed")
    s.ok("asset", "recover", "web-1")
    s.ok("asset", "recover", "web-2")
    Listener(port=port)
    eventually(lambda: hook.json()[-1]["status"] == "resolved", 30)
    equal([h["status"] for h in hook.json()][0], "firing")
    equal(sum(len(h["alerts"]) for h in hook.json() if h["status"] == "resolved"), 2)
    eventually(lambda: "ops (webhook) was told that it is over, " in s.ok("why", "asset/web-1"), 20)
    equal([i["status"] for i in json.loads(s.ok("why", "asset/web-1", "-o", "json"))["notified"]],
          ["firing", "resolved"])


@case
def a_receiver_that_goes_while_it_was_told_leaves_the_others_be():
    gone, stays = Hook(), Hook()
    port = free_port()
    one = config(f"webhook: {{url: 'http://127.0.0.1:{gone.port}/'}}", port)
    s = Server(args=["-c", one])
    eventually(lambda: gone.posts, 30)
    eventually(lambda: "/notices/" in s.ok("store", "get", "/notices", "--prefix"), 20)
    text = open(config(f"webhook: {{url: 'http://127.0.0.1:{stays.port}/'}}", port, ("other",))).read()
    write(one, text.replace("name: ops", "name: ops-2").replace("receiver: ops", "receiver: ops-2"))
    eventually(lambda: stays.posts, 30)
    eventually(lambda: "default/ops " not in s.ok("store", "get", "/notices", "--prefix").replace("\n", " "), 20)


@case
def a_silence_keeps_it_quiet_and_its_end_tells():
    hook = Hook()
    s = Server(args=["-c", config(f"webhook: {{url: 'http://127.0.0.1:{hook.port}/'}}", free_port())])
    name = s.ok("silence", "add", "-l", "asset=web", "--for", "1h").strip()
    eventually(lambda: s.json("GET", "/v1/assets/web")["state"] == "Failed")
    time.sleep(3)
    equal(hook.posts, [])
    eventually(lambda: f"ops (webhook) is not told: silenced by {name} until 20" in s.ok("why", "asset/web"), 20)
    s.ok("silence", "remove", name)
    eventually(lambda: hook.posts, 30)
    eventually(lambda: "ops (webhook) was told, " in s.ok("why", "asset/web"), 20)


@case
def what_is_over_before_it_is_told_says_so():
    hook = Hook()
    l = Listener()
    text = open(config(f"webhook: {{url: 'http://127.0.0.1:{hook.port}/'}}", l.port)).read()
    s = Server(args=["-c", write(os.path.join(folder(), "ops.yaml"), text.replace("wait: 500ms", "wait: 1h"))])
    eventually(lambda: s.json("GET", "/v1/assets/web")["state"] == "Healthy")
    l.close()
    eventually(lambda: "ops (webhook) is to be told: others may join for 3600 s" in s.ok("why", "asset/web"), 30)
    s.ok("asset", "recover", "web")
    Listener(port=l.port)
    eventually(lambda: "ops (webhook) was not told: it was over within the 3600 s" in s.ok("why", "asset/web"), 30)
    equal(hook.posts, [])


@case
def a_delivery_under_way_when_we_end_is_told_of_by_its_task():
    port = free_port()
    s = Server(args=["-c", config(f"webhook: {{url: 'http://127.0.0.1:{port}/secret'}}", free_port())])
    tries = lambda: re.findall(r"ops \(webhook\) is being told: attempt (\d) failed: connect 127.0.0.1", s.ok("why", "asset/web"))
    before = eventually(tries, 30)
    true("/secret" not in s.ok("why", "asset/web", "-o", "json"), "an address may be a secret")
    s.kill()
    s.start()
    eventually(lambda: tries() > before, 60)


@case
def what_failed_before_a_start_is_told_to_who_is_declared_since():
    hook = Hook()
    text = open(config(f"webhook: {{url: 'http://127.0.0.1:{hook.port}/'}}", free_port())).read()
    path = write(os.path.join(folder(), "ops.yaml"), text.split("receivers:")[0])
    s = Server(args=["-c", path])
    eventually(lambda: s.json("GET", "/v1/assets/web")["state"] == "Failed")
    s.kill()
    write(path, text)
    s.start()
    eventually(lambda: "ops (webhook) was told, " in s.ok("why", "asset/web"), 30)
    true(hook.posts)


@case
def who_is_told_and_not_there_is_said_and_told_once_he_is():
    hook = Hook()
    text = open(config(f"webhook: {{url: 'http://127.0.0.1:{hook.port}/'}}", free_port())).read()
    d = folder()
    s = Server(args=["-c", write(os.path.join(d, "ops.yaml"), text.split("receivers:")[0])])
    eventually(lambda: s.json("GET", "/v1/assets/web")["state"] == "Failed")
    r = s.ask("PUT", "/v1/remedies/call", json.dumps({"name": "call", "asset": "web", "when": {"state": "Failed"},
                                                      "do": {"notify": {"receiver": "ops"}}}))
    eventually(lambda: "ops was NOT told: there is no receiver 'ops'" in s.ok("why", "asset/web"), 30, r)
    r = s.ask("PUT", "/v1/receivers/ops", json.dumps({"name": "ops", "wait": "500ms", "webhook": {
        "url": f"http://127.0.0.1:{hook.port}/"}}))
    eventually(lambda: "ops (webhook) was told, " in s.ok("why", "asset/web"), 30, r)
    true(hook.posts)


@case
def a_refusal_is_counted_and_said():
    hook = Hook(status=400)
    s = Server(args=["-c", config(f"chat: {{url: 'http://127.0.0.1:{hook.port}/', format: discord}}", free_port())])
    eventually(lambda: hook.posts, 30)
    contains(hook.json()[0]["content"], "web is Failed: refused")
    tasks = lambda: json.loads(s.ok("get", "tasks", "-o", "json"))["items"]
    eventually(lambda: any("it answers 400" in json.dumps(t) for t in tasks()), 30)
    eventually(lambda: re.search(r"ops \(chat\) is being told: attempt \d failed: it answers 400; task-", s.ok("why", "asset/web")), 20)


@case
def alertmanager_takes_it_and_takes_it_back():
    program = need("prometheus-alertmanager")
    d, port = folder(), free_port()
    conf = write(os.path.join(d, "am.yml"), "route: {receiver: none}\nreceivers: [{name: none}]\n")
    server([program, f"--config.file={conf}", f"--storage.path={d}/data", f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address="], port)
    l = Listener()
    s = Server(args=["-c", config(f"alertmanager: {{url: 'http://127.0.0.1:{port}'}}", l.port)])
    eventually(lambda: s.json("GET", "/v1/assets/web")["state"] == "Healthy")
    gone = l.port
    l.close()

    def alerts():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/alerts") as r:
            return json.load(r)

    eventually(alerts, 30)
    a = alerts()[0]
    equal((a["labels"]["asset"], a["labels"]["env"], a["annotations"]["reason"]), ("web", "prod", "refused"))
    eventually(lambda: "ops (alertmanager) was told, " in s.ok("why", "asset/web"), 20)
    s.ok("asset", "recover", "web")
    Listener(port=gone)
    eventually(lambda: not alerts(), 30)
    eventually(lambda: "ops (alertmanager) was told that it is over, " in s.ok("why", "asset/web"), 20)


main()
