"""The hosts that have no tunnel with each other, and how the way that they have instead does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from meshtui.fleet.events import HostPolled
from meshtui.mesh.bits import mask_of, places_of
from meshtui.mesh.links import links_of
from meshtui.mesh.model import Mesh
from meshtui.mesh.paths import carried, path, reachable
from meshtui.wg.health import LinkState

#: Best first.
_BY_WORTH: tuple[LinkState, ...] = ("up", "idle", "unknown", "stale", "missing", "never")


class Path(NamedTuple):
    """One direction."""

    from_: str
    to: str
    via: tuple[str, ...]
    """The hosts in between, the first first."""
    state: LinkState
    """Of the worst tunnel on the way, of both its directions."""


def paths(mesh: Mesh, polled: Iterable[HostPolled]) -> list[Path]:
    """Every direction between two hosts that goes through others, in the file's order."""
    ends = ((a, b) for a, b in reachable(mesh) if a in mesh.hosts and b in mesh.hosts)
    return list(along(mesh, polled, ends)) if any(carried(mesh)) else []


def along(
    mesh: Mesh, polled: Iterable[HostPolled], ends: Iterable[tuple[str, str]]
) -> Iterator[Path]:
    """The paths between these, less those that need nobody."""
    states = {(link.from_, link.to): link.state for one in polled for link in one.links}
    for from_, to in ends:
        way = path(mesh, from_, to) or ()
        if len(way) > 2:
            hops = [ends for hop in pairwise(way) for ends in (hop, hop[::-1])]
            worst = max((states.get(pair, "unknown") for pair in hops), key=_BY_WORTH.index)
            yield Path(from_, to, way[1:-1], worst)


class Through(NamedTuple):
    """How the directions between hosts do that go through others."""

    total: int
    poor: int
    ends: Iterator[tuple[str, str]]
    """Of those that do poorly, in the file's order."""


def through_others(
    mesh: Mesh, polled: Iterable[HostPolled], fine: Collection[LinkState]
) -> Through:
    """How many there are, and which have a tunnel on their way that is not `fine`.

    By sets of hosts: 1,000 in groups have a million such directions.
    """
    links, tables = links_of(mesh), carried(mesh)
    place, hosts = links.place, (1 << len(mesh.hosts)) - 1
    seen, seen_by = [0] * len(links.members), [0] * len(links.members)
    for one in polled:
        here = place[one.host.name]
        fine_ones = [place[link.to] for link in one.links if link.state in fine]
        seen[here] = mask_of(fine_ones)
        for there in fine_ones:
            seen_by[there] |= 1 << here
    both = [row & column for row, column in zip(seen, seen_by, strict=True)]

    def reached(here: int, wanted: int) -> int:
        """Those of `wanted` to which all the way is fine."""
        found = wanted & links.linked[here] & both[here]
        for peer, others in tables[here].items():
            if wanted & others and both[here] >> peer & 1:
                found |= reached(peer, wanted & others)
        return found

    poor, total = [], 0
    for here in range(len(mesh.hosts)):
        wanted = 0
        for others in tables[here].values():
            wanted |= others & hosts
        total += wanted.bit_count()
        poor.append(wanted & ~reached(here, wanted))
    names = list(mesh.hosts)
    ends = ((names[here], names[to]) for here, row in enumerate(poor) for to in places_of(row))
    return Through(total, sum(row.bit_count() for row in poor), ends)
