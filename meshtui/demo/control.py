"""What is asked of the process that a demo's hosts live in: see served.py, which asks it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from meshtui.demo.fleet import Fleet
from meshtui.demo.host import SLOW, Host, Kernel
from meshtui.demo.machine import Machine
from meshtui.demo.network import Network
from meshtui.demo.places import Place, places
from meshtui.demo.server import TOOLS, Server
from meshtui.demo.written import INTERFACE, mesh_toml
from meshtui.errors import MeshError


class Control:
    """A demo's hosts and the network between them, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._network = Network()
        self._fleet: Fleet | None = None

    async def close(self) -> None:
        """Switch all off, and remove the folder."""
        if self._fleet:
            self._fleet.close()
            await self._fleet.ended()

    async def obey(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do one thing that served.py asks for; MeshError tells why not."""
        match request:
            case {"do": "start", "count": count, "spare": spare, "groups": groups}:
                return await self._start(count, spare, groups=groups)
            case {"do": "form", "host": name, "file": text}:
                await self._form(self._host(name), text)
            case {"do": "fault", "kind": kind, "hosts": [*names], "on": on}:
                await self._fault(kind, [self._host(name) for name in names], on=on)
            case _:
                raise MeshError(f"the demo was asked for what it does not know: {request}")
        return {}

    async def _start(self, count: int, spare: int, *, groups: bool) -> dict[str, Any]:
        hosts, all_of_them = places(count), places(count + spare)
        spares = [place.name for place in all_of_them if place not in hosts]
        self._fleet = Fleet(self._folder, all_of_them, self._kernel, TOOLS)
        await self._fleet.start()
        (self._folder / "mesh.toml").write_text(mesh_toml(hosts, groups=groups))
        return {"hosts": [place.name for place in hosts], "spares": spares}

    def _kernel(self, place: Place, host: Host) -> Kernel:
        self._network.join(place.name, place.address, place.provider, nat=place.nat)
        return Server(
            Machine(place.name, host.folder.path, self._network, clock=host.clock, spawn=host.spawn)
        )

    def _host(self, name: str) -> Host:
        if self._fleet is None or name not in self._fleet.hosts:
            raise MeshError("the demo has no such host", host=name)
        return self._fleet.hosts[name]

    async def _form(self, host: Host, text: str) -> None:
        """Put a wg-quick file in place, and have it up now and at boot."""
        folder = host.folder.path / "etc/wireguard"
        folder.mkdir(mode=0o700, exist_ok=True)
        file = folder / f"{INTERFACE}.conf"
        file.touch(0o600)
        file.write_text(text)
        answer = await host.tool("systemctl", "enable", "--now", f"wg-quick@{INTERFACE}")
        if answer.status:
            raise MeshError(answer.err.decode("utf-8", "replace").strip(), host=host.name)
        # It stays: to look for garbage in what 1,000 such are takes a second, and nobody answers.
        gc.freeze()

    async def _fault(self, kind: str, hosts: list[Host], *, on: bool) -> None:
        each: Mapping[str, Callable[[Host], None]] = {
            "full": lambda host: host.full(on),
            "clock": lambda host: host.wrong_clock(on),
        }
        match kind, hosts:
            case "down", [host]:
                self._network.down(host.name, on)
                if on:
                    host.kill()
                else:
                    await host.revive()
            case "slow", [host]:
                late = SLOW if on else 0.0
                host.slow(late)
                self._network.slow(host.name, late)
            case "block", [source, destination]:
                self._network.block(source.name, destination.name, on)
            case "forget", [host, peer]:
                await self._forget(host, peer)
            case _, [host] if kind in each:
                each[kind](host)
            case _:
                names = " ".join(host.name for host in hosts)
                raise MeshError(f"the demo knows no such fault: {kind} {names}")

    async def _forget(self, host: Host, peer: Host) -> None:
        said = await peer.tool("wg", "show", INTERFACE, "public-key")
        key = said.out.decode().strip()
        if said.status or key == "(none)":
            raise MeshError(f"{INTERFACE} does not run there", host=peer.name, hint="apply first")
        await host.tool("wg", "set", INTERFACE, "peer", key, "remove")
