"""One host of the demo: its folder, its kernel and its SSH server."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import asyncssh

from meshtui.demo import commands
from meshtui.demo.calls import Answer, Calls
from meshtui.demo.folder import Folder
from meshtui.demo.sshd import Sshd

#: How far off, in seconds, a clock is that is wrong; and how late a slow host answers.
CLOCK_OFF = 86_400.0
SLOW = 0.4


class Kernel(Protocol):
    """What a host's stand-ins ask: see machine.py."""

    async def call(self, tool: str, argv: Sequence[str], stdin: bytes) -> Answer:
        """What a tool says; files among its arguments are real paths."""
        ...

    async def boot(self) -> None:
        """Have up what is enabled."""

    def halt(self) -> None:
        """Lose all that is not on disk."""


class Host:
    """`kernel` makes the host's own; it may use `clock` and `spawn` of the host.

    `tools` is the folder that all of its commands come from, `connection` what sshd says
    of whoever logs in: "CLIENT PORT SERVER PORT".
    """

    def __init__(
        self,
        name: str,
        folder: Folder,
        tools: Path,
        kernel: Callable[[Host], Kernel],
        operator: asyncssh.SSHKey,
        connection: str,
    ) -> None:
        self.name = name
        self.folder = folder
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._off = 0.0
        self._tools = tools
        self._kernel = kernel(self)
        self._calls = Calls(folder.path, self._call)
        own = folder.path / "bin"
        environ = {
            "DEMO_HOST": str(folder.path),
            "HOME": str(folder.path / "root"),
            "LOGNAME": "root",
            "PATH": f"{own}:{tools}",
            "SHELL": "/bin/sh",
            "SSH_CONNECTION": connection,
            "TMPDIR": str(folder.path / "tmp"),
            "USER": "root",
        }
        self._sshd = Sshd(folder, environ, self.host_key, operator)

    @property
    def port(self) -> int:
        """Where its SSH server listens on 127.0.0.1."""
        return self._sshd.port

    def clock(self) -> float:
        """Seconds since 1970, as the host believes."""
        return time.time() + self._off

    async def spawn(self, argv: Sequence[str]) -> None:
        """Run a command to its end, as the host's init does."""
        await self._sshd.run(*argv)

    async def start(self) -> None:
        """Switch it on for the first time."""
        self.folder.make(self.name)
        (self.folder.path / "bin").mkdir()
        self.wrong_clock(False)
        self._calls.open()
        await self._kernel.boot()
        await self._sshd.listen()

    def kill(self) -> None:
        """Power off: nothing of it runs any more, what is on its disk stays."""
        self._sshd.close()
        self._calls.drop()
        self._kernel.halt()

    async def revive(self) -> None:
        """Power on again."""
        self.folder.new_boot()
        await self._kernel.boot()
        await self._sshd.listen()

    def close(self) -> None:
        """For good."""
        self.kill()
        self._calls.close()

    async def ended(self) -> None:
        """Return when nothing of it is about to be started."""
        await self._sshd.ended()

    def slow(self, late: float) -> None:
        """All that it says by SSH comes `late` seconds later than it would."""
        self._sshd.delay = late

    def full(self, on: bool) -> None:
        """No file can grow any more."""
        self._sshd.full(on)

    def wrong_clock(self, on: bool) -> None:
        """Its clock is a day ahead: what asks the time by itself is answered by a stand-in."""
        self._off = CLOCK_OFF if on else 0.0
        (self.folder.path / "clock").write_text(f"{self._off:.0f}\n")
        # Links at all times: a shell that runs keeps where it found a command.
        for name in ("awk", "date"):
            new = self.folder.path / "bin" / f".{name}"
            new.symlink_to(self._tools / (f"clock-{name}" if on else name))
            new.replace(self.folder.path / "bin" / name)

    async def tool(self, tool: str, *argv: str) -> Answer:
        """What one of its tools says and does, asked by nobody on the host."""
        return await self._kernel.call(tool, argv, b"")

    async def _call(self, tool: str, argv: Sequence[str], stdin: bytes) -> Answer:
        if tool == commands.LEAD_IN:
            return Answer(0, self.folder.lead_in(stdin))
        return await self._kernel.call(tool, argv, stdin)
