from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.inert import inert


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("server-a", "server-a"),
        ("\x1b[31mred\x07", "␛[31mred␇"),
        ("one\r\ntwo\t", "one␍␤two␉"),
        ("\x7f\x9b31m", "␡<U+009B>31m"),
        ("a\u202egpj.exe", "a<U+202E>gpj.exe"),
        ("\u2066x\u2069\u200b\ufeff", "<U+2066>x<U+2069><U+200B><U+FEFF>"),
        ("\ud800", "<U+D800>"),
        ("\u2028", "<U+2028>"),
        ("[b]not bold[/b]", "[b]not bold[/b]"),
        ("Füße 日本", "Füße 日本"),
        ("e\u0301" + "\u0301" * 3, "e\u0301\u0301" + "<U+0301>" * 2),
    ],
)
def test_shown(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_cut_off() -> None:
    assert inert("x" * 10_000, 10) == "xxxxxxxxx…"
    assert inert("x" * 10, 10) == "x" * 10
    assert inert("xx", 1) == "…"
    assert inert("x", 0) == ""


@given(st.text(), st.integers(0, 40))
def test_nothing_active_is_left(text: str, limit: int) -> None:
    shown = inert(text, limit)
    assert len(shown) <= limit
    assert not any(category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for char in shown)
    assert inert(shown, limit) == shown
