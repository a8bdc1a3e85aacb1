"""What a change did to sessions that it was not meant to touch."""

from __future__ import annotations

import pytest

from meshtui.fleet.look import Look
from meshtui.fleet.receipt import receipt
from meshtui.fleet.verify import too_soon
from meshtui.wg.dump import parse_dump

KEYS = {name: name * 42 + "A=" for name in "abc"}
NOW = 10_000


def looked(**handshakes: int) -> Look:
    """How a host looks with these peers, and when each last shook hands."""
    lines = ["(none)\t" + "Z" * 42 + "A=\t51820\toff"]
    lines += [
        f"{KEYS[name]}\t(none)\t203.0.113.1:51820\t10.0.0.9/32\t{at}\t10\t20\toff"
        for name, at in handshakes.items()
    ]
    return Look(NOW, parse_dump("wg0", "\n".join(lines)))


ALL = {("a", "b"), ("a", "c"), ("b", "a"), ("b", "c")}
BEFORE = {"a": looked(b=NOW - 20, c=NOW - 100), "b": looked(a=NOW - 20, c=0)}


def test_nothing_was_disturbed() -> None:
    assert str(receipt(BEFORE, BEFORE, KEYS, ALL)) == (
        "0 of 3 sessions that were there renewed a handshake"
    )


def test_what_the_plan_touched_or_ended_does_not_count() -> None:
    after = {"a": looked(b=NOW + 1, c=NOW - 100), "b": looked(a=NOW + 1)}
    assert receipt(BEFORE, after, KEYS, ALL).renewed == 2
    proof = receipt(BEFORE, after, KEYS, {("a", "c"), ("b", "c")})
    assert (proof.there, proof.renewed, proof.lost) == (1, 0, 0)


def test_a_peer_or_a_host_that_is_gone() -> None:
    proof = receipt(BEFORE, {"a": looked(b=NOW - 20)}, KEYS, ALL)
    assert (proof.there, proof.renewed, proof.lost) == (3, 0, 2)
    assert str(proof).endswith(", 2 are gone")


@pytest.mark.parametrize("seconds", [211, 9_000])
def test_an_old_session_was_none(seconds: int) -> None:
    assert receipt({"a": looked(b=NOW - seconds)}, {}, KEYS, ALL).there == 0


def test_a_stranger_and_an_interface_that_was_not_there_do_not_count() -> None:
    stranger = {"a": looked(b=NOW - 20)}
    assert receipt(stranger, stranger, {"a": KEYS["a"]}, ALL).there == 0
    assert receipt({"a": Look(NOW, None)}, stranger, KEYS, ALL).there == 0


def test_a_handshake_of_this_very_second_cannot_be_told_from_the_next() -> None:
    just = {"a": looked(b=NOW, c=NOW - 1), "b": looked(a=NOW - 1)}
    assert too_soon(just, KEYS, {("a", "b")})
    assert not too_soon(just, KEYS, {("a", "c"), ("b", "a"), ("b", "c"), ("c", "a")})
