"""A fleet of the demo whose kernels know little: what is about the shell side needs no more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from meshtui.demo.calls import Answer
from meshtui.demo.fleet import Fleet
from meshtui.demo.host import Host
from meshtui.demo.places import Place, places
from meshtui.errors import UnknownHostKey
from meshtui.ssh.connect import Connector
from meshtui.ssh.shell import Shell

TOOLS = ("wg", "wg-quick", "ip", "systemctl", "systemd-run", "journalctl", "ping")


class Stub:
    """Answers by a table, and keeps what it was asked."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.asked: list[tuple[str, list[str], bytes]] = []
        self.says: dict[str, Answer] = {
            "ip -o address show": Answer(0, b"1: lo    inet 127.0.0.1/8 scope host lo\n"),
            "wg genkey": Answer(0, b"a-private-key=\n"),
            "wg pubkey": Answer(0, b"a-public-key=\n"),
            "wg --version": Answer(0, b"wireguard-tools v1.0\n"),
        }
        self.up = 0
        self.goes_on = asyncio.Event()
        self.stuck = ""

    async def call(self, tool: str, argv: Sequence[str], stdin: bytes) -> Answer:
        self.asked.append((tool, list(argv), stdin))
        if tool == self.stuck:
            await self.goes_on.wait()
        return self.says.get(" ".join((tool, *argv)), Answer(1, b"", b"not known\n"))

    async def boot(self) -> None:
        self.up += 1

    def halt(self) -> None:
        self.up = 0


@asynccontextmanager
async def fleet(folder: Path, count: int = 1) -> AsyncIterator[Fleet]:
    def kernel(place: Place, host: Host) -> Stub:
        return Stub(host)

    made = Fleet(folder / "demo", places(count, office=False), kernel, TOOLS)
    try:
        await made.start()
        yield made
    finally:
        made.close()
        await made.ended()


def stub(host: Host) -> Stub:
    found = host._kernel
    assert isinstance(found, Stub)
    return found


@asynccontextmanager
async def shell(made: Fleet, name: str = "fra-1") -> AsyncIterator[Shell]:
    async def ask(_: UnknownHostKey) -> bool:
        return False

    connector = Connector(ask, made.ssh_config)
    try:
        connection = await connector.open(name, name)
        try:
            yield connection.shell
        finally:
            connection.shell.close()
    finally:
        await connector.close()


async def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


def running_in(host: Host) -> list[int]:
    """The processes that have the host's environment."""
    mark = f"DEMO_HOST={host.folder.path}\0".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in environ.read_bytes():
                found.append(int(environ.parent.name))
    return found
