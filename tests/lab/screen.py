"""The real screen on a real terminal: a pty that is read, and keys that are pressed."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from types import TracebackType
from typing import Self

from meshtui.lab import Lab


class Screen:
    """`meshtui ARGS` in the lab's operator namespace. `output` is every byte that it sent."""

    def __init__(self, lab: Lab, *args: str, columns: int = 100, rows: int = 30) -> None:
        self.output = b""
        self._mark = 0
        argv = lab.command(lab.meshtui(*args))
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execvp(argv[0], argv)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)

    def until(self, text: str, deadline: float = 30) -> None:
        """Wait until `text` was drawn since the last key; styles in between do not count."""
        end = time.monotonic() + deadline
        while text not in self.drawn():
            left = end - time.monotonic()
            assert left > 0, f"no {text!r} in\n{self.drawn()[-3000:]}"
            ready, _, _ = select.select([self._terminal], [], [], left)
            if ready:
                self.output += os.read(self._terminal, 65536)

    def drawn(self) -> str:
        """What was sent since the last key, without the escape sequences."""
        new = self.output[self._mark :].decode("utf-8", "replace")
        return re.sub(r"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|.)", "", new)

    def press(self, keys: str) -> None:
        """Send keys."""
        self._mark = len(self.output)
        os.write(self._terminal, keys.encode())

    def code(self, deadline: float = 10) -> int:
        """The exit code, once it ended by itself."""
        code = self.ended(deadline)
        assert code is not None, "it did not end"
        return code

    def ended(self, deadline: float) -> int | None:
        """The exit code; None: it has not ended by then."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            ready, _, _ = select.select([self._terminal], [], [], 0.05)
            try:
                if ready:
                    self.output += os.read(self._terminal, 65536)
            except OSError:
                ready = []
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._pid = 0
                return os.waitstatus_to_exitcode(status)
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._terminal)
