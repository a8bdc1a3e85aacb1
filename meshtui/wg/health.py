"""What a peer's handshake and counters say of one direction of a link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from meshtui.wg.dump import LivePeer

LinkState = Literal["up", "stale", "idle", "never", "missing", "unknown"]

#: An initiator rekeys after 120 s of sending or 165 s of receiving, and tries
#: for 90 s at most: with a keepalive of 25 s a healthy age stays under about
#: 145 s, 205 s at worst (messages.h, timers.c).
ALIVE = 210

#: Data is answered within 10 s, by a keepalive if by nothing else; where that is lost,
#: WireGuard shakes hands 15 to 15.3 s after the data. In seconds, with time to get here.
ANSWERED = 16.0
#: A handshake is answered at once, and tried again after 5 to 5.3 s where that is lost.
SHAKEN = 6.5

#: Data comes in blocks of 16 bytes, a keepalive being two without any in between; a
#: handshake begins with 148 bytes and is answered with 92.
_BLOCK, _KEEPALIVE = 16, 32
#: Seconds between two keepalives that only answer.
_ANSWERS = 10

HEALTHY: frozenset[LinkState] = frozenset({"up", "idle"})


class Trace(NamedTuple):
    """What the looks at one peer so far say of it. A tuple: it is made often.

    Times are seconds of the looker's own monotonic clock, but for `clock`.
    """

    at: float
    """When the latest look was."""
    clock: int
    """The same by the host's own clock."""
    rx: int
    tx: int
    due: float | None = None
    """By when an answer must come, after something that needs one; it has heard nothing since."""
    silent: bool = False
    """Whether none came in time, and nothing since says that this is over."""
    heard: float | None = None
    """When, while silent, a keepalive came in."""


def trace(before: Trace | None, peer: LivePeer, at: float, clock: int) -> Trace:
    """`before`, and the look at `peer` at `at`, when its host's clock said `clock`.

    Of a keepalive that it sends nobody takes notice, so neither these nor silence prove
    anything: only data or a handshake that is not answered does.
    """
    rx, tx = peer.transfer_rx, peer.transfer_tx
    if before is None or rx < before.rx or tx < before.tx:
        return Trace(at, clock, rx, tx)
    if rx > before.rx:
        if before.silent and rx - before.rx <= _KEEPALIVE:
            # It may be the far end's own, which knows nothing of what got lost on its way
            # there; one that answers is followed by another.
            follows = before.heard is not None and at - before.heard < ANSWERED
            return Trace(at, clock, rx, tx, None, not follows, at)
        return Trace(at, clock, rx, tx)
    due = before.due
    if tx > before.tx and (patience := _patience(before, peer, at, clock)):
        due = at + patience if due is None else min(due, at + patience)
    silent = before.silent or (due is not None and at >= due)
    return Trace(at, clock, rx, tx, due, silent, before.heard)


def _patience(before: Trace, peer: LivePeer, at: float, clock: int) -> float | None:
    """Seconds within which what the peer was sent since `before` is answered; None: it need not be.

    Nothing came in meanwhile, so of handshakes it can only be the beginning.
    """
    rise = peer.transfer_tx - before.tx
    if rise % _BLOCK:
        return SHAKEN
    # While this machine sleeps its clock may stand still; and no clock is that exact.
    seconds = int(max(at - before.at, clock - before.clock)) + 1
    most = 1 + seconds // _ANSWERS
    if peer.persistent_keepalive:
        most += 1 + seconds // peer.persistent_keepalive
    return ANSWERED if rise % _KEEPALIVE or rise > most * _KEEPALIVE else None


def age(peer: LivePeer, now: int) -> int | None:
    """Seconds since the latest handshake by the host's clock `now`; None: never.

    A clock set back in between would give a negative age; it counts as 0.
    """
    return max(0, now - peer.latest_handshake) if peer.latest_handshake else None


def link_state(peer: LivePeer | None, now: int, past: Trace | None = None) -> LinkState:
    """The state of the direction that `peer` is, at `now` by that host's own clock.

    `past` is what the looks so far say, this one included: whether what it sends is
    answered tells a dead link from one with nothing to say, long before the handshake is old.
    """
    if peer is None:
        return "missing"
    seconds = age(peer, now)
    silent = past is not None and past.silent
    if seconds is not None and seconds <= ALIVE:
        return "stale" if silent else "up"
    talks = peer.persistent_keepalive > 0 or silent
    if seconds is None:
        return "never" if talks or peer.transfer_tx > 0 else "idle"
    return "stale" if talks else "idle"
