"""Real servers that more than one test talks to."""
import base64

from harness import *


def postgres_program(name):
    found = shutil.which(name) or next((p for v in range(30, 9, -1) if os.path.exists(
        p := f"/usr/lib/postgresql/{v}/bin/{name}")), None)
    if not found:
        raise Skip(f"{name} is not installed")
    return found


class Postgres:
    """A cluster of the test's own; postgres refuses to run as root."""

    def __init__(self):
        self.d = folder()
        self.data = os.path.join(self.d, "data")
        self.as_user = []
        if os.getuid() == 0:
            shutil.chown(self.d, "postgres")
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        password = write(os.path.join(self.d, "pw"), "it's-secret")
        os.chmod(self.d, 0o755)
        subprocess.run([*self.as_user, postgres_program("initdb"), "-D", self.data, "-U", "admin", "-A",
                        "scram-sha-256", "--pwfile", password, "--no-sync"], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.d)

    def start(self, *options, port=None):
        """Of one that was killed on the same data some processes may just be ending: it does not begin beside them."""
        port = port or free_port()
        argv = [*self.as_user, postgres_program("postgres"), "-D", self.data, "-p", str(port), "-k", self.d, "-c",
                "listen_addresses=127.0.0.1", "-c", "fsync=off", *options]
        for _ in range(100):
            try:
                return server(argv, port, cwd=self.d), port
            except AssertionError as e:
                if "still in use" not in str(e):
                    raise
                time.sleep(0.1)
        return server(argv, port, cwd=self.d), port

    def file(self, name, text, mode=0o600):
        path = write(os.path.join(self.data, name), text, mode)
        if os.getuid() == 0:
            shutil.chown(path, "postgres", "postgres")
        return path


def ready(url, *args):
    """A server that listens still starts up for a moment."""
    return eventually(lambda: (lambda r: r["reason"] != "not_serving" and r)(probe_one(url, *args)), 10)


def sshd(*keys, options=()):
    port, d, files = free_port(), folder(), []
    os.makedirs("/run/sshd", exist_ok=True)
    for kind, bits in keys:
        path = os.path.join(d, kind + bits)
        subprocess.run([need("ssh-keygen"), "-q", "-t", kind, *(["-b", bits] if bits else []), "-N", "", "-f", path],
                       check=True)
        files.append(path)
    server([need("sshd"), "-D", "-e", "-f", "/dev/null", "-o", f"ListenAddress=127.0.0.1:{port}", "-o", "PidFile=none",
            "-o", "UsePAM=no", *[a for f in files for a in ("-h", f)], *[a for o in options for a in ("-o", o)]], port)
    return port, [subprocess.run(["ssh-keygen", "-lf", f + ".pub"], capture_output=True, text=True,
                                 check=True).stdout.split()[1] for f in files]


def hexed(fingerprint):
    return base64.b64decode(fingerprint[7:] + "=").hex()


def chrony(*lines):
    port, d = free_port(), folder()
    conf = write(os.path.join(d, "conf"), "\n".join(
        [f"port {port}", "bindaddress 127.0.0.1", "allow 127.0.0.0/8", "cmdport 0", f"pidfile {d}/pid",
         "bindcmdaddress /", *lines]) + "\n")
    server([need("chronyd"), "-d", "-x", "-u", "root", "-f", conf])
    return port


WEBSOCKET_SERVER = """
import asyncio, sys, http
import websockets
async def talk(ws, path):
    if path == "/chatty":
        for i in range(5):
            await ws.send("news" * 50000)
    if path == "/close":
        await ws.close(4001, "go away")
    async for _ in ws:
        pass
async def gate(path, headers):
    if path == "/closed":
        return http.HTTPStatus.FORBIDDEN, [], b"no"
    if path == "/login" and headers.get("Authorization") != "Basic dTpw":
        return http.HTTPStatus.UNAUTHORIZED, [], b"no"
async def main():
    async with websockets.serve(talk, "127.0.0.1", int(sys.argv[1]), process_request=gate, compression="deflate"):
        await asyncio.Future()
asyncio.run(main())
"""


def dnsmasq():
    program, port = need("dnsmasq"), free_port()
    server([program, "--no-daemon", "--no-resolv", "--no-hosts", "--port", str(port), "--listen-address=127.0.0.1",
            "--bind-interfaces", "--user=root", "--address=/web.test/10.1.2.3", "--address=/web.test/fd00::1",
            "--mx-host=test,mail.test,10", "--txt-record=text.test,hello world", "--local=/test/"], port)
    return port


HEALTH_SERVER = r"""
import sys, time
from concurrent import futures
import grpc
port, *files = sys.argv[1:]
NAMES = {b"": b"\x08\x01", b"\x0a\x02up": b"\x08\x01", b"\x0a\x04down": b"\x08\x02", b"\x0a\x05watch": b"\x08\x03",
         b"\x0a\x04none": b"", b"\x0a\x06broken": b"\xff", b"\x0a\x05large": b"\x0a\xff\x7f" + bytes(70000)}
def check(request, context):
    meta = dict(context.invocation_metadata())
    if request == b"\x0a\x06secret" and meta.get("x-token") != "t":
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "no \x1b[31mtoken")
    if request == b"\x0a\x04slow":
        time.sleep(3)
    if request == b"\x0a\x06secret":
        return b"\x08\x01"
    if request not in NAMES:
        context.abort(grpc.StatusCode.NOT_FOUND, "nobody of that name")
    return NAMES[request]
class Health(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/grpc.health.v1.Health/Check":
            return grpc.unary_unary_rpc_method_handler(check)
server = grpc.server(futures.ThreadPoolExecutor(4))
server.add_generic_rpc_handlers((Health(),))
if files:
    key, cert = (open(f, "rb").read() for f in files)
    server.add_secure_port("localhost:" + port, grpc.ssl_server_credentials([(key, cert)]))
else:
    server.add_insecure_port("127.0.0.1:" + port)
server.start()
server.wait_for_termination()
"""


def health(*files):
    port = free_port()
    server([python_with("grpc"), write(os.path.join(folder(), "health.py"), HEALTH_SERVER), str(port), *files], port)
    return port
