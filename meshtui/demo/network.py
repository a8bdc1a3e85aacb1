"""The internet between a demo's hosts: their invented addresses, how far they are from each
other, routers with NAT, and what does not get through. Below it is UDP on loopback.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from itertools import count

from meshtui.demo.udp import Received, Udp
from meshtui.errors import MeshError
from meshtui.wg.endpoint import Endpoint

_LOOPBACK = "127.0.0.1"
#: Milliseconds from one city to another, one way; and within one, or to one that is not listed.
_AWAY = {("fra", "nyc"): 41.0, ("fra", "sgp"): 79.0, ("nyc", "sgp"): 105.0}
_NEAR, _ELSEWHERE = 0.3, 9.0
#: How much a way takes longer at times.
_JITTER = 0.05
#: A port that nobody asked for, and the first that a router hands out.
_EPHEMERAL, _MAPPED = 32768, 40000
#: As long as a router remembers whom its host sent to, in seconds.
NAT_SECONDS = 30.0


@dataclass(slots=True)
class Uplink:
    """A host's way out. `nat` is the address of the router that it is behind."""

    name: str
    address: str
    provider: str
    nat: str | None
    network: Network
    down: bool = False
    late: float = 0.0
    """By how many seconds all that it sends comes later than it would."""
    ports: dict[int, Port] = field(default_factory=dict)
    mapped: dict[int, int] = field(default_factory=dict)
    """Its own port -> its router's."""

    def bind(self, address: str, port: int, received: Received) -> Port:
        """Have a UDP port; MeshError: it is taken."""
        if port in self.ports:
            raise MeshError("Address already in use", host=self.name)
        if not port:
            port = next(n for n in count(_EPHEMERAL) if n not in self.ports)
        made = self.ports[port] = Port(self, port, received)
        return made

    def outside(self, port: int) -> Endpoint:
        """Where others see what comes from `port`."""
        if self.nat is None:
            return Endpoint(self.address, port)
        if port not in self.mapped:
            self.mapped[port] = self.network.new_mapping(self.nat)
        return Endpoint(self.nat, self.mapped[port])


class Port:
    """A UDP port of a host's."""

    def __init__(self, uplink: Uplink, port: int, received: Received) -> None:
        self.uplink = uplink
        self.port = port
        self._received = received
        self._sent_to: dict[Endpoint, float] = {}
        self._udp = Udp(_LOOPBACK, 0, self._arrived)
        self.real = Endpoint(_LOOPBACK, self._udp.port)
        uplink.network.real[self._udp.port] = self

    def send(self, datagram: bytes, to: Endpoint) -> None:
        """Send it as far as it gets."""
        uplink = self.uplink
        source = uplink.outside(self.port)
        if uplink.nat is not None:
            self._sent_to[to] = time.monotonic()
        target = uplink.network.at(to)
        if target is None or not target.lets_in(source):
            return
        delay = uplink.network.delay(uplink, target.uplink)
        if delay is not None:
            asyncio.get_running_loop().call_later(delay, self._udp.send, datagram, target.real)

    def lets_in(self, source: Endpoint) -> bool:
        """Whether what comes from `source` is passed on to it, by a router if it has one."""
        sent = self._sent_to.get(source)
        behind = self.uplink.nat is not None
        return not behind or (sent is not None and time.monotonic() - sent < NAT_SECONDS)

    def close(self) -> None:
        """Let it go."""
        self._udp.close()
        self.uplink.ports.pop(self.port, None)
        self.uplink.network.real.pop(self.real.port, None)

    def _arrived(self, datagram: bytes, source: Endpoint) -> None:
        # What is not from this network is another program's on this machine.
        sender = self.uplink.network.real.get(source.port)
        if sender is not None and not self.uplink.down:
            self._received(datagram, sender.uplink.outside(sender.port))


class Network:
    """All uplinks, and what lies between them."""

    def __init__(self) -> None:
        self.real: dict[int, Port] = {}
        """By their ports on loopback."""
        self._uplinks: dict[str, Uplink] = {}
        self._at: dict[str, Uplink] = {}
        self._blocked: set[tuple[str, str]] = set()
        self._mappings = count(_MAPPED)
        self._jitter = random.Random(1)  # noqa: S311 - it is no secret

    @property
    def hosts(self) -> int:
        """How many are connected."""
        return len(self._uplinks)

    def join(self, name: str, address: str, provider: str, *, nat: str | None = None) -> Uplink:
        """Connect a host, behind the router `nat` or at an address of its own."""
        made = Uplink(name, address, provider, nat, self)
        self._uplinks[name] = made
        self._at[nat or address] = made
        return made

    def uplink(self, name: str) -> Uplink:
        """That of a host."""
        return self._uplinks[name]

    def block(self, source: str, destination: str, on: bool = True) -> None:
        """Lose all that one host sends to another, or do no longer."""
        (self._blocked.add if on else self._blocked.discard)((source, destination))

    def down(self, name: str, on: bool = True) -> None:
        """A host that is off."""
        self._uplinks[name].down = on

    def slow(self, name: str, late: float) -> None:
        """All that a host sends comes `late` seconds later than it would."""
        self._uplinks[name].late = late

    def at(self, endpoint: Endpoint) -> Port | None:
        """Whose port others see there; None: nobody's."""
        uplink = self._at.get(endpoint.host)
        if uplink is None:
            return None
        if uplink.nat is None:
            return uplink.ports.get(endpoint.port)
        own = next((own for own, out in uplink.mapped.items() if out == endpoint.port), 0)
        return uplink.ports.get(own)

    def delay(self, source: Uplink, destination: Uplink) -> float | None:
        """Seconds from one to another; None: it does not get there."""
        ends = source.name, destination.name
        if source.down or destination.down or ends in self._blocked:
            return None
        cities = source.provider, destination.provider
        away = _AWAY.get(cities) or _AWAY.get(cities[::-1])
        away = away or (_NEAR if cities[0] == cities[1] else _ELSEWHERE)
        return away / 1000 * (1 + _JITTER * self._jitter.random()) + source.late

    def round_trip(self, source: Uplink, address: str) -> float | None:
        """Seconds until a ping of an address outside is answered; None: it never is."""
        there = self._at.get(address)
        if there is None:
            return None
        ways = self.delay(source, there), self.delay(there, source)
        return None if None in ways else sum(way for way in ways if way)

    def new_mapping(self, router: str) -> int:
        """A port of a router's that it has not given yet."""
        return next(self._mappings)
