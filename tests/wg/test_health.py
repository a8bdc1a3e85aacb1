from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshtui.wg.dump import LivePeer
from meshtui.wg.health import (
    ALIVE,
    ANSWERED,
    HEALTHY,
    SHAKEN,
    LinkState,
    Trace,
    age,
    link_state,
    trace,
)
from tests.wg.pair import INIT, KEEPALIVE, End, Pair

NOW = 1_700_000_000
QUIET = LivePeer("k", False, None, (), 0, 0, 0, 0)
OLD = QUIET._replace(latest_handshake=NOW - ALIVE - 1)
FRESH = QUIET._replace(latest_handshake=NOW - 20)


def past(*, silent: bool) -> Trace:
    return Trace(100.0, NOW, 0, 0, due=90.0 if silent else 110.0, silent=silent)


@pytest.mark.parametrize(
    ("peer", "seen", "state"),
    [
        (None, None, "missing"),
        (QUIET, None, "idle"),
        (QUIET._replace(persistent_keepalive=25), None, "never"),
        (QUIET._replace(transfer_tx=148), None, "never"),
        (FRESH, None, "up"),
        (QUIET._replace(latest_handshake=NOW - ALIVE), None, "up"),
        (OLD, None, "idle"),
        (OLD._replace(persistent_keepalive=1), None, "stale"),
        # It sends, and the answer may be under way.
        (OLD, past(silent=False), "idle"),
        (FRESH, past(silent=False), "up"),
        # Nothing came back: that is known long before the handshake is old, and still later.
        (FRESH, past(silent=True), "stale"),
        (OLD, past(silent=True), "stale"),
        (QUIET, past(silent=True), "never"),
        # The host's clock was set back: the future is no reason for an alarm.
        (QUIET._replace(latest_handshake=NOW + 3600), None, "up"),
    ],
)
def test_state(peer: LivePeer | None, seen: Trace | None, state: LinkState) -> None:
    assert link_state(peer, NOW, seen) == state


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 90), st.integers(0, 2**40))
def test_a_fresh_handshake_is_all_that_up_takes(when: int, now: int, every: int, tx: int) -> None:
    peer = QUIET._replace(latest_handshake=when, persistent_keepalive=every, transfer_tx=tx)
    state = link_state(peer, now)
    assert (state == "up") == (when > 0 and now - when <= ALIVE)
    assert state in HEALTHY or every or tx
    assert (age(peer, now) is None) == (when == 0)
    assert (age(peer, now) or 0) >= 0


# -- over time: each case is a tunnel whose ends are looked at every second or three -------------


class Watched:
    """Both ends of a tunnel, as meshtui sees them."""

    def __init__(self, pair: Pair, every: float = 1.0) -> None:
        self.pair, self.every = pair, every
        self.traces: dict[str, Trace | None] = {"a": None, "b": None}
        self.states: dict[str, list[tuple[float, LinkState]]] = {"a": [], "b": []}
        """The changes of state of each end's view, with the second of each."""

    def run(self, seconds: float, traffic: Callable[[float], None] = lambda _t: None) -> None:
        """Go on for so long; `traffic` is asked at each step for what the ends send."""
        due = 0.0
        for at in self.pair.run(seconds):
            traffic(at)
            if at >= due:
                due += self.every
                self._look(at)

    def _look(self, at: float) -> None:
        for name, end in (("a", self.pair.a), ("b", self.pair.b)):
            now, peer = self.pair.now, end.seen()
            self.traces[name] = trace(self.traces[name], peer, now, int(now))
            state = link_state(peer, int(now), self.traces[name])
            if not self.states[name] or self.states[name][-1][1] != state:
                self.states[name].append((at, state))

    def seen(self, name: str) -> list[LinkState]:
        return [state for _, state in self.states[name]]

    def at(self, name: str, state: LinkState) -> float:
        """When the latest `run` first saw it so."""
        return next(at for at, one in self.states[name] if one == state)


def pings(end: End, other: End, every: float = 1.0) -> Callable[[float], None]:
    """`end` pings `other`, which answers what gets there."""
    got = other.rx

    def step(at: float) -> None:
        nonlocal got
        if round(at / 0.1) % round(every / 0.1) == 0:
            end.send(84)
        if other.rx - got >= 128:
            other.send(84)
        got = other.rx

    return step


def steady(end: End, size: int = 1000, every: float = 1.0) -> Callable[[float], None]:
    """`end` sends, and nobody answers but WireGuard."""

    def step(at: float) -> None:
        if round(at / 0.1) % round(every / 0.1) == 0:
            end.send(size)

    return step


@pytest.mark.parametrize("every", [1.0, 3.0])
@pytest.mark.parametrize(
    ("cut", "deaf"), [("a", ["b"]), ("b", ["a"]), ("both", ["a", "b"])], ids=["a", "b", "both"]
)
def test_a_cut_under_traffic_is_seen_in_time_where_nothing_arrives(
    cut: str, deaf: list[str], every: float
) -> None:
    """a pings b. The end that is still heard hears the other shake hands, again and again."""
    pair = Pair()
    watched = Watched(pair, every)
    watched.run(30, pings(pair.a, pair.b))
    assert watched.seen("a") == watched.seen("b") == ["up"]
    pair.cut_a, pair.cut_b = cut != "b", cut != "a"
    watched.run(90, pings(pair.a, pair.b))
    for name in ("a", "b"):
        assert watched.seen(name) == (["up", "stale"] if name in deaf else ["up"])
    for name in deaf:
        # b's last answer was not known to be unanswered before WireGuard said so, after 15 s.
        least = ANSWERED if name == "a" else 15 + SHAKEN
        assert least <= watched.at(name, "stale") <= least + 2 * every + 0.5
    pair.cut_a = pair.cut_b = False
    watched.run(30, pings(pair.a, pair.b))
    for name in deaf:
        assert watched.seen(name) == ["up", "stale", "up"]
        assert watched.states[name][-1][0] < 5 + every + 1


def test_with_traffic_from_both_the_end_that_hears_nothing_is_stale() -> None:
    pair = Pair()
    watched = Watched(pair)
    one, two = steady(pair.a), steady(pair.b)

    def both(at: float) -> None:
        one(at)
        two(at)

    watched.run(10, both)
    pair.cut_a = True
    watched.run(60, both)
    assert watched.seen("b") == ["up", "stale"]
    assert watched.seen("a") == ["up"]


@pytest.mark.parametrize("every", [1.0, 3.0])
@pytest.mark.parametrize(("a", "b"), [(0, 0), (25, 0), (0, 25), (25, 25), (1, 0), (1, 1)])
def test_silence_and_keepalives_prove_nothing(a: int, b: int, every: float) -> None:
    pair = Pair(a, b)
    watched = Watched(pair, every)
    pair.a.send(84)
    watched.run(110)
    assert watched.seen("a") == watched.seen("b") == ["up"]
    pair.cut_a = pair.cut_b = True
    cut = pair.now
    watched.run(1.0)
    # Until WireGuard wants a new handshake, nobody can tell.
    while pair.a.last_init < cut and pair.b.last_init < cut and pair.now < cut + 90:
        assert watched.seen("a") == watched.seen("b") == ["up"]
        watched.run(1.0)


def test_an_idle_link_that_wants_a_handshake_in_vain() -> None:
    """Keepalives alone: noticed when the initiator rekeys after 120 s, not after 210."""
    pair = Pair(a=25)
    watched = Watched(pair)
    watched.run(10)
    pair.cut_a = True
    watched.run(180)
    assert "stale" in watched.seen("a")
    assert watched.at("a", "stale") < 120 + 25 + SHAKEN + 3


@pytest.mark.parametrize("every", [1.0, 3.0])
def test_the_far_ends_keepalives_do_not_make_a_cut_link_flap(every: float) -> None:
    """What a sends vanishes; b only keeps its way through a NAT open."""
    pair = Pair(b=25)
    watched = Watched(pair, every)
    watched.run(10, steady(pair.a))
    pair.cut_a = True
    watched.run(100, steady(pair.a))
    assert watched.seen("a") == ["up", "stale"]
    pair.cut_a = False
    watched.run(60, steady(pair.a))
    assert watched.seen("a") == ["up", "stale", "up"]


def test_one_way_traffic_is_answered_by_keepalives() -> None:
    pair = Pair()
    watched = Watched(pair)
    watched.run(400, steady(pair.a))
    assert watched.seen("a") == watched.seen("b") == ["up"]


def test_a_peer_that_gave_up_stays_stale_and_one_that_was_made_anew_does_not() -> None:
    pair = Pair()
    watched = Watched(pair)
    pair.cut_a = True
    watched.run(5, steady(pair.a))
    watched.run(140)
    assert watched.seen("a") == ["up", "stale"]
    pair.a.rx = pair.a.tx = 0
    watched.run(2)
    assert watched.seen("a")[2:] == ["up"]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_link_that_works_is_never_stale(data: st.DataObject) -> None:
    """Any keepalives and any traffic, looked at at any pace, and a packet lost now and then."""
    pair = Pair(data.draw(st.sampled_from([0, 1, 7, 25])), data.draw(st.sampled_from([0, 1, 25])))
    dice = random.Random(data.draw(st.integers(0, 2**32)))
    busy_a, busy_b = (data.draw(st.sampled_from([0.0, 0.001, 0.02, 0.5])) for _ in "ab")
    lost = -99.0

    def lose() -> bool:
        nonlocal lost
        if dice.random() < 0.01 and pair.now - lost > 30:
            lost = pair.now
            return True
        return False

    pair.lose = lose

    def traffic(_at: float) -> None:
        for end, busy in ((pair.a, busy_a), (pair.b, busy_b)):
            if dice.random() < busy:
                end.send(dice.choice([40, 84, 1400]))

    watched = Watched(pair, data.draw(st.sampled_from([0.2, 1.0, 3.0])))
    watched.run(500, traffic)
    assert "stale" not in watched.seen("a") + watched.seen("b")


def test_a_laptop_that_slept_takes_keepalives_for_what_they_are() -> None:
    """Its monotonic clock stood still meanwhile, the host's did not."""
    peer = FRESH._replace(persistent_keepalive=25)
    one = trace(None, peer, 10.0, NOW)
    two = trace(one, peer._replace(transfer_tx=100 * KEEPALIVE), 11.0, NOW + 2500)
    assert two.due is None
    assert trace(one, peer._replace(transfer_tx=INIT), 11.0, NOW + 2500).due == 11.0 + SHAKEN
