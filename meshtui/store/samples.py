"""Looks at one host as the history keeps them: numbers in columns, packed small.

A host of a mesh of 100 has 99 links. Some looks in a row make a run: its numbers stand
link by link, each but the first as what it is more than the one before, in planes of
bytes. That way a link of a quiet mesh costs about 2 bytes a look, a busy one 7.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, groupby, pairwise, starmap
from operator import add, attrgetter, sub
from typing import NamedTuple

from meshtui.errors import HostState
from meshtui.wg.health import LinkState

HOST_STATES: tuple[HostState, ...] = (
    "up",
    "no-interface",
    "unreachable",
    "refused",
    "not-installed",
)
LINK_STATES: tuple[LinkState, ...] = ("up", "stale", "idle", "never", "missing", "unknown")

#: In a column: there was no number.
NONE = -1
#: A host may print anything as a counter: more than this is cut off, so that every
#: difference still fits into eight bytes.
MOST = 2**63 - 2

_HOST_CODES = {state: code for code, state in enumerate(HOST_STATES)}
_LINK_CODES = {state: code for code, state in enumerate(LINK_STATES)}
#: Looks, links, bytes of the names.
_HEAD = struct.Struct("<III")
#: A number's highest byte -> the byte that goes on above it.
_SIGNS = bytes(128) + b"\xff" * 128


class Unreadable(ValueError):
    """That is no run: the file is damaged, or someone else's."""


class Sample(NamedTuple):
    """One look at a host. The columns go with `to`; NONE stands for None."""

    at: int
    """Milliseconds since the epoch."""
    state: HostState
    to: tuple[str, ...]
    states: tuple[LinkState, ...]
    ages: Sequence[int]
    """Seconds since the latest handshake."""
    rx: Sequence[int]
    tx: Sequence[int]


class LinkMoment(NamedTuple):
    """One direction in one look; NONE stands for None."""

    at: int
    """Milliseconds since the epoch."""
    state: LinkState
    age: int
    rx: int
    tx: int


def column(values: Sequence[int | None]) -> array[int]:
    """The numbers of one column, as small as Python has them."""
    try:
        found: array[int] = array("q", values)  # type: ignore[arg-type]
    except (TypeError, OverflowError):
        pass  # a None, or far too much: not the rule, and told apart one by one
    else:
        if max(found, default=0) <= MOST:
            return found
    return array("q", [NONE if value is None else min(value, MOST) for value in values])


def pack(samples: Sequence[Sample]) -> bytes:
    """A run: at least one look, all with the same `to`."""
    first = samples[0]
    names = "\n".join(first.to).encode()
    states = [bytes(map(_LINK_CODES.__getitem__, sample.states)) for sample in samples]
    parts = [
        _HEAD.pack(len(samples), len(first.to), len(names)),
        names,
        array("q", [sample.at for sample in samples]).tobytes(),
        bytes(_HOST_CODES[sample.state] for sample in samples),
        bytes(_by_link(states)),
    ]
    for rows in zip(*((s.ages, s.rx, s.tx) for s in samples), strict=True):
        growth = _by_link(map(sub, row, before) for before, row in pairwise(rows))
        parts += [_planes(array("q", rows[0])), _planes(array("q", growth))]
    # Level 6 would be 1 % smaller, in twice the time.
    return zlib.compress(b"".join(parts), 4)


def _by_link(rows: Iterable[Iterable[int]]) -> Iterator[int]:
    """One link's numbers after the other's, from the looks' rows."""
    return chain.from_iterable(zip(*rows, strict=True))


def runs(samples: Iterable[Sample]) -> Iterator[list[Sample]]:
    """The looks by time, cut where a mesh with other members begins."""
    for _, same in groupby(sorted(samples, key=attrgetter("at")), key=attrgetter("to")):
        yield list(same)


class Run:
    """An unpacked run. Unreadable: it is none."""

    def __init__(self, packed: bytes) -> None:
        try:
            self._read(zlib.decompress(packed))
        except (zlib.error, ValueError, IndexError, struct.error) as error:
            raise Unreadable(str(error)) from error

    def _read(self, data: bytes) -> None:
        count, links, names = _HEAD.unpack_from(data)
        if count * (links + 1) > len(data):
            raise Unreadable("it is cut short")
        place = _HEAD.size
        self.to = tuple(data[place : place + names].decode().split("\n")) if links else ()
        place += names
        self.times = array("q", data[place : place + 8 * count])
        place += 8 * count
        self.hosts = [HOST_STATES[code] for code in data[place : place + count]]
        place += count
        self._states = data[place : place + count * links]
        place += count * links
        self._firsts: list[array[int]] = []
        self._mores: list[array[int]] = []
        for _ in range(3):
            first, place = _unplaned(data, place, links)
            more, place = _unplaned(data, place, links * (count - 1))
            self._firsts.append(first)
            self._mores.append(more)
        unknown = self._states.translate(None, bytes(range(len(LINK_STATES))))
        if len(self.to) != links or place != len(data) or unknown:
            raise Unreadable("its parts do not fit together")

    def samples(self) -> Iterator[Sample]:
        """Every look, in order."""
        return starmap(self._sample, enumerate(self._rows()))

    def last(self, at: int) -> Sample | None:
        """The last look that is no later than `at`."""
        place = bisect_right(self.times, at) - 1
        return self.look(place) if place >= 0 else None

    def look(self, place: int) -> Sample:
        """One look; -1: the last."""
        steps = len(self.times) - 1
        place %= len(self.times)

        def row(first: array[int], more: array[int]) -> Sequence[int]:
            changes = (more[step::steps] for step in range(place))
            return list(map(sum, zip(first, *changes, strict=True))) if place else first

        return self._sample(place, tuple(map(row, self._firsts, self._mores)))

    def grown(self) -> tuple[list[int], list[int]] | None:
        """What all links together received and sent from each look to the next.

        None: some number is missing, or fell back.
        """
        rx, tx = map(self._grown, self._firsts[1:], self._mores[1:])
        return (rx, tx) if rx is not None and tx is not None else None

    def _grown(self, first: array[int], more: array[int]) -> list[int] | None:
        if min(first, default=NONE) < 0 or min(more, default=0) < 0:
            return None
        steps = len(self.times) - 1
        return [sum(more[step::steps]) for step in range(steps)]

    def _rows(self) -> Iterator[tuple[Sequence[int], ...]]:
        """The three columns' numbers, look by look."""
        steps = len(self.times) - 1

        def rows(first: array[int], more: array[int]) -> Iterator[Sequence[int]]:
            changes = (more[step::steps] for step in range(steps))
            return accumulate(changes, lambda row, d: list(map(add, row, d)), initial=first)

        return zip(*map(rows, self._firsts, self._mores), strict=True)

    def _sample(self, place: int, columns: tuple[Sequence[int], ...]) -> Sample:
        codes = self._states[place :: len(self.times)]
        states = tuple(map(LINK_STATES.__getitem__, codes))
        return Sample(self.times[place], self.hosts[place], self.to, states, *columns)

    def link(self, to: str) -> list[LinkMoment]:
        """One direction, in order; empty: it was not there then."""
        if to not in self.to:
            return []
        place, count = self.to.index(to), len(self.times)
        states = self._states[place * count : (place + 1) * count]
        numbers = (
            accumulate(more[place * (count - 1) : (place + 1) * (count - 1)], initial=first[place])
            for first, more in zip(self._firsts, self._mores, strict=True)
        )
        codes = map(LINK_STATES.__getitem__, states)
        return list(map(LinkMoment, self.times, codes, *numbers))


def _planes(values: array[int]) -> bytes:
    """First the lowest byte of every number, then the next: the high ones are all alike."""
    raw = values.tobytes()
    planes = [raw[byte::8] for byte in range(8)]
    # What only goes on with the sign is left out.
    while len(planes) > 1 and planes[-1] == planes[-2].translate(_SIGNS):
        planes.pop()
    return bytes([len(planes)]) + b"".join(planes)


def _unplaned(data: bytes, place: int, count: int) -> tuple[array[int], int]:
    """The numbers that `_planes` put at `place`, and where they end."""
    width, place = data[place], place + 1
    raw, plane = bytearray(8 * count), b""
    for byte in range(8):
        if byte < width:
            plane = data[place : place + count]
            place += count
        elif byte == width:
            if plane.isascii():
                break  # none is below 0
            plane = plane.translate(_SIGNS)
        raw[byte::8] = plane
    return array("q", bytes(raw)), place
