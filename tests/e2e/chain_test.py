"""`firebreak probe --step …`: several steps in one probe, with values that one captures for the next."""
import http.server

from harness import *

TOKEN = "s3cr3t/+ ä"


class Shop(http.server.BaseHTTPRequestHandler):
    """Login gives a token, which its other pages want."""
    seen = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        Shop.seen.append((self.path, body, self.headers.get("X-Step"), self.headers.get("Content-Type")))
        self.answer(200 if '"me"' in body else 403,
                    {"token": TOKEN, "id": 7, "on": True, "none": None, "list": [1], "next": "/orders?page=2&x=a b",
                     "evil": "a\r\nX-Evil: 1", "long": "x" * 9000, "host": f"127.0.0.1:{self.server.server_port}"})

    def do_GET(self):
        Shop.seen.append((self.path, None, self.headers.get("X-Step"), self.headers.get("Authorization")))
        self.answer(200 if self.headers.get("Authorization", "").startswith("Bearer ") else 401, {"path": self.path})

    def answer(self, status, value):
        body = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def shop():
    s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=s.serve_forever, daemon=True).start()
    Shop.seen.clear()
    return f"http://127.0.0.1:{s.server_port}"


def login(at, *more):
    return ["--step", f"{at}/login", "--method", "POST", "--data", '{"user":"me"}', *more]


@case
def log_in_and_fetch():
    at = shop()
    r = probe_one("--header", "X-Step: every", *login(at, "--capture", "TOKEN=json:$.token", "--capture",
                  r'ID=regex:"id": (\d+)', "--header", "Content-Type: application/json"),
                  "--step", f"{at}/me/${{ID}}", "--header", "Authorization: Bearer ${TOKEN}", "--json", "$.path=/me/7")
    equal((r["ok"], r["status"], len(r["steps"])), (True, 200, 2), str(r))
    equal(r["target"], f"{at}/login -> {at}/me/${{ID}}")
    equal([s["target"] for s in r["steps"]], [f"{at}/login", f"{at}/me/${{ID}}"])
    equal([s["status"] for s in r["steps"]], [200, 200])
    true(all(s["ok"] and s["connect_ms"] is not None and s["steps"] is None for s in r["steps"]))
    true(r["total_ms"] >= sum(s["total_ms"] for s in r["steps"]))
    true(TOKEN not in json.dumps(r, ensure_ascii=False), "what was captured is shown")
    equal(Shop.seen, [("/login", '{"user":"me"}', "every", "application/json"),
                      ("/me/7", None, "every", "Bearer " + TOKEN.encode().decode("latin1"))])


@case
def the_first_step_that_fails_is_the_result():
    at = shop()
    r = probe_one("--step", f"{at}/login", "--method", "POST", "--data", "nobody", "--step", f"{at}/never")
    equal((r["reason"], r["status"], len(r["steps"])), ("http_status", 403, 1), str(r))
    contains(r["detail"], "step 1: status 403")
    equal(len(Shop.seen), 1)
    r = probe_one(*login(at), "--step", f"{at}/me")
    equal((r["reason"], [s["reason"] for s in r["steps"]]), ("http_status", ["ok", "http_status"]), str(r))
    contains(r["detail"], "step 2: status 401")
    r = probe_one(*login(at), "--step", f"127.0.0.1:{free_port()}", "--step", f"{at}/never")
    equal((r["reason"], len(r["steps"])), ("refused", 2), str(r))


@case
def what_is_not_there_is_missing():
    at = shop()
    for how, words in [("json:$.nothing", "is not there"), ("json:$.list", "no single value"),
                       ("json:$.none", "no single value"), ("regex:nothing (x)", "matches nothing"),
                       ("json:$.evil", "control byte"), ("json:$.long", "longer than")]:
        r = probe_one(*login(at, "--capture", f"A=json:$.id", "--capture", f"X={how}"), "--step", f"{at}/${{X}}")
        equal((r["reason"], len(r["steps"])), ("capture_missing", 1), f"{how}: {r}")
        contains(r["detail"], words)
    r = probe_one("--step", "exec:/bin/echo", "--capture", "X=json:$.a", "--step", f"{at}/")
    equal(r["reason"], "capture_missing", str(r))


@case
def a_value_goes_where_it_is_written():
    at = shop()
    bearer = ["--header", "Authorization: Bearer x"]
    for step, path in [("${N}", "/orders?page=2&x=a%20b"), ("/${T}", "/s3cr3t/+%20%C3%A4"), ("/${ON}/${ID}", "/true/7"),
                       ("/${", "/%24%7B")]:
        Shop.seen.clear()
        r = probe_one(*login(at, "--capture", "N=json:$.next", "--capture", "T=json:$.token", "--capture",
                             "ID=json:$.id", "--capture", "ON=json:$.on"), "--step", at + step.replace("/${", "/${", 1)
                      if step != "/${" else at + "/%24%7B", *bearer)
        equal(r["ok"], True, f"{step}: {r}")
        equal(Shop.seen[1][0], path)
    r = probe_one(*login(at, "--capture", "H=json:$.host"), "--step", "http://${H}/x", *bearer)
    equal((r["ok"], r["steps"][1]["target"]), (True, "http://${H}/x"), str(r))
    r = probe_one(*login(at, "--capture", "T=json:$.token"), "--step", "http://127.0.0.1:${T}/", *bearer)
    equal(r["reason"], "protocol", str(r))
    contains(r["detail"], "no target")
    true("s3cr3t" not in json.dumps(r))
    Shop.seen.clear()
    equal(probe_one(*login(at, "--capture", "ID=json:$.id"), "--step", f"{at}/login", "--method", "POST", "--data",
                    '{"user":"me","id":${ID}}')["ok"], True)
    equal(Shop.seen[1][1], '{"user":"me","id":7}')


@case
def steps_may_be_of_any_kind():
    at = shop()
    port = at.rsplit(":", 1)[1]
    r = probe_one("--step", f"127.0.0.1:{port}", "--step", f'exec:["/usr/bin/printf","{{\\"p\\": %s}}","{port}"]',
                  "--capture", "P=json:$.p", "--step", "icmp://127.0.0.1", "--step", "http://127.0.0.1:${P}/", "--header",
                  "Authorization: Bearer x")
    equal((r["ok"], len(r["steps"])), (True, 4), str(r))
    true(r["steps"][2]["rtt_ms"] is not None)


@case
def the_time_is_that_of_all_steps_together():
    slow = Listener(http_answer(b"", after=lambda c: time.sleep(2)))
    quick = http_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    late = Listener(lambda c: (time.sleep(0.3), quick(c)))
    r = unspoilt(lambda: probe_one("--step", f"http://127.0.0.1:{late.port}", "--step", f"http://127.0.0.1:{slow.port}",
                                   "--timeout", "600ms"))
    equal((r["reason"], len(r["steps"])), ("timeout", 2), str(r))
    true(550 < r["total_ms"] < 1500, str(r["total_ms"]))
    r = probe_one("--retries", "2", "--step", f"127.0.0.1:{free_port()}", "--step", "127.0.0.1:1")
    equal((r["attempt"], len(r["attempts"]), len(r["steps"])), (3, 3, 1), str(r))


@case
def mistakes_are_told_before_anything_runs():
    for args, words in [
            (["--step", "http://h/${X}"], "step 1: ${X} is captured by no step before"),
            (["--step", "http://h/", "--header", "A: ${X}"], "${X}"),
            (["--step", "http://h/", "--capture", "X=json:$.a", "--header", "A: ${X}"], "${X}"),  # its own
            (["--step", "h:1", "--capture", "X=json:$.a"], "nothing can be captured"),
            (["--step", "http://h/", "--capture", "X=json:$["], "--capture"),
            (["--step", "http://h/", "--capture", "X=regex:("], "--capture"),
            (["--step", "http://h/", "--capture", "X=regex:a", "--capture", "1=json:$.a"], "no name"),
            (["--step", "http://h/", "--capture", "X=other"], "json:PATH or regex:RE"),
            (["--capture", "X=json:$.a", "--step", "http://h/"], "before the first --step"),
            (["--step", "10.0.0.0/30:80"], "one target"),
            (["--step", "gopher://h"], "no kind of target"),
            (["--step", "h:1", "h:2"], "either TARGETs or --step"),
            (["--step", "http://h/", "--method", "a b"], "--method"),
            (["h:1", "--capture", "X=json:$.a"], "--step")]:
        r = firebreak("probe", *args)
        equal(r.returncode, 2, f"{args}: {r.stderr}")
        contains(r.stderr, words)


main()
