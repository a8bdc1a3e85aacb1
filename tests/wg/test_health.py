import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.wg.dump import LivePeer
from meshtui.wg.health import ALIVE, HEALTHY, LinkState, age, link_state

NOW = 1_700_000_000
QUIET = LivePeer("k", False, None, (), 0, 0, 0, 0)
NEVER_ANSWERED = QUIET._replace(transfer_tx=148)


@pytest.mark.parametrize(
    ("peer", "before", "state"),
    [
        (None, None, "missing"),
        (QUIET, None, "idle"),
        (QUIET._replace(persistent_keepalive=25), None, "never"),
        (NEVER_ANSWERED, None, "never"),
        (QUIET._replace(latest_handshake=NOW), None, "up"),
        (QUIET._replace(latest_handshake=NOW - 150), None, "up"),
        (QUIET._replace(latest_handshake=NOW - ALIVE), None, "up"),
        (QUIET._replace(latest_handshake=NOW - ALIVE - 1), None, "idle"),
        (QUIET._replace(latest_handshake=NOW - ALIVE - 1, persistent_keepalive=1), None, "stale"),
        (QUIET._replace(latest_handshake=NOW - 999, transfer_tx=148), QUIET, "stale"),
        (QUIET._replace(latest_handshake=NOW - 999, transfer_tx=148), NEVER_ANSWERED, "idle"),
        # The peer was made anew in between: its counters began again.
        (QUIET._replace(latest_handshake=NOW - 999), NEVER_ANSWERED, "idle"),
        # The host's clock was set back: the future is no reason for an alarm.
        (QUIET._replace(latest_handshake=NOW + 3600), None, "up"),
    ],
)
def test_state(peer: LivePeer | None, before: LivePeer | None, state: LinkState) -> None:
    assert link_state(peer, NOW, before) == state


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 90), st.integers(0, 2**40))
def test_a_fresh_handshake_is_all_that_up_takes(when: int, now: int, every: int, tx: int) -> None:
    peer = QUIET._replace(latest_handshake=when, persistent_keepalive=every, transfer_tx=tx)
    state = link_state(peer, now)
    assert (state == "up") == (when > 0 and now - when <= ALIVE)
    assert state in HEALTHY or every or tx
    assert (age(peer, now) is None) == (when == 0)
    assert (age(peer, now) or 0) >= 0
