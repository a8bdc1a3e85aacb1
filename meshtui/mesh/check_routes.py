"""Networks behind members that would take packets from where they belong."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from meshtui.mesh.lookup import Lookup
from meshtui.mesh.model import Device, Host, Member, Mesh
from meshtui.mesh.networks import overlap, special
from meshtui.mesh.problem import Problem, key_of
from meshtui.mesh.target import parse_target
from meshtui.wg.endpoint import is_address

if TYPE_CHECKING:
    from meshtui.wg.interface import Network


def check_routes(mesh: Mesh) -> Iterator[Problem]:
    """Routes that overlap the mesh, each other, or where a tunnel itself has to go."""
    owned = [(n, member) for member in mesh.members.values() for n in member.routes]
    if not owned:
        return
    for network, member in owned:
        yield from _check_route(mesh, network, member)
    narrow = [(network, member) for network, member in owned if network.prefixlen]
    yield from _check_overlaps(mesh, narrow)
    routes = Lookup(owned for owned in narrow if not _in_mesh(mesh, owned[0]))
    for host in mesh.hosts.values():
        address = _outside(host)
        owner = routes.owner(address) if address else None
        if owner is not None:
            whose = "its own" if owner is host else f"{host.name}'s"
            yield Problem(
                key_of(owner, "routes"),
                f"{address} is {whose} endpoint, so the tunnel would lead into itself; expected "
                "networks without it",
            )


def _check_route(mesh: Mesh, network: Network, member: Member) -> Iterator[Problem]:
    key = key_of(member, "routes")
    if not network.prefixlen:
        if isinstance(member, Device):
            yield Problem(key, f"{network} is every address; expected a host to be the exit")
    elif why := special(network):
        yield Problem(key, f"{network} {why}; expected a network behind {member.name}")
    elif clash := _in_mesh(mesh, network):
        yield Problem(
            key,
            f"{network} overlaps the mesh's own network {clash}; expected one outside of it",
        )
    if member.routes.count(network) > 1:
        yield Problem(key, f"{network} is there twice; expected it once")


def _check_overlaps(mesh: Mesh, owned: list[tuple[Network, Member]]) -> Iterator[Problem]:
    """Networks overlap only where one is inside the other: by start, wider first, it follows."""
    order = {name: place for place, name in enumerate(mesh.members)}
    around: list[tuple[Network, Member]] = []

    def start(one: tuple[Network, Member]) -> tuple[int, int, int]:
        return one[0].version, int(one[0].network_address), one[0].prefixlen

    for network, member in sorted(owned, key=start):
        while around and not overlap(around[-1][0], network):
            around.pop()
        for wider, owner in around:
            if owner is not member:
                pair = sorted([(wider, owner), (network, member)], key=lambda o: order[o[1].name])
                (first, its), (second, late) = pair
                same = (
                    f"is also {its.name}'s"
                    if first == second
                    else (f"overlaps {its.name}'s {first}")
                )
                yield Problem(
                    key_of(late, "routes"), f"{second} {same}; expected networks of its own"
                )
        around.append((network, member))


def _in_mesh(mesh: Mesh, network: Network) -> Network | None:
    return next((own for own in mesh.networks if overlap(own, network)), None)


def _outside(host: Host) -> IPv4Address | IPv6Address | None:
    """The address that others send to, where the file says it as one."""
    if host.behind_nat:
        return None
    try:
        text = host.endpoint.host if host.endpoint else parse_target(host.ssh).host
    except ValueError:
        return None
    return ip_address(text) if is_address(text) else None
