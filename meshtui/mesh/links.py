"""Which hosts should have a tunnel with which, and what is wrong with `[[links]]`."""

from __future__ import annotations

from collections.abc import Iterator

from meshtui.mesh.model import Host, Mesh
from meshtui.mesh.problem import Problem, key_path, shown


def peers_of(mesh: Mesh, host: Host) -> list[Host]:
    """Whom `host` should have as peers, in the file's order."""
    if host.disabled:
        return []
    apart = {
        name
        for link in mesh.links
        if link.disabled and host.name in link.between
        for name in link.between
    }
    return [
        other
        for other in mesh.hosts.values()
        if other.name != host.name and not other.disabled and other.name not in apart
    ]


def reached(mesh: Mesh, host: Host) -> list[Host]:
    """Those of its peers that `host` should have a tunnel with.

    Two hosts that are both behind NAT have no way to each other yet.
    """
    return [o for o in peers_of(mesh, host) if not (host.behind_nat and o.behind_nat)]


def check_links(mesh: Mesh) -> Iterator[Problem]:
    """What is wrong with the links that the file tells of: each is of two hosts, and there once."""
    first: dict[frozenset[str], int] = {}
    for number, link in enumerate(mesh.links, 1):
        key = key_path("links", str(number), "between")
        for name in dict.fromkeys(link.between):
            if name not in mesh.hosts:
                yield Problem(
                    key, f"there is no host {shown(name)}; expected the names of two hosts"
                )
        one, other = link.between
        if one == other:
            yield Problem(key, f"{one} is there twice; expected two hosts")
        elif (same := first.setdefault(frozenset(link.between), number)) != number:
            yield Problem(
                key, f"{one} and {other} are in table {same} already; expected one for each link"
            )
