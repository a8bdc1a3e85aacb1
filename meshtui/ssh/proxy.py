"""A ProxyCommand, run as ssh runs it: by a shell, its stdin and stdout one connection.

asyncssh can run one itself, but takes what it prints on stderr for part of the
connection, and most proxies print there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket

#: As much of what it says as fits into an error.
_SAID_BYTES = 2048


class Proxy:
    """A running ProxyCommand; `sock` is our end of it. End it when done."""

    def __init__(self, sock: socket.socket, process: asyncio.subprocess.Process) -> None:
        """Use `start`."""
        self.sock = sock
        self._process = process
        self._said = b""
        self._listening = asyncio.create_task(self._listen(), name="ProxyCommand's stderr")

    @classmethod
    async def start(cls, command: str) -> Proxy:
        """Run `command`, in which nothing is left to expand. OSError: it cannot be run."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    *("sh", "-c", f"exec {command}"),
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=asyncio.subprocess.PIPE,
                    # It cannot ask questions on the terminal that the screens are drawn on.
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        return cls(ours, process)

    def end(self) -> None:
        """Kill it, and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self.sock.close()

    async def last_words(self) -> str:
        """What it said on stderr, once it has ended, or is about to."""
        await asyncio.wait({self._listening}, timeout=1)
        text = self._said.decode("utf-8", "replace").strip()
        return "; ".join(line.strip() for line in text.splitlines()[-3:])

    async def _listen(self) -> None:
        assert self._process.stderr
        while chunk := await self._process.stderr.read(4096):
            self._said = (self._said + chunk)[-_SAID_BYTES:]
        await self._process.wait()
