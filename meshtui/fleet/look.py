"""One look at one host, and what it says of the host's row of the grid."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from meshtui.errors import HostError, Unreachable
from meshtui.fleet.events import HostPolled, HostStatus, LinkStatus
from meshtui.fleet.session import Session
from meshtui.mesh.found import Sight, found
from meshtui.mesh.links import peers_of
from meshtui.mesh.model import Device, Member, Mesh
from meshtui.mesh.wanted import single
from meshtui.plan.model import Plan
from meshtui.plan.seen import Seen
from meshtui.wg.dump import LiveInterface
from meshtui.wg.health import Trace, age, link_state

LOOK_SECONDS = 5.0
_CLOCK_DIGITS = 20
#: So many peers that are no host's are told of.
MOST_UNKNOWN = 100


@dataclass(frozen=True, slots=True)
class Look:
    """A host's interface at a moment of the host's own clock."""

    clock: int
    live: LiveInterface | None


async def look(session: Session, interface: str, deadline: float = LOOK_SECONDS) -> Look:
    """Ask `session` for its interface; HostError: why it gave no answer."""
    reply = (await session.ask("look", interface, deadline=deadline)).decode("utf-8", "replace")
    clock, _, dump = reply.strip("\n").partition("\n")
    try:
        if len(clock) > _CLOCK_DIGITS:
            raise ValueError("that is no time")
        return Look(int(clock), session.dumps.read(interface, dump) if dump else None)
    except ValueError as error:
        raise Unreachable(f"an answer that makes no sense: {error}", host=session.name) from None


async def looks(
    sessions: Mapping[str, Session], interface: str, hosts: Iterable[str]
) -> dict[str, Look]:
    """How `hosts` are now. Of those that do not answer, what is asked of them next says why."""

    async def one(name: str) -> tuple[str, Look] | None:
        try:
            return name, await look(sessions[name], interface)
        except HostError:
            return None

    return dict(filter(None, await asyncio.gather(*map(one, hosts))))


async def look_at_all(
    mesh: Mesh,
    keys: dict[str, str],
    sessions: Mapping[str, Session],
    plan: Plan | None = None,
) -> tuple[Mesh, list[HostPolled]]:
    """One look at every host; `keys` learns what they say of themselves.

    Who was asked for a `plan` just now is not asked again, nor tried where it was not reached.
    The mesh with what follows from it (see `Found`), and what was seen.
    """
    observed = plan.inputs.seen if plan and plan.inputs else {}

    async def one(session: Session) -> Look | HostError:
        known = observed.get(session.name)
        if isinstance(known, Seen):
            return Look(known.clock, known.live)
        if known and session.failures:
            return known
        try:
            return await look(session, mesh.interface)
        except HostError as error:
            return error

    looks = await asyncio.gather(*(one(session) for session in sessions.values()))
    seen = dict(zip(sessions, looks, strict=True))
    # All keys first: a row is read by the keys of the others.
    for name, one_look in seen.items():
        live = one_look.live if isinstance(one_look, Look) else None
        if live and live.public_key:
            keys[name] = live.public_key
    sights = {
        name: Sight(one_look.clock, one_look.live)
        for name, one_look in seen.items()
        if isinstance(one_look, Look) and one_look.live
    }
    mesh = replace(mesh, found=found(mesh, keys, sights))
    return mesh, [polled(mesh, keys, name, one_look) for name, one_look in seen.items()]


def polled(
    mesh: Mesh,
    keys: Mapping[str, str],
    name: str,
    seen: Look | HostError,
    past: Mapping[str, Trace] = MappingProxyType({}),
    at: float | None = None,
) -> HostPolled:
    """The host's state and its row, as of `at`, by the monotonic clock; None: now.

    `keys` has each host's public key, as far as known; `past` what the looks so far, this
    one included, say of each peer, by public key.
    """
    host = mesh.hosts[name]
    live = seen.live if isinstance(seen, Look) else None
    others = peers_of(mesh, host)
    status = HostStatus(
        name=name,
        state=seen.state if isinstance(seen, HostError) else "up" if live else "no-interface",
        addresses=tuple(str(address.ip) for address in host.addresses),
        public_key=keys.get(name),
        listen_port=live.listen_port if live else None,
        error=_why(mesh, seen),
        live=live,
        clock=seen.clock if isinstance(seen, Look) else 0,
        unknown_peers=_unknown(mesh, keys, live) if live else (),
    )
    if isinstance(seen, HostError):
        links = tuple(LinkStatus(name, other.name, "unknown") for other in others)
    else:
        links = tuple(_link(keys, name, other, seen, past) for other in others)
    return HostPolled(status, links, time.monotonic() if at is None else at)


def _link(
    keys: Mapping[str, str], name: str, other: Member, seen: Look, past: Mapping[str, Trace]
) -> LinkStatus:
    device = isinstance(other, Device)
    key = (other.public_key if device else keys.get(other.name)) or ""
    peer = seen.live.peers.get(key) if seen.live else None
    state = link_state(peer, seen.clock, past.get(key))
    if peer is None:
        return LinkStatus(name, other.name, state)
    if device and state in ("stale", "never"):
        # It comes and goes as its owner does: that it does not answer is no fault.
        state = "idle"
    seconds = age(peer, seen.clock)
    return LinkStatus(
        name, other.name, state, seconds, peer.transfer_rx, peer.transfer_tx, peer.endpoint
    )


def _unknown(mesh: Mesh, keys: Mapping[str, str], live: LiveInterface) -> tuple[str, ...]:
    """The peers that are no member's, nor were: mesh.toml knows them by key or by address.

    The first of them, where there are very many.
    """
    strangers = live.peers.keys() - set(keys.values())
    if not strangers:
        return ()
    members = mesh.members.values()
    strangers -= {member.public_key for member in members if member.public_key}
    # A member whose key is not known yet is one all the same.
    keyless = {
        str(single(address))
        for member in members
        if member.name not in keys and not (isinstance(member, Device) and member.public_key)
        for address in member.addresses
    }
    found = sorted(key for key in strangers if keyless.isdisjoint(live.peers[key].allowed_ips))
    return tuple(found[:MOST_UNKNOWN])


def _why(mesh: Mesh, seen: Look | HostError) -> str | None:
    if isinstance(seen, HostError):
        return seen.why
    return None if seen.live else f"no interface {mesh.interface} (meshtui apply makes it)"
