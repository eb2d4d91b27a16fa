"""`firebreak probe tls://…` against `openssl s_server` with certificates good and bad."""
from harness import *

OPENSSL = "openssl"


def openssl(*args, cwd):
    r = subprocess.run([need(OPENSSL), *args], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=60)
    if r.returncode:
        raise AssertionError(f"openssl {' '.join(args)}: {r.stdout}")


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self):
        need(OPENSSL)
        self.d = folder()
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
                "-out", "ca.pem", "-days", "3650", "-subj", "/CN=firebreak test root", cwd=self.d)
        self.ca = os.path.join(self.d, "ca.pem")
        write(os.path.join(self.d, "index.txt"), "")
        write(os.path.join(self.d, "ca.conf"), f"""
            [ca]\ndefault_ca = c
            [c]\ndir = {self.d}\ndatabase = {self.d}/index.txt\nnew_certs_dir = {self.d}\nserial = {self.d}/serial
            certificate = {self.ca}\nprivate_key = {self.d}/ca.key\ndefault_md = sha256\npolicy = p
            unique_subject = no\ncopy_extensions = copy
            [p]\ncommonName = supplied\n""")
        write(os.path.join(self.d, "serial"), "1000\n")

    def issue(self, name, start, end, san="DNS:localhost,IP:127.0.0.1"):
        """start, end: seconds from now."""
        stamp = lambda s: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + s))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", "-subj", "/CN=test", "-addext", f"subjectAltName={san}", cwd=self.d)
        openssl("ca", "-batch", "-config", "ca.conf", "-startdate", stamp(start), "-enddate", stamp(end), "-in",
                f"{name}.csr", "-out", f"{name}.pem", "-notext", cwd=self.d)
        return os.path.join(self.d, name)

    def serve(self, name, *args):
        port = free_port()
        server([OPENSSL, "s_server", "-accept", f"127.0.0.1:{port}", "-key", f"{self.d}/{name}.key", "-cert",
                f"{self.d}/{name}.pem", "-quiet", *args], port, stdin=subprocess.PIPE)
        return port


DAY = 86400
_authority = None


def authority():
    global _authority
    if not _authority:
        _authority = Authority()
    return _authority


def reason(port, *args, host="localhost"):
    return probe_one(f"tls://{host}:{port}", "--ca", authority().ca, *args)


@case
def a_good_certificate():
    a = authority()
    a.issue("good", -DAY, 90 * DAY + 3600)
    port = a.serve("good")
    r = reason(port)
    equal((r["ok"], r["days_left"]), (True, 90), str(r))
    true(r["tls_ms"] > 0 and r["connect_ms"] > 0)
    equal(reason(port, host="127.0.0.1")["ok"], True)
    r = reason(port, "--server-name", "example.org")
    equal(r["reason"], "tls_name")
    contains(r["detail"], "example.org")
    equal(reason(port, "--days-left", "91")["reason"], "tls_expiring")
    r = probe_one(f"tls://localhost:{port}")
    equal(r["reason"], "tls_untrusted")
    equal(probe_one(f"tls://localhost:{port}", "--insecure")["ok"], True)


@case
def an_expired_one():
    a = authority()
    a.issue("expired", -30 * DAY, -3 * DAY)
    port = a.serve("expired")
    r = reason(port)
    equal((r["reason"], r["ok"]), ("tls_expired", False))
    true(r["days_left"] < 0, str(r["days_left"]))
    equal(reason(port, "--insecure")["ok"], True)


@case
def one_that_is_not_yet_valid():
    a = authority()
    a.issue("future", 3 * DAY, 30 * DAY)
    equal(reason(a.serve("future"))["reason"], "tls_not_yet_valid")


@case
def one_for_another_name():
    a = authority()
    a.issue("other", -DAY, 90 * DAY, san="DNS:other.example")
    port = a.serve("other")
    equal(reason(port)["reason"], "tls_name")
    equal(reason(port, "--server-name", "other.example")["ok"], True)


@case
def a_certificate_that_is_only_sent_along_matters_to_nobody():
    a = authority()
    a.issue("late", -30 * DAY, -3 * DAY)
    a.issue("along", -DAY, 40 * DAY + 3600)
    port = a.serve("along", "-cert_chain", f"{a.d}/late.pem")
    r = reason(port)
    equal((r["reason"], r["days_left"]), ("ok", 40), str(r))


@case
def a_self_signed_one():
    a = authority()
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "self.key",
            "-out", "self.pem", "-days", "30", "-subj", "/CN=localhost", cwd=a.d)
    port = a.serve("self")
    equal(reason(port)["reason"], "tls_untrusted")


@case
def a_server_that_wants_an_older_protocol():
    a = authority()
    a.issue("old", -DAY, 90 * DAY)
    port = a.serve("old", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    equal(reason(port)["reason"], "tls_protocol")


@case
def a_server_without_tls():
    r = probe_one(f"tls://127.0.0.1:{Listener(lambda c: c.sendall(b'220 ready' + bytes(100))).port}")
    equal(r["reason"], "tls_protocol")


@case
def one_that_hangs_up_in_the_handshake():
    r = probe_one(f"tls://127.0.0.1:{Listener(lambda c: c.recv(100)).port}")
    true(r["reason"] in ("closed", "reset"), r["reason"])
    r = probe_one(f"tls://127.0.0.1:{Listener(lambda c: time.sleep(5)).port}", "--timeout", "300ms")
    equal(r["reason"], "timeout")


@case
def https_checks_the_certificate_too():
    a = authority()
    a.issue("web", -DAY, 90 * DAY)
    port = a.serve("web", "-www")
    equal(probe_one(f"https://localhost:{port}/", "--ca", a.ca)["status"], 200)
    equal(probe_one(f"https://localhost:{port}/")["reason"], "tls_untrusted")


@case
def a_server_that_wants_a_certificate_of_ours_says_so():
    a = authority()
    a.issue("strict", -DAY, 90 * DAY)
    r = probe_one(f"https://localhost:{a.serve('strict', '-Verify', '1', '-www')}/", "--ca", a.ca)
    equal(r["reason"], "tls_protocol")
    contains(r["detail"], "certificate required")


@case
def an_unreadable_root_is_said():
    r = firebreak("probe", "tls://127.0.0.1:1", "--ca", "/nonexistent.pem", "-o", "text")
    contains(r.stdout + r.stderr, "/nonexistent.pem")
    equal(r.returncode, 3)


main()
