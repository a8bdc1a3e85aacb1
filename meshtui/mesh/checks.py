"""What is wrong with a mesh, all of it at once, each time with the names that clash.

A host may have several addresses in one network (a service address beside its
own), and none where one is still to be allocated.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from ipaddress import ip_interface

from meshtui.mesh.check_links import check_links
from meshtui.mesh.check_routes import check_routes
from meshtui.mesh.check_shape import check_shape
from meshtui.mesh.hostsfile import check_names
from meshtui.mesh.model import Device, Host, Member, Mesh
from meshtui.mesh.names import is_host_name, is_interface_name
from meshtui.mesh.networks import check_networks, network_of, reserved, unusable
from meshtui.mesh.problem import Problem, in_order, key_of, shown
from meshtui.mesh.target import LOCAL, parse_target
from meshtui.wg.endpoint import Endpoint, is_address
from meshtui.wg.keys import is_key

__all__ = ["Problem", "check"]

#: What IPv6 needs of a link (RFC 8200).
_IPV6_MTU = 1280


def check(mesh: Mesh) -> list[Problem]:
    """Everything wrong with `mesh`, in the file's order; an empty list: nothing is.

    Where `mesh.networks` is empty, that is the only thing said about networks.
    """
    problems = [*_check_mesh(mesh), *check_networks(mesh)]
    if not mesh.hosts:
        problems.append(
            Problem("hosts", "there is none; expected a table such as [hosts.server-a]")
        )
    for member in _all(mesh):
        problems += _check_member(mesh, member)
    problems += _check_clashes(mesh)
    # Of two members of one name, nobody knows which is meant.
    if mesh.hosts.keys().isdisjoint(mesh.peers):
        problems += [*check_routes(mesh), *check_shape(mesh), *check_links(mesh)]
    problems += check_names(mesh)
    return in_order(problems, mesh.hosts, mesh.peers)


def _check_mesh(mesh: Mesh) -> Iterator[Problem]:
    if not is_host_name(mesh.name):
        yield Problem("mesh.name", 'not a name; expected one such as "prod"')
    if not is_interface_name(mesh.interface):
        yield Problem("mesh.interface", 'not an interface name; expected one such as "wg0"')


def _check_member(mesh: Mesh, member: Member) -> Iterator[Problem]:
    if not is_host_name(member.name):
        yield Problem(
            key_of(member),
            "not a name for a host; expected up to 63 letters, digits, dots, hyphens and "
            "underscores (and not a number or an address)",
        )
    if isinstance(member, Host):
        yield from _check_ssh(mesh, member)
    yield from _check_endpoint(mesh, member)
    yield from _check_addresses(mesh, member)
    if member.public_key is not None and not is_key(member.public_key):
        yield Problem(key_of(member, "public_key"), "not a key; expected what `wg pubkey` prints")
    if isinstance(member, Host):
        yield from _check_mtu(mesh, member)


def _check_mtu(mesh: Mesh, host: Host) -> Iterator[Problem]:
    if host.mtu is not None and host.mtu < _IPV6_MTU and any(n.version == 6 for n in mesh.networks):
        yield Problem(
            key_of(host, "mtu"),
            f"{host.mtu} is too small for the mesh's IPv6 network; expected {_IPV6_MTU} or more",
        )


def _check_ssh(mesh: Mesh, host: Host) -> Iterator[Problem]:
    if host.ssh == host.name and not is_host_name(host.name):
        return  # the file does not say where SSH goes: its name is what is wrong
    try:
        target = parse_target(host.ssh)
    except ValueError as error:
        yield Problem(key_of(host, "ssh"), str(error))
        return
    if host.endpoint or host.behind_nat:
        return
    if host.ssh == LOCAL and len(mesh.hosts) > 1:
        yield Problem(
            key_of(host, "ssh"),
            '"local" does not say where the other hosts reach this machine; expected an endpoint '
            'as well, such as endpoint = "203.0.113.1", or "none" behind NAT',
        )
    elif network := _inside(mesh, target.host):
        yield Problem(
            key_of(host, "ssh"),
            f"{target.host} is inside the mesh's own network {network}, so the tunnel would lead "
            "into itself; expected an endpoint outside of it as well",
        )


def _check_endpoint(mesh: Mesh, member: Member) -> Iterator[Problem]:
    for at in member.endpoints:
        if network := _inside(mesh, at.host):
            yield Problem(
                key_of(member, "endpoint"),
                f"{at.host} is inside the mesh's own network {network}, so the tunnel "
                "would lead into itself; expected an address outside of it",
            )
        elif at.is_address:
            address = ip_interface(at.host).ip
            if address.is_unspecified or address.is_multicast:
                yield Problem(
                    key_of(member, "endpoint"),
                    f"{address} is no host's address; expected one that the other hosts can reach",
                )


def _check_addresses(mesh: Mesh, member: Member) -> Iterator[Problem]:
    key = key_of(member, "addresses")
    for number, address in enumerate(member.addresses):
        if address.ip in {earlier.ip for earlier in member.addresses[:number]}:
            yield Problem(key, f"{address.ip} is there twice; expected it once")
        if not mesh.networks:
            continue
        network = network_of(mesh.networks, address)
        if network is None:
            known = ", ".join(str(n) for n in mesh.networks)
            yield Problem(
                key, f"{address.ip} is in none of the mesh's networks; expected one in {known}"
            )
        elif address.network.prefixlen != network.prefixlen:
            yield Problem(
                key,
                f"{address} does not have the prefix length of its network; "
                f"expected {address.ip}/{network.prefixlen}",
            )
        elif int(address) in reserved(network):
            first = int(address) == int(network.network_address)
            what = "the network's own address" if first else "the broadcast address"
            yield Problem(key, f"{address.ip} is {what} in {network}; expected a host's address")


def _check_clashes(mesh: Mesh) -> Iterator[Problem]:
    """What only one member can have."""
    for member, owner, _ in _shared(mesh, lambda m: [m.name.lower()]):
        but = "" if member.name == owner.name else " but for capitals"
        which = "the host " if type(member) is not type(owner) else ""
        yield Problem(
            key_of(member), f"the same name as {which}{owner.name}{but}; expected another name"
        )
    for member, owner, _ in _shared(mesh, _machine):
        ssh, its = (shown(host.ssh) for host in (mesh.hosts[member.name], mesh.hosts[owner.name]))
        yield Problem(
            key_of(member, "ssh"),
            f"{ssh} is the same machine as {owner.name}'s {its}; "
            "expected one host for each machine",
        )
    for member, owner, at in _shared(mesh, _endpoints):
        own = next(own for own in member.endpoints if _lowered(own) == at)
        yield Problem(
            key_of(member, "endpoint"),
            f"{own} is also {owner.name}'s; expected one of its own",
        )
    for member, owner, address in _shared(mesh, lambda m: {a.ip: None for a in m.addresses}):
        yield Problem(
            key_of(member, "addresses"),
            f"{address} is also {owner.name}'s; expected one of its own",
        )
    for member, owner, _ in _shared(mesh, lambda m: [m.public_key] if m.public_key else []):
        yield Problem(
            key_of(member, "public_key"),
            f"the same key as {owner.name}'s; expected one of its own",
        )


def _shared(
    mesh: Mesh, values: Callable[[Member], Iterable[Hashable]]
) -> Iterator[tuple[Member, Member, Hashable]]:
    """Each member that has a value which an earlier one owns: (member, owner, value)."""
    owners: dict[Hashable, Member] = {}
    for member in _all(mesh):
        for value in values(member):
            owner = owners.setdefault(value, member)
            if owner is not member:
                yield member, owner, value


def _all(mesh: Mesh) -> list[Member]:
    """Also two of one name, of which `mesh.members` has the last."""
    return [*mesh.hosts.values(), *mesh.peers.values()]


def _machine(member: Member) -> list[Hashable]:
    if isinstance(member, Device):
        return []
    try:
        return [parse_target(member.ssh).machine]
    except ValueError:
        return []  # said already, by _check_ssh


def _endpoints(member: Member) -> list[Hashable]:
    return [_lowered(at) for at in member.endpoints]


def _lowered(at: Endpoint) -> Endpoint:
    return at._replace(host=at.host.lower().rstrip("."))


def _inside(mesh: Mesh, host: str) -> str | None:
    """The mesh's network that `host` is an address of, as text."""
    if not is_address(host):
        return None
    networks = tuple(n for n in mesh.networks if not unusable(n))
    network = network_of(networks, ip_interface(host))
    return None if network is None else str(network)
