"""What all peers of one interface share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from meshtui.wg.endpoint import Endpoint

if TYPE_CHECKING:
    from meshtui.demo.wire.noise import Identity
    from meshtui.demo.wire.peer import Peer
    from meshtui.demo.wire.timers import Timers


class Datagram(NamedTuple):
    """What is to be sent, and where."""

    data: bytes
    endpoint: Endpoint


class Shared:
    """The interface's own side, as its peers use it."""

    __slots__ = ("identity", "indices", "out", "random", "timers")

    def __init__(self, timers: Timers, random: Callable[[int], bytes]) -> None:
        self.identity: Identity | None = None
        self.timers = timers
        self.random = random
        self.indices: dict[int, Peer] = {}
        """Whose session or handshake has that number."""
        self.out: list[Datagram] = []

    def index(self, peer: Peer) -> int:
        """A new number for a session or handshake of `peer`."""
        while (number := int.from_bytes(self.random(4))) in self.indices:
            pass
        self.indices[number] = peer
        return number

    def jitter(self) -> float:
        """Seconds to add to a wait."""
        return self.timers.jitter * int.from_bytes(self.random(2)) / 0x1_0000
