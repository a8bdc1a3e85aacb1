"""By which family a pair has its tunnel."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from meshtui.mesh.families import by_family
from meshtui.mesh.model import Found, Host, Mesh
from meshtui.mesh.wanted import wanted
from meshtui.wg.endpoint import Endpoint
from tests.plan.fleets import make_mesh

ORDERS = ((4,), (6,), (4, 6), (6, 4), ())


def reached_by(mesh: Mesh, *orders: tuple[int, ...]) -> Mesh:
    """The mesh with hosts of these families, in this order; of none: behind NAT."""

    def one(number: int, host: Host) -> Host:
        at = [Endpoint({4: f"203.0.113.{number}", 6: f"2001:db8::{number}"}[v], 9)
              for v in orders[number]]  # fmt: skip
        first, second = (*at, None, None)[:2]
        return replace(host, endpoint=first, second=second, behind_nat=not at)

    hosts = {h.name: one(number, h) for number, h in enumerate(mesh.hosts.values())}
    return replace(mesh, hosts=hosts)


def used(mesh: Mesh) -> dict[tuple[str, str], int | None]:
    """(from, to) -> the IP version of the endpoint."""
    return {
        (name, peer.name): peer.endpoint and (6 if ":" in peer.endpoint.host else 4)
        for name, interface in wanted(mesh).items()
        for peer in interface.peers
    }


def test_the_first_that_both_have_by_the_earlier_hosts_order() -> None:
    mesh = reached_by(make_mesh(4), (6, 4), (4, 6), (4,), ())
    ways = used(mesh)
    assert ways["a", "b"] == ways["b", "a"] == 6
    assert ways["a", "c"] == ways["b", "c"] == ways["c", "b"] == 4
    # Who only calls takes the other's own order.
    assert (ways["d", "a"], ways["d", "b"], ways["a", "d"]) == (6, 4, None)


def test_a_second_choice_is_both_ends_and_the_files_say_so() -> None:
    mesh = reached_by(make_mesh(3), (6, 4), (6, 4), (6, 4))
    mesh = replace(mesh, found=Found(second={frozenset("ab"): 4}))
    assert used(mesh) == {
        (one, other): 4 if {one, other} == {*"ab"} else 6
        for one in "abc"
        for other in "abc"
        if one != other
    }
    notes = {(n, p.name): p.note for n, one in wanted(mesh).items() for p in one.peers if p.note}
    said = "# by IPv4: IPv6 does not get through (meshtui)"
    assert notes == {("a", "b"): said, ("b", "a"): said}
    # With the other order it is the first choice.
    turned = reached_by(mesh, (4, 6), (4, 6), (6, 4))
    assert not any(peer.note for one in wanted(turned).values() for peer in one.peers)


def test_whose_first_choice_it_is_has_no_note_of_it() -> None:
    mesh = reached_by(make_mesh(3), (6, 4), (4, 6), (6, 4))
    mesh = replace(mesh, found=Found(second={frozenset("ac"): 4}))
    assert used(mesh)["a", "c"] == used(mesh)["b", "c"] == 4
    found = wanted(mesh)
    assert [peer.note for peer in found["b"].peers] == ["", ""]
    assert [bool(peer.note) for peer in found["a"].peers] == [False, True]


@given(
    st.lists(st.sampled_from(ORDERS), min_size=2, max_size=6),
    st.dictionaries(
        st.frozensets(st.sampled_from("abcdef"), min_size=2, max_size=2), st.sampled_from([4, 6])
    ),
)
def test_both_ends_use_the_same_family_where_they_have_one(
    orders: list[tuple[int, ...]], second: dict[frozenset[str], int]
) -> None:
    mesh = replace(reached_by(make_mesh(len(orders)), *orders), found=Found(second=second))
    ways = used(mesh)
    for one, other in combinations(mesh.hosts, 2):
        both = by_family(mesh.hosts[one]).keys() & by_family(mesh.hosts[other]).keys()
        if both:
            assert ways[one, other] == ways[other, one]
            assert ways[one, other] in both
