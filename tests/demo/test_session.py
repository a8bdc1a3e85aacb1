"""Packets: sealed, opened, and each only once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meshtui.demo.wire.messages import Data, parse
from meshtui.demo.wire.noise import Keys
from meshtui.demo.wire.session import WINDOW, Session


def pair() -> tuple[Session, Session]:
    x, y = b"x" * 32, b"y" * 32
    return (
        Session(Keys(x, y), index=1, remote=2, initiator=True, born=0),
        Session(Keys(y, x), index=2, remote=1, initiator=False, born=0),
    )


def sent(session: Session, packet: bytes) -> Data:
    message = parse(session.seal(packet))
    assert isinstance(message, Data)
    return message


@given(st.binary(max_size=100))
def test_a_packet_comes_out_as_it_went_in_but_for_padding(packet: bytes) -> None:
    a, b = pair()
    message = sent(a, packet)
    assert message.receiver == b.index
    assert len(message.sealed) % 16 == 0
    opened = b.open(message)
    assert opened is not None
    assert opened[: len(packet)] == packet
    assert not any(opened[len(packet) :])
    assert len(opened) - len(packet) < 16


def test_each_packet_counts_once_in_any_order_and_forged_ones_take_no_place() -> None:
    a, b = pair()
    first, second, third = (sent(a, bytes([n])) for n in (1, 2, 3))
    assert b.open(Data(2, 99, third.sealed)) is None
    assert b.open(third)
    assert b.open(first)
    assert b.open(first) is None
    assert b.open(second)
    assert b.open(third) is None


@given(st.lists(st.integers(0, 3 * WINDOW), max_size=60))
def test_the_window_knows_what_was_here(counters: list[int]) -> None:
    session, seen = pair()[0], set[int]()
    for counter in counters:
        late = bool(seen) and max(seen) - counter >= WINDOW
        assert session.first(counter) == (counter not in seen and not late)
        if not late:
            seen.add(counter)


def test_the_edges_of_the_window() -> None:
    session = pair()[0]
    assert session.first(WINDOW)
    assert not session.first(0)
    assert session.first(1)
    assert session.first(2 * WINDOW)
    assert not session.first(WINDOW)
    assert session.first(WINDOW + 1)
