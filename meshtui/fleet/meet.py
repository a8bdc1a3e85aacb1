"""Hosts behind NAT: who relays for them, and how two of them come to meet without.

NAT lets in what answers. So two hosts that send to where others see the far end, at about the
same time, have a tunnel of their own: each lets the other's packets in. What carries the mesh
until then, and where NAT gives each destination another port, is a relay.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from meshtui.errors import HostError
from meshtui.fleet.events import HostPolled
from meshtui.fleet.pings import times
from meshtui.fleet.session import Session
from meshtui.mesh.found import Sight, found
from meshtui.mesh.links import blocked, links_of, named_relays
from meshtui.mesh.model import Found, Host, Mesh
from meshtui.mesh.paths import middles, transit
from meshtui.mesh.takeover import spared
from meshtui.plan.families import told_second
from meshtui.plan.model import Plan
from meshtui.plan.seen import Seen
from meshtui.store.journal import Journal
from meshtui.wg.keys import is_key

if TYPE_CHECKING:
    from meshtui.fleet.fleet import Fleet

Pair = frozenset[str]

#: How long two hosts try to meet, in seconds. Half a second is for whose turn is the second.
MEET_SECONDS = 3
#: How long a ping may take that asks who is there, or who is near, in seconds.
_PING_SECONDS = 2
_SLACK = 15.0
#: How often the looks are put together, in seconds.
_EVERY = 1.0
#: So many hosts are asked whether another is there.
_WITNESSES = 3
#: So many hosts are measured as relays.
_CANDIDATES = 16


async def find_out(
    mesh: Mesh,
    seen: Mapping[str, Seen | HostError],
    sessions: Mapping[str, Session],
    by_other: Mapping[Pair, int],
) -> Found:
    """What the hosts say of the shape of the mesh, and whoever must be asked for it.

    `mesh` has its endpoints; `seen` is each host now; `by_other`: pairs that use their second
    choice of a family, and no file says so yet.
    """
    there = {name: one for name, one in seen.items() if isinstance(one, Seen)}
    keys = {name: key for name, one in there.items() if (key := one.used_key)}
    keys = {n: h.public_key for n, h in mesh.hosts.items() if h.public_key} | keys
    sights = {name: Sight(one.clock, one.live) for name, one in there.items() if one.live}
    result = found(mesh, keys, sights)
    near = await _measured(replace(mesh, found=result), there, sessions)
    second = {**told_second({key: name for name, key in keys.items()}, there), **by_other}
    result = replace(result, down=frozenset(), near={**near, **result.near}, second=second)
    asked: set[str] = set()
    while True:
        carriers = _carriers(replace(mesh, found=result))
        silent = [n for n in carriers if n in seen and n not in there and n not in asked]
        down = await _unheard(mesh, silent, keys, sights, sessions)
        # Whoever would take over may be down as well.
        if not down:
            # Without anybody else, what leads through it stays: it works again with it.
            return replace(result, down=spared(replace(mesh, found=result), result.down))
        asked.update(silent)
        result = replace(result, down=result.down | down)


def _carriers(mesh: Mesh) -> Iterable[str]:
    """Hosts that carry what others send."""
    return dict.fromkeys((*transit(mesh), *middles(mesh)))


async def _unheard(
    mesh: Mesh,
    silent: Collection[str],
    keys: Mapping[str, str],
    sights: Mapping[str, Sight],
    sessions: Mapping[str, Session],
) -> frozenset[str]:
    """Those of `silent` that answer no host that has them as a peer."""

    async def one(name: str) -> bool:
        key, address = keys.get(name), str(mesh.hosts[name].addresses[0].ip)
        witnesses = [w for w, sight in sights.items() if key and key in sight.live.peers]
        asked = witnesses[:_WITNESSES]
        answers = await asyncio.gather(*(_times(sessions[w], [address]) for w in asked))
        # A host that cannot ping has not proved anything.
        heard = [answer for answer in answers if answer is not None]
        return bool(heard) and not any(heard)

    said = await asyncio.gather(*(one(name) for name in silent))
    return frozenset(name for name, is_down in zip(silent, said, strict=True) if is_down)


async def _measured(
    mesh: Mesh, there: Mapping[str, Seen], sessions: Mapping[str, Session]
) -> dict[str, tuple[str, ...]]:
    """The nearest relays of hosts behind NAT that use none yet and have none named."""
    public = {
        name: host.endpoint.host
        for name, host in mesh.hosts.items()
        if host.endpoint and not host.behind_nat and not host.disabled and name in there
    }
    if len(public) < 2:
        return {}
    names = dict(list(public.items())[:_CANDIDATES])
    told = links_of(mesh).told
    hidden = [
        host
        for host in mesh.hosts.values()
        if host.name in there and host.name not in mesh.found.near
        if any(not named_relays(mesh, told, host, other) for other in blocked(mesh, host))
    ]

    async def one(host: Host) -> tuple[str, ...]:
        took = await _times(sessions[host.name], list(names.values())) or {}
        return tuple(sorted((n for n in names if names[n] in took), key=lambda n: took[names[n]]))

    orders = await asyncio.gather(*(one(host) for host in hidden))
    return {host.name: order for host, order in zip(hidden, orders, strict=True) if order}


async def _times(session: Session, addresses: Iterable[str]) -> dict[str, float] | None:
    """Milliseconds of those that answer a ping; None: the host cannot ping."""
    data = "".join(f"{address}\n" for address in addresses).encode()
    try:
        reply = await session.ask(
            "ping_all", str(_PING_SECONDS), data=data, deadline=_PING_SECONDS + _SLACK
        )
    except HostError:
        return None
    return dict(times(reply))


class Sighted:
    """The latest look at each host: who sees whom where, as it changes."""

    def __init__(self) -> None:
        self._sights: dict[str, Sight] = {}
        self._worked_out = 0.0

    def take(self, mesh: Mesh, keys: Mapping[str, str], event: HostPolled) -> Mesh:
        """The mesh with what follows from the looks by now; the same one where nothing does."""
        name, live = event.host.name, event.host.live
        if live is not None:
            self._sights[name] = Sight(event.host.clock, live)
        elif event.host.state != "unreachable":
            self._sights.pop(name, None)
        # Every pair is looked at, so not at each look at one host.
        if event.at - self._worked_out < _EVERY or not any(
            host.behind_nat for host in mesh.hosts.values()
        ):
            return mesh
        self._worked_out = event.at
        there = {name: sight for name, sight in self._sights.items() if name in mesh.hosts}
        now = found(mesh, keys, there)
        return mesh if now == mesh.found else replace(mesh, found=now)


async def meet(
    fleet: Fleet, sessions: Mapping[str, Session], calling: Callable[[Collection[Pair]], None]
) -> Plan | None:
    """See `Fleet.meet`."""
    if fleet.by_other and (plan := await fleet.plan()).changes:
        return plan
    if not _any_apart(fleet.mesh):
        return None
    plan = await fleet.plan()
    assert plan.inputs
    able = [host.host for host in plan.hosts if not host.problem]
    pairs = could_meet(plan.inputs.mesh, able)
    if plan.changes or not pairs:
        return None
    calling(pairs)
    Journal(plan.mesh).note("meet", pairs=sorted(sorted(pair) for pair in pairs))
    met = await call_each_other(plan.inputs.mesh, pairs, plan.public_keys, sessions)
    return await fleet.plan() if met else None


def _any_apart(mesh: Mesh) -> bool:
    """Whether there are hosts that only NAT may keep from having a tunnel."""
    return any(blocked(mesh, host) for host in mesh.hosts.values() if host.behind_nat)


def could_meet(mesh: Mesh, able: Collection[str]) -> list[Pair]:
    """The pairs of `able` hosts that a relay serves now, and that may do without."""
    told = links_of(mesh).told
    return [
        frozenset((one, other))
        for one, other in combinations((n for n in mesh.hosts if n in able), 2)
        if mesh.hosts[other] in blocked(mesh, mesh.hosts[one])
        if {one, other} <= mesh.found.mapped.keys()
        if not ((link := told.get(frozenset((one, other)))) and link.relay)
    ]


async def call_each_other(
    mesh: Mesh,
    pairs: Collection[Pair],
    keys: Mapping[str, str],
    sessions: Mapping[str, Session],
) -> frozenset[Pair]:
    """Have each pair call each other, each where the others see it; those that have met.

    Nothing is sent through their tunnels yet. A pair that did not meet has no peer more than
    before.
    """
    lines: defaultdict[str, list[str]] = defaultdict(list)
    order = list(mesh.hosts)
    for pair in pairs:
        one, other = sorted(pair, key=order.index)
        lines[one].append(f"{keys[other]} {mesh.found.mapped[other]} first\n")
        lines[other].append(f"{keys[one]} {mesh.found.mapped[one]} later\n")

    async def ask(name: str) -> set[str]:
        try:
            reply = await sessions[name].ask(
                "meet",
                mesh.interface,
                str(MEET_SECONDS),
                data="".join(lines[name]).encode(),
                deadline=MEET_SECONDS + _SLACK,
            )
        except HostError:
            return set()  # it stays with its relay, and whoever looks at it says why
        return {key for key in reply.decode("ascii", "replace").split() if is_key(key)}

    said = dict(zip(lines, await asyncio.gather(*map(ask, lines)), strict=True))
    return frozenset(
        pair for pair in pairs if all(keys[far] in said[near] for near, far in _both(pair))
    )


def _both(pair: Pair) -> list[tuple[str, str]]:
    one, other = pair
    return [(one, other), (other, one)]
