"""The one question of `apply`, on a real terminal."""

from __future__ import annotations

import os
import pty
import select
import sys
import time

import pytest

#: What a person answers to, in a process of its own that ends as `meshtui` would.
_ASKS = """
import asyncio, sys
from meshtui.cli.ask import confirm
from meshtui.errors import MeshError
try:
    asyncio.run(confirm())
except MeshError as error:
    sys.exit(f"refused: {error}")
except KeyboardInterrupt:
    sys.exit(130)
"""


def _answered(keys: bytes) -> tuple[int, str]:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", _ASKS])
    said, typed, until = b"", False, time.monotonic() + 20
    try:
        while time.monotonic() < until:
            if not select.select([terminal], [], [], 0.1)[0]:
                continue
            try:
                part = os.read(terminal, 4096)
            except OSError:  # the other end is closed
                break
            said += part
            if not typed and b"[y/N]" in said:
                typed = True
                time.sleep(0.2)  # it is waiting by now
                os.write(terminal, keys)
        else:
            os.kill(pid, 9)
    finally:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(terminal)
    return code, said.decode()


@pytest.mark.parametrize(
    ("keys", "code", "says"),
    [
        (b"y\n", 0, ""),
        (b"YES\n", 0, ""),
        (b"\n", 1, "refused: nothing was changed"),
        (b"vielleicht\n", 1, "refused: nothing was changed"),
        (b"\x04", 1, "refused: nothing was changed"),
        (b"\x03", 130, "meshtui: nothing was changed"),
    ],
)
def test_only_yes_is_yes_and_one_ctrl_c_is_enough(keys: bytes, code: int, says: str) -> None:
    got, said = _answered(keys)
    assert (got, says in said, "Traceback" in said) == (code, True, False), said
