"""What is wrong with `[[links]]`."""

from __future__ import annotations

from collections.abc import Iterator

from meshtui.mesh.links import calls
from meshtui.mesh.model import Mesh
from meshtui.mesh.problem import Problem, key_path, shown


def check_links(mesh: Mesh) -> Iterator[Problem]:
    """What is wrong with the links that the file tells of: each is of two hosts, and there once."""
    first: dict[frozenset[str], int] = {}
    for number, link in enumerate(mesh.links, 1):
        key = key_path("links", str(number), "between")
        for name in dict.fromkeys(link.between):
            if name not in mesh.hosts and name not in mesh.peers:
                yield Problem(
                    key, f"there is no host {shown(name)}; expected the names of two hosts"
                )
        one, other = link.between
        if one == other:
            yield Problem(key, f"{one} is there twice; expected two hosts")
        elif one in mesh.peers and other in mesh.peers:
            yield Problem(
                key,
                f"{one} and {other} are both in [peers], and meshtui reaches neither; expected a "
                "host to be one of the two",
            )
        elif (same := first.setdefault(frozenset(link.between), number)) != number:
            yield Problem(
                key, f"{one} and {other} are in table {same} already; expected one for each link"
            )
    for number, link in enumerate(mesh.links, 1):
        if link.disabled or link.relay or frozenset(link.between) not in first:
            continue
        ends = [mesh.members[name] for name in link.between if name in mesh.members]
        if len(ends) == 2 and all(map(calls, ends)) and not all(e.name in mesh.hosts for e in ends):
            one, other = link.between
            yield Problem(
                key_path("links", str(number), "between"),
                f"{one} and {other} cannot call each other: neither is reached from outside; "
                "expected one to have an endpoint",
            )
