"""The real driver, on a pseudo-terminal."""

import os
import pty
import re
import select
import struct
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

import pytest

PLAY = Path(__file__).parent / "play.py"
COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:[349][0-7]|10[0-7]|[34]8;[0-9;]*)(?:;[0-9;]*)?m")


def run_play(keys: list[bytes], wait_for: bytes, **env: str) -> tuple[int, bytes]:
    """Run play.py, press `keys` once `wait_for` is drawn; its exit status and output."""
    pid, master = pty.fork()
    if pid == 0:
        os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", **env})
        os.execv(sys.executable, [sys.executable, str(PLAY), "4"])
    ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    output, pressed, deadline = b"", False, time.monotonic() + 30
    while time.monotonic() < deadline:
        ready, _, _ = select.select([master], [], [], 0.1)
        if ready:
            try:
                chunk = os.read(master, 65536)
            except OSError:
                break
            if not chunk:
                break
            output += chunk
        if not pressed and wait_for in output:
            pressed = True
            for key in keys:
                time.sleep(0.3)
                os.write(master, key)
    _, status = os.waitpid(pid, 0)
    os.close(master)
    return os.waitstatus_to_exitcode(status), output


@pytest.mark.parametrize("key", [b"q", b"\x03"])
def test_quits_and_gives_the_terminal_back(key: bytes) -> None:
    code, output = run_play([key], b"live")
    assert code == 0
    assert b"\x1b[?1049l" in output, "the alternate screen is left"
    assert COLOUR.search(output), "there are colours to lose"


def test_no_color_has_no_colour() -> None:
    code, output = run_play([b"l", b"a", b"\x1b", b"q"], b"live", NO_COLOR="1")
    assert code == 0
    assert COLOUR.findall(output) == []


def test_a_dumb_terminal_gets_a_pointer() -> None:
    code, output = run_play([], b"never", TERM="dumb")
    assert code == 1
    assert b"meshtui status" in output
    assert b"\x1b" not in output
