"""Meshes of IPv6 alone, and of both families: below, and above."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from meshtui_on import apply, directions, edit, on, plan
from reach import mesh_addresses, peers, unanswered

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
NAMES = ["server-a", "server-b", "server-c", "server-d"]
V4, V6 = "10.0.0.0/24", "fd10:6d65:7368::/64"


def formed(lab: Lab, families: set[int]) -> None:
    """Every pair reaches each other by each family: in a full mesh, and through a hub."""
    assert directions(apply(lab)) == (12, 12)
    addresses = mesh_addresses(lab, NAMES)
    assert all({6 if ":" in at else 4 for at in own} == families for own in addresses.values())
    assert unanswered(lab, addresses) == set()
    edit(lab, 'topology = "full"', 'topology = "hub"')
    edit(lab, "[hosts.server-b]\n", "[hosts.server-b]\nhub = true\n")
    apply(lab)
    assert [peers(lab, name) for name in NAMES] == [1, 3, 1, 1]
    assert unanswered(lab, addresses) == set()
    plan(lab, code=0)


def test_ipv6_alone(lab: Callable[..., Lab]) -> None:
    one = lab(4, v6=True, networks=(V6,))
    formed(one, {6})
    endpoints = on(one, "server-b", "wg", "show", "wg0", "endpoints").split()[1::2]
    assert len(endpoints) == 3 and all(at.startswith("[") for at in endpoints)
    # Nothing of the other family was turned on.
    assert on(one, "server-b", "sysctl", "-n", "net.ipv4.ip_forward") == "0\n"


@pytest.mark.parametrize("below", [4, 6])
def test_both_families(lab: Callable[..., Lab], below: int) -> None:
    formed(lab(4, v6=below == 6, networks=(V4, V6)), {4, 6})
