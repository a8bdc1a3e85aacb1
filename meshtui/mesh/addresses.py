"""Mesh addresses for the members that have none yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Interface
from typing import TypeVar

from meshtui.errors import UsageError
from meshtui.mesh.model import Device, Host, Mesh
from meshtui.mesh.networks import network_of, reserved
from meshtui.wg.interface import Address, Network

M = TypeVar("M", Host, Device)


def allocate(mesh: Mesh) -> Mesh:
    """The mesh with an address for every member in every network.

    Each that has none in a network gets the lowest free one, hosts in the file's
    order, then devices; addresses that are there stay as they are, and stay first. Once
    written back they never move. UsageError: a network is full.
    """
    hosts, peers = mesh.hosts, mesh.peers
    for network in mesh.networks:
        known = [a for host in hosts.values() for a in host.addresses]
        known += [a for peer in peers.values() for a in peer.addresses]
        taken = {int(a) for a in known if network_of((network,), a)} | reserved(network)
        free = _free(network, taken)
        hosts = {name: _given(host, network, free) for name, host in hosts.items()}
        peers = {name: _given(peer, network, free) for name, peer in peers.items()}
    return replace(mesh, hosts=hosts, peers=peers)


def _given(member: M, network: Network, free: Iterator[Address]) -> M:
    if any(network_of((network,), address) for address in member.addresses):
        return member
    address = next(free, None)
    if address is None:
        raise UsageError(
            f"{network} has no free address left for {member.name}",
            hint=f"give [mesh] a larger network, or {member.name} an address",
        )
    return replace(member, addresses=(*member.addresses, address))


def _free(network: Network, taken: set[int]) -> Iterator[Address]:
    """The free addresses in rising order, made one by one: a /64 has 2^64."""
    make = IPv4Interface if network.version == 4 else IPv6Interface
    first = int(network.network_address)
    for number in range(first, first + network.num_addresses):
        if number not in taken:
            yield make((number, network.prefixlen))
