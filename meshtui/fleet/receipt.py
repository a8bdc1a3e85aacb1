"""What a change did: to what it was not meant to touch, and to what worked before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from meshtui.errors import MeshError
from meshtui.fleet.events import DirectionVerified, Receipt
from meshtui.fleet.look import Look
from meshtui.plan.model import Plan
from meshtui.wg.health import ALIVE, age


def refuse_breaking(plan: Plan) -> None:
    """MeshError where a plan takes a way from hosts that have one, and gives them none."""
    for host in plan.problems:
        if broken := plan.breaks.get(host.host):
            raise MeshError(
                f"{broken}: nothing was changed", hint=f"first of all, {host.host}: {host.problem}"
            )


def receipt(
    before: Mapping[str, Look],
    after: Mapping[str, Look],
    keys: Mapping[str, str],
    untouched: Collection[tuple[str, str]],
) -> Receipt:
    """Compare how hosts looked. `keys`: each host's public key; `untouched`: directions that
    were to keep their session.
    """
    names = {key: name for name, key in keys.items()}
    there = renewed = lost = 0
    for host, was in before.items():
        now = after.get(host)
        for key, peer in (was.live.peers if was.live else {}).items():
            seconds = age(peer, was.clock)
            other = names.get(key)
            if (host, other) not in untouched or seconds is None or seconds > ALIVE:
                continue
            there += 1
            then = now.live.peers.get(key) if now and now.live else None
            if then is None:
                lost += 1
            elif then.latest_handshake != peer.latest_handshake:
                renewed += 1
    return Receipt(there, renewed, lost)


def worse(
    before: Mapping[str, Look],
    keys: Mapping[str, str],
    directions: Iterable[DirectionVerified],
    reached: Collection[tuple[str, str]] = (),
) -> list[str]:
    """The directions that had a session before and are not proved now, each as a sentence.

    `keys`: each host's public key before the change; `reached`: directions that worked then
    through others.
    """
    found = []
    for one in directions:
        was = before.get(one.from_)
        peer = was.live.peers.get(keys.get(one.to, "")) if was and was.live else None
        seconds = age(peer, was.clock) if peer and was else None
        worked = (one.from_, one.to) in reached or (seconds is not None and seconds <= ALIVE)
        if worked and not one.ok:
            found.append(f"{one.from_} -> {one.to} worked before: {one.detail}")
    return found
