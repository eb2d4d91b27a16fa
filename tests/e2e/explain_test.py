"""`firebreak probe --explain` on broken servers of every kind: it tells what was tried, what came back, and what to
do, without another tool."""
import struct

from certificate import Pair
from harness import *
from peers import *


def explain(target, *args):
    """(exit code, the story)"""
    r = firebreak("probe", "--explain", target, *args, "--timeout", "20s")
    equal(complaints(r.stderr), "")
    return r.returncode, r.stdout


def tells(target, *parts, args=(), code=1):
    """Each of the parts is told, in this order."""
    status, text = explain(target, *args)
    equal(status, code, text)
    rest = text
    for part in parts:
        contains(rest, part)
        rest = rest[rest.index(part) + len(part):]
    return text


def certificate(d, name, *args):
    key, cert = f"{d}/{name}.key", f"{d}/{name}.pem"
    subprocess.run([need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert,
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", *args], check=True,
                   stderr=subprocess.DEVNULL)
    return key, cert


def s_server(key, cert, *args):
    port = free_port()
    server([need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-key", key, "-cert", cert, "-quiet", *args], port,
           stdin=subprocess.PIPE)
    return port


# ---- TLS and HTTP ----

def expired(d):
    """Only an authority may choose the dates."""
    key, cert = f"{d}/k", f"{d}/c"
    write(f"{d}/ca.conf", f"[ca]\ndefault_ca=x\n[x]\nnew_certs_dir={d}\ndatabase={d}/index\nserial={d}/serial\ndefault_md=sha256\n"
          "policy=p\nunique_subject=no\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:localhost\n")
    write(f"{d}/index", "")
    write(f"{d}/serial", "01\n")
    run = lambda *a: subprocess.run([need("openssl"), *a], check=True, capture_output=True)
    run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", f"{d}/csr", "-subj", "/CN=localhost")
    run("ca", "-batch", "-config", f"{d}/ca.conf", "-selfsign", "-keyfile", key, "-in", f"{d}/csr", "-out", cert, "-notext",
        "-startdate", "20200101000000Z", "-enddate", "20210101000000Z")
    return key, cert


@case
def an_expired_chain():
    d = folder()
    key, cert = expired(d)
    port = s_server(key, cert, "-www")
    tells(f"https://localhost:{port}/", "127.0.0.1", "connect", "answered after", "TLSv1.3", "chain", "CN=localhost",
          "for localhost", "days left", "trust", "refused", "not asked", "verdict", "tls_expired", "advice", "Renew",
          args=["--ca", cert])


@case
def a_certificate_for_another_name():
    key, cert = certificate(folder(), "other.test", "-days", "9")
    port = s_server(key, cert)
    tells(f"tls://localhost:{port}", "TLSv1.3 with", "for other.test", "refused", "verdict", "tls_name", "--server-name",
          args=["--ca", cert])


@case
def http2_that_resets():
    def resets(connection):
        connection.recv(65536)
        connection.sendall(bytes([0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 11]))
        connection.recv(65536)
    port = Listener(resets).port
    tells(f"h2c://127.0.0.1:{port}/", "answered after", f"GET h2c://127.0.0.1:{port}/", "failed", "ENHANCE_YOUR_CALM",
          "verdict", "reset", "advice")


@case
def http2_that_is_well():
    pair = Pair()
    nghttpd, port, d = need("nghttpd"), free_port(), folder()
    write(os.path.join(d, "index.html"), "hello")
    server([nghttpd, "-a", "127.0.0.1", "-d", d, str(port), pair.key, pair.cert], port)
    tells(f"https://localhost:{port}/", "ALPN h2", "the name is right", "HTTP/2 200", "verdict", "ok", args=["--ca", pair.cert],
          code=0)


@case
def a_mail_server_without_tls():
    def smtp(connection):
        connection.sendall(b"220 mail.test ESMTP\r\n")
        connection.recv(100)
        connection.sendall(b"250-mail.test\r\n250 SIZE\r\n")
        connection.recv(100)
    port = Listener(smtp).port
    tells(f"tls+smtp://127.0.0.1:{port}", "connect", "answer", "220 mail.test", "asked", "EHLO", "answer", "250",
          "STARTTLS is not among what it offers", "tls_not_offered", "advice", "certificate")


# ---- databases ----

@case
def redis_without_a_login():
    port = free_port()
    server([need("redis-server"), "--port", str(port), "--save", "", "--bind", "127.0.0.1", "--requirepass", "x"], port,
           cwd=folder())
    tells(f"redis://127.0.0.1:{port}", "connect", "asked", "PING", "answer", "NOAUTH", "after", "permission", "password")
    text = tells(f"redis://:wrong-one@127.0.0.1:{port}/3", "AUTH, with the password", "WRONGPASS", "permission")
    true("wrong-one" not in text, text)
    tells(f"redis://:x@127.0.0.1:{port}/3", "OK (after", "SELECT 3", "OK (after", "PING", "PONG", "verdict", "ok", code=0)


@case
def redis_that_loads():
    port = Listener(lambda c: (c.recv(100), c.sendall(b"-LOADING Redis is loading the dataset in memory\r\n"), c.recv(1))).port
    tells(f"redis://127.0.0.1:{port}", "PING", "LOADING", "not_serving", "does not serve yet")


@case
def postgres_of_every_mood():
    pg = Postgres()
    p, port = pg.start()
    ready(f"postgres://127.0.0.1:{port}")
    at = f"127.0.0.1:{port}"
    tells(f"postgres://admin:it's-secret@{at}/postgres", "whether it takes TLS", "N: no", "to begin as user admin in database "
          "postgres", "wants a password, proved by SCRAM", "version 15" if "/15/" in postgres_program("postgres") else "version",
          "ready for queries", "SELECT 1", "verdict", "ok", code=0)
    text = tells(f"postgres://admin:not-it@{at}/postgres", "wants a password", "with the password of the URL",
                 "password authentication failed", "permission", "advice", "user and password")
    true("not-it" not in text, text)
    tells(f"postgres://admin:it's-secret@{at}/nothing", 'database "nothing" does not exist', "not_serving")
    stop(p, True)
    pg.file("standby.signal", "")
    p, port = pg.start("-c", "hot_standby=off", "-c", "restore_command=false")
    tells(f"postgres://127.0.0.1:{port}", "to begin as", "not_serving", "57P03", "does not serve yet")


# ---- the others ----

@case
def sshd_with_another_host_key():
    port, (key,) = sshd(("ed25519", ""))
    tells(f"ssh://127.0.0.1:{port}", "asked", "SSH-2.0-firebreak", "answer", "SSH-2.0-OpenSSH", "agreed", "curve25519",
          "ssh-ed25519", "a signature with it that is right", key, "any will do", "verdict", "ok", code=0)
    tells(f"ssh://127.0.0.1:{port}", key, "wanted is", "verdict", "host_key", "do not log in",
          args=["--host-key", "SHA256:" + "A" * 43])


@case
def a_lame_name_server():
    """One that knows nothing of the zone, and one that fails."""
    def answering(rcode):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("127.0.0.1", 0))

        def serve():
            while True:
                q, peer = s.recvfrom(4096)
                s.sendto(q[:2] + struct.pack(">H", 0x8180 | rcode) + q[4:6] + bytes(6) + q[12:], peer)
        threading.Thread(target=serve, daemon=True).start()
        return s.getsockname()[1]
    tells(f"dns://127.0.0.1:{answering(5)}/example.test", "asked", "for example.test, type A, by datagrams", "answer",
          "dns_refused", "does not serve this client")
    tells(f"dns://127.0.0.1:{answering(2)}/example.test", "answer", "dns_servfail", "zone's own servers")
    port = dnsmasq()
    tells(f"dns://127.0.0.1:{port}/web.test", "1 record, not said to be verified", "verdict", "ok", "10.1.2.3", code=0)
    tells(f"dns+tcp://127.0.0.1:{port}/none.test", "connect", "over TCP", "answer", "dns_nxdomain")
    tells(f"dns://127.0.0.1:{port}/web.test?dnssec=1", "1 record", "dns_insecure", "DNSSEC")


@case
def a_clock_that_is_not_set():
    port = chrony()  # no source
    eventually(lambda: probe_one(f"ntp://127.0.0.1:{port}")["reason"] != "refused", 20)
    tells(f"ntp://127.0.0.1:{port}", "asked", "for the time", "answer", "stratum 0", "leap indicator 3", "not_serving")
    port = chrony("local stratum 5")
    eventually(lambda: probe_one(f"ntp://127.0.0.1:{port}")["ok"], 20)
    tells(f"ntp://127.0.0.1:{port}", "stratum 5", "clock", "of ours", "verdict", "ok", code=0)


@case
def a_host_that_does_not_answer():
    tells("icmp://127.0.0.1?count=3&interval=5ms", "asked", "for 3 echoes", "3 of 3 came back", "verdict", "ok", code=0)


@case
def grpc_of_etcd_and_of_none():
    port, peer, d = free_port(), free_port(), folder()
    server([need("etcd"), "--data-dir", d + "/e", "--listen-client-urls", f"http://127.0.0.1:{port}", "--advertise-client-urls",
            f"http://127.0.0.1:{port}", "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls",
            f"http://127.0.0.1:{peer}", "--initial-cluster", f"default=http://127.0.0.1:{peer}"], port)
    eventually(lambda: probe_one(f"grpc://127.0.0.1:{port}")["ok"], 20)
    tells(f"grpc://127.0.0.1:{port}", "connect", "http2", "SETTINGS came", "Health/Check of the server as a whole", "SERVING",
          "verdict", "ok", code=0)
    tells(f"grpc://127.0.0.1:{port}/nobody", "Check of nobody", "NOT_FOUND", "not_serving")
    port = Listener(http_answer(b"HTTP/1.1 400 Bad Request\r\n\r\n")).port
    tells(f"grpc://127.0.0.1:{port}", "connect", "http2", "protocol", "advice", "another protocol")


@case
def a_websocket_behind_a_gate():
    port = free_port()
    server([python_with("websockets"), write(os.path.join(folder(), "ws.py"), WEBSOCKET_SERVER), str(port)], port)
    tells(f"ws://127.0.0.1:{port}/chat", "GET", "upgraded to websocket", "status 101", "a ping", "a pong", "verdict", "ok", code=0)
    tells(f"ws://127.0.0.1:{port}/closed", "answer", "status 403 Forbidden", "http_status")


@case
def programs_and_sockets():
    tells('exec:["/bin/sh","-c","echo no disk >&2; exit 3"]', "run", "/bin/sh -c", "ended", "with status 3", "said", "no disk",
          "exec_exit", "advice")
    path = os.path.join(folder(), "x.sock")
    tells(f"unix://{path}", "connect", path, "unreachable", "advice", "unix socket")
    Listener(host=path)
    tells(f"unix://{path}", "connect", "answered after", "verdict", "ok", code=0)


@case
def a_chain_that_breaks_in_its_second_step():
    login = Listener(http_answer(b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"token":"s3cret"}')).port
    orders = Listener(http_answer(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nServer: shop\r\n\r\n")).port
    text = tells("--step", "step", "1: http://127.0.0.1", "connect", "HTTP/1.1 200", "captured", "T, 6 bytes", "so far", "ok",
                 "step", "2: http", "T=${T}", "HTTP/1.1 500", "Server: shop", "so far", "http_status", "verdict", "step 2",
                 "advice", args=[f"http://127.0.0.1:{login}/login", "--capture", "T=json:$.token", "--step",
                                 f"http://127.0.0.1:{orders}/?T=${{T}}"])
    true("s3cret" not in text, text)


main()
