"""A certificate of a test's own, and a server that shows it."""
from harness import *


class Pair:
    """Self-signed for localhost: `cert` is its own root."""

    def __init__(self, days=30):
        self.d = folder()
        os.chmod(self.d, 0o755)
        self.key, self.cert = os.path.join(self.d, "key"), os.path.join(self.d, "cert")
        subprocess.run([need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out",
                        self.cert, "-days", str(days), "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost"], check=True, stderr=subprocess.DEVNULL)


def tls_server(pair):
    """An https server: its port."""
    port = free_port()
    server([need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-key", pair.key, "-cert", pair.cert, "-quiet",
            "-www"], port)
    return port
