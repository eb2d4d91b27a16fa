"""`firebreak probe dns://…` and names, against dnsmasq and servers that fail."""
import struct

from harness import *
from peers import *


class Udp:
    """A name server that answers each question with `answer(question)`."""

    def __init__(self, answer):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.answer = answer
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            question, peer = self.sock.recvfrom(4096)
            reply = self.answer(question)
            if reply:
                self.sock.sendto(reply, peer)


def with_rcode(rcode):
    return lambda q: q[:2] + struct.pack(">H", 0x8180 | rcode) + q[4:6] + b"\0\0\0\0\0\0" + q[12:]


def ask(port, name, kind="A", *args):
    return probe_one(f"dns://127.0.0.1:{port}/{name}?type={kind}", *args)


@case
def dnsmasq_answers():
    port = dnsmasq()
    r = ask(port, "web.test")
    equal((r["ok"], r["answers"], r["address"]), (True, ["10.1.2.3"], f"127.0.0.1:{port}"))
    equal(ask(port, "web.test", "AAAA")["answers"], ["fd00::1"])
    equal(ask(port, "test", "MX")["answers"], ["10 mail.test"])
    contains(ask(port, "text.test", "TXT")["answers"][0], "hello world")
    equal(ask(port, "nothing.test")["reason"], "dns_nxdomain")


@case
def what_a_server_can_say():
    equal(ask(Udp(with_rcode(3)).port, "a.test")["reason"], "dns_nxdomain")
    equal(ask(Udp(with_rcode(2)).port, "a.test")["reason"], "dns_servfail")
    equal(ask(Udp(with_rcode(5)).port, "a.test")["reason"], "dns_refused")
    equal(ask(Udp(with_rcode(0)).port, "a.test")["reason"], "dns_answer")
    r = ask(Udp(lambda q: None).port, "a.test", "A", "--timeout", "400ms")
    equal(r["reason"], "dns_timeout")


@case
def a_server_that_is_not_there():
    r = ask(free_port(), "a.test")
    equal((r["reason"], r["detail"]), ("refused", "query: Connection refused"))


@case
def each_address_of_a_server_is_asked():
    server = Udp(with_rcode(3))  # at 127.0.0.1 only
    equal(probe_one(f"dns://localhost:{server.port}/a.test")["reason"], "dns_nxdomain")


@case
def an_answer_that_is_broken():
    r = ask(Udp(lambda q: q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + q[12:] + b"\xc0\x0c\0\1").port, "a.test", "A",
            "--timeout", "500ms")
    true(r["reason"] in ("dns_answer", "dns_timeout"), r["reason"])


@case
def over_tcp_too():
    port = dnsmasq()
    r = probe_one(f"dns+tcp://127.0.0.1:{port}/web.test")
    equal((r["ok"], r["answers"], r["address"]), (True, ["10.1.2.3"], f"127.0.0.1:{port}"), str(r))
    true(r["connect_ms"] is not None and r["first_byte_ms"] is not None)
    equal(probe_one(f"dns://127.0.0.1:{port}/web.test?type=AAAA&proto=tcp")["answers"], ["fd00::1"])
    equal(probe_one(f"dns+tcp://127.0.0.1:{port}/nothing.test")["reason"], "dns_nxdomain")
    equal(probe_one(f"dns+tcp://localhost:{port}/web.test")["ok"], True)
    equal(probe_one(f"dns+tcp://127.0.0.1:{free_port()}/a.test")["reason"], "refused")


def tcp(answer, *args):
    """A server that answers each question, in its two bytes of length, with `answer(question)`."""
    def talk(connection):
        size = struct.unpack(">H", connection.recv(2))[0]
        question = connection.recv(size)
        reply = answer(question)
        connection.sendall(reply)
        time.sleep(0.2)
    return probe_one(f"dns+tcp://127.0.0.1:{Listener(talk).port}/a.test", "--timeout", "600ms", *args)


def framed(reply, size=None):
    return struct.pack(">H", len(reply) if size is None else size) + reply


@case
def what_a_server_can_say_over_tcp():
    for rcode, reason in ((0, "dns_answer"), (2, "dns_servfail"), (3, "dns_nxdomain"), (5, "dns_refused")):
        equal(tcp(lambda q: framed(with_rcode(rcode)(q)))["reason"], reason)
    good = lambda q: q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + q[12:] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\1"
    equal(tcp(lambda q: framed(good(q)))["answers"], ["10.0.0.1"])
    equal(tcp(lambda q: framed(bytes([q[0] ^ 1]) + good(q)[1:]))["reason"], "dns_answer")  # another question's id
    equal(tcp(lambda q: framed(good(q).replace(b"test", b"tesT")))["ok"], True)             # names have no case
    equal(tcp(lambda q: framed(good(q).replace(b"test", b"best")))["reason"], "dns_answer")
    equal(tcp(lambda q: framed(good(q)[:-2]))["reason"], "dns_answer")
    equal(tcp(lambda q: framed(good(q), 65535))["reason"], "closed")
    equal(tcp(lambda q: framed(b""))["reason"], "dns_answer")
    equal(tcp(lambda q: b"")["reason"], "closed")
    equal(tcp(lambda q: time.sleep(1) or b"")["reason"], "dns_timeout")
    equal(tcp(lambda q: framed(q))["reason"], "dns_answer")  # our own question, sent back


@case
def answers_that_are_expected():
    port = dnsmasq()
    at = lambda rest: probe_one(f"dns://127.0.0.1:{port}/{rest}")
    equal(at("web.test?expect=10.1.2.3")["ok"], True)
    equal(at("web.test?type=AAAA&expect=FD00:0:0::1")["ok"], True)
    equal(at("test?type=MX&expect=10%20Mail.test.")["ok"], True)
    equal(at("text.test?type=TXT&expect=hello%20world")["ok"], True)
    r = at("web.test?expect=10.1.2.3,10.9.9.9")
    equal((r["reason"], r["answers"]), ("dns_answer", ["10.1.2.3"]))
    equal(r["detail"], "10.9.9.9 is not among the answers: 10.1.2.3")
    equal(probe_one(f"dns+tcp://127.0.0.1:{port}/web.test?expect=1.1.1.1")["reason"], "dns_answer")


@case
def an_answer_that_nobody_has_verified():
    port = dnsmasq()
    r = probe_one(f"dns://127.0.0.1:{port}/web.test?dnssec=1")
    equal((r["reason"], r["answers"]), ("dns_insecure", ["10.1.2.3"]), str(r))
    seen = []
    def verified(q):
        seen.append(q)
        return q[:2] + b"\x81\xa0\0\1\0\1\0\0\0\0" + q[12:] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\1"
    r = probe_one(f"dns://127.0.0.1:{Udp(verified).port}/a.test?dnssec=1")
    equal((r["ok"], r["answers"]), (True, ["10.0.0.1"]))
    true(seen[0][3] & 0x20, "the question does not ask for it")


@case
def unbound_answers_over_tls():
    program, port, tls = need("unbound"), free_port(), free_port()
    d = folder()
    os.chmod(d, 0o755)
    subprocess.run([need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{d}/key", "-out",
                    f"{d}/cert", "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, stderr=subprocess.DEVNULL)
    os.chmod(f"{d}/key", 0o644)
    conf = write(f"{d}/conf", f"""server:
        interface: 127.0.0.1@{port}
        interface: 127.0.0.1@{tls}
        tls-port: {tls}
        tls-service-key: {d}/key
        tls-service-pem: {d}/cert
        username: ""
        chroot: ""
        directory: {d}
        pidfile: {d}/pid
        use-syslog: no
        do-daemonize: no
        local-zone: "test." static
        local-data: "web.test. A 10.1.2.3"
    """)
    server([program, "-d", "-c", conf], tls)
    at = f"localhost:{tls}/web.test"
    r = probe_one(f"dns+tls://{at}", "--ca", f"{d}/cert")
    equal((r["ok"], r["answers"]), (True, ["10.1.2.3"]), str(r))
    true(r["tls_ms"] > 0)
    equal(probe_one(f"dns://{at}?proto=tls", "--ca", f"{d}/cert")["ok"], True)
    equal(probe_one(f"dns+tls://{at}")["reason"], "tls_untrusted")
    equal(probe_one(f"dns+tls://127.0.0.1:{tls}/web.test", "--ca", f"{d}/cert")["reason"], "tls_name")
    equal(probe_one(f"dns+tls://localhost:{port}/web.test", "--ca", f"{d}/cert", "--timeout", "1s")["reason"] in
          ("closed", "reset", "tls_protocol", "timeout"), True)


@case
def a_type_that_does_not_exist():
    r = firebreak("probe", "dns://127.0.0.1/x?type=AAAB")
    equal(r.returncode, 2)
    contains(r.stderr, "AAAA")


main()
