"""The log pane: what it shows, that it follows, and that it leaves alone who reads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from meshtui.tui.log import Log
from meshtui.tui.theme import VARIABLES
from meshtui.tui.widgets.logpane import LogPane

NOON = 1_800_014_400.0


class PaneApp(App[None]):
    CSS = "LogPane { height: 10; max-height: 10; }"

    def __init__(self, pane: LogPane) -> None:
        super().__init__()
        self.pane = pane

    def compose(self) -> ComposeResult:
        yield self.pane

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    import time

    time.tzset()


@asynccontextmanager
async def showing(log: Log, **more: str) -> AsyncIterator[tuple[LogPane, Pilot[None]]]:
    pane = LogPane(log, **more)
    async with PaneApp(pane).run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        yield pane, pilot


def log_of(count: int) -> Log:
    log = Log(lambda: NOON)
    for i in range(count):
        log.add("info", f"entry {i}")
    return log


async def test_what_an_entry_says() -> None:
    log = Log(lambda: NOON)
    async with showing(log) as (pane, _):
        assert pane.plain == "nothing yet"
        log.add("bad", "unreachable: " + "no answer " * 8, "server-c")
        log.add("good", "up again", "server-c")
        log.add("good", "up again", "server-c")
        pane.tell()
        first, second, *rest = pane.plain.splitlines()
        assert first.startswith("12:00:00 × server-c  unreachable: no answer")
        assert second == " " * 21 + second.strip(), "wrapped under its text"
        assert rest[-1] == "12:00:00 ✓ server-c  up again ×2"


async def test_it_follows_unless_scrolled_up() -> None:
    log = log_of(50)
    async with showing(log) as (pane, pilot):
        assert pane.scroll_offset.y == pane.max_scroll_y > 30
        log.add("info", "one more")
        pane.tell()
        await pilot.pause()
        assert pane.scroll_offset.y == pane.max_scroll_y
        await pilot.press("tab", "pageup")
        at = pane.scroll_offset.y
        assert at < pane.max_scroll_y
        log.add("info", "and another")
        pane.tell()
        await pilot.pause()
        assert pane.scroll_offset.y == at, "who reads is left alone"
        await pilot.press("G")
        log.add("info", "the last")
        pane.tell()
        await pilot.pause()
        assert pane.scroll_offset.y == pane.max_scroll_y


async def test_of_one_host() -> None:
    log = Log(lambda: NOON)
    log.add("info", "not here", "server-a")
    log.add("info", "here", "server-b")
    log.add("info", "nor here")
    async with showing(log, host="server-b") as (pane, _):
        assert pane.plain == "12:00:00 · here"


async def test_hidden_it_does_nothing_and_then_shows_all() -> None:
    log = log_of(1)
    async with showing(log) as (pane, pilot):
        pane.toggle()
        await pilot.pause()
        assert not pane._timer._active.is_set()
        log.add("info", "meanwhile")
        pane.tell()
        assert "meanwhile" not in pane.plain
        pane.toggle()
        await pilot.pause()
        assert "meanwhile" in pane.plain


async def test_it_looks_by_itself() -> None:
    log = log_of(1)
    async with showing(log) as (pane, pilot):
        log.add("info", "by itself")
        for _ in range(100):
            if "by itself" in pane.plain:
                break
            await pilot.pause(0.05)
        assert "by itself" in pane.plain


async def test_another_day_has_its_date() -> None:
    now = NOON
    log = Log(lambda: now)
    log.add("info", "today")
    now += 86400
    log.add("info", "tomorrow")
    async with showing(log) as (pane, _):
        assert [line.strip() for line in pane.plain.splitlines()] == [
            "12:00:00 · today",
            "── 2027-01-16",
            "12:00:00 · tomorrow",
        ]
