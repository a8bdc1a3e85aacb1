"""A real terminal as far as a program can tell: a pty, and the screen that its bytes make."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Sequence
from fcntl import ioctl
from types import TracebackType
from typing import Self

#: CSI, OSC, and other escape sequences; a control; or text.
_PIECE = re.compile(
    r"\x1b\[(?P<args>[0-9;?<>=]*)[ -/]*(?P<end>[@-~])"
    r"|\x1b[\]P_^X].*?(?:\x07|\x1b\\)|\x1b(?![\[\]P_^X])[ -/]*[0-~]"
    r"|[\x00-\x1a\x1c-\x1f\x7f]|(?P<text>[^\x00-\x1f\x7f]+)",
    re.S,
)


class Glass:
    """What is to be read on the screen. Knows as much of terminals as Textual uses."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns = columns
        self.lines = [" " * columns] * rows
        self.marks = [" " * columns] * rows
        """The same cells: `r` where they are in reverse video."""
        self._x = self._y = 0
        self._reverse = False
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def take(self, sent: bytes) -> None:
        """Draw what was sent."""
        new = self._rest + self._decoder.decode(sent)
        # An escape sequence may go on in the next piece.
        escape = new.rfind("\x1b")
        whole = escape < 0 or _PIECE.match(new, escape)
        new, self._rest = (new, "") if whole else (new[:escape], new[escape:])
        for piece in _PIECE.finditer(new):
            if text := piece["text"]:
                self._write(text)
            elif piece["end"] == "H":
                y, x = (int(number or 1) for number in f"{piece['args']};".split(";")[:2])
                self._x, self._y = x - 1, y - 1
            elif piece["end"] == "m":
                self._reverse = _reverse(piece["args"], self._reverse)
            elif piece["end"] == "J":
                self.lines = [" " * self.columns] * len(self.lines)
                self.marks = list(self.lines)
            elif piece[0] == "\r":
                self._x = 0
            elif piece[0] == "\n":
                self._y += 1

    def _write(self, text: str) -> None:
        if self._y < len(self.lines):
            mark = ("r" if self._reverse else " ") * len(text)
            for cells, new in ((self.lines, text), (self.marks, mark)):
                line = cells[self._y]
                line = line[: self._x] + new + line[self._x + len(new) :]
                cells[self._y] = line[: self.columns]
        self._x += len(text)

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines)


def _reverse(args: str, before: bool) -> bool:
    """Whether text is in reverse video after the sequence `ESC [ args m`."""
    numbers = [int(number or 0) for number in args.split(";")]
    while numbers:
        number = numbers.pop(0)
        if number in (38, 48):  # a colour: 2;r;g;b or 5;n, where a 7 says nothing
            del numbers[: 4 if numbers[:1] == [2] else 2]
        elif number in (0, 7, 27):
            before = number == 7
    return before


class Terminal:
    """A program on a pty. `sent` is all that it wrote; `glass` what that looks like."""

    def __init__(
        self, argv: Sequence[str], *, size: tuple[int, int] = (80, 24), **env: str
    ) -> None:
        columns, rows = size
        self.glass = Glass(columns, rows)
        self.sent = bytearray()
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            # The child sets the size: it is to stand before the program asks.
            ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            for told in ("COLUMNS", "LINES"):  # pytest's, and believed before the terminal
                os.environ.pop(told, None)
            os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", **env})
            os.execv(argv[0], list(argv))

    def press(self, keys: str) -> None:
        """Send keys."""
        os.write(self._master, keys.encode())

    def read(self, seconds: float) -> list[tuple[float, bytes]]:
        """All that is sent within `seconds`, each piece with the time at which it came."""
        end, pieces = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._master], [], [], left)[0]:
                break
            try:
                piece = os.read(self._master, 65536)
            except OSError:  # Linux's way to say that the program is gone.
                break
            pieces.append((time.monotonic(), piece))
        for _, piece in pieces:
            self.sent += piece
        return pieces

    def draw(self, seconds: float) -> int:
        """Read and draw for `seconds`; how many bytes came."""
        pieces = self.read(seconds)
        for _, piece in pieces:
            self.glass.take(piece)
        return sum(len(piece) for _, piece in pieces)

    def until(self, what: str | Callable[[], bool], deadline: float = 30) -> None:
        """Read until a text is on the screen, or something is true."""
        end = time.monotonic() + deadline
        while not (what in self.glass.text if isinstance(what, str) else what()):
            assert time.monotonic() < end, f"no {what!r} on the screen:\n{self.glass.text}"
            self.draw(0.02)

    def code(self, deadline: float = 20) -> int:
        """The exit code, once the program has ended by itself."""
        end = time.monotonic() + deadline
        while True:
            self.draw(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < end, f"it did not end:\n{self.glass.text}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._master)
