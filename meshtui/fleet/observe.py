"""Reading all that a plan needs from every host, side by side."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import replace

from meshtui.errors import HostError, NotInstalled, Refused
from meshtui.fleet.session import Session
from meshtui.mesh.model import Host, Mesh
from meshtui.plan.forward import may_pass
from meshtui.plan.seen import Seen, parse_seen
from meshtui.ssh.connect import LOCAL, Connector
from meshtui.wg.endpoint import Endpoint, is_address

OBSERVE_SECONDS = 30.0
_RESOLVE_SECONDS = 10.0


async def observe(sessions: Mapping[str, Session], mesh: Mesh) -> dict[str, Seen | HostError]:
    """What every host of the mesh reports, or why it does not."""

    async def one(session: Session) -> Seen | HostError:
        try:
            seen = await observe_one(session, mesh)
        except HostError as error:
            return error
        if "wg" not in seen.tools:
            return NotInstalled(
                "wg is not installed", host=session.name, hint="install wireguard-tools"
            )
        return seen

    found = await asyncio.gather(*(one(session) for session in sessions.values()))
    return dict(zip(sessions, found, strict=True))


async def observe_one(session: Session, mesh: Mesh) -> Seen:
    """What one host reports; HostError: why it does not. Without `wg`, that is not much."""
    more = ("forward",) if session.name in mesh.once(may_pass) else ()
    reply = await session.ask("observe", mesh.interface, *more, deadline=OBSERVE_SECONDS)
    try:
        return parse_seen(mesh.interface, reply)
    except ValueError as error:
        raise Refused(f"an answer that makes no sense: {error}", host=session.name) from None


async def endpoints(
    mesh: Mesh, connector: Connector
) -> tuple[Mesh, dict[Endpoint, Endpoint], dict[str, HostError]]:
    """The mesh with an endpoint for every host that can have one; names -> addresses; troubles.

    Where `mesh.toml` gives none, it is where ssh goes, as an address: a name that
    only the operator can resolve is of no use to the other hosts.
    """
    troubles: dict[str, HostError] = {}

    async def one(host: Host) -> Host:
        if host.endpoint is None:
            if host.behind_nat or host.ssh == LOCAL:
                return host
            target = await connector.resolve(host.ssh)
            address = _outside(mesh, await _address(target.host))
            return replace(host, endpoint=Endpoint(address, host.listen_port))
        if host.endpoint.is_address:
            return host
        return replace(host, looked_up=tuple(map(_public, await _looked_up(mesh, host))))

    async def safely(host: Host) -> Host:
        try:
            return await one(host)
        except HostError as error:
            troubles[host.name] = error.at(host.name)
            return host

    found = await asyncio.gather(*map(safely, mesh.hosts.values()))
    mesh = replace(mesh, hosts={host.name: host for host in found})
    return mesh, _resolved(mesh), troubles


def _resolved(mesh: Mesh) -> dict[Endpoint, Endpoint]:
    """The endpoints that are names -> as addresses, the first choice of each."""
    return {
        host.endpoint: Endpoint(host.looked_up[0], host.endpoint.port)
        for host in mesh.hosts.values()
        if host.endpoint and host.looked_up
    }


async def _looked_up(mesh: Mesh, host: Host) -> tuple[str, ...]:
    """What its endpoint, a name, stands for: an address of each family that it has.

    One that it stood for before stays where the name still has it.
    """
    assert host.endpoint
    found = await _addresses(host.endpoint.host)
    known = [address for address in host.looked_up if address in found]
    first: dict[bool, str] = {}
    for address in (*known, *found):
        first.setdefault(":" in address, address)
    return tuple(_outside(mesh, first[six]) for six in sorted(first))


def _outside(mesh: Mesh, address: str) -> str:
    """`address`, unless the mesh would take it away: its route leads into the tunnel then.

    For what mesh.toml writes as an address its checks say so; a name is known only now.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    for network in mesh.networks:
        if ip.version == network.version and ip in network:
            raise Refused(
                f"it is reached at {address}, inside the mesh's own network {network}:"
                " the tunnel would lead into itself",
                hint="give [mesh] another network, or the host an endpoint outside of it",
            )
    return address


async def names_again(mesh: Mesh) -> tuple[Mesh, dict[Endpoint, Endpoint]]:
    """As `endpoints`, of a mesh that comes from there: its names looked up again.

    An address that is still one of a name's stays; so do those of a name of which nobody
    knows now.
    """

    async def one(host: Host) -> Host:
        if host.endpoint is None or host.endpoint.is_address:
            return host
        try:
            return replace(host, looked_up=await _looked_up(mesh, host))
        except HostError:
            return host  # A plan says what is wrong with it.

    found = await asyncio.gather(*map(one, mesh.hosts.values()))
    mesh = replace(mesh, hosts={host.name: host for host in found})
    return mesh, _resolved(mesh)


async def _address(host: str) -> str:
    """An address that other hosts can reach."""
    if not is_address(host):
        host = (await _addresses(host))[0]
    return _public(host)


def _public(host: str) -> str:
    if ipaddress.ip_address(host.partition("%")[0]).is_loopback:
        raise Refused(
            f"ssh goes to {host}, which the other hosts cannot reach",
            hint="set endpoint in mesh.toml",
        )
    return host


async def _addresses(host: str) -> list[str]:
    """What a DNS name stands for, one at least; IPv4 first, which more hosts have."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, TimeoutError, UnicodeError) as error:
        # UnicodeError: two dots in a row, or a label of more than 63 characters.
        reason = getattr(error, "strerror", None) or (
            "not a DNS name" if isinstance(error, UnicodeError) else "no answer"
        )
        raise Refused(
            f"its endpoint {host} cannot be resolved: {reason}",
            hint="set endpoint in mesh.toml",
        ) from None
    return [str(entry[4][0]) for entry in sorted(found, key=lambda one: one[0] != socket.AF_INET)]
