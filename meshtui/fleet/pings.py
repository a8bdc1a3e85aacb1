"""Pings over the mesh: one to each, ten to one, and the largest that gets through."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping

from meshtui.errors import HostError, Refused
from meshtui.fleet.errands import Errands, as_they_come
from meshtui.fleet.look import look
from meshtui.fleet.reports import PathMtu, PingReport, RoundTrip
from meshtui.fleet.session import Session
from meshtui.inert import inert
from meshtui.mesh.links import reached
from meshtui.mesh.model import Host, Member, Mesh
from meshtui.wg.endpoint import parse_endpoint

#: How long the first ping of a round trip may take, in seconds: as when a mesh is verified.
_ROUND = 3
#: What a host may take beyond the pings themselves.
_SLACK = 20.0
_PATH_SECONDS = 60.0

#: What ping says; whatever else a host answers is no proof.
_MILLISECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_BYTES = re.compile(r"(interface|tunnel|path) ([0-9]{1,6})")


def times(reply: bytes) -> Iterator[tuple[str, float]]:
    """The address and milliseconds of each answered ping, of what `ping_all` and so on print."""
    for line in reply.decode("utf-8", "replace").splitlines():
        address, _, took = line.partition(" ")
        if _MILLISECONDS.fullmatch(took):
            yield address, float(took)


async def round_trips(
    mesh: Mesh, errands: Errands, hosts: Collection[str]
) -> AsyncIterator[RoundTrip]:
    """Ping every member from each of `hosts`; each as it answers."""
    async for row in as_they_come(_row(mesh, errands, mesh.hosts[name]) for name in hosts):
        for one in row:
            yield one


async def _row(mesh: Mesh, errands: Errands, host: Host) -> list[RoundTrip]:
    addresses = {_address(other): other.name for other in reached(mesh, host)}
    best: dict[str, float] = {}
    data = "".join(f"{address}\n" for address in addresses).encode()
    try:
        async with errands.on(host) as session:
            reply = await session.ask(
                "ping_all", str(_ROUND), "again", data=data, deadline=_ROUND + _SLACK
            )
    except HostError:
        reply = b""  # Whoever looks at the host says why.
    for address, took in times(reply):
        best[address] = min(took, best.get(address, took))
    return [RoundTrip(host.name, name, best.get(address)) for address, name in addresses.items()]


async def ping(mesh: Mesh, errands: Errands, from_: str, to: str, count: int) -> PingReport:
    """Ping over the mesh, `count` times, 0.2 s apart."""
    address = _address(mesh.members[to])
    try:
        async with errands.on(mesh.hosts[from_]) as session:
            reply = await session.ask("ping_times", str(count), address, deadline=count + _SLACK)
    except HostError as error:
        return PingReport(from_, to, 0, 0, error=str(error))
    took = [milliseconds for at, milliseconds in times(reply) if at == address][:count]
    if not took:
        said = reply.decode("utf-8", "replace").strip()
        return PingReport(
            from_, to, count, 0, error=inert(said.removeprefix("! ")) if said else None
        )
    return PingReport(from_, to, count, len(took), min(took), sum(took) / len(took), max(took))


async def path_mtu(
    mesh: Mesh, keys: Mapping[str, str], errands: Errands, from_: str, to: str
) -> PathMtu:
    """Find the largest packet that gets through, inside the tunnel and beside it."""
    try:
        async with errands.on(mesh.hosts[from_]) as session:
            outside = await _outside(session, mesh, keys.get(to, ""))
            reply = await session.ask(
                "path_mtu",
                mesh.interface,
                _address(mesh.members[to]),
                *outside,
                deadline=_PATH_SECONDS,
            )
    except HostError as error:
        return PathMtu(from_, to, None, None, None, error=str(error))
    found = {
        match[1]: int(match[2])
        for line in reply.decode("utf-8", "replace").splitlines()
        if (match := _BYTES.fullmatch(line))
    }
    tunnel = found.get("tunnel") or None
    return PathMtu(
        from_,
        to,
        tunnel,
        found.get("path") or None,
        found.get("interface"),
        None if tunnel else f"{to} answers no ping through the tunnel",
        ipaddress.ip_address(outside[0]).version if outside else None,
    )


async def _outside(session: Session, mesh: Mesh, key: str) -> list[str]:
    """Where the interface sends this peer's packets: its endpoint's address, if there is one."""
    live = (await look(session, mesh.interface)).live
    peer = live.peers.get(key) if live else None
    if live is None or peer is None:
        raise Refused(
            f"{mesh.interface} has no such peer" if live else f"no interface {mesh.interface}",
            host=session.name,
            hint="meshtui apply makes it",
        )
    if peer.endpoint is None:
        return []
    try:
        # A link-local one has its zone.
        return [str(ipaddress.ip_address(parse_endpoint(peer.endpoint).host))]
    except ValueError:
        return []


def _address(host: Member) -> str:
    return str(host.addresses[0].ip)
