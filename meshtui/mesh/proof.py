"""Which directions prove that a mesh works."""

from __future__ import annotations

from collections.abc import Iterable, Set
from itertools import pairwise

from meshtui.mesh.links import links_of, reached
from meshtui.mesh.model import Mesh
from meshtui.mesh.paths import hops, path

#: So many hosts that one reaches through others are asked for; of more, those that stand
#: evenly in the file.
MOST_FAR = 60


def to_prove(
    mesh: Mesh, there: Set[str], hidden: Set[str] = frozenset()
) -> dict[str, dict[str, str | None]]:
    """Host -> the others that it is to reach -> through whom it sends; None: by a tunnel.

    Only where all on the way are `there`, and no tunnel is between two that are `hidden`:
    behind NAT, which `mesh` does not know. They come first, since only they can begin.
    """
    ways: dict[str, dict[str, str | None]] = {}
    full = all(not row for row in links_of(mesh).apart) and mesh.topology == "full"
    for name, host in mesh.hosts.items():
        if name in there:
            ways[name] = {o.name: None for o in reached(mesh, host) if o.name in there}
            if not full or mesh.links:
                ways[name] |= _far(mesh, name, there)
    if not hidden:
        return ways
    return {
        name: {o: by for o, by in ways[name].items() if not _meets(path(mesh, name, o), hidden)}
        for name in sorted(ways, key=lambda name: name not in hidden)
    }


def _meets(way: Iterable[str] | None, hidden: Set[str]) -> bool:
    return any({*hop} <= hidden for hop in pairwise(way or ()))


def _far(mesh: Mesh, name: str, there: Set[str]) -> dict[str, str | None]:
    onward = hops(mesh, name)
    far = [n for n, first in onward.items() if n != first and n in mesh.hosts and n in there]
    some = far[:: -(-len(far) // MOST_FAR) or 1]
    return {n: onward[n] for n in some if there >= {*(path(mesh, name, n) or (n,))}}
