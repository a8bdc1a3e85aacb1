"""What the hosts' own interfaces say of the shape of the mesh: who sees whom where, who has met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from meshtui.mesh.links import blocked
from meshtui.mesh.model import Found, Host, Mesh
from meshtui.mesh.wanted import single
from meshtui.wg.dump import LiveInterface, LivePeer
from meshtui.wg.endpoint import Endpoint, parse_endpoint
from meshtui.wg.health import ALIVE, age


class Sight(NamedTuple):
    """A host's interface at a moment of the host's own clock, in epoch seconds."""

    clock: int
    live: LiveInterface


def found(mesh: Mesh, keys: Mapping[str, str], sights: Mapping[str, Sight]) -> Found:
    """What follows from the interfaces that were seen; of other hosts, as it was known.

    `keys`: each host's public key, as far as known. What only asking can tell (`down`, the
    order of `near`) stays, but that a relay in use is the nearest: it is not changed for
    another without need.
    """
    hidden = [host for host in mesh.hosts.values() if host.behind_nat and not host.disabled]
    before = mesh.found
    near = dict(before.near)
    for host in hidden:
        used = _relays_in_use(mesh, keys, sights, host)
        if order := tuple(dict.fromkeys((*used, *near.get(host.name, ())))):
            near[host.name] = order
    return Found(
        down=before.down,
        mapped={
            host.name: at
            for host in hidden
            if (at := _mapped(mesh, keys.get(host.name), sights, before.mapped.get(host.name)))
        },
        met=frozenset(
            frozenset((one.name, other.name))
            for one, other in combinations(hidden, 2)
            if _have_met(before, keys, sights, one.name, other.name)
        ),
        near=near,
        second=before.second,
    )


def _mapped(
    mesh: Mesh, key: str | None, sights: Mapping[str, Sight], before: Endpoint | None
) -> Endpoint | None:
    """Where hosts outside see the owner of `key`; None: nowhere, or each somewhere else.

    That is NAT with a port for each destination: what one sees is of no use to another.
    """
    if key is None:
        return None
    outside = [name for name, host in mesh.hosts.items() if not host.behind_nat]
    if not any(name in sights for name in outside):
        return before
    seen = {at for name in outside if (at := _at(_fresh(sights.get(name), key)))}
    for version in (4, 6):
        if len(those := [at for at in seen if (":" in at.host) == (version == 6)]) == 1:
            return those[0]
    return None


def _at(peer: LivePeer | None) -> Endpoint | None:
    try:
        return parse_endpoint(peer.endpoint) if peer and peer.endpoint else None
    except ValueError:
        return None


def _have_met(
    before: Found, keys: Mapping[str, str], sights: Mapping[str, Sight], one: str, other: str
) -> bool:
    """Whether both have a session with each other; of a pair of which nobody answers, whether
    it had.
    """
    views = [
        _fresh(sights[name], keys.get(far, "")) is not None
        for name, far in ((one, other), (other, one))
        if name in sights
    ]
    return all(views) if views else frozenset((one, other)) in before.met


def _fresh(sight: Sight | None, key: str) -> LivePeer | None:
    """The peer, if its session is alive."""
    peer = sight.live.peers.get(key) if sight else None
    seconds = age(peer, sight.clock) if peer and sight else None
    return peer if seconds is not None and seconds <= ALIVE else None


def _relays_in_use(
    mesh: Mesh, keys: Mapping[str, str], sights: Mapping[str, Sight], host: Host
) -> Iterator[str]:
    """The hosts through which `host` sends to those that NAT keeps it from, the busiest first."""
    if host.name not in sights:
        return
    names = {key: name for name, key in keys.items()}
    far = {str(single(a)) for other in blocked(mesh, host) for a in other.addresses}
    peers = sights[host.name].live.peers.values()
    count = Counter(
        {names[p.public_key]: len(far & {*p.allowed_ips}) for p in peers if p.public_key in names}
    )
    yield from (name for name, prefixes in count.most_common() if prefixes)
