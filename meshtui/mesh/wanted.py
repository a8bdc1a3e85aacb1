"""From the mesh to the interface that each member should have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from ipaddress import IPv4Network, IPv6Network

from meshtui.mesh.bits import places_of
from meshtui.mesh.families import way
from meshtui.mesh.links import links_of, reached
from meshtui.mesh.model import NAT_KEEPALIVE, Device, Host, Member, Mesh
from meshtui.mesh.paths import carried, middles
from meshtui.wg.endpoint import Endpoint
from meshtui.wg.interface import Address, Forward, Interface, Network, Peer, Prefixes

_PeerOf = Callable[[Member, int, int], Peer]


def wanted(mesh: Mesh, hosts: Collection[str] | None = None) -> dict[str, Interface]:
    """The interface of every host, or of `hosts`.

    Each has as peers those that it should have a tunnel with (see `links.peers_of`), with
    their own prefixes and those of the members that it reaches through them. Addresses must
    be allocated and endpoints known (see `Host.endpoint`).
    """
    peer = _peers(mesh)
    passing = middles(mesh)
    exits = {member.exit for member in mesh.members.values() if not member.disabled}
    return {
        host.name: Interface(
            name=mesh.interface,
            public_key=host.public_key,
            addresses=host.addresses,
            listen_port=host.listen_port,
            mtu=host.mtu,
            peers=_entries(mesh, host, peer),
            forward=_forward(mesh, host, host.name in passing, host.name in exits),
            exit=None if host.disabled else host.exit,
        )
        for host in mesh.hosts.values()
        if hosts is None or host.name in hosts
    }


def wanted_of_device(mesh: Mesh, name: str) -> Interface:
    """What a device's own configuration should be."""
    device = mesh.peers[name]
    return Interface(
        name=mesh.interface,
        public_key=device.public_key,
        addresses=device.addresses,
        listen_port=device.endpoint.port if device.endpoint else 0,
        mtu=None,
        peers=_entries(mesh, device, _peers(mesh)),
    )


def single(address: Address) -> Network:
    """The network that holds this one address: /32 or /128."""
    if address.version == 4:
        return IPv4Network(address.ip)
    return IPv6Network(address.ip)


def prefixes(member: Member) -> list[Network]:
    """What the member has itself: its addresses, and what is behind it but for a /0."""
    return [*map(single, member.addresses), *(n for n in member.routes if n.prefixlen)]


def joined(mesh: Mesh) -> list[tuple[str, str]]:
    """Every direction that should have a tunnel between hosts, as (from, to) in file order."""
    return [(one.name, other.name) for one in mesh.hosts.values() for other in reached(mesh, one)]


def _entries(mesh: Mesh, member: Member, peer: _PeerOf) -> tuple[Peer, ...]:
    """The member's peers; its exit has the /0 as well."""
    links = links_of(mesh)
    here = links.place[member.name]
    through = carried(mesh)[here]
    found = tuple(peer(member, there, through.get(there, 0)) for there in links.peers[here])
    if member.exit is None:
        return found
    families = {address.version for address in member.addresses}
    routes = mesh.hosts[member.exit].routes
    outside = [n for n in routes if not n.prefixlen and n.version in families]
    return tuple(_with_more(one, outside) if one.name == member.exit else one for one in found)


def _peers(mesh: Mesh) -> _PeerOf:
    """What makes one member's entry for another, given whom it reaches through it.

    A host looks the same to most others: 200 hosts are 39,800 peers, and 200 or 400 values.
    """
    made: dict[tuple[int, int, int, Endpoint | None, str, bool], Peer] = {}
    members = links_of(mesh).members
    networks = [tuple(prefixes(member)) for member in members]
    texts = [tuple(map(str, own)) for own in networks]

    def peer(member: Member, place: int, others: int) -> Peer:
        keepalive = keepalive_of(member)
        other = members[place]
        endpoint, note = _endpoint(mesh, member, other)
        key = (place, others, keepalive, endpoint, note, isinstance(member, Host))
        if key not in made:
            owners = [place, *places_of(others)]
            made[key] = Peer(
                name=other.name,
                public_key=other.public_key,
                endpoint=endpoint,
                allowed_ips=Prefixes.of(
                    (network for owner in owners for network in networks[owner]),
                    (text for owner in owners for text in texts[owner]),
                ),
                persistent_keepalive=keepalive,
                preshared=mesh.preshared_keys
                and isinstance(member, Host)
                and isinstance(other, Host),
                note=note,
            )
        return made[key]

    return peer


def _with_more(peer: Peer, networks: Iterable[Network]) -> Peer:
    return Peer(
        name=peer.name,
        public_key=peer.public_key,
        endpoint=peer.endpoint,
        allowed_ips=(*peer.allowed_ips, *networks),
        persistent_keepalive=peer.persistent_keepalive,
        preshared=peer.preshared,
        note=peer.note,
    )


def _endpoint(mesh: Mesh, member: Member, other: Member) -> tuple[Endpoint | None, str]:
    """Where `other` can be reached, and a note on that; two behind NAT that have met: where
    others see it.
    """
    if isinstance(other, Device) or not other.behind_nat:
        return way(mesh, member, other)
    both = isinstance(member, Host) and member.behind_nat
    return (mesh.found.mapped.get(other.name) if both else None), ""


def keepalive_of(member: Member) -> int:
    """What keeps the way to it open: its own setting, or 25 s where NAT would forget it."""
    if member.persistent_keepalive or isinstance(member, Device):
        return member.persistent_keepalive
    return NAT_KEEPALIVE if member.behind_nat else 0


def _forward(mesh: Mesh, host: Host, passing: bool, is_exit: bool) -> Forward | None:
    """What the host passes on: others' traffic, and what goes to the networks behind it."""
    if host.disabled or not (passing or host.routes or is_exit):
        return None
    outward = is_exit or (bool(host.routes) and host.masquerade)
    return Forward(masquerade=mesh.networks if outward else (), to=host.routes)
