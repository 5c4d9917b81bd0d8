"""A command at a terminal of its own, as a person has it: what it shows is awaited, what they type is sent."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import world as worlds


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, world, command, columns=100, rows=30, **env):
        self.world, self.text = world, ""
        self.fd, inner = pty.openpty()
        self.resize(columns, rows)
        whole = {**world.env, "TERM": "xterm-256color", **env}
        self.process = subprocess.Popen(
            command, cwd=world.dir, env=whole, stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(inner)

    def resize(self, columns, rows):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        while select.select([self.fd], [], [], 0.02)[0]:
            try:
                piece = os.read(self.fd, 65536)
            except OSError:  # its other end is closed
                return
            if not piece:
                return
            self.text += piece.decode(errors="replace")

    def until(self, wanted, seconds=20):
        """Reads until the text that came since the last call has `wanted` (colours aside); returns and forgets it."""
        end = time.monotonic() + seconds * worlds.SLOW
        while not re.search(wanted, plain(self.text)):
            self.read()
            assert time.monotonic() < end, f"`{wanted}` did not come; there is:\n{self.text!r}"
        text, self.text = self.text, ""
        return text

    def say(self, line):
        os.write(self.fd, line.encode() + b"\n")

    def exit(self):
        code = self.process.wait(timeout=20 * worlds.SLOW)
        self.read()
        os.close(self.fd)
        return code


def plain(text):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")
