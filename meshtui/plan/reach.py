"""Whether members reach each other by the interfaces that hosts really have.

A host that is left as it is may send what others send through it elsewhere than they count on.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from meshtui.inert import inert
from meshtui.mesh.model import Mesh
from meshtui.mesh.paths import hops, middles
from meshtui.mesh.trace import Trace, tracer
from meshtui.plan.live import networks_of
from meshtui.plan.seen import Passing, Seen
from meshtui.wg.interface import Forward, Interface, Peer

#: So many pairs that count on a host are looked at: what it does with some it does with most.
_MOST = 100
_SHOWN = 200


def as_it_is(mesh: Mesh, seen: Seen) -> Interface | None:
    """The interface that runs; None: none does. `mesh` has its hosts' keys."""
    if seen.live is None:
        return None
    names = {member.public_key: name for name, member in mesh.members.items()}
    return Interface(
        name=seen.live.name,
        public_key=seen.live.public_key,
        addresses=seen.addresses,
        listen_port=seen.live.listen_port,
        mtu=seen.mtu,
        peers=tuple(
            Peer(
                names.get(key) or f"the unknown peer {key[:12]}…",
                key,
                None,
                tuple(networks_of(peer.allowed_ips)),
            )
            for key, peer in seen.live.peers.items()
        ),
        forward=Forward() if _passes(seen.passing) else None,
    )


def _passes(passing: Passing) -> bool:
    """Whether it passes on what goes from peer to peer, in either family."""
    turned = {"sysctl 4", "sysctl 6"} & {*passing.has}
    return bool(turned) and all(f"accept {chain} relay" in passing.has for chain in passing.drops)


class Lost(NamedTuple):
    """What others do not reach because of hosts that stay as they are."""

    notes: dict[str, str]
    """Such a host -> what."""
    breaks: dict[str, str]
    """The same, of what they reach now: the plan itself would take that from them."""


def lost_through(
    mesh: Mesh, wanted: Mapping[str, Interface], asked: Mapping[str, object], left: Container[str]
) -> Lost:
    """What comes of the hosts `left` staying as they are, while the others get as `wanted`.

    `asked` has a Seen for each that answered. Who did not, or runs no interface, loses nothing
    by this plan that was not lost.
    """
    passing = middles(mesh)
    seen = {name: one for name, one in asked.items() if isinstance(one, Seen)}
    stay = {n: one for n, one in seen.items() if n in left and n in passing}
    there = {n: it for n, one in stay.items() if (it := as_it_is(mesh, one))}
    if not there:
        return Lost({}, {})
    follow = tracer({**wanted, **there})
    notes, breaks = dict[str, str](), dict[str, str]()
    for name in there:
        problems = [
            (start, end, way.problem)
            for start, end in _through(mesh, wanted, name)
            if (way := _first_wrong(follow(start, a.ip) for a in mesh.hosts[end].addresses))
            if name in way.hops
        ]
        if problems:
            start, end, why = problems[0]
            more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
            why = inert(why or "", _SHOWN)
            notes[name] = f"until it is changed, {start} does not reach {end} ({why}){more}"
            ways = ((start, end) for start, end, _ in problems)
            for start, end in islice(_working(mesh, seen, ways), 1):
                breaks[name] = f"{start} reaches {end} now, and would not until {name} is changed"
    return Lost(notes, breaks)


def _working(
    mesh: Mesh, seen: Mapping[str, Seen], ways: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Those of `ways` that lead from end to end by the interfaces that run now."""
    now = {name: it for name, one in seen.items() if (it := as_it_is(mesh, one))}
    follow = tracer(now)
    for start, end in ways:
        if start in now and end in now:
            traces = [follow(start, address.ip) for address in mesh.hosts[end].addresses]
            if all(way.problem is None and way.hops[-1] == end for way in traces):
                yield start, end


def _first_wrong(ways: Iterator[Trace]) -> Trace | None:
    return next((way for way in ways if way.problem), None)


def _through(mesh: Mesh, wanted: Mapping[str, Interface], name: str) -> Iterator[tuple[str, str]]:
    """Pairs of the hosts in `wanted` that count on `name` between them, some of all."""
    callers = [h for h, one in wanted.items() if any(peer.name == name for peer in one.peers)]
    for number, start in enumerate(callers[:_MOST]):
        onward = hops(mesh, start)
        ends = [end for end in wanted if end != name and onward.get(end) == name]
        for place in range(min(len(ends), max(1, _MOST // len(callers)))):
            yield start, ends[(number + place) % len(ends)]
