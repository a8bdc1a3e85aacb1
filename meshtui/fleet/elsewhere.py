"""Peers that were told a new endpoint, and are heard from another.

What such a peer sent to the old place while it was told brings the old endpoint back, so it is
told again. But one that was told a wrong endpoint is heard all the same, since the peer
speaks first: told again at the next start, it would not be reached.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import NamedTuple

from meshtui.fleet.look import Look
from meshtui.fleet.session import Session
from meshtui.fleet.verify import answered
from meshtui.plan.model import Plan

#: For how long a host is told again where a peer is, in seconds, before that counts as wrong.
_SETTLE_SECONDS = 6.0


class Elsewhere(NamedTuple):
    """One such peer, as one host hears it."""

    host: str
    peer: str
    """The host that it is, or what its key begins with."""
    again: tuple[str, ...]
    """Lines for `change`: what it was told."""
    text: str
    """For a person."""


def elsewhere(
    plan: Plan, after: Mapping[str, Look], but: Collection[frozenset[str]] = ()
) -> list[Elsewhere]:
    """Those of `plan`, by how the hosts look `after` it, but for pairs told otherwise since."""
    names = {key: name for name, key in plan.public_keys.items()}
    found = []
    for host in plan.hosts:
        live = after[host.host].live if host.host in after else None
        told = [line.split(" ") for line in host.work.changes] if host.work and live else []
        calls = {words[1]: " ".join(words) for words in told if words[0] == "call"}
        for words in told:
            peer = live.peers.get(words[1]) if words[0] == "endpoint" and live else None
            if peer is None or peer.endpoint == words[2]:
                continue
            name = names.get(words[1], f"{words[1][:12]}…")
            if frozenset((host.host, name)) in but:
                continue
            now = peer.endpoint or "nowhere"
            text = f"{name} speaks to {host.host} from {now}, not from {words[2]}"
            again = (" ".join(words), calls[words[1]])
            found.append(Elsewhere(host.host, name, again, text))
    return found


async def settled(
    plan: Plan,
    look: Callable[[], Awaitable[dict[str, Look]]],
    tell: Callable[[str, list[str]], Awaitable[None]],
    sessions: Mapping[str, Session],
    but: Collection[frozenset[str]],
) -> tuple[dict[str, Look], list[str]]:
    """How the hosts look when every peer speaks from where it was told to be, and what is wrong
    where one will not. `tell` has a host do lines of `change`; `but`: as for `elsewhere`.
    """
    assert plan.inputs
    after = await look()
    roamed, until = elsewhere(plan, after, but), time.monotonic() + _SETTLE_SECONDS
    while roamed and time.monotonic() < until:
        lines: defaultdict[str, list[str]] = defaultdict(list)
        peers: defaultdict[str, list[str]] = defaultdict(list)
        for one in roamed:
            lines[one.host] += one.again
            if one.peer in plan.inputs.mesh.hosts:
                peers[one.host].append(one.peer)
        for name, own in lines.items():
            await tell(name, own)
        # Only an answer from there proves that it is there.
        asked = {(one.host, one.peer) for one in roamed}
        heard = await answered(plan.inputs.mesh, sessions, peers)
        after = await look()
        still = {(one.host, one.peer) for one in elsewhere(plan, after, but)}
        roamed = [one for one in roamed if (one.host, one.peer) in still | (asked - heard)]
    return after, [one.text for one in roamed]
