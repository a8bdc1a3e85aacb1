"""What is wrong with `[[links]]`."""

from __future__ import annotations

from collections.abc import Iterator

from meshtui.mesh.links import calls
from meshtui.mesh.model import Link, Mesh
from meshtui.mesh.problem import Problem, key_path, shown


def check_links(mesh: Mesh) -> Iterator[Problem]:
    """Each is of two members, of which meshtui reaches one, and there once."""
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
        elif (same := first.setdefault(frozenset(link.between), number)) != number:
            yield Problem(
                key, f"{one} and {other} are in table {same} already; expected one for each link"
            )
        elif device := next((name for name in link.between if name in mesh.peers), None):
            yield from _check_device(mesh, link, device, str(number))
        if link.relay and link.disabled:
            relay = key_path("links", str(number), "relay")
            yield Problem(relay, "the link is disabled; expected disabled or relay, not both")


def _check_device(mesh: Mesh, link: Link, device: str, number: str) -> Iterator[Problem]:
    """What a link of one that meshtui reaches over no SSH cannot be."""
    one, other = link.between
    key = key_path("links", number, "between")
    if one in mesh.peers and other in mesh.peers:
        yield Problem(
            key,
            f"{one} and {other} are both in [peers], and meshtui reaches neither; expected a "
            "host to be one of the two",
        )
    elif link.relay:
        yield Problem(
            key_path("links", number, "relay"),
            f"{device} is in [peers], and comes in through hosts of its own; expected two "
            f"hosts, or through = [{shown(link.relay)}] in [{key_path('peers', device)}]",
        )
    elif not link.disabled and all(calls(m) for n, m in mesh.members.items() if n in link.between):
        yield Problem(
            key,
            f"{one} and {other} cannot call each other: neither is reached from outside; "
            "expected one to have an endpoint",
        )
