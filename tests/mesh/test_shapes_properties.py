"""What holds in a mesh of any shape, by what its interfaces say."""

from __future__ import annotations

from collections import defaultdict
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshtui.mesh.links import links_of, peers_of
from meshtui.mesh.model import Host, Mesh
from meshtui.mesh.paths import hops, path, reachable, transit
from meshtui.mesh.trace import tracer
from meshtui.mesh.wanted import prefixes, wanted, wanted_of_device
from meshtui.wg.interface import Interface
from tests.mesh.shapes import fleet, fleets

_SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def interfaces(mesh: Mesh) -> dict[str, Interface]:
    return wanted(mesh) | {name: wanted_of_device(mesh, name) for name in mesh.peers}


@given(fleets())
@_SLOW
def test_every_pair_with_a_path_reaches_each_other_by_it(mesh: Mesh) -> None:
    follow = tracer(interfaces(mesh))
    members = mesh.members
    found = set(reachable(mesh))
    for one in members:
        onward = hops(mesh, one)
        for other, member in members.items():
            if one == other:
                continue
            way = path(mesh, one, other)
            assert ((one, other) in found) == (way is not None)
            if way is None:
                assert other not in onward
                # What has an exit sends it everything, and others may do the same.
                if not getattr(mesh.members[one], "exit", None):
                    assert all(follow(one, a.ip).problem for a in member.addresses)
                continue
            assert onward[other] == way[1]
            for prefix in prefixes(member):
                inside = prefix[1] if prefix.num_addresses > 1 else prefix[0]
                if inside == prefix[0]:
                    assert follow(one, inside) == (way, None)
                else:
                    assert follow(one, inside).hops == way


@given(fleets())
@_SLOW
def test_a_path_is_the_same_back_and_through_transit_hosts_alone(mesh: Mesh) -> None:
    may = set(transit(mesh))
    for one, other in reachable(mesh):
        way = path(mesh, one, other)
        assert way is not None
        assert path(mesh, other, one) == way[::-1]
        assert len(set(way)) == len(way)
        assert mesh.found.down.isdisjoint(way[1:-1])
        if len(way) > 3:
            assert may.issuperset(way[1:-1])


@given(fleets())
@_SLOW
def test_no_prefix_has_two_owners_on_an_interface(mesh: Mesh) -> None:
    for name, one in interfaces(mesh).items():
        owned = [prefix for peer in one.peers for prefix in peer.allowed_ips]
        assert len(set(owned)) == len(owned)
        assert set(prefixes(mesh.members[name])).isdisjoint(owned)
        if name in mesh.hosts:
            assert all(prefix.prefixlen for prefix in owned)
        for peer in one.peers:
            assert peer.prefixes == tuple(map(str, peer.allowed_ips))


@given(fleets())
@_SLOW
def test_links_are_mutual_and_somebody_can_call(mesh: Mesh) -> None:
    made = interfaces(mesh)
    for name, one in made.items():
        for peer in one.peers:
            back = next(p for p in made[peer.name].peers if p.name == name)
            assert peer.endpoint or back.endpoint
            assert peer.preshared == back.preshared


@given(st.integers(1, 60), st.integers(0, 4))
@_SLOW
def test_peer_entries_are_as_many_as_the_shape_needs(hosts: int, devices: int) -> None:
    def entries(topology: str) -> int:
        mesh = fleet(Random(1), hosts, devices, topology, 0)  # type: ignore[arg-type]
        return sum(len(one.peers) for one in wanted(mesh).values())

    hubs = min(hosts, 2)
    assert entries("full") == hosts * (hosts - 1) + devices * hosts
    assert entries("hub") == hubs * (hubs - 1) + 2 * hubs * (hosts - hubs) + devices * hubs
    groups: dict[int, int] = defaultdict(int)
    for number in range(hosts):
        groups[number // 5] += 1
    gateways = [min(2, size) for size in groups.values()]
    between = sum(gateways) ** 2 - sum(count**2 for count in gateways)
    inside = sum(size * (size - 1) for size in groups.values())
    assert entries("groups") == inside + between + devices * sum(gateways)


@given(fleets())
@_SLOW
def test_who_forwards_is_in_the_middle_or_has_networks_behind_it(mesh: Mesh) -> None:
    middle = {name for pair in reachable(mesh) for name in (path(mesh, *pair) or ())[1:-1]}
    exits = {device.exit for device in mesh.peers.values() if not device.disabled}
    for name, one in wanted(mesh).items():
        host = mesh.hosts[name]
        needed = name in middle or name in exits or bool(host.routes)
        assert (one.forward is not None) == (needed and not host.disabled)


@given(fleets())
@_SLOW
def test_nobody_has_a_tunnel_that_was_taken_away(mesh: Mesh) -> None:
    for link in mesh.links:
        one, other = (mesh.members[name] for name in link.between)
        if link.disabled or link.relay or one.disabled or other.disabled:
            assert other not in peers_of(mesh, one)
            assert one not in peers_of(mesh, other)
    links = links_of(mesh)
    for place, member in enumerate(links.members):
        for other in peers_of(mesh, member):
            if isinstance(member, Host) and isinstance(other, Host):
                both = member.behind_nat and other.behind_nat
                assert not both or frozenset((member.name, other.name)) in mesh.found.met
            assert links.linked[links.place[other.name]] >> place & 1
