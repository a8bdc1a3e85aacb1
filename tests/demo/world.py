"""Two engines and what lies between them, in a time that only tests move."""

from __future__ import annotations

import random
from collections.abc import Callable
from ipaddress import ip_address, ip_network

from meshtui.demo.echo import Echo
from meshtui.demo.wire.engine import Engine
from meshtui.demo.wire.shared import Datagram
from meshtui.demo.wire.timers import Moment, Timers
from meshtui.wg.endpoint import Endpoint

EPOCH = 1_700_000_000.0


def addr(number: int) -> str:
    return f"10.0.0.{number}"


def ping(source: int, destination: int, payload: bytes = b"hello") -> bytes:
    ends = ip_address(addr(source)), ip_address(addr(destination))
    return Echo(*ends, False, 1, 1, payload).pack()


class End:
    """One interface, and what came out of its tunnel."""

    def __init__(self, number: int, timers: Timers) -> None:
        self.number = number
        self.engine = Engine(timers, random.Random(number).randbytes)
        self.engine.set_private_key(bytes([number]) * 32)
        self.at = Endpoint(f"192.0.2.{number}", 51820)
        self.got: list[bytes] = []

    @property
    def key(self) -> bytes:
        identity = self.engine.identity
        assert identity
        return identity.public_key


class World:
    """Ends `a` and `b`, peers of each other. `loss` says which datagrams never come."""

    def __init__(self, timers: Timers | None = None, **of_b: object) -> None:
        # Without jitter: a time is what the paper says.
        timers = timers or Timers(jitter=0)
        self.time = 100.0
        self.a, self.b = End(1, timers), End(2, timers)
        self.wire: list[tuple[float, Endpoint, Datagram]] = []
        self.loss: Callable[[Datagram], bool] = lambda _: False
        for end, far in ((self.a, self.b), (self.b, self.a)):
            end.engine.up(self.now)
            end.engine.set_peer(
                far.key,
                self.now,
                endpoint=far.at,
                allowed_ips=[ip_network(addr(far.number))],
                **(of_b if end is self.b else {}),  # type: ignore[arg-type]
            )

    @property
    def now(self) -> Moment:
        return Moment(self.time, EPOCH + self.time)

    def take(self, end: End) -> list[Datagram]:
        """What `end` sends now, held back from the wire."""
        return end.engine.take()

    def put(self, datagram: bytes, to: End, source: Endpoint) -> None:
        if got := to.engine.receive(datagram, source, self.now):
            to.got.append(got.packet)

    def settle(self) -> None:
        """Carry all there is, until nobody says more."""
        moved = True
        while moved:
            moved = False
            for end in (self.a, self.b):
                for out in end.engine.take():
                    moved = True
                    self.wire.append((self.time, end.at, out))
                    far = next((e for e in (self.a, self.b) if e.at == out.endpoint), None)
                    if far and not self.loss(out):
                        self.put(out.data, far, end.at)

    def send(self, source: End, destination: End, payload: bytes = b"hello") -> None:
        packet = ping(source.number, destination.number, payload)
        assert source.engine.send(packet, self.now) == "sent"
        self.settle()

    def go(self, seconds: float) -> None:
        """Let time pass, each timer ringing at its own moment."""
        until = self.time + seconds
        self.settle()
        while (due := min(self.a.engine.due, self.b.engine.due)) <= until:
            self.time = max(due, self.time)
            for end in (self.a, self.b):
                end.engine.tick(self.now)
            self.settle()
        self.time = until

    def kinds(self, source: End, since: float = 0) -> list[tuple[float, int]]:
        """When `source` sent what, as seconds since `since` and message type."""
        return [(at - since, out.data[0]) for at, frm, out in self.wire if frm == source.at]
