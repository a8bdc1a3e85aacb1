"""WireGuard's times, and a clock that wakes a peer when one of them has come."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Generic, NamedTuple, Protocol, TypeVar

NEVER = math.inf


class Moment(NamedTuple):
    """When something happens."""

    at: float
    """Seconds of a clock that only goes forward."""
    wall: float
    """Seconds since 1970 by the host's own clock, which may be wrong."""

    def tai64n(self) -> bytes:
        """The wall clock as handshakes carry it, 12 bytes (source: cr.yp.to/libtai/tai64.html)."""
        seconds = math.floor(self.wall)
        nanoseconds = int((self.wall - seconds) * 1e9)
        return (0x4000_0000_0000_000A + seconds).to_bytes(8) + nanoseconds.to_bytes(4)


@dataclass(frozen=True, slots=True)
class Timers:
    """The paper's constants (6.1), in seconds and messages; tests shorten them."""

    rekey_after_time: float = 120
    reject_after_time: float = 180
    rekey_attempt_time: float = 90
    rekey_timeout: float = 5
    jitter: float = 1 / 3
    """Most that is added to a repeated handshake, so that two ends do not meet again and again."""
    keepalive_timeout: float = 10
    rekey_after_messages: int = 2**60
    reject_after_messages: int = 2**64 - 2**13 - 1


class Sleeper(Protocol):
    """What a clock wakes."""

    wake: float
    """When the clock will; NEVER: it will not."""

    def due(self) -> float:
        """When it wants to be woken; NEVER: not at all."""


S = TypeVar("S", bound=Sleeper)


class Clock(Generic[S]):
    """One heap for all peers of an interface."""

    __slots__ = ("_heap", "_number")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, S]] = []
        self._number = count()

    @property
    def next(self) -> float:
        """When to look again."""
        return self._heap[0][0] if self._heap else NEVER

    def wind(self, sleeper: S) -> None:
        """See to it that `sleeper` is woken by the time it wants.

        One whose time was put off is woken at the old one and winds again: with every
        packet sent a time is put off, and that must cost nothing.
        """
        due = sleeper.due()
        if due < sleeper.wake:
            sleeper.wake = due
            heapq.heappush(self._heap, (due, next(self._number), sleeper))

    def ring(self, at: float) -> Iterator[S]:
        """Those whose time has come by `at`."""
        while self._heap and self._heap[0][0] <= at:
            when, _, sleeper = heapq.heappop(self._heap)
            if when == sleeper.wake:
                sleeper.wake = NEVER
                yield sleeper
