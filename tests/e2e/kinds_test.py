"""`firebreak probe` against real servers of every kind that has a protocol of its own, and against what
pretends to be one: icmp, redis, postgres, websocket, ntp, ssh."""
import base64
import hashlib
import re
import struct

from harness import *
from peers import *

FLOOD = b"x" * 65536


def hostile(scheme, rest="", *args, cases):
    """Each of the cases: what a server does with its connection, and the reasons that may be given for
    it. The detail must not be empty."""
    for talk, *reasons in cases:
        listener = Listener(talk)
        r = unspoilt(lambda: probe_one(f"{scheme}://127.0.0.1:{listener.port}{rest}", "--timeout", "500ms", *args))
        listener.close()
        true(r["reason"] in reasons, f"{scheme}: {r['reason']} ({r['detail']}), wanted {reasons}")
        true(r["detail"], "a failure has words")


def flood(connection):
    for _ in range(200):
        connection.sendall(FLOOD)


def slow(connection):
    for _ in range(40):
        connection.sendall(b"+")
        time.sleep(0.1)


def silent(connection):
    time.sleep(2)


def hang_up(connection):
    connection.recv(4096)


def says(*answers):
    """Reads before each answer, then waits for the end."""
    def talk(connection):
        for answer in answers:
            connection.recv(65536)
            connection.sendall(answer)
        connection.recv(65536)
        time.sleep(0.2)
    return talk


def greets(*answers):
    """Speaks first, then as says()."""
    def talk(connection):
        connection.sendall(answers[0])
        says(*answers[1:])(connection)
    return talk


# ---- icmp ----

@case
def an_echo_comes_back():
    r = probe_one("icmp://127.0.0.1")
    equal((r["ok"], r["loss_ratio"], r["address"]), (True, 0, "127.0.0.1"), str(r))
    true(0 < r["rtt_ms"] < 1000)
    r = probe_one("icmp://127.0.0.1?count=3&interval=10ms")
    equal((r["ok"], r["loss_ratio"]), (True, 0))
    equal(probe_one("icmp://localhost")["ok"], True)


@case
def a_network_is_pinged():
    results = probe("icmp://127.0.0.0/24?count=2&interval=5ms")
    equal(len(results), 256)
    names = {r["target"] for r in results}
    true("icmp://127.0.0.17?count=2&interval=5ms" in names, str(sorted(names)[:3]))
    equal({r["reason"] for r in results if not r["target"].startswith("icmp://127.0.0.0?")}, {"ok"})


def in_a_network_of_its_own(*commands):
    if os.getuid() != 0:
        raise Skip("not root: no network namespaces")
    script = "ip link set lo up; " + "; ".join(commands)
    r = subprocess.run(["unshare", "-n", "sh", "-c", script], capture_output=True, text=True, timeout=60,
                       env=environment())
    return [json.loads(line) for line in r.stdout.splitlines()]


@case
def loss_is_counted_and_silence_is_a_timeout():
    need("nft")
    r, silence = in_a_network_of_its_own(
        "nft add table t; nft 'add chain t i { type filter hook input priority 0 ; }'",
        "nft add rule t i ip daddr 127.0.0.9 icmp type echo-request numgen inc mod 2 == 0 drop",
        "nft add rule t i ip daddr 127.0.0.8 drop",
        f"{BINARY} probe -o jsonl 'icmp://127.0.0.9?count=4&interval=10ms' --timeout 400ms",
        f"{BINARY} probe -o jsonl 'icmp://127.0.0.8?count=2&interval=10ms' --timeout 400ms")
    equal((r["ok"], r["loss_ratio"]), (True, 0.5), str(r))
    equal((silence["reason"], silence["loss_ratio"], silence["rtt_ms"]), ("timeout", 1, None), str(silence))


@case
def a_router_that_says_no_is_believed():
    need("nft")
    (r,) = in_a_network_of_its_own(
        "nft add table t; nft 'add chain t i { type filter hook input priority 0 ; }'",
        "nft add rule t i ip daddr 127.0.0.9 icmp type echo-request reject with icmp type admin-prohibited",
        f"{BINARY} probe -o jsonl icmp://127.0.0.9 --timeout 1s")
    equal(r["reason"], "unreachable", str(r))
    contains(r["detail"], "prohibited")


@case
def without_privileges_it_takes_ping_sockets_or_says_what_is_missing():
    if os.getuid() != 0:
        raise Skip("not root: no network namespaces")
    copy = os.path.join(folder(), "firebreak")
    shutil.copy(BINARY, copy)
    os.chmod(os.path.dirname(copy), 0o755)
    as_nobody = f"setpriv --reuid 65534 --regid 65534 --clear-groups {copy} probe -o jsonl"
    refused, allowed, loss = in_a_network_of_its_own(
        "sysctl -qw net.ipv4.ping_group_range='1 0'", f"{as_nobody} icmp://127.0.0.1",
        "sysctl -qw net.ipv4.ping_group_range='0 65535'", f"{as_nobody} icmp://127.0.0.1",
        f"{as_nobody} 'icmp://127.0.0.1?count=3&interval=10ms'")
    equal(refused["reason"], "permission", str(refused))
    contains(refused["detail"], "ping_group_range")
    equal((allowed["ok"], allowed["loss_ratio"]), (True, 0), str(allowed))
    equal((loss["ok"], loss["loss_ratio"]), (True, 0), str(loss))


# ---- redis ----

def redis(*args):
    port = free_port()
    server([need("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", *args], port,
           cwd=folder())
    return port


@case
def redis_answers():
    port = redis()
    r = probe_one(f"redis://127.0.0.1:{port}")
    equal(r["ok"], True, str(r))
    true(r["first_byte_ms"] is not None)
    equal(probe_one(f"redis://127.0.0.1:{port}/3")["ok"], True)
    r = probe_one(f"redis://127.0.0.1:{port}/99")
    equal(r["reason"], "not_serving")
    contains(r["detail"], "DB index is out of range")
    equal(probe_one(f"redis://127.0.0.1:{port}", "--body", "role:master")["ok"], True)
    equal(probe_one(f"redis://127.0.0.1:{port}", "--body", "role:slave")["reason"], "body_mismatch")
    r = probe_one(f"redis://:unwanted@127.0.0.1:{port}")
    equal(r["reason"], "permission")


@case
def a_password_is_used_and_never_shown():
    port = redis("--requirepass", "p@ss/word")
    r = probe_one(f"redis://127.0.0.1:{port}")
    equal(r["reason"], "permission")
    contains(r["detail"], "NOAUTH")
    r = probe_one(f"redis://:p%40ss%2Fword@127.0.0.1:{port}")
    equal((r["ok"], r["target"]), (True, f"redis://:***@127.0.0.1:{port}"), str(r))
    equal(probe_one(f"redis://default:p%40ss%2Fword@127.0.0.1:{port}")["ok"], True)
    r = probe_one(f"redis://:wrongword@127.0.0.1:{port}")
    equal(r["reason"], "permission")
    contains(r["detail"], "WRONGPASS")
    for form in ("text", "json", "table", "yaml", "wide"):
        out = firebreak("probe", f"redis://:wrongword@127.0.0.1:{port}", "-o", form)
        true("wrongword" not in out.stdout + out.stderr, form)
    out = firebreak("probe", "redis://:wrong/word@127.0.0.1:x")
    equal(out.returncode, 2)
    true("word" not in out.stderr, out.stderr)


@case
def a_redis_that_loads_does_not_serve():
    port = redis("--enable-debug-command", "yes", "--key-load-delay", "1000",
                 "--loading-process-events-interval-bytes", "1024")
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"DEBUG POPULATE 5000\r\nSAVE\r\nDEBUG RELOAD NOSAVE\r\n")
        r = eventually(lambda: (lambda r: r["reason"] == "not_serving" and r)(
            probe_one(f"redis://127.0.0.1:{port}", "--timeout", "1s")), 20, "LOADING")
    contains(r["detail"], "LOADING")


@case
def what_is_no_redis():
    hostile("redis", cases=[
        (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "protocol"),
        (says(b"+PANG\r\n"), "protocol"),
        (says(b"+PON"), "closed", "timeout"),
        (says(b"$99999999\r\n"), "too_large"),
        (says(b"-ERR max number of clients reached\r\n"), "not_serving"),
        (says(b"-ERR \x1b[31mred\r\n"), "protocol"),
        (says(b":1\n"), "protocol"),
        (flood, "protocol"), (slow, "timeout", "too_large"), (silent, "timeout"), (hang_up, "closed"),
        (reset, "reset")])


# ---- postgres ----

@case
def postgres_answers_and_lets_in_whom_it_knows():
    pg = Postgres()
    d = folder()
    subprocess.run([need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{d}/k", "-out",
                    f"{d}/c", "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, stderr=subprocess.DEVNULL)
    pg.file("server.key", open(f"{d}/k").read())
    pg.file("server.crt", open(f"{d}/c").read())
    with open(f"{pg.data}/pg_hba.conf", "w") as f:
        f.write("hostssl all onlytls 127.0.0.1/32 scram-sha-256\nhostnossl all onlytls all reject\nhost all old 127.0.0.1/32 md5\n"
                "host all plain 127.0.0.1/32 password\nhost all all 127.0.0.1/32 scram-sha-256\n"
                "local all all trust\n")
    p, port = pg.start()
    at = f"127.0.0.1:{port}"
    equal(ready(f"postgres://{at}")["ok"], True)
    equal(probe_one(f"postgresql://admin:it's-secret@{at}/postgres")["ok"], True)
    r = probe_one(f"postgres://admin:wrong-one@{at}/postgres")
    equal((r["reason"], r["target"]), ("permission", f"postgres://admin:***@{at}/postgres"), str(r))
    contains(r["detail"], "password authentication failed")
    r = probe_one(f"postgres://admin:it's-secret@{at}/nothing")
    equal(r["reason"], "not_serving")
    contains(r["detail"], 'database "nothing" does not exist')
    # the old ways to say a password
    psql = [*pg.as_user, shutil.which("psql") or postgres_program("psql"), "-h", pg.d, "-p", str(port), "-U", "admin",
            "postgres", "-qc"]
    subprocess.run([*psql, "set password_encryption='md5'; create role old login password 'one'; "
                    "create role plain login password 'two'; create role onlytls login password 'three'"], check=True)
    equal(probe_one(f"postgres://old:one@{at}/postgres")["ok"], True)
    equal(probe_one(f"postgres://old:two@{at}/postgres")["reason"], "permission")
    equal(probe_one(f"postgres://plain:two@{at}/postgres")["ok"], True)
    stop(p, True)
    p, port = pg.start("-c", "ssl=on")
    at, ca = f"localhost:{port}", os.path.join(d, "c")
    r = ready(f"postgres://{at}")
    true(r["ok"] and r["tls_ms"] is not None, str(r))
    equal(probe_one(f"postgres://admin:it's-secret@{at}/postgres?sslmode=require")["ok"], True)
    equal(probe_one(f"postgres://{at}?sslmode=verify-full")["reason"], "tls_untrusted")
    equal(probe_one(f"postgres://{at}?sslmode=verify-full", "--ca", ca)["ok"], True)
    equal(probe_one(f"postgres://127.0.0.1:{port}?sslmode=verify-full", "--ca", ca)["reason"], "tls_name")
    r = probe_one(f"postgres://onlytls:x@{at}/postgres?sslmode=disable")
    equal(r["reason"], "permission")
    contains(r["detail"], "no encryption")
    stop(p, True)
    # one that starts up and is not done: a standby that nobody may read
    pg.file("standby.signal", "")
    p, port = pg.start("-c", "hot_standby=off", "-c", "restore_command=false")
    r = probe_one(f"postgres://127.0.0.1:{port}")
    equal(r["reason"], "not_serving", str(r))
    contains(r["detail"], "57P03")


@case
def what_is_no_postgres():
    refusal = lambda code: (b"E" + struct.pack(">I", 4 + len(x := b"SFATAL\0C" + code + b"\0Mno\0\0")) + x)
    hostile("postgres", cases=[
        (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "protocol"),
        (greets(b"SSH-2.0-x\r\n"), "protocol"),
        (says(b"N", b"R\0\0\0\x08"), "closed", "timeout"),
        (says(b"N", b"R\xff\xff\xff\xff"), "too_large"),
        (says(b"N", b"Z\0\0\0\x05I"), "protocol"),
        (says(b"N", b"R\0\0\0\x05\0"), "protocol"),
        (says(b"N", refusal(b"57P03")), "not_serving"),
        (says(refusal(b"53300")), "not_serving"),
        (says(b"N", refusal(b"08P01")), "protocol"),
        (says(b"S"), "closed", "tls_protocol", "timeout"),
        (says(b"S" + b"more"), "protocol"),
        (flood, "protocol"), (silent, "timeout"), (hang_up, "closed")])
    hostile("postgres", "?sslmode=require", cases=[(says(b"N"), "tls_not_offered")])
    login = lambda scheme, *answers: Listener(says(b"N", *answers)).port
    for answers, reason in [
            ([b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-999\0\0"], "permission"),
            ([b"R\0\0\0\x08\0\0\0\x07"], "permission"),
            ([b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0", b"R\0\0\0\x16\0\0\0\x0br=other,s=QQ==,i=1"[:23]], "protocol")]:
        port = login("postgres", *answers)
        r = probe_one(f"postgres://u:p@127.0.0.1:{port}/d", "--timeout", "500ms")
        equal(r["reason"], reason, str(r))


# ---- websocket ----

@case
def a_websocket_server_answers():
    python = python_with("websockets")
    port = free_port()
    server([python, write(os.path.join(folder(), "ws.py"), WEBSOCKET_SERVER), str(port)], port)
    r = probe_one(f"ws://127.0.0.1:{port}")
    equal((r["ok"], r["status"]), (True, 101), str(r))
    equal(probe_one(f"ws://127.0.0.1:{port}/a?b=c")["ok"], True)
    equal(probe_one(f"ws://127.0.0.1:{port}/chatty")["ok"], True)
    r = probe_one(f"ws://127.0.0.1:{port}/close")
    equal(r["reason"], "closed")
    contains(r["detail"], "code 4001: go away")
    r = probe_one(f"ws://127.0.0.1:{port}/closed")
    equal((r["reason"], r["status"]), ("http_status", 403))
    equal(probe_one(f"ws://u:p@127.0.0.1:{port}/login")["ok"], True)
    equal(probe_one(f"ws://127.0.0.1:{port}/login", "--header", "Authorization: Basic dTpw")["ok"], True)
    equal(probe_one(f"wss://127.0.0.1:{port}")["reason"], "tls_protocol")


def websocket(frames, accept=None, fields=""):
    def talk(connection):
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", head)[1]
        right = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
                           + fields.encode() + b"Sec-WebSocket-Accept: " + (accept or right) + b"\r\n\r\n" + frames)
        connection.recv(4096)
        time.sleep(0.3)
    return talk


@case
def what_is_no_websocket():
    hostile("ws", cases=[
        (http_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "http_status"),
        (http_answer(b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"), "protocol"),
        (websocket(b"", accept=b"bm8="), "protocol"),
        (websocket(b"", fields="Sec-WebSocket-Extensions: permessage-deflate\r\n"), "protocol"),
        (websocket(b"\x8a\x80abcd"), "protocol"),                  # masked
        (websocket(b"\x8a\x02no"), "closed", "timeout"),           # a pong for nobody
        (websocket(b"\x82\x7f\0\0\0\1\0\0\0\0"), "too_large"),
        (websocket(b"\xc1\x01x"), "protocol"),                     # an extension's bit
        (websocket(b"\x88\x02\x03\xf3"), "closed"),
        (websocket(b"\x88\x01\x03"), "protocol"),
        (websocket(b"\x82"), "closed", "timeout"),
        (says(b"SSH-2.0-x\r\n"), "protocol"),
        (flood, "protocol", "too_large"), (silent, "timeout"), (hang_up, "closed")])


# ---- ntp ----

@case
def chrony_tells_the_time():
    port = chrony("local stratum 5")
    r = eventually(lambda: (lambda r: r["ok"] and r)(probe_one(f"ntp://127.0.0.1:{port}", "--timeout", "500ms")))
    true(abs(r["offset_ms"]) < 100 and 0 < r["rtt_ms"] < 500, str(r))
    equal(probe_one(f"ntp://127.0.0.1:{port}?offset_max=1s")["ok"], True)


@case
def a_clock_that_was_never_set_does_not_serve():
    port = chrony()
    r = eventually(lambda: (lambda r: r["reason"] == "not_serving" and r)(
        probe_one(f"ntp://127.0.0.1:{port}", "--timeout", "500ms")))
    contains(r["detail"], "not synchronized")


class Ntp:
    """Answers each question with `answer(question)`: a list of datagrams."""

    def __init__(self, answer):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.answer = answer
        self.asked = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            question, peer = self.sock.recvfrom(4096)
            self.asked += 1
            for datagram in self.answer(question):
                self.sock.sendto(datagram, peer)


def time_of(question, ahead=0.0, stratum=2, leap=0, reference=b"LOCL", origin=None, mode=4):
    now = time.time() + 2208988800 + ahead
    stamp = struct.pack(">II", int(now) & 0xFFFFFFFF, int(now % 1 * 2**32))
    return (bytes([leap << 6 | 4 << 3 | mode, stratum, 6, 0xEC]) + bytes(8) + reference + stamp +
            (origin or question[40:48]) + stamp + stamp)


def ntp(answer, *args, query=""):
    s = Ntp(answer)
    return unspoilt(lambda: probe_one(f"ntp://127.0.0.1:{s.port}{query}", "--timeout", "600ms", *args))


@case
def a_wrong_clock_and_what_is_no_ntp():
    r = ntp(lambda q: [time_of(q, 3.0)])
    true(r["ok"] and 2900 < r["offset_ms"] < 3100, str(r))
    r = ntp(lambda q: [time_of(q, -2.0)], "--offset-max", "1s")
    equal(r["reason"], "clock_offset", str(r))
    contains(r["detail"], "behind")
    equal(ntp(lambda q: [time_of(q, 2.0)], query="?offset_max=1s")["reason"], "clock_offset")
    equal(ntp(lambda q: [time_of(q, 2.0)], "--offset-max", "1s", query="?offset_max=1m")["ok"], True)
    r = ntp(lambda q: [time_of(q, stratum=0, reference=b"RATE")])
    equal((r["reason"], r["offset_ms"]), ("not_serving", None), str(r))
    contains(r["detail"], "RATE")
    equal(ntp(lambda q: [time_of(q, stratum=16)])["reason"], "not_serving")
    equal(ntp(lambda q: [time_of(q, leap=3)])["reason"], "not_serving")
    r = ntp(lambda q: [time_of(q, origin=bytes(8))])  # somebody who has not seen our question
    equal(r["reason"], "timeout", str(r))
    contains(r["detail"], "did not ask")
    equal(ntp(lambda q: [time_of(q, 100.0, origin=bytes(8)), time_of(q)])["ok"], True)
    equal(ntp(lambda q: [b"short"])["reason"], "protocol")
    equal(ntp(lambda q: [time_of(q, mode=3)])["reason"], "protocol")
    equal(ntp(lambda q: [])["reason"], "timeout")
    lost = []
    equal(ntp(lambda q: [time_of(q)] if lost or lost.append(1) else [])["ok"], True)  # the first one is lost
    equal(probe_one(f"ntp://127.0.0.1:{free_port()}")["reason"], "refused")


# ---- ssh ----

@case
def sshd_shows_its_host_key():
    port, (ed, rsa, ec) = sshd(("ed25519", ""), ("rsa", "2048"), ("ecdsa", "384"))
    r = probe_one(f"ssh://127.0.0.1:{port}")
    equal((r["ok"], r["host_key_sha256"]), (True, hexed(ed)), str(r))
    for key in (ed, rsa, ec):
        r = probe_one(f"ssh://127.0.0.1:{port}?host_key={key.replace('+', '%2B')}")
        equal((r["ok"], r["host_key_sha256"]), (True, hexed(key)), str(r))
    equal(probe_one(f"ssh://127.0.0.1:{port}", "--host-key", rsa)["ok"], True)
    equal(probe_one(f"ssh://127.0.0.1:{port}", "--host-key", hexed(ed))["ok"], True)
    other = "SHA256:" + base64.b64encode(bytes(32)).decode().rstrip("=")
    r = probe_one(f"ssh://127.0.0.1:{port}", "--host-key", other)
    equal((r["reason"], r["host_key_sha256"]), ("host_key", hexed(ed)), str(r))
    contains(r["detail"], ed)
    contains(r["detail"], other)
    r = firebreak("probe", f"ssh://127.0.0.1:{port}?host_key=SHA256:abc")
    equal(r.returncode, 2)
    contains(r.stderr, "ssh-keygen")


@case
def every_key_exchange_and_key_of_ours_is_one_that_sshd_knows():
    exchanges = ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256",
                 "diffie-hellman-group14-sha256", "diffie-hellman-group14-sha1"]
    for kex in exchanges:
        port, (key,) = sshd(("ed25519", ""), options=[f"KexAlgorithms={kex}"])
        r = probe_one(f"ssh://127.0.0.1:{port}")
        equal((r["ok"], r["host_key_sha256"]), (True, hexed(key)), f"{kex}: {r}")
    for kind, bits, algorithm in [("ecdsa", "256", ""), ("ecdsa", "521", ""), ("rsa", "3072", "rsa-sha2-512"),
                                  ("rsa", "2048", "rsa-sha2-256"), ("rsa", "2048", "ssh-rsa")]:
        options = [f"HostKeyAlgorithms={algorithm}"] if algorithm else []
        port, (key,) = sshd((kind, bits), options=options)
        r = probe_one(f"ssh://127.0.0.1:{port}")
        equal((r["ok"], r["host_key_sha256"]), (True, hexed(key)), f"{kind} {bits} {algorithm}: {r}")
    port, _ = sshd(("ed25519", ""), options=["KexAlgorithms=diffie-hellman-group16-sha512"])
    r = probe_one(f"ssh://127.0.0.1:{port}")
    equal(r["reason"], "protocol")
    contains(r["detail"], "group16")


@case
def an_sshd_that_is_full_says_so():
    port, _ = sshd(("ed25519", ""), options=["MaxStartups=1:100:1"])

    def taken():
        """The one place that there is: whoever looked whether sshd answers may still have it."""
        c = socket.create_connection(("127.0.0.1", port))
        c.settimeout(10)
        with contextlib.suppress(OSError):
            if c.recv(4) == b"SSH-":
                return c
        c.close()
        return None
    with eventually(taken):
        r = eventually(lambda: (lambda r: not r["ok"] and r)(probe_one(f"ssh://127.0.0.1:{port}")))
    true(r["reason"] in ("closed", "reset", "protocol"), str(r))


class Thief:
    """Relays to a real sshd, and flips a bit in what the server says at the offset."""

    def __init__(self, port, at):
        def talk(connection):
            with socket.create_connection(("127.0.0.1", port)) as up:
                threading.Thread(target=self.back, args=(up, connection, at), daemon=True).start()
                while data := connection.recv(65536):
                    up.sendall(data)
        self.listener = Listener(talk)

    @staticmethod
    def back(up, connection, at):
        seen = 0
        with contextlib.suppress(OSError):
            while data := up.recv(65536):
                data = bytearray(data)
                if seen <= at < seen + len(data):
                    data[at - seen] ^= 1
                seen += len(data)
                connection.sendall(data)


@case
def a_host_key_without_its_signature_is_not_believed():
    port, (key,) = sshd(("ed25519", ""), options=["KexAlgorithms=curve25519-sha256"])
    seen = bytearray()
    with socket.create_connection(("127.0.0.1", port)) as s:  # how long the packets before the reply are
        s.sendall(b"SSH-2.0-x\r\n")
        while len(seen) < 600 and (data := s.recv(4096)):
            seen += data
            end = seen.find(b"\n") + 1
            if end and len(seen) >= end + 4 and len(seen) >= end + 4 + struct.unpack(">I", seen[end:end + 4])[0]:
                break
    before = end + 4 + struct.unpack(">I", seen[end:end + 4])[0]
    key_at, signature_at = before + 6 + 4 + 19 + 5, before + 6 + 4 + 51 + 4 + 32 + 4 + 19 + 10
    for at in (end + 10, key_at, signature_at):  # the server's cookie, its key, its signature
        r = probe_one(f"ssh://127.0.0.1:{Thief(port, at).listener.port}")
        true(r["reason"] in ("host_key", "protocol") and r["host_key_sha256"] is None, f"{at}: {r}")
    r = probe_one(f"ssh://127.0.0.1:{Thief(port, end + 10).listener.port}")
    equal(r["reason"], "host_key", str(r))
    contains(r["detail"], "signature")


@case
def what_is_no_ssh():
    kexinit = lambda kex, key: (lambda p: struct.pack(">IB", len(p) + 1 + (pad := 8 - (len(p) + 5) % 8 + 8), pad) + p +
                                bytes(pad))(b"\x14" + bytes(16) + b"".join(
                                    struct.pack(">I", len(x)) + x for x in [kex, key, *[b""] * 8]) + bytes(5))
    packet = lambda p: struct.pack(">IB", len(p) + 1 + (pad := 8 - (len(p) + 5) % 8 + 8), pad) + p + bytes(pad)
    ident = b"SSH-2.0-x\r\n"
    hostile("ssh", cases=[
        (greets(b"220 smtp ready\r\n"), "timeout", "closed", "reset"),
        (greets(b"SSH-1.5-old\r\n"), "protocol"),
        (greets(ident + kexinit(b"none", b"ssh-ed25519")), "protocol"),
        (greets(ident + kexinit(b"curve25519-sha256", b"ssh-dss")), "protocol"),
        (greets(ident + b"\xff\xff\xff\xff\x08"), "too_large"),
        (greets(ident + b"\0\0\0\x0c\x00" + bytes(20)), "protocol"),
        (greets(ident + packet(b"\x01\0\0\0\x0b\0\0\0\x04full\0\0\0\0")), "closed"),
        (greets(ident + packet(b"\x02\0\0\0\0") * 200), "too_large"),
        (greets(ident + kexinit(b"curve25519-sha256", b"ssh-ed25519") + packet(b"\x1f\0\0\0\x01x")), "protocol"),
        (greets(ident + kexinit(b"curve25519-sha256", b"ssh-ed25519")[:50]), "closed", "timeout", "reset"),
        (greets(b"hello\r\n" * 2 + ident + b"\0\0"), "closed", "timeout", "reset"),
        (flood, "protocol"), (silent, "timeout"), (hang_up, "closed")])


main()
