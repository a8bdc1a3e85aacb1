"""Which hosts may be behind NAT: those that SSH reaches at an address that is not their own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meshtui.errors import HostError, Unreachable
from meshtui.mesh.model import Host
from meshtui.plan.doubt import doubtful
from meshtui.plan.model import PlanInputs
from meshtui.plan.seen import Seen, parse_seen
from meshtui.wg.endpoint import Endpoint
from tests.plan.fleets import make_mesh

PLACED = make_mesh(1)
A = PLACED.hosts["a"]
INSIDE = Seen(own=frozenset({"127.0.0.1", "192.168.1.2", "10.0.0.1"}))


def doubted(written: Host, seen: Seen | HostError, placed: Host = A) -> dict[str, str]:
    mesh = replace(PLACED, hosts={"a": placed})
    return doubtful(PlanInputs(mesh, replace(mesh, hosts={"a": written}), {"a": seen}, {}))


def test_an_address_that_is_not_its_own() -> None:
    why = {"a": "ssh reaches it at 203.0.113.1, which is no address of its own"}
    assert doubted(replace(A, endpoint=None), INSIDE) == why


@pytest.mark.parametrize(
    "seen",
    [
        replace(INSIDE, own=INSIDE.own | {"203.0.113.1"}),
        replace(INSIDE, own=frozenset()),
        Unreachable("gone"),
    ],
    ids=["its own", "it did not say", "not there"],
)
def test_others_are_not_doubted(seen: Seen | HostError) -> None:
    assert not doubted(replace(A, endpoint=None), seen)


def test_what_mesh_toml_says_is_not_doubted() -> None:
    assert not doubted(A, INSIDE)
    behind = replace(A, endpoint=None, behind_nat=True)
    assert not doubted(behind, INSIDE, behind)


def test_an_address_can_be_written_in_many_ways() -> None:
    placed = replace(A, endpoint=Endpoint("2001:DB8:0::1", 51820))
    written = replace(A, endpoint=None)
    assert doubted(written, INSIDE, placed)
    assert not doubted(written, replace(INSIDE, own=frozenset({"2001:db8::1"})), placed)


def test_a_host_says_its_addresses() -> None:
    seen = parse_seen(
        "wg0",
        b"@addresses\n|1: lo    inet 127.0.0.1/8 scope host lo\n"
        b"|2: eth0    inet 192.168.1.2/24 scope global eth0\n"
        b"|7: wg0    inet6 fe80::1/64 scope link\n",
    )
    assert seen.own == {"127.0.0.1", "192.168.1.2", "fe80::1"}
