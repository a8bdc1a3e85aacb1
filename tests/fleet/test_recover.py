"""What hosts say of a change that was broken off."""

from __future__ import annotations

import pytest

from meshtui.fleet.recover import Stand, parse_standing


@pytest.mark.parametrize(
    ("said", "stand"),
    [
        ("", Stand(None, False)),
        ("change a1 pending 40 20 jo@x\nlast 00 confirmed\n", Stand("pending", False)),
        ("change a1 committing 0 20 jo@x\n", Stand("committing", True)),
        ("change a1 rolling 0 20 jo@x\n", Stand("rolling", False)),
        ("last a1 confirmed\n", Stand(None, True)),
        ("last a1 reverted\n", Stand(None, False)),
        ("change b2 pending 40 20 jo@x\nlast a1 confirmed\n", Stand(None, True)),
        ("change b2 committing 0 20 a1\nlast b2 confirmed\n", Stand(None, False)),
        ("change\nlast a1\nlast\n", Stand(None, False)),
    ],
)
def test_how_it_stands(said: str, stand: Stand) -> None:
    assert parse_standing(said, "a1") == stand
