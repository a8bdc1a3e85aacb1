"""Dialogs and help: what must be seen is seen, however small the terminal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from standin import StandIn, make_mesh, make_plan
from textual.pilot import Pilot

from meshtui.errors import UnknownHostKey
from meshtui.tui.actions import ACTIONS, TITLES
from meshtui.tui.app import MeshApp
from meshtui.tui.apply_run import ApplyRun
from meshtui.tui.screens.help import HelpScreen, help_lines, scopes_of
from meshtui.tui.screens.hostkey import HostKeyScreen
from meshtui.tui.screens.quit import QuitScreen
from meshtui.tui.theme import HOST_GLYPHS, LINK_GLYPHS
from meshtui.tui.widgets.lines import Line, Lines, width_of

HEIGHTS = (2, 3, 5, 8, 12, 16, 24, 60)


def text(app: MeshApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def shows(pilot: Pilot[None], what: str) -> str:
    for _ in range(200):
        if what in text(pilot.app):  # type: ignore[arg-type]
            return text(pilot.app)  # type: ignore[arg-type]
        await pilot.pause(0.02)
    raise AssertionError(f"{what!r} is not on screen:\n{text(pilot.app)}")  # type: ignore[arg-type]


async def until(pilot: Pilot[None], kind: type) -> None:
    for _ in range(200):
        if isinstance(pilot.app.screen, kind):
            await pilot.pause()
            return
        await pilot.pause(0.02)
    raise AssertionError(f"{pilot.app.screen} is no {kind}")


@asynccontextmanager
async def app_of(
    size: tuple[int, int], asked: list[UnknownHostKey] | None = None
) -> AsyncIterator[tuple[MeshApp, Pilot[None]]]:
    fleet = StandIn(make_mesh(3), asked=asked or [], apply_gate=asyncio.Event())
    app = MeshApp(fleet.mesh, fleet.open)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


@pytest.mark.parametrize("height", HEIGHTS)
async def test_the_answers_to_a_host_key_are_always_in_view(height: int) -> None:
    long = "a long text of a host " * 40
    unknown = UnknownHostKey(long, host="server-a", hint=long, fingerprint="SHA256:" + "x" * 43)
    async with app_of((80, height), [unknown]) as (_, pilot):
        await until(pilot, HostKeyScreen)
        shown = await shows(pilot, "▸ No, refuse it     Yes, trust it")
        if height > 2:
            assert "enter answer" in shown
        if height > 12:
            assert "SHA256:xxx" in shown
        await pilot.resize_terminal(80, 30)
        await shows(pilot, "Unknown host key")
        await pilot.resize_terminal(80, height)
        await pilot.press("right")
        await shows(pilot, "▸ Yes, trust it")


@pytest.mark.parametrize("height", HEIGHTS)
async def test_the_question_before_quitting_says_its_keys(height: int) -> None:
    async with app_of((80, height)) as (app, pilot):
        app.push_screen(QuitScreen(ApplyRun(make_plan(app.looking.live.mesh), app.clock)))
        await until(pilot, QuitScreen)
        shown = await shows(pilot, "y quit")
        if height > 5:
            assert "Quit? y/n" in shown


def plain(lines: list[Line]) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)


@pytest.mark.parametrize("wide", [False, True])
def test_help_holds_every_action_and_every_glyph(wide: bool) -> None:
    lines = help_lines(["mesh", "grid", "demo", "faults"], lambda action: action.keys, wide=wide)
    shown = plain(lines)
    for action in ACTIONS:
        assert action.description in shown
    for glyph in (*LINK_GLYPHS.values(), *HOST_GLYPHS.values()):
        assert f"{glyph} " in shown
    assert max(map(width_of, lines)) <= (148 if wide else 71), "nothing is cut off at 80 columns"


def test_what_can_be_done_here_comes_first() -> None:
    shown = plain(help_lines(["plan", "tree"], lambda action: action.keys, wide=False))
    titles = [TITLES["plan"], TITLES["tree"], TITLES["app"], "A cell:", TITLES["mesh"]]
    at = [shown.index(f"{'' if i == 0 else chr(10)}{title}") for i, title in enumerate(titles)]
    assert at == sorted(at)


def test_help_shows_the_keys_of_the_settings() -> None:
    changed = {"plan.apply": ("f9",), "plan.prune": ()}
    shown = plain(
        help_lines(["plan"], lambda a: changed.get(f"{a.scope}.{a.id}", a.keys), wide=False)
    )
    assert "  f9               apply this plan" in shown
    assert "also remove peers" not in shown, "an action without a key is a command only"


async def test_the_scopes_of_a_screen_are_found() -> None:
    async with app_of((80, 24)) as (app, pilot):
        assert scopes_of(app, app.screen)[:3] == ["mesh", "about", "grid"]
        await pilot.press("question_mark")
        await until(pilot, HelpScreen)
        first = app.screen.query_one(Lines).plain.splitlines()[0]
        assert first == TITLES["mesh"]
        await pilot.resize_terminal(200, 60)
        lines = app.screen.query_one(Lines)
        for _ in range(100):
            if lines.virtual_size.width > 100:
                break
            await pilot.pause(0.02)
        assert lines.virtual_size.width > 100, "two columns"
