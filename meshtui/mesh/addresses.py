"""Mesh addresses for the hosts that have none yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Interface

from meshtui.errors import UsageError
from meshtui.mesh.model import Host, Mesh
from meshtui.mesh.networks import network_of, reserved
from meshtui.wg.interface import Address, Network


def allocate(mesh: Mesh) -> Mesh:
    """The mesh with an address for every host in every network.

    Each host that has none in a network gets the lowest free one, hosts in the
    file's order; addresses that are there stay as they are, and stay first. Once
    written back they never move. UsageError: a network is full.
    """
    hosts = mesh.hosts
    for network in mesh.networks:
        taken = {
            int(a) for h in hosts.values() for a in h.addresses if network_of((network,), a)
        } | reserved(network)
        free = _free(network, taken)
        hosts = {name: _given(host, network, free) for name, host in hosts.items()}
    return replace(mesh, hosts=hosts)


def _given(host: Host, network: Network, free: Iterator[Address]) -> Host:
    if any(network_of((network,), address) for address in host.addresses):
        return host
    address = next(free, None)
    if address is None:
        raise UsageError(
            f"{network} has no free address left for {host.name}",
            hint="give [mesh] a larger network, or the host an address",
        )
    return replace(host, addresses=(*host.addresses, address))


def _free(network: Network, taken: set[int]) -> Iterator[Address]:
    """The free addresses in rising order, made one by one: a /64 has 2^64."""
    make = IPv4Interface if network.version == 4 else IPv6Interface
    first = int(network.network_address)
    for number in range(first, first + network.num_addresses):
        if number not in taken:
            yield make((number, network.prefixlen))
