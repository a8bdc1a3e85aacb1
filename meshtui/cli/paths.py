"""The hosts that have no tunnel with each other, and how the way that they have instead does."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from meshtui.fleet.events import HostPolled
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
    if not any(carried(mesh)):
        return []
    states = {(link.from_, link.to): link.state for one in polled for link in one.links}
    found = []
    for from_, to in reachable(mesh):
        if from_ not in mesh.hosts or to not in mesh.hosts:
            continue
        way = path(mesh, from_, to) or ()
        if len(way) > 2:
            ends = [ends for hop in pairwise(way) for ends in (hop, hop[::-1])]
            worst = max((states.get(pair, "unknown") for pair in ends), key=_BY_WORTH.index)
            found.append(Path(from_, to, way[1:-1], worst))
    return found
