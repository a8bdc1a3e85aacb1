"""Text from hosts, files and errors is shown inert on every screen."""

import re
import sys
from pathlib import Path
from unicodedata import category

import pytest
from hostile import (
    BIDI,
    ESCAPE,
    EVIL,
    LONGEST,
    MARKUP,
    TOKEN,
    Hostile,
    hostile_mesh,
    poisoned,
    unknown_key,
)
from places import PLACES
from rich.cells import cell_len
from rich.segment import Segment
from stage import Stage, on_stage
from terminal import Terminal

from meshtui.fleet.reports import Standing
from meshtui.mesh.names import is_host_name
from meshtui.tui.actions import ACTIONS
from meshtui.tui.screens.hostkey import HostKeyScreen

#: Control, format, surrogate, private use, line and paragraph separators.
ACTIVE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
#: What the hints at the bottom do when they are clicked.
CLICKS = {
    f"{node}.{action.id}" for action in ACTIONS for node in ("app", "screen", "focused", "grid")
}
#: Where nothing of a host is shown.
BARE = {"help", "palette", "link", "run", "form", "edit"}
WIDTH = 130


def segments(stage: Stage) -> list[Segment]:
    return [one for strip in stage.app.screen._compositor.render_strips() for one in strip]


def check(stage: Stage) -> str:
    """Nothing on the screen is active; its text."""
    red = {"red", "#ff0000", "#800000"}
    for segment in segments(stage):
        bad = [f"U+{ord(char):04X}" for char in segment.text if category(char) in ACTIVE]
        assert not bad, f"{bad} in {segment.text!r}"
        assert segment.control is None
        style = segment.style
        if style is None:
            continue
        assert style.link is None, segment
        assert "@click" not in style.meta or style.meta["@click"] in CLICKS, segment
        assert style.color is None or style.color.name not in red, segment
    text = stage.text()
    assert all(cell_len(line) <= WIDTH for line in text.splitlines())
    return text


@pytest.mark.parametrize(
    ("length", "evil_names"), [(1, False), (60, True)], ids=["short", "10,000, in names too"]
)
@pytest.mark.parametrize("place", PLACES)
async def test_a_screen(place: str, length: int, evil_names: bool) -> None:
    fleet = Hostile(hostile_mesh(evil_names=evil_names), EVIL * length)
    assert length == 1 or len(fleet.evil) > 10_000
    async with on_stage(fleet, size=(WIDTH, 45)) as stage:
        await stage.until("2/3")
        await stage.press(*PLACES[place])
        seen = check(stage)
        # All of it: what is below, beside, and under the cursor.
        for key in ("G", "end", "g", "down", "right", "pagedown", "m"):
            await stage.press(key)
            seen += check(stage)
        if place not in BARE:
            assert MARKUP in seen, "as it is written"
            assert ESCAPE in seen
            assert length > 1 or BIDI in seen
        stage.app.complain(fleet.evil)
        await stage.pilot.pause()
        assert MARKUP in check(stage), "a message, a toast"
        assert stage.app.is_running


@pytest.mark.parametrize("error", [OSError, KeyError])
async def test_an_error_of_the_watch(error: type[Exception]) -> None:
    fleet = Hostile(hostile_mesh(evil_names=False))
    async with on_stage(fleet, size=(WIDTH, 45)) as stage:
        fleet.feed(error(EVIL * 60))
        await stage.until("the watch broke")
        assert MARKUP in check(stage)


async def test_what_a_change_makes_worse_and_what_was_broken_off() -> None:
    fleet = Hostile(hostile_mesh(evil_names=False))
    fleet.asks = True
    fleet.broken_off = poisoned(Standing(12, "jo", "now", ("a", "b"), "it stopped"), EVIL)
    async with on_stage(fleet, size=(WIDTH, 45)) as stage:
        await stage.until("R: recover")
        assert MARKUP in check(stage)
        await stage.press(*PLACES["apply"])
        text = await stage.until("is it to stay?")
        assert MARKUP in check(stage)
        assert ESCAPE in text
        assert "take it back" in text, "the keys stay in view"


async def test_a_host_key() -> None:
    fleet = Hostile(hostile_mesh(evil_names=False))
    fleet.asked = [unknown_key()]
    async with on_stage(fleet, size=(80, 24)) as stage:
        await stage.until(HostKeyScreen)
        text = check(stage)
        assert ESCAPE in text
        assert "▸ No, refuse it" in text, "the answers stay in view"


def test_the_longest_name_is_one() -> None:
    assert is_host_name(LONGEST)
    assert len(LONGEST) == 63


def test_the_check_sees_what_it_looks_for() -> None:
    assert {category(char) for char in EVIL} >= ACTIVE - {"Cs"}


@pytest.mark.long
def test_the_bytes_of_a_real_terminal() -> None:
    with Terminal([sys.executable, str(Path(__file__).parent / "hostile.py")], size=(150, 40)) as t:
        t.until("2/3")
        for keys in PLACES.values():
            for key in ("", *map(as_typed, keys), "j", "l", "G"):
                t.press(key)
                t.draw(0.15)
            t.press("\x1b")
            t.draw(0.3)
        t.press("\x03")
        assert t.code() == 0
        sent = bytes(t.sent)
    assert MARKUP.encode() in sent
    sequences = re.findall(
        rb"\x1b\[[0-9;?<>=:]*[ -/]*[@-~]|\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.", sent, re.S
    )
    assert not [one for one in sequences if TOKEN.encode() in one]
    assert not [one for one in sequences if one.startswith((b"\x1b]52", b"\x1b]8", b"\x1b]0"))]
    text = sent.decode()
    for one in sequences:
        text = text.replace(one.decode(), "")
    # What is left are the characters drawn, and the line feeds of a terminal given back.
    assert {char for char in text if category(char) in ACTIVE} <= {"\r", "\n", "\x0f"}


def as_typed(key: str) -> str:
    """A key of Textual's as a terminal sends it."""
    return {"question_mark": "?", "ctrl+p": "\x10", "enter": "\r", "escape": "\x1b"}.get(key, key)
