"""From the mesh to the interface that each host should have."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network

from meshtui.mesh.links import peers_of, reached
from meshtui.mesh.model import NAT_KEEPALIVE, Host, Mesh
from meshtui.wg.interface import Address, Interface, Network, Peer


def wanted(mesh: Mesh, hosts: Collection[str] | None = None) -> dict[str, Interface]:
    """The interface of every host, or of `hosts`: in a full mesh, each has all others as peers.

    Not so those that are disabled, or whose link is. Addresses must be allocated and
    endpoints known (see `Host.endpoint`).
    """
    # A host looks the same to most others: 200 hosts are 39,800 peers, and 200 or 400 values.
    made: dict[tuple[str, int], Peer] = {}

    def peer(host: Host, other: Host) -> Peer:
        keepalive = _keepalive(host, other)
        if (other.name, keepalive) not in made:
            made[other.name, keepalive] = Peer(
                name=other.name,
                public_key=other.public_key,
                endpoint=other.endpoint,
                allowed_ips=tuple(single(address) for address in other.addresses),
                persistent_keepalive=keepalive,
                preshared=mesh.preshared_keys,
            )
        return made[other.name, keepalive]

    return {
        host.name: Interface(
            name=mesh.interface,
            public_key=host.public_key,
            addresses=host.addresses,
            listen_port=host.listen_port,
            mtu=host.mtu,
            peers=tuple(peer(host, other) for other in peers_of(mesh, host)),
        )
        for host in mesh.hosts.values()
        if hosts is None or host.name in hosts
    }


def single(address: Address) -> Network:
    """The network that holds this one address: /32 or /128."""
    if address.version == 4:
        return IPv4Network(address.ip)
    return IPv6Network(address.ip)


def joined(mesh: Mesh) -> list[tuple[str, str]]:
    """Every direction that should have a tunnel, as (from, to) in the file's order."""
    return [(one.name, other.name) for one in mesh.hosts.values() for other in reached(mesh, one)]


def _keepalive(host: Host, other: Host) -> int:
    """What keeps the way to `host` open: its own setting, or 25 s where NAT would forget it."""
    if host.persistent_keepalive:
        return host.persistent_keepalive
    return NAT_KEEPALIVE if host.behind_nat and not other.behind_nat else 0
