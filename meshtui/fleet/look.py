"""One look at one host, and what it says of the host's row of the grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meshtui.errors import HostError, Unreachable
from meshtui.fleet.events import HostPolled, HostStatus, LinkStatus
from meshtui.fleet.session import Session
from meshtui.mesh.model import Mesh
from meshtui.wg.dump import LiveInterface, parse_dump
from meshtui.wg.health import age, link_state

LOOK_SECONDS = 5.0
_CLOCK_DIGITS = 20


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
        return Look(int(clock), parse_dump(interface, dump) if dump else None)
    except ValueError as error:
        raise Unreachable(f"an answer that makes no sense: {error}", host=session.name) from None


def polled(
    mesh: Mesh,
    keys: Mapping[str, str],
    name: str,
    seen: Look | HostError,
    before: LiveInterface | None = None,
) -> HostPolled:
    """The host's state and its row. `keys` has each host's public key, as far as known."""
    host = mesh.hosts[name]
    live = seen.live if isinstance(seen, Look) else None
    others = [
        other
        for other in mesh.hosts.values()
        if other.name != name and not (host.behind_nat and other.behind_nat)
    ]
    status = HostStatus(
        name=name,
        state=seen.state if isinstance(seen, HostError) else "up" if live else "no-interface",
        addresses=tuple(str(address.ip) for address in host.addresses),
        public_key=keys.get(name),
        listen_port=live.listen_port if live else None,
        error=_why(mesh, seen),
        live=live,
    )
    if isinstance(seen, HostError):
        return HostPolled(status, tuple(LinkStatus(name, o.name, "unknown") for o in others))
    return HostPolled(status, tuple(_link(keys, name, o.name, seen, before) for o in others))


def _link(
    keys: Mapping[str, str], name: str, other: str, seen: Look, before: LiveInterface | None
) -> LinkStatus:
    key = keys.get(other, "")
    peer = seen.live.peers.get(key) if seen.live else None
    state = link_state(peer, seen.clock, before.peers.get(key) if before else None)
    if peer is None:
        return LinkStatus(name, other, state)
    seconds = age(peer, seen.clock)
    return LinkStatus(
        name, other, state, seconds, peer.transfer_rx, peer.transfer_tx, peer.endpoint
    )


def _why(mesh: Mesh, seen: Look | HostError) -> str | None:
    if isinstance(seen, HostError):
        return f"{seen.what} ({seen.hint})" if seen.hint else seen.what
    return None if seen.live else f"no interface {mesh.interface} (meshtui apply makes it)"
