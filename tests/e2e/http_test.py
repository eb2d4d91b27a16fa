"""`firebreak probe http://…`: a real server (nginx), and servers that break in every way."""
from harness import *

OK_BODY = b'{"status":"up","items":[{"n":1},{"n":2}],"note":"caf\xc3\xa9"}'


def answer(body, status=b"200 OK", fields=b""):
    return b"HTTP/1.1 " + status + b"\r\n" + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body


def url(talk):
    return f"http://127.0.0.1:{Listener(talk).port}/"


def reason(talk, *args):
    return probe_one(url(talk), *args)["reason"]


@case
def nginx_answers():
    nginx = need("nginx")
    d, port = folder(), free_port()
    os.chmod(d, 0o755)
    write(os.path.join(d, "index.html"), "hello from nginx\n")
    conf = write(os.path.join(d, "nginx.conf"), f"""
        daemon off; pid {d}/pid; error_log {d}/error.log; user root;
        events {{}}
        http {{
            access_log {d}/access.log; default_type text/plain;
            client_body_temp_path {d}/a; proxy_temp_path {d}/b; fastcgi_temp_path {d}/c;
            uwsgi_temp_path {d}/e; scgi_temp_path {d}/f;
            server {{
                listen 127.0.0.1:{port}; root {d};
                location /teapot {{ return 418; }}
                location /moved {{ return 302 /index.html; }}
                location /loop {{ return 302 /loop; }}
                location /header {{ if ($http_x_key != "s3cret") {{ return 403; }} return 200 "in\\n"; }}
                location /method {{ return 200 "$request_method\\n"; }}
            }}
        }}""")
    server([nginx, "-e", f"{d}/error.log", "-c", conf], port)
    base = f"http://127.0.0.1:{port}"
    r = probe_one(base + "/")
    equal((r["ok"], r["status"], r["address"]), (True, 200, f"127.0.0.1:{port}"))
    true(r["connect_ms"] > 0 and r["first_byte_ms"] > 0)
    equal(probe_one(base + "/", "--body", "^hello from (nginx|apache)")["ok"], True)
    r = probe_one(base + "/", "--body", "goodbye")
    equal(r["reason"], "body_mismatch")
    r = probe_one(base + "/teapot")
    equal((r["reason"], r["status"]), ("http_status", 418))
    equal(probe_one(base + "/teapot", "--status", "200,4xx")["ok"], True)
    r = probe_one(base + "/moved")
    equal((r["ok"], r["status"]), (True, 200))
    r = probe_one(base + "/moved", "--redirects", "0", "--status", "302")
    equal((r["ok"], r["status"]), (True, 302))
    r = probe_one(base + "/loop")
    equal((r["reason"], r["status"]), ("redirect_limit", 302))
    equal(probe_one(base + "/header")["reason"], "http_status")
    equal(probe_one(base + "/header", "--header", "X-Key: s3cret")["ok"], True)
    equal(probe_one(base + "/method", "--method", "OPTIONS", "--body", "^OPTIONS")["ok"], True)
    equal(probe_one(base + "/method", "--method", "HEAD")["ok"], True)
    many = probe(*[base + "/"] * 50, base + "/teapot")
    equal(sum(x["ok"] for x in many), 50, str([x for x in many if not x["ok"]]))


@case
def values_in_a_json_body():
    talk = http_answer(answer(OK_BODY))
    equal(reason(talk, "--json", "$.status=up"), "ok")
    equal(reason(talk, "--json", "items[1].n=2", "--json", "$.status=up"), "ok")
    r = probe_one(url(talk), "--json", "$.status=down")
    equal((r["reason"], r["detail"]), ("body_mismatch", '$.status is "up", not down'))
    r = probe_one(url(talk), "--json", "$.nothing=1")
    equal((r["reason"], r["detail"]), ("body_mismatch", "$.nothing is not there"))
    r = probe_one(url(http_answer(answer(b"<html>"))), "--json", "$.a=1")
    equal(r["reason"], "body_mismatch")
    contains(r["detail"], "no JSON")


@case
def options_that_make_no_sense_are_usage():
    for option, value, words in [("--body", "(", "column"), ("--json", "nothing", "PATH=VALUE"), ("--json", "$[=1", ""),
                                 ("--status", "99", "no status"), ("--status", "2xy", "no status"),
                                 ("--header", "no colon", "NAME:VALUE"), ("--method", "G T", "no method"),
                                 ("--header", "Content-Length: 5", "follows from the body"),
                                 ("--header", "X: a\nY: b", "control byte"), ("--header", "X: " + "a" * 33000, "bytes"),
                                 ("--method", "CONNECT", "proxies"), ("--server-name", "", "is no name"),
                                 ("--redirects", "51", "outside of 0 to 50")]:
        r = firebreak("probe", "http://127.0.0.1:1/", option, value)
        equal((value, r.returncode, r.stdout), (value, 2, ""))
        contains(r.stderr, words)


@case
def chunked_bodies():
    parts = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (OK_BODY[:7], OK_BODY[7:])) + b"0\r\n\r\n"
    talk = http_answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + parts)
    equal(reason(talk, "--json", "$.status=up"), "ok")


@case
def a_reset_in_the_body():
    equal(reason(http_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf", reset)), "reset")


@case
def an_end_in_the_body():
    equal(reason(http_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")), "closed")


@case
def an_end_before_the_answer():
    equal(reason(lambda c: c.recv(4096)), "closed")
    equal(reason(lambda c: (c.recv(4096), reset(c))), "reset")


@case
def one_byte_at_a_time_is_an_answer_too():
    def talk(c):
        c.recv(4096)
        for byte in answer(b"slow"):
            c.sendall(bytes([byte]))
            time.sleep(0.002)
    equal(reason(talk, "--body", "slow"), "ok")


@case
def a_trickle_does_not_outlive_the_time_out():
    def talk(c):
        c.recv(4096)
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(200):
            c.sendall(b"x")
            time.sleep(0.05)
    r = unspoilt(lambda: probe_one(url(talk), "--timeout", "500ms"))
    equal(r["reason"], "timeout")
    true(r["total_ms"] < 5000)


@case
def a_body_of_two_gigabytes_is_not_swallowed():
    def talk(c):
        c.recv(4096)
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n")
        block = b"x" * 65536
        for _ in range(32768):
            c.sendall(block)
    where = url(talk)
    equal(probe_one(where, "--body", "y", "--timeout", "20s")["reason"], "too_large")
    equal(probe_one(where, "--timeout", "20s")["reason"], "ok")


@case
def many_large_bodies_take_little_memory():
    body = b"x" * 3000000

    def talk(c):
        c.recv(4096)
        c.sendall(answer(body)[:-1])
        time.sleep(0.3)
        c.sendall(b"x")
    where = url(talk)
    for args, reason in (([], "ok"), (["--body", "y"], "body_mismatch")):
        p = spawn("probe", *[where] * 100, "--timeout", "20s", "-o", "jsonl", *args)
        out = p.stdout.read()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        equal([json.loads(x)["reason"] for x in out.splitlines()], [reason] * 100)
        true(usage.ru_maxrss < 180000 or "san/" in BINARY, f"{usage.ru_maxrss} KB at its peak")


@case
def trailers_without_end():
    def talk(c):
        c.recv(4096)
        c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n")
        for i in range(10000):
            c.sendall(b"X-Field-%d: y\r\n" % i)
    equal(reason(talk), "too_large")


@case
def a_head_without_end():
    def talk(c):
        c.recv(4096)
        c.sendall(b"HTTP/1.1 200 OK\r\n")
        for i in range(100000):
            c.sendall(b"X-Field-%d: y\r\n" % i)
    equal(reason(talk), "too_large")

    def line(c):
        c.recv(4096)
        c.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(10000):
            c.sendall(b"y" * 1000)
    equal(reason(line), "too_large")


@case
def what_is_no_http():
    for raw in (b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/3.0 200 OK\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x46",
                b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
        equal((raw, reason(http_answer(raw))), (raw, "protocol"))


@case
def a_redirect_that_leads_nowhere_is_told_with_its_own_host():
    r = probe_one(url(http_answer(answer(b"", b"302 Found", b"Location: http://a..b/\r\n"))))
    equal((r["reason"], r["detail"]), ("dns_nxdomain", "lookup a..b: no such name, after a redirect"))
    r = probe_one(url(http_answer(answer(b"", b"302 Found", b"Location: gopher://h/\r\n"))))
    equal(r["reason"], "protocol")
    contains(r["detail"], "gopher")


@case
def a_redirect_with_letters_that_want_encoding():
    def talk(c):
        line = c.recv(4096).split(b"\r\n")[0]
        c.sendall(answer(line) if b"caf" in line else
                  answer(b"", b"302 Found", b"Location: /caf\xc3\xa9 au lait?a=%20\r\n"))
    equal(reason(talk, "--body", "^GET /caf%C3%A9%20au%20lait\\?a=%20 "), "ok")


@case
def no_answer_at_all():
    r = unspoilt(lambda: probe_one(url(lambda c: time.sleep(5)), "--timeout", "300ms"))
    equal(r["reason"], "timeout")
    contains(r["detail"], "answer")


@case
def a_pattern_that_explodes_gives_up_at_once():
    begin = time.monotonic()
    r = probe_one(url(http_answer(answer(b"a" * 5000 + b"!"))), "--body", "^(a+)+$", "--timeout", "20s", "--retries", "3")
    equal((r["reason"], r["attempt"]), ("limit", 1))
    contains(r["detail"], "the pattern gave up")
    # One place of the body costs little, and there are four million of them.
    talk = http_answer(answer(b"c" * 4000000 + b" t"))
    for pattern in ("[a-z]+ cat", "(?i)c{1,200}T"):
        equal((pattern, reason(talk, "--body", pattern, "--timeout", "20s")), (pattern, "limit"))
    true(time.monotonic() - begin < 30, "it was tried again and again")


@case
def a_large_body_does_not_hold_the_loop():
    body = b"the quick brown fox jumps over the lazy dog " * 90000
    r = firebreak("probe", url(http_answer(answer(body))), "--body", "(?i)CAT", "-o", "jsonl", "--timeout", "20s")
    equal((json.loads(r.stdout)["reason"], r.stderr), ("body_mismatch", ""))
    body = b'{"a":[' + b",".join(b'{"x":%d}' % i for i in range(300000)) + b"]}"
    r = firebreak("probe", url(http_answer(answer(body))), "--json", "$.a[299999].x=299999", "-o", "jsonl", "--timeout", "20s")
    equal((json.loads(r.stdout)["reason"], r.stderr), ("ok", ""))


main()
