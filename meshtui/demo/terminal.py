"""A person's own shell on a demo host: a terminal between SSH and a process."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import struct
import termios
from collections.abc import AsyncIterator, Mapping, Sequence

import asyncssh


class Terminal:
    """The one that a session asked for."""

    def __init__(self, session: asyncssh.SSHServerProcess[bytes]) -> None:
        self._session = session
        self._master, self._slave = pty.openpty()
        os.set_blocking(self._master, False)
        self._resize(session.term_size[:2])

    async def start(
        self, argv: Sequence[str], environ: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        """Run it in a session of its own, whose terminal this is."""
        try:
            return await asyncio.create_subprocess_exec(
                *argv,
                env=environ,
                stdin=self._slave,
                stdout=self._slave,
                stderr=self._slave,
                start_new_session=True,
                preexec_fn=_take_terminal,
            )
        finally:
            os.close(self._slave)

    async def type(self) -> None:
        """Hand on what the person types, until SSH ends."""
        source = self._session.stdin
        while True:
            try:
                data = await source.read(4096)
            except asyncssh.TerminalSizeChanged as changed:
                self._resize((changed.width, changed.height))
                continue
            except asyncssh.Error:
                return
            if not data:
                return
            os.write(self._master, data)

    async def shown(self) -> AsyncIterator[bytes]:
        """What appears on it, until all that run there have ended."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._master, ready.set)
        try:
            while True:
                await ready.wait()
                ready.clear()
                with contextlib.suppress(BlockingIOError):
                    try:
                        data = os.read(self._master, 4096)
                    except OSError as error:
                        if isinstance(error, BlockingIOError):
                            raise
                        # So does Linux say that nobody has it open any more.
                        return
                    if not data:
                        return
                    yield data
        finally:
            loop.remove_reader(self._master)
            os.close(self._master)

    def _resize(self, size: Sequence[int]) -> None:
        columns, rows = size
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
