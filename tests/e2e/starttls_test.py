"""`firebreak probe tls+PROTOCOL://…`: TLS that begins behind a plain greeting, against the servers that
speak it, and those that do not offer it."""
import struct

from certificate import Pair
from harness import *

DAYS = 30


def check(scheme, port, pair):
    at = f"{scheme}://localhost:{port}"
    r = eventually(lambda: (lambda r: r["reason"] not in ("refused", "closed") and r)(
        probe_one(at, "--ca", pair.cert)), 10)
    true(r["ok"] and r["days_left"] in (DAYS - 1, DAYS), str(r))
    true(r["tls_ms"] > 0 and r["connect_ms"] > 0)
    equal(probe_one(at)["reason"], "tls_untrusted")
    equal(probe_one(at, "--insecure")["ok"], True)
    equal(probe_one(at, "--ca", pair.cert, "--server-name", "other.test")["reason"], "tls_name")
    equal(probe_one(at, "--ca", pair.cert, "--days-left", str(DAYS + 1))["reason"], "tls_expiring")


SMTP_SERVER = """
import ssl, sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
port, *files = sys.argv[1:]
context = None
if files:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)
Controller(Sink(), hostname="127.0.0.1", port=int(port), tls_context=context).start()
time.sleep(600)
"""


@case
def dovecot_speaks_imap_and_pop3():
    program, pair, d, imap, pop3, plain = need("dovecot"), Pair(), folder(), free_port(), free_port(), free_port()
    if os.getuid() != 0:
        raise Skip("not root: dovecot wants to be")
    os.chmod(d, 0o755)
    conf = lambda name, ssl, a, b: write(os.path.join(d, name), f"""
        base_dir = {d}/{name}.run
        state_dir = {d}/{name}.run
        log_path = /dev/stderr
        protocols = imap pop3
        listen = 127.0.0.1
        ssl = {ssl}
        ssl_cert = <{pair.cert}
        ssl_key = <{pair.key}
        passdb {{
          driver = static
        }}
        service imap-login {{
          inet_listener imap {{
            port = {a}
          }}
          inet_listener imaps {{
            port = 0
          }}
        }}
        service pop3-login {{
          inet_listener pop3 {{
            port = {b}
          }}
          inet_listener pop3s {{
            port = 0
          }}
        }}
        """)
    server([program, "-F", "-c", conf("tls", "yes", imap, pop3)], imap)
    check("tls+imap", imap, pair)
    check("tls+pop3", pop3, pair)
    plain_pop3 = free_port()
    server([program, "-F", "-c", conf("plain", "no", plain, plain_pop3)], plain)
    for scheme, port in (("tls+imap", plain), ("tls+pop3", plain_pop3)):
        r = probe_one(f"{scheme}://localhost:{port}")
        equal(r["reason"], "tls_not_offered", str(r))


@case
def mariadb_speaks_mysql():
    program, pair, d, port = need("mariadbd"), Pair(), folder(), free_port()
    install = need("mariadb-install-db")
    if os.getuid() != 0:
        raise Skip("not root: the server needs a user of its own")
    os.chmod(d, 0o755)
    subprocess.run([install, "--no-defaults", f"--datadir={d}/data", "--user=mysql", "--skip-test-db",
                    "--auth-root-authentication-method=normal"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    shutil.chown(pair.key, "mysql")
    base = [program, "--no-defaults", f"--datadir={d}/data", "--user=mysql", "--bind-address=127.0.0.1",
            f"--socket={d}/data/s", f"--pid-file={d}/data/p", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0"]
    p = server([*base, f"--port={port}", f"--ssl-cert={pair.cert}", f"--ssl-key={pair.key}"], port)
    check("tls+mysql", port, pair)
    p.terminate()
    p.wait(30)
    port = free_port()
    server([*base, f"--port={port}", "--skip-ssl"], port)
    r = probe_one(f"tls+mysql://localhost:{port}")
    equal(r["reason"], "tls_not_offered", str(r))
    contains(r["detail"], "MariaDB")


@case
def aiosmtpd_speaks_smtp():
    python = python_with("aiosmtpd")
    script = write(os.path.join(folder(), "smtp.py"), SMTP_SERVER)
    pair, port, plain = Pair(), free_port(), free_port()
    server([python, script, str(port), pair.cert, pair.key], port)
    check("tls+smtp", port, pair)
    server([python, script, str(plain)], plain)
    r = probe_one(f"tls+smtp://localhost:{plain}")
    equal(r["reason"], "tls_not_offered", str(r))


@case
def postgres_says_no():
    r = probe_one(f"tls+postgres://127.0.0.1:{Listener(talk(None, b'N')).port}")
    equal(r["reason"], "tls_not_offered", str(r))


def talk(first, *answers):
    """Says the first words at once, then an answer to each question."""
    def fn(connection):
        if first:
            connection.sendall(first)
        for answer in answers:
            connection.recv(4096)
            connection.sendall(answer)
        time.sleep(0.3)
    return fn


@case
def what_servers_say_instead():
    mysql = lambda body: struct.pack("<I", len(body))[:3] + b"\0" + body
    for scheme, conversation, reason, words in [
            ("smtp", talk(b"554 no mail today\r\n"), "not_serving", "no mail today"),
            ("smtp", talk(b"421 too busy\r\n"), "not_serving", "too busy"),
            ("smtp", talk(b"220 x\r\n", b"502 what?\r\n"), "not_serving", "what?"),
            ("smtp", talk(b"220 x\r\n", b"250-x\r\n250 SIZE\r\n"), "tls_not_offered", "STARTTLS"),
            ("smtp", talk(b"220 x\r\n", b"250 STARTTLS\r\n", b"454 not now\r\n"), "tls_not_offered", "not now"),
            ("smtp", talk(b"220 x\r\n", b"250 STARTTLS\r\n", b"220 go\r\n250 injected\r\n"), "protocol", "plainly"),
            ("smtp", talk(b"220 x\r\n", b"250 STARTTLS\r\n", b"220 go\r\n", b"250 plain\r\n"), "tls_protocol", "TLS"),
            ("smtp", talk(b"SSH-2.0-x\r\n"), "protocol", "SSH-2.0"),
            ("smtp", talk(b"220-x\r\n" * 300), "too_large", "256 lines"),
            ("smtp", talk(b"2" * 9000), "too_large", "8192"),
            ("smtp", talk(b"220-half"), "closed", "middle"),
            ("smtp", talk(None), "closed", "without"),
            ("imap", talk(b"* BYE full\r\n"), "not_serving", "full"),
            ("imap", talk(b"* PREAUTH come in\r\n"), "tls_not_offered", "come in"),
            ("imap", talk(b"* OK hi\r\n", b"* x\r\na1 BAD no such\r\n"), "tls_not_offered", "no such"),
            ("imap", talk(b"+OK pop\r\n"), "protocol", "pop"),
            ("imap", talk(b"* OK hi\r\n", b"* x\r\n" * 300), "too_large", "lines"),
            ("pop3", talk(b"-ERR locked\r\n"), "not_serving", "locked"),
            ("pop3", talk(b"+OK\r\n", b"-ERR never\r\n"), "tls_not_offered", "never"),
            ("mysql", talk(mysql(b"\xff\x10\x04Too many connections")), "not_serving", "Too many"),
            ("mysql", talk(mysql(b"\x0a5.7.0\0" + bytes(13) + b"\xff\xf7")), "tls_not_offered", "5.7.0"),
            ("mysql", talk(b"220 smtp\r\n"), "protocol", "220"),
            ("postgres", talk(None, b"E\0\0\0\x12SFATAL\0Mfull\0\0"[:19]), "not_serving", "full"),
            ("postgres", talk(None, b"HTTP/1.1 400\r\n"), "protocol", "HTTP")]:
        r = probe_one(f"tls+{scheme}://127.0.0.1:{Listener(conversation).port}", "--timeout", "1s")
        equal(r["reason"], reason, f"{scheme}: {r['detail']}, wanted {words}")
        contains(r["detail"], words)


main()
