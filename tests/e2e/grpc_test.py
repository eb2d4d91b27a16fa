"""`firebreak probe grpc://…`: the health service of etcd and of grpc's own server, with and without TLS, and
servers that are none."""
from certificate import Pair
from harness import *
from peers import *

@case
def grpc_s_own_server():
    port = health()
    at = lambda rest, *args: probe_one(f"grpc://127.0.0.1:{port}{rest}", *args)
    r = at("")
    equal((r["ok"], r["address"]), (True, f"127.0.0.1:{port}"), str(r))
    true(r["connect_ms"] is not None and r["first_byte_ms"] is not None and r["tls_ms"] is None)
    equal(at("/up")["ok"], True)
    for name, reason, words in [("down", "not_serving", "NOT_SERVING"), ("watch", "not_serving", "SERVICE_UNKNOWN"),
                                ("none", "not_serving", "unknown"), ("nobody", "not_serving", "nobody of that name"),
                                ("broken", "protocol", "HealthCheckResponse"), ("large", "too_large", ""),
                                ("secret", "permission", "UNAUTHENTICATED")]:
        r = at("/" + name)
        equal(r["reason"], reason, f"{name}: {r}")
        contains(r["detail"], words)
        true("\x1b" not in r["detail"])
    equal(at("/secret", "--header", "X-Token: t")["ok"], True)
    equal(unspoilt(lambda: at("/slow", "--timeout", "400ms"))["reason"], "timeout")


@case
def with_tls():
    pair = Pair()
    port = health(pair.key, pair.cert)
    r = probe_one(f"grpcs://localhost:{port}/up", "--ca", pair.cert)
    true(r["ok"] and r["tls_ms"] > 0 and r["days_left"] in (29, 30), str(r))
    equal(probe_one(f"grpcs://localhost:{port}")["reason"], "tls_untrusted")
    equal(probe_one(f"grpcs://localhost:{port}", "--ca", pair.cert, "--server-name", "other.test")["reason"], "tls_name")
    equal(probe_one(f"grpcs://127.0.0.1:{health()}", "--insecure")["reason"], "tls_protocol")


@case
def etcd_is_healthy():
    port, peer, d = free_port(), free_port(), folder()
    server([need("etcd"), "--data-dir", d, "--listen-client-urls", f"http://127.0.0.1:{port}", "--advertise-client-urls",
            f"http://127.0.0.1:{port}", "--listen-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}", "--initial-cluster",
            f"default=http://127.0.0.1:{peer}"], port)
    eventually(lambda: probe_one(f"grpc://127.0.0.1:{port}")["ok"], 15)
    r = probe_one(f"grpc://127.0.0.1:{port}/nobody")
    equal(r["reason"], "not_serving", str(r))
    contains(r["detail"], "NOT_FOUND")


@case
def what_is_no_grpc():
    for talk, *reasons in [(http_answer(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "protocol", "closed", "reset"),
                           (lambda c: c.sendall(b"SSH-2.0-x\r\n"), "protocol", "closed", "reset"),
                           (lambda c: c.recv(4096), "closed", "reset"), (lambda c: time.sleep(2), "timeout"),
                           (reset, "reset", "closed"),
                           (lambda c: (c.sendall(b"\0\0\0\4\0\0\0\0\0"), time.sleep(2)), "timeout"),
                           (lambda c: (c.sendall(b"\xff\xff\xff\4\0\0\0\0\0"), time.sleep(1)), "protocol", "closed", "timeout")]:
        r = unspoilt(lambda: probe_one(f"grpc://127.0.0.1:{Listener(talk).port}", "--timeout", "500ms"))
        true(r["reason"] in reasons and r["detail"], f"{r['reason']}: {r['detail']}, wanted {reasons}")
    equal(probe_one(f"grpc://127.0.0.1:{free_port()}")["reason"], "refused")
    r = firebreak("probe", "grpc://h/x")
    equal(r.returncode, 2)
    contains(r.stderr, "port is missing")


main()
