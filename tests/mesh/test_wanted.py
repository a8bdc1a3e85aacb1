from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_interface, ip_network
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from meshtui.mesh.links import blocked, peers_of, reached
from meshtui.mesh.model import NAT_KEEPALIVE, Host, Link, Mesh
from meshtui.mesh.wanted import joined, single, wanted
from meshtui.wg.endpoint import Endpoint


@st.composite
def meshes(draw: st.DrawFn) -> Mesh:
    hosts = {}
    for number in range(1, draw(st.integers(1, 6)) + 1):
        nat = draw(st.booleans())
        name = f"h{number}"
        hosts[name] = Host(
            name,
            name,
            addresses=(ip_interface(f"10.0.0.{number}/24"), ip_interface(f"fd10::{number}/64")),
            endpoint=None if nat else Endpoint(f"203.0.113.{number}", 51820),
            behind_nat=nat,
            persistent_keepalive=draw(st.sampled_from([0, 0, 15])),
            disabled=draw(st.sampled_from([False, False, False, True])),
        )
    links = [
        Link(draw(st.permutations(pair)), disabled=draw(st.booleans()))
        for pair in combinations(hosts, 2)
        if draw(st.integers(0, 3)) == 0
    ]
    networks = ip_network("10.0.0.0/24"), ip_network("fd10::/64")
    return Mesh("m", networks, preshared_keys=draw(st.booleans()), hosts=hosts, links=tuple(links))


@given(meshes())
def test_each_has_all_others_but_what_is_disabled_or_apart_and_never_itself(mesh: Mesh) -> None:
    found = wanted(mesh)
    assert list(found) == list(mesh.hosts)
    for name, one in found.items():
        assert [peer.name for peer in one.peers] == [
            other.name
            for other in mesh.hosts.values()
            if other.name != name
            and not other.disabled
            and not mesh.hosts[name].disabled
            and not (mesh.hosts[name].behind_nat and other.behind_nat)
            and not any(
                link.disabled and set(link.between) == {name, other.name} for link in mesh.links
            )
        ]
        assert one.addresses == mesh.hosts[name].addresses
        for peer in one.peers:
            other = mesh.hosts[peer.name]
            assert peer.endpoint == other.endpoint
            assert peer.preshared is mesh.preshared_keys
            assert peer.prefixes[:2] == tuple(str(single(a)) for a in other.addresses)


@given(meshes())
def test_who_keeps_the_way_open(mesh: Mesh) -> None:
    for name, one in wanted(mesh).items():
        host = mesh.hosts[name]
        for peer in one.peers:
            expected = host.persistent_keepalive or (NAT_KEEPALIVE if host.behind_nat else 0)
            assert peer.persistent_keepalive == expected


@given(meshes())
def test_directions(mesh: Mesh) -> None:
    pairs = joined(mesh)
    assert len(set(pairs)) == len(pairs)
    assert {(b, a) for a, b in pairs} == set(pairs)
    nat = {name for name, host in mesh.hosts.items() if host.behind_nat}
    entries = {(name, peer.name) for name, one in wanted(mesh).items() for peer in one.peers}
    assert set(pairs) == {(a, b) for a, b in entries if not {a, b} <= nat}


def test_what_is_disabled_is_apart() -> None:
    hosts = {name: Host(name, name, behind_nat=name in "cd") for name in "abcd"}
    mesh = Mesh("m", (), hosts=hosts, links=(Link(("b", "a"), disabled=True), Link(("a", "c"))))

    def names(of: Callable[[Mesh, Host], list[Host]], mesh: Mesh, name: str) -> str:
        return "".join(host.name for host in of(mesh, mesh.hosts[name]))

    assert [names(peers_of, mesh, name) for name in "abcd"] == ["cd", "cd", "ab", "ab"]
    assert [names(reached, mesh, name) for name in "abcd"] == ["cd", "cd", "ab", "ab"]
    assert [names(blocked, mesh, name) for name in "abcd"] == ["", "", "d", "c"]
    off = replace(mesh, hosts={**hosts, "d": replace(hosts["d"], disabled=True)})
    assert [names(peers_of, off, name) for name in "abcd"] == ["c", "c", "ab", ""]


def test_the_network_of_one_address() -> None:
    assert single(ip_interface("10.0.0.1/24")) == ip_network("10.0.0.1/32")
    assert single(ip_interface("fd10::1/64")) == ip_network("fd10::1/128")
