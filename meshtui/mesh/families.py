"""By which family a pair has its tunnel, where its members can be reached by both."""

from __future__ import annotations

from ipaddress import ip_address

from meshtui.mesh.links import links_of
from meshtui.mesh.model import Device, Host, Member, Mesh
from meshtui.wg.endpoint import Endpoint

#: What a comment in a host's file ends with, where a pair is on its second choice.
SECOND = "does not get through (meshtui)"


def by_family(member: Member) -> dict[int, Endpoint]:
    """IP version -> where the member is reached by it, the first choice first.

    Of a name, the first stays a name; nothing, while nobody has looked it up.
    """
    if not isinstance(member, Host) or not member.looked_up:
        return {_version(at.host): at for at in member.endpoints if at.is_address}
    assert member.endpoint
    ports = [Endpoint(address, member.endpoint.port) for address in member.looked_up]
    return {_version(at.host): at for at in ports} | {_version(ports[0].host): member.endpoint}


def families(mesh: Mesh, one: Member, other: Member) -> list[int]:
    """The IP versions by which the two can have a tunnel, the first choice first.

    WireGuard sends to where packets come from, so both ends must mean the same: what both
    have, in the order of the one that stands first in the file. Who only calls has any.
    """
    place = links_of(mesh).place
    first, last = sorted((one, other), key=lambda member: place[member.name])
    mine, theirs = by_family(first), by_family(last)
    return [version for version in mine or theirs if version in (theirs or mine)]


def way(mesh: Mesh, here: Member, to: Member) -> tuple[Endpoint | None, str]:
    """Where `here` reaches `to`, and why not by the first choice; empty: it is that."""
    # Most have one, and a mesh has very many pairs.
    if isinstance(to, Device) or not (to.second or to.looked_up[1:]):
        return to.endpoint, ""
    own = by_family(to)
    if len(own) < 2 or not (both := families(mesh, here, to)):
        return to.endpoint, ""
    second = mesh.found.second.get(frozenset((here.name, to.name)))
    if second in both[1:]:
        return own[second], f"# by IPv{second}: IPv{both[0]} {SECOND}"
    return own[both[0]], ""


def second_choices(mesh: Mesh, host: Host) -> dict[str, int]:
    """Those that the host has a tunnel with by its second choice -> the IP version of that."""
    return {
        other: version
        for pair, version in mesh.found.second.items()
        if host.name in pair and len(pair) == 2 and pair <= mesh.members.keys()
        for other in pair - {host.name}
        if version in families(mesh, host, mesh.members[other])[1:]
    }


def _version(address: str) -> int:
    return ip_address(address).version
