"""One host's kernel and init: interfaces, packets, units, and the tools that show them."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from meshtui.demo import echo
from meshtui.demo.device import Device
from meshtui.demo.links import Kernel, Link
from meshtui.demo.network import Network, Uplink
from meshtui.demo.wire.routes import header, passed_on

#: Seconds between two pieces of the little traffic that a mesh has, and their most bytes.
_PAUSE, _LARGEST = 2.0, 1200
#: With more peers than this there is none: it would be much.
_QUIET = 50
#: All hosts together send so many a second at most: a thousand have better things to do.
_A_SECOND = 20


class Machine:
    """A host named `name` whose disk is `root`.

    `clock` is its idea of the time, `spawn` runs a command there to its end.
    """

    def __init__(
        self,
        name: str,
        root: Path,
        network: Network,
        *,
        clock: Callable[[], float] = time.time,
        spawn: Callable[[Sequence[str]], Coroutine[Any, Any, None]],
    ) -> None:
        self.name = name
        self.root = root
        self.uplink: Uplink = network.uplink(name)
        self.network = network
        self.clock = clock
        self.spawn = spawn
        self.kernel = self._fresh()
        self.started: dict[str, list[str]] = {}
        """Units, with what they said."""
        self.active: set[str] = set()
        self.failed: set[str] = set()
        self.timers: dict[str, asyncio.TimerHandle] = {}
        self._pings: dict[tuple[int, int], asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ident = 0

    def halt(self) -> None:
        """Lose all that is not on disk."""
        for task in self._tasks:
            task.cancel()
        for timer in self.timers.values():
            timer.cancel()
        for name in list(self.kernel.links):
            self.kernel.remove(name)
            self._tell_mtu(name)
        self.timers, self.started = {}, {}
        self.active, self.failed = set(), set()
        self.kernel = self._fresh()

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it until the machine is off."""
        task = asyncio.create_task(work, name=f"of {self.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- interfaces ------------------------------------------------------------

    def add_wireguard(self, name: str) -> Link:
        """Make a WireGuard interface; it has no port before it is up."""
        link = self.kernel.add(name, 1420)
        link.device = Device(None, self._came, clock=self.clock, bind=self.uplink.bind)
        self.set_mtu(link, link.mtu)
        return link

    def remove(self, name: str) -> None:
        """Take an interface away."""
        self.kernel.remove(name)
        self._tell_mtu(name)

    def set_mtu(self, link: Link, mtu: int) -> None:
        """The largest packet that it takes, in bytes."""
        link.mtu = mtu
        self._tell_mtu(link.name)

    async def up(self, link: Link) -> None:
        """Let it send and receive."""
        if link.device:
            await link.device.open("", link.device.listen_port)
            self.in_background(self._traffic(link))

    def device(self, name: str) -> Device | None:
        """The WireGuard interface of that name."""
        link = self.kernel.links.get(name)
        return link.device if link else None

    def _fresh(self) -> Kernel:
        network = self.uplink.address.rsplit(".", 1)[0]
        return Kernel(self.uplink.address, f"{network}.254")

    def _tell_mtu(self, name: str) -> None:
        """Where scripts look for it."""
        folder = self.root / "sys/class/net" / name
        if link := self.kernel.links.get(name):
            folder.mkdir(exist_ok=True)
            (folder / "mtu").write_text(f"{link.mtu}\n")
        elif folder.exists():
            (folder / "mtu").unlink()
            folder.rmdir()

    # -- packets ---------------------------------------------------------------

    async def ping(self, address: str, size: int, sequence: int) -> float | str | None:
        """Seconds until it was answered, by the mesh or outside; or what the kernel says.

        None: no answer, or no way there. Cancel it after a while.
        """
        began = time.monotonic()
        if self.kernel.owner(address):
            return 2e-5
        route = self.kernel.route(address)
        if route is None:
            return None
        link = self.kernel.links[route.device]
        if link.device is None:
            seconds = self.network.round_trip(self.uplink, address)
            if seconds is not None:
                await asyncio.sleep(seconds)
            return seconds
        at = ip_address(address)
        source = ip_address(self.kernel.source(route, at.version))
        self._ident = (self._ident + 1) % 0xFFFF
        asked = echo.Echo(source, at, False, self._ident, sequence, bytes(size))
        waiting = self._pings[self._ident, sequence] = asyncio.get_running_loop().create_future()
        try:
            sent = link.device.send(asked.pack())
            if sent == "no-peer":
                return "sendmsg: Required key not available"
            if sent == "no-endpoint":
                return "sendmsg: Destination address required"
            await waiting
            return time.monotonic() - began
        finally:
            self._pings.pop((asked.ident, sequence), None)

    def _came(self, packet: bytes, _: bytes) -> None:
        """A packet out of a tunnel: it is for this host, or passed on."""
        head = header(packet)
        if head is None:
            return
        to = str(ip_address(head.destination))
        if self.kernel.owner(to):
            found = echo.parse(packet)
            if found is None:
                return
            if not found.reply:
                self._send(found.answered().pack(), str(found.source))
                return
            waiting = self._pings.get((found.ident, found.sequence))
            if waiting and not waiting.done():
                waiting.set_result(None)
        elif self._passes_on(to) and (sent := passed_on(packet)):
            self._send(sent, to)

    def _send(self, packet: bytes, to: str) -> None:
        route = self.kernel.route(to)
        link = self.kernel.links.get(route.device) if route else None
        if link and link.device:
            link.device.send(packet)

    def _passes_on(self, address: str) -> bool:
        family = "ipv6/conf/all/forwarding" if ":" in address else "ipv4/ip_forward"
        return (self.root / "proc/sys/net" / family).read_text().strip() == "1"

    async def _traffic(self, link: Link) -> None:
        """A little of it, so that there is something to see."""
        dice = random.Random(self.name)  # noqa: S311 - it is no secret
        while self.kernel.links.get(link.name) is link and link.device:
            share = max(1.0, self.network.hosts / _A_SECOND)
            await asyncio.sleep(share * dice.uniform(0.3, _PAUSE))
            if link.device.peers > _QUIET:
                continue
            near = [peer for a in link.addresses for peer in self._mesh_addresses(link, a.version)]
            if not near:
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self.ping(dice.choice(near), dice.randrange(_LARGEST), 1)

    def _mesh_addresses(self, link: Link, version: int) -> list[str]:
        """Those of its peers, with which it speaks anyway."""
        assert link.device
        rows = (line.split("\t") for line in link.device.dump().splitlines()[1:])
        return [
            one.split("/")[0]
            for row in rows
            if row[4] != "0"
            for one in row[3].split(",")
            if one.endswith("/32" if version == 4 else "/128")
        ]
