"""Hosts of a demo without SSH: their kernels, tools and the network between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from meshtui.demo.calls import Answer
from meshtui.demo.folder import Folder
from meshtui.demo.machine import Machine
from meshtui.demo.network import Network
from meshtui.demo.server import Server

ADDRESSES = {"fra-1": "203.0.113.11", "fra-2": "203.0.113.12", "nyc-1": "198.51.100.11"}
OFFICE, ROUTER = "192.168.1.10", "198.51.100.250"


async def _never(argv: Sequence[str]) -> None:
    raise AssertionError(f"nothing is to be run: {argv}")


@dataclass(frozen=True, slots=True)
class Hosts:
    """Machines by name, on one network."""

    network: Network
    machines: dict[str, Machine]

    async def run(self, host: str, line: str, stdin: bytes = b"") -> Answer:
        """What a command says."""
        tool, *argv = line.split()
        return await Server(self.machines[host]).call(tool, argv, stdin)

    async def out(self, host: str, line: str, stdin: bytes = b"") -> str:
        """The same, of one that works."""
        answer = await self.run(host, line, stdin)
        assert answer.status == 0, answer.err.decode()
        return answer.out.decode()

    async def up(self, wanted: dict[str, tuple[str, dict[str, str]]]) -> None:
        """Have wg0 up: of each host its address, and of its peers what lines they have."""
        private = {name: await self.out(name, "wg genkey") for name in wanted}
        for name, (address, peers) in wanted.items():
            text = f"[Interface]\nPrivateKey = {private[name]}Address = {address}\n"
            text += "ListenPort = 51820\n"
            for peer, lines in peers.items():
                public = await self.out(peer, "wg pubkey", private[peer].encode())
                text += f"[Peer]\nPublicKey = {public}{lines}\n"
            file = self.machines[name].root / "etc/wireguard/wg0.conf"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            await self.out(name, "wg-quick up wg0")


def endpoint(host: str) -> str:
    """The line of a peer's section."""
    return f"\nEndpoint = {ADDRESSES[host]}:51820"


@asynccontextmanager
async def hosts(folder: Path, *names: str) -> AsyncIterator[Hosts]:
    """Hosts with those names; the one that is named office is behind NAT."""
    network = Network()
    made = {}
    for name in names:
        if name == "office":
            network.join(name, OFFICE, name, nat=ROUTER)
        else:
            network.join(name, ADDRESSES[name], name[:3])
        Folder(folder / name, folder / "uptime").make(name)
        made[name] = Machine(name, folder / name, network, spawn=_never)
    try:
        yield Hosts(network, made)
    finally:
        for machine in made.values():
            machine.halt()
