"""`firebreak probe dns://…` and names, against dnsmasq and servers that fail."""
import struct

from harness import *


def dnsmasq():
    program, port = need("dnsmasq"), free_port()
    server([program, "--no-daemon", "--no-resolv", "--no-hosts", "--port", str(port), "--listen-address=127.0.0.1",
            "--bind-interfaces", "--user=root", "--address=/web.test/10.1.2.3", "--address=/web.test/fd00::1",
            "--mx-host=test,mail.test,10", "--txt-record=text.test,hello world", "--local=/test/"], port)
    return port


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
def a_type_that_does_not_exist():
    r = firebreak("probe", "dns://127.0.0.1/x?type=AAAB")
    equal(r.returncode, 2)
    contains(r.stderr, "AAAA")


main()
