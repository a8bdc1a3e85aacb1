"""Whether members reach each other by the interfaces that hosts really have.

A host that is left as it is may send what others send through it elsewhere than they count on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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


def lost_through(
    mesh: Mesh, wanted: Mapping[str, Interface], left: Mapping[str, Seen]
) -> dict[str, str]:
    """The hosts of `left`, which stay as they are, -> what others do not reach because of it.

    `wanted` is how the others will be. Who runs no interface, or did not answer, loses
    nothing by this plan that was not lost.
    """
    passing = middles(mesh)
    there = {n: it for n, seen in left.items() if n in passing and (it := as_it_is(mesh, seen))}
    if not there:
        return {}
    follow = tracer({**wanted, **there})
    found = {}
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
            found[name] = f"until it is changed, {start} does not reach {end} ({why}){more}"
    return found


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
