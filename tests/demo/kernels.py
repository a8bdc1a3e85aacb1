"""Hosts of the demo without a shell: kernels, tools and a network, in this process."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from meshtui.demo.calls import Answer
from meshtui.demo.folder import Folder
from meshtui.demo.machine import Machine
from meshtui.demo.network import Network
from meshtui.demo.server import Server

#: Where each is: in one city, so that nothing takes long.
ADDRESSES = {"a": "203.0.113.11", "b": "203.0.113.12", "c": "203.0.113.13"}
PORT = 51820


class Box:
    """One host; `spawned` is what its init was to run."""

    def __init__(self, name: str, folder: Path, network: Network) -> None:
        self.name = name
        self.folder = Folder(folder / name, folder / "uptime")
        self.folder.make(name)
        self.root = self.folder.path
        self.spawned: list[list[str]] = []
        self.machine = Machine(name, self.root, network, spawn=self._spawn)
        self._server = Server(self.machine)
        self.private = self.public = ""

    async def _spawn(self, argv: Sequence[str]) -> None:
        self.spawned.append(list(argv))

    async def call(self, line: str, stdin: str = "") -> Answer:
        """What the tool of that command line does."""
        tool, *argv = shlex.split(line)
        return await self._server.call(tool, argv, stdin.encode())

    async def says(self, line: str, stdin: str = "") -> str:
        """What it prints; it must do well."""
        answer = await self.call(line, stdin)
        assert answer.status == 0, answer.err.decode()
        return answer.out.decode()

    async def fails(self, line: str, stdin: str = "") -> tuple[int, str]:
        """How it ends, and why: nothing of it is on stdout."""
        status, out, err = await self.call(line, stdin)
        assert not out
        return status, err.decode()

    async def boot(self) -> None:
        self.folder.new_boot()
        await self._server.boot()

    def halt(self) -> None:
        self._server.halt()

    def file(self, text: str, name: str = "wg0") -> None:
        """Have it as /etc/wireguard/NAME.conf."""
        path = self.root / f"etc/wireguard/{name}.conf"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    async def up(self, own: str, *peers: str) -> None:
        """wg0, with lines of its own and [Peer]s."""
        text = f"[Interface]\nPrivateKey = {self.private}\n{own}\n"
        self.file(text + "".join(f"[Peer]\n{peer}\n" for peer in peers))
        await self.says("wg-quick up wg0")


@asynccontextmanager
async def boxes(
    folder: Path,
    *names: str,
    nat: Mapping[str, str] = {},
    network: Network | None = None,
) -> AsyncIterator[list[Box]]:
    """Hosts that are switched on; `nat` tells the routers of those behind one."""
    network = network or Network()
    made = []
    for at, name in enumerate(names):
        own = f"192.168.{at}.10" if name in nat else ADDRESSES[name]
        network.join(name, own, "fra", nat=nat.get(name))
        made.append(Box(name, folder, network))
    try:
        for box in made:
            box.private = (await box.says("wg genkey")).strip()
            box.public = (await box.says("wg pubkey", box.private)).strip()
        yield made
    finally:
        for box in made:
            box.halt()


def peer(box: Box, allowed: str, *more: str, endpoint: bool = True) -> str:
    """`box` as a peer in a file."""
    at = [f"Endpoint = {ADDRESSES[box.name]}:{PORT}"] if endpoint else []
    return "\n".join([f"PublicKey = {box.public}", f"AllowedIPs = {allowed}", *at, *more])


@asynccontextmanager
async def pair(folder: Path) -> AsyncIterator[tuple[Box, Box]]:
    """a, 10.0.0.1, and b, 10.0.0.2, peers of each other."""
    async with boxes(folder, "a", "b") as (a, b):
        own = f"ListenPort = {PORT}\nAddress = 10.0.0.{{}}/24"
        await a.up(own.format(1), peer(b, "10.0.0.2/32"))
        await b.up(own.format(2), peer(a, "10.0.0.1/32"))
        yield a, b
