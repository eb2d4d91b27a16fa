"""What the tests of the static binary share: where it is, and something to probe."""
import os
import pathlib
import socket
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/tools"))
FIREBREAK = pathlib.Path(os.environ.get("FIREBREAK_STATIC", ROOT / "build/static/firebreak"))
SECONDS_MAX = 180


class Web:
    """An HTTP server on a port of 127.0.0.1 that says the same to everybody."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            peer, _ = self.sock.accept()
            with peer:
                peer.settimeout(5)
                try:
                    peer.recv(4096)
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nup\n")
                except OSError:
                    pass


def run(argv, **how):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.PIPE, timeout=SECONDS_MAX, check=False, **how)
