"""Words, layout, view and the registry: no screen needed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from meshtui.tui.actions import ACTIONS, TITLES
from meshtui.tui.words import age_long, age_mid, age_short, bytes_long, bytes_short, fit, pad


@pytest.mark.parametrize(
    ("seconds", "short", "mid", "long"),
    [
        (None, "–", "–", "no handshake"),
        (0, "0s", "0s", "0 s ago"),
        (14, "10s", "14s", "14 s ago"),
        (59, "55s", "59s", "59 s ago"),
        (60, "1m", "1m0s", "1 min 0 s ago"),
        (3599, "59m", "59m59s", "59 min 59 s ago"),
        (3600, "1h", "1h0m", "1 h 0 min ago"),
        (86399, "23h", "23h59m", "23 h 59 min ago"),
        (90000, "1d", "1d1h", "1 d 1 h ago"),
        (10**9, "99d", "11574d1h", "11574 d 1 h ago"),
    ],
)
def test_ages(seconds: int | None, short: str, mid: str, long: str) -> None:
    assert (age_short(seconds), age_mid(seconds), age_long(seconds)) == (short, mid, long)


@pytest.mark.parametrize(
    ("count", "short", "long"),
    [
        (None, "–", "–"),
        (0, "0", "0 B"),
        (999, "999", "999 B"),
        (1000, "1.0K", "1000 B"),
        (1234, "1.2K", "1.21 KiB"),
        (10_188, "9.9K", "9.95 KiB"),
        (10_189, "10K", "9.95 KiB"),
        (1_048_576, "1.0M", "1.00 MiB"),
        (2**64 - 1, "16E", "16.00 EiB"),
    ],
)
def test_bytes(count: int | None, short: str, long: str) -> None:
    assert (bytes_short(count), bytes_long(count)) == (short, long)


@given(st.integers(0, 2**64), st.integers(0, 2**40))
def test_short_words_fit_their_columns(count: int, seconds: int) -> None:
    assert len(bytes_short(count)) <= 4
    assert len(age_short(seconds)) <= 3


@given(st.text(), st.integers(0, 20))
def test_padded_text_has_its_width(text: str, width: int) -> None:
    assert cell_len(pad(text, width)) == width
    assert cell_len(fit(text, width)) <= width


def test_the_registry_is_whole() -> None:
    assert len({(action.scope, action.id) for action in ACTIONS}) == len(ACTIONS)
    assert {action.scope for action in ACTIONS} == set(TITLES)
    for action in ACTIONS:
        assert action.keys
        assert action.description
        assert len(action.description) <= 56, "it has to fit the help at 80 columns"
