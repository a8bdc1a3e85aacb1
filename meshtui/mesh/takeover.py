"""Who carries what a host did that does not answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from meshtui.mesh.bits import places_of
from meshtui.mesh.links import links_of
from meshtui.mesh.model import Mesh
from meshtui.mesh.paths import carried, reach


def spared(mesh: Mesh, silent: Collection[str]) -> frozenset[str]:
    """Those of the `silent` hosts for which others take over.

    Without any other, what leads through it stays: so it works again as soon as it is back.
    """
    found: frozenset[str] = frozenset()
    before = _reach(_without(mesh, found))
    for name in (host for host in mesh.hosts if host in silent):
        own = links_of(mesh).place[name]
        now = _reach(_without(mesh, found | {name}))
        # Who reached it itself does not count.
        lost = (row & ~now[at] & ~(1 << own) for at, row in enumerate(before) if at != own)
        if not any(lost):
            found |= {name}
    return found


def takers(mesh: Mesh, name: str) -> list[str]:
    """Whom others send to now instead of `name`, which is down, in the file's order."""
    links, was = links_of(mesh), carried(_without(mesh, mesh.found.down - {name}))
    own, found = links.place[name], 0
    for before, now in zip(was, carried(mesh), strict=True):
        moved = before.get(own, 0)
        for peer, others in now.items():
            found |= (1 << peer) if peer != own and others & moved else 0
    return [links.members[place].name for place in places_of(found)]


def _without(mesh: Mesh, down: frozenset[str]) -> Mesh:
    return replace(mesh, found=replace(mesh.found, down=down))


def _reach(mesh: Mesh) -> list[int]:
    return [reach(mesh, place) for place in range(len(links_of(mesh).members))]
