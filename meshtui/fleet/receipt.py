"""What a change did to what it was not meant to touch."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from meshtui.fleet.events import Receipt
from meshtui.fleet.look import Look
from meshtui.wg.health import ALIVE, age


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
