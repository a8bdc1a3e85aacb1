"""The networks of a mesh: which can be one, how many hosts fit in, which address is no host's."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from itertools import combinations
from typing import TYPE_CHECKING

from meshtui.mesh.model import Mesh
from meshtui.mesh.problem import Problem

if TYPE_CHECKING:
    from meshtui.wg.interface import Address, Network

#: No host can have an address in these, or it would not leave the machine (RFC 6890).
_UNUSABLE: dict[str, str] = {
    "0.0.0.0/8": "means this network itself",
    "127.0.0.0/8": "is loopback",
    "169.254.0.0/16": "is link-local (and has the clouds' metadata address in it)",
    "224.0.0.0/4": "is multicast",
    "240.0.0.0/4": "is reserved",
    "::/96": "is loopback and other special addresses",
    "::ffff:0:0/96": "is IPv4 in disguise",
    "fe80::/10": "is link-local",
    "ff00::/8": "is multicast",
}
_UNUSABLE_NETWORKS = [(ip_network(text), why) for text, why in _UNUSABLE.items()]
#: Wider than this and the mesh's route would swallow a good part of the Internet.
_WIDEST = {4: 8, 6: 32}


def network_of(networks: tuple[Network, ...], address: Address) -> Network | None:
    """The network that holds `address`, or None."""
    return next(
        (n for n in networks if n.version == address.version and address.ip in n),
        None,
    )


def reserved(network: Network) -> frozenset[int]:
    """The addresses of `network`, as numbers, that no host can have.

    IPv4: the network's own and its broadcast address, but for /31 and /32 (RFC
    3021). IPv6: the subnet-router anycast address, but for /127 and /128 (RFC 6164).
    """
    if network.max_prefixlen - network.prefixlen < 2:
        return frozenset()
    first = int(network.network_address)
    if network.version == 4:
        return frozenset({first, int(network.broadcast_address)})
    return frozenset({first})


def capacity(network: Network) -> int:
    """How many addresses of `network` hosts can have."""
    return network.num_addresses - len(reserved(network))


def unusable(network: Network) -> str | None:
    """Why no mesh can have the network, in words that follow its name; None: it can."""
    widest = _WIDEST[network.version]
    if network.prefixlen < widest:
        return f"would route far more than a mesh into it; expected /{widest} or longer"
    if why := special(network):
        return f'{why}; expected a private one, such as "10.0.0.0/24"'
    return None


def special(network: Network) -> str | None:
    """What the network is, where packets to it never leave a machine; None: they do."""
    return next((why for known, why in _UNUSABLE_NETWORKS if overlap(network, known)), None)


def check_networks(mesh: Mesh) -> Iterator[Problem]:
    """What is wrong with the networks themselves, before any host is looked at."""
    key = "mesh.networks"
    if not mesh.networks:
        yield Problem(key, 'there is none; expected at least one, such as ["10.0.0.0/24"]')
    for network in mesh.networks:
        if why := unusable(network):
            yield Problem(key, f"{network} {why}")
    for one, other in combinations([n for n in mesh.networks if not unusable(n)], 2):
        if overlap(one, other):
            yield Problem(
                key, f"{one} and {other} overlap; expected networks that share no address"
            )
    for network in mesh.networks:
        yield from _check_room(mesh, network)


def _check_room(mesh: Mesh, network: Network) -> Iterator[Problem]:
    """Every member needs an address in every network; some have more than one."""
    needed = 0
    for member in mesh.members.values():
        own = {a.ip for a in member.addresses if network_of((network,), a)}
        needed += max(1, len(own))
    if needed <= capacity(network):
        return
    prefix = network.prefixlen
    while prefix > 0 and capacity(network.supernet(new_prefix=prefix)) < needed:
        prefix -= 1
    yield Problem(
        "mesh.networks",
        f"{network} has {capacity(network)} addresses for hosts, and {needed} are needed; "
        f"expected {network.supernet(new_prefix=prefix)} or larger",
    )


def overlap(one: Network, other: Network) -> bool:
    """Whether they share an address."""
    # overlaps() takes both versions at run time and answers False across them, but mypy
    # wants to know the version.
    if one.version == 4 and other.version == 4:
        return one.overlaps(other)
    if one.version == 6 and other.version == 6:
        return one.overlaps(other)
    return False
