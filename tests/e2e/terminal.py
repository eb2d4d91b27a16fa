"""The program on a pseudo terminal, and what its last frame shows."""
import fcntl
import pty
import re
import select
import struct
import termios

from harness import *


class Terminal:
    """The program on a terminal of so many columns and rows."""

    def __init__(self, columns, rows, *args, env=None):
        try:
            self.master, slave = pty.openpty()
        except OSError:
            raise Skip("there are no pseudo terminals here")
        self.slave = slave
        self.size(columns, rows, False)
        self.before = termios.tcgetattr(slave)
        self.p = spawn(*args, stdin=slave, stdout=slave, stderr=slave, env={"TERM": "xterm-256color", **(env or {})},
                       start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.bytes = b""

    def size(self, columns, rows, signal_it=True):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if signal_it:
            self.p.send_signal(signal.SIGWINCH)

    def read(self, seconds):
        end, got = time.monotonic() + seconds, b""
        while time.monotonic() < end:
            if select.select([self.master], [], [], 0.05)[0]:
                got += os.read(self.master, 65536)
        self.bytes += got
        return got

    def wait_for(self, part, seconds=10):
        end = time.monotonic() + seconds
        while part not in self.bytes:
            true(time.monotonic() < end, f"{part!r} is not in {self.bytes[-2000:]!r}")
            self.read(0.1)

    def lines_of_last_frame(self):
        frame = self.bytes.rsplit(b"\x1b[H", 1)[1].decode()
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frame).split("\r\n")

    def end(self, key=None, number=None):
        if key:
            os.write(self.master, key)
        else:
            self.p.send_signal(number)
        self.p.wait(10)
        self.read(0.3)
        equal(termios.tcgetattr(self.slave), self.before, "the terminal is not as it was")
        true(self.bytes.endswith(b"\x1b[?1049l"), repr(self.bytes[-50:]))
        contains(self.bytes, b"\x1b[?25h")
