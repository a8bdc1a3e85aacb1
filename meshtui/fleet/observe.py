"""Reading all that a plan needs from every host, side by side."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import replace

from meshtui.errors import HostError, NotInstalled, Refused
from meshtui.fleet.session import Session
from meshtui.mesh.model import Mesh
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
    more = ("forward",) if may_pass(mesh) else ()
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
    resolved: dict[Endpoint, Endpoint] = {}
    troubles: dict[str, HostError] = {}

    async def one(name: str) -> Endpoint | None:
        host = mesh.hosts[name]
        if host.endpoint is None:
            if host.behind_nat or host.ssh == LOCAL:
                return None
            target = await connector.resolve(host.ssh)
            return Endpoint(_outside(mesh, await _address(target.host)), host.listen_port)
        if not host.endpoint.is_address:
            address = _outside(mesh, await _address(host.endpoint.host))
            resolved[host.endpoint] = Endpoint(address, host.endpoint.port)
        return host.endpoint

    async def safely(name: str) -> Endpoint | None:
        try:
            return await one(name)
        except HostError as error:
            troubles[name] = error.at(name)
            return mesh.hosts[name].endpoint

    found = await asyncio.gather(*(safely(name) for name in mesh.hosts))
    hosts = {
        name: replace(mesh.hosts[name], endpoint=endpoint)
        for name, endpoint in zip(mesh.hosts, found, strict=True)
    }
    return replace(mesh, hosts=hosts), resolved, troubles


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


async def names_again(mesh: Mesh, before: Mapping[Endpoint, Endpoint]) -> dict[Endpoint, Endpoint]:
    """The endpoints that are DNS names looked up again: names -> addresses.

    An address that is still one of a name's stays; so does that of a name of which nobody
    knows now.
    """

    async def one(at: Endpoint) -> tuple[Endpoint, Endpoint | None]:
        known = before.get(at)
        try:
            found = await _addresses(at.host)
            if known is None or known.host not in found:
                known = Endpoint(_outside(mesh, found[0]), at.port)
        except HostError:
            return at, known  # A plan says what is wrong with it.
        return at, known

    names = {h.endpoint for h in mesh.hosts.values() if h.endpoint and not h.endpoint.is_address}
    found = await asyncio.gather(*map(one, names))
    return {at: address for at, address in found if address is not None}


async def _address(host: str) -> str:
    """An address that other hosts can reach."""
    if not is_address(host):
        host = (await _addresses(host))[0]
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
