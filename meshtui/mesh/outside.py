"""Who is to call whom, to learn which hosts can be reached from outside."""

from __future__ import annotations

from collections.abc import Collection, Set
from itertools import permutations

from meshtui.mesh.links import reached
from meshtui.mesh.model import Mesh

#: So many hosts call the same one: what one of them says nobody else need not mean much.
_CALLERS = 3

Call = tuple[str, str]
"""(who calls, who is called)"""


def next_calls(
    mesh: Mesh, unsure: Collection[str], there: Set[str], called: Set[Call]
) -> dict[str, list[str]]:
    """Hosts of `unsure` -> who of `there` is to call each of them next; empty: there is nobody.

    NAT lets in whoever was called from inside. So a host that is to be called must not have
    called its caller, and whoever is unsure calls only where nobody else can.
    """
    calls = {}
    for name in unsure:
        callers = [
            other.name
            for other in reached(mesh, mesh.hosts[name])
            if other.name in there and other.name not in unsure
            if not _spoke(called, other.name, name)
        ]
        callers.sort(key=lambda caller: mesh.hosts[caller].behind_nat)
        if callers:
            calls[name] = callers[:_CALLERS]
    if not calls:
        for caller, name in permutations(unsure, 2):
            linked = mesh.hosts[caller] in reached(mesh, mesh.hosts[name])
            if linked and not _spoke(called, caller, name):
                return {name: [caller]}
    return calls


def _spoke(called: Set[Call], one: str, other: str) -> bool:
    return not called.isdisjoint({(one, other), (other, one)})
