"""What a peer's handshake and counters say of one direction of a link."""

from __future__ import annotations

from typing import Literal

from meshtui.wg.dump import LivePeer

LinkState = Literal["up", "stale", "idle", "never", "missing", "unknown"]

#: An initiator rekeys after 120 s of sending or 165 s of receiving, and tries
#: for 90 s at most: with a keepalive of 25 s a healthy age stays under about
#: 145 s, 205 s at worst (messages.h, timers.c).
ALIVE = 210

HEALTHY: frozenset[LinkState] = frozenset({"up", "idle"})


def age(peer: LivePeer, now: int) -> int | None:
    """Seconds since the latest handshake by the host's clock `now`; None: never.

    A clock set back in between would give a negative age; it counts as 0.
    """
    return max(0, now - peer.latest_handshake) if peer.latest_handshake else None


def link_state(peer: LivePeer | None, now: int, before: LivePeer | None = None) -> LinkState:
    """The state of the direction that `peer` is, at `now` by that host's own clock.

    `before` is an earlier look at the same peer: bytes sent since, with no
    handshake to show for them, tell a dead link from one with nothing to say.
    """
    if peer is None:
        return "missing"
    seconds = age(peer, now)
    if seconds is not None and seconds <= ALIVE:
        return "up"
    talks = peer.persistent_keepalive > 0
    if before is not None:
        talks = talks or peer.transfer_tx > before.transfer_tx
    if seconds is None:
        return "never" if talks or peer.transfer_tx > 0 else "idle"
    return "stale" if talks else "idle"
